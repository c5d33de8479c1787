/* What has become of one target since a revision was asked for. */
#include "rollout/rollout.h"

#include "base/escape.h"
#include "base/timing.h"
#include "base/utf8.h"
#include "doc/doc.h"

static const char *const state_names[HGT_ROLLOUT_STATES] = {
	[HGT_ROLLOUT_PENDING] = "pending",
	[HGT_ROLLOUT_RUNNING] = "running",
	[HGT_ROLLOUT_SYNCED] = "synced",
	[HGT_ROLLOUT_FAILED] = "failed",
	[HGT_ROLLOUT_WAITING] = "waiting",
	[HGT_ROLLOUT_AWAY] = "away",
	[HGT_ROLLOUT_OVERTAKEN] = "overtaken",
};

static const char *const end_names[HGT_ROLLOUT_ENDS] = {
	[HGT_ROLLOUT_CONVERGED] = "converged",
	[HGT_ROLLOUT_NOBODY] = "nobody",
	[HGT_ROLLOUT_HAS_FAILED] = "failed",
	[HGT_ROLLOUT_HAS_STOPPED] = "stopped",
	[HGT_ROLLOUT_TIMEOUT] = "timeout",
	[HGT_ROLLOUT_LEFT] = "left",
};

const char *hgt_rollout_state_name(enum hgt_rollout_state state)
{
	return state_names[state];
}

int hgt_rollout_state_parse(const char *name)
{
	for (int i = 0; name && i < HGT_ROLLOUT_STATES; i++)
		if (strcmp(name, state_names[i]) == 0)
			return i;
	return -1;
}

const char *hgt_rollout_end_name(enum hgt_rollout_end end)
{
	return end_names[end];
}

enum hgt_rollout_end hgt_rollout_end_parse(const char *name)
{
	for (int i = 0; name && i < HGT_ROLLOUT_ENDS; i++)
		if (end_names[i] && strcmp(name, end_names[i]) == 0)
			return (enum hgt_rollout_end)i;
	return HGT_ROLLOUT_GOES_ON;
}

enum hgt_rollout_end hgt_rollout_end_of(const size_t counts[HGT_ROLLOUT_STATES])
{
	size_t all = 0;

	for (int i = 0; i < HGT_ROLLOUT_STATES; i++)
		all += counts[i];
	if (!all)
		return HGT_ROLLOUT_NOBODY;
	if (counts[HGT_ROLLOUT_FAILED])
		return HGT_ROLLOUT_HAS_FAILED;
	if (counts[HGT_ROLLOUT_SYNCED] == all)
		return HGT_ROLLOUT_CONVERGED;
	if (counts[HGT_ROLLOUT_PENDING] || counts[HGT_ROLLOUT_RUNNING] || counts[HGT_ROLLOUT_AWAY])
		return HGT_ROLLOUT_GOES_ON;
	return HGT_ROLLOUT_HAS_STOPPED;
}

void hgt_rollout_ref(const char *ref, struct hgt_buf *out)
{
	if (strncmp(ref, "refs/heads/", 11) == 0)
		ref += 11;
	else if (strncmp(ref, "refs/tags/", 10) == 0)
		ref += 5;
	hgt_escape_text(out, ref, strlen(ref));
}

void hgt_rollout_name(const char *agent, const char *target, const char *ref, struct hgt_buf *out)
{
	hgt_escape_text(out, agent, strlen(agent));
	hgt_buf_addc(out, '/');
	hgt_escape_text(out, target, strlen(target));
	if (!ref)
		return;
	hgt_buf_adds(out, " (");
	hgt_rollout_ref(ref, out);
	hgt_buf_addc(out, ')');
}

void hgt_rollout_report_init(struct hgt_rollout_report *report)
{
	*report = (struct hgt_rollout_report){.message = HGT_BUF_INIT};
}

void hgt_rollout_report_release(struct hgt_rollout_report *report)
{
	hgt_buf_release(&report->message);
}

static bool is(const struct hgt_node *node, const char *key, const char *word)
{
	const char *text = hgt_node_get_string(node, key);

	return text && strcmp(text, word) == 0;
}

static void read_id(const struct hgt_node *node, const char *key, char out[HGT_OID_HEX_SHA256 + 1])
{
	const char *id = hgt_node_get_string(node, key);

	*out = '\0';
	if (id && hgt_oid_is_valid(id))
		memcpy(out, id, strlen(id) + 1);
}

/* The first line, cut between two characters. */
static void read_message(const char *text, struct hgt_buf *out)
{
	size_t len = text ? strcspn(text, "\r\n") : 0, at = 0;
	uint32_t cp;

	if (len > HGT_ROLLOUT_MESSAGE_MAX) {
		for (size_t n = 0; at + n <= HGT_ROLLOUT_MESSAGE_MAX; at += n) {
			n = hgt_utf8_decode(text + at, len - at, &cp);
			n = n ? n : 1;
			if (at + n > HGT_ROLLOUT_MESSAGE_MAX)
				break;
		}
		hgt_buf_add(out, text, at);
		hgt_buf_adds(out, "...");
	} else if (len) {
		hgt_buf_add(out, text, len);
	}
}

int hgt_rollout_report_read(const struct hgt_node *node, struct hgt_rollout_report *out, struct hgt_error *err)
{
	const char *next = hgt_node_get_string(node, "next");
	bool suspended = false;

	hgt_buf_reset(&out->message);
	out->synced = is(node, "sync", "Synced");
	out->degraded = is(node, "health", "Degraded");
	out->progressing = is(node, "health", "Progressing");
	out->suspended = (hgt_node_get_bool(node, "suspended", &suspended) && suspended) || is(node, "health", "Suspended");
	out->running = is(node, "operation", "Running");
	out->failed = is(node, "operation", "Failed");
	out->pending = is(node, "operation", "Pending");
	read_id(node, "desired", out->desired);
	read_id(node, "applied", out->applied);
	out->next_ms = 0;
	if (next && hgt_time_parse(next, &out->next_ms, NULL) < 0)
		out->next_ms = 0;
	read_message(hgt_node_get_string(node, "message"), &out->message);
	return hgt_buf_check(&out->message, err);
}

/* "2026-01-02 03:04:05 UTC": who pushes may be in another place than the server. */
static void add_time(struct hgt_buf *out, int64_t ms)
{
	char text[HGT_TIME_TEXT];

	hgt_time_format(ms, text);
	hgt_buf_addf(out, "%.10s %.8s UTC", text, text + 11);
}

static void say_overtaken(const struct hgt_rollout_facts *f, struct hgt_buf *message)
{
	if (*f->tip)
		hgt_buf_addf(message, "%s is at %.8s by now, which does not contain it", f->ref, f->tip);
	else
		hgt_buf_addf(message, "%s is gone", f->ref);
}

/* What the agent is about to do, where it is there and nothing is on its way. */
static enum hgt_rollout_state judge_idle(const struct hgt_rollout_facts *f, struct hgt_buf *message)
{
	const struct hgt_rollout_report *r = f->report;

	if (r && r->suspended) {
		hgt_buf_addf(message, "suspended; waits for headgate resume %s %s", f->agent, f->target);
		return HGT_ROLLOUT_WAITING;
	}
	/* It has the content, which is not up yet. */
	if (r && ((r->running && f->has_desired) || (r->synced && r->progressing && f->has_applied))) {
		hgt_buf_add(message, r->message.data, r->message.len);
		return HGT_ROLLOUT_RUNNING;
	}
	if (f->manual) {
		hgt_buf_addf(message, "waits for headgate sync %s %s", f->agent, f->target);
		return HGT_ROLLOUT_WAITING;
	}
	if (r && r->pending && f->has_desired && r->next_ms > f->now_ms) {
		hgt_buf_adds(message, "waits until ");
		add_time(message, r->next_ms);
		return HGT_ROLLOUT_WAITING;
	}
	/* A report about something else says nothing of this. */
	if (r && f->has_desired)
		hgt_buf_add(message, r->message.data, r->message.len);
	return HGT_ROLLOUT_PENDING;
}

enum hgt_rollout_state hgt_rollout_judge(const struct hgt_rollout_facts *f, struct hgt_buf *message)
{
	const struct hgt_rollout_report *r = f->report;

	if (r && r->synced && f->has_applied && !r->failed && !r->degraded && !r->progressing) {
		hgt_buf_add(message, r->message.data, r->message.len);
		return HGT_ROLLOUT_SYNCED;
	}
	/* The content is there and does not do well; one that somebody has changed since is another matter, and may heal. */
	if (r && ((r->failed && f->has_desired) || (r->synced && r->degraded && f->has_applied))) {
		hgt_buf_add(message, r->message.data, r->message.len);
		return HGT_ROLLOUT_FAILED;
	}
	if (f->overtaken) {
		say_overtaken(f, message);
		return HGT_ROLLOUT_OVERTAKEN;
	}
	if (!f->connected) {
		hgt_buf_adds(message, f->seen_ms ? "away since " : "away: it has never been connected");
		if (f->seen_ms)
			add_time(message, f->seen_ms);
		return HGT_ROLLOUT_AWAY;
	}
	return judge_idle(f, message);
}
