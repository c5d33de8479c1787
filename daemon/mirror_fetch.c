/* A pull: what upstream has, and how it comes here. */
#include <event2/event.h>

#include "daemon/mirror_lfs.h"
#include "daemon/mirror_pull.h"
#include "mirror/words.h"

enum { ALONE_MAX = 64 };	/* fetched one by one when all together were refused */

/* Nothing but branches and tags is followed, so that nothing else need be listed. */
static bool wants_only_usual(const struct hgt_strings *refs)
{
	for (size_t i = 0; i < refs->n; i++)
		if (strncmp(refs->items[i], "refs/heads/", 11) != 0 && strncmp(refs->items[i], "refs/tags/", 10) != 0)
			return false;
	return true;
}

static void take_listed(void *ctx, int fd, const char *line, size_t len)
{
	struct pull *pull = ctx;
	struct hgt_error err = {0};
	int code;

	if (fd != 1 || pull->listing.code < 0)
		return;
	code = hgt_tips_take(&pull->theirs, line, len, &err);
	/* A name that no ref here can have is passed over, whoever thought of it. */
	if (code == HGT_EPARSE && len > HGT_OID_HEX && line[HGT_OID_HEX] == '\t')
		pull->odd++;
	else if (code < 0) {
		pull->listing = err;
		mirror_git_stop(pull->run);
	}
}

static void listed(void *ctx, const struct child_end *end, const char *said)
{
	struct pull *pull = ctx;
	struct hgt_error err = {0};

	pull->run = NULL;
	if (pull_stopped(pull))
		return;
	if (pull->listing.code < 0) {
		pull_fail(pull, &pull->listing);
		return;
	}
	if (end->status != 0 || end->timed_out || end->stopped) {
		mirror_git_judge(pull->turn, end, said, &err);
		pull_fail(pull, &err);
		return;
	}
	hgt_tips_sort(&pull->theirs);
	pull_look_soon(pull);
}

int pull_list(struct pull *pull, struct hgt_error *err)
{
	static const char *const all[] = {"ls-remote", "--quiet", "mirror", NULL};
	static const char *const usual[] = {"ls-remote", "--quiet", "--heads", "--tags", "mirror", NULL};
	const struct mirror_git git = {.args = wants_only_usual(&pull->mirror->refs) ? usual : all, .line = take_listed, .ended = listed,
		.ctx = pull};

	pull->turn->phase = "listing";
	return mirror_git_run(pull->turn, &git, &pull->run, err);
}

static void hidden(void *ctx, const struct child_end *end, const char *said)
{
	struct pull *pull = ctx;
	struct hgt_error err = {0};

	pull->run = NULL;
	if (pull_stopped(pull))
		return;
	if (end->status != 0) {
		hgt_error_set(&err, HGT_EIO, "transfer.hideRefs cannot be set in the repository's config: %s", said);
		pull_fail(pull, &err);
		return;
	}
	pull->hidden = true;
	pull_go_on(pull);
}

/* Clients see nothing of what has not been published. */
void pull_hide(struct pull *pull)
{
	static const char *const args[] = {"config", "--local", "--add", "transfer.hideRefs", PULL_HIDDEN, NULL};
	const struct mirror_git git = {.args = args, .offline = true, .ended = hidden, .ctx = pull};
	struct hgt_error err = {0};

	if (mirror_git_run(pull->turn, &git, &pull->run, &err) < 0)
		pull_fail(pull, &err);
}

static void take_progress(void *ctx, int fd, const char *line, size_t len)
{
	struct pull *pull = ctx;
	struct turn *turn = pull->turn;
	struct hgt_progress progress;

	(void)fd;
	if (!turn || !hgt_words_progress(line, len, &progress))
		return;
	turn->phase = progress.phase;
	turn->percent = progress.percent;
	turn->objects = progress.objects;
	turn->objects_total = progress.total;
	if (progress.bytes)
		turn->phase_bytes = progress.bytes;
}

static void took_bytes(struct turn *turn)
{
	turn->bytes += turn->phase_bytes;
	turn->phase_bytes = 0;
	turn->objects = turn->objects_total = 0;
	turn->percent = 0;
}

/* Whether what was sent is to blame, and not the way: then another ref may be better. */
static bool is_bad_content(const char *said)
{
	static const char *const words[] = {"fsck error", "index-pack failed", "unpack-objects failed", "invalid index-pack",
		"missing necessary",
		"did not send all necessary", "bad object", "object corrupt", "unresolved deltas", "inflate", "couldn't find remote ref"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(said, words[i]))
			return true;
	return false;
}

static void fetch_next(struct pull *pull);

/* That of the need at hand is not here: why. */
static int note_failure(struct pull *pull, const char *said, struct hgt_error *err)
{
	struct pull_need *need = &pull->needs[pull->at];
	struct hgt_buf why = HGT_BUF_INIT;
	int code;

	need->refused = strstr(said, "fsck error") != NULL;
	hgt_buf_adds(&why, need->refused ? "git fsck refuses what upstream has: " : "what upstream sends cannot be taken: ");
	hgt_words_gist(said, &why);
	code = hgt_buf_check(&why, err);
	if (code == 0) {
		need->failed = hgt_arena_strndup(&pull->arena, why.data, why.len);
		code = need->failed ? 0 : hgt_error_nomem(err);
	}
	hgt_buf_release(&why);
	return code;
}

static void fetched(void *ctx, const struct child_end *end, const char *said)
{
	struct pull *pull = ctx;
	bool bad = end->status != 0 || end->timed_out || end->stopped;
	bool content = bad && !end->timed_out && !end->stopped && is_bad_content(said);
	struct hgt_error err = {0};
	int code = 0;

	pull->run = NULL;
	if (pull_stopped(pull))
		return;
	took_bytes(pull->turn);
	if (bad && !pull->one_by_one && pull->n_needs > 1 && pull->n_needs <= ALONE_MAX && content) {
		pull->one_by_one = true;
		pull->at = 0;
		fetch_next(pull);
		return;
	}
	if (bad && (!content || pull->n_needs > ALONE_MAX)) {
		mirror_git_judge(pull->turn, end, said, &err);
		code = HGT_EIO;
	} else if (bad) {
		code = note_failure(pull, said, &err);
	}
	if (code < 0) {
		pull_fail(pull, &err);
		return;
	}
	if (pull->one_by_one && ++pull->at < pull->n_needs) {
		fetch_next(pull);
		return;
	}
	pull->one_by_one = false;
	pull->fetched = true;
	pull_look_soon(pull);
}

static void add_refspec(struct pull *pull, const struct pull_need *need)
{
	hgt_buf_addf(&pull->input, "+%s:%s%s\n", need->ref, pull->incoming, need->id);
}

static void fetch_next(struct pull *pull)
{
	/* No tags that were not asked for, no FETCH_HEAD that others share, no gc in the middle; everything is looked at. */
	static const char *const args[] = {"-c", "fetch.fsckObjects=true", "-c", "transfer.fsckObjects=true", "-c",
		"fetch.writeCommitGraph=false",
		"-c", "fetch.prune=false", "fetch", "--progress", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance",
		"--no-recurse-submodules", "--stdin", "mirror", NULL};
	struct mirror_git git = {.args = args, .line = take_progress, .ended = fetched, .ctx = pull};
	struct hgt_error err = {0};

	hgt_buf_reset(&pull->input);
	for (size_t i = pull->one_by_one ? pull->at : 0; i < (pull->one_by_one ? pull->at + 1 : pull->n_needs); i++)
		add_refspec(pull, &pull->needs[i]);
	git.input = pull->input.data;
	git.input_len = pull->input.len;
	pull->turn->phase = "receiving";
	if (hgt_buf_check(&pull->input, &err) < 0 || mirror_git_run(pull->turn, &git, &pull->run, &err) < 0)
		pull_fail(pull, &err);
}

static void fetched_large(void *ctx, const struct child_end *end, const char *said)
{
	struct pull *pull = ctx;
	struct hgt_error err = {0};

	pull->run = NULL;
	if (pull_stopped(pull))
		return;
	pull->large = true;
	if (mirror_lfs_judge(pull->turn, end, said, &err) < 0)
		pull_fail(pull, &err);
	else
		pull_go_on(pull);
}

void pull_fetch_large(struct pull *pull)
{
	const char *ids[MIRROR_LFS_TIPS_MAX + 1], *args[MIRROR_LFS_TIPS_MAX + 6];
	const struct mirror_git git = {.args = args, .ended = fetched_large, .ctx = pull};
	struct hgt_error err = {0};
	size_t n = 0;

	for (size_t i = 0; i < pull->plan.n && n <= MIRROR_LFS_TIPS_MAX; i++)
		if (hgt_pull_moves(&pull->plan.items[i]) && *pull->plan.items[i].theirs)
			ids[n++] = pull->plan.items[i].theirs;
	if (!n) {
		pull->large = true;
		pull_go_on(pull);
		return;
	}
	mirror_lfs_arguments("fetch", ids, n, args);
	pull->turn->phase = "receiving";
	if (mirror_git_run(pull->turn, &git, &pull->run, &err) < 0)
		pull_fail(pull, &err);
}

void pull_fetch(struct pull *pull)
{
	pull->large = false;
	pull->one_by_one = false;
	pull->at = 0;
	fetch_next(pull);
}
