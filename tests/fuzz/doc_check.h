/* What holds of every set of documents, whatever the text was: for the fuzz targets of lib/doc. */
#ifndef HEADGATE_TESTS_DOC_CHECK_H
#define HEADGATE_TESTS_DOC_CHECK_H

#include <assert.h>
#include <string.h>

#include "base/utf8.h"
#include "doc/doc.h"

static void doc_check_text(const char *text)
{
	assert(hgt_utf8_check(text, strlen(text)) == strlen(text));
	for (; *text; text++)
		assert((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void doc_check_node(const struct hgt_node *node, uint32_t lines, unsigned depth)
{
	assert(node->line >= 1 && node->line <= lines && node->column >= 1);
	assert(node->end_line <= lines + 1);
	assert(node->end_line > node->line || (node->end_line == node->line && node->end_column >= node->column));
	assert(node->text && node->text[node->len] == '\0');
	if (node->type == HGT_NODE_SEQ) {
		assert(depth > 0);
		for (size_t i = 0; i < node->v.seq.n; i++)
			doc_check_node(node->v.seq.items[i], lines, depth - 1);
	} else if (node->type == HGT_NODE_MAP) {
		assert(depth > 0);
		for (size_t i = 0; i < node->v.map.n; i++) {
			const struct hgt_pair *pair = &node->v.map.pairs[i];

			assert(pair->key->type != HGT_NODE_SEQ && pair->key->type != HGT_NODE_MAP);
			doc_check_node(pair->key, lines, 0);
			doc_check_node(pair->value, lines, depth - 1);
		}
	}
}

static void doc_check(const struct hgt_doc_set *set, const char *text, size_t len, const struct hgt_doc_limits *limits)
{
	uint32_t lines = 1;
	size_t end = 0;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	assert(set->n_docs <= limits->documents && set->n_problems <= limits->problems);
	for (size_t i = 0; i < set->n_docs; i++) {
		const struct hgt_doc *doc = &set->docs[i];

		assert(doc->offset >= end && doc->offset <= len && doc->length <= len - doc->offset);
		end = doc->offset + doc->length;
		assert(doc->line >= 1 && doc->line <= lines);
		if (doc->root)
			doc_check_node(doc->root, lines, limits->depth);
	}
	for (size_t i = 0; i < set->n_problems; i++) {
		const struct hgt_problem *p = &set->problems[i];

		assert(p->line >= 1 && p->line <= lines && p->column >= 1);
		assert(i == 0 || p[-1].line < p->line || (p[-1].line == p->line && p[-1].column <= p->column));
		assert(p->message && p->message[0] && p->pointer);
		doc_check_text(p->message);
		if (p->hint)
			doc_check_text(p->hint);
	}
}

#endif
