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
	static const char *const names[] = {"idle", "verifying", "fetching", "applying", "comparing"};

	return names[state];
}

void target_set_state(struct target *t, enum target_state state)
{
	hgt_log(HGT_LOG_DEBUG, "target", "state", HGT_S("target", t->config->name), HGT_S("from", state_name(t->state)),
		HGT_S("to", state_name(state)));
	t->state = state;
}

void target_postpone(struct target *t)
{
	t->retry_at = hgt_time_mono_ms() + pause_next(&t->pause);
}

void target_give_up(struct target *t, const char *revision)
{
	memcpy(t->settled, revision, sizeof(t->settled));
}

/* Whether the target should get what `desired` holds, be it now or after the pause. */
static bool wants_content(const struct target *t)
{
	if (!t->told || !*t->desired || strcmp(t->desired, t->settled) == 0)
		return false;
	if (strcmp(t->desired, t->saved.applied) != 0)
		return true;
	return t->config->automatic && ((t->drifted && t->config->self_heal) || t->saved.unfinished);
}

/* Before the daemon has said what should be, there is nothing to say about what is. */
static bool wants_compare(const struct target *t)
{
	return t->told && *t->desired && *t->saved.applied && t->compare_at != INT64_MAX;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* One timer for whatever is next; none when nothing is. */
static void arm(struct target *t)
{
	int64_t at = INT64_MAX, ms;
	struct timeval tv;

	if (t->state == TARGET_IDLE && wants_compare(t))
		at = sooner(at, t->compare_at);
	if (t->state == TARGET_IDLE && t->runner->up && wants_content(t))
		at = sooner(at, t->retry_at);
	if (t->runner->up && !t->post && t->saved.reports.n > 0)
		at = sooner(at, t->post_at);
	if (at == INT64_MAX) {
		event_del(t->timer);
		return;
	}
	ms = at - hgt_time_mono_ms();
	ms = ms > 0 ? ms : 0;
	tv = (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	event_add(t->timer, &tv);
}

void target_drive(struct target *t)
{
	int64_t now = hgt_time_mono_ms();

	if (t->runner->stopping)
		return;
	if (t->runner->up && !t->post && t->saved.reports.n > 0 && now >= t->post_at)
		target_post(t);
	if (t->state == TARGET_IDLE && wants_compare(t) && now >= t->compare_at)
		target_compare(t);
	if (t->state == TARGET_IDLE && t->runner->up && wants_content(t) && now >= t->retry_at)
		target_fetch(t);
	arm(t);
	runner_settle(t->runner);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	target_drive(ctx);
}

void target_begin(struct target *t)
{
	t->mentioned = false;
}

/* A new wish: what stood in the way of the last one does not count for it. */
static void wish(struct target *t, const char *id)
{
	if (!t->told || strcmp(t->desired, id) != 0) {
		snprintf(t->desired, sizeof(t->desired), "%s", id);
		t->failed = false;
		t->synced = false;
		t->settled[0] = '\0';
		t->retry_at = 0;
		pause_reset(&t->pause);
	}
	t->told = true;
}

static void ref_is_gone(struct target *t)
{
	struct outcome o = {.sync = "Unknown", .health = "Missing", .operation = "Pending", .applied = t->saved.applied,
		.message = "the ref is not there; the files stay as they are", .started_ms = hgt_time_now_ms()};

	wish(t, "");
	target_tell(t, &o);
	target_drive(t);
}

void target_ref(struct target *t, const char *repo, const char *ref, const char *id)
{
	if (strcmp(t->config->repo, repo) != 0 || strcmp(t->config->ref, ref) != 0)
		return;
	t->mentioned = true;
	if (hgt_oid_is_zero(id)) {
		ref_is_gone(t);
		return;
	}
	wish(t, id);
	/* As it should be, as far as the state knows: look, then say so. */
	if (!t->synced && strcmp(id, t->saved.applied) == 0)
		t->compare_at = 0;
	target_drive(t);
}

void target_complete(struct target *t)
{
	if (!t->mentioned)
		ref_is_gone(t);
}

bool target_is_settled(const struct target *t)
{
	int64_t now = hgt_time_mono_ms();

	return t->told && t->state == TARGET_IDLE && !t->post && !t->saving && !(t->saved.reports.n > 0 && now >= t->post_at) &&
		!(wants_compare(t) && now >= t->compare_at) && !(wants_content(t) && now >= t->retry_at);
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
	if (t->state == TARGET_FETCHING || (t->state == TARGET_VERIFYING && t->fetch.call)) {
		target_fetch_release(t);
		target_set_state(t, TARGET_IDLE);
	}
}

void target_abandon(struct target *t)
{
	call_cancel(t->post);
	t->post = NULL;
}

bool target_is_busy(const struct target *t)
{
	return t->state != TARGET_IDLE || t->post || t->saving;
}

/* What is kept about another place says nothing of this one. */
static void move(struct target *t)
{
	const struct driver_order order = {.target = t->config, .folder = t->folder.data, .archive = -1, .stop_fd = -1};

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
	hgt_buf_init(&t->fetch.digest);
	hgt_buf_init(&t->fetch.proof_text);
	t->fetch.file = -1;
	state_init(&t->saved);
	pause_init(&t->pause, RETRY_FIRST_MS, RETRY_MOST_MS);
	pause_init(&t->post_pause, POST_FIRST_MS, POST_MOST_MS);
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
	call_cancel(t->post);
	if (t->timer)
		event_free(t->timer);
	state_release(&t->saved);
	hgt_buf_release(&t->folder);
	hgt_buf_release(&t->place);
	hgt_buf_release(&t->state_file);
	hgt_buf_release(&t->told_text);
	hgt_buf_release(&t->last_message);
	free(t);
}
