/* What becomes of a change on its targets: rollouts that are waited for, and looks at the agents. */
#include "daemon/rollout.h"

#include <event2/event.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/agent.h"
#include "daemon/agents.h"
#include "daemon/repos.h"
#include "daemon/rollout_private.h"
#include "daemon/scope.h"
#include "doc/doc.h"
#include "headgate/protocol.h"

enum {
	SOON_MS = 10,	/* a look comes so long after what calls for it, so that what comes together is one */
	REST = 10,	/* and so many times as long after the last one as that took, so that large fleets do not take the loop's time */
	BEAT_MS = 1000,	/* at the latest: agents come and go without a row */
};

int rollouts_new(struct daemon *daemon, struct rollouts **out, struct hgt_error *err)
{
	struct rollouts *all = calloc(1, sizeof(*all));

	if (!all)
		return hgt_error_nomem(err);
	all->daemon = daemon;
	TAILQ_INIT(&all->list);
	*out = all;
	return 0;
}

void rollouts_free(struct rollouts *all)
{
	free(all);
}

void rollouts_stats(const struct rollouts *all, struct rollouts_stats *out)
{
	*out = all->stats;
}

static void look_in(struct rollout *r, int64_t ms)
{
	int64_t left = r->deadline_ms - hgt_time_mono_ms();
	struct timeval tv;

	ms = ms < left ? ms : left > 0 ? left : 0;
	tv = (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	event_add(r->look_soon, &tv);
}

/* Not put off by what goes on coming. */
static void look_soon(struct rollout *r)
{
	struct timeval due, now;

	if (evtimer_pending(r->look_soon, &due) && event_base_gettimeofday_cached(r->all->daemon->base, &now) == 0) {
		int64_t ms = (int64_t)(due.tv_sec - now.tv_sec) * 1000 + (due.tv_usec - now.tv_usec) / 1000;

		if (ms <= r->soon_ms)
			return;
	}
	look_in(r, r->soon_ms);
}

static bool is_followed(const struct rollout *r, const char *ref)
{
	for (size_t i = 0; i < r->n_refs; i++)
		if (strcmp(r->refs[i].ref, ref) == 0)
			return true;
	return false;
}

void rollouts_published(struct rollouts *all, const struct hgt_journal_row *row)
{
	struct rollout *r;
	bool of_agents, of_ref;

	if (!all || TAILQ_EMPTY(&all->list))
		return;
	of_agents = strcmp(row->type, HGT_EVENT_AGENT_REPORTED) == 0 || strcmp(row->type, HGT_EVENT_AGENT_REMOVED) == 0;
	of_ref = strcmp(row->type, HGT_EVENT_REF_UPDATED) == 0;
	TAILQ_FOREACH(r, &all->list, entry) {
		if (of_ref && strcmp(r->spec.repo, row->repo) == 0 && is_followed(r, row->ref)) {
			r->tips_moved = r->asking;	/* then a worker has them */
			for (size_t i = 0; i < r->n_refs && !r->asking; i++)
				r->refs[i].tip_known = false;
		} else if (!of_agents) {
			continue;
		}
		look_soon(r);
	}
}

void rollouts_stop(struct rollouts *all)
{
	struct rollout *r, *next;

	if (!all || all->stopping)
		return;
	all->stopping = true;
	for (r = TAILQ_FIRST(&all->list); r; r = next) {
		next = TAILQ_NEXT(r, entry);
		r->end = HGT_ROLLOUT_LEFT;
		r->spec.moved(r->spec.ctx);
	}
}

/* Targets. */

static void entry_free(struct entry *e)
{
	free(e->agent);
	free(e->target);
	free(e->path);
	hgt_buf_release(&e->message);
	hgt_rollout_report_release(&e->report);
	free(e);
}

static struct entry *entry_new(const struct agent *agent, const struct agent_target *target)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	hgt_buf_init(&e->message);
	hgt_rollout_report_init(&e->report);
	e->agent = strdup(agent->name);
	e->target = strdup(target->name);
	e->path = strdup(target->path);
	if (e->agent && e->target && e->path)
		return e;
	entry_free(e);
	return NULL;
}

static bool add_entry(struct rollout *r, const struct hgt_buf *name, struct entry *e)
{
	char *key = hgt_arena_strndup(&r->arena, name->data, name->len);

	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 16;
		struct entry **entries = reallocarray(r->entries, cap, sizeof(*entries));

		if (!entries)
			return false;
		r->entries = entries;
		r->cap = cap;
	}
	if (!key || hgt_map_put(&r->by_name, key, name->len, e, NULL) < 0)
		return false;
	r->entries[r->n++] = e;
	return true;
}

/* The entry of a target, made when it is new; one that follows another folder or ref by now begins anew. */
static struct entry *find_entry(struct rollout *r, const struct agent *agent, const struct agent_target *target,
	struct rollout_ref *on)
{
	struct hgt_buf name = HGT_BUF_INIT;
	struct entry *e = NULL;

	hgt_buf_addf(&name, "%s/%s", agent->name, target->name);
	if (name.failed)
		goto out;
	e = hgt_map_get(&r->by_name, name.data, name.len);
	if (!e) {
		e = entry_new(agent, target);
		if (e && !add_entry(r, &name, e)) {
			entry_free(e);
			e = NULL;
		}
	} else if (strcmp(e->path, target->path) != 0) {
		char *path = strdup(target->path);

		if (path) {
			free(e->path);
			e->path = path;
		} else {
			e = NULL;
		}
	}
	if (e)
		e->on = on;
out:
	hgt_buf_release(&name);
	return e;
}

static int refresh_report(struct entry *e, const struct agent_target *target, struct hgt_error *err)
{
	struct hgt_doc_set set;
	int code;

	if (!target->report || (e->has_report && e->report_seq == target->report_seq))
		return 0;
	hgt_doc_set_init(&set);
	code = hgt_json_parse_message(target->report, strlen(target->report), &set, err);
	if (code == 0)
		code = hgt_rollout_report_read(set.docs[0].root, &e->report, err);
	hgt_doc_set_release(&set);
	e->has_report = code == 0;
	e->report_seq = target->report_seq;
	return code;
}

/* Whether a revision of a report has the one that is waited for; *known turns false when that has yet to be asked. */
static bool has(struct rollout *r, const struct entry *e, const char *id, bool or_same, bool *known)
{
	const struct answer *answer;

	if (!*id)
		return false;
	if (strcmp(id, e->on->commit) == 0 || strcmp(id, e->on->new_id) == 0)
		return true;
	answer = rollout_answer(r, CONTAINS, e->on, "", id);
	if (answer && !answer->known)
		*known = false;
	if (!answer || !answer->known || answer->yes || !or_same)
		return answer && answer->known && answer->yes;
	answer = rollout_answer(r, SAME, e->on, e->path, id);
	if (answer && !answer->known)
		*known = false;
	return answer && answer->known && answer->yes;
}

/* Whether the target is concerned, as far as that is known. */
static bool is_concerned(struct rollout *r, const struct entry *e, bool *known)
{
	const struct answer *answer;

	if (!*e->on->commit)
		return false;
	if (!e->on->old_id)
		return e->on->contained;
	answer = rollout_answer(r, DIFFERS, e->on, e->path, "");
	*known = !answer || answer->known;
	return !answer || answer->yes;
}

static void set_state(struct rollout *r, struct entry *e, enum hgt_rollout_state state, struct hgt_buf *message)
{
	if (e->changed && e->state == state && strcmp(e->message.data, message->data) == 0)
		return;
	e->state = state;
	hgt_buf_reset(&e->message);
	hgt_buf_add(&e->message, message->data, message->len);
	e->changed = r->version + 1;
}

/* Judge one target; false when something has yet to be asked. */
static bool judge(struct rollout *r, struct entry *e, const struct agent *agent, const struct agent_target *target)
{
	const struct hgt_rollout_report *report = e->has_report ? &e->report : NULL;
	struct hgt_buf message = HGT_BUF_INIT;
	bool known = e->on->commit_known && e->on->tip_known;
	struct hgt_rollout_facts facts = {
		.agent = agent->name, .target = target->name, .ref = e->on->ref, .connected = agent->stream != NULL,
		.manual = strcmp(target->sync, "manual") == 0, .seen_ms = agent->seen_ms, .report = report, .tip = e->on->tip,
		.overtaken = !e->on->contained, .now_ms = hgt_time_now_ms(),
	};

	/* While a worker has the refs they are not looked at. */
	if (!known || r->asking)
		return false;
	e->concerned = is_concerned(r, e, &known);
	if (known && e->concerned && report) {
		facts.has_applied = has(r, e, report->applied, !e->on->old_id, &known);
		facts.has_desired = has(r, e, report->desired, false, &known);
	}
	if (!known || !e->concerned)
		return known;
	set_state(r, e, hgt_rollout_judge(&facts, &message), &message);
	hgt_buf_release(&message);
	return true;
}

static struct rollout_ref *ref_of(struct rollout *r, const struct agent_target *target)
{
	for (size_t i = 0; i < r->n_refs; i++)
		if (strcmp(r->refs[i].ref, target->ref) == 0)
			return &r->refs[i];
	return NULL;
}

static bool follows(const struct rollout *r, const struct agent_target *target)
{
	return strcmp(target->repo, r->spec.repo) == 0 && scope_has_target(r->scope, target->repo, target->ref, target->path);
}

/* All targets of an agent; false when something has yet to be asked. */
static bool look_at(struct rollout *r, const struct agent *agent)
{
	bool known = true;

	for (size_t i = 0; i < agent->n_targets; i++) {
		const struct agent_target *target = &agent->targets[i];
		struct rollout_ref *on = follows(r, target) ? ref_of(r, target) : NULL;
		struct entry *e = on ? find_entry(r, agent, target, on) : NULL;
		struct hgt_error err = {0};

		if (!on)
			continue;
		if (!e) {
			r->code = hgt_error_nomem(&r->err);
			continue;
		}
		e->look = r->looks;
		if (refresh_report(e, target, &err) < 0)
			hgt_log(HGT_LOG_WARNING, "rollout", err.message, HGT_S("agent", agent->name), HGT_S("target", target->name));
		known = judge(r, e, agent, target) && known;
	}
	return known;
}

/* Those that no agent has any more. */
static void judge_gone(struct rollout *r)
{
	struct hgt_buf message = HGT_BUF_INIT;

	hgt_buf_adds(&message, "its agent follows this no more");
	for (size_t i = 0; i < r->n; i++)
		if (r->entries[i]->look != r->looks && r->entries[i]->changed)
			set_state(r, r->entries[i], HGT_ROLLOUT_OVERTAKEN, &message);
	hgt_buf_release(&message);
}

/* What was seen is complete: version and end follow. Whether there is something to tell. */
static bool conclude(struct rollout *r)
{
	size_t counts[HGT_ROLLOUT_STATES] = {0};
	bool changed = !r->version;

	for (size_t i = 0; i < r->n; i++) {
		changed = changed || r->entries[i]->changed > r->version;
		if (r->entries[i]->changed && r->entries[i]->concerned)
			counts[r->entries[i]->state]++;
	}
	r->version += changed;
	r->end = hgt_rollout_end_of(counts);
	return changed || r->end;
}

/* Look at all agents; false when something has yet to be asked. */
static bool look_at_all(struct rollout *r)
{
	const int64_t began_us = hgt_time_mono_us();
	const struct agent *agent;
	bool known = true;
	size_t pos = 0;
	int64_t ms;

	r->looks++;
	r->all->stats.looks++;
	while ((agent = agents_next(r->all->daemon->agents, &pos)))
		known = look_at(r, agent) && known;
	judge_gone(r);
	ms = (hgt_time_mono_us() - began_us) * REST / 1000;
	r->soon_ms = ms < SOON_MS ? SOON_MS : ms < BEAT_MS ? ms : BEAT_MS;
	return known;
}

static void look(struct rollout *r)
{
	bool known = look_at_all(r), asking, told = false;

	asking = r->code == 0 && rollout_ask(r);
	if (r->code < 0)
		r->end = HGT_ROLLOUT_LEFT;
	else if (known && !asking)
		told = conclude(r);
	if (!r->end && hgt_time_mono_ms() >= r->deadline_ms)
		r->end = HGT_ROLLOUT_TIMEOUT;
	if (!r->end)
		look_in(r, BEAT_MS);
	/* It may be closed by that. */
	if (told || r->end)
		r->spec.moved(r->spec.ctx);
}

void rollout_answered(struct rollout *r)
{
	if (!r->end)
		look(r);
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct rollout *r = arg;

	(void)fd, (void)what;
	if (!r->end)
		look(r);
}

/* Opening and closing. */

static struct rollout_ref *add_ref(struct rollout *r, const struct rollout_move *move)
{
	struct rollout_ref *on = &r->refs[r->n_refs];

	*on = (struct rollout_ref){.ref = hgt_arena_strndup(&r->arena, move->ref, strlen(move->ref))};
	if (move->old_id)
		on->old_id = hgt_arena_strndup(&r->arena, move->old_id, strlen(move->old_id));
	on->new_id = hgt_arena_strndup(&r->arena, move->new_id, strlen(move->new_id));
	if (!on->ref || (move->old_id && !on->old_id) || !on->new_id)
		return NULL;
	r->n_refs++;
	return on;
}

/* The move of a target's ref; NULL when there is none. */
static const struct rollout_move *move_of(const struct rollout_spec *spec, const struct agent_target *target,
	struct rollout_move *own)
{
	*own = (struct rollout_move){.ref = target->ref, .new_id = ""};
	if (spec->revision)
		return !spec->ref || strcmp(spec->ref, target->ref) == 0 ? own : NULL;
	for (size_t i = 0; i < spec->n_moves; i++)
		if (strcmp(spec->moves[i].ref, target->ref) == 0)
			return hgt_oid_is_zero(spec->moves[i].new_id) ? NULL : &spec->moves[i];
	return NULL;
}

/* The refs that some target follows. */
static int find_refs(struct rollout *r, const struct rollout_spec *spec, struct hgt_error *err)
{
	const struct agent *agent;
	size_t pos = 0, room = 0;

	while ((agent = agents_next(r->all->daemon->agents, &pos)))
		for (size_t i = 0; i < agent->n_targets; i++) {
			const struct agent_target *target = &agent->targets[i];
			struct rollout_move own;
			const struct rollout_move *move = follows(r, target) && !ref_of(r, target) ? move_of(spec, target, &own) : NULL;

			if (!move)
				continue;
			if (r->n_refs == room) {
				struct rollout_ref *refs = reallocarray(r->refs, room = room ? room * 2 : 4, sizeof(*refs));

				if (!refs)
					return hgt_error_nomem(err);
				r->refs = refs;
			}
			if (!add_ref(r, move))
				return hgt_error_nomem(err);
		}
	return 0;
}

static int take_spec(struct rollout *r, const struct rollout_spec *spec, struct hgt_error *err)
{
	r->spec = *spec;
	r->spec.moves = NULL;
	r->spec.scope = NULL;
	r->scope = spec->scope ? scope_ref((struct scope *)(uintptr_t)spec->scope) : NULL;
	r->spec.repo = hgt_arena_strndup(&r->arena, spec->repo, strlen(spec->repo));
	if (spec->revision)
		r->spec.revision = hgt_arena_strndup(&r->arena, spec->revision, strlen(spec->revision));
	r->spec.ref = NULL;
	if (!r->spec.repo || (spec->revision && !r->spec.revision))
		return hgt_error_nomem(err);
	return find_refs(r, spec, err);
}

static int check_open(struct rollouts *all, const struct rollout_spec *spec, const struct repo **repo, struct hgt_error *err)
{
	*repo = repos_find(all->daemon->repos, spec->repo);
	if (all->stopping || all->daemon->stopping)
		return hgt_error_set(err, HGT_EUNAVAILABLE, "the daemon is shutting down");
	if (!*repo)
		return hgt_error_set(err, HGT_ENOENT, "there is no repository %s", spec->repo);
	if ((*repo)->trouble)
		return hgt_error_set(err, HGT_EUNAVAILABLE, "repository %s: %s", spec->repo, (*repo)->trouble);
	if (all->stats.open < all->daemon->config->limits.waits)
		return 0;
	all->stats.refused++;
	return hgt_error_set(err, HGT_EUNAVAILABLE, "%u wait already, and limits.waits allows no more; headgate status tells as well",
		all->daemon->config->limits.waits);
}

int rollout_open(struct rollouts *all, const struct rollout_spec *spec, struct rollout **out, struct hgt_error *err)
{
	const struct repo *repo;
	struct rollout *r;
	int code = check_open(all, spec, &repo, err);

	if (code < 0)
		return code;
	r = calloc(1, sizeof(*r));
	if (!r)
		return hgt_error_nomem(err);
	r->all = all;
	r->deadline_ms = hgt_time_mono_ms() + spec->wait_ms;
	r->soon_ms = SOON_MS;
	r->repo_path = strdup(repo->path);
	r->look_soon = evtimer_new(all->daemon->base, on_look, r);
	code = r->repo_path && r->look_soon ? take_spec(r, spec, err) : hgt_error_nomem(err);
	if (code < 0) {
		rollout_free(r);
		return code;
	}
	TAILQ_INSERT_TAIL(&all->list, r, entry);
	all->stats.open++;
	all->stats.opened++;
	look_in(r, 0);
	*out = r;
	return 0;
}

void rollout_free(struct rollout *r)
{
	for (size_t i = 0; i < r->n; i++)
		entry_free(r->entries[i]);
	free(r->entries);
	free(r->refs);
	free(r->repo_path);
	scope_unref(r->scope);
	if (r->look_soon)
		event_free(r->look_soon);
	hgt_map_release(&r->by_name);
	hgt_map_release(&r->answers);
	hgt_arena_release(&r->arena);
	free(r);
}

void rollout_close(struct rollout *r)
{
	if (!r)
		return;
	TAILQ_REMOVE(&r->all->list, r, entry);
	r->all->stats.open--;
	event_del(r->look_soon);
	r->closed = true;
	if (!r->asking)
		rollout_free(r);
}

/* What is told. */

bool rollout_next(const struct rollout *r, size_t *pos, struct rollout_target *out)
{
	while (*pos < r->n) {
		const struct entry *e = r->entries[(*pos)++];

		if (!e->concerned || !e->changed)
			continue;
		*out = (struct rollout_target){.agent = e->agent, .target = e->target, .ref = e->on->ref, .state = e->state,
			.message = e->message.data, .changed = e->changed};
		return true;
	}
	return false;
}

uint64_t rollout_version(const struct rollout *r)
{
	return r->version;
}

enum hgt_rollout_end rollout_end(const struct rollout *r)
{
	return r->end;
}

int rollout_trouble(const struct rollout *r, const struct hgt_error **err)
{
	*err = &r->err;
	return r->code;
}

void rollout_write_head(const struct rollout *r, struct hgt_json *json)
{
	struct hgt_buf name = HGT_BUF_INIT;
	struct rollout_target target;
	size_t n = 0, width = 0, pos = 0;

	while (rollout_next(r, &pos, &target)) {
		hgt_buf_reset(&name);
		hgt_rollout_name(target.agent, target.target, r->n_refs > 1 ? target.ref : NULL, &name);
		width = name.len > width ? name.len : width;
		n++;
	}
	hgt_buf_release(&name);
	hgt_json_key_string(json, "repo", r->spec.repo);
	hgt_json_key(json, "moves");
	hgt_json_begin_array(json);
	for (size_t i = 0; i < r->n_refs; i++) {
		hgt_json_begin_object(json);
		hgt_json_key_string(json, "ref", r->refs[i].ref);
		hgt_json_key_string(json, "revision", r->refs[i].new_id);
		hgt_json_end_object(json);
	}
	hgt_json_end_array(json);
	hgt_json_key_uint(json, "count", n);
	hgt_json_key_uint(json, "width", width);
}

void rollout_write_target(const struct rollout_target *target, struct hgt_json *json)
{
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "agent", target->agent);
	hgt_json_key_string(json, "target", target->target);
	hgt_json_key_string(json, "ref", target->ref);
	hgt_json_key_string(json, "state", hgt_rollout_state_name(target->state));
	hgt_json_key_string(json, "message", *target->message ? target->message : NULL);
	hgt_json_end_object(json);
}
