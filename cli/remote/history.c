/* What was applied to targets, when, and by whom. */
#include "cli/remote/history.h"

#include "base/glob.h"
#include "headgate/protocol.h"

/* What a target told last. */
struct last {
	bool running;		/* it began, and has not ended yet */
	const char *cause;	/* for which it began */
};

void history_init(struct history *h, const char *agent, const char *target, const char *repo)
{
	*h = (struct history){.agent = agent, .target = target, .repo = repo};
}

void history_reset(struct history *h)
{
	hgt_map_clear(&h->pushes);
	hgt_map_clear(&h->targets);
	hgt_map_clear(&h->commands);
	hgt_arena_release(&h->arena);
	h->arena = (struct hgt_arena)HGT_ARENA_INIT;
	h->n = 0;
}

void history_release(struct history *h)
{
	history_reset(h);
	free(h->entries);
	hgt_map_release(&h->pushes);
	hgt_map_release(&h->targets);
	hgt_map_release(&h->commands);
	hgt_map_release(&h->repos);
	hgt_arena_release(&h->names);
}

static const char *text_of(const struct hgt_node *node, const char *key)
{
	const char *text = hgt_node_get_string(node, key);

	return text ? text : "";
}

/* A copy; NULL for NULL, and when memory runs out, which *failed tells. */
static const char *keep(struct history *h, const char *text, bool *failed)
{
	const char *copy = text ? hgt_arena_strndup(&h->arena, text, strlen(text)) : NULL;

	*failed = *failed || (text && !copy);
	return copy;
}

/* "agent/target" in an arena; NULL when memory runs out. */
static char *name_of(struct hgt_arena *arena, const char *agent, const char *target)
{
	size_t n = strlen(agent), m = strlen(target);
	char *name = hgt_arena_bytes(arena, n + m + 2);

	if (!name)
		return NULL;
	memcpy(name, agent, n);
	name[n] = '/';
	memcpy(name + n + 1, target, m + 1);
	return name;
}

int history_agents(struct history *h, const struct hgt_node *agents, struct hgt_error *err)
{
	for (size_t i = 0; agents && agents->type == HGT_NODE_SEQ && i < agents->v.seq.n; i++) {
		const struct hgt_node *agent = agents->v.seq.items[i], *targets = hgt_node_get(agent, "targets");

		for (size_t k = 0; targets && targets->type == HGT_NODE_SEQ && k < targets->v.seq.n; k++) {
			const struct hgt_node *target = targets->v.seq.items[k];
			const char *repo = text_of(target, "repo");
			char *name = name_of(&h->names, text_of(agent, "name"), text_of(target, "name"));
			char *own = hgt_arena_strndup(&h->names, repo, strlen(repo));

			if (!name || !own || hgt_map_put(&h->repos, name, strlen(name), own, NULL) < 0)
				return hgt_error_nomem(err);
		}
	}
	return 0;
}

/* A ref that moved, or who had moved it. */
static int add_push(struct history *h, const struct hgt_node *data, struct hgt_error *err)
{
	const char *commit = text_of(data, "new");
	struct history_push *push = hgt_map_get(&h->pushes, commit, strlen(commit));
	bool failed = false;
	const char *key;

	if (!*commit)
		return 0;
	/* The first push that brought it counts; who had made it may be told later. */
	if (push && (push->actor || !hgt_node_get_string(data, "actor")))
		return 0;
	if (!push) {
		push = hgt_arena_alloc(&h->arena, sizeof(*push));
		key = keep(h, commit, &failed);
		if (!push || failed || hgt_map_put(&h->pushes, key, strlen(key), push, NULL) < 0)
			return hgt_error_nomem(err);
	}
	push->actor = keep(h, hgt_node_get_string(data, "actor"), &failed);
	push->push = keep(h, hgt_node_get_string(data, "push"), &failed);
	push->repo = keep(h, hgt_node_get_string(data, "repo"), &failed);
	push->ref = keep(h, hgt_node_get_string(data, "ref"), &failed);
	return failed ? hgt_error_nomem(err) : 0;
}

static int add_command(struct history *h, const struct hgt_node *event, const struct hgt_node *data, struct hgt_error *err)
{
	bool failed = false;
	const char *id = keep(h, text_of(event, "id"), &failed), *actor = keep(h, text_of(data, "actor"), &failed);

	if (failed || hgt_map_put(&h->commands, id, strlen(id), (void *)(uintptr_t)actor, NULL) < 0)
		return hgt_error_nomem(err);
	return 0;
}

static struct last *last_of(struct history *h, const char *agent, const char *target)
{
	char *name = name_of(&h->arena, agent, target);
	struct last *last = name ? hgt_map_get(&h->targets, name, strlen(name)) : NULL;

	if (!name || last)
		return last;
	last = hgt_arena_alloc(&h->arena, sizeof(*last));
	if (!last || hgt_map_put(&h->targets, name, strlen(name), last, NULL) < 0)
		return NULL;
	last->cause = "";
	return last;
}

static bool is_asked_for(const struct history *h, const char *agent, const char *target)
{
	struct hgt_buf name = HGT_BUF_INIT;
	const char *repo;

	if ((h->agent && strcmp(h->agent, agent) != 0) || (h->target && strcmp(h->target, target) != 0))
		return false;
	if (!h->repo)
		return true;
	hgt_buf_addf(&name, "%s/%s", agent, target);
	repo = hgt_map_get(&h->repos, name.data, name.len);
	hgt_buf_release(&name);
	return repo && hgt_glob_match(h->repo, repo);
}

static int add_entry(struct history *h, const struct last *last, const struct hgt_node *data, struct hgt_error *err)
{
	const struct hgt_node *changes = hgt_node_get(data, "changes");
	const char *request = text_of(data, "request"), *message = text_of(data, "message");
	const char *asked_by = hgt_map_get(&h->commands, request, strlen(request));
	bool failed = strcmp(text_of(data, "operation"), "Failed") == 0, no_room = false;
	const char *revision = text_of(data, failed ? "desired" : "applied");
	struct history_entry *e;

	if (h->n == h->cap) {
		size_t cap = h->cap ? h->cap * 2 : 64;
		struct history_entry *entries = reallocarray(h->entries, cap, sizeof(*entries));

		if (!entries)
			return hgt_error_nomem(err);
		h->entries = entries;
		h->cap = cap;
	}
	e = &h->entries[h->n];
	*e = (struct history_entry){.failed = failed, .asked_by = asked_by};
	e->time = keep(h, text_of(data, "finished"), &no_room);
	e->agent = keep(h, text_of(data, "agent"), &no_room);
	e->target = keep(h, text_of(data, "target"), &no_room);
	e->revision = keep(h, revision, &no_room);
	e->why = *request ? "sync" : strcmp(last->cause, "drift") == 0 ? "drift" : "push";
	e->message = hgt_arena_strndup(&h->arena, message, strcspn(message, "\r\n"));
	hgt_node_get_int(changes, "added", &e->added);
	hgt_node_get_int(changes, "modified", &e->modified);
	hgt_node_get_int(changes, "removed", &e->removed);
	e->push = hgt_map_get(&h->pushes, revision, strlen(revision));
	if (no_room || !e->message)
		return hgt_error_nomem(err);
	h->n++;
	return 0;
}

static int add_report(struct history *h, const struct hgt_node *data, struct hgt_error *err)
{
	const char *operation = text_of(data, "operation"), *agent = text_of(data, "agent"), *target = text_of(data, "target");
	struct last *last;
	bool failed = false;
	int code = 0;

	if (!is_asked_for(h, agent, target))
		return 0;
	last = last_of(h, agent, target);
	if (!last)
		return hgt_error_nomem(err);
	if (strcmp(operation, "Running") == 0) {
		last->running = true;
		last->cause = keep(h, text_of(data, "cause"), &failed);
	} else if ((strcmp(operation, "Succeeded") == 0 || strcmp(operation, "Failed") == 0) && *text_of(data, "finished")) {
		/* Without a beginning it is one that was told before, or a revision in which the target's content has not changed. */
		if (last->running)
			code = add_entry(h, last, data, err);
		last->running = false;
		last->cause = "";
	}
	return failed ? hgt_error_nomem(err) : code;
}

int history_add(struct history *h, const struct hgt_node *event, struct hgt_error *err)
{
	const char *type = text_of(event, "type");
	const struct hgt_node *data = hgt_node_get(event, "data");

	if (strcmp(type, HGT_EVENT_REF_UPDATED) == 0 || strcmp(type, HGT_EVENT_PUSH_ATTRIBUTED) == 0)
		return add_push(h, data, err);
	if (strcmp(type, HGT_EVENT_SYNC_REQUESTED) == 0)
		return add_command(h, event, data, err);
	return strcmp(type, HGT_EVENT_AGENT_REPORTED) == 0 ? add_report(h, data, err) : 0;
}
