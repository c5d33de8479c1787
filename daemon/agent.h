/* One agent in memory: who it is, what it may see, what it announced and reported last. agents.h has them all. */
#ifndef HEADGATE_DAEMON_AGENT_H
#define HEADGATE_DAEMON_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "daemon/brief.h"
#include "daemon/command.h"
#include "daemon/guard.h"
#include "daemon/secret.h"
#include "headgate/protocol.h"

struct hgt_json;
struct hgt_node;
struct scope;
struct subscriber;

struct agent_target {
	char *name, *repo, *ref, *path, *driver, *sync;	/* all in the name's piece of memory */
	char *report;		/* the last one, JSON; NULL when there is none */
	struct brief brief;	/* of it */
	int64_t reported_ms;
	uint32_t compare_every;	/* seconds; 0: never, or it has not said */
	uint64_t report_seq;	/* of its event; 0 for one that was there before the daemon */
};

/* Others read it; agents.c alone changes it. Counted: a request keeps its agent while it is removed. */
struct agent {
	unsigned refs;
	bool pending;		/* its row is not on disk yet: it cannot log in */
	bool removed;
	char name[HGT_NAME_MAX + 1];
	char kind[16];
	char *allow_text;	/* JSON array */
	char **allow;		/* the same, globs */
	size_t n_allow;
	struct scope *scope;	/* the same, and what it may see of refs and paths */
	char *certificate;	/* the name in the certificate by which it is known; NULL: it has a token */
	struct secret secret;
	int64_t created_ms, seen_ms;
	char *instance, *version, *host;	/* what it announced last; version and host may be NULL */
	struct agent_target *targets;
	size_t n_targets;
	struct command_list commands;	/* that it has not acknowledged: commands.h's */
	struct subscriber *stream;	/* open, or NULL */
	struct client_load load;	/* what it has open and asks for */
	unsigned stream_generation;	/* of the secret that it was opened with */
	struct event *old_ends;		/* when the replaced secret no longer holds; NULL: there is none */
	char *remote;			/* the address of that stream */
	uint64_t told;			/* when there is none: what the last one had been told of up to; 0 unknown */
	uint64_t next_seq;		/* a row of the journal, and when it was written: agent_lag.c's, so that it is read once */
	int64_t next_ms;
	int64_t allowance;		/* bytes of reports that it may have journaled at once, as of allowance_ms */
	int64_t allowance_ms;		/* monotonic */
};

/* An agent that has announced nothing, with one reference; NULL when memory runs out. */
struct agent *agent_new(const char *name, const char *kind, char *const *allow, size_t n_allow);
struct agent *agent_ref(struct agent *agent);
void agent_unref(struct agent *agent);	/* NULL is fine */

/* What of refs and paths it may see, "refs" and "paths" of an object (NULL for all), and the name in its certificate ("" for
 * none). Once, before anyone knows of it. */
int agent_set_access(struct agent *agent, const struct hgt_node *object, const char *certificate,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Whether the agent may see a repository. */
bool agent_may_see(const struct agent *agent, const char *repo);

/* The target of that name, or NULL. */
struct agent_target *agent_target(const struct agent *agent, const char *name);

/* Take over what was announced, as `info` says it. Reports stay with the targets' names. *changed: the targets are others now. */
int agent_set_info(struct agent *agent, const char *instance, const char *info, bool *changed,
	struct hgt_error *err) HGT_MUST_CHECK;

/* HGT_ECONFLICT when the stream of another instance is open; the message names its address. */
int agent_check_instance(const struct agent *agent, const char *instance, struct hgt_error *err) HGT_MUST_CHECK;

/* Take a report of so many bytes off the agent's allowance; false when that is used up for now. */
bool agent_spend(struct agent *agent, size_t bytes, int64_t now_ms);

/* Whether what the target last reported is too old to go by: its agent is away for longer than three of its comparisons take, and than
 * `after` seconds. */
bool agent_target_is_stale(const struct agent *agent, const struct agent_target *target, uint32_t after, int64_t now_ms);

/* What of agents is shown: to whom may see `scope` (NULL: all), and whether the reports are brief. */
struct agent_view {
	const struct scope *scope;
	bool brief;
	uint32_t stale_after;	/* as the config says */
};

/* A report that has come, as the target's last one, which it takes. */
void agent_target_set_report(struct agent_target *target, char *report, int64_t reported_ms);

/* As GET /v1/agents shows it. False, with nothing written, when nothing of the agent is to be seen. */
bool agent_write(const struct agent *agent, const struct agent_view *view, struct hgt_json *json);

#endif
