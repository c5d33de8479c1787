/* What changes the registry: through the store first, then in memory. */
#include "base/digest.h"
#include "base/io.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/agent.h"
#include "daemon/agents.h"
#include "daemon/hub.h"
#include "daemon/messages.h"
#include "daemon/registry.h"
#include "daemon/store.h"

struct change {
	struct agents *agents;
	struct agent *agent;	/* a reference; NULL for a refusal. The writer thread reads only what never changes */
	bool put, remove;	/* what becomes of its row */
	char *instance, *info;	/* of that row */
	int64_t seen_ms;
	const char *type;	/* of the event; NULL for none */
	struct hgt_buf subject, data;
	struct hgt_buf report;	/* the last report of `target`, when target is not "" */
	char target[HGT_NAME_MAX + 1];
	int64_t time_ms;
	uint64_t seq;
	void (*commit)(struct change *change);	/* memory follows, on the loop */
	void (*fail)(struct change *change);	/* or is put back */
	agents_done_cb done;
	void *ctx;
};

static struct change *change_new(struct agents *agents, struct agent *agent, agents_done_cb done, void *ctx)
{
	struct change *change = calloc(1, sizeof(*change));

	if (!change)
		return NULL;
	change->agents = agents;
	change->agent = agent ? agent_ref(agent) : NULL;
	hgt_buf_init(&change->subject);
	hgt_buf_init(&change->data);
	hgt_buf_init(&change->report);
	change->time_ms = hgt_time_now_ms();
	change->done = done;
	change->ctx = ctx;
	return change;
}

static void change_free(struct change *change)
{
	agent_unref(change->agent);
	free(change->instance);
	free(change->info);
	hgt_buf_release(&change->subject);
	hgt_buf_release(&change->data);
	hgt_buf_release(&change->report);
	free(change);
}

static int put_row(struct hgt_journal *journal, const struct change *change, struct hgt_error *err)
{
	const struct hgt_agent_row row = {
		.name = change->agent->name,
		.kind = change->agent->kind,
		.allow = change->agent->allow_text,
		.token_hash = change->agent->token_hash,
		.created_ms = change->agent->created_ms,
		.instance = change->instance ? change->instance : "",
		.info = change->info ? change->info : "{}",
		.seen_ms = change->seen_ms,
	};

	return hgt_journal_agent_put(journal, &row, err);
}

/* On the writer thread. */
static int run_change(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	struct change *change = job;
	const struct hgt_journal_entry entry = {
		.type = change->type,
		.subject = change->subject.data,
		.repo = "",
		.ref = "",
		.data = change->data.data,
		.data_len = change->data.len,
	};
	int code = 0;

	if (change->put)
		code = put_row(journal, change, err);
	if (code == 0 && change->remove)
		code = hgt_journal_agent_remove(journal, change->agent->name, err);
	if (code == 0 && change->target[0])
		code = hgt_journal_report_put(journal, change->agent->name, change->target, change->report.data, change->report.len,
			change->time_ms, err);
	if (code == 0 && change->type)
		code = store_append(batch, &entry, &change->seq, err);
	return code;
}

static void change_done(void *job, int code, const struct hgt_error *err)
{
	struct change *change = job;

	if (code == 0 && change->commit)
		change->commit(change);
	if (code < 0 && change->fail)
		change->fail(change);
	if (change->done)
		change->done(change->ctx, code, change->seq, err);
	change_free(change);
}

/* Takes the change, also when it fails. */
static int submit(struct change *change, struct hgt_error *err)
{
	int code = change->subject.failed || change->data.failed || change->report.failed ? hgt_error_nomem(err) : 0;

	if (code == 0)
		code = store_submit(change->agents->daemon->store, run_change, change_done, change, err);
	if (code < 0) {
		if (change->fail)
			change->fail(change);
		change_free(change);
	}
	return code;
}

/* What agent.added and agent.removed tell. */
static void describe(struct change *change, const char *type)
{
	struct hgt_json json = HGT_JSON_INIT(&change->data);
	const struct agent *agent = change->agent;

	change->type = type;
	hgt_buf_adds(&change->subject, agent->name);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "agent", agent->name);
	hgt_json_key_string(&json, "kind", agent->kind);
	hgt_json_key(&json, "allow");
	hgt_json_raw(&json, agent->allow_text, strlen(agent->allow_text));
	hgt_json_end_object(&json);
}

static void added(struct change *change)
{
	struct agent *agent = change->agent;

	agent->pending = false;
	hgt_log(HGT_LOG_INFO, "agents", "agent added", HGT_S("agent", agent->name), HGT_S("kind", agent->kind));
}

static void not_added(struct change *change)
{
	agents_unlist(change->agents, change->agent);
}

static void make_token(char token[AGENT_TOKEN_MAX], char hash[HGT_SHA256_HEX])
{
	unsigned char secret[32], digest[HGT_SHA256_SIZE];
	struct hgt_buf text = HGT_BUF_INIT;

	hgt_random_bytes(secret, sizeof(secret));
	hgt_buf_adds(&text, HGT_TOKEN_PREFIX);
	hgt_base64_url(&text, secret, sizeof(secret));
	snprintf(token, AGENT_TOKEN_MAX, "%s", text.data);
	hgt_buf_release(&text);
	hgt_sha256(token, strlen(token), digest);
	hgt_hex(digest, sizeof(digest), hash);
}

int agents_add(struct agents *agents, const struct agent_spec *spec, char token[AGENT_TOKEN_MAX], agents_done_cb done, void *ctx,
	struct hgt_error *err)
{
	struct agent *agent = agent_new(spec->name, spec->kind, spec->allow.items, spec->allow.n);
	struct change *change;
	int code;

	if (!agent)
		return hgt_error_nomem(err);
	agent->pending = true;
	agent->created_ms = hgt_time_now_ms();
	make_token(token, agent->token_hash);
	if (strlen(token) != AGENT_TOKEN_MAX - 1) {
		agent_unref(agent);
		return hgt_error_nomem(err);
	}
	code = agents_list(agents, agent, err);
	if (code < 0) {
		agent_unref(agent);
		return code;
	}
	change = change_new(agents, agent, done, ctx);
	if (!change) {
		agents_unlist(agents, agent);
		return hgt_error_nomem(err);
	}
	change->put = true;
	change->commit = added;
	change->fail = not_added;
	describe(change, HGT_EVENT_AGENT_ADDED);
	return submit(change, err);
}

static void removed(struct change *change)
{
	struct agent *agent = change->agent;

	hgt_log(HGT_LOG_INFO, "agents", "agent removed", HGT_S("agent", agent->name));
	if (agent->stream)
		hub_end(agent->stream);
	agents_unlist(change->agents, agent);
}

static void not_removed(struct change *change)
{
	change->agent->removed = false;
}

int agents_remove(struct agents *agents, const char *name, agents_done_cb done, void *ctx, struct hgt_error *err)
{
	struct agent *agent = agents_find(agents, name);
	struct change *change;

	if (!agent || agent->pending || agent->removed)
		return hgt_error_set(err, HGT_ENOENT, "there is no agent %s", name);
	change = change_new(agents, agent, done, ctx);
	if (!change)
		return hgt_error_nomem(err);
	/* From here on it cannot log in, so that none of its reports comes after its end. */
	agent->removed = true;
	change->remove = true;
	change->commit = removed;
	change->fail = not_removed;
	describe(change, HGT_EVENT_AGENT_REMOVED);
	return submit(change, err);
}

static void announced(struct change *change)
{
	struct agent *agent = change->agent;
	struct hgt_error err = {0};
	bool changed = false;

	if (agent_set_info(agent, change->instance, change->info, &changed, &err) < 0)
		hgt_log(HGT_LOG_ERROR, "agents", err.message, HGT_S("agent", agent->name));
	if (changed && agent->stream)
		hub_end(agent->stream);
}

int agents_announce(struct agents *agents, struct agent *agent, const struct announcement *announcement, agents_done_cb done,
	void *ctx, struct hgt_error *err)
{
	struct hgt_buf info = HGT_BUF_INIT;
	struct change *change;
	int code;

	for (size_t i = 0; i < announcement->n_targets; i++)
		if (!agent_may_see(agent, announcement->targets[i].repo))
			return hgt_error_set(err, HGT_EPERM, "target %s: agent %s may not see repository %s",
				announcement->targets[i].name, agent->name, announcement->targets[i].repo);
	code = agent_check_instance(agent, announcement->instance, err);
	if (code < 0)
		return code;
	change = change_new(agents, agent, done, ctx);
	if (!change)
		return hgt_error_nomem(err);
	message_announcement_write(announcement, &info);
	change->info = hgt_buf_take(&info);
	change->instance = strdup(announcement->instance);
	if (!change->info || !change->instance) {
		change_free(change);
		return hgt_error_nomem(err);
	}
	change->put = true;
	change->seen_ms = agent->seen_ms;
	change->commit = announced;
	return submit(change, err);
}

static void reported(struct change *change)
{
	struct agent_target *target = agent_target(change->agent, change->target);
	char *report;

	if (!target)
		return;
	report = hgt_buf_take(&change->report);
	if (!report) {
		hgt_log(HGT_LOG_ERROR, "agents", "out of memory: a report is shown after a restart only",
			HGT_S("agent", change->agent->name));
		return;
	}
	free(target->report);
	target->report = report;
	target->reported_ms = change->time_ms;
}

int agents_report(struct agents *agents, struct agent *agent, const struct report *report, agents_done_cb done, void *ctx,
	struct hgt_error *err)
{
	struct change *change;

	if (!agent_target(agent, report->target))
		return hgt_error_set(err, HGT_ENOENT, "agent %s has announced no target %s", agent->name, report->target);
	change = change_new(agents, agent, done, ctx);
	if (!change)
		return hgt_error_nomem(err);
	change->type = HGT_EVENT_AGENT_REPORTED;
	hgt_buf_addf(&change->subject, "%s/%s", agent->name, report->target);
	message_report_write(report, agent->name, &change->data);
	if (!agent_spend(agent, change->data.len, hgt_time_mono_ms())) {
		change_free(change);
		return hgt_error_set(err, HGT_EUNAVAILABLE, "agent %s reports more than is taken at once; wait a while", agent->name);
	}
	message_report_write(report, NULL, &change->report);
	snprintf(change->target, sizeof(change->target), "%s", report->target);
	change->commit = reported;
	return submit(change, err);
}

void agents_refused(struct agents *agents, const char *agent, const char *remote, const char *reason)
{
	struct hgt_error err = {0};
	struct change *change;
	struct hgt_json json;

	agents->refused++;
	if (!refusals_tell(&agents->refusals, remote, hgt_time_mono_ms()))
		return;
	hgt_log(HGT_LOG_WARNING, "agents", "agent refused", HGT_S("agent", agent), HGT_S("remote", remote), HGT_S("reason", reason));
	change = change_new(agents, NULL, NULL, NULL);
	if (!change)
		return;
	change->type = HGT_EVENT_AGENT_REFUSED;
	hgt_buf_adds(&change->subject, agent ? agent : "");
	json = (struct hgt_json)HGT_JSON_INIT(&change->data);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "agent", agent);
	hgt_json_key_string(&json, "remote", remote);
	hgt_json_key_string(&json, "reason", reason);
	hgt_json_end_object(&json);
	if (submit(change, &err) < 0)
		hgt_log(HGT_LOG_ERROR, "agents", err.message);
}
