/*
 * The hub: who is told of which event. A subscriber is a cursor and a filter; it takes what it can and is fed again when its socket
 * has drained, from the hub's recent rows or from the journal.
 */
#ifndef HEADGATE_DAEMON_HUB_H
#define HEADGATE_DAEMON_HUB_H

#include "daemon/daemon.h"

struct hub;
struct request;
struct scope;
struct subscriber;

int hub_new(struct daemon *daemon, struct hub **out, struct hgt_error *err) HGT_MUST_CHECK;

/* Ends all streams. */
void hub_free(struct hub *hub);

/* A committed row, in order of seq. The row is borrowed for the call. */
void hub_publish(struct hub *hub, const struct hgt_journal_row *row);

/* The seq of the last row published (at start: the journal's head). */
uint64_t hub_head(const struct hub *hub);

/* hub_head as a cursor's text. */
void hub_head_cursor(const struct hub *hub, struct hgt_buf *out);

/* One thing a subscriber wants to be told of. */
struct hub_want {
	bool exact;	/* filter.repo and filter.ref are names, not globs; only ref.updated */
	struct hgt_filter filter;
};

enum hub_form {
	HUB_STREAM,	/* server-sent events */
	HUB_PAGE,	/* one JSON page */
};

struct hub_options {
	enum hub_form form;
	const struct hub_want *wants;	/* copied */
	size_t n_wants;
	bool has_cursor;
	struct hgt_cursor cursor;
	bool has_last;			/* instead of a cursor: start `last` events before the head */
	uint64_t last;
	size_t limit;			/* of a page: events */
	unsigned wait_ms;		/* of a page: for the first event */
	const struct scope *scope;	/* what it may see of an event that it wants; NULL: all. To live until `ended` */
	void (*ended)(void *ctx, struct subscriber *subscriber);	/* it is over, for whatever reason; not called when hub_subscribe fails; or NULL */
	void *ctx;
};

/* Answers the request, sooner or later, and takes it, also on failure. *out (may be NULL) gets the subscriber of a stream that has begun,
 * which lives until `ended` is called. */
int hub_subscribe(struct hub *hub, struct request *request, const struct hub_options *options, struct subscriber **out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* End it now. */
void hub_end(struct subscriber *subscriber);

/* End all. */
void hub_end_all(struct hub *hub);

/* Subscribers now. */
size_t hub_subscribers(const struct hub *hub);

#endif
