/* Pieces of what streams are sent. */
#include "daemon/text.h"

#include <zlib.h>

#include "base/buf.h"
#include "daemon/gzip.h"

static struct text *make(const char *head, size_t head_len, const char *bytes, size_t len, const char *tail, size_t tail_len)
{
	struct text *text = malloc(sizeof(*text) + head_len + len + tail_len);

	if (!text)
		return NULL;
	*text = (struct text){
		.refs = 1, .head = (unsigned)head_len, .tail = (unsigned)tail_len, .len = head_len + len + tail_len,
	};
	memcpy(text->data, head, head_len);
	memcpy(text->data + head_len, bytes, len);
	memcpy(text->data + head_len + len, tail, tail_len);
	return text;
}

struct text *text_new(const char *bytes, size_t len)
{
	char head[24];

	snprintf(head, sizeof(head), "%zx\r\n", len);
	return make(head, strlen(head), bytes, len, "\r\n", 2);
}

struct text *text_new_plain(const char *bytes, size_t len)
{
	return make("", 0, bytes, len, "", 0);
}

/* What the end of a gzip stream has to know of these bytes. */
static void set_sums(struct text *text, const char *bytes, size_t len)
{
	text->crc = (uint32_t)crc32(0, (const Bytef *)bytes, (uInt)len);
	text->plain = (uint32_t)len;
	text->joint = crc32_combine_gen((z_off_t)len);
}

struct text *text_new_packed(const char *bytes, size_t len)
{
	struct hgt_buf packed = HGT_BUF_INIT;
	struct hgt_error err = {0};
	struct text *text = NULL;

	if (gzip_piece(bytes, len, &packed, &err) == 0)
		text = text_new(packed.data, packed.len);
	if (text)
		set_sums(text, bytes, len);
	hgt_buf_release(&packed);
	return text;
}

static void add_chunk(struct hgt_buf *out, const struct hgt_buf *bytes, bool chunked)
{
	out->failed |= bytes->failed;
	if (!bytes->len)
		return;
	if (chunked)
		hgt_buf_addf(out, "%zx\r\n", bytes->len);
	hgt_buf_add(out, bytes->data, bytes->len);
	if (chunked)
		hgt_buf_adds(out, "\r\n");
}

struct text *text_new_own(const struct hgt_buf *before, const struct hgt_buf *bytes, bool chunked, bool packed)
{
	struct hgt_buf all = HGT_BUF_INIT, body = HGT_BUF_INIT;
	struct hgt_error err = {0};
	struct text *text = NULL;

	hgt_buf_add(&all, before->data, before->len);
	all.failed |= before->failed || bytes->failed;
	if (packed) {
		if (before->len)
			hgt_buf_add(&body, GZIP_HEADER, GZIP_HEADER_SIZE);
		if (bytes->len && gzip_piece(bytes->data, bytes->len, &body, &err) < 0)
			all.failed = true;
	}
	add_chunk(&all, packed ? &body : bytes, chunked);
	if (!all.failed)
		text = text_new_plain(all.data, all.len);
	if (text && packed)
		set_sums(text, bytes->data, bytes->len);
	hgt_buf_release(&all);
	hgt_buf_release(&body);
	return text;
}

struct text *text_new_end(bool chunked, bool packed, uint32_t crc, uint32_t plain)
{
	struct hgt_buf all = HGT_BUF_INIT, body = HGT_BUF_INIT;
	struct text *text = NULL;

	if (packed) {
		hgt_buf_add(&body, "\3\0", 2);	/* a last block, with nothing in it */
		for (unsigned i = 0; i < 4; i++)
			hgt_buf_addc(&body, (char)(crc >> 8 * i));
		for (unsigned i = 0; i < 4; i++)
			hgt_buf_addc(&body, (char)(plain >> 8 * i));
	}
	add_chunk(&all, &body, chunked);
	if (chunked)
		hgt_buf_adds(&all, "0\r\n\r\n");
	if (!all.failed)
		text = text_new_plain(all.data, all.len);
	hgt_buf_release(&all);
	hgt_buf_release(&body);
	return text;
}

struct text *text_ref(struct text *text)
{
	text->refs++;
	return text;
}

void text_unref(struct text *text)
{
	if (text && !--text->refs)
		free(text);
}

uint32_t text_join(uint32_t crc, const struct text *text)
{
	return text->plain ? (uint32_t)crc32_combine_op(crc, text->crc, text->joint) : crc;
}
