/*
 * A subscriber and the hub, for the hub's own sources: hub.c (who is fed when), feed.c (what it is fed with), subscribe.c (who
 * begins where), stream.c (what is sent), bookmarks.c (signs of life), ask.c (questions to the trees).
 *
 * A subscriber is current or trailing.
 *
 *	current		it has been told of all up to the hub's head that it wants, except the rows of `hits`: those that the index found for
 *			it and that it is fed next. While there are none its place is the head, wherever that moves.
 *	trailing	it has been told of all up to `seen`, and what comes then has to be looked through: it begins at a cursor, its socket
 *			is full, a worker looks at trees for it, or it needs the journal. At the head it is current again.
 */
#ifndef HEADGATE_DAEMON_SUBSCRIBER_H
#define HEADGATE_DAEMON_SUBSCRIBER_H

#include <event2/util.h>
#include <sys/queue.h>

#include "base/trouble.h"
#include "daemon/hub.h"
#include "daemon/request.h"
#include "daemon/rows.h"
#include "daemon/stream_socket.h"
#include "daemon/text.h"

#define STREAM_TELL_MAX (64 * 1024)	/* bytes put together for one socket at once; one event is sent whatever its size */
#define PAGE_BYTES_MAX (1024 * 1024)	/* of one page; the same */
#define BOOKMARK_SLOTS 60		/* in which the bookmarks of all are spread */

struct ask;
struct event;

enum subscriber_phase {
	SUBSCRIBER_SNAPSHOT,	/* telling what there is */
	SUBSCRIBER_LIVE,	/* telling events after `seen` */
};

/* Which list it is on by `entry`. */
enum subscriber_place {
	PLACE_NONE,
	PLACE_READY,	/* hub->ready: to be fed */
	PLACE_BEHIND,	/* hub->behind: needs the journal */
	PLACE_ASKING,	/* its ask's: a worker looks at trees for it */
};

struct page {
	struct request *request;
	struct hgt_buf snapshot, events;
	size_t n, limit;
	unsigned wait_ms;
	bool has_snapshot;
	struct event *timer;	/* while it waits for the first event */
};

/* Where a snapshot was cut. */
struct snapshot_place {
	size_t want;		/* the next want that has not been told */
	char *repo, *ref;	/* of one with globs: the last ref told, or NULL */
};

struct subscriber {
	TAILQ_ENTRY(subscriber) entry;
	LIST_ENTRY(subscriber) slot;	/* of hub->slots; of a page, hub->pages */
	struct hub *hub;
	struct stream_socket *socket;	/* of a stream */
	struct page *page;		/* NULL: a stream */
	uint64_t seen;			/* current with hits: the one before the first of them */
	uint64_t hits;			/* bit n: the row seen + 1 + n */
	unsigned char phase, place;	/* enums */
	bool trailing;
	bool broken;			/* no memory, or no journal, in the middle of telling: it is to come again with the cursor it has */
	bool noticing;			/* there may be notices that it has not been told of */
	bool answer;			/* of the trees, whether the row answer_seq is for it */
	uint64_t answer_seq;		/* 0: there is none */
	struct ask *ask;		/* while PLACE_ASKING */
	struct snapshot_place *snapshot;	/* in that phase */
	const struct scope *scope;	/* events are told without what lies outside; or NULL */
	hub_notice_cb notice;		/* or NULL */
	uint64_t noticed;		/* the number of the last one that it was told */
	void (*ended)(void *ctx, struct subscriber *subscriber);
	void *ctx;
	size_t n_wants;
	struct want wants[];
};

TAILQ_HEAD(subscriber_list, subscriber);
LIST_HEAD(subscriber_slot, subscriber);
TAILQ_HEAD(ask_list, ask);

/* What is being put together for the stream that is fed. */
struct telling {
	struct hgt_buf head;		/* the answer's */
	struct hgt_buf text;		/* frames of its own: a snapshot, a bookmark; before the rows */
	struct text *rows[STREAM_TEXTS_MAX];	/* references */
	uint64_t seqs[STREAM_TEXTS_MAX];
	size_t n, bytes;		/* of the rows */
};

struct hub {
	struct daemon *daemon;
	struct rows rows;		/* the newest */
	struct rows old;		/* what was read from the journal last, for those who are behind */
	uint64_t head;
	struct wants *wants;
	struct stream_sockets *sockets;
	struct subscriber_list ready, behind;
	struct subscriber_slot slots[BOOKMARK_SLOTS], pages;
	struct ask_list asks;		/* that no worker has yet */
	struct telling telling;
	struct event *pump;
	size_t n;			/* subscribers */
	unsigned slot;			/* whose turn it is at slot_ms (monotonic) */
	int64_t slot_ms;
	unsigned bookmark_every_ms;
	struct event *bookmarks;
	struct text *bookmark[2];	/* the last ones made, for bookmark_seq: plain, packed; or NULL */
	uint64_t bookmark_seq;
	struct hgt_trouble unread;	/* the journal cannot be read: each who needs it meets that */
	struct hub_stats stats;
};

/* hub.c */

/* Put it on a list, off the one where it is. */
void subscriber_move(struct subscriber *s, enum subscriber_place place);

/* Feed those who are to be fed, in the loop's next turn. */
void pump_soon(struct hub *hub);

/* Where it is: all up to there it has been told of, or it was not for it. */
uint64_t subscriber_seen(const struct subscriber *s);

/* feed.c */

/* Feed it what it can take; false when it has ended and is gone. */
bool subscriber_feed(struct subscriber *s);

/* It needs rows from the journal: have them in hub->old, then feed it. */
void subscriber_feed_old(struct subscriber *s);

/* It was told of the row, or it is not for it: seen moves on. */
void subscriber_take(struct subscriber *s, struct row *row, bool tell);

/* Tell it first what there is; events then go on from the head. Negative for want of memory. */
int snapshot_begin(struct subscriber *s) HGT_MUST_CHECK;
void snapshot_free(struct snapshot_place *place);	/* NULL is fine */

/* subscribe.c */

void subscriber_free(struct subscriber *s);

/* stream.c */

/* The answer's head. */
void stream_start(struct subscriber *s);

/* Tell one thing, or put it on the page. */
void stream_row(struct subscriber *s, struct row *row);
void stream_ref(struct subscriber *s, const char *repo, const char *ref, const char *id);
void stream_notice(struct subscriber *s, const struct hub_notice *notice);
void stream_reset(struct subscriber *s, const char *reason);
void stream_bookmark(struct subscriber *s);

/* Send a current stream a bookmark at once: for all of them it is the same. Negative as of stream_flush. */
int stream_bookmark_now(struct subscriber *s) HGT_MUST_CHECK;

/* Whether it has enough for now. */
bool stream_is_full(const struct subscriber *s);

/* Send what was told since the last flush; what does not fit is told again later. Negative: the line is dead, end it. */
int stream_flush(struct subscriber *s) HGT_MUST_CHECK;

/* Send a current one the rows of its hits. Negative as above. */
int stream_hits(struct subscriber *s) HGT_MUST_CHECK;

/* The end of the stream, or the page as it is; frees the subscriber. */
void stream_end(struct subscriber *s);

/* The same when the line is dead. */
void stream_drop(struct subscriber *s);

/* A page's turn after it has been fed: ends it when it is done (then false), or waits for the first event. */
bool page_settle(struct subscriber *s) HGT_MUST_CHECK;

/* bookmarks.c */

/* A new stream's place among those that are sent bookmarks. */
void bookmarks_add(struct subscriber *s);

/* Somebody has gone: no wake-ups for nobody. */
void bookmarks_rest(struct hub *hub);

void bookmarks_send(evutil_socket_t fd, short what, void *hub);

/* ask.c */

/* Have a worker find out whether what the subscriber wants of this row has changed; it waits in PLACE_ASKING and goes
 * on with the answer. */
int ask_trees(struct subscriber *s, struct row *row, struct hgt_error *err) HGT_MUST_CHECK;

/* Hand the questions that have come together to the workers. */
void asks_submit(struct hub *hub);

/* Forget those that no worker has; of subscribers there are none any more. */
void asks_release(struct hub *hub);

/* Those who wait for an answer. */
struct subscriber_list *ask_waiting(struct ask *ask);

#endif
