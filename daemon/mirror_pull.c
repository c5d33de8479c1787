/* A pull: one turn, from one step to the next, and what it leaves. */
#include "daemon/mirror_pull.h"

#include "base/escape.h"
#include "base/log.h"
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/mirror_create.h"
#include "daemon/repos.h"

void pull_give_up(struct pull *pull)
{
	mirror_git_free(pull->run);
	child_free(pull->gate);
	mirror_create_free(pull->create);
	hgt_pull_plan_release(&pull->plan);
	hgt_tips_release(&pull->theirs);
	hgt_tips_release(&pull->ours);
	hgt_tips_release(&pull->known);
	hgt_tips_release(&pull->slots);
	hgt_tips_release(&pull->came);
	hgt_map_release(&pull->refused);
	hgt_map_release(&pull->late);
	hgt_arena_release(&pull->arena);
	hgt_buf_release(&pull->stale);
	hgt_buf_release(&pull->note);
	hgt_buf_release(&pull->input);
	hgt_buf_release(&pull->said);
	free(pull->rows);
	free(pull->needs);
	free(pull->done);
	free(pull->passed);
	free(pull->asked);
	free(pull->name);
	free(pull->repo);
	free(pull->path);
	free(pull->journal_path);
	free(pull->incoming);
	hgt_config_unref(pull->config);
	free(pull);
}

static int by_ref(const void *key, const void *row)
{
	return strcmp(key, ((const struct pull_row *)row)->ref);
}

const struct pull_row *pull_row(const struct pull *pull, const char *ref)
{
	return pull->n_rows ? bsearch(ref, pull->rows, pull->n_rows, sizeof(*pull->rows), by_ref) : NULL;
}

static int pull_new(struct turn *turn, struct pull **out, struct hgt_error *err)
{
	struct pull *pull = calloc(1, sizeof(*pull));
	struct hgt_buf journal = HGT_BUF_INIT, incoming = HGT_BUF_INIT;

	if (!pull)
		return hgt_error_nomem(err);
	pull->turn = turn;
	pull->config = hgt_config_ref(turn->config);
	pull->mirror = turn->mirror;
	pull->pool = repos_pool(turn->daemon->repos);
	pull->accept = turn->accept;
	pull->judge_again = (turn->verify && !turn->routine) || turn->accept;
	hgt_buf_init(&pull->stale);
	hgt_buf_init(&pull->note);
	hgt_buf_init(&pull->input);
	hgt_buf_init(&pull->said);
	hgt_buf_addf(&journal, "%s/" HGT_JOURNAL_FILE, turn->config->state);
	pull->name = strdup(turn->mirror->name);
	pull->repo = strdup(turn->copy->repo);
	pull->path = turn->path ? strdup(turn->path) : NULL;
	pull->journal_path = hgt_buf_take(&journal);
	hgt_buf_addf(&incoming, PULL_INCOMING "%s/", turn->mirror->name);
	for (size_t i = strlen(PULL_INCOMING); i < incoming.len; i++)
		if (incoming.data[i] == '.')
			incoming.data[i] = '@';
	pull->incoming = hgt_buf_take(&incoming);
	if (!pull->incoming || !pull->name || !pull->repo || (turn->path && !pull->path) || !pull->journal_path) {
		pull_give_up(pull);
		return hgt_error_nomem(err);
	}
	*out = pull;
	return 0;
}

/* It is there now, empty: as any other from here on. */
static void created(void *ctx, int code, const struct hgt_error *why)
{
	struct pull *pull = ctx;
	struct hgt_error err = *why;

	pull->create = NULL;
	if (pull_stopped(pull))
		return;
	if (code == 0) {
		pull->path = strdup(pull->turn->path);
		code = pull->path ? pull_list(pull, &err) : hgt_error_nomem(&err);
	}
	if (code < 0)
		pull_fail(pull, &err);
}

static int begin(struct turn *turn, struct hgt_error *err)
{
	struct pull *pull = NULL;
	int code;

	if (!turn->path && !turn->mirror->create)
		return hgt_error_set(err, HGT_ENOENT,
			"there is no repository %s here; make it with git init --bare and headgate install, or say create: true", turn->copy->repo);
	code = pull_new(turn, &pull, err);
	if (code < 0)
		return code;
	turn->own = pull;
	code = turn->path ? pull_list(pull, err) : mirror_create_begin(turn, created, pull, &pull->create, err);
	if (code < 0) {
		turn->own = NULL;
		pull_give_up(pull);
		return code;
	}
	return 0;
}

/* A transaction that has begun is let go on: it is short, and what it has done counts. */
static void stop(struct turn *turn)
{
	struct pull *pull = turn->own;

	pull->stopping = true;
	if (pull->run && !pull->n_asked)
		mirror_git_stop(pull->run);
	if (pull->gate)
		child_stop(pull->gate);
	if (pull->create)
		mirror_create_stop(pull->create);
}

static void release(struct turn *turn)
{
	struct pull *pull = turn->own;

	turn->own = NULL;
	if (!pull)
		return;
	pull->turn = NULL;
	mirror_git_free(pull->run);
	child_free(pull->gate);
	mirror_create_free(pull->create);
	pull->run = NULL;
	pull->gate = NULL;
	pull->create = NULL;
	if (!pull->busy)
		pull_give_up(pull);
}

const struct way mirror_pull = {"pull", begin, stop, release};

void pull_fail(struct pull *pull, const struct hgt_error *err)
{
	struct hgt_error copy = *err;

	turn_ended(pull->turn, TURN_FAILED, &copy);
}

bool pull_stopped(struct pull *pull)
{
	if (!pull->stopping)
		return false;
	turn_ended(pull->turn, TURN_BROKEN_OFF, NULL);
	return true;
}

static void looked(void *arg)
{
	struct pull *pull = arg;

	pull->busy = false;
	if (!pull->turn) {
		pull_give_up(pull);
		return;
	}
	if (pull_stopped(pull))
		return;
	if (pull->code < 0)
		pull_fail(pull, &pull->err);
	else
		pull_go_on(pull);
}

/* Whether this turn may make a ref that is none of the clients' business. */
static bool makes_own_refs(const struct pull *pull)
{
	if (!pull->planned)
		return true;
	for (size_t i = 0; i < pull->plan.n; i++)
		if (pull->plan.items[i].keep)
			return true;
	return false;
}

void pull_go_on(struct pull *pull)
{
	if (!pull->hidden && makes_own_refs(pull))
		pull_hide(pull);
	else if (!pull->planned)
		pull_fetch(pull);
	else if (pull->mirror->lfs && !pull->large)
		pull_fetch_large(pull);
	else if (pull->mirror->gate)
		pull_judge(pull);
	else
		pull_move(pull);
}

void pull_look_soon(struct pull *pull)
{
	struct hgt_error err = {0};

	pull->planned = false;
	pull->turn->phase = "comparing";
	pull->busy = true;
	if (hgt_workers_submit(pull->turn->daemon->archivers, pull_look, looked, pull, &err) == 0)
		return;
	pull->busy = false;
	pull_fail(pull, &err);
}

/* What is to be known of a ref from now on; false: nothing. */
static bool write_row(const struct pull *pull, size_t i, const struct pull_row *before, struct hgt_copy_ref_row *out)
{
	const struct hgt_pull_item *item = &pull->plan.items[i];
	bool moved = pull->done && pull->done[i];

	*out = (struct hgt_copy_ref_row){.mirror = pull->name, .repo = pull->repo, .ref = item->ref, .state = HGT_COPY_REF_IN_STEP,
		.id = item->theirs, .theirs = item->theirs, .ours = moved ? item->theirs : item->ours, .note = ""};
	if (moved)
		return *item->theirs;
	if (item->what == HGT_PULL_FORGET || (item->what == HGT_PULL_IN_STEP && !*item->theirs))
		return false;
	if (item->what == HGT_PULL_IN_STEP)
		return true;
	out->id = item->known;
	out->state = item->what == HGT_PULL_LEAVE ? item->state : HGT_COPY_REF_BEHIND;
	out->note = item->note;
	out->since_ms = before && before->since_ms ? before->since_ms : hgt_time_now_ms();
	return true;
}

static bool is_same(const struct pull_row *before, const struct hgt_copy_ref_row *row)
{
	return before && before->state == row->state && strcmp(before->id, row->id) == 0 && strcmp(before->theirs, row->theirs) == 0 &&
		strcmp(before->ours, row->ours) == 0 && strcmp(before->note, row->note) == 0 && (before->since_ms == 0) == (row->since_ms == 0);
}

static int leave_row(struct pull *pull, size_t i, struct hgt_error *err)
{
	const struct hgt_pull_item *item = &pull->plan.items[i];
	const struct pull_row *before = pull_row(pull, item->ref);
	struct hgt_copy_ref_row row;
	bool there = write_row(pull, i, before, &row), moved = pull->done && pull->done[i];
	struct turn_ref *ref;

	if (!moved && (there ? is_same(before, &row) : !before))
		return 0;
	ref = turn_ref(pull->turn, &row, err);
	if (!ref)
		return HGT_ENOMEM;
	ref->forget = !there;
	return moved ? turn_ref_moved(ref, item->ours, item->what == HGT_PULL_FORCE, err) : 0;
}

/* What was held or refused and never here, and is upstream no more: nothing is known of it that the plan would name. */
static int forget_rows(struct pull *pull, struct hgt_error *err)
{
	size_t at = 0;

	for (size_t k = 0; k < pull->n_rows; k++) {
		const struct pull_row *before = &pull->rows[k];
		struct hgt_copy_ref_row row = {.mirror = pull->name, .repo = pull->repo, .ref = before->ref, .id = "",
			.theirs = "", .ours = "", .note = ""};
		struct turn_ref *ref;

		while (at < pull->plan.n && strcmp(pull->plan.items[at].ref, before->ref) < 0)
			at++;
		if (at < pull->plan.n && strcmp(pull->plan.items[at].ref, before->ref) == 0)
			continue;
		ref = turn_ref(pull->turn, &row, err);
		if (!ref)
			return HGT_ENOMEM;
		ref->forget = true;
	}
	return 0;
}

struct tally {
	size_t behind, waiting;
	const struct hgt_pull_item *first_behind, *first_waiting;
};

static void count(const struct pull *pull, struct tally *tally)
{
	for (size_t i = 0; i < pull->plan.n; i++) {
		const struct hgt_pull_item *item = &pull->plan.items[i];
		bool moves = hgt_pull_moves(item) && !(pull->done && pull->done[i]);

		if (moves || (item->what == HGT_PULL_LEAVE && item->state == HGT_COPY_REF_BEHIND)) {
			if (!tally->behind++)
				tally->first_behind = item;
		} else if (item->what == HGT_PULL_LEAVE) {
			if (!tally->waiting++)
				tally->first_waiting = item;
		}
	}
}

static void tell(struct hgt_error *err, int code, const struct hgt_pull_item *item, size_t n)
{
	struct hgt_buf ref = HGT_BUF_INIT;

	hgt_escape_str(&ref, item->ref);
	if (n > 1)
		hgt_error_set(err, code, "%.300s: %.500s (and %zu more refs)", ref.data, item->note, n - 1);
	else
		hgt_error_set(err, code, "%.300s: %.600s", ref.data, item->note);
	hgt_buf_release(&ref);
}

void pull_finish(struct pull *pull)
{
	struct tally tally = {0};
	struct hgt_error err = {0};
	int code = 0;

	for (size_t i = 0; i < pull->plan.n && code == 0; i++)
		code = leave_row(pull, i, &err);
	if (code == 0)
		code = forget_rows(pull, &err);
	if (code < 0) {
		pull_fail(pull, &err);
		return;
	}
	pull->turn->verified = true;
	if (!pull->locks_left)
		pull_unnote(pull);
	if (pull->odd && (pull->turn->verify || pull->turn->turn_refs))
		hgt_log(HGT_LOG_INFO, "mirrors", "upstream has refs whose names are none; they are passed over", HGT_S("mirror", pull->name),
			HGT_S("repo", pull->repo), HGT_I("refs", (int64_t)pull->odd));
	count(pull, &tally);
	if (pull->trouble.code < 0) {
		pull_fail(pull, &pull->trouble);
	} else if (tally.behind) {
		tell(&err, HGT_EUNAVAILABLE, tally.first_behind, tally.behind);
		pull_fail(pull, &err);
	} else if (pull->plan.held) {
		hgt_error_set(&err, HGT_ECONFLICT, "%s", pull->plan.held);
		turn_ended(pull->turn, TURN_STOPPED, &err);
	} else if (tally.waiting) {
		tell(&err, HGT_ECONFLICT, tally.first_waiting, tally.waiting);
		turn_ended(pull->turn, TURN_STOPPED, &err);
	} else {
		turn_ended(pull->turn, TURN_DONE, NULL);
	}
}
