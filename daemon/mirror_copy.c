/* One copy: what makes it wanted, what a turn has come to, back-off, alerts. */
#include <inttypes.h>

#include "base/log.h"
#include "base/timing.h"
#include "daemon/hub.h"
#include "daemon/mirror_manifest.h"
#include "daemon/mirror_parts.h"
#include "headgate/protocol.h"
#include "mirror/remote.h"
#include "webhook/backoff.h"

#define START_SPREAD_MS 30000	/* over which looks that were due while the daemon was away are spread */
#define AGAIN_MS 60000		/* after an alert that could not be written */

static char no_error[] = "";

/* Memory. */

struct copy *copy_ref(struct copy *copy)
{
	copy->refs++;
	return copy;
}

static void set_error(struct copy *copy, const char *text)
{
	char *own = *text ? strdup(text) : no_error;

	if (copy->row.error != no_error)
		free((char *)copy->row.error);
	copy->row.error = own ? own : no_error;
}

void copy_unref(struct copy *copy)
{
	struct mirror *mirror;

	if (!copy || --copy->refs)
		return;
	mirror = copy->mirror;
	hgt_turns_leave(&mirror->mirrors->turns, &copy->waiter);
	hgt_heap_remove(&mirror->mirrors->due, &copy->due);
	copy_unlist(copy);
	copy_unref(copy->held);
	set_error(copy, "");
	free(copy->repo);
	free(copy);
	mirror_unref(mirror);
}

int copy_new(struct mirror *mirror, const char *repo, struct copy **out, struct hgt_error *err)
{
	struct copy *copy = calloc(1, sizeof(*copy));
	struct hgt_buf url = HGT_BUF_INIT, host = HGT_BUF_INIT;
	int code;

	if (!copy)
		return hgt_error_nomem(err);
	copy->refs = 1;
	copy->mirror = mirror;
	mirror->refs++;
	copy->repo = strdup(repo);
	copy->row = (struct hgt_copy_row){.mirror = mirror->name, .repo = copy->repo, .error = no_error};
	code = hgt_remote_url(mirror->url, repo, &url, err);
	if (code == 0)
		code = hgt_remote_host(url.data, &host, err);
	if (code == 0 && (!copy->repo || hgt_turns_join(&mirror->mirrors->turns, &mirror->lane, &copy->waiter, host.data) < 0 ||
		hgt_heap_put(&mirror->mirrors->due, &copy->due, INT64_MAX) < 0))
		code = hgt_error_nomem(err);
	hgt_buf_release(&url);
	hgt_buf_release(&host);
	if (code == 0)
		*out = copy;
	else
		copy_unref(copy);
	return code;
}

int copy_take_row(struct copy *copy, const struct hgt_copy_row *row, struct hgt_error *err)
{
	const char *mirror = copy->row.mirror, *repo = copy->row.repo;
	char *error = *row->error ? strdup(row->error) : no_error;

	if (!error)
		return hgt_error_nomem(err);
	set_error(copy, "");
	copy->row = *row;
	copy->row.mirror = mirror;
	copy->row.repo = repo;
	copy->row.error = error;
	copy->known_behind = row->state != HGT_COPY_IN_STEP;
	return 0;
}

/* The list of those whose moves the disk may not know. */

void copy_unlist(struct copy *copy)
{
	if (!copy->unsettled)
		return;
	TAILQ_REMOVE(&copy->mirror->mirrors->unsettled, copy, entry);
	copy->unsettled = 0;
}

static void list(struct copy *copy, uint64_t seq)
{
	struct copy_list *all = &copy->mirror->mirrors->unsettled;
	struct copy *before = TAILQ_LAST(all, copy_list);

	copy->unsettled = seq;
	while (before && before->unsettled > seq)
		before = TAILQ_PREV(before, copy_list, entry);
	if (before)
		TAILQ_INSERT_AFTER(all, before, copy, entry);
	else
		TAILQ_INSERT_HEAD(all, copy, entry);
}

/* Times. */

/* From half-open [0, most]. */
static int64_t by_chance(int64_t most)
{
	return most > 0 ? (int64_t)(mirrors_dice() % ((uint64_t)most + 1)) : 0;
}

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

bool copy_is_paused(const struct copy *copy)
{
	const struct mirror *mirror = copy->mirror;

	return copy->row.paused || mirror->paused || (mirror->config && mirror->config->peer != HGT_MIRROR_ALONE && !mirror->may_pull);
}

/* How long until it is late. A wall clock that was set back makes nobody wait longer than once the whole time. */
static int64_t alert_wait(const struct copy *copy, int64_t now_ms)
{
	int64_t whole = (int64_t)copy->mirror->config->alert_after * 1000;

	return clamp(copy->row.since_ms + whole - now_ms, 0, whole);
}

static void set_since(struct copy *copy, int64_t now_ms)
{
	if (copy->row.since_ms)
		return;
	copy->row.since_ms = now_ms;
	copy->alert_ms = hgt_time_mono_ms() + alert_wait(copy, now_ms);
}

/* The next looks that nobody asks for, from now on. */
static void set_looks(struct copy *copy, bool verified)
{
	const struct hgt_config_mirror *config = copy->mirror->config;
	int64_t every = (int64_t)config->every * 1000, verify = (int64_t)config->verify_every * 1000, now = hgt_time_mono_ms();

	copy->look_ms = config->direction == HGT_MIRROR_PULL && every && !mirror_manifest_leads(copy->mirror) ? now + every + by_chance(every / 10) : 0;
	if (!verify)
		copy->verify_ms = 0;
	else if (verified || !copy->verify_ms)
		copy->verify_ms = now + verify + by_chance(verify / 10);
}

/* When something is to be done that nobody else will cause. */
static int64_t next_due(const struct copy *copy)
{
	int64_t next = INT64_MAX;

	if (copy->gone || copy->mirror->mirrors->draining || copy_is_paused(copy))
		return next;
	if (copy->row.since_ms && !copy->row.alerted)
		next = copy->alert_ms;
	if (copy->turn || copy->ending || copy->held || mirror_manifest_awaited(copy->mirror))
		return next;
	if (copy->wanted && !copy->waiter.waits && copy->due_ms < next)
		next = copy->due_ms;
	if (!copy->wanted && copy->look_ms && copy->look_ms < next)
		next = copy->look_ms;
	if (!copy->wanted && copy->verify_ms && copy->verify_ms < next)
		next = copy->verify_ms;
	return next;
}

void copy_step(struct copy *copy)
{
	struct mirrors *m = copy->mirror->mirrors;
	bool stands = !copy->gone && !m->draining && !copy->turn && !copy->ending && !copy->held && !copy_is_paused(copy) &&
		!mirror_manifest_awaited(copy->mirror);

	if (stands && copy->wanted && (copy->urgent || copy->due_ms <= hgt_time_mono_ms())) {
		hgt_turns_wait(&m->turns, &copy->waiter, copy->urgent);
		mirrors_pump_soon(m);
	} else if (!stands) {
		hgt_turns_give_up(&m->turns, &copy->waiter);
	}
	/* It has been in the heap since it was made, so there is room. */
	if (copy->due.place && hgt_heap_put(&m->due, &copy->due, next_due(copy)) == 0)
		mirrors_set_clock(m);
}

/* What makes it wanted. */

static void save_row(struct copy *copy)
{
	struct save *save = save_new(copy->mirror->mirrors);
	struct hgt_error err = {0};

	if (save && save_copy(save, copy, &err) == 0)
		save_submit(save, NULL, NULL);
	else
		save_free(save);
}

void copy_moved(struct copy *copy, uint64_t seq)
{
	if (copy->gone)
		return;
	if (seq && copy->mirror->direction == HGT_MIRROR_PUSH && !copy->known_behind && !copy->unsettled)
		list(copy, seq);
	if ((copy->turn || copy->ending) && !copy->later)
		copy->later = seq ? seq : 1;
	if (copy->row.state == HGT_COPY_IN_STEP)
		copy->row.state = HGT_COPY_BEHIND;
	set_since(copy, hgt_time_now_ms());
	copy->wanted = true;
	/* It may stay so for long, and the others are not to wait for it. */
	if (copy->unsettled && copy_is_paused(copy) && !copy->writing)
		save_row(copy);
	copy_step(copy);
}

void copy_want(struct copy *copy)
{
	copy_moved(copy, 0);
}

void copy_look(struct copy *copy, bool urgent)
{
	if (copy->gone)
		return;
	copy->wanted = true;
	if (urgent) {
		copy->urgent = true;
		copy->due_ms = 0;
	}
	copy_step(copy);
}

void copy_start(struct copy *copy)
{
	int64_t now = hgt_time_mono_ms(), wall = hgt_time_now_ms();
	const struct hgt_config_mirror *config = copy->mirror->config;
	const struct hgt_copy_row *row = &copy->row;

	set_looks(copy, false);
	if (row->since_ms)
		copy->alert_ms = now + alert_wait(copy, wall);
	/* How what was on its way has ended is not known, so it is asked. */
	if (row->state != HGT_COPY_IN_STEP)
		copy->wanted = copy->verify = true;
	if (row->state == HGT_COPY_FAILING)
		copy->due_ms = now + clamp(row->next_ms - wall, 0, (int64_t)config->retry_most * 1000);
	/* Looks that came due while nobody was there come soon, and not all at once. */
	if (config->direction == HGT_MIRROR_PULL && !mirror_manifest_leads(copy->mirror))
		copy->look_ms = now + by_chance(config->every ? clamp((int64_t)config->every * 1000, 0, START_SPREAD_MS) : START_SPREAD_MS);
	if (copy->verify_ms) {
		int64_t whole = (int64_t)config->verify_every * 1000, left = clamp(row->verified_ms + whole - wall, 0, whole);

		copy->verify_ms = now + left + by_chance(START_SPREAD_MS);
	}
	copy_step(copy);
}

/* Its moves are on disk as something to be done before they are known no more. */
void copy_end(struct copy *copy)
{
	if (copy->unsettled && !copy->mirror->gone)
		save_row(copy);
	copy->gone = true;
	copy->wanted = false;
	copy_unlist(copy);
	copy_step(copy);
	if (copy->turn)
		turn_stop(copy->turn);
}

void copy_replan(struct copy *copy)
{
	set_looks(copy, true);
	if (copy->row.since_ms)
		copy->alert_ms = hgt_time_mono_ms() + alert_wait(copy, hgt_time_now_ms());
	copy_step(copy);
}

/* Its time has come. */

static void on_late_told(void *ctx, int code, const struct hgt_error *err)
{
	struct copy *copy = ctx;

	(void)err;
	if (code < 0) {
		copy->row.alerted = false;
		copy->alert_ms = hgt_time_mono_ms() + AGAIN_MS;
		copy_step(copy);
	}
	copy_unref(copy);
}

static void tell_late(struct copy *copy)
{
	struct save *save = save_new(copy->mirror->mirrors);
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_error err = {0};

	copy->row.alerted = true;
	mirror_write_late(copy, &data);
	copy_ref(copy);
	if (save && save_event(save, HGT_EVENT_MIRROR_LATE, copy->mirror->name, copy->repo, &data, &err) == 0 && save_copy(save, copy, &err) == 0) {
		hgt_log(HGT_LOG_WARNING, "mirrors", "a copy is late", HGT_S("mirror", copy->mirror->name), HGT_S("repo", copy->repo),
			HGT_I("seconds", (hgt_time_now_ms() - copy->row.since_ms) / 1000), HGT_S("error", copy->row.error));
		save_submit(save, on_late_told, copy);
	} else {
		save_free(save);
		on_late_told(copy, HGT_ENOMEM, &err);
	}
	hgt_buf_release(&data);
}

void copy_due(struct copy *copy)
{
	int64_t now = hgt_time_mono_ms();

	if (copy->row.since_ms && !copy->row.alerted && copy->alert_ms <= now && !copy_is_paused(copy))
		tell_late(copy);
	if (!copy->turn && !copy->ending && !copy->wanted) {
		if (copy->verify_ms && copy->verify_ms <= now)
			copy->wanted = copy->verify = true;
		if (copy->look_ms && copy->look_ms <= now)
			copy->wanted = true;
	}
	copy_step(copy);
}

/* What a turn leaves. */

static bool dup_into(const char **out, const char *s)
{
	*out = strdup(s ? s : "");
	return *out != NULL;
}

struct turn_ref *turn_ref(struct turn *turn, const struct hgt_copy_ref_row *row, struct hgt_error *err)
{
	struct turn_ref *ref = calloc(1, sizeof(*ref));

	if (ref) {
		ref->row = (struct hgt_copy_ref_row){.mirror = turn->copy->mirror->name, .repo = turn->copy->repo, .state = row->state,
			.since_ms = row->since_ms};
		if (!dup_into(&ref->row.ref, row->ref) || !dup_into(&ref->row.id, row->id) || !dup_into(&ref->row.theirs, row->theirs) ||
			!dup_into(&ref->row.ours, row->ours) || !dup_into(&ref->row.note, row->note)) {
			turn_refs_free(ref);
			ref = NULL;
		}
	}
	if (!ref) {
		hgt_error_nomem(err);
		return NULL;
	}
	*turn->last_ref = ref;
	turn->last_ref = &ref->next;
	return ref;
}

int turn_ref_moved(struct turn_ref *ref, const char *before, bool forced, struct hgt_error *err)
{
	char *own = strdup(before);

	if (!own)
		return hgt_error_nomem(err);
	free(ref->before);
	ref->before = own;
	ref->moved = true;
	ref->forced = forced;
	return 0;
}

/* What a turn has come to. */

static void tell_change(const struct copy *copy, enum hgt_copy_state before)
{
	const struct hgt_copy_row *row = &copy->row;

	if (row->state == HGT_COPY_FAILING && before != HGT_COPY_FAILING)
		hgt_log(HGT_LOG_WARNING, "mirrors", "a copy cannot be brought into step; it is tried again", HGT_S("mirror", copy->mirror->name),
			HGT_S("repo", copy->repo), HGT_S("error", row->error));
	else if (row->state == HGT_COPY_STOPPED && before != HGT_COPY_STOPPED)
		hgt_log(HGT_LOG_WARNING, "mirrors", "a copy waits for a person", HGT_S("mirror", copy->mirror->name), HGT_S("repo", copy->repo),
			HGT_S("reason", row->error));
	else if ((row->state == HGT_COPY_IN_STEP || row->state == HGT_COPY_BEHIND) && (before == HGT_COPY_FAILING || before == HGT_COPY_STOPPED))
		hgt_log(HGT_LOG_INFO, "mirrors", "a copy is in step again", HGT_S("mirror", copy->mirror->name), HGT_S("repo", copy->repo));
}

static void take_failure(struct copy *copy, const struct hgt_error *err, int64_t now)
{
	const struct hgt_config_mirror *config = copy->mirror->config;
	const struct hgt_backoff backoff = {config->retry_first * 1000, config->retry_most * 1000};
	int64_t wait;

	copy->row.state = HGT_COPY_FAILING;
	copy->row.attempts++;
	wait = hgt_backoff_ms(&backoff, copy->row.attempts, mirrors_dice(), 0);
	copy->row.next_ms = now + wait;
	copy->due_ms = hgt_time_mono_ms() + wait;
	copy->wanted = copy->verify = true;
	set_error(copy, err && *err->message ? err->message : "it has failed, and nothing says why");
	set_since(copy, now);
}

static void take_success(struct copy *copy, const struct turn *turn, int64_t now)
{
	struct hgt_copy_row *row = &copy->row;

	row->state = copy->later ? HGT_COPY_BEHIND : HGT_COPY_IN_STEP;
	row->attempts = 0;
	row->next_ms = row->since_ms = 0;
	row->ok_ms = now;
	row->alerted = false;
	if (turn->copy->mirror->direction == HGT_MIRROR_PUSH)
		row->seq = turn->seq;
	copy->due_ms = 0;
	set_error(copy, "");
	if (row->state == HGT_COPY_BEHIND)
		set_since(copy, now);
}

static void take_stop(struct copy *copy, const struct turn *turn, const struct hgt_error *err, int64_t now)
{
	struct hgt_copy_row *row = &copy->row;

	row->state = HGT_COPY_STOPPED;
	row->attempts = 0;
	row->next_ms = 0;
	if (turn->copy->mirror->direction == HGT_MIRROR_PUSH)
		row->seq = turn->seq;
	copy->due_ms = 0;
	set_error(copy, err && *err->message ? err->message : "it waits for a person");
	set_since(copy, now);
}

/* By stop: nothing is known to be wrong, and it goes on where it was when it may. */
static void take_break(struct copy *copy, const struct turn *turn)
{
	copy->wanted = true;
	copy->verify = true;
	copy->accept = copy->accept || turn->accept;
}

static void take_end(struct copy *copy, const struct turn *turn, enum turn_end end, const struct hgt_error *err)
{
	int64_t now = hgt_time_now_ms();

	copy->row.tried_ms = now;
	copy->row.bytes += turn->bytes;
	copy->mirror->turns++;
	copy->mirror->bytes += turn->bytes;
	if (turn->verified)
		copy->row.verified_ms = now;
	set_looks(copy, turn->verified);
	if (end == TURN_DONE || end == TURN_STOPPED)
		memcpy(copy->print, turn->print, sizeof(copy->print));
	switch (end) {
	case TURN_DONE:
		take_success(copy, turn, now);
		break;
	case TURN_STOPPED:
		take_stop(copy, turn, err, now);
		break;
	case TURN_FAILED:
		copy->mirror->failed++;
		copy->accept = copy->accept || turn->accept;
		take_failure(copy, err, now);
		break;
	case TURN_BROKEN_OFF:
		take_break(copy, turn);
		break;
	}
}

static void on_outcome(void *ctx, int code, const struct hgt_error *err)
{
	struct copy *copy = ctx;

	(void)code, (void)err;
	copy->ending = false;
	copy_step(copy);
	copy_unref(copy);
}

static int gather(struct save *save, struct turn *turn, bool stopped_anew, bool caught_up, int64_t since_ms, struct hgt_error *err)
{
	struct copy *copy = turn->copy;
	const char *mirror = copy->mirror->name;
	struct hgt_buf data = HGT_BUF_INIT;
	int code = save_copy(save, copy, err);

	if (code == 0 && mirror_has_moved(turn)) {
		mirror_write_updated(turn, &data);
		code = save_event(save, HGT_EVENT_MIRROR_UPDATED, mirror, copy->repo, &data, err);
	}
	if (code == 0 && stopped_anew) {
		mirror_write_diverged(turn, copy->row.error, &data);
		code = save_event(save, HGT_EVENT_MIRROR_DIVERGED, mirror, copy->repo, &data, err);
	}
	if (code == 0 && caught_up) {
		mirror_write_caught_up(copy, since_ms, &data);
		code = save_event(save, HGT_EVENT_MIRROR_CAUGHT_UP, mirror, copy->repo, &data, err);
	}
	hgt_buf_release(&data);
	if (code == 0)
		save_turn_refs(save, turn);
	return code;
}

static void note(struct copy *copy, struct turn *turn, enum turn_end end, const struct hgt_error *why)
{
	struct hgt_copy_row *row = &copy->row;
	struct save *save = save_new(copy->mirror->mirrors);
	struct hgt_error err = {0};
	enum hgt_copy_state before = row->state;
	bool alerted = row->alerted, stopped_anew;
	int64_t since = row->since_ms;

	stopped_anew = end == TURN_STOPPED && (before != HGT_COPY_STOPPED || !why || strcmp(row->error, why->message) != 0);
	take_end(copy, turn, end, why);
	copy->ending = true;
	copy_ref(copy);
	if (save && gather(save, turn, stopped_anew, alerted && end == TURN_DONE, since, &err) == 0) {
		tell_change(copy, before);
		save_submit(save, on_outcome, copy);
		return;
	}
	save_free(save);
	hgt_error_nomem(&err);
	copy_unsaved(copy, &err);
	on_outcome(copy, HGT_ENOMEM, &err);
}

/* Whoever has waited for it because it bears the same name. */
static void let_go(struct copy *ended)
{
	struct mirror *mirror = mirrors_find(ended->mirror->mirrors, ended->mirror->name);
	struct copy *copy = mirror ? mirror_find_copy(mirror, ended->repo) : NULL;

	if (!copy || copy->held != ended)
		return;
	copy->held = NULL;
	copy_unref(ended);
	copy_step(copy);
}

static void end_turn(struct turn *turn, bool begun, enum turn_end end, const struct hgt_error *err)
{
	struct copy *copy = copy_ref(turn->copy);
	struct mirrors *m = copy->mirror->mirrors;

	hgt_turns_end(&m->turns, &copy->waiter);
	TAILQ_REMOVE(&m->running, turn, entry);
	copy->turn = NULL;
	if (!copy->mirror->gone)
		note(copy, turn, end, err);
	if (begun)
		copy->mirror->way->release(turn);
	turn_free(turn);
	if (copy->gone)
		let_go(copy);
	copy_unref(copy);
	mirrors_pump_soon(m);
}

void turn_ended(struct turn *turn, enum turn_end end, const struct hgt_error *err)
{
	end_turn(turn, true, end, err);
}

void turn_not_listed(struct turn *turn)
{
	struct hgt_error err = {0};

	hgt_error_set(&err, HGT_ENOENT, "upstream's manifest has this repository no more; what is here stays as it was, until the manifest has it "
		"again; leave it out by repos to be told no more");
	end_turn(turn, false, TURN_STOPPED, &err);
}

void turn_not_begun(struct turn *turn, const struct hgt_error *err)
{
	end_turn(turn, false, TURN_FAILED, err);
}

/* No turn came of it: memory has run out. */
void copy_failed(struct copy *copy, const struct hgt_error *err)
{
	take_failure(copy, err, hgt_time_now_ms());
	copy_step(copy);
}

/* Its row is on disk. Where it has been written again since, the one that comes last counts. */
void copy_saved(struct copy *copy, const struct hgt_copy_row *row)
{
	bool is_last = copy->writing == 1;

	if (copy->gone)
		return;
	if (row->state != HGT_COPY_IN_STEP) {
		if (!is_last)
			return;
		copy->known_behind = true;
		copy_unlist(copy);
		return;
	}
	if (copy->unsettled && copy->unsettled <= row->seq) {
		copy_unlist(copy);
		if (copy->later)
			list(copy, copy->later);
	}
}

/* What was found out is lost: it is asked for again. */
void copy_unsaved(struct copy *copy, const struct hgt_error *err)
{
	if (copy->gone || !copy->ending)
		return;
	take_failure(copy, err, hgt_time_now_ms());
}
