/* What the parts of an apply share: files_stage.c finds what the target lacks and unpacks it, files_apply.c puts it in place. */
#ifndef HEADGATE_AGENT_FILES_APPLY_H
#define HEADGATE_AGENT_FILES_APPLY_H

#include "agent/files_private.h"

#define STAGING_NAME_MAX (sizeof(FILES_STAGING_PREFIX) + 16)

struct apply {
	const struct driver_order *order;
	struct driver_result *result;
	struct hgt_error *err;
	int into, staging, fresh;	/* fresh is the staging folder's: the unpacked tree */
	char staging_name[STAGING_NAME_MAX];
	struct hgt_buf list;		/* path of the list of files */
	struct manifest before;		/* what we had placed */
	struct manifest after;		/* what the tree holds */
	struct manifest differing, removed;	/* of an archive of differences: its entries, and what is gone */
	bool any_wanted;		/* of it the target lacks something */
	struct files_rules rules;
	struct changes changes;
	bool planned;			/* the list on disk is the union of the two */
};

/* What the tree holds, into `after`. */
int apply_list(struct apply *a) HGT_MUST_CHECK;

/* Which of it the target lacks: the entries' `wanted`. */
int apply_find_wanted(struct apply *a) HGT_MUST_CHECK;

/* That into the staging folder, templates filled in. */
int apply_stage(struct apply *a) HGT_MUST_CHECK;

#endif
