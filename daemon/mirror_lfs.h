/*
 * Objects of Git LFS, by git-lfs(1): what pointers in commits stand for. They go before the refs do, so that nobody sees a pointer
 * to what is not there. Where git-lfs is not installed that is told once a mirror, and refs move without them.
 */
#ifndef HEADGATE_DAEMON_MIRROR_LFS_H
#define HEADGATE_DAEMON_MIRROR_LFS_H

#include "daemon/mirror.h"

/* More tips than this are not named one by one: then it is all that there is. */
#define MIRROR_LFS_TIPS_MAX 256

/* Arguments after "git", for all that is reachable from these ids; `verb` fetch or push. out has room for MIRROR_LFS_TIPS_MAX + 6, and
 * borrows. */
void mirror_lfs_arguments(const char *verb, const char *const *ids, size_t n, const char **out);

/* How it ended: 0, also where there is no git-lfs, or HGT_EUNAVAILABLE with what it said. */
int mirror_lfs_judge(const struct turn *turn, const struct child_end *end, const char *said, struct hgt_error *err) HGT_MUST_CHECK;

#endif
