/*
 * What a push mirror has to do: ours beside theirs, for each ref. A pure function but for the one question that only a repository
 * can answer, which is asked by a callback.
 *
 *	o ours, t theirs as it was last seen, b what both were last known to have; - none
 *
 *	o = t			in step
 *	o, t -			make it: nothing is lost there
 *	t an ancestor of o	forward it: nothing is lost there
 *	t = b			ours was forced: force theirs, which is what we had put there
 *	o -, t = b		ours was deleted: delete theirs, which is what we had put there
 *	o -, b -		never ours: left alone
 *	else			diverged: theirs has what ours has not. Once somebody has accepted that, force or delete exactly what was told
 */
#ifndef HEADGATE_MIRROR_PUSH_PLAN_H
#define HEADGATE_MIRROR_PUSH_PLAN_H

#include <stdbool.h>

#include "journal/mirrors.h"
#include "mirror/remote.h"

enum hgt_push_what {
	HGT_PUSH_NOTHING,
	HGT_PUSH_MAKE,
	HGT_PUSH_FORWARD,
	HGT_PUSH_FORCE,
	HGT_PUSH_DELETE,
};

/* What is known of a ref: its row in the journal's database. Ids "" for none. */
struct hgt_push_known {
	char *ref;
	char id[41], theirs[41], ours[41];
	enum hgt_copy_ref_state state;
	int64_t since_ms;
};

struct hgt_push_item {
	char *ref;
	enum hgt_push_what what;
	char id[41];		/* what both sides had; "" never */
	char theirs[41];	/* what has to be there still, "" nothing */
	char ours[41];		/* what is to be there then, "" nothing */
	enum hgt_copy_ref_state state;	/* as it is before anything is pushed */
	const char *note;	/* why it is not in step; lives for ever */
	bool again;		/* the other side has refused exactly this before */
	bool forget;		/* neither side has it, or it is none of the mirror's any more */
	int64_t since_ms;	/* of the row; 0 */
};

/* Items in order of ref: refs with something to do, and those of which something else is known now than the row says. */
struct hgt_push_plan {
	struct hgt_push_item *items;
	size_t n, room;
	size_t waiting;		/* refs for which nothing can be done until a person does something, also those that are no items */
	char *first;		/* of these; NULL */
	const char *first_note;
};
#define HGT_PUSH_PLAN_INIT {NULL, 0, 0, 0, NULL, NULL}

struct hgt_push_sides {
	const struct hgt_tips *ours;		/* sorted, as what follows; only refs that belong to the mirror */
	const struct hgt_tips *theirs;		/* NULL: not asked; what the rows say is gone by */
	const struct hgt_push_known *known;	/* in order of ref */
	size_t n_known;
	bool accept;
	bool (*belongs)(void *ctx, const char *ref);	/* whether a ref is the mirror's; rows of others are forgotten */
	/* 1 when nothing of `ancestor` would be lost if it gave way to `id`: that has it in its history. 0: not so, or not known here. */
	int (*contains)(void *ctx, const char *id, const char *ancestor, struct hgt_error *err);
	void *ctx;
};

/* What the plan had is released. */
int hgt_push_plan_make(const struct hgt_push_sides *sides, struct hgt_push_plan *plan, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_push_plan_release(struct hgt_push_plan *plan);

/* Whether the rows leave a question that only the other side can answer: something had diverged. */
bool hgt_push_must_ask(const struct hgt_push_known *known, size_t n);

/* Whether a ref may be mirrored at all: refs/headgate/ is this side's own, and what the server keeps for itself as well. */
bool hgt_push_is_own(const char *ref);

/* Arguments of git for an item, two at the most: a lease where git's own rule would not do, and the refspec. */
void hgt_push_lease(const struct hgt_push_item *item, struct hgt_buf *out);	/* nothing where none is needed */
void hgt_push_refspec(const struct hgt_push_item *item, struct hgt_buf *out);

#endif
