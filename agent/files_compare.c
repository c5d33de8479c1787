/* The files driver: how a target differs from the list of files. */
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "agent/files_driver.h"
#include "agent/files_private.h"
#include "agent/files_tree.h"
#include "base/log.h"

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

/* 1 when something was learned of the entry. */
static int compare_entry(struct hgt_beneath *b, struct manifest_entry *entry, struct files_result *result, struct hgt_error *err)
{
	struct place place;
	int code = tree_look_beneath(b, entry->path, entry, &place, err);

	if (code == HGT_ENOENT || code == HGT_ECONFLICT) {
		differs(result, entry->path, "is missing");
		return 0;
	}
	if (code < 0)
		return code;
	if (tree_holds(&place, entry))
		return tree_learn(entry, &place);
	differs(result, entry->path, what_differs(&place, entry));
	return 0;
}

int files_compare_with(int into, struct manifest *manifest, const char *file, struct files_result *result, struct hgt_error *err)
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
	if (result->differing > 1)
		hgt_buf_addf(&result->difference, ", and %" PRIu64 " more", result->differing - 1);
	if (code < 0)
		return code;
	/* The target is as it is: what cannot be noted is found out again the next time. */
	if (learned && manifest_save(manifest, file, &unsaved) < 0)
		hgt_log(HGT_LOG_WARNING, "files", "the list of files cannot be saved", HGT_S("reason", unsaved.message));
	return hgt_buf_check(&result->difference, err);
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
		code = files_compare_with(fd, &manifest, order->manifest, result, err);
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
