/*
 * The writer: one thread that owns the writing connection of the journal and commits jobs in groups.
 *
 * A job's `run` is called on the writer thread inside a transaction, in the order of submission; what a failed one did is
 * undone alone. When the group is on disk, the loop first publishes the appended events to the hub, in order, then calls each
 * job's `done` with its result. When the commit itself fails (disk full), every job of the group fails with that error and
 * nothing of it is there.
 */
#ifndef HEADGATE_DAEMON_STORE_H
#define HEADGATE_DAEMON_STORE_H

#include "daemon/daemon.h"
#include "daemon/log_move.h"

struct store;
struct store_batch;

/* On the writer thread. 0, or negative with err set: then this job's changes are undone. */
typedef int (*store_run_cb)(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err);

/* On the loop. code 0: on disk. */
typedef void (*store_done_cb)(void *job, int code, const struct hgt_error *err);

int store_new(struct daemon *daemon, struct store **out, struct hgt_error *err) HGT_MUST_CHECK;

/* Commits what was submitted, calls the remaining `done`s, ends the thread. NULL is fine. */
void store_free(struct store *store);

/* From the loop. The job stays the caller's; `done` may free it. On an error nothing was submitted. */
int store_submit(struct store *store, store_run_cb run, store_done_cb done, void *job, struct hgt_error *err) HGT_MUST_CHECK;

/* Jobs submitted whose `done` has not been called yet. */
size_t store_pending(const struct store *store);

/* On the loop: why the last commit failed, NULL when it did not. Lives until the loop's next turn. */
const char *store_trouble(const struct store *store);

/* How long commits took, as a histogram: the upper bounds of all classes but the last, which has none. */
#define STORE_BOUNDS 12
extern const uint32_t store_bounds_us[STORE_BOUNDS];

struct store_stats {
	uint64_t jobs, failed_jobs;		/* that have run */
	uint64_t events;			/* on disk */
	uint64_t commits, failed_commits;	/* of groups; one that failed took nothing in */
	uint64_t commit_us;			/* all commits together: writing the log and syncing it */
	uint64_t commit_classes[STORE_BOUNDS + 1];	/* commits by time, each in one class */
	uint64_t longest_commit_us, longest_job_us;
	size_t queued;				/* jobs that wait */
	int64_t oldest_ms;			/* how long the first of them has waited */
	struct log_move_stats log;
	const char *trouble;			/* as store_trouble */
};

/* On the loop. */
void store_stats(struct store *store, struct store_stats *out);

/* Within `run`: append an event that is published after the commit. seq may be NULL. */
int store_append(struct store_batch *batch, const struct hgt_journal_entry *entry, uint64_t *seq, struct hgt_error *err) HGT_MUST_CHECK;

#endif
