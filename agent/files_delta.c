/* The files driver: what a tree holds, from what another holds and the differences between the two. */
#include "agent/files_private.h"

static const unsigned char no_digest[HGT_SHA256_SIZE];

static bool is_stale(const struct manifest_entry *entry)
{
	return entry->kind == manifest_stale(entry->kind);
}

/* The length of the path of the folder that a path is in; 0 for the top. */
static size_t folder_len(const char *path, size_t len)
{
	const char *slash = memrchr(path, '/', len);

	return slash ? (size_t)(slash - path) : 0;
}

/* The folders of `before` that have something in them. */
static int find_parents(const struct manifest *before, struct hgt_map *parents, struct hgt_error *err)
{
	for (size_t i = 0; i < before->n; i++) {
		struct manifest_entry *entry = before->items[i];
		size_t len = folder_len(entry->path, strlen(entry->path));

		if (len > 0 && !is_stale(entry) && hgt_map_put(parents, entry->path, len, entry, NULL) < 0)
			return hgt_error_nomem(err);
	}
	return 0;
}

/* Every removed path is there, as what it was said to be: a folder with nothing in it, or something else. */
static int check_removed(const struct manifest *before, const struct manifest *removed, const struct hgt_map *parents,
	struct hgt_error *err)
{
	for (size_t i = 0; i < removed->n; i++) {
		const char *path = removed->items[i]->path;
		size_t len = strlen(path);
		bool folder = path[len - 1] == '/';
		const struct manifest_entry *entry = manifest_find(before, path, len - folder);

		if (!entry || is_stale(entry) || manifest_is_folder(entry->kind) != folder || hgt_map_get(parents, path, len - folder))
			return hgt_error_set(err, HGT_ECONFLICT, "%s is to be removed, and is not there", path);
	}
	return 0;
}

static bool is_removed(const struct manifest *removed, const struct manifest_entry *entry, struct hgt_buf *scratch)
{
	if (!manifest_is_folder(entry->kind))
		return manifest_find(removed, entry->path, strlen(entry->path));
	hgt_buf_reset(scratch);
	hgt_buf_addf(scratch, "%s/", entry->path);
	return manifest_find(removed, scratch->data, scratch->len);
}

/* What stays. A folder stays by itself only where nothing was in it, as a submodule; the others follow from what is in them. */
static int take_rest(const struct manifest *before, const struct hgt_map *parents, const struct manifest *removed,
	const struct manifest *fresh, struct manifest *after, struct hgt_error *err)
{
	struct hgt_buf scratch = HGT_BUF_INIT;
	int code = 0;

	for (size_t i = 0; i < before->n && code == 0; i++) {
		const struct manifest_entry *entry = before->items[i];
		bool folder = manifest_is_folder(entry->kind);
		size_t len = strlen(entry->path);

		if (is_stale(entry) || (folder && hgt_map_get(parents, entry->path, len)) || is_removed(removed, entry, &scratch) ||
			manifest_find(fresh, entry->path, len))
			continue;
		code = manifest_add(after, folder ? MANIFEST_FOLDER_FOUND : entry->kind, entry->path, len, entry->digest, NULL, err);
	}
	if (code == 0)
		code = hgt_buf_check(&scratch, err);
	hgt_buf_release(&scratch);
	return code;
}

/* Add the folders above a path; where something else has the name of one, the differences were to another tree. */
static int take_folders(struct manifest *after, const char *path, struct hgt_error *err)
{
	int code = 0;

	for (size_t len = folder_len(path, strlen(path)); len > 0 && code == 0; len = folder_len(path, len)) {
		const struct manifest_entry *above = manifest_find(after, path, len);

		if (above && !manifest_is_folder(above->kind))
			return hgt_error_set(err, HGT_ECONFLICT, "%s is below what is no folder", path);
		if (above)
			break;
		code = manifest_add(after, MANIFEST_FOLDER_FOUND, path, len, no_digest, NULL, err);
	}
	return code;
}

int files_delta_merge(const struct manifest *before, const struct manifest *removed, const struct manifest *fresh, struct manifest *after,
	struct hgt_error *err)
{
	struct hgt_map parents = HGT_MAP_INIT;
	int code = find_parents(before, &parents, err);
	size_t n;

	if (code == 0)
		code = check_removed(before, removed, &parents, err);
	if (code == 0)
		code = take_rest(before, &parents, removed, fresh, after, err);
	hgt_map_release(&parents);
	for (size_t i = 0; i < fresh->n && code == 0; i++) {
		const struct manifest_entry *entry = fresh->items[i];

		code = manifest_add(after, entry->kind, entry->path, strlen(entry->path), entry->digest, NULL, err);
	}
	n = after->n;
	for (size_t i = 0; i < n && code == 0; i++)
		code = take_folders(after, after->items[i]->path, err);
	if (code == 0)
		manifest_sort(after);
	return code;
}
