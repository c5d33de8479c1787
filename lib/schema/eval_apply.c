/* Keywords that apply further schemas to the same value. */
#include <inttypes.h>

#include "schema/eval.h"

int hgt_eval_ref(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	return hgt_eval_here(e, s, arg, s->marks, s->quiet);
}

/* The schema that a resource has for the name of a dynamic anchor, as an index + 1, or 0. */
static uint32_t find_anchor(const struct hgt_image *image, uint32_t resource, uint32_t name)
{
	uint32_t at = hgt_img_row(image, image->resources, resource), n = hgt_img_row(image, at, 1);

	/* Each text is in the image once, so equal names have one offset. */
	for (uint32_t i = 0; i < n; i++)
		if (hgt_img_row(image, at, 2 + 2 * i) == name)
			return hgt_img_row(image, at, 3 + 2 * i) + 1;
	return 0;
}

int hgt_eval_dynamic_ref(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	uint32_t schema = hgt_img_word(e->image, arg), name = hgt_img_row(e->image, arg, 1);
	int code = hgt_eval_charge(e, s->depth / 4);

	if (code)
		return code;
	/* The outermost resource that has the anchor: the last one on the way up. */
	for (const struct hgt_scope *up = s; up; up = up->up) {
		uint32_t found = up->up && up->up->resource == up->resource ? 0 : find_anchor(e->image, up->resource, name);

		if (found)
			schema = found - 1;
	}
	return hgt_eval_here(e, s, schema, s->marks, s->quiet);
}

int hgt_eval_all_of(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	uint32_t n = hgt_img_word(e->image, arg);
	int fits = 1;

	for (uint32_t i = 1; i <= n; i++) {
		int result = hgt_eval_here(e, s, hgt_img_row(e->image, arg, i), s->marks, s->quiet);

		if (result < 0)
			return result;
		fits &= result;
		if (!fits && (s->quiet || !e->findings))
			break;
	}
	return fits;
}

/* Apply a schema quietly; what it has evaluated counts only when it fits. */
static int try(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t schema)
{
	size_t children = hgt_eval_children(s->place->node), marks = HGT_NO_MARKS;
	int result = s->marks == HGT_NO_MARKS ? 0 : hgt_eval_push_marks(e, children, &marks);

	if (result)
		return result;
	result = hgt_eval_here(e, s, schema, marks, true);
	if (marks != HGT_NO_MARKS) {
		if (result == 1)
			hgt_eval_merge_marks(e, s->marks, marks, children);
		hgt_eval_pop_marks(e, marks);
	}
	return result;
}

/* The types that a schema asks for in a `type` of its own; all when it has none. */
static int types_of(struct hgt_evaluator *e, uint32_t schema, unsigned *types)
{
	uint32_t record, n;
	int code = hgt_image_check_schema(&e->checked, schema, e->err);

	if (code)
		return code;
	record = hgt_img_schema(e->image, schema);
	n = hgt_img_word(e->image, record + HGT_IMG_SCHEMA_OPS);
	*types = HGT_TYPE_ALL;
	for (uint32_t i = 0; i < n; i++)
		if (hgt_img_row(e->image, record + HGT_IMG_SCHEMA_SIZE, 2 * i) == HGT_OP_TYPE)
			*types = hgt_img_row(e->image, record + HGT_IMG_SCHEMA_SIZE, 2 * i + 1);
	return 0;
}

/*
 * None of the alternatives fits. Where none takes a value of this type, the types say most; where one alone does, what it finds
 * wanting does.
 */
static int tell_none(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg, const char *keyword)
{
	uint32_t n = hgt_img_word(e->image, arg), candidate = 0, candidates = 0;
	unsigned all = 0;
	struct hgt_buf *m;

	if (s->quiet)
		return 0;
	for (uint32_t i = 1; i <= n; i++) {
		uint32_t schema = hgt_img_row(e->image, arg, i);
		unsigned types;
		int code = types_of(e, schema, &types);

		if (code)
			return code;
		all |= types;
		if (hgt_eval_is_type(s->place->node, types)) {
			candidate = schema;
			candidates++;
		}
	}
	if (candidates == 1)
		return hgt_eval_here(e, s, candidate, s->marks, false);
	m = hgt_eval_message(e, s);
	if (candidates) {
		hgt_buf_addf(m, "fits none of the %" PRIu32 " alternatives", n);
	} else {
		hgt_buf_adds(m, "expected ");
		hgt_eval_show_types(m, all);
		hgt_buf_adds(m, ", got ");
		hgt_eval_show(m, s->place->node);
	}
	return hgt_eval_tell(e, s, keyword);
}

int hgt_eval_any_of(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	uint32_t n = hgt_img_word(e->image, arg);
	int fits = 0;

	for (uint32_t i = 1; i <= n; i++) {
		int result = try(e, s, hgt_img_row(e->image, arg, i));

		if (result < 0)
			return result;
		fits |= result;
		/* Where marks are kept, all that fit have their say. */
		if (fits && s->marks == HGT_NO_MARKS)
			break;
	}
	return fits ? 1 : tell_none(e, s, arg, "anyOf");
}

int hgt_eval_one_of(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	uint32_t n = hgt_img_word(e->image, arg), first = 0;
	struct hgt_buf *m;

	for (uint32_t i = 1; i <= n; i++) {
		int result = try(e, s, hgt_img_row(e->image, arg, i));

		if (result < 0)
			return result;
		if (!result)
			continue;
		if (!first) {
			first = i;
			continue;
		}
		m = hgt_eval_message(e, s);
		if (m)
			hgt_buf_addf(m, "fits alternatives %" PRIu32 " and %" PRIu32 ", has to fit exactly one", first, i);
		return hgt_eval_tell(e, s, "oneOf");
	}
	return first ? 1 : tell_none(e, s, arg, "oneOf");
}

int hgt_eval_not(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	struct hgt_buf *m;
	int result = hgt_eval_here(e, s, arg, HGT_NO_MARKS, true);

	if (result <= 0)
		return result < 0 ? result : 1;
	m = hgt_eval_message(e, s);
	if (m) {
		hgt_eval_show(m, s->place->node);
		hgt_buf_adds(m, " is what is ruled out here");
	}
	return hgt_eval_tell(e, s, "not");
}

int hgt_eval_if(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	int result = try(e, s, hgt_img_word(e->image, arg));
	uint32_t next;

	if (result < 0)
		return result;
	next = hgt_img_row(e->image, arg, result ? 1 : 2);
	return next ? hgt_eval_here(e, s, next - 1, s->marks, s->quiet) : 1;
}

int hgt_eval_dependent_schemas(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	uint32_t n = hgt_img_word(e->image, arg);
	int fits = 1;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t len;
		const char *name = hgt_img_string(e->image, hgt_img_row(e->image, arg, 2 * i + 1), &len);
		int result = hgt_eval_charge(e, s->place->node->v.map.n / 16);

		if (result)
			return result;
		if (!hgt_eval_find_member(s->place->node, name, len))
			continue;
		result = hgt_eval_here(e, s, hgt_img_row(e->image, arg, 2 * i + 2), s->marks, s->quiet);
		if (result < 0)
			return result;
		fits &= result;
		if (!fits && (s->quiet || !e->findings))
			break;
	}
	return fits;
}
