/* The refs that a mirror's repositories have here. */
#include "daemon/mirror_survey.h"

#include "base/glob.h"
#include "base/io.h"
#include "base/json_writer.h"
#include "base/map.h"
#include "base/workers.h"
#include "daemon/repos.h"
#include "doc/doc.h"
#include "git/receivers.h"
#include "git/repository.h"

#define REPO_NAME_MAX 4096

void survey_free(struct survey *survey)
{
	if (!survey)
		return;
	for (size_t i = 0; i < survey->n; i++) {
		free(survey->places[i].repo);
		free(survey->places[i].path);
	}
	free(survey->places);
	hgt_arena_release(&survey->arena);
	hgt_buf_release(&survey->busy);
	hgt_config_unref(survey->config);
	free(survey);
}

static int add_place(struct survey *survey, size_t *room, const struct repo *repo)
{
	struct survey_place *place;

	if (survey->n == *room) {
		size_t more = *room ? *room * 2 : 64;
		struct survey_place *longer = reallocarray(survey->places, more, sizeof(*longer));

		if (!longer)
			return HGT_ENOMEM;
		survey->places = longer;
		*room = more;
	}
	place = &survey->places[survey->n];
	*place = (struct survey_place){.repo = strdup(repo->name), .path = strdup(repo->path)};
	if (!place->repo || !place->path) {
		free(place->repo);
		free(place->path);
		return HGT_ENOMEM;
	}
	survey->n++;
	return 0;
}

int survey_new(struct daemon *daemon, const struct hgt_config *config, const struct hgt_config_mirror *mirror, struct survey **out,
	struct hgt_error *err)
{
	struct survey *survey = calloc(1, sizeof(*survey));
	const struct repo *repo;
	size_t pos = 0, room = 0;

	if (!survey)
		return hgt_error_nomem(err);
	survey->daemon = daemon;
	survey->config = hgt_config_ref(config);
	survey->mirror = mirror;
	hgt_buf_init(&survey->busy);
	while ((repo = repos_next(daemon->repos, &pos)))
		if (hgt_glob_match_any(mirror->repos.items, mirror->repos.n, repo->name) && add_place(survey, &room, repo) < 0) {
			survey_free(survey);
			return hgt_error_nomem(err);
		}
	*out = survey;
	return 0;
}

/* On the worker. */

static int look_at_push(void *ctx, pid_t pid, const char *folder)
{
	struct survey *survey = ctx;

	for (size_t i = 0; i < survey->n; i++) {
		if (*folder && strcmp(folder, survey->places[i].path) != 0)
			continue;
		hgt_buf_addf(&survey->busy, "a push into %s (process %ld)", *folder ? survey->places[i].repo : "some repository", (long)pid);
		return 1;
	}
	return 0;
}

struct tips {
	struct survey *survey;
	struct survey_place *place;
	struct survey_ref *list;
};

static int take_ref(void *ctx, const char *ref, const char *id)
{
	struct tips *tips = ctx;
	const struct hgt_config_mirror *mirror = tips->survey->mirror;
	struct survey_ref *tip;

	/* Headgate's own are no part of any mirror. */
	if (!strncmp(ref, "refs/headgate/", strlen("refs/headgate/")) || !hgt_glob_match_any(mirror->refs.items, mirror->refs.n, ref))
		return 0;
	tip = hgt_arena_alloc(&tips->survey->arena, sizeof(*tip));
	if (!tip)
		return HGT_ENOMEM;
	*tip = (struct survey_ref){tips->list, hgt_arena_strndup(&tips->survey->arena, ref, strlen(ref)),
		hgt_arena_strndup(&tips->survey->arena, id, strlen(id))};
	if (!tip->ref || !tip->id)
		return HGT_ENOMEM;
	tips->list = tip;
	tips->place->refs++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct survey_ref *const *)a)->ref, (*(struct survey_ref *const *)b)->ref);
}

/* In order of name, whatever that of the repository is. */
static int digest_tips(struct tips *tips, struct hgt_error *err)
{
	struct survey_ref **all = reallocarray(NULL, tips->place->refs + 1, sizeof(struct survey_ref *));
	unsigned char digest[HGT_SHA256_SIZE];
	struct hgt_sha256 sha;
	size_t n = 0;

	if (!all)
		return hgt_error_nomem(err);
	for (struct survey_ref *tip = tips->list; tip; tip = tip->next)
		all[n++] = tip;
	qsort(all, n, sizeof(struct survey_ref *), by_name);
	hgt_sha256_init(&sha);
	for (size_t i = 0; i < n; i++) {
		hgt_sha256_update(&sha, all[i]->id, strlen(all[i]->id));
		hgt_sha256_update(&sha, " ", 1);
		hgt_sha256_update(&sha, all[i]->ref, strlen(all[i]->ref));
		hgt_sha256_update(&sha, "\n", 1);
	}
	hgt_sha256_final(&sha, digest);
	if (n)
		hgt_hex(digest, sizeof(digest), tips->place->digest);
	free(all);
	return 0;
}

static int read_place(struct survey *survey, struct survey_place *place, struct hgt_error *err)
{
	struct tips tips = {survey, place, NULL};
	struct hgt_repo *repo = NULL;
	int code = hgt_repo_open(place->path, &repo, err);

	if (code == 0)
		code = hgt_repo_refs(repo, take_ref, &tips, err);
	hgt_repo_close(repo);
	if (code == 0)
		code = digest_tips(&tips, err);
	if (code == 0 && survey->tips)
		place->tips = tips.list;
	if (!survey->tips)
		hgt_arena_release(&survey->arena);
	if (code < 0 && err)
		hgt_error_prefix(err, "%s", place->repo);
	return code;
}

static void run(void *job)
{
	struct survey *survey = job;

	if (survey->wait_for_pushes)
		survey->code = hgt_receivers(look_at_push, survey, &survey->err);
	for (size_t i = 0; i < survey->n && survey->code == 0 && !survey->busy.len; i++)
		survey->code = read_place(survey, &survey->places[i], &survey->err);
}

static void ran(void *job)
{
	struct survey *survey = job;

	survey->done(survey->ctx, survey);
}

int survey_start(struct survey *survey, struct hgt_error *err)
{
	return hgt_workers_submit(survey->daemon->archivers, run, ran, survey, err);
}

/* On the loop. */

void survey_write(const struct survey *survey, struct hgt_json *json)
{
	hgt_json_begin_array(json);
	for (size_t i = 0; i < survey->n; i++) {
		if (!survey->places[i].refs)
			continue;
		hgt_json_begin_object(json);
		hgt_json_key_string(json, "repo", survey->places[i].repo);
		hgt_json_key_uint(json, "refs", survey->places[i].refs);
		hgt_json_key_string(json, "digest", survey->places[i].digest);
		hgt_json_end_object(json);
	}
	hgt_json_end_array(json);
}

static bool is_name(const char *name)
{
	return name && *name && strlen(name) <= REPO_NAME_MAX;
}

int survey_compare(const struct survey *survey, const struct hgt_node *theirs, survey_differs_cb cb, void *ctx, size_t *n,
	struct hgt_error *err)
{
	struct hgt_map digests = HGT_MAP_INIT;
	size_t differ = 0, found = 0;
	int code = 0;

	if (!theirs || theirs->type != HGT_NODE_SEQ)
		return hgt_error_set(err, HGT_EPARSE, "the other side tells no list of repositories");
	for (size_t i = 0; i < theirs->v.seq.n && code >= 0; i++) {
		const char *repo = hgt_node_get_string(theirs->v.seq.items[i], "repo"), *digest = hgt_node_get_string(theirs->v.seq.items[i], "digest");

		if (!is_name(repo) || !digest)
			code = hgt_error_set(err, HGT_EPARSE, "the other side tells of something that is no repository");
		else if (hgt_map_put(&digests, repo, strlen(repo), (void *)(uintptr_t)digest, NULL) < 0)
			code = hgt_error_nomem(err);
	}
	for (size_t i = 0; i < survey->n && code >= 0; i++) {
		const struct survey_place *place = &survey->places[i];
		const char *digest = hgt_map_get(&digests, place->repo, strlen(place->repo));

		found += digest != NULL;
		if (!strcmp(digest ? digest : "", place->digest))
			continue;
		differ++;
		cb(ctx, place->repo);
	}
	/* Repositories that are there alone. */
	for (size_t i = 0; code >= 0 && found < theirs->v.seq.n && i < theirs->v.seq.n; i++) {
		const char *repo = hgt_node_get_string(theirs->v.seq.items[i], "repo");
		size_t at = 0;

		while (at < survey->n && strcmp(survey->places[at].repo, repo) != 0)
			at++;
		if (at < survey->n)
			continue;
		differ++;
		cb(ctx, repo);
	}
	hgt_map_release(&digests);
	if (code < 0)
		return code;
	*n = differ;
	return 0;
}

bool survey_is_same(const struct survey *a, const struct survey *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->places[i].repo, b->places[i].repo) != 0 || strcmp(a->places[i].digest, b->places[i].digest) != 0)
			return false;
	return true;
}
