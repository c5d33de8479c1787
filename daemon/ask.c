/* Questions to the trees: whether a path differs between two commits, where an event's list of paths was cut. */
#include "base/log.h"
#include "base/workers.h"
#include "daemon/repos.h"
#include "daemon/subscriber.h"
#include "git/repository.h"

struct ask {
	struct subscriber *subscriber;	/* NULL when it has gone */
	struct row *row;
	char *repo_path, *old_id, *new_id;
	char **paths;
	size_t n_paths;
	bool changed;
};

static void ask_free(struct ask *ask)
{
	for (size_t i = 0; i < ask->n_paths; i++)
		free(ask->paths[i]);
	free(ask->paths);
	free(ask->repo_path);
	free(ask->old_id);
	free(ask->new_id);
	row_unref(ask->row);
	free(ask);
}

/* The id of what is at path, "" when there is nothing. */
static int path_id(struct hgt_repo *repo, const char *object, const char *path, char *id, struct hgt_error *err)
{
	char commit[HGT_OID_HEX_SHA256 + 1];
	int code;

	*id = '\0';
	if (hgt_oid_is_zero(object))
		return 0;
	code = hgt_repo_commit(repo, object, commit, err);
	if (code == 0)
		code = hgt_repo_path_id(repo, commit, path, id, err);
	return code == HGT_ENOENT ? 0 : code;
}

/* On a worker. Where it cannot tell the answer is yes: better woken for nothing than left asleep. */
static void look(void *job)
{
	char before[HGT_OID_HEX_SHA256 + 1], after[HGT_OID_HEX_SHA256 + 1];
	struct hgt_error err = {0};
	struct hgt_repo *repo = NULL;
	struct ask *ask = job;
	int code = hgt_repo_open(ask->repo_path, &repo, &err);

	ask->changed = false;
	for (size_t i = 0; code == 0 && !ask->changed && i < ask->n_paths; i++) {
		code = path_id(repo, ask->old_id, ask->paths[i], before, &err);
		if (code == 0)
			code = path_id(repo, ask->new_id, ask->paths[i], after, &err);
		ask->changed = code == 0 && strcmp(before, after) != 0;
	}
	if (code < 0) {
		hgt_log(HGT_LOG_WARNING, "hub", err.message, HGT_S("repo", ask->repo_path));
		ask->changed = true;
	}
	hgt_repo_close(repo);
}

static void answered(void *job)
{
	struct ask *ask = job;
	struct subscriber *s = ask->subscriber;

	if (s) {
		s->ask = NULL;
		subscriber_take(s, ask->row, ask->changed);
		subscriber_feed(s);
	}
	ask_free(ask);
}

int ask_trees(struct subscriber *s, struct row *row, struct hgt_error *err)
{
	const struct hgt_ref_event *event = row_event(row);
	const struct repo *repo = repos_find(s->hub->daemon->repos, row->repo);
	struct ask *ask;
	int code;

	if (!event || !repo)
		return hgt_error_set(err, HGT_ENOENT, "repository %s is not there", row->repo);
	ask = calloc(1, sizeof(*ask));
	if (!ask)
		return hgt_error_nomem(err);
	ask->row = row_ref(row);
	ask->repo_path = strdup(repo->path);
	ask->old_id = strdup(event->old_id);
	ask->new_id = strdup(event->new_id);
	ask->paths = calloc(s->n_wants, sizeof(*ask->paths));
	code = ask->repo_path && ask->old_id && ask->new_id && ask->paths ? 0 : HGT_ENOMEM;
	for (size_t i = 0; code == 0 && i < s->n_wants; i++) {
		if (subscriber_match(&s->wants[i], row) != HGT_MATCH_ASK)
			continue;
		ask->paths[ask->n_paths] = strdup(s->wants[i].filter.path);
		if (!ask->paths[ask->n_paths++])
			code = HGT_ENOMEM;
	}
	if (code < 0)
		hgt_error_nomem(err);
	else
		code = hgt_workers_submit(s->hub->daemon->git, look, answered, ask, err);
	if (code < 0) {
		ask_free(ask);
		return code;
	}
	ask->subscriber = s;
	s->ask = ask;
	return 0;
}

void ask_forget(struct ask *ask)
{
	if (ask)
		ask->subscriber = NULL;
}
