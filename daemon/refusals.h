/* Which addresses were turned away in the last minute, so that each is journaled once: a small table that hostile clients cannot grow. */
#ifndef HEADGATE_DAEMON_REFUSALS_H
#define HEADGATE_DAEMON_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/request.h"

#define REFUSALS_MAX 64
#define REFUSALS_EVERY_MS 60000

struct refusals {
	struct {
		char remote[REQUEST_REMOTE_MAX];
		int64_t told_ms;	/* 0: free */
	} items[REFUSALS_MAX];
};

/* Whether to tell of this one: false when its address was told of within the last minute, or when the table is full of such. now_ms is
 * monotonic and above 0. */
bool refusals_tell(struct refusals *refusals, const char *remote, int64_t now_ms);

#endif
