/* Anchors and aliases: what an alias stands for, and how much work all of them make. Private to lib/doc. */
#ifndef HEADGATE_DOC_ALIAS_H
#define HEADGATE_DOC_ALIAS_H

#include "doc/tree.h"

/* Let name stand for what is read next, from now on; its node and size are filled in later. */
int hgt_alias_declare(struct hgt_tree *tree, const char *name, struct hgt_anchor **out) HGT_MUST_CHECK;

/* Add what name stands for at the place of `*name`. */
int hgt_alias_add(struct hgt_tree *tree, const char *name, struct hgt_place start, struct hgt_place end) HGT_MUST_CHECK;

/* One more node met at `where`: refuse the document once its aliases make nearly all its work. */
int hgt_alias_check(struct hgt_tree *tree, struct hgt_place where) HGT_MUST_CHECK;

#endif
