/* Types and equality of values. */
#include "schema/eval.h"

unsigned hgt_eval_types(const struct hgt_node *node)
{
	switch (node->type) {
	case HGT_NODE_INT:
	case HGT_NODE_FLOAT:
		return HGT_TYPE_INTEGER | HGT_TYPE_NUMBER;
	case HGT_NODE_NULL:
		return HGT_TYPE_NULL;
	case HGT_NODE_BOOL:
		return HGT_TYPE_BOOLEAN;
	case HGT_NODE_STRING:
		return HGT_TYPE_STRING;
	case HGT_NODE_SEQ:
		return HGT_TYPE_ARRAY;
	case HGT_NODE_MAP:
		return HGT_TYPE_OBJECT;
	}
	return 0;
}

bool hgt_eval_is_type(const struct hgt_node *node, unsigned types)
{
	unsigned own = hgt_eval_types(node);
	struct hgt_decimal decimal;

	if (node->type == HGT_NODE_NULL && types & HGT_TYPE_SILENT_NULL)
		return true;
	if (!(own & HGT_TYPE_NUMBER) || (types & HGT_TYPE_NUMBER) || node->type == HGT_NODE_INT ||
		!(types & HGT_TYPE_INTEGER))
		return own & types;
	/* A FLOAT where an integer is wanted: too large for INT, or 1.0. */
	if (types & HGT_TYPE_STRICT_INTEGER && strpbrk(node->text, ".eE"))
		return false;
	hgt_decimal_from_node(&decimal, node);
	return hgt_decimal_is_whole(&decimal);
}

size_t hgt_eval_count_members(const struct hgt_node *map)
{
	size_t n = 0;

	for (size_t i = 0; i < map->v.map.n; i++)
		n += !map->v.map.pairs[i].overridden;
	return n;
}

const struct hgt_pair *hgt_eval_find_member(const struct hgt_node *map, const char *name, size_t len)
{
	uint32_t head = hgt_key_head(name, len);

	for (size_t i = 0; i < map->v.map.n; i++) {
		const struct hgt_pair *pair = &map->v.map.pairs[i];

		if (hgt_pair_may_be(pair, head) && pair->key->len == len && !pair->overridden && memcmp(pair->key->text, name, len) == 0)
			return pair;
	}
	return NULL;
}

/* Numbers are equal whatever their type, other scalars within theirs. */
static bool same_kind(enum hgt_node_type a, enum hgt_node_type b)
{
	if (a == HGT_NODE_FLOAT)
		a = HGT_NODE_INT;
	if (b == HGT_NODE_FLOAT)
		b = HGT_NODE_INT;
	return a == b;
}

static bool equals_number(const struct hgt_evaluator *e, const struct hgt_node *node, uint32_t number)
{
	struct hgt_decimal a, b;
	const char *text;
	uint32_t len;

	if (node->type == HGT_NODE_INT && !node->is_unsigned && hgt_img_row(e->image, number, 1))
		return (uint64_t)node->v.integer == (hgt_img_row(e->image, number, 2) | (uint64_t)hgt_img_row(e->image,
			number, 3) << 32);
	text = hgt_img_string(e->image, hgt_img_word(e->image, number), &len);
	hgt_decimal_from_node(&a, node);
	hgt_decimal_from_text(&b, text, len);
	return hgt_decimal_compare(&a, &b) == 0;
}

static int equals_children(struct hgt_evaluator *e, const struct hgt_node *node, uint32_t value)
{
	bool map = node->type == HGT_NODE_MAP;
	uint32_t n = hgt_img_row(e->image, value, 2), at = value + 12;
	int result = 1;

	if (n != (map ? hgt_eval_count_members(node) : node->v.seq.n))
		return 0;
	for (uint32_t i = 0; result == 1 && i < n; i++) {
		const struct hgt_node *child;

		if (map) {
			uint32_t len;
			const char *name = hgt_img_string(e->image, hgt_img_word(e->image, at), &len);
			const struct hgt_pair *pair = hgt_eval_find_member(node, name, len);

			result = hgt_eval_charge(e, node->v.map.n / 8);
			if (result || !pair)
				return result;
			child = pair->value;
			at += 4;
		} else {
			child = node->v.seq.items[i];
		}
		result = hgt_eval_equals_value(e, child, at);
		at += 4 * hgt_img_row(e->image, at, 1);
	}
	return result;
}

int hgt_eval_equals_value(struct hgt_evaluator *e, const struct hgt_node *node, uint32_t value)
{
	int code = hgt_eval_charge(e, 1 + node->len / 256);

	if (code)
		return code;
	if (!same_kind(node->type, hgt_img_word(e->image, value)))
		return 0;
	switch (node->type) {
	case HGT_NODE_NULL:
		return 1;
	case HGT_NODE_BOOL:
		return node->v.boolean == (hgt_img_row(e->image, value, 2) != 0);
	case HGT_NODE_STRING:
		return hgt_img_is(e->image, hgt_img_row(e->image, value, 2), node->text, node->len);
	case HGT_NODE_INT:
	case HGT_NODE_FLOAT:
		return equals_number(e, node, value + 8);
	case HGT_NODE_SEQ:
	case HGT_NODE_MAP:
		return equals_children(e, node, value);
	}
	return 0;
}

static int equals_map(struct hgt_evaluator *e, const struct hgt_node *a, const struct hgt_node *b)
{
	if (hgt_eval_count_members(a) != hgt_eval_count_members(b))
		return 0;
	for (size_t i = 0; i < a->v.map.n; i++) {
		const struct hgt_pair *pair = &a->v.map.pairs[i], *other;
		int result = hgt_eval_charge(e, b->v.map.n / 8);

		if (result)
			return result;
		if (pair->overridden)
			continue;
		other = hgt_eval_find_member(b, pair->key->text, pair->key->len);
		result = other ? hgt_eval_equals(e, pair->value, other->value) : 0;
		if (result != 1)
			return result;
	}
	return 1;
}

int hgt_eval_equals(struct hgt_evaluator *e, const struct hgt_node *a, const struct hgt_node *b)
{
	struct hgt_decimal x, y;
	int result = hgt_eval_charge(e, 1 + a->len / 256);

	if (result)
		return result;
	if (!same_kind(a->type, b->type))
		return 0;
	switch (a->type) {
	case HGT_NODE_NULL:
		return 1;
	case HGT_NODE_BOOL:
		return a->v.boolean == b->v.boolean;
	case HGT_NODE_STRING:
		return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
	case HGT_NODE_INT:
	case HGT_NODE_FLOAT:
		hgt_decimal_from_node(&x, a);
		hgt_decimal_from_node(&y, b);
		return hgt_decimal_compare(&x, &y) == 0;
	case HGT_NODE_MAP:
		return equals_map(e, a, b);
	case HGT_NODE_SEQ:
		if (a->v.seq.n != b->v.seq.n)
			return 0;
		for (size_t i = 0; i < a->v.seq.n; i++) {
			result = hgt_eval_equals(e, a->v.seq.items[i], b->v.seq.items[i]);
			if (result != 1)
				return result;
		}
		return 1;
	}
	return 0;
}

static uint64_t hash_text(uint64_t hash, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
	return hash;
}

static uint64_t mix(uint64_t hash)
{
	hash = (hash ^ hash >> 31) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

uint64_t hgt_eval_hash(struct hgt_evaluator *e, const struct hgt_node *node)
{
	uint64_t hash = (uint64_t)node->type + 1;
	uint64_t work = 1 + node->len / 256;
	struct hgt_decimal decimal;

	/* Whoever asked finds out when it is all used up. */
	e->work -= work < e->work ? work : e->work;
	switch (node->type) {
	case HGT_NODE_NULL:
		return hash;
	case HGT_NODE_BOOL:
		return mix(hash + 100 * (node->v.boolean + 1));
	case HGT_NODE_STRING:
		return mix(hash_text(hash, node->text, node->len));
	case HGT_NODE_INT:
	case HGT_NODE_FLOAT:
		hgt_decimal_from_node(&decimal, node);
		return mix(hgt_decimal_hash(&decimal));
	case HGT_NODE_SEQ:
		for (size_t i = 0; i < node->v.seq.n; i++)
			hash = mix(hash + hgt_eval_hash(e, node->v.seq.items[i]));
		return hash;
	case HGT_NODE_MAP:
		/* The order of members does not count. */
		for (size_t i = 0; i < node->v.map.n; i++) {
			const struct hgt_pair *pair = &node->v.map.pairs[i];

			if (!pair->overridden)
				hash += mix(hash_text(hgt_eval_hash(e, pair->value), pair->key->text, pair->key->len));
		}
		return mix(hash);
	}
	return hash;
}
