/* A schema's keywords made into its ops. */
#include "schema/compiler.h"
#include "schema/format.h"
#include "schema/number.h"

/* The schema that is being made. */
struct emit {
	struct hgt_compiler *c;
	struct hgt_schema_slot *slot;
	const struct hgt_node *node;
	struct hgt_schema_resource *resource;
	enum hgt_draft draft;
	struct {
		uint32_t code, arg;
	} ops[2 * HGT_OP_COUNT];
	uint32_t n, flags;
};

static void add_op(struct emit *m, enum hgt_schema_op code, uint32_t arg)
{
	m->ops[m->n].code = code;
	m->ops[m->n++].arg = arg;
}

static const struct hgt_node *get(const struct emit *m, const char *keyword)
{
	return hgt_node_get(m->node, keyword);
}

/* The keyword's value, told when it is of the wrong type; NULL as well when it is not there. */
static int get_typed(const struct emit *m, const char *keyword, enum hgt_node_type type, const struct hgt_node **out)
{
	const struct hgt_node *value = get(m, keyword);

	*out = NULL;
	if (value && value->type != type)
		return hgt_compile_wrong(m->c, m->resource, value, HGT_EPARSE, "%s has to be %s %s", keyword,
			type == HGT_NODE_SEQ || type == HGT_NODE_MAP ? "an" : "a", hgt_node_type_name(type));
	*out = value;
	return 0;
}

/* The index of a schema within this one; keyword and name are how it is reached. */
static int child(const struct emit *m, const struct hgt_node *node, const char *keyword, const char *name, size_t len, uint32_t *index)
{
	struct hgt_schema_resource *inner = hgt_compile_root(m->c, node);
	struct hgt_buf *step = &m->c->scratch;

	hgt_buf_reset(step);
	hgt_pointer_add(step, keyword, strlen(keyword));
	if (name)
		hgt_pointer_add(step, name, len);
	if (step->failed)
		return hgt_error_nomem(m->c->err);
	return hgt_compile_slot(m->c, node, inner ? inner : m->resource, m->slot->index + 1, step->data, node, index);
}

static int list_child(const struct emit *m, const struct hgt_node *list, size_t i, const char *keyword, uint32_t *index)
{
	char name[24];
	int len = snprintf(name, sizeof(name), "%zu", i);

	return child(m, list->v.seq.items[i], keyword, name, (size_t)len, index);
}

/* A list of indices: the schemas of an array. */
static int add_list(const struct emit *m, const struct hgt_node *list, const char *keyword)
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
static int optional_child(const struct emit *m, const char *keyword, uint32_t *index)
{
	const struct hgt_node *node = get(m, keyword);
	int code = node ? child(m, node, keyword, NULL, 0, index) : 0;

	*index = node && !code ? *index + 1 : 0;
	return code;
}

static int emit_child(struct emit *m, const char *keyword, enum hgt_schema_op op)
{
	uint32_t index;
	int code = optional_child(m, keyword, &index);

	if (!code && index)
		add_op(m, op, index - 1);
	return code;
}

static int emit_list(struct emit *m, const char *keyword, enum hgt_schema_op op)
{
	const struct hgt_node *list;
	uint32_t at;
	int code = get_typed(m, keyword, HGT_NODE_SEQ, &list);

	if (code || !list)
		return code;
	/* A child's place in the image is settled later, so nothing comes between the words of the list. */
	at = hgt_compile_here(m->c);
	add_op(m, op, at);
	return add_list(m, list, keyword);
}

static int emit_reference(struct emit *m, const char *keyword, enum hgt_schema_op dynamic)
{
	struct hgt_anchor_target target;
	const struct hgt_node *reference;
	const char *hash;
	uint32_t index, name;
	bool moves = false;
	int code = get_typed(m, keyword, HGT_NODE_STRING, &reference);

	if (code || !reference)
		return code;
	code = hgt_compile_resolve(m->c, m->resource, reference, reference->text, reference->len, &target);
	if (code)
		return code;
	hash = strchr(reference->text, '#');
	if (dynamic == HGT_OP_DYNAMIC_REF && m->draft == HGT_DRAFT_2019)
		moves = target.node == target.resource->root && target.resource->anchors && !*target.resource->anchors->name;
	else if (dynamic == HGT_OP_DYNAMIC_REF)
		moves = target.dynamic && hash && strcmp(hash + 1, target.name) == 0;
	hgt_buf_reset(&m->c->scratch);
	hgt_buf_adds(&m->c->scratch, target.resource->uri);
	hgt_buf_adds(&m->c->scratch, hash ? hash : "#");
	if (m->c->scratch.failed)
		return hgt_error_nomem(m->c->err);
	code = hgt_compile_slot(m->c, target.node, target.resource, 0, m->c->scratch.data, reference, &index);
	if (code)
		return code;
	if (!moves) {
		add_op(m, HGT_OP_REF, index);
		return 0;
	}
	name = hgt_compile_string(m->c, target.dynamic ? target.name : "", target.dynamic ? strlen(target.name) : 0);
	add_op(m, HGT_OP_DYNAMIC_REF, hgt_compile_here(m->c));
	hgt_compile_word(m->c, index);
	hgt_compile_word(m->c, name);
	return 0;
}

static int type_bit(const struct emit *m, const struct hgt_node *name, uint32_t *types)
{
	static const struct {
		const char *name;
		unsigned bit;
	} bits[] = {
		{"null", HGT_TYPE_NULL}, {"boolean", HGT_TYPE_BOOLEAN}, {"integer", HGT_TYPE_INTEGER}, {"number", HGT_TYPE_NUMBER},
		{"string", HGT_TYPE_STRING}, {"array", HGT_TYPE_ARRAY}, {"object", HGT_TYPE_OBJECT},
	};

	for (size_t i = 0; name->type == HGT_NODE_STRING && i < sizeof(bits) / sizeof(bits[0]); i++)
		if (strcmp(bits[i].name, name->text) == 0) {
			*types |= bits[i].bit;
			return 0;
		}
	return hgt_compile_wrong(m->c, m->resource, name, HGT_EPARSE, "unknown type");
}

static int emit_type(struct emit *m)
{
	const struct hgt_node *type = get(m, "type");
	uint32_t types = m->draft == HGT_DRAFT_4 ? HGT_TYPE_STRICT_INTEGER : 0;
	int code = 0;

	if (!type)
		return 0;
	if (type->type != HGT_NODE_SEQ)
		code = type_bit(m, type, &types);
	for (size_t i = 0; type->type == HGT_NODE_SEQ && i < type->v.seq.n && !code; i++)
		code = type_bit(m, type->v.seq.items[i], &types);
	add_op(m, HGT_OP_TYPE, types);
	return code;
}

static int emit_value(struct emit *m, const char *keyword, enum hgt_schema_op op)
{
	const struct hgt_node *value = get(m, keyword);
	uint32_t at;
	int code;

	if (!value)
		return 0;
	if (op == HGT_OP_ENUM && value->type != HGT_NODE_SEQ)
		return hgt_compile_wrong(m->c, m->resource, value, HGT_EPARSE, "%s has to be an array", keyword);
	code = hgt_compile_value(m->c, m->resource, value, &at);
	if (!code)
		add_op(m, op, at);
	return code;
}

static bool is_number(const struct hgt_node *node)
{
	return node->type == HGT_NODE_INT || node->type == HGT_NODE_FLOAT;
}

static int emit_number(struct emit *m, const char *keyword, enum hgt_schema_op op)
{
	const struct hgt_node *value = get(m, keyword);

	if (!value)
		return 0;
	if (!is_number(value))
		return hgt_compile_wrong(m->c, m->resource, value, HGT_EPARSE, "%s has to be a number", keyword);
	add_op(m, op, hgt_compile_number(m->c, value));
	return 0;
}

/* In draft 4 a bound is made exclusive by a boolean beside it. */
static int emit_bound(struct emit *m, const char *keyword, enum hgt_schema_op op, const char *exclusive, enum hgt_schema_op exclusive_op)
{
	bool strict = false;
	int code;

	if (m->draft == HGT_DRAFT_4)
		return emit_number(m, keyword, hgt_node_get_bool(m->node, exclusive, &strict) && strict ? exclusive_op : op);
	code = emit_number(m, keyword, op);
	return code ? code : emit_number(m, exclusive, exclusive_op);
}

static int emit_multiple_of(struct emit *m)
{
	const struct hgt_node *value = get(m, "multipleOf");
	struct hgt_decimal decimal;

	if (value && is_number(value)) {
		hgt_decimal_from_node(&decimal, value);
		if (decimal.negative || decimal.first == decimal.last)
			return hgt_compile_wrong(m->c, m->resource, value, HGT_EPARSE, "multipleOf has to be above 0");
		if (hgt_decimal_digits(&decimal) > HGT_DIVISOR_DIGITS)
			return hgt_compile_wrong(m->c, m->resource, value, HGT_EUNSUPPORTED,
				"multipleOf with more than %d digits", HGT_DIVISOR_DIGITS);
	}
	return emit_number(m, "multipleOf", HGT_OP_MULTIPLE_OF);
}

/* A count: a whole number, not below 0; one beyond 32 bits is as good as the largest. */
static int read_count(const struct emit *m, const char *keyword, const struct hgt_node *value, uint32_t *out)
{
	struct hgt_decimal decimal;

	if (is_number(value)) {
		hgt_decimal_from_node(&decimal, value);
		if (!decimal.negative && hgt_decimal_is_whole(&decimal)) {
			double number = value->type == HGT_NODE_FLOAT ? value->v.number
				: value->is_unsigned ? UINT32_MAX : (double)value->v.integer;

			*out = number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
			return 0;
		}
	}
	return hgt_compile_wrong(m->c, m->resource, value, HGT_EPARSE, "%s has to be a whole number, 0 or more", keyword);
}

static int emit_count(struct emit *m, const char *keyword, enum hgt_schema_op op)
{
	const struct hgt_node *value = get(m, keyword);
	uint32_t count;
	int code = value ? read_count(m, keyword, value, &count) : 0;

	if (!code && value)
		add_op(m, op, count);
	return code;
}

static int emit_pattern(struct emit *m)
{
	const struct hgt_node *pattern;
	uint32_t index;
	int code = get_typed(m, "pattern", HGT_NODE_STRING, &pattern);

	if (!code && pattern)
		code = hgt_compile_pattern(m->c, m->resource, pattern, &index);
	if (!code && pattern)
		add_op(m, HGT_OP_PATTERN, index);
	return code;
}

static int emit_format(struct emit *m)
{
	const struct hgt_node *format;
	enum hgt_format which;
	uint32_t name;
	int code = get_typed(m, "format", HGT_NODE_STRING, &format);

	if (code || !format)
		return code;
	which = hgt_format_find(format->text, format->len);
	if (which == HGT_FORMAT_UNKNOWN)
		return 0;
	name = hgt_compile_string(m->c, format->text, format->len);
	add_op(m, HGT_OP_FORMAT, hgt_compile_here(m->c));
	hgt_compile_word(m->c, which);
	hgt_compile_word(m->c, name);
	hgt_compile_word(m->c, m->resource->dialect.formats);
	return 0;
}

/* The names in an array of strings, as a list; `beside` (a string, or 0) goes before each. */
static int add_names(const struct emit *m, const struct hgt_node *names, uint32_t beside, uint32_t *n)
{
	for (size_t i = 0; i < names->v.seq.n; i++) {
		const struct hgt_node *name = names->v.seq.items[i];

		if (name->type != HGT_NODE_STRING)
			return hgt_compile_wrong(m->c, m->resource, name, HGT_EPARSE, "a field's name has to be a string");
		if (beside)
			hgt_compile_word(m->c, beside);
		hgt_compile_word(m->c, hgt_compile_string(m->c, name->text, name->len));
		++*n;
	}
	return 0;
}

/* Strings have to be in the image before the words that name them begin. */
static void prepare_names(const struct emit *m, const struct hgt_node *names)
{
	for (size_t i = 0; i < names->v.seq.n; i++)
		if (names->v.seq.items[i]->type == HGT_NODE_STRING)
			hgt_compile_string(m->c, names->v.seq.items[i]->text, names->v.seq.items[i]->len);
}

static int emit_required(struct emit *m)
{
	const struct hgt_node *names;
	uint32_t at, n = 0;
	int code;

	/* A `required: true` of draft 3 in a schema of draft 4 is still met; it says nothing. */
	if (m->draft == HGT_DRAFT_4 && get(m, "required") && get(m, "required")->type == HGT_NODE_BOOL)
		return 0;
	code = get_typed(m, "required", HGT_NODE_SEQ, &names);
	if (code || !names)
		return code;
	prepare_names(m, names);
	at = hgt_compile_here(m->c);
	hgt_compile_word(m->c, 0);
	code = add_names(m, names, 0, &n);
	hgt_compile_set(m->c, at, n);
	add_op(m, HGT_OP_REQUIRED, at);
	return code;
}

/* dependentRequired, and the arrays among dependencies. */
static int emit_needs(struct emit *m, const char *keyword)
{
	const struct hgt_node *map;
	uint32_t at, n = 0;
	int code = get_typed(m, keyword, HGT_NODE_MAP, &map);

	if (code || !map)
		return code;
	for (size_t i = 0; i < map->v.map.n; i++) {
		hgt_compile_string(m->c, map->v.map.pairs[i].key->text, map->v.map.pairs[i].key->len);
		if (map->v.map.pairs[i].value->type == HGT_NODE_SEQ)
			prepare_names(m, map->v.map.pairs[i].value);
	}
	at = hgt_compile_here(m->c);
	hgt_compile_word(m->c, 0);
	for (size_t i = 0; i < map->v.map.n && !code; i++) {
		const struct hgt_pair *pair = &map->v.map.pairs[i];

		if (!pair->overridden && pair->value->type == HGT_NODE_SEQ)
			code = add_names(m, pair->value, hgt_compile_string(m->c, pair->key->text, pair->key->len), &n);
	}
	hgt_compile_set(m->c, at, n);
	if (n)
		add_op(m, HGT_OP_DEPENDENT_REQUIRED, at);
	return code;
}

/* dependentSchemas, and the schemas among dependencies. */
static int emit_dependent(struct emit *m, const char *keyword)
{
	const struct hgt_node *map;
	uint32_t at, n = 0;
	int code = get_typed(m, keyword, HGT_NODE_MAP, &map);

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
		add_op(m, HGT_OP_DEPENDENT_SCHEMAS, at);
	return code;
}

/* The table of names of `properties`, at most half full. */
static int add_table(const struct emit *m, const struct hgt_node *map, uint32_t *table)
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

static int add_patterns(const struct emit *m, const struct hgt_node *map, uint32_t *list)
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

static int emit_members(struct emit *m)
{
	const struct hgt_node *properties, *patterns;
	uint32_t names = 0, list = 0, additional = 0;
	int code = get_typed(m, "properties", HGT_NODE_MAP, &properties);

	if (!code)
		code = get_typed(m, "patternProperties", HGT_NODE_MAP, &patterns);
	if (!code && properties)
		code = add_table(m, properties, &names);
	if (!code && patterns)
		code = add_patterns(m, patterns, &list);
	if (!code)
		code = optional_child(m, "additionalProperties", &additional);
	if (code || !(names || list || additional))
		return code;
	add_op(m, HGT_OP_MEMBERS, hgt_compile_here(m->c));
	hgt_compile_word(m->c, additional);
	hgt_compile_word(m->c, names);
	hgt_compile_word(m->c, list);
	return 0;
}

static int emit_items(struct emit *m)
{
	const struct hgt_node *items = get(m, "items"), *prefix = NULL;
	const char *list = "items", *rest = "additionalItems";
	uint32_t at, index = 0;
	int code = 0;

	if (m->draft == HGT_DRAFT_2020) {
		list = "prefixItems";
		rest = "items";
		code = get_typed(m, list, HGT_NODE_SEQ, &prefix);
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
	add_op(m, HGT_OP_ITEMS, at);
	hgt_compile_word(m->c, index);
	return add_list(m, prefix, list);
}

static int emit_contains(struct emit *m)
{
	const struct hgt_node *least = get(m, "minContains"), *most = get(m, "maxContains");
	uint32_t index, min = 1, max = UINT32_MAX;
	bool counted = m->draft >= HGT_DRAFT_2019 && m->resource->dialect.validation;
	int code = optional_child(m, "contains", &index);

	if (!code && counted && least)
		code = read_count(m, "minContains", least, &min);
	if (!code && counted && most)
		code = read_count(m, "maxContains", most, &max);
	if (code || !index)
		return code;
	add_op(m, HGT_OP_CONTAINS, hgt_compile_here(m->c));
	hgt_compile_word(m->c, index - 1);
	hgt_compile_word(m->c, min);
	hgt_compile_word(m->c, max);
	hgt_compile_word(m->c, m->draft >= HGT_DRAFT_2020);
	return 0;
}

static int emit_if(struct emit *m)
{
	uint32_t test, yes = 0, no = 0;
	int code = optional_child(m, "if", &test);

	if (code || !test)
		return code;
	code = optional_child(m, "then", &yes);
	if (!code)
		code = optional_child(m, "else", &no);
	add_op(m, HGT_OP_IF, hgt_compile_here(m->c));
	hgt_compile_word(m->c, test - 1);
	hgt_compile_word(m->c, yes);
	hgt_compile_word(m->c, no);
	return code;
}

static int emit_unique_items(struct emit *m)
{
	bool unique = false;

	if (hgt_node_get_bool(m->node, "uniqueItems", &unique) && unique)
		add_op(m, HGT_OP_UNIQUE_ITEMS, 0);
	return 0;
}

/* Stop at the first that fails. */
#define TRY(call) \
	do { \
		int tried = (call); \
		if (tried) \
			return tried; \
	} while (0)

static int emit_validation(struct emit *m)
{
	if (!m->resource->dialect.validation)
		return 0;
	TRY(emit_type(m));
	if (m->draft >= HGT_DRAFT_6)
		TRY(emit_value(m, "const", HGT_OP_CONST));
	TRY(emit_value(m, "enum", HGT_OP_ENUM));
	TRY(emit_bound(m, "minimum", HGT_OP_MINIMUM, "exclusiveMinimum", HGT_OP_EXCLUSIVE_MINIMUM));
	TRY(emit_bound(m, "maximum", HGT_OP_MAXIMUM, "exclusiveMaximum", HGT_OP_EXCLUSIVE_MAXIMUM));
	TRY(emit_multiple_of(m));
	TRY(emit_count(m, "minLength", HGT_OP_MIN_LENGTH));
	TRY(emit_count(m, "maxLength", HGT_OP_MAX_LENGTH));
	TRY(emit_pattern(m));
	TRY(emit_required(m));
	if (m->draft >= HGT_DRAFT_2019)
		TRY(emit_needs(m, "dependentRequired"));
	TRY(emit_count(m, "minProperties", HGT_OP_MIN_PROPERTIES));
	TRY(emit_count(m, "maxProperties", HGT_OP_MAX_PROPERTIES));
	TRY(emit_count(m, "minItems", HGT_OP_MIN_ITEMS));
	TRY(emit_count(m, "maxItems", HGT_OP_MAX_ITEMS));
	return emit_unique_items(m);
}

static int emit_applicators(struct emit *m)
{
	if (!m->resource->dialect.applicator)
		return 0;
	TRY(emit_needs(m, "dependencies"));
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

static int emit_unevaluated(struct emit *m)
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

static int emit_keywords(struct emit *m)
{
	bool reference = hgt_node_get_string(m->node, "$ref");

	TRY(emit_reference(m, "$ref", HGT_OP_REF));
	/* Before 2019-09 nothing beside a $ref counts. */
	if (reference && m->draft < HGT_DRAFT_2019)
		return 0;
	if (m->draft == HGT_DRAFT_2019)
		TRY(emit_reference(m, "$recursiveRef", HGT_OP_DYNAMIC_REF));
	if (m->draft == HGT_DRAFT_2020)
		TRY(emit_reference(m, "$dynamicRef", HGT_OP_DYNAMIC_REF));
	TRY(emit_validation(m));
	TRY(emit_format(m));
	TRY(emit_applicators(m));
	return emit_unevaluated(m);
}

int hgt_compile_schema(struct hgt_compiler *c, struct hgt_schema_slot *slot)
{
	struct emit m = {
		.c = c, .slot = slot, .node = slot->key.node, .resource = slot->key.resource, .draft = slot->key.resource->dialect.draft,
	};
	uint32_t step;

	if (m.node->type == HGT_NODE_MAP)
		TRY(emit_keywords(&m));
	else if (!m.node->v.boolean)
		add_op(&m, HGT_OP_FALSE, 0);
	step = hgt_compile_string(c, slot->step, strlen(slot->step));
	slot->offset = hgt_compile_here(c);
	hgt_compile_word(c, slot->parent);
	hgt_compile_word(c, step);
	hgt_compile_word(c, slot->key.resource->index);
	hgt_compile_word(c, m.flags);
	hgt_compile_word(c, m.n);
	/* In the order of the codes, which is that of evaluation. */
	for (uint32_t code = 0; code < HGT_OP_COUNT; code++)
		for (uint32_t i = 0; i < m.n; i++)
			if (m.ops[i].code == code) {
				hgt_compile_word(c, code);
				hgt_compile_word(c, m.ops[i].arg);
			}
	return hgt_buf_check(&c->data, c->err);
}
