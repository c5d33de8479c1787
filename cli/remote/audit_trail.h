/*
 * Who pushed what, and what became of it: one entry a change, put together from the journal's events in their
 * order. A push that was refused has its findings counted by rule; a ref that moved has its actor, told later
 * (push.attributed) or at once, and the last report of every target whose agent was to bring it to that
 * commit. What was asked for besides (an agent that was added, old events removed) stands among them as an entry of its own.
 */
#ifndef HEADGATE_CLI_REMOTE_AUDIT_TRAIL_H
#define HEADGATE_CLI_REMOTE_AUDIT_TRAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "cli/remote/audit_filter.h"
#include "doc/doc.h"

enum audit_kind {
	AUDIT_UPDATED, AUDIT_REFUSED, AUDIT_SUPERSEDED,
	AUDIT_EVENT,	/* another event, which was asked for by its type or its agent: told as it is */
};

struct audit_path {
	struct audit_path *next;
	const char *path, *status;
};

struct audit_rule {
	struct audit_rule *next;
	const char *rule;
	size_t n;	/* findings of it */
};

struct audit_move {
	struct audit_move *next;
	const char *ref, *old_id, *new_id;
};

struct audit_report {
	struct audit_report *next;
	const char *agent, *target;
	const char *sync, *health, *operation, *applied, *message;
	const char *time;	/* since when it is so */
	int64_t added, modified, removed;
};

/* Strings live in the trail; NULL where nothing was told. */
struct audit_change {
	enum audit_kind kind;
	const char *event, *time, *repo;
	uint64_t seq;		/* of the event */
	int64_t time_ms;
	const char *type, *line, *json;	/* of an AUDIT_EVENT: its type, a line that tells of it, its text */
	const char *actor, *remote, *push, *source;
	bool forced;
	bool has_path;		/* one that is asked for; true when none is */
	struct audit_move *moves;	/* one; of a refused push, all it asked for */
	struct audit_path *paths;
	size_t n_paths;
	bool paths_truncated;
	int64_t errors, warnings;
	struct audit_rule *rules;
	struct audit_report *reports;
	struct audit_change *same;	/* an earlier one to the same commit */
};

struct audit_trail {
	struct hgt_arena arena;
	struct audit_filter filter;	/* its strings are the caller's */
	int64_t oldest_ms;	/* time of the first event, INT64_MAX before it */
	struct audit_change **changes;
	size_t n, cap;
	struct hgt_map by_event;	/* event id -> change */
	struct hgt_map by_commit;	/* new id -> the latest change */
	struct hgt_map repos;	/* "agent/target" -> name of its repository */
	struct hgt_arena names;	/* of repos */
};

/* filter may be NULL: everything. */
void audit_trail_init(struct audit_trail *trail, const struct audit_filter *filter);
void audit_trail_release(struct audit_trail *trail);

/* Forget the changes. */
void audit_trail_reset(struct audit_trail *trail);

/* The agents, as GET /v1/agents lists them: what they announced tells which repository a report is about. */
int audit_trail_agents(struct audit_trail *trail, const struct hgt_node *agents,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Whether the change is asked for. Only known when all events are there: who pushed and who applied it comes later. */
bool audit_trail_shows(const struct audit_trail *trail, const struct audit_change *change);

int audit_trail_add(struct audit_trail *trail, const struct hgt_node *event, struct hgt_error *err) HGT_MUST_CHECK;

#endif
