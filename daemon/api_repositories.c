/* GET /v1/repositories: the repositories, their protected refs, and what moved those last. */
#include "base/io.h"
#include "base/timing.h"
#include "daemon/api.h"
#include "daemon/errand.h"
#include "daemon/repos.h"
#include "daemon/scope.h"
#include "doc/doc.h"
#include "git/repository_pool.h"
#include "policy/policy.h"
#include "webhook/message.h"

#define LIMIT_MAX 100			/* repositories of one answer */
#define PROTECTED_MAX 50		/* refs of one repository */
#define LOOK_MAX 20000			/* refs of one repository that are looked at */

struct place {
	char *name, *path, *trouble;
	size_t refs;
};

struct survey {
	struct errand errand;
	const struct hgt_config *config;	/* a reference */
	struct scope *scope;		/* the same, or NULL */
	struct hgt_repo_pool *pool;
	struct place *places;
	size_t n;
	bool more;			/* there are repositories behind these */
};

static void survey_free(struct errand *errand)
{
	struct survey *survey = (struct survey *)errand;

	for (size_t i = 0; i < survey->n; i++) {
		free(survey->places[i].name);
		free(survey->places[i].path);
		free(survey->places[i].trouble);
	}
	free(survey->places);
	scope_unref(survey->scope);
	hgt_config_unref(survey->config);
	free(survey);
}

/* The refs of one repository that a policy names, while they are looked for. */
struct protected_ref {
	char *ref;
	char id[HGT_JOURNAL_OID_TEXT];
	uint64_t seq;
	const struct hgt_config_policy *policy;
};

struct search {
	const struct survey *survey;
	const char *repo, *default_branch;
	struct protected_ref found[PROTECTED_MAX];
	size_t n, looked;
	bool more;
};

static int look_at_ref(void *ctx, const char *repo, const char *ref, const char *id, uint64_t seq)
{
	struct search *search = ctx;
	const struct hgt_config_policy *policy;
	struct protected_ref *found;

	(void)repo;
	policy = hgt_policy_for(search->survey->config, search->repo, ref, search->default_branch);
	if (policy && scope_has_ref(search->survey->scope, ref)) {
		if (search->n == PROTECTED_MAX) {
			search->more = true;
			return 1;
		}
		found = &search->found[search->n];
		*found = (struct protected_ref){.ref = strdup(ref), .seq = seq, .policy = policy};
		if (!found->ref)
			return HGT_ENOMEM;
		snprintf(found->id, sizeof(found->id), "%s", id);
		search->n++;
	}
	search->more = ++search->looked == LOOK_MAX;
	return search->more;
}

/* What moved a ref last, as its event tells. */
struct last {
	const struct survey *survey;
	const char *journal;
	uint64_t seq;
	struct hgt_json *json;
	bool written;
};

static void write_last(struct last *last, const struct hgt_journal_row *row, const struct hgt_ref_event *event)
{
	struct hgt_json *json = last->json;
	char id[HGT_JOURNAL_ID_HEX + 32], time[HGT_TIME_TEXT];
	size_t paths = 0;

	for (size_t i = 0; i < event->n_paths; i++)
		paths += scope_has_path(last->survey->scope, event->paths[i].path);
	if (scope_cuts_events(last->survey->scope) && !paths)
		return;
	snprintf(id, sizeof(id), "%s.%llu", last->journal, (unsigned long long)row->seq);
	hgt_time_format(row->time_ms, time);
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "event", id);
	hgt_json_key_string(json, "time", time);
	hgt_json_key_string(json, "actor", event->actor);
	hgt_json_key_string(json, "push", event->push);
	hgt_json_key_string(json, "change", event->change);
	hgt_json_key_bool(json, "forced", event->forced);
	hgt_json_key_string(json, "old", event->old_id);
	hgt_json_key_string(json, "source", event->source);
	hgt_json_key_uint(json, "paths", paths);
	hgt_json_key_bool(json, "paths_truncated", event->paths_truncated);
	hgt_json_end_object(json);
	last->written = true;
}

/* The row may be gone (retention): then the next one is read, which is another. */
static int look_at_event(void *ctx, const struct hgt_journal_row *row)
{
	struct last *last = ctx;
	struct hgt_ref_event event;
	struct hgt_doc_set set;

	if (row->seq != last->seq)
		return 1;
	hgt_doc_set_init(&set);
	if (hgt_webhook_read_ref(row->body, row->body_len, &set, &event, NULL) == 0)
		write_last(last, row, &event);
	hgt_doc_set_release(&set);
	return 1;
}

static int write_protected(const struct survey *survey, struct hgt_journal *journal, const struct protected_ref *ref,
	struct hgt_json *json, struct hgt_error *err)
{
	struct last last = {.survey = survey, .journal = hgt_journal_id(journal), .seq = ref->seq, .json = json};
	int code = 0;

	hgt_json_begin_object(json);
	hgt_json_key_string(json, "ref", ref->ref);
	hgt_json_key_string(json, "id", ref->id);
	hgt_json_key_bool(json, "force", ref->policy->push.force == HGT_PUSH_ALLOW);
	hgt_json_key_bool(json, "delete", ref->policy->push.delete == HGT_PUSH_ALLOW);
	hgt_json_key_bool(json, "restricted", ref->policy->push.restricted);
	hgt_json_key(json, "last");
	if (ref->seq)
		code = hgt_journal_read(journal, ref->seq - 1, 1, look_at_event, &last, err);
	if (!last.written)
		hgt_json_null(json);
	hgt_json_end_object(json);
	return code;
}

static int write_place(const struct survey *survey, const struct place *place, struct hgt_journal *journal, struct hgt_json *json,
	struct hgt_error *err)
{
	struct search search = {.survey = survey, .repo = place->name};
	struct hgt_buf branch = HGT_BUF_INIT;
	struct hgt_repo *repo = NULL;
	int code;

	if (!place->trouble && hgt_repo_pool_get(survey->pool, place->path, &repo, NULL) == 0) {
		if (hgt_repo_default_branch(repo, &branch, NULL) < 0)
			hgt_buf_reset(&branch);
		hgt_repo_pool_put(survey->pool, repo);
	}
	search.default_branch = branch.len && !branch.failed ? branch.data : NULL;
	code = hgt_journal_refs(journal, place->name, look_at_ref, &search, err);
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "name", place->name);
	hgt_json_key(json, "refs");
	if (scope_has_every_ref(survey->scope))
		hgt_json_uint(json, place->refs);
	else
		hgt_json_null(json);
	hgt_json_key_string(json, "trouble", place->trouble);
	hgt_json_key_string(json, "default_branch",
		search.default_branch && scope_has_ref(survey->scope, search.default_branch) ? search.default_branch : NULL);
	hgt_json_key(json, "protected");
	hgt_json_begin_array(json);
	for (size_t i = 0; i < search.n; i++) {
		if (code == 0)
			code = write_protected(survey, journal, &search.found[i], json, err);
		free(search.found[i].ref);
	}
	hgt_json_end_array(json);
	hgt_json_key_bool(json, "protected_more", search.more);
	hgt_json_end_object(json);
	hgt_buf_release(&branch);
	return code == HGT_ENOMEM ? hgt_error_nomem(err) : code;
}

static int write_places(struct errand *errand, struct hgt_journal *journal, struct hgt_json *json, struct hgt_error *err)
{
	const struct survey *survey = (struct survey *)errand;
	int code = 0;

	hgt_json_begin_object(json);
	hgt_json_key(json, "repositories");
	hgt_json_begin_array(json);
	for (size_t i = 0; code == 0 && i < survey->n; i++)
		code = write_place(survey, &survey->places[i], journal, json, err);
	hgt_json_end_array(json);
	hgt_json_key_string(json, "after", survey->more ? survey->places[survey->n - 1].name : NULL);
	hgt_json_end_object(json);
	return code;
}

/* Those behind `after` in order of name; false when memory runs out. */
static bool collect(struct survey *survey, const struct repos *repos, const char *after, uint64_t limit)
{
	const struct repo *repo;
	size_t pos = 0;

	survey->places = calloc(limit, sizeof(*survey->places));
	while (survey->places && (repo = repos_next(repos, &pos))) {
		struct place *place;

		if ((after && strcmp(repo->name, after) <= 0) || !scope_has_repo(survey->scope, repo->name))
			continue;
		if (survey->n == limit) {
			survey->more = true;
			break;
		}
		place = &survey->places[survey->n++];
		*place = (struct place){.name = strdup(repo->name), .path = strdup(repo->path), .refs = repo->refs,
			.trouble = repo->trouble ? strdup(repo->trouble) : NULL};
		if (!place->name || !place->path || (repo->trouble && !place->trouble))
			return false;
	}
	return survey->places;
}

void api_repositories(struct request *request)
{
	const char *limit = query_get(&request->query, "limit");
	struct survey *survey;
	uint64_t most = LIMIT_MAX;

	if (limit && (hgt_parse_u64(limit, LIMIT_MAX, &most) < 0 || !most)) {
		request_reply_error(request, 400, NULL, "parameter \"limit\" is to be a number from 1 to %d", LIMIT_MAX);
		return;
	}
	survey = calloc(1, sizeof(*survey));
	if (survey) {
		survey->errand = (struct errand){.write = write_places, .release = survey_free};
		survey->config = hgt_config_ref(request->daemon->config);
		survey->scope = request->scope ? scope_ref((struct scope *)request->scope) : NULL;
		survey->pool = repos_pool(request->daemon->repos);
		if (!collect(survey, request->daemon->repos, query_get(&request->query, "after"), most)) {
			survey_free(&survey->errand);
			survey = NULL;
		}
	}
	errand_send(survey ? &survey->errand : NULL, request);
}
