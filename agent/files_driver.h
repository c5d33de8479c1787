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

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

#define FILES_STAGING_PREFIX ".headgate-"	/* then random; no tree may hold such a name at its top */

struct files_order {
	const struct hgt_agent_target *target;
	const char *manifest;	/* path of the target's list of files */
	int archive;		/* apply: the verified archive, at its beginning; borrowed */
	const char *tree;	/* apply: the id of the tree that is wanted; NULL or "" when it is not known */
	const char *from;	/* apply: the tree that the archive tells the differences to; NULL or "" for a whole one */
	bool after_due;		/* apply: `after` is owed from an apply that the agent did not live to end */
};

struct files_result {
	uint64_t added, modified, removed;
	bool want_whole;	/* apply: it failed with nothing touched, since these differences cannot be applied here: the whole may be */
	bool permanent;		/* apply: the same again would fail again, whatever the state of this machine */
	bool restored;		/* apply: it failed, and what was there before is there again */
	bool after_ran;
	int exit_status;	/* of `after` when it ran */
	struct hgt_buf output;	/* the end of what it said when it failed */
	bool output_cut;
	/* How the target differs from the list of files: how many paths, and a sentence that names the first; "" when it does not. */
	uint64_t differing;
	struct hgt_buf difference;
};

void files_result_init(struct files_result *result);
void files_result_release(struct files_result *result);

/* 0 when the target now holds the tree (look at `differing`: `after` may have changed it since). */
int files_apply(const struct files_order *order, struct files_result *result, struct hgt_error *err) HGT_MUST_CHECK;

/* 0 when it could be told; `differing` tells. */
int files_compare(const struct files_order *order, struct files_result *result, struct hgt_error *err) HGT_MUST_CHECK;

#endif
