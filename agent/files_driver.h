/*
 * The files driver: a folder that holds a tree. Everything here blocks and runs on a worker.
 *
 * An apply reads the archive to learn what the tree holds (for one of differences: with the list of files, files_delta.c),
 * unpacks what the target lacks into a staging folder inside the target (the only place sure to be on its file system), moves
 * each of these files into place by rename, removes what we placed before and is gone from the tree, runs `after`, and compares
 * the outcome. Until `after` has succeeded the old files are kept in the staging folder, and a failure at any step puts them
 * back. Inside the target no symbolic link is followed; the way to it may lead through links of the administrator.
 */
#ifndef HEADGATE_AGENT_FILES_DRIVER_H
#define HEADGATE_AGENT_FILES_DRIVER_H

#include "agent/driver.h"

#define FILES_STAGING_PREFIX ".headgate-"	/* then random; no tree may hold such a name at its top */
#define FILES_LIST "files"			/* the list of files, in the target's folder of the agent's state */

/* 0 when the target now holds the tree (look at `differing`: `after` may have changed it since). */
int files_apply(const struct driver_order *order, struct driver_result *result, struct hgt_error *err) HGT_MUST_CHECK;

/* 0 when it could be told; `differing` tells. */
int files_compare(const struct driver_order *order, struct driver_result *result, struct hgt_error *err) HGT_MUST_CHECK;

/* The same with a diff; order->archive holds what was applied, whole. */
int files_explain(const struct driver_order *order, struct driver_result *result, struct hgt_error *err) HGT_MUST_CHECK;

/* What an apply of the tree in order->checkout would change, with counts and a diff. */
int files_preview(const struct driver_order *order, struct driver_result *result, struct hgt_error *err) HGT_MUST_CHECK;

/* Watch the folders that hold what the list names. HGT_ELIMIT: they are too many. */
#define FILES_WATCHES_MAX 16384
int files_watch(const struct driver_order *order, int inotify, struct hgt_error *err) HGT_MUST_CHECK;

#endif
