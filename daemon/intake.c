/* The one way in for moves of refs: lanes, one a repository, and the jobs that go through them. */
#include "daemon/intake.h"

#include <event2/event.h>

#include "base/log.h"
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/intake_private.h"
#include "daemon/refusal.h"
#include "daemon/ref_watch.h"
#include "daemon/repos.h"
#include "daemon/store.h"
#include "git/repository_pool.h"

enum {
	TRIES_MAX = 3,		/* plans of one push, each for what the journal was found to know; in a lane the second holds */
	TOGETHER_MAX = 64,	/* announcements under way at once in a lane */
	PLAN_US = 5000,		/* of a worker for them; the first always has its turn */
};

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	compares_start(arg);
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
	intake->work_last = &intake->work;
	*out = intake;
	return 0;
}

void job_free(struct job *job)
{
	moves_release(&job->moves);
	compare_release(&job->compare);
	hook_line_free(job->line);
	free(job);
}

static void free_jobs(struct job *job)
{
	while (job) {
		struct job *next = job->next;

		job_free(job);
		job = next;
	}
}

static void lane_free(struct lane *lane)
{
	free_jobs(lane->again);
	free_jobs(lane->head);
	if (lane->begun)
		job_free(lane->begun);
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
	free_jobs(intake->work);
	while ((entry = hgt_map_next(&intake->lanes, &pos)))
		lane_free(entry->value);
	hgt_map_release(&intake->lanes);
	event_free(intake->rest);
	free(intake);
}

/* The lane of that name, made when there is none; NULL when memory runs out. */
struct lane *lane_get(struct intake *intake, const char *name, const char *path)
{
	struct lane *lane = hgt_map_get(&intake->lanes, name, strlen(name));

	if (lane)
		return lane;
	lane = calloc(1, sizeof(*lane));
	if (!lane)
		return NULL;
	lane->intake = intake;
	lane->last = &lane->head;
	lane->again_last = &lane->again;
	lane->name = strdup(name);
	lane->path = strdup(path);
	if (!lane->name || !lane->path || hgt_map_put(&intake->lanes, lane->name, strlen(lane->name), lane, NULL) < 0) {
		lane_free(lane);
		return NULL;
	}
	return lane;
}

void lane_leave(struct lane *lane)
{
	struct intake *intake = lane->intake;

	if (--lane->under_way)
		return;
	if (lane->again) {
		*lane->again_last = lane->head;
		if (!lane->head)
			lane->last = lane->again_last;
		lane->head = lane->again;
		lane->again = NULL;
		lane->again_last = &lane->again;
	}
	lane_step(lane);
	compares_start(intake);
	compares_check_end(intake);
}

void job_finish(struct job *job, int code, const struct hgt_error *err)
{
	struct lane *lane = job->lane;

	if (job->done)
		job->done(job->ctx, code, job->moves.seq, err);
	if (!job->line)
		compare_ended(job, code);
	job_free(job);
	lane_leave(lane);
}

/* It goes back, before all that have not begun. */
static void put_back(struct job *job)
{
	struct lane *lane = job->lane;

	job->next = NULL;
	*lane->again_last = job;
	lane->again_last = &job->next;
	lane_leave(lane);
}

/* On the writer thread. */
static int run_settle(struct hgt_journal *journal, struct store_batch *batch, void *arg, struct hgt_error *err)
{
	struct job *job = arg;
	struct lane *lane = job->lane;
	int code;

	/* In their order: what comes after one that is planned again would be taken to have moved the ref from elsewhere. */
	job->held_up = lane->holding_up;
	if (job->held_up)
		return hgt_error_set(err, HGT_ECONFLICT, "a push of %s before this one has not been journaled", lane->name);
	code = moves_settle(&job->moves, journal, batch, err);
	lane->holding_up = code == HGT_ECONFLICT && job->tries + 1 < TRIES_MAX;
	return code;
}

static void on_settled(void *arg, int code, const struct hgt_error *err)
{
	struct job *job = arg;

	if (code == HGT_ECONFLICT && (job->held_up || ++job->tries < TRIES_MAX)) {
		put_back(job);
		return;
	}
	if (code == 0 && job->moves.look_again)
		compare_want(job->lane, INTAKE_SEEN);
	job_finish(job, code, err);
}

static void settle(struct job *job)
{
	struct hgt_error err = {0};
	int code = store_submit(job->lane->intake->daemon->store, run_settle, on_settled, job, &err);

	if (code < 0)
		job_finish(job, code, &err);
}

static uint64_t journal_head(struct intake *intake)
{
	uint64_t seq = 0;

	if (hgt_journal_head(intake->daemon->reader, &seq, NULL) < 0)
		seq = 0;
	return seq;
}

void job_run_plan(void *arg)
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

static void take_plan(struct job *job)
{
	if (job->code == 0) {
		settle(job);
		return;
	}
	hgt_log(HGT_LOG_WARNING, "intake", "a repository's moves cannot be looked at", HGT_S("repo", job->lane->name),
		HGT_S("push", job->line->push), HGT_S("error", job->err.message));
	/* What will never be served is not kept in the spool for ever. */
	if (job->repo_unusable) {
		job->moves.seq = journal_head(job->lane->intake);
		job->code = 0;
	}
	job_finish(job, job->code, &job->err);
}

/* On a git worker. */
static void run_plans(void *arg)
{
	struct lane *lane = arg;
	const int64_t until = hgt_time_mono_us() + PLAN_US;
	struct job *job = lane->planning;

	do {
		job_run_plan(job);
		lane->planned++;
		job = job->next;
	} while (job && hgt_time_mono_us() < until);
}

/* Those for which there was no time are the first that have not begun. */
static void keep_unplanned(struct lane *lane, struct job *first, size_t planned)
{
	struct job *last = first, *rest;

	while (--planned)
		last = last->next;
	rest = last->next;
	last->next = NULL;
	if (!rest)
		return;
	last = rest;
	for (lane->under_way--; last->next; lane->under_way--)
		last = last->next;
	last->next = lane->head;
	if (!lane->head)
		lane->last = &last->next;
	lane->head = rest;
}

static void on_planned(void *arg)
{
	struct lane *lane = arg;
	struct job *job = lane->planning, *next;
	size_t planned = lane->planned;

	lane->planning = NULL;
	lane->holding_up = false;
	keep_unplanned(lane, job, planned);
	while (planned--) {
		next = job->next;
		take_plan(job);	/* with the last of them the lane may be gone */
		job = next;
	}
}

/* Announcements of a lane go together: each is planned for what those before it will have the journal know, and one commit takes them. */
static void begin_announced(struct lane *lane)
{
	struct job *job, **end = &lane->head;
	struct hgt_error err = {0};
	int code;

	while (*end && lane->under_way < TOGETHER_MAX) {
		lane->under_way++;
		end = &(*end)->next;
	}
	lane->planning = lane->head;
	lane->planned = 0;
	lane->head = *end;
	if (!lane->head)
		lane->last = &lane->head;
	*end = NULL;
	code = hgt_workers_submit(lane->intake->daemon->git, run_plans, on_planned, lane, &err);
	if (code == 0)
		return;
	job = lane->planning;
	lane->planning = NULL;
	while (job) {
		struct job *next = job->next;

		job_finish(job, code, &err);
		job = next;
	}
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

struct job *job_new(struct lane *lane, const char *source)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	hgt_buf_init(&job->compare.after);
	job->lane = lane;
	job->moves.repo = lane->name;
	job->moves.source = source;
	return job;
}

/* The next announcements, or a compare that has let it pass, or nothing any more. */
void lane_step(struct lane *lane)
{
	struct job *job = lane->begun;

	if (lane->under_way)
		return;
	if (lane->head) {
		begin_announced(lane);
	} else if (job) {
		lane->begun = NULL;
		lane->under_way = 1;
		compare_go_on(job);
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
