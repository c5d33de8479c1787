/* Retention: the journal's oldest events go, in small steps. */
#include "daemon/retention.h"

#include <event2/event.h>
#include <inttypes.h>
#include <time.h>

#include "base/log.h"
#include "base/timing.h"
#include "daemon/steady.h"
#include "daemon/store.h"
#include "headgate/protocol.h"
#include "journal/retention.h"

#define HOUR_MS (60 * 60 * 1000LL)
#define DAY_MS (24 * HOUR_MS)

enum {
	HOLDS_MAX = 8,
	STEP_ROWS = 1024, STEP_MS = 5,	/* of one step; whichever comes first */
	STEP_PAGES = 64,
	PAUSE_MS = 25,			/* between two: retention takes a fifth of the store's time at the most */
	REST_MS = 60 * 1000,		/* after a step that failed, or could not take all */
	FREE_PAGES = 1024,		/* 4 MiB are kept for reuse */
	SLACK_SHARE = 16, SLACK_MAX = 4096,	/* how many too many there are before the first goes */
	FORGET_DAYS = 30,		/* push ids, and moves that nobody has explained: what a spool file may still speak of */
};

struct hold {
	const char *who;
	retention_need_cb need;
	void *ctx;
};

/* One step: made on the loop, run by the store. */
struct step {
	struct retention *retention;
	struct hgt_retention limits;
	uint64_t keep;			/* events; 0: all */
	int64_t now_ms;
	bool forget;
	struct hgt_compaction gone;
	uint64_t tail;
	bool more;
};

struct retention {
	struct daemon *daemon;
	struct event *timer;		/* the next look, or within a run the next step */
	struct hold holds[HOLDS_MAX];
	size_t n_holds;
	struct steady clock;
	struct step step;
	bool submitted;			/* the step is the store's */
	uint64_t upto;			/* of this run: rows up to here are too many. What it tells itself is for the next one */
	uint64_t run;			/* events that this run has removed */
	int64_t rest_until_ms;		/* monotonic */
	struct retention_stats stats;
};

static int64_t boot_ms(void)
{
	struct timespec now;

	/* Unlike the monotonic clock this one goes on while the machine sleeps, as the wall clock does. */
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void plan(struct retention *r, int64_t in_ms)
{
	const struct timeval tv = {.tv_sec = in_ms / 1000, .tv_usec = in_ms % 1000 * 1000};

	if (event_add(r->timer, &tv) < 0)
		hgt_log(HGT_LOG_ERROR, "journal", "no timer: events are not removed until there is one");
}

/* The lowest seq that somebody needs; *who gets whose it is. */
static uint64_t ask_needed(const struct retention *r, const char **who)
{
	uint64_t needed = UINT64_MAX;

	*who = NULL;
	for (size_t i = 0; i < r->n_holds; i++) {
		uint64_t seq = r->holds[i].need(r->holds[i].ctx);

		if (seq < needed) {
			needed = seq;
			*who = r->holds[i].who;
		}
	}
	return needed;
}

/* Whether so many events, the first of them and the last given, are enough too many to begin. */
static bool too_many(uint64_t keep, uint64_t first, uint64_t head)
{
	uint64_t slack = keep / SLACK_SHARE;

	slack = slack > SLACK_MAX ? SLACK_MAX : slack ? slack : 1;
	return keep && head + 1 - first > keep + slack;
}

/* The rows that are too many when a run begins. */
static int find_upto(struct hgt_journal *journal, struct step *step, struct hgt_error *err)
{
	uint64_t head, first;
	int code = hgt_journal_head(journal, &head, err);

	if (code == 0)
		code = hgt_journal_tail(journal, &first, err);
	if (code == 0 && too_many(step->keep, first, head))
		step->limits.upto = head - step->keep;
	return code;
}

/* On the writer thread. What there is to do is done in this order: events, then what speaks of them, then the space. */
static int run_step(struct hgt_journal *journal, struct store_batch *batch, void *arg, struct hgt_error *err)
{
	struct step *step = arg;
	struct hgt_buf data = HGT_BUF_INIT;
	int code = step->limits.upto ? 0 : find_upto(journal, step, err);

	if (code == 0)
		code = hgt_journal_compact(journal, &step->limits, step->now_ms, &step->gone, err);
	if (code < 0)
		return code;
	step->more = true;
	if (step->gone.count) {
		hgt_compaction_write(&step->gone, &data);
		code = hgt_buf_check(&data, err);
		if (code == 0)
			code = store_append(batch, &(struct hgt_journal_entry){.type = HGT_EVENT_JOURNAL_COMPACTED, .repo = "", .ref = "",
				.data = data.data, .data_len = data.len}, NULL, err);
		hgt_buf_release(&data);
	} else {
		step->more = false;
		if (step->forget)
			code = hgt_journal_forget(journal, step->now_ms - FORGET_DAYS * DAY_MS, STEP_ROWS, &step->more, err);
		if (code == 0 && !step->more)
			code = hgt_journal_shrink(journal, FREE_PAGES, STEP_PAGES, &step->more, err);
	}
	return code < 0 ? code : hgt_journal_tail(journal, &step->tail, err);
}

static void end_run(struct retention *r)
{
	if (r->run)
		hgt_log(HGT_LOG_INFO, "journal", "old events removed", HGT_I("events", r->run), HGT_I("first", r->stats.first));
	r->run = r->upto = 0;
	r->stats.busy = false;
	plan(r, HOUR_MS);
}

static void step_done(void *arg, int code, const struct hgt_error *err)
{
	struct step *step = arg;
	struct retention *r = step->retention;
	bool was_held = r->stats.held;
	const char *who;

	r->submitted = false;
	if (code < 0) {
		hgt_log(HGT_LOG_WARNING, "journal", "old events could not be removed", HGT_S("error", err->message));
		r->stats.failed++;
		r->rest_until_ms = hgt_time_mono_ms() + REST_MS;
		end_run(r);
		return;
	}
	r->upto = step->limits.upto;
	r->run += step->gone.count;
	r->stats.removed += step->gone.count;
	r->stats.first = step->tail ? step->tail : 1;	/* of an empty journal the first to come */
	r->stats.held = step->gone.held;
	/* Whether it is needed still is not asked at every event. */
	if (r->stats.held)
		r->rest_until_ms = hgt_time_mono_ms() + REST_MS;
	if (r->stats.held && !was_held) {
		ask_needed(r, &who);
		hgt_log(HGT_LOG_WARNING, "journal", "events that are too old or too many stay, because they are still needed", HGT_S("by", who));
	}
	if (step->more && !r->daemon->stopping)
		plan(r, PAUSE_MS);
	else
		end_run(r);
}

static void begin_step(struct retention *r)
{
	const struct hgt_config *config = r->daemon->config;
	struct step *step = &r->step;
	struct hgt_error err = {0};
	int64_t now = hgt_time_now_ms(), jumped;
	const char *who;
	bool steady = steady_for(&r->clock, HOUR_MS, now, boot_ms(), &jumped);

	if (jumped)
		hgt_log(HGT_LOG_WARNING, "journal", "the clock has jumped; nothing is removed by its age for an hour",
			HGT_I("seconds", jumped / 1000));
	*step = (struct step){.retention = r, .keep = config->journal.keep_events, .now_ms = now, .forget = steady};
	step->limits = (struct hgt_retention){
		.upto = r->upto,
		.before_ms = steady && config->journal.keep_days ? now - config->journal.keep_days * DAY_MS : 0,
		.needed = ask_needed(r, &who),
		.rows = STEP_ROWS,
		.ms = STEP_MS,
	};
	r->stats.busy = true;
	if (store_submit(r->daemon->store, run_step, step_done, step, &err) < 0) {
		step_done(step, HGT_EUNAVAILABLE, &err);
		return;
	}
	r->submitted = true;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct retention *r = arg;

	(void)fd, (void)what;
	if (!r->daemon->stopping && !r->submitted)
		begin_step(r);
}

int retention_new(struct daemon *daemon, struct retention **out, struct hgt_error *err)
{
	struct retention *r = calloc(1, sizeof(*r));

	if (!r)
		return hgt_error_nomem(err);
	r->daemon = daemon;
	r->timer = evtimer_new(daemon->base, on_timer, r);
	if (!r->timer) {
		free(r);
		return hgt_error_nomem(err);
	}
	steady_begin(&r->clock, hgt_time_now_ms(), boot_ms());
	plan(r, 0);
	*out = r;
	return 0;
}

void retention_free(struct retention *r)
{
	if (!r)
		return;
	event_free(r->timer);
	free(r);
}

int retention_hold(struct retention *r, const char *who, retention_need_cb need, void *ctx, struct hgt_error *err)
{
	if (r->n_holds == HOLDS_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "more than %d modules hold the journal's events", HOLDS_MAX);
	r->holds[r->n_holds++] = (struct hold){who, need, ctx};
	return 0;
}

void retention_grown(struct retention *r, uint64_t head)
{
	if (r->stats.first && too_many(r->daemon->config->journal.keep_events, r->stats.first, head) && !r->stats.busy && !r->daemon->stopping &&
		hgt_time_mono_ms() >= r->rest_until_ms)
		begin_step(r);
}

void retention_look(struct retention *r)
{
	if (!r->stats.busy)
		begin_step(r);
}

void retention_stats(const struct retention *r, struct retention_stats *out)
{
	*out = r->stats;
}
