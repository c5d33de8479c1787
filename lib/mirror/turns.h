/*
 * Whose turn it is: waiters stand in lanes, lanes take turns, and within a lane who came first goes first. At most so many run at once,
 * and at most so many with one host. Where a host has as many as it may, those for other hosts pass.
 *
 *	hgt_turns_wait(&turns, &lane, &waiter);
 *	while ((waiter = hgt_turns_next(&turns)))
 *		...begin...
 *	hgt_turns_end(&turns, waiter);
 *
 * Nothing here starts anything, and only hosts take memory. Each call takes time by the number of a lane's hosts, not of its waiters.
 */
#ifndef HEADGATE_MIRROR_TURNS_H
#define HEADGATE_MIRROR_TURNS_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/map.h"

/* A host: shared by all who speak with it. */
struct hgt_turns_host {
	unsigned refs;
	unsigned running;
	char name[];	/* "": no host at all, which is bounded in total alone */
};

/* Those of a lane that wait for one host, in order. */
struct hgt_turns_row {
	TAILQ_ENTRY(hgt_turns_row) entry;
	TAILQ_HEAD(, hgt_turns_waiter) waiters;
	struct hgt_turns_host *host;
	unsigned users;		/* waiters that were put in with it, and live */
};

/* Embedded in who waits: zeroed, then hgt_turns_join. */
struct hgt_turns_waiter {
	TAILQ_ENTRY(hgt_turns_waiter) entry;
	struct hgt_turns_lane *lane;
	struct hgt_turns_row *row;
	uint64_t ticket;	/* order within the lane */
	bool waits, runs;
};

struct hgt_turns_lane {
	TAILQ_ENTRY(hgt_turns_lane) entry;	/* while somebody in it waits */
	TAILQ_HEAD(, hgt_turns_row) rows;
	size_t n_waiting;
	bool stands;
};

struct hgt_turns {
	unsigned most, most_per_host;	/* may be changed at any time */
	unsigned running;
	size_t waiting;
	TAILQ_HEAD(, hgt_turns_lane) lanes;	/* those in which somebody waits, the next one first */
	struct hgt_map hosts;
	uint64_t first, last;		/* tickets */
};

void hgt_turns_init(struct hgt_turns *turns, unsigned most, unsigned most_per_host);
void hgt_turns_release(struct hgt_turns *turns);	/* when all have left */

void hgt_turns_lane_init(struct hgt_turns_lane *lane);

/* The waiter is of that lane and speaks with that host. HGT_ENOMEM. */
int hgt_turns_join(struct hgt_turns *turns, struct hgt_turns_lane *lane, struct hgt_turns_waiter *waiter, const char *host) HGT_MUST_CHECK;
void hgt_turns_leave(struct hgt_turns *turns, struct hgt_turns_waiter *waiter);	/* it neither waits nor runs any more; before join: fine */

/* It waits. first: before the others of its lane. One that waits already stays where it is, or goes to the front. */
void hgt_turns_wait(struct hgt_turns *turns, struct hgt_turns_waiter *waiter, bool first);
void hgt_turns_give_up(struct hgt_turns *turns, struct hgt_turns_waiter *waiter);	/* one that does not wait: fine */

/* The next that may run, which runs from now on; NULL when none may. */
struct hgt_turns_waiter *hgt_turns_next(struct hgt_turns *turns);
void hgt_turns_end(struct hgt_turns *turns, struct hgt_turns_waiter *waiter);

static inline const char *hgt_turns_host(const struct hgt_turns_waiter *waiter)
{
	return waiter->row->host->name;
}

#endif
