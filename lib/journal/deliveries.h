/*
 * Webhooks in the journal's database: how far each target has come, and what became of its last deliveries.
 *
 * A cursor says that everything up to its seq is settled: delivered, parked, or none of the target's business. A delivery is a row
 * from its first attempt on; delivered ones are history, waiting and queued ones are work, parked ones wait for a person.
 */
#ifndef HEADGATE_JOURNAL_DELIVERIES_H
#define HEADGATE_JOURNAL_DELIVERIES_H

#include "journal/journal.h"

enum hgt_delivery_state {
	HGT_DELIVERY_WAITING,	/* will be tried again */
	HGT_DELIVERY_DELIVERED,
	HGT_DELIVERY_PARKED,	/* given up */
	HGT_DELIVERY_QUEUED,	/* to be replayed */
};

/* "waiting", "delivered", "parked", "queued"; parse: -1 for another word. */
const char *hgt_delivery_state_name(enum hgt_delivery_state state);
int hgt_delivery_state_parse(const char *name);

/* Strings of rows that are read live until the callback returns. */
struct hgt_delivery_row {
	const char *target;
	uint64_t seq;			/* of the event */
	const char *delivery;		/* the id that receivers see */
	const char *type, *repo, *ref;	/* the event's */
	enum hgt_delivery_state state;
	unsigned attempts;
	int64_t first_ms, tried_ms;	/* the first attempt, the last one */
	int64_t next_ms;		/* waiting: the next one */
	int status;			/* HTTP status of the last attempt, 0 for none */
	const char *answer;		/* its first bytes, made valid UTF-8 */
	const char *error;		/* why it failed, "" when it did not */
};

typedef int (*hgt_webhook_cursor_cb)(void *ctx, const char *target, uint64_t seq);
typedef int (*hgt_delivery_cb)(void *ctx, const struct hgt_delivery_row *row);

int hgt_webhook_cursor_put(struct hgt_journal *journal, const char *target, uint64_t seq, struct hgt_error *err) HGT_MUST_CHECK;

/* All cursors. Returns of cb as of hgt_journal_read. */
int hgt_webhook_cursors(struct hgt_journal *journal, hgt_webhook_cursor_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* Its cursor and its deliveries. */
int hgt_webhook_forget(struct hgt_journal *journal, const char *target, struct hgt_error *err) HGT_MUST_CHECK;

/* Add it, or replace the one of that target and seq. */
int hgt_delivery_put(struct hgt_journal *journal, const struct hgt_delivery_row *row, struct hgt_error *err) HGT_MUST_CHECK;

/* Keep the last `keep` delivered ones of a target, and as many parked ones; *dropped (may be NULL) gets how many parked ones
 * went. */
int hgt_deliveries_trim(struct hgt_journal *journal, const char *target, unsigned keep, uint64_t *dropped,
	struct hgt_error *err) HGT_MUST_CHECK;

/* The last `most` of them, the latest attempt first. target NULL: of all; state -1: all. */
int hgt_deliveries(struct hgt_journal *journal, const char *target, int state, unsigned most, hgt_delivery_cb cb, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

/* The queued or waiting one of the lowest seq of a target, if any. */
int hgt_delivery_first(struct hgt_journal *journal, const char *target, enum hgt_delivery_state state, hgt_delivery_cb cb,
	void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* How many of a target are in a state. */
int hgt_deliveries_count(struct hgt_journal *journal, const char *target, enum hgt_delivery_state state, uint64_t *n,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Queue what is settled to be sent again: the delivery of that id, or with NULL all parked ones. *n gets how many. HGT_ENOENT:
 * none. */
int hgt_deliveries_queue(struct hgt_journal *journal, const char *target, const char *delivery, uint64_t *n,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Remember a delivery that came in, by its id or its digest, for `window_ms`. HGT_EEXIST when it was there. What is older goes. */
int hgt_inbound_claim(struct hgt_journal *journal, const char *inbound, const char *key, int64_t now_ms, int64_t window_ms,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
