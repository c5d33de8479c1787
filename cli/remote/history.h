/*
 * What was applied to targets, when, and by whom: put together from the journal's events in their order. An agent tells of an apply when
 * it begins and when it has ended, and then tells that ending again with whatever it finds later: the first of these is an entry. A
 * revision in which the target's content has not changed is none. The push that brought the revision comes before it in the journal, and
 * who pushed before or after that.
 */
#ifndef HEADGATE_CLI_REMOTE_HISTORY_H
#define HEADGATE_CLI_REMOTE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "doc/doc.h"

/* A push, as far as it is known. */
struct history_push {
	const char *actor, *push, *repo, *ref;
};

struct history_entry {
	const char *time;		/* when it ended */
	const char *agent, *target;
	const char *revision;		/* that was applied, or was to be */
	bool failed;
	const char *why;		/* "push", "drift", "sync": somebody asked for it */
	const char *message;		/* its first line */
	int64_t added, modified, removed;
	const struct history_push *push;	/* NULL: further back than was read */
	const char *asked_by;		/* of a sync; else NULL */
};

/* Strings live in the history; NULL where nothing was told. */
struct history {
	struct hgt_arena arena;
	const char *agent, *target, *repo;	/* which are asked for: names, and a glob; NULL for all. The caller's */
	struct history_entry *entries;
	size_t n, cap;
	struct hgt_map pushes;		/* commit -> struct history_push */
	struct hgt_map targets;		/* "agent/target" -> what it told last */
	struct hgt_map commands;	/* event id -> who asked */
	struct hgt_map repos;		/* "agent/target" -> repository */
	struct hgt_arena names;		/* of repos */
};

void history_init(struct history *history, const char *agent, const char *target, const char *repo);
void history_release(struct history *history);

/* Forget the entries. */
void history_reset(struct history *history);

/* The agents, as GET /v1/agents lists them: which repository a target follows. */
int history_agents(struct history *history, const struct hgt_node *agents, struct hgt_error *err) HGT_MUST_CHECK;

int history_add(struct history *history, const struct hgt_node *event, struct hgt_error *err) HGT_MUST_CHECK;

#endif
