/* Mirrors as people read them. */
#include "cli/remote/mirror_view.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/timing.h"
#include "cli/remote/table.h"

/* The worst first. */
static const struct {
	const char *state, *words;
	enum tint tint;
} states[] = {
	{"stopped", "stopped", TINT_BAD}, {"failing", "failing", TINT_BAD}, {"behind", "behind", TINT_BUSY}, {"new", "new", TINT_BUSY},
	{"in-step", "in step", TINT_GOOD},
};
#define N_STATES (sizeof(states) / sizeof(states[0]))

/* N_STATES for a word that is none of them: a newer daemon's. */
static size_t rank_of(const char *state)
{
	size_t i = 0;

	while (i < N_STATES && (!state || strcmp(states[i].state, state) != 0))
		i++;
	return i;
}

static int64_t time_of(const struct hgt_node *node, const char *key)
{
	const char *text = hgt_node_get_string(node, key);
	int64_t ms = 0;

	return text && hgt_time_parse(text, &ms, NULL) == 0 ? ms : 0;
}

static uint64_t number_of(const struct hgt_node *node, const char *key)
{
	int64_t number = 0;

	hgt_node_get_int(node, key, &number);
	return number > 0 ? (uint64_t)number : 0;
}

static bool flag_of(const struct hgt_node *node, const char *key)
{
	bool flag = false;

	hgt_node_get_bool(node, key, &flag);
	return flag;
}

static int compare_copies(const void *a, const void *b)
{
	const struct hgt_node *left = *(const struct hgt_node *const *)a, *right = *(const struct hgt_node *const *)b;
	size_t left_rank = rank_of(hgt_node_get_string(left, "state")), right_rank = rank_of(hgt_node_get_string(right, "state"));
	int64_t left_since = time_of(left, "since"), right_since = time_of(right, "since");
	const char *left_repo = hgt_node_get_string(left, "repo"), *right_repo = hgt_node_get_string(right, "repo");
	const char *left_mirror = hgt_node_get_string(left, "mirror"), *right_mirror = hgt_node_get_string(right, "mirror");
	int order;

	if (left_rank != right_rank)
		return left_rank < right_rank ? -1 : 1;
	if (left_since != right_since)
		return !left_since || (right_since && left_since > right_since) ? 1 : -1;
	order = strcmp(left_mirror ? left_mirror : "", right_mirror ? right_mirror : "");
	return order ? order : strcmp(left_repo ? left_repo : "", right_repo ? right_repo : "");
}

void mirror_list_sort(struct mirror_list *copies)
{
	if (copies->n)
		qsort(copies->items, copies->n, sizeof(*copies->items), compare_copies);
}

bool mirror_view_is_well(const struct hgt_node *copy)
{
	const char *state = hgt_node_get_string(copy, "state");

	return state && !strcmp(state, "in-step");
}

/* Words. */

void mirror_view_span(int64_t ms, struct hgt_buf *out)
{
	int64_t secs = ms > 0 ? ms / 1000 : 0;

	if (secs < 60)
		hgt_buf_addf(out, "%" PRId64 " s", secs);
	else if (secs < 3600)
		hgt_buf_addf(out, "%" PRId64 " min", secs / 60);
	else if (secs < 86400 && secs / 60 % 60)
		hgt_buf_addf(out, "%" PRId64 " h %" PRId64 " min", secs / 3600, secs / 60 % 60);
	else if (secs < 86400)
		hgt_buf_addf(out, "%" PRId64 " h", secs / 3600);
	else
		hgt_buf_addf(out, "%" PRId64 " day%s", secs / 86400, secs < 2 * 86400 ? "" : "s");
}

void mirror_view_bytes(uint64_t bytes, struct hgt_buf *out)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double size = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		hgt_buf_addf(out, "%" PRIu64 " byte%s", bytes, bytes == 1 ? "" : "s");
		return;
	}
	while (size >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		size /= 1024;
		unit++;
	}
	hgt_buf_addf(out, "%.1f %s", size, units[unit]);
}

/* "3 min ago", "in 5 min"; "never" where it was never. */
static void add_when(struct hgt_buf *out, int64_t ms, int64_t now_ms)
{
	if (!ms)
		hgt_buf_adds(out, "never");
	else if (ms > now_ms)
		hgt_buf_adds(out, "in ");
	if (ms)
		mirror_view_span(ms > now_ms ? ms - now_ms : now_ms - ms, out);
	if (ms && ms <= now_ms)
		hgt_buf_adds(out, " ago");
}

static void add_state(struct hgt_buf *out, const struct hgt_node *copy)
{
	const char *state = hgt_node_get_string(copy, "state");
	size_t rank = rank_of(state);

	hgt_buf_adds(out, rank < N_STATES ? states[rank].words : state ? state : "-");
	if (flag_of(copy, "paused"))
		hgt_buf_adds(out, ", paused");
	else if (hgt_node_get_string(hgt_node_get(copy, "running"), "phase"))
		hgt_buf_adds(out, ", moving");
	else if (flag_of(copy, "waiting"))
		hgt_buf_adds(out, ", waits for its turn");
}

static enum tint tint_of(const char *state)
{
	size_t rank = rank_of(state);

	return rank < N_STATES ? states[rank].tint : TINT_NONE;
}

/* "receiving, 45% (1234 of 2345 objects)" */
static void add_running(struct hgt_buf *out, const struct hgt_node *running)
{
	const char *phase = hgt_node_get_string(running, "phase");
	uint64_t percent = number_of(running, "percent"), total = number_of(running, "objects_total");

	hgt_buf_adds(out, phase && *phase ? phase : "begins");
	if (percent)
		hgt_buf_addf(out, ", %" PRIu64 "%%", percent);
	if (total)
		hgt_buf_addf(out, " (%" PRIu64 " of %" PRIu64 " objects)", number_of(running, "objects"), total);
}

/* Tables. */

static void add_cell(struct table *table, struct hgt_buf *text, enum tint tint)
{
	table_add(table, text->data, tint);
	table->failed |= text->failed;
	hgt_buf_reset(text);
}

static void add_number(struct table *table, struct hgt_buf *room, const struct hgt_node *item, const char *key, enum tint tint)
{
	const struct hgt_node *value = hgt_node_get(item, key);
	uint64_t number = number_of(item, key);

	if (!value || value->type == HGT_NODE_NULL) {
		table_add(table, NULL, TINT_NONE);
		return;
	}
	hgt_buf_addf(room, "%" PRIu64, number);
	add_cell(table, room, number ? tint : TINT_NONE);
}

static void add_age(struct table *table, struct hgt_buf *room, const struct hgt_node *item, const char *key, int64_t now_ms)
{
	show_age(room, hgt_node_get_string(item, key), now_ms);
	add_cell(table, room, TINT_NONE);
}

int mirror_view_mirrors(const struct hgt_node *mirrors, bool color, struct hgt_buf *out, struct hgt_error *err)
{
	static const char *const heads[] = {"MIRROR", "WAY", "COPIES", "IN-STEP", "NEW", "BEHIND", "FAILING", "STOPPED", "PAUSED", "URL"};
	size_t n = mirrors && mirrors->type == HGT_NODE_SEQ ? mirrors->v.seq.n : 0;
	struct hgt_buf room = HGT_BUF_INIT;
	struct table table;
	int code;

	if (!n) {
		hgt_buf_adds(out, "No mirrors in the config.\n");
		return hgt_buf_check(out, err);
	}
	table_init(&table, heads, sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; i < n; i++) {
		const struct hgt_node *mirror = mirrors->v.seq.items[i];

		table_add(&table, hgt_node_get_string(mirror, "name"), TINT_NONE);
		table_add(&table, hgt_node_get_string(mirror, "direction"), TINT_NONE);
		add_number(&table, &room, mirror, "copies", TINT_NONE);
		add_number(&table, &room, mirror, "in_step", TINT_GOOD);
		add_number(&table, &room, mirror, "new", TINT_BUSY);
		add_number(&table, &room, mirror, "behind", TINT_BUSY);
		add_number(&table, &room, mirror, "failing", TINT_BAD);
		add_number(&table, &room, mirror, "stopped", TINT_BAD);
		add_number(&table, &room, mirror, "paused", TINT_BUSY);
		table_add(&table, hgt_node_get_string(mirror, "url"), TINT_NONE);
	}
	code = table_write(&table, color, out, err);
	table_release(&table);
	hgt_buf_release(&room);
	return code;
}

int mirror_view_copies(const struct mirror_list *copies, size_t most, bool named, int64_t now_ms, bool color, struct hgt_buf *out,
	struct hgt_error *err)
{
	static const char *const heads[] = {"MIRROR", "REPOSITORY", "STATE", "LAG", "REFS", "OUT-OF-STEP", "LAST-OK", "MOVED", "ERROR"};
	struct hgt_buf room = HGT_BUF_INIT;
	struct table table;
	int code;

	table_init(&table, named ? heads : heads + 1, sizeof(heads) / sizeof(heads[0]) - !named);
	for (size_t i = 0; i < copies->n && i < most; i++) {
		const struct hgt_node *copy = copies->items[i], *bytes = hgt_node_get(copy, "bytes");

		if (named)
			table_add(&table, hgt_node_get_string(copy, "mirror"), TINT_NONE);
		table_add(&table, hgt_node_get_string(copy, "repo"), TINT_NONE);
		add_state(&room, copy);
		add_cell(&table, &room, tint_of(hgt_node_get_string(copy, "state")));
		add_age(&table, &room, copy, "since", now_ms);
		add_number(&table, &room, copy, "refs", TINT_NONE);
		add_number(&table, &room, copy, "out_of_step", TINT_BUSY);
		add_age(&table, &room, copy, "ok", now_ms);
		if (bytes && bytes->type != HGT_NODE_NULL)
			mirror_view_bytes(number_of(copy, "bytes"), &room);
		else
			hgt_buf_addc(&room, '-');
		add_cell(&table, &room, TINT_NONE);
		table_add(&table, hgt_node_get_string(copy, "error"), TINT_BAD);
	}
	code = table_write(&table, color, out, err);
	if (copies->n > most)
		hgt_buf_addf(out, "and %zu more\n", copies->n - most);
	table_release(&table);
	hgt_buf_release(&room);
	return code;
}

/* How far a ref lags, and between what. */
int mirror_view_refs(const struct mirror_list *refs, bool known, int64_t now_ms, bool color, struct hgt_buf *out,
	struct hgt_error *err)
{
	static const char *const heads[] = {"REF", "STATE", "LAG", "OURS", "THEIRS", "LAST-IN-STEP", "WHY"};
	static const char *const ids[] = {"ours", "theirs", "id"};
	struct hgt_buf room = HGT_BUF_INIT;
	struct table table;
	int code;

	if (!refs->n) {
		hgt_buf_adds(out, known ? "Every ref that is known is in step.\n" : "No ref is known yet.\n");
		return hgt_buf_check(out, err);
	}
	table_init(&table, heads, sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; i < refs->n; i++) {
		const struct hgt_node *ref = refs->items[i];
		const char *state = hgt_node_get_string(ref, "state");
		bool well = state && !strcmp(state, "in-step"), behind = state && !strcmp(state, "behind");

		table_add(&table, hgt_node_get_string(ref, "ref"), TINT_NONE);
		table_add(&table, well ? "in step" : state, well ? TINT_GOOD : behind ? TINT_BUSY : TINT_BAD);
		add_age(&table, &room, ref, "since", now_ms);
		for (size_t j = 0; j < sizeof(ids) / sizeof(ids[0]); j++) {
			show_id(&room, hgt_node_get_string(ref, ids[j]));
			add_cell(&table, &room, TINT_NONE);
		}
		table_add(&table, hgt_node_get_string(ref, "note"), TINT_NONE);
	}
	code = table_write(&table, color, out, err);
	table_release(&table);
	hgt_buf_release(&room);
	return code;
}

/* One copy. */

static void begin_line(struct hgt_buf *out, const char *name)
{
	hgt_buf_addf(out, "%-10s ", name);
}

static void add_time_line(struct hgt_buf *out, const char *name, const struct hgt_node *copy, const char *key, int64_t now_ms)
{
	int64_t ms = time_of(copy, key);

	begin_line(out, name);
	add_when(out, ms, now_ms);
	if (ms) {
		hgt_buf_adds(out, ", ");
		show_time(out, hgt_node_get_string(copy, key));
	}
	hgt_buf_addc(out, '\n');
}

static void add_counts(struct hgt_buf *out, const struct hgt_node *copy)
{
	const struct hgt_node *refs = hgt_node_get(copy, "refs");
	uint64_t n = number_of(copy, "refs"), out_of_step = number_of(copy, "out_of_step");

	if (!refs || refs->type == HGT_NODE_NULL)
		return;
	begin_line(out, "refs");
	hgt_buf_addf(out, "%" PRIu64 ", ", n);
	if (out_of_step)
		hgt_buf_addf(out, "%" PRIu64 " of them not in step\n", out_of_step);
	else
		hgt_buf_adds(out, n ? "all in step\n" : "none is known yet\n");
	begin_line(out, "moved");
	mirror_view_bytes(number_of(copy, "bytes"), out);
	hgt_buf_addc(out, '\n');
}

/* What a person may do now: the command, with the names as they would be typed. */
static void add_advice(struct hgt_buf *out, const struct hgt_node *copy)
{
	const char *state = hgt_node_get_string(copy, "state"), *direction = hgt_node_get_string(copy, "direction");
	bool push = direction && !strcmp(direction, "push"), stopped = state && !strcmp(state, "stopped");
	const char *option = "", *verb = "sync", *what;

	if (flag_of(copy, "paused")) {
		verb = "resume";
		what = "goes on with it";
	} else if (stopped) {
		option = " --accept";
		what = push ? "overwrites there exactly what is listed below, with what is here" :
			"follows upstream, and keeps what was here under refs/headgate/kept/";
	} else if (state && !strcmp(state, "failing")) {
		what = "tries it now";
	} else {
		return;
	}
	hgt_buf_addf(out, "\n`headgate mirror %s ", verb);
	show_text(out, hgt_node_get_string(copy, "mirror"), TINT_NONE, false);
	hgt_buf_addc(out, ' ');
	show_text(out, hgt_node_get_string(copy, "repo"), TINT_NONE, false);
	hgt_buf_addf(out, "%s` %s\n", option, what);
}

void mirror_view_copy(const struct hgt_node *copy, int64_t now_ms, bool color, struct hgt_buf *out)
{
	const char *state = hgt_node_get_string(copy, "state"), *direction = hgt_node_get_string(copy, "direction");
	const char *error = hgt_node_get_string(copy, "error");
	uint64_t attempts = number_of(copy, "attempts");
	struct hgt_buf words = HGT_BUF_INIT;
	int64_t since = time_of(copy, "since"), next = time_of(copy, "next");

	show_text(out, hgt_node_get_string(copy, "repo"), TINT_NONE, color);
	hgt_buf_adds(out, " of mirror ");
	show_text(out, hgt_node_get_string(copy, "mirror"), TINT_NONE, color);
	hgt_buf_adds(out, direction && !strcmp(direction, "push") ? ", pushed to " : ", pulled from ");
	show_text(out, hgt_node_get_string(copy, "url"), TINT_NONE, color);
	hgt_buf_addc(out, '\n');
	begin_line(out, "state");
	add_state(&words, copy);
	show_text(out, words.data, tint_of(state), color);
	if (error) {
		hgt_buf_adds(out, ": ");
		show_text(out, error, TINT_NONE, color);
	}
	hgt_buf_addc(out, '\n');
	if (hgt_node_get_string(hgt_node_get(copy, "running"), "phase")) {
		begin_line(out, "now");
		add_running(out, hgt_node_get(copy, "running"));
		hgt_buf_addc(out, '\n');
	}
	if (since) {
		begin_line(out, "behind for");
		mirror_view_span(now_ms - since, out);
		hgt_buf_adds(out, ", since ");
		show_time(out, hgt_node_get_string(copy, "since"));
		hgt_buf_addc(out, '\n');
	}
	add_time_line(out, "last good", copy, "ok", now_ms);
	if (time_of(copy, "tried") != time_of(copy, "ok"))
		add_time_line(out, "last try", copy, "tried", now_ms);
	if (next) {
		begin_line(out, "next try");
		if (next <= now_ms)
			hgt_buf_adds(out, "now");
		else
			add_when(out, next, now_ms);
		if (attempts)
			hgt_buf_addf(out, ", %" PRIu64 " %s failed", attempts, attempts == 1 ? "has" : "have");
		hgt_buf_addc(out, '\n');
	}
	add_time_line(out, "verified", copy, "verified", now_ms);
	add_counts(out, copy);
	add_advice(out, copy);
	out->failed |= words.failed;
	hgt_buf_release(&words);
}

void mirror_view_accept(const struct hgt_node *ref, bool push, struct hgt_buf *out)
{
	const char *state = hgt_node_get_string(ref, "state");
	const char *ours = hgt_node_get_string(ref, "ours"), *theirs = hgt_node_get_string(ref, "theirs");

	if (!state || (strcmp(state, "diverged") != 0 && strcmp(state, "held") != 0))
		return;
	show_text(out, hgt_node_get_string(ref, "ref"), TINT_NONE, false);
	hgt_buf_adds(out, ": ");
	if (push && theirs) {
		show_id(out, theirs);
		hgt_buf_adds(out, ours ? " there is overwritten with " : " there is deleted, as it is here");
	} else if (push) {
		hgt_buf_adds(out, "made there again, at ");
	} else if (ours) {
		show_id(out, ours);
		hgt_buf_adds(out, " here is kept under refs/headgate/kept/, and upstream followed to ");
	} else {
		hgt_buf_adds(out, "made here, at ");
	}
	if (push && ours)
		show_id(out, ours);
	else if (!push && theirs)
		show_id(out, theirs);
	else if (!push)
		hgt_buf_adds(out, "its deletion");
	hgt_buf_addc(out, '\n');
}

void mirror_view_end(const struct hgt_node *copy, uint64_t bytes_before, int64_t now_ms, bool color, struct hgt_buf *out)
{
	uint64_t bytes = number_of(copy, "bytes"), out_of_step = number_of(copy, "out_of_step");
	const char *state = hgt_node_get_string(copy, "state"), *error = hgt_node_get_string(copy, "error");
	struct hgt_buf words = HGT_BUF_INIT;
	int64_t next = time_of(copy, "next");

	show_text(out, hgt_node_get_string(copy, "repo"), TINT_NONE, color);
	hgt_buf_adds(out, ": ");
	add_state(&words, copy);
	show_text(out, words.data, tint_of(state), color);
	if (bytes > bytes_before) {
		hgt_buf_adds(out, ", ");
		mirror_view_bytes(bytes - bytes_before, out);
		hgt_buf_adds(out, " moved");
	}
	if (out_of_step)
		hgt_buf_addf(out, ", %" PRIu64 " ref%s not in step", out_of_step, out_of_step == 1 ? "" : "s");
	if (error) {
		hgt_buf_adds(out, ": ");
		show_text(out, error, TINT_NONE, color);
	}
	if (next > now_ms) {
		hgt_buf_adds(out, "; tried again in ");
		mirror_view_span(next - now_ms, out);
	}
	hgt_buf_addc(out, '\n');
	out->failed |= words.failed;
	hgt_buf_release(&words);
}
