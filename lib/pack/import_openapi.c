/*
 * OpenAPI documents: v2 (definitions), v3 (components.schemas), and the facts of contrib/schemas, which are v2's definitions alone.
 *
 * Which definitions are kinds is told by x-kubernetes-group-version-kind, and by the paths: what can be posted to a collection
 * can be in a manifest. Lists, options and subresources cannot. The path has the scope too.
 */
#include "doc/patch.h"
#include "pack/importer.h"

#define GVK "x-kubernetes-group-version-kind"

/* Of a document: what its paths say. */
struct paths {
	bool any;
	struct hgt_map scopes;	/* "group/version/kind" -> flags, as a number that is not 0 */
};

bool hgt_import_gvk(const struct hgt_node *schema, const char **group, const char **version, const char **kind)
{
	const struct hgt_node *gvk = hgt_node_get(schema, GVK);

	if (gvk && gvk->type == HGT_NODE_SEQ)
		gvk = gvk->v.seq.n == 1 ? gvk->v.seq.items[0] : NULL;
	*group = hgt_node_get_string(gvk, "group");
	*version = hgt_node_get_string(gvk, "version");
	*kind = hgt_node_get_string(gvk, "kind");
	return *group && *version && *kind;
}

static int read_path(struct hgt_importer *importer, struct paths *paths, const char *path, const struct hgt_node *item,
	struct hgt_error *err)
{
	const char *group, *version, *kind;
	bool namespaced = strstr(path, "/namespaces/{namespace}/");
	uintptr_t known, flags;
	char *key;

	if (!hgt_import_gvk(hgt_node_get(item, "post"), &group, &version, &kind) || strstr(path, "{name}"))
		return 0;
	key = hgt_import_text(importer, "%s/%s/%s", group, version, kind);
	if (!key)
		return hgt_error_nomem(err);
	known = (uintptr_t)hgt_map_get(&paths->scopes, key, strlen(key));
	flags = known | (namespaced ? HGT_KIND_NAMESPACED : HGT_KIND_CLUSTER);
	return hgt_map_put(&paths->scopes, key, strlen(key), (void *)flags, NULL) < 0 ? hgt_error_nomem(err) : 0;
}

static int read_paths(struct hgt_importer *importer, const struct hgt_node *root, struct paths *paths, struct hgt_error *err)
{
	const struct hgt_node *list = hgt_node_get(root, "paths");
	int code = 0;

	if (!list || list->type != HGT_NODE_MAP || !list->v.map.n)
		return 0;
	paths->any = true;
	for (size_t i = 0; i < list->v.map.n && code == 0; i++)
		code = read_path(importer, paths, list->v.map.pairs[i].key->text, list->v.map.pairs[i].value, err);
	return code;
}

static bool begins(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

static bool ends(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* What a document without paths has that is no kind of a manifest. */
static bool is_protocol(const char *name, const struct hgt_node *schema, const char *kind)
{
	const struct hgt_node *properties = hgt_node_get(schema, "properties");

	return begins(name, "io.k8s.apimachinery.") || (ends(kind, "List") && hgt_node_get(properties, "items")) ||
		!hgt_node_get(properties, "metadata");
}

/* Whether a definition is named as a CustomResourceDefinition's is: its group backwards, version, kind. */
static bool is_custom(const char *name, const char *group, const char *version, const char *kind)
{
	size_t end = strlen(group);

	while (end) {
		size_t begin = end;

		while (begin && group[begin - 1] != '.')
			begin--;
		if (strncmp(name, group + begin, end - begin) != 0 || name[end - begin] != '.')
			return false;
		name += end - begin + 1;
		end = begin ? begin - 1 : 0;
	}
	return begins(name, version) && name[strlen(version)] == '.' && strcmp(name + strlen(version) + 1, kind) == 0;
}

/* The flags of a definition that is a kind; -1 for one that is none. */
static int flags_of(const struct hgt_node *root, const struct paths *paths, const char *name, const struct hgt_node *schema,
	const char *key, const char *kind)
{
	const char *scope = hgt_node_get_string(schema, "x-headgate-scope");
	uintptr_t flags;

	if (hgt_node_get(root, "x-headgate-source"))
		return !scope ? -1 : strcmp(scope, "Cluster") == 0 ? HGT_KIND_CLUSTER : HGT_KIND_NAMESPACED;
	if (!paths->any)
		return is_protocol(name, schema, kind) ? -1 : 0;
	flags = (uintptr_t)hgt_map_get(&paths->scopes, key, strlen(key));
	return flags ? (int)flags : -1;
}

/* A map's members that a patch changes; members of `properties` that are not there stay so. */
static int apply(struct hgt_importer *importer, const struct hgt_node *schema, const struct hgt_node *patch,
	const struct hgt_node **out, struct hgt_error *err)
{
	const struct hgt_node *given = hgt_node_get(schema, "properties"), *wanted = hgt_node_get(patch, "properties");
	struct hgt_node *cut, *known;
	size_t n = 0;

	if (!wanted || wanted->type != HGT_NODE_MAP)
		return hgt_node_merge_patch(&importer->arena, schema, patch, out, err);
	cut = hgt_arena_alloc(&importer->arena, sizeof(*cut));
	known = hgt_arena_alloc(&importer->arena, sizeof(*known));
	if (!cut || !known)
		return hgt_error_nomem(err);
	*known = *wanted;
	*cut = *patch;
	known->v.map.pairs = hgt_arena_array(&importer->arena, wanted->v.map.n + 1, sizeof(struct hgt_pair));
	cut->v.map.pairs = hgt_arena_array(&importer->arena, patch->v.map.n + 1, sizeof(struct hgt_pair));
	if (!known->v.map.pairs || !cut->v.map.pairs)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < wanted->v.map.n; i++)
		if (hgt_node_get(given, wanted->v.map.pairs[i].key->text))
			known->v.map.pairs[n++] = wanted->v.map.pairs[i];
	known->v.map.n = n;
	for (size_t i = 0; i < patch->v.map.n; i++) {
		cut->v.map.pairs[i] = patch->v.map.pairs[i];
		if (cut->v.map.pairs[i].value == wanted)
			cut->v.map.pairs[i].value = known;
	}
	return hgt_node_merge_patch(&importer->arena, schema, cut, out, err);
}

static int constrain(struct hgt_importer *importer, const char *name, const struct hgt_node **schema, struct hgt_error *err)
{
	const struct hgt_import_patch *patch = hgt_map_get(&importer->patches, name, strlen(name));
	int code = 0;

	for (; patch && code == 0; patch = patch->next)
		code = apply(importer, *schema, patch->patch, schema, err);
	return code;
}

/* A quantity is a string or a number: version 2 of OpenAPI cannot say so, version 3 says it by alternatives, which null fits both of. */
static int mend_quantity(struct hgt_importer *importer, const char *name, const struct hgt_node **schema, struct hgt_error *err)
{
	static const struct hgt_node null = {.type = HGT_NODE_NULL, .text = ""};
	struct hgt_import_member members[] = {{"type", NULL}, {"anyOf", &null}, {"oneOf", &null}};
	struct hgt_node *types = hgt_arena_alloc(&importer->arena, sizeof(*types));
	const struct hgt_node *patch;

	if (!ends(name, ".pkg.api.resource.Quantity"))
		return 0;
	if (!types)
		return hgt_error_nomem(err);
	*types = (struct hgt_node){.type = HGT_NODE_SEQ, .text = ""};
	types->v.seq.items = hgt_arena_array(&importer->arena, 2, sizeof(struct hgt_node *));
	if (!types->v.seq.items)
		return hgt_error_nomem(err);
	types->v.seq.items[types->v.seq.n++] = hgt_import_string(importer, "string");
	types->v.seq.items[types->v.seq.n++] = hgt_import_string(importer, "number");
	members[0].value = types;
	patch = types->v.seq.items[0] && types->v.seq.items[1] ?
		hgt_import_map(importer, members, sizeof(members) / sizeof(members[0])) : NULL;
	return patch ? hgt_node_merge_patch(&importer->arena, *schema, patch, schema, err) : hgt_error_nomem(err);
}

/* The metadata of a custom resource is implied; its definition refers to the server's own. */
static int cut_metadata(struct hgt_importer *importer, const struct hgt_node **schema, struct hgt_error *err)
{
	return hgt_import_replace_property(importer, *schema, "metadata", NULL, schema, err);
}

static int add_definition(const struct hgt_import_copy *copy, const struct hgt_node *root, const struct paths *paths,
	const struct hgt_pair *pair, struct hgt_error *err)
{
	struct hgt_importer *importer = copy->importer;
	const char *name = pair->key->text, *group, *version, *kind, *uri, *key;
	const struct hgt_node *schema = pair->value, *copied;
	enum hgt_draft draft = HGT_DRAFT_KUBERNETES;
	int flags = -1, code;

	uri = hgt_import_uri(importer, name, strlen(name));
	if (!uri)
		return hgt_error_nomem(err);
	code = constrain(importer, name, &schema, err);
	if (code == 0)
		code = mend_quantity(importer, name, &schema, err);
	if (code)
		return code;
	if (hgt_import_gvk(schema, &group, &version, &kind)) {
		key = hgt_import_text(importer, "%s/%s/%s", group, version, kind);
		if (!key)
			return hgt_error_nomem(err);
		flags = flags_of(root, paths, name, schema, key, kind);
		if (flags >= 0 && is_custom(name, group, version, kind)) {
			draft = HGT_DRAFT_STRUCTURAL;
			code = cut_metadata(importer, &schema, err);
		}
	}
	if (code == 0)
		code = hgt_import_copy_schema(copy, schema, &copied, err);
	if (code == 0)
		code = hgt_import_add_schema(importer, uri, draft, copied, err);
	if (code || flags < 0)
		return code;
	key = hgt_import_name(importer, copy->where, pair->key, group, version, kind, err);
	return key ? hgt_import_add_kind(importer, copy->where, key, uri, (uint32_t)flags, err) : err->code;
}

int hgt_import_openapi(struct hgt_importer *importer, const char *where, const struct hgt_node *root,
	const struct hgt_node *definitions, const char *prefix, struct hgt_error *err)
{
	struct hgt_import_copy copy = {.importer = importer, .where = where, .prefix = prefix};
	const char *source = hgt_node_get_string(root, "x-headgate-source");
	struct hgt_error room;
	struct paths paths = {0};
	int code;

	if (!err)
		err = &room;
	code = read_paths(importer, root, &paths, err);

	for (size_t i = 0; i < definitions->v.map.n && code == 0; i++)
		if (!definitions->v.map.pairs[i].overridden)
			code = add_definition(&copy, root, &paths, &definitions->v.map.pairs[i], err);
	if (code == 0 && source && !*importer->source && !importer->only_definitions) {
		importer->source = hgt_arena_strndup(&importer->arena, source, strlen(source));
		if (!importer->source) {
			importer->source = "";
			code = hgt_error_nomem(err);
		}
	}
	hgt_map_release(&paths.scopes);
	return code;
}

int hgt_importer_constrain(struct hgt_importer *importer, const char *where, const struct hgt_node *root, struct hgt_error *err)
{
	const struct hgt_node *definitions = hgt_node_get(root, "definitions"), *copy;
	int code;

	if (!definitions || definitions->type != HGT_NODE_MAP)
		return hgt_import_wrong(where, root, HGT_EPARSE, err, "constraints are an object with definitions, an object");
	code = hgt_import_copy_node(importer, definitions, &copy, err);
	for (size_t i = 0; code == 0 && i < copy->v.map.n; i++) {
		const struct hgt_pair *pair = &copy->v.map.pairs[i];
		struct hgt_import_patch *patch = hgt_arena_alloc(&importer->arena, sizeof(*patch)), *last;

		if (pair->value->type != HGT_NODE_MAP)
			return hgt_import_wrong(where, pair->value, HGT_EPARSE, err, "the constraints of a definition are an object");
		if (!patch)
			return hgt_error_nomem(err);
		patch->patch = pair->value;
		last = hgt_map_get(&importer->patches, pair->key->text, pair->key->len);
		while (last && last->next)
			last = last->next;
		if (last)
			last->next = patch;
		else if (hgt_map_put(&importer->patches, pair->key->text, pair->key->len, patch, NULL) < 0)
			code = hgt_error_nomem(err);
	}
	return code;
}
