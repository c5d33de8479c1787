/*
 * A turn of a pull: what its files share.
 *
 *	LISTING    git ls-remote: what upstream has
 *	LOOKING    a worker: what is here, what is known; what has to be fetched
 *	HIDING     git config: clients do not see refs/headgate/ (once a repository)
 *	FETCHING   git fetch into refs/headgate/incoming/<mirror>/<id>
 *	PLANNING   a worker again: the plan
 *	JUDGING    headgate-pre-receive, when the mirror is gated
 *	MOVING     git update-ref: one transaction
 *	TELLING    the moves are announced as a push is
 *
 *	mirror_pull.c		the turn from one to the next, and what it leaves
 *	mirror_look.c		what the worker does
 *	mirror_fetch.c		LISTING to FETCHING
 *	mirror_gate.c		JUDGING
 *	mirror_publish.c	MOVING, and what is tidied up in the end
 *	mirror_tell.c		TELLING
 *	mirror_locks.c		what a git that was killed has left
 *
 * An incoming ref is a proof: git has made it, so all that is reachable from it is here. It has the name of the id that was asked for, so
 * that no two names of upstream's are in each other's way, and stays until what it has brought is known, in the journal, to be
 * published: a turn that was cut is known by it, and nothing is fetched twice.
 */
#ifndef HEADGATE_DAEMON_MIRROR_PULL_H
#define HEADGATE_DAEMON_MIRROR_PULL_H

#include "base/arena.h"
#include "base/map.h"
#include "daemon/mirror.h"
#include "git/update.h"
#include "mirror/pull_plan.h"

struct hgt_repo;
struct hgt_repo_pool;

#define PULL_INCOMING HGT_OWN_REFS "incoming/"
#define PULL_HIDDEN "refs/headgate"	/* transfer.hideRefs */
#define PULL_KEPT HGT_OWN_REFS "kept/"

/* What the journal has of a ref; strings are the arena's. */
struct pull_row {
	const char *ref, *id, *theirs, *ours, *note;
	enum hgt_copy_ref_state state;
	int64_t since_ms;
};

/* An id to be fetched, and the first of upstream's refs that has it. Strings are of `theirs`, or the arena's. */
struct pull_need {
	size_t tip;		/* its index in `theirs` */
	const char *ref, *id;
	const char *failed;	/* why it cannot be had, or NULL */
	bool refused;		/* by git fsck: it will not be better the next time */
};

struct pull {
	struct turn *turn;	/* NULL: nobody waits any more; whoever has it frees it */
	struct hgt_config const *config;	/* a reference */
	const struct hgt_config_mirror *mirror;	/* in it */
	char *name, *repo, *path, *journal_path;
	char *incoming;		/* "refs/headgate/incoming/<mirror>/", dots of the name as @: no part of a ref may have two, or end in ".lock" */
	struct hgt_repo_pool *pool;
	bool busy;		/* a worker or the intake has it */
	bool stopping;
	bool noted;		/* there is a note of what is moved */
	bool locks_left;	/* and what it notes is not over */
	int64_t noted_since;	/* seconds: of the first turn that noted something and did not come to its end */
	struct hgt_buf note;	/* of those, as it stands there */
	bool judge_again;	/* what the gate or fsck has refused */
	bool accept;
	struct mirror_run *run;
	struct child *gate;
	struct mirror_create *create;	/* while its repository is made */

	/* what was found */
	struct hgt_tips theirs, ours, known;
	struct hgt_tips slots, came;	/* incoming refs by the id that they are named by; the ids that they have */
	struct hgt_arena arena;		/* rows, reasons */
	struct pull_row *rows;		/* in order of ref */
	size_t n_rows, rows_room;
	size_t odd;			/* refs of upstream's that have no name */
	bool rows_read, hidden, fetched;
	bool large;		/* objects of Git LFS are here, or not to be had */
	struct pull_need *needs;
	size_t n_needs, needs_room;
	struct hgt_map refused, late;	/* ref -> why what upstream has is not here: by a judgement, or only until the next turn */
	struct hgt_buf stale;		/* names of slots that nothing needs, NUL after each */
	struct hgt_pull_plan plan;
	bool planned;
	int code;
	struct hgt_error err;
	struct hgt_error listing;	/* why upstream's list was not taken to its end */

	/* publishing */
	bool *done;			/* of each item: it has been moved by this turn */
	unsigned tries;			/* plans that had been overtaken */
	size_t at;			/* of the item that is looked at alone */
	bool one_by_one;
	struct hgt_buf input, said;
	size_t *asked, n_asked;		/* indexes of items that are at the gate or in the transaction */
	bool *passed;			/* of each item: the gate has let it */
	size_t told;			/* items that have been announced, or need not be */
	bool telling, answered;		/* within the call that announces; it was answered before that was over */
	struct hgt_error trouble;	/* code 0: none. Something is to be tried again */
};

/* mirror_look.c, on a worker: fills in all of "what was found" and, when nothing has to be fetched or that is done, the plan. */
void pull_look(void *pull);

/* mirror_locks.c, on a worker: take away what a killed git has left; note what will be moved. On the loop: that it is over. */
int pull_clear_locks(struct pull *pull, struct hgt_error *err) HGT_MUST_CHECK;
int pull_note(struct pull *pull, struct hgt_error *err) HGT_MUST_CHECK;
void pull_unnote(struct pull *pull);
void pull_note_death(struct pull *pull);	/* a git that moves refs has ended by force */

/* mirror_fetch.c; each goes on by itself. */
void pull_hide(struct pull *pull);
void pull_fetch(struct pull *pull);
void pull_fetch_large(struct pull *pull);	/* objects of Git LFS */
int pull_list(struct pull *pull, struct hgt_error *err) HGT_MUST_CHECK;

/* mirror_gate.c: what the gate does not let becomes REFUSED in the plan; then pull_move. */
void pull_judge(struct pull *pull);

/* mirror_publish.c: what is kept of each item of the plan, made anew. */
int pull_room(struct pull *pull, struct hgt_error *err) HGT_MUST_CHECK;

/* Move what the plan moves; then pull_tell. */
void pull_move(struct pull *pull);

/* Remove what nothing needs any more; then pull_finish. */
void pull_tidy(struct pull *pull);

/* mirror_tell.c: announce what has moved; then pull_tidy. */
void pull_tell(struct pull *pull);

/* mirror_pull.c */
void pull_look_soon(struct pull *pull);		/* a worker looks (again) */
void pull_go_on(struct pull *pull);		/* it has looked: hide, fetch, judge or move */
void pull_finish(struct pull *pull);		/* write down what there is, and end the turn */
void pull_fail(struct pull *pull, const struct hgt_error *err);	/* end it */
void pull_give_up(struct pull *pull);		/* nobody waits for it any more */
bool pull_stopped(struct pull *pull);		/* true: it was to be stopped, and is over */
const struct pull_row *pull_row(const struct pull *pull, const char *ref);

#endif
