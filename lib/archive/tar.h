/*
 * The blocks of a tar file (POSIX.1-2017, pax, "ustar Interchange Format"), shared by the writer and the reader.
 */
#ifndef HEADGATE_ARCHIVE_TAR_H
#define HEADGATE_ARCHIVE_TAR_H

#include <stdint.h>

#include "base/error.h"

#define HGT_TAR_BLOCK 512
#define HGT_TAR_SIZE_MAX 077777777777ULL	/* what 11 octal digits hold */

enum hgt_tar_type {
	HGT_TAR_FILE = '0',
	HGT_TAR_LINK = '2',
	HGT_TAR_FOLDER = '5',
	HGT_TAR_PAX = 'x',		/* records about the next entry */
	HGT_TAR_PAX_GLOBAL = 'g',
};

/* Records of ours in global headers (build.h). */
#define HGT_TAR_FROM "HEADGATE.from"
#define HGT_TAR_TO "HEADGATE.to"
#define HGT_TAR_REMOVED "HEADGATE.removed"

/* Not terminated where a text fills its field. */
struct hgt_tar_header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char linkname[100];
	char magic[6];
	char version[2];
	char uname[32];
	char gname[32];
	char devmajor[8];
	char devminor[8];
	char prefix[155];
	char pad[12];
};

_Static_assert(sizeof(struct hgt_tar_header) == HGT_TAR_BLOCK, "a tar header is one block");

/* The sum of a header's bytes with spaces in place of the checksum. */
unsigned hgt_tar_checksum(const struct hgt_tar_header *header);

/* How many bytes fill the last block of `size` bytes. */
size_t hgt_tar_padding(uint64_t size);

#endif
