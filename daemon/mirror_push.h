/* What the parts of the way "push" share: mirror_push.c (the turn), mirror_push_look.c (what is to be done), mirror_push_send.c (doing
 * it). */
#ifndef HEADGATE_DAEMON_MIRROR_PUSH_H
#define HEADGATE_DAEMON_MIRROR_PUSH_H

#include "daemon/mirror.h"
#include "mirror/push_plan.h"

/* What has become of an item of the plan. */
enum push_fate {
	FATE_OPEN,	/* not sent, or what became of it is not known */
	FATE_DONE,
	FATE_OVERTAKEN,
	FATE_REFUSED,
	FATE_REFUSED_ALL,	/* with the others of its push */
};

/* Items of the plan that go in one run of git. */
struct push_batch {
	TAILQ_ENTRY(push_batch) entry;
	size_t n;
	size_t items[];		/* indexes into the plan, in order */
};

struct push {
	struct turn *turn;
	struct mirror_run *run;		/* while one runs */
	struct hgt_error err;		/* why it fails; code 0: it does not */

	/* What there is. While a worker looks these are its own. */
	struct hgt_tips ours, theirs;
	struct hgt_push_known *known;	/* the rows, in order of ref */
	size_t n_known, known_room;
	bool listed;			/* ours and known are there */
	bool asked;			/* theirs is */
	bool all_asked;			/* and it has all that belongs to the mirror */
	struct hgt_tips only;		/* from the second time on, these refs alone, which were overtaken; none: all */
	struct hgt_tips overtaken;
	struct hgt_push_plan plan;

	/* What is being done. */
	enum push_fate *fates;		/* of the plan's items */
	char **notes;			/* why one is refused; NULL */
	TAILQ_HEAD(, push_batch) batches;
	struct push_batch *batch;	/* the one that runs */
	void (*sent)(struct push *push);
	uint64_t bytes;			/* of this run, as git says */
	unsigned splits;		/* runs that there are because the other side takes all or nothing */
	size_t taken;			/* refs that it has taken */
	unsigned rounds;		/* of asking and sending */

	/* What has come of it. */
	size_t waiting, refused;
	char *first_waiting, *first_refused;	/* with its note, as a sentence */
};

/* mirror_push_look.c: on a worker, list what is here and known (once) and make the plan, unless the other side has to be asked first;
 * then `looked` on the loop. code 1: it has to be asked. */
int push_look(struct push *push, void (*looked)(struct push *push, int code), struct hgt_error *err) HGT_MUST_CHECK;
/* Whether a ref is the mirror's, and one of those that this time is about. */
bool push_wants(const struct push *push, const char *ref);

/* mirror_push_send.c: send what the plan says, then `sent`, which may be at once. push->err says whether it failed. */
void push_send(struct push *push, void (*sent)(struct push *push));
void push_drop_batches(struct push *push);

#endif
