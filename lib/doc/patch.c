/* JSON Merge Patch (RFC 7396) over trees of nodes. */
#include "doc/patch.h"

static bool same_key(const struct hgt_node *a, const struct hgt_node *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* The pair of a map that counts for a key. */
static const struct hgt_pair *find(const struct hgt_node *map, const struct hgt_node *key)
{
	const struct hgt_pair *found = NULL;

	for (size_t i = 0; i < map->v.map.n; i++)
		if (!map->v.map.pairs[i].overridden && same_key(map->v.map.pairs[i].key, key))
			found = &map->v.map.pairs[i];
	return found;
}

static int merge_value(struct hgt_arena *arena, const struct hgt_node *target, const struct hgt_pair *patch,
	struct hgt_node *out, struct hgt_error *err)
{
	struct hgt_pair *made = &out->v.map.pairs[out->v.map.n];

	made->key = patch->key;
	out->v.map.n++;
	return hgt_node_merge_patch(arena, target, patch->value, &made->value, err);
}

int hgt_node_merge_patch(struct hgt_arena *arena, const struct hgt_node *target, const struct hgt_node *patch,
	const struct hgt_node **out, struct hgt_error *err)
{
	bool map = target && target->type == HGT_NODE_MAP;
	struct hgt_node *made;
	int code = 0;

	if (patch->type != HGT_NODE_MAP) {
		*out = patch;
		return 0;
	}
	made = hgt_arena_alloc(arena, sizeof(*made));
	if (!made)
		return hgt_error_nomem(err);
	*made = map ? *target : *patch;
	made->v.map.n = 0;
	made->v.map.pairs = hgt_arena_array(arena, (map ? target->v.map.n : 0) + patch->v.map.n + 1, sizeof(struct hgt_pair));
	if (!made->v.map.pairs)
		return hgt_error_nomem(err);
	/* Members keep their order; those that only the patch has come behind them. */
	for (size_t i = 0; map && i < target->v.map.n && code == 0; i++) {
		const struct hgt_pair *pair = &target->v.map.pairs[i], *change = find(patch, pair->key);

		if (pair->overridden || (change && change->value->type == HGT_NODE_NULL))
			continue;
		if (change)
			code = merge_value(arena, pair->value, change, made, err);
		else
			made->v.map.pairs[made->v.map.n++] = (struct hgt_pair){.key = pair->key, .value = pair->value};
	}
	for (size_t i = 0; i < patch->v.map.n && code == 0; i++) {
		const struct hgt_pair *pair = &patch->v.map.pairs[i];

		if (pair->overridden || pair->value->type == HGT_NODE_NULL || (map && find(target, pair->key)))
			continue;
		code = merge_value(arena, NULL, pair, made, err);
	}
	if (code == 0)
		*out = made;
	return code;
}
