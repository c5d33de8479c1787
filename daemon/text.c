/* Pieces of what streams are sent. */
#include "daemon/text.h"

#include "base/buf.h"

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

void text_add(struct hgt_buf *out, const char *bytes, size_t len, bool chunked)
{
	if (!len)
		return;
	if (chunked)
		hgt_buf_addf(out, "%zx\r\n", len);
	hgt_buf_add(out, bytes, len);
	if (chunked)
		hgt_buf_adds(out, "\r\n");
}
