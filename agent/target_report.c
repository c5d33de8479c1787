/* A target's reports: queued in its state, sent one after the other, dropped when the daemon has them. */
#include "agent/call.h"
#include "agent/target_private.h"
#include "base/log.h"
#include "base/timing.h"
#include "headgate/protocol.h"

#define SILENCE 30	/* seconds */
#define REFUSED_MS 30000

void target_tell(struct target *t, const struct outcome *said)
{
	struct outcome tagged = *said;
	const struct outcome *outcome = &tagged;
	struct hgt_buf text = HGT_BUF_INIT, report = HGT_BUF_INIT;
	struct hgt_error err = {0};
	int code;

	tagged.tool = t->driver->name;
	outcome_write(outcome, t->config->name, false, &text);
	if (!text.failed && text.len == t->told_text.len && memcmp(text.data, t->told_text.data, text.len) == 0) {
		hgt_buf_release(&text);
		return;
	}
	outcome_write(outcome, t->config->name, true, &report);
	code = hgt_buf_check(&report, &err);
	if (code == 0) {
		char *copy = hgt_buf_take(&report);

		code = copy ? state_add_report(&t->saved, copy, &err) : hgt_error_nomem(&err);
	}
	hgt_buf_release(&report);
	if (code < 0) {
		hgt_buf_release(&text);
		hgt_log(HGT_LOG_ERROR, "report", "a report is lost", HGT_S("target", t->config->name), HGT_S("reason", err.message));
		return;
	}
	hgt_buf_release(&t->told_text);
	t->told_text = text;
	hgt_log(strcmp(outcome->operation, "Failed") == 0 ? HGT_LOG_WARNING : HGT_LOG_INFO, "target", outcome->message,
		HGT_S("target", t->config->name), HGT_S("sync", outcome->sync), HGT_S("health", outcome->health),
		HGT_S("operation", outcome->operation), HGT_S("desired", outcome->desired));
	target_save(t);
}

static void posted(void *ctx, struct call *call, int code, const struct hgt_error *err)
{
	struct target *t = ctx;
	bool refused = code == HGT_EPERM || code == HGT_ECONFLICT || code == HGT_ENOENT;

	t->post = NULL;
	if (code == 0) {
		pause_reset(&t->post_pause);
	} else if (code == HGT_EINVAL) {
		hgt_log(HGT_LOG_ERROR, "report", "the server does not take a report; it is dropped", HGT_S("target", t->config->name),
			HGT_S("reason", err->message), HGT_I("status", call_status(call)));
	} else {
		int64_t ms = refused ? REFUSED_MS : pause_next(&t->post_pause);

		hgt_log(refused ? HGT_LOG_ERROR : HGT_LOG_WARNING, "report", "a report waits", HGT_S("target", t->config->name),
			HGT_S("reason", err->message), HGT_I("again_ms", ms));
		t->post_at = hgt_time_mono_ms() + ms;
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
