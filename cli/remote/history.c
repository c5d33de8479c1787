/* What was applied to targets, when, and by whom. */
#include "cli/remote/history.h"

#include "base/glob.h"
#include "event/event.h"

/* How an apply of a target has ended, as it was told before (that is, read after) what has been read. */
struct ending {
	bool is_there;
	const struct history_follow *follows;	/* of the target */
	struct history_entry entry;
};

void history_init(struct history *h, const char *agent, const char *target, const char *repo, size_t limit)
{
	*h = (struct history){.agent = agent, .target = target, .repo = repo, .limit = limit};
}

void history_release(struct history *h)
{
	hgt_map_release(&h->follows);
	hgt_map_release(&h->targets);
	hgt_map_release(&h->revisions);
	hgt_map_release(&h->moves);
	hgt_arena_release(&h->arena);
	free(h->entries);
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

/* The place in the journal that an id names; 0 when it is none. */
static uint64_t seq_of(const char *id)
{
	struct hgt_cursor cursor;

	return hgt_cursor_parse(id, &cursor, NULL) == 0 ? cursor.seq : 0;
}

/* "agent/target"; NULL when memory runs out. */
static char *name_of(struct history *h, const char *agent, const char *target)
{
	size_t n = strlen(agent), m = strlen(target);
	char *name = hgt_arena_bytes(&h->arena, n + m + 2);

	if (!name)
		return NULL;
	memcpy(name, agent, n);
	name[n] = '/';
	memcpy(name + n + 1, target, m + 1);
	return name;
}

static int add_target(struct history *h, const char *agent, const struct hgt_node *target, struct hgt_error *err)
{
	struct history_follow *follow = hgt_arena_alloc(&h->arena, sizeof(*follow));
	char *name = name_of(h, agent, text_of(target, "name"));
	bool failed = !follow || !name;

	if (!failed)
		*follow = (struct history_follow){keep(h, text_of(target, "repo"), &failed), keep(h, text_of(target, "ref"), &failed)};
	if (failed || hgt_map_put(&h->follows, name, strlen(name), follow, NULL) < 0)
		return hgt_error_nomem(err);
	return 0;
}

int history_agents(struct history *h, const struct hgt_node *agents, struct hgt_error *err)
{
	int code = 0;

	for (size_t i = 0; agents && agents->type == HGT_NODE_SEQ && i < agents->v.seq.n; i++) {
		const struct hgt_node *agent = agents->v.seq.items[i], *targets = hgt_node_get(agent, "targets");

		for (size_t k = 0; targets && targets->type == HGT_NODE_SEQ && k < targets->v.seq.n && code == 0; k++)
			code = add_target(h, text_of(agent, "name"), targets->v.seq.items[k], err);
	}
	return code;
}

static struct ending *ending_of(struct history *h, const char *agent, const char *target)
{
	char *name = name_of(h, agent, target);
	struct ending *ending = name ? hgt_map_get(&h->targets, name, strlen(name)) : NULL;

	if (!name || ending)
		return ending;
	ending = hgt_arena_alloc(&h->arena, sizeof(*ending));
	if (!ending || hgt_map_put(&h->targets, name, strlen(name), ending, NULL) < 0)
		return NULL;
	*ending = (struct ending){.follows = hgt_map_get(&h->follows, name, strlen(name))};
	return ending;
}

static int read_ending(struct history *h, const struct hgt_node *event, struct ending *ending, struct hgt_error *err)
{
	const struct hgt_node *data = hgt_node_get(event, "data"), *changes = hgt_node_get(data, "changes");
	const char *message = text_of(data, "message");
	bool failed = strcmp(text_of(data, "operation"), "Failed") == 0, no_room = false;
	struct history_entry e = {.failed = failed, .seq = seq_of(text_of(event, "id")), .follows = ending->follows};

	e.time = keep(h, text_of(data, "finished"), &no_room);
	e.agent = keep(h, text_of(data, "agent"), &no_room);
	e.target = keep(h, text_of(data, "target"), &no_room);
	e.revision = keep(h, text_of(data, failed ? "desired" : "applied"), &no_room);
	e.request = keep(h, text_of(data, "request"), &no_room);
	e.message = hgt_arena_strndup(&h->arena, message, strcspn(message, "\r\n"));
	hgt_node_get_int(changes, "added", &e.added);
	hgt_node_get_int(changes, "modified", &e.modified);
	hgt_node_get_int(changes, "removed", &e.removed);
	if (no_room || !e.message)
		return hgt_error_nomem(err);
	ending->is_there = true;
	ending->entry = e;
	return 0;
}

/* Its beginning has been found. */
static int add_entry(struct history *h, struct ending *ending, const char *cause, struct hgt_error *err)
{
	struct history_entry *e = &ending->entry;

	if (h->n == h->cap) {
		size_t cap = h->cap ? h->cap * 2 : 64;
		struct history_entry *entries = reallocarray(h->entries, cap, sizeof(*entries));

		if (!entries)
			return hgt_error_nomem(err);
		h->entries = entries;
		h->cap = cap;
	}
	e->why = *e->request ? "sync" : strcmp(cause, "drift") == 0 ? "drift" : "push";
	h->entries[h->n++] = *e;
	ending->is_there = false;
	return 0;
}

int history_report(struct history *h, const struct hgt_node *event, struct hgt_error *err)
{
	const struct hgt_node *data = hgt_node_get(event, "data");
	const char *operation = text_of(data, "operation"), *agent = text_of(data, "agent"), *target = text_of(data, "target");
	struct ending *ending;

	if ((h->agent && strcmp(h->agent, agent) != 0) || (h->target && strcmp(h->target, target) != 0))
		return 0;
	ending = ending_of(h, agent, target);
	if (!ending)
		return hgt_error_nomem(err);
	if (h->repo && !(ending->follows && hgt_glob_match(h->repo, ending->follows->repo)))
		return 0;
	if (strcmp(operation, "Running") == 0)
		return ending->is_there ? add_entry(h, ending, text_of(data, "cause"), err) : 0;
	/* What was told earlier counts. Without a beginning it is a revision in which the target's content has not changed. */
	if ((strcmp(operation, "Succeeded") == 0 || strcmp(operation, "Failed") == 0) && *text_of(data, "finished"))
		return read_ending(h, event, ending, err);
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct history_entry *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static void sort(struct history *h)
{
	if (h->n > 1)
		qsort(h->entries, h->n, sizeof(*h->entries), compare_entries);
}

bool history_is_enough(struct history *h)
{
	const struct hgt_map_entry *entry;
	const char *oldest;
	size_t pos = 0;

	if (h->n < h->limit)
		return false;
	sort(h);
	oldest = h->entries[h->n - h->limit].time;
	while ((entry = hgt_map_next(&h->targets, &pos))) {
		const struct ending *ending = entry->value;

		if (ending->is_there && strcmp(ending->entry.time, oldest) > 0)
			return false;
	}
	return true;
}

int history_choose(struct history *h, struct hgt_error *err)
{
	sort(h);
	if (h->n > h->limit) {
		memmove(h->entries, h->entries + (h->n - h->limit), h->limit * sizeof(*h->entries));
		h->n = h->limit;
	}
	for (size_t i = 0; i < h->n; i++) {
		struct history_entry *e = &h->entries[i];

		if (!*e->revision)
			continue;
		e->same = hgt_map_get(&h->revisions, e->revision, strlen(e->revision));
		if (hgt_map_put(&h->revisions, e->revision, strlen(e->revision), e, NULL) < 0)
			return hgt_error_nomem(err);
		h->unmoved++;
	}
	return 0;
}

/* The last move of the target's ref to the revision before it was applied; of any ref, where it is not known which it follows. */
static bool has_brought(const struct hgt_node *data, uint64_t seq, const struct history_entry *e)
{
	return !e->push && seq < e->seq && (!e->follows ||
		(strcmp(text_of(data, "repo"), e->follows->repo) == 0 && strcmp(text_of(data, "ref"), e->follows->ref) == 0));
}

int history_move(struct history *h, const struct hgt_node *event, struct hgt_error *err)
{
	const struct hgt_node *data = hgt_node_get(event, "data");
	const char *commit = text_of(data, "new"), *id = text_of(event, "id");
	struct history_push *push = NULL;
	bool failed = false;

	for (struct history_entry *e = hgt_map_get(&h->revisions, commit, strlen(commit)); e; e = e->same) {
		if (!has_brought(data, seq_of(id), e))
			continue;
		if (!push) {
			push = hgt_arena_alloc(&h->arena, sizeof(*push));
			if (!push)
				return hgt_error_nomem(err);
			*push = (struct history_push){keep(h, hgt_node_get_string(data, "actor"), &failed),
				keep(h, hgt_node_get_string(data, "push"), &failed), keep(h, text_of(data, "repo"), &failed),
				keep(h, text_of(data, "ref"), &failed), seq_of(id)};
			id = keep(h, id, &failed);
		}
		e->push = push;
		h->unmoved--;
	}
	if (failed || (push && !push->actor && hgt_map_put(&h->moves, id, strlen(id), push, NULL) < 0))
		return hgt_error_nomem(err);
	return 0;
}

int history_attribution(struct history *h, const struct hgt_node *event, struct hgt_error *err)
{
	const struct hgt_node *data = hgt_node_get(event, "data");
	const char *id = text_of(data, "event");
	struct history_push *push = hgt_map_remove(&h->moves, id, strlen(id));
	bool failed = false;

	if (push) {
		push->actor = keep(h, hgt_node_get_string(data, "actor"), &failed);
		push->push = keep(h, hgt_node_get_string(data, "push"), &failed);
	}
	return failed ? hgt_error_nomem(err) : 0;
}

int history_command(struct history *h, const struct hgt_node *event, struct hgt_error *err)
{
	const char *id = text_of(event, "id"), *actor = NULL;
	bool failed = false;

	for (size_t i = 0; i < h->n; i++) {
		if (!*id || strcmp(h->entries[i].request, id) != 0)
			continue;
		actor = actor ? actor : keep(h, text_of(hgt_node_get(event, "data"), "actor"), &failed);
		h->entries[i].asked_by = actor;
	}
	return failed ? hgt_error_nomem(err) : 0;
}

uint64_t history_needs_move(const struct history *h)
{
	return h->unmoved > 0 ? 0 : UINT64_MAX;
}

/* Whose a move was is told after it. */
uint64_t history_needs_attribution(const struct history *h)
{
	const struct hgt_map_entry *entry;
	uint64_t least = UINT64_MAX;
	size_t pos = 0;

	while ((entry = hgt_map_next(&h->moves, &pos))) {
		const struct history_push *push = entry->value;

		least = push->seq < least ? push->seq : least;
	}
	return least;
}

uint64_t history_needs_command(const struct history *h)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < h->n; i++) {
		const struct history_entry *e = &h->entries[i];
		uint64_t seq = *e->request && !e->asked_by ? seq_of(e->request) : UINT64_MAX;

		least = seq < least ? seq : least;
	}
	return least;
}
