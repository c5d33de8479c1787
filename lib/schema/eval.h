/* The evaluator's inside. Private to lib/schema. Keyword functions return 1 (fits), 0 (does not, which is told) or HGT_E*. */
#ifndef HEADGATE_SCHEMA_EVAL_H
#define HEADGATE_SCHEMA_EVAL_H

#include "schema/evaluate.h"
#include "schema/number.h"
#include "schema/pattern.h"

#define HGT_NO_MARKS SIZE_MAX

struct hgt_evaluator {
	const struct hgt_image *image;
	struct hgt_evaluate_options options;
	struct hgt_image_checked checked;
	struct hgt_pattern **patterns;	/* of the image, each made when first used */
	/* Which children of values have been evaluated: a stack of bit sets. */
	uint64_t *marks;
	size_t n_marks, marks_cap;
	/* Of one run. */
	uint64_t work;			/* that is left */
	size_t findings;		/* that may yet be told */
	hgt_schema_finding_cb tell;
	void *user;
	struct hgt_error *err;
	const char *missing;		/* to be told next */
	struct hgt_buf message, pointer, location;
};

/* Where in the document. */
struct hgt_place {
	const struct hgt_place *up;		/* NULL at the root */
	const struct hgt_node *node;		/* the value */
	const struct hgt_node *told;		/* the one to tell about: the value, or the key that it is the text of */
	const struct hgt_node *key;		/* under which it is in a map, or NULL: then `index` counts */
	size_t index;
};

/* A schema that is being applied to a value, and those whose keywords led here: the dynamic scope. */
struct hgt_scope {
	const struct hgt_scope *up;
	const struct hgt_place *place;
	uint32_t schema, resource;
	unsigned depth;				/* number of scopes */
	unsigned here;				/* of them, those of this value without a step down */
	size_t marks;				/* where in marks the value's children are, or HGT_NO_MARKS */
	bool quiet;				/* nothing is told */
};

typedef int (*hgt_eval_cb)(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);

/* Apply a schema to the scope's own value. */
int hgt_eval_here(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t schema, size_t marks, bool quiet);

/* Apply a schema to a child of the scope's value. */
int hgt_eval_member(struct hgt_evaluator *e, const struct hgt_scope *s, const struct hgt_pair *pair,
	uint32_t schema, bool quiet);
int hgt_eval_item(struct hgt_evaluator *e, const struct hgt_scope *s, size_t index, uint32_t schema, bool quiet);
int hgt_eval_name(struct hgt_evaluator *e, const struct hgt_scope *s, const struct hgt_node *key, uint32_t schema);

/* Whether a schema is `false`, so that it can be told in words that fit the place: 1, 0, or HGT_ECORRUPT. */
int hgt_eval_is_false(struct hgt_evaluator *e, uint32_t schema);

/* The scope's schema's flags. */
uint32_t hgt_eval_flags(const struct hgt_evaluator *e, const struct hgt_scope *s);

/* eval_kubernetes.c: whether a value that is there counts as missing: 1, 0, HGT_E*. */
int hgt_eval_is_none(struct hgt_evaluator *e, const struct hgt_scope *s, const struct hgt_pair *pair);

/* eval_kubernetes.c: whether a schema is one of objects that have to have fields, by itself or by what it refers to: 1, 0, HGT_E*. */
int hgt_eval_wants_fields(struct hgt_evaluator *e, uint32_t schema);

/* Take work off what is left: 0 or HGT_ELIMIT. */
int hgt_eval_charge(struct hgt_evaluator *e, uint64_t work);

/* Whether a pattern of the image is in the text. */
int hgt_eval_search(struct hgt_evaluator *e, uint32_t pattern, const char *text, size_t len);

/* Bit sets of a value's children. */
size_t hgt_eval_children(const struct hgt_node *node);
int hgt_eval_push_marks(struct hgt_evaluator *e, size_t children, size_t *marks);
void hgt_eval_pop_marks(struct hgt_evaluator *e, size_t marks);
void hgt_eval_merge_marks(struct hgt_evaluator *e, size_t into, size_t from, size_t children);
void hgt_eval_mark(struct hgt_evaluator *e, const struct hgt_scope *s, size_t child);
void hgt_eval_mark_all(struct hgt_evaluator *e, const struct hgt_scope *s);
bool hgt_eval_is_marked(const struct hgt_evaluator *e, size_t marks, size_t child);

/* Telling: nothing happens in a quiet scope. `message` begins one; `tell` ends it and returns 0 or HGT_ENOMEM. */
struct hgt_buf *hgt_eval_message(struct hgt_evaluator *e, const struct hgt_scope *s);
int hgt_eval_tell(struct hgt_evaluator *e, const struct hgt_scope *s, const char *keyword);
int hgt_eval_tell_member(struct hgt_evaluator *e, const struct hgt_scope *s, const char *keyword,
	const struct hgt_pair *pair);
int hgt_eval_tell_item(struct hgt_evaluator *e, const struct hgt_scope *s, const char *keyword, size_t index);
void hgt_eval_quote(struct hgt_buf *out, const char *text, size_t len);
void hgt_eval_show(struct hgt_buf *out, const struct hgt_node *node);
void hgt_eval_show_value(struct hgt_buf *out, const struct hgt_image *image, uint32_t value);
void hgt_eval_show_types(struct hgt_buf *out, unsigned types);

/* Types and equality. */
unsigned hgt_eval_types(const struct hgt_node *node);
bool hgt_eval_is_type(const struct hgt_node *node, unsigned types);
int hgt_eval_equals_value(struct hgt_evaluator *e, const struct hgt_node *node, uint32_t value);
int hgt_eval_equals(struct hgt_evaluator *e, const struct hgt_node *a, const struct hgt_node *b);
/* Takes its work off without saying so. */
uint64_t hgt_eval_hash(struct hgt_evaluator *e, const struct hgt_node *node);

/* Items of an array by hash, equal ones in their order. */
struct hgt_hashed {
	uint64_t hash;
	size_t index;
};
void hgt_eval_order_hashed(struct hgt_hashed *items, size_t n);
size_t hgt_eval_count_members(const struct hgt_node *map);
const struct hgt_pair *hgt_eval_find_member(const struct hgt_node *map, const char *name, size_t len);

/* The keywords. */
int hgt_eval_false(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_type(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_const(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_enum(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_minimum(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_exclusive_minimum(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_maximum(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_exclusive_maximum(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_multiple_of(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_min_length(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_max_length(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_pattern(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_format(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_required(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_dependent_required(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_union(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_list_map(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_min_properties(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_max_properties(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_property_names(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_members(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_unevaluated_properties(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_min_items(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_max_items(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_unique_items(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_items(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_contains(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_unevaluated_items(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_ref(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_dynamic_ref(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_all_of(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_any_of(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_one_of(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_not(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_if(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);
int hgt_eval_dependent_schemas(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg);

#endif
