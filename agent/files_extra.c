/* The files driver: what is in the tree's folders and not of the tree. */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "agent/files_private.h"

struct search {
	const struct manifest *manifest;
	files_extra_cb extra;
	void *ctx;
	struct hgt_buf path;
	struct hgt_error *err;
};

static int look_at_name(struct search *s, const char *folder, const char *name)
{
	int code;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		(!*folder && strncmp(name, FILES_STAGING_PREFIX, strlen(FILES_STAGING_PREFIX)) == 0))
		return 0;
	hgt_buf_reset(&s->path);
	hgt_buf_addf(&s->path, "%s%s%s", folder, *folder ? "/" : "", name);
	code = hgt_buf_check(&s->path, s->err);
	if (code == 0 && !manifest_find(s->manifest, s->path.data, s->path.len))
		code = s->extra(s->ctx, s->path.data, s->err);
	return code;
}

static int look_in(struct search *s, int folder_fd, const char *folder)
{
	int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), code = 0;
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *d;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return hgt_error_set_errno(s->err, "cannot read folder %s", folder);
	}
	while (code == 0 && (d = readdir(dir)))
		code = look_at_name(s, folder, d->d_name);
	closedir(dir);
	return code;
}

int files_extra(int into, const struct manifest *manifest, files_extra_cb extra, void *ctx, struct hgt_error *err)
{
	struct search s = {.manifest = manifest, .extra = extra, .ctx = ctx, .path = HGT_BUF_INIT, .err = err};
	struct hgt_beneath beneath;
	int fd, code = look_in(&s, into, "");

	hgt_beneath_init(&beneath, into);
	for (size_t i = 0; i < manifest->n && code == 0; i++) {
		const struct manifest_entry *entry = manifest->items[i];

		if (entry->kind != MANIFEST_FOLDER && entry->kind != MANIFEST_FOLDER_FOUND)
			continue;
		code = hgt_beneath_open(&beneath, entry->path, strlen(entry->path), NULL, NULL, &fd, err);
		/* One that is missing has been told. */
		code = code == 0 ? look_in(&s, fd, entry->path) : code == HGT_ENOENT || code == HGT_ECONFLICT ? 0 : code;
	}
	hgt_beneath_release(&beneath);
	hgt_buf_release(&s.path);
	return code;
}
