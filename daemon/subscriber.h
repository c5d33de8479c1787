/*
 * A subscriber and the hub, for the hub's own sources: hub.c (who is fed when), subscribe.c (who begins where),
 * stream.c (what is sent), ask.c (questions to the trees).
 *
 * A subscriber is at `seen`: everything up to there it has been told of, or it was not for it. It is not fed while its socket is full,
 * while a worker looks at trees for it, or while it waits its turn for the journal; one of `drained`, `answered`, `pump` goes on then.
 */
#ifndef HEADGATE_DAEMON_SUBSCRIBER_H
#define HEADGATE_DAEMON_SUBSCRIBER_H

#include <sys/queue.h>

#include "daemon/hub.h"
#include "daemon/request.h"
#include "daemon/rows.h"

#define STREAM_QUEUE_MAX (64 * 1024)	/* bytes waiting in user space for one socket */
#define PAGE_BYTES_MAX (1024 * 1024)	/* of one page; one event is sent whatever its size */

struct ask;
struct evbuffer;
struct event;

enum subscriber_phase {
	SUBSCRIBER_SNAPSHOT,	/* telling what there is */
	SUBSCRIBER_LIVE,	/* telling events after `seen` */
};

struct page {
	struct hgt_buf snapshot, events;
	size_t n;
	bool has_snapshot, waited;
	struct event *timer;	/* while it waits for the first event */
};

struct subscriber {
	TAILQ_ENTRY(subscriber) all;
	TAILQ_ENTRY(subscriber) behind;
	struct hub *hub;
	struct request *request;
	enum subscriber_phase phase;
	bool is_behind;		/* on the list of those that need the journal */
	bool full;		/* its socket is */
	bool broken;		/* memory ran out in the middle of telling: it is to come again with the cursor it has */
	uint64_t seen;
	int64_t bookmark_ms;	/* monotonic: when the last bookmark was sent */
	struct ask *ask;	/* the question a worker has for it, or NULL */
	struct page *page;	/* NULL: a stream */
	size_t limit;
	unsigned wait_ms;
	size_t snapshot_want;	/* the next want that has not been told */
	char *snapshot_repo, *snapshot_ref;	/* the last ref told of a want with globs, or NULL */
	const struct scope *scope;	/* events are told without what lies outside; or NULL */
	void (*ended)(void *ctx, struct subscriber *subscriber);
	void *ctx;
	size_t n_wants;
	struct hub_want wants[];	/* then their strings */
};

TAILQ_HEAD(subscriber_list, subscriber);

struct hub {
	struct daemon *daemon;
	struct rows rows;
	uint64_t head;
	struct subscriber_list all;	/* who had the oldest bookmark first */
	struct subscriber_list behind;
	size_t n;
	bool published;			/* rows that nobody has been fed yet */
	struct event *pump;
	struct event *bookmarks;
	unsigned bookmark_every_ms;
	struct evbuffer *out;		/* what is being put together for the one who is fed */
};

/* hub.c */

/* Feed it what it can take; false when it has ended and is gone. */
bool subscriber_feed(struct subscriber *s);

/* Whether a row is what it wants. */
enum hgt_match subscriber_match(const struct hub_want *want, struct row *row);

/* It was told of the row, or it is not for it: seen moves on. */
void subscriber_take(struct subscriber *s, struct row *row, bool tell);

/* Tell it first what there is; events then go on from the head. */
void snapshot_begin(struct subscriber *s);
void snapshot_forget(struct subscriber *s);	/* where it was cut */

/* Wake up for the next bookmark that is due, when there is anyone to be sent one. */
void bookmarks_plan(struct hub *hub);

/* subscribe.c */

void subscriber_free(struct subscriber *s);

/* stream.c */

/* The answer's head; the socket made one of a stream. */
void stream_start(struct subscriber *s);

/* Tell one thing, or put it on the page. */
void stream_row(struct subscriber *s, struct row *row);
void stream_ref(struct subscriber *s, const char *repo, const char *ref, const char *id);
void stream_reset(struct subscriber *s, const char *reason);
void stream_bookmark(struct subscriber *s);

/* Whether it has enough for now. */
bool stream_is_full(const struct subscriber *s);

/* Send what was told since the last flush. */
void stream_flush(struct subscriber *s);

/* The end of the stream, or the page as it is; frees the subscriber. */
void stream_end(struct subscriber *s);

/* A page's turn after it has been fed: ends it when it is done (then false), or waits for the first event. */
bool page_settle(struct subscriber *s) HGT_MUST_CHECK;

/* ask.c */

/* Have a worker find out whether what the subscriber wants of this row has changed; the subscriber goes on with the answer. */
int ask_trees(struct subscriber *s, struct row *row, struct hgt_error *err) HGT_MUST_CHECK;
void ask_forget(struct ask *ask);	/* the subscriber is gone; NULL is fine */

#endif
