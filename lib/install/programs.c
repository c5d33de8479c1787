/* Where the hook programs are. */
#include "install/programs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* Whether folder has both hook programs. */
static bool has_programs(const char *folder)
{
	static const char *const names[] = {"pre-receive", "post-receive"};
	bool has = true;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && has; i++) {
		struct hgt_buf path = HGT_BUF_INIT;

		hgt_buf_addf(&path, "%s/headgate-%s", folder, names[i]);
		has = !path.failed && access(path.data, X_OK) == 0;
		hgt_buf_release(&path);
	}
	return has;
}

int hgt_hook_programs(const char *given, struct hgt_buf *out, struct hgt_error *err)
{
	char *self = realpath("/proc/self/exe", NULL);
	struct hgt_buf candidates[3] = {HGT_BUF_INIT, HGT_BUF_INIT, HGT_BUF_INIT};
	int code = HGT_ENOENT;

	if (given) {
		hgt_buf_adds(&candidates[0], given);
	} else if (self) {
		int folder_len = (int)(strrchr(self, '/') - self);

		hgt_buf_addf(&candidates[0], "%.*s", folder_len, self);
		hgt_buf_addf(&candidates[1], "%.*s/../libexec/headgate", folder_len, self);
	}
	if (!given)
		hgt_buf_adds(&candidates[2], HGT_LIBEXECDIR);
	for (size_t i = 0; i < 3 && code < 0; i++) {
		bool good = candidates[i].len && has_programs(candidates[i].data);
		char *real = good ? realpath(candidates[i].data, NULL) : NULL;

		if (real) {
			hgt_buf_adds(out, real);
			code = hgt_buf_check(out, err);
		}
		free(real);
	}
	if (code == HGT_ENOENT)
		hgt_error_set(err, code,
			"headgate-pre-receive and headgate-post-receive are not in %s; say where with --hooks-dir", given ? given : HGT_LIBEXECDIR);
	for (size_t i = 0; i < 3; i++)
		hgt_buf_release(&candidates[i]);
	free(self);
	return code;
}
