/*
 * Server-sent events (HTML standard, section 9.2.6), parsed as the bytes come in.
 */
#ifndef HEADGATE_AGENT_SSE_H
#define HEADGATE_AGENT_SSE_H

#include <stdbool.h>

#include "base/buf.h"

/* The most one event may hold, and one line of it: an event lists at most HGT_EVENT_PATHS_MAX paths of at most 4096 bytes. */
#define SSE_EVENT_MAX (8 * 1024 * 1024)

struct sse_event {
	const char *type;	/* "message" when none was given */
	const char *id;		/* the last id on the stream, "" before there was one */
	const char *data;	/* lines joined by line feeds; terminated */
	size_t len;
};

/* Negative stops the feeding and is passed on. */
typedef int (*sse_cb)(void *ctx, const struct sse_event *event);

struct sse {
	struct hgt_buf line;	/* the part of a line that has come */
	struct hgt_buf type, data, id;
	bool has_data;
	bool after_cr;		/* a line feed that comes now belongs to the carriage return before it */
	bool begun;		/* past the place of a byte order mark */
	sse_cb cb;
	void *ctx;
};

void sse_init(struct sse *sse, sse_cb cb, void *ctx);
void sse_release(struct sse *sse);

/* Forget the stream that was; another begins. */
void sse_reset(struct sse *sse);

/* 0, what cb returned, HGT_ELIMIT for a line or event over the limit, HGT_ENOMEM. After an error feed no more. */
int sse_feed(struct sse *sse, const char *data, size_t len, struct hgt_error *err) HGT_MUST_CHECK;

#endif
