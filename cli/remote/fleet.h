/* The fleet as people read it: every target of every agent, the worst first. */
#ifndef HEADGATE_CLI_REMOTE_FLEET_H
#define HEADGATE_CLI_REMOTE_FLEET_H

#include "cli/remote/show.h"
#include "doc/doc.h"

/* What a target counts as, the worst first. */
enum fleet_state {
	FLEET_FAILED,		/* the last operation */
	FLEET_DEGRADED,
	FLEET_OUT_OF_SYNC,
	FLEET_UNKNOWN,		/* its agent has been away for a while, or has not reported; nothing is believed of it then */
	FLEET_PROGRESSING,
	FLEET_SYNCED,
	FLEET_STATES
};

/* An agent's target, or an agent that has none. Strings are the answer's. */
struct fleet_row {
	const char *agent, *kind;
	bool connected;
	const char *target;	/* NULL: the agent has none */
	const char *sync, *health, *operation;
	const char *desired, *applied;
	bool pinned;		/* to what a sync asked for, until the ref moves */
	const char *reported, *message;
	enum fleet_state state;
};

struct fleet {
	struct fleet_row *rows;
	size_t n;
	size_t counts[FLEET_STATES];	/* of targets */
	size_t targets, agents, away;
};

/* Of GET /v1/agents' list, which has to live as long. */
int fleet_read(const struct hgt_node *agents, struct fleet *out, struct hgt_error *err) HGT_MUST_CHECK;
void fleet_release(struct fleet *fleet);

/* Whether no target is Failed, Degraded, OutOfSync or Unknown. */
bool fleet_is_well(const struct fleet *fleet);

/* "3 targets: 1 Failed, 2 Synced; 1 of 2 agents away", a line. */
void fleet_write_counts(const struct fleet *fleet, bool color, struct hgt_buf *out);

/* The table, of the first `most` rows; what is left out is counted. */
int fleet_write(const struct fleet *fleet, size_t most, bool color, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* How a word of a report is meant. */
enum tint fleet_tint(const char *word);

#endif
