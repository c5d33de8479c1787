/*
 * Reading server-sent events (HTML standard, section 9.2.6) as they come in, in pieces of any size.
 *
 *	struct hgt_sse_reader reader;
 *	hgt_sse_reader_init(&reader, 1 << 20);
 *	for each piece: hgt_sse_reader_feed(&reader, piece, len, each, ctx, &err);
 *	after the line was lost: hgt_sse_reader_restart(&reader);	(and ask again with hgt_sse_reader_last_id)
 *	hgt_sse_reader_release(&reader);
 */
#ifndef HEADGATE_EVENT_SSE_READER_H
#define HEADGATE_EVENT_SSE_READER_H

#include <stdbool.h>

#include "base/buf.h"

struct hgt_sse_event {
	const char *id;		/* the last id that was given, "" before the first */
	const char *type;	/* "message" when none was given */
	const char *data;	/* may contain NUL; terminated */
	size_t len;
};

/* A negative return stops the reading and is passed on; then the reader is to be restarted. */
typedef int (*hgt_sse_cb)(void *ctx, const struct hgt_sse_event *event);

struct hgt_sse_reader {
	struct hgt_buf line, type, data, id;
	size_t limit;		/* bytes of one event */
	bool after_cr;		/* a line feed that comes next belongs to the carriage return before it */
	bool begun;		/* past the place for a byte order mark */
	bool has_data;
};

void hgt_sse_reader_init(struct hgt_sse_reader *reader, size_t limit);
void hgt_sse_reader_release(struct hgt_sse_reader *reader);

/* Forget what is half read; the last id stays. */
void hgt_sse_reader_restart(struct hgt_sse_reader *reader);

/* Take the next bytes, calling cb for each event that is complete. HGT_ELIMIT when one is over the limit. */
int hgt_sse_reader_feed(struct hgt_sse_reader *reader, const char *bytes, size_t len, hgt_sse_cb cb, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

/* The id of the last event that was complete, "" before the first. */
const char *hgt_sse_reader_last_id(const struct hgt_sse_reader *reader);

#endif
