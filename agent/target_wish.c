/* What a target should be, and when it may be made so. */
#include "agent/feed.h"
#include "agent/target_private.h"
#include "agent/windows.h"
#include "base/io.h"
#include "base/log.h"
#include "base/timing.h"

const struct state_request *target_request(const struct target *t)
{
	return t->saved.n_requests > 0 ? &t->saved.requests[0] : NULL;
}

const char *target_wanted(const struct target *t)
{
	const struct state_request *request = target_request(t);

	if (request)
		return *request->revision ? request->revision : t->desired;
	return *t->saved.pin ? t->saved.pin : t->desired;
}

bool target_is_pending(const struct target *t)
{
	return strcmp(target_wanted(t), t->saved.applied) != 0;
}

/* When the windows are asked next: what they say is kept until it changes, or the clock is set back. */
static bool is_window_open(struct target *t)
{
	int64_t now = hgt_time_now_ms();
	const struct hgt_window *windows = t->config->windows.items;
	size_t n = t->config->windows.n;

	if (now < t->window.from || now >= t->window.until) {
		t->window.from = now;
		t->window.until = windows_next(windows, n, now);
		t->window.open = windows_are_open(windows, n, now);
	}
	return t->window.open;
}

bool target_may_act(struct target *t)
{
	return target_request(t) || (t->config->automatic && !t->saved.suspended && is_window_open(t));
}

const char *target_held_by(struct target *t)
{
	return t->saved.suspended ? "suspended" : !t->config->automatic ? "sync is manual" : "outside its windows";
}

/* Whether there is anything to be done about it, now or once it may. */
static bool is_due(const struct target *t)
{
	const char *wanted = target_wanted(t);

	if (!t->told || !*wanted || strcmp(wanted, t->settled) == 0)
		return false;
	return target_request(t) || strcmp(wanted, t->saved.applied) != 0 || (t->drifted && t->config->self_heal) || t->saved.unfinished;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t target_acts_at(struct target *t)
{
	if (!is_due(t))
		return INT64_MAX;
	if (target_may_act(t))
		return t->retry_at;
	if (t->saved.suspended || !t->config->automatic || t->window.until == INT64_MAX)
		return INT64_MAX;
	return later(t->retry_at, hgt_time_mono_ms() + t->window.until - hgt_time_now_ms());
}

bool target_wants_content(struct target *t)
{
	if (!is_due(t))
		return false;
	return target_may_act(t) || (target_is_pending(t) && !(t->failed && t->in_vain) && strcmp(target_wanted(t), t->held) != 0);
}

/* Before the daemon has said what should be, there is nothing to say about what is. */
bool target_wants_compare(const struct target *t)
{
	return t->told && *target_wanted(t) && *t->saved.applied && t->compare_at != INT64_MAX;
}

void target_postpone(struct target *t)
{
	t->retry_at = hgt_time_mono_ms() + pause_next(&t->pause);
	t->backing_off = true;
}

void target_give_up(struct target *t, const char *revision)
{
	snprintf(t->settled, sizeof(t->settled), "%s", revision);
}

/* What stood in the way before does not count any more. */
static void start_afresh(struct target *t)
{
	t->failed = t->in_vain = false;
	t->settled[0] = '\0';
	t->held[0] = '\0';
	t->held_tree[0] = '\0';
	t->retry_at = 0;
	t->backing_off = false;
	pause_reset(&t->pause);
}

static int64_t jitter_ms(const struct target *t)
{
	uint32_t random;

	if (t->config->jitter == 0 || t->runner->once)
		return 0;
	hgt_random_bytes(&random, sizeof(random));
	return (int64_t)(random % (1000ULL * t->config->jitter));
}

/* The daemon has told where the ref is: what stood in the way of the last wish does not count for a new one. */
static void wish(struct target *t, const char *id)
{
	int64_t now = hgt_time_mono_ms(), at = t->retry_at;
	bool waits = !t->backing_off && at > now;
	char before[HGT_OID_HEX_SHA256 + 1];

	snprintf(before, sizeof(before), "%s", target_wanted(t));
	snprintf(t->desired, sizeof(t->desired), "%s", id);
	if (*t->saved.pin && strcmp(t->saved.pin_ref, id) != 0) {
		t->saved.pin[0] = t->saved.pin_ref[0] = '\0';
		target_save(t);
	}
	if (!t->told || strcmp(before, target_wanted(t)) != 0) {
		t->synced = false;
		t->last_request[0] = '\0';
		start_afresh(t);
		/* One that waits already waits no longer for another push. */
		t->retry_at = waits ? at : now + jitter_ms(t);
	}
	t->told = true;
}

static void is_gone(struct target *t)
{
	wish(t, "");
	target_tell_gone(t);
	target_drive(t);
}

void target_begin(struct target *t)
{
	t->mentioned = false;
}

void target_ref(struct target *t, const char *repo, const char *ref, const char *id)
{
	if (strcmp(t->config->repo, repo) != 0 || strcmp(t->config->ref, ref) != 0)
		return;
	t->mentioned = true;
	if (hgt_oid_is_zero(id)) {
		is_gone(t);
		return;
	}
	wish(t, id);
	/* As it should be, as far as the state knows: look, then say so. */
	if (!t->synced && !target_is_pending(t))
		t->compare_at = 0;
	target_drive(t);
}

void target_complete(struct target *t)
{
	if (!t->mentioned)
		is_gone(t);
}

/* What is told says something else from now on. */
static void look_again(struct target *t)
{
	start_afresh(t);
	t->again = true;
	t->compare_at = 0;
	if (t->told && !*target_wanted(t))
		target_tell_gone(t);
}

void target_answer(struct target *t, bool well)
{
	const struct state_request *request = target_request(t);
	struct state *s = &t->saved;

	if (!request || strcmp(request->id, t->fetch.request) != 0)
		return;
	if (well) {
		/* It holds until the ref moves, which it may have done meanwhile. */
		bool pin = *request->revision && strcmp(request->revision, t->desired) != 0 && strcmp(t->fetch.ref, t->desired) == 0;

		snprintf(s->pin, sizeof(s->pin), "%s", pin ? request->revision : "");
		snprintf(s->pin_ref, sizeof(s->pin_ref), "%s", pin ? t->desired : "");
	}
	state_end_request(s);
	start_afresh(t);
	t->synced = false;
}

/* Store what is asked: 0, or it is as if it had not been told. */
static int take(struct target *t, const struct feed_command *c, struct hgt_error *err)
{
	struct state_command *command;
	int code = state_add_command(&t->saved, c->id, &command, err);

	if (code < 0)
		return code;
	if (strcmp(c->action, "sync") == 0)
		code = state_add_request(&t->saved, c->id, c->revision ? c->revision : "", err);
	else if (strcmp(c->action, "suspend") == 0 || strcmp(c->action, "resume") == 0)
		t->saved.suspended = strcmp(c->action, "suspend") == 0;
	else
		code = hgt_error_set(err, HGT_EUNSUPPORTED, "an agent of version " HGT_VERSION " does not know how to %s", c->action);
	if (code < 0)
		t->saved.n_commands--;
	else
		command->save = t->save.asked + 1;
	return code;
}

void target_command(struct target *t, const struct feed_command *c)
{
	struct state_command *known = state_find_command(&t->saved, c->id);
	struct hgt_error err = {0};

	if (known) {
		/* Our word has not come to the daemon, or has just done so. */
		known->acknowledged = false;
	} else if (take(t, c, &err) < 0) {
		hgt_log(HGT_LOG_ERROR, "command", "a command is not taken", HGT_S("target", t->config->name), HGT_S("id", c->id),
			HGT_S("action", c->action), HGT_S("reason", err.message));
		return;
	} else {
		hgt_log(HGT_LOG_INFO, "command", c->action, HGT_S("target", t->config->name), HGT_S("id", c->id), HGT_S("actor", c->actor),
			HGT_S("revision", c->revision));
		if (strcmp(c->action, "sync") != 0) {
			snprintf(t->last_request, sizeof(t->last_request), "%s", c->id);
			look_again(t);
		} else if (t->saved.n_requests == 1) {
			start_afresh(t);
		}
		target_save(t);
	}
	target_drive(t);
}
