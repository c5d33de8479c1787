/* Which tree of Git's an archive holds: computed from what is in it, so that nobody has to be believed. */
#ifndef HEADGATE_ARCHIVE_TREE_ID_H
#define HEADGATE_ARCHIVE_TREE_ID_H

#include "archive/unpack.h"

/*
 * Read gzip from fd (to its end) as hgt_unpack_list would and compute the id of the tree that it holds; an empty folder that is no
 * submodule is none of Git's: HGT_EPERM. Errors as of hgt_unpack_list. An archive of differences is HGT_EPARSE.
 */
int hgt_archive_tree_id(int fd, const struct hgt_unpack_limits *limits, const struct hgt_submodule *submodules, size_t n,
	char id[HGT_OID_HEX + 1], struct hgt_error *err) HGT_MUST_CHECK;

#endif
