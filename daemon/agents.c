/* The agents: the registry in memory, read from the journal at start; who is connected. */
#include "daemon/agents.h"

#include <event2/event.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/agent.h"
#include "daemon/commands.h"
#include "daemon/hub.h"
#include "daemon/registry.h"
#include "daemon/scope.h"
#include "doc/doc.h"
#include "journal/access.h"

struct agent *agents_find(const struct agents *agents, const char *name)
{
	return name_list_find(&agents->list, name);
}

/* Where an agent is found by what it shows. False when memory runs out. */
static bool index_agent(struct agents *agents, struct agent *agent, const char *hash)
{
	const char *name = agent->certificate;

	if (name && hgt_map_put(&agents->by_certificate, name, strlen(name), agent, NULL) < 0)
		return false;
	if (!*hash || secret_put(&agent->secret, hash, agent, &agents->by_token))
		return true;
	if (name)
		hgt_map_remove(&agents->by_certificate, name, strlen(name));
	return false;
}

int agents_list(struct agents *agents, struct agent *agent, const char *hash, struct hgt_error *err)
{
	if (agents_find(agents, agent->name))
		return hgt_error_set(err, HGT_ECONFLICT, "there is an agent %s already", agent->name);
	if (agent->certificate && hgt_map_get(&agents->by_certificate, agent->certificate, strlen(agent->certificate)))
		return hgt_error_set(err, HGT_ECONFLICT, "another agent is known by the certificate of %s already", agent->certificate);
	if (!name_list_reserve(&agents->list) || !index_agent(agents, agent, hash))
		return hgt_error_nomem(err);
	name_list_put(&agents->list, agent->name, agent);
	return 0;
}

void agents_unlist(struct agents *agents, struct agent *agent)
{
	secret_release(&agent->secret, &agents->by_token);
	if (agent->certificate)
		hgt_map_remove(&agents->by_certificate, agent->certificate, strlen(agent->certificate));
	name_list_remove(&agents->list, agent->name);
	agent_unref(agent);
}

struct agent *agents_authenticate(struct agents *agents, const char *token)
{
	char hash[HGT_SHA256_HEX];
	struct agent *agent;

	if (!secret_hash(HGT_TOKEN_PREFIX, token, hash))
		return NULL;
	agent = hgt_map_get(&agents->by_token, hash, HGT_SHA256_HEX - 1);
	if (!agent || agent->pending || agent->removed || !secret_fits(&agent->secret, hash, hgt_time_now_ms()))
		return NULL;
	agent->seen_ms = hgt_time_now_ms();
	return agent;
}

struct agent *agents_find_certificate(struct agents *agents, const char *name)
{
	struct agent *agent = hgt_map_get(&agents->by_certificate, name, strlen(name));

	if (!agent || agent->pending || agent->removed)
		return NULL;
	agent->seen_ms = hgt_time_now_ms();
	return agent;
}

const struct agent *agents_next(const struct agents *agents, size_t *pos)
{
	while (*pos < agents->list.n) {
		const struct agent *agent = agents->list.items[(*pos)++].thing;

		if (!agent->pending)
			return agent;
	}
	return NULL;
}

void agents_write(const struct agents *agents, const struct agent_view *view, struct hgt_json *json)
{
	const struct agent *agent;
	size_t pos = 0;

	hgt_json_begin_array(json);
	while ((agent = agents_next(agents, &pos)))
		agent_write(agent, view, json);
	hgt_json_end_array(json);
}

bool agents_write_one(const struct agents *agents, const char *name, const struct agent_view *view, struct hgt_json *json)
{
	const struct agent *agent = agents_find(agents, name);

	return agent && !agent->pending && agent_write(agent, view, json);
}

int agents_may_stream(const struct agent *agent, const char *instance, struct hgt_error *err)
{
	int code = agent_check_instance(agent, instance, err);

	if (code < 0)
		return code;
	if (strcmp(agent->instance, instance) != 0)
		return hgt_error_set(err, HGT_EINVAL, "this instance of agent %s is not the one that announced itself last", agent->name);
	return 0;
}

void agents_stream_opened(struct agent *agent, struct subscriber *stream, const char *remote)
{
	struct subscriber *before = agent->stream;
	char *own = strdup(remote);

	agent->stream = stream;
	agent->stream_generation = agent->secret.generation;
	if (own) {
		free(agent->remote);
		agent->remote = own;
	}
	if (before)
		hub_end(before);
	hgt_log(HGT_LOG_INFO, "agents", "agent connected", HGT_S("agent", agent->name), HGT_S("remote", remote));
}

void agents_stream_closed(struct agent *agent, const struct subscriber *stream)
{
	if (agent->stream != stream)
		return;
	agent->stream = NULL;
	agent->told = hub_seen(stream);
	agent->seen_ms = hgt_time_now_ms();
	hgt_log(HGT_LOG_INFO, "agents", "agent disconnected", HGT_S("agent", agent->name), HGT_S("remote", agent->remote));
}

/* Loading. */

struct loading {
	struct agents *agents;
	struct hgt_error *err;
};

static int parse_allow(const char *text, struct hgt_doc_set *set, struct hgt_strings *out, struct hgt_error *err)
{
	const struct hgt_node *root;
	int code = hgt_json_parse_message(text, strlen(text), set, err);

	if (code < 0)
		return code;
	root = set->docs[0].root;
	if (!root || root->type != HGT_NODE_SEQ)
		return hgt_error_set(err, HGT_ECORRUPT, "allow is no array");
	out->items = hgt_arena_array(&set->arena, root->v.seq.n ? root->v.seq.n : 1, sizeof(*out->items));
	if (!out->items)
		return hgt_error_nomem(err);
	for (; out->n < root->v.seq.n; out->n++) {
		const struct hgt_node *glob = root->v.seq.items[out->n];

		out->items[out->n] = hgt_arena_strndup(&set->arena, glob->text, glob->len);
		if (!out->items[out->n])
			return hgt_error_nomem(err);
	}
	return 0;
}

static int load_agent(void *ctx, const struct hgt_agent_row *row)
{
	struct loading *loading = ctx;
	struct agents *agents = loading->agents;
	struct hgt_strings allow = {0};
	struct agent *agent = NULL;
	struct hgt_doc_set set;
	bool changed;
	int code;

	hgt_doc_set_init(&set);
	code = parse_allow(row->allow, &set, &allow, loading->err);
	if (code < 0)
		goto out;
	agent = agent_new(row->name, row->kind, allow.items, allow.n);
	if (!agent) {
		code = hgt_error_nomem(loading->err);
		goto out;
	}
	agent->created_ms = row->created_ms;
	agent->seen_ms = row->seen_ms;
	code = agent_set_info(agent, row->instance, row->info, &changed, loading->err);
	if (code == 0)
		code = agents_list(agents, agent, row->token_hash, loading->err);
	if (code == 0)
		agent = NULL;	/* the list has it */
out:
	if (code < 0)
		hgt_error_prefix(loading->err, "agent %s in the journal", row->name);
	agent_unref(agent);
	hgt_doc_set_release(&set);
	return code;
}

static int load_access(void *ctx, const char *name, const char *scope, const char *certificate)
{
	struct loading *loading = ctx;
	struct agents *agents = loading->agents;
	struct agent *agent = agents_find(agents, name);
	struct hgt_doc_set set;
	int code;

	if (!agent)
		return 0;
	hgt_doc_set_init(&set);
	code = hgt_json_parse_message(scope, strlen(scope), &set, loading->err);
	if (code == 0)
		code = agent_set_access(agent, set.docs[0].root, certificate, loading->err);
	if (code == 0 && agent->certificate && hgt_map_put(&agents->by_certificate, agent->certificate, strlen(agent->certificate),
		agent, NULL) < 0)
		code = hgt_error_nomem(loading->err);
	if (code < 0)
		hgt_error_prefix(loading->err, "agent %s in the journal", name);
	hgt_doc_set_release(&set);
	return code;
}

static int load_old_secret(void *ctx, enum hgt_secret_owner owner, const char *name, const char *hash, int64_t until_ms)
{
	struct loading *loading = ctx;
	struct agent *agent = owner == HGT_SECRET_AGENT ? agents_find(loading->agents, name) : NULL;

	if (!agent || until_ms <= hgt_time_now_ms())
		return 0;
	return secret_put_old(&agent->secret, hash, until_ms, agent, &loading->agents->by_token) ? 0 : hgt_error_nomem(loading->err);
}

static int load_report(void *ctx, const char *name, const char *target_name, const char *report, size_t len, int64_t time_ms)
{
	struct loading *loading = ctx;
	struct agent *agent = agents_find(loading->agents, name);
	struct agent_target *target = agent ? agent_target(agent, target_name) : NULL;
	char *text;

	if (agent && agent->seen_ms < time_ms)
		agent->seen_ms = time_ms;
	if (!target)
		return 0;
	text = strndup(report, len);
	if (!text)
		return hgt_error_nomem(loading->err);
	agent_target_set_report(target, text, time_ms);
	return 0;
}

int agents_new(struct daemon *daemon, struct agents **out, struct hgt_error *err)
{
	struct agents *agents = calloc(1, sizeof(*agents));
	struct loading loading = {.agents = agents, .err = err};
	int code;

	if (!agents)
		return hgt_error_nomem(err);
	agents->daemon = daemon;
	code = hgt_journal_agents(daemon->reader, load_agent, &loading, err);
	if (code == 0)
		code = hgt_journal_agent_accesses(daemon->reader, load_access, &loading, err);
	if (code == 0)
		code = hgt_journal_old_secrets(daemon->reader, load_old_secret, &loading, err);
	if (code == 0)
		code = hgt_journal_reports(daemon->reader, load_report, &loading, err);
	if (code == 0)
		code = commands_load(agents, err);
	if (code < 0) {
		agents_free(agents);
		return code;
	}
	*out = agents;
	return 0;
}

void agents_free(struct agents *agents)
{
	if (!agents)
		return;
	for (size_t i = 0; i < agents->list.n; i++)
		agent_unref(agents->list.items[i].thing);
	name_list_release(&agents->list);
	if (agents->left_out)
		event_free(agents->left_out);
	hgt_map_release(&agents->by_token);
	hgt_map_release(&agents->by_certificate);
	free(agents);
}
