/* What a target tells the daemon: reports, one after the other until it has them, and that commands were heard. */
#include "agent/call.h"
#include "agent/target_private.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/timing.h"
#include "headgate/protocol.h"

#define SILENCE 30	/* seconds */
#define REFUSED_MS 30000

/* How long until the next try. */
static int64_t put_off(struct target *t, struct pause *pause, int code, const struct hgt_error *err, const char *what)
{
	bool refused = code == HGT_EPERM || code == HGT_ECONFLICT || code == HGT_ENOENT;
	int64_t ms = refused ? REFUSED_MS : pause_next(pause);

	hgt_log(refused ? HGT_LOG_ERROR : HGT_LOG_WARNING, "report", what, HGT_S("target", t->config->name), HGT_S("reason", err->message),
		HGT_I("again_ms", ms));
	return hgt_time_mono_ms() + ms;
}

static void posted(void *ctx, struct call *call, int code, const struct hgt_error *err)
{
	struct target *t = ctx;

	t->post = NULL;
	if (code == 0) {
		pause_reset(&t->post_pause);
	} else if (code == HGT_EINVAL) {
		hgt_log(HGT_LOG_ERROR, "report", "the server does not take a report; it is dropped", HGT_S("target", t->config->name),
			HGT_S("reason", err->message), HGT_I("status", call_status(call)));
	} else {
		t->post_at = put_off(t, &t->post_pause, code, err, "a report waits");
		target_drive(t);
		return;
	}
	state_drop_report(&t->saved);
	target_save(t);
	target_drive(t);
}

void target_post(struct target *t)
{
	struct call_spec spec = {.method = "POST", .path = "/v1/agents/self/reports", .silence = SILENCE, .limit = HGT_BODY_MAX,
		.done = posted, .ctx = t};
	struct hgt_error err = {0};

	spec.body = t->saved.reports.items[0];
	spec.body_len = strlen(spec.body);
	if (call_start(t->runner->caller, &spec, &t->post, &err) < 0) {
		hgt_log(HGT_LOG_WARNING, "report", "a report waits", HGT_S("target", t->config->name), HGT_S("reason", err.message));
		t->post_at = hgt_time_mono_ms() + pause_next(&t->post_pause);
	}
}

/* The oldest that is on disk here and of which the daemon has not heard. */
static const struct state_command *to_acknowledge(const struct target *t)
{
	for (size_t i = 0; i < t->saved.n_commands; i++)
		if (!t->saved.commands[i].acknowledged && t->saved.commands[i].save <= t->save.written)
			return &t->saved.commands[i];
	return NULL;
}

bool target_owes_ack(const struct target *t)
{
	return to_acknowledge(t) != NULL;
}

static void acknowledged(void *ctx, struct call *call, int code, const struct hgt_error *err)
{
	struct target *t = ctx;
	struct state_command *command = state_find_command(&t->saved, t->acking);

	(void)call;
	t->ack = NULL;
	if (code == 0) {
		pause_reset(&t->ack_pause);
	} else if (code == HGT_EINVAL || code == HGT_ENOENT) {
		/* It was heard of, and is done; there is nobody to whom that could be said. */
		hgt_log(HGT_LOG_WARNING, "command", "the server does not know a command of its own", HGT_S("target", t->config->name),
			HGT_S("id", t->acking), HGT_S("reason", err->message));
	} else {
		t->ack_at = put_off(t, &t->ack_pause, code, err, "an acknowledgement waits");
		target_drive(t);
		return;
	}
	if (command)
		command->acknowledged = true;
	target_save(t);
	target_drive(t);
}

void target_acknowledge(struct target *t)
{
	struct call_spec spec = {.method = "POST", .path = "/v1/agents/self/commands", .silence = SILENCE, .limit = HGT_BODY_MAX,
		.done = acknowledged, .ctx = t};
	const struct state_command *command = to_acknowledge(t);
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);
	struct hgt_error err = {0};
	int code;

	snprintf(t->acking, sizeof(t->acking), "%s", command->id);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "id", t->acking);
	hgt_json_end_object(&json);
	spec.body = body.data;
	spec.body_len = body.len;
	code = hgt_buf_check(&body, &err);
	if (code == 0)
		code = call_start(t->runner->caller, &spec, &t->ack, &err);
	hgt_buf_release(&body);
	if (code < 0)
		t->ack_at = put_off(t, &t->ack_pause, HGT_EUNAVAILABLE, &err, "an acknowledgement waits");
}
