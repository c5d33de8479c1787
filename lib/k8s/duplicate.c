/*
 * k8s/duplicate-resource: one resource stated twice where both would be applied.
 *
 * Kustomize trees repeat a resource on purpose: the base has it, each overlay patches it, each environment has
 * its own. So two files are compared only within one folder, and only where both state a whole resource: not a
 * patch, not a test's fixture.
 */
#include "base/escape.h"
#include "base/map.h"
#include "k8s/k8s.h"

static const char rule[] = "k8s/duplicate-resource";

/* A resource of one folder. */
struct resource {
	size_t last_file;	/* the number of the file that stated it last, and where */
	uint32_t last_line;
	const char *whole_path;	/* the first that stated it whole, or NULL */
	uint32_t whole_line;
};

struct hgt_duplicates {
	struct hgt_arena arena;
	struct hgt_map resources;	/* by identity */
};

struct hgt_duplicates *hgt_duplicates_new(void)
{
	return calloc(1, sizeof(struct hgt_duplicates));
}

void hgt_duplicates_free(struct hgt_duplicates *duplicates)
{
	if (!duplicates)
		return;
	hgt_map_release(&duplicates->resources);
	hgt_arena_release(&duplicates->arena);
	free(duplicates);
}

static size_t folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

/* Names of files and folders whose resources are not all applied together. */
bool hgt_k8s_is_set_apart(const char *path)
{
	static const char *const folders[] = {"patches", "test", "tests", "testdata", "examples", "samples", "fixtures"};
	const char *slash = strrchr(path, '/');

	if (strstr(slash ? slash : path, "patch"))
		return true;
	for (const char *part = path; (slash = strchr(part, '/')); part = slash + 1)
		for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
			if (strlen(folders[i]) == (size_t)(slash - part) && memcmp(folders[i], part, strlen(folders[i])) == 0)
				return true;
	return false;
}

/* Whether a resource has what its kind cannot do without; a strategic merge patch, which has apiVersion,
 * kind and name too, hardly ever does. */
bool hgt_k8s_is_whole(const struct hgt_node *object, const struct hgt_gvk *gvk)
{
	static const struct {
		const char *kind, *any_of[3];
	} needs[] = {
		{"Deployment", {"selector"}},
		{"StatefulSet", {"selector"}},
		{"DaemonSet", {"selector"}},
		{"ReplicaSet", {"selector"}},
		{"CronJob", {"schedule"}},
		{"Service", {"ports", "externalName"}},
		{"Ingress", {"rules", "defaultBackend"}},
		{"HorizontalPodAutoscaler", {"scaleTargetRef"}},
	};
	const struct hgt_node *spec = hgt_node_get(object, "spec");

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (strcmp(needs[i].kind, gvk->kind) != 0 || !hgt_k8s_group_is_native(gvk))
			continue;
		for (size_t j = 0; j < 3 && needs[i].any_of[j]; j++)
			if (hgt_node_get(spec, needs[i].any_of[j]))
				return true;
		return false;
	}
	return true;
}

static void tell(struct hgt_subject *s, const struct hgt_gvk *gvk, const struct hgt_node *name, const char *path,
	uint32_t line)
{
	const char *namespace = hgt_node_get_string(hgt_node_get(s->object, "metadata"), "namespace");
	struct hgt_buf where = HGT_BUF_INIT;

	if (namespace)
		hgt_buf_addf(&where, " of namespace %s", hgt_quote(namespace));
	hgt_buf_adds(&where, " is already in ");
	if (strcmp(path, s->path) == 0)
		hgt_buf_adds(&where, "this file");
	else
		hgt_escape_str(&where, path);
	if (where.failed)
		hgt_engine_fail(s->engine);
	else
		hgt_tell(s, rule, hgt_span_of(name), "/metadata/name", "remove one of the two, or give it another name",
			"%s %s%s, line %u", hgt_word(gvk->kind), hgt_quote(name->text), where.data, line);
	hgt_buf_release(&where);
}

/* The record of the resource, made when there is none; NULL when memory runs out. */
static struct resource *resource_of(struct hgt_duplicates *d, const struct hgt_buf *identity)
{
	struct resource *resource = hgt_map_get(&d->resources, identity->data, identity->len);
	const char *key;

	if (resource)
		return resource;
	key = hgt_arena_strndup(&d->arena, identity->data, identity->len);
	resource = hgt_arena_alloc(&d->arena, sizeof(*resource));
	if (!key || !resource || hgt_map_put(&d->resources, key, identity->len, resource, NULL) < 0)
		return NULL;
	return resource;
}

/* Compare with what is known, then make it known. A file that is judged twice is no duplicate of itself. */
static int note(struct hgt_subject *s, const struct hgt_gvk *gvk, const struct hgt_node *name, struct resource *resource)
{
	bool whole = !hgt_k8s_is_set_apart(s->path) && hgt_k8s_is_whole(s->object, gvk);

	if (resource->last_file == s->file)
		tell(s, gvk, name, s->path, resource->last_line);
	else if (whole && resource->whole_path && strcmp(resource->whole_path, s->path) != 0)
		tell(s, gvk, name, resource->whole_path, resource->whole_line);
	if (whole && !resource->whole_path) {
		resource->whole_path = hgt_arena_strndup(&s->duplicates->arena, s->path, strlen(s->path));
		if (!resource->whole_path)
			return HGT_ENOMEM;
		resource->whole_line = name->line;
	}
	resource->last_file = s->file;
	resource->last_line = name->line;
	return 0;
}

void hgt_check_k8s_duplicate(struct hgt_subject *s)
{
	const struct hgt_node *metadata = hgt_node_get(s->object, "metadata");
	const struct hgt_node *name = hgt_node_get(metadata, "name");
	const char *namespace = hgt_node_get_string(metadata, "namespace");
	struct hgt_buf identity = HGT_BUF_INIT;
	struct resource *resource;
	struct hgt_gvk gvk;

	/* Encrypted names say nothing. */
	if (!hgt_k8s_gvk(s->object, &gvk) || !name || name->type != HGT_NODE_STRING || !name->len ||
		strstr(name->text, "ENC["))
		return;
	hgt_buf_add(&identity, s->path, folder_len(s->path));
	hgt_buf_addc(&identity, '\0');
	hgt_buf_add(&identity, gvk.group, gvk.group_len);
	hgt_buf_addc(&identity, '\0');
	hgt_buf_add(&identity, gvk.kind, strlen(gvk.kind) + 1);
	hgt_buf_add(&identity, namespace ? namespace : "", namespace ? strlen(namespace) + 1 : 1);
	hgt_buf_add(&identity, name->text, name->len);
	resource = identity.failed ? NULL : resource_of(s->duplicates, &identity);
	if (!resource || note(s, &gvk, name, resource) < 0)
		hgt_engine_fail(s->engine);
	hgt_buf_release(&identity);
}
