/* The one way in for moves of refs: lanes, one a repository, and the jobs that go through them. */
#include "daemon/intake.h"

#include <event2/event.h>

#include "base/log.h"
#include "base/map.h"
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/compare.h"
#include "daemon/moves.h"
#include "daemon/refusal.h"
#include "daemon/ref_watch.h"
#include "daemon/repos.h"
#include "daemon/store.h"
#include "git/repository_pool.h"

enum {
	TRIES_MAX = 3,		/* plans of one push, each for what the journal was found to know; in a lane the second holds */
	REST_SECONDS = 5,	/* without compares after the journal could not be written */
};

/* Something that is done in a lane: an announced push, or (line NULL) a compare. */
struct job {
	struct job *next;
	struct lane *lane;
	struct hook_line *line;
	intake_done_cb done;
	void *ctx;
	struct compare compare;
	struct moves moves;
	bool repo_unusable;	/* planning: it is none, or of a kind that is not served */
	int code;
	struct hgt_error err;
	int tries;
};

struct lane {
	struct intake *intake;
	char *name, *path;
	struct job *head, **last;	/* announcements waiting */
	bool busy;			/* a job is under way */
	bool compare_wanted;
	bool first_seen;		/* a compare found a repository that the journal knew nothing of, and has not come to its end */
	struct lane *next_compare;	/* of those that want one */
};

struct intake {
	struct daemon *daemon;
	struct hgt_map lanes;		/* name -> lane */
	struct lane *compare_head, **compare_last;
	bool comparing;
	struct event *rest;		/* runs after the journal could not be written: no compare begins */
	void (*compared)(void *ctx);
	void *compared_ctx;
	struct intake_stats stats;	/* what is counted of them */
};

static void lane_step(struct lane *lane);
static void start_compare(struct intake *intake);
static void plan(struct job *job);

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	start_compare(arg);
}

int intake_new(struct daemon *daemon, struct intake **out, struct hgt_error *err)
{
	struct intake *intake = calloc(1, sizeof(*intake));

	if (!intake)
		return hgt_error_nomem(err);
	intake->rest = evtimer_new(daemon->base, on_rested, intake);
	if (!intake->rest) {
		free(intake);
		return hgt_error_nomem(err);
	}
	intake->daemon = daemon;
	intake->compare_last = &intake->compare_head;
	*out = intake;
	return 0;
}

static void job_free(struct job *job)
{
	moves_release(&job->moves);
	compare_release(&job->compare);
	hook_line_free(job->line);
	free(job);
}

static void lane_free(struct lane *lane)
{
	while (lane->head) {
		struct job *job = lane->head;

		lane->head = job->next;
		job_free(job);
	}
	free(lane->name);
	free(lane->path);
	free(lane);
}

void intake_free(struct intake *intake)
{
	const struct hgt_map_entry *entry;
	size_t pos = 0;

	if (!intake)
		return;
	while ((entry = hgt_map_next(&intake->lanes, &pos)))
		lane_free(entry->value);
	hgt_map_release(&intake->lanes);
	event_free(intake->rest);
	free(intake);
}

/* The lane of that name, made when there is none; NULL when memory runs out. */
static struct lane *lane_get(struct intake *intake, const char *name, const char *path)
{
	struct lane *lane = hgt_map_get(&intake->lanes, name, strlen(name));

	if (lane)
		return lane;
	lane = calloc(1, sizeof(*lane));
	if (!lane)
		return NULL;
	lane->intake = intake;
	lane->last = &lane->head;
	lane->name = strdup(name);
	lane->path = strdup(path);
	if (!lane->name || !lane->path || hgt_map_put(&intake->lanes, lane->name, strlen(lane->name), lane, NULL) < 0) {
		lane_free(lane);
		return NULL;
	}
	return lane;
}

static void check_compared(struct intake *intake)
{
	void (*cb)(void *ctx) = intake->compared;

	if (!cb || intake->compare_head || intake->comparing)
		return;
	intake->compared = NULL;
	cb(intake->compared_ctx);
}

/* The job is over: tell who waits for it, and go on with the lane. */
static void finish(struct job *job, int code, const struct hgt_error *err)
{
	struct lane *lane = job->lane;
	struct intake *intake = lane->intake;

	lane->busy = false;
	if (job->done)
		job->done(job->ctx, code, job->moves.seq, err);
	if (!job->line) {
		intake->comparing = false;
		lane->first_seen = lane->first_seen && code == 0 && job->compare.more;
	}
	job_free(job);
	lane_step(lane);
	start_compare(intake);
	check_compared(intake);
}

static void want_compare(struct lane *lane)
{
	if (lane->compare_wanted)
		return;
	lane->compare_wanted = true;
	lane->next_compare = NULL;
	*lane->intake->compare_last = lane;
	lane->intake->compare_last = &lane->next_compare;
}

/* The journal could not be read or written for a compare: again, after a rest. */
static void compare_failed(struct job *job, int code, const struct hgt_error *err)
{
	const struct timeval rest = {.tv_sec = REST_SECONDS};
	struct lane *lane = job->lane;

	lane->intake->stats.compares_failed++;
	hgt_log(HGT_LOG_ERROR, "intake", "a compare has failed and will be tried again", HGT_S("repo", lane->name),
		HGT_S("error", err->message));
	want_compare(lane);
	if (event_add(lane->intake->rest, &rest) < 0)
		hgt_log(HGT_LOG_ERROR, "intake", "out of memory for a timer");
	finish(job, code, err);
}

/* On the writer thread. */
static int run_settle(struct hgt_journal *journal, struct store_batch *batch, void *arg, struct hgt_error *err)
{
	struct job *job = arg;

	return moves_settle(&job->moves, journal, batch, err);
}

static void on_settled(void *arg, int code, const struct hgt_error *err)
{
	struct job *job = arg;

	if (code == HGT_ECONFLICT && job->line && ++job->tries < TRIES_MAX) {
		plan(job);
		return;
	}
	if (code < 0 && !job->line) {
		compare_failed(job, code, err);
		return;
	}
	if (code == 0 && (job->moves.look_again || job->compare.more))
		want_compare(job->lane);
	finish(job, code, err);
}

static void settle(struct job *job)
{
	struct hgt_error err = {0};
	int code = store_submit(job->lane->intake->daemon->store, run_settle, on_settled, job, &err);

	if (code < 0)
		finish(job, code, &err);
}

static uint64_t journal_head(struct intake *intake)
{
	uint64_t seq = 0;

	if (hgt_journal_head(intake->daemon->reader, &seq, NULL) < 0)
		seq = 0;
	return seq;
}

/* On a git worker. */
static void run_plan(void *arg)
{
	struct job *job = arg;
	struct hgt_repo_pool *pool = repos_pool(job->lane->intake->daemon->repos);
	struct hgt_repo *repo = NULL;

	job->code = hgt_repo_pool_get(pool, job->lane->path, &repo, &job->err);
	job->repo_unusable = job->code == HGT_EUNSUPPORTED || job->code == HGT_ENOENT;
	if (job->code == 0)
		job->code = moves_plan(&job->moves, repo, &job->err);
	hgt_repo_pool_put(pool, repo);
}

static void on_planned(void *arg)
{
	struct job *job = arg;

	if (job->code == 0) {
		settle(job);
		return;
	}
	hgt_log(HGT_LOG_WARNING, "intake", "a repository's moves cannot be looked at", HGT_S("repo", job->lane->name),
		HGT_S("push", job->line ? job->line->push : ""), HGT_S("error", job->err.message));
	/* What will never be served is not kept in the spool for ever. */
	if (job->repo_unusable) {
		job->moves.seq = journal_head(job->lane->intake);
		job->code = 0;
	}
	finish(job, job->code, &job->err);
}

static void plan(struct job *job)
{
	int code = hgt_workers_submit(job->lane->intake->daemon->git, run_plan, on_planned, job, &job->err);

	if (code < 0)
		finish(job, code, &job->err);
}

/* Moves out of an announcement; one that goes nowhere is none. */
static int take_updates(struct job *job, struct hgt_error *err)
{
	int code = 0;

	for (size_t i = 0; i < job->line->n_updates && code == 0; i++) {
		const struct hgt_update *update = &job->line->updates[i];

		if (strcmp(update->old_id, update->new_id) != 0 && compare_takes_ref(update->ref))
			code = moves_add(&job->moves, update->ref, update->old_id, update->new_id, err);
	}
	return code;
}

/* On a git worker. */
static void run_list(void *arg)
{
	struct job *job = arg;

	job->moves.time_ms = hgt_time_now_ms();
	job->code = compare_list(&job->compare, repos_pool(job->lane->intake->daemon->repos), job->lane->path, &job->err);
}

/* On the writer thread: reading the journal there sees what all earlier jobs wrote. */
static int run_compare(struct hgt_journal *journal, struct store_batch *batch, void *arg, struct hgt_error *err)
{
	struct job *job = arg;

	(void)batch;
	return compare_with(&job->compare, journal, job->lane->name, &job->moves, err);
}

static void on_compared(void *arg, int code, const struct hgt_error *err)
{
	struct job *job = arg;
	struct lane *lane = job->lane;

	if (code < 0) {
		compare_failed(job, code, err);
		return;
	}
	repos_found(lane->intake->daemon->repos, lane->name, job->compare.n, NULL);
	if (job->moves.n == 0) {
		finish(job, 0, NULL);
		return;
	}
	lane->first_seen = lane->first_seen || job->compare.unknown;
	job->moves.paths_left_out = lane->first_seen;
	plan(job);
}

static void on_listed(void *arg)
{
	struct job *job = arg;
	struct daemon *daemon = job->lane->intake->daemon;
	int code = job->code;

	if (code < 0)
		repos_found(daemon->repos, job->lane->name, 0, job->err.message);
	else
		code = store_submit(daemon->store, run_compare, on_compared, job, &job->err);
	if (code < 0)
		finish(job, code, &job->err);
}

static struct job *job_new(struct lane *lane, const char *source)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->lane = lane;
	job->moves.repo = lane->name;
	job->moves.source = source;
	return job;
}

/* Begin the compare of the first lane that wants one and does nothing else. */
static void start_compare(struct intake *intake)
{
	struct lane **from = &intake->compare_head, *lane;
	struct job *job;

	if (intake->comparing || intake->daemon->stopping || event_pending(intake->rest, EV_TIMEOUT, NULL))
		return;
	while (*from && ((*from)->busy || (*from)->head))
		from = &(*from)->next_compare;
	lane = *from;
	if (!lane)
		return;
	job = job_new(lane, "watch");
	if (!job || hgt_workers_submit(intake->daemon->git, run_list, on_listed, job, NULL) < 0) {
		/* It stays wanted, and is tried again with the next thing that happens. */
		hgt_log(HGT_LOG_ERROR, "intake", "out of memory for a compare", HGT_S("repo", lane->name));
		if (job)
			job_free(job);
		return;
	}
	*from = lane->next_compare;
	if (!*from)
		intake->compare_last = from;
	lane->compare_wanted = false;
	lane->busy = true;
	intake->comparing = true;
	intake->stats.compares++;
}

/* The next announcement, or nothing any more. */
static void lane_step(struct lane *lane)
{
	struct job *job = lane->head;

	if (lane->busy)
		return;
	if (job) {
		lane->head = job->next;
		if (!lane->head)
			lane->last = &lane->head;
		lane->busy = true;
		plan(job);
	} else if (!lane->compare_wanted && !lane->first_seen) {
		hgt_map_remove(&lane->intake->lanes, lane->name, strlen(lane->name));
		lane_free(lane);
	}
}

/* Which repository an announced path stands for. A path that a scan has not found yet is one that has just been made. */
static int resolve(struct intake *intake, const char *announced, struct hgt_buf *name, char **path, struct hgt_error *err)
{
	struct daemon *daemon = intake->daemon;
	const struct repo *repo = repos_find_path(daemon->repos, announced);
	int code;

	if (repo) {
		hgt_buf_adds(name, repo->name);
		*path = strdup(repo->path);
		return *path ? hgt_buf_check(name, err) : hgt_error_nomem(err);
	}
	code = hgt_config_repo_name(daemon->config, announced, name, err);
	if (code < 0)
		return code;
	if (repos_find(daemon->repos, name->data))
		return hgt_error_set(err, HGT_ENOENT, "%s has the name of another repository", announced);
	*path = realpath(announced, NULL);
	if (!*path)
		return hgt_error_set_errno(err, "%s", announced);
	ref_watch_rescan(daemon->ref_watch);
	return 0;
}

static void enqueue(struct intake *intake, const char *name, const char *path, struct hook_line *line, const char *source,
	intake_done_cb done, void *ctx)
{
	struct lane *lane = lane_get(intake, name, path);
	struct job *job = lane ? job_new(lane, source) : NULL;
	struct hgt_error err = {0};
	int code;

	if (!job) {
		hook_line_free(line);
		if (lane)
			lane_step(lane);
		done(ctx, hgt_error_nomem(&err), 0, &err);
		return;
	}
	job->line = line;
	job->moves.push = line->push;
	job->moves.actor = line->actor;
	job->moves.time_ms = line->time_ms;
	code = take_updates(job, &err);
	if (code < 0) {
		job_free(job);
		lane_step(lane);
		done(ctx, code, 0, &err);
		return;
	}
	job->done = done;
	job->ctx = ctx;
	*lane->last = job;
	lane->last = &job->next;
	lane_step(lane);
}

void intake_announce(struct intake *intake, struct hook_line *line, const char *source, intake_done_cb done, void *ctx)
{
	struct hgt_buf name = HGT_BUF_INIT;
	struct hgt_error err = {0};
	char *path = NULL;
	int code = resolve(intake, line->repo, &name, &path, &err);

	if (line->refused)
		intake->stats.refused++;
	else
		intake->stats.received++;
	if (code == HGT_ENOMEM) {
		hook_line_free(line);
		done(ctx, code, 0, &err);
	} else if (code < 0) {
		/* Said so, the hook would keep it for ever. */
		intake->stats.foreign++;
		hgt_log(HGT_LOG_WARNING, "intake", "an announced repository is none of ours", HGT_S("path", line->repo),
			HGT_S("push", line->push), HGT_S("reason", err.message));
		hook_line_free(line);
		done(ctx, 0, journal_head(intake), NULL);
	} else if (line->refused) {
		refusal_submit(intake->daemon->store, name.data, line, done, ctx);
	} else {
		enqueue(intake, name.data, path, line, source, done, ctx);
	}
	free(path);
	hgt_buf_release(&name);
}

void intake_compare(struct intake *intake, const char *name, const char *path)
{
	struct lane *lane = lane_get(intake, name, path);

	if (!lane) {
		hgt_log(HGT_LOG_ERROR, "intake", "out of memory for a compare", HGT_S("repo", name));
		return;
	}
	want_compare(lane);
	start_compare(intake);
}

void intake_when_compared(struct intake *intake, void (*cb)(void *ctx), void *ctx)
{
	intake->compared = cb;
	intake->compared_ctx = ctx;
	check_compared(intake);
}

void intake_stats(const struct intake *intake, struct intake_stats *out)
{
	const struct hgt_map_entry *entry;
	size_t pos = 0;

	*out = intake->stats;
	while ((entry = hgt_map_next(&intake->lanes, &pos))) {
		const struct lane *lane = entry->value;

		out->lanes++;
		out->compares_waiting += lane->compare_wanted;
		for (const struct job *job = lane->head; job; job = job->next)
			out->waiting++;
	}
}
