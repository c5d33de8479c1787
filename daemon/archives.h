/*
 * Archives: built by an archiver, once, kept in <state>/archives by what it holds under a size limit (archive_cache.h), served from there.
 */
#ifndef HEADGATE_DAEMON_ARCHIVES_H
#define HEADGATE_DAEMON_ARCHIVES_H

#include "daemon/daemon.h"

struct archives;
struct repo;
struct request;

/* What the query says of a folder of a commit, and that whoever asks may see it; false when the request has been answered. */
struct archive_place {
	const struct repo *repo;
	const char *rev, *path;	/* in the request */
};
bool archive_place_take(struct request *request, struct archive_place *out) HGT_MUST_CHECK;

int archives_new(struct daemon *daemon, struct archives **out, struct hgt_error *err) HGT_MUST_CHECK;

/* After the archivers, whose jobs point here. */
void archives_free(struct archives *archives);

struct archive_request {
	const char *rev;	/* a whole commit id */
	const char *path;	/* in its tree; "" for all */
	const char *from;	/* a tree that the client has: only the differences to it are wanted; or NULL */
};

/* Answer the request, which it takes, with an archive of the repository at repo_path. */
void archives_serve(struct archives *archives, struct request *request, const char *repo_path, const struct archive_request *asked);

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
