/*
 * What was applied to targets, when, and by whom: put together from the journal's events, which are read from the newest down, one kind
 * after the other. An agent tells of an apply when it begins and when it has ended, and then tells that ending again with whatever it finds
 * later: the first of these is an entry. A revision in which the target's content has not changed is none.
 *
 *	history_report with each agent.reported, until history_is_enough
 *	history_choose
 *	history_move with each ref.updated, history_attribution with each push.attributed, history_command with each sync.requested,
 *	each until the position is before history_needs
 */
#ifndef HEADGATE_CLI_REMOTE_HISTORY_H
#define HEADGATE_CLI_REMOTE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "doc/doc.h"

/* A push that moved a ref, as far as it is known. */
struct history_push {
	const char *actor, *push, *repo, *ref;
	uint64_t seq;
};

/* What a target follows. */
struct history_follow {
	const char *repo, *ref;
};

struct history_entry {
	uint64_t seq;			/* of the event that told it first */
	const char *time;		/* when it ended */
	const char *agent, *target;
	const struct history_follow *follows;	/* NULL: nobody announces it any more */
	const char *revision;		/* that was applied, or was to be */
	bool failed;
	const char *why;		/* "push", "drift", "sync": somebody asked for it */
	const char *message;		/* its first line */
	int64_t added, modified, removed;
	const struct history_push *push;	/* that brought the revision; NULL: further back than was read */
	const char *request;		/* the id of the command; "" for none */
	const char *asked_by;		/* of a sync; else NULL */
	struct history_entry *same;	/* another of this revision */
};

/* Strings live in the history; NULL where nothing was told. */
struct history {
	struct hgt_arena arena;
	const char *agent, *target, *repo;	/* which are asked for: names, and a glob; NULL for all. The caller's */
	size_t limit;			/* the newest so many */
	struct history_entry *entries;	/* chosen: in the order of the journal */
	size_t n, cap;
	struct hgt_map follows;		/* "agent/target" -> struct history_follow */
	struct hgt_map targets;		/* "agent/target" -> the ending that was read last */
	struct hgt_map revisions;	/* commit -> entries of it */
	struct hgt_map moves;		/* event id -> struct history_push, of which nobody said whose it was */
	size_t unmoved;			/* entries without a push */
};

void history_init(struct history *history, const char *agent, const char *target, const char *repo, size_t limit);
void history_release(struct history *history);

/* The agents, as GET /v1/agents lists them: what a target follows. */
int history_agents(struct history *history, const struct hgt_node *agents, struct hgt_error *err) HGT_MUST_CHECK;

int history_report(struct history *history, const struct hgt_node *event, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether no older report can tell of a newer entry: as far as can be told, for an ending may have been told again and again. */
bool history_is_enough(struct history *history);

/* The newest of the entries it is; nothing is reported from here on. */
int history_choose(struct history *history, struct hgt_error *err) HGT_MUST_CHECK;

int history_move(struct history *history, const struct hgt_node *event, struct hgt_error *err) HGT_MUST_CHECK;
int history_attribution(struct history *history, const struct hgt_node *event, struct hgt_error *err) HGT_MUST_CHECK;
int history_command(struct history *history, const struct hgt_node *event, struct hgt_error *err) HGT_MUST_CHECK;

/* The lowest seq at which something that is still missing may be found; UINT64_MAX: nothing is. */
uint64_t history_needs_move(const struct history *history);
uint64_t history_needs_attribution(const struct history *history);
uint64_t history_needs_command(const struct history *history);

#endif
