/* What the parts of the webhooks share; nobody else includes it. */
#ifndef HEADGATE_DAEMON_WEBHOOK_H
#define HEADGATE_DAEMON_WEBHOOK_H

#include <sys/queue.h>

#include "daemon/webhook_send.h"
#include "daemon/webhooks.h"
#include "journal/deliveries.h"

struct event;

/* An event on its way to a receiver. */
enum load_kind { LOAD_EVENT /* the next after the cursor */, LOAD_REPLAY, LOAD_TEST };

struct load {
	enum load_kind kind;
	uint64_t seq;
	char delivery[HGT_DELIVERY_ID];
	int64_t time_ms;		/* of the event */
	char *type, *repo, *ref;
	struct hgt_buf body;
	unsigned attempts;
	int64_t first_ms, tried_ms, next_ms;	/* wall clock; next 0: at once */
	int64_t due_ms;			/* the same on the monotonic clock */
};

/*
 *	IDLE -> PREPARING (a git worker looks at the repository) -> SENDING -> IDLE
 *	  \--a format that needs no look--------------------------^
 *
 * In IDLE, `head` may be loaded and wait for its time; replays and tests go on meanwhile.
 */
enum receiver_state { RECEIVER_IDLE, RECEIVER_PREPARING, RECEIVER_SENDING };

struct receiver {
	TAILQ_ENTRY(receiver) entry;
	struct webhooks *webhooks;
	unsigned refs;
	bool gone;			/* of no config any more: whatever ends is dropped */
	char *name;
	const struct hgt_config_webhook *config;
	struct hgt_secret secret;
	struct webhook_sender *sender;
	bool stale;			/* the sender is of an older config: replaced before the next attempt */
	enum receiver_state state;
	uint64_t cursor, saved;		/* settled up to; the same on disk */
	bool has_saved;
	bool rewound;			/* the cursor was set while its event was on its way: that one does not move it */
	struct load *head;		/* the event after the cursor that is its business, once found */
	struct load *active;		/* head, or a replay, or a test; NULL in IDLE */
	bool replays;			/* there may be queued ones */
	bool replay_saving;		/* the result of one is on its way to disk */
	struct request *test;		/* who waits for a test, or NULL when it has gone */
	bool test_wanted;
	struct event *step;		/* look again: at once, or when head is due */
	uint64_t delivered, failed, given_up;
	int last_status;
	int64_t last_ms;
	struct hgt_buf last_error;
};

/* A delivery's state on its way to disk. */
struct record {
	struct record *next;
	struct receiver *receiver;		/* a reference */
	struct hgt_delivery_row row;	/* strings are the record's own */
	bool is_replay;
};

TAILQ_HEAD(receiver_list, receiver);

struct webhooks {
	struct daemon *daemon;
	const struct hgt_config *config;
	struct webhook_curl curl;
	bool loaded;			/* libcurl is */
	struct receiver_list receivers;
	int64_t started_ms;
	bool draining;
	int64_t drain_ms;		/* monotonic: since when */
	struct record *records, **last_record;	/* to be saved */
	size_t n_records;
	struct event *save;
	bool saving;
	bool soon;			/* the save is planned for soon, not for some time */
};

/* webhooks.c */
struct receiver *receiver_ref(struct receiver *receiver);
void receiver_unref(struct receiver *receiver);

/* webhook_receiver.c */
int receiver_start(struct receiver *receiver, struct hgt_error *err) HGT_MUST_CHECK;	/* where it was before the daemon ended */
void receiver_step_soon(struct receiver *receiver);
void receiver_on_step(int fd, short what, void *receiver);
void load_free(struct load *load);
void receiver_send(struct receiver *receiver, struct hgt_webhook_message *message);	/* the active load, as it was written */
void receiver_failed(struct receiver *receiver, const char *why);			/* it could not even be written */
void receiver_abandon(struct receiver *receiver);					/* break the attempt off, as if it had not begun */

/* webhook_prepare.c: write the active load's message, sooner or later, then receiver_send or receiver_failed. */
void receiver_prepare(struct receiver *receiver);

/* webhook_save.c */
void webhooks_save(struct webhooks *webhooks, bool soon);
void webhooks_save_now(struct webhooks *webhooks);
void webhooks_record(struct receiver *receiver, const struct load *load, enum hgt_delivery_state state, int status,
	const char *answer, const char *error);
void webhooks_forget(struct webhooks *webhooks, const char *name);	/* off the disk */
void record_free(struct record *record);

#endif
