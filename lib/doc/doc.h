/*
 * YAML and JSON text as one tree of nodes that know where they stand.
 *
 *	struct hgt_doc_set set;
 *	hgt_doc_set_init(&set);
 *	code = hgt_yaml_parse(text, len, &hgt_doc_default_limits, &set, &err);	(or hgt_json_parse)
 *	for (size_t i = 0; i < set.n_docs; i++)
 *		look(set.docs[i].root);
 *	for (size_t i = 0; i < set.n_problems; i++)
 *		tell(&set.problems[i]);
 *	hgt_doc_set_release(&set);
 *
 * What is wrong with the *text* is a problem in the set, not an error of the call: the call fails only for want of
 * memory. A set may hold good documents and problems both. Everything lives in the set's arena.
 *
 * YAML is read as Kubernetes reads it (sigs.k8s.io/yaml over go-yaml v2): YAML 1.1 scalars, merge keys, anchors that may be
 * used twice.
 */
#ifndef HEADGATE_DOC_DOC_H
#define HEADGATE_DOC_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

struct hgt_json;

enum hgt_node_type {
	HGT_NODE_NULL,
	HGT_NODE_BOOL,
	HGT_NODE_INT,		/* fits int64_t or uint64_t: see integer, is_unsigned */
	HGT_NODE_FLOAT,
	HGT_NODE_STRING,
	HGT_NODE_SEQ,
	HGT_NODE_MAP,
};

struct hgt_node;

struct hgt_pair {
	const struct hgt_node *key;	/* a scalar; Kubernetes turns keys into strings, so compare key->text */
	const struct hgt_node *value;
	bool merged;			/* came in through `<<` */
	bool overridden;		/* a later pair has the same key: that one counts */
	bool disputed;			/* a `<<` brings in the same key after it, or one of another type (1, "1"): YAML takes this
					 * one, Kubernetes that one */
	uint32_t head;			/* hgt_key_head of the key's text, or 0 */
};

/* Length and first byte in one word, by which most keys are told apart without a look at them; 0 where they do not fit. */
static inline uint32_t hgt_key_head(const char *text, size_t len)
{
	return len && len < 1u << 24 ? (uint32_t)len << 8 | (unsigned char)*text : 0;
}

/* Whether the pair may have that key, of that head. */
static inline bool hgt_pair_may_be(const struct hgt_pair *pair, uint32_t head)
{
	return pair->head == head || !pair->head || !head;
}

/* line and column count from 1, columns in code points. end_* is just past the last byte of a scalar; for a
 * collection it is its end in the text. */
struct hgt_node {
	enum hgt_node_type type;
	bool quoted;		/* scalar: it was quoted or a block scalar, so a string whatever it looks like */
	bool aliased;		/* stands for `*name`: the place is the alias's, what is below it is the anchor's */
	bool is_unsigned;	/* INT: value is in `uinteger`, above INT64_MAX */
	uint32_t line, column;
	uint32_t end_line, end_column;
	const char *text;	/* scalar: its text, unescaped and terminated (may contain NUL); else "" */
	size_t len;
	union {
		bool boolean;
		int64_t integer;
		uint64_t uinteger;
		double number;
		struct {
			const struct hgt_node **items;
			size_t n;
		} seq;
		struct {
			struct hgt_pair *pairs;	/* in the order of the text, merged ones last; duplicates: all of them */
			size_t n;
		} map;
	} v;
};

struct hgt_doc {
	const struct hgt_node *root;	/* NULL for an empty document (nothing but comments) */
	uint32_t line;			/* where it starts */
	size_t offset, length;		/* of its text in the stream, bytes */
};

/* What can be wrong with a text; each is a rule of the same name in lib/check. */
enum hgt_problem_kind {
	HGT_PROBLEM_SYNTAX,		/* yaml/syntax, json/syntax; invalid UTF-8 and control bytes too */
	HGT_PROBLEM_DUPLICATE_KEY,	/* yaml/duplicate-key (for JSON text too) */
	HGT_PROBLEM_DEPTH,		/* yaml/depth */
	HGT_PROBLEM_ALIAS_BOMB,		/* yaml/alias-bomb: alias work over the limit, or an anchor inside itself */
	HGT_PROBLEM_LIMIT,		/* yaml/limit: size, documents, nodes */
};

struct hgt_problem {
	enum hgt_problem_kind kind;
	uint32_t line, column;
	uint32_t end_column;		/* on the same line; 0 when not known */
	const char *pointer;		/* JSON pointer (RFC 6901) of the node in question, or "" */
	const char *message;		/* one sentence, no full stop; text from outside in it is escaped already */
	const char *hint;		/* or NULL */
};

struct hgt_doc_set {
	struct hgt_arena arena;
	struct hgt_doc *docs;
	size_t n_docs;
	struct hgt_problem *problems;
	size_t n_problems;
};

struct hgt_doc_limits {
	size_t bytes;		/* of the text */
	unsigned depth;		/* of nesting, aliases followed */
	unsigned documents;	/* in one text */
	size_t nodes;		/* made, in one text */
	size_t problems;	/* told; what comes after is not looked for */
	size_t memory;		/* of the arena, bytes */
};

/* 10 MiB of text, depth 100 (Kubernetes' own JSON limit is 10,000; nothing real passes 40), 10,000 documents,
 * 2,000,000 nodes, 100 problems, 512 MiB. */
extern const struct hgt_doc_limits hgt_doc_default_limits;

void hgt_doc_set_init(struct hgt_doc_set *set);
void hgt_doc_set_release(struct hgt_doc_set *set);

/* Read a YAML stream into the set, which is emptied first. 0, or HGT_ENOMEM. After a syntax error reading goes on at the next
 * line of "---". */
int hgt_yaml_parse(const char *text, size_t len, const struct hgt_doc_limits *limits, struct hgt_doc_set *set,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Read one JSON text (RFC 8259): one document, or a syntax problem. 0, or HGT_ENOMEM. */
int hgt_json_parse(const char *text, size_t len, const struct hgt_doc_limits *limits, struct hgt_doc_set *set,
	struct hgt_error *err) HGT_MUST_CHECK;

/* The JSON text of a message from a socket or file of ours: like hgt_json_parse, but a problem is an HGT_EPARSE error whose
 * message tells it. On success set->docs[0].root is the value. */
int hgt_json_parse_message(const char *text, size_t len, struct hgt_doc_set *set, struct hgt_error *err) HGT_MUST_CHECK;

/* The value under key in a map (the explicit one before a merged one, the last of duplicates), or NULL; NULL too when node
 * is NULL or no map. */
const struct hgt_pair *hgt_node_find(const struct hgt_node *node, const char *key, size_t len);

static inline const struct hgt_pair *hgt_node_pair(const struct hgt_node *node, const char *key)
{
	return hgt_node_find(node, key, strlen(key));
}

static inline const struct hgt_node *hgt_node_get(const struct hgt_node *node, const char *key)
{
	const struct hgt_pair *pair = hgt_node_pair(node, key);

	return pair ? pair->value : NULL;
}

/* A string's text under key; NULL when missing or no string. */
const char *hgt_node_get_string(const struct hgt_node *node, const char *key);

/* An integer under key into *out; false when missing or no integer in int64_t. */
bool hgt_node_get_int(const struct hgt_node *node, const char *key, int64_t *out);
bool hgt_node_get_bool(const struct hgt_node *node, const char *key, bool *out);

/* "null", "boolean", "integer", "number", "string", "array", "object". */
const char *hgt_node_type_name(enum hgt_node_type type);

/* Whether a plain (unquoted) scalar of this text would be read as a string by Kubernetes: for hints. */
bool hgt_yaml_plain_is_string(const char *text, size_t len);

/* Write the node as JSON (aliases expanded; duplicate keys: the last wins; NaN and infinities as null). */
void hgt_node_write_json(const struct hgt_node *node, struct hgt_json *json);

/* Add "/<token>" to a JSON pointer, escaped as RFC 6901 section 3 says. */
void hgt_pointer_add(struct hgt_buf *pointer, const char *token, size_t len);
void hgt_pointer_add_index(struct hgt_buf *pointer, size_t index);

#endif
