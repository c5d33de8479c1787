/* What intake.c (lanes and announcements) and intake_compare.c (compares) share. */
#ifndef HEADGATE_DAEMON_INTAKE_PRIVATE_H
#define HEADGATE_DAEMON_INTAKE_PRIVATE_H

#include "base/map.h"
#include "daemon/compare.h"
#include "daemon/intake.h"
#include "daemon/moves.h"
#include "git/ref_stamp.h"

struct event;

/* Something that is done in a lane: an announced push, or (line NULL) a compare. */
struct job {
	struct job *next;
	struct lane *lane;
	struct hook_line *line;
	intake_done_cb done;
	void *ctx;
	struct moves moves;
	bool repo_unusable;	/* planning: it is none, or of a kind that is not served */
	int code;
	struct hgt_error err;
	int tries;
	bool held_up;		/* an announcement before it has to be planned again, so it has not been settled either */
	/* of a compare */
	struct compare compare;
	enum intake_why why;
	bool gone;		/* the name has no refs any more: none are listed */
	bool unchanged;		/* the refs look as they did then */
	char known_stamp[HGT_REF_STAMP_TEXT + 24];	/* of the last compare that found everything told, and how many refs it found */
	char stamp[HGT_REF_STAMP_TEXT];		/* before the refs were listed; "" when it would prove nothing */
	bool all_told;		/* the journal will know every ref as the repository has it */
	unsigned rounds;	/* that have been settled */
	uint64_t moved;		/* moves journaled by the last round */
	void (*run)(void *job), (*ran)(void *job);	/* what it wants a git worker for */
};

struct lane {
	struct intake *intake;
	char *name, *path;
	struct job *head, **last;	/* announcements waiting */
	struct job *begun;		/* a compare that lets announcements pass before it goes on */
	struct job *planning;		/* announcements that a worker has, in order */
	size_t planned;			/* the first so many of them, when it gives them back */
	struct job *again, **again_last;	/* announcements that go back in front of those waiting when all under way are over */
	size_t under_way;		/* a compare, or announcements that go together */
	bool holding_up;		/* the writer thread's own: one of those under way has to be planned again */
	bool compare_wanted;
	bool gone;			/* it is to find that there are no refs any more */
	enum intake_why why;		/* of the one that is wanted */
	bool first_seen;		/* a compare found a repository that the journal knew nothing of, and has not come to its end */
	struct lane *next_compare;	/* of those that want one */
};

struct intake {
	struct daemon *daemon;
	struct hgt_map lanes;		/* name -> lane */
	struct lane *compare_head, **compare_last;
	size_t comparing;		/* compares under way */
	size_t held;			/* refs that they hold in memory */
	struct job *work, **work_last;	/* compares that wait for a git worker */
	bool working;			/* one of them has it */
	struct event *rest;		/* runs after the journal could not be written: no compare begins */
	void (*compared)(void *ctx);
	void *compared_ctx;
	struct intake_stats stats;	/* what is counted of them */
};

/* intake.c */
struct lane *lane_get(struct intake *intake, const char *name, const char *path);
void lane_step(struct lane *lane);
struct job *job_new(struct lane *lane, const char *source);
void job_free(struct job *job);

/* One that was under way is no longer: after the last of them go on with the lane. */
void lane_leave(struct lane *lane);

/* The job is over: tell who waits for it, and leave the lane. */
void job_finish(struct job *job, int code, const struct hgt_error *err);

/* On a git worker: plan its moves. */
void job_run_plan(void *job);

/* intake_compare.c */
void compares_start(struct intake *intake);
void compare_want(struct lane *lane, enum intake_why why);

/* The next round of a compare that has begun. */
void compare_go_on(struct job *job);

/* It is over. */
void compare_ended(struct job *job, int code);
void compares_check_end(struct intake *intake);

#endif
