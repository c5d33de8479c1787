/*
 * Questions to the trees: whether paths differ between two commits, where an event's list of paths was cut. All who ask about one
 * event in one turn of the loop share a question: the repository is got once, and each path is looked at once.
 */
#include "base/log.h"
#include "base/map.h"
#include "base/workers.h"
#include "daemon/repos.h"
#include "daemon/subscriber.h"
#include "git/repository_pool.h"

struct asked_path {
	bool changed;
	char path[];
};

struct ask {
	TAILQ_ENTRY(ask) entry;		/* of hub->asks, until a worker has it */
	struct subscriber_list waiting;
	struct row *row;
	const struct hgt_ref_event *event;	/* the row's */
	char *repo_path;
	struct hgt_repo_pool *pool;
	struct hgt_map paths;		/* text -> struct asked_path; the loop's until a worker has the question, and after that again */
	struct hgt_error err;		/* of the worker */
};

struct subscriber_list *ask_waiting(struct ask *ask)
{
	return &ask->waiting;
}

static void ask_free(struct ask *ask)
{
	const struct hgt_map_entry *entry;

	for (size_t pos = 0; (entry = hgt_map_next(&ask->paths, &pos));)
		free(entry->value);
	hgt_map_release(&ask->paths);
	free(ask->repo_path);
	row_unref(ask->row);
	free(ask);
}

/* The commit that an id leads to, "" for the one that stands for nothing. */
static int find_commit(struct hgt_repo *repo, const char *id, char *commit, struct hgt_error *err)
{
	*commit = '\0';
	return hgt_oid_is_zero(id) ? 0 : hgt_repo_commit(repo, id, commit, err);
}

/* The id of what is at path, "" when there is nothing. */
static int path_id(struct hgt_repo *repo, const char *commit, const char *path, char *id, struct hgt_error *err)
{
	int code;

	*id = '\0';
	if (!*commit)
		return 0;
	code = hgt_repo_path_id(repo, commit, path, id, err);
	if (code == HGT_ENOENT)
		*id = '\0';
	return code == HGT_ENOENT ? 0 : code;
}

/* On a worker. Where it cannot tell the answer is yes: better woken for nothing than left asleep. */
static void look(void *job)
{
	char old_commit[HGT_OID_HEX_SHA256 + 1], new_commit[HGT_OID_HEX_SHA256 + 1];
	char before[HGT_OID_HEX_SHA256 + 1], after[HGT_OID_HEX_SHA256 + 1];
	const struct hgt_map_entry *entry;
	struct hgt_repo *repo = NULL;
	struct ask *ask = job;
	int code = hgt_repo_pool_get(ask->pool, ask->repo_path, &repo, &ask->err);

	if (code == 0)
		code = find_commit(repo, ask->event->old_id, old_commit, &ask->err);
	if (code == 0)
		code = find_commit(repo, ask->event->new_id, new_commit, &ask->err);
	for (size_t pos = 0; (entry = hgt_map_next(&ask->paths, &pos));) {
		struct asked_path *asked = entry->value;

		if (code == 0)
			code = path_id(repo, old_commit, asked->path, before, &ask->err);
		if (code == 0)
			code = path_id(repo, new_commit, asked->path, after, &ask->err);
		asked->changed = code < 0 || strcmp(before, after) != 0;
	}
	if (code < 0)
		hgt_log(HGT_LOG_WARNING, "hub", ask->err.message, HGT_S("repo", ask->repo_path));
	hgt_repo_pool_put(ask->pool, repo);
}

static bool has_changed(const struct ask *ask, const struct subscriber *s)
{
	for (size_t i = 0; i < s->n_wants; i++) {
		const char *path = want_spec(&s->wants[i]).filter.path;
		const struct asked_path *asked;

		if (want_match(&s->wants[i], ask->row) != HGT_MATCH_ASK)
			continue;
		asked = hgt_map_get(&ask->paths, path, strlen(path));
		if (!asked || asked->changed)
			return true;
	}
	return false;
}

static void answered(void *job)
{
	struct ask *ask = job;
	struct subscriber *s;

	while ((s = TAILQ_FIRST(&ask->waiting))) {
		s->answer = has_changed(ask, s);
		s->answer_seq = ask->row->seq;
		subscriber_move(s, PLACE_READY);
		s->ask = NULL;
	}
	ask_free(ask);
}

/* No worker takes it: then the answer is yes. */
static void give_up(struct ask *ask, const struct hgt_error *err)
{
	const struct hgt_map_entry *entry;

	hgt_log(HGT_LOG_WARNING, "hub", err->message, HGT_I("seq", ask->row->seq));
	for (size_t pos = 0; (entry = hgt_map_next(&ask->paths, &pos));)
		((struct asked_path *)entry->value)->changed = true;
	answered(ask);
}

void asks_submit(struct hub *hub)
{
	struct ask *ask;

	while ((ask = TAILQ_FIRST(&hub->asks))) {
		struct hgt_error err = {0};

		TAILQ_REMOVE(&hub->asks, ask, entry);
		if (hgt_workers_submit(hub->daemon->git, look, answered, ask, &err) < 0)
			give_up(ask, &err);
	}
}

void asks_release(struct hub *hub)
{
	struct ask *ask;

	while ((ask = TAILQ_FIRST(&hub->asks))) {
		TAILQ_REMOVE(&hub->asks, ask, entry);
		ask_free(ask);
	}
}

static struct ask *ask_new(struct hub *hub, struct row *row, const struct hgt_ref_event *event, const char *repo_path)
{
	struct ask *ask = calloc(1, sizeof(*ask));

	if (!ask)
		return NULL;
	ask->repo_path = strdup(repo_path);
	if (!ask->repo_path) {
		free(ask);
		return NULL;
	}
	ask->pool = repos_pool(hub->daemon->repos);
	ask->row = row_ref(row);
	ask->event = event;
	TAILQ_INIT(&ask->waiting);
	TAILQ_INSERT_TAIL(&hub->asks, ask, entry);
	pump_soon(hub);
	return ask;
}

static int add_path(struct ask *ask, const char *path, struct hgt_error *err)
{
	size_t len = strlen(path);
	struct asked_path *asked;

	if (hgt_map_get(&ask->paths, path, len))
		return 0;
	asked = malloc(sizeof(*asked) + len + 1);
	if (!asked)
		return hgt_error_nomem(err);
	asked->changed = false;
	memcpy(asked->path, path, len + 1);
	if (hgt_map_put(&ask->paths, asked->path, len, asked, NULL) < 0) {
		free(asked);
		return hgt_error_nomem(err);
	}
	return 0;
}

int ask_trees(struct subscriber *s, struct row *row, struct hgt_error *err)
{
	struct hub *hub = s->hub;
	const struct hgt_ref_event *event = row_event(row);
	const struct repo *repo = repos_find(hub->daemon->repos, row->repo);
	struct ask *ask;
	int code = 0;

	if (!event || !repo)
		return hgt_error_set(err, HGT_ENOENT, "repository %s is not there", row->repo);
	TAILQ_FOREACH(ask, &hub->asks, entry)
		if (ask->row->seq == row->seq)
			break;
	if (!ask)
		ask = ask_new(hub, row, event, repo->path);
	if (!ask)
		return hgt_error_nomem(err);
	for (size_t i = 0; code == 0 && i < s->n_wants; i++)
		if (want_match(&s->wants[i], row) == HGT_MATCH_ASK)
			code = add_path(ask, want_spec(&s->wants[i]).filter.path, err);
	if (code < 0)
		return code;	/* a question that nobody waits for does no harm */
	hub->stats.asked++;
	s->ask = ask;
	subscriber_move(s, PLACE_ASKING);
	return 0;
}
