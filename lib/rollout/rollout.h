/*
 * What has become of one target since a revision was asked for: judged from its agent's last report, in the words that a pusher and
 * `headgate wait` are told. teller.h makes lines of them.
 */
#ifndef HEADGATE_ROLLOUT_ROLLOUT_H
#define HEADGATE_ROLLOUT_ROLLOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "git/update.h"

struct hgt_node;

enum hgt_rollout_state {
	HGT_ROLLOUT_PENDING,	/* nothing is known to have begun */
	HGT_ROLLOUT_RUNNING,
	HGT_ROLLOUT_SYNCED,	/* it has the revision, or a newer one that contains it */
	HGT_ROLLOUT_FAILED,
	HGT_ROLLOUT_WAITING,	/* does nothing by itself: manual, suspended, outside its window */
	HGT_ROLLOUT_AWAY,	/* its agent is not connected */
	HGT_ROLLOUT_OVERTAKEN,	/* the ref has gone on without the revision */
	HGT_ROLLOUT_STATES
};

/* "pending", "running"...; and back, -1 when it is none. */
const char *hgt_rollout_state_name(enum hgt_rollout_state state);
int hgt_rollout_state_parse(const char *name);

/* How it has ended, or that it has not. */
enum hgt_rollout_end {
	HGT_ROLLOUT_GOES_ON,
	HGT_ROLLOUT_CONVERGED,		/* all are synced; there is at least one */
	HGT_ROLLOUT_NOBODY,		/* no target takes the change */
	HGT_ROLLOUT_HAS_FAILED,		/* on one at least */
	HGT_ROLLOUT_HAS_STOPPED,	/* those that are not synced wait for somebody, or have been overtaken */
	HGT_ROLLOUT_TIMEOUT,
	HGT_ROLLOUT_LEFT,		/* the daemon stops, or nobody can tell any more */
	HGT_ROLLOUT_ENDS
};

/* "converged", "nobody", "failed", "stopped", "timeout", "left"; NULL for one that goes on. And back:
 * HGT_ROLLOUT_GOES_ON when it is none. */
const char *hgt_rollout_end_name(enum hgt_rollout_end end);
enum hgt_rollout_end hgt_rollout_end_parse(const char *name);

/* By how many targets are in each state. */
enum hgt_rollout_end hgt_rollout_end_of(const size_t counts[HGT_ROLLOUT_STATES]);

/* What a target is called, appended and escaped: "web1/site", with a ref "web1/site (main)". */
void hgt_rollout_name(const char *agent, const char *target, const char *ref, struct hgt_buf *out);

/* A ref as people say it, appended and escaped: "main", "tags/v1", else the whole name. */
void hgt_rollout_ref(const char *ref, struct hgt_buf *out);

#define HGT_ROLLOUT_MESSAGE_MAX 240	/* bytes of a report's message that are told; more is cut */

/* What of a report counts. */
struct hgt_rollout_report {
	bool synced, degraded, progressing, suspended;
	bool running, failed, pending;	/* the operation */
	char desired[HGT_OID_HEX_SHA256 + 1], applied[HGT_OID_HEX_SHA256 + 1];	/* "" for none */
	int64_t next_ms;		/* when the target acts by itself; 0: not said */
	struct hgt_buf message;		/* its first line */
};

void hgt_rollout_report_init(struct hgt_rollout_report *report);
void hgt_rollout_report_release(struct hgt_rollout_report *report);

/* Read a report (docs/design.md, "Report"); one that says nothing of some field leaves it as nothing. */
int hgt_rollout_report_read(const struct hgt_node *node, struct hgt_rollout_report *out, struct hgt_error *err) HGT_MUST_CHECK;

struct hgt_rollout_facts {
	const char *agent, *target, *ref;
	bool connected, manual;
	int64_t seen_ms;		/* when the agent was last there; 0: never */
	const struct hgt_rollout_report *report;	/* NULL: there is none */
	bool has_desired, has_applied;	/* whether the report's revisions contain the one that is waited for */
	bool overtaken;			/* the ref's tip does not */
	const char *tip;		/* of the ref; "" when it is gone */
	int64_t now_ms;			/* wall clock */
};

/* The state, and a sentence that says more of it, appended; nothing where there is no more to say. */
enum hgt_rollout_state hgt_rollout_judge(const struct hgt_rollout_facts *facts, struct hgt_buf *message);

#endif
