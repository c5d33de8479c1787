/* The files driver: watches on the folders of a target. */
#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "agent/files_driver.h"
#include "agent/files_private.h"

/* What may make a target differ, or its folders others. */
#define WATCHED (IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | \
	IN_ONLYDIR | IN_EXCL_UNLINK)

/* By its descriptor: the way to it is not gone a second time, on which something else may stand by then. */
static int watch_folder(int inotify, int folder, const char *path, struct hgt_error *err)
{
	char name[sizeof("/proc/self/fd/") + 12];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", folder);
	if (inotify_add_watch(inotify, name, WATCHED) >= 0)
		return 0;
	if (errno == ENOSPC)
		return hgt_error_set(err, HGT_ELIMIT, "no inotify watches are left for folder %s; raise fs.inotify.max_user_watches", path);
	return hgt_error_set_errno(err, "cannot watch folder %s", path);
}

/* The folder of the entry; the one that was watched last is not watched again. */
static int watch_entry(struct hgt_beneath *b, int inotify, const char *path, size_t len, unsigned *watches, struct hgt_error *err)
{
	int fd, code = hgt_beneath_open(b, path, len, NULL, NULL, &fd, err);

	/* What is not there is seen from the folder above it. */
	if (code == HGT_ENOENT || code == HGT_ECONFLICT)
		return 0;
	if (code == 0 && ++*watches > FILES_WATCHES_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "it has more than %d folders", FILES_WATCHES_MAX);
	return code == 0 ? watch_folder(inotify, fd, path, err) : code;
}

static int watch_all(int inotify, int into, const struct manifest *manifest, struct hgt_error *err)
{
	struct hgt_beneath b;
	const char *last = "";
	size_t last_len = 0;
	unsigned watches = 0;
	int code;

	hgt_beneath_init(&b, into);
	code = watch_entry(&b, inotify, "", 0, &watches, err);
	for (size_t i = 0; i < manifest->n && code == 0; i++) {
		const struct manifest_entry *entry = manifest->items[i];
		size_t len = strlen(entry->path);

		if (entry->kind == manifest_stale(entry->kind))
			continue;
		if (!manifest_is_folder(entry->kind))
			files_leaf(entry->path, &len);
		if (len == 0 || (len == last_len && memcmp(entry->path, last, len) == 0))
			continue;
		last = entry->path;
		last_len = len;
		code = watch_entry(&b, inotify, entry->path, len, &watches, err);
	}
	hgt_beneath_release(&b);
	return code;
}

int files_watch(const struct driver_order *order, int inotify, struct hgt_error *err)
{
	struct manifest manifest = MANIFEST_INIT;
	struct hgt_buf list = HGT_BUF_INIT;
	int fd = -1, code = files_list_path(order, &list, err);

	if (code == 0)
		code = manifest_load(&manifest, list.data, err);
	if (code == 0) {
		fd = open(order->target->files.into, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			code = hgt_error_set_errno(err, "cannot open folder %s", order->target->files.into);
		else
			code = watch_all(inotify, fd, &manifest, err);
	}
	if (fd >= 0)
		close(fd);
	manifest_release(&manifest);
	hgt_buf_release(&list);
	return code;
}
