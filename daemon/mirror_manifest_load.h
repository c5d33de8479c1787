/* Reading the manifest of an upstream, on a worker: what mirror_manifest.c hands over. Nobody else includes it. */
#ifndef HEADGATE_DAEMON_MIRROR_MANIFEST_LOAD_H
#define HEADGATE_DAEMON_MIRROR_MANIFEST_LOAD_H

#include "daemon/mirror_manifest.h"

struct hgt_repo_pool;

/* By which a file is known to be the same as before. */
struct manifest_stamp {
	uint64_t inode, seconds, nanoseconds, size;
};

struct manifest_place {
	char *name, *path;
	char print[HGT_FINGERPRINT_HEX];	/* found: of what is here; "" none */
};

struct manifest_load {
	struct mirror_manifest *whose;	/* NULL: nobody waits any more */
	char *file;			/* to be read, when it is not as `stamp` says; NULL: it is in body */
	struct manifest_stamp stamp;
	struct hgt_buf body;
	size_t limit;
	struct hgt_repo_pool *pool;
	struct manifest_place *places;	/* of copies that are here, in order of name */
	size_t n;
	/* what came of it */
	bool unchanged;
	struct hgt_manifest manifest;
	int code;
	struct hgt_error err;
};

int manifest_load_new(const struct mirror *mirror, const char *file, const struct manifest_stamp *stamp, struct manifest_load **out,
	struct hgt_error *err) HGT_MUST_CHECK;
void manifest_load_run(void *load);	/* on a worker */
void manifest_load_free(struct manifest_load *load);

/* The fingerprint of what is here; NULL: it is not here, or could not be read. */
const char *manifest_load_print(const struct manifest_load *load, const char *repo);

#endif
