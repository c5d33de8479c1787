/*
 * The hub: who is told of which event. A subscriber is a cursor and what it wants; an event finds those it is for by an index
 * (wants.h). It takes what it can and is fed again when its socket has drained, from the hub's recent rows or from the journal.
 */
#ifndef HEADGATE_DAEMON_HUB_H
#define HEADGATE_DAEMON_HUB_H

#include "daemon/daemon.h"
#include "daemon/wants.h"

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

enum hub_form {
	HUB_STREAM,	/* server-sent events */
	HUB_PAGE,	/* one JSON page */
};

/*
 * What a stream is told beside events, for itself alone: numbered things, in the order of their numbers and each of them once. A number
 * is a place in the journal: what the stream is told of the events before it comes first. They move no cursor; the next stream is told
 * from the beginning.
 */
struct hub_notice {
	uint64_t number;	/* from 1 on */
	const char *name;	/* of the server-sent event */
	const char *data;	/* one line; borrowed until the next call */
	size_t len;
};

/* The first after that number; false when there is none. */
typedef bool (*hub_notice_cb)(void *ctx, uint64_t after, struct hub_notice *out);

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
	hub_notice_cb notice;		/* of a stream: or NULL */
	void (*ended)(void *ctx, struct subscriber *subscriber);	/* it is over, for whatever reason; not called when hub_subscribe fails; or NULL */
	void *ctx;
};

/* Answers the request, sooner or later, and takes it, also on failure. *out (may be NULL) gets the subscriber of a stream that has
 * begun, which lives until `ended` is called. */
int hub_subscribe(struct hub *hub, struct request *request, const struct hub_options *options, struct subscriber **out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* There are more notices for the stream. */
void hub_notice(struct subscriber *stream);

/* End it now. */
void hub_end(struct subscriber *subscriber);

/* End all; what their sockets have not taken yet goes out after that, in its time. */
void hub_end_all(struct hub *hub);

/* End all, and close what is open at once. */
void hub_close_all(struct hub *hub);

/* A stream has been told of all up to there, as far as it is for it. */
uint64_t hub_seen(const struct subscriber *subscriber);

/* Subscribers now. */
size_t hub_subscribers(const struct hub *hub);

/* Numbers, since the start unless said otherwise. */
struct hub_stats {
	uint64_t subscribers;		/* now */
	uint64_t trailing;		/* streams now whose sockets are full or that are behind the recent rows */
	uint64_t groups, paths;		/* in the index now */
	uint64_t woken;			/* times that a row was for a subscriber, as the index found */
	uint64_t told;			/* rows written to streams */
	uint64_t writes;		/* calls of the kernel that did so, each for as many as there were */
	uint64_t bookmarks;
	uint64_t full;			/* times that a socket took only a part */
	uint64_t slices;		/* reads of the journal for those who were behind */
	uint64_t asked;			/* subscribers whose trees were asked */
};
void hub_stats(const struct hub *hub, struct hub_stats *out);

#endif
