/*
 * Unpacking a tar.gz into a folder of our own, trusting nothing in it.
 *
 * Refused with HGT_EPERM: absolute names, `..` components, names through a symbolic link that the archive itself made, hard
 * links, devices, FIFOs, symbolic links that lead out of the folder (absolute, above its top, or with ".." behind a name, where another
 * link may decide what it means), a name given twice. Refused with HGT_ELIMIT: more bytes, entries, path length or depth than the
 * limits say. Refused with HGT_EPARSE: anything that is no tar.gz. On an error what was written stays below the folder; the caller
 * removes it.
 *
 * Files are made with mode 0666, or 0777 when any executable bit is set, folders with 0777, all less the umask. Times and owners in
 * the archive are not taken over.
 */
#ifndef HEADGATE_ARCHIVE_UNPACK_H
#define HEADGATE_ARCHIVE_UNPACK_H

#include <stdint.h>

#include "base/error.h"

struct hgt_unpack_limits {
	uint64_t bytes;		/* unpacked, all files together */
	uint64_t entries;
	unsigned path;		/* bytes of one name */
	unsigned depth;		/* folders within folders */
};

/* 4 GiB, 200,000 entries, 4096 bytes, 256 folders. */
extern const struct hgt_unpack_limits hgt_unpack_default_limits;

struct hgt_unpack_info {
	uint64_t files, folders, links, bytes;
};

/* Read gzip from fd (from its current place to its end) and make its entries below the folder dir_fd, which should be empty. */
int hgt_unpack(int fd, int dir_fd, const struct hgt_unpack_limits *limits, struct hgt_unpack_info *info,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
