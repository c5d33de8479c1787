/* The compiler's inside. Private to lib/schema. */
#ifndef HEADGATE_SCHEMA_COMPILER_H
#define HEADGATE_SCHEMA_COMPILER_H

#include "base/map.h"
#include "schema/compile.h"
#include "schema/layout.h"

/* A draft, and which of its vocabularies count. */
struct hgt_dialect {
	enum hgt_draft draft;
	bool validation, applicator, unevaluated, formats /* asserted */;
	const struct hgt_node *unknown;		/* the `$schema` that nobody here knows, or NULL */
};

struct hgt_schema_document {
	const char *uri;
	const struct hgt_node *root;
	enum hgt_draft draft;
	bool scanned;
	struct hgt_schema_document *next;
};

/* A name that a reference can have after '#'. */
struct hgt_anchor_target {
	const struct hgt_node *node;
	struct hgt_schema_resource *resource;
	const char *name;
	bool dynamic;
	struct hgt_anchor_target *next;		/* dynamic ones of the resource */
};

/* A schema with a URI of its own, and what is in it. */
struct hgt_schema_resource {
	const char *uri;
	const char *document;			/* for messages */
	const struct hgt_node *root;
	struct hgt_dialect dialect;
	struct hgt_anchor_target *anchors;	/* dynamic ones; "" is a $recursiveAnchor */
	bool used;
	uint32_t index;				/* in the image, when used */
};

/* A schema of the image. */
struct hgt_schema_slot {
	struct {
		const struct hgt_node *node;
		struct hgt_schema_resource *resource;
	} key;
	uint32_t parent;			/* index + 1 */
	const char *step;
	uint32_t index, offset;
	bool partial;				/* within allOf, anyOf, oneOf or not: says only some of what its value may have */
};

struct hgt_schema_entry {
	const char *name;
	uint32_t schema, flags;
};

struct hgt_compiler {
	struct hgt_arena arena;
	struct hgt_dialect dialect;		/* the default */
	struct hgt_schema_document *documents;
	struct hgt_doc_set *metaschemas[32];	/* read when first asked for */
	size_t n_metaschemas;
	struct hgt_map by_uri;			/* URI -> document */
	struct hgt_map resources;		/* URI -> resource */
	struct hgt_map roots;			/* node -> resource that it is the root of */
	struct hgt_map anchors;			/* "URI#name" -> anchor */
	struct hgt_map slots;			/* node and resource -> slot */
	struct hgt_map strings, patterns;	/* text -> offset, index + 1 */
	struct hgt_schema_slot **list;
	size_t n_list, list_cap;
	struct hgt_schema_resource **used;
	size_t n_used, used_cap;
	struct hgt_schema_entry *entries;
	size_t n_entries, entries_cap;
	uint32_t *pattern_texts;
	size_t n_patterns, patterns_cap;
	struct hgt_buf data;			/* the image so far */
	struct hgt_buf scratch;
	uint64_t work;				/* members looked through for references and vocabularies */
	struct hgt_error *err;
};

/* compile_scan.c: what has which URI. */
struct hgt_dialect hgt_compile_dialect(enum hgt_draft draft);
int hgt_compile_resolve(struct hgt_compiler *c, struct hgt_schema_resource *from, const struct hgt_node *where,
	const char *text, size_t len, struct hgt_anchor_target *out);
struct hgt_schema_resource *hgt_compile_root(const struct hgt_compiler *c, const struct hgt_node *node);

/* compile.c */
int hgt_compile_slot(struct hgt_compiler *c, const struct hgt_node *node, struct hgt_schema_resource *resource,
	uint32_t parent, const char *step, const struct hgt_node *where, uint32_t *index);
int hgt_compile_wrong(struct hgt_compiler *c, const struct hgt_schema_resource *resource,
	const struct hgt_node *where, int code, const char *fmt, ...) HGT_PRINTF(5, 6);
int hgt_compile_grow(struct hgt_compiler *c, void *array, size_t n, size_t *cap, size_t size);

/* compile_emit.c */
int hgt_compile_schema(struct hgt_compiler *c, struct hgt_schema_slot *slot);

/* compile_data.c: parts of the image; they return where the part begins, 0 once memory has run out. */
uint32_t hgt_compile_here(struct hgt_compiler *c);
void hgt_compile_word(struct hgt_compiler *c, uint32_t word);
void hgt_compile_set(struct hgt_compiler *c, uint32_t at, uint32_t word);
uint32_t hgt_compile_string(struct hgt_compiler *c, const char *text, size_t len);
uint32_t hgt_compile_number(struct hgt_compiler *c, const struct hgt_node *node);
int hgt_compile_value(struct hgt_compiler *c, const struct hgt_schema_resource *resource,
	const struct hgt_node *node, uint32_t *at);
int hgt_compile_pattern(struct hgt_compiler *c, const struct hgt_schema_resource *resource,
	const struct hgt_node *node, uint32_t *index);

#endif
