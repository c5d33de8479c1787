/* Which files the kustomizations of a tree name as what. */
#include "check/kustomize.h"

#include "base/map.h"
#include "check/check.h"
#include "doc/doc.h"

enum {
	BYTES_MAX = 1024 * 1024,	/* of a kustomization */
	LEVELS_MAX = 64,		/* of folders that are asked */
};

/* The files that one folder's kustomization names: path -> role. */
struct folder {
	struct hgt_map roles;
	struct folder *next;
};

struct hgt_kustomize {
	hgt_read_cb read;
	void *ctx;
	struct hgt_arena arena;
	struct hgt_map folders;		/* path -> folder */
	struct folder *all;
	struct hgt_buf path, text;	/* in hand */
};

int hgt_kustomize_new(hgt_read_cb read, void *ctx, struct hgt_kustomize **out, struct hgt_error *err)
{
	struct hgt_kustomize *k = calloc(1, sizeof(*k));

	if (!k)
		return hgt_error_nomem(err);
	k->read = read;
	k->ctx = ctx;
	hgt_buf_init(&k->path);
	hgt_buf_init(&k->text);
	*out = k;
	return 0;
}

void hgt_kustomize_free(struct hgt_kustomize *k)
{
	if (!k)
		return;
	for (struct folder *folder = k->all; folder; folder = folder->next)
		hgt_map_release(&folder->roles);
	hgt_map_release(&k->folders);
	hgt_buf_release(&k->path);
	hgt_buf_release(&k->text);
	hgt_arena_release(&k->arena);
	free(k);
}

/* Note what the kustomization at k->path calls `name`. What is there twice keeps the role that says less of it. */
static int note(struct hgt_kustomize *k, struct folder *folder, const struct hgt_node *name, enum hgt_kustomize_role role,
	struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	enum hgt_kustomize_role *known;
	const char *key;
	int code = 0;

	if (!name || name->type != HGT_NODE_STRING || !name->len || strchr(name->text, '\n') ||
		!hgt_link_resolve(k->path.data, name->text, &path))
		goto out;
	code = hgt_buf_check(&path, err);
	known = code ? NULL : hgt_map_get(&folder->roles, path.data, path.len);
	if (code || known) {
		if (known && *known < role)
			*known = role;
		goto out;
	}
	key = hgt_arena_strndup(&k->arena, path.data, path.len);
	known = hgt_arena_alloc(&k->arena, sizeof(*known));
	if (!key || !known || hgt_map_put(&folder->roles, key, path.len, known, NULL) < 0)
		code = hgt_error_nomem(err);
	else
		*known = role;
out:
	hgt_buf_release(&path);
	return code;
}

/* Whether a kustomization puts labels into all selectors. */
static bool labels_selectors(const struct hgt_node *root)
{
	const struct hgt_node *common = hgt_node_get(root, "commonLabels"), *labels = hgt_node_get(root, "labels");
	bool into = common && common->type == HGT_NODE_MAP && common->v.map.n > 0;

	for (size_t i = 0; !into && labels && labels->type == HGT_NODE_SEQ && i < labels->v.seq.n; i++)
		if (!hgt_node_get_bool(labels->v.seq.items[i], "includeSelectors", &into))
			into = false;
	return into;
}

static int read_fields(struct hgt_kustomize *k, struct folder *folder, const struct hgt_node *root, struct hgt_error *err)
{
	static const struct {
		const char *field;
		enum hgt_kustomize_role role;
		bool paths;	/* items have the name under `path` */
	} fields[] = {
		{"resources", HGT_KUSTOMIZE_RESOURCE, false},
		{"patches", HGT_KUSTOMIZE_PATCH, true},
		{"patchesStrategicMerge", HGT_KUSTOMIZE_PATCH, false},
		{"patchesJson6902", HGT_KUSTOMIZE_PATCH, true},
		{"configurations", HGT_KUSTOMIZE_CONFIG, false},
		{"crds", HGT_KUSTOMIZE_CONFIG, false},
		{"generators", HGT_KUSTOMIZE_CONFIG, false},
		{"replacements", HGT_KUSTOMIZE_CONFIG, true},
		{"transformers", HGT_KUSTOMIZE_CONFIG, false},
		{"validators", HGT_KUSTOMIZE_CONFIG, false},
	};
	bool labelled = labels_selectors(root);
	int code = note(k, folder, hgt_node_get(hgt_node_get(root, "openapi"), "path"), HGT_KUSTOMIZE_CONFIG, err);

	for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
		const struct hgt_node *list = hgt_node_get(root, fields[f].field);

		for (size_t i = 0; code == 0 && list && list->type == HGT_NODE_SEQ && i < list->v.seq.n; i++) {
			const struct hgt_node *item = list->v.seq.items[i];

			code = note(k, folder, fields[f].paths ? hgt_node_get(item, "path") : item,
				labelled && fields[f].role == HGT_KUSTOMIZE_RESOURCE ? HGT_KUSTOMIZE_LABELLED : fields[f].role, err);
		}
	}
	return code;
}

/* Read the kustomization at k->path. One that is broken names nothing; its own findings say so. */
static int read_kustomization(struct hgt_kustomize *k, struct folder *folder, struct hgt_error *err)
{
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	code = hgt_yaml_parse(k->text.data, k->text.len, &hgt_doc_default_limits, &set, err);
	if (code == 0 && set.n_docs > 0 && set.docs[0].root)
		code = read_fields(k, folder, set.docs[0].root, err);
	hgt_doc_set_release(&set);
	return code;
}

/* The folder of `len` bytes of path, asked when it is new. */
static int folder_at(struct hgt_kustomize *k, const char *path, size_t len, struct folder **out, struct hgt_error *err)
{
	static const char *const names[] = {"kustomization.yaml", "kustomization.yml", "Kustomization"};
	char *key;
	int code = HGT_ENOENT;

	*out = hgt_map_get(&k->folders, path, len);
	if (*out)
		return 0;
	*out = hgt_arena_alloc(&k->arena, sizeof(**out));
	key = hgt_arena_strndup(&k->arena, path, len);
	if (!*out || !key || hgt_map_put(&k->folders, key, len, *out, NULL) < 0)
		return hgt_error_nomem(err);
	(*out)->next = k->all;
	k->all = *out;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && code == HGT_ENOENT; i++) {
		hgt_buf_reset(&k->path);
		hgt_buf_reset(&k->text);
		hgt_buf_add(&k->path, path, len);
		hgt_buf_adds(&k->path, len ? "/" : "");
		hgt_buf_adds(&k->path, names[i]);
		code = hgt_buf_check(&k->path, err);
		if (code == 0)
			code = k->read(k->ctx, k->path.data, BYTES_MAX, &k->text, err);
	}
	if (code == 0)
		return read_kustomization(k, *out, err);
	return code == HGT_ENOENT || code == HGT_ELIMIT ? 0 : code;
}

int hgt_kustomize_role_of(struct hgt_kustomize *k, const char *path, enum hgt_kustomize_role *role, struct hgt_error *err)
{
	size_t len = strlen(path), end = len;

	*role = HGT_KUSTOMIZE_NONE;
	for (unsigned level = 0; level < LEVELS_MAX && end > 0; level++) {
		const char *slash = memrchr(path, '/', end);
		const enum hgt_kustomize_role *found;
		struct folder *folder;
		int code;

		end = slash ? (size_t)(slash - path) : 0;
		code = folder_at(k, path, end, &folder, err);
		if (code < 0)
			return code;
		found = hgt_map_get(&folder->roles, path, len);
		if (found) {
			*role = *found;
			return 0;
		}
	}
	return 0;
}
