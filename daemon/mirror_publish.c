/* A pull: the published refs move, in one transaction. */
#include "base/log.h"
#include "base/timing.h"
#include "daemon/mirror_pull.h"
#include "mirror/words.h"

enum {
	TRIES_MAX = 3,		/* plans that somebody's push has overtaken; then each ref goes alone */
	PACKED_FROM = 500,	/* so many new refs are packed */
};

static const char zero_id[] = "0000000000000000000000000000000000000000";

int pull_room(struct pull *pull, struct hgt_error *err)
{
	size_t n = pull->plan.n ? pull->plan.n : 1;

	free(pull->done);
	free(pull->passed);
	free(pull->asked);
	pull->done = calloc(n, sizeof(*pull->done));
	pull->passed = calloc(n, sizeof(*pull->passed));
	pull->asked = calloc(n, sizeof(*pull->asked));
	pull->n_asked = 0;
	return pull->done && pull->passed && pull->asked ? 0 : hgt_error_nomem(err);
}

static bool may_move(const struct pull *pull, size_t i)
{
	return hgt_pull_moves(&pull->plan.items[i]) && !pull->done[i] && (pull->passed[i] || !pull->mirror->gate);
}

/* What the next transaction has. Where a name that goes is in the way of one that comes, what goes is first. */
static size_t collect(struct pull *pull)
{
	bool deleting = false;

	pull->n_asked = 0;
	for (size_t i = 0; i < pull->plan.n && pull->plan.deletes_first && !deleting; i++)
		deleting = may_move(pull, i) && pull->plan.items[i].what == HGT_PULL_DELETE;
	for (size_t i = 0; i < pull->plan.n && !(pull->one_by_one && pull->n_asked); i++)
		if (may_move(pull, i) && (!deleting || pull->plan.items[i].what == HGT_PULL_DELETE))
			pull->asked[pull->n_asked++] = i;
	return pull->n_asked;
}

static void add_word(struct hgt_buf *out, const char *word)
{
	hgt_buf_adds(out, word);
	hgt_buf_add(out, "", 1);
}

/* A command of update-ref --stdin -z: `word ref NUL`, and ids with a NUL behind each. */
static void add_command(struct hgt_buf *out, const char *word, const char *ref, const char *id, const char *other)
{
	hgt_buf_adds(out, "option no-deref");
	hgt_buf_add(out, "", 1);
	hgt_buf_addf(out, "%s %s", word, ref);
	hgt_buf_add(out, "", 1);
	hgt_buf_adds(out, id);
	hgt_buf_add(out, "", 1);
	if (other) {
		hgt_buf_adds(out, other);
		hgt_buf_add(out, "", 1);
	}
}

/* refs/headgate/kept/heads/main/20260102T030405Z-0123456789ab */
static void add_kept(struct hgt_buf *out, const struct hgt_pull_item *item, const char *stamp)
{
	struct hgt_buf name = HGT_BUF_INIT;

	hgt_buf_addf(&name, PULL_KEPT "%s/%s-%.12s", item->ref + strlen("refs/"), stamp, item->ours);
	add_command(out, "update", name.data, item->ours, "");
	out->failed |= name.failed;
	hgt_buf_release(&name);
}

static void make_stamp(char out[32])
{
	char time[HGT_TIME_TEXT];
	size_t n = 0;

	hgt_time_format(hgt_time_now_ms(), time);
	for (const char *p = time; *p && *p != '.'; p++)
		if (*p != '-' && *p != ':')
			out[n++] = *p;
	out[n++] = 'Z';
	out[n] = '\0';
}

static void write_transaction(struct pull *pull)
{
	struct hgt_buf *out = &pull->input;
	char stamp[32];

	make_stamp(stamp);
	hgt_buf_reset(out);
	add_word(out, "start");
	for (size_t k = 0; k < pull->n_asked; k++) {
		const struct hgt_pull_item *item = &pull->plan.items[pull->asked[k]];

		if (item->keep)
			add_kept(out, item, stamp);
		if (item->what == HGT_PULL_DELETE)
			add_command(out, "delete", item->ref, item->ours, NULL);
		else
			add_command(out, "update", item->ref, item->theirs, *item->ours ? item->ours : zero_id);
	}
	add_word(out, "prepare");
	add_word(out, "commit");
}

/* What cleaning up has come to is worth a line and no more. */
static void note_untidy(const struct pull *pull, const char *what, const struct child_end *end, const char *said)
{
	if (end->status != 0 && !pull->stopping)
		hgt_log(HGT_LOG_WARNING, "mirrors", what, HGT_S("mirror", pull->name), HGT_S("repo", pull->repo), HGT_S("error", said));
}

static void cleaned(void *ctx, const struct child_end *end, const char *said)
{
	struct pull *pull = ctx;

	pull->run = NULL;
	note_untidy(pull, "git gc has failed", end, said);
	pull_finish(pull);
}

/* Where nobody pushes, nobody else does what git does after a push: git gc, when its config says that it is time. */
static void clean(struct pull *pull)
{
	static const char *const args[] = {"gc", "--auto", "--quiet", NULL};
	const struct mirror_git git = {.args = args, .offline = true, .cleans_up = true, .ended = cleaned, .ctx = pull};

	if (!pull->fetched || pull->stopping || mirror_git_run(pull->turn, &git, &pull->run, NULL) < 0)
		pull_finish(pull);
}

static void packed(void *ctx, const struct child_end *end, const char *said)
{
	struct pull *pull = ctx;

	pull->run = NULL;
	note_untidy(pull, "refs cannot be packed", end, said);
	clean(pull);
}

/* A first clone makes refs by the thousand, each a file that whoever lists them opens. */
static void pack(struct pull *pull)
{
	static const char *const args[] = {"pack-refs", "--all", NULL};
	const struct mirror_git git = {.args = args, .offline = true, .ended = packed, .ctx = pull};
	size_t made = 0;

	for (size_t i = 0; i < pull->plan.n; i++)
		made += pull->done[i] && pull->plan.items[i].what == HGT_PULL_CREATE;
	if (made < PACKED_FROM || pull->stopping || mirror_git_run(pull->turn, &git, &pull->run, NULL) < 0)
		clean(pull);
}

static void tidied(void *ctx, const struct child_end *end, const char *said)
{
	struct pull *pull = ctx;

	pull->run = NULL;
	note_untidy(pull, "incoming refs that nothing needs cannot be removed", end, said);
	pack(pull);
}

static int run_update(struct pull *pull, void (*ended)(void *ctx, const struct child_end *end, const char *said),
	struct hgt_error *err)
{
	static const char *const args[] = {"update-ref", "--stdin", "-z", NULL};
	const struct mirror_git git = {.args = args, .input = pull->input.data, .input_len = pull->input.len, .offline = true,
		.ended = ended, .ctx = pull};
	int code = hgt_buf_check(&pull->input, err);

	return code < 0 ? code : mirror_git_run(pull->turn, &git, &pull->run, err);
}

/* Incoming refs whose work is done. All else is told by now. */
void pull_tidy(struct pull *pull)
{
	struct hgt_error err = {0};

	if (!pull->stale.len || pull->stopping || pull->trouble.code < 0) {
		pack(pull);
		return;
	}
	hgt_buf_reset(&pull->input);
	add_word(&pull->input, "start");
	for (const char *p = pull->stale.data; p < pull->stale.data + pull->stale.len;) {
		const char *id = p + strlen(p) + 1;

		add_command(&pull->input, "delete", p, id, NULL);
		p = id + strlen(id) + 1;
	}
	add_word(&pull->input, "prepare");
	add_word(&pull->input, "commit");
	if (run_update(pull, tidied, &err) < 0)
		pull_finish(pull);
}

static void go_on(struct pull *pull);

/* It cannot be run, it was killed, or its time was over: not that it would not. */
static bool is_broken(const struct child_end *end)
{
	return end->timed_out || end->stopped || end->status == CHILD_NOT_RUN || end->status == CHILD_NOT_FOUND || end->status > 128;
}

static bool has_moved(const struct pull *pull)
{
	for (size_t i = 0; i < pull->plan.n; i++)
		if (pull->done[i])
			return true;
	return false;
}

/* Git has said why it does not move this one: it waits, and holds back no other. */
static void leave_asked(struct pull *pull, const char *said)
{
	struct hgt_buf why = HGT_BUF_INIT;
	struct hgt_error err = {0};

	hgt_words_gist(said, &why);
	pull->locks_left = true;
	if (hgt_pull_leave(&pull->plan, &pull->plan.items[pull->asked[0]], HGT_COPY_REF_BEHIND,
		why.len && !why.failed ? why.data : "git does not move it", &err) < 0)
		pull->trouble = err;
	hgt_buf_release(&why);
}

/* Somebody else has moved one of them meanwhile, most likely: what is to be done is looked at again. At last each goes alone. */
static void take_refusal(struct pull *pull, const struct child_end *end, const char *said)
{
	if (is_broken(end)) {
		pull->locks_left = true;
		mirror_git_judge(pull->turn, end, said, &pull->trouble);
	} else if (pull->one_by_one) {
		leave_asked(pull, said);
	} else if (!has_moved(pull) && ++pull->tries < TRIES_MAX) {
		pull->n_asked = 0;
		pull_look_soon(pull);
		return;
	} else {
		pull->one_by_one = true;
	}
	go_on(pull);
}

static void moved(void *ctx, const struct child_end *end, const char *said)
{
	struct pull *pull = ctx;

	pull->run = NULL;
	if (end->status != 0) {
		take_refusal(pull, end, said);
		return;
	}
	for (size_t k = 0; k < pull->n_asked; k++)
		pull->done[pull->asked[k]] = true;
	go_on(pull);
}

static void go_on(struct pull *pull)
{
	struct hgt_error err = {0};

	if (pull->trouble.code < 0 || !collect(pull)) {
		pull->n_asked = 0;
		pull_tell(pull);
		return;
	}
	write_transaction(pull);
	pull->turn->phase = "publishing";
	if (run_update(pull, moved, &err) == 0)
		return;
	pull->trouble = err;
	pull->n_asked = 0;
	pull_tell(pull);
}

void pull_move(struct pull *pull)
{
	struct hgt_error err = {0};

	if (!pull->mirror->gate && pull_room(pull, &err) < 0) {
		pull_fail(pull, &err);
		return;
	}
	pull->one_by_one = false;
	go_on(pull);
}
