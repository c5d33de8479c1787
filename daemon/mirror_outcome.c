/* What a turn leaves: how its copy is from then on, when it is tried again, what is told. */
#include "base/log.h"
#include "base/timing.h"
#include "daemon/mirror_parts.h"
#include "headgate/protocol.h"
#include "webhook/backoff.h"

#define TOLD_MOST 20		/* copies of a mirror whose failures are logged one by one: they often have one cause */

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

static void tell_failure(const struct copy *copy)
{
	struct mirror *mirror = copy->mirror;

	if (mirror->told_failing++ < TOLD_MOST)
		hgt_log(HGT_LOG_WARNING, "mirrors", "a copy cannot be brought into step; it is tried again", HGT_S("mirror", mirror->name),
			HGT_S("repo", copy->repo), HGT_S("error", copy->row.error));
	else if (mirror->told_failing == TOLD_MOST + 1)
		hgt_log(HGT_LOG_WARNING, "mirrors", "more copies fail; headgate mirror show has them all", HGT_S("mirror", mirror->name));
}

static void tell_change(const struct copy *copy, enum hgt_copy_state before)
{
	const struct hgt_copy_row *row = &copy->row;
	bool well = row->state == HGT_COPY_IN_STEP || row->state == HGT_COPY_BEHIND;

	if (row->state == HGT_COPY_FAILING && before != HGT_COPY_FAILING)
		tell_failure(copy);
	else if (row->state == HGT_COPY_STOPPED && before != HGT_COPY_STOPPED)
		hgt_log(HGT_LOG_WARNING, "mirrors", "a copy waits for a person", HGT_S("mirror", copy->mirror->name),
			HGT_S("repo", copy->repo), HGT_S("reason", row->error));
	else if (well && (before == HGT_COPY_FAILING || before == HGT_COPY_STOPPED) && copy->mirror->told_failing <= TOLD_MOST)
		hgt_log(HGT_LOG_INFO, "mirrors", "a copy is in step again", HGT_S("mirror", copy->mirror->name), HGT_S("repo", copy->repo));
	if (before != HGT_COPY_FAILING || copy->mirror->n_failing)
		return;
	if (copy->mirror->told_failing > TOLD_MOST)
		hgt_log(HGT_LOG_INFO, "mirrors", "no copy fails any more", HGT_S("mirror", copy->mirror->name));
	copy->mirror->told_failing = 0;
}

static void take_failure(struct copy *copy, const struct hgt_error *err, int64_t now)
{
	const struct hgt_config_mirror *config = copy->mirror->config;
	const struct hgt_backoff backoff = {config->retry_first * 1000, config->retry_most * 1000};
	int64_t wait;

	copy_set_state(copy, HGT_COPY_FAILING);
	copy->row.attempts++;
	wait = hgt_backoff_ms(&backoff, copy->row.attempts, mirrors_dice(), 0);
	copy->row.next_ms = now + wait;
	copy->due_ms = hgt_time_mono_ms() + wait;
	copy->wanted = copy->verify = true;
	copy_set_error(copy, err && *err->message ? err->message : "it has failed, and nothing says why");
	copy_set_since(copy, now);
}

static void take_success(struct copy *copy, const struct turn *turn, int64_t now)
{
	struct hgt_copy_row *row = &copy->row;

	copy_set_state(copy, copy->later ? HGT_COPY_BEHIND : HGT_COPY_IN_STEP);
	row->attempts = 0;
	row->next_ms = row->since_ms = 0;
	row->ok_ms = now;
	row->alerted = false;
	if (turn->copy->mirror->direction == HGT_MIRROR_PUSH)
		row->seq = turn->seq;
	copy->due_ms = 0;
	copy_set_error(copy, "");
	if (row->state == HGT_COPY_BEHIND)
		copy_set_since(copy, now);
}

static void take_stop(struct copy *copy, const struct turn *turn, const struct hgt_error *err, int64_t now)
{
	struct hgt_copy_row *row = &copy->row;

	copy_set_state(copy, HGT_COPY_STOPPED);
	row->attempts = 0;
	row->next_ms = 0;
	if (turn->copy->mirror->direction == HGT_MIRROR_PUSH)
		row->seq = turn->seq;
	copy->due_ms = 0;
	copy_set_error(copy, err && *err->message ? err->message : "it waits for a person");
	copy_set_since(copy, now);
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
	copy_set_looks(copy, turn->verified);
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

/* What was found out is lost: it is asked for again. */
void copy_unsaved(struct copy *copy, const struct hgt_error *err)
{
	if (copy->gone || !copy->ending)
		return;
	take_failure(copy, err, hgt_time_now_ms());
}
