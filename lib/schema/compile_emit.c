/* A schema's keywords made into its ops: references, and what is said of the value itself. */
#include "schema/compile_emit.h"
#include "schema/format.h"
#include "schema/number.h"

void hgt_emit_op(struct hgt_emit *m, enum hgt_schema_op code, uint32_t arg)
{
	m->ops[m->n].code = code;
	m->ops[m->n++].arg = arg;
}

const struct hgt_node *hgt_emit_get(const struct hgt_emit *m, const char *keyword)
{
	return hgt_node_get(m->node, keyword);
}

int hgt_emit_get_typed(const struct hgt_emit *m, const char *keyword, enum hgt_node_type type,
	const struct hgt_node **out)
{
	const struct hgt_node *value = hgt_emit_get(m, keyword);

	*out = NULL;
	if (value && value->type != type)
		return hgt_compile_wrong(m->c, m->resource, value, HGT_EPARSE, "%s has to be %s %s", keyword,
			type == HGT_NODE_SEQ || type == HGT_NODE_MAP ? "an" : "a", hgt_node_type_name(type));
	*out = value;
	return 0;
}

static int emit_reference(struct hgt_emit *m, const char *keyword, enum hgt_schema_op dynamic)
{
	struct hgt_anchor_target target;
	const struct hgt_node *reference;
	const char *hash;
	uint32_t index, name;
	bool moves = false;
	int code = hgt_emit_get_typed(m, keyword, HGT_NODE_STRING, &reference);

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
		hgt_emit_op(m, HGT_OP_REF, index);
		return 0;
	}
	name = hgt_compile_string(m->c, target.dynamic ? target.name : "", target.dynamic ? strlen(target.name) : 0);
	hgt_emit_op(m, HGT_OP_DYNAMIC_REF, hgt_compile_here(m->c));
	hgt_compile_word(m->c, index);
	hgt_compile_word(m->c, name);
	return 0;
}

static int type_bit(const struct hgt_emit *m, const struct hgt_node *name, uint32_t *types)
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

static int emit_type(struct hgt_emit *m)
{
	const struct hgt_node *type = hgt_emit_get(m, "type");
	uint32_t types = m->draft == HGT_DRAFT_4 ? HGT_TYPE_STRICT_INTEGER : 0;
	int code = 0;

	if (!type)
		return m->draft < HGT_DRAFT_4 ? hgt_emit_kubernetes_type(m, 0) : 0;
	if (type->type != HGT_NODE_SEQ)
		code = type_bit(m, type, &types);
	for (size_t i = 0; type->type == HGT_NODE_SEQ && i < type->v.seq.n && !code; i++)
		code = type_bit(m, type->v.seq.items[i], &types);
	if (m->draft < HGT_DRAFT_4)
		return code ? code : hgt_emit_kubernetes_type(m, types);
	hgt_emit_op(m, HGT_OP_TYPE, types);
	return code;
}

static int emit_value(struct hgt_emit *m, const char *keyword, enum hgt_schema_op op)
{
	const struct hgt_node *value = hgt_emit_get(m, keyword);
	uint32_t at;
	int code;

	if (!value)
		return 0;
	if (op == HGT_OP_ENUM && value->type != HGT_NODE_SEQ)
		return hgt_compile_wrong(m->c, m->resource, value, HGT_EPARSE, "%s has to be an array", keyword);
	code = hgt_compile_value(m->c, m->resource, value, &at);
	if (!code)
		hgt_emit_op(m, op, at);
	return code;
}

static bool is_number(const struct hgt_node *node)
{
	return node->type == HGT_NODE_INT || node->type == HGT_NODE_FLOAT;
}

static int emit_number(struct hgt_emit *m, const char *keyword, enum hgt_schema_op op)
{
	const struct hgt_node *value = hgt_emit_get(m, keyword);

	if (!value)
		return 0;
	if (!is_number(value))
		return hgt_compile_wrong(m->c, m->resource, value, HGT_EPARSE, "%s has to be a number", keyword);
	hgt_emit_op(m, op, hgt_compile_number(m->c, value));
	return 0;
}

/* In draft 4 a bound is made exclusive by a boolean beside it. */
static int emit_bound(struct hgt_emit *m, const char *keyword, enum hgt_schema_op op, const char *exclusive,
	enum hgt_schema_op exclusive_op)
{
	bool strict = false;
	int code;

	if (m->draft <= HGT_DRAFT_4)
		return emit_number(m, keyword, hgt_node_get_bool(m->node, exclusive, &strict) && strict ? exclusive_op : op);
	code = emit_number(m, keyword, op);
	return code ? code : emit_number(m, exclusive, exclusive_op);
}

static int emit_multiple_of(struct hgt_emit *m)
{
	const struct hgt_node *value = hgt_emit_get(m, "multipleOf");
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

int hgt_emit_read_count(const struct hgt_emit *m, const char *keyword, const struct hgt_node *value, uint32_t *out)
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

static int emit_count(struct hgt_emit *m, const char *keyword, enum hgt_schema_op op)
{
	const struct hgt_node *value = hgt_emit_get(m, keyword);
	uint32_t count;
	int code = value ? hgt_emit_read_count(m, keyword, value, &count) : 0;

	if (!code && value)
		hgt_emit_op(m, op, count);
	return code;
}

static int emit_pattern(struct hgt_emit *m)
{
	const struct hgt_node *pattern;
	uint32_t index;
	int code = hgt_emit_get_typed(m, "pattern", HGT_NODE_STRING, &pattern);

	if (!code && pattern)
		code = hgt_compile_pattern(m->c, m->resource, pattern, &index);
	if (!code && pattern)
		hgt_emit_op(m, HGT_OP_PATTERN, index);
	return code;
}

static int emit_format(struct hgt_emit *m)
{
	const struct hgt_node *format;
	enum hgt_format which;
	uint32_t name;
	int code = hgt_emit_get_typed(m, "format", HGT_NODE_STRING, &format);

	if (code || !format)
		return code;
	which = m->draft == HGT_DRAFT_STRUCTURAL ? hgt_format_find_structural(format->text, format->len)
		: hgt_format_find(format->text, format->len);
	if (which == HGT_FORMAT_UNKNOWN)
		return 0;
	name = hgt_compile_string(m->c, format->text, format->len);
	hgt_emit_op(m, HGT_OP_FORMAT, hgt_compile_here(m->c));
	hgt_compile_word(m->c, which);
	hgt_compile_word(m->c, name);
	hgt_compile_word(m->c, m->resource->dialect.formats);
	return 0;
}

static int add_name(const struct hgt_emit *m, const struct hgt_node *name)
{
	if (name->type != HGT_NODE_STRING)
		return hgt_compile_wrong(m->c, m->resource, name, HGT_EPARSE, "a field's name has to be a string");
	hgt_compile_word(m->c, hgt_compile_string(m->c, name->text, name->len));
	return 0;
}

int hgt_emit_names(const struct hgt_emit *m, const struct hgt_node *names, uint32_t beside, uint32_t *n)
{
	for (size_t i = 0; i < names->v.seq.n; i++) {
		if (beside)
			hgt_compile_word(m->c, beside);
		TRY(add_name(m, names->v.seq.items[i]));
		++*n;
	}
	return 0;
}

void hgt_emit_prepare_names(const struct hgt_emit *m, const struct hgt_node *names)
{
	for (size_t i = 0; i < names->v.seq.n; i++)
		if (names->v.seq.items[i]->type == HGT_NODE_STRING)
			hgt_compile_string(m->c, names->v.seq.items[i]->text, names->v.seq.items[i]->len);
}

static int emit_required(struct hgt_emit *m)
{
	const struct hgt_node *names;
	struct hgt_map defaults = HGT_MAP_INIT;
	uint32_t at, n = 0;
	int code;

	/* A `required: true` of draft 3 in a schema of draft 4 is still met; it says nothing. */
	if (m->draft <= HGT_DRAFT_4 && hgt_emit_get(m, "required") && hgt_emit_get(m, "required")->type == HGT_NODE_BOOL)
		return 0;
	code = hgt_emit_get_typed(m, "required", HGT_NODE_SEQ, &names);
	if (code || !names)
		return code;
	hgt_emit_prepare_names(m, names);
	at = hgt_compile_here(m->c);
	hgt_compile_word(m->c, 0);
	code = hgt_emit_defaults(m, &defaults);
	for (size_t i = 0; i < names->v.seq.n && !code; i++) {
		const struct hgt_node *name = names->v.seq.items[i];

		if (hgt_map_get(&defaults, name->text, name->len))
			continue;
		code = add_name(m, name);
		n++;
	}
	hgt_map_release(&defaults);
	hgt_compile_set(m->c, at, n);
	hgt_emit_op(m, HGT_OP_REQUIRED, at);
	return code;
}

static int emit_unique_items(struct hgt_emit *m)
{
	bool unique = false;

	if ((hgt_node_get_bool(m->node, "uniqueItems", &unique) && unique) || hgt_emit_is_set(m))
		hgt_emit_op(m, HGT_OP_UNIQUE_ITEMS, 0);
	return 0;
}

static int emit_validation(struct hgt_emit *m)
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
		TRY(hgt_emit_needs(m, "dependentRequired"));
	TRY(emit_count(m, "minProperties", HGT_OP_MIN_PROPERTIES));
	TRY(emit_count(m, "maxProperties", HGT_OP_MAX_PROPERTIES));
	TRY(emit_count(m, "minItems", HGT_OP_MIN_ITEMS));
	TRY(emit_count(m, "maxItems", HGT_OP_MAX_ITEMS));
	return emit_unique_items(m);
}

static int emit_keywords(struct hgt_emit *m)
{
	bool reference = hgt_node_get_string(m->node, "$ref");

	TRY(emit_reference(m, "$ref", HGT_OP_REF));
	/* From draft 4 to draft 7 nothing beside a $ref counts. */
	if (reference && m->draft >= HGT_DRAFT_4 && m->draft < HGT_DRAFT_2019)
		return 0;
	if (m->draft == HGT_DRAFT_2019)
		TRY(emit_reference(m, "$recursiveRef", HGT_OP_DYNAMIC_REF));
	if (m->draft == HGT_DRAFT_2020)
		TRY(emit_reference(m, "$dynamicRef", HGT_OP_DYNAMIC_REF));
	TRY(emit_validation(m));
	TRY(emit_format(m));
	if (m->draft < HGT_DRAFT_4)
		TRY(hgt_emit_kubernetes(m));
	TRY(hgt_emit_applicators(m));
	return hgt_emit_unevaluated(m);
}

int hgt_compile_schema(struct hgt_compiler *c, struct hgt_schema_slot *slot)
{
	struct hgt_emit m = {
		.c = c, .slot = slot, .node = slot->key.node, .resource = slot->key.resource,
			.draft = slot->key.resource->dialect.draft,
	};
	uint32_t step;

	if (m.node->type == HGT_NODE_MAP)
		TRY(emit_keywords(&m));
	else if (!m.node->v.boolean)
		hgt_emit_op(&m, HGT_OP_FALSE, 0);
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
