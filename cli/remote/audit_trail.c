/* Who pushed what, and what became of it. */
#include "cli/remote/audit_trail.h"

#include "base/buf.h"
#include "base/glob.h"
#include "base/json_writer.h"
#include "base/timing.h"
#include "cli/remote/event_view.h"
#include "headgate/protocol.h"

/* What is kept of a stretch of the journal. */
#define MEMORY_MAX (1024UL * 1024 * 1024)

void audit_trail_init(struct audit_trail *trail, const struct audit_filter *filter)
{
	*trail = (struct audit_trail){.arena = {.limit = MEMORY_MAX}, .oldest_ms = INT64_MAX};
	if (filter)
		trail->filter = *filter;
}

void audit_trail_release(struct audit_trail *trail)
{
	hgt_map_release(&trail->repos);
	hgt_arena_release(&trail->names);
	hgt_map_release(&trail->by_event);
	hgt_map_release(&trail->by_commit);
	hgt_arena_release(&trail->arena);
	free(trail->changes);
}

void audit_trail_reset(struct audit_trail *trail)
{
	hgt_map_clear(&trail->by_event);
	hgt_map_clear(&trail->by_commit);
	hgt_arena_reset(&trail->arena);
	trail->n = 0;
	trail->oldest_ms = INT64_MAX;
}

static size_t length(const struct hgt_node *list)
{
	return list && list->type == HGT_NODE_SEQ ? list->v.seq.n : 0;
}

int audit_trail_agents(struct audit_trail *trail, const struct hgt_node *agents, struct hgt_error *err)
{
	for (size_t i = 0; i < length(agents); i++) {
		const struct hgt_node *agent = agents->v.seq.items[i];
		const struct hgt_node *targets = hgt_node_get(agent, "targets");

		for (size_t k = 0; k < length(targets); k++) {
			const struct hgt_node *target = targets->v.seq.items[k];
			const char *name = hgt_node_get_string(agent, "name");
			const char *target_name = hgt_node_get_string(target, "name");
			const char *repo = hgt_node_get_string(target, "repo");
			struct hgt_buf subject = HGT_BUF_INIT;
			char *key, *value;

			if (!name || !target_name || !repo)
				continue;
			hgt_buf_addf(&subject, "%s/%s", name, target_name);
			key = subject.failed ? NULL : hgt_arena_strndup(&trail->names, subject.data, subject.len);
			value = hgt_arena_strndup(&trail->names, repo, strlen(repo));
			hgt_buf_release(&subject);
			if (!key || !value || hgt_map_put(&trail->repos, key, strlen(key), value, NULL) < 0)
				return hgt_error_nomem(err);
		}
	}
	return 0;
}

/* A copy of the string under key; NULL when it is not there. *failed is set when memory runs out. */
static const char *take(struct audit_trail *trail, const struct hgt_node *map, const char *key, bool *failed)
{
	const struct hgt_node *node = hgt_node_get(map, key);
	const char *copy;

	if (!node || node->type != HGT_NODE_STRING)
		return NULL;
	copy = hgt_arena_strndup(&trail->arena, node->text, node->len);
	*failed = *failed || !copy;
	return copy;
}

static void *make(struct audit_trail *trail, size_t size, bool *failed)
{
	void *p = hgt_arena_alloc(&trail->arena, size);

	*failed = *failed || !p;
	return p;
}

static void take_move(struct audit_trail *trail, struct audit_change *change, const struct hgt_node *from,
	bool *failed)
{
	struct audit_move *move = make(trail, sizeof(*move), failed);
	struct audit_move **end = &change->moves;

	if (!move)
		return;
	move->ref = take(trail, from, "ref", failed);
	move->old_id = take(trail, from, "old", failed);
	move->new_id = take(trail, from, "new", failed);
	while (*end)
		end = &(*end)->next;
	*end = move;
}

static void take_paths(struct audit_trail *trail, struct audit_change *change, const struct hgt_node *list,
	bool *failed)
{
	struct audit_path **end = &change->paths;

	change->n_paths = length(list);
	for (size_t i = 0; i < length(list) && !*failed; i++) {
		struct audit_path *path = make(trail, sizeof(*path), failed);

		if (!path)
			return;
		path->path = take(trail, list->v.seq.items[i], "path", failed);
		path->status = take(trail, list->v.seq.items[i], "status", failed);
		*end = path;
		end = &path->next;
	}
}

/* Findings, counted by rule in the order in which rules first appear. */
static void take_rules(struct audit_trail *trail, struct audit_change *change, const struct hgt_node *findings,
	bool *failed)
{
	for (size_t i = 0; i < length(findings) && !*failed; i++) {
		const char *rule = hgt_node_get_string(findings->v.seq.items[i], "rule");
		struct audit_rule **at = &change->rules;

		if (!rule)
			continue;
		while (*at && (*at)->rule && strcmp((*at)->rule, rule) != 0)
			at = &(*at)->next;
		if (!*at) {
			*at = make(trail, sizeof(**at), failed);
			if (*at)
				(*at)->rule = take(trail, findings->v.seq.items[i], "rule", failed);
		}
		if (*at)
			(*at)->n++;
	}
}

/* Whether text is what a glob asks for; no glob asks for everything. */
static bool matches(const char *glob, const char *text)
{
	return !glob || (text && hgt_glob_match(glob, text));
}

/* What every kind of change tells. */
static struct audit_change *begin_change(struct audit_trail *trail, enum audit_kind kind,
	const struct hgt_node *event, bool *failed)
{
	const struct hgt_node *data = hgt_node_get(event, "data");
	struct audit_change *change = make(trail, sizeof(*change), failed);
	struct hgt_cursor cursor;

	if (!change)
		return NULL;
	change->kind = kind;
	change->event = take(trail, event, "id", failed);
	change->time = take(trail, event, "time", failed);
	change->has_path = true;
	if (change->event && hgt_cursor_parse(change->event, &cursor, NULL) == 0)
		change->seq = cursor.seq;
	if (!change->time || hgt_time_parse(change->time, &change->time_ms, NULL) < 0)
		change->time_ms = 0;
	change->repo = take(trail, data, "repo", failed);
	change->actor = take(trail, data, "actor", failed);
	change->remote = take(trail, data, "remote", failed);
	change->push = take(trail, data, "push", failed);
	change->source = take(trail, data, "source", failed);
	return change;
}

static int append(struct audit_trail *trail, struct audit_change *change, struct hgt_error *err)
{
	const char *commit = change->moves ? change->moves->new_id : NULL;
	void *before = NULL;

	if (trail->n == trail->cap) {
		size_t cap = trail->cap ? trail->cap * 2 : 64;
		struct audit_change **changes = reallocarray(trail->changes, cap, sizeof(struct audit_change *));

		if (!changes)
			return hgt_error_nomem(err);
		trail->changes = changes;
		trail->cap = cap;
	}
	if (change->kind == AUDIT_UPDATED && change->event &&
		hgt_map_put(&trail->by_event, change->event, strlen(change->event), change, NULL) < 0)
		return hgt_error_nomem(err);
	if (change->kind == AUDIT_UPDATED && commit) {
		/* The map borrows the key of the first; it lives as long as all of them. */
		if (hgt_map_put(&trail->by_commit, commit, strlen(commit), change, &before) < 0)
			return hgt_error_nomem(err);
		change->same = before;
	}
	trail->changes[trail->n++] = change;
	return 0;
}

static int add_change(struct audit_trail *trail, enum audit_kind kind, const struct hgt_node *event,
	struct hgt_error *err)
{
	const struct hgt_node *data = hgt_node_get(event, "data"), *updates = hgt_node_get(data, "updates");
	const char *repo = hgt_node_get_string(data, "repo");
	struct audit_change *change;
	bool failed = false;

	if (!matches(trail->filter.repo, repo))
		return 0;
	change = begin_change(trail, kind, event, &failed);
	if (!change)
		return hgt_error_nomem(err);
	if (kind == AUDIT_REFUSED) {
		for (size_t i = 0; i < length(updates); i++)
			take_move(trail, change, updates->v.seq.items[i], &failed);
		take_rules(trail, change, hgt_node_get(data, "findings"), &failed);
		change->has_path = audit_filter_has_path(&trail->filter, hgt_node_get(data, "findings"));
		hgt_node_get_int(data, "errors", &change->errors);
		hgt_node_get_int(data, "warnings", &change->warnings);
	} else {
		take_move(trail, change, data, &failed);
		take_paths(trail, change, hgt_node_get(data, "paths"), &failed);
		hgt_node_get_bool(data, "forced", &change->forced);
		hgt_node_get_bool(data, "paths_truncated", &change->paths_truncated);
		/* Where the list was cut, it may be among what is not listed. */
		change->has_path = change->paths_truncated || audit_filter_has_path(&trail->filter, hgt_node_get(data, "paths"));
	}
	return failed ? hgt_error_nomem(err) : append(trail, change, err);
}

static int attribute(struct audit_trail *trail, const struct hgt_node *data, struct hgt_error *err)
{
	const char *event = hgt_node_get_string(data, "event");
	struct audit_change *change = event ? hgt_map_get(&trail->by_event, event, strlen(event)) : NULL;
	bool failed = false;

	if (!change)
		return 0;
	change->actor = take(trail, data, "actor", &failed);
	change->push = take(trail, data, "push", &failed);
	return failed ? hgt_error_nomem(err) : 0;
}

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* The entry of this target in the change, made when it is new. */
static struct audit_report *report_of(struct audit_trail *trail, struct audit_change *change,
	const struct hgt_node *data, bool *failed)
{
	const char *agent = hgt_node_get_string(data, "agent"), *target = hgt_node_get_string(data, "target");
	struct audit_report **at = &change->reports;

	while (*at && !(same_text((*at)->agent, agent) && same_text((*at)->target, target)))
		at = &(*at)->next;
	if (!*at) {
		*at = make(trail, sizeof(**at), failed);
		if (*at) {
			(*at)->agent = take(trail, data, "agent", failed);
			(*at)->target = take(trail, data, "target", failed);
		}
	}
	return *at;
}

/* The latest change that brought the report's desired commit into its repository. */
static struct audit_change *reported_change(const struct audit_trail *trail, const struct hgt_node *event,
	const struct hgt_node *data)
{
	const char *commit = hgt_node_get_string(data, "desired"), *subject = hgt_node_get_string(event, "subject");
	struct audit_change *change = commit ? hgt_map_get(&trail->by_commit, commit, strlen(commit)) : NULL;
	const char *repo = subject ? hgt_map_get(&trail->repos, subject, strlen(subject)) : NULL;

	/* A target that is not announced any more: the commit alone decides. */
	while (change && repo && !same_text(change->repo, repo))
		change = change->same;
	return change;
}

static int add_report(struct audit_trail *trail, const struct hgt_node *event, const struct hgt_node *data,
	struct hgt_error *err)
{
	struct audit_change *change = matches(trail->filter.agent, hgt_node_get_string(data, "agent")) ?
		reported_change(trail, event, data) : NULL;
	const struct hgt_node *counts = hgt_node_get(data, "changes");
	int64_t added = 0, modified = 0, removed = 0;
	struct audit_report *report;
	bool failed = false;

	if (!change)
		return 0;
	report = report_of(trail, change, data, &failed);
	if (!report)
		return hgt_error_nomem(err);
	/* A target that is looked at again says the same again: when it got there, and with how many changes,
	 * is what is kept. */
	if (!same_text(report->sync, hgt_node_get_string(data, "sync")) ||
		!same_text(report->operation, hgt_node_get_string(data, "operation")))
		report->time = take(trail, event, "time", &failed);
	report->sync = take(trail, data, "sync", &failed);
	report->health = take(trail, data, "health", &failed);
	report->operation = take(trail, data, "operation", &failed);
	report->applied = take(trail, data, "applied", &failed);
	report->message = take(trail, data, "message", &failed);
	hgt_node_get_int(counts, "added", &added);
	hgt_node_get_int(counts, "modified", &modified);
	hgt_node_get_int(counts, "removed", &removed);
	if (added || modified || removed) {
		report->added = added;
		report->modified = modified;
		report->removed = removed;
	}
	return failed ? hgt_error_nomem(err) : 0;
}

/* An event that is not one of those that changes are put together from. */
static int add_event(struct audit_trail *trail, const struct hgt_node *event, const char *type, struct hgt_error *err)
{
	struct hgt_buf line = HGT_BUF_INIT, text = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&text);
	bool failed = false;
	struct audit_change *change = begin_change(trail, AUDIT_EVENT, event, &failed);
	const char *subject = hgt_node_get_string(event, "subject");

	/* A command is about the repository that its target lives by now. */
	if (change && subject && strcmp(type, HGT_EVENT_SYNC_REQUESTED) == 0)
		change->repo = hgt_map_get(&trail->repos, subject, strlen(subject));
	event_view_line(event, false, &line);
	hgt_node_write_json(event, &json);
	failed = failed || line.failed || text.failed;
	if (!failed) {
		change->type = hgt_arena_strndup(&trail->arena, type, strlen(type));
		change->line = hgt_arena_strndup(&trail->arena, line.data, line.len);
		change->json = hgt_arena_strndup(&trail->arena, text.data, text.len);
		change->has_path = !trail->filter.path;
		failed = !change->type || !change->line || !change->json;
	}
	hgt_buf_release(&line);
	hgt_buf_release(&text);
	return failed ? hgt_error_nomem(err) : append(trail, change, err);
}

static const struct {
	const char *type;
	enum audit_kind kind;
} changes[] = {
	{HGT_EVENT_REF_UPDATED, AUDIT_UPDATED},
	{HGT_EVENT_PUSH_REFUSED, AUDIT_REFUSED},
	{HGT_EVENT_PUSH_SUPERSEDED, AUDIT_SUPERSEDED},
};

/* Whether an event that is no change is told on its own: asked for by its type, or by the agent that it is about; or what somebody has asked
 * of a target, as long as no folder or ref is asked for. */
static bool is_wanted(const struct audit_trail *trail, const struct hgt_node *data, const char *type)
{
	const struct audit_filter *f = &trail->filter;

	if (f->type)
		return audit_filter_names(f, type) && matches(f->agent, hgt_node_get_string(data, "agent"));
	if (strcmp(type, HGT_EVENT_SYNC_REQUESTED) == 0)
		return matches(f->agent, hgt_node_get_string(data, "agent"));
	return f->agent && strcmp(type, HGT_EVENT_AGENT_REPORTED) != 0 && hgt_node_get_string(data, "agent") &&
		matches(f->agent, hgt_node_get_string(data, "agent"));
}

bool audit_trail_shows(const struct audit_trail *trail, const struct audit_change *change)
{
	const struct audit_filter *f = &trail->filter;
	const char *type = change->type;
	bool has_ref = !f->ref;

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes) && !type; i++)
		if (changes[i].kind == change->kind)
			type = changes[i].type;
	for (const struct audit_move *move = change->moves; move && !has_ref; move = move->next)
		has_ref = matches(f->ref, move->ref);
	return has_ref && change->has_path && matches(f->repo, change->repo) && matches(f->actor, change->actor) &&
		(!f->type || audit_filter_names(f, type)) && (!f->agent || change->kind == AUDIT_EVENT || change->reports) &&
		audit_filter_in_time(f, change->time_ms, change->seq);
}

int audit_trail_add(struct audit_trail *trail, const struct hgt_node *event, struct hgt_error *err)
{
	const struct hgt_node *data = hgt_node_get(event, "data");
	const char *type = hgt_node_get_string(event, "type"), *time = hgt_node_get_string(event, "time");
	int64_t ms;
	int code = 0;

	if (!type)
		return 0;
	if (trail->oldest_ms == INT64_MAX && time && hgt_time_parse(time, &ms, NULL) == 0)
		trail->oldest_ms = ms;
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		if (strcmp(type, changes[i].type) == 0)
			return add_change(trail, changes[i].kind, event, err);
	if (strcmp(type, HGT_EVENT_PUSH_ATTRIBUTED) == 0)
		code = attribute(trail, data, err);
	else if (strcmp(type, HGT_EVENT_AGENT_REPORTED) == 0)
		code = add_report(trail, event, data, err);
	if (code == 0 && is_wanted(trail, data, type))
		code = add_event(trail, event, type, err);
	return code;
}
