/* Making one schema's ops: what both halves of the work share. Private to lib/schema. */
#ifndef HEADGATE_SCHEMA_COMPILE_EMIT_H
#define HEADGATE_SCHEMA_COMPILE_EMIT_H

#include "schema/compiler.h"

/* The schema that is being made. */
struct hgt_emit {
	struct hgt_compiler *c;
	struct hgt_schema_slot *slot;
	const struct hgt_node *node;
	struct hgt_schema_resource *resource;
	enum hgt_draft draft;
	struct {
		uint32_t code, arg;
	} ops[2 * HGT_OP_COUNT];
	uint32_t n, flags;
};

/* Stop at the first that fails. */
#define TRY(call) \
	do { \
		int tried = (call); \
		if (tried) \
			return tried; \
	} while (0)

/* compile_emit.c */
void hgt_emit_op(struct hgt_emit *m, enum hgt_schema_op code, uint32_t arg);

/* The keyword's value, or NULL. */
const struct hgt_node *hgt_emit_get(const struct hgt_emit *m, const char *keyword);

/* The same, told when it is of the wrong type. */
int hgt_emit_get_typed(const struct hgt_emit *m, const char *keyword, enum hgt_node_type type,
	const struct hgt_node **out);

/* A count: a whole number, not below 0; one beyond 32 bits is as good as the largest. */
int hgt_emit_read_count(const struct hgt_emit *m, const char *keyword, const struct hgt_node *value, uint32_t *out);

/* Put the strings of an array into the image: they have to be there before the words that name them begin. */
void hgt_emit_prepare_names(const struct hgt_emit *m, const struct hgt_node *names);

/* Add a word for each, counted in *n; `beside` (a string, or 0) goes before each. */
int hgt_emit_names(const struct hgt_emit *m, const struct hgt_node *names, uint32_t beside, uint32_t *n);

/* compile_apply.c: the keywords with schemas in them, and the two that ask for what those have left. */
int hgt_emit_applicators(struct hgt_emit *m);
int hgt_emit_unevaluated(struct hgt_emit *m);
int hgt_emit_needs(struct hgt_emit *m, const char *keyword);

/* compile_kubernetes.c: what Kubernetes' dialects add. Nothing, or false, for other drafts. */
int hgt_emit_kubernetes_type(struct hgt_emit *m, uint32_t types);
int hgt_emit_kubernetes(struct hgt_emit *m);
bool hgt_emit_is_set(const struct hgt_emit *m);

/* Put the members that get a value when they are missing into an empty map, which the caller releases. 0 or HGT_ENOMEM. */
int hgt_emit_defaults(const struct hgt_emit *m, struct hgt_map *out);

/* The properties with those that nobody has to state, or what is given: an arena's or the schema's own. */
int hgt_emit_all_properties(const struct hgt_emit *m, const struct hgt_node **properties);

/* What is said of members that no other keyword speaks of, when the schema itself does not say it: a schema, or NULL for nothing. */
const struct hgt_node *hgt_emit_closing(const struct hgt_emit *m, const struct hgt_node *properties);

#endif
