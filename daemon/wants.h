/*
 * Who wants what: an index from repository, ref and path to the wants of subscribers, so that an event finds those it is for
 * without looking at any other.
 *
 *	group	one (repository, ref, type) as it was asked for. A name is found by hash; patterns are tried one by one, each distinct
 *		one once.
 *	node	one path below a group, and each folder on the way to it. A changed path is walked from its first component on,
 *		until no node goes further: what it passes is told.
 */
#ifndef HEADGATE_DAEMON_WANTS_H
#define HEADGATE_DAEMON_WANTS_H

#include <stdbool.h>
#include <sys/queue.h>

#include "event/event.h"

struct row;
struct wants;
struct want_node;

/* One thing to be told of. */
struct hub_want {
	bool exact;	/* filter.repo and filter.ref are names, not globs; only ref.updated */
	struct hgt_filter filter;
};

/* A want in the index; within its owner. */
struct want {
	LIST_ENTRY(want) entry;		/* of its node */
	struct want_node *node;
	void *owner;
};

int wants_new(struct wants **out, struct hgt_error *err) HGT_MUST_CHECK;

/* When no want is left. NULL is fine. */
void wants_free(struct wants *wants);

/* spec is copied. On an error the want is not there. */
int wants_add(struct wants *wants, const struct hub_want *spec, void *owner, struct want *want,
	struct hgt_error *err) HGT_MUST_CHECK;
void wants_remove(struct wants *wants, struct want *want);

/* What it asks for, borrowed. */
struct hub_want want_spec(const struct want *want);

/* Whether a row is what it wants: the same answer as wants_find gives, for one. */
enum hgt_match want_match(const struct want *want, struct row *row);

/* Every want that a row is for, each once: first all of HGT_MATCH_YES, then, where the row's list of paths was cut, those for which
 * the trees must decide (HGT_MATCH_ASK). An owner of several wants may be named several times. cb must not change the index. */
typedef void (*wants_cb)(void *ctx, struct want *want, enum hgt_match match);
void wants_find(struct wants *wants, struct row *row, wants_cb cb, void *ctx);

/* How much there is of it. */
struct wants_stats {
	size_t groups, nodes;
};
void wants_stats(const struct wants *wants, struct wants_stats *out);

#endif
