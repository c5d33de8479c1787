/*
 * A target: what the config wants kept up to date, as one state machine.
 *
 *	IDLE --a revision we lack, or drift, or a command--> FETCHING --200--> READY --its turn--> APPLYING --> IDLE
 *	 |  \                                                   \--304, failure--> IDLE \--it may not act--> COMPARING
 *	 |   \--it is time, and its turn--> COMPARING --> IDLE
 *
 * target_drive looks at what is and what should be, and takes the next step; every callback ends in it. So a revision that comes while
 * another is on its way takes its place, and one that comes while another is applied simply is what should be when that one has ended.
 * Reports leave on the side, one after the other: they are in the state until the daemon has acknowledged them. Commands are in the state
 * before they are acknowledged, and until they are done.
 */
#ifndef HEADGATE_AGENT_TARGET_H
#define HEADGATE_AGENT_TARGET_H

#include <stdbool.h>

#include "config/config.h"

struct feed_command;
struct runner;
struct target;

int target_new(struct runner *runner, const struct hgt_agent_target *config, struct target **out, struct hgt_error *err) HGT_MUST_CHECK;

/* No job of it may be on a worker. */
void target_free(struct target *target);

/* The daemon is about to tell all refs; has told one; has told all. */
void target_begin(struct target *target);
void target_ref(struct target *target, const char *repo, const char *ref, const char *id);
void target_complete(struct target *target);

/* Somebody asks something of it, maybe not for the first time (feed.h). */
void target_command(struct target *target, const struct feed_command *command);

/* Take the next step. */
void target_drive(struct target *target);

/* Nothing more to do by itself right now; then: it is as it should be, and the daemon has all its reports. */
bool target_is_settled(struct target *target);
bool target_is_synced(const struct target *target);
bool target_is_heard(const struct target *target);

/* A job on a worker, or a word to the daemon on its way; an apply among them. */
bool target_is_busy(const struct target *target);
bool target_is_applying(const struct target *target);

/* Take no further step: a fetch is given up, what is on a worker ends, a report may still get its answer. */
void target_stop(struct target *target);

/* Wait for no answer to a report any more. */
void target_abandon(struct target *target);

#endif
