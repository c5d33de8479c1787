/* Commands as they are asked for: of which targets, at which revision, and onto the disk. */
#include "base/json_writer.h"
#include "base/log.h"
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/agent.h"
#include "daemon/commands.h"
#include "daemon/messages.h"
#include "daemon/registry.h"
#include "daemon/repos.h"
#include "daemon/scope.h"
#include "daemon/store.h"
#include "git/repository.h"
#include "git/repository_pool.h"
#include "journal/commands.h"

/* Of one target. */
struct item {
	char *target, *repo, *ref, *path;	/* as it was announced when it was asked for */
	char *repo_path;			/* where its revision is looked up; NULL: it has none */
	char revision[HGT_OID_HEX_SHA256 + 1];	/* "" for none */
	struct command *command;		/* in the agent's list, once it goes to the store */
	uint64_t seq;
	struct hgt_buf body;
};

struct order {
	struct agents *agents;
	struct agent *agent;	/* a reference */
	char *action, *revision, *actor;	/* revision as it was given, or NULL */
	int64_t time_ms;
	const char *name;	/* of a failure */
	int code;
	struct hgt_error err;
	commands_done_cb done;
	void *ctx;
	size_t n;
	struct item items[];
};

static void order_free(struct order *order)
{
	for (size_t i = 0; i < order->n; i++) {
		struct item *item = &order->items[i];

		if (item->command)
			command_list_drop(&order->agent->commands, item->command);
		free(item->target);
		free(item->repo);
		free(item->ref);
		free(item->path);
		free(item->repo_path);
		hgt_buf_release(&item->body);
	}
	free(order->action);
	free(order->revision);
	free(order->actor);
	agent_unref(order->agent);
	free(order);
}

/* Tell how it ended. Commands that are still the order's are not on disk. */
static void order_end(struct order *order)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&text);
	const struct command_outcome outcome = {
		.code = order->code,
		.err = &order->err,
		.name = order->name,
		.commands = order->code == 0 ? &text : NULL,
		.connected = order->agent->stream,
	};

	if (order->code == 0) {
		hgt_json_begin_array(&json);
		for (size_t i = 0; i < order->n; i++)
			hgt_json_raw(&json, order->items[i].body.data, order->items[i].body.len);
		hgt_json_end_array(&json);
	}
	order->done(order->ctx, &outcome);
	hgt_buf_release(&text);
	order_free(order);
}

/* Onto the disk. */

static void write_data(const struct order *order, const struct item *item, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "agent", order->agent->name);
	hgt_json_key_string(&json, "target", item->target);
	hgt_json_key_string(&json, "action", order->action);
	hgt_json_key_string(&json, "revision", *item->revision ? item->revision : NULL);
	hgt_json_key_string(&json, "actor", order->actor);
	hgt_json_end_object(&json);
}

/* As the agent is told of it. */
static void write_body(const struct order *order, struct item *item, const char *id)
{
	struct hgt_json json = HGT_JSON_INIT(&item->body);
	char time[HGT_TIME_TEXT];

	hgt_time_format(order->time_ms, time);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "id", id);
	hgt_json_key_string(&json, "target", item->target);
	hgt_json_key_string(&json, "action", order->action);
	hgt_json_key_string(&json, "revision", *item->revision ? item->revision : NULL);
	hgt_json_key_string(&json, "actor", order->actor);
	hgt_json_key_string(&json, "time", time);
	hgt_json_end_object(&json);
}

static int write_item(struct hgt_journal *journal, struct store_batch *batch, const struct order *order, struct item *item,
	struct hgt_error *err)
{
	struct hgt_buf subject = HGT_BUF_INIT, data = HGT_BUF_INIT, id = HGT_BUF_INIT;
	struct hgt_cursor cursor = {0};
	int code;

	hgt_buf_addf(&subject, "%s/%s", order->agent->name, item->target);
	write_data(order, item, &data);
	code = hgt_buf_check(&subject, err);
	if (code == 0)
		code = hgt_buf_check(&data, err);
	if (code == 0)
		code = store_append(batch, &(struct hgt_journal_entry){.type = HGT_EVENT_SYNC_REQUESTED, .subject = subject.data, .repo = "",
			.ref = "", .data = data.data, .data_len = data.len}, &item->seq, err);
	if (code < 0)
		goto out;
	cursor.seq = item->seq;
	snprintf(cursor.journal, sizeof(cursor.journal), "%s", hgt_journal_id(journal));
	hgt_cursor_format(&cursor, &id);
	code = hgt_buf_check(&id, err);
	if (code == 0) {
		write_body(order, item, id.data);
		code = hgt_buf_check(&item->body, err);
	}
	if (code == 0)
		code = hgt_journal_command_add(journal, &(struct hgt_command_row){.seq = item->seq, .agent = order->agent->name,
			.target = item->target, .body = item->body.data, .body_len = item->body.len}, err);
out:
	hgt_buf_release(&subject);
	hgt_buf_release(&data);
	hgt_buf_release(&id);
	return code;
}

/* On the writer thread. */
static int run_order(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	struct order *order = job;
	int code = 0;

	for (size_t i = 0; i < order->n && code == 0; i++)
		code = write_item(journal, batch, order, &order->items[i], err);
	return code;
}

static void order_written(void *job, int code, const struct hgt_error *err)
{
	struct order *order = job;
	struct agent *agent = order->agent;

	order->code = code;
	if (code < 0)
		order->err = *err;
	for (size_t i = 0; i < order->n && code == 0; i++) {
		struct item *item = &order->items[i];

		item->command->seq = item->seq;
		item->command->body = strndup(item->body.data, item->body.len);
		item->command->body_len = item->body.len;
		if (!item->command->body) {
			/* It is on disk, and told after a restart. */
			hgt_log(HGT_LOG_ERROR, "commands", "out of memory: a command is told after a restart only", HGT_S("agent", agent->name));
			continue;
		}
		item->command = NULL;	/* the list's alone */
		hgt_log(HGT_LOG_INFO, "commands", "command", HGT_S("agent", agent->name), HGT_S("target", item->target),
			HGT_S("action", order->action), HGT_S("actor", order->actor), HGT_I("command", item->seq));
	}
	if (code == 0 && agent->stream)
		hub_notice(agent->stream);
	order_end(order);
}

/* What it failed with, under a name of the HTTP API's. */
static int fail(struct order *order, const char *name, int code)
{
	order->name = name;
	return order->code = code;
}

static int no_agent(struct order *order)
{
	return fail(order, NULL, hgt_error_set(&order->err, HGT_ENOENT, "there is no agent %s", order->agent->name));
}

/* That each target may have one more. */
static int check_room(struct order *order)
{
	const struct agent *agent = order->agent;

	for (size_t i = 0; i < order->n; i++)
		if (command_list_count(&agent->commands, order->items[i].target) >= COMMANDS_MAX)
			return fail(order, "too-many-commands", hgt_error_set(&order->err, HGT_ECONFLICT, "%d commands wait for target %s of agent %s, "
				"and no more are kept; see that the agent runs and reaches the server", COMMANDS_MAX, order->items[i].target, agent->name));
	return 0;
}

/* That the targets are still what they were, with room for one more each; then a place in the agent's list is theirs. */
static int take_places(struct order *order)
{
	struct agent *agent = order->agent;

	if (agent->removed)
		return no_agent(order);
	if (check_room(order) < 0)
		return order->code;
	for (size_t i = 0; i < order->n; i++) {
		struct item *item = &order->items[i];
		const struct agent_target *target = agent_target(agent, item->target);

		if (!target || strcmp(target->repo, item->repo) != 0 || strcmp(target->ref, item->ref) != 0 ||
		    strcmp(target->path, item->path) != 0)
			return fail(order, NULL, hgt_error_set(&order->err, HGT_ECONFLICT, "agent %s has announced target %s anew meanwhile; ask again",
				agent->name, item->target));
		item->command = command_list_add(&agent->commands, item->target);
		if (!item->command)
			return order->code = hgt_error_nomem(&order->err);
	}
	return 0;
}

static void submit(struct order *order)
{
	struct hgt_error err = {0};

	if (take_places(order) == 0 && store_submit(order->agents->daemon->store, run_order, order_written, order, &err) < 0) {
		order->err = err;
		fail(order, NULL, err.code);
	}
	if (order->code < 0)
		order_end(order);
}

/* The revision. */

/* On a worker: what a target is given has been on its own ref, so that it has passed by what guards that. */
static int look_up(const struct order *order, struct hgt_repo *repo, struct item *item, struct hgt_error *err)
{
	char tip[HGT_OID_HEX_SHA256 + 1], commit[HGT_OID_HEX_SHA256 + 1];
	int code = hgt_repo_ref(repo, item->ref, tip, err);

	if (code == 0)
		code = hgt_repo_commit(repo, tip, tip, err);
	if (code == 0)
		code = hgt_repo_resolve(repo, order->revision, commit, err);
	if (code == 0)
		code = hgt_repo_descends(repo, tip, commit, err);
	if (code == 1) {
		memcpy(item->revision, commit, sizeof(commit));
		return 0;
	}
	/* In the same words, whatever else the repository has. */
	if (code == 0 || code == HGT_ENOENT)
		code = hgt_error_set(err, HGT_ENOENT, "target %s: %s names no commit in the history of %s", item->target, order->revision, item->ref);
	return code;
}

/* The item before it that has the same ref. */
static const struct item *same_ref(const struct order *order, const struct item *item)
{
	for (const struct item *before = order->items; before < item; before++)
		if (strcmp(before->repo_path, item->repo_path) == 0 && strcmp(before->ref, item->ref) == 0)
			return before;
	return NULL;
}

static void look_up_all(void *job)
{
	struct order *order = job;
	struct hgt_repo_pool *pool = repos_pool(order->agents->daemon->repos);

	for (size_t i = 0; i < order->n && order->code == 0; i++) {
		struct item *item = &order->items[i];
		const struct item *before = same_ref(order, item);
		struct hgt_repo *repo = NULL;

		if (before) {
			memcpy(item->revision, before->revision, sizeof(item->revision));
			continue;
		}
		order->code = hgt_repo_pool_get(pool, item->repo_path, &repo, &order->err);
		if (order->code == 0)
			order->code = look_up(order, repo, item, &order->err);
		if (order->code == HGT_ENOENT)
			order->name = "revision-not-found";
		hgt_repo_pool_put(pool, repo);
	}
}

static void looked_up(void *job)
{
	struct order *order = job;

	if (order->code < 0)
		order_end(order);
	else
		submit(order);
}

/* Where the revision of each is to be looked up. */
static int find_repositories(struct order *order)
{
	for (size_t i = 0; i < order->n; i++) {
		struct item *item = &order->items[i];
		const struct repo *repo = repos_find(order->agents->daemon->repos, item->repo);

		if (!repo || repo->trouble) {
			order->name = repo ? "repository-trouble" : "repository-not-found";
			return order->code = repo ? hgt_error_set(&order->err, HGT_EUNAVAILABLE, "repository %s: %s", item->repo, repo->trouble) :
				hgt_error_set(&order->err, HGT_ENOENT, "target %s: there is no repository %s", item->target, item->repo);
		}
		item->repo_path = strdup(repo->path);
		if (!item->repo_path)
			return order->code = hgt_error_nomem(&order->err);
	}
	return 0;
}

/* Asking. */

/* strdup of a string that may be NULL; false when memory runs out. */
static bool copy(char **out, const char *s)
{
	*out = s ? strdup(s) : NULL;
	return *out || !s;
}

static bool add_item(struct order *order, const struct agent_target *target)
{
	struct item *item = &order->items[order->n++];

	hgt_buf_init(&item->body);
	return copy(&item->target, target->name) && copy(&item->repo, target->repo) && copy(&item->ref, target->ref) &&
		copy(&item->path, target->path);
}

/* Which targets: what lies outside the scope is not there. */
static int choose(struct order *order, const struct scope *scope, const char *wanted)
{
	const struct agent *agent = order->agent;
	bool any = scope_is_all(scope);

	for (size_t i = 0; i < agent->n_targets; i++) {
		const struct agent_target *target = &agent->targets[i];

		if (!scope_has_target(scope, target->repo, target->ref, target->path))
			continue;
		any = true;
		if ((!wanted || strcmp(target->name, wanted) == 0) && !add_item(order, target))
			return order->code = hgt_error_nomem(&order->err);
	}
	if (!any)
		return no_agent(order);
	if (!order->n)
		return fail(order, "target-not-found", hgt_error_set(&order->err, HGT_ENOENT, "agent %s has announced no target%s%s", agent->name,
			wanted ? " " : "", wanted ? wanted : ""));
	return 0;
}

static void begin(struct order *order, const struct scope *scope, const struct command_spec *spec)
{
	struct hgt_error err = {0};

	/* Nothing is looked up for what there is no room for. */
	if (choose(order, scope, spec->target) < 0 || check_room(order) < 0 || (order->revision && find_repositories(order) < 0)) {
		order_end(order);
	} else if (!order->revision) {
		submit(order);
	} else if (hgt_workers_submit(order->agents->daemon->archivers, look_up_all, looked_up, order, &err) < 0) {
		order->err = err;
		fail(order, NULL, err.code);
		order_end(order);
	}
}

void commands_request(struct agents *agents, const char *name, const struct scope *scope, const struct command_spec *spec,
	const char *actor, commands_done_cb done, void *ctx)
{
	struct agent *agent = agents_find(agents, name);
	struct order *order = NULL;
	struct hgt_error err = {0};

	if (!agent || agent->pending || agent->removed) {
		hgt_error_set(&err, HGT_ENOENT, "there is no agent %s", name);
		done(ctx, &(struct command_outcome){.code = err.code, .err = &err});
		return;
	}
	order = calloc(1, sizeof(*order) + agent->n_targets * sizeof(struct item));
	if (!order || !copy(&order->action, spec->action) || !copy(&order->revision, spec->revision) || !copy(&order->actor, actor)) {
		if (order) {
			free(order->action);
			free(order->revision);
			free(order);
		}
		hgt_error_nomem(&err);
		done(ctx, &(struct command_outcome){.code = err.code, .err = &err});
		return;
	}
	order->agents = agents;
	order->agent = agent_ref(agent);
	order->time_ms = hgt_time_now_ms();
	order->done = done;
	order->ctx = ctx;
	begin(order, scope, spec);
}
