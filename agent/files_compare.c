/* The files driver: how a target differs from the list of files. */
#include <fcntl.h>
#include <unistd.h>

#include "agent/files_driver.h"
#include "agent/files_private.h"
#include "agent/files_tree.h"
#include "base/log.h"

int files_list_path(const struct driver_order *order, struct hgt_buf *path, struct hgt_error *err)
{
	hgt_buf_addf(path, "%s/" FILES_LIST, order->folder);
	return hgt_buf_check(path, err);
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

/* 1 when something was learned of the entry. */
static int compare_entry(struct hgt_beneath *b, struct manifest_entry *entry, struct driver_result *result, struct hgt_error *err)
{
	struct place place;
	int code = tree_look_beneath(b, entry->path, entry, &place, err);

	if (code == HGT_ENOENT || code == HGT_ECONFLICT) {
		driver_differs(result, entry->path, "is missing");
		return 0;
	}
	if (code < 0)
		return code;
	if (tree_holds(&place, entry))
		return tree_learn(entry, &place);
	driver_differs(result, entry->path, what_differs(&place, entry));
	return 0;
}

int files_compare_with(int into, struct manifest *manifest, const char *file, struct driver_result *result, struct hgt_error *err)
{
	struct hgt_error unsaved = {0};
	struct hgt_beneath b;
	bool learned = false;
	int code = 0;

	hgt_beneath_init(&b, into);
	for (size_t i = 0; i < manifest->n && code >= 0; i++) {
		struct manifest_entry *entry = manifest->items[i];

		if (entry->kind != manifest_stale(entry->kind)) {
			code = compare_entry(&b, entry, result, err);
			learned |= code > 0;
		}
	}
	hgt_beneath_release(&b);
	if (code < 0)
		return code;
	/* The target is as it is: what cannot be noted is found out again the next time. */
	if (learned && manifest_save(manifest, file, &unsaved) < 0)
		hgt_log(HGT_LOG_WARNING, "files", "the list of files cannot be saved", HGT_S("reason", unsaved.message));
	return driver_difference_end(result, err);
}

int files_compare(const struct driver_order *order, struct driver_result *result, struct hgt_error *err)
{
	const char *into = order->target->files.into;
	struct manifest manifest = MANIFEST_INIT;
	struct hgt_buf list = HGT_BUF_INIT;
	int fd = -1, code = files_list_path(order, &list, err);

	if (code == 0)
		code = manifest_load(&manifest, list.data, err);
	if (code < 0)
		goto out;
	fd = open(into, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		code = files_compare_with(fd, &manifest, list.data, result, err);
	} else {
		code = hgt_error_set_errno(err, "cannot open folder %s", into);
		if (code == HGT_ENOENT) {
			driver_differs(result, into, "is missing");
			code = driver_difference_end(result, err);
		}
	}
out:
	if (fd >= 0)
		close(fd);
	manifest_release(&manifest);
	hgt_buf_release(&list);
	return code;
}
