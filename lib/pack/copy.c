/*
 * Trees copied into the importer's arena. A schema of one of Kubernetes' dialects is copied by its keywords: what says nothing
 * about values (descriptions are most of an OpenAPI document) stays behind, and so does what the compiler would refuse for no
 * good reason.
 */
#include "base/escape.h"
#include "pack/importer.h"
#include "schema/pattern.h"

enum holds {
	VALUE = 1,		/* anything */
	SCHEMA,
	SCHEMAS,		/* an array of them */
	NAMED,			/* an object of them */
	SCHEMA_OR_MORE,		/* a schema or an array of them */
	NAMED_OR_MORE,		/* an object of schemas or arrays */
	BY_PATTERN,		/* an object of them whose keys are patterns */
	PATTERN,
	REFERENCE,
	ANNOTATION,		/* nothing that a value could be held against */
};

/* Every keyword that matters; `native` ones are those of Kubernetes' dialects. */
static const struct {
	const char *name;
	enum holds holds;
	bool native;
} keywords[] = {
	{"$comment", ANNOTATION, false}, {"$defs", NAMED, false}, {"$dynamicRef", REFERENCE, false},
	{"$recursiveRef", REFERENCE, false}, {"$ref", REFERENCE, true}, {"additionalItems", SCHEMA, false},
	{"additionalProperties", SCHEMA, true}, {"allOf", SCHEMAS, true}, {"anyOf", SCHEMAS, true}, {"contains", SCHEMA, false},
	{"default", VALUE, true}, {"definitions", NAMED, false}, {"dependencies", NAMED_OR_MORE, false},
	{"dependentSchemas", NAMED, false}, {"description", ANNOTATION, false}, {"else", SCHEMA, false}, {"enum", VALUE, true},
	{"example", ANNOTATION, false}, {"examples", ANNOTATION, false}, {"exclusiveMaximum", VALUE, true},
	{"exclusiveMinimum", VALUE, true}, {"externalDocs", ANNOTATION, false}, {"format", VALUE, true}, {"if", SCHEMA, false},
	{"items", SCHEMA_OR_MORE, true}, {"maxItems", VALUE, true}, {"maxLength", VALUE, true}, {"maxProperties", VALUE, true},
	{"maximum", VALUE, true}, {"minItems", VALUE, true}, {"minLength", VALUE, true}, {"minProperties", VALUE, true},
	{"minimum", VALUE, true}, {"multipleOf", VALUE, true}, {"not", SCHEMA, true}, {"nullable", VALUE, true},
	{"oneOf", SCHEMAS, true}, {"pattern", PATTERN, true}, {"patternProperties", BY_PATTERN, false},
	{"prefixItems", SCHEMAS, false}, {"properties", NAMED, true}, {"propertyNames", SCHEMA, false}, {"required", VALUE, true},
	{"then", SCHEMA, false}, {"title", ANNOTATION, false}, {"type", VALUE, true}, {"unevaluatedItems", SCHEMA, false},
	{"unevaluatedProperties", SCHEMA, false}, {"uniqueItems", VALUE, true}, {"x-headgate-one-of", VALUE, true},
	{"x-headgate-unique-keys", VALUE, true}, {"x-kubernetes-embedded-resource", VALUE, true},
	{"x-kubernetes-int-or-string", VALUE, true}, {"x-kubernetes-list-map-keys", VALUE, true},
	{"x-kubernetes-list-type", VALUE, true}, {"x-kubernetes-preserve-unknown-fields", VALUE, true},
};

enum { N_KEYWORDS = sizeof(keywords) / sizeof(keywords[0]) };

static enum holds holds_of(const struct hgt_import_copy *copy, const char *name)
{
	for (size_t i = 0; i < N_KEYWORDS; i++)
		if (strcmp(keywords[i].name, name) == 0)
			return copy->plain || keywords[i].native ? keywords[i].holds : ANNOTATION;
	return copy->plain ? VALUE : ANNOTATION;
}

static struct hgt_node *copy_scalar(struct hgt_importer *importer, const struct hgt_node *node)
{
	struct hgt_node *made = hgt_arena_alloc(&importer->arena, sizeof(*made));

	if (!made)
		return NULL;
	*made = *node;
	if (node->len || node->type == HGT_NODE_STRING)
		made->text = hgt_arena_strndup(&importer->arena, node->text, node->len);
	else
		made->text = "";
	return made->text ? made : NULL;
}

/* A map with room for all pairs of another, and none in it. */
static struct hgt_node *empty_like(struct hgt_importer *importer, const struct hgt_node *node)
{
	struct hgt_node *made = hgt_arena_alloc(&importer->arena, sizeof(*made));

	if (!made)
		return NULL;
	*made = *node;
	made->text = "";
	made->len = 0;
	if (node->type == HGT_NODE_MAP) {
		made->v.map.n = 0;
		made->v.map.pairs = hgt_arena_array(&importer->arena, node->v.map.n + 1, sizeof(struct hgt_pair));
		return made->v.map.pairs ? made : NULL;
	}
	made->v.seq.n = 0;
	made->v.seq.items = hgt_arena_array(&importer->arena, node->v.seq.n + 1, sizeof(struct hgt_node *));
	return made->v.seq.items ? made : NULL;
}

static int add_pair(struct hgt_importer *importer, struct hgt_node *map, const struct hgt_node *key,
	const struct hgt_node *value, struct hgt_error *err)
{
	struct hgt_node *copy = copy_scalar(importer, key);

	if (!copy)
		return hgt_error_nomem(err);
	map->v.map.pairs[map->v.map.n++] = (struct hgt_pair){.key = copy, .value = value};
	return 0;
}

int hgt_import_copy_node(struct hgt_importer *importer, const struct hgt_node *node, const struct hgt_node **out,
	struct hgt_error *err)
{
	struct hgt_node *made;
	int code = 0;

	if (node->type != HGT_NODE_MAP && node->type != HGT_NODE_SEQ) {
		*out = copy_scalar(importer, node);
		return *out ? 0 : hgt_error_nomem(err);
	}
	made = empty_like(importer, node);
	if (!made)
		return hgt_error_nomem(err);
	for (size_t i = 0; node->type == HGT_NODE_SEQ && i < node->v.seq.n && code == 0; i++)
		code = hgt_import_copy_node(importer, node->v.seq.items[i], &made->v.seq.items[made->v.seq.n++], err);
	for (size_t i = 0; node->type == HGT_NODE_MAP && i < node->v.map.n && code == 0; i++) {
		const struct hgt_pair *pair = &node->v.map.pairs[i];
		const struct hgt_node *value;

		if (pair->overridden)
			continue;
		code = hgt_import_copy_node(importer, pair->value, &value, err);
		if (code == 0)
			code = add_pair(importer, made, pair->key, value, err);
	}
	*out = made;
	return code;
}

/* Whether PCRE2 takes a pattern; if not, that is told. Negative when memory has run out. */
static int takes_pattern(const struct hgt_import_copy *copy, const struct hgt_node *node, struct hgt_error *err)
{
	struct hgt_importer *importer = copy->importer;
	struct hgt_buf quoted = HGT_BUF_INIT;
	struct hgt_pattern *pattern;
	struct hgt_error why;
	char *key;
	int code;

	if (hgt_map_get(&importer->patterns, node->text, node->len))
		return 1;
	code = hgt_pattern_new(node->text, node->len, &pattern, &why);
	if (code == HGT_ENOMEM)
		return hgt_error_nomem(err);
	if (code) {
		hgt_escape_text(&quoted, node->text, node->len < 200 ? node->len : 200);
		hgt_import_warn(importer, copy->where, node, "the pattern %s is left out: %s", quoted.data, why.message);
		hgt_buf_release(&quoted);
		return 0;
	}
	hgt_pattern_free(pattern);
	key = hgt_arena_strndup(&importer->arena, node->text, node->len);
	if (!key || hgt_map_put(&importer->patterns, key, node->len, key, NULL) < 0)
		return hgt_error_nomem(err);
	return 1;
}

/* A reference to another definition becomes one to its schema. */
static int copy_reference(const struct hgt_import_copy *copy, const struct hgt_node *node, const struct hgt_node **out,
	struct hgt_error *err)
{
	size_t prefix = copy->prefix ? strlen(copy->prefix) : 0;
	const char *name = NULL;
	struct hgt_node *made;

	if (node->type != HGT_NODE_STRING || strlen(node->text) != node->len || *node->text != '#')
		return hgt_import_wrong(copy->where, node, HGT_EUNSUPPORTED, err,
			"a reference has to lead to a schema of the same document, nothing is fetched");
	if (!copy->prefix)
		return hgt_import_copy_node(copy->importer, node, out, err);
	if (strncmp(node->text, copy->prefix, prefix) == 0 && !strchr(node->text + prefix, '/') && !strchr(node->text + prefix, '~'))
		name = node->text + prefix;
	if (!name)
		return hgt_import_wrong(copy->where, node, HGT_EUNSUPPORTED, err, "a reference has to begin with %s and name a definition",
			copy->prefix);
	made = copy_scalar(copy->importer, node);
	if (!made)
		return hgt_error_nomem(err);
	made->text = hgt_import_uri(copy->importer, name, strlen(name));
	if (!made->text)
		return hgt_error_nomem(err);
	made->len = strlen(made->text);
	*out = made;
	return 0;
}

static int copy_schemas(const struct hgt_import_copy *copy, enum holds holds, const struct hgt_node *node,
	const struct hgt_node **out, struct hgt_error *err)
{
	struct hgt_node *made = empty_like(copy->importer, node);
	int code = 0;

	if (!made)
		return hgt_error_nomem(err);
	for (size_t i = 0; node->type == HGT_NODE_SEQ && i < node->v.seq.n && code == 0; i++)
		code = hgt_import_copy_schema(copy, node->v.seq.items[i], &made->v.seq.items[made->v.seq.n++], err);
	for (size_t i = 0; node->type == HGT_NODE_MAP && i < node->v.map.n && code == 0; i++) {
		const struct hgt_pair *pair = &node->v.map.pairs[i];
		const struct hgt_node *value;

		if (pair->overridden)
			continue;
		if (holds == BY_PATTERN) {
			code = takes_pattern(copy, pair->key, err);
			if (code == 0)
				continue;
			code = code > 0 ? 0 : code;
		}
		if (code == 0 && holds == NAMED_OR_MORE && pair->value->type == HGT_NODE_SEQ)
			code = hgt_import_copy_node(copy->importer, pair->value, &value, err);
		else if (code == 0)
			code = hgt_import_copy_schema(copy, pair->value, &value, err);
		if (code == 0)
			code = add_pair(copy->importer, made, pair->key, value, err);
	}
	*out = made;
	return code;
}

/* A keyword's value; *out stays NULL for one that is left out. */
static int copy_keyword(const struct hgt_import_copy *copy, const struct hgt_pair *pair, const struct hgt_node **out,
	struct hgt_error *err)
{
	enum holds holds = holds_of(copy, pair->key->text);
	enum hgt_node_type type = pair->value->type;
	int code;

	switch (holds) {
	case ANNOTATION:
		return 0;
	case PATTERN:
		code = type == HGT_NODE_STRING ? takes_pattern(copy, pair->value, err) : 1;
		return code > 0 ? hgt_import_copy_node(copy->importer, pair->value, out, err) : code;
	case REFERENCE:
		return copy_reference(copy, pair->value, out, err);
	case SCHEMA:
		return hgt_import_copy_schema(copy, pair->value, out, err);
	case SCHEMA_OR_MORE:
		if (type != HGT_NODE_SEQ)
			return hgt_import_copy_schema(copy, pair->value, out, err);
		return copy_schemas(copy, holds, pair->value, out, err);
	case SCHEMAS:
		if (type != HGT_NODE_SEQ)
			break;
		return copy_schemas(copy, holds, pair->value, out, err);
	case NAMED:
	case NAMED_OR_MORE:
	case BY_PATTERN:
		if (type != HGT_NODE_MAP)
			break;
		return copy_schemas(copy, holds, pair->value, out, err);
	case VALUE:
		break;
	}
	return hgt_import_copy_node(copy->importer, pair->value, out, err);
}

/* In OpenAPI v2 it is a string with a format, in v3 one of two with that format; the extension says it best. */
static bool is_int_or_string(const struct hgt_import_copy *copy, const struct hgt_node *node)
{
	const char *format = hgt_node_get_string(node, "format");

	return !copy->plain && format && strcmp(format, "int-or-string") == 0;
}

static bool says_int_or_string(const char *keyword)
{
	static const char *const ways[] = {"type", "format", "oneOf", "anyOf", "x-kubernetes-int-or-string"};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(keyword, ways[i]) == 0)
			return true;
	return false;
}

static int add_true(const struct hgt_import_copy *copy, struct hgt_node *map, const char *keyword, struct hgt_error *err)
{
	const struct hgt_node *key = hgt_import_string(copy->importer, keyword);

	if (!key)
		return hgt_error_nomem(err);
	map->v.map.pairs[map->v.map.n++] = (struct hgt_pair){.key = key, .value = hgt_import_true()};
	return 0;
}

int hgt_import_copy_schema(const struct hgt_import_copy *copy, const struct hgt_node *node, const struct hgt_node **out,
	struct hgt_error *err)
{
	bool both = is_int_or_string(copy, node);
	struct hgt_node room = *node, *made;
	int code = 0;

	if (node->type == HGT_NODE_BOOL)
		return hgt_import_copy_node(copy->importer, node, out, err);
	/* A CustomResourceDefinition's null is read as a schema that says nothing. */
	if (node->type == HGT_NODE_NULL && !copy->plain)
		room = (struct hgt_node){.type = HGT_NODE_MAP, .line = node->line, .column = node->column, .text = ""};
	else if (node->type != HGT_NODE_MAP)
		return hgt_import_wrong(copy->where, node, HGT_EPARSE, err, "a schema has to be an object or a boolean");
	/* Two more may be added. */
	room.v.map.n += 2;
	made = empty_like(copy->importer, &room);
	if (!made)
		return hgt_error_nomem(err);
	for (size_t i = 0; i + 2 < room.v.map.n && code == 0; i++) {
		const struct hgt_pair *pair = &node->v.map.pairs[i];
		const struct hgt_node *value = NULL;

		/* Where Kubernetes reads a schema a null is as good as nothing. */
		if (pair->overridden || (!copy->plain && pair->value->type == HGT_NODE_NULL) ||
			(both && says_int_or_string(pair->key->text)) ||
			(copy->open && strcmp(pair->key->text, "x-kubernetes-preserve-unknown-fields") == 0))
			continue;
		code = copy_keyword(copy, pair, &value, err);
		if (code == 0 && value)
			code = add_pair(copy->importer, made, pair->key, value, err);
	}
	if (code == 0 && both)
		code = add_true(copy, made, "x-kubernetes-int-or-string", err);
	if (code == 0 && copy->open)
		code = add_true(copy, made, "x-kubernetes-preserve-unknown-fields", err);
	if (code == 0 && copy->defaults)
		code = hgt_import_settle_defaults(copy->importer, made, err);
	*out = made;
	return code;
}

const struct hgt_node *hgt_import_string(struct hgt_importer *importer, const char *text)
{
	struct hgt_node node = {.type = HGT_NODE_STRING, .text = text, .len = strlen(text)};

	return copy_scalar(importer, &node);
}

const struct hgt_node *hgt_import_true(void)
{
	static const struct hgt_node yes = {.type = HGT_NODE_BOOL, .text = "true", .len = 4, .v.boolean = true};

	return &yes;
}

const struct hgt_node *hgt_import_map(struct hgt_importer *importer, const struct hgt_import_member *members, size_t n)
{
	struct hgt_node *made = hgt_arena_alloc(&importer->arena, sizeof(*made));

	if (!made)
		return NULL;
	*made = (struct hgt_node){.type = HGT_NODE_MAP, .text = ""};
	made->v.map.pairs = hgt_arena_array(&importer->arena, n + 1, sizeof(struct hgt_pair));
	if (!made->v.map.pairs)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct hgt_pair *pair = &made->v.map.pairs[made->v.map.n++];

		pair->key = hgt_import_string(importer, members[i].key);
		pair->value = members[i].value;
		if (!pair->key || !pair->value)
			return NULL;
	}
	return made;
}

/* A copy of the map's pairs with one replaced or taken away. */
static int replace(struct hgt_importer *importer, const struct hgt_node *map, const char *name, const struct hgt_node *value,
	const struct hgt_node **out, struct hgt_error *err)
{
	struct hgt_node *made = empty_like(importer, map);

	if (!made)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < map->v.map.n; i++) {
		struct hgt_pair pair = map->v.map.pairs[i];

		if (strcmp(pair.key->text, name) == 0) {
			if (!value)
				continue;
			pair.value = value;
		}
		made->v.map.pairs[made->v.map.n++] = pair;
	}
	*out = made;
	return 0;
}

int hgt_import_replace_property(struct hgt_importer *importer, const struct hgt_node *schema, const char *name,
	const struct hgt_node *value, const struct hgt_node **out, struct hgt_error *err)
{
	const struct hgt_node *properties = hgt_node_get(schema, "properties"), *changed;
	int code;

	*out = schema;
	if (!properties || properties->type != HGT_NODE_MAP || !hgt_node_get(properties, name))
		return 0;
	code = replace(importer, properties, name, value, &changed, err);
	return code ? code : replace(importer, schema, "properties", changed, out, err);
}
