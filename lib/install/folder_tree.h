/* A folder with all that is in it, symbolic links not followed. */
#ifndef HEADGATE_INSTALL_FOLDER_TREE_H
#define HEADGATE_INSTALL_FOLDER_TREE_H

#include <sys/types.h>

#include "base/error.h"

/* Remove `name` of the folder. What is not there is removed already. */
int hgt_tree_remove(int parent, const char *name, struct hgt_error *err) HGT_MUST_CHECK;

/* Give all of it to somebody. */
int hgt_tree_own(int parent, const char *name, uid_t uid, gid_t gid, struct hgt_error *err) HGT_MUST_CHECK;

/* Have all of it on disk. */
int hgt_tree_sync(int parent, const char *name, struct hgt_error *err) HGT_MUST_CHECK;

#endif
