/* What a compiled schema asks for, collected from all schemas that are applied to the same value. */
#include "schema/describe.h"

#include "base/escape.h"
#include "doc/doc.h"

enum {
	TOGETHER_MAX = 64,	/* schemas that are one value's */
	FIELDS_MAX = 10 * 1000,	/* of one object; real ones have less than a hundredth */
};

struct hgt_describer {
	const struct hgt_image *image;
	struct hgt_image_checked checked;
};

int hgt_describer_new(const struct hgt_image *image, struct hgt_describer **out, struct hgt_error *err)
{
	struct hgt_describer *describer = calloc(1, sizeof(*describer));
	int code;

	if (!describer)
		return hgt_error_nomem(err);
	describer->image = image;
	code = hgt_image_checked_init(&describer->checked, image, err);
	if (code) {
		free(describer);
		return code;
	}
	*out = describer;
	return 0;
}

void hgt_describer_free(struct hgt_describer *describer)
{
	if (!describer)
		return;
	hgt_image_checked_release(&describer->checked);
	free(describer);
}

void hgt_description_release(struct hgt_description *description)
{
	free(description->fields);
	free(description->facts);
	*description = (struct hgt_description){0};
}

/* The schemas that are applied to one value. */
struct together {
	uint32_t list[TOGETHER_MAX];
	size_t n;
};

struct walk {
	struct hgt_describer *d;
	struct hgt_description *out;
	struct together schemas;
	uint32_t at;			/* the one of them that is being read */
	struct hgt_error *err;
};

static int add_schema(struct walk *w, uint32_t schema)
{
	for (size_t i = 0; i < w->schemas.n; i++)
		if (w->schemas.list[i] == schema)
			return 0;
	if (w->schemas.n == TOGETHER_MAX)
		return hgt_error_set(w->err, HGT_ELIMIT, "more than %d schemas are applied to one value", TOGETHER_MAX);
	w->schemas.list[w->schemas.n++] = schema;
	return 0;
}

/* The types that a schema by itself allows, 0 for all. */
static int types_of(struct walk *w, uint32_t schema, uint32_t *types)
{
	const struct hgt_image *image = w->d->image;
	uint32_t at, n;
	int code = hgt_image_check_schema(&w->d->checked, schema, w->err);

	*types = 0;
	if (code)
		return code;
	at = hgt_img_schema(image, schema);
	n = hgt_img_word(image, at + HGT_IMG_SCHEMA_OPS);
	for (uint32_t i = 0; i < n; i++)
		if (hgt_img_row(image, at + HGT_IMG_SCHEMA_SIZE, 2 * i) == HGT_OP_TYPE)
			*types = hgt_img_row(image, at + HGT_IMG_SCHEMA_SIZE, 2 * i + 1) & HGT_TYPE_ALL;
	return 0;
}

static void limit_types(struct walk *w, uint32_t types)
{
	types &= HGT_TYPE_ALL;
	w->out->types = w->out->types ? w->out->types & types : types;
}

/* Alternatives that are each of one type are a choice of types. */
static int read_alternatives(struct walk *w, uint32_t list)
{
	const struct hgt_image *image = w->d->image;
	uint32_t n = hgt_img_word(image, list), all = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t types;
		int code = types_of(w, hgt_img_row(image, list + 4, i), &types);

		if (code)
			return code;
		if (!types)
			return 0;
		all |= types;
	}
	if (all)
		limit_types(w, all);
	return 0;
}

static int add_fact(struct walk *w, uint32_t code, uint32_t arg)
{
	struct hgt_fact *grown = reallocarray(w->out->facts, w->out->n_facts + 1, sizeof(*grown));

	if (!grown)
		return hgt_error_nomem(w->err);
	w->out->facts = grown;
	w->out->facts[w->out->n_facts++] = (struct hgt_fact){.code = code, .arg = arg};
	return 0;
}

static struct hgt_field *find_field(struct hgt_description *out, const char *name, size_t len)
{
	for (size_t i = 0; i < out->n_fields; i++)
		if (out->fields[i].len == len && memcmp(out->fields[i].name, name, len) == 0)
			return &out->fields[i];
	return NULL;
}

/* The fields of a table of names; of one that is there twice the first counts. */
static int add_fields(struct walk *w, uint32_t names)
{
	const struct hgt_image *image = w->d->image;
	uint32_t cap = hgt_img_word(image, names), used = 0;
	size_t before = w->out->n_fields;
	struct hgt_field *grown;

	for (uint32_t i = 0; i < cap; i++)
		used += hgt_img_word(image, names + 8 + 12 * i + 4) != 0;
	if (used > FIELDS_MAX - before)
		return hgt_error_set(w->err, HGT_ELIMIT, "an object has more than %d fields", FIELDS_MAX);
	grown = reallocarray(w->out->fields, before + used + 1, sizeof(*grown));
	if (!grown)
		return hgt_error_nomem(w->err);
	w->out->fields = grown;
	for (uint32_t i = 0; i < cap; i++) {
		uint32_t row = names + 8 + 12 * i, name = hgt_img_word(image, row + 4), len;
		const char *text = name ? hgt_img_string(image, name, &len) : NULL;

		if (!text || (before && find_field(w->out, text, len)))
			continue;
		w->out->fields[w->out->n_fields++] = (struct hgt_field){.name = text, .len = len,
			.schema = hgt_img_word(image, row + 8)};
	}
	return 0;
}

/* Whether a schema is `false`: 1, 0, HGT_ECORRUPT. */
static int is_false(struct walk *w, uint32_t schema)
{
	uint32_t at;
	int code = hgt_image_check_schema(&w->d->checked, schema, w->err);

	if (code)
		return code;
	at = hgt_img_schema(w->d->image, schema);
	return hgt_img_word(w->d->image, at + HGT_IMG_SCHEMA_OPS) == 1 &&
		hgt_img_word(w->d->image, at + HGT_IMG_SCHEMA_SIZE) == HGT_OP_FALSE;
}

static int read_members(struct walk *w, uint32_t at)
{
	const struct hgt_image *image = w->d->image;
	uint32_t others = hgt_img_word(image, at), names = hgt_img_row(image, at, 1);
	bool first = !w->out->n_fields;
	int code = names ? add_fields(w, names) : 0;

	if (first && w->out->n_fields)
		w->out->self = w->at;
	if (code || !others)
		return code;
	code = is_false(w, others - 1);
	if (code < 0)
		return code;
	if (code)
		w->out->closed = true;
	else if (!w->out->others)
		w->out->others = others;
	return 0;
}

static void read_items(struct walk *w, uint32_t at)
{
	uint32_t rest = hgt_img_word(w->d->image, at);

	if (!w->out->items)
		w->out->items = rest;
}

/* One op: what leads on, what has a place of its own in the description, and the rest, which are facts. */
static int read_op(struct walk *w, uint32_t op, uint32_t arg)
{
	const struct hgt_image *image = w->d->image;
	int code = 0;

	switch (op) {
	case HGT_OP_TYPE:
		limit_types(w, arg);
		return 0;
	case HGT_OP_REF:
		return add_schema(w, arg);
	case HGT_OP_ALL_OF:
		for (uint32_t i = 0; i < hgt_img_word(image, arg) && code == 0; i++)
			code = add_schema(w, hgt_img_row(image, arg + 4, i));
		return code;
	case HGT_OP_ANY_OF:
	case HGT_OP_ONE_OF:
		return read_alternatives(w, arg);
	case HGT_OP_MEMBERS:
		return read_members(w, arg);
	case HGT_OP_ITEMS:
		read_items(w, arg);
		return 0;
	case HGT_OP_FALSE:
	case HGT_OP_DYNAMIC_REF:
	case HGT_OP_REQUIRED:
	case HGT_OP_NOT:
	case HGT_OP_IF:
	case HGT_OP_CONTAINS:
	case HGT_OP_PROPERTY_NAMES:
	case HGT_OP_DEPENDENT_REQUIRED:
	case HGT_OP_DEPENDENT_SCHEMAS:
	case HGT_OP_UNEVALUATED_ITEMS:
	case HGT_OP_UNEVALUATED_PROPERTIES:
		return 0;
	default:
		return add_fact(w, op, arg);
	}
}

static int read_schema(struct walk *w, uint32_t schema)
{
	const struct hgt_image *image = w->d->image;
	uint32_t at, n;
	int code = schema < image->n_schemas ? hgt_image_check_schema(&w->d->checked, schema, w->err)
		: hgt_error_set(w->err, HGT_ECORRUPT, "there is no such schema in the image");

	if (code)
		return code;
	w->at = schema;
	at = hgt_img_schema(image, schema);
	n = hgt_img_word(image, at + HGT_IMG_SCHEMA_OPS);
	for (uint32_t i = 0; i < n && code == 0; i++)
		code = read_op(w, hgt_img_row(image, at + HGT_IMG_SCHEMA_SIZE, 2 * i),
			hgt_img_row(image, at + HGT_IMG_SCHEMA_SIZE, 2 * i + 1));
	return code;
}

/* When all fields are known: those that must be there. */
static void mark_required(struct walk *w, uint32_t schema)
{
	const struct hgt_image *image = w->d->image;
	uint32_t at = hgt_img_schema(image, schema), n = hgt_img_word(image, at + HGT_IMG_SCHEMA_OPS);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t list = hgt_img_row(image, at + HGT_IMG_SCHEMA_SIZE, 2 * i + 1);

		if (hgt_img_row(image, at + HGT_IMG_SCHEMA_SIZE, 2 * i) != HGT_OP_REQUIRED)
			continue;
		for (uint32_t k = 0; k < hgt_img_word(image, list); k++) {
			uint32_t len;
			const char *name = hgt_img_string(image, hgt_img_row(image, list + 4, k), &len);
			struct hgt_field *field = find_field(w->out, name, len);

			if (field)
				field->required = true;
		}
	}
}

static int order_fields(const void *a, const void *b)
{
	const struct hgt_field *x = a, *y = b;
	int order = memcmp(x->name, y->name, x->len < y->len ? x->len : y->len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

int hgt_describe(struct hgt_describer *describer, uint32_t schema, struct hgt_description *out, struct hgt_error *err)
{
	struct hgt_description made = {.self = schema};
	struct walk w = {.d = describer, .out = &made, .err = err};
	int code = add_schema(&w, schema);

	for (size_t i = 0; i < w.schemas.n && code == 0; i++)
		code = read_schema(&w, w.schemas.list[i]);
	for (size_t i = 0; i < w.schemas.n && code == 0; i++)
		mark_required(&w, w.schemas.list[i]);
	if (code) {
		hgt_description_release(&made);
		return code;
	}
	if (made.n_fields)
		qsort(made.fields, made.n_fields, sizeof(*made.fields), order_fields);
	/* Not both: a number is an integer too. */
	if (made.types & HGT_TYPE_NUMBER)
		made.types &= ~(uint32_t)HGT_TYPE_INTEGER;
	*out = made;
	return 0;
}

void hgt_description_types(const struct hgt_description *description, struct hgt_buf *out)
{
	const char *between = "";

	if (!description->types)
		hgt_buf_adds(out, "any");
	for (int type = HGT_NODE_NULL; type <= HGT_NODE_MAP; type++)
		if (description->types & 1u << type) {
			hgt_buf_addf(out, "%s%s", between, hgt_node_type_name((enum hgt_node_type)type));
			between = " or ";
		}
}

static void write_string(const struct hgt_image *image, uint32_t at, struct hgt_json *json)
{
	uint32_t len;
	const char *text = hgt_img_string(image, at, &len);

	hgt_json_string_len(json, text, len);
}

/* A number's text is believed when it looks like one. */
static void write_number(const struct hgt_image *image, uint32_t at, struct hgt_json *json)
{
	uint32_t len;
	const char *text = hgt_img_string(image, at, &len);

	if (len && strspn(text, "0123456789+-.eE") == len)
		hgt_json_raw(json, text, len);
	else
		hgt_json_string_len(json, text, len);
}

/* The value at *at, which moves behind it. It has been checked, so it nests no deeper than HGT_IMG_VALUE_DEPTH. */
static void write_value(const struct hgt_image *image, uint32_t *at, struct hgt_json *json)
{
	uint32_t start = *at, kind = hgt_img_word(image, start), n;

	*at = start + 4 * hgt_img_row(image, start, 1);
	switch (kind) {
	case HGT_NODE_BOOL:
		hgt_json_bool(json, hgt_img_row(image, start, 2));
		break;
	case HGT_NODE_STRING:
		write_string(image, hgt_img_row(image, start, 2), json);
		break;
	case HGT_NODE_INT:
	case HGT_NODE_FLOAT:
		write_number(image, hgt_img_row(image, start, 2), json);
		break;
	case HGT_NODE_SEQ:
	case HGT_NODE_MAP:
		n = hgt_img_row(image, start, 2);
		if (kind == HGT_NODE_MAP)
			hgt_json_begin_object(json);
		else
			hgt_json_begin_array(json);
		for (start += 12; n--;) {
			if (kind == HGT_NODE_MAP) {
				uint32_t len;
				const char *key = hgt_img_string(image, hgt_img_word(image, start), &len);

				hgt_json_key_len(json, key, len);
				start += 4;
			}
			write_value(image, &start, json);
		}
		if (kind == HGT_NODE_MAP)
			hgt_json_end_object(json);
		else
			hgt_json_end_array(json);
		break;
	default:
		hgt_json_null(json);
		break;
	}
}

static void write_strings(const struct hgt_image *image, uint32_t list, struct hgt_json *json)
{
	hgt_json_begin_array(json);
	for (uint32_t i = 0; i < hgt_img_word(image, list); i++)
		write_string(image, hgt_img_row(image, list + 4, i), json);
	hgt_json_end_array(json);
}

static void write_operand(const struct hgt_image *image, const struct hgt_fact *fact, struct hgt_json *json)
{
	uint32_t at = fact->arg;

	switch (hgt_schema_ops[fact->code].operand) {
	case HGT_OPERAND_WORD:
		hgt_json_uint(json, fact->arg);
		break;
	case HGT_OPERAND_NUMBER:
		write_number(image, hgt_img_word(image, fact->arg), json);
		break;
	case HGT_OPERAND_VALUE:
		write_value(image, &at, json);
		break;
	case HGT_OPERAND_PATTERN:
		write_string(image, hgt_img_row(image, image->patterns, fact->arg), json);
		break;
	case HGT_OPERAND_FORMAT:
		write_string(image, hgt_img_row(image, fact->arg, 1), json);
		break;
	case HGT_OPERAND_STRINGS:
		write_strings(image, fact->arg, json);
		break;
	case HGT_OPERAND_UNION:
		write_strings(image, fact->arg + 4, json);
		break;
	default:
		hgt_json_bool(json, true);
		break;
	}
}

/* As what an op's fact is told. */
static const char *keyword_of(const struct hgt_describer *describer, const struct hgt_fact *fact)
{
	if (fact->code == HGT_OP_UNION)
		return hgt_img_word(describer->image, fact->arg) ? "exactlyOneOf" : "atMostOneOf";
	return fact->code == HGT_OP_LIST_MAP ? "uniqueKeys" : hgt_schema_ops[fact->code].keyword;
}

void hgt_fact_json(const struct hgt_describer *describer, const struct hgt_fact *fact, struct hgt_json *json)
{
	hgt_json_key(json, keyword_of(describer, fact));
	write_operand(describer->image, fact, json);
}

static void add_word(struct hgt_buf *out, const struct hgt_image *image, uint32_t at)
{
	uint32_t len;
	const char *text = hgt_img_string(image, at, &len);

	if (len == 0)
		hgt_buf_adds(out, "\"\"");
	hgt_escape_text(out, text, len);
}

static void add_words(struct hgt_buf *out, const struct hgt_image *image, uint32_t list)
{
	for (uint32_t i = 0; i < hgt_img_word(image, list); i++) {
		hgt_buf_adds(out, i ? ", " : "");
		add_word(out, image, hgt_img_row(image, list + 4, i));
	}
}

/* An enum whose values are all strings needs no quotes. */
static bool add_string_values(struct hgt_buf *out, const struct hgt_image *image, uint32_t values)
{
	uint32_t n = hgt_img_row(image, values, 2), at = values + 12;

	for (uint32_t i = 0; i < n; i++, at += 4 * hgt_img_row(image, at, 1))
		if (hgt_img_word(image, at) != HGT_NODE_STRING)
			return false;
	at = values + 12;
	for (uint32_t i = 0; i < n; i++, at += 4 * hgt_img_row(image, at, 1)) {
		hgt_buf_adds(out, i ? ", " : "");
		add_word(out, image, hgt_img_row(image, at, 2));
	}
	return true;
}

void hgt_fact_text(const struct hgt_describer *describer, const struct hgt_fact *fact, struct hgt_buf *out)
{
	const struct hgt_image *image = describer->image;
	struct hgt_buf value = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&value);

	hgt_buf_adds(out, keyword_of(describer, fact));
	if (hgt_schema_ops[fact->code].operand == HGT_OPERAND_NONE)
		return;
	hgt_buf_addc(out, ' ');
	switch (fact->code) {
	case HGT_OP_PATTERN:
		add_word(out, image, hgt_img_row(image, image->patterns, fact->arg));
		return;
	case HGT_OP_FORMAT:
		add_word(out, image, hgt_img_row(image, fact->arg, 1));
		return;
	case HGT_OP_LIST_MAP:
		add_words(out, image, fact->arg);
		return;
	case HGT_OP_UNION:
		add_words(out, image, fact->arg + 4);
		return;
	case HGT_OP_ENUM:
		if (add_string_values(out, image, fact->arg))
			return;
		break;
	default:
		break;
	}
	write_operand(image, fact, &json);
	hgt_escape_text(out, value.data, value.len);
	out->failed |= value.failed;
	hgt_buf_release(&value);
}
