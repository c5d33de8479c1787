/* Keywords about arrays. */
#include <inttypes.h>

#include "schema/eval.h"

enum { FEW_ITEMS = 8 /* so few are compared each with each */ };

static int wrong_count(struct hgt_evaluator *e, const struct hgt_scope *s, const char *keyword,
	const char *words, uint32_t bound)
{
	struct hgt_buf *m = hgt_eval_message(e, s);

	if (m)
		hgt_buf_addf(m, "must have %s %" PRIu32 " item%s, has %zu", words, bound, bound == 1 ? "" : "s",
			s->place->node->v.seq.n);
	return hgt_eval_tell(e, s, keyword);
}

int hgt_eval_min_items(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	return s->place->node->v.seq.n >= arg ? 1 : wrong_count(e, s, "minItems", "at least", arg);
}

int hgt_eval_max_items(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	return s->place->node->v.seq.n <= arg ? 1 : wrong_count(e, s, "maxItems", "at most", arg);
}

static int order_hashed(const void *a, const void *b)
{
	const struct hgt_hashed *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

void hgt_eval_order_hashed(struct hgt_hashed *items, size_t n)
{
	qsort(items, n, sizeof(*items), order_hashed);
}

/* Look for two equal items among those with one hash each in order; 1 and the two when there are. */
static int find_equal(struct hgt_evaluator *e, const struct hgt_node *seq, const struct hgt_hashed *items, size_t n,
	size_t *first,
	size_t *second)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n && items[j].hash == items[i].hash; j++) {
			int result = hgt_eval_equals(e, seq->v.seq.items[items[i].index], seq->v.seq.items[items[j].index]);

			if (result) {
				*first = items[i].index;
				*second = items[j].index;
				return result;
			}
		}
	return 0;
}

int hgt_eval_unique_items(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	const struct hgt_node *seq = s->place->node;
	struct hgt_hashed few[FEW_ITEMS] = {{0}}, *items = few;
	size_t n = seq->v.seq.n, first = 0, second = 0;
	struct hgt_buf *m;
	int result;

	(void)arg;
	if (n < 2)
		return 1;
	if (n > FEW_ITEMS) {
		items = calloc(n, sizeof(*items));
		if (!items)
			return hgt_error_nomem(e->err);
	}
	for (size_t i = 0; i < n; i++) {
		items[i].index = i;
		if (n > FEW_ITEMS)
			items[i].hash = hgt_eval_hash(e, seq->v.seq.items[i]);
	}
	if (n > FEW_ITEMS)
		qsort(items, n, sizeof(*items), order_hashed);
	result = hgt_eval_charge(e, n);
	if (!result)
		result = find_equal(e, seq, items, n, &first, &second);
	if (items != few)
		free(items);
	if (result <= 0)
		return result < 0 ? result : 1;
	m = hgt_eval_message(e, s);
	if (m) {
		hgt_buf_addf(m, "items %zu and %zu are equal: ", first, second);
		hgt_eval_show(m, seq->v.seq.items[first]);
	}
	return hgt_eval_tell_item(e, s, "uniqueItems", second);
}

static int unexpected_item(struct hgt_evaluator *e, const struct hgt_scope *s, const char *keyword, size_t index)
{
	struct hgt_buf *m = hgt_eval_message(e, s);

	if (m && index)
		hgt_buf_addf(m, "unexpected item: at most %zu allowed here", index);
	else if (m)
		hgt_buf_adds(m, "unexpected item: the array has to be empty");
	return hgt_eval_tell_item(e, s, keyword, index);
}

int hgt_eval_items(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	const struct hgt_image *image = e->image;
	uint32_t rest = hgt_img_word(image, arg), prefix = hgt_img_row(image, arg, 1);
	size_t n = s->place->node->v.seq.n;
	int fits = 1;

	if (rest && n > prefix) {
		int none = hgt_eval_is_false(e, rest - 1);

		if (none < 0)
			return none;
		if (none) {
			fits = unexpected_item(e, s, "items", prefix);
			n = prefix;
		}
	}
	for (size_t i = 0; i < n && (i < prefix || rest) && fits >= 0; i++) {
		uint32_t schema = i < prefix ? hgt_img_row(image, arg + 8, (uint32_t)i) : rest - 1;
		int result = hgt_eval_item(e, s, i, schema, s->quiet);

		if (result < 0)
			return result;
		fits &= result;
		if (!fits && (s->quiet || !e->findings))
			return 0;
		hgt_eval_mark(e, s, i);
	}
	if (rest)
		hgt_eval_mark_all(e, s);
	return fits;
}

int hgt_eval_contains(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	uint32_t schema = hgt_img_word(e->image, arg), least = hgt_img_row(e->image, arg, 1),
		most = hgt_img_row(e->image, arg, 2);
	bool marks = hgt_img_row(e->image, arg, 3) && s->marks != HGT_NO_MARKS;
	struct hgt_buf *m;
	size_t found = 0;

	for (size_t i = 0; i < s->place->node->v.seq.n; i++) {
		int result = hgt_eval_item(e, s, i, schema, true);

		if (result < 0)
			return result;
		found += (size_t)result;
		if (result && marks)
			hgt_eval_mark(e, s, i);
		if (found > most || (!marks && found >= least && most == UINT32_MAX))
			break;
	}
	if (found >= least && found <= most)
		return 1;
	m = hgt_eval_message(e, s);
	if (m && found > most)
		hgt_buf_addf(m, "at most %" PRIu32 " of the items may be of the kind that is counted here", most);
	else if (m)
		hgt_buf_addf(m, "at least %" PRIu32 " of the items must be of the kind that is wanted here, %zu %s", least, found,
			found == 1 ? "is" : "are");
	return hgt_eval_tell(e, s, found > most ? "maxContains" : least > 1 ? "minContains" : "contains");
}

int hgt_eval_unevaluated_items(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	int none = hgt_eval_is_false(e, arg), fits = 1;

	if (none < 0)
		return none;
	for (size_t i = 0; i < s->place->node->v.seq.n; i++) {
		int result;

		if (hgt_eval_is_marked(e, s->marks, i))
			continue;
		result = none ? unexpected_item(e, s, "unevaluatedItems", i) : hgt_eval_item(e, s, i, arg, s->quiet);
		if (result < 0)
			return result;
		fits &= result;
		if (!fits && (none || s->quiet || !e->findings))
			break;
	}
	hgt_eval_mark_all(e, s);
	return fits;
}
