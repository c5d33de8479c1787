/* A folder with all that is in it, symbolic links not followed. */
#include "install/folder_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 64 };

/* What is done with each file, and with each folder after what is in it. */
struct work {
	int (*with)(const struct work *work, int parent, const char *name, bool folder);	/* -1 with errno */
	uid_t uid;
	gid_t gid;
};

static int walk(const struct work *work, int parent, const char *name, int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), code = 0;
	DIR *dir;

	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return work->with(work, parent, name, false);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	dir = depth < DEPTH_MAX ? fdopendir(fd) : NULL;
	if (!dir) {
		if (depth >= DEPTH_MAX)
			errno = ELOOP;
		close(fd);
		return -1;
	}
	for (struct dirent *d; code == 0 && (d = readdir(dir));)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			code = walk(work, dirfd(dir), d->d_name, depth + 1);
	closedir(dir);
	return code < 0 ? code : work->with(work, parent, name, true);
}

static int remove_one(const struct work *work, int parent, const char *name, bool folder)
{
	(void)work;
	return unlinkat(parent, name, folder ? AT_REMOVEDIR : 0) < 0 && errno != ENOENT ? -1 : 0;
}

static int own_one(const struct work *work, int parent, const char *name, bool folder)
{
	(void)folder;
	return fchownat(parent, name, work->uid, work->gid, AT_SYMLINK_NOFOLLOW);
}

static int sync_one(const struct work *work, int parent, const char *name, bool folder)
{
	int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (folder ? O_DIRECTORY : 0)), code;

	(void)work;
	if (fd < 0)
		return errno == ELOOP ? 0 : -1;
	code = fsync(fd);
	close(fd);
	return code;
}

int hgt_tree_remove(int parent, const char *name, struct hgt_error *err)
{
	const struct work work = {.with = remove_one};

	return walk(&work, parent, name, 0) < 0 ? hgt_error_set_errno(err, "cannot remove %s", name) : 0;
}

int hgt_tree_own(int parent, const char *name, uid_t uid, gid_t gid, struct hgt_error *err)
{
	const struct work work = {.with = own_one, .uid = uid, .gid = gid};

	return walk(&work, parent, name, 0) < 0 ? hgt_error_set_errno(err, "cannot give %s to the owner of the folder it is in", name) : 0;
}

int hgt_tree_sync(int parent, const char *name, struct hgt_error *err)
{
	const struct work work = {.with = sync_one};

	return walk(&work, parent, name, 0) < 0 ? hgt_error_set_errno(err, "cannot have %s on disk", name) : 0;
}
