/* Keywords with schemas in them made into ops. */
#include "schema/compile_emit.h"

/* The index of a schema within this one; keyword and name are how it is reached. */
static int child(const struct hgt_emit *m, const struct hgt_node *node, const char *keyword, const char *name,
	size_t len, uint32_t *index)
{
	struct hgt_schema_resource *inner = hgt_compile_root(m->c, node);
	struct hgt_buf *step = &m->c->scratch;

	hgt_buf_reset(step);
	hgt_pointer_add(step, keyword, strlen(keyword));
	if (name)
		hgt_pointer_add(step, name, len);
	if (step->failed)
		return hgt_error_nomem(m->c->err);
	TRY(hgt_compile_slot(m->c, node, inner ? inner : m->resource, m->slot->index + 1, step->data, node, index));
	m->c->list[*index]->partial = m->slot->partial || strcmp(keyword, "allOf") == 0 || strcmp(keyword, "anyOf") == 0 ||
		strcmp(keyword, "oneOf") == 0 || strcmp(keyword, "not") == 0;
	return 0;
}

static int list_child(const struct hgt_emit *m, const struct hgt_node *list, size_t i, const char *keyword,
	uint32_t *index)
{
	char name[24];
	int len = snprintf(name, sizeof(name), "%zu", i);

	return child(m, list->v.seq.items[i], keyword, name, (size_t)len, index);
}

/* A list of indices: the schemas of an array. */
static int add_list(const struct hgt_emit *m, const struct hgt_node *list, const char *keyword)
{
	hgt_compile_word(m->c, list ? (uint32_t)list->v.seq.n : 0);
	for (size_t i = 0; list && i < list->v.seq.n; i++) {
		uint32_t index;
		int code = list_child(m, list, i, keyword, &index);

		if (code)
			return code;
		hgt_compile_word(m->c, index);
	}
	return 0;
}

/* An index + 1, or 0 where the keyword is not there. */
static int optional_child(const struct hgt_emit *m, const char *keyword, uint32_t *index)
{
	const struct hgt_node *node = hgt_emit_get(m, keyword);
	int code = node ? child(m, node, keyword, NULL, 0, index) : 0;

	*index = node && !code ? *index + 1 : 0;
	return code;
}

static int emit_child(struct hgt_emit *m, const char *keyword, enum hgt_schema_op op)
{
	uint32_t index;
	int code = optional_child(m, keyword, &index);

	if (!code && index)
		hgt_emit_op(m, op, index - 1);
	return code;
}

static int emit_list(struct hgt_emit *m, const char *keyword, enum hgt_schema_op op)
{
	const struct hgt_node *list;
	uint32_t at;
	int code = hgt_emit_get_typed(m, keyword, HGT_NODE_SEQ, &list);

	if (code || !list)
		return code;
	/* A child's place in the image is settled later, so nothing comes between the words of the list. */
	at = hgt_compile_here(m->c);
	hgt_emit_op(m, op, at);
	return add_list(m, list, keyword);
}

/* dependentRequired, and the arrays among dependencies. */
int hgt_emit_needs(struct hgt_emit *m, const char *keyword)
{
	const struct hgt_node *map;
	uint32_t at, n = 0;
	int code = hgt_emit_get_typed(m, keyword, HGT_NODE_MAP, &map);

	if (code || !map)
		return code;
	for (size_t i = 0; i < map->v.map.n; i++) {
		hgt_compile_string(m->c, map->v.map.pairs[i].key->text, map->v.map.pairs[i].key->len);
		if (map->v.map.pairs[i].value->type == HGT_NODE_SEQ)
			hgt_emit_prepare_names(m, map->v.map.pairs[i].value);
	}
	at = hgt_compile_here(m->c);
	hgt_compile_word(m->c, 0);
	for (size_t i = 0; i < map->v.map.n && !code; i++) {
		const struct hgt_pair *pair = &map->v.map.pairs[i];

		if (!pair->overridden && pair->value->type == HGT_NODE_SEQ)
			code = hgt_emit_names(m, pair->value, hgt_compile_string(m->c, pair->key->text, pair->key->len), &n);
	}
	hgt_compile_set(m->c, at, n);
	if (n)
		hgt_emit_op(m, HGT_OP_DEPENDENT_REQUIRED, at);
	return code;
}

/* dependentSchemas, and the schemas among dependencies. */
static int emit_dependent(struct hgt_emit *m, const char *keyword)
{
	const struct hgt_node *map;
	uint32_t at, n = 0;
	int code = hgt_emit_get_typed(m, keyword, HGT_NODE_MAP, &map);

	if (code || !map)
		return code;
	for (size_t i = 0; i < map->v.map.n; i++)
		hgt_compile_string(m->c, map->v.map.pairs[i].key->text, map->v.map.pairs[i].key->len);
	at = hgt_compile_here(m->c);
	hgt_compile_word(m->c, 0);
	for (size_t i = 0; i < map->v.map.n && !code; i++) {
		const struct hgt_pair *pair = &map->v.map.pairs[i];
		uint32_t index = 0;

		if (pair->overridden || pair->value->type == HGT_NODE_SEQ)
			continue;
		hgt_compile_word(m->c, hgt_compile_string(m->c, pair->key->text, pair->key->len));
		code = child(m, pair->value, keyword, pair->key->text, pair->key->len, &index);
		hgt_compile_word(m->c, index);
		n++;
	}
	hgt_compile_set(m->c, at, n);
	if (n)
		hgt_emit_op(m, HGT_OP_DEPENDENT_SCHEMAS, at);
	return code;
}

/* The table of names of `properties`, at most half full. */
static int add_table(const struct hgt_emit *m, const struct hgt_node *map, uint32_t *table)
{
	uint32_t cap = 2, mask, at, index;
	int code = 0;

	while (cap < 2 * map->v.map.n)
		cap *= 2;
	mask = cap - 1;
	for (size_t i = 0; i < map->v.map.n; i++)
		hgt_compile_string(m->c, map->v.map.pairs[i].key->text, map->v.map.pairs[i].key->len);
	at = hgt_compile_here(m->c);
	hgt_compile_word(m->c, cap);
	hgt_compile_word(m->c, (uint32_t)map->v.map.n);
	for (uint32_t i = 0; i < 3 * cap; i++)
		hgt_compile_word(m->c, 0);
	for (size_t i = 0; i < map->v.map.n && !code; i++) {
		const struct hgt_pair *pair = &map->v.map.pairs[i];
		uint32_t hash = hgt_img_hash(pair->key->text, pair->key->len), row = at + 8 + 12 * (hash & mask), taken;

		if (pair->overridden)
			continue;
		if (m->c->data.failed)
			break;
		for (uint32_t slot = hash & mask; memcpy(&taken, m->c->data.data + row + 4, 4), taken; row = at + 8 + 12 * slot)
			slot = (slot + 1) & mask;
		hgt_compile_set(m->c, row, hash);
		hgt_compile_set(m->c, row + 4, hgt_compile_string(m->c, pair->key->text, pair->key->len));
		code = child(m, pair->value, "properties", pair->key->text, pair->key->len, &index);
		if (!code)
			hgt_compile_set(m->c, row + 8, index);
	}
	*table = at;
	return code;
}

static int add_patterns(const struct hgt_emit *m, const struct hgt_node *map, uint32_t *list)
{
	uint32_t n = 0, index, at;
	int code = 0;

	for (size_t i = 0; i < map->v.map.n && !code; i++)
		code = hgt_compile_pattern(m->c, m->resource, map->v.map.pairs[i].key, &index);
	at = hgt_compile_here(m->c);
	hgt_compile_word(m->c, 0);
	for (size_t i = 0; i < map->v.map.n && !code; i++) {
		const struct hgt_pair *pair = &map->v.map.pairs[i];

		if (pair->overridden)
			continue;
		code = hgt_compile_pattern(m->c, m->resource, pair->key, &index);
		hgt_compile_word(m->c, index);
		if (!code)
			code = child(m, pair->value, "patternProperties", pair->key->text, pair->key->len, &index);
		hgt_compile_word(m->c, index);
		n++;
	}
	hgt_compile_set(m->c, at, n);
	*list = at;
	return code;
}

static int emit_members(struct hgt_emit *m)
{
	const struct hgt_node *properties, *patterns, *closing;
	uint32_t names = 0, list = 0, additional = 0;
	int code = hgt_emit_get_typed(m, "properties", HGT_NODE_MAP, &properties);

	if (!code)
		code = hgt_emit_all_properties(m, &properties);
	if (!code)
		code = hgt_emit_get_typed(m, "patternProperties", HGT_NODE_MAP, &patterns);
	if (!code && properties)
		code = add_table(m, properties, &names);
	if (!code && patterns)
		code = add_patterns(m, patterns, &list);
	if (!code)
		code = optional_child(m, "additionalProperties", &additional);
	closing = code || additional ? NULL : hgt_emit_closing(m, properties);
	if (closing) {
		code = child(m, closing, "additionalProperties", NULL, 0, &additional);
		additional++;
	}
	if (code || !(names || list || additional))
		return code;
	hgt_emit_op(m, HGT_OP_MEMBERS, hgt_compile_here(m->c));
	hgt_compile_word(m->c, additional);
	hgt_compile_word(m->c, names);
	hgt_compile_word(m->c, list);
	return 0;
}

static int emit_items(struct hgt_emit *m)
{
	const struct hgt_node *items = hgt_emit_get(m, "items"), *prefix = NULL;
	const char *list = "items", *rest = "additionalItems";
	uint32_t at, index = 0;
	int code = 0;

	if (m->draft == HGT_DRAFT_2020) {
		list = "prefixItems";
		rest = "items";
		code = hgt_emit_get_typed(m, list, HGT_NODE_SEQ, &prefix);
	} else if (items && items->type == HGT_NODE_SEQ) {
		prefix = items;
	} else {
		rest = "items";
	}
	if (!code)
		code = optional_child(m, rest, &index);
	if (code || !(prefix || index))
		return code;
	at = hgt_compile_here(m->c);
	hgt_emit_op(m, HGT_OP_ITEMS, at);
	hgt_compile_word(m->c, index);
	return add_list(m, prefix, list);
}

static int emit_contains(struct hgt_emit *m)
{
	const struct hgt_node *least = hgt_emit_get(m, "minContains"), *most = hgt_emit_get(m, "maxContains");
	uint32_t index, min = 1, max = UINT32_MAX;
	bool counted = m->draft >= HGT_DRAFT_2019 && m->resource->dialect.validation;
	int code = optional_child(m, "contains", &index);

	if (!code && counted && least)
		code = hgt_emit_read_count(m, "minContains", least, &min);
	if (!code && counted && most)
		code = hgt_emit_read_count(m, "maxContains", most, &max);
	if (code || !index)
		return code;
	hgt_emit_op(m, HGT_OP_CONTAINS, hgt_compile_here(m->c));
	hgt_compile_word(m->c, index - 1);
	hgt_compile_word(m->c, min);
	hgt_compile_word(m->c, max);
	hgt_compile_word(m->c, m->draft >= HGT_DRAFT_2020);
	return 0;
}

static int emit_if(struct hgt_emit *m)
{
	uint32_t test, yes = 0, no = 0;
	int code = optional_child(m, "if", &test);

	if (code || !test)
		return code;
	code = optional_child(m, "then", &yes);
	if (!code)
		code = optional_child(m, "else", &no);
	hgt_emit_op(m, HGT_OP_IF, hgt_compile_here(m->c));
	hgt_compile_word(m->c, test - 1);
	hgt_compile_word(m->c, yes);
	hgt_compile_word(m->c, no);
	return code;
}

int hgt_emit_applicators(struct hgt_emit *m)
{
	if (!m->resource->dialect.applicator)
		return 0;
	TRY(hgt_emit_needs(m, "dependencies"));
	if (m->draft >= HGT_DRAFT_6)
		TRY(emit_child(m, "propertyNames", HGT_OP_PROPERTY_NAMES));
	TRY(emit_members(m));
	TRY(emit_items(m));
	if (m->draft >= HGT_DRAFT_6)
		TRY(emit_contains(m));
	TRY(emit_list(m, "allOf", HGT_OP_ALL_OF));
	TRY(emit_list(m, "anyOf", HGT_OP_ANY_OF));
	TRY(emit_list(m, "oneOf", HGT_OP_ONE_OF));
	TRY(emit_child(m, "not", HGT_OP_NOT));
	if (m->draft >= HGT_DRAFT_7)
		TRY(emit_if(m));
	TRY(emit_dependent(m, "dependencies"));
	return m->draft >= HGT_DRAFT_2019 ? emit_dependent(m, "dependentSchemas") : 0;
}

int hgt_emit_unevaluated(struct hgt_emit *m)
{
	uint32_t before = m->n;

	if (m->draft < HGT_DRAFT_2019 || !m->resource->dialect.unevaluated)
		return 0;
	TRY(emit_child(m, "unevaluatedItems", HGT_OP_UNEVALUATED_ITEMS));
	TRY(emit_child(m, "unevaluatedProperties", HGT_OP_UNEVALUATED_PROPERTIES));
	if (m->n > before)
		m->flags |= HGT_IMG_UNEVALUATED;
	return 0;
}

