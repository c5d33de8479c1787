/*
 * What the parts of a target share: target.c drives, target_wish.c knows what should be and when, target_fetch.c fetches, target_verify.c asks who has
 * signed, target_explain.c shows how it differs, target_work.c
 * applies and compares, target_report.c says what became of it, target_post.c tells the daemon, target_save.c keeps the state,
 * target_watch.c hears of changes.
 */
#ifndef HEADGATE_AGENT_TARGET_PRIVATE_H
#define HEADGATE_AGENT_TARGET_PRIVATE_H

#include "agent/driver.h"
#include "agent/outcome.h"
#include "agent/pause.h"
#include "agent/runner.h"
#include "agent/state.h"
#include "agent/target.h"
#include "agent/turns.h"
#include "base/digest.h"

struct call;
struct hgt_proof;
struct work;

enum target_state { TARGET_IDLE, TARGET_VERIFYING, TARGET_FETCHING, TARGET_READY, TARGET_APPLYING, TARGET_COMPARING };

struct fetch {
	struct call *call;
	char revision[HGT_OID_HEX_SHA256 + 1];
	char request[STATE_COMMAND_ID_MAX + 1];	/* the command that it is for; "" for none */
	char ref[HGT_OID_HEX_SHA256 + 1];	/* where the ref was when it was begun */
	char tree[HGT_OID_HEX_SHA256 + 1];	/* of the answer's ETag */
	char from[HGT_OID_HEX_SHA256 + 1];	/* the tree to which the differences were asked for; then, to which they are told; "" */
	int file;				/* unlinked; -1 before there is one */
	struct hgt_sha256 sha;
	struct hgt_buf digest;			/* the Repr-Digest that was promised */
	bool conditional;			/* asked with If-None-Match */
	bool asked_from;			/* asked for differences */
	struct hgt_buf proof_text;
	struct hgt_proof *proof;		/* of the revision, checked, its signature too; NULL where none is asked for */
	bool explain;				/* of what was applied, to show how the target differs from it */
};

/* The state's way to the disk: one save at a time, of what is then the newest. */
struct save {
	bool running;
	uint64_t asked, at_work, written, failed;	/* numbers of saves: the newest that was asked for, ... */
	int64_t again_at;				/* monotonic; 0: the last went well */
};

/* target_watch.c */
struct watch {
	int fd;			/* of inotify; -1: none */
	struct event *event;
	bool stale;		/* its folders may be others by now */
	bool never, off;	/* it is not to be watched; it cannot be as long as nothing is applied anew */
	bool said;
	bool heard;		/* of a change, since a difference was explained */
	struct pause pause;	/* from a change to the look: longer where looks find nothing */
	int64_t quiet_at;
};

struct target {
	struct runner *runner;
	const struct hgt_agent_target *config;
	const struct driver *driver;
	enum target_state state;
	struct turn turn;			/* at a driver */
	struct hgt_buf folder, state_file;	/* paths in the agent's state */
	struct hgt_buf place;			/* driver.h */
	struct state saved;
	struct save save;

	struct watch watch;

	/* What should be. */
	bool mentioned;				/* since target_begin */
	bool told;				/* the daemon has said where the ref is, or that it is not there */
	char desired[HGT_OID_HEX_SHA256 + 1];	/* "": the ref is not there */
	struct {
		int64_t from, until;		/* wall clock: between these it is as `open` says */
		bool open;
	} window;

	/* What is to be done about it. */
	bool drifted;				/* the target differs from what was applied */
	bool synced;				/* the last look said so, and nothing has changed since */
	bool failed;				/* the last try of what is wanted failed, and has been reported */
	bool in_vain;				/* ... and it was an apply */
	bool puzzled;				/* it is to be explained how the target differs, before that is told */
	bool unexplained;			/* that was tried in vain */
	struct {
		uint64_t differing;		/* 0: there is none */
		struct hgt_buf difference, diff;
		bool cut;
		uint64_t redacted;
	} explained;				/* the last explanation */
	bool again;				/* another look is to follow the one that runs */
	char settled[HGT_OID_HEX_SHA256 + 1];	/* a revision that is not to be tried (again) by itself */
	char held[HGT_OID_HEX_SHA256 + 1];	/* a revision of which was told that it waits for somebody, or for a window */
	char held_tree[HGT_OID_HEX_SHA256 + 1];	/* its tree, where there is a checkout of it */
	int64_t compare_at, retry_at;		/* monotonic; 0: at once, INT64_MAX: never */
	bool backing_off;			/* retry_at is so because something failed */
	struct pause pause;
	struct event *timer;

	bool whole;				/* differences could not be applied: the next archive is to be whole */
	struct fetch fetch;
	int64_t started_ms;			/* of the operation, wall clock */
	struct work *work;			/* an apply that begins once save `mark` is on disk */
	uint64_t mark;
	bool was_unfinished;			/* before that */

	/* Reports. */
	struct outcome last, failure;		/* the last operations that went well and that did not; revisions are put in anew each time */
	struct hgt_buf last_message, failure_message, failure_output;
	char last_request[STATE_COMMAND_ID_MAX + 1];	/* the command behind what is told */
	struct hgt_buf told_text;		/* the last report without its times: the same is not told twice */
	struct call *post;
	int64_t post_at;
	struct pause post_pause;

	/* Commands that are to be acknowledged. */
	struct call *ack;
	char acking[STATE_COMMAND_ID_MAX + 1];
	int64_t ack_at;
	struct pause ack_pause;
};

/* target_wish.c */

/* The revision that the target should have; "" when there is none. */
const char *target_wanted(const struct target *target);

/* That is another than was applied. */
bool target_is_pending(const struct target *target);

/* The sync that was asked for and is to be done now, or NULL. */
const struct state_request *target_request(const struct target *target);

/* Whether it may be changed now; else why not, in words for people. */
bool target_may_act(struct target *target);
const char *target_held_by(struct target *target);

/* When there is something to be done about it and it may be done, on the monotonic clock; INT64_MAX: never. */
int64_t target_acts_at(struct target *target);

/* Whether content is to be fetched (from retry_at on), be it to apply it or to tell what waits. */
bool target_wants_content(struct target *target);
bool target_wants_compare(const struct target *target);

/* The operation of `fetch` has come to its end: what was asked for is answered. To be saved together with the report that tells it. */
void target_answer(struct target *target, bool well);

/* `desired` could not be had: tried again after a pause, or not before something changes. */
void target_postpone(struct target *target);
void target_give_up(struct target *target, const char *revision);

/* target_fetch.c: Ends in VERIFYING, FETCHING, READY or IDLE. */
void target_fetch(struct target *target);
void target_fetch_archive(struct target *target);

/* It has come to nothing, and what for: tried again after a pause, or not before something changes. sync and health: words of the report. */
void target_fetch_failed(struct target *target, bool permanent, const char *sync, const char *health, const char *message);
void target_fetch_release(struct target *target);

/* target_explain.c: how the target differs is shown line by line by drivers that need the applied tree for it. */
bool target_may_explain(const struct target *target);
void target_fetch_explain(struct target *target);
void target_explain_failed(struct target *target, const char *reason);

/* A look has found differences: true when they are to be explained first; else the result has what is known. */
bool target_is_puzzled(struct target *target, struct driver_result *result);
void target_explain_keep(struct target *target, const struct driver_result *result);
void target_explain_forget(struct target *target);

/* target_verify.c: that the revision is signed; then on with target_fetch_archive. */
void target_verify(struct target *target);
void target_verify_release(struct fetch *fetch);

/* Blocks: that the archive holds the very tree that was signed; then it is at its beginning again. */
int target_verify_archive(const struct fetch *fetch, struct hgt_error *err) HGT_MUST_CHECK;

/* target_work.c. target_apply_begin: the mark is on disk, or could not be written. */
void target_apply(struct target *target);
void target_apply_begin(struct target *target);
void target_apply_forget(struct target *target);
void target_compare(struct target *target);
int64_t target_next_compare(const struct target *target);

/* The archive that was fetched is not applied, but compared with; or is what was applied. */
void target_preview(struct target *target);
void target_explain(struct target *target);

/* target_watch.c. Before a job, on the loop: the descriptor whose watches it is to renew, -1 for none. */
void target_watch_init(struct target *target);
void target_watch_release(struct target *target);
int target_watch_begin(struct target *target, bool apply, bool *stale);

/* After it, with what target_watch_renew has returned; when there was no job after all; when a look has found something. */
void target_watch_end(struct target *target, bool apply, int code, const struct hgt_error *err);
void target_watch_resume(struct target *target);
void target_watch_found(struct target *target);

/* In the job, before the look: what is changed from here on is told. */
int target_watch_renew(const struct driver *driver, const struct driver_order *order, int fd, bool stale,
	struct hgt_error *err) HGT_MUST_CHECK;

/* target_save.c */
void target_save(struct target *target);

/* target_report.c: what is told is queued, when it is news. */

struct look {
	int code;				/* of the comparison with what was applied */
	const char *trouble;
	const struct driver_result *result;
	const struct driver_result *ahead;	/* of that with what is wanted; NULL: there was none */
	const char *ahead_trouble;		/* or why that could not be told */
};

void target_tell_running(struct target *target);
void target_tell_look(struct target *target, const struct look *look);

/* An apply of `fetch` has gone well. */
void target_done(struct target *target, const struct driver_result *result);

/* It was asked for, and by now another revision is wanted: that it has gone well is told all the same. */
void target_tell_overtaken(struct target *target, const struct driver_result *result);

/* ... or has not: sync and health are words of the report; result may be NULL. */
void target_tell_failure(struct target *target, const char *sync, const char *health, const char *message,
	const struct driver_result *result);

/* The revision of `fetch` waits for somebody, or for a window. */
void target_tell_held(struct target *target, const struct look *look);
void target_tell_gone(struct target *target);

/* target_post.c: send what is queued; say that commands were heard. */
void target_post(struct target *target);
bool target_owes_ack(const struct target *target);
void target_acknowledge(struct target *target);

/* target.c: a digest of what the config says of it beside the tree. */
void target_recipe(const struct target *target, char out[HGT_SHA256_HEX]);

/* target.c: the one place where the state changes. */
void target_set_state(struct target *target, enum target_state state);

#endif
