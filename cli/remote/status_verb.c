/* headgate status: what the daemon serves, and what became of it on every agent. */
#include <inttypes.h>

#include "base/timing.h"
#include "cli/remote/remote.h"
#include "cli/remote/table.h"
#include "cli/terminal.h"

static const char usage[] =
	"usage: headgate status [--exit-code] [-c CONFIG] [--json]\n"
	"\n"
	"Tell what the daemon serves and the state of every agent's targets, the worst first.\n"
	"What an agent reported counts as Unknown while the agent is not connected.\n"
	"\n"
	"      --exit-code       exit with 1 unless every target is Synced\n"
	"  -c, --config CONFIG   the daemon's configuration\n"
	"      --json            answer as JSON\n"
	"  -h, --help            print this\n";

struct options {
	const char *config;
	bool exit_code;
	bool json;
};

/* One line of the fleet: an agent's target, or an agent that has none. Strings are the answer's. */
struct row {
	const char *agent, *kind;
	bool connected;
	const char *target;
	const char *sync, *health, *operation;
	const char *desired, *applied;
	const char *reported;
	int rank;	/* 0 is the worst */
};

static bool is(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

static int rank_of(const struct row *row)
{
	if (is(row->operation, "Failed") || is(row->health, "Degraded"))
		return 0;
	if (is(row->sync, "OutOfSync"))
		return 1;
	if (!is(row->sync, "Synced"))
		return 2;
	if (is(row->operation, "Pending") || is(row->operation, "Running") || is(row->health, "Progressing"))
		return 3;
	return is(row->health, "Healthy") ? 5 : 4;
}

static enum tint tint_of(const char *word)
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

/* Nothing is believed of an agent that is not there, or has not reported. */
static void fill_row(struct row *row, const struct hgt_node *agent, const struct hgt_node *target)
{
	const struct hgt_node *report = hgt_node_get(target, "report");

	*row = (struct row){.agent = hgt_node_get_string(agent, "name"), .kind = hgt_node_get_string(agent, "kind")};
	hgt_node_get_bool(agent, "connected", &row->connected);
	if (target) {
		row->target = hgt_node_get_string(target, "name");
		row->desired = hgt_node_get_string(report, "desired");
		row->applied = hgt_node_get_string(report, "applied");
		row->reported = hgt_node_get_string(target, "reported");
		row->operation = hgt_node_get_string(report, "operation");
		row->sync = row->connected ? hgt_node_get_string(report, "sync") : NULL;
		row->health = row->connected ? hgt_node_get_string(report, "health") : NULL;
	}
	if (!row->sync)
		row->sync = "Unknown";
	if (!row->health)
		row->health = "Unknown";
	row->rank = rank_of(row);
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
	const struct row *x = a, *y = b;
	int order = compare_text(x->agent, y->agent);

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return order ? order : compare_text(x->target, y->target);
}

/* Every target of every agent, the worst first. */
static int fleet_rows(const struct hgt_node *agents, struct row **out, size_t *n, struct hgt_error *err)
{
	size_t room = 1, used = 0;
	struct row *rows;

	for (size_t i = 0; i < count(agents); i++)
		room += 1 + count(hgt_node_get(agents->v.seq.items[i], "targets"));
	rows = calloc(room, sizeof(*rows));
	if (!rows)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < count(agents); i++) {
		const struct hgt_node *agent = agents->v.seq.items[i];
		const struct hgt_node *targets = hgt_node_get(agent, "targets");

		if (!count(targets))
			fill_row(&rows[used++], agent, NULL);
		for (size_t k = 0; k < count(targets); k++)
			fill_row(&rows[used++], agent, targets->v.seq.items[k]);
	}
	qsort(rows, used, sizeof(*rows), compare_rows);
	*out = rows;
	*n = used;
	return 0;
}

/* What is applied; while something else is wanted, both. */
static void add_revision(struct table *table, const struct row *row)
{
	struct hgt_buf text = HGT_BUF_INIT;

	show_id(&text, row->applied);
	if (row->desired && compare_text(row->applied, row->desired) != 0) {
		hgt_buf_adds(&text, "..");
		show_id(&text, row->desired);
	}
	table_add(table, text.data, TINT_NONE);
	hgt_buf_release(&text);
}

static int write_fleet(const struct row *rows, size_t n, bool color, struct hgt_buf *out, struct hgt_error *err)
{
	static const char *const heads[] = {
		"NAME", "KIND", "CONNECTED", "TARGET", "SYNC", "HEALTH", "OPERATION", "REVISION", "AGE"};
	int64_t now = hgt_time_now_ms();
	struct table table;
	int code;

	if (!n) {
		hgt_buf_adds(out, "No agents yet: headgate agent add NAME --kind host --allow GLOB registers one.\n");
		return 0;
	}
	table_init(&table, heads, sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &rows[i];
		struct hgt_buf age = HGT_BUF_INIT;

		table_add(&table, row->agent, TINT_NONE);
		table_add(&table, row->kind, TINT_NONE);
		table_add(&table, row->connected ? "yes" : "no", row->connected ? TINT_GOOD : TINT_BUSY);
		table_add(&table, row->target, TINT_NONE);
		table_add(&table, row->sync, tint_of(row->sync));
		table_add(&table, row->health, tint_of(row->health));
		table_add(&table, row->operation, tint_of(row->operation));
		add_revision(&table, row);
		show_age(&age, row->reported, now);
		table_add(&table, age.data, TINT_NONE);
		hgt_buf_release(&age);
	}
	code = table_write(&table, color, out, err);
	table_release(&table);
	return code;
}

static int write_repositories(const struct hgt_node *repositories, bool color, struct hgt_buf *out,
	struct hgt_error *err)
{
	static const char *const heads[] = {"REPOSITORY", "REFS"};
	struct table table;
	int code;

	if (!count(repositories)) {
		hgt_buf_adds(out, "No repositories below repositories.root that the config includes.\n");
		return 0;
	}
	table_init(&table, heads, sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; i < count(repositories); i++) {
		const struct hgt_node *repo = repositories->v.seq.items[i];
		const char *trouble = hgt_node_get_string(repo, "trouble");
		struct hgt_buf refs = HGT_BUF_INIT;
		int64_t n = 0;

		hgt_node_get_int(repo, "refs", &n);
		hgt_buf_addf(&refs, "%" PRId64, n);
		table_add(&table, hgt_node_get_string(repo, "name"), TINT_NONE);
		table_add(&table, trouble ? trouble : refs.data, trouble ? TINT_BAD : TINT_NONE);
		hgt_buf_release(&refs);
	}
	code = table_write(&table, color, out, err);
	table_release(&table);
	return code;
}

static void write_daemon(const struct hgt_node *root, bool color, struct hgt_buf *out)
{
	const char *started = hgt_node_get_string(root, "started");
	const char *trouble = hgt_node_get_string(root, "trouble");

	show_text(out, hgt_node_get_string(root, "site"), TINT_NONE, color);
	hgt_buf_adds(out, ": headgated ");
	show_text(out, hgt_node_get_string(root, "version"), TINT_NONE, color);
	hgt_buf_adds(out, ", up since ");
	show_time(out, started);
	hgt_buf_adds(out, " (");
	show_age(out, started, hgt_time_now_ms());
	hgt_buf_adds(out, "), journal at ");
	show_text(out, hgt_node_get_string(root, "head"), TINT_NONE, color);
	hgt_buf_addc(out, '\n');
	if (trouble) {
		hgt_buf_adds(out, "The journal cannot be written, pushes are spooled: ");
		show_text(out, trouble, TINT_BAD, color);
		hgt_buf_addc(out, '\n');
	}
}

static bool all_synced(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].target && !is(rows[i].sync, "Synced"))
			return false;
	return true;
}

static int tell(const struct options *o, const struct client_answer *answer, struct hgt_error *err)
{
	const struct hgt_node *root = answer->root;
	struct hgt_buf out = HGT_BUF_INIT;
	bool color = terminal_has_color();
	struct row *rows = NULL;
	size_t n = 0;
	int code = fleet_rows(hgt_node_get(root, "agents"), &rows, &n, err);
	int status;

	if (code == 0 && !o->json) {
		write_daemon(root, color, &out);
		hgt_buf_addc(&out, '\n');
		code = write_repositories(hgt_node_get(root, "repositories"), color, &out, err);
		hgt_buf_addc(&out, '\n');
		if (code == 0)
			code = write_fleet(rows, n, color, &out, err);
	}
	if (code < 0)
		status = remote_fail(err);
	else
		status = o->json ? remote_print_answer(answer) : remote_print(&out);
	if (status == HGT_EXIT_OK && o->exit_code && !all_synced(rows, n))
		status = HGT_EXIT_NOT;
	free(rows);
	hgt_buf_release(&out);
	return status;
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	enum { OPT_EXIT_CODE = 256, OPT_JSON };
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'}, {"exit-code", no_argument, NULL, OPT_EXIT_CODE},
		{"json", no_argument, NULL, OPT_JSON}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:h", longs, NULL)) >= 0) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case OPT_EXIT_CODE:
			o->exit_code = true;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case 'h':
			return terminal_print(usage);
		default:
			return terminal_option_error("status", c, argv[optind - 1]);
		}
	}
	if (optind < argc)
		return terminal_usage_error("status", "no arguments are wanted, but there is", argv[optind]);
	return -1;
}

int status_verb(int argc, char **argv)
{
	struct options o = {0};
	struct client *client = NULL;
	struct client_answer answer;
	struct hgt_error err = {0};
	int status = read_options(argc, argv, &o);

	if (status >= 0)
		return status;
	client_answer_init(&answer);
	if (remote_connect(o.config, &client, &err) < 0 ||
		client_call(client, "GET", "/v1/status", NULL, &answer, &err) < 0)
		status = remote_fail(&err);
	else
		status = tell(&o, &answer, &err);
	client_answer_release(&answer);
	client_close(client);
	return status;
}
