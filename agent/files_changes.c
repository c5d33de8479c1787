/* The files driver: changes that can be taken back. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/files_private.h"

int files_make_folder_at(int at, const char *name, int *out, struct hgt_error *err)
{
	if (mkdirat(at, name, 0700) < 0)
		return hgt_error_set_errno(err, "cannot make staging folder %s", name);
	*out = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *out < 0 ? hgt_error_set_errno(err, "cannot open staging folder %s", name) : 0;
}

void changes_init(struct changes *c, int into, int staging, int fresh)
{
	memset(c, 0, sizeof(*c));
	c->into = into;
	c->staging = staging;
	c->fresh = fresh;
	c->old = -1;
	hgt_beneath_init(&c->target, into);
	hgt_beneath_init(&c->source, fresh);
}

void changes_release(struct changes *c)
{
	hgt_beneath_release(&c->target);
	hgt_beneath_release(&c->source);
	hgt_arena_release(&c->arena);
	free(c->items);
	if (c->old >= 0)
		close(c->old);
}

/* Most applies exchange files and take none: folders are what costs a file system most. */
static int open_old(struct changes *c, struct hgt_error *err)
{
	return c->old >= 0 ? 0 : files_make_folder_at(c->staging, "old", &c->old, err);
}

/* Room for one more note, made before the change itself: what cannot be noted is not done. */
static int make_room(struct changes *c, struct hgt_error *err)
{
	size_t cap = c->cap ? 2 * c->cap : 64;
	struct change *items;

	if (c->n < c->cap)
		return 0;
	items = reallocarray(c->items, cap, sizeof(*items));
	if (!items)
		return hgt_error_nomem(err);
	c->items = items;
	c->cap = cap;
	return 0;
}

static void note(struct changes *c, enum change_kind kind, const char *path, unsigned mode)
{
	c->items[c->n++] = (struct change){.kind = kind, .path = path, .mode = mode};
}

/* The folder of path in the target, and the name in it. */
static int open_parent(struct hgt_beneath *b, const char *path, int *fd, const char **leaf, struct hgt_error *err)
{
	size_t len;

	*leaf = files_leaf(path, &len);
	return hgt_beneath_open(b, path, len, NULL, NULL, fd, err);
}

/* The name in `old` of what the next change, or change i, replaces. */
static void number(size_t i, char out[24])
{
	snprintf(out, 24, "%zu", i);
}

/*
 * Both exist, so that at no time the name is free. Where the file system cannot exchange (NFS, FAT), the old one gets a second
 * name first.
 */
static int replace(struct changes *c, int source, int target, const char *leaf, const char *path, struct hgt_error *err)
{
	char name[24];
	int code;

	if (renameat2(source, leaf, target, leaf, RENAME_EXCHANGE) == 0) {
		note(c, CHANGE_EXCHANGED, path, 0);
		return 0;
	}
	if (errno != EINVAL && errno != ENOSYS)
		return hgt_error_set_errno(err, "cannot replace %s", path);
	code = open_old(c, err);
	if (code < 0)
		return code;
	number(c->n, name);
	if (linkat(target, leaf, c->old, name, 0) < 0)
		return hgt_error_set_errno(err, "cannot keep the old %s", path);
	if (renameat(source, leaf, target, leaf) < 0)
		return hgt_error_set_errno(err, "cannot replace %s", path);
	note(c, CHANGE_REPLACED, path, 0);
	return 0;
}

int changes_place(struct changes *c, const char *path, bool occupied, struct hgt_error *err)
{
	int source, target, code = make_room(c, err);
	const char *leaf = NULL;

	if (code == 0)
		code = open_parent(&c->source, path, &source, &leaf, err);
	if (code == 0)
		code = open_parent(&c->target, path, &target, &leaf, err);
	if (code < 0)
		return code;
	if (occupied)
		return replace(c, source, target, leaf, path, err);
	if (renameat(source, leaf, target, leaf) < 0)
		return hgt_error_set_errno(err, "cannot place %s", path);
	note(c, CHANGE_ADDED, path, 0);
	return 0;
}

int changes_take(struct changes *c, const char *path, struct hgt_error *err)
{
	int target, code = make_room(c, err);
	const char *leaf = NULL;
	char name[24];

	if (code == 0)
		code = open_parent(&c->target, path, &target, &leaf, err);
	if (code == 0)
		code = open_old(c, err);
	if (code < 0)
		return code;
	number(c->n, name);
	if (renameat(target, leaf, c->old, name) < 0)
		return hgt_error_set_errno(err, "cannot remove %s", path);
	note(c, CHANGE_TAKEN, path, 0);
	return 0;
}

int changes_remove_folder(struct changes *c, const char *path, unsigned mode, struct hgt_error *err)
{
	int target, code = make_room(c, err);
	const char *leaf = NULL;

	if (code == 0)
		code = open_parent(&c->target, path, &target, &leaf, err);
	if (code < 0)
		return code;
	if (unlinkat(target, leaf, AT_REMOVEDIR) < 0)
		return errno == ENOTEMPTY || errno == EEXIST ? 0 : hgt_error_set_errno(err, "cannot remove folder %s", path);
	note(c, CHANGE_FOLDER_REMOVED, path, mode);
	return 1;
}

int changes_folder_perms(struct changes *c, const char *path, int fd, const struct place *was, const struct perms *perms,
	struct hgt_error *err)
{
	int code = make_room(c, err);

	if (code < 0)
		return code;
	c->items[c->n++] = (struct change){.kind = CHANGE_FOLDER_PERMS, .path = path, .mode = was->mode, .uid = was->uid, .gid = was->gid};
	return files_perms_set(perms, fd, path, err);
}

/* The folder may be another one by now, but then it is in the place of the one that had them. */
static bool restore_perms(int target, const char *leaf, const struct change *change)
{
	int fd = openat(target, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool well = fd >= 0 && (fchown(fd, change->uid, change->gid) == 0 || errno == EPERM) && fchmod(fd, change->mode) == 0;

	if (fd >= 0)
		close(fd);
	return well;
}

struct making {
	struct changes *changes;
	struct hgt_error *err;
};

static int making_folder(void *ctx, const char *path, size_t len)
{
	struct making *m = ctx;
	char *copy;
	int code = make_room(m->changes, m->err);

	if (code < 0)
		return code;
	copy = hgt_arena_strndup(&m->changes->arena, path, len);
	if (!copy)
		return hgt_error_nomem(m->err);
	note(m->changes, CHANGE_FOLDER_MADE, copy, 0);
	return 0;
}

int changes_open_folder(struct changes *c, const char *path, size_t len, int *fd, struct hgt_error *err)
{
	struct making m = {c, err};

	return hgt_beneath_open(&c->target, path, len, making_folder, &m, fd, err);
}

int changes_sync(struct changes *c, struct hgt_error *err)
{
	const char *last = NULL;
	size_t last_len = 0;

	for (size_t i = 0; i < c->n; i++) {
		size_t len;
		int fd, code;

		files_leaf(c->items[i].path, &len);
		if (last && len == last_len && memcmp(last, c->items[i].path, len) == 0)
			continue;
		last = c->items[i].path;
		last_len = len;
		code = hgt_beneath_open(&c->target, last, len, NULL, NULL, &fd, err);
		if (code == HGT_ENOENT || code == HGT_ECONFLICT)
			continue;	/* removed since, or something else by now */
		if (code == 0 && fsync(fd) < 0)
			code = hgt_error_set_errno(err, "cannot sync the folder of %s", last);
		if (code < 0)
			return code;
	}
	return 0;
}

static int undo_one(struct changes *c, size_t i, struct hgt_error *err)
{
	const struct change *change = &c->items[i];
	int source, target, failed = 0, code;
	const char *leaf = NULL;
	char name[24];

	code = open_parent(&c->target, change->path, &target, &leaf, err);
	if (code < 0)
		return change->kind == CHANGE_FOLDER_MADE && code == HGT_ENOENT ? 0 : code;
	number(i, name);
	switch (change->kind) {
	case CHANGE_ADDED:
		failed = unlinkat(target, leaf, 0) < 0 && errno != ENOENT;
		break;
	case CHANGE_EXCHANGED:
		code = open_parent(&c->source, change->path, &source, &leaf, err);
		failed = code == 0 && renameat(source, leaf, target, leaf) < 0;
		break;
	case CHANGE_REPLACED:
	case CHANGE_TAKEN:
		failed = renameat(c->old, name, target, leaf) < 0;
		break;
	case CHANGE_FOLDER_MADE:
		/* It was noted before it was made, and others may have put something there since. */
		failed = unlinkat(target, leaf, AT_REMOVEDIR) < 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST;
		break;
	case CHANGE_FOLDER_REMOVED:
		failed = mkdirat(target, leaf, change->mode) < 0 && errno != EEXIST;
		break;
	case CHANGE_FOLDER_PERMS:
		failed = !restore_perms(target, leaf, change);
		break;
	}
	return code < 0 ? code : failed ? hgt_error_set_errno(err, "cannot put back %s", change->path) : 0;
}

int changes_undo(struct changes *c, struct hgt_error *err)
{
	int first = 0;

	hgt_beneath_forget(&c->target);
	for (size_t i = c->n; i-- > 0;) {
		int code = undo_one(c, i, first < 0 ? NULL : err);

		if (first == 0)
			first = code;
	}
	if (first == 0)
		first = changes_sync(c, err);
	return first;
}
