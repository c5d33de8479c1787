/* Keywords about objects. */
#include <inttypes.h>

#include "schema/eval.h"

static int missing(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t name, uint32_t because)
{
	struct hgt_buf *m = hgt_eval_message(e, s);
	uint32_t len;

	if (m) {
		const char *text = hgt_img_string(e->image, name, &len);

		e->missing = text;
		hgt_buf_adds(m, "missing field ");
		hgt_eval_quote(m, text, len);
		if (because) {
			text = hgt_img_string(e->image, because, &len);
			hgt_buf_adds(m, ", which has to be there with ");
			hgt_eval_quote(m, text, len);
		}
	}
	return hgt_eval_tell(e, s, because ? "dependentRequired" : "required");
}

/* Whether the value has a member of the image's name: 1, 0, or HGT_ELIMIT. */
static int has_member(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t name)
{
	const struct hgt_node *node = s->place->node;
	uint32_t len;
	const char *text = hgt_img_string(e->image, name, &len);
	int code = hgt_eval_charge(e, node->v.map.n / 16);
	const struct hgt_pair *pair = code ? NULL : hgt_eval_find_member(node, text, len);

	if (!pair)
		return code;
	code = hgt_eval_is_none(e, s, pair);
	return code < 0 ? code : !code;
}

int hgt_eval_required(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	uint32_t n = hgt_img_word(e->image, arg);
	int fits = 1;

	for (uint32_t i = 1; i <= n; i++) {
		uint32_t name = hgt_img_row(e->image, arg, i);
		int result = has_member(e, s, name);

		if (result == 0) {
			fits = 0;
			result = missing(e, s, name, 0);
		}
		if (result < 0)
			return result;
		if (!fits && s->quiet)
			break;
	}
	return fits;
}

int hgt_eval_dependent_required(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	uint32_t n = hgt_img_word(e->image, arg);
	int fits = 1;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t name = hgt_img_row(e->image, arg, 2 * i + 1), needed = hgt_img_row(e->image, arg, 2 * i + 2);
		int result = has_member(e, s, name);

		if (result == 0)
			continue;
		if (result == 1)
			result = has_member(e, s, needed);
		if (result == 0) {
			fits = 0;
			result = missing(e, s, needed, name);
		}
		if (result < 0)
			return result;
	}
	return fits;
}

static int wrong_count(struct hgt_evaluator *e, const struct hgt_scope *s, const char *keyword,
	const char *words, uint32_t bound)
{
	struct hgt_buf *m = hgt_eval_message(e, s);

	if (m)
		hgt_buf_addf(m, "must have %s %" PRIu32 " field%s, has %zu", words, bound, bound == 1 ? "" : "s",
			hgt_eval_count_members(s->place->node));
	return hgt_eval_tell(e, s, keyword);
}

int hgt_eval_min_properties(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	return hgt_eval_count_members(s->place->node) >= arg ? 1 : wrong_count(e, s, "minProperties", "at least", arg);
}

int hgt_eval_max_properties(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	return hgt_eval_count_members(s->place->node) <= arg ? 1 : wrong_count(e, s, "maxProperties", "at most", arg);
}

int hgt_eval_property_names(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	const struct hgt_node *node = s->place->node;
	int fits = 1;

	for (size_t i = 0; i < node->v.map.n; i++) {
		int result = node->v.map.pairs[i].overridden ? 1 : hgt_eval_name(e, s, node->v.map.pairs[i].key, arg);

		if (result < 0)
			return result;
		fits &= result;
		if (!fits && (s->quiet || !e->findings))
			break;
	}
	return fits;
}

static int unknown_field(struct hgt_evaluator *e, const struct hgt_scope *s, const char *keyword,
	const struct hgt_pair *pair)
{
	struct hgt_buf *m = hgt_eval_message(e, s);

	if (m) {
		hgt_buf_adds(m, "unknown field ");
		hgt_eval_quote(m, pair->key->text, pair->key->len);
	}
	return hgt_eval_tell_member(e, s, keyword, pair);
}

/* A member that no other keyword knows, against what is said of such. */
static int additional_member(struct hgt_evaluator *e, const struct hgt_scope *s, const char *keyword,
	const struct hgt_pair *pair, uint32_t schema)
{
	int none = hgt_eval_is_false(e, schema);

	if (none < 0)
		return none;
	if (none)
		return unknown_field(e, s, keyword, pair);
	return hgt_eval_member(e, s, pair, schema, s->quiet);
}

/* One member against properties, patternProperties and additionalProperties; *known tells whether any of them speaks of it. */
static int member(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg, const struct hgt_pair *pair,
	bool *known)
{
	const struct hgt_image *image = e->image;
	uint32_t additional = hgt_img_row(image, arg, 0), names = hgt_img_row(image, arg, 1),
		patterns = hgt_img_row(image, arg, 2);
	uint32_t schema = names ? hgt_img_lookup(image, names, pair->key->text, pair->key->len) : 0;
	uint32_t n = patterns ? hgt_img_word(image, patterns) : 0;
	int fits = 1, result;

	*known = schema;
	/* A null member that is known counts as missing, or fits: what has to be there is for `required` to say. */
	if (schema && (pair->value->type != HGT_NODE_NULL || !(hgt_eval_flags(e, s) & HGT_IMG_NULL_IS_NONE)))
		fits = hgt_eval_member(e, s, pair, schema - 1, s->quiet);
	if (fits < 0)
		return fits;
	for (uint32_t i = 0; i < n; i++) {
		result = hgt_eval_search(e, hgt_img_row(image, patterns, 2 * i + 1), pair->key->text, pair->key->len);
		if (result < 0)
			return result;
		if (!result)
			continue;
		*known = true;
		result = hgt_eval_member(e, s, pair, hgt_img_row(image, patterns, 2 * i + 2), s->quiet);
		if (result < 0)
			return result;
		fits &= result;
	}
	if (*known || !additional)
		return fits;
	*known = true;
	return additional_member(e, s, "additionalProperties", pair, additional - 1);
}

int hgt_eval_members(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	const struct hgt_node *node = s->place->node;
	int fits = 1;

	for (size_t i = 0; i < node->v.map.n; i++) {
		const struct hgt_pair *pair = &node->v.map.pairs[i];
		bool known;
		int result;

		if (pair->overridden)
			continue;
		result = member(e, s, arg, pair, &known);
		if (result < 0)
			return result;
		fits &= result;
		if (!fits && (s->quiet || !e->findings))
			return 0;
		if (known)
			hgt_eval_mark(e, s, i);
	}
	return fits;
}

int hgt_eval_unevaluated_properties(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	const struct hgt_node *node = s->place->node;
	int fits = 1;

	for (size_t i = 0; i < node->v.map.n; i++) {
		const struct hgt_pair *pair = &node->v.map.pairs[i];
		int result;

		if (pair->overridden || hgt_eval_is_marked(e, s->marks, i))
			continue;
		result = additional_member(e, s, "unevaluatedProperties", pair, arg);
		if (result < 0)
			return result;
		fits &= result;
		if (!fits && (s->quiet || !e->findings))
			break;
	}
	hgt_eval_mark_all(e, s);
	return fits;
}
