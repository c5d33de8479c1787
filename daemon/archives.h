/*
 * Archives: built by an archiver, once, kept in <state>/archives by tree id under a size limit (archive_cache.h), served from there.
 */
#ifndef HEADGATE_DAEMON_ARCHIVES_H
#define HEADGATE_DAEMON_ARCHIVES_H

#include "daemon/daemon.h"

struct archives;
struct request;

int archives_new(struct daemon *daemon, struct archives **out, struct hgt_error *err) HGT_MUST_CHECK;

/* After the archivers, whose jobs point here. */
void archives_free(struct archives *archives);

/* Answer the request, which it takes, with the archive of `path` of the commit `rev` of the repository at repo_path. */
void archives_serve(struct archives *archives, struct request *request, const char *repo_path, const char *rev, const char *path);

/* Take the config's limit; what is over it goes. */
void archives_reload(struct archives *archives, const struct hgt_config *config);

/* Numbers: of now, and since the start. */
struct archives_stats {
	uint64_t files, bytes, limit;	/* kept on disk */
	uint64_t building;
	uint64_t built, build_failures;
	uint64_t from_cache;		/* answers that no build was waited for */
	uint64_t unchanged;		/* answers that the client has it */
};
void archives_stats(const struct archives *archives, struct archives_stats *out);

#endif
