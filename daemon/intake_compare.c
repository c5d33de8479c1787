/*
 * Compares of repositories with the journal.
 *
 *	look (a worker) -> unchanged: over
 *	   \-> list (same worker) -> ask the journal -> plan (a worker) -> settle -> ask the journal for the rest -> ... -> over
 *
 * The refs are listed once, however many of them have moved; what has moved on meanwhile is found out by planning, and another compare
 * is made then. Between two rounds announcements of the lane pass.
 */
#include <event2/event.h>

#include "base/log.h"
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/intake_private.h"
#include "daemon/repos.h"
#include "daemon/store.h"
#include "journal/compared.h"
#include "journal/folders.h"

enum {
	REST_SECONDS = 5,	/* without compares after the journal could not be written */
	COMPARES_MAX = 8,	/* under way at once: what waits for a commit of the journal holds no worker */
	HELD_MAX = 100000,	/* refs held in memory, past which none is begun */
	STORED_MAX = HGT_REF_STAMP_TEXT + 24,	/* "<stamp> <number of refs>" */
};

static void work_step(struct intake *intake);

void compares_check_end(struct intake *intake)
{
	void (*cb)(void *ctx) = intake->compared;

	if (!cb || intake->compare_head || intake->comparing)
		return;
	intake->compared = NULL;
	cb(intake->compared_ctx);
}

void compare_ended(struct job *job, int code)
{
	struct lane *lane = job->lane;

	lane->intake->comparing--;
	lane->intake->held -= job->compare.n;
	lane->first_seen = lane->first_seen && code == 0 && job->compare.more;
}

void compare_want(struct lane *lane, enum intake_why why)
{
	if (!lane->compare_wanted || why == INTAKE_SEEN)
		lane->why = why;
	if (lane->compare_wanted)
		return;
	lane->compare_wanted = true;
	lane->next_compare = NULL;
	*lane->intake->compare_last = lane;
	lane->intake->compare_last = &lane->next_compare;
}

/* The journal could not be read or written: again, after a rest. */
static void failed(struct job *job, int code, const struct hgt_error *err)
{
	const struct timeval rest = {.tv_sec = REST_SECONDS};
	struct lane *lane = job->lane;

	lane->intake->stats.compares_failed++;
	hgt_log(HGT_LOG_ERROR, "intake", "a compare has failed and will be tried again", HGT_S("repo", lane->name),
		HGT_S("error", err->message));
	compare_want(lane, job->why);
	lane->gone = lane->gone || job->gone;
	if (event_add(lane->intake->rest, &rest) < 0)
		hgt_log(HGT_LOG_ERROR, "intake", "out of memory for a timer");
	job_finish(job, code, err);
}

/* One compare after the other has a git worker. */

static void run_work(void *arg)
{
	struct job *job = arg;

	job->run(job);
}

static void on_worked(void *arg)
{
	struct job *job = arg;
	struct intake *intake = job->lane->intake;

	intake->working = false;
	job->ran(job);
	work_step(intake);
}

static void work_step(struct intake *intake)
{
	struct job *job = intake->work;
	int code;

	if (intake->working || !job || intake->daemon->stopping)
		return;
	intake->work = job->next;
	if (!intake->work)
		intake->work_last = &intake->work;
	job->next = NULL;
	code = hgt_workers_submit(intake->daemon->git, run_work, on_worked, job, &job->err);
	if (code < 0)
		failed(job, code, &job->err);
	else
		intake->working = true;
}

static void work(struct job *job, void (*run)(void *), void (*ran)(void *))
{
	struct intake *intake = job->lane->intake;

	job->run = run;
	job->ran = ran;
	job->next = NULL;
	*intake->work_last = job;
	intake->work_last = &job->next;
	work_step(intake);
}

/* What the journal makes of it. */

static int store_stamp(struct job *job, struct hgt_journal *journal, struct hgt_error *err)
{
	char stored[STORED_MAX] = "";
	int code;

	if (job->compare.more || !job->all_told)
		return 0;
	if (job->gone) {
		code = hgt_journal_folder_set(journal, job->lane->name, "", err);
		if (code < 0)
			return code;
	} else {
		if (!*job->stamp || strncmp(job->known_stamp, job->stamp, strlen(job->stamp)) == 0)
			return 0;
		snprintf(stored, sizeof(stored), "%s %zu", job->stamp, job->compare.n);
	}
	return hgt_journal_compared_set(journal, job->lane->name, stored, err);
}

/* On the writer thread. */
static int run_settle(struct hgt_journal *journal, struct store_batch *batch, void *arg, struct hgt_error *err)
{
	struct job *job = arg;
	int code = moves_settle(&job->moves, journal, batch, err);

	if (code < 0)
		return code;
	job->moved = 0;
	for (size_t i = 0; i < job->moves.n; i++) {
		job->moved += job->moves.items[i].borne_out;
		job->all_told = job->all_told && job->moves.items[i].borne_out;
	}
	job->all_told = job->all_told && !job->moves.look_again;
	return store_stamp(job, journal, err);
}

static void count_saves(struct job *job)
{
	if (job->why != INTAKE_BEAT || job->moved == 0)
		return;
	job->lane->intake->stats.saves += job->moved;
	hgt_log(HGT_LOG_WARNING, "intake", "moves that nobody had seen were found by comparing", HGT_S("repo", job->lane->name),
		HGT_I("moves", job->moved));
}

static void on_settled(void *arg, int code, const struct hgt_error *err)
{
	struct job *job = arg;
	struct lane *lane = job->lane;

	if (code < 0) {
		failed(job, code, err);
		return;
	}
	count_saves(job);
	if (job->moves.look_again)
		compare_want(lane, INTAKE_SEEN);
	if (!job->compare.more || lane->intake->daemon->stopping) {
		job_finish(job, 0, NULL);
		return;
	}
	job->rounds++;
	lane->begun = job;
	lane_leave(lane);
}

static void settle(struct job *job)
{
	int code = store_submit(job->lane->intake->daemon->store, run_settle, on_settled, job, &job->err);

	if (code < 0)
		failed(job, code, &job->err);
}

/* On a git worker. */
static void run_plan(void *arg)
{
	struct job *job = arg;

	/* What is planned is where the refs are now, however long ago they were listed. */
	if (job->rounds > 0)
		job->moves.time_ms = hgt_time_now_ms();
	job_run_plan(job);
}

static void on_planned(void *arg)
{
	struct job *job = arg;

	if (job->code == 0) {
		settle(job);
		return;
	}
	hgt_log(HGT_LOG_WARNING, "intake", "a repository's moves cannot be looked at", HGT_S("repo", job->lane->name), HGT_S("push", ""),
		HGT_S("error", job->err.message));
	job_finish(job, job->code, &job->err);
}

/* On the writer thread: reading the journal there sees what all earlier jobs wrote. */
static int run_compare(struct hgt_journal *journal, struct store_batch *batch, void *arg, struct hgt_error *err)
{
	struct job *job = arg;
	int code = compare_with(&job->compare, journal, job->lane->name, &job->moves, err);

	(void)batch;
	return code == 0 && job->moves.n == 0 ? store_stamp(job, journal, err) : code;
}

static void on_compared(void *arg, int code, const struct hgt_error *err)
{
	struct job *job = arg;
	struct lane *lane = job->lane;

	if (code < 0) {
		failed(job, code, err);
	} else if (job->moves.n == 0) {
		job_finish(job, 0, NULL);
	} else if (job->gone) {
		moves_take_as_gone(&job->moves);
		settle(job);
	} else {
		lane->first_seen = lane->first_seen || (job->rounds == 0 && job->compare.unknown);
		job->moves.paths_left_out = lane->first_seen;
		work(job, run_plan, on_planned);
	}
}

static void ask_journal(struct job *job)
{
	int code = store_submit(job->lane->intake->daemon->store, run_compare, on_compared, job, &job->err);

	if (code < 0)
		failed(job, code, &job->err);
}

void compare_go_on(struct job *job)
{
	moves_release(&job->moves);
	job->moves = (struct moves){.repo = job->lane->name, .source = "watch"};
	ask_journal(job);
}

/* What the repository has. */

/* On a git worker. */
static void run_list(void *arg)
{
	struct job *job = arg;

	job->moves.time_ms = hgt_time_now_ms();
	/* Before the listing: what moves meanwhile shows in the next one. */
	hgt_ref_stamp(job->lane->path, job->stamp);
	job->unchanged = *job->stamp && strncmp(job->known_stamp, job->stamp, strlen(job->stamp)) == 0;
	if (!job->unchanged)
		job->code = compare_list(&job->compare, repos_pool(job->lane->intake->daemon->repos), job->lane->path, &job->err);
}

static void on_listed(void *arg)
{
	struct job *job = arg;
	struct lane *lane = job->lane;
	struct intake *intake = lane->intake;

	intake->held += job->compare.n;
	if (job->code < 0) {
		repos_found(intake->daemon->repos, lane->name, 0, job->err.message);
		job_finish(job, job->code, &job->err);
	} else if (job->unchanged) {
		intake->stats.compares_unchanged++;
		repos_found(intake->daemon->repos, lane->name, strtoul(job->known_stamp + strlen(job->stamp), NULL, 10), NULL);
		job_finish(job, 0, NULL);
	} else {
		repos_found(intake->daemon->repos, lane->name, job->compare.n, NULL);
		ask_journal(job);
	}
}

/* What the last compare saw; one that had trouble since is looked at in any case. */
static void recall(struct job *job)
{
	struct daemon *daemon = job->lane->intake->daemon;
	const struct repo *repo = repos_find(daemon->repos, job->lane->name);

	if ((repo && repo->trouble) ||
		hgt_journal_compared_get(daemon->reader, job->lane->name, job->known_stamp, sizeof(job->known_stamp), NULL) < 0)
		job->known_stamp[0] = '\0';
}

static struct job *begin(struct lane *lane)
{
	struct job *job = job_new(lane, "watch");

	if (!job) {
		/* It stays wanted, and is tried again with the next thing that happens. */
		hgt_log(HGT_LOG_ERROR, "intake", "out of memory for a compare", HGT_S("repo", lane->name));
		return NULL;
	}
	job->why = lane->why;
	job->gone = lane->gone;
	job->all_told = true;
	lane->gone = false;
	lane->compare_wanted = false;
	lane->under_way = 1;
	lane->intake->comparing++;
	lane->intake->stats.compares++;
	return job;
}

void compares_start(struct intake *intake)
{
	while (intake->comparing < COMPARES_MAX && intake->held < HELD_MAX && !intake->daemon->stopping &&
		!event_pending(intake->rest, EV_TIMEOUT, NULL)) {
		struct lane **from = &intake->compare_head, *lane;
		struct job *job;

		while (*from && ((*from)->under_way || (*from)->head || (*from)->begun))
			from = &(*from)->next_compare;
		lane = *from;
		job = lane ? begin(lane) : NULL;
		if (!job)
			return;
		*from = lane->next_compare;
		if (!*from)
			intake->compare_last = from;
		if (job->gone) {
			ask_journal(job);
		} else {
			recall(job);
			work(job, run_list, on_listed);
		}
	}
}

static void want(struct intake *intake, const char *name, const char *path, enum intake_why why, bool gone)
{
	struct lane *lane = lane_get(intake, name, path);

	if (!lane) {
		hgt_log(HGT_LOG_ERROR, "intake", "out of memory for a compare", HGT_S("repo", name));
		return;
	}
	lane->gone = gone;
	compare_want(lane, why);
	compares_start(intake);
}

void intake_compare(struct intake *intake, const char *name, const char *path, enum intake_why why)
{
	want(intake, name, path, why, false);
}

void intake_retire(struct intake *intake, const char *name, const char *path)
{
	want(intake, name, path, INTAKE_SEEN, true);
}

void intake_when_compared(struct intake *intake, void (*cb)(void *ctx), void *ctx)
{
	intake->compared = cb;
	intake->compared_ctx = ctx;
	compares_check_end(intake);
}
