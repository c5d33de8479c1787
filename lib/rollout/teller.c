/* A rollout told in lines, as its targets move. */
#include "rollout/teller.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/escape.h"
#include "base/map.h"
#include "doc/doc.h"

enum {
	MANY = 40,		/* with more targets only failures have lines of their own, beside how many there are by now */
	FAILURES_MAX = 20,	/* of these lines */
	PROGRESS_MS = 1000,	/* at most one line of how many there are in this time */
	NAMES_MAX = 10,		/* told of each state in the summary */
	WIDTH_MAX = 48,		/* columns that names are padded to */
};

struct told {
	struct told *next;	/* in the order in which they came */
	enum hgt_rollout_state state;
	char *message;		/* escaped; the heap's */
	char name[];		/* "agent/target", escaped; with the ref, where there are several */
};

struct hgt_rollout_teller {
	int64_t began_ms, progress_ms;
	size_t count, width;	/* as told at the beginning; more may come */
	size_t failures, progress;	/* lines of failures; how many had it when that was told last */
	bool several;		/* refs */
	struct hgt_arena arena;
	struct hgt_map by_name;
	struct told *first, **last;
};

int hgt_rollout_teller_new(int64_t began_ms, struct hgt_rollout_teller **out, struct hgt_error *err)
{
	struct hgt_rollout_teller *teller = calloc(1, sizeof(*teller));

	if (!teller)
		return hgt_error_nomem(err);
	teller->began_ms = teller->progress_ms = began_ms;
	teller->last = &teller->first;
	*out = teller;
	return 0;
}

void hgt_rollout_teller_free(struct hgt_rollout_teller *teller)
{
	if (!teller)
		return;
	for (struct told *told = teller->first; told; told = told->next)
		free(told->message);
	hgt_map_release(&teller->by_name);
	hgt_arena_release(&teller->arena);
	free(teller);
}

static const char *text_of(const struct hgt_node *node, const char *key)
{
	const char *text = hgt_node_get_string(node, key);

	return text ? text : "";
}

static const char *targets(size_t n)
{
	return n == 1 ? "target" : "targets";
}

void hgt_rollout_tell_begin(struct hgt_rollout_teller *teller, const struct hgt_node *node, uint64_t seconds, struct hgt_buf *out)
{
	const struct hgt_node *moves = hgt_node_get(node, "moves");
	size_t n = moves && moves->type == HGT_NODE_SEQ ? moves->v.seq.n : 0;
	int64_t count = 0, width = 0;

	hgt_node_get_int(node, "count", &count);
	hgt_node_get_int(node, "width", &width);
	teller->count = count > 0 ? (size_t)count : 0;
	teller->width = width < 0 ? 0 : width > WIDTH_MAX ? WIDTH_MAX : (size_t)width;
	teller->several = n > 1;
	if (!teller->count)
		return;
	hgt_buf_adds(out, "headgate: ");
	if (n == 1) {
		const char *id = text_of(moves->v.seq.items[0], "revision");

		hgt_rollout_ref(text_of(moves->v.seq.items[0], "ref"), out);
		hgt_buf_adds(out, " at ");
		hgt_escape_text(out, id, strnlen(id, 8));
	} else {
		hgt_buf_addf(out, "%zu refs", n);
	}
	hgt_buf_addf(out, ": %zu %s, waiting %" PRIu64 " s at most\n", teller->count, targets(teller->count), seconds);
}

/* "after 35 ms", "after 2.3 s", "after 2 min 5 s". */
static void add_time(struct hgt_buf *out, int64_t ms)
{
	ms = ms > 0 ? ms : 0;
	if (ms < 1000)
		hgt_buf_addf(out, "after %" PRId64 " ms", ms);
	else if (ms < 10000)
		hgt_buf_addf(out, "after %" PRId64 ".%" PRId64 " s", ms / 1000, ms % 1000 / 100);
	else if (ms < 60000)
		hgt_buf_addf(out, "after %" PRId64 " s", ms / 1000);
	else
		hgt_buf_addf(out, "after %" PRId64 " min %" PRId64 " s", ms / 60000, ms % 60000 / 1000);
}

static struct told *told_new(struct hgt_rollout_teller *teller, const char *key, struct hgt_error *err)
{
	size_t len = strlen(key);
	struct told *told = hgt_arena_alloc(&teller->arena, sizeof(*told) + len + 1);

	if (!told) {
		hgt_error_nomem(err);
		return NULL;
	}
	memcpy(told->name, key, len + 1);
	told->state = HGT_ROLLOUT_STATES;
	if (hgt_map_put(&teller->by_name, told->name, len, told, NULL) < 0) {
		hgt_error_nomem(err);
		return NULL;
	}
	*teller->last = told;
	teller->last = &told->next;
	if (teller->by_name.len > teller->count)
		teller->count = teller->by_name.len;
	return told;
}

static void add_line(const struct hgt_rollout_teller *teller, const struct told *told, int64_t now_ms, struct hgt_buf *out)
{
	hgt_buf_addf(out, "  %-*s  ", (int)teller->width, told->name);
	/* These say it all in their sentence. */
	if (*told->message && (told->state == HGT_ROLLOUT_WAITING || told->state == HGT_ROLLOUT_AWAY)) {
		hgt_buf_addf(out, "%s\n", told->message);
		return;
	}
	hgt_buf_adds(out, hgt_rollout_state_name(told->state));
	if (told->state == HGT_ROLLOUT_SYNCED || told->state == HGT_ROLLOUT_FAILED) {
		hgt_buf_addc(out, ' ');
		add_time(out, now_ms - teller->began_ms);
	}
	if (*told->message)
		hgt_buf_addf(out, ": %s", told->message);
	hgt_buf_addc(out, '\n');
}

static void count_states(const struct hgt_rollout_teller *teller, size_t counts[HGT_ROLLOUT_STATES])
{
	memset(counts, 0, HGT_ROLLOUT_STATES * sizeof(*counts));
	for (const struct told *told = teller->first; told; told = told->next)
		counts[told->state]++;
}

/* Of many: failures, and now and then how many there are. */
static void tell_many(struct hgt_rollout_teller *teller, const struct told *told, int64_t now_ms, struct hgt_buf *out)
{
	size_t counts[HGT_ROLLOUT_STATES];

	if (told->state == HGT_ROLLOUT_FAILED && teller->failures++ < FAILURES_MAX)
		add_line(teller, told, now_ms, out);
	if (now_ms - teller->progress_ms < PROGRESS_MS)
		return;
	teller->progress_ms = now_ms;
	count_states(teller, counts);
	if (counts[HGT_ROLLOUT_SYNCED] == teller->progress)
		return;
	teller->progress = counts[HGT_ROLLOUT_SYNCED];
	hgt_buf_addf(out, "  %zu of %zu have it, ", teller->progress, teller->count);
	add_time(out, now_ms - teller->began_ms);
	hgt_buf_addc(out, '\n');
}

/* What a target is called: with its ref, where there are several. */
static int add_name(const struct hgt_rollout_teller *teller, const struct hgt_node *node, struct hgt_buf *out,
	struct hgt_error *err)
{
	const char *agent = text_of(node, "agent"), *target = text_of(node, "target");

	if (!*agent || !*target)
		return hgt_error_set(err, HGT_EPARSE, "a target of the rollout has no name");
	hgt_rollout_name(agent, target, teller->several ? text_of(node, "ref") : NULL, out);
	return hgt_buf_check(out, err);
}

int hgt_rollout_tell_target(struct hgt_rollout_teller *teller, const struct hgt_node *node, int64_t now_ms, struct hgt_buf *out,
	struct hgt_error *err)
{
	const char *text = text_of(node, "message");
	int state = hgt_rollout_state_parse(hgt_node_get_string(node, "state"));
	struct hgt_buf name = HGT_BUF_INIT, message = HGT_BUF_INIT;
	struct told *told;
	char *own;
	int code = state < 0 ? hgt_error_set(err, HGT_EPARSE, "a target of the rollout has no state") :
		add_name(teller, node, &name, err);

	if (code < 0)
		goto out;
	hgt_escape_text(&message, text, strlen(text));
	own = hgt_buf_take(&message);
	told = hgt_map_get(&teller->by_name, name.data, name.len);
	if (!told && own)
		told = told_new(teller, name.data, err);
	if (!told || !own) {
		free(own);
		code = hgt_error_nomem(err);
		goto out;
	}
	if (told->state == (enum hgt_rollout_state)state && told->message && strcmp(told->message, own) == 0) {
		free(own);
		goto out;
	}
	free(told->message);
	told->message = own;
	told->state = (enum hgt_rollout_state)state;
	if (teller->count > MANY)
		tell_many(teller, told, now_ms, out);
	else
		add_line(teller, told, now_ms, out);
out:
	hgt_buf_release(&message);
	hgt_buf_release(&name);
	return code;
}

/* "; failed: a/b, c/d": who is in that state. */
static void add_names(const struct hgt_rollout_teller *teller, enum hgt_rollout_state state, size_t n, struct hgt_buf *out)
{
	size_t told_n = 0;

	hgt_buf_addf(out, "; %s: ", hgt_rollout_state_name(state));
	for (const struct told *told = teller->first; told && told_n < NAMES_MAX; told = told->next)
		if (told->state == state)
			hgt_buf_addf(out, "%s%s", told_n++ ? ", " : "", told->name);
	if (n > told_n)
		hgt_buf_addf(out, " and %zu more", n - told_n);
}

/* Who has not got it, by state. */
static void add_others(const struct hgt_rollout_teller *teller, const size_t counts[HGT_ROLLOUT_STATES], struct hgt_buf *out)
{
	static const enum hgt_rollout_state order[] = {HGT_ROLLOUT_FAILED, HGT_ROLLOUT_RUNNING, HGT_ROLLOUT_PENDING, HGT_ROLLOUT_WAITING,
		HGT_ROLLOUT_OVERTAKEN, HGT_ROLLOUT_AWAY};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (counts[order[i]])
			add_names(teller, order[i], counts[order[i]], out);
}

void hgt_rollout_tell_still(const struct hgt_rollout_teller *teller, int64_t now_ms, struct hgt_buf *out)
{
	size_t counts[HGT_ROLLOUT_STATES];

	count_states(teller, counts);
	hgt_buf_addf(out, "  still waiting, %zu of %zu %s it, ", counts[HGT_ROLLOUT_SYNCED], teller->count,
		counts[HGT_ROLLOUT_SYNCED] == 1 ? "has" : "have");
	add_time(out, now_ms - teller->began_ms);
	add_others(teller, counts, out);
	hgt_buf_addc(out, '\n');
}

void hgt_rollout_tell_end(const struct hgt_rollout_teller *teller, enum hgt_rollout_end end, int64_t now_ms, struct hgt_buf *out)
{
	size_t counts[HGT_ROLLOUT_STATES], synced;

	if (end == HGT_ROLLOUT_NOBODY || !teller->first) {
		hgt_buf_adds(out, end == HGT_ROLLOUT_NOBODY ? "headgate: no target takes this change\n" :
			"headgate: nobody can tell what became of this change\n");
		return;
	}
	count_states(teller, counts);
	synced = counts[HGT_ROLLOUT_SYNCED];
	hgt_buf_adds(out, "headgate: ");
	if (end == HGT_ROLLOUT_CONVERGED && teller->count > 1)
		hgt_buf_addf(out, "all %zu targets have it, ", teller->count);
	else
		hgt_buf_addf(out, "%zu of %zu %s %s it, ", synced, teller->count, targets(teller->count), synced == 1 ? "has" : "have");
	add_time(out, now_ms - teller->began_ms);
	add_others(teller, counts, out);
	if (end == HGT_ROLLOUT_LEFT)
		hgt_buf_adds(out, "; the daemon can tell no more");
	hgt_buf_addc(out, '\n');
}
