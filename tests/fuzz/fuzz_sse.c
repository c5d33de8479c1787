/* lib/event/sse_reader: what it reads does not depend on the pieces it comes in; ids and types hold no line end. */
#include "event/sse_reader.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 1000 };

static int note(void *ctx, const struct hgt_sse_event *event)
{
	struct hgt_buf *seen = ctx;

	if (strpbrk(event->id, "\r\n") || strpbrk(event->type, "\r\n") || event->len > LIMIT)
		abort();
	hgt_buf_addf(seen, "%s|%s|%zu|", event->id, event->type, event->len);
	hgt_buf_add(seen, event->data, event->len);
	return 0;
}

/* The code and what was seen, with the input cut into pieces of `piece` bytes. */
static int read_all(const char *data, size_t size, size_t piece, struct hgt_buf *seen)
{
	struct hgt_sse_reader reader;
	int code = 0;

	hgt_sse_reader_init(&reader, LIMIT);
	for (size_t at = 0; at < size && code == 0; at += piece)
		code = hgt_sse_reader_feed(&reader, data + at, size - at < piece ? size - at : piece, note, seen, NULL);
	hgt_sse_reader_release(&reader);
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hgt_buf whole = HGT_BUF_INIT, pieces = HGT_BUF_INIT;
	size_t piece = size ? (size_t)data[0] % 7 + 1 : 1;
	int code = read_all((const char *)data, size, size ? size : 1, &whole);

	if (read_all((const char *)data, size, piece, &pieces) != code)
		abort();
	if (whole.len != pieces.len || memcmp(whole.data, pieces.data, whole.len) != 0)
		abort();
	hgt_buf_release(&whole);
	hgt_buf_release(&pieces);
	return 0;
}
