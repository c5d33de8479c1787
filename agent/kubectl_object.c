/* Objects of the kubectl driver by kind and name. */
#include "agent/kubectl_object.h"

#include <stdlib.h>

#include "base/escape.h"
#include "doc/doc.h"

void kubectl_set_release(struct kubectl_set *set)
{
	free(set->items);
	hgt_arena_release(&set->arena);
	*set = (struct kubectl_set)KUBECTL_SET_INIT;
}

static const char *copy(struct kubectl_set *set, const char *text)
{
	return hgt_arena_strndup(&set->arena, text, strlen(text));
}

static int grow(struct kubectl_set *set, struct hgt_error *err)
{
	size_t cap = set->cap ? 2 * set->cap : 32;
	struct kubectl_object **items;

	if (set->n < set->cap)
		return 0;
	if (set->n >= KUBECTL_OBJECTS_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "more than %d objects; split the target", KUBECTL_OBJECTS_MAX);
	items = reallocarray(set->items, cap, sizeof(struct kubectl_object *));
	if (!items)
		return hgt_error_nomem(err);
	set->items = items;
	set->cap = cap < KUBECTL_OBJECTS_MAX ? cap : KUBECTL_OBJECTS_MAX;
	return 0;
}

int kubectl_set_add(struct kubectl_set *set, const struct kubectl_object *object, struct kubectl_object **out,
	struct hgt_error *err)
{
	struct kubectl_object *item;
	int code = grow(set, err);

	if (code < 0)
		return code;
	item = hgt_arena_alloc(&set->arena, sizeof(*item));
	if (!item)
		return hgt_error_nomem(err);
	*item = (struct kubectl_object){copy(set, object->group), copy(set, object->version), copy(set, object->kind),
		copy(set, object->namespace), copy(set, object->name)};
	if (!item->group || !item->version || !item->kind || !item->namespace || !item->name)
		return hgt_error_nomem(err);
	set->items[set->n++] = item;
	if (out)
		*out = item;
	return 0;
}

int kubectl_object_compare(const struct kubectl_object *a, const struct kubectl_object *b)
{
	int order = strcmp(a->group, b->group);

	if (order == 0)
		order = strcmp(a->kind, b->kind);
	if (order == 0)
		order = strcmp(a->namespace, b->namespace);
	return order ? order : strcmp(a->name, b->name);
}

static int by_object(const void *a, const void *b)
{
	return kubectl_object_compare(*(struct kubectl_object *const *)a, *(struct kubectl_object *const *)b);
}

void kubectl_set_sort(struct kubectl_set *set)
{
	if (set->n > 0)
		qsort(set->items, set->n, sizeof(*set->items), by_object);
}

struct kubectl_object *kubectl_set_find(const struct kubectl_set *set, const struct kubectl_object *object)
{
	struct kubectl_object *const *found = NULL;

	if (set->n > 0)
		found = bsearch(&object, set->items, set->n, sizeof(*set->items), by_object);
	return found ? *found : NULL;
}

int kubectl_object_split(const char *api_version, struct hgt_arena *arena, struct kubectl_object *out, struct hgt_error *err)
{
	const char *slash = strchr(api_version, '/');

	out->group = slash ? hgt_arena_strndup(arena, api_version, (size_t)(slash - api_version)) : "";
	out->version = slash ? slash + 1 : api_version;
	if (!out->group)
		return hgt_error_nomem(err);
	return *out->version && !strchr(out->version, '/') ? 0 : hgt_error_set(err, HGT_EPARSE, "\"%s\" is no apiVersion", api_version);
}

/* A text that is one: no NUL, which would make two names look like one. */
static const char *text_of(const struct hgt_node *map, const char *key)
{
	const struct hgt_node *node = hgt_node_get(map, key);

	return node && node->type == HGT_NODE_STRING && node->len > 0 && strlen(node->text) == node->len ? node->text : NULL;
}

int kubectl_object_read(const struct hgt_node *root, struct hgt_arena *arena, struct kubectl_object *out, struct hgt_error *err)
{
	const struct hgt_node *metadata = hgt_node_get(root, "metadata");
	const char *version = text_of(root, "apiVersion"), *kind = text_of(root, "kind"), *name = text_of(metadata, "name");
	const char *namespace = text_of(metadata, "namespace");
	struct kubectl_object object = {.kind = kind, .namespace = namespace ? namespace : "", .name = name};
	int code;

	if (!version || !kind)
		return hgt_error_set(err, HGT_EPARSE, "an object without %s", version ? "kind" : "apiVersion");
	if (!name)
		return hgt_error_set(err, HGT_EPARSE, "a %s without a name%s", kind, text_of(metadata, "generateName") ?
			": what has a generateName is another object each time, and cannot be applied" : "");
	code = kubectl_object_split(version, arena, &object, err);
	if (code == 0)
		*out = object;
	else if (code == HGT_EPARSE)
		hgt_error_prefix(err, "%s %s", kind, name);
	return code;
}

bool kubectl_object_is_namespace(const struct kubectl_object *o)
{
	return strcmp(o->kind, "Namespace") == 0 && !*o->group;
}

bool kubectl_object_is_crd(const struct kubectl_object *o)
{
	return strcmp(o->kind, "CustomResourceDefinition") == 0 && strcmp(o->group, "apiextensions.k8s.io") == 0;
}

void kubectl_object_write(const struct kubectl_object *o, struct hgt_buf *out)
{
	struct hgt_buf text = HGT_BUF_INIT;

	hgt_buf_addf(&text, "%s%s%s/%s %s%s%s", o->group, *o->group ? "/" : "", o->version, o->kind, o->namespace,
		*o->namespace ? "/" : "", o->name);
	hgt_escape_text(out, text.data, text.len);
	out->failed |= text.failed;
	hgt_buf_release(&text);
}

void kubectl_object_write_type(const struct kubectl_object *o, struct hgt_buf *out)
{
	/* Behind the version there is a dot in any case: "ConfigMap.v1" could be a group. */
	hgt_buf_addf(out, "%s.%s.%s", o->kind, o->version, o->group);
}
