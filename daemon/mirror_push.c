/*
 * The way "push": a turn.
 *
 *	LOOKING --must ask--> ASKING --> LOOKING --> SENDING --overtaken, once--> ASKING
 *	     \_________________________________________/     \--> ENDED
 *
 * A look (on a git worker) makes the plan from what is here, what the rows know and, where it was asked, what is there. Most turns ask
 * nothing and run git once: should the other side not be as the rows have it, it takes nothing that it would lose, and is asked then.
 */
#include <unistd.h>

#include "base/escape.h"
#include "base/timing.h"
#include "daemon/mirror_push.h"

enum { ROUNDS_MAX = 3 };	/* as often something may be overtaken in one turn */

static void forget_plan(struct push *push)
{
	for (size_t i = 0; push->notes && i < push->plan.n; i++)
		free(push->notes[i]);
	free(push->notes);
	free(push->fates);
	push->notes = NULL;
	push->fates = NULL;
	hgt_push_plan_release(&push->plan);
}

static void release(struct turn *turn)
{
	struct push *push = turn->own;

	mirror_git_free(push->run);
	push_drop_batches(push);
	forget_plan(push);
	for (size_t i = 0; i < push->n_known; i++)
		free(push->known[i].ref);
	free(push->known);
	hgt_tips_release(&push->ours);
	hgt_tips_release(&push->theirs);
	hgt_tips_release(&push->only);
	hgt_tips_release(&push->overtaken);
	free(push->first_waiting);
	free(push->first_refused);
	free(push);
	turn->own = NULL;
}

/* The end. */

/* "<ref>: <note>", and how many there are beside it. */
static char *sentence(const char *ref, const char *note)
{
	struct hgt_buf text = HGT_BUF_INIT;

	hgt_escape_str(&text, ref);
	hgt_buf_addf(&text, ": %s", note);
	return hgt_buf_take(&text);
}

static void write_rest(size_t n, char *out, size_t size)
{
	out[0] = '\0';
	if (n > 1)
		snprintf(out, size, " (and %zu more)", n - 1);
}

static void end(struct push *push)
{
	struct turn *turn = push->turn;
	struct hgt_error err = push->err;
	char rest[48];

	if (turn->stopping) {
		turn_ended(turn, TURN_BROKEN_OFF, NULL);
		return;
	}
	if (err.code) {
		turn_ended(turn, TURN_FAILED, &err);
		return;
	}
	turn->verified = push->all_asked;
	/* Who waits for a person is told before who is only refused: time alone brings the one on, but not the other. */
	if (push->waiting) {
		write_rest(push->waiting, rest, sizeof(rest));
		hgt_error_set(&err, HGT_ECONFLICT, "%s%s", push->first_waiting ? push->first_waiting : "", rest);
		turn_ended(turn, TURN_STOPPED, &err);
	} else if (push->refused) {
		write_rest(push->refused, rest, sizeof(rest));
		hgt_error_set(&err, HGT_EPERM, "the other side refuses %s%s", push->first_refused ? push->first_refused : "a ref", rest);
		turn_ended(turn, TURN_FAILED, &err);
	} else {
		turn_ended(turn, TURN_DONE, NULL);
	}
}

static void fail(struct push *push)
{
	if (!push->err.code)
		hgt_error_nomem(&push->err);
	end(push);
}

/* What has become of the plan. */

static const struct hgt_push_known *find_known(const struct push *push, const char *ref)
{
	size_t from = 0, to = push->n_known;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = strcmp(push->known[middle].ref, ref);

		if (order == 0)
			return &push->known[middle];
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

static struct turn_ref *leave(struct push *push, const struct hgt_push_item *item, enum hgt_copy_ref_state state, const char *note)
{
	bool in_step = state == HGT_COPY_REF_IN_STEP;
	int64_t since = in_step ? 0 : item->since_ms ? item->since_ms : hgt_time_now_ms();

	return turn_ref(push->turn, &(struct hgt_copy_ref_row){.ref = item->ref, .state = state, .id = item->id, .theirs = item->theirs,
		.ours = item->ours, .since_ms = since, .note = note}, &push->err);
}

static int leave_moved(struct push *push, const struct hgt_push_item *item)
{
	struct hgt_push_item now = *item;
	struct turn_ref *ref;

	memcpy(now.id, item->ours, sizeof(now.id));
	memcpy(now.theirs, item->ours, sizeof(now.theirs));
	ref = leave(push, &now, HGT_COPY_REF_IN_STEP, "");
	if (!ref)
		return HGT_ENOMEM;
	ref->forget = item->what == HGT_PUSH_DELETE;
	return turn_ref_moved(ref, item->theirs, item->what == HGT_PUSH_FORCE, &push->err);
}

/* That it waits is written once, not at each attempt. */
static bool is_told(const struct push *push, const struct hgt_push_item *item, enum hgt_copy_ref_state state)
{
	const struct hgt_push_known *known = find_known(push, item->ref);

	return known && known->state == state && !strcmp(known->ours, item->ours) && !strcmp(known->theirs, item->theirs);
}

static int leave_refused(struct push *push, const struct hgt_push_item *item, const char *note)
{
	if (!push->refused++)
		push->first_refused = sentence(item->ref, note);
	return leave(push, item, HGT_COPY_REF_REFUSED, note) ? 0 : HGT_ENOMEM;
}

static int leave_nothing(struct push *push, const struct hgt_push_item *item)
{
	struct turn_ref *ref = leave(push, item, item->state, item->note);

	if (!ref)
		return HGT_ENOMEM;
	ref->forget = item->forget;
	return 0;
}

static int settle_item(struct push *push, size_t i, bool last)
{
	const struct hgt_push_item *item = &push->plan.items[i];
	const char *note = push->notes && push->notes[i] ? push->notes[i] : "it says no more";
	enum push_fate fate = push->fates ? push->fates[i] : FATE_OPEN;

	if (item->what == HGT_PUSH_NOTHING)
		return leave_nothing(push, item);
	if (fate == FATE_DONE)
		return leave_moved(push, item);
	if (fate == FATE_REFUSED || fate == FATE_REFUSED_ALL)
		return leave_refused(push, item, note);
	if (fate == FATE_OVERTAKEN && !last)
		return hgt_tips_add(&push->overtaken, item->ref, item->ours[0] ? item->ours : item->theirs, &push->err);
	if (fate == FATE_OVERTAKEN)
		return leave_refused(push, item, note);
	/* Where it is told as diverged and has been accepted, it stays told as that until it has moved. */
	if (item->state != HGT_COPY_REF_BEHIND || is_told(push, item, HGT_COPY_REF_BEHIND))
		return 0;
	return leave(push, item, HGT_COPY_REF_BEHIND, push->err.message) ? 0 : HGT_ENOMEM;
}

static int settle(struct push *push, bool last)
{
	int code = 0;

	if (!push->waiting && push->plan.waiting)
		push->first_waiting = sentence(push->plan.first, push->plan.first_note);
	push->waiting += push->plan.waiting;
	for (size_t i = 0; i < push->plan.n && code == 0; i++)
		code = settle_item(push, i, last);
	return code;
}

/* Asking. */

static void on_looked(struct push *push, int code);

static void look(struct push *push)
{
	push->turn->phase = "comparing";
	if (push_look(push, on_looked, &push->err) < 0)
		fail(push);
}

static void on_ref(void *ctx, int fd, const char *line, size_t len)
{
	struct push *push = ctx;
	struct hgt_tips one = HGT_TIPS_INIT;
	struct hgt_error err = {0};
	int code;

	if (fd != STDOUT_FILENO || push->err.code)
		return;
	code = hgt_tips_take(&one, line, len, &err);
	if (code == 0 && one.n && push_wants(push, one.items[0].ref))
		code = hgt_tips_add(&push->theirs, one.items[0].ref, one.items[0].id, &err);
	hgt_tips_release(&one);
	if (code < 0) {
		push->err = err;
		mirror_git_stop(push->run);
	}
}

static void on_asked(void *ctx, const struct child_end *ended, const char *said)
{
	struct push *push = ctx;

	push->run = NULL;
	if (!push->err.code && (ended->status != 0 || ended->stopped))
		mirror_git_judge(push->turn, ended, said, &push->err);
	push->asked = !push->err.code;
	if (push->asked && !push->only.n)
		push->all_asked = true;
	if (push->turn->stopping)
		end(push);
	else
		look(push);
}

static int ask(struct push *push, struct hgt_error *err)
{
	static const char *const args[] = {"ls-remote", "--refs", "mirror", NULL};
	const struct mirror_git git = {.args = args, .line = on_ref, .ended = on_asked, .ctx = push};

	push->turn->phase = "listing";
	hgt_tips_release(&push->theirs);
	return mirror_git_run(push->turn, &git, &push->run, err);
}

/* The steps. */

/* What was overtaken is asked for, and planned anew by itself. */
static void go_on(struct push *push)
{
	hgt_tips_sort(&push->overtaken);
	hgt_tips_release(&push->only);
	push->only = push->overtaken;
	push->overtaken = (struct hgt_tips)HGT_TIPS_INIT;
	for (size_t i = 0; i < push->n_known; i++)
		free(push->known[i].ref);
	push->n_known = 0;
	hgt_tips_release(&push->ours);
	push->listed = push->asked = false;
	forget_plan(push);
	if (ask(push, &push->err) < 0)
		fail(push);
}

static void on_sent(struct push *push)
{
	bool last = ++push->rounds == ROUNDS_MAX || push->err.code || push->turn->stopping;

	if (settle(push, last) < 0)
		fail(push);
	else if (!last && push->overtaken.n)
		go_on(push);
	else
		end(push);
}

static void on_looked(struct push *push, int code)
{
	if (push->turn->stopping) {
		end(push);
	} else if (code == 1) {
		if (ask(push, &push->err) < 0)
			fail(push);
	} else if (code < 0) {
		fail(push);
	} else if (push->err.code) {
		/* It could not be asked. What waits there for it is noted all the same. */
		on_sent(push);
	} else {
		push_send(push, on_sent);
	}
}

static int begin(struct turn *turn, struct hgt_error *err)
{
	struct push *push;
	int code;

	if (!turn->path)
		return hgt_error_set(err, HGT_ENOENT, "there is no repository %s here any more", turn->copy->repo);
	push = calloc(1, sizeof(*push));
	if (!push)
		return hgt_error_nomem(err);
	push->turn = turn;
	TAILQ_INIT(&push->batches);
	turn->own = push;
	if (turn->verify || turn->accept || !turn->copy->row.verified_ms) {
		code = ask(push, err);
	} else {
		turn->phase = "comparing";
		code = push_look(push, on_looked, err);
	}
	if (code < 0)
		release(turn);
	return code;
}

static void stop(struct turn *turn)
{
	const struct push *push = turn->own;

	if (push->run)
		mirror_git_stop(push->run);
}

const struct way mirror_push = {"push", begin, stop, release};
