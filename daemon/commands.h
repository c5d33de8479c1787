/*
 * Commands: what operators ask of agents' targets. Each is an event and a row of the journal; the agent's stream tells of it once
 * that is on disk, and every stream after that again, until the agent says that it has it. None is ever left out or taken together
 * with another.
 *
 *	asked for --> revision looked up (a worker) --> event and row on disk (the store) --> told on the agent's stream
 *	          --> acknowledged: the row goes
 */
#ifndef HEADGATE_DAEMON_COMMANDS_H
#define HEADGATE_DAEMON_COMMANDS_H

#include "daemon/agents.h"
#include "daemon/hub.h"

struct command_spec;
struct hgt_buf;

/* Of one target that its agent has not acknowledged. */
#define COMMANDS_MAX 64

struct command_outcome {
	int code;
	const struct hgt_error *err;
	const char *name;		/* of a failure, in the HTTP API's words; NULL: its code says enough */
	const struct hgt_buf *commands;	/* a JSON array of what is on disk; NULL of a failure */
	bool connected;			/* the agent's stream is open */
};
typedef void (*commands_done_cb)(void *ctx, const struct command_outcome *outcome);

/*
 * Ask it of the agent's targets within the scope (NULL: all), in the name of `actor`: of all of them or of none. done is called later
 * or at once, with HGT_ENOENT: no such agent or target within the scope, or a revision that is none of a target's ref;
 * HGT_ECONFLICT: a target has COMMANDS_MAX already.
 */
void commands_request(struct agents *agents, const char *agent, const struct scope *scope, const struct command_spec *spec,
	const char *actor, commands_done_cb done, void *ctx);

/* The agent has the command of that id. HGT_ENOENT (told to done too): it was never given one. */
int commands_acknowledge(struct agents *agents, struct agent *agent, const struct hgt_cursor *id, agents_done_cb done, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

/* As hub_options has it; ctx: the agent. */
bool commands_notice(void *agent, uint64_t after, struct hub_notice *out);

/* From the journal, of agents that are loaded. */
int commands_load(struct agents *agents, struct hgt_error *err) HGT_MUST_CHECK;

/* The array of a target's, as GET /v1/agents shows it. */
void commands_write(const struct agent *agent, const char *target, struct hgt_json *json);

/* Numbers of now. */
struct commands_stats {
	uint64_t pending;	/* not acknowledged */
};
void commands_stats(const struct agents *agents, struct commands_stats *out);

#endif
