/* What the parts of the webhooks share; nobody else includes it. */
#ifndef HEADGATE_DAEMON_WEBHOOK_H
#define HEADGATE_DAEMON_WEBHOOK_H

#include <sys/queue.h>

#include "daemon/webhook_send.h"
#include "daemon/webhooks.h"
#include "journal/deliveries.h"

struct event;

/* An event on its way to a target. */
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
enum target_state { TARGET_IDLE, TARGET_PREPARING, TARGET_SENDING };

struct target {
	TAILQ_ENTRY(target) entry;
	struct webhooks *webhooks;
	unsigned refs;
	bool gone;			/* of no config any more: whatever ends is dropped */
	char *name;
	const struct hgt_config_webhook *config;
	struct hgt_secret secret;
	struct webhook_sender *sender;
	bool stale;			/* the sender is of an older config: replaced before the next attempt */
	enum target_state state;
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
	struct target *target;		/* a reference */
	struct hgt_delivery_row row;	/* strings are the record's own */
	bool is_replay;
};

TAILQ_HEAD(target_list, target);

struct webhooks {
	struct daemon *daemon;
	const struct hgt_config *config;
	struct webhook_curl curl;
	bool loaded;			/* libcurl is */
	struct target_list targets;
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
struct target *target_ref(struct target *target);
void target_unref(struct target *target);

/* webhook_target.c */
int target_start(struct target *target, struct hgt_error *err) HGT_MUST_CHECK;	/* where it was before the daemon ended */
void target_step_soon(struct target *target);
void target_on_step(int fd, short what, void *target);
void load_free(struct load *load);
void target_send(struct target *target, struct hgt_webhook_message *message);	/* the active load, as it was written */
void target_failed(struct target *target, const char *why);			/* it could not even be written */
void target_abandon(struct target *target);					/* break the attempt off, as if it had not begun */

/* webhook_prepare.c: write the active load's message, sooner or later, then target_send or target_failed. */
void target_prepare(struct target *target);

/* webhook_save.c */
void webhooks_save(struct webhooks *webhooks, bool soon);
void webhooks_save_now(struct webhooks *webhooks);
void webhooks_record(struct target *target, const struct load *load, enum hgt_delivery_state state, int status, const char *answer,
	const char *error);
void webhooks_forget(struct webhooks *webhooks, const char *name);	/* off the disk */
void record_free(struct record *record);

#endif
