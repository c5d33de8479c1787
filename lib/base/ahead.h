/*
 * Work in two halves: `prepare` takes no state but the item's own and runs ahead on any thread; `finish` runs on the caller's, for one
 * item after the other in the order in which they came.
 *
 *	struct item items[8] = {0};
 *	struct hgt_ahead_plan plan = {.items = items, .n = 8, .size = sizeof(items[0]), .threads = hgt_ahead_helpers(),
 *		.prepare = read, .finish = judge, .ctx = judge's};
 *	code = hgt_ahead_new(&plan, &ahead, &err);
 *	for each:
 *		code = hgt_ahead_room(ahead, &item, &err);
 *		(fill it in)
 *		hgt_ahead_submit(ahead);
 *	code = hgt_ahead_finish(ahead, &err);
 *	hgt_ahead_free(ahead);
 *
 * The caller prepares too when it would wait, so it needs no threads. They start when half of the items are waiting: work of a few items
 * does not pay for them.
 */
#ifndef HEADGATE_BASE_AHEAD_H
#define HEADGATE_BASE_AHEAD_H

#include "base/error.h"

struct hgt_ahead;

struct hgt_ahead_plan {
	void *items;		/* n of `size` bytes, the caller's, which also makes and releases them; used again and again */
	size_t n, size;
	unsigned threads;	/* at most */
	void (*prepare)(void *item);
	int (*finish)(void *ctx, void *item, struct hgt_error *err);	/* 0, or HGT_E*, with which all ends */
	void *ctx;
};

/* How many threads are of use beside the caller's on this machine: a few at most. */
unsigned hgt_ahead_helpers(void);

int hgt_ahead_new(const struct hgt_ahead_plan *plan, struct hgt_ahead **out, struct hgt_error *err) HGT_MUST_CHECK;

/* What has not been finished then is dropped. NULL is fine. */
void hgt_ahead_free(struct hgt_ahead *ahead);

/* The item that is to be filled in next, as its last use has left it. When all are in use the oldest is finished first: 0, or what
 * that gave. */
int hgt_ahead_room(struct hgt_ahead *ahead, void **item, struct hgt_error *err) HGT_MUST_CHECK;

/* It is filled in. */
void hgt_ahead_submit(struct hgt_ahead *ahead);

/* Finish all that were submitted: 0, or what the first gave that failed; those behind it are not finished. */
int hgt_ahead_finish(struct hgt_ahead *ahead, struct hgt_error *err) HGT_MUST_CHECK;

#endif
