/*
 * The agent as one object: who owns what. Built by main, torn down in reverse.
 *
 * Threads: the loop; up to `parallel` workers at which drivers run, one job a target at a time; and one that saves states, which no
 * driver keeps waiting. All are started when they are needed.
 */
#ifndef HEADGATE_AGENT_RUNNER_H
#define HEADGATE_AGENT_RUNNER_H

#include <stdbool.h>

#include "agent/state.h"
#include "agent/turns.h"
#include "config/config.h"

struct event;
struct event_base;
struct hgt_workers;

struct runner {
	const struct hgt_agent_config *config;
	struct event_base *base;
	struct hgt_workers *workers, *saver;
	struct event *workers_event, *saver_event;
	struct turns turns;		/* at the workers */
	int stop_looks, stop_applies;	/* eventfds: readable once comparisons, and applies too, are to end */
	struct caller *caller;		/* call.h */
	struct feed *feed;		/* feed.h */
	struct health *health;		/* health.h; NULL where the config names no port */
	struct target **targets;	/* target.h; config->n_targets of them */
	int lock;
	char instance[STATE_INSTANCE_HEX + 1];
	bool once;			/* converge, then end */
	bool up;			/* the stream is open */
	bool told;			/* the daemon has told where every ref is */
	bool stopping;
	bool ending;			/* applies too */
	struct event *signals[2], *deadline, *apply_deadline;
	int exit_code;
};

/* HGT_EPERM, HGT_ECONFLICT... with one line that says what to do. */
int runner_new(const struct hgt_agent_config *config, bool once, struct runner **out, struct hgt_error *err) HGT_MUST_CHECK;

/* Runs until it is told to stop, or with `once` until every target is as it can be; an exit code. */
int runner_run(struct runner *runner);
void runner_free(struct runner *runner);

/* Something has come to an end: look whether all has. */
void runner_settle(struct runner *runner);

#endif
