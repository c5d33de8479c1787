/* Server-sent events, parsed as the bytes come in. */
#include "agent/sse.h"

/* What a buffer keeps between events: the agent is idle nearly always, and then small. */
#define KEEP (16 * 1024)

void sse_init(struct sse *sse, sse_cb cb, void *ctx)
{
	memset(sse, 0, sizeof(*sse));
	hgt_buf_init(&sse->line);
	hgt_buf_init(&sse->type);
	hgt_buf_init(&sse->data);
	hgt_buf_init(&sse->id);
	sse->cb = cb;
	sse->ctx = ctx;
}

void sse_release(struct sse *sse)
{
	hgt_buf_release(&sse->line);
	hgt_buf_release(&sse->type);
	hgt_buf_release(&sse->data);
	hgt_buf_release(&sse->id);
}

void sse_reset(struct sse *sse)
{
	sse_cb cb = sse->cb;
	void *ctx = sse->ctx;

	sse_release(sse);
	sse_init(sse, cb, ctx);
}

static void clear(struct hgt_buf *buf)
{
	if (buf->cap > KEEP)
		hgt_buf_release(buf);
	else
		hgt_buf_reset(buf);
}

/* An empty line: the event is complete. One without data is dropped, its id stays. */
static int dispatch(struct sse *sse)
{
	struct sse_event event = {
		.type = sse->type.len > 0 ? sse->type.data : "message",
		.id = sse->id.data,
		.data = sse->data.data,
		.len = sse->data.len,
	};
	int code = sse->has_data ? sse->cb(sse->ctx, &event) : 0;

	clear(&sse->type);
	clear(&sse->data);
	sse->has_data = false;
	return code;
}

static void set(struct hgt_buf *buf, const char *value, size_t len)
{
	hgt_buf_reset(buf);
	hgt_buf_add(buf, value, len);
}

static int take_field(struct sse *sse, const char *name, size_t name_len, const char *value, size_t len, struct hgt_error *err)
{
	if (name_len == 4 && memcmp(name, "data", 4) == 0) {
		if (sse->data.len + len + 1 > SSE_EVENT_MAX)
			return hgt_error_set(err, HGT_ELIMIT, "an event of more than %d bytes", SSE_EVENT_MAX);
		if (sse->has_data)
			hgt_buf_addc(&sse->data, '\n');
		hgt_buf_add(&sse->data, value, len);
		sse->has_data = true;
	} else if (name_len == 5 && memcmp(name, "event", 5) == 0) {
		set(&sse->type, value, len);
	} else if (name_len == 2 && memcmp(name, "id", 2) == 0 && !memchr(value, 0, len)) {
		set(&sse->id, value, len);
	}
	return sse->data.failed || sse->type.failed || sse->id.failed ? hgt_error_nomem(err) : 0;
}

static int take_line(struct sse *sse, struct hgt_error *err)
{
	const char *line = sse->line.data, *colon, *value;
	size_t len = sse->line.len;

	if (!sse->begun && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3;
		len -= 3;
	}
	sse->begun = true;
	if (len == 0)
		return dispatch(sse);
	colon = memchr(line, ':', len);
	if (colon == line)
		return 0;	/* a comment */
	if (!colon)
		return take_field(sse, line, len, "", 0, err);
	value = colon + 1;
	if (value < line + len && *value == ' ')
		value++;
	return take_field(sse, line, (size_t)(colon - line), value, (size_t)(line + len - value), err);
}

int sse_feed(struct sse *sse, const char *data, size_t len, struct hgt_error *err)
{
	const char *end = data + len;

	while (data < end) {
		const char *stop = data;
		int code;

		if (sse->after_cr && *data == '\n') {
			sse->after_cr = false;
			data++;
			continue;
		}
		sse->after_cr = false;
		while (stop < end && *stop != '\n' && *stop != '\r')
			stop++;
		if (sse->line.len + (size_t)(stop - data) > SSE_EVENT_MAX)
			return hgt_error_set(err, HGT_ELIMIT, "a line of more than %d bytes", SSE_EVENT_MAX);
		hgt_buf_add(&sse->line, data, (size_t)(stop - data));
		code = hgt_buf_check(&sse->line, err);
		if (code < 0)
			return code;
		if (stop == end)
			return 0;
		sse->after_cr = *stop == '\r';
		data = stop + 1;
		code = take_line(sse, err);
		clear(&sse->line);
		if (code < 0)
			return code;
	}
	return 0;
}
