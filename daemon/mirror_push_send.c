/* Sending what the plan of a push says: one run of git for all, unless they are too many, or the other side will not take all. */
#include <unistd.h>

#include "base/escape.h"
#include "daemon/mirror_lfs.h"
#include "daemon/mirror_push.h"
#include "mirror/words.h"

enum {
	ARGUMENTS_MAX = 256 * 1024,	/* bytes of one run's; Linux has room for 2 MiB, the environment included */
	REFS_MAX = 2000,		/* of one run: git compares each with all that are there */
	ALONE_MAX = 16,			/* refs that were refused before and are sent each alone */
	SPLITS_MAX = 64,		/* runs of a turn that only look for who was meant by a refusal */
	SPLITS_IN_VAIN = 14,		/* as many, and no ref was taken yet: it was meant for all */
	NOTE_MAX = 500,
};

struct arguments {
	char **items;			/* heap strings from `own` on */
	size_t n, own;
};

static void arguments_release(struct arguments *args)
{
	for (size_t i = args->own; i < args->n; i++)
		free(args->items[i]);
	free(args->items);
}

static bool add_argument(struct arguments *args, struct hgt_buf *text)
{
	char *own = hgt_buf_take(text);

	if (own)
		args->items[args->n++] = own;
	return own != NULL;
}

/* Nothing goes along that was not asked for: no tags, no submodules, no signatures of the repository's config, no hooks. */
static int make_arguments(const struct push *push, struct arguments *args, struct hgt_error *err)
{
	static const char *const options[] = {"push", "--porcelain", "--progress", "--no-atomic", "--no-verify", "--no-follow-tags",
		"--no-signed", "--no-force-if-includes", "--recurse-submodules=no"};
	const size_t n = sizeof(options) / sizeof(options[0]);
	const struct push_batch *batch = push->batch;
	struct hgt_buf text = HGT_BUF_INIT;

	args->items = calloc(n + 2 * batch->n + 2, sizeof(*args->items));
	if (!args->items)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < n; i++)
		args->items[args->n++] = (char *)(uintptr_t)options[i];
	args->own = args->n;
	for (size_t i = 0; i < batch->n; i++) {
		hgt_push_lease(&push->plan.items[batch->items[i]], &text);
		if (text.failed || (text.len && !add_argument(args, &text)))
			goto no_memory;
	}
	hgt_buf_adds(&text, "mirror");
	if (!add_argument(args, &text))
		goto no_memory;
	for (size_t i = 0; i < batch->n; i++) {
		hgt_push_refspec(&push->plan.items[batch->items[i]], &text);
		if (!add_argument(args, &text))
			goto no_memory;
	}
	return 0;
no_memory:
	hgt_buf_release(&text);
	return hgt_error_nomem(err);
}

/* Batches. */

static struct push_batch *batch_new(const size_t *items, size_t n)
{
	struct push_batch *batch = malloc(sizeof(*batch) + n * sizeof(*items));

	if (batch) {
		batch->n = n;
		memcpy(batch->items, items, n * sizeof(*items));
	}
	return batch;
}

static int add_batch(struct push *push, const size_t *items, size_t n, struct hgt_error *err)
{
	struct push_batch *batch = batch_new(items, n);

	if (!batch)
		return hgt_error_nomem(err);
	TAILQ_INSERT_TAIL(&push->batches, batch, entry);
	return 0;
}

void push_drop_batches(struct push *push)
{
	struct push_batch *batch;

	free(push->batch);
	push->batch = NULL;
	while ((batch = TAILQ_FIRST(&push->batches))) {
		TAILQ_REMOVE(&push->batches, batch, entry);
		free(batch);
	}
}

/* Items [0, n) in runs that are not too long. */
static int add_batches(struct push *push, const size_t *items, size_t n, struct hgt_error *err)
{
	size_t from = 0, bytes = 0;

	for (size_t i = 0; i < n; i++) {
		size_t one = 2 * strlen(push->plan.items[items[i]].ref) + 160;

		if (i > from && (bytes + one > ARGUMENTS_MAX || i - from == REFS_MAX)) {
			if (add_batch(push, items + from, i - from, err) < 0)
				return HGT_ENOMEM;
			from = i;
			bytes = 0;
		}
		bytes += one;
	}
	return n > from ? add_batch(push, items + from, n - from, err) : 0;
}

/* What has been refused before goes last and alone, so that it takes nobody along. */
static int make_batches(struct push *push, struct hgt_error *err)
{
	const struct hgt_push_plan *plan = &push->plan;
	size_t *items = calloc(plan->n + 1, sizeof(*items)), n = 0, again = 0;
	int code = items ? 0 : hgt_error_nomem(err);

	for (size_t i = 0; i < plan->n && code == 0; i++)
		if (plan->items[i].what != HGT_PUSH_NOTHING && !plan->items[i].again)
			items[n++] = i;
	if (code == 0)
		code = add_batches(push, items, n, err);
	n = 0;
	for (size_t i = 0; i < plan->n && code == 0; i++)
		if (plan->items[i].what != HGT_PUSH_NOTHING && plan->items[i].again) {
			if (again++ < ALONE_MAX)
				code = add_batch(push, &i, 1, err);
			else
				items[n++] = i;
		}
	if (code == 0)
		code = add_batches(push, items, n, err);
	free(items);
	return code;
}

/* What git says. */

static int by_name(const void *key, const void *item)
{
	return strcmp(key, ((const struct hgt_push_item *)item)->ref);
}

static void note_refusal(struct push *push, size_t i, const char *why, size_t len)
{
	struct hgt_buf note = HGT_BUF_INIT;

	hgt_escape_text(&note, why, len);
	if (note.len > NOTE_MAX)
		hgt_buf_truncate(&note, NOTE_MAX);
	free(push->notes[i]);
	push->notes[i] = hgt_buf_take(&note);
}

static void hear_outcome(struct push *push, const char *line, size_t len)
{
	static const enum push_fate fates[] = {
		[HGT_PUSHED_DONE] = FATE_DONE, [HGT_PUSHED_SAME] = FATE_DONE, [HGT_PUSHED_OVERTAKEN] = FATE_OVERTAKEN,
		[HGT_PUSHED_REFUSED] = FATE_REFUSED, [HGT_PUSHED_REFUSED_ALL] = FATE_REFUSED_ALL, [HGT_PUSHED_LOST] = FATE_OPEN,
	};
	const struct hgt_push_item *item;
	struct hgt_push_line said;
	char *ref;
	size_t i;

	if (!hgt_words_pushed(line, len, &said))
		return;
	ref = strndup(said.ref, said.ref_len);
	item = ref ? bsearch(ref, push->plan.items, push->plan.n, sizeof(*item), by_name) : NULL;
	free(ref);
	if (!item || item->what == HGT_PUSH_NOTHING)
		return;
	i = (size_t)(item - push->plan.items);
	push->fates[i] = fates[said.what];
	if (said.what == HGT_PUSHED_REFUSED || said.what == HGT_PUSHED_REFUSED_ALL || said.what == HGT_PUSHED_OVERTAKEN)
		note_refusal(push, i, said.why, said.why_len);
}

static void on_line(void *ctx, int fd, const char *line, size_t len)
{
	struct push *push = ctx;
	struct turn *turn = push->turn;
	struct hgt_progress progress;

	if (fd == STDOUT_FILENO) {
		hear_outcome(push, line, len);
	} else if (hgt_words_progress(line, len, &progress)) {
		turn->phase = progress.phase;
		turn->percent = progress.percent;
		turn->objects = progress.objects;
		turn->objects_total = progress.total;
		turn->phase_bytes = progress.bytes;
		if (!strcmp(progress.phase, "sending") && progress.bytes)
			push->bytes = progress.bytes;
	}
}

/* What has become of it. */

/* As git says it of a file that keeps it from a ref, or from all. */
#define LOCK_IS_THERE ".lock': File exists"

static bool is_word_of_theirs(const char *said)
{
	return strstr(said, "remote: ") != NULL;
}

/* The only one of its push that was refused is whom the other side's own words are about. */
static void add_words(struct push *push, size_t i, const char *said)
{
	struct hgt_buf note = HGT_BUF_INIT, gist = HGT_BUF_INIT;

	hgt_words_gist(said, &gist);
	hgt_buf_adds(&note, push->notes[i] ? push->notes[i] : "");
	if (is_word_of_theirs(said) && gist.len)
		hgt_buf_addf(&note, "%s%s", note.len ? ": " : "", gist.data);
	if (note.len && strstr(note.data, LOCK_IS_THERE))
		hgt_buf_adds(&note, "; if no git works there any more, one that was killed has left that file: remove it");
	if (note.len > NOTE_MAX)
		hgt_buf_truncate(&note, NOTE_MAX);
	if (!note.failed && !gist.failed) {
		free(push->notes[i]);
		push->notes[i] = hgt_buf_take(&note);
	}
	hgt_buf_release(&note);
	hgt_buf_release(&gist);
}

/* Their hook has judged the push as a whole: whom it meant shows when they are sent apart. */
static int split(struct push *push, struct hgt_error *err)
{
	const struct push_batch *batch = push->batch;
	size_t *items = calloc(batch->n, sizeof(*items)), n = 0;
	int code = items ? 0 : hgt_error_nomem(err);

	for (size_t i = 0; i < batch->n && code == 0; i++)
		if (push->fates[batch->items[i]] == FATE_REFUSED_ALL)
			items[n++] = batch->items[i];
	if (code == 0 && (n < 2 || push->splits + 2 > (push->taken ? SPLITS_MAX : SPLITS_IN_VAIN))) {
		for (size_t i = 0; i < n; i++)
			push->fates[items[i]] = FATE_REFUSED;
	} else if (code == 0) {
		push->splits += 2;
		for (size_t i = 0; i < n; i++)
			push->fates[items[i]] = FATE_OPEN;
		code = add_batch(push, items, n / 2, err);
		if (code == 0)
			code = add_batch(push, items + n / 2, n - n / 2, err);
	}
	free(items);
	return code;
}

static void next(struct push *push);

static void on_ended(void *ctx, const struct child_end *end, const char *said)
{
	struct push *push = ctx;
	const struct push_batch *batch = push->batch;
	size_t open = 0, refused = 0, overtaken = 0, last = 0;

	push->run = NULL;
	push->turn->bytes += push->bytes;
	for (size_t i = 0; i < batch->n; i++) {
		enum push_fate fate = push->fates[batch->items[i]];

		open += fate == FATE_OPEN;
		push->taken += fate == FATE_DONE;
		refused += fate == FATE_REFUSED || fate == FATE_REFUSED_ALL;
		overtaken += fate == FATE_OVERTAKEN;
		if (fate != FATE_OPEN && fate != FATE_DONE)
			last = batch->items[i];
	}
	if (open)
		mirror_git_judge(push->turn, end, said, &push->err);
	if (refused + overtaken == 1)
		add_words(push, last, said);
	/* A lock in the way is in the way of all. */
	for (size_t i = 0; i < batch->n && refused + overtaken > 1 && strstr(said, LOCK_IS_THERE); i++)
		if (push->fates[batch->items[i]] == FATE_OVERTAKEN)
			add_words(push, batch->items[i], said);
	if (refused && split(push, &push->err) < 0)
		push->err.code = HGT_ENOMEM;
	next(push);
}

static int run(struct push *push, struct hgt_error *err)
{
	struct arguments args = {0};
	int code = make_arguments(push, &args, err);
	const struct mirror_git git = {.args = (const char *const *)args.items, .line = on_line, .ended = on_ended, .ctx = push};

	push->bytes = 0;
	push->turn->phase = "sending";
	if (code == 0)
		code = mirror_git_run(push->turn, &git, &push->run, err);
	arguments_release(&args);
	return code;
}

static void next(struct push *push)
{
	free(push->batch);
	push->batch = push->err.code || push->turn->stopping ? NULL : TAILQ_FIRST(&push->batches);
	if (push->batch) {
		TAILQ_REMOVE(&push->batches, push->batch, entry);
		if (run(push, &push->err) == 0)
			return;
	}
	push_drop_batches(push);
	push->sent(push);
}

static void sent_large(void *ctx, const struct child_end *end, const char *said)
{
	struct push *push = ctx;

	push->run = NULL;
	if (!push->turn->stopping && mirror_lfs_judge(push->turn, end, said, &push->err) < 0)
		push_drop_batches(push);
	next(push);
}

/* Objects of Git LFS first. False: there are none to be looked for. */
static bool send_large(struct push *push)
{
	const char *ids[MIRROR_LFS_TIPS_MAX + 1], *args[MIRROR_LFS_TIPS_MAX + 6];
	const struct mirror_git git = {.args = args, .ended = sent_large, .ctx = push};
	size_t n = 0;

	for (size_t i = 0; i < push->plan.n && n <= MIRROR_LFS_TIPS_MAX; i++)
		if (push->plan.items[i].what != HGT_PUSH_NOTHING && push->plan.items[i].what != HGT_PUSH_DELETE)
			ids[n++] = push->plan.items[i].ours;
	if (!n)
		return false;
	mirror_lfs_arguments("push", ids, n, args);
	push->turn->phase = "sending";
	return mirror_git_run(push->turn, &git, &push->run, &push->err) == 0;
}

void push_send(struct push *push, void (*sent)(struct push *push))
{
	size_t n = push->plan.n;

	push->sent = sent;
	push->fates = calloc(n + 1, sizeof(*push->fates));
	push->notes = calloc(n + 1, sizeof(*push->notes));
	if (!push->fates || !push->notes)
		hgt_error_nomem(&push->err);
	else if (make_batches(push, &push->err) < 0)
		push->err.code = HGT_ENOMEM;
	if (!push->err.code && push->turn->mirror->lfs && send_large(push))
		return;
	next(push);
}
