/*
 * What shows that a tree is the one at a path of a commit: the commit's bytes, and those of the trees on the way. Whoever has the
 * commit's id can check it without trusting where it comes from.
 *
 *	{"revision":"<commit>","path":"hosts/web","commit":"<base64>","trees":["<base64 of the root>",...],"tree":"<id>",
 *	 "submodules":[{"path":"lib/x","id":"<commit>"}]}
 *
 * There is a tree for each component of the path. The submodules at or below the path (told from there) are what an archive does not
 * hold of a tree; whether they are right the tree's id shows.
 */
#ifndef HEADGATE_OBJECT_PROOF_H
#define HEADGATE_OBJECT_PROOF_H

#include "base/arena.h"
#include "object/object.h"

#define HGT_PROOF_MAX (16 * 1024 * 1024)	/* bytes of all objects together */
#define HGT_PROOF_SUBMODULES_MAX 1000

struct hgt_proof {
	struct hgt_arena arena;
	char tree[HGT_OID_HEX + 1];		/* of the path */
	struct hgt_raw_commit commit;
	struct hgt_submodule *submodules;
	size_t n_submodules;
};

/* Check the text: it is of that revision and path, or HGT_EPERM. HGT_EPARSE, HGT_ELIMIT: it is no proof. *out is to be released in any
 * case. */
int hgt_proof_check(const char *text, size_t len, const char *revision, const char *path, struct hgt_proof *out,
	struct hgt_error *err) HGT_MUST_CHECK;
void hgt_proof_release(struct hgt_proof *proof);

#endif
