/*
 * Which addresses were turned away in the last minute, so that each is journaled once and then counted: a small table that
 * hostile clients cannot grow. What was counted is told after that minute.
 */
#ifndef HEADGATE_DAEMON_REFUSALS_H
#define HEADGATE_DAEMON_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/request.h"

#define REFUSALS_MAX 64
#define REFUSALS_EVERY_MS 60000

struct refusals {
	struct refusal {
		char remote[REQUEST_REMOTE_MAX];
		int64_t told_ms;	/* 0: free */
		uint64_t left_out;	/* since then */
	} items[REFUSALS_MAX];
	uint64_t others;		/* of addresses for which there was no room */
};

/* Whether to tell of this one: false, and it is counted, when its address was told of within the last minute, or when the
 * table is full of such. *left_out gets how many of its address were counted before. now_ms is monotonic and above 0. */
bool refusals_tell(struct refusals *refusals, const char *remote, int64_t now_ms, uint64_t *left_out);

/* What was left out, of one address whose minute is over; "" in remote stands for all those for whom there was no room. False
 * when there is nothing to be told. */
bool refusals_due(struct refusals *refusals, int64_t now_ms, char remote[REQUEST_REMOTE_MAX], uint64_t *left_out);

/* When to ask for that again; 0 when nothing was left out. */
int64_t refusals_next_ms(const struct refusals *refusals);

#endif
