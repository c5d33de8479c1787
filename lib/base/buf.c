/* The one growable buffer. */
#include "base/buf.h"

#include <assert.h>
#include <stdint.h>

char hgt_buf_empty[1];

void hgt_buf_init(struct hgt_buf *buf)
{
	*buf = (struct hgt_buf)HGT_BUF_INIT;
}

void hgt_buf_release(struct hgt_buf *buf)
{
	if (buf->cap)
		free(buf->data);
	hgt_buf_init(buf);
}

void hgt_buf_reset(struct hgt_buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->cap)
		buf->data[0] = '\0';
}

char *hgt_buf_reserve(struct hgt_buf *buf, size_t more)
{
	size_t cap = buf->cap ? buf->cap : 64;
	char *data;

	if (buf->failed)
		return NULL;
	if (more < buf->cap - buf->len && buf->cap)
		return buf->data + buf->len;
	if (more > SIZE_MAX / 2 - 1 - buf->len)
		goto fail;
	while (cap - buf->len <= more)
		cap *= 2;
	data = realloc(buf->cap ? buf->data : NULL, cap);
	if (!data)
		goto fail;
	if (!buf->cap)
		data[0] = '\0';
	buf->data = data;
	buf->cap = cap;
	return buf->data + buf->len;
fail:
	buf->failed = true;
	return NULL;
}

void hgt_buf_grown(struct hgt_buf *buf, size_t by)
{
	assert(buf->cap - buf->len > by);
	buf->len += by;
	buf->data[buf->len] = '\0';
}

void hgt_buf_add(struct hgt_buf *buf, const void *data, size_t len)
{
	char *p = hgt_buf_reserve(buf, len);

	if (!p)
		return;
	if (len)
		memcpy(p, data, len);
	hgt_buf_grown(buf, len);
}

void hgt_buf_adds(struct hgt_buf *buf, const char *s)
{
	hgt_buf_add(buf, s, strlen(s));
}

void hgt_buf_addc(struct hgt_buf *buf, char c)
{
	hgt_buf_add(buf, &c, 1);
}

void hgt_buf_addvf(struct hgt_buf *buf, const char *fmt, va_list ap)
{
	va_list again;
	char small[256];
	int n;

	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	if (n < 0) {
		buf->failed = true;
	} else if ((size_t)n < sizeof(small)) {
		hgt_buf_add(buf, small, (size_t)n);
	} else {
		char *p = hgt_buf_reserve(buf, (size_t)n + 1);

		if (p && vsnprintf(p, (size_t)n + 1, fmt, again) == n)
			hgt_buf_grown(buf, (size_t)n);
		else
			buf->failed = true;
	}
	va_end(again);
}

void hgt_buf_addf(struct hgt_buf *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	hgt_buf_addvf(buf, fmt, ap);
	va_end(ap);
}

void hgt_buf_truncate(struct hgt_buf *buf, size_t len)
{
	if (len >= buf->len)
		return;
	buf->len = len;
	buf->data[len] = '\0';
}

void hgt_buf_consume(struct hgt_buf *buf, size_t n)
{
	if (n > buf->len)
		n = buf->len;
	if (!n)
		return;
	memmove(buf->data, buf->data + n, buf->len - n);
	hgt_buf_truncate(buf, buf->len - n);
}

char *hgt_buf_take(struct hgt_buf *buf)
{
	char *data;

	if (!buf->cap && !hgt_buf_reserve(buf, 0))
		return NULL;
	if (buf->failed)
		return NULL;
	data = buf->data;
	hgt_buf_init(buf);
	return data;
}

int hgt_buf_check(const struct hgt_buf *buf, struct hgt_error *err)
{
	return buf->failed ? hgt_error_nomem(err) : 0;
}
