/* Keywords about any value, numbers and strings. */
#include <inttypes.h>

#include "schema/eval.h"
#include "schema/format.h"

enum { ENUM_SHOWN = 8 };

int hgt_eval_false(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	struct hgt_buf *m = hgt_eval_message(e, s);

	(void)arg;
	if (m)
		hgt_buf_adds(m, "nothing is allowed here");
	return hgt_eval_tell(e, s, "false");
}

int hgt_eval_type(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	struct hgt_buf *m;

	if (hgt_eval_is_type(s->place->node, arg))
		return 1;
	m = hgt_eval_message(e, s);
	if (m) {
		hgt_buf_adds(m, "expected ");
		hgt_eval_show_types(m, arg);
		hgt_buf_adds(m, ", got ");
		hgt_eval_show(m, s->place->node);
	}
	return hgt_eval_tell(e, s, "type");
}

int hgt_eval_const(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	int result = hgt_eval_equals_value(e, s->place->node, arg);
	struct hgt_buf *m;

	if (result)
		return result;
	m = hgt_eval_message(e, s);
	if (m) {
		hgt_buf_adds(m, "must be ");
		hgt_eval_show_value(m, e->image, arg);
		hgt_buf_adds(m, ", got ");
		hgt_eval_show(m, s->place->node);
	}
	return hgt_eval_tell(e, s, "const");
}

int hgt_eval_enum(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	uint32_t n = hgt_img_row(e->image, arg, 2), at = arg + 12;
	struct hgt_buf *m;

	for (uint32_t i = 0; i < n; i++, at += 4 * hgt_img_row(e->image, at, 1)) {
		int result = hgt_eval_equals_value(e, s->place->node, at);

		if (result)
			return result;
	}
	m = hgt_eval_message(e, s);
	if (m) {
		hgt_buf_adds(m, n == 0 ? "no value is allowed" : n == 1 ? "must be " : "must be one of ");
		at = arg + 12;
		for (uint32_t i = 0; i < n && i < ENUM_SHOWN; i++, at += 4 * hgt_img_row(e->image, at, 1)) {
			hgt_buf_adds(m, i ? ", " : "");
			hgt_eval_show_value(m, e->image, at);
		}
		if (n > ENUM_SHOWN)
			hgt_buf_addf(m, " and %" PRIu32 " more", n - ENUM_SHOWN);
		hgt_buf_adds(m, ", got ");
		hgt_eval_show(m, s->place->node);
	}
	return hgt_eval_tell(e, s, "enum");
}

/* The value against a bound: below 0, 0, above 0. */
static int compare(const struct hgt_evaluator *e, const struct hgt_node *node, uint32_t bound)
{
	const struct hgt_image *image = e->image;
	struct hgt_decimal a, b;
	const char *text;
	uint32_t len;

	if (node->type == HGT_NODE_INT && !node->is_unsigned && hgt_img_row(image, bound, 1)) {
		int64_t other = (int64_t)(hgt_img_row(image, bound, 2) | (uint64_t)hgt_img_row(image, bound, 3) << 32);

		return (node->v.integer > other) - (node->v.integer < other);
	}
	text = hgt_img_string(image, hgt_img_word(image, bound), &len);
	hgt_decimal_from_node(&a, node);
	hgt_decimal_from_text(&b, text, len);
	return hgt_decimal_compare(&a, &b);
}

static int out_of_bounds(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t bound, const char *keyword,
	const char *words)
{
	struct hgt_buf *m = hgt_eval_message(e, s);

	if (m) {
		uint32_t len;
		const char *text = hgt_img_string(e->image, hgt_img_word(e->image, bound), &len);
		size_t own_len;
		char room[32];
		const char *own = hgt_decimal_text(s->place->node, room, &own_len);

		hgt_buf_addf(m, "must be %s %.*s, got %.*s", words, (int)(len > 64 ? 64 : len), text,
			(int)(own_len > 64 ? 64 : own_len), own);
	}
	return hgt_eval_tell(e, s, keyword);
}

int hgt_eval_minimum(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	return compare(e, s->place->node, arg) >= 0 ? 1 : out_of_bounds(e, s, arg, "minimum", "at least");
}

int hgt_eval_exclusive_minimum(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	return compare(e, s->place->node, arg) > 0 ? 1 : out_of_bounds(e, s, arg, "exclusiveMinimum", "greater than");
}

int hgt_eval_maximum(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	return compare(e, s->place->node, arg) <= 0 ? 1 : out_of_bounds(e, s, arg, "maximum", "at most");
}

int hgt_eval_exclusive_maximum(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	return compare(e, s->place->node, arg) < 0 ? 1 : out_of_bounds(e, s, arg, "exclusiveMaximum", "less than");
}

int hgt_eval_multiple_of(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	struct hgt_decimal a, b;
	uint32_t len;
	const char *text = hgt_img_string(e->image, hgt_img_word(e->image, arg), &len);
	int code = hgt_eval_charge(e, s->place->node->len / 4);

	if (code)
		return code;
	hgt_decimal_from_node(&a, s->place->node);
	hgt_decimal_from_text(&b, text, len);
	return hgt_decimal_is_multiple(&a, &b) ? 1 : out_of_bounds(e, s, arg, "multipleOf", "a multiple of");
}

/* Code points of a text. */
static size_t count_characters(const struct hgt_node *node)
{
	size_t n = 0;

	for (size_t i = 0; i < node->len; i++)
		n += ((unsigned char)node->text[i] & 0xc0) != 0x80;
	return n;
}

static int wrong_length(struct hgt_evaluator *e, const struct hgt_scope *s, const char *keyword,
	const char *words, uint32_t bound)
{
	struct hgt_buf *m = hgt_eval_message(e, s);

	if (m)
		hgt_buf_addf(m, "must have %s %" PRIu32 " character%s, has %zu", words, bound, bound == 1 ? "" : "s",
			count_characters(s->place->node));
	return hgt_eval_tell(e, s, keyword);
}

int hgt_eval_min_length(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	return count_characters(s->place->node) >= arg ? 1 : wrong_length(e, s, "minLength", "at least", arg);
}

int hgt_eval_max_length(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	return count_characters(s->place->node) <= arg ? 1 : wrong_length(e, s, "maxLength", "at most", arg);
}

int hgt_eval_pattern(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	int result = hgt_eval_search(e, arg, s->place->node->text, s->place->node->len);
	struct hgt_buf *m;

	if (result)
		return result;
	m = hgt_eval_message(e, s);
	if (m) {
		uint32_t len;
		const char *text = hgt_img_string(e->image, hgt_img_row(e->image, e->image->patterns, arg), &len);

		hgt_buf_adds(m, "must match the pattern ");
		hgt_eval_quote(m, text, len);
		hgt_buf_adds(m, ", got ");
		hgt_eval_quote(m, s->place->node->text, s->place->node->len);
	}
	return hgt_eval_tell(e, s, "pattern");
}

int hgt_eval_format(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	enum hgt_format format = hgt_img_word(e->image, arg);
	struct hgt_buf *m;

	if (!(e->options.formats || hgt_img_row(e->image, arg, 2)) || hgt_format_check(format, s->place->node))
		return 1;
	m = hgt_eval_message(e, s);
	if (m) {
		hgt_buf_addf(m, "must be %s, got ", hgt_format_title(format));
		hgt_eval_show(m, s->place->node);
	}
	return hgt_eval_tell(e, s, "format");
}
