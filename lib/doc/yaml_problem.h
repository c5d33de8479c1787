/* libyaml's complaints as sentences that help. Private to lib/doc. */
#ifndef HEADGATE_DOC_YAML_PROBLEM_H
#define HEADGATE_DOC_YAML_PROBLEM_H

#include <yaml.h>

#include "doc/tree.h"

/* A complaint, its two marks turned into places and byte offsets of the text. */
struct hgt_yaml_complaint {
	const char *context, *problem;	/* of libyaml; context may be NULL */
	const char *text;
	size_t len;
	size_t at, context_at;		/* offsets; context_at is SIZE_MAX when there is none */
	struct hgt_place where, context_where;
};

/* Write message and hint into the tree's buffers; return the place of the real culprit. */
struct hgt_place hgt_yaml_explain(struct hgt_tree *tree, const struct hgt_yaml_complaint *complaint);

#endif
