/* Merge keys: `<<: *base` and `<<: [*first, *second]`. */
#include "doc/tree.h"

static int refuse(struct hgt_tree *tree, const struct hgt_node *value)
{
	hgt_tree_point(tree);
	hgt_pointer_add(&tree->pointer, "<<", 2);
	hgt_buf_addf(&tree->message, "what \"<<\" brings in must be a map or a list of maps, not %s",
		hgt_node_type_name(value->type));
	return hgt_tree_tell(tree, HGT_PROBLEM_SYNTAX, (struct hgt_place){value->line, value->column},
		value->end_line == value->line ? value->end_column : 0);
}

/* How many pairs a merge value can bring in; refuses one that is no map. */
static int count(struct hgt_tree *tree, const struct hgt_node *value, size_t *n)
{
	if (value->type == HGT_NODE_MAP) {
		*n += value->v.map.n;
		return 0;
	}
	/* A list stands in place; go-yaml takes none through an alias. */
	if (value->type != HGT_NODE_SEQ || value->aliased)
		return refuse(tree, value);
	for (size_t i = 0; i < value->v.seq.n; i++) {
		const struct hgt_node *item = value->v.seq.items[i];

		if (item->type != HGT_NODE_MAP)
			return refuse(tree, item);
		*n += item->v.map.n;
	}
	return 0;
}

/* The pairs gathered so far, and the keys that are taken. */
struct gathering {
	struct hgt_tree *tree;
	struct hgt_pair *pairs;
	size_t n;
	struct hgt_map taken;		/* key -> its pair in `pairs` */
	const struct hgt_node *merge;	/* the key `<<` at work */
};

static bool is_before(const struct hgt_node *a, const struct hgt_node *b)
{
	return a->line < b->line || (a->line == b->line && a->column < b->column);
}

static int add(struct gathering *g, const struct hgt_pair *pair, bool merged)
{
	struct hgt_pair *mine = &g->pairs[g->n];
	char room[HGT_KEY_ROOM], *kept;
	size_t len;
	const char *text = hgt_key_text(pair->key, room, &len);
	int code;

	if (merged) {
		struct hgt_pair *there = hgt_map_get(&g->taken, text, len);

		/* Keys of two types, 1 and "1", are two to go-yaml; Kubernetes keeps one of them, whichever. */
		if (there && ((!there->merged && is_before(there->key, g->merge)) || there->key->type != pair->key->type))
			there->disputed = true;
		if (there || pair->overridden)
			return 0;
	}
	if (text == room) {
		code = hgt_tree_string(g->tree, text, len, &kept);
		if (code)
			return code;
		text = kept;
	}
	if (hgt_map_put(&g->taken, text, len, mine, NULL) < 0)
		return hgt_error_nomem(g->tree->err);
	*mine = (struct hgt_pair){
		.key = pair->key, .value = pair->value, .merged = merged, .overridden = pair->overridden,
		.disputed = pair->disputed,
	};
	g->n++;
	return 0;
}

static int add_map(struct gathering *g, const struct hgt_node *map)
{
	int code = 0;

	for (size_t i = 0; i < map->v.map.n && !code; i++)
		code = add(g, &map->v.map.pairs[i], true);
	return code;
}

static int add_value(struct gathering *g, const struct hgt_node *value)
{
	int code = 0;

	if (value->type == HGT_NODE_MAP)
		return add_map(g, value);
	for (size_t i = 0; i < value->v.seq.n && !code; i++)
		code = add_map(g, value->v.seq.items[i]);
	return code;
}

int hgt_merge(struct hgt_tree *tree, struct hgt_node *map)
{
	const struct hgt_pair *pairs = map->v.map.pairs;
	size_t n = map->v.map.n, most = 0;
	struct gathering g = {.tree = tree, .taken = HGT_MAP_INIT};
	void *p;
	int code = 0;

	for (size_t i = 0; i < n && !code; i++) {
		if (hgt_is_merge_key(pairs[i].key))
			code = count(tree, pairs[i].value, &most);
		else
			most++;
	}
	if (!code)
		code = hgt_tree_take(tree, most, sizeof(*g.pairs), &p);
	if (code)
		return code;
	g.pairs = p;
	for (size_t i = 0; i < n && !code; i++)
		if (!hgt_is_merge_key(pairs[i].key))
			code = add(&g, &pairs[i], false);
	for (size_t i = 0; i < n && !code; i++) {
		if (hgt_is_merge_key(pairs[i].key)) {
			g.merge = pairs[i].key;
			code = add_value(&g, pairs[i].value);
		}
	}
	hgt_map_release(&g.taken);
	if (code)
		return code;
	map->v.map.pairs = g.pairs;
	map->v.map.n = g.n;
	return 0;
}
