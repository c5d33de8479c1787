/* The fleet as people read it. */
#include "cli/remote/fleet.h"

#include "base/timing.h"
#include "cli/remote/table.h"

enum { MESSAGE_MAX = 100 };	/* bytes of a report's message in the table */

static const char *const state_names[FLEET_STATES] = {"Failed", "Degraded", "OutOfSync", "Unknown", "Progressing", "Synced"};

static bool is(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

static enum fleet_state state_of(const struct fleet_row *row)
{
	if (is(row->operation, "Failed"))
		return FLEET_FAILED;
	if (is(row->health, "Degraded"))
		return FLEET_DEGRADED;
	if (is(row->sync, "OutOfSync"))
		return FLEET_OUT_OF_SYNC;
	if (!is(row->sync, "Synced"))
		return FLEET_UNKNOWN;
	if (is(row->operation, "Pending") || is(row->operation, "Running") || is(row->health, "Progressing"))
		return FLEET_PROGRESSING;
	return FLEET_SYNCED;
}

enum tint fleet_tint(const char *word)
{
	static const char *const good[] = {"Synced", "Healthy", "Succeeded"};
	static const char *const bad[] = {"OutOfSync", "Degraded", "Missing", "Failed"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (is(word, good[i]))
			return TINT_GOOD;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (is(word, bad[i]))
			return TINT_BAD;
	return word ? TINT_BUSY : TINT_NONE;
}

/* Nothing is believed of an agent that has not been there for a while, or has not reported. */
static void fill_row(struct fleet_row *row, const struct hgt_node *agent, const struct hgt_node *target)
{
	const struct hgt_node *report = hgt_node_get(target, "report");
	bool stale = false;

	*row = (struct fleet_row){.agent = hgt_node_get_string(agent, "name"), .kind = hgt_node_get_string(agent, "kind")};
	hgt_node_get_bool(agent, "connected", &row->connected);
	hgt_node_get_bool(target, "stale", &stale);
	if (target) {
		row->target = hgt_node_get_string(target, "name");
		row->desired = hgt_node_get_string(report, "desired");
		row->applied = hgt_node_get_string(report, "applied");
		row->pinned = hgt_node_get_string(report, "pinned");
		row->reported = hgt_node_get_string(target, "reported");
		row->message = hgt_node_get_string(report, "message");
		row->operation = hgt_node_get_string(report, "operation");
		row->sync = stale ? NULL : hgt_node_get_string(report, "sync");
		row->health = stale ? NULL : hgt_node_get_string(report, "health");
	}
	if (!row->sync)
		row->sync = "Unknown";
	if (!row->health)
		row->health = "Unknown";
	row->state = stale ? FLEET_UNKNOWN : state_of(row);
}

static size_t count(const struct hgt_node *list)
{
	return list && list->type == HGT_NODE_SEQ ? list->v.seq.n : 0;
}

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_rows(const void *a, const void *b)
{
	const struct fleet_row *x = a, *y = b;
	int order = compare_text(x->agent, y->agent);

	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	return order ? order : compare_text(x->target, y->target);
}

static void count_row(struct fleet *fleet, const struct fleet_row *row)
{
	if (!row->target)
		return;
	fleet->targets++;
	fleet->counts[row->state]++;
}

int fleet_read(const struct hgt_node *agents, struct fleet *out, struct hgt_error *err)
{
	struct fleet fleet = {.agents = count(agents)};
	size_t room = 1;

	for (size_t i = 0; i < count(agents); i++)
		room += 1 + count(hgt_node_get(agents->v.seq.items[i], "targets"));
	fleet.rows = calloc(room, sizeof(*fleet.rows));
	if (!fleet.rows)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < count(agents); i++) {
		const struct hgt_node *agent = agents->v.seq.items[i];
		const struct hgt_node *targets = hgt_node_get(agent, "targets");
		const size_t first = fleet.n;

		if (!count(targets))
			fill_row(&fleet.rows[fleet.n++], agent, NULL);
		for (size_t k = 0; k < count(targets); k++)
			fill_row(&fleet.rows[fleet.n++], agent, targets->v.seq.items[k]);
		for (size_t k = first; k < fleet.n; k++)
			count_row(&fleet, &fleet.rows[k]);
		fleet.away += !fleet.rows[first].connected;
	}
	qsort(fleet.rows, fleet.n, sizeof(*fleet.rows), compare_rows);
	*out = fleet;
	return 0;
}

void fleet_release(struct fleet *fleet)
{
	free(fleet->rows);
}

bool fleet_is_well(const struct fleet *fleet)
{
	return !fleet->counts[FLEET_FAILED] && !fleet->counts[FLEET_DEGRADED] && !fleet->counts[FLEET_OUT_OF_SYNC] &&
		!fleet->counts[FLEET_UNKNOWN];
}

void fleet_write_counts(const struct fleet *fleet, bool color, struct hgt_buf *out)
{
	const char *separator = ": ";

	hgt_buf_addf(out, "%zu target%s", fleet->targets, fleet->targets == 1 ? "" : "s");
	for (int i = 0; i < FLEET_STATES; i++) {
		struct hgt_buf text = HGT_BUF_INIT;

		if (!fleet->counts[i])
			continue;
		hgt_buf_addf(&text, "%zu %s", fleet->counts[i], state_names[i]);
		hgt_buf_adds(out, separator);
		show_tinted(out, text.data, fleet_tint(state_names[i]), color);
		separator = ", ";
		hgt_buf_release(&text);
	}
	hgt_buf_addf(out, "; %zu of %zu agent%s away\n", fleet->away, fleet->agents, fleet->agents == 1 ? "" : "s");
}

/* What is applied; while something else is wanted, both. "pinned" where Git may be further than that. */
static void add_revision(struct table *table, const struct fleet_row *row)
{
	struct hgt_buf text = HGT_BUF_INIT;

	show_id(&text, row->applied);
	if (row->desired && compare_text(row->applied, row->desired) != 0) {
		hgt_buf_adds(&text, "..");
		show_id(&text, row->desired);
	}
	if (row->pinned)
		hgt_buf_adds(&text, " pinned");
	table_add(table, text.data, TINT_NONE);
	hgt_buf_release(&text);
}

/* The first line, in short. */
static void add_message(struct table *table, const struct fleet_row *row)
{
	struct hgt_buf text = HGT_BUF_INIT;
	size_t len = row->message ? strcspn(row->message, "\r\n") : 0;

	hgt_buf_add(&text, row->message ? row->message : "", len < MESSAGE_MAX ? len : MESSAGE_MAX);
	if (len > MESSAGE_MAX)
		hgt_buf_adds(&text, "...");
	table_add(table, len ? text.data : NULL, TINT_NONE);
	table->failed = table->failed || text.failed;
	hgt_buf_release(&text);
}

static void add_row(struct table *table, const struct fleet_row *row, int64_t now)
{
	struct hgt_buf age = HGT_BUF_INIT;

	table_add(table, row->agent, TINT_NONE);
	table_add(table, row->kind, TINT_NONE);
	table_add(table, row->connected ? "yes" : "no", row->connected ? TINT_GOOD : TINT_BUSY);
	table_add(table, row->target, TINT_NONE);
	table_add(table, row->sync, fleet_tint(row->sync));
	table_add(table, row->health, fleet_tint(row->health));
	table_add(table, row->operation, fleet_tint(row->operation));
	add_revision(table, row);
	show_age(&age, row->reported, now);
	table_add(table, age.data, TINT_NONE);
	add_message(table, row);
	hgt_buf_release(&age);
}

int fleet_write(const struct fleet *fleet, size_t most, bool color, struct hgt_buf *out, struct hgt_error *err)
{
	static const char *const heads[] = {
		"NAME", "KIND", "CONNECTED", "TARGET", "SYNC", "HEALTH", "OPERATION", "REVISION", "AGE", "MESSAGE"};
	size_t n = fleet->n < most ? fleet->n : most;
	int64_t now = hgt_time_now_ms();
	struct table table;
	int code;

	if (!fleet->n) {
		hgt_buf_adds(out, "No agents yet: headgate agent add NAME --kind host --allow GLOB registers one.\n");
		return 0;
	}
	table_init(&table, heads, sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; i < n; i++)
		add_row(&table, &fleet->rows[i], now);
	code = table_write(&table, color, out, err);
	table_release(&table);
	if (code == 0 && n < fleet->n)
		hgt_buf_addf(out, "and %zu more, none of them worse\n", fleet->n - n);
	return code;
}
