/* What readers.c asks of trees. Private to lib/doc. */
#ifndef HEADGATE_DOC_READER_NODES_H
#define HEADGATE_DOC_READER_NODES_H

#include "doc/tree.h"

/* What a reader sees, in words: Deployment "web", a list, the text "x", nothing (NULL). */
void hgt_node_describe(struct hgt_buf *out, const struct hgt_node *node);

/* Where two trees part: a node of each, NULL where one has nothing. */
struct hgt_parting {
	const struct hgt_node *kubectl, *ours;
};

bool hgt_nodes_are_same(const struct hgt_node *kubectl, const struct hgt_node *ours, struct hgt_parting *at);

/* Where the first scalar in double quotes with \/ in it stands, among the first n_docs documents of the set; line 0: nowhere.
 * libyaml knows that escape, go-yaml v2 does not. */
struct hgt_place hgt_find_slash_escape(const char *text, size_t len, const struct hgt_doc_set *set, size_t n_docs);

#endif
