/* What a tool says, line by line. */
#include "agent/lines.h"

#include <string.h>

static int keep(struct lines *lines, const char *data, size_t len, struct hgt_error *err)
{
	if (!lines->skipping && lines->rest.len + len > lines->max) {
		lines->skipping = true;
		lines->left_out++;
		hgt_buf_reset(&lines->rest);
	}
	if (lines->skipping)
		return 0;
	hgt_buf_add(&lines->rest, data, len);
	return hgt_buf_check(&lines->rest, err);
}

static int end_line(struct lines *lines, struct hgt_error *err)
{
	int code = lines->skipping ? 0 : lines->take(lines->ctx, lines->rest.data, lines->rest.len, err);

	lines->skipping = false;
	hgt_buf_reset(&lines->rest);
	return code;
}

int lines_take(void *ctx, const char *data, size_t len, struct hgt_error *err)
{
	struct lines *lines = ctx;
	const char *end;
	int code = 0;

	/* So that whoever has one on the stack need not know what an empty buffer looks like. */
	if (!lines->rest.data)
		hgt_buf_init(&lines->rest);
	while (code >= 0 && len > 0) {
		size_t n;

		end = memchr(data, '\n', len);
		n = end ? (size_t)(end - data) : len;
		code = keep(lines, data, n, err);
		if (code >= 0 && end)
			code = end_line(lines, err);
		n += end ? 1 : 0;
		data += n;
		len -= n;
	}
	return code;
}

int lines_end(struct lines *lines, struct hgt_error *err)
{
	return lines->rest.data && (lines->rest.len > 0 || lines->skipping) ? end_line(lines, err) : 0;
}

void lines_release(struct lines *lines)
{
	if (lines->rest.data)
		hgt_buf_release(&lines->rest);
}
