/* Mirrors: which there are and which copies they have; what moves; reload, drain. */
#include "daemon/mirrors.h"

#include <event2/event.h>

#include "base/glob.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/hub.h"
#include "daemon/mirror_manifest.h"
#include "daemon/mirror_parts.h"
#include "daemon/repos.h"
#include "headgate/protocol.h"

#define SETTLE_EVERY 4096	/* events that a start may have to look through again */

/* A mirror and its copies. */

void mirror_unref(struct mirror *mirror)
{
	if (!mirror || --mirror->refs)
		return;
	free(mirror->copies);
	free(mirror->name);
	free(mirror->url);
	free(mirror);
}

static int mirror_new(struct mirrors *m, const struct hgt_config_mirror *config, struct mirror **out, struct hgt_error *err)
{
	struct mirror *mirror = calloc(1, sizeof(*mirror));

	if (!mirror)
		return hgt_error_nomem(err);
	mirror->refs = 1;
	mirror->mirrors = m;
	mirror->config = config;
	mirror->direction = config->direction;
	mirror->way = m->ways[config->direction];
	hgt_turns_lane_init(&mirror->lane);
	mirror->name = strdup(config->name);
	mirror->url = strdup(config->url);
	if (!mirror->name || !mirror->url) {
		mirror_unref(mirror);
		return hgt_error_nomem(err);
	}
	*out = mirror;
	return 0;
}

/* The place of the first copy whose repository is not before that name. */
size_t mirror_place_of(const struct mirror *mirror, const char *repo)
{
	size_t low = 0, high = mirror->n_copies;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(mirror->copies[middle]->repo, repo) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct copy *mirror_find_copy(const struct mirror *mirror, const char *repo)
{
	size_t at = mirror_place_of(mirror, repo);

	return at < mirror->n_copies && !strcmp(mirror->copies[at]->repo, repo) ? mirror->copies[at] : NULL;
}

/* A copy that was not there, as if nothing were known of it. */
static int insert_copy(struct mirror *mirror, const char *repo, struct copy **out, struct hgt_error *err)
{
	size_t at = mirror_place_of(mirror, repo);
	struct copy *copy = NULL;
	int code;

	if (mirror->n_copies == mirror->copies_room) {
		size_t room = mirror->copies_room ? mirror->copies_room * 2 : 8;
		struct copy **copies = realloc(mirror->copies, room * sizeof(struct copy *));

		if (!copies)
			return hgt_error_nomem(err);
		mirror->copies = copies;
		mirror->copies_room = room;
	}
	code = copy_new(mirror, repo, &copy, err);
	if (code < 0)
		return code;
	memmove(mirror->copies + at + 1, mirror->copies + at, (mirror->n_copies++ - at) * sizeof(struct copy *));
	mirror->copies[at] = copy;
	mirror->mirrors->n_push += mirror->direction == HGT_MIRROR_PUSH;
	*out = copy;
	return 0;
}

void mirror_drop_copy(struct copy *copy)
{
	struct mirror *mirror = copy->mirror;
	size_t at = mirror_place_of(mirror, copy->repo);

	copy_end(copy);
	mirror->n_copies--;
	memmove(mirror->copies + at, mirror->copies + at + 1, (mirror->n_copies - at) * sizeof(struct copy *));
	mirror->mirrors->n_push -= mirror->direction == HGT_MIRROR_PUSH;
	copy_unref(copy);
}

static int take_row(void *ctx, const struct hgt_copy_row *row)
{
	struct hgt_error err = {0};

	return copy_take_row(ctx, row, &err);
}

int mirror_add_copy(struct mirror *mirror, const char *repo, struct copy **out, struct hgt_error *err)
{
	struct copy *copy = mirror_find_copy(mirror, repo);
	bool found;
	int code = 0;

	if (!copy) {
		code = insert_copy(mirror, repo, &copy, err);
		if (code == 0)
			code = hgt_copy_get(mirror->mirrors->daemon->reader, mirror->name, repo, &found, take_row, copy, err);
		if (code == 0) {
			/* What has become of either side while nobody looked is not known. */
			copy->verify = copy->wanted = true;
			copy_start(copy);
		} else if (copy) {
			mirror_drop_copy(copy);
		}
	}
	if (code == 0 && out)
		*out = copy;
	return code;
}

static bool is_name(const char *pattern)
{
	return !strpbrk(pattern, "*?[{\\");
}

/* A pull mirror's repository that is named as such is one of its copies before it is here. */
static bool is_named(const struct hgt_config_mirror *config, const char *repo)
{
	if (config->direction != HGT_MIRROR_PULL)
		return false;
	for (size_t i = 0; i < config->repos.n; i++)
		if (is_name(config->repos.items[i]) && !strcmp(config->repos.items[i], repo))
			return true;
	return false;
}

static bool wants_repo(const struct hgt_config_mirror *config, const char *repo)
{
	return hgt_glob_match_any(config->repos.items, config->repos.n, repo);
}

/* The copies that there are to be and are not, each by `add`. */
typedef int (*add_cb)(struct mirror *mirror, const char *repo, struct copy **out, struct hgt_error *err);

static int fill(struct mirror *mirror, add_cb add, struct hgt_error *err)
{
	const struct hgt_config_mirror *config = mirror->config;
	const struct repo *repo;
	struct copy *copy;
	size_t pos = 0;
	int code = 0;

	while (code == 0 && (repo = repos_next(mirror->mirrors->daemon->repos, &pos)))
		if (wants_repo(config, repo->name) && !mirror_find_copy(mirror, repo->name))
			code = add(mirror, repo->name, &copy, err);
	for (size_t i = 0; i < config->repos.n && code == 0 && config->direction == HGT_MIRROR_PULL; i++)
		if (is_name(config->repos.items[i]) && !mirror_find_copy(mirror, config->repos.items[i]))
			code = add(mirror, config->repos.items[i], &copy, err);
	return code;
}

/* Of no config any more, or of no daemon. It has been taken out of the list. */
static void mirror_end(struct mirror *mirror)
{
	mirror->gone = true;
	mirror_manifest_end(mirror);
	while (mirror->n_copies)
		mirror_drop_copy(mirror->copies[mirror->n_copies - 1]);
	mirror->config = NULL;
	mirror_unref(mirror);
}

static void insert_mirror(struct mirrors *m, struct mirror *mirror)
{
	struct mirror *next = TAILQ_FIRST(&m->list);

	while (next && strcmp(next->name, mirror->name) < 0)
		next = TAILQ_NEXT(next, entry);
	if (next)
		TAILQ_INSERT_BEFORE(next, mirror, entry);
	else
		TAILQ_INSERT_TAIL(&m->list, mirror, entry);
}

struct mirror *mirrors_find(const struct mirrors *m, const char *name)
{
	struct mirror *mirror;

	TAILQ_FOREACH(mirror, &m->list, entry)
		if (!strcmp(mirror->name, name))
			return mirror;
	return NULL;
}

/* Reload. */

/* What a config comes to, made before anything changes. */
struct plan {
	struct mirror **fresh;	/* one an entry; NULL: the mirror that there is stays */
	size_t n;
};

static bool is_same_place(const struct mirror *mirror, const struct hgt_config_mirror *config)
{
	return mirror->direction == config->direction && !strcmp(mirror->url, config->url);
}

static void plan_release(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->fresh[i])
			mirror_end(plan->fresh[i]);
	free(plan->fresh);
}

static int make_plan(struct mirrors *m, const struct hgt_config *config, struct plan *plan, struct hgt_error *err)
{
	int code = 0;

	plan->fresh = calloc(config->n_mirrors + 1, sizeof(struct mirror *));
	if (!plan->fresh)
		return hgt_error_nomem(err);
	plan->n = config->n_mirrors;
	for (size_t i = 0; i < config->n_mirrors && code == 0; i++) {
		const struct mirror *there = mirrors_find(m, config->mirrors[i].name);

		if (there && is_same_place(there, &config->mirrors[i]))
			continue;
		code = mirror_new(m, &config->mirrors[i], &plan->fresh[i], err);
		if (code == 0)
			code = fill(plan->fresh[i], insert_copy, err);
		if (code < 0)
			hgt_error_prefix(err, "mirror %s", config->mirrors[i].name);
	}
	return code;
}

/* In the place of one of the same name: what a person has said of that holds. */
static void follow(struct mirror *fresh, struct mirror *old)
{
	fresh->paused = old->paused;
	for (size_t i = 0; i < fresh->n_copies; i++) {
		struct copy *copy = fresh->copies[i], *before = mirror_find_copy(old, copy->repo);

		if (before)
			copy->row.paused = before->row.paused;
	}
}

static bool is_same_list(const struct hgt_strings *a, const struct hgt_strings *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

/* The mirror stays; other repositories or refs may be its business now, and what stood in its way may be gone. */
static void adapt(struct mirror *mirror, const struct hgt_config_mirror *config)
{
	bool all = !is_same_list(&mirror->config->refs, &config->refs);
	struct hgt_error err = {0};

	mirror->config = config;
	mirror_manifest_follow(mirror);
	for (size_t i = mirror->n_copies; i-- > 0;)
		if (!wants_repo(config, mirror->copies[i]->repo))
			mirror_drop_copy(mirror->copies[i]);
	if (fill(mirror, mirror_add_copy, &err) < 0)
		hgt_log(HGT_LOG_ERROR, "mirrors", "copies are missing until the config is loaded again", HGT_S("mirror", mirror->name),
			HGT_S("error", err.message));
	for (size_t i = 0; i < mirror->n_copies; i++) {
		struct copy *copy = mirror->copies[i];

		copy_replan(copy);
		if (!all && copy->row.state == HGT_COPY_IN_STEP)
			continue;
		copy->verify = true;
		copy->routine = false;
		copy->due_ms = 0;
		copy_look(copy, false);
	}
}

static const struct hgt_config_mirror *find_config(const struct hgt_config *config, const char *name)
{
	for (size_t i = 0; i < config->n_mirrors; i++)
		if (!strcmp(config->mirrors[i].name, name))
			return &config->mirrors[i];
	return NULL;
}

static void drop(struct mirrors *m, const struct hgt_config *config, struct plan *plan)
{
	struct mirror *mirror = TAILQ_FIRST(&m->list), *next;

	for (; mirror; mirror = next) {
		const struct hgt_config_mirror *now = find_config(config, mirror->name);
		struct mirror *fresh = now ? plan->fresh[now - config->mirrors] : NULL;

		next = TAILQ_NEXT(mirror, entry);
		if (now && !fresh)
			continue;
		TAILQ_REMOVE(&m->list, mirror, entry);
		if (fresh) {
			hgt_log(HGT_LOG_INFO, "mirrors", "another place: what was known of the other side is forgotten",
				HGT_S("mirror", mirror->name));
			follow(fresh, mirror);
		} else {
			hgt_log(HGT_LOG_INFO, "mirrors", "removed", HGT_S("mirror", mirror->name));
		}
		mirror_end(mirror);
	}
}

/* Turns of a mirror that had the name before end first. */
static void hold_back(struct mirror *fresh)
{
	const struct turn *turn;

	TAILQ_FOREACH(turn, &fresh->mirrors->running, entry) {
		struct copy *copy = strcmp(turn->copy->mirror->name, fresh->name) ? NULL : mirror_find_copy(fresh, turn->copy->repo);

		if (copy && copy != turn->copy && !copy->held)
			copy->held = copy_ref(turn->copy);
	}
}

/* What the disk is to know of it is noted when all others have taken the config too: until then all may be put back. */
static void carry_out(struct mirrors *m, const struct hgt_config *config, struct plan *plan, bool starts)
{
	struct hgt_error err = {0};

	drop(m, config, plan);
	m->config = config;
	m->turns.most = config->limits.mirrors;
	m->turns.most_per_host = config->limits.mirrors_per_host;
	for (size_t i = 0; i < plan->n; i++) {
		struct mirror *fresh = plan->fresh[i];

		plan->fresh[i] = NULL;
		if (!fresh) {
			adapt(mirrors_find(m, config->mirrors[i].name), &config->mirrors[i]);
			continue;
		}
		insert_mirror(m, fresh);
		mirror_manifest_follow(fresh);
		hold_back(fresh);
		if (!starts && mirror_recall(fresh, &err) < 0)
			hgt_log(HGT_LOG_ERROR, "mirrors", "what is known of a mirror cannot be read; it is asked anew", HGT_S("mirror", fresh->name),
				HGT_S("error", err.message));
	}
	mirrors_pump_soon(m);
}

static int take_config(struct mirrors *m, const struct hgt_config *config, bool starts, struct hgt_error *err)
{
	struct plan plan = {0};
	int code = make_plan(m, config, &plan, err);

	m->reloading = true;
	if (code == 0)
		carry_out(m, config, &plan, starts);
	plan_release(&plan);
	m->reloading = false;
	return code;
}

int mirrors_reload(struct mirrors *m, const struct hgt_config *config, struct hgt_error *err)
{
	const struct timeval now = {0};
	int code = take_config(m, config, false, err);

	if (code < 0)
		return code;
	m->note_due = true;
	if (evtimer_add(m->note, &now) < 0)
		hgt_log(HGT_LOG_ERROR, "mirrors", "no timer: which mirrors there are is noted later");
	return 0;
}

int mirrors_new_with(struct daemon *daemon, const struct way *const *ways, struct mirrors **out, struct hgt_error *err)
{
	struct mirrors *m = calloc(1, sizeof(*m));
	int code = 0;

	if (!m)
		return hgt_error_nomem(err);
	m->daemon = daemon;
	m->refs = 1;
	m->ways = ways;
	m->config = daemon->config;
	m->clock_ms = INT64_MAX;
	TAILQ_INIT(&m->list);
	TAILQ_INIT(&m->unsettled);
	TAILQ_INIT(&m->running);
	hgt_turns_init(&m->turns, daemon->config->limits.mirrors, daemon->config->limits.mirrors_per_host);
	m->clock = evtimer_new(daemon->base, mirrors_on_clock, m);
	m->pump = evtimer_new(daemon->base, mirrors_on_pump, m);
	m->note = evtimer_new(daemon->base, mirrors_on_note, m);
	if (!m->clock || !m->pump || !m->note)
		code = hgt_error_nomem(err);
	if (code == 0)
		code = take_config(m, daemon->config, true, err);
	if (code == 0)
		code = mirrors_load(m, err);
	if (code == 0)
		*out = m;
	else
		mirrors_free(m);
	return code;
}

int mirrors_new(struct daemon *daemon, struct mirrors **out, struct hgt_error *err)
{
	static const struct way *const ways[] = {[HGT_MIRROR_PUSH] = &mirror_push, [HGT_MIRROR_PULL] = &mirror_pull};

	return mirrors_new_with(daemon, ways, out, err);
}

/* What is on its way to disk holds copies, whose places in line and by time are in here. */
void mirrors_unref(struct mirrors *m)
{
	if (--m->refs)
		return;
	hgt_heap_release(&m->due);
	hgt_turns_release(&m->turns);
	free(m);
}

void mirrors_begin(struct mirrors *m)
{
	mirrors_pump_soon(m);
}

void mirrors_free(struct mirrors *m)
{
	struct mirror *mirror;
	struct turn *turn;

	if (!m)
		return;
	m->draining = true;
	while ((turn = TAILQ_FIRST(&m->running))) {
		TAILQ_REMOVE(&m->running, turn, entry);
		turn->copy->turn = NULL;
		turn->copy->mirror->way->release(turn);
		turn_free(turn);
	}
	while ((mirror = TAILQ_FIRST(&m->list))) {
		TAILQ_REMOVE(&m->list, mirror, entry);
		mirror_end(mirror);
	}
	mirrors_set_clock(m);
	if (m->clock)
		event_free(m->clock);
	if (m->pump)
		event_free(m->pump);
	if (m->note)
		event_free(m->note);
	m->clock = m->pump = m->note = NULL;
	mirror_git_hang_up(m->config);
	mirrors_unref(m);
}

int mirrors_drain(struct mirrors *m)
{
	struct mirror *mirror;

	if (!m->draining) {
		m->draining = true;
		evtimer_del(m->pump);
		mirrors_set_clock(m);
		TAILQ_FOREACH(mirror, &m->list, entry) {
			mirror_manifest_drain(mirror);
			for (size_t i = 0; i < mirror->n_copies; i++)
				if (mirror->copies[i]->turn)
					turn_stop(mirror->copies[i]->turn);
		}
	}
	return TAILQ_EMPTY(&m->running);
}

/* What moves. */

static bool wants_ref(const struct hgt_config_mirror *config, const char *ref)
{
	return hgt_glob_match_any(config->refs.items, config->refs.n, ref);
}

void mirrors_published(struct mirrors *m, const struct hgt_journal_row *row)
{
	bool ours = !strcmp(row->type, HGT_EVENT_REF_UPDATED), theirs = !strcmp(row->type, HGT_EVENT_UPSTREAM_PUSHED);
	struct mirror *mirror;

	if (m->n_push && row->seq > m->settled + SETTLE_EVERY && !m->draining)
		mirrors_settle(m);
	if (!ours && !theirs)
		return;
	TAILQ_FOREACH(mirror, &m->list, entry) {
		struct copy *copy = ours == (mirror->direction == HGT_MIRROR_PUSH) ? mirror_find_copy(mirror, row->repo) : NULL;

		if (!copy || (*row->ref && !wants_ref(mirror->config, row->ref)))
			continue;
		if (ours)
			copy_moved(copy, row->seq);
		else
			mirrors_upstream_moved(m, mirror->name, row->repo);
	}
}

/* It is there, as it has just spoken: what waits after a failure waits no longer than after the first. */
void mirrors_upstream_moved(struct mirrors *m, const char *name, const char *repo)
{
	struct mirror *mirror = mirrors_find(m, name);
	struct copy *copy = mirror && mirror->direction == HGT_MIRROR_PULL ? mirror_find_copy(mirror, repo) : NULL;
	struct hgt_error err = {0};
	int64_t soon;

	/* One that is not here yet. */
	if (mirror && !copy && mirror->direction == HGT_MIRROR_PULL && mirror->config && mirror->config->create &&
	    wants_repo(mirror->config, repo) && mirror_add_copy(mirror, repo, &copy, &err) < 0)
		hgt_log(HGT_LOG_ERROR, "mirrors", "a new repository is not mirrored until the config is loaded again", HGT_S("mirror", name),
			HGT_S("repo", repo), HGT_S("error", err.message));
	if (!copy)
		return;
	if (copy->unlisted)
		mirror_manifest_look(mirror);
	soon = hgt_time_mono_ms() + (int64_t)mirror->config->retry_first * 1000;
	if (copy->due_ms > soon)
		copy->due_ms = soon;
	copy_moved(copy, 0);
}

void mirrors_let_pull(struct mirrors *m, const char *name, bool may, bool leads)
{
	struct mirror *mirror = m ? mirrors_find(m, name) : NULL;

	if (!mirror)
		return;
	mirror->leads = leads;
	if (mirror->may_pull == may)
		return;
	mirror->may_pull = may;
	for (size_t i = 0; i < mirror->n_copies; i++) {
		if (!may && mirror->copies[i]->turn)
			turn_stop(mirror->copies[i]->turn);
		copy_step(mirror->copies[i]);
	}
}

void mirrors_repo_added(struct mirrors *m, const struct repo *repo)
{
	struct mirror *mirror;
	struct hgt_error err = {0};

	TAILQ_FOREACH(mirror, &m->list, entry) {
		struct copy *copy = mirror_find_copy(mirror, repo->name);

		/* It has waited for that. */
		if (copy)
			copy_look(copy, true);
		else if (wants_repo(mirror->config, repo->name) && mirror_add_copy(mirror, repo->name, NULL, &err) < 0)
			hgt_log(HGT_LOG_ERROR, "mirrors", "a new repository is not mirrored until the config is loaded again",
				HGT_S("mirror", mirror->name), HGT_S("repo", repo->name), HGT_S("error", err.message));
	}
}

void mirrors_repo_gone(struct mirrors *m, const struct repo *repo)
{
	struct mirror *mirror;

	TAILQ_FOREACH(mirror, &m->list, entry) {
		struct copy *copy = mirror_find_copy(mirror, repo->name);

		if (copy && !is_named(mirror->config, repo->name))
			mirror_drop_copy(copy);
	}
}
