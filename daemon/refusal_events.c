/* Journaling that somebody was turned away. */
#include <event2/event.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/change.h"
#include "daemon/registry.h"

/* The event. left_out: how many more there were that no event tells of one by one. */
static void journal_refusal(struct agents *agents, const struct refused *who, const char *reason, uint64_t left_out)
{
	struct hgt_error err = {0};
	struct change *change = change_new(agents->daemon, NULL, NULL);
	struct hgt_json json;

	if (!change)
		return;
	change->type = HGT_EVENT_AGENT_REFUSED;
	hgt_buf_adds(&change->subject, who->agent ? who->agent : "");
	json = (struct hgt_json)HGT_JSON_INIT(&change->data);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "agent", who->agent);
	hgt_json_key_string(&json, "token", who->token);
	hgt_json_key_string(&json, "remote", who->remote);
	hgt_json_key_string(&json, "reason", reason);
	hgt_json_key_uint(&json, "left_out", left_out);
	hgt_json_end_object(&json);
	if (change_submit(change, &err) < 0)
		hgt_log(HGT_LOG_ERROR, "agents", err.message);
}

static void plan(struct agents *agents)
{
	int64_t next = refusals_next_ms(&agents->refusals), in_ms;
	struct timeval tv;

	if (!next)
		return;
	if (!agents->left_out)
		agents->left_out = event_new(agents->daemon->base, -1, 0, agents_tell_left_out, agents);
	if (!agents->left_out || event_pending(agents->left_out, EV_TIMEOUT, NULL))
		return;
	in_ms = next - hgt_time_mono_ms();
	tv = (struct timeval){.tv_sec = in_ms > 0 ? in_ms / 1000 + 1 : 1};
	evtimer_add(agents->left_out, &tv);
}

void agents_tell_left_out(int fd, short what, void *arg)
{
	struct agents *agents = arg;
	char remote[REQUEST_REMOTE_MAX];
	uint64_t left_out;

	(void)fd;
	(void)what;
	while (refusals_due(&agents->refusals, hgt_time_mono_ms(), remote, &left_out)) {
		const struct refused who = {.remote = *remote ? remote : NULL};

		journal_refusal(agents, &who, *remote ? "more of the same" : "more addresses than are told of one by one", left_out);
	}
	plan(agents);
}

void agents_refused(struct agents *agents, const struct refused *who, const char *reason)
{
	uint64_t left_out;

	agents->refused++;
	if (!refusals_tell(&agents->refusals, who->remote, hgt_time_mono_ms(), &left_out)) {
		plan(agents);
		return;
	}
	hgt_log(HGT_LOG_WARNING, "agents", "refused", HGT_S("agent", who->agent), HGT_S("token", who->token), HGT_S("remote", who->remote),
		HGT_S("reason", reason));
	journal_refusal(agents, who, reason, left_out);
}
