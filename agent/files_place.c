/* The files driver: where a target is, and that it is still there and nobody else's. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/files_private.h"
#include "base/io.h"
#include "base/path.h"

#define WHERE "where"	/* in the target's folder of the agent's state: what `into` led to when something was placed first */

/* The path with no link left in it; what is not there yet is taken to become what it says. */
static int real_path(const char *path, struct hgt_buf *out, struct hgt_error *err)
{
	char *part = strdup(path), *real = NULL;
	size_t len = strlen(path);
	int code = 0;

	while (part && !(real = realpath(part, NULL)) && errno == ENOENT && len > 1) {
		while (len > 1 && part[len - 1] == '/')
			len--;
		while (len > 1 && part[len - 1] != '/')
			len--;
		part[len] = '\0';
	}
	if (!part) {
		code = hgt_error_nomem(err);
	} else if (!real) {
		code = hgt_error_set_errno(err, "cannot find out where %s is", path);
	} else {
		hgt_buf_adds(out, real);
		if (path[len] && strcmp(real, "/") != 0)
			hgt_buf_addc(out, '/');
		hgt_buf_adds(out, path + len);
		while (out->len > 1 && out->data[out->len - 1] == '/')
			hgt_buf_truncate(out, out->len - 1);
		code = hgt_buf_check(out, err);
	}
	free(part);
	free(real);
	return code;
}

/* What is one target's is not another's: each would take away what the other has placed. */
static int check_others(const struct driver_order *order, const struct hgt_buf *real, struct hgt_error *err)
{
	const struct hgt_agent_config *config = order->config;
	int code = 0;

	for (size_t i = 0; config && i < config->n_targets && code == 0; i++) {
		const struct hgt_agent_target *other = &config->targets[i];
		struct hgt_buf theirs = HGT_BUF_INIT;

		if (other == order->target || !other->files.into)
			continue;
		/* One that cannot be found out is told by that target itself. */
		if (real_path(other->files.into, &theirs, NULL) == 0 && 
		    (hgt_path_is_within(real->data, theirs.data) || hgt_path_is_within(theirs.data, real->data)))
			code = hgt_error_set(err, HGT_ECONFLICT,
				"%s is %s, and target %s has %s; nothing was touched: give each a folder that is not in the other's", order->target->files.into,
				real->data, other->name, theirs.data);
		hgt_buf_release(&theirs);
	}
	return code;
}

static int where_path(const struct driver_order *order, struct hgt_buf *path, struct hgt_error *err)
{
	hgt_buf_addf(path, "%s/" WHERE, order->folder);
	return hgt_buf_check(path, err);
}

/* Whether it is where it was. 1: that has not been noted yet. */
static int check_where(const struct driver_order *order, const struct hgt_buf *real, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, before = HGT_BUF_INIT;
	int code = where_path(order, &path, err);

	if (code == 0)
		code = hgt_read_file(path.data, PATH_MAX, &before, err);
	if (code == HGT_ENOENT)
		code = 1;
	else if (code == 0 && strcmp(before.data, real->data) != 0)
		code = hgt_error_set(err, HGT_ECONFLICT,
			"%s leads to %s now, and what was placed is in %s; nothing was touched: put it back, or name the new folder in the config",
			order->target->files.into, real->data, before.data);
	hgt_buf_release(&path);
	hgt_buf_release(&before);
	return code;
}

static int note_where(const struct driver_order *order, const struct hgt_buf *real, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code = where_path(order, &path, err);

	if (code == 0)
		code = hgt_write_file(path.data, real->data, real->len, 0600, err);
	hgt_buf_release(&path);
	return code;
}

void files_forget_where(const struct driver_order *order)
{
	struct hgt_buf path = HGT_BUF_INIT;

	if (where_path(order, &path, NULL) == 0)
		unlink(path.data);
	hgt_buf_release(&path);
}

/* A link that leads to nothing is no folder that is missing. */
static int check_kind(const struct hgt_buf *real, const char *into, struct hgt_error *err)
{
	struct stat st;

	if (lstat(real->data, &st) == 0 && !S_ISDIR(st.st_mode))
		return hgt_error_set(err, HGT_ECONFLICT, "%s is not a folder, nor does it lead to one; nothing was touched", into);
	return 0;
}

static int open_real(const struct hgt_buf *real, const char *into, int *fd, struct hgt_error *err)
{
	int opened = open(real->data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (opened < 0)
		return hgt_error_set_errno(err, "cannot open folder %s", into);
	*fd = opened;
	return 0;
}

int files_open_into(const struct driver_order *order, bool make, int *fd, struct hgt_error *err)
{
	const char *into = order->target->files.into;
	struct hgt_buf real = HGT_BUF_INIT;
	int code = real_path(into, &real, err), noted;

	if (code == 0)
		code = check_kind(&real, into, err);
	if (code == 0)
		code = check_others(order, &real, err);
	if (code == 0)
		code = check_where(order, &real, err);
	noted = code;
	if (code >= 0)
		code = make ? hgt_make_folders(real.data, 0777, err) : 0;
	if (code == 0)
		code = open_real(&real, into, fd, err);
	if (code == 0 && make && noted == 1) {
		code = note_where(order, &real, err);
		if (code < 0) {
			close(*fd);
			*fd = -1;
		}
	}
	hgt_buf_release(&real);
	return code;
}
