/*
 * Endpoints about mirrors.
 *
 * A scope: its repositories are those whose copies are shown, and counted. How a copy is, is told of the whole of it; so whoever
 * has a scope of refs or folders is told its state alone, and not why, nor how much there is: an error, a number or a ref's name
 * may be of what lies outside. Of refs he sees those within; whoever has one of folders sees none, since a commit is of all folders. An
 * operator acts on whole repositories, and therefore on those of which he sees everything.
 */
#include "base/glob.h"
#include "base/io.h"
#include "base/timing.h"
#include "daemon/api.h"
#include "daemon/errand.h"
#include "daemon/fields.h"
#include "daemon/mirrors.h"
#include "daemon/repos.h"
#include "daemon/scope.h"
#include "daemon/tokens.h"

#define COPIES_MAX 1000		/* of one answer */
#define REFS_MAX 1000
#define LIMIT_USUAL 100
#define REPO_MAX 1024		/* bytes of a repository's name */
#define STATES (HGT_COPY_STOPPED + 1)
#define REF_LOOK_MAX 100000	/* refs of one copy that are looked at for who sees some of them */

static const char *direction_name(enum hgt_mirror_direction direction)
{
	return direction == HGT_MIRROR_PUSH ? "push" : "pull";
}

static bool read_limit(struct request *request, uint64_t most, uint64_t *out)
{
	const char *limit = query_get(&request->query, "limit");

	*out = LIMIT_USUAL;
	if (limit && (hgt_parse_u64(limit, most, out) < 0 || !*out)) {
		request_reply_error(request, 400, NULL, "parameter \"limit\" is to be a number from 1 to %llu", (unsigned long long)most);
		return false;
	}
	return true;
}

static void write_time(struct hgt_json *json, const char *key, int64_t ms)
{
	char text[HGT_TIME_TEXT];

	if (ms)
		hgt_time_format(ms, text);
	hgt_json_key_string(json, key, ms ? text : NULL);
}

/* GET /v1/mirrors. What is the loop's is taken on the loop; a worker counts the refs. */

struct shown_copy {
	char *mirror, *repo, *url, *error, *phase;
	enum hgt_mirror_direction direction;
	struct hgt_copy_row row;	/* its strings are those above */
	bool running, waiting;
	unsigned percent;
	uint64_t objects, objects_total, phase_bytes;
};

struct shown_mirror {
	char *name, *url;
	enum hgt_mirror_direction direction;
	uint64_t copies, by_state[STATES], paused;
};

struct listing {
	struct errand errand;
	struct scope *scope;		/* a reference, or NULL */
	struct shown_mirror *mirrors;
	size_t n_mirrors;
	struct shown_copy *copies;
	size_t n, most;
	bool more, failed;
	/* What is asked for, while it is collected. */
	const char *wanted_repo;	/* a pattern, the request's: while it is collected alone */
	bool wanted[STATES];
	bool totals;			/* the walk counts: no copy is kept */
};

static void listing_free(struct errand *errand)
{
	struct listing *listing = (struct listing *)errand;

	for (size_t i = 0; i < listing->n; i++) {
		free(listing->copies[i].mirror);
		free(listing->copies[i].repo);
		free(listing->copies[i].url);
		free(listing->copies[i].error);
		free(listing->copies[i].phase);
	}
	for (size_t i = 0; i < listing->n_mirrors; i++) {
		free(listing->mirrors[i].name);
		free(listing->mirrors[i].url);
	}
	free(listing->copies);
	free(listing->mirrors);
	scope_unref(listing->scope);
	free(listing);
}

static bool keep_copy(struct shown_copy *copy, const struct copy_view *view)
{
	*copy = (struct shown_copy){.mirror = strdup(view->mirror), .repo = strdup(view->repo), .url = strdup(view->url),
		.error = strdup(view->row->error), .phase = strdup(view->phase), .direction = view->direction, .row = *view->row,
		.running = view->running, .waiting = view->waiting, .percent = view->percent, .objects = view->objects,
		.objects_total = view->objects_total, .phase_bytes = view->phase_bytes};
	copy->row.mirror = copy->mirror;
	copy->row.repo = copy->repo;
	copy->row.error = copy->error;
	return copy->mirror && copy->repo && copy->url && copy->error && copy->phase;
}

static void count_copy(struct listing *listing, const struct copy_view *view)
{
	for (size_t i = 0; i < listing->n_mirrors; i++) {
		struct shown_mirror *mirror = &listing->mirrors[i];

		if (strcmp(mirror->name, view->mirror) != 0)
			continue;
		mirror->copies++;
		mirror->by_state[view->row->state]++;
		mirror->paused += view->row->paused;
	}
}

static int look_at_copy(void *ctx, const struct copy_view *view)
{
	struct listing *listing = ctx;

	if (!scope_has_repo(listing->scope, view->repo))
		return 0;
	if (listing->totals) {
		count_copy(listing, view);
		return 0;
	}
	if (!listing->wanted[view->row->state] || (listing->wanted_repo && !hgt_glob_match(listing->wanted_repo, view->repo)))
		return 0;
	if (listing->n == listing->most) {
		listing->more = true;
		return 1;
	}
	listing->failed = !keep_copy(&listing->copies[listing->n++], view);
	return listing->failed;
}

/* The mirrors and how many of their copies are how. Whoever sees everything is told by what is counted anyhow. */
static bool collect_mirrors(struct listing *listing, struct daemon *daemon, const char *wanted)
{
	const struct hgt_config *config = daemon->config;
	struct mirrors_stats stats;
	const char *name;
	size_t pos = 0;

	listing->mirrors = calloc(config->n_mirrors + 1, sizeof(*listing->mirrors));
	if (!listing->mirrors)
		return false;
	for (size_t i = 0; i < config->n_mirrors; i++) {
		const struct hgt_config_mirror *entry = &config->mirrors[i];
		struct shown_mirror *mirror = &listing->mirrors[listing->n_mirrors];

		if (wanted && strcmp(wanted, entry->name) != 0)
			continue;
		*mirror = (struct shown_mirror){.name = strdup(entry->name), .url = strdup(entry->url), .direction = entry->direction};
		listing->n_mirrors++;
		if (!mirror->name || !mirror->url)
			return false;
	}
	if (listing->scope) {
		listing->totals = true;
		mirrors_walk(daemon->mirrors, wanted, "", "", look_at_copy, listing);
		listing->totals = false;
		return true;
	}
	while ((name = mirrors_next(daemon->mirrors, &pos, &stats)))
		for (size_t i = 0; i < listing->n_mirrors; i++) {
			struct shown_mirror *mirror = &listing->mirrors[i];

			if (strcmp(mirror->name, name) != 0)
				continue;
			mirror->copies = stats.copies;
			mirror->paused = stats.paused;
			memcpy(mirror->by_state, stats.by_state, sizeof(mirror->by_state));
		}
	return true;
}

static void write_mirror(const struct shown_mirror *mirror, struct hgt_json *json)
{
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "name", mirror->name);
	hgt_json_key_string(json, "direction", direction_name(mirror->direction));
	hgt_json_key_string(json, "url", mirror->url);
	hgt_json_key_uint(json, "copies", mirror->copies);
	hgt_json_key_uint(json, "new", mirror->by_state[HGT_COPY_NEW]);
	hgt_json_key_uint(json, "in_step", mirror->by_state[HGT_COPY_IN_STEP]);
	hgt_json_key_uint(json, "behind", mirror->by_state[HGT_COPY_BEHIND]);
	hgt_json_key_uint(json, "failing", mirror->by_state[HGT_COPY_FAILING]);
	hgt_json_key_uint(json, "stopped", mirror->by_state[HGT_COPY_STOPPED]);
	hgt_json_key_uint(json, "paused", mirror->paused);
	hgt_json_end_object(json);
}

static void write_running(const struct shown_copy *copy, struct hgt_json *json)
{
	hgt_json_key(json, "running");
	if (!copy->running) {
		hgt_json_null(json);
		return;
	}
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "phase", copy->phase);
	hgt_json_key_uint(json, "percent", copy->percent);
	hgt_json_key_uint(json, "objects", copy->objects);
	hgt_json_key_uint(json, "objects_total", copy->objects_total);
	hgt_json_key_uint(json, "bytes", copy->phase_bytes);
	hgt_json_end_object(json);
}

/* A number that would tell of more than is seen is null. */
static void write_number(struct hgt_json *json, const char *key, bool told, uint64_t number)
{
	hgt_json_key(json, key);
	if (told)
		hgt_json_uint(json, number);
	else
		hgt_json_null(json);
}

static int write_copy(const struct listing *listing, const struct shown_copy *copy, struct hgt_journal *journal,
	struct hgt_json *json, struct hgt_error *err)
{
	const struct hgt_copy_row *row = &copy->row;
	bool whole = scope_has_every_ref(listing->scope);
	uint64_t refs = 0, out_of_step = 0;
	int code = whole ? hgt_copy_refs_count(journal, copy->mirror, copy->repo, &refs, &out_of_step, err) : 0;

	if (code < 0)
		return code;
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "mirror", copy->mirror);
	hgt_json_key_string(json, "repo", copy->repo);
	hgt_json_key_string(json, "direction", direction_name(copy->direction));
	hgt_json_key_string(json, "url", copy->url);
	hgt_json_key_string(json, "state", hgt_copy_state_name(row->state));
	hgt_json_key_bool(json, "paused", row->paused);
	write_time(json, "since", row->since_ms);
	write_time(json, "tried", row->tried_ms);
	write_time(json, "ok", row->ok_ms);
	write_time(json, "verified", row->verified_ms);
	write_time(json, "next", row->next_ms);
	hgt_json_key_uint(json, "attempts", row->attempts);
	hgt_json_key_string(json, "error", whole && *copy->error ? copy->error : NULL);
	write_number(json, "bytes", whole, row->bytes);
	write_number(json, "refs", whole, refs);
	write_number(json, "out_of_step", whole, out_of_step);
	write_running(copy, json);
	hgt_json_key_bool(json, "waiting", copy->waiting);
	hgt_json_end_object(json);
	return 0;
}

static int write_listing(struct errand *errand, struct hgt_journal *journal, struct hgt_json *json, struct hgt_error *err)
{
	const struct listing *listing = (struct listing *)errand;
	struct hgt_buf after = HGT_BUF_INIT;
	int code = 0;

	hgt_json_begin_object(json);
	hgt_json_key(json, "mirrors");
	hgt_json_begin_array(json);
	for (size_t i = 0; i < listing->n_mirrors; i++)
		if (!listing->scope || listing->mirrors[i].copies)
			write_mirror(&listing->mirrors[i], json);
	hgt_json_end_array(json);
	hgt_json_key(json, "copies");
	hgt_json_begin_array(json);
	for (size_t i = 0; code == 0 && i < listing->n; i++)
		code = write_copy(listing, &listing->copies[i], journal, json, err);
	hgt_json_end_array(json);
	if (listing->more)
		hgt_buf_addf(&after, "%s/%s", listing->copies[listing->n - 1].mirror, listing->copies[listing->n - 1].repo);
	hgt_json_key_string(json, "after", listing->more ? after.data : NULL);
	hgt_json_end_object(json);
	json->out->failed |= after.failed;
	hgt_buf_release(&after);
	return code;
}

/* "stopped,failing"; NULL: all. False when the request has been answered. */
static bool read_states(struct request *request, const char *text, bool wanted[STATES])
{
	const char *word = text;

	for (size_t i = 0; i < STATES; i++)
		wanted[i] = !text;
	while (word) {
		size_t len = strcspn(word, ",");
		char name[16] = "";
		int state;

		if (len < sizeof(name))
			memcpy(name, word, len);
		state = hgt_copy_state_parse(name);
		if (state < 0) {
			request_reply_error(request, 400, NULL,
				"parameter \"state\" is to be new, in-step, behind, failing or stopped, or several with commas between them");
			return false;
		}
		wanted[state] = true;
		word = word[len] ? word + len + 1 : NULL;
	}
	return true;
}

struct finding {
	const struct scope *scope;
	const char *repo;
	bool found;
};

static int find_copy(void *ctx, const struct copy_view *view)
{
	struct finding *finding = ctx;
	int order = finding->repo ? strcmp(view->repo, finding->repo) : 0;

	if (finding->repo && order < 0)
		return 0;
	if (order == 0 && scope_has_repo(finding->scope, view->repo))
		finding->found = true;
	return finding->found || (finding->repo && order > 0);
}

/* Whether there is that mirror, and that copy of it where repo is not NULL, in what he sees; false when the request has been
 * answered. */
static bool has_copy(struct request *request, const char *mirror, const char *repo)
{
	struct finding finding = {.scope = request->scope, .repo = repo};

	if (mirrors_has(request->daemon->mirrors, mirror) && (repo || request->scope))
		mirrors_walk(request->daemon->mirrors, mirror, "", "", find_copy, &finding);
	else
		finding.found = mirrors_has(request->daemon->mirrors, mirror);
	if (finding.found)
		return true;
	if (repo)
		request_reply_error(request, 404, "copy-not-found", "there is no repository \"%s\" in a mirror named \"%s\"", repo, mirror);
	else
		request_reply_error(request, 404, "mirror-not-found", "there is no mirror named \"%s\" in the config", mirror);
	return false;
}

/* "MIRROR/REPOSITORY", of which the first has no slash, as texts of their own: in *room and behind it, which is to be freed. False
 * when the request has been answered. */
static bool read_after(struct request *request, char **room, const char **mirror, const char **repo)
{
	const char *after = query_get(&request->query, "after");
	char *slash;

	*mirror = *repo = "";
	if (!after)
		return true;
	if (!strchr(after, '/')) {
		request_reply_error(request, 400, NULL, "parameter \"after\" is to be what an answer had");
		return false;
	}
	*room = strdup(after);
	if (!*room) {
		request_reply_error(request, 503, NULL, "out of memory");
		return false;
	}
	slash = strchr(*room, '/');
	*slash = '\0';
	*mirror = *room;
	*repo = slash + 1;
	return true;
}

static struct listing *make_listing(struct request *request, const char *mirror, const char *repo, uint64_t most,
	const bool wanted[STATES])
{
	struct listing *listing = calloc(1, sizeof(*listing));

	if (!listing)
		return NULL;
	listing->errand = (struct errand){.write = write_listing, .release = listing_free};
	listing->scope = request->scope ? scope_ref((struct scope *)request->scope) : NULL;
	listing->most = most;
	listing->wanted_repo = repo;
	memcpy(listing->wanted, wanted, sizeof(listing->wanted));
	listing->copies = calloc(most, sizeof(*listing->copies));
	if (listing->copies && collect_mirrors(listing, request->daemon, mirror))
		return listing;
	listing_free(&listing->errand);
	return NULL;
}

void api_mirrors(struct request *request)
{
	const char *mirror = query_get(&request->query, "mirror"), *repo = query_get(&request->query, "repo");
	const char *after_mirror, *after_repo;
	struct hgt_error err = {0};
	struct listing *listing;
	bool wanted[STATES];
	char *room = NULL;
	uint64_t most;

	if (repo && hgt_glob_check(repo, &err) < 0) {
		request_reply_error(request, 400, NULL, "parameter \"repo\": %s", err.message);
		return;
	}
	if (!read_limit(request, COPIES_MAX, &most) || !read_states(request, query_get(&request->query, "state"), wanted) ||
	    (mirror && !has_copy(request, mirror, NULL)) || !read_after(request, &room, &after_mirror, &after_repo))
		return;
	listing = make_listing(request, mirror, repo, most, wanted);
	if (listing)
		mirrors_walk(request->daemon->mirrors, mirror, after_mirror, after_repo, look_at_copy, listing);
	if (listing && listing->failed) {
		listing_free(&listing->errand);
		listing = NULL;
	}
	free(room);
	errand_send(listing ? &listing->errand : NULL, request);
}

/* GET /v1/mirrors/refs. */

struct ref_listing {
	struct errand errand;
	struct scope *scope;
	char *mirror, *repo, *after;
	bool all;
	uint64_t most;
	/* While it is written. */
	struct hgt_json *json;
	uint64_t n, looked;
	char *last;
	bool more;
};

static void ref_listing_free(struct errand *errand)
{
	struct ref_listing *listing = (struct ref_listing *)errand;

	free(listing->mirror);
	free(listing->repo);
	free(listing->after);
	free(listing->last);
	scope_unref(listing->scope);
	free(listing);
}

static int write_ref(void *ctx, const struct hgt_copy_ref_row *row)
{
	struct ref_listing *listing = ctx;
	struct hgt_json *json = listing->json;
	bool seen = scope_has_ref(listing->scope, row->ref);

	if ((seen && listing->n == listing->most) || listing->looked == REF_LOOK_MAX) {
		listing->more = true;
		return 1;
	}
	listing->looked++;
	free(listing->last);
	listing->last = strdup(row->ref);
	if (!listing->last)
		return HGT_ENOMEM;
	if (!seen)
		return 0;
	listing->n++;
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "ref", row->ref);
	hgt_json_key_string(json, "state", hgt_copy_ref_state_name(row->state));
	hgt_json_key_string(json, "id", *row->id ? row->id : NULL);
	hgt_json_key_string(json, "ours", *row->ours ? row->ours : NULL);
	hgt_json_key_string(json, "theirs", *row->theirs ? row->theirs : NULL);
	write_time(json, "since", row->since_ms);
	hgt_json_key_string(json, "note", *row->note ? row->note : NULL);
	hgt_json_end_object(json);
	return json->out->failed ? HGT_ENOMEM : 0;
}

static int write_refs(struct errand *errand, struct hgt_journal *journal, struct hgt_json *json, struct hgt_error *err)
{
	struct ref_listing *listing = (struct ref_listing *)errand;
	int code = 0;

	listing->json = json;
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "mirror", listing->mirror);
	hgt_json_key_string(json, "repo", listing->repo);
	hgt_json_key(json, "refs");
	hgt_json_begin_array(json);
	if (!listing->scope || !listing->scope->n_paths)
		code = hgt_copy_refs(journal, listing->mirror, listing->repo, listing->after, !listing->all, REF_LOOK_MAX + 1, write_ref,
			listing, err);
	hgt_json_end_array(json);
	hgt_json_key_string(json, "after", listing->more ? listing->last : NULL);
	hgt_json_end_object(json);
	return code == HGT_ENOMEM ? hgt_error_nomem(err) : code;
}

void api_mirror_refs(struct request *request)
{
	const char *mirror = query_get(&request->query, "mirror"), *repo = query_get(&request->query, "repo");
	const char *all = query_get(&request->query, "all"), *after = query_get(&request->query, "after");
	struct ref_listing *listing;
	uint64_t most;

	if (!mirror || !repo) {
		request_reply_error(request, 400, NULL, "parameters \"mirror\" and \"repo\" are wanted");
		return;
	}
	if (all && strcmp(all, "true") != 0 && strcmp(all, "false") != 0) {
		request_reply_error(request, 400, NULL, "parameter \"all\" is to be true or false");
		return;
	}
	if (!read_limit(request, REFS_MAX, &most) || !has_copy(request, mirror, repo))
		return;
	listing = calloc(1, sizeof(*listing));
	if (listing) {
		listing->errand = (struct errand){.write = write_refs, .release = ref_listing_free};
		listing->scope = request->scope ? scope_ref((struct scope *)request->scope) : NULL;
		listing->mirror = strdup(mirror);
		listing->repo = strdup(repo);
		listing->after = strdup(after ? after : "");
		listing->all = all && !strcmp(all, "true");
		listing->most = most;
		if (!listing->mirror || !listing->repo || !listing->after) {
			ref_listing_free(&listing->errand);
			listing = NULL;
		}
	}
	errand_send(listing ? &listing->errand : NULL, request);
}

/* POST /v1/mirrors/act. */

static const char *const action_words[] = {[MIRROR_SYNC] = "sync", [MIRROR_ACCEPT] = "accept", [MIRROR_VERIFY] = "verify",
	[MIRROR_PAUSE] = "pause", [MIRROR_RESUME] = "resume", NULL};

static enum mirror_action action_of(const char *word)
{
	size_t i = 0;

	while (strcmp(action_words[i], word) != 0)
		i++;
	return (enum mirror_action)i;
}

/* A token speaks for itself. Whoever comes by the admin socket may say for whom. */
static const char *actor_of(const struct request *request, const char *named, char out[REQUEST_WHO_MAX])
{
	if (request->token)
		snprintf(out, REQUEST_WHO_MAX, "token:%s", request->token->name);
	else if (named && *named)
		return named;
	else
		snprintf(out, REQUEST_WHO_MAX, "admin");
	return out;
}

/* What an operator may do is bounded by what he sees: a turn moves all refs of a repository. */
static bool may_act(struct request *request, const char *repo)
{
	char who[REQUEST_WHO_MAX];

	if (!request->scope)
		return true;
	if (!scope_has_every_ref(request->scope)) {
		request_refuse(request, "%s sees some refs or folders alone, and a mirror moves whole repositories", request_who(request, who));
		return false;
	}
	if (!repo) {
		request_refuse(request, "%s sees some repositories alone; name one of them", request_who(request, who));
		return false;
	}
	return true;
}

void api_mirror_act(struct request *request)
{
	const char *mirror, *repo, *action, *named;
	const struct hgt_node *body;
	char who[REQUEST_WHO_MAX];
	struct hgt_error err = {0};
	struct hgt_doc_set set;
	size_t len;
	const char *text = request_body(request, &len);

	hgt_doc_set_init(&set);
	if (field_object(text, len, &set, &body, &err) < 0 || field_string(body, "mirror", FIELD_TEXT_MAX, true, &mirror, &err) < 0 ||
	    field_string(body, "repo", REPO_MAX, false, &repo, &err) < 0 ||
	    field_word(body, "action", action_words, true, &action, &err) < 0 ||
	    field_string(body, "actor", FIELD_TEXT_MAX, false, &named, &err) < 0)
		request_reply_failure(request, &err);
	else if (may_act(request, repo) && has_copy(request, mirror, repo))
		mirrors_act(request->daemon->mirrors, request, mirror, repo, action_of(action), actor_of(request, named, who));
	hgt_doc_set_release(&set);
}
