/*
 * What the API server calls an object: its kind and its name, and sets of them. An object is the same one in every version of its
 * group.
 *
 *	struct kubectl_set set = KUBECTL_SET_INIT;
 *	code = kubectl_set_add(&set, &object, NULL, &err);	(copies)
 *	kubectl_set_sort(&set);					(before kubectl_set_find)
 *	kubectl_set_release(&set);
 */
#ifndef HEADGATE_AGENT_KUBECTL_OBJECT_H
#define HEADGATE_AGENT_KUBECTL_OBJECT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"

struct hgt_node;

struct kubectl_object {
	const char *group, *version;	/* of its apiVersion; the core group is "" */
	const char *kind;
	const char *namespace;		/* "": it is in none, or it is not known in which */
	const char *name;
};

struct kubectl_set {
	struct hgt_arena arena;
	struct kubectl_object **items;
	size_t n, cap;
};

#define KUBECTL_SET_INIT {HGT_ARENA_INIT, NULL, 0, 0}

/* How many objects a set takes: a target of more is refused. */
#define KUBECTL_OBJECTS_MAX 50000

void kubectl_set_release(struct kubectl_set *set);

/* *out (may be NULL) gets the copy. HGT_ELIMIT past KUBECTL_OBJECTS_MAX. */
int kubectl_set_add(struct kubectl_set *set, const struct kubectl_object *object, struct kubectl_object **out,
	struct hgt_error *err)
	HGT_MUST_CHECK;

void kubectl_set_sort(struct kubectl_set *set);

/* The one that is the same object; NULL when there is none. The set is sorted. */
struct kubectl_object *kubectl_set_find(const struct kubectl_set *set, const struct kubectl_object *object);

/* By group, kind, namespace and name. */
int kubectl_object_compare(const struct kubectl_object *a, const struct kubectl_object *b);

/* Read apiVersion, kind and metadata of a manifest; borrows from the node, but for group and version, which are in the arena.
 * HGT_EPARSE says what is missing: a name too, and what has a generateName has none. */
int kubectl_object_read(const struct hgt_node *root, struct hgt_arena *arena, struct kubectl_object *out, struct hgt_error *err)
	HGT_MUST_CHECK;

/* "apps/v1" into group and version; HGT_EPARSE when it is none. */
int kubectl_object_split(const char *api_version, struct hgt_arena *arena, struct kubectl_object *out,
	struct hgt_error *err) HGT_MUST_CHECK;

bool kubectl_object_is_namespace(const struct kubectl_object *object);
bool kubectl_object_is_crd(const struct kubectl_object *object);

/* Append "apps/v1/Deployment default/web", as people read it; "Deployment.v1.apps", as kubectl takes it. */
void kubectl_object_write(const struct kubectl_object *object, struct hgt_buf *out);
void kubectl_object_write_type(const struct kubectl_object *object, struct hgt_buf *out);

#endif
