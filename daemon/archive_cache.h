/*
 * The archives on disk, by name, the least recently used going first when they are over the limit. A name is a tree's id, or the ids of
 * two trees with a dash between them: the wanted one's first, then that of the tree to which the archive tells the differences.
 *
 * In the folder: <name>.tar.gz and, made once that is on the disk, <name>.sha256, a line as sha256sum(1) writes it. Whatever else is
 * found there at start is removed, and so is an archive without the other. New ones are made below tmp/ and renamed into place.
 */
#ifndef HEADGATE_DAEMON_ARCHIVE_CACHE_H
#define HEADGATE_DAEMON_ARCHIVE_CACHE_H

#include <sys/queue.h>

#include "archive/build.h"
#include "base/map.h"

#define ARCHIVE_SUFFIX ".tar.gz"
#define DIGEST_SUFFIX ".sha256"
#define ARCHIVE_NAME_MAX (2 * HGT_OID_HEX_SHA256 + 2)	/* room for a name and its terminator */

/* One archive on disk. */
struct archive {
	TAILQ_ENTRY(archive) entry;
	char name[ARCHIVE_NAME_MAX];
	struct hgt_archive_info info;
	int64_t made;	/* its file's modification time; for the order at start */
};

TAILQ_HEAD(archive_list, archive);

struct archive_cache {
	char *folder, *temporary;
	uint64_t limit;			/* bytes of all archives */
	struct hgt_map by_name;		/* struct archive */
	struct archive_list used;	/* least recently used first */
	uint64_t bytes;
};

/* Make the folders, remove what a crash left half-built, read what there is. Release it after a failure too. */
int archive_cache_init(struct archive_cache *cache, const char *state, uint64_t limit, struct hgt_error *err) HGT_MUST_CHECK;
void archive_cache_release(struct archive_cache *cache);

/* The path of a name's file into out, which is emptied before. Reads only what never changes: workers may call it. */
void archive_path(const struct archive_cache *cache, const char *name, const char *suffix, struct hgt_buf *out);

/* NULL when it is not there. */
struct archive *archive_find(const struct archive_cache *cache, const char *name);

/* It has been used now. */
void archive_touch(struct archive_cache *cache, struct archive *archive);

/* Its files are in place: it is the latest used. What is over the limit goes, the oldest first, but never this one. */
int archive_keep(struct archive_cache *cache, const char *name, const struct hgt_archive_info *info, struct hgt_error *err) HGT_MUST_CHECK;

/* Another limit; what is over it goes, the oldest first. */
void archive_cache_limit(struct archive_cache *cache, uint64_t limit);

/* Remove it with its files. */
void archive_drop(struct archive_cache *cache, struct archive *archive);

#endif
