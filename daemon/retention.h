/*
 * Retention: the journal's oldest events go once there are more than `journal.keep_events` or they are older than
 * `journal.keep_days`.
 *
 * It is done in steps through the store, each a few milliseconds of its thread at the most, with a pause between them, so that
 * whoever waits for a commit waits no longer than that. By count as soon as there are some too many, by age once an hour. A
 * daemon that has nothing to do wakes up for it once an hour.
 */
#ifndef HEADGATE_DAEMON_RETENTION_H
#define HEADGATE_DAEMON_RETENTION_H

#include "daemon/daemon.h"

struct retention;

/* The first look is made when the loop first turns. */
int retention_new(struct daemon *daemon, struct retention **out, struct hgt_error *err) HGT_MUST_CHECK;
void retention_free(struct retention *retention);

/*
 * Who still needs events: asked on the loop before each step, the one place where that is decided. The lowest seq that is still
 * needed by what is on disk now (a durable cursor's, plus one), or UINT64_MAX when none is. It may only rise from one call to
 * the next, or be of events that are not yet there. `who` is told in the log when it keeps events from going.
 */
typedef uint64_t (*retention_need_cb)(void *ctx);
int retention_hold(struct retention *retention, const char *who, retention_need_cb need, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* The journal has grown to that seq. */
void retention_grown(struct retention *retention, uint64_t head);

/* Look now, whatever the hour. */
void retention_look(struct retention *retention);

struct retention_stats {
	uint64_t removed;	/* events, since the start */
	uint64_t failed;	/* steps */
	uint64_t first;		/* the lowest seq still held, as far as is known; 0 before the first look has ended */
	bool busy;
	bool held;		/* somebody's need kept events from going when that was last looked at */
};
void retention_stats(const struct retention *retention, struct retention_stats *out);

#endif
