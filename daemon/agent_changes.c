/* What changes the registry: through the store first, then in memory. */
#include <event2/event.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/agent.h"
#include "daemon/agents.h"
#include "daemon/change.h"
#include "daemon/hub.h"
#include "daemon/messages.h"
#include "daemon/report.h"
#include "daemon/registry.h"
#include "daemon/scope.h"
#include "journal/access.h"
#include "journal/commands.h"

static struct change *begin(struct agents *agents, struct agent *agent, agents_done_cb done, void *ctx)
{
	struct change *change = change_new(agents->daemon, done, ctx);

	if (change)
		change->agent = agent ? agent_ref(agent) : NULL;
	return change;
}

/* What agent.added, agent.removed and agent.rotated tell. */
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
	hgt_json_key(&json, "scope");
	hgt_json_raw(&json, agent->scope->text, strlen(agent->scope->text));
	hgt_json_key_string(&json, "certificate", agent->certificate);
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
	agents_unlist(change->daemon->agents, change->agent);
}

static int write_added(struct hgt_journal *journal, const struct change *change, struct hgt_error *err)
{
	const struct agent *agent = change->agent;
	const struct hgt_agent_row row = {
		.name = agent->name,
		.kind = agent->kind,
		.allow = agent->allow_text,
		.token_hash = change->hash,
		.created_ms = agent->created_ms,
		.instance = "",
		.info = "{}",
	};
	int code = hgt_journal_agent_put(journal, &row, err);

	if (code == 0)
		code = hgt_journal_agent_access_put(journal, agent->name, agent->scope->text, agent->certificate ? agent->certificate : "",
			err);
	return code;
}

/* The agent of a specification, not listed yet. */
static int make_agent(const struct agent_spec *spec, struct agent **out, struct hgt_error *err)
{
	struct agent *agent = agent_new(spec->name, spec->kind, spec->allow.items, spec->allow.n);
	int code;

	if (!agent)
		return hgt_error_nomem(err);
	agent->pending = true;
	agent->created_ms = hgt_time_now_ms();
	code = agent_set_access(agent, spec->body, spec->certificate ? spec->certificate : "", err);
	if (code < 0)
		agent_unref(agent);
	else
		*out = agent;
	return code;
}

int agents_add(struct agents *agents, const struct agent_spec *spec, char token[AGENT_TOKEN_MAX], agents_done_cb done, void *ctx,
	struct hgt_error *err)
{
	char hash[HGT_SHA256_HEX] = "";
	struct change *change;
	struct agent *agent = NULL;
	int code = make_agent(spec, &agent, err);

	if (code < 0)
		return code;
	token[0] = '\0';
	code = agent->certificate || secret_make(HGT_TOKEN_PREFIX, token, hash) ? agents_list(agents, agent, hash, err) :
		hgt_error_nomem(err);
	if (code < 0) {
		agent_unref(agent);
		return code;
	}
	change = begin(agents, agent, done, ctx);
	if (change)
		change->hash = strdup(hash);
	if (!change || !change->hash) {
		if (change)
			change_free(change);
		agents_unlist(agents, agent);
		return hgt_error_nomem(err);
	}
	change->write = write_added;
	change->commit = added;
	change->fail = not_added;
	describe(change, HGT_EVENT_AGENT_ADDED);
	return change_submit(change, err);
}

static int write_rotated(struct hgt_journal *journal, const struct change *change, struct hgt_error *err)
{
	return hgt_journal_secret_rotate(journal, HGT_SECRET_AGENT, change->agent->name, change->hash, change->old_hash,
		change->until_ms, err);
}

/* The stream that the replaced token has opened ends with it. */
static void old_ended(evutil_socket_t fd, short what, void *arg)
{
	struct agent *agent = arg;

	(void)fd;
	(void)what;
	if (agent->stream && agent->stream_generation != agent->secret.generation)
		hub_end(agent->stream);
}

static void rotated(struct change *change)
{
	struct agent *agent = change->agent;

	secret_turn(&agent->secret, change->until_ms, &change->daemon->agents->by_token);
	hgt_log(HGT_LOG_INFO, "agents", "agent has another token", HGT_S("agent", agent->name));
	if (!secret_plan_end(&agent->secret, change->daemon->base, old_ended, agent, &agent->old_ends))
		old_ended(-1, 0, agent);
}

static void not_rotated(struct change *change)
{
	secret_drop_next(&change->agent->secret, &change->daemon->agents->by_token);
}

int agents_rotate(struct agents *agents, const char *name, uint64_t overlap_seconds, char token[AGENT_TOKEN_MAX],
	agents_done_cb done, void *ctx, struct hgt_error *err)
{
	struct agent *agent = agents_find(agents, name);
	struct change *change;

	if (!agent || agent->pending || agent->removed)
		return hgt_error_set(err, HGT_ENOENT, "there is no agent %s", name);
	if (!agent->secret.hash)
		return hgt_error_set(err, HGT_ECONFLICT, "agent %s is known by its certificate and has no token", name);
	if (agent->secret.next)
		return hgt_error_set(err, HGT_ECONFLICT, "agent %s is being given another token already", name);
	change = begin(agents, agent, done, ctx);
	if (!change)
		return hgt_error_nomem(err);
	if (!change_next_secret(change, &agent->secret, agent, &agents->by_token, HGT_TOKEN_PREFIX, overlap_seconds, token)) {
		change_free(change);
		return hgt_error_nomem(err);
	}
	change->write = write_rotated;
	change->commit = rotated;
	change->fail = not_rotated;
	describe(change, HGT_EVENT_AGENT_ROTATED);
	return change_submit(change, err);
}

static void removed(struct change *change)
{
	struct agent *agent = change->agent;

	hgt_log(HGT_LOG_INFO, "agents", "agent removed", HGT_S("agent", agent->name));
	if (agent->stream)
		hub_end(agent->stream);
	agents_unlist(change->daemon->agents, agent);
}

static int write_removed(struct hgt_journal *journal, const struct change *change, struct hgt_error *err)
{
	int code = hgt_journal_agent_remove(journal, change->agent->name, err);

	if (code == 0)
		code = hgt_journal_commands_forget(journal, change->agent->name, err);
	return code < 0 ? code : hgt_journal_agent_access_remove(journal, change->agent->name, err);
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
	change = begin(agents, agent, done, ctx);
	if (!change)
		return hgt_error_nomem(err);
	/* From here on it cannot log in, so that none of its reports comes after its end. */
	agent->removed = true;
	change->write = write_removed;
	change->commit = removed;
	change->fail = not_removed;
	describe(change, HGT_EVENT_AGENT_REMOVED);
	return change_submit(change, err);
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

static int write_announced(struct hgt_journal *journal, const struct change *change, struct hgt_error *err)
{
	return hgt_journal_agent_announce(journal, change->agent->name, change->instance, change->info, change->seen_ms, err);
}

/* Whether all that is announced lies in what the agent may see. */
static int check_targets(const struct agent *agent, const struct announcement *announcement, struct hgt_error *err)
{
	for (size_t i = 0; i < announcement->n_targets; i++) {
		const struct announced_target *target = &announcement->targets[i];

		if (!scope_has_repo(agent->scope, target->repo))
			return hgt_error_set(err, HGT_EPERM, "target %s: agent %s may not see repository %s", target->name, agent->name,
				target->repo);
		if (!scope_has_ref(agent->scope, target->ref))
			return hgt_error_set(err, HGT_EPERM, "target %s: agent %s may not see ref %s", target->name, agent->name, target->ref);
		if (!scope_has_path(agent->scope, target->path))
			return hgt_error_set(err, HGT_EPERM, "target %s: agent %s may not see all of folder \"%s\"", target->name, agent->name,
				target->path);
	}
	return 0;
}

int agents_announce(struct agents *agents, struct agent *agent, const struct announcement *announcement, agents_done_cb done,
	void *ctx, struct hgt_error *err)
{
	struct hgt_buf info = HGT_BUF_INIT;
	struct change *change;
	int code;

	code = check_targets(agent, announcement, err);
	if (code < 0)
		return code;
	code = agent_check_instance(agent, announcement->instance, err);
	if (code < 0)
		return code;
	change = begin(agents, agent, done, ctx);
	if (!change)
		return hgt_error_nomem(err);
	message_announcement_write(announcement, &info);
	change->info = hgt_buf_take(&info);
	change->instance = strdup(announcement->instance);
	if (!change->info || !change->instance) {
		change_free(change);
		return hgt_error_nomem(err);
	}
	change->write = write_announced;
	change->seen_ms = agent->seen_ms;
	change->commit = announced;
	return change_submit(change, err);
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
	agent_target_set_report(target, report, change->time_ms);
	target->report_seq = change->seq;
}

static int write_reported(struct hgt_journal *journal, const struct change *change, struct hgt_error *err)
{
	return hgt_journal_report_put(journal, change->agent->name, change->target, change->report.data, change->report.len,
		change->time_ms, err);
}

int agents_report(struct agents *agents, struct agent *agent, const struct report *report, agents_done_cb done, void *ctx,
	struct hgt_error *err)
{
	struct change *change;

	if (!agent_target(agent, report->target))
		return hgt_error_set(err, HGT_ENOENT, "agent %s has announced no target %s", agent->name, report->target);
	change = begin(agents, agent, done, ctx);
	if (!change)
		return hgt_error_nomem(err);
	change->type = HGT_EVENT_AGENT_REPORTED;
	hgt_buf_addf(&change->subject, "%s/%s", agent->name, report->target);
	report_write(report, agent->name, &change->data);
	if (!agent_spend(agent, change->data.len, hgt_time_mono_ms())) {
		change_free(change);
		return hgt_error_set(err, HGT_EUNAVAILABLE, "agent %s reports more than is taken at once; wait a while", agent->name);
	}
	report_write(report, NULL, &change->report);
	snprintf(change->target, sizeof(change->target), "%s", report->target);
	change->write = write_reported;
	change->commit = reported;
	return change_submit(change, err);
}
