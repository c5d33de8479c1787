/*
 * What becomes of a change on the targets that it is for: watched from the agents' reports for whoever waits, a hook (hook_wait.h) or a
 * request (api_rollout.c). lib/rollout has the words.
 *
 *	rollout_open(daemon->rollouts, &spec, &rollout, &err);
 *	(moved is called: each target of rollout_next whose `changed` is above what has been told; rollout_end)
 *	rollout_close(rollout);
 *
 * A look goes over the agents in memory and judges each target that follows one of the refs. What only the repository can tell (whether a
 * folder differs between two commits, whether a commit contains another) is asked of a git worker, once, and kept. Looks follow what the
 * journal is told, a few milliseconds later, and a beat while somebody waits, which finds agents that have come or gone. Nobody waits:
 * nothing is done.
 */
#ifndef HEADGATE_DAEMON_ROLLOUT_H
#define HEADGATE_DAEMON_ROLLOUT_H

#include "daemon/daemon.h"
#include "rollout/rollout.h"

struct hgt_journal_row;
struct hgt_json;
struct rollout;
struct rollouts;
struct scope;

int rollouts_new(struct daemon *daemon, struct rollouts **out, struct hgt_error *err) HGT_MUST_CHECK;

/* All rollouts are closed, and no git worker runs. NULL is fine. */
void rollouts_free(struct rollouts *rollouts);

/* A row is on disk. rollouts NULL: nothing. */
void rollouts_published(struct rollouts *rollouts, const struct hgt_journal_row *row);

/* End all, as HGT_ROLLOUT_LEFT; none begins after that. NULL is fine. */
void rollouts_stop(struct rollouts *rollouts);

/* Numbers: of now, and since the start. */
struct rollouts_stats {
	uint64_t open;
	uint64_t opened, refused;	/* for want of room */
	uint64_t looks;		/* at the agents */
	uint64_t questions;	/* of a git worker: jobs */
};
void rollouts_stats(const struct rollouts *rollouts, struct rollouts_stats *out);

/* A ref that has moved. */
struct rollout_move {
	const char *ref;
	const char *old_id;	/* only targets whose folder differs between the two are concerned; NULL: all that follow the ref, as
				 * long as it contains new_id, and one that has the same content has it as well */
	const char *new_id;	/* a whole id; where old_id is NULL what revparse would take may do, if spec.resolves */
};

struct rollout_spec {
	const char *repo;
	const struct rollout_move *moves;	/* copied; those that no target follows are left out */
	size_t n_moves;
	const char *revision;		/* in place of moves: on each ref that a target follows, or, where it is given, on `ref` alone */
	const char *ref;
	bool resolves;
	const struct scope *scope;	/* targets outside are none; NULL: all. Referenced */
	int64_t wait_ms;		/* then it ends as HGT_ROLLOUT_TIMEOUT */
	void (*moved)(void *ctx);	/* something is to be told; may close the rollout. Never called within rollout_open */
	void *ctx;
};

/* HGT_ENOENT: no such repository; HGT_EUNAVAILABLE: it cannot be read, as many wait as may (limits.waits), or the daemon stops. */
int rollout_open(struct rollouts *rollouts, const struct rollout_spec *spec, struct rollout **out,
	struct hgt_error *err) HGT_MUST_CHECK;
void rollout_close(struct rollout *rollout);	/* NULL is fine */

struct rollout_target {
	const char *agent, *target, *ref;
	enum hgt_rollout_state state;
	const char *message;	/* "" for none */
	uint64_t changed;	/* rollout_version at which it last did */
};

/* Those that are concerned, in order of agent and of what each announced: start with *pos = 0; false at the end. */
bool rollout_next(const struct rollout *rollout, size_t *pos, struct rollout_target *out);

/* Goes up with each change. 0: the first look has not ended. */
uint64_t rollout_version(const struct rollout *rollout);
enum hgt_rollout_end rollout_end(const struct rollout *rollout);

/* Why it could not be looked at, of an end that is HGT_ROLLOUT_LEFT: 0, or a negative code with its error. HGT_ENOENT: no such
 * revision. */
int rollout_trouble(const struct rollout *rollout, const struct hgt_error **err);

/* Members of an object: "repo", "moves", "count", "width"; and an object for one target. */
void rollout_write_head(const struct rollout *rollout, struct hgt_json *json);
void rollout_write_target(const struct rollout_target *target, struct hgt_json *json);

#endif
