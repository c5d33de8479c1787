/* One symbolic link of ours in a repository. */
#include "install/hook_link.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Where the link at path points; *target stays empty when it is no link. */
static int read_link(const char *path, const struct stat *st, struct hgt_buf *target, struct hgt_error *err)
{
	size_t room = (size_t)st->st_size + 1;
	char *p = hgt_buf_reserve(target, room);
	ssize_t n;

	if (!p)
		return hgt_error_nomem(err);
	n = readlink(path, p, room);
	if (n < 0)
		return hgt_error_set_errno(err, "cannot read the link %s", path);
	hgt_buf_grown(target, (size_t)n);
	return 0;
}

int hgt_hook_link_look(const char *path, const char *target, bool any, enum hgt_link_state *state, struct hgt_error *err)
{
	struct hgt_buf points = HGT_BUF_INIT;
	struct stat st;
	int code = 0;

	if (lstat(path, &st) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return hgt_error_set_errno(err, "cannot look at %s", path);
		*state = HGT_LINK_ABSENT;
		return 0;
	}
	if (!S_ISLNK(st.st_mode)) {
		*state = S_ISDIR(st.st_mode) ? HGT_LINK_FOLDER : HGT_LINK_FOREIGN;
		return 0;
	}
	code = read_link(path, &st, &points, err);
	if (code == 0) {
		bool ours = any || strcmp(last_part(points.data), last_part(target)) == 0;

		*state = strcmp(points.data, target) == 0 ? HGT_LINK_OURS : ours ? HGT_LINK_ELSEWHERE : HGT_LINK_FOREIGN;
	}
	hgt_buf_release(&points);
	return code;
}

int hgt_hook_link_exists(const char *path, bool *exists, struct hgt_error *err)
{
	struct stat st;

	if (lstat(path, &st) == 0) {
		*exists = true;
		return 0;
	}
	if (errno != ENOENT && errno != ENOTDIR)
		return hgt_error_set_errno(err, "cannot look at %s", path);
	*exists = false;
	return 0;
}

int hgt_hook_link_may_keep(const char *path, const char *keep, struct hgt_error *err)
{
	struct stat st, kept;

	if (lstat(keep, &kept) < 0)
		return errno == ENOENT ? 0 : hgt_error_set_errno(err, "cannot look at %s", keep);
	if (lstat(path, &st) == 0 && st.st_dev == kept.st_dev && st.st_ino == kept.st_ino)
		return 0;
	return hgt_error_set(err, HGT_EEXIST,
		"%s is not Headgate's, and %s is there from before; remove one of the two", path, last_part(keep));
}

/* Give what is at path a second name, or where the file system has no such thing, another one. */
static int keep_aside(const char *path, const char *keep, struct hgt_error *err)
{
	if (linkat(AT_FDCWD, path, AT_FDCWD, keep, 0) == 0)
		return 0;
	if (errno == EEXIST)
		return hgt_hook_link_may_keep(path, keep, err);
	if (renameat2(AT_FDCWD, path, AT_FDCWD, keep, RENAME_NOREPLACE) == 0)
		return 0;
	return hgt_error_set_errno(err, "cannot keep %s as %s", path, keep);
}

int hgt_hook_link_put(const char *path, const char *target, const char *keep, const struct hgt_link_owner *owner,
	struct hgt_error *err)
{
	struct hgt_buf temp = HGT_BUF_INIT;
	char suffix[17];
	int code;

	hgt_random_hex(8, suffix);
	hgt_buf_addf(&temp, "%s.%s.tmp", path, suffix);
	code = hgt_buf_check(&temp, err);
	if (code < 0)
		goto out;
	if (symlink(target, temp.data) < 0) {
		code = hgt_error_set_errno(err, "cannot make a link at %s", path);
		goto out;
	}
	if (owner->change && lchown(temp.data, owner->uid, owner->gid) < 0)
		code = hgt_error_set_errno(err, "cannot give %s to the repository's owner", temp.data);
	if (code == 0 && keep)
		code = keep_aside(path, keep, err);
	if (code == 0 && rename(temp.data, path) < 0) {
		code = hgt_error_set_errno(err, "cannot put a link at %s", path);
		/* Two names of one file: rename leaves both. */
		if (keep && (rename(keep, path) < 0 || (unlink(keep) < 0 && errno != ENOENT)))
			hgt_error_prefix(err, "the hook that was there is now %s", keep);
	}
	if (code < 0)
		unlink(temp.data);
out:
	hgt_buf_release(&temp);
	return code;
}

int hgt_hook_link_take(const char *path, const char *kept, struct hgt_error *err)
{
	if (kept && rename(kept, path) < 0)
		return hgt_error_set_errno(err, "cannot put %s back as %s", kept, path);
	if (!kept && unlink(path) < 0)
		return hgt_error_set_errno(err, "cannot remove %s", path);
	return 0;
}
