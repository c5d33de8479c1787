/*
 * Whether the wall clock can be believed. A clock that jumps takes every age with it: set a year ahead for a minute, it makes
 * all events look old. So what is judged by age waits until the clock has gone evenly with the time since the boot for a while.
 */
#ifndef HEADGATE_DAEMON_STEADY_H
#define HEADGATE_DAEMON_STEADY_H

#include <stdbool.h>
#include <stdint.h>

struct steady {
	int64_t wall_ms, boot_ms;	/* since when it has gone evenly */
};

/* Begin now. */
void steady_begin(struct steady *steady, int64_t wall_ms, int64_t boot_ms);

/* Whether it has gone evenly for `for_ms`. One that has not begins anew; *step_ms (else 0) gets how far it jumped. */
bool steady_for(struct steady *steady, int64_t for_ms, int64_t wall_ms, int64_t boot_ms, int64_t *step_ms);

#endif
