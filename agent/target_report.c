/* What became of a target, in the words of reports; queued in its state when it is news. */
#include <inttypes.h>

#include "agent/target_private.h"
#include "base/log.h"
#include "base/timing.h"

/* When the target acts by itself, if it is to wait for that. */
static int64_t next_ms(struct target *t)
{
	int64_t at = target_acts_at(t), now = hgt_time_mono_ms();

	return at == INT64_MAX || at <= now || target_request(t) ? 0 : hgt_time_now_ms() + at - now;
}

static int queue(struct target *t, const struct outcome *outcome, struct hgt_error *err)
{
	struct hgt_buf report = HGT_BUF_INIT;
	char *copy;
	int code;

	outcome_write(outcome, t->config->name, true, &report);
	code = hgt_buf_check(&report, err);
	if (code == 0) {
		copy = hgt_buf_take(&report);
		code = copy ? state_add_report(&t->saved, copy, err) : hgt_error_nomem(err);
	}
	hgt_buf_release(&report);
	return code;
}

static void tell(struct target *t, struct outcome *o)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error err = {0};

	o->tool = t->driver->name;
	o->request = *t->last_request ? t->last_request : NULL;
	o->suspended = t->saved.suspended;
	o->pinned = t->saved.pin;
	o->next_ms = next_ms(t);
	outcome_write(o, t->config->name, false, &text);
	if (!text.failed && text.len == t->told_text.len && memcmp(text.data, t->told_text.data, text.len) == 0) {
		hgt_buf_release(&text);
		return;
	}
	if (queue(t, o, &err) < 0) {
		hgt_buf_release(&text);
		hgt_log(HGT_LOG_ERROR, "report", "a report is lost", HGT_S("target", t->config->name), HGT_S("reason", err.message));
		return;
	}
	hgt_buf_release(&t->told_text);
	t->told_text = text;
	hgt_log(strcmp(o->operation, "Failed") == 0 ? HGT_LOG_WARNING : HGT_LOG_INFO, "target", o->message, HGT_S("target", t->config->name),
		HGT_S("sync", o->sync), HGT_S("health", o->health), HGT_S("operation", o->operation), HGT_S("desired", o->desired));
	target_save(t);
}

static const char *cause(const struct target *t, bool pending)
{
	return pending && t->drifted ? "both" : pending ? "pending" : t->drifted ? "drift" : NULL;
}

static const char *health_of(const struct driver_result *result, const char *usual)
{
	return result && result->health ? result->health : usual;
}

void target_tell_gone(struct target *t)
{
	struct outcome o = {.sync = "Unknown", .health = "Missing", .operation = "Pending", .applied = t->saved.applied,
		.message = "the ref is not there; what is on the target stays as it is", .started_ms = hgt_time_now_ms()};

	tell(t, &o);
}

void target_tell_running(struct target *t)
{
	struct outcome o = {.sync = "OutOfSync", .health = "Progressing", .operation = "Running", .desired = t->fetch.revision,
		.cause = cause(t, strcmp(t->fetch.revision, t->saved.applied) != 0), .applied = t->saved.applied, .message = "applying",
		.started_ms = t->started_ms};

	snprintf(t->last_request, sizeof(t->last_request), "%s", t->fetch.request);
	t->synced = false;
	tell(t, &o);
}

void target_done(struct target *t, const struct driver_result *result)
{
	hgt_buf_reset(&t->last_message);
	hgt_buf_addf(&t->last_message, "%" PRIu64 " added, %" PRIu64 " modified, %" PRIu64 " removed", result->added, result->modified,
		result->removed);
	t->last = (struct outcome){.operation = "Succeeded", .message = t->last_message.data, .started_ms = t->started_ms,
		.finished_ms = hgt_time_now_ms(), .added = result->added, .modified = result->modified, .removed = result->removed,
		.has_exit_status = result->ran, .exit_status = result->exit_status};
	/* Whatever has been asked for meanwhile: this is what that command led to. */
	if (*t->fetch.request)
		snprintf(t->last_request, sizeof(t->last_request), "%s", t->fetch.request);
}

void target_tell_overtaken(struct target *t, const struct driver_result *result)
{
	struct outcome o = t->last;

	t->drifted = result->differing > 0;
	o.sync = *target_wanted(t) ? "OutOfSync" : "Unknown";
	o.health = health_of(result, t->drifted ? "Degraded" : "Healthy");
	o.cause = cause(t, true);
	o.desired = target_wanted(t);
	o.applied = t->saved.applied;
	o.observed = t->drifted ? NULL : t->saved.applied;
	o.look = result;
	tell(t, &o);
}

void target_tell_failure(struct target *t, const char *sync, const char *health, const char *message, const struct driver_result *result)
{
	struct outcome *o = &t->failure;
	const struct hgt_buf *output = result ? &result->output : NULL;
	bool wanted = strcmp(t->fetch.revision, target_wanted(t)) == 0;
	struct outcome told;

	snprintf(t->last_request, sizeof(t->last_request), "%s", t->fetch.request);
	hgt_buf_reset(&t->failure_message);
	hgt_buf_adds(&t->failure_message, message);
	hgt_buf_reset(&t->failure_output);
	if (output)
		hgt_buf_add(&t->failure_output, output->data, output->len);
	*o = (struct outcome){.sync = sync, .health = health, .operation = "Failed", .desired = t->fetch.revision,
		.cause = cause(t, strcmp(t->fetch.revision, t->saved.applied) != 0), .applied = t->saved.applied, .message = t->failure_message.data,
		.output = t->failure_output.len > 0 ? t->failure_output.data : NULL, .output_len = t->failure_output.len,
		.has_exit_status = result && result->ran, .exit_status = result ? result->exit_status : 0, .started_ms = t->started_ms,
		.finished_ms = hgt_time_now_ms(), .truncated = result && result->output_cut};
	t->failed = wanted;
	t->synced = false;
	told = *o;
	told.look = result;
	tell(t, &told);
	target_save(t);
	/* Of what was asked for and is not wanted any more it is all; how things are beside it is looked at. */
	if (!wanted)
		t->compare_at = 0;
}

void target_tell_held(struct target *t, const struct look *look)
{
	struct hgt_buf message = HGT_BUF_INIT;
	const struct driver_result *ahead = look->ahead_trouble ? NULL : look->ahead;
	struct outcome o = {.sync = "OutOfSync", .operation = "Pending", .desired = target_wanted(t), .applied = t->saved.applied,
		.cause = cause(t, true), .started_ms = hgt_time_now_ms()};

	o.health = !*t->saved.applied ? "Missing" : t->drifted ? "Degraded" : "Healthy";
	o.look = ahead ? ahead : look->result;
	if (*t->saved.applied)
		o.health = health_of(o.look, o.health);
	if (ahead) {
		o.added = ahead->added;
		o.modified = ahead->modified;
		o.removed = ahead->removed;
	}
	if (ahead && ahead->differing == 0)
		o.observed = o.desired;
	else if (*t->saved.applied && look->result && !t->drifted)
		o.observed = t->saved.applied;
	hgt_buf_adds(&message, target_held_by(t));
	if (look->ahead_trouble)
		hgt_buf_addf(&message, "; what a sync would change cannot be told: %s", look->ahead_trouble);
	else if (ahead && ahead->differing == 0)
		hgt_buf_adds(&message, "; a sync would change nothing");
	else if (ahead)
		hgt_buf_addf(&message, "; a sync would change that %s", ahead->difference.data);
	else if (t->drifted && look->result)
		hgt_buf_addf(&message, "; %s", look->result->difference.data);
	o.message = message.failed ? target_held_by(t) : message.data;
	t->synced = false;
	tell(t, &o);
	hgt_buf_release(&message);
}

/* The look itself did not come to its end. */
static void tell_unknown(struct target *t, const struct look *look, bool pending)
{
	struct outcome o = t->last;

	o.sync = "Unknown";
	o.health = "Unknown";
	o.cause = pending ? "pending" : NULL;
	o.desired = target_wanted(t);
	o.applied = t->saved.applied;
	o.message = look->trouble;
	o.look = look->result;
	tell(t, &o);
}

/* What failed stays what is told, beside how things are now. */
static void tell_still_failed(struct target *t, const struct look *look, bool pending)
{
	struct outcome o = t->failure;

	o.desired = target_wanted(t);
	o.applied = t->saved.applied;
	o.cause = cause(t, pending);
	o.look = look->result;
	tell(t, &o);
}

static void tell_state(struct target *t, const struct driver_result *result)
{
	struct outcome o = t->last;

	o.sync = t->drifted ? "OutOfSync" : "Synced";
	o.health = health_of(result, t->drifted ? "Degraded" : "Healthy");
	o.cause = cause(t, false);
	o.desired = target_wanted(t);
	o.applied = t->saved.applied;
	if (t->drifted)
		o.message = result->difference.data;
	else
		o.observed = t->saved.applied;
	o.look = result;
	tell(t, &o);
}

void target_tell_look(struct target *t, const struct look *look)
{
	const char *wanted = target_wanted(t);
	bool pending = target_is_pending(t);

	t->drifted = look->code == 0 && look->result && look->result->differing > 0;
	t->synced = look->code == 0 && !t->drifted && t->told && !pending;
	if (t->synced)
		t->failed = false;
	if (!t->told || !*wanted)
		return;
	if (look->code < 0)
		tell_unknown(t, look, pending);
	else if (t->failed)
		tell_still_failed(t, look, pending);
	else if (pending && strcmp(wanted, t->held) == 0)
		target_tell_held(t, look);
	else if (!pending)
		tell_state(t, look->result);
	/* Else another revision is about to come: only trouble is news. */
}
