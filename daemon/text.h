/*
 * A piece of what streams are sent: made once, counted, and written to any number of sockets. A socket that took only a part of it keeps
 * a reference and an offset.
 *
 * It is a chunk of HTTP/1.1 as it stands: its length in hex and a line's end, the bytes, a line's end. A client of HTTP/1.0 is sent what
 * is between the two.
 */
#ifndef HEADGATE_DAEMON_TEXT_H
#define HEADGATE_DAEMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct hgt_buf;

struct text {
	unsigned refs;
	unsigned head, tail;	/* bytes before and behind those of the chunk; both 0: it is sent as it is */
	size_t len;		/* of all */
	char data[];
};

/* NULL when memory runs out. len is at least 1: an empty chunk would be the end. */
struct text *text_new(const char *bytes, size_t len);
struct text *text_new_plain(const char *bytes, size_t len);	/* no chunk */
struct text *text_ref(struct text *text);
void text_unref(struct text *text);	/* NULL is fine */

/* The same into a buffer: as a chunk, or plain. */
void text_add(struct hgt_buf *out, const char *bytes, size_t len, bool chunked);

#endif
