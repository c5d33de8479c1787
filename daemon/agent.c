/* One agent in memory. */
#include "daemon/agent.h"

#include <event2/event.h>

#include "base/json_writer.h"
#include "base/timing.h"
#include "daemon/commands.h"
#include "daemon/messages.h"
#include "daemon/scope.h"
#include "doc/doc.h"

enum {
	ALLOWANCE_MAX = 4 * 1024 * 1024,
	ALLOWANCE_PER_SECOND = 16 * 1024,
	REPORT_COST = 512,	/* of a row, beside its text */
	STALE_COMPARES = 3,
};

static void targets_free(struct agent_target *targets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(targets[i].name);
		free(targets[i].report);
	}
	free(targets);
}

struct agent *agent_ref(struct agent *agent)
{
	agent->refs++;
	return agent;
}

void agent_unref(struct agent *agent)
{
	if (!agent || --agent->refs)
		return;
	for (size_t i = 0; i < agent->n_allow; i++)
		free(agent->allow[i]);
	free(agent->allow);
	free(agent->allow_text);
	scope_unref(agent->scope);
	free(agent->certificate);
	if (agent->old_ends)
		event_free(agent->old_ends);
	secret_release(&agent->secret, NULL);
	free(agent->instance);
	free(agent->version);
	free(agent->host);
	free(agent->remote);
	command_list_release(&agent->commands);
	targets_free(agent->targets, agent->n_targets);
	free(agent);
}

bool agent_may_see(const struct agent *agent, const char *repo)
{
	return scope_has_repo(agent->scope, repo);
}

/* strdup of a string that may be NULL; false when memory runs out. */
static bool copy(char **out, const char *s)
{
	*out = s ? strdup(s) : NULL;
	return *out || !s;
}

static char *write_globs(char *const *globs, size_t n)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&text);

	hgt_json_begin_array(&json);
	for (size_t i = 0; i < n; i++)
		hgt_json_string(&json, globs[i]);
	hgt_json_end_array(&json);
	return hgt_buf_take(&text);
}

struct agent *agent_new(const char *name, const char *kind, char *const *allow, size_t n_allow)
{
	struct agent *agent = calloc(1, sizeof(*agent));

	if (!agent)
		return NULL;
	agent->refs = 1;
	agent->allowance = ALLOWANCE_MAX;
	agent->allowance_ms = hgt_time_mono_ms();
	snprintf(agent->name, sizeof(agent->name), "%s", name);
	snprintf(agent->kind, sizeof(agent->kind), "%s", kind);
	agent->allow = calloc(n_allow ? n_allow : 1, sizeof(*agent->allow));
	if (!agent->allow)
		goto fail;
	for (; agent->n_allow < n_allow; agent->n_allow++)
		if (!copy(&agent->allow[agent->n_allow], allow[agent->n_allow]))
			goto fail;
	agent->allow_text = write_globs(allow, n_allow);
	if (!agent->allow_text || !copy(&agent->instance, "") ||
	    agent_set_access(agent, NULL, "", NULL) < 0)
		goto fail;
	return agent;
fail:
	agent_unref(agent);
	return NULL;
}

int agent_set_access(struct agent *agent, const struct hgt_node *object, const char *certificate, struct hgt_error *err)
{
	const struct hgt_strings allow = {agent->allow, agent->n_allow};
	struct scope *scope;
	char *name;
	int code = scope_parse(object, &allow, &scope, err);

	if (code < 0)
		return code;
	if (!copy(&name, *certificate ? certificate : NULL)) {
		scope_unref(scope);
		return hgt_error_nomem(err);
	}
	scope_unref(agent->scope);
	free(agent->certificate);
	agent->scope = scope;
	agent->certificate = name;
	return 0;
}

struct agent_target *agent_target(const struct agent *agent, const char *name)
{
	for (size_t i = 0; i < agent->n_targets; i++)
		if (!strcmp(agent->targets[i].name, name))
			return &agent->targets[i];
	return NULL;
}

/* What was announced of a target, in one piece of memory: its name is the piece. False when memory runs out. */
static bool copy_target(struct agent_target *out, const struct announced_target *from)
{
	const char *const texts[] = {from->name, from->repo, from->ref, from->path, from->driver, from->sync};
	char **const places[] = {&out->name, &out->repo, &out->ref, &out->path, &out->driver, &out->sync};
	size_t bytes = 0;
	char *p;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		bytes += texts[i] ? strlen(texts[i]) + 1 : 0;
	p = malloc(bytes);
	out->compare_every = (uint32_t)from->compare_every;
	for (size_t i = 0; p && i < sizeof(texts) / sizeof(*texts); i++) {
		size_t len = texts[i] ? strlen(texts[i]) + 1 : 0;

		*places[i] = len ? memcpy(p, texts[i], len) : NULL;
		p += len;
	}
	return p;
}

static bool same_targets(const struct agent *agent, const struct agent_target *targets, size_t n)
{
	if (agent->n_targets != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(agent->targets[i].repo, targets[i].repo) != 0 || strcmp(agent->targets[i].ref, targets[i].ref) != 0 ||
		    strcmp(agent->targets[i].path, targets[i].path) != 0)
			return false;
	return true;
}

int agent_set_info(struct agent *agent, const char *instance, const char *info, bool *changed, struct hgt_error *err)
{
	struct hgt_doc_set set;
	struct announcement said;
	struct agent_target *targets = NULL;
	char *own_instance = NULL, *version = NULL, *host = NULL;
	size_t n = 0;
	int code;

	hgt_doc_set_init(&set);
	code = message_announcement_stored(info, strlen(info), &set, &said, err);
	if (code < 0)
		goto out;
	code = HGT_ENOMEM;
	targets = calloc(said.n_targets ? said.n_targets : 1, sizeof(*targets));
	if (!targets)
		goto nomem;
	for (; n < said.n_targets; n++)
		if (!copy_target(&targets[n], &said.targets[n]))
			goto nomem;
	if (!copy(&own_instance, instance) || !copy(&version, said.version) || !copy(&host, said.host))
		goto nomem;
	for (size_t i = 0; i < n; i++) {
		struct agent_target *before = agent_target(agent, targets[i].name);

		if (before) {
			targets[i].report = before->report;
			targets[i].brief = before->brief;
			targets[i].reported_ms = before->reported_ms;
			targets[i].report_seq = before->report_seq;
			before->report = NULL;
		}
	}
	*changed = !same_targets(agent, targets, n);
	targets_free(agent->targets, agent->n_targets);
	free(agent->instance);
	free(agent->version);
	free(agent->host);
	agent->targets = targets;
	agent->n_targets = n;
	agent->instance = own_instance;
	agent->version = version;
	agent->host = host;
	hgt_doc_set_release(&set);
	return 0;
nomem:
	hgt_error_nomem(err);
out:
	targets_free(targets, n);
	free(own_instance);
	free(version);
	free(host);
	hgt_doc_set_release(&set);
	return code;
}

int agent_check_instance(const struct agent *agent, const char *instance, struct hgt_error *err)
{
	if (!agent->stream || !strcmp(agent->instance, instance))
		return 0;
	return hgt_error_set(err, HGT_ECONFLICT, "agent %s is connected from %s as another instance", agent->name,
		agent->remote && *agent->remote ? agent->remote : "this machine");
}

/* One agent is not to fill the disk that the journal of all is on. What it saves up is enough for a thousand targets at once. */
bool agent_spend(struct agent *agent, size_t bytes, int64_t now_ms)
{
	int64_t cost = (int64_t)bytes + REPORT_COST;
	int64_t saved = agent->allowance + (now_ms - agent->allowance_ms) * ALLOWANCE_PER_SECOND / 1000;

	agent->allowance = saved < ALLOWANCE_MAX ? saved : ALLOWANCE_MAX;
	agent->allowance_ms = now_ms;
	if (agent->allowance < cost)
		return false;
	agent->allowance -= cost;
	return true;
}

bool agent_target_is_stale(const struct agent *agent, const struct agent_target *target, uint32_t after, int64_t now_ms)
{
	int64_t most = STALE_COMPARES * (int64_t)target->compare_every;

	return target->report && !agent->stream && now_ms - agent->seen_ms > 1000 * (most > after ? most : after);
}

static void write_time(struct hgt_json *json, const char *key, int64_t ms)
{
	char text[HGT_TIME_TEXT];

	hgt_time_format(ms, text);
	hgt_json_key_string(json, key, ms ? text : NULL);
}

void agent_target_set_report(struct agent_target *target, char *report, int64_t reported_ms)
{
	free(target->report);
	target->report = report;
	target->reported_ms = reported_ms;
	brief_find(report, strlen(report), &target->brief);
}

static void write_target(const struct agent *agent, const struct agent_target *target, bool brief, bool stale,
	struct hgt_json *json)
{
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "name", target->name);
	hgt_json_key_string(json, "repo", target->repo);
	hgt_json_key_string(json, "ref", target->ref);
	hgt_json_key_string(json, "path", target->path);
	hgt_json_key_string(json, "driver", target->driver);
	hgt_json_key_string(json, "sync", target->sync);
	hgt_json_key(json, "report");
	if (target->report && brief)
		brief_write(target->report, strlen(target->report), &target->brief, json);
	else if (target->report)
		hgt_json_raw(json, target->report, strlen(target->report));
	else
		hgt_json_null(json);
	write_time(json, "reported", target->reported_ms);
	hgt_json_key_bool(json, "stale", stale);
	hgt_json_key(json, "commands");
	commands_write(agent, target->name, json);
	hgt_json_end_object(json);
}

static bool is_in(const struct scope *scope, const struct agent_target *target)
{
	return scope_has_target(scope, target->repo, target->ref, target->path);
}

bool agent_write(const struct agent *agent, const struct agent_view *view, struct hgt_json *json)
{
	const struct scope *scope = view->scope;
	const int64_t now = hgt_time_now_ms();
	const bool all = scope_is_all(scope);
	bool any = all;

	for (size_t i = 0; !any && i < agent->n_targets; i++)
		any = is_in(scope, &agent->targets[i]);
	if (!any)
		return false;
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "name", agent->name);
	hgt_json_key_string(json, "kind", agent->kind);
	/* What it may see may be more than whoever asks may. */
	hgt_json_key(json, "allow");
	if (all)
		hgt_json_raw(json, agent->allow_text, strlen(agent->allow_text));
	else
		hgt_json_null(json);
	hgt_json_key(json, "scope");
	if (all)
		hgt_json_raw(json, agent->scope->text, strlen(agent->scope->text));
	else
		hgt_json_null(json);
	hgt_json_key_string(json, "certificate", agent->certificate);
	write_time(json, "created", agent->created_ms);
	hgt_json_key_bool(json, "connected", agent->stream != NULL);
	hgt_json_key_string(json, "remote", agent->remote);
	hgt_json_key_string(json, "host", agent->host);
	hgt_json_key_string(json, "version", agent->version);
	write_time(json, "seen", agent->seen_ms);
	hgt_json_key(json, "targets");
	hgt_json_begin_array(json);
	for (size_t i = 0; i < agent->n_targets; i++)
		if (is_in(scope, &agent->targets[i]))
			write_target(agent, &agent->targets[i], view->brief,
				agent_target_is_stale(agent, &agent->targets[i], view->stale_after, now), json);
	hgt_json_end_array(json);
	hgt_json_end_object(json);
	return true;
}
