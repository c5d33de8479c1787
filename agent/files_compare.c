/* The files driver: how a target differs from the list of files. */
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "agent/files_driver.h"
#include "agent/files_private.h"
#include "agent/files_tree.h"

void files_result_init(struct files_result *result)
{
	memset(result, 0, sizeof(*result));
	hgt_buf_init(&result->output);
	hgt_buf_init(&result->difference);
}

void files_result_release(struct files_result *result)
{
	hgt_buf_release(&result->output);
	hgt_buf_release(&result->difference);
}

const char *files_leaf(const char *path, size_t *folder_len)
{
	const char *slash = strrchr(path, '/');

	*folder_len = slash ? (size_t)(slash - path) : 0;
	return slash ? slash + 1 : path;
}

static const char *what_differs(const struct place *place, const struct manifest_entry *entry)
{
	bool folder = manifest_is_folder(entry->kind);

	if (place->kind == PLACE_NOTHING)
		return "is missing";
	if (place->kind != (folder ? PLACE_FOLDER : entry->kind == MANIFEST_LINK ? PLACE_LINK : PLACE_FILE))
		return folder ? "is no folder" : entry->kind == MANIFEST_LINK ? "is no link" : "is no file";
	if (memcmp(place->digest, entry->digest, HGT_SHA256_SIZE) != 0)
		return entry->kind == MANIFEST_LINK ? "leads elsewhere" : "has other contents";
	return entry->kind == MANIFEST_EXECUTABLE ? "is not executable" : "is executable";
}

static void differs(struct files_result *result, const char *path, const char *how)
{
	if (result->differing++ == 0)
		hgt_buf_addf(&result->difference, "%s %s", path, how);
}

static int compare_entry(struct hgt_beneath *b, const struct manifest_entry *entry, struct files_result *result,
	struct hgt_error *err)
{
	size_t folder_len;
	const char *leaf = files_leaf(entry->path, &folder_len);
	struct place place;
	int fd, code = hgt_beneath_open(b, entry->path, folder_len, NULL, NULL, &fd, err);

	if (code == HGT_ENOENT || code == HGT_ECONFLICT) {
		differs(result, entry->path, "is missing");
		return 0;
	}
	if (code == 0)
		code = tree_look(fd, leaf, entry->path, &place, err);
	if (code == 0 && !tree_holds(&place, entry))
		differs(result, entry->path, what_differs(&place, entry));
	return code;
}

int files_compare_with(int into, const struct manifest *manifest, struct files_result *result, struct hgt_error *err)
{
	struct hgt_beneath b;
	int code = 0;

	hgt_beneath_init(&b, into);
	for (size_t i = 0; i < manifest->n && code == 0; i++)
		if (manifest->items[i]->kind != manifest_stale(manifest->items[i]->kind))
			code = compare_entry(&b, manifest->items[i], result, err);
	if (result->differing > 1)
		hgt_buf_addf(&result->difference, ", and %" PRIu64 " more", result->differing - 1);
	hgt_beneath_release(&b);
	return code < 0 ? code : hgt_buf_check(&result->difference, err);
}

int files_compare(const struct files_order *order, struct files_result *result, struct hgt_error *err)
{
	const char *into = order->target->options.into;
	struct manifest manifest = MANIFEST_INIT;
	int fd = -1, code = manifest_load(&manifest, order->manifest, err);

	if (code < 0)
		goto out;
	fd = open(into, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		code = files_compare_with(fd, &manifest, result, err);
	} else {
		code = hgt_error_set_errno(err, "cannot open folder %s", into);
		if (code == HGT_ENOENT) {
			differs(result, into, "is missing");
			code = hgt_buf_check(&result->difference, err);
		}
	}
out:
	if (fd >= 0)
		close(fd);
	manifest_release(&manifest);
	return code;
}
