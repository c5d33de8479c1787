/* Trees of a target as folders. */
#include "agent/checkout.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/files_tree.h"
#include "archive/unpack.h"
#include "base/io.h"
#include "base/log.h"

#define TREES "/trees"
#define UNFINISHED ".new"

void checkout_path(const char *target, const char *tree, struct hgt_buf *out)
{
	hgt_buf_addf(out, "%s" TREES "/%s", target, tree);
}

bool checkout_is_there(const char *target, const char *tree)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct stat st;
	bool there;

	checkout_path(target, tree, &path);
	there = *tree && !path.failed && stat(path.data, &st) == 0 && S_ISDIR(st.st_mode);
	hgt_buf_release(&path);
	return there;
}

/* The folder of trees, made where it is not if so wished; -1 with err set. */
static int open_trees(const char *target, bool make, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int fd = -1;

	hgt_buf_addf(&path, "%s" TREES, target);
	if (hgt_buf_check(&path, err) == 0 && (!make || hgt_make_folders(path.data, 0700, err) == 0)) {
		fd = open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			hgt_error_set_errno(err, "cannot open folder %s", path.data);
	}
	hgt_buf_release(&path);
	return fd;
}

/* File by file: a power cut must not leave a tree that has its name and lacks contents. */
static int sync_all(int fd, struct hgt_error *err)
{
	return syncfs(fd) < 0 ? hgt_error_set_errno(err, "cannot sync a tree to disk") : 0;
}

static int unpack(int trees, int archive, struct hgt_error *err)
{
	struct hgt_unpack_limits limits = hgt_unpack_default_limits;
	struct hgt_unpack_info info;
	int fd, code;

	if (mkdirat(trees, UNFINISHED, 0700) < 0)
		return hgt_error_set_errno(err, "cannot make a folder for a tree");
	fd = openat(trees, UNFINISHED, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return hgt_error_set_errno(err, "cannot open the folder for a tree");
	limits.path = PATH_MAX / 2;
	code = hgt_unpack(archive, fd, &limits, NULL, NULL, &info, err);
	if (code == 0 && *info.from)
		code = hgt_error_set(err, HGT_EPARSE, "the archive tells only what differs from another tree, unasked");
	if (code == 0)
		code = sync_all(fd, err);
	close(fd);
	return code;
}

/* What cannot be removed stays for the next time. */
static void let_go(int trees, const char *name)
{
	struct hgt_error err = {0};

	if (tree_remove(trees, name, &err) < 0)
		hgt_log(HGT_LOG_WARNING, "target", "an old tree cannot be removed", HGT_S("reason", err.message));
}

int checkout_make(const char *target, const char *tree, int archive, struct hgt_error *err)
{
	int trees, code;

	if (checkout_is_there(target, tree))
		return 0;
	trees = open_trees(target, true, err);
	if (trees < 0)
		return err->code;
	code = tree_remove(trees, UNFINISHED, err);
	if (code == 0)
		code = unpack(trees, archive, err);
	if (code == 0 && renameat(trees, UNFINISHED, trees, tree) < 0)
		code = hgt_error_set_errno(err, "cannot give a tree its name");
	if (code == 0 && fsync(trees) < 0)
		code = hgt_error_set_errno(err, "cannot sync the folder of trees");
	if (code < 0)
		let_go(trees, UNFINISHED);
	close(trees);
	return code;
}

/* A name that begins with a dot is none of a tree. */
static bool is_old(const char *name, const char *tree, const char *other)
{
	return name[0] != '.' && strcmp(name, tree) != 0 && strcmp(name, other) != 0;
}

void checkout_keep(const char *target, const char *tree, const char *other)
{
	struct manifest names = MANIFEST_INIT;
	struct hgt_error err = {0};
	int trees = open_trees(target, false, &err);

	if (trees >= 0 && tree_names(trees, "", &names, &err) == 0)
		for (size_t i = 0; i < names.n; i++)
			if (is_old(names.items[i]->path, tree, other))
				let_go(trees, names.items[i]->path);
	manifest_release(&names);
	if (trees >= 0)
		close(trees);
}
