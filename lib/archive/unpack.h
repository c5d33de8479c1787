/*
 * Reading a tar.gz, or unpacking it into a folder of our own, trusting nothing in it.
 *
 * Refused with HGT_EPERM: absolute names, `..` components, names through a symbolic link that the archive itself made, hard
 * links, devices, FIFOs, symbolic links that lead out of the folder (absolute, above its top, or with ".." behind a name, where another
 * link may decide what it means), a name given twice. Refused with HGT_ELIMIT: more bytes, entries, path length or depth than the
 * limits say, or more names than are to be held in memory. Refused with HGT_EPARSE: anything that is no tar.gz. All this is told by the
 * archive alone, whether or not an entry is made. On an error what was written stays below the folder; the caller removes it.
 *
 * Files are made with mode 0666, or 0777 when any executable bit is set, folders with 0777, all less the umask. Times and owners in
 * the archive are not taken over.
 */
#ifndef HEADGATE_ARCHIVE_UNPACK_H
#define HEADGATE_ARCHIVE_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "git/update.h"
#include "object/object.h"

struct hgt_unpack_limits {
	uint64_t bytes;		/* unpacked, all files together */
	uint64_t entries;
	unsigned path;		/* bytes of one name */
	unsigned depth;		/* folders within folders */
};

/* 4 GiB, 200,000 entries, 4096 bytes, 256 folders. */
extern const struct hgt_unpack_limits hgt_unpack_default_limits;

/* What the archive holds, made or not. */
struct hgt_unpack_info {
	uint64_t files, folders, links, bytes;
	/* Of an archive of the differences between two trees (build.h); "" in that of a whole one. Who takes the first for the second would
	 * lose all that is the same in both: look here. */
	char from[HGT_OID_HEX_SHA256 + 1], to[HGT_OID_HEX_SHA256 + 1];
};

enum hgt_unpack_kind {
	HGT_UNPACK_FILE, HGT_UNPACK_EXECUTABLE, HGT_UNPACK_LINK, HGT_UNPACK_FOLDER,
	HGT_UNPACK_REMOVED,	/* no entry, but a path that the tree has no more, told before all entries; a submodule's ends in a slash */
};

struct hgt_unpack_entry {
	enum hgt_unpack_kind kind;
	const char *path;			/* relative and clean; terminated */
	size_t len;				/* of the path */
	unsigned char digest[HGT_SHA256_SIZE];	/* SHA-256 of a file's content or a link's target; zero for a folder */
	unsigned char object[HGT_OBJECT_ID_SIZE];	/* hgt_unpack_objects: the id of the blob that it is; zero for a folder */
};

/* Told of an entry; negative stops and is passed on. */
typedef int (*hgt_unpack_entry_cb)(void *ctx, const struct hgt_unpack_entry *entry, struct hgt_error *err);

/* Whether the entry path[0..len) is to be made. */
typedef bool (*hgt_unpack_wanted_cb)(void *ctx, const char *path, size_t len);

/*
 * Read gzip from fd (from its current place to its end) and tell of its entries without making any: each once, folders before what is
 * in them, also those that only the names of others imply.
 */
int hgt_unpack_list(int fd, const struct hgt_unpack_limits *limits, hgt_unpack_entry_cb entry, void *ctx,
	struct hgt_unpack_info *info, struct hgt_error *err) HGT_MUST_CHECK;

/* The same with Git's id of each file and link. */
int hgt_unpack_objects(int fd, const struct hgt_unpack_limits *limits, hgt_unpack_entry_cb entry, void *ctx,
	struct hgt_unpack_info *info, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * Read it likewise and make its entries below the folder dir_fd, which should be empty: those that are `wanted` (all when it is NULL),
 * and the folders on the way to them.
 */
int hgt_unpack(int fd, int dir_fd, const struct hgt_unpack_limits *limits, hgt_unpack_wanted_cb wanted, void *ctx,
	struct hgt_unpack_info *info, struct hgt_error *err) HGT_MUST_CHECK;

#endif
