/* Lines out of what a socket gave, in whatever pieces it came. */
#include <err.h>

#include "tests/tools/load/load.h"

enum {
	HEAD,	/* of an HTTP answer */
	BODY,	/* lines, to the end; of chunks: `left` bytes of them */
	SIZE,	/* of a chunk, in hex, to the end of that line */
	AFTER,	/* the end of line behind a chunk */
};

void frames_begin(struct frames *frames, enum frames_form form)
{
	frames->state = form == FRAMES_HTTP ? HEAD : BODY;
	frames->chunked = false;
	frames->left = 0;
	hgt_buf_reset(&frames->rest);
}

void frames_release(struct frames *frames)
{
	hgt_buf_release(&frames->rest);
}

static void head_line(struct frames *frames, const char *line, size_t len)
{
	static const char chunked[] = "transfer-encoding: chunked", ok[] = "HTTP/1.1 200";

	if (len >= 5 && !strncmp(line, "HTTP/", 5) && (len < sizeof ok - 1 || strncmp(line, ok, sizeof ok - 1) != 0))
		errx(1, "a stream was refused: %.*s", (int)len, line);
	if (len == sizeof chunked - 1 && !strncasecmp(line, chunked, len))
		frames->chunked = true;
}

/* One line, or what there is of one; returns how many bytes that were. */
static size_t take_line(struct frames *frames, const char *at, size_t len, frames_line_cb each, struct load *load, struct stream *stream)
{
	const char *end = memchr(at, '\n', len);
	size_t took = end ? (size_t)(end - at) + 1 : len;
	const char *line = at;
	size_t line_len = took - 1;

	if (!end || frames->rest.len) {
		hgt_buf_add(&frames->rest, at, end ? took - 1 : took);
		out_of_memory_if(frames->rest.failed);
		line = frames->rest.data;
		line_len = frames->rest.len;
	}
	if (!end)
		return took;
	if (line_len && line[line_len - 1] == '\r')
		line_len--;
	if (frames->state == HEAD && !line_len) {
		frames->state = frames->chunked ? SIZE : BODY;
		each(load, stream, NULL, 0);
	} else {
		if (frames->state == HEAD)
			head_line(frames, line, line_len);
		each(load, stream, line, line_len);
	}
	hgt_buf_reset(&frames->rest);
	return took;
}

static void size_digit(struct frames *frames, char c)
{
	if (c == '\n')
		frames->state = BODY;
	else if (c >= '0' && c <= '9')
		frames->left = frames->left * 16 + (size_t)(c - '0');
	else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		frames->left = frames->left * 16 + (size_t)((c | 0x20) - 'a') + 10;
	else if (c != '\r')
		errx(1, "a chunk's size has the character %d", c);
	if (frames->state == BODY && !frames->left)
		errx(1, "a stream came to its end");
}

void frames_feed(struct frames *frames, const char *bytes, size_t len, frames_line_cb each, struct load *load, struct stream *stream)
{
	while (len) {
		size_t took = 1;

		if (frames->state == SIZE) {
			size_digit(frames, *bytes);
		} else if (frames->state == AFTER) {
			if (*bytes == '\n')
				frames->state = SIZE;
		} else if (frames->state == BODY && frames->chunked) {
			took = take_line(frames, bytes, len < frames->left ? len : frames->left, each, load, stream);
			frames->left -= took;
			if (!frames->left)
				frames->state = AFTER;
		} else {
			took = take_line(frames, bytes, len, each, load, stream);
		}
		bytes += took;
		len -= took;
	}
}
