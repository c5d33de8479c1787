/* The endpoint that shows what a folder of a commit is, so that nobody has to believe us (lib/object/proof.h). */
#include "base/digest.h"
#include "base/json_writer.h"
#include "base/workers.h"
#include "daemon/api.h"
#include "daemon/archives.h"
#include "daemon/repos.h"
#include "daemon/revision.h"
#include "daemon/scope.h"
#include "git/repository_pool.h"
#include "object/proof.h"

struct job {
	struct request *request;
	struct hgt_repo_pool *pool;
	char *repo_path, *rev, *path, *refs;
	struct hgt_buf body;
	const char *missing;	/* the name of the error when something is not there */
	int code;
	struct hgt_error err;
};

static void job_free(struct job *job)
{
	free(job->repo_path);
	free(job->rev);
	free(job->path);
	free(job->refs);
	hgt_buf_release(&job->body);
	free(job);
}

/* The object as base64, within what is left of the room for all. */
static int add_object(struct hgt_repo *repo, const char *id, const char *kind, size_t *room, struct hgt_json *json, struct hgt_error *err)
{
	struct hgt_buf raw = HGT_BUF_INIT, text = HGT_BUF_INIT;
	int code = hgt_repo_raw(repo, id, kind, *room, &raw, err);

	if (code == 0) {
		*room -= raw.len;
		hgt_base64(&text, raw.data, raw.len);
		code = hgt_buf_check(&text, err);
	}
	if (code == 0)
		hgt_json_string_len(json, text.data, text.len);
	hgt_buf_release(&raw);
	hgt_buf_release(&text);
	return code;
}

/* A tree for each component of the path, from the root on. */
static int add_trees(struct hgt_repo *repo, const struct job *job, size_t *room, struct hgt_json *json, struct hgt_error *err)
{
	const char *path = job->path;
	int code = 0;

	for (size_t len = 0; path[len] && code == 0;) {
		char id[HGT_OID_HEX_SHA256 + 1], *above = strndup(path, len ? len - 1 : 0);

		code = above ? hgt_repo_path_id(repo, job->rev, above, id, err) : hgt_error_nomem(err);
		free(above);
		if (code == 0)
			code = add_object(repo, id, "tree", room, json, err);
		len += strcspn(path + len, "/");
		len += path[len] == '/';
	}
	return code;
}

struct submodules {
	struct hgt_json *json;
	size_t skip, n;
	struct hgt_error *err;
};

static int add_submodule(void *ctx, const struct hgt_path_change *change)
{
	struct submodules *s = ctx;

	if (change->new_mode != HGT_MODE_SUBMODULE)
		return 0;
	if (s->n++ == HGT_PROOF_SUBMODULES_MAX)
		return hgt_error_set(s->err, HGT_ELIMIT, "the folder has more than %d submodules", HGT_PROOF_SUBMODULES_MAX);
	hgt_json_begin_object(s->json);
	hgt_json_key_string(s->json, "path", change->path + s->skip);
	hgt_json_key_string(s->json, "id", change->new_id);
	hgt_json_end_object(s->json);
	return 0;
}

static int write_proof(struct hgt_repo *repo, struct job *job, struct hgt_error *err)
{
	struct hgt_json json = HGT_JSON_INIT(&job->body);
	struct submodules submodules = {.json = &json, .skip = *job->path ? strlen(job->path) + 1 : 0, .err = err};
	char tree[HGT_OID_HEX_SHA256 + 1];
	size_t room = HGT_PROOF_MAX;
	int code = hgt_repo_path_id(repo, job->rev, job->path, tree, err);

	if (code < 0)
		return code;
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "revision", job->rev);
	hgt_json_key_string(&json, "path", job->path);
	hgt_json_key_string(&json, "tree", tree);
	hgt_json_key(&json, "commit");
	code = add_object(repo, job->rev, "commit", &room, &json, err);
	hgt_json_key(&json, "trees");
	hgt_json_begin_array(&json);
	if (code == 0)
		code = add_trees(repo, job, &room, &json, err);
	hgt_json_end_array(&json);
	hgt_json_key(&json, "submodules");
	hgt_json_begin_array(&json);
	if (code == 0)
		code = hgt_repo_walk(repo, job->rev, job->path, add_submodule, &submodules, err);
	hgt_json_end_array(&json);
	hgt_json_end_object(&json);
	hgt_buf_addc(&job->body, '\n');
	return code < 0 ? code : hgt_buf_check(&job->body, err);
}

static void run(void *ctx)
{
	struct hgt_repo *repo = NULL;
	struct job *job = ctx;

	job->missing = "repository-not-found";
	job->code = hgt_repo_pool_get(job->pool, job->repo_path, &repo, &job->err);
	if (job->code < 0)
		return;
	job->missing = "revision-not-found";
	job->code = revision_check(repo, job->rev, job->refs, &job->err);
	if (job->code == 0) {
		job->missing = "path-not-found";
		job->code = write_proof(repo, job, &job->err);
	}
	hgt_repo_pool_put(job->pool, repo);
}

static void done(void *ctx)
{
	struct job *job = ctx;

	if (job->code == 0)
		request_reply_json(job->request, 200, &job->body);
	else if (job->code == HGT_ENOENT)
		request_reply_error(job->request, 404, job->missing, "%s", job->err.message);
	else if (job->code == HGT_ELIMIT)
		request_reply_error(job->request, 413, "proof-too-large", "%s", job->err.message);
	else
		request_reply_failure(job->request, &job->err);
	job_free(job);
}

static void serve(struct request *request, const struct repo *repo, const char *rev, const char *path)
{
	struct job *job = calloc(1, sizeof(*job));
	struct hgt_error err = {0};

	if (job) {
		job->request = request;
		job->pool = repos_pool(request->daemon->repos);
		job->repo_path = strdup(repo->path);
		job->rev = strdup(rev);
		job->path = strdup(path);
		job->refs = strdup(request->scope ? request->scope->ref_names : "");
		hgt_buf_init(&job->body);
	}
	if (job && job->repo_path && job->rev && job->path && job->refs &&
	    hgt_workers_submit(request->daemon->archivers, run, done, job, &err) == 0)
		return;
	if (job)
		job_free(job);
	request_reply_error(request, 503, NULL, "out of memory");
}

void api_proof(struct request *request)
{
	struct archive_place place;

	if (!archive_place_take(request, &place))
		return;
	/* The trees on the way to a folder name what is beside it. */
	if (!scope_has_path(request->scope, "")) {
		char who[REQUEST_WHO_MAX];

		request_refuse(request, "%s may see some folders alone; a proof names what is beside them", request_who(request, who));
		return;
	}
	serve(request, place.repo, place.rev, place.path);
}
