/* What readers.c asks of trees. Private to lib/doc. */
#ifndef HEADGATE_DOC_READER_NODES_H
#define HEADGATE_DOC_READER_NODES_H

#include "doc/tree.h"

/* What a reader sees, in words: Deployment "web", a list, the text "x", nothing (NULL). */
void hgt_node_describe(struct hgt_buf *out, const struct hgt_node *node);

/* Where two trees part: a node of each, NULL where one has nothing. masked: the other's text went through hgt_mask_breaks. */
struct hgt_parting {
	const struct hgt_node *kubectl, *other;
	bool masked;
};

/* Compare; masked of *at is the caller's. */
bool hgt_nodes_are_same(const struct hgt_node *kubectl, const struct hgt_node *other, struct hgt_parting *at);

/* Put a visible character of the same length in the place of each U+0085, U+2028 and U+2029, which break lines in YAML 1.1 and
 * not in YAML 1.2. Whether there were any. */
bool hgt_mask_breaks(char *text, size_t len);

/* Where the first scalar in double quotes with \/ in it stands, among the first n_docs documents of the set; line 0: nowhere.
 * libyaml knows that escape, go-yaml v2 does not. */
struct hgt_place hgt_find_slash_escape(const char *text, size_t len, const struct hgt_doc_set *set, size_t n_docs);

#endif
