/* The TLS module: found beside the program, or in LIBEXECDIR. */
#include "tls/load.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "tls/module.h"

#define FILE_NAME "headgate-tls.so"

/* ../libexec/headgate beside this program: a build tree, a moved installation. */
static void find_beside(struct hgt_buf *path)
{
	char *self = realpath("/proc/self/exe", NULL);

	if (self)
		hgt_buf_addf(path, "%.*s/../libexec/headgate/" FILE_NAME, (int)(strrchr(self, '/') - self), self);
	free(self);
}

int tls_load(const struct tls_module **out, struct hgt_error *err)
{
	const struct tls_module *(*get)(void);
	struct hgt_buf path = HGT_BUF_INIT;
	const char *file = HGT_LIBEXECDIR "/" FILE_NAME;
	void *library;

	find_beside(&path);
	if (!path.failed && path.len && access(path.data, R_OK) == 0)
		file = path.data;
	library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	hgt_buf_release(&path);
	if (!library)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "TLS cannot be had: %s; install libevent's OpenSSL library and OpenSSL", dlerror());
	*(void **)&get = dlsym(library, TLS_MODULE_SYMBOL);
	if (!get || get()->version != TLS_MODULE_VERSION)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "TLS cannot be had: %s is of another version", FILE_NAME);
	*out = get();
	return 0;
}
