/*
 * The line to the daemon: announces the agent, follows its stream of events, and dials again when the line is lost, waiting longer
 * each time.
 *
 *	WAITING --timer--> ANNOUNCING --200--> DIALLING --200--> FOLLOWING
 *	   ^                   |                  |                  |
 *	   +-------------------+------------------+------------------+   any failure
 *
 * What it tells is state: after `up` the daemon first says where every ref is (or, when the line was only cut, what has
 * changed since), then what changes. Beside that it tells commands, on each new line all that have not been acknowledged, before
 * `complete`: one may be told again.
 */
#ifndef HEADGATE_AGENT_FEED_H
#define HEADGATE_AGENT_FEED_H

#include "config/config.h"

struct event_base;
struct caller;
struct feed;

/* Asked of a target, or of one that is no longer there. */
struct feed_command {
	const char *id;		/* by which it is acknowledged (POST /v1/agents/self/commands) and known again */
	const char *target;
	const char *action;	/* "sync", "suspend", "resume"; another one of a newer server */
	const char *revision;	/* of a sync: a commit's id; NULL: where the ref is */
	const char *actor, *time;
};

struct feed_listener {
	void (*up)(void *ctx);		/* the stream is open: the daemon takes requests of this agent */
	void (*down)(void *ctx, const struct hgt_error *err);
	void (*begin)(void *ctx);	/* all refs are told anew from here... */
	void (*ref)(void *ctx, const char *repo, const char *ref, const char *id);	/* id: all zero when it was deleted */
	void (*complete)(void *ctx);	/* ...to here: a ref that was not told is not there */
	void (*command)(void *ctx, const struct feed_command *command);	/* or NULL */
	void *ctx;
};

/* Starts dialling at once. All borrowed. */
int feed_new(struct event_base *base, struct caller *caller, const struct hgt_agent_config *config, const char *instance,
	const struct feed_listener *listener, struct feed **out, struct hgt_error *err) HGT_MUST_CHECK;
void feed_free(struct feed *feed);

#endif
