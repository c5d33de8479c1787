/*
 * The one way in for moves of refs: those that hooks announce (through the socket or the spool) and those that a compare of a
 * repository with the journal finds. What goes in comes out as events on disk, each move once.
 *
 * Every repository has a lane, in which one thing is done at a time and announcements come before compares; so between planning
 * and settling nobody else moves what the journal knows of that repository. Announcements that wait are one thing together: they are planned
 * and settled in their order, and one commit may take them all. Lanes go on side by side. Of the compares one at a time has
 * a git worker, so that another is always left for pushes; the journal is asked for several at once.
 */
#ifndef HEADGATE_DAEMON_INTAKE_H
#define HEADGATE_DAEMON_INTAKE_H

#include "daemon/daemon.h"
#include "daemon/hook_line.h"

struct intake;

int intake_new(struct daemon *daemon, struct intake **out, struct hgt_error *err) HGT_MUST_CHECK;
void intake_free(struct intake *intake);

/* code 0: the push's events are on disk, the last of them (or the journal's head, when it had been taken in before or is
 * none of ours) is seq. Else err says why not; the same line may be announced again later. */
typedef void (*intake_done_cb)(void *ctx, int code, uint64_t seq, const struct hgt_error *err);

/* Takes the line. source: "hook" or "spool". done may be called before this returns. */
void intake_announce(struct intake *intake, struct hook_line *line, const char *source, intake_done_cb done, void *ctx);

/* Why a repository is compared. */
enum intake_why {
	INTAKE_START,		/* the daemon was not there, or has just found it */
	INTAKE_BEAT,		/* nobody has seen anything: what is found had been missed */
	INTAKE_SEEN,		/* something was seen to move, or is known to have been missed */
};

/* Compare this repository with the journal, soon. A second call before it has begun changes nothing, but that what was seen is not missed. */
void intake_compare(struct intake *intake, const char *name, const char *path, enum intake_why why);

/* The repository is known to have no refs any more under this name (it has another): journal that, soon. */
void intake_retire(struct intake *intake, const char *name, const char *path);

/* Call cb, once, when no compare is wanted or under way (at once when that is so now). */
void intake_when_compared(struct intake *intake, void (*cb)(void *ctx), void *ctx);


/* Numbers: of now, and since the start. */
struct intake_stats {
	uint64_t lanes;			/* repositories in which something is under way or waits */
	uint64_t waiting;		/* announcements that have not begun */
	uint64_t compares_waiting;	/* repositories that are to be compared */
	uint64_t received, refused;	/* announcements */
	uint64_t foreign;		/* of repositories that are none of ours */
	uint64_t compares, compares_failed;
	uint64_t compares_unchanged;	/* of compares: the refs looked as they did, and were not listed */
	uint64_t saves;			/* moves that a compare at the beat has found, which nobody had seen or told */
};
void intake_stats(const struct intake *intake, struct intake_stats *out);

#endif
