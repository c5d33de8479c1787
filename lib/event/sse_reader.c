/* Reading server-sent events as they come in. */
#include "event/sse_reader.h"

void hgt_sse_reader_init(struct hgt_sse_reader *reader, size_t limit)
{
	*reader = (struct hgt_sse_reader){HGT_BUF_INIT, HGT_BUF_INIT, HGT_BUF_INIT, HGT_BUF_INIT, limit, false,
		false, false};
}

void hgt_sse_reader_release(struct hgt_sse_reader *reader)
{
	hgt_buf_release(&reader->line);
	hgt_buf_release(&reader->type);
	hgt_buf_release(&reader->data);
	hgt_buf_release(&reader->id);
}

static void forget_event(struct hgt_sse_reader *reader)
{
	hgt_buf_reset(&reader->type);
	hgt_buf_reset(&reader->data);
	reader->has_data = false;
}

void hgt_sse_reader_restart(struct hgt_sse_reader *reader)
{
	forget_event(reader);
	hgt_buf_reset(&reader->line);
	reader->after_cr = false;
	reader->begun = false;
}

const char *hgt_sse_reader_last_id(const struct hgt_sse_reader *reader)
{
	return reader->id.data;
}

/* One "name: value" line. Names that are not known, and comments (an empty name), are passed over. */
static void take_field(struct hgt_sse_reader *reader)
{
	const char *line = reader->line.data, *end = line + reader->line.len;
	const char *colon = memchr(line, ':', reader->line.len);
	size_t name = colon ? (size_t)(colon - line) : reader->line.len;
	const char *value = colon ? colon + 1 : end;

	if (value < end && *value == ' ')
		value++;
	if (name == 4 && memcmp(line, "data", 4) == 0) {
		if (reader->has_data)
			hgt_buf_addc(&reader->data, '\n');
		hgt_buf_add(&reader->data, value, (size_t)(end - value));
		reader->has_data = true;
	} else if (name == 5 && memcmp(line, "event", 5) == 0) {
		hgt_buf_reset(&reader->type);
		hgt_buf_add(&reader->type, value, (size_t)(end - value));
	} else if (name == 2 && memcmp(line, "id", 2) == 0 && !memchr(value, '\0', (size_t)(end - value))) {
		hgt_buf_reset(&reader->id);
		hgt_buf_add(&reader->id, value, (size_t)(end - value));
	}
}

static int end_event(struct hgt_sse_reader *reader, hgt_sse_cb cb, void *ctx)
{
	const struct hgt_sse_event event = {
		.id = reader->id.data,
		.type = reader->type.len ? reader->type.data : "message",
		.data = reader->data.data,
		.len = reader->data.len,
	};
	int code = reader->has_data ? cb(ctx, &event) : 0;

	forget_event(reader);
	return code < 0 ? code : 0;
}

static int end_line(struct hgt_sse_reader *reader, hgt_sse_cb cb, void *ctx, struct hgt_error *err)
{
	int code = 0;

	if (!reader->begun && reader->line.len >= 3 && memcmp(reader->line.data, "\xef\xbb\xbf", 3) == 0)
		hgt_buf_consume(&reader->line, 3);
	reader->begun = true;
	if (reader->line.len)
		take_field(reader);
	else
		code = end_event(reader, cb, ctx);
	hgt_buf_reset(&reader->line);
	if (code == 0 && (reader->data.failed || reader->type.failed || reader->id.failed))
		code = hgt_error_nomem(err);
	return code;
}

int hgt_sse_reader_feed(struct hgt_sse_reader *reader, const char *bytes, size_t len, hgt_sse_cb cb, void *ctx,
	struct hgt_error *err)
{
	const char *end = bytes + len;
	int code = 0;

	if (len && reader->after_cr && *bytes == '\n')
		bytes++;
	if (len)
		reader->after_cr = false;
	while (bytes < end && code == 0) {
		const char *p = bytes;

		while (p < end && *p != '\n' && *p != '\r')
			p++;
		hgt_buf_add(&reader->line, bytes, (size_t)(p - bytes));
		if (reader->line.failed)
			return hgt_error_nomem(err);
		if (reader->line.len > reader->limit || reader->data.len > reader->limit - reader->line.len)
			return hgt_error_set(err, HGT_ELIMIT, "an event is longer than %zu bytes", reader->limit);
		if (p == end)
			break;
		bytes = p + 1;
		if (*p == '\r' && bytes < end && *bytes == '\n')
			bytes++;
		else
			reader->after_cr = *p == '\r' && bytes == end;
		code = end_line(reader, cb, ctx, err);
	}
	return code;
}
