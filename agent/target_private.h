/* What the parts of a target share: target.c drives, target_fetch.c fetches, target_work.c applies and compares, target_report.c tells. */
#ifndef HEADGATE_AGENT_TARGET_PRIVATE_H
#define HEADGATE_AGENT_TARGET_PRIVATE_H

#include "agent/driver.h"
#include "agent/outcome.h"
#include "agent/pause.h"
#include "agent/runner.h"
#include "agent/state.h"
#include "agent/target.h"
#include "base/digest.h"

struct call;
struct hgt_proof;

enum target_state { TARGET_IDLE, TARGET_VERIFYING, TARGET_FETCHING, TARGET_APPLYING, TARGET_COMPARING };

struct fetch {
	struct call *call;
	char revision[HGT_OID_HEX_SHA256 + 1];
	char tree[HGT_OID_HEX_SHA256 + 1];	/* of the answer's ETag */
	char from[HGT_OID_HEX_SHA256 + 1];	/* the tree to which the differences were asked for; then, to which they are told; "" */
	int file;				/* unlinked; -1 before there is one */
	struct hgt_sha256 sha;
	struct hgt_buf digest;			/* the Repr-Digest that was promised */
	bool conditional;			/* asked with If-None-Match */
	bool asked_from;			/* asked for differences */
	struct hgt_buf proof_text;
	struct hgt_proof *proof;		/* of the revision, checked, its signature too; NULL where none is asked for */
	bool held_back;				/* the content has changed, and the target is not to follow by itself */
};

struct target {
	struct runner *runner;
	const struct hgt_agent_target *config;
	const struct driver *driver;
	enum target_state state;
	struct hgt_buf folder, state_file;	/* paths in the agent's state */
	struct hgt_buf place;			/* driver.h */
	struct state saved;
	unsigned saving;			/* saves on the worker; with one worker the newest is the last */

	/* What should be. */
	bool mentioned;				/* since target_begin */
	bool told;				/* the daemon has said where the ref is, or that it is not there */
	char desired[HGT_OID_HEX_SHA256 + 1];	/* "": the ref is not there */

	/* What is to be done about it. */
	bool drifted;				/* the target differs from what was applied */
	bool synced;				/* the last look said so, and nothing has changed since */
	bool failed;				/* the last try of `desired` failed, and has been reported */
	char settled[HGT_OID_HEX_SHA256 + 1];	/* a revision that is not to be tried (again) by itself */
	int64_t compare_at, retry_at;		/* monotonic; 0: at once, INT64_MAX: never */
	struct pause pause;
	struct event *timer;

	bool whole;				/* differences could not be applied: the next archive is to be whole */
	struct fetch fetch;
	int64_t started_ms;			/* of the operation, wall clock */

	/* Reports. */
	struct outcome last;			/* the last operation; revisions are put in anew each time */
	struct hgt_buf last_message;
	struct hgt_buf told_text;		/* the last report without its times: the same is not told twice */
	struct call *post;
	int64_t post_at;
	struct pause post_pause;
};

/* target_fetch.c: Ends in VERIFYING, FETCHING, APPLYING or IDLE. */
void target_fetch(struct target *target);
void target_fetch_archive(struct target *target);
void target_fetch_failed(struct target *target, const char *sync, const char *health, const char *message);
void target_fetch_release(struct target *target);

/* target_verify.c: that the revision is signed; then on with target_fetch_archive. */
void target_verify(struct target *target);
void target_verify_release(struct fetch *fetch);

/* Blocks: that the archive holds the very tree that was signed; then it is at its beginning again. */
int target_verify_archive(const struct fetch *fetch, struct hgt_error *err) HGT_MUST_CHECK;

/* target_work.c */
void target_apply(struct target *target);
void target_compare(struct target *target);
void target_save(struct target *target);

/* target_report.c: queue a report when it tells something new; send what is queued. */
void target_tell(struct target *target, const struct outcome *outcome);
void target_post(struct target *target);

/* target.c: a digest of what the config says of it beside the tree. */
void target_recipe(const struct target *target, char out[HGT_SHA256_HEX]);

/* target.c: the one place where the state changes. */
void target_set_state(struct target *target, enum target_state state);

/* target.c: `desired` could not be had: tried again after a pause, or not before something changes. */
void target_postpone(struct target *target);
void target_give_up(struct target *target, const char *revision);

#endif
