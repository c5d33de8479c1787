/* Which schema has which URI: documents, the resources and anchors in them, and references resolved against those. */
#include <assert.h>

#include "base/escape.h"
#include "schema/compiler.h"
#include "schema/metaschemas.h"
#include "schema/uri.h"

/* "The current draft": taken back, since it says nothing, and still met. */
#define CURRENT "http://json-schema.org/schema"

enum {
	DEPTH_MAX = 512,	/* of schemas in a document */
	METASCHEMAS_MAX = 8,	/* of metaschemas above each other */
	WORK_MAX = 500 * 1000 * 1000,	/* a second or so; the whole of Kubernetes takes a hundredth of it */
};

enum subschemas {
	ONE,		/* a schema */
	LIST,		/* an array of them */
	MAP,		/* an object of them */
	ONE_OR_LIST,
	MAP_OF_SOME,	/* an object whose values may be schemas */
};

/* Every keyword with schemas in it. */
static const struct {
	const char *name;
	enum subschemas holds;
	enum hgt_draft first, last;
} keywords[] = {
	{"$defs", MAP, HGT_DRAFT_2019, HGT_DRAFT_2020}, {"additionalItems", ONE, HGT_DRAFT_4, HGT_DRAFT_2019},
	{"additionalProperties", ONE, HGT_DRAFT_4, HGT_DRAFT_2020}, {"allOf", LIST, HGT_DRAFT_4, HGT_DRAFT_2020},
	{"anyOf", LIST, HGT_DRAFT_4, HGT_DRAFT_2020}, {"contains", ONE, HGT_DRAFT_6, HGT_DRAFT_2020},
	{"contentSchema", ONE, HGT_DRAFT_2019, HGT_DRAFT_2020}, {"definitions", MAP, HGT_DRAFT_4, HGT_DRAFT_2020},
	{"dependencies", MAP_OF_SOME, HGT_DRAFT_4, HGT_DRAFT_2020},
	{"dependentSchemas", MAP, HGT_DRAFT_2019, HGT_DRAFT_2020}, {"else", ONE, HGT_DRAFT_7, HGT_DRAFT_2020},
	{"if", ONE, HGT_DRAFT_7, HGT_DRAFT_2020}, {"items", ONE_OR_LIST, HGT_DRAFT_4, HGT_DRAFT_2020},
	{"not", ONE, HGT_DRAFT_4, HGT_DRAFT_2020}, {"oneOf", LIST, HGT_DRAFT_4, HGT_DRAFT_2020},
	{"patternProperties", MAP, HGT_DRAFT_4, HGT_DRAFT_2020}, {"prefixItems", LIST, HGT_DRAFT_2020, HGT_DRAFT_2020},
	{"properties", MAP, HGT_DRAFT_4, HGT_DRAFT_2020}, {"propertyNames", ONE, HGT_DRAFT_6, HGT_DRAFT_2020},
	{"then", ONE, HGT_DRAFT_7, HGT_DRAFT_2020}, {"unevaluatedItems", ONE, HGT_DRAFT_2019, HGT_DRAFT_2020},
	{"unevaluatedProperties", ONE, HGT_DRAFT_2019, HGT_DRAFT_2020},
};

static int scan(struct hgt_compiler *c, const struct hgt_node *node, struct hgt_schema_resource *resource,
	unsigned depth);

struct hgt_schema_resource *hgt_compile_root(const struct hgt_compiler *c, const struct hgt_node *node)
{
	return hgt_map_get(&c->roots, (const char *)&node, sizeof(node));
}

static int check_work(struct hgt_compiler *c, const struct hgt_schema_resource *resource, const struct hgt_node *node)
{
	if (c->work <= WORK_MAX)
		return 0;
	return hgt_compile_wrong(c, resource, node, HGT_ELIMIT, "following the references takes too much work");
}

/* The length of a URI without its fragment. */
static size_t without_fragment(const char *uri, size_t len)
{
	const char *hash = memchr(uri, '#', len);

	return hash ? (size_t)(hash - uri) : len;
}

static struct hgt_schema_document *find_document(struct hgt_compiler *c, const char *uri, size_t len)
{
	return hgt_map_get(&c->by_uri, uri, len);
}

/* A metaschema as a document, read when first asked for; *out is NULL when there is none of this URI. */
static int load_metaschema(struct hgt_compiler *c, const char *uri, struct hgt_schema_document **out)
{
	const struct hgt_metaschema *metaschema = hgt_metaschema_find(uri);
	struct hgt_doc_set *set;
	int code;

	*out = NULL;
	if (!metaschema)
		return 0;
	set = hgt_arena_alloc(&c->arena, sizeof(*set));
	if (!set)
		return hgt_error_nomem(c->err);
	hgt_doc_set_init(set);
	code = hgt_json_parse(metaschema->text, (size_t)(metaschema->end - metaschema->text), &hgt_doc_default_limits,
		set, c->err);
	if (code)
		return code;
	assert(set->n_docs == 1 && c->n_metaschemas < sizeof(c->metaschemas) / sizeof(c->metaschemas[0]));
	c->metaschemas[c->n_metaschemas++] = set;
	code = hgt_compiler_add(c, metaschema->uri, set->docs[0].root, c->err);
	if (!code)
		*out = find_document(c, uri, strlen(uri));
	return code;
}

static bool known_draft(const char *uri, size_t len, enum hgt_draft *draft)
{
	static const char *const uris[] = {
		[HGT_DRAFT_KUBERNETES] = "urn:headgate:kubernetes", [HGT_DRAFT_STRUCTURAL] = "urn:headgate:structural",
		[HGT_DRAFT_4] = "http://json-schema.org/draft-04/schema", [HGT_DRAFT_6] = "http://json-schema.org/draft-06/schema",
		[HGT_DRAFT_7] = "http://json-schema.org/draft-07/schema",
		[HGT_DRAFT_2019] = "https://json-schema.org/draft/2019-09/schema",
		[HGT_DRAFT_2020] = "https://json-schema.org/draft/2020-12/schema",
	};

	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
		if (strlen(uris[i]) == len && memcmp(uris[i], uri, len) == 0) {
			*draft = (enum hgt_draft)i;
			return true;
		}
	return false;
}

struct hgt_dialect hgt_compile_dialect(enum hgt_draft draft)
{
	return (struct hgt_dialect){.draft = draft, .validation = true, .applicator = true, .unevaluated = true,
		.formats = draft < HGT_DRAFT_4};
}

static bool in_vocabulary(const struct hgt_node *vocabularies, const char *name)
{
	static const char *const prefixes[] = {
		"https://json-schema.org/draft/2019-09/vocab/", "https://json-schema.org/draft/2020-12/vocab/",
	};

	for (size_t i = 0; i < vocabularies->v.map.n; i++) {
		const struct hgt_node *key = vocabularies->v.map.pairs[i].key;

		for (size_t j = 0; j < 2; j++) {
			size_t len = strlen(prefixes[j]);

			if (key->len > len && memcmp(key->text, prefixes[j], len) == 0 && strcmp(key->text + len, name) == 0)
				return true;
		}
	}
	return false;
}

/* What a `$schema` says of the schema that has it. */
static void read_dialect(struct hgt_compiler *c, const struct hgt_node *schema, unsigned level,
	struct hgt_dialect *out)
{
	size_t len = without_fragment(schema->text, schema->len);
	const struct hgt_node *vocabularies, *above;
	struct hgt_schema_document *document;
	enum hgt_draft draft;

	if (known_draft(schema->text, len, &draft)) {
		*out = hgt_compile_dialect(draft);
		return;
	}
	if (len == sizeof(CURRENT) - 1 && memcmp(schema->text, CURRENT, len) == 0) {
		*out = c->dialect;
		return;
	}
	document = find_document(c, schema->text, len);
	above = document ? hgt_node_get(document->root, "$schema") : NULL;
	if (!document || !above || above->type != HGT_NODE_STRING || level >= METASCHEMAS_MAX) {
		/* Told when something of it is used. */
		out->unknown = schema;
		return;
	}
	read_dialect(c, above, level + 1, out);
	vocabularies = hgt_node_get(document->root, "$vocabulary");
	if (!vocabularies || vocabularies->type != HGT_NODE_MAP)
		return;
	c->work += 4 * vocabularies->v.map.n;
	out->validation = in_vocabulary(vocabularies, "validation");
	out->applicator = in_vocabulary(vocabularies, "applicator");
	out->unevaluated = in_vocabulary(vocabularies, out->draft == HGT_DRAFT_2019 ? "applicator" : "unevaluated");
	out->formats = in_vocabulary(vocabularies, "format-assertion");
}

static int add_anchor(struct hgt_compiler *c, struct hgt_schema_resource *resource, const struct hgt_node *node,
	const char *name, size_t len, bool dynamic)
{
	struct hgt_anchor_target *anchor = hgt_arena_alloc(&c->arena, sizeof(*anchor));
	size_t uri_len = strlen(resource->uri);
	char *key = hgt_arena_alloc(&c->arena, uri_len + len + 2);

	if (!anchor || !key)
		return hgt_error_nomem(c->err);
	memcpy(key, resource->uri, uri_len);
	key[uri_len] = '#';
	memcpy(key + uri_len + 1, name, len);
	*anchor = (struct hgt_anchor_target){.node = node, .resource = resource, .name = key + uri_len + 1, .dynamic = dynamic};
	if (dynamic) {
		anchor->next = resource->anchors;
		resource->anchors = anchor;
	}
	/* "" is no name that a reference could have. */
	if (len && hgt_map_put(&c->anchors, key, uri_len + 1 + len, anchor, NULL) < 0)
		return hgt_error_nomem(c->err);
	return 0;
}

/* Begin a resource at a node. The first to claim a URI keeps it. */
static int add_resource(struct hgt_compiler *c, const struct hgt_dialect *dialect, const char *document,
	const char *uri, size_t len, const struct hgt_node *node, struct hgt_schema_resource **out)
{
	struct hgt_schema_resource *resource = hgt_arena_alloc(&c->arena, sizeof(*resource));
	char *copy = hgt_arena_strndup(&c->arena, uri, len);
	const struct hgt_node *schema = hgt_node_get(node, "$schema");

	if (!resource || !copy)
		return hgt_error_nomem(c->err);
	resource->uri = copy;
	resource->document = document;
	resource->root = node;
	resource->dialect = *dialect;
	if ((!hgt_map_get(&c->resources, copy, len) && hgt_map_put(&c->resources, copy, len, resource, NULL) < 0) ||
		hgt_map_put(&c->roots, (const char *)&resource->root, sizeof(resource->root), resource, NULL) < 0)
		return hgt_error_nomem(c->err);
	*out = resource;
	if (schema && schema->type == HGT_NODE_STRING)
		read_dialect(c, schema, 0, &resource->dialect);
	return 0;
}

/* The schema's own URI, when it has one that counts. */
static const struct hgt_node *id_of(const struct hgt_node *node, enum hgt_draft draft)
{
	const struct hgt_node *id = hgt_node_get(node, draft == HGT_DRAFT_4 ? "id" : "$id");

	if (!id || draft < HGT_DRAFT_4 || id->type != HGT_NODE_STRING || (draft < HGT_DRAFT_2019 && hgt_node_get_string(node, "$ref")))
		return NULL;
	return id;
}

static int scan_id(struct hgt_compiler *c, const struct hgt_node *node, struct hgt_schema_resource **resource)
{
	const struct hgt_node *id, *schema = hgt_node_get(node, "$schema");
	struct hgt_schema_resource *outer = *resource;
	struct hgt_dialect dialect = outer->dialect;
	bool root = outer->root == node;
	size_t len;
	int code = 0;

	/* An embedded schema may be of another draft, whose word for its URI it uses. */
	if (!root && schema && schema->type == HGT_NODE_STRING && (hgt_node_get(node, "$id") || hgt_node_get(node, "id")))
		read_dialect(c, schema, 0, &dialect);
	id = id_of(node, dialect.draft);
	if (!id)
		return 0;
	len = without_fragment(id->text, id->len);
	if (len) {
		hgt_buf_reset(&c->scratch);
		hgt_uri_resolve(outer->uri, id->text, len, &c->scratch);
		code = hgt_buf_check(&c->scratch, c->err);
		if (!code && !root) {
			code = add_resource(c, &outer->dialect, outer->document, c->scratch.data, c->scratch.len, node, resource);
		} else if (!code) {
			/* The document has two names: what it was added as, and this one, which is its base from now on. */
			outer->uri = hgt_arena_strndup(&c->arena, c->scratch.data, c->scratch.len);
			if (!outer->uri || (!hgt_map_get(&c->resources, outer->uri, c->scratch.len) &&
				hgt_map_put(&c->resources, outer->uri, c->scratch.len, outer, NULL) < 0))
				code = hgt_error_nomem(c->err);
		}
	}
	if (!code && len + 1 < id->len && dialect.draft < HGT_DRAFT_2019)
		code = add_anchor(c, *resource, node, id->text + len + 1, id->len - len - 1, false);
	return code;
}

static int scan_anchors(struct hgt_compiler *c, const struct hgt_node *node, struct hgt_schema_resource *resource)
{
	enum hgt_draft draft = resource->dialect.draft;
	const char *anchor = hgt_node_get_string(node, "$anchor"), *dynamic = hgt_node_get_string(node, "$dynamicAnchor");
	bool recursive = false;
	int code = 0;

	if (anchor && draft >= HGT_DRAFT_2019)
		code = add_anchor(c, resource, node, anchor, strlen(anchor), false);
	if (!code && dynamic && draft >= HGT_DRAFT_2020)
		code = add_anchor(c, resource, node, dynamic, strlen(dynamic), true);
	if (!code && draft == HGT_DRAFT_2019 && resource->root == node &&
		hgt_node_get_bool(node, "$recursiveAnchor", &recursive) && recursive)
		code = add_anchor(c, resource, node, "", 0, true);
	return code;
}

static int scan_keyword(struct hgt_compiler *c, const struct hgt_node *value, enum subschemas holds,
	struct hgt_schema_resource *resource, unsigned depth)
{
	bool list = value->type == HGT_NODE_SEQ && (holds == LIST || holds == ONE_OR_LIST);
	bool map = value->type == HGT_NODE_MAP && (holds == MAP || holds == MAP_OF_SOME);
	int code = 0;

	if (list)
		for (size_t i = 0; i < value->v.seq.n && !code; i++)
			code = scan(c, value->v.seq.items[i], resource, depth + 1);
	else if (map)
		for (size_t i = 0; i < value->v.map.n && !code; i++)
			code = scan(c, value->v.map.pairs[i].value, resource, depth + 1);
	else if (holds == ONE || holds == ONE_OR_LIST)
		code = scan(c, value, resource, depth + 1);
	return code;
}

static int scan(struct hgt_compiler *c, const struct hgt_node *node, struct hgt_schema_resource *resource,
	unsigned depth)
{
	int code;

	if (node->type != HGT_NODE_MAP)
		return 0;
	if (depth > DEPTH_MAX)
		return hgt_compile_wrong(c, resource, node, HGT_ELIMIT, "schemas nest more than %d deep", DEPTH_MAX);
	/* What an alias of YAML stands for is met again. */
	if (depth && hgt_compile_root(c, node))
		return 0;
	code = scan_id(c, node, &resource);
	if (!code)
		code = check_work(c, resource, node);
	if (!code)
		code = scan_anchors(c, node, resource);
	for (size_t i = 0; i < node->v.map.n && !code; i++) {
		const struct hgt_pair *pair = &node->v.map.pairs[i];

		for (size_t k = 0; k < sizeof(keywords) / sizeof(keywords[0]) && !code; k++)
			if (strcmp(pair->key->text, keywords[k].name) == 0 && resource->dialect.draft >= keywords[k].first &&
				resource->dialect.draft <= keywords[k].last)
				code = scan_keyword(c, pair->value, keywords[k].holds, resource, depth);
	}
	return code;
}

static int scan_document(struct hgt_compiler *c, struct hgt_schema_document *document)
{
	struct hgt_dialect dialect = document->draft == c->dialect.draft ? c->dialect : hgt_compile_dialect(document->draft);
	struct hgt_schema_resource *resource;
	int code;

	if (document->scanned)
		return 0;
	document->scanned = true;
	code = add_resource(c, &dialect, document->uri, document->uri, strlen(document->uri), document->root, &resource);
	return code ? code : scan(c, document->root, resource, 0);
}

/* The resource of a URI: known already, a document's, a metaschema's, or one within a document that nobody asked for yet. */
static int find_resource(struct hgt_compiler *c, const char *uri, struct hgt_schema_resource **out)
{
	struct hgt_schema_document *document = find_document(c, uri, strlen(uri));
	int code = 0;

	if (document)
		code = scan_document(c, document);
	*out = code ? NULL : hgt_map_get(&c->resources, uri, strlen(uri));
	if (code || *out)
		return code;
	code = load_metaschema(c, uri, &document);
	if (!code && document)
		code = scan_document(c, document);
	if (!code)
		*out = hgt_map_get(&c->resources, uri, strlen(uri));
	for (document = c->documents; document && !code && !*out; document = document->next) {
		code = scan_document(c, document);
		*out = hgt_map_get(&c->resources, uri, strlen(uri));
	}
	return code;
}

/* Follow a JSON pointer; out->node is NULL when it leads nowhere. Resources on the way become the one that counts. */
static int follow_pointer(struct hgt_compiler *c, struct hgt_anchor_target *out, const char *pointer, size_t len)
{
	struct hgt_buf token = HGT_BUF_INIT;
	const char *p = pointer, *end = pointer + len;
	int code = 0;

	while (p < end && out->node && !code) {
		const struct hgt_node *node = out->node, *next = NULL;
		struct hgt_schema_resource *inner;

		hgt_buf_reset(&token);
		for (p++; p < end && *p != '/'; p++) {
			bool escape = *p == '~' && end - p > 1 && (p[1] == '0' || p[1] == '1');

			hgt_buf_addc(&token, escape ? p[1] == '0' ? '~' : '/' : *p);
			p += escape;
		}
		code = hgt_buf_check(&token, c->err);
		c->work += node->type == HGT_NODE_MAP ? node->v.map.n : 1;
		if (!code)
			code = check_work(c, out->resource, node);
		if (!code && node->type == HGT_NODE_MAP) {
			next = strlen(token.data) == token.len ? hgt_node_get(node, token.data) : NULL;
		} else if (!code && node->type == HGT_NODE_SEQ && token.len && token.len < 10) {
			size_t index = strspn(token.data, "0123456789") == token.len ? strtoul(token.data, NULL, 10) : SIZE_MAX;

			next = index < node->v.seq.n ? node->v.seq.items[index] : NULL;
		}
		out->node = next;
		inner = next ? hgt_compile_root(c, next) : NULL;
		if (inner)
			out->resource = inner;
	}
	hgt_buf_release(&token);
	return code;
}

static int find_fragment(struct hgt_compiler *c, const char *fragment, size_t len, struct hgt_anchor_target *out)
{
	struct hgt_buf text = HGT_BUF_INIT, key = HGT_BUF_INIT;
	struct hgt_anchor_target *anchor = NULL;
	int code;

	hgt_uri_decode(fragment, len, &text);
	hgt_buf_adds(&key, out->resource->uri);
	hgt_buf_addc(&key, '#');
	hgt_buf_add(&key, text.data, text.len);
	code = hgt_buf_check(&text, c->err);
	if (!code)
		code = hgt_buf_check(&key, c->err);
	if (!code && text.len && text.data[0] == '/') {
		code = follow_pointer(c, out, text.data, text.len);
	} else if (!code && text.len) {
		anchor = hgt_map_get(&c->anchors, key.data, key.len);
		if (anchor)
			*out = *anchor;
		else
			out->node = NULL;
	}
	hgt_buf_release(&text);
	hgt_buf_release(&key);
	return code;
}

int hgt_compile_resolve(struct hgt_compiler *c, struct hgt_schema_resource *from, const struct hgt_node *where,
	const char *text, size_t len, struct hgt_anchor_target *out)
{
	size_t base = without_fragment(text, len);
	struct hgt_schema_resource *resource = from;
	struct hgt_buf uri = HGT_BUF_INIT;
	int code = 0;

	if (base || !from) {
		hgt_uri_resolve(from ? from->uri : "", text, base, &uri);
		code = hgt_buf_check(&uri, c->err);
		if (!code)
			code = find_resource(c, uri.data, &resource);
		hgt_buf_release(&uri);
	}
	if (code)
		return code;
	*out = (struct hgt_anchor_target){.node = resource ? resource->root : NULL, .resource = resource};
	if (resource && base + 1 < len)
		code = find_fragment(c, text + base + 1, len - base - 1, out);
	if (code || out->node)
		return code;
	hgt_buf_reset(&c->scratch);
	hgt_escape_text(&c->scratch, text, len);
	return hgt_compile_wrong(c, from, where, HGT_ENOENT,
		resource ? "nothing is at %s" : "no document is known as %s", c->scratch.data);
}
