/* The evaluator: schemas applied to values, the limits, and the marks of what has been evaluated. */
#include "schema/evaluate.h"

#include "schema/eval.h"

enum {
	DEPTH_MAX = 1500,		/* scopes within each other; each takes a few hundred bytes of stack */
	HERE_MAX = 128,			/* scopes of one value: more is a schema that refers to itself */
	SEARCH_STEPS = 1000,		/* of a pattern, which nearly all searches stay below */
	SEARCH_STEPS_MAX = 200 * 1000,
	SEARCH_WORK = 8,		/* units of a search, and of a byte each */
};

const struct hgt_evaluate_options hgt_evaluate_default_options = {.findings = 100, .work = 20 * 1000 * 1000};

static const hgt_eval_cb keywords[HGT_OP_COUNT] = {
	[HGT_OP_FALSE] = hgt_eval_false, [HGT_OP_TYPE] = hgt_eval_type, [HGT_OP_CONST] = hgt_eval_const,
	[HGT_OP_ENUM] = hgt_eval_enum, [HGT_OP_MINIMUM] = hgt_eval_minimum,
	[HGT_OP_EXCLUSIVE_MINIMUM] = hgt_eval_exclusive_minimum, [HGT_OP_MAXIMUM] = hgt_eval_maximum,
	[HGT_OP_EXCLUSIVE_MAXIMUM] = hgt_eval_exclusive_maximum, [HGT_OP_MULTIPLE_OF] = hgt_eval_multiple_of,
	[HGT_OP_MIN_LENGTH] = hgt_eval_min_length, [HGT_OP_MAX_LENGTH] = hgt_eval_max_length,
	[HGT_OP_PATTERN] = hgt_eval_pattern, [HGT_OP_FORMAT] = hgt_eval_format, [HGT_OP_REQUIRED] = hgt_eval_required,
	[HGT_OP_DEPENDENT_REQUIRED] = hgt_eval_dependent_required, [HGT_OP_MIN_PROPERTIES] = hgt_eval_min_properties,
	[HGT_OP_MAX_PROPERTIES] = hgt_eval_max_properties, [HGT_OP_PROPERTY_NAMES] = hgt_eval_property_names,
	[HGT_OP_MEMBERS] = hgt_eval_members, [HGT_OP_MIN_ITEMS] = hgt_eval_min_items,
	[HGT_OP_MAX_ITEMS] = hgt_eval_max_items, [HGT_OP_UNIQUE_ITEMS] = hgt_eval_unique_items,
	[HGT_OP_ITEMS] = hgt_eval_items, [HGT_OP_CONTAINS] = hgt_eval_contains, [HGT_OP_REF] = hgt_eval_ref,
	[HGT_OP_UNION] = hgt_eval_union,
	[HGT_OP_LIST_MAP] = hgt_eval_list_map, [HGT_OP_DYNAMIC_REF] = hgt_eval_dynamic_ref, [HGT_OP_ALL_OF] = hgt_eval_all_of, [HGT_OP_ANY_OF] = hgt_eval_any_of,
	[HGT_OP_ONE_OF] = hgt_eval_one_of, [HGT_OP_NOT] = hgt_eval_not, [HGT_OP_IF] = hgt_eval_if,
	[HGT_OP_DEPENDENT_SCHEMAS] = hgt_eval_dependent_schemas,
	[HGT_OP_UNEVALUATED_ITEMS] = hgt_eval_unevaluated_items,
	[HGT_OP_UNEVALUATED_PROPERTIES] = hgt_eval_unevaluated_properties,
};

uint32_t hgt_eval_flags(const struct hgt_evaluator *e, const struct hgt_scope *s)
{
	return hgt_img_word(e->image, hgt_img_schema(e->image, s->schema) + HGT_IMG_SCHEMA_FLAGS);
}

int hgt_eval_charge(struct hgt_evaluator *e, uint64_t work)
{
	if (work > e->work) {
		e->work = 0;
		return hgt_error_set(e->err, HGT_ELIMIT, "holding the document against its schema takes too much work");
	}
	e->work -= work;
	return 0;
}

int hgt_eval_search(struct hgt_evaluator *e, uint32_t pattern, const char *text, size_t len)
{
	uint32_t pattern_len;
	const char *pattern_text = hgt_img_string(e->image, hgt_img_row(e->image, e->image->patterns, pattern),
		&pattern_len);
	int code = hgt_eval_charge(e, SEARCH_WORK + len);

	if (!code && !e->patterns[pattern]) {
		code = hgt_pattern_new(pattern_text, pattern_len, &e->patterns[pattern], e->err);
		/* The compiler has tried it: so the image is not from there. */
		if (code == HGT_EPARSE)
			code = hgt_error_set(e->err, HGT_ECORRUPT, "the schema image is damaged: pattern %u", (unsigned)pattern);
	}
	if (code)
		return code;
	code = hgt_pattern_search(e->patterns[pattern], text, len, SEARCH_STEPS, e->err);
	if (code != HGT_ELIMIT)
		return code;
	code = hgt_eval_charge(e, SEARCH_STEPS_MAX);
	if (code)
		return code;
	code = hgt_pattern_search(e->patterns[pattern], text, len, SEARCH_STEPS_MAX, e->err);
	if (code == HGT_ELIMIT) {
		hgt_buf_reset(&e->message);
		hgt_eval_quote(&e->message, pattern_text, pattern_len);
		hgt_error_set(e->err, HGT_ELIMIT, "looking for the pattern %s in a text of %zu bytes takes too much work",
			e->message.data,
			len);
	}
	return code;
}

int hgt_eval_is_false(struct hgt_evaluator *e, uint32_t schema)
{
	uint32_t record;
	int code = hgt_image_check_schema(&e->checked, schema, e->err);

	if (code)
		return code;
	record = hgt_img_schema(e->image, schema);
	return hgt_img_word(e->image, record + HGT_IMG_SCHEMA_OPS) == 1 &&
		hgt_img_word(e->image, record + HGT_IMG_SCHEMA_SIZE) == HGT_OP_FALSE;
}

size_t hgt_eval_children(const struct hgt_node *node)
{
	return node->type == HGT_NODE_MAP ? node->v.map.n : node->type == HGT_NODE_SEQ ? node->v.seq.n : 0;
}

static size_t words_of(size_t children)
{
	return children / 64 + 1;
}

int hgt_eval_push_marks(struct hgt_evaluator *e, size_t children, size_t *marks)
{
	size_t words = words_of(children);
	int code = hgt_eval_charge(e, words / 8);

	if (code)
		return code;
	if (words > e->marks_cap - e->n_marks) {
		size_t cap = (e->n_marks + words) * 2;
		uint64_t *grown = realloc(e->marks, cap * sizeof(*grown));

		if (!grown)
			return hgt_error_nomem(e->err);
		e->marks = grown;
		e->marks_cap = cap;
	}
	memset(e->marks + e->n_marks, 0, words * sizeof(*e->marks));
	*marks = e->n_marks;
	e->n_marks += words;
	return 0;
}

void hgt_eval_pop_marks(struct hgt_evaluator *e, size_t marks)
{
	e->n_marks = marks;
}

void hgt_eval_merge_marks(struct hgt_evaluator *e, size_t into, size_t from, size_t children)
{
	for (size_t i = 0; i < words_of(children); i++)
		e->marks[into + i] |= e->marks[from + i];
}

void hgt_eval_mark(struct hgt_evaluator *e, const struct hgt_scope *s, size_t child)
{
	if (s->marks != HGT_NO_MARKS)
		e->marks[s->marks + child / 64] |= (uint64_t)1 << child % 64;
}

void hgt_eval_mark_all(struct hgt_evaluator *e, const struct hgt_scope *s)
{
	if (s->marks != HGT_NO_MARKS)
		memset(e->marks + s->marks, 0xff, words_of(hgt_eval_children(s->place->node)) * sizeof(*e->marks));
}

bool hgt_eval_is_marked(const struct hgt_evaluator *e, size_t marks, size_t child)
{
	return e->marks[marks + child / 64] >> child % 64 & 1;
}

static int run_ops(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t record)
{
	const struct hgt_image *image = e->image;
	uint32_t n = hgt_img_word(image, record + HGT_IMG_SCHEMA_OPS);
	unsigned types = hgt_eval_types(s->place->node);
	uint64_t size = s->place->node->len / 64 + hgt_eval_children(s->place->node) / 4;
	bool empty = s->place->node->type == HGT_NODE_STRING && !s->place->node->len &&
		hgt_img_word(image, record + HGT_IMG_SCHEMA_FLAGS) & HGT_IMG_EMPTY_IS_NONE;
	int fits = 1, code = hgt_eval_charge(e, (1 + n / 16) * (1 + size));

	if (code)
		return code;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t op = hgt_img_row(image, record + HGT_IMG_SCHEMA_SIZE, 2 * i);
		int result;

		if (!(hgt_schema_ops[op].types & types) ||
			(empty && (op == HGT_OP_ENUM || op == HGT_OP_FORMAT || op == HGT_OP_PATTERN)))
			continue;
		result = keywords[op](e, s, hgt_img_row(image, record + HGT_IMG_SCHEMA_SIZE, 2 * i + 1));
		if (result < 0)
			return result;
		fits &= result;
		if (!fits && (s->quiet || !e->findings))
			break;
	}
	return fits;
}

static int endless(struct hgt_evaluator *e, const struct hgt_scope *s)
{
	hgt_buf_reset(&e->location);
	hgt_image_location(&e->checked, s->schema, &e->location);
	return hgt_error_set(e->err, HGT_ELIMIT, s->here > HERE_MAX ? "the schema %s refers to itself without end" :
		"the schemas nest too deep at %s", e->location.data);
}

static int apply(struct hgt_evaluator *e, struct hgt_scope *s)
{
	const struct hgt_node *node = s->place->node;
	size_t outer = s->marks, children = 0;
	uint32_t record;
	bool own;
	int code = hgt_image_check_schema(&e->checked, s->schema, e->err);

	if (!code && (s->here > HERE_MAX || s->depth > DEPTH_MAX))
		code = endless(e, s);
	if (code)
		return code;
	record = hgt_img_schema(e->image, s->schema);
	s->resource = hgt_img_word(e->image, record + HGT_IMG_SCHEMA_RESOURCE);
	own = hgt_img_word(e->image, record + HGT_IMG_SCHEMA_FLAGS) & HGT_IMG_UNEVALUATED && node->type >= HGT_NODE_SEQ;
	if (!own)
		return run_ops(e, s, record);
	/* What it asks about is what it and those within it have evaluated, not what its neighbours have. */
	children = hgt_eval_children(node);
	code = hgt_eval_push_marks(e, children, &s->marks);
	if (code)
		return code;
	code = run_ops(e, s, record);
	if (code >= 0 && outer != HGT_NO_MARKS)
		hgt_eval_merge_marks(e, outer, s->marks, children);
	hgt_eval_pop_marks(e, s->marks);
	return code;
}

int hgt_eval_here(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t schema, size_t marks, bool quiet)
{
	struct hgt_scope scope = {
		.up = s, .place = s->place, .schema = schema, .depth = s->depth + 1, .here = s->here + 1, .marks = marks,
			.quiet = quiet,
	};

	return apply(e, &scope);
}

static int apply_below(struct hgt_evaluator *e, const struct hgt_scope *s, const struct hgt_place *place,
	uint32_t schema, bool quiet)
{
	struct hgt_scope scope = {
		.up = s, .place = place, .schema = schema, .depth = s->depth + 1, .marks = HGT_NO_MARKS, .quiet = quiet,
	};

	return apply(e, &scope);
}

int hgt_eval_member(struct hgt_evaluator *e, const struct hgt_scope *s, const struct hgt_pair *pair,
	uint32_t schema, bool quiet)
{
	struct hgt_place place = {.up = s->place, .node = pair->value, .told = pair->value, .key = pair->key};

	return apply_below(e, s, &place, schema, quiet);
}

int hgt_eval_item(struct hgt_evaluator *e, const struct hgt_scope *s, size_t index, uint32_t schema, bool quiet)
{
	/* Of a native list it is read as an object without fields. */
	static const struct hgt_node bare = {.type = HGT_NODE_MAP};
	const struct hgt_node *item = s->place->node->v.seq.items[index];
	struct hgt_place place = {.up = s->place, .node = item, .told = item, .index = index};

	if (item->type == HGT_NODE_NULL && hgt_eval_flags(e, s) & HGT_IMG_EMPTY_IS_NONE) {
		int wants = hgt_eval_wants_fields(e, schema);

		if (wants < 0)
			return wants;
		if (wants)
			place.node = &bare;
	}
	return apply_below(e, s, &place, schema, quiet);
}

int hgt_eval_name(struct hgt_evaluator *e, const struct hgt_scope *s, const struct hgt_node *key, uint32_t schema)
{
	/* Whatever YAML takes the key for, as a name it is a string. */
	struct hgt_node name = {.type = HGT_NODE_STRING, .text = key->text, .len = key->len};
	struct hgt_place place = {.up = s->place, .node = &name, .told = key, .key = key};

	return apply_below(e, s, &place, schema, s->quiet);
}

int hgt_evaluator_new(const struct hgt_image *image, const struct hgt_evaluate_options *options,
	struct hgt_evaluator **out,
	struct hgt_error *err)
{
	struct hgt_evaluator *e = calloc(1, sizeof(*e));
	int code;

	if (!e)
		return hgt_error_nomem(err);
	e->image = image;
	e->options = *options;
	hgt_buf_init(&e->message);
	hgt_buf_init(&e->pointer);
	hgt_buf_init(&e->location);
	code = hgt_image_checked_init(&e->checked, image, err);
	if (!code) {
		e->patterns = calloc((size_t)image->n_patterns + 1, sizeof(struct hgt_pattern *));
		if (!e->patterns)
			code = hgt_error_nomem(err);
	}
	if (code) {
		hgt_evaluator_free(e);
		return code;
	}
	*out = e;
	return 0;
}

void hgt_evaluator_free(struct hgt_evaluator *e)
{
	if (!e)
		return;
	for (uint32_t i = 0; e->patterns && i < e->image->n_patterns; i++)
		hgt_pattern_free(e->patterns[i]);
	free(e->patterns);
	hgt_image_checked_release(&e->checked);
	free(e->marks);
	hgt_buf_release(&e->message);
	hgt_buf_release(&e->pointer);
	hgt_buf_release(&e->location);
	free(e);
}

int hgt_evaluate(struct hgt_evaluator *e, uint32_t schema, const struct hgt_node *node,
	hgt_schema_finding_cb tell, void *user,
	struct hgt_error *err)
{
	struct hgt_place place = {.node = node, .told = node};
	struct hgt_scope scope = {.place = &place, .schema = schema, .marks = HGT_NO_MARKS, .quiet = !tell};

	e->work = e->options.work;
	e->findings = e->options.findings;
	e->tell = tell;
	e->user = user;
	e->err = err;
	e->n_marks = 0;
	return apply(e, &scope);
}
