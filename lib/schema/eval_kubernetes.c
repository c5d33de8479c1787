/* Keywords of Kubernetes' dialects. */
#include "base/escape.h"
#include "schema/eval.h"

enum { MOST_REFS = 8 /* in a row; native schemas have one */ };

int hgt_eval_is_none(struct hgt_evaluator *e, const struct hgt_scope *s, const struct hgt_pair *pair)
{
	const struct hgt_image *image = e->image;
	uint32_t flags = hgt_eval_flags(e, s), record = hgt_img_schema(image, s->schema), schema = 0, own;
	bool null = pair->value->type == HGT_NODE_NULL, empty = pair->value->type == HGT_NODE_STRING && !pair->value->len;
	int code;

	if (!(null && flags & HGT_IMG_NULL_IS_NONE) && !(empty && flags & HGT_IMG_EMPTY_IS_NONE))
		return 0;
	for (uint32_t i = hgt_img_word(image, record + HGT_IMG_SCHEMA_OPS); i--;)
		if (hgt_img_row(image, record + HGT_IMG_SCHEMA_SIZE, 2 * i) == HGT_OP_MEMBERS) {
			uint32_t names = hgt_img_row(image, hgt_img_row(image, record + HGT_IMG_SCHEMA_SIZE, 2 * i + 1), 1);

			schema = names ? hgt_img_lookup(image, names, pair->key->text, pair->key->len) : 0;
		}
	if (!schema)
		return 1;
	code = hgt_image_check_schema(&e->checked, schema - 1, e->err);
	if (code)
		return code;
	own = hgt_img_word(image, hgt_img_schema(image, schema - 1) + HGT_IMG_SCHEMA_FLAGS);
	return !(own & (null ? HGT_IMG_NULLABLE : HGT_IMG_EMPTY_COUNTS));
}

int hgt_eval_wants_fields(struct hgt_evaluator *e, uint32_t schema)
{
	const struct hgt_image *image = e->image;

	for (unsigned steps = 0; steps < MOST_REFS; steps++) {
		uint32_t record, target = schema;
		int code = hgt_image_check_schema(&e->checked, schema, e->err);

		if (code)
			return code;
		record = hgt_img_schema(image, schema);
		for (uint32_t i = 0; i < hgt_img_word(image, record + HGT_IMG_SCHEMA_OPS); i++) {
			uint32_t op = hgt_img_row(image, record + HGT_IMG_SCHEMA_SIZE, 2 * i);

			if (op == HGT_OP_REQUIRED || op == HGT_OP_UNION)
				return 1;
			if (op == HGT_OP_REF)
				target = hgt_img_row(image, record + HGT_IMG_SCHEMA_SIZE, 2 * i + 1);
		}
		if (target == schema)
			return 0;
		schema = target;
	}
	return 0;
}

static void name_fields(struct hgt_evaluator *e, struct hgt_buf *m, uint32_t names, const char *last)
{
	uint32_t n = hgt_img_word(e->image, names), len;

	for (uint32_t i = 0; i < n; i++) {
		const char *text = hgt_img_string(e->image, hgt_img_row(e->image, names, i + 1), &len);

		hgt_buf_adds(m, i == 0 ? "" : i + 1 < n ? ", " : last);
		hgt_escape_text(m, text, len);
	}
}

static const struct hgt_pair *set_member(const struct hgt_evaluator *e, const struct hgt_node *node, uint32_t name)
{
	uint32_t len;
	const char *text = hgt_img_string(e->image, name, &len);
	const struct hgt_pair *pair = hgt_eval_find_member(node, text, len);

	return pair && pair->value->type != HGT_NODE_NULL ? pair : NULL;
}

int hgt_eval_union(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	const struct hgt_node *node = s->place->node;
	uint32_t names = arg + 4, n = hgt_img_word(e->image, names);
	const struct hgt_pair *first = NULL, *second = NULL;
	int code = hgt_eval_charge(e, (uint64_t)n * (1 + node->v.map.n / 16));
	struct hgt_buf *m;

	for (uint32_t i = 0; i < n && !code && !second; i++) {
		const struct hgt_pair *pair = set_member(e, node, hgt_img_row(e->image, names, i + 1));

		if (pair && !first)
			first = pair;
		else if (pair)
			second = pair;
	}
	if (code || (first && !second) || (!first && !hgt_img_word(e->image, arg)))
		return code ? code : 1;
	m = hgt_eval_message(e, s);
	if (m && second) {
		hgt_eval_quote(m, first->key->text, first->key->len);
		hgt_buf_adds(m, " and ");
		hgt_eval_quote(m, second->key->text, second->key->len);
		hgt_buf_adds(m, " are both there; only one of ");
		name_fields(e, m, names, " and ");
		hgt_buf_adds(m, " may be");
	} else if (m) {
		hgt_buf_adds(m, "one of ");
		name_fields(e, m, names, " and ");
		hgt_buf_adds(m, " has to be there");
	}
	return hgt_eval_tell(e, s, "x-headgate-one-of");
}

/* Whether two items have the same keys: 1, 0, or HGT_E*. An item that is no object, or lacks them all, is like no other. */
static int same_keys(struct hgt_evaluator *e, const struct hgt_node *a, const struct hgt_node *b, uint32_t keys)
{
	uint32_t n = hgt_img_word(e->image, keys), found = 0;

	if (a->type != HGT_NODE_MAP || b->type != HGT_NODE_MAP)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct hgt_pair *x = set_member(e, a, hgt_img_row(e->image, keys, i + 1)),
			*y = set_member(e, b, hgt_img_row(e->image, keys, i + 1));
		int result = x && y ? hgt_eval_equals(e, x->value, y->value) : !x && !y;

		if (result <= 0)
			return result;
		found += x != NULL;
	}
	return found > 0;
}

static uint64_t hash_keys(struct hgt_evaluator *e, const struct hgt_node *item, uint32_t keys)
{
	uint64_t hash = 14695981039346656037u;

	for (uint32_t i = 1; item->type == HGT_NODE_MAP && i <= hgt_img_word(e->image, keys); i++) {
		const struct hgt_pair *pair = set_member(e, item, hgt_img_row(e->image, keys, i));

		hash = (hash ^ (pair ? hgt_eval_hash(e, pair->value) : 0)) * 1099511628211u;
	}
	return hash;
}

static int tell_same(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t keys, size_t first, size_t second)
{
	struct hgt_buf *m = hgt_eval_message(e, s);

	if (m) {
		hgt_buf_addf(m, "item %zu has the same ", first);
		name_fields(e, m, keys, " and ");
	}
	return hgt_eval_tell_item(e, s, "x-kubernetes-list-map-keys", second);
}

int hgt_eval_list_map(struct hgt_evaluator *e, const struct hgt_scope *s, uint32_t arg)
{
	const struct hgt_node *seq = s->place->node;
	struct hgt_hashed *items;
	int fits = 1;

	if (seq->v.seq.n < 2)
		return 1;
	items = calloc(seq->v.seq.n, sizeof(*items));
	if (!items)
		return hgt_error_nomem(e->err);
	for (size_t i = 0; i < seq->v.seq.n; i++)
		items[i] = (struct hgt_hashed){.hash = hash_keys(e, seq->v.seq.items[i], arg), .index = i};
	hgt_eval_order_hashed(items, seq->v.seq.n);
	for (size_t i = 1; i < seq->v.seq.n && fits >= 0; i++) {
		int result = items[i].hash != items[i - 1].hash ? 0 :
			same_keys(e, seq->v.seq.items[items[i - 1].index], seq->v.seq.items[items[i].index], arg);

		if (result > 0) {
			result = tell_same(e, s, arg, items[i - 1].index, items[i].index);
			fits = 0;
		}
		if (result < 0)
			fits = result;
	}
	free(items);
	return fits;
}
