/* JSON Merge Patch (RFC 7396) over trees of nodes. */
#ifndef HEADGATE_DOC_PATCH_H
#define HEADGATE_DOC_PATCH_H

#include "doc/doc.h"

/*
 * What `target` becomes under `patch`: a new tree, made in the arena out of new maps and the two trees' own nodes, which it
 * therefore borrows. target may be NULL for none. A null in the patch takes a member away; what is no map replaces. A tree is at
 * most as deep as the two. HGT_ENOMEM.
 */
int hgt_node_merge_patch(struct hgt_arena *arena, const struct hgt_node *target, const struct hgt_node *patch,
	const struct hgt_node **out, struct hgt_error *err) HGT_MUST_CHECK;

#endif
