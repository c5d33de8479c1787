/* libyaml's complaints as sentences that help. Private to lib/doc. */
#ifndef HEADGATE_DOC_YAML_PROBLEM_H
#define HEADGATE_DOC_YAML_PROBLEM_H

#include "doc/tree.h"

/* What libyaml said, its two marks turned into places and offsets of the text. */
struct hgt_yaml_complaint {
	const char *context, *problem;	/* context may be NULL: then the context's place is the problem's */
	const char *text;
	size_t len;			/* where the text, or what libyaml has seen of it, ends */
	size_t at, context_at;
	struct hgt_place where, context_where;
};

/* Write message and hint into the tree's buffers; the place of the real culprit comes back. */
struct hgt_place hgt_yaml_explain(struct hgt_tree *tree, const struct hgt_yaml_complaint *complaint);

/* When the line at offset looks like a template's, put that in place of the hint. */
void hgt_yaml_hint_template(struct hgt_tree *tree, const char *text, size_t len, size_t offset);

#endif
