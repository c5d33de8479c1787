/* A target: one state machine and its driver. */
#include "agent/target.h"

#include <event2/event.h>
#include <unistd.h>

#include "agent/call.h"
#include "agent/target_private.h"
#include "base/io.h"
#include "base/log.h"
#include "base/timing.h"

#define RETRY_FIRST_MS 10000
#define RETRY_MOST_MS (10 * 60 * 1000)
#define POST_FIRST_MS 500
#define POST_MOST_MS 30000

static const char *state_name(enum target_state state)
{
	static const char *const names[] = {"idle", "verifying", "fetching", "ready", "applying", "comparing"};

	return names[state];
}

void target_set_state(struct target *t, enum target_state state)
{
	hgt_log(HGT_LOG_DEBUG, "target", "state", HGT_S("target", t->config->name), HGT_S("from", state_name(t->state)),
		HGT_S("to", state_name(state)));
	t->state = state;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* One timer for whatever is next; none when nothing is. */
static void arm(struct target *t)
{
	int64_t at = INT64_MAX, ms;
	bool idle = t->state == TARGET_IDLE, up = t->runner->up;
	struct timeval tv;

	/* One that waits for its turn is called. */
	if (idle && target_wants_compare(t) && t->turn.state != TURN_WAITS)
		at = sooner(at, t->compare_at);
	if (idle && up)
		at = sooner(at, target_wants_content(t) ? t->retry_at : target_acts_at(t));
	if (up && !t->post && t->saved.reports.n > 0)
		at = sooner(at, t->post_at);
	if (up && !t->ack && target_owes_ack(t))
		at = sooner(at, t->ack_at);
	if (t->save.again_at && !t->save.running)
		at = sooner(at, t->save.again_at);
	if (at == INT64_MAX) {
		event_del(t->timer);
		return;
	}
	ms = at - hgt_time_mono_ms();
	ms = ms > 0 ? ms : 0;
	tv = (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	event_add(t->timer, &tv);
}

/* What is fetched, or waits for its turn, is not what is wanted by now. */
static bool is_overtaken(struct target *t)
{
	const struct state_request *request = target_request(t);

	if (t->fetch.explain)
		return request || (target_is_pending(t) && target_may_act(t));
	return strcmp(t->fetch.revision, target_wanted(t)) != 0 || strcmp(t->fetch.request, request ? request->id : "") != 0;
}

/* Something for it is on its way, or here, that nobody works at. */
static bool is_fetching(const struct target *t)
{
	return t->state == TARGET_FETCHING || t->state == TARGET_READY || (t->state == TARGET_VERIFYING && t->fetch.call);
}

static void tell_daemon(struct target *t, int64_t now)
{
	if (!t->post && t->saved.reports.n > 0 && now >= t->post_at)
		target_post(t);
	if (!t->ack && now >= t->ack_at && target_owes_ack(t))
		target_acknowledge(t);
}

static void drop_fetch(struct target *t)
{
	target_fetch_release(t);
	target_set_state(t, TARGET_IDLE);
}

static bool compare_is_due(const struct target *t, int64_t now)
{
	return target_wants_compare(t) && now >= t->compare_at;
}

/* What was asked for cannot be had, and nothing will come that it could be. */
static void refuse_request(struct target *t)
{
	const struct state_request *request = target_request(t);

	snprintf(t->fetch.request, sizeof(t->fetch.request), "%s", request->id);
	t->fetch.revision[0] = '\0';
	target_answer(t, false);
	target_tell_failure(t, "Unknown", "Missing", "the ref is not there, so there is nothing to sync to", NULL);
}

static void step_from_idle(struct target *t, int64_t now)
{
	while (t->told && target_request(t) && !*target_wanted(t))
		refuse_request(t);
	/* Without a line to the daemon it stays a riddle. */
	if (t->puzzled && !target_may_explain(t))
		target_explain_failed(t, "the server is not there");
	if (compare_is_due(t, now) && turn_take(&t->runner->turns, &t->turn))
		target_compare(t);
	else if (t->puzzled && !target_request(t) && !(target_is_pending(t) && target_may_act(t)))
		target_fetch_explain(t);
	else if (t->runner->up && target_wants_content(t) && now >= t->retry_at)
		target_fetch(t);
}

/* The archive is here, and it is the target's turn. */
static void step_from_ready(struct target *t)
{
	if (t->fetch.explain)
		target_explain(t);
	else if (target_may_act(t))
		target_apply(t);
	else if (target_is_pending(t) && !*t->fetch.from)
		target_preview(t);
	else
		drop_fetch(t);
}

void target_drive(struct target *t)
{
	int64_t now = hgt_time_mono_ms();

	if (t->runner->stopping)
		return;
	if (t->runner->up)
		tell_daemon(t, now);
	if (t->save.again_at && now >= t->save.again_at && !t->save.running)
		target_save(t);
	if (is_fetching(t) && is_overtaken(t))
		drop_fetch(t);
	if (t->state == TARGET_IDLE)
		step_from_idle(t, now);
	if (t->state == TARGET_READY && turn_take(&t->runner->turns, &t->turn))
		step_from_ready(t);
	if (t->state == TARGET_APPLYING && t->work && (t->save.written >= t->mark || t->save.failed >= t->mark))
		target_apply_begin(t);
	/* Its place is for another, where it has none of it. */
	if (t->state == TARGET_VERIFYING || t->state == TARGET_FETCHING || (t->state == TARGET_IDLE && !compare_is_due(t, now)))
		turn_give(&t->runner->turns, &t->turn);
	arm(t);
	runner_settle(t->runner);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	target_drive(ctx);
}

static void on_turn(void *ctx)
{
	struct target *t = ctx;

	event_active(t->timer, EV_TIMEOUT, 0);
}

bool target_is_settled(struct target *t)
{
	int64_t now = hgt_time_mono_ms();

	return t->told && t->state == TARGET_IDLE && !t->post && !t->ack && !t->save.running &&
		!(t->saved.reports.n > 0 && now >= t->post_at) && !(target_owes_ack(t) && now >= t->ack_at) && !compare_is_due(t, now) &&
		!(target_wants_content(t) && now >= t->retry_at) && !t->puzzled;
}

bool target_is_heard(const struct target *t)
{
	return t->saved.reports.n == 0;
}

bool target_is_synced(const struct target *t)
{
	return t->synced;
}

void target_stop(struct target *t)
{
	event_del(t->timer);
	if (is_fetching(t))
		drop_fetch(t);
	if (t->state == TARGET_APPLYING && t->work) {
		target_apply_forget(t);
		drop_fetch(t);
	}
}

void target_abandon(struct target *t)
{
	call_cancel(t->post);
	call_cancel(t->ack);
	t->post = NULL;
	t->ack = NULL;
}

bool target_is_applying(const struct target *t)
{
	return t->state == TARGET_APPLYING;
}

bool target_is_busy(const struct target *t)
{
	return t->state != TARGET_IDLE || t->post || t->ack || t->save.running;
}

/* What is kept about another place says nothing of this one. */
static void move(struct target *t)
{
	const struct driver_order order = {.target = t->config, .folder = t->folder.data, .archive = -1, .stop_fd = -1, .leave_fd = -1};

	hgt_log(HGT_LOG_WARNING, "target", "the target has moved; what is where it was stays there", HGT_S("target", t->config->name),
		HGT_S("to", t->place.data));
	if (t->driver->forget)
		t->driver->forget(&order);
}

void target_recipe(const struct target *t, char out[HGT_SHA256_HEX])
{
	unsigned char digest[HGT_SHA256_SIZE];

	hgt_sha256(t->config->recipe, strlen(t->config->recipe), digest);
	hgt_hex(digest, sizeof(digest), out);
}

/* The same tree comes to something else now, so it is as if it had not been applied. */
static void forget_if_changed(struct target *t)
{
	char recipe[HGT_SHA256_HEX];

	target_recipe(t, recipe);
	if (!*t->saved.recipe || strcmp(recipe, t->saved.recipe) == 0)
		return;
	hgt_log(HGT_LOG_INFO, "target", "the options or labels have changed; applying anew", HGT_S("target", t->config->name));
	t->saved.applied[0] = '\0';
	t->saved.tree[0] = '\0';
}

/* An apply has ended, and the agent too before it had noted that, or it ended in the midst of one: what is there is not what the state says. */
static void forget_if_unknown(struct target *t)
{
	const struct driver_order order = {.target = t->config, .folder = t->folder.data, .archive = -1, .stop_fd = -1, .tree = t->saved.tree};

	if (!t->driver->is_of || !*t->saved.tree || t->driver->is_of(&order))
		return;
	hgt_log(HGT_LOG_INFO, "target", "the last apply was not heard to its end; applying anew", HGT_S("target", t->config->name));
	t->saved.applied[0] = '\0';
	t->saved.tree[0] = '\0';
}

static int load(struct target *t, struct hgt_error *err)
{
	int code;

	hgt_buf_addf(&t->folder, "%s/targets/%s", t->runner->config->state, t->config->name);
	hgt_buf_addf(&t->state_file, "%s/state.json", t->folder.data);
	t->driver->place(t->config, &t->place);
	if (t->folder.failed || t->place.failed || t->state_file.failed)
		return hgt_error_nomem(err);
	code = hgt_make_folders(t->folder.data, 0700, err);
	if (code == 0)
		code = state_load(&t->saved, t->state_file.data, t->place.data, t->config->repo, err);
	if (code == HGT_ECORRUPT) {
		/* Nothing in it that the daemon and the target cannot tell again. */
		hgt_log(HGT_LOG_ERROR, "target", "starting without what was stored", HGT_S("target", t->config->name),
			HGT_S("reason", err->message));
		state_release(&t->saved);
		code = 0;
	}
	if (code == 0 && t->saved.moved)
		move(t);
	if (code == 0)
		forget_if_changed(t);
	if (code == 0)
		forget_if_unknown(t);
	return code;
}

int target_new(struct runner *runner, const struct hgt_agent_target *config, struct target **out, struct hgt_error *err)
{
	struct target *t = calloc(1, sizeof(*t));
	int code;

	if (!t)
		return hgt_error_nomem(err);
	t->runner = runner;
	t->config = config;
	t->driver = driver_find(config->driver);
	hgt_buf_init(&t->folder);
	hgt_buf_init(&t->place);
	hgt_buf_init(&t->state_file);
	hgt_buf_init(&t->told_text);
	hgt_buf_init(&t->last_message);
	hgt_buf_init(&t->failure_message);
	hgt_buf_init(&t->failure_output);
	hgt_buf_init(&t->explained.difference);
	hgt_buf_init(&t->explained.diff);
	hgt_buf_init(&t->fetch.digest);
	hgt_buf_init(&t->fetch.proof_text);
	t->fetch.file = -1;
	state_init(&t->saved);
	pause_init(&t->pause, RETRY_FIRST_MS, RETRY_MOST_MS);
	pause_init(&t->post_pause, POST_FIRST_MS, POST_MOST_MS);
	pause_init(&t->ack_pause, POST_FIRST_MS, POST_MOST_MS);
	target_watch_init(t);
	t->turn = (struct turn){.come = on_turn, .ctx = t};
	t->last = (struct outcome){.operation = "Succeeded", .message = "as it was applied before", .started_ms = hgt_time_now_ms(),
		.finished_ms = hgt_time_now_ms()};
	t->timer = evtimer_new(runner->base, on_timer, t);
	code = t->timer ? load(t, err) : hgt_error_nomem(err);
	if (code < 0)
		target_free(t);
	else
		*out = t;
	return code;
}

void target_free(struct target *t)
{
	if (!t)
		return;
	target_fetch_release(t);
	target_apply_forget(t);
	target_abandon(t);
	target_watch_release(t);
	if (t->timer)
		event_free(t->timer);
	state_release(&t->saved);
	hgt_buf_release(&t->folder);
	hgt_buf_release(&t->place);
	hgt_buf_release(&t->state_file);
	hgt_buf_release(&t->told_text);
	hgt_buf_release(&t->last_message);
	hgt_buf_release(&t->failure_message);
	hgt_buf_release(&t->failure_output);
	target_explain_forget(t);
	free(t);
}
