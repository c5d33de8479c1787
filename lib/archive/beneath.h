/*
 * Folders below a folder, reached one component at a time and never through a symbolic link.
 *
 *	struct hgt_beneath b;
 *	hgt_beneath_init(&b, top_fd);
 *	code = hgt_beneath_open(&b, "a/b/file", strlen("a/b"), NULL, NULL, &fd, &err);
 *	fstatat(fd, "file", ...)
 *	hgt_beneath_release(&b);
 *
 * The folder opened last is kept open, so that a walk in order opens each folder once.
 */
#ifndef HEADGATE_ARCHIVE_BENEATH_H
#define HEADGATE_ARCHIVE_BENEATH_H

#include <stddef.h>

#include "base/buf.h"

struct hgt_beneath {
	int top;		/* borrowed */
	int fd;			/* of `path`; top itself for "" */
	struct hgt_buf path;
};

void hgt_beneath_init(struct hgt_beneath *beneath, int top);
void hgt_beneath_release(struct hgt_beneath *beneath);

/* Close the folder that is kept open: one of its folders is about to be moved or replaced. */
void hgt_beneath_forget(struct hgt_beneath *beneath);

/* Asked before a missing folder is made: path[0..len). Negative stops and is passed on. */
typedef int (*hgt_beneath_make_cb)(void *ctx, const char *path, size_t len);

/*
 * Open the folder path[0..len), relative and clean (no empty, "." or ".." component), "" for the top; missing folders are made,
 * less the umask, when `make` is not NULL. *fd is borrowed until the next call. HGT_ENOENT: there is none; HGT_ECONFLICT: a link or
 * file stands where a folder should, and the message names it.
 */
int hgt_beneath_open(struct hgt_beneath *beneath, const char *path, size_t len, hgt_beneath_make_cb make, void *ctx, int *fd,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
