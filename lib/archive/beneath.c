/* Folders below a folder, never through a symbolic link. */
#include "archive/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void hgt_beneath_init(struct hgt_beneath *b, int top)
{
	b->top = top;
	b->fd = top;
	hgt_buf_init(&b->path);
}

void hgt_beneath_forget(struct hgt_beneath *b)
{
	if (b->fd != b->top)
		close(b->fd);
	b->fd = b->top;
	hgt_buf_reset(&b->path);
}

void hgt_beneath_release(struct hgt_beneath *b)
{
	hgt_beneath_forget(b);
	hgt_buf_release(&b->path);
}

/* Open the last component of path[0..len), which is `name` in the folder `at`. */
static int step(int at, const char *name, const char *path, size_t len, hgt_beneath_make_cb make, void *ctx, int *out,
	struct hgt_error *err)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int code;

	if (fd < 0 && errno == ENOENT && make) {
		code = make(ctx, path, len);
		if (code < 0)
			return code;
		if (mkdirat(at, name, 0777) < 0)
			return hgt_error_set_errno(err, "cannot make folder %.*s", (int)len, path);
		fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return hgt_error_set(err, HGT_ECONFLICT, "%.*s is a link or file where a folder should be", (int)len, path);
	if (fd < 0)
		return hgt_error_set_errno(err, "cannot open folder %.*s", (int)len, path);
	*out = fd;
	return 0;
}

int hgt_beneath_open(struct hgt_beneath *b, const char *path, size_t len, hgt_beneath_make_cb make, void *ctx, int *fd,
	struct hgt_error *err)
{
	int at = b->top, code = 0;

	if (b->path.len == len && memcmp(b->path.data, path, len) == 0) {
		*fd = b->fd;
		return 0;
	}
	hgt_beneath_forget(b);
	/* The copy grows by a component a step, so each is terminated where openat needs it. */
	while (b->path.len < len && code == 0) {
		size_t start = b->path.len + (b->path.len > 0), n = 0;
		int next = -1;

		while (start + n < len && path[start + n] != '/')
			n++;
		hgt_buf_add(&b->path, path + b->path.len, start + n - b->path.len);
		code = hgt_buf_check(&b->path, err);
		if (code == 0)
			code = step(at, b->path.data + start, path, start + n, make, ctx, &next, err);
		if (at != b->top)
			close(at);
		at = code == 0 ? next : b->top;
	}
	b->fd = at;
	if (code < 0)
		hgt_buf_reset(&b->path);
	else
		*fd = at;
	return code;
}
