/*
 * What the API server would say of a Kubernetes object: the checks, and what they share. A check of a kind is a function and a row in
 * kinds.c; docs/design.md, "Kubernetes", says how to add one. The subject's object has apiVersion and kind as strings then.
 *
 * A field is a place in the object: the steps to it and the value there, if any. Fields are values on the stack that lead to the one
 * above them, so that a path is only spelled out when there is something to tell:
 *
 *	static void check_deployment(struct hgt_subject *s)
 *	{
 *		struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
 *		struct hgt_field replicas = hgt_field_get(&spec, "replicas");
 *		int64_t n;
 *
 *		if (hgt_field_int(&replicas, &n) && n < 0)
 *			hgt_tell_field(s, "k8s/range", &replicas, "scale to 0 to stop it", "must be 0 or more, is %" PRId64, n);
 *	}
 *
 * which says "spec.replicas: must be 0 or more, is -1" at the value's line and column.
 *
 * What has the wrong type is the schema's business (schema/type): a check passes over it. What has something to be filled in later
 * (hgt_k8s_has_placeholder) cannot be judged, and hgt_field_string gives none.
 */
#ifndef HEADGATE_K8S_K8S_H
#define HEADGATE_K8S_K8S_H

#include <inttypes.h>

#include "check/check.h"

struct hgt_field {
	const struct hgt_field *up;	/* NULL for the object itself */
	const char *name;		/* of a member; NULL for an item */
	size_t index;			/* of an item */
	const struct hgt_node *key;	/* of a member that is there */
	const struct hgt_node *node;	/* NULL when it is not there or null, which Kubernetes takes for the same */
};

struct hgt_field hgt_field_root(const struct hgt_subject *subject);

/* A member; there or not. `up` must outlive it. */
struct hgt_field hgt_field_find(const struct hgt_field *up, const char *name, size_t len);
static inline struct hgt_field hgt_field_get(const struct hgt_field *up, const char *name)
{
	return hgt_field_find(up, name, strlen(name));
}

/* The number of items of an array, 0 for anything else, and the i-th. */
size_t hgt_field_count(const struct hgt_field *field);
struct hgt_field hgt_field_item(const struct hgt_field *up, size_t i);

/* The number of members of an object, 0 for anything else, and the i-th in the order of the text; of one that is overridden by a later
 * one `key` is NULL. */
size_t hgt_field_members(const struct hgt_field *field);
struct hgt_field hgt_field_member(const struct hgt_field *up, size_t i);

static inline bool hgt_field_is_set(const struct hgt_field *field)
{
	return field->node;
}

/* The value when it is of that type, else NULL or false. A string with a placeholder is none. */
const char *hgt_field_string(const struct hgt_field *field);
bool hgt_field_int(const struct hgt_field *field, int64_t *out);
bool hgt_field_bool(const struct hgt_field *field, bool *out);
bool hgt_field_is_map(const struct hgt_field *field);

/* Whether it is that string. */
bool hgt_field_equals(const struct hgt_field *field, const char *text);

/* "spec.ports[0].name"; a member with other letters than a field's name has stands in brackets: metadata.labels["a/b"]. */
void hgt_field_path(const struct hgt_field *field, struct hgt_buf *out);

/*
 * Add a finding: its message is the path and ": " and what is given. It marks the value; where that is missing, the nearest value
 * above that is there. Outside text among the arguments must have been through hgt_quote; hint may be NULL.
 */
void hgt_tell_field(struct hgt_subject *subject, const char *rule, const struct hgt_field *field, const char *hint,
	const char *fmt, ...) HGT_PRINTF(5, 6);

/* The same, with the key marked: for a member that should not be there or is misnamed. */
void hgt_tell_key(struct hgt_subject *subject, const char *rule, const struct hgt_field *field, const char *hint,
	const char *fmt, ...) HGT_PRINTF(5, 6);

/* The same, with the byte at `at` of a string marked. */
void hgt_tell_field_at(struct hgt_subject *subject, const char *rule, const struct hgt_field *field, size_t at, const char *hint,
	const char *fmt, ...) HGT_PRINTF(6, 7);

/* The checks of every object, rows of the table in check/checks.c. */
void hgt_check_k8s_type_meta(struct hgt_subject *subject);
void hgt_check_k8s_name(struct hgt_subject *subject);
void hgt_check_k8s_duplicate(struct hgt_subject *subject);
void hgt_check_k8s_schema(struct hgt_subject *subject);
void hgt_tell_unknown_kind(struct hgt_subject *subject, const struct hgt_gvk *gvk);	/* unknown_kind.c */
void hgt_check_k8s_kind(struct hgt_subject *subject);	/* kinds.c: those of its kind */

void hgt_check_k8s_api(struct hgt_subject *subject);	/* deprecated.c: whether a cluster serves it */
void hgt_check_k8s_deprecated_fields(struct hgt_subject *subject);	/* deprecated_field.c */
void hgt_check_k8s_transition(struct hgt_subject *subject);	/* transition.c: against what it was */

/* duplicate.c: whether the name of a file or of a folder above it says that its objects are patches, tests or examples; whether an
 * object has what its kind cannot do without, which a patch of it hardly ever has. */
bool hgt_k8s_is_set_apart(const char *path);
bool hgt_k8s_is_whole(const struct hgt_node *object, const struct hgt_gvk *gvk);

#endif
