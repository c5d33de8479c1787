/*
 * What the agent knows across a restart.
 *
 *	<state>/lock				held while an agent runs
 *	<state>/instance			a random id, made once
 *	<state>/targets/<name>/state.json	below; replaced by rename
 *	<state>/targets/<name>/files		the list of what the target holds because of us (manifest.h)
 */
#ifndef HEADGATE_AGENT_STATE_H
#define HEADGATE_AGENT_STATE_H

#include <stdbool.h>

#include "base/digest.h"
#include "git/update.h"

#define STATE_INSTANCE_HEX 32

/* Make the folders, take the lock, read or make the instance id. *lock is the caller's to close. HGT_ECONFLICT: another agent runs with
 * this state. */
int state_open(const char *folder, int *lock, char instance[STATE_INSTANCE_HEX + 1], struct hgt_error *err) HGT_MUST_CHECK;

struct state_reports {
	char **items;	/* JSON texts, the oldest first */
	size_t n;
};

/* A command of the daemon that the agent has: told again, it is known by its id. */
#define STATE_COMMAND_ID_MAX 127	/* bytes */
struct state_command {
	char id[STATE_COMMAND_ID_MAX + 1];
	bool acknowledged;	/* the daemon knows that we have it */
	uint64_t save;		/* not stored: the save after which it may be acknowledged */
};

/* A sync that somebody has asked for and that has not come to its end. */
struct state_request {
	char id[STATE_COMMAND_ID_MAX + 1];
	char revision[HGT_OID_HEX_SHA256 + 1];	/* "": where the ref is */
};

/* So many of each. The daemon has 64 at the most that are not acknowledged. */
#define STATE_COMMANDS_MAX 128
#define STATE_REQUESTS_MAX 128

/*
 * One target's, where `into` is its place (driver.h): {"v":1,"into":..,"repo":..,"applied":..,"tree":..,"recipe":..,"after_due":..,
 * "suspended":..,"pin":..,"pin_ref":..,"commands":[{"id":..,"acknowledged":..}],"requests":[{"id":..,"revision":..}],"reports":[..]}
 */
struct state {
	char applied[HGT_OID_HEX_SHA256 + 1];	/* the revision whose content the target got; "" for none */
	char tree[HGT_OID_HEX_SHA256 + 1];	/* its tree, as the archive's ETag names it; "" for none */
	char recipe[HGT_SHA256_HEX];		/* a digest of what the config said of it then (config.h: recipe); "" when it is not known */
	bool unfinished;			/* an apply was begun whose end has not been heard: what it ends with has to run */
	bool suspended;				/* it is not to act by itself */
	char pin[HGT_OID_HEX_SHA256 + 1];	/* a revision that was asked for, in place of where the ref is; "" for none */
	char pin_ref[HGT_OID_HEX_SHA256 + 1];	/* ... as long as the ref is here */
	bool moved;				/* what was stored was about another place */
	struct state_command *commands;		/* the oldest first */
	size_t n_commands;
	struct state_request *requests;		/* in the order in which they were made; the first is the one at hand */
	size_t n_requests;
	struct state_reports reports;		/* not yet acknowledged by the daemon */
};

void state_init(struct state *state);
void state_release(struct state *state);

/* Read it; none there is an empty one, and so is one for another place (driver.h); of another repository only the tree holds.
 * HGT_ECORRUPT when it cannot be understood. */
int state_load(struct state *state, const char *file, const char *place, const char *repo, struct hgt_error *err) HGT_MUST_CHECK;

void state_write(const struct state *state, const char *place, const char *repo, struct hgt_buf *out);

/* Add a report (a heap string, taken), or drop the oldest. Past STATE_REPORTS_MAX the second oldest goes (the oldest may be on its way):
 * they tell a state, and the newest tells most. */
#define STATE_REPORTS_MAX 32
int state_add_report(struct state *state, char *report, struct hgt_error *err) HGT_MUST_CHECK;
void state_drop_report(struct state *state);

/* The command of that id, or NULL. */
struct state_command *state_find_command(const struct state *state, const char *id);

/* Remember one. HGT_ELIMIT: there are too many that the daemon has not heard of, or the id is too long. */
int state_add_command(struct state *state, const char *id, struct state_command **out, struct hgt_error *err) HGT_MUST_CHECK;

/* Another sync that is asked for; the end of the first. revision: "" for where the ref is. */
int state_add_request(struct state *state, const char *id, const char *revision, struct hgt_error *err) HGT_MUST_CHECK;
void state_end_request(struct state *state);

#endif
