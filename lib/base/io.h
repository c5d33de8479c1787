/* Files, descriptors and random bytes. */
#ifndef HEADGATE_BASE_IO_H
#define HEADGATE_BASE_IO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/* Append the whole file to buf; HGT_ELIMIT when it is longer than `limit` bytes. Messages name the path. After a failure
 * the contents are what they were. */
int hgt_read_file(const char *path, size_t limit, struct hgt_buf *buf, struct hgt_error *err) HGT_MUST_CHECK;

/* Append what fd gives until its end; `name` stands for it in messages. */
int hgt_read_fd(int fd, const char *name, size_t limit, struct hgt_buf *buf, struct hgt_error *err) HGT_MUST_CHECK;

/* The same for a regular file, of which fstat says that it has `size` bytes: when that is so, one call reads it. */
int hgt_read_regular(int fd, const char *name, size_t size, size_t limit, struct hgt_buf *buf, struct hgt_error *err) HGT_MUST_CHECK;

/* Write all of it, through short writes and EINTR; 0 or HGT_E* with errno set. SIGPIPE is the caller's business. */
int hgt_write_all(int fd, const void *data, size_t len) HGT_MUST_CHECK;

/* Replace path with data so that a crash leaves the old file or the new one whole: temporary beside it, fsync,
 * rename, fsync of the folder. */
int hgt_write_file(const char *path, const void *data, size_t len, mode_t mode, struct hgt_error *err) HGT_MUST_CHECK;

/* The same for a file that is written again and again, by one writer alone: the file before is kept as PATH.spare and written over the next
 * time, for file systems make and remove files at many times the cost of writing one. */
int hgt_rewrite_file(const char *path, const void *data, size_t len, mode_t mode, struct hgt_error *err) HGT_MUST_CHECK;

/* Fill those of descriptors 0 to 2 that the caller left closed, so that nothing we open gets their numbers and what is printed ends up
 * in it. To read or write there fails as before. HGT_EIO when even that cannot be done. */
int hgt_fill_stdio(void) HGT_MUST_CHECK;

/* fsync a folder, so that names made or moved in it last. */
int hgt_sync_folder(const char *path, struct hgt_error *err) HGT_MUST_CHECK;

/* Make a folder and those above it that are missing; HGT_EEXIST when something that is no folder has its name. */
int hgt_make_folders(const char *path, mode_t mode, struct hgt_error *err) HGT_MUST_CHECK;

/* Random bytes from the kernel; never fails (it waits for the pool once after boot). */
void hgt_random_bytes(void *out, size_t len);

/* out gets 2 * len lower-case hex digits and a terminator. */
void hgt_hex(const void *data, size_t len, char *out);

/* len bytes from 2 * len lower-case hex digits; false when they are none. What follows them is not looked at. */
bool hgt_unhex(const char *hex, void *out, size_t len) HGT_MUST_CHECK;

/* n random bytes as hex: out has room for 2 * n + 1. */
void hgt_random_hex(size_t n, char *out);

/* A decimal number and nothing else, at most max; HGT_EPARSE or HGT_ELIMIT. */
int hgt_parse_u64(const char *s, uint64_t max, uint64_t *out) HGT_MUST_CHECK;

#endif
