/*
 * Trees of a target as folders, for drivers that work from one: <state>/targets/<name>/trees/<tree id>. A folder has its name once it is
 * whole and on disk, so one that is there is good. Blocks; runs on a worker.
 */
#ifndef HEADGATE_AGENT_CHECKOUT_H
#define HEADGATE_AGENT_CHECKOUT_H

#include <stdbool.h>

#include "base/buf.h"

/* Append the path of a tree's folder, whether or not it is there. `target`: <state>/targets/<name>. */
void checkout_path(const char *target, const char *tree, struct hgt_buf *out);
bool checkout_is_there(const char *target, const char *tree);

/* Unpack the verified archive (of a whole tree) under the tree's id. One that is there already is left as it is. HGT_EPARSE, HGT_ELIMIT,
 * HGT_EPERM: what the archive holds is not to be unpacked, on any machine. */
int checkout_make(const char *target, const char *tree, int archive, struct hgt_error *err) HGT_MUST_CHECK;

/* Remove all but these two; either may be "" . What cannot be removed stays for the next time. */
void checkout_keep(const char *target, const char *tree, const char *other);

#endif
