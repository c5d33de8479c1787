/*
 * What a pull does about each ref: upstream's tips beside ours and beside what upstream had when it was last followed. A pure function:
 * who asks has the tips, and answers what only the repository knows.
 *
 *	struct hgt_pull_plan plan = {0};
 *	hgt_pull_plan_make(&(struct hgt_pull){.theirs = ..., ...}, &plan, &err);
 *	...plan.items, in order of ref...
 *	hgt_pull_plan_release(&plan);
 *
 * What holds for all that it says: a ref is moved only from where it was seen here; what is not contained in upstream's new value is kept
 * under refs/headgate/kept/ unless on_force or on_delete say `follow` and it had come from upstream; what was made here is given up only
 * by `accept`; a ref that upstream never had is left alone.
 */
#ifndef HEADGATE_MIRROR_PULL_PLAN_H
#define HEADGATE_MIRROR_PULL_PLAN_H

#include "base/arena.h"
#include "config/config.h"
#include "journal/mirrors.h"
#include "mirror/remote.h"

/* The longest name of a ref that is followed, and the longest part of one: what is kept of it gets a longer name. */
#define HGT_PULL_REF_MAX 1024
#define HGT_PULL_PART_MAX 200

struct hgt_pull_item;

/* What only the repository can tell. Negative with err set: the plan fails. */
struct hgt_pull_asks {
	/* 1: `ancestor` is reachable from `id`, or is it. Objects that are no commits have only themselves. */
	int (*contains)(void *ctx, const char *id, const char *ancestor, struct hgt_error *err);
	/* 1: some commit is reachable from one of theirs and from one of ours. */
	int (*related)(void *ctx, const char *const *theirs, size_t n_theirs, const char *const *ours, size_t n_ours,
		struct hgt_error *err);
	/* 1: what is here came from upstream by this mirror, whatever is known of it: a turn was cut before that was written down. */
	int (*came_from_there)(void *ctx, const char *id, struct hgt_error *err);
	/* Why `ref` cannot become `id` here, or NULL; it lives as long as the plan does. */
	const char *(*unfit)(void *ctx, const char *ref, const char *id);
	/* Why a move that would be made has been refused before, and is not to be tried again, or NULL; the same of its life. */
	const char *(*refused)(void *ctx, const struct hgt_pull_item *item);
	void *ctx;
};

struct hgt_pull {
	const struct hgt_tips *theirs;	/* sorted, each name once; what is not to be followed is passed over */
	const struct hgt_tips *ours;	/* sorted: all refs here but Headgate's own */
	const struct hgt_tips *known;	/* sorted: what upstream had of each when it was last followed */
	const struct hgt_strings *refs;	/* which are followed */
	enum hgt_mirror_rule on_force, on_delete;
	unsigned guard;
	bool accept;			/* somebody has decided: what is diverged or held goes the way of upstream, and is kept */
	struct hgt_pull_asks asks;
};

enum hgt_pull_what {
	HGT_PULL_IN_STEP,
	HGT_PULL_CREATE,
	HGT_PULL_FORWARD,
	HGT_PULL_FORCE,		/* theirs does not contain ours */
	HGT_PULL_DELETE,
	HGT_PULL_LEAVE,		/* it is not in step and stays so: state and note say why */
	HGT_PULL_FORGET,	/* neither side has it any more */
};

/* Strings live as long as the plan and the tips. */
struct hgt_pull_item {
	const char *ref;
	const char *theirs, *ours, *known;	/* ids; "" none */
	enum hgt_pull_what what;
	bool keep;			/* ours is kept under another name first */
	bool by_rule;			/* FORCE, DELETE: on_force and on_delete have decided, and the guard counts it */
	enum hgt_copy_ref_state state;	/* of LEAVE */
	const char *note;
};

struct hgt_pull_plan {
	struct hgt_arena arena;
	struct hgt_pull_item *items;
	size_t n;
	bool deletes_first;	/* a name that is to be made is in the way of one that goes: git does not do that in one step */
	const char *held;	/* why nothing moves, or NULL */
};

/* On failure the plan is to be released all the same. HGT_EPARSE: upstream has a name twice. */
int hgt_pull_plan_make(const struct hgt_pull *pull, struct hgt_pull_plan *plan, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_pull_plan_release(struct hgt_pull_plan *plan);

/* Whether the plan moves this one. */
bool hgt_pull_moves(const struct hgt_pull_item *item);

/* Leave an item as it is: why is copied. */
int hgt_pull_leave(struct hgt_pull_plan *plan, struct hgt_pull_item *item, enum hgt_copy_ref_state state, const char *why,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
