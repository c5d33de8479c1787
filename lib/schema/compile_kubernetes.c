/*
 * What Kubernetes' dialects add to OpenAPI 3.0's Schema Object. Source: k8s.io/apiextensions-apiserver pkg/apis/apiextensions/v1
 * types_jsonschema.go and pkg/apiserver/schema; "Extend the Kubernetes API with CustomResourceDefinitions", "Specifying a structural
 * schema". x-headgate-one-of is ours: the unions of native kinds, which their OpenAPI does not tell.
 */
#include "schema/compile_emit.h"
#include "schema/format.h"

#define OBJECT_META "urn:headgate:object-meta#/definitions/"

static bool is_true(const struct hgt_emit *m, const char *keyword)
{
	bool value = false;

	return hgt_node_get_bool(m->node, keyword, &value) && value;
}

static bool is_object(const struct hgt_emit *m)
{
	const char *type = hgt_node_get_string(m->node, "type");

	return type && strcmp(type, "object") == 0;
}

/* Whether apiVersion, kind and metadata are members without being stated. */
static bool is_resource(const struct hgt_emit *m)
{
	bool root = m->node == m->resource->root && !m->slot->partial;

	return m->draft == HGT_DRAFT_STRUCTURAL && (root || is_true(m, "x-kubernetes-embedded-resource"));
}

int hgt_emit_kubernetes_type(struct hgt_emit *m, uint32_t types)
{
	if (!types && is_true(m, "x-kubernetes-int-or-string"))
		types = HGT_TYPE_INTEGER | HGT_TYPE_STRING;
	if (!types)
		return 0;
	if (is_true(m, "nullable"))
		types |= HGT_TYPE_NULL;
	if (m->draft == HGT_DRAFT_KUBERNETES)
		types |= HGT_TYPE_SILENT_NULL;
	hgt_emit_op(m, HGT_OP_TYPE, types);
	return 0;
}

bool hgt_emit_is_set(const struct hgt_emit *m)
{
	const char *type = m->draft == HGT_DRAFT_STRUCTURAL ? hgt_node_get_string(m->node, "x-kubernetes-list-type") : NULL;

	return type && strcmp(type, "set") == 0;
}

/* The keys of a list that is a map. Of native kinds the server only asks for it in a few places, whose constraints say so. */
static int emit_list_map(struct hgt_emit *m)
{
	bool map = m->draft == HGT_DRAFT_STRUCTURAL ? hgt_emit_get(m, "x-kubernetes-list-type") &&
		strcmp(hgt_emit_get(m, "x-kubernetes-list-type")->text, "map") == 0 : is_true(m, "x-headgate-unique-keys");
	const struct hgt_node *keys;
	uint32_t at, n = 0;

	TRY(hgt_emit_get_typed(m, "x-kubernetes-list-map-keys", HGT_NODE_SEQ, &keys));
	if (!map || !keys || !keys->v.seq.n)
		return 0;
	hgt_emit_prepare_names(m, keys);
	at = hgt_compile_here(m->c);
	hgt_compile_word(m->c, 0);
	TRY(hgt_emit_names(m, keys, 0, &n));
	hgt_compile_set(m->c, at, n);
	hgt_emit_op(m, HGT_OP_LIST_MAP, at);
	return 0;
}

/* x-headgate-one-of: {fields: [a, b], required: true} */
static int emit_union(struct hgt_emit *m)
{
	const struct hgt_node *value, *fields;
	bool required = false;
	uint32_t at, n = 0;

	TRY(hgt_emit_get_typed(m, "x-headgate-one-of", HGT_NODE_MAP, &value));
	fields = hgt_node_get(value, "fields");
	if (!value)
		return 0;
	if (!fields || fields->type != HGT_NODE_SEQ)
		return hgt_compile_wrong(m->c, m->resource, value, HGT_EPARSE, "x-headgate-one-of has to have fields, an array");
	hgt_node_get_bool(value, "required", &required);
	hgt_emit_prepare_names(m, fields);
	at = hgt_compile_here(m->c);
	hgt_compile_word(m->c, required);
	hgt_compile_word(m->c, 0);
	TRY(hgt_emit_names(m, fields, 0, &n));
	hgt_compile_set(m->c, at + 4, n);
	hgt_emit_op(m, HGT_OP_UNION, at);
	return 0;
}

/* An object inside another has to say what it is. */
static int emit_embedded(struct hgt_emit *m)
{
	uint32_t api_version, kind, at;

	if (m->draft != HGT_DRAFT_STRUCTURAL || !is_true(m, "x-kubernetes-embedded-resource") || hgt_emit_get(m, "required"))
		return 0;
	api_version = hgt_compile_string(m->c, "apiVersion", 10);
	kind = hgt_compile_string(m->c, "kind", 4);
	at = hgt_compile_here(m->c);
	hgt_compile_word(m->c, 2);
	hgt_compile_word(m->c, api_version);
	hgt_compile_word(m->c, kind);
	hgt_emit_op(m, HGT_OP_REQUIRED, at);
	return 0;
}

int hgt_emit_kubernetes(struct hgt_emit *m)
{
	const struct hgt_node *least = hgt_emit_get(m, "minLength");

	m->flags |= HGT_IMG_NULL_IS_NONE;
	if (m->draft == HGT_DRAFT_KUBERNETES)
		m->flags |= HGT_IMG_EMPTY_IS_NONE;
	if (is_true(m, "nullable"))
		m->flags |= HGT_IMG_NULLABLE;
	if (least && least->type == HGT_NODE_INT && !least->v.integer)
		m->flags |= HGT_IMG_EMPTY_COUNTS;
	TRY(emit_list_map(m));
	TRY(emit_union(m));
	return emit_embedded(m);
}

int hgt_emit_defaults(const struct hgt_emit *m, struct hgt_map *out)
{
	const struct hgt_node *properties = hgt_emit_get(m, "properties");

	if (m->draft != HGT_DRAFT_STRUCTURAL || !properties || properties->type != HGT_NODE_MAP)
		return 0;
	for (size_t i = 0; i < properties->v.map.n; i++) {
		const struct hgt_pair *pair = &properties->v.map.pairs[i];

		if (pair->overridden || !hgt_node_get(pair->value, "default"))
			continue;
		if (hgt_map_put(out, pair->key->text, pair->key->len, (void *)(uintptr_t)pair, NULL) < 0)
			return hgt_error_nomem(m->c->err);
	}
	return 0;
}

static struct hgt_node *new_node(struct hgt_compiler *c, enum hgt_node_type type, const char *text)
{
	struct hgt_node *node = hgt_arena_alloc(&c->arena, sizeof(*node));

	if (node)
		*node = (struct hgt_node){.type = type, .text = text, .len = strlen(text)};
	return node;
}

/* {"$ref": reference, "allOf": [beside]}; the second only where there is something beside. */
static const struct hgt_node *new_reference(struct hgt_compiler *c, const char *reference, const struct hgt_node *beside)
{
	struct hgt_node *map = new_node(c, HGT_NODE_MAP, ""), *list = new_node(c, HGT_NODE_SEQ, "");
	struct hgt_pair *pairs = hgt_arena_array(&c->arena, 2, sizeof(*pairs));
	const struct hgt_node **items = hgt_arena_alloc(&c->arena, sizeof(struct hgt_node *));
	struct hgt_node *key = new_node(c, HGT_NODE_STRING, "$ref"), *all = new_node(c, HGT_NODE_STRING, "allOf"),
		*value = new_node(c, HGT_NODE_STRING, reference);

	if (!map || !list || !pairs || !items || !key || !all || !value)
		return NULL;
	items[0] = beside;
	list->v.seq.items = items;
	list->v.seq.n = 1;
	pairs[0] = (struct hgt_pair){.key = key, .value = value};
	pairs[1] = (struct hgt_pair){.key = all, .value = list};
	map->v.map.pairs = pairs;
	map->v.map.n = beside ? 2 : 1;
	return map;
}

int hgt_emit_all_properties(const struct hgt_emit *m, const struct hgt_node **properties)
{
	static const char *const implied[][2] = {
		{"apiVersion", OBJECT_META "apiVersion"}, {"kind", OBJECT_META "kind"}, {"metadata", OBJECT_META "ObjectMeta"},
	};
	enum { IMPLIED = sizeof(implied) / sizeof(implied[0]) };
	const struct hgt_node *given = *properties;
	size_t n = 0, all = given ? given->v.map.n : 0;
	struct hgt_pair *pairs;
	struct hgt_node *map;

	if (!is_resource(m))
		return 0;
	map = new_node(m->c, HGT_NODE_MAP, "");
	pairs = hgt_arena_array(&m->c->arena, all + IMPLIED, sizeof(*pairs));
	if (!map || !pairs)
		return hgt_error_nomem(m->c->err);
	for (size_t i = 0; i < all; i++) {
		bool replaced = given->v.map.pairs[i].overridden;

		for (size_t k = 0; k < IMPLIED; k++)
			replaced |= strcmp(given->v.map.pairs[i].key->text, implied[k][0]) == 0;
		if (!replaced)
			pairs[n++] = given->v.map.pairs[i];
	}
	for (size_t k = 0; k < IMPLIED; k++, n++) {
		pairs[n] = (struct hgt_pair){.key = new_node(m->c, HGT_NODE_STRING, implied[k][0]),
			.value = new_reference(m->c, implied[k][1], hgt_node_get(given, implied[k][0]))};
		if (!pairs[n].key || !pairs[n].value)
			return hgt_error_nomem(m->c->err);
	}
	map->v.map.pairs = pairs;
	map->v.map.n = n;
	*properties = map;
	return 0;
}

const struct hgt_node *hgt_emit_closing(const struct hgt_emit *m, const struct hgt_node *properties)
{
	static const struct hgt_node nothing = {.type = HGT_NODE_BOOL, .text = "false", .len = 5};
	bool whole = properties || (m->draft == HGT_DRAFT_STRUCTURAL && is_object(m));

	return m->draft < HGT_DRAFT_4 && whole && !m->slot->partial && !is_true(m, "x-kubernetes-preserve-unknown-fields")
		? &nothing : NULL;
}

enum hgt_format hgt_format_find_structural(const char *name, size_t len)
{
	/* What the server asks of them as it is asked here; the others it knows are left to it. */
	static const char *const formats[][2] = {
		{"byte", "byte"}, {"cidr", "cidr"}, {"date", "date"}, {"date-time", "date-time"}, {"duration", "k8s-duration"},
		{"email", "email"}, {"hostname", "hostname"}, {"int32", "int32"}, {"int64", "int64"}, {"ipv4", "ipv4"},
		{"ipv6", "ipv6"}, {"uuid", "uuid"},
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strlen(formats[i][0]) == len && memcmp(formats[i][0], name, len) == 0)
			return hgt_format_find(formats[i][1], strlen(formats[i][1]));
	return HGT_FORMAT_UNKNOWN;
}
