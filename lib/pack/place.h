/*
 * Where packs are found: by their name in the folders below, in this order, or by a path, which has a slash in it.
 *
 *	SYSCONFDIR/headgate/schemas		what an administrator has imported
 *	../share/headgate/schemas		beside the running program: a build tree, a moved installation
 *	../../share/headgate/schemas		the same for programs in libexec/headgate
 *	SHAREDIR/schemas			what has been installed
 */
#ifndef HEADGATE_PACK_PLACE_H
#define HEADGATE_PACK_PLACE_H

#include "base/buf.h"

#define HGT_PACK_SUFFIX ".pack"
#define HGT_PACK_SYSTEM HGT_SYSCONFDIR "/headgate/schemas"

/* The i-th folder added to out, which is emptied first; HGT_ENOENT behind the last one. */
int hgt_pack_folder(size_t i, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* The path of the pack that a name or path stands for, in place of what is in out. HGT_ENOENT names the folders. */
int hgt_pack_locate(const char *name, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* The packs in all folders: called with each path, by name within a folder; a name that has been met in a folder before is passed
 * over. Ends early when the callback returns other than 0, with that. */
typedef int (*hgt_pack_cb)(void *user, const char *path, struct hgt_error *err);
int hgt_pack_each(hgt_pack_cb call, void *user, struct hgt_error *err) HGT_MUST_CHECK;

#endif
