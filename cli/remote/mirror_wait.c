/* headgate mirror sync --wait: until each copy has had its turn. */
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/timing.h"
#include "cli/progress.h"
#include "cli/remote/mirror.h"
#include "cli/remote/remote.h"
#include "cli/terminal.h"

enum {
	FEW = 50,		/* copies that are asked for often */
	FEW_MS = 200,
	MANY_MS = 1000,
	AWAY_MS = 30000,	/* a daemon that is being restarted is waited for */
};

/* A copy that is waited for. */
struct awaited {
	const char *repo, *tried;	/* tried: of the last turn before; "" for none */
	uint64_t bytes;
	bool ended;
};

struct mirror_wait {
	struct mirror_want want;	/* borrowed */
	struct hgt_arena arena;
	struct hgt_map copies;		/* by repository */
	size_t n, ended;
	bool restarted;			/* there was a daemon that did not answer in between */
	struct progress progress;
	bool drawing;
	char phase[32];			/* that the bar is of */
	uint64_t total;
};

static const char *text_of(const struct hgt_node *node, const char *key)
{
	const char *text = hgt_node_get_string(node, key);

	return text ? text : "";
}

static uint64_t number_of(const struct hgt_node *node, const char *key)
{
	int64_t number = 0;

	hgt_node_get_int(node, key, &number);
	return number > 0 ? (uint64_t)number : 0;
}

static const struct hgt_node *running_of(const struct hgt_node *copy)
{
	const struct hgt_node *running = hgt_node_get(copy, "running");

	return running && running->type == HGT_NODE_MAP ? running : NULL;
}

void mirror_wait_free(struct mirror_wait *wait)
{
	if (!wait)
		return;
	hgt_map_release(&wait->copies);
	hgt_arena_release(&wait->arena);
	free(wait);
}

static int await(struct mirror_wait *wait, const struct hgt_node *copy, struct hgt_error *err)
{
	const char *repo = text_of(copy, "repo"), *tried = text_of(copy, "tried");
	struct awaited *awaited = hgt_arena_alloc(&wait->arena, sizeof(*awaited));

	if (!awaited)
		return hgt_error_nomem(err);
	*awaited = (struct awaited){.repo = hgt_arena_strndup(&wait->arena, repo, strlen(repo)),
		.tried = hgt_arena_strndup(&wait->arena, tried, strlen(tried)), .bytes = number_of(copy, "bytes")};
	if (!awaited->repo || !awaited->tried || hgt_map_put(&wait->copies, awaited->repo, strlen(repo), awaited, NULL) < 0)
		return hgt_error_nomem(err);
	wait->n++;
	return 0;
}

int mirror_wait_begin(struct client *client, const struct mirror_want *want, struct mirror_wait **out, struct hgt_error *err)
{
	struct mirror_wait *wait = calloc(1, sizeof(*wait));
	struct mirror_pages pages = {0};
	int code;

	if (!wait)
		return hgt_error_nomem(err);
	wait->want = *want;
	code = mirror_pages_copies(client, want, 0, &pages, err);
	for (size_t i = 0; code == 0 && i < pages.list.n; i++)
		code = await(wait, pages.list.items[i], err);
	mirror_pages_release(&pages);
	if (code < 0) {
		mirror_wait_free(wait);
		return code;
	}
	*out = wait;
	return 0;
}

static bool is_settled(const char *state)
{
	return strcmp(state, "new") != 0 && strcmp(state, "behind") != 0;
}

/* The turn that was asked for is over when the last one is another than before, and none runs or waits for its turn. One that has
 * failed waits for its time, which is something else. A daemon that has begun anew knows of no wish, and gives turns to what needs
 * them. */
static bool has_ended(const struct mirror_wait *wait, const struct awaited *awaited, const struct hgt_node *copy)
{
	bool waiting = false, paused = false;

	hgt_node_get_bool(copy, "waiting", &waiting);
	hgt_node_get_bool(copy, "paused", &paused);
	if (running_of(copy))
		return false;
	if (paused)
		return true;
	if (waiting)
		return false;
	return strcmp(text_of(copy, "tried"), awaited->tried) != 0 || (wait->restarted && is_settled(text_of(copy, "state")));
}

/* The bar is of the objects of the one copy that there is, or of how many copies are through. */
static void draw(struct mirror_wait *wait, const struct hgt_node *only)
{
	const struct hgt_node *running = only ? running_of(only) : NULL;
	const char *phase = running ? text_of(running, "phase") : "";
	uint64_t total = wait->n == 1 ? number_of(running, "objects_total") : wait->n;

	if (!total)
		return;
	if (!wait->drawing || total != wait->total || strcmp(phase, wait->phase) != 0) {
		if (wait->drawing)
			progress_end(&wait->progress);
		progress_begin(&wait->progress, wait->n == 1 ? "objects" : "repositories", total);
		snprintf(wait->phase, sizeof(wait->phase), "%s", phase);
		wait->total = total;
		wait->drawing = true;
	}
	progress_step(&wait->progress, wait->n == 1 ? number_of(running, "objects") : wait->ended);
}

static int tell_end(struct mirror_wait *wait, const struct awaited *awaited, const struct hgt_node *copy, struct hgt_error *err)
{
	struct hgt_buf line = HGT_BUF_INIT;
	int code;

	mirror_view_end(copy, awaited->bytes, hgt_time_now_ms(), terminal_has_color(), &line);
	code = hgt_buf_check(&line, err);
	if (wait->drawing)
		progress_hide(&wait->progress);
	if (code == 0 && remote_print(&line) != HGT_EXIT_OK)
		code = hgt_error_set(err, HGT_EIO, "cannot write the result");
	hgt_buf_release(&line);
	return code;
}

/* What a look shows. A copy that is not there any more is through: it is waited for no longer. */
static int look(struct mirror_wait *wait, const struct mirror_pages *pages, bool silent, struct hgt_error *err)
{
	const struct hgt_node *only = NULL;
	size_t there = 0, ended = 0;
	int code = 0;

	for (size_t i = 0; code == 0 && i < pages->list.n; i++) {
		const struct hgt_node *copy = pages->list.items[i];
		const char *repo = text_of(copy, "repo");
		struct awaited *awaited = hgt_map_get(&wait->copies, repo, strlen(repo));

		if (!awaited)
			continue;
		there++;
		only = copy;
		ended += awaited->ended || has_ended(wait, awaited, copy);
		if (awaited->ended || !has_ended(wait, awaited, copy))
			continue;
		awaited->ended = true;
		if (!silent)
			code = tell_end(wait, awaited, copy, err);
	}
	wait->n = there;
	wait->ended = ended;
	if (code == 0 && !silent)
		draw(wait, wait->n == 1 ? only : NULL);
	return code;
}

static bool all_well(const struct mirror_pages *pages)
{
	bool well = true;

	for (size_t i = 0; i < pages->list.n; i++)
		well &= mirror_view_is_well(pages->list.items[i]);
	return well;
}

int mirror_wait_run(struct client *client, struct mirror_wait *wait, unsigned seconds, bool silent, struct mirror_pages *last,
	bool *well, struct hgt_error *err)
{
	const int64_t until_ms = hgt_time_mono_ms() + (int64_t)seconds * 1000;
	int64_t answered_ms = hgt_time_mono_ms(), now_ms;
	int code;

	for (;;) {
		mirror_pages_release(last);
		code = mirror_pages_copies(client, &wait->want, 0, last, err);
		now_ms = hgt_time_mono_ms();
		if (code == 0) {
			code = look(wait, last, silent, err);
			answered_ms = now_ms;
		} else if (code == HGT_EUNAVAILABLE && now_ms - answered_ms < AWAY_MS) {
			wait->restarted = true;
			code = 0;
		}
		if (code < 0 || wait->ended >= wait->n || now_ms >= until_ms)
			break;
		usleep((wait->n <= FEW ? FEW_MS : MANY_MS) * 1000);
	}
	if (wait->drawing)
		progress_end(&wait->progress);
	*well = code == 0 && wait->ended >= wait->n && all_well(last);
	return code;
}
