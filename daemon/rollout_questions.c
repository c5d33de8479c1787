/* What of a rollout only the repository can tell: asked of a git worker, several questions at once, each once. */
#include "base/log.h"
#include "base/workers.h"
#include "daemon/repos.h"
#include "daemon/rollout_private.h"
#include "git/repository_pool.h"

/* What a report names costs a look at the repository: an agent that names ever new revisions is not looked at for ever. */
#define ANSWERS_MAX 100000

struct answer *rollout_answer(struct rollout *r, enum question_kind kind, struct rollout_ref *on, const char *path, const char *id)
{
	struct hgt_buf key = HGT_BUF_INIT;
	struct answer *answer = NULL;
	char *own = NULL;

	hgt_buf_addf(&key, "%d:%zu:%s:%s", (int)kind, (size_t)(on - r->refs), id, path);
	if (key.failed)
		goto out;
	answer = hgt_map_get(&r->answers, key.data, key.len);
	if (answer || r->answers.len >= ANSWERS_MAX)
		goto out;
	own = hgt_arena_strndup(&r->arena, key.data, key.len);
	answer = own ? hgt_arena_alloc(&r->arena, sizeof(*answer)) : NULL;
	if (!answer)
		goto out;
	answer->kind = kind;
	answer->on = on;
	answer->id = hgt_arena_strndup(&r->arena, id, strlen(id));
	answer->path = hgt_arena_strndup(&r->arena, path, strlen(path));
	if (!answer->id || !answer->path || hgt_map_put(&r->answers, own, key.len, answer, NULL) < 0) {
		answer = NULL;
		goto out;
	}
	answer->next = r->wanted;
	r->wanted = answer;
out:
	hgt_buf_release(&key);
	return answer;
}

/* On the worker, from here on. */

static void commit_of(struct hgt_repo *repo, const char *id, char commit[HGT_OID_HEX_SHA256 + 1])
{
	if (!*id || hgt_oid_is_zero(id) || hgt_repo_commit(repo, id, commit, NULL) < 0)
		*commit = '\0';
}

/* The id of what is at path, "" when there is nothing. */
static int path_id(struct hgt_repo *repo, const char *commit, const char *path, char id[HGT_OID_HEX_SHA256 + 1],
	struct hgt_error *err)
{
	int code = *commit ? hgt_repo_path_id(repo, commit, path, id, err) : HGT_ENOENT;

	if (code == HGT_ENOENT)
		*id = '\0';
	return code == HGT_ENOENT ? 0 : code;
}

static bool same_content(struct hgt_repo *repo, const char *a, const char *b, const char *path)
{
	char one[HGT_OID_HEX_SHA256 + 1], other[HGT_OID_HEX_SHA256 + 1];
	struct hgt_error err = {0};

	if (path_id(repo, a, path, one, &err) < 0 || path_id(repo, b, path, other, &err) < 0) {
		hgt_log(HGT_LOG_WARNING, "rollout", err.message, HGT_S("repo", hgt_repo_path(repo)));
		return false;
	}
	return strcmp(one, other) == 0;
}

static bool contains(struct hgt_repo *repo, const char *id, const char *commit)
{
	char own[HGT_OID_HEX_SHA256 + 1];
	struct hgt_error err = {0};
	int code;

	commit_of(repo, id, own);
	if (!*own || !*commit)
		return false;
	code = hgt_repo_descends(repo, own, commit, &err);
	if (code < 0)
		hgt_log(HGT_LOG_WARNING, "rollout", err.message, HGT_S("repo", hgt_repo_path(repo)));
	return code > 0;
}

/* On any doubt a folder is taken to differ, and nobody to have anything. */
static void find_answer(struct hgt_repo *repo, struct answer *answer)
{
	const struct rollout_ref *on = answer->on;
	char commit[HGT_OID_HEX_SHA256 + 1];

	commit_of(repo, answer->kind == DIFFERS ? on->old_id : answer->id, commit);
	switch (answer->kind) {
	case DIFFERS:
		answer->yes = !same_content(repo, commit, on->commit, answer->path);
		break;
	case CONTAINS:
		answer->yes = contains(repo, answer->id, on->commit);
		break;
	case SAME:
		answer->yes = *commit && same_content(repo, commit, on->commit, answer->path);
		break;
	}
}

static void find_ref(const struct rollout *r, struct hgt_repo *repo, struct rollout_ref *on)
{
	if (!on->commit_known)
		commit_of(repo, r->spec.revision ? r->revision : on->new_id, on->commit);
	if (on->tip_known)
		return;
	if (hgt_repo_ref(repo, on->ref, on->tip, NULL) < 0)
		*on->tip = '\0';
	on->contained = contains(repo, on->tip, on->commit);
}

/* The revision that a request names. */
static int find_revision(struct rollout *r, struct hgt_repo *repo)
{
	const char *revision = r->spec.revision;
	int code;

	if (!revision || *r->revision)
		return 0;
	code = r->spec.resolves ? hgt_repo_resolve(repo, revision, r->revision, &r->job_err) :
		hgt_repo_commit(repo, revision, r->revision, &r->job_err);
	if (code == HGT_ENOENT)
		hgt_error_set(&r->job_err, code, "repository %s has no revision %s", r->spec.repo, revision);
	return code;
}

static void find_all(void *job)
{
	struct rollout *r = job;
	struct hgt_repo_pool *pool = repos_pool(r->all->daemon->repos);
	struct hgt_repo *repo = NULL;

	r->job_code = hgt_repo_pool_get(pool, r->repo_path, &repo, &r->job_err);
	if (r->job_code == 0)
		r->job_code = find_revision(r, repo);
	for (size_t i = 0; r->job_code == 0 && i < r->n_refs; i++)
		find_ref(r, repo, &r->refs[i]);
	for (struct answer *answer = r->asked; r->job_code == 0 && answer; answer = answer->next)
		find_answer(repo, answer);
	hgt_repo_pool_put(pool, repo);
}

/* On the loop again. */

static void found_all(void *job)
{
	struct rollout *r = job;

	r->asking = false;
	for (struct answer *answer = r->asked; answer; answer = answer->next)
		answer->known = true;
	r->asked = NULL;
	for (size_t i = 0; i < r->n_refs; i++) {
		r->refs[i].commit_known = true;
		r->refs[i].tip_known = !r->tips_moved;
		if (r->spec.revision)
			r->refs[i].new_id = r->revision;
	}
	r->tips_moved = false;
	if (r->job_code < 0) {
		r->code = r->job_code;
		r->err = r->job_err;
	}
	if (r->closed)
		rollout_free(r);
	else
		rollout_answered(r);
}

static bool is_complete(const struct rollout *r)
{
	if (r->spec.revision && !*r->revision)
		return false;
	for (size_t i = 0; i < r->n_refs; i++)
		if (!r->refs[i].tip_known || !r->refs[i].commit_known)
			return false;
	return true;
}

bool rollout_ask(struct rollout *r)
{
	if (r->asking)
		return true;
	if (r->all->stopping)
		return false;
	if (!r->wanted && is_complete(r))
		return false;
	r->asked = r->wanted;
	r->wanted = NULL;
	r->asking = true;
	r->all->stats.questions++;
	if (hgt_workers_submit(r->all->daemon->git, find_all, found_all, r, &r->err) < 0) {
		r->asking = false;
		r->code = HGT_ENOMEM;
	}
	return r->asking;
}
