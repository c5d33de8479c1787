/*
 * Defaults of a structural schema. The API server fills them in before it validates, so a member that is missing has its default's
 * value: where an alternative (in allOf, anyOf, oneOf, not) speaks of such a member,
 *
 *	properties: {type: {default: IPAddress}}
 *	oneOf: [{properties: {type: {enum: [IPAddress]}}}, {properties: {type: {not: {enum: [IPAddress]}}}}]
 *
 * JSON Schema would let the alternative pass when it is missing. So where the default does not fit what the alternative says, the member
 * is made required there; and where the alternative requires it, that is always met.
 */
#include "pack/importer.h"
#include "schema/evaluate.h"

enum {
	ALTERNATIVES_DEEP = 32,		/* in one another; what is below is left as it is */
	TRIALS_MAX = 5000,		/* of defaults; real definitions have a dozen, and each takes some 10 microseconds */
};

static const char *const lists[] = {"allOf", "anyOf", "oneOf"};

static const struct hgt_node *get_map(const struct hgt_node *node, const char *key)
{
	const struct hgt_node *value = hgt_node_get(node, key);

	return value && value->type == HGT_NODE_MAP ? value : NULL;
}

static const struct hgt_node *default_of(const struct hgt_node *schema)
{
	const struct hgt_node *value = hgt_node_get(schema, "default");

	return value && value->type != HGT_NODE_NULL ? value : NULL;
}

/* Whether a value fits a schema: 1, 0, or an error of its own; a schema that makes no sense is told when all is compiled. */
static int fits(struct hgt_importer *importer, const struct hgt_node *schema, const struct hgt_node *value, struct hgt_error *err)
{
	struct hgt_compiler *compiler = NULL;
	struct hgt_evaluator *evaluator = NULL;
	struct hgt_buf bytes = HGT_BUF_INIT;
	struct hgt_image image;
	struct hgt_error why;
	uint32_t index;
	int code;

	if (importer->trials++ >= TRIALS_MAX)
		return 1;
	code = hgt_compiler_new(HGT_DRAFT_4, &compiler, &why);
	if (code == 0)
		code = hgt_compiler_add(compiler, "k8s:default", schema, &why);
	if (code == 0)
		code = hgt_compiler_entry(compiler, "s", "k8s:default", 0, &why);
	if (code == 0)
		code = hgt_compiler_finish(compiler, &bytes, &why);
	if (code == 0)
		code = hgt_image_open(&image, bytes.data, bytes.len, &why);
	if (code == 0)
		code = hgt_image_find(&image, "s", &index, NULL, &why);
	if (code == 0)
		code = hgt_evaluator_new(&image, &hgt_evaluate_default_options, &evaluator, &why);
	if (code == 0)
		code = hgt_evaluate(evaluator, index, value, NULL, NULL, &why);
	hgt_evaluator_free(evaluator);
	hgt_compiler_free(compiler);
	hgt_buf_release(&bytes);
	if (code == HGT_ENOMEM)
		return hgt_error_nomem(err);
	return code < 0 ? 1 : code;
}

static bool is_named(const struct hgt_node *list, const struct hgt_node *name)
{
	for (size_t i = 0; list && i < list->v.seq.n; i++)
		if (list->v.seq.items[i]->len == name->len && memcmp(list->v.seq.items[i]->text, name->text, name->len) == 0)
			return true;
	return false;
}

/* The alternative's `required` without the members that have a default, and with those whose default does not fit. */
static int settle_required(struct hgt_importer *importer, const struct hgt_node *alternative, const struct hgt_node *around,
	const struct hgt_node **out, struct hgt_error *err)
{
	const struct hgt_node *given = hgt_node_get(alternative, "required"), *said = get_map(alternative, "properties");
	const struct hgt_node *known = get_map(around, "properties");
	struct hgt_node *made = hgt_arena_alloc(&importer->arena, sizeof(*made));
	size_t most = (said ? said->v.map.n : 0) + 1;

	if (given && given->type != HGT_NODE_SEQ)
		given = NULL;
	*out = NULL;
	if (!made)
		return hgt_error_nomem(err);
	*made = (struct hgt_node){.type = HGT_NODE_SEQ, .text = ""};
	made->v.seq.items = hgt_arena_array(&importer->arena, most + (given ? given->v.seq.n : 0), sizeof(struct hgt_node *));
	if (!made->v.seq.items)
		return hgt_error_nomem(err);
	for (size_t i = 0; given && i < given->v.seq.n; i++)
		if (!default_of(hgt_node_get(known, given->v.seq.items[i]->text)))
			made->v.seq.items[made->v.seq.n++] = given->v.seq.items[i];
	for (size_t i = 0; said && i < said->v.map.n; i++) {
		const struct hgt_pair *pair = &said->v.map.pairs[i];
		const struct hgt_node *value = default_of(hgt_node_get(known, pair->key->text));
		int code = value && !is_named(made, pair->key) ? fits(importer, pair->value, value, err) : 1;

		if (code < 0)
			return code;
		if (!code)
			made->v.seq.items[made->v.seq.n++] = pair->key;
	}
	if (made->v.seq.n || given)
		*out = made;
	return 0;
}

static int settle(struct hgt_importer *importer, const struct hgt_node *alternative, const struct hgt_node *around, unsigned depth,
	const struct hgt_node **out, struct hgt_error *err);

static int settle_list(struct hgt_importer *importer, const struct hgt_node *list, const struct hgt_node *around, unsigned depth,
	const struct hgt_node **out, struct hgt_error *err)
{
	struct hgt_node *made = hgt_arena_alloc(&importer->arena, sizeof(*made));
	int code = 0;

	if (!made)
		return hgt_error_nomem(err);
	*made = *list;
	made->v.seq.items = hgt_arena_array(&importer->arena, list->v.seq.n + 1, sizeof(struct hgt_node *));
	if (!made->v.seq.items)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < list->v.seq.n && code == 0; i++)
		code = settle(importer, list->v.seq.items[i], around, depth, &made->v.seq.items[i], err);
	*out = made;
	return code;
}

/* The members of an alternative's `properties`, each within its member of the schema around. */
static int settle_members(struct hgt_importer *importer, const struct hgt_node *members, const struct hgt_node *around,
	unsigned depth, const struct hgt_node **out, struct hgt_error *err)
{
	struct hgt_node *made = hgt_arena_alloc(&importer->arena, sizeof(*made));
	int code = 0;

	if (!made)
		return hgt_error_nomem(err);
	*made = *members;
	made->v.map.pairs = hgt_arena_array(&importer->arena, members->v.map.n + 1, sizeof(struct hgt_pair));
	if (!made->v.map.pairs)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < members->v.map.n && code == 0; i++) {
		made->v.map.pairs[i] = members->v.map.pairs[i];
		code = settle(importer, members->v.map.pairs[i].value,
			hgt_node_get(get_map(around, "properties"), members->v.map.pairs[i].key->text), depth, &made->v.map.pairs[i].value, err);
	}
	*out = made;
	return code;
}

/* One keyword of an alternative. */
static int settle_keyword(struct hgt_importer *importer, const struct hgt_pair *pair, const struct hgt_node *around, unsigned depth,
	const struct hgt_node **out, struct hgt_error *err)
{
	const char *key = pair->key->text;
	bool map = pair->value->type == HGT_NODE_MAP;

	*out = pair->value;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strcmp(key, lists[i]) == 0 && pair->value->type == HGT_NODE_SEQ)
			return settle_list(importer, pair->value, around, depth, out, err);
	if (strcmp(key, "not") == 0 && map)
		return settle(importer, pair->value, around, depth, out, err);
	if (strcmp(key, "properties") == 0 && map)
		return settle_members(importer, pair->value, around, depth, out, err);
	if ((strcmp(key, "items") == 0 || strcmp(key, "additionalProperties") == 0) && map)
		return settle(importer, pair->value, hgt_node_get(around, key), depth, out, err);
	return 0;
}

/* An alternative within the schema around it, which has the defaults. */
static int settle(struct hgt_importer *importer, const struct hgt_node *alternative, const struct hgt_node *around, unsigned depth,
	const struct hgt_node **out, struct hgt_error *err)
{
	const struct hgt_node *required;
	struct hgt_node *made;
	bool placed = false;
	int code;

	*out = alternative;
	if (alternative->type != HGT_NODE_MAP || !around || around->type != HGT_NODE_MAP || depth == ALTERNATIVES_DEEP)
		return 0;
	code = settle_required(importer, alternative, around, &required, err);
	if (code)
		return code;
	made = hgt_arena_alloc(&importer->arena, sizeof(*made));
	if (!made)
		return hgt_error_nomem(err);
	*made = *alternative;
	made->v.map.pairs = hgt_arena_array(&importer->arena, alternative->v.map.n + 1, sizeof(struct hgt_pair));
	if (!made->v.map.pairs)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < alternative->v.map.n && code == 0; i++) {
		struct hgt_pair *pair = &made->v.map.pairs[i];

		*pair = alternative->v.map.pairs[i];
		if (required && strcmp(pair->key->text, "required") == 0) {
			pair->value = required;
			placed = true;
		} else {
			code = settle_keyword(importer, &alternative->v.map.pairs[i], around, depth + 1, &pair->value, err);
		}
	}
	if (code == 0 && required && !placed) {
		struct hgt_pair *pair = &made->v.map.pairs[made->v.map.n++];

		pair->key = hgt_import_string(importer, "required");
		pair->value = required;
		code = pair->key ? 0 : hgt_error_nomem(err);
	}
	*out = made;
	return code;
}

/* Whether anything in a schema has a default: most have none, and stay as they are. */
static bool has_defaults(const struct hgt_node *schema)
{
	const struct hgt_node *properties = get_map(schema, "properties");

	for (size_t i = 0; properties && i < properties->v.map.n; i++)
		if (default_of(properties->v.map.pairs[i].value))
			return true;
	return false;
}

static bool has_alternatives(const struct hgt_node *schema)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (hgt_node_get(schema, lists[i]))
			return true;
	return hgt_node_get(schema, "not");
}

/* Below a schema with alternatives any default may matter. */
static bool has_defaults_below(const struct hgt_node *schema)
{
	const struct hgt_node *properties = get_map(schema, "properties");

	if (!schema || schema->type != HGT_NODE_MAP)
		return false;
	if (has_defaults(schema) || has_defaults_below(get_map(schema, "items")) ||
		has_defaults_below(get_map(schema, "additionalProperties")))
		return true;
	for (size_t i = 0; properties && i < properties->v.map.n; i++)
		if (has_defaults_below(properties->v.map.pairs[i].value))
			return true;
	return false;
}

int hgt_import_settle_defaults(struct hgt_importer *importer, struct hgt_node *schema, struct hgt_error *err)
{
	bool wanted = schema->type == HGT_NODE_MAP && has_alternatives(schema) && has_defaults_below(schema);
	int code = 0;

	for (size_t i = 0; schema->type == HGT_NODE_MAP && wanted && i < schema->v.map.n && code == 0; i++) {
		struct hgt_pair *pair = &schema->v.map.pairs[i];

		if (strcmp(pair->key->text, "properties") != 0 && strcmp(pair->key->text, "items") != 0 &&
			strcmp(pair->key->text, "additionalProperties") != 0)
			code = settle_keyword(importer, pair, schema, 0, &pair->value, err);
	}
	return code;
}
