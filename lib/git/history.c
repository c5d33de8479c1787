/* The first-parent history of a commit. */
#include "git/history.h"

#include "git/repository_private.h"

struct hgt_history {
	struct hgt_repo *repo;
	git_oid *ids;	/* the newest first */
	size_t n, cap;
	bool shallow;
	git_commit *commit;	/* whose texts the last hgt_history_get gave */
};

static int add_id(struct hgt_history *history, const git_oid *id, struct hgt_error *err)
{
	if (history->n == HGT_HISTORY_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "the history has more than %d commits", HGT_HISTORY_MAX);
	if (history->n == history->cap) {
		size_t cap = history->cap ? history->cap * 2 : 256;
		git_oid *ids = realloc(history->ids, cap * sizeof(*ids));

		if (!ids)
			return hgt_error_nomem(err);
		history->ids = ids;
		history->cap = cap;
	}
	history->ids[history->n++] = *id;
	return 0;
}

/* Collect from `id` back, as far as there are parents. 1 when it came to `base`. */
static int collect(struct hgt_history *history, git_oid id, const git_oid *base, struct hgt_error *err)
{
	while (!base || !git_oid_equal(&id, base)) {
		git_commit *commit = NULL;
		bool last;
		int code = git_commit_lookup(&commit, history->repo->git, &id);
		if (code == GIT_ENOTFOUND && history->n > 0 && git_repository_is_shallow(history->repo->git) == 1) {
			/* Its child has nothing that it could be told from. */
			history->shallow = true;
			history->n--;
			return 0;
		}
		if (code < 0)
			return hgt_git_error(err, code, "cannot read commit %s", git_oid_tostr_s(&id));
		code = add_id(history, &id, err);
		last = git_commit_parentcount(commit) == 0;
		if (!last)
			id = *git_commit_parent_id(commit, 0);
		git_commit_free(commit);
		if (code < 0 || last)
			return code;
	}
	return 1;
}

/*
 * Leave out what is reachable from base where base is not on the line itself. All that is older than a commit which is reachable is
 * reachable too, so the place where that begins is found by halving.
 */
static int cut_reachable(struct hgt_history *history, const git_oid *base, struct hgt_error *err)
{
	size_t low = 0, high = history->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int code = git_graph_descendant_of(history->repo->git, base, &history->ids[middle]);

		if (code < 0)
			return hgt_git_error(err, code, "cannot tell where the histories part");
		if (code)
			high = middle;
		else
			low = middle + 1;
	}
	history->n = low;
	return 0;
}

static int fill(struct hgt_history *history, const char *tip, const char *base, struct hgt_error *err)
{
	git_oid tip_id, base_id;
	git_commit *commit = NULL;
	int code = hgt_git_commit(history->repo, tip, &commit, err);

	if (code < 0)
		return code;
	tip_id = *git_commit_id(commit);
	git_commit_free(commit);
	if (!base)
		return collect(history, tip_id, NULL, err);
	code = hgt_git_commit(history->repo, base, &commit, err);
	if (code < 0)
		return code;
	base_id = *git_commit_id(commit);
	git_commit_free(commit);
	code = collect(history, tip_id, &base_id, err);
	return code == 0 ? cut_reachable(history, &base_id, err) : code;
}

int hgt_history_new(struct hgt_repo *repo, const char *tip, const char *base, struct hgt_history **out, struct hgt_error *err)
{
	struct hgt_history *history = calloc(1, sizeof(*history));
	int code;

	if (!history)
		return hgt_error_nomem(err);
	history->repo = repo;
	code = fill(history, tip, base, err);
	if (code < 0) {
		hgt_history_free(history);
		return code;
	}
	*out = history;
	return 0;
}

void hgt_history_free(struct hgt_history *history)
{
	if (!history)
		return;
	git_commit_free(history->commit);
	free(history->ids);
	free(history);
}

size_t hgt_history_count(const struct hgt_history *history)
{
	return history->n;
}

bool hgt_history_is_shallow(const struct hgt_history *history)
{
	return history->shallow;
}

int hgt_history_get(struct hgt_history *history, size_t index, struct hgt_past_commit *out, struct hgt_error *err)
{
	const git_oid *id = &history->ids[history->n - 1 - index];
	const git_signature *author;
	git_commit *commit = NULL;
	const char *subject;
	int code = git_commit_lookup(&commit, history->repo->git, id);

	if (code < 0)
		return hgt_git_error(err, code, "cannot read commit %s", git_oid_tostr_s(id));
	git_commit_free(history->commit);
	history->commit = commit;
	subject = git_commit_summary(commit);
	if (!subject)
		return hgt_error_nomem(err);
	author = git_commit_author(commit);
	*out = (struct hgt_past_commit){.author = author && author->name ? author->name : "",
		.email = author && author->email ? author->email : "", .subject = subject, .time = git_commit_time(commit)};
	git_oid_tostr(out->id, sizeof(out->id), id);
	memset(out->parent, '0', HGT_OID_HEX);
	if (git_commit_parentcount(commit) > 0)
		git_oid_tostr(out->parent, sizeof(out->parent), git_commit_parent_id(commit, 0));
	return 0;
}
