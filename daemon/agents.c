/* The agents: registry in memory, changed through the store. */
#include "daemon/agents.h"

#include "base/digest.h"
#include "base/glob.h"
#include "base/io.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/map.h"
#include "base/timing.h"
#include "daemon/hub.h"
#include "daemon/messages.h"
#include "daemon/refusals.h"
#include "daemon/store.h"
#include "doc/doc.h"

struct agents {
	struct daemon *daemon;
	struct agent **list;	/* in order of name; pending ones too */
	size_t n, cap;
	struct hgt_map by_token;	/* token_hash -> agent */
	struct refusals refusals;
};

/* One agent: memory. */

static void targets_free(struct agent_target *targets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(targets[i].name);
		free(targets[i].repo);
		free(targets[i].ref);
		free(targets[i].path);
		free(targets[i].driver);
		free(targets[i].sync);
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
	free(agent->instance);
	free(agent->info);
	free(agent->version);
	free(agent->host);
	free(agent->remote);
	targets_free(agent->targets, agent->n_targets);
	free(agent);
}

bool agent_may_see(const struct agent *agent, const char *repo)
{
	return hgt_glob_match_any(agent->allow, agent->n_allow, repo);
}

/* strdup of a string that may be NULL; false when memory runs out. */
static bool copy(char **out, const char *s)
{
	*out = s ? strdup(s) : NULL;
	return *out || !s;
}

static struct agent *agent_new(const char *name, const char *kind, char *const *allow, size_t n_allow)
{
	struct agent *agent = calloc(1, sizeof(*agent));

	if (!agent)
		return NULL;
	agent->refs = 1;
	snprintf(agent->name, sizeof(agent->name), "%s", name);
	snprintf(agent->kind, sizeof(agent->kind), "%s", kind);
	agent->allow = calloc(n_allow ? n_allow : 1, sizeof(*agent->allow));
	if (!agent->allow)
		goto fail;
	for (; agent->n_allow < n_allow; agent->n_allow++)
		if (!copy(&agent->allow[agent->n_allow], allow[agent->n_allow]))
			goto fail;
	if (!copy(&agent->instance, "") || !copy(&agent->info, "{}"))
		goto fail;
	return agent;
fail:
	agent_unref(agent);
	return NULL;
}

static struct agent_target *find_target(const struct agent *agent, const char *name)
{
	for (size_t i = 0; i < agent->n_targets; i++)
		if (!strcmp(agent->targets[i].name, name))
			return &agent->targets[i];
	return NULL;
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

/* Take over what was announced: its text is `info`. Reports stay with the targets' names. *changed: the targets are others now. */
static int set_info(struct agent *agent, const char *instance, const char *info, bool *changed, struct hgt_error *err)
{
	struct hgt_doc_set set;
	struct announcement said;
	struct agent_target *targets = NULL;
	char *own_instance = NULL, *own_info = NULL, *version = NULL, *host = NULL;
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
	for (; n < said.n_targets; n++) {
		const struct announced_target *t = &said.targets[n];

		if (!copy(&targets[n].name, t->name) || !copy(&targets[n].repo, t->repo) || !copy(&targets[n].ref, t->ref) ||
		    !copy(&targets[n].path, t->path) || !copy(&targets[n].driver, t->driver) || !copy(&targets[n].sync, t->sync)) {
			n++;
			goto nomem;
		}
	}
	if (!copy(&own_instance, instance) || !copy(&own_info, info) || !copy(&version, said.version) || !copy(&host, said.host))
		goto nomem;
	for (size_t i = 0; i < n; i++) {
		struct agent_target *before = find_target(agent, targets[i].name);

		if (before) {
			targets[i].report = before->report;
			targets[i].reported_ms = before->reported_ms;
			before->report = NULL;
		}
	}
	*changed = !same_targets(agent, targets, n);
	targets_free(agent->targets, agent->n_targets);
	free(agent->instance);
	free(agent->info);
	free(agent->version);
	free(agent->host);
	agent->targets = targets;
	agent->n_targets = n;
	agent->instance = own_instance;
	agent->info = own_info;
	agent->version = version;
	agent->host = host;
	hgt_doc_set_release(&set);
	return 0;
nomem:
	hgt_error_nomem(err);
out:
	targets_free(targets, n);
	free(own_instance);
	free(own_info);
	free(version);
	free(host);
	hgt_doc_set_release(&set);
	return code;
}

/* The registry. */

/* Where name is in the list, or would be. */
static size_t place_of(const struct agents *agents, const char *name, bool *there)
{
	size_t low = 0, high = agents->n;

	*there = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(agents->list[mid]->name, name);

		if (!order)
			*there = true;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct agent *find_agent(const struct agents *agents, const char *name)
{
	bool there;
	size_t at = place_of(agents, name, &there);

	return there ? agents->list[at] : NULL;
}

/* The list takes the caller's reference. */
static int list_agent(struct agents *agents, struct agent *agent, struct hgt_error *err)
{
	bool there;
	size_t at = place_of(agents, agent->name, &there);

	if (there)
		return hgt_error_set(err, HGT_ECONFLICT, "there is an agent %s already", agent->name);
	if (agents->n == agents->cap) {
		size_t cap = agents->cap ? agents->cap * 2 : 16;
		struct agent **list = reallocarray(agents->list, cap, sizeof(struct agent *));

		if (!list)
			return hgt_error_nomem(err);
		agents->list = list;
		agents->cap = cap;
	}
	if (hgt_map_put(&agents->by_token, agent->token_hash, strlen(agent->token_hash), agent, NULL) < 0)
		return hgt_error_nomem(err);
	memmove(agents->list + at + 1, agents->list + at, (agents->n - at) * sizeof(*agents->list));
	agents->list[at] = agent;
	agents->n++;
	return 0;
}

static void unlist_agent(struct agents *agents, struct agent *agent)
{
	bool there;
	size_t at = place_of(agents, agent->name, &there);

	hgt_map_remove(&agents->by_token, agent->token_hash, strlen(agent->token_hash));
	agents->n--;
	memmove(agents->list + at, agents->list + at + 1, (agents->n - at) * sizeof(*agents->list));
	agent_unref(agent);
}

struct agent *agents_authenticate(struct agents *agents, const char *token)
{
	unsigned char digest[HGT_SHA256_SIZE];
	char hash[HGT_SHA256_HEX];
	struct agent *agent;

	if (strlen(token) >= AGENT_TOKEN_MAX || strncmp(token, HGT_TOKEN_PREFIX, strlen(HGT_TOKEN_PREFIX)) != 0)
		return NULL;
	hgt_sha256(token, strlen(token), digest);
	hgt_hex(digest, sizeof(digest), hash);
	agent = hgt_map_get(&agents->by_token, hash, HGT_SHA256_HEX - 1);
	if (!agent || agent->pending || agent->removed || !hgt_equal_secret(hash, agent->token_hash, HGT_SHA256_HEX - 1))
		return NULL;
	agent->seen_ms = hgt_time_now_ms();
	return agent;
}

const struct agent *agents_next(const struct agents *agents, size_t *pos)
{
	while (*pos < agents->n) {
		const struct agent *agent = agents->list[(*pos)++];

		if (!agent->pending)
			return agent;
	}
	return NULL;
}

static void write_time(struct hgt_json *json, const char *key, int64_t ms)
{
	char text[HGT_TIME_TEXT];

	hgt_time_format(ms, text);
	hgt_json_key_string(json, key, ms ? text : NULL);
}

static void write_agent(const struct agent *agent, struct hgt_json *json)
{
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "name", agent->name);
	hgt_json_key_string(json, "kind", agent->kind);
	hgt_json_key(json, "allow");
	hgt_json_raw(json, agent->allow_text, strlen(agent->allow_text));
	write_time(json, "created", agent->created_ms);
	hgt_json_key_bool(json, "connected", agent->stream != NULL);
	hgt_json_key_string(json, "remote", agent->remote);
	hgt_json_key_string(json, "host", agent->host);
	hgt_json_key_string(json, "version", agent->version);
	write_time(json, "seen", agent->seen_ms);
	hgt_json_key(json, "targets");
	hgt_json_begin_array(json);
	for (size_t i = 0; i < agent->n_targets; i++) {
		const struct agent_target *target = &agent->targets[i];

		hgt_json_begin_object(json);
		hgt_json_key_string(json, "name", target->name);
		hgt_json_key_string(json, "repo", target->repo);
		hgt_json_key_string(json, "ref", target->ref);
		hgt_json_key_string(json, "path", target->path);
		hgt_json_key_string(json, "driver", target->driver);
		hgt_json_key_string(json, "sync", target->sync);
		hgt_json_key(json, "report");
		if (target->report)
			hgt_json_raw(json, target->report, strlen(target->report));
		else
			hgt_json_null(json);
		write_time(json, "reported", target->reported_ms);
		hgt_json_end_object(json);
	}
	hgt_json_end_array(json);
	hgt_json_end_object(json);
}

void agents_write(const struct agents *agents, struct hgt_json *json)
{
	const struct agent *agent;
	size_t pos = 0;

	hgt_json_begin_array(json);
	while ((agent = agents_next(agents, &pos)))
		write_agent(agent, json);
	hgt_json_end_array(json);
}

/* Changes, through the store. */

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
	unlist_agent(change->agents, change->agent);
}

static char *write_allow(const struct hgt_strings *allow)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&text);

	hgt_json_begin_array(&json);
	for (size_t i = 0; i < allow->n; i++)
		hgt_json_string(&json, allow->items[i]);
	hgt_json_end_array(&json);
	return hgt_buf_take(&text);
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
	agent->allow_text = write_allow(&spec->allow);
	make_token(token, agent->token_hash);
	if (!agent->allow_text || strlen(token) != AGENT_TOKEN_MAX - 1) {
		agent_unref(agent);
		return hgt_error_nomem(err);
	}
	code = list_agent(agents, agent, err);
	if (code < 0) {
		agent_unref(agent);
		return code;
	}
	change = change_new(agents, agent, done, ctx);
	if (!change) {
		unlist_agent(agents, agent);
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
	unlist_agent(change->agents, agent);
}

static void not_removed(struct change *change)
{
	change->agent->removed = false;
}

int agents_remove(struct agents *agents, const char *name, agents_done_cb done, void *ctx, struct hgt_error *err)
{
	struct agent *agent = find_agent(agents, name);
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

	if (set_info(agent, change->instance, change->info, &changed, &err) < 0)
		hgt_log(HGT_LOG_ERROR, "agents", err.message, HGT_S("agent", agent->name));
	if (changed && agent->stream)
		hub_end(agent->stream);
}

static int check_instance(const struct agent *agent, const char *instance, struct hgt_error *err)
{
	if (!agent->stream || !strcmp(agent->instance, instance))
		return 0;
	return hgt_error_set(err, HGT_ECONFLICT, "agent %s is connected from %s as another instance", agent->name,
		agent->remote && *agent->remote ? agent->remote : "this machine");
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
	code = check_instance(agent, announcement->instance, err);
	if (code < 0)
		return code;
	change = change_new(agents, agent, done, ctx);
	if (!change)
		return hgt_error_nomem(err);
	message_announcement_write(announcement, &info);
	change->info = hgt_buf_take(&info);
	if (!change->info || !copy(&change->instance, announcement->instance)) {
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
	struct agent_target *target = find_target(change->agent, change->target);
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

	if (!find_target(agent, report->target))
		return hgt_error_set(err, HGT_ENOENT, "agent %s has announced no target %s", agent->name, report->target);
	change = change_new(agents, agent, done, ctx);
	if (!change)
		return hgt_error_nomem(err);
	change->type = HGT_EVENT_AGENT_REPORTED;
	hgt_buf_addf(&change->subject, "%s/%s", agent->name, report->target);
	message_report_write(report, agent->name, &change->data);
	message_report_write(report, NULL, &change->report);
	snprintf(change->target, sizeof(change->target), "%s", report->target);
	change->commit = reported;
	return submit(change, err);
}

int agents_may_stream(const struct agent *agent, const char *instance, struct hgt_error *err)
{
	int code = check_instance(agent, instance, err);

	if (code < 0)
		return code;
	if (strcmp(agent->instance, instance) != 0)
		return hgt_error_set(err, HGT_EINVAL, "this instance of agent %s is not the one that announced itself last", agent->name);
	return 0;
}

void agents_stream_opened(struct agents *agents, struct agent *agent, struct subscriber *stream, const char *remote)
{
	struct subscriber *before = agent->stream;
	char *own = strdup(remote);

	(void)agents;
	agent->stream = stream;
	if (own) {
		free(agent->remote);
		agent->remote = own;
	}
	if (before)
		hub_end(before);
	hgt_log(HGT_LOG_INFO, "agents", "agent connected", HGT_S("agent", agent->name), HGT_S("remote", remote));
}

void agents_stream_closed(struct agents *agents, struct agent *agent, const struct subscriber *stream)
{
	(void)agents;
	if (agent->stream != stream)
		return;
	agent->stream = NULL;
	agent->seen_ms = hgt_time_now_ms();
	hgt_log(HGT_LOG_INFO, "agents", "agent disconnected", HGT_S("agent", agent->name), HGT_S("remote", agent->remote));
}

void agents_refused(struct agents *agents, const char *agent, const char *remote, const char *reason)
{
	struct hgt_error err = {0};
	struct change *change;
	struct hgt_json json;

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
	if (!agent || !copy(&agent->allow_text, row->allow)) {
		code = hgt_error_nomem(loading->err);
		goto out;
	}
	snprintf(agent->token_hash, sizeof(agent->token_hash), "%s", row->token_hash);
	agent->created_ms = row->created_ms;
	agent->seen_ms = row->seen_ms;
	code = set_info(agent, row->instance, row->info, &changed, loading->err);
	if (code == 0)
		code = list_agent(agents, agent, loading->err);
	if (code == 0)
		agent = NULL;	/* the list has it */
out:
	if (code < 0)
		hgt_error_prefix(loading->err, "agent %s in the journal", row->name);
	agent_unref(agent);
	hgt_doc_set_release(&set);
	return code;
}

static int load_report(void *ctx, const char *name, const char *target_name, const char *report, size_t len, int64_t time_ms)
{
	struct loading *loading = ctx;
	struct agent *agent = find_agent(loading->agents, name);
	struct agent_target *target = agent ? find_target(agent, target_name) : NULL;

	if (agent && agent->seen_ms < time_ms)
		agent->seen_ms = time_ms;
	if (!target)
		return 0;
	target->report = strndup(report, len);
	target->reported_ms = time_ms;
	return target->report ? 0 : hgt_error_nomem(loading->err);
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
		code = hgt_journal_reports(daemon->reader, load_report, &loading, err);
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
	for (size_t i = 0; i < agents->n; i++)
		agent_unref(agents->list[i]);
	free(agents->list);
	hgt_map_release(&agents->by_token);
	free(agents);
}
