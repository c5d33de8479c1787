/*
 * A piece of what streams are sent: made once, counted, and written to any number of sockets. A socket that took only a part of
 * it keeps a reference and an offset.
 *
 * It is a chunk of HTTP/1.1 as it stands: its length in hex and a line's end, the bytes, a line's end. A client of HTTP/1.0 is
 * sent what is between the two.
 *
 * Packed, the bytes are a piece of a deflate stream that stands on its own: nothing in it refers to what came before, and it
 * ends at a byte. So the same piece goes into any number of gzip streams, none of which has a compressor: each is its header,
 * pieces, and an end with the checksum of all, which is joined from theirs.
 */
#ifndef HEADGATE_DAEMON_TEXT_H
#define HEADGATE_DAEMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hgt_buf;

struct text {
	unsigned refs;
	unsigned head, tail;	/* bytes before and behind those of the chunk; both 0: it is sent as it is */
	size_t len;		/* of all */
	uint32_t crc, plain;	/* of a packed one: the checksum and the number of the bytes before they were packed */
	unsigned long joint;	/* and what zlib needs to join the former to another one */
	char data[];
};

/* NULL when memory runs out. len is at least 1: an empty chunk would be the end. */
struct text *text_new(const char *bytes, size_t len);
struct text *text_new_packed(const char *bytes, size_t len);
struct text *text_new_plain(const char *bytes, size_t len);	/* no chunk */

/* `before`, then bytes (there may be none) as one chunk: begins the gzip stream when it is to be packed and is the first. */
struct text *text_new_own(const struct hgt_buf *before, const struct hgt_buf *bytes, bool chunked, bool packed);

/* The end of an answer: of its gzip stream, of its chunks. NULL when memory runs out; refs is the caller's. */
struct text *text_new_end(bool chunked, bool packed, uint32_t crc, uint32_t plain);

struct text *text_ref(struct text *text);
void text_unref(struct text *text);	/* NULL is fine */

/* The checksum of all that a stream was sent, with this one too. */
uint32_t text_join(uint32_t crc, const struct text *text);

#endif
