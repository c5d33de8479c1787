/* Which tree of Git's an archive holds. */
#include "archive/tree_id.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/io.h"
#include "base/map.h"

/* An entry of some tree. Trees are hashed from the deepest to the root. */
struct item {
	const char *path;
	size_t len;
	unsigned mode;
	unsigned char id[HGT_OBJECT_ID_SIZE];
};

struct listing {
	struct hgt_arena arena;
	struct item *items;
	size_t n, cap;
};

static int add(struct listing *l, const char *path, size_t len, unsigned mode, const unsigned char *id, struct hgt_error *err)
{
	struct item *item;

	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		struct item *items = reallocarray(l->items, cap, sizeof(*items));

		if (!items)
			return hgt_error_nomem(err);
		l->items = items;
		l->cap = cap;
	}
	item = &l->items[l->n];
	*item = (struct item){.path = hgt_arena_strndup(&l->arena, path, len), .len = len, .mode = mode};
	if (!item->path)
		return hgt_error_nomem(err);
	memcpy(item->id, id, sizeof(item->id));
	l->n++;
	return 0;
}

static int take_entry(void *ctx, const struct hgt_unpack_entry *entry, struct hgt_error *err)
{
	static const unsigned modes[] = {
		[HGT_UNPACK_FILE] = HGT_MODE_FILE,
		[HGT_UNPACK_EXECUTABLE] = HGT_MODE_EXECUTABLE,
		[HGT_UNPACK_LINK] = HGT_MODE_LINK,
		[HGT_UNPACK_FOLDER] = HGT_MODE_TREE,
	};

	if (entry->kind == HGT_UNPACK_REMOVED)
		return hgt_error_set(err, HGT_EPARSE, "the archive tells only what differs from another tree");
	return add(ctx, entry->path, entry->len, modes[entry->kind], entry->object, err);
}

/*
 * Git's order within a folder, and folders with what is in them one after the other: as if a folder's name had a slash at its end. So
 * what is in a folder follows it at once, in the order of its tree.
 */
static int in_order(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	size_t n = a->len < b->len ? a->len : b->len;
	int d = memcmp(a->path, b->path, n);
	unsigned char ca, cb;

	if (d)
		return d;
	ca = a->len > n ? (unsigned char)a->path[n] : a->mode == HGT_MODE_TREE ? '/' : '\0';
	cb = b->len > n ? (unsigned char)b->path[n] : b->mode == HGT_MODE_TREE ? '/' : '\0';
	if (ca != cb)
		return ca < cb ? -1 : 1;
	return a->len < b->len ? -1 : a->len > b->len;
}

/* Hash the folder whose entries begin at *at (all with `len` bytes of folder and a slash before their names), moving *at behind them. */
static int hash_tree(struct listing *l, size_t *at, const char *folder, size_t len, unsigned char *id, struct hgt_error *err)
{
	struct hgt_buf raw = HGT_BUF_INIT;
	struct hgt_object_hash hash;
	size_t skip = len ? len + 1 : 0, before = *at;
	int code = 0;

	while (code == 0 && *at < l->n && l->items[*at].len > skip &&
		(!len || (memcmp(l->items[*at].path, folder, len) == 0 && l->items[*at].path[len] == '/'))) {
		struct item *item = &l->items[(*at)++];

		if (item->mode == HGT_MODE_TREE)
			code = hash_tree(l, at, item->path, item->len, item->id, err);
		hgt_buf_addf(&raw, "%o %s", item->mode, item->path + skip);
		hgt_buf_addc(&raw, '\0');
		hgt_buf_add(&raw, item->id, sizeof(item->id));
	}
	if (code == 0 && *at == before && len)
		code = hgt_error_set(err, HGT_EPERM, "the archive holds an empty folder, %.256s, which no tree does", folder);
	if (code == 0)
		code = hgt_buf_check(&raw, err);
	if (code == 0) {
		hgt_object_hash_init(&hash, "tree", raw.len);
		hgt_object_hash_update(&hash, raw.data, raw.len);
		hgt_object_hash_final(&hash, id);
	}
	hgt_buf_release(&raw);
	return code;
}

/* Folders that stand for submodules. */
static int mark(struct listing *l, const struct hgt_submodule *submodules, size_t n, struct hgt_error *err)
{
	struct hgt_map by_path = HGT_MAP_INIT;
	int code = 0;

	for (size_t i = 0; i < n && code == 0; i++)
		if (hgt_map_put(&by_path, submodules[i].path, strlen(submodules[i].path), (void *)(uintptr_t)&submodules[i], NULL) < 0)
			code = hgt_error_nomem(err);
	for (size_t i = 0; i < l->n && code == 0 && n > 0; i++) {
		const struct hgt_submodule *s = hgt_map_get(&by_path, l->items[i].path, l->items[i].len);

		if (!s || l->items[i].mode != HGT_MODE_TREE)
			continue;
		l->items[i].mode = HGT_MODE_SUBMODULE;
		memcpy(l->items[i].id, s->id, sizeof(s->id));
	}
	hgt_map_release(&by_path);
	return code;
}

int hgt_archive_tree_id(int fd, const struct hgt_unpack_limits *limits, const struct hgt_submodule *submodules, size_t n,
	char id[HGT_OID_HEX + 1], struct hgt_error *err)
{
	struct listing l = {.arena = HGT_ARENA_INIT};
	unsigned char raw[HGT_OBJECT_ID_SIZE];
	struct hgt_unpack_info info;
	size_t at = 0;
	int code = hgt_unpack_objects(fd, limits, take_entry, &l, &info, err);

	if (code == 0 && *info.from)
		code = hgt_error_set(err, HGT_EPARSE, "the archive tells only what differs from another tree");
	if (code == 0)
		code = mark(&l, submodules, n, err);
	if (code == 0 && l.n > 0)
		qsort(l.items, l.n, sizeof(*l.items), in_order);
	if (code == 0)
		code = hash_tree(&l, &at, "", 0, raw, err);
	if (code == 0 && at != l.n)
		code = hgt_error_set(err, HGT_EPERM, "the archive holds what no tree does");
	if (code == 0)
		hgt_hex(raw, sizeof(raw), id);
	hgt_arena_release(&l.arena);
	free(l.items);
	return code;
}
