/*
 * A deterministic tar.gz of a tree: the same tree always gives the same bytes, on any machine and at any time.
 *
 * Format: POSIX ustar with pax extended headers (POSIX.1-2017, pax, "pax Interchange Format") only for paths or link targets
 * that do not fit; mtime 0, uid and gid 0, no names; files 0644 or 0755, folders 0755, entries in Git's tree order,
 * folders before their contents; symbolic links as they are; submodules left out as empty folders. Paths are relative to the
 * archived path. gzip: RFC 1952 with mtime 0, no name, OS 255, zlib level 6.
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

#endif
