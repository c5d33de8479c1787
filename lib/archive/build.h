/*
 * A deterministic tar.gz of a tree: the same tree always gives the same bytes, on any machine and at any time.
 *
 * Format: POSIX ustar with pax extended headers (POSIX.1-2017, pax, "pax Interchange Format") only for paths or link targets
 * that do not fit; mtime 0, uid and gid 0, no names; files 0644 or 0755, folders 0755, entries in Git's tree order,
 * folders before their contents; symbolic links as they are; submodules as empty folders, since what is in
 * them is in another repository. Paths are relative to the
 * archived path. gzip: RFC 1952 with mtime 0, no name, OS 255, zlib level 6.
 *
 * An archive of the differences between two trees has, before its first entry, global pax headers with records of our own, by which an
 * entry can never be mistaken for one of them (entries are paths of the repository, and any path may be one):
 *
 *	HEADGATE.from=<tree id>		the tree that the reader has
 *	HEADGATE.to=<tree id>		the tree that comes of it
 *	HEADGATE.removed=<path>NUL...	what is gone or no longer what it was, in Git's tree order: files, links, and submodules (these with
 *					a slash at their end); a record for each 32 KiB of them or so, each in a header of its own
 *
 * Its entries are the files, links and submodules that are new or differ, each whole, and the folders that lead to them. Folders that have
 * nothing left in them are not named. So: take away what is removed, put what is there.
 */
#ifndef HEADGATE_ARCHIVE_BUILD_H
#define HEADGATE_ARCHIVE_BUILD_H

#include <stdint.h>

#include "base/digest.h"
#include "git/repository.h"

struct hgt_archive_info {
	uint64_t bytes;				/* of the file that was written */
	unsigned char digest[HGT_SHA256_SIZE];	/* SHA-256 of those bytes */
};

/* Write the archive of `path` ("" for all) of a commit to fd. HGT_ENOENT when the path is no folder of that commit;
 * HGT_ELIMIT when the contents are over `limit` bytes (0: none). */
int hgt_archive_build(struct hgt_repo *repo, const char *commit, const char *path, int fd, uint64_t limit,
	struct hgt_archive_info *info, struct hgt_error *err) HGT_MUST_CHECK;

/* The same for what differs between the trees `from` and `to`, by their own ids. HGT_ENOENT when one of them, or what is in it, is not there. */
int hgt_archive_build_delta(struct hgt_repo *repo, const char *from, const char *to, int fd, uint64_t limit,
	struct hgt_archive_info *info, struct hgt_error *err) HGT_MUST_CHECK;

#endif
