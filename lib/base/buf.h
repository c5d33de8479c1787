/*
 * The one growable buffer: binary-safe, always terminated, and its first failure sticks, so that a long series of
 * additions is checked once at the end.
 *
 *	struct hgt_buf b = HGT_BUF_INIT;
 *	hgt_buf_adds(&b, "refs/heads/");
 *	hgt_buf_addf(&b, "%s/%d", name, n);
 *	if (b.failed)
 *		...out of memory...
 *	hgt_buf_release(&b);
 */
#ifndef HEADGATE_BASE_BUF_H
#define HEADGATE_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct hgt_buf {
	char *data;	/* never NULL: an empty buffer points at a static "" */
	size_t len;
	size_t cap;	/* 0 while data is the static "" */
	bool failed;	/* an addition could not be made; the contents are cut there */
};

extern char hgt_buf_empty[1];
#define HGT_BUF_INIT {hgt_buf_empty, 0, 0, false}

void hgt_buf_init(struct hgt_buf *buf);
void hgt_buf_release(struct hgt_buf *buf);

/* Empty it, forget a failure, keep the memory. */
void hgt_buf_reset(struct hgt_buf *buf);

void hgt_buf_add(struct hgt_buf *buf, const void *data, size_t len);
void hgt_buf_adds(struct hgt_buf *buf, const char *s);
void hgt_buf_addc(struct hgt_buf *buf, char c);
void hgt_buf_addf(struct hgt_buf *buf, const char *fmt, ...) HGT_PRINTF(2, 3);
void hgt_buf_addvf(struct hgt_buf *buf, const char *fmt, va_list ap) HGT_PRINTF(2, 0);

/* Room for `more` bytes beyond len, for writing into directly; NULL on failure. Add what was written to len with
 * hgt_buf_grown. */
char *hgt_buf_reserve(struct hgt_buf *buf, size_t more) HGT_MUST_CHECK;
void hgt_buf_grown(struct hgt_buf *buf, size_t by);

/* Cut to len bytes (no-op when shorter). */
void hgt_buf_truncate(struct hgt_buf *buf, size_t len);

/* Drop the first n bytes. */
void hgt_buf_consume(struct hgt_buf *buf, size_t n);

/* The contents as a heap string that the caller frees, the buffer empty again; NULL when it had failed. */
char *hgt_buf_take(struct hgt_buf *buf) HGT_MUST_CHECK;

/* 0, or HGT_ENOMEM with its message when an addition failed. */
int hgt_buf_check(const struct hgt_buf *buf, struct hgt_error *err) HGT_MUST_CHECK;

#endif
