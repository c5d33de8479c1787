/* headgate history: what was applied where, when, and by whom. */
#include <inttypes.h>

#include "base/glob.h"
#include "base/json_writer.h"
#include "cli/remote/history.h"
#include "cli/remote/options.h"
#include "cli/remote/pages.h"
#include "cli/remote/remote.h"
#include "cli/remote/table.h"
#include "cli/terminal.h"

static const char usage[] =
	"usage: headgate history [--repo GLOB] [--limit N] [-c CONFIG] [--json] [AGENT [TARGET]]\n"
	"\n"
	"Tell what was applied to targets, or failed to be: when, which revision, by which push and whom, and with what\n"
	"result, the newest last. Read from the journal. A push that the journal does not hold any more is told as -.\n"
	"\n"
	"      --repo GLOB       of targets that follow these repositories\n"
	"      --limit N         the last N (default 20)\n"
	"  -c, --config CONFIG   the daemon's configuration\n"
	"      --json            each on a line of JSON\n"
	"  -h, --help            print this\n";

enum {
	LIMIT_DEFAULT = 20,
	LIMIT_MAX = 1000000,
	PUSH_DIGITS = 8,
	MESSAGE_MAX = 100,
};

struct options {
	const char *config, *repo, *agent, *target;
	uint64_t limit;
	bool json;
};

struct collector {
	struct history history;
	int (*add)(struct history *history, const struct hgt_node *event, struct hgt_error *err);
	uint64_t (*needs)(const struct history *history);
	uint64_t pages, enough;		/* read; at which there were as many entries as are wanted */
	struct hgt_error *err;
};

static int add(void *ctx, const struct hgt_node *event)
{
	struct collector *c = ctx;

	return c->add(&c->history, event, c->err);
}

/* Once there are enough, it is gone on for as long again at most: a target that has long had its content may be told of again and again. */
static bool reports_go_on(void *ctx, uint64_t before)
{
	struct collector *c = ctx;

	(void)before;
	c->pages++;
	if (c->history.n >= c->history.limit && !c->enough)
		c->enough = c->pages;
	return !history_is_enough(&c->history) && !(c->enough && c->pages >= 2 * c->enough);
}

static bool needs_more(void *ctx, uint64_t before)
{
	const struct collector *c = ctx;
	uint64_t needs = c->needs(&c->history);

	return needs != UINT64_MAX && needs < before;
}

/* What the entries lack, by events of one type. */
static int complete(struct client *client, struct collector *c, const char *type,
	int (*add_one)(struct history *history, const struct hgt_node *event, struct hgt_error *err),
	uint64_t (*needs)(const struct history *history))
{
	const struct pages_back back = {.type = type, .cb = add, .goes_on = needs_more, .ctx = c};

	c->add = add_one;
	c->needs = needs;
	return needs(&c->history) == UINT64_MAX ? 0 : pages_back(client, &back, c->err);
}

static int collect(struct client *client, const struct options *o, struct collector *c, struct hgt_error *err)
{
	const struct pages_back reports = {.type = HGT_EVENT_AGENT_REPORTED, .agent = o->agent, .target = o->target, .cb = add,
		.goes_on = reports_go_on, .ctx = c};
	struct client_answer agents;
	int code;

	client_answer_init(&agents);
	code = client_call(client, "GET", "/v1/agents?detail=brief", NULL, &agents, err);
	if (code == 0)
		code = history_agents(&c->history, hgt_node_get(agents.root, "agents"), err);
	client_answer_release(&agents);
	c->add = history_report;
	if (code == 0)
		code = pages_back(client, &reports, err);
	if (code == 0)
		code = history_choose(&c->history, err);
	if (code == 0)
		code = complete(client, c, HGT_EVENT_REF_UPDATED, history_move, history_needs_move);
	if (code == 0)
		code = complete(client, c, HGT_EVENT_PUSH_ATTRIBUTED, history_attribution, history_needs_attribution);
	if (code == 0)
		code = complete(client, c, HGT_EVENT_SYNC_REQUESTED, history_command, history_needs_command);
	return code;
}

static void write_json(const struct history_entry *e, struct hgt_buf *out)
{
	const struct history_push none = {0}, *push = e->push ? e->push : &none;
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "time", e->time);
	hgt_json_key_string(&json, "agent", e->agent);
	hgt_json_key_string(&json, "target", e->target);
	hgt_json_key_string(&json, "revision", *e->revision ? e->revision : NULL);
	hgt_json_key_string(&json, "result", e->failed ? "Failed" : "Succeeded");
	hgt_json_key_string(&json, "why", e->why);
	hgt_json_key(&json, "changes");
	hgt_json_begin_object(&json);
	hgt_json_key_int(&json, "added", e->added);
	hgt_json_key_int(&json, "modified", e->modified);
	hgt_json_key_int(&json, "removed", e->removed);
	hgt_json_end_object(&json);
	hgt_json_key_string(&json, "message", e->message);
	hgt_json_key_string(&json, "actor", push->actor);
	hgt_json_key_string(&json, "push", push->push);
	hgt_json_key_string(&json, "repo", push->repo);
	hgt_json_key_string(&json, "ref", push->ref);
	hgt_json_key_string(&json, "asked_by", e->asked_by);
	hgt_json_end_object(&json);
	hgt_buf_addc(out, '\n');
}

/* A cell of a text that is put together. */
static void add_cell(struct table *table, struct hgt_buf *text)
{
	table->failed = table->failed || text->failed;
	table_add(table, text->len ? text->data : NULL, TINT_NONE);
	hgt_buf_reset(text);
}

static void add_row(struct table *table, const struct history_entry *e)
{
	const char *push = e->push ? e->push->push : NULL;
	struct hgt_buf text = HGT_BUF_INIT;
	size_t len = strlen(e->message);

	show_time(&text, e->time);
	add_cell(table, &text);
	hgt_buf_addf(&text, "%s/%s", e->agent, e->target);
	add_cell(table, &text);
	show_id(&text, e->revision);
	add_cell(table, &text);
	table_add(table, e->failed ? "Failed" : "Succeeded", e->failed ? TINT_BAD : TINT_GOOD);
	hgt_buf_addf(&text, "+%" PRId64 " ~%" PRId64 " -%" PRId64, e->added, e->modified, e->removed);
	add_cell(table, &text);
	table_add(table, e->why, TINT_NONE);
	table_add(table, e->asked_by ? e->asked_by : e->push ? e->push->actor : NULL, TINT_NONE);
	hgt_buf_add(&text, push ? push : "", push ? strnlen(push, PUSH_DIGITS) : 0);
	add_cell(table, &text);
	hgt_buf_add(&text, e->message, len < MESSAGE_MAX ? len : MESSAGE_MAX);
	if (len > MESSAGE_MAX)
		hgt_buf_adds(&text, "...");
	add_cell(table, &text);
	hgt_buf_release(&text);
}

static int print(const struct history *history, const struct options *o, struct hgt_error *err)
{
	static const char *const heads[] = {"WHEN", "TARGET", "REVISION", "RESULT", "CHANGES", "WHY", "BY", "PUSH", "MESSAGE"};
	struct hgt_buf out = HGT_BUF_INIT;
	struct table table;
	int code = 0, status;

	table_init(&table, heads, sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; i < history->n; i++) {
		if (o->json)
			write_json(&history->entries[i], &out);
		else
			add_row(&table, &history->entries[i]);
	}
	if (!o->json && history->n)
		code = table_write(&table, terminal_has_color(), &out, err);
	else if (!o->json)
		hgt_buf_adds(&out, "Nothing was applied, as far as the journal goes back.\n");
	status = code < 0 ? remote_fail(err) : remote_print(&out);
	table_release(&table);
	hgt_buf_release(&out);
	return status;
}

static int tell(struct client *client, void *ctx, struct hgt_error *err)
{
	const struct options *o = ctx;
	struct collector collector = {.err = err};
	int status;

	history_init(&collector.history, o->agent, o->target, o->repo, (size_t)o->limit);
	status = collect(client, o, &collector, err);
	if (status == 0)
		status = print(&collector.history, o, err);
	history_release(&collector.history);
	return status;
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	const struct verb_option own[] = {
		{.name = "repo", .text = &o->repo}, {.name = "limit", .number = &o->limit, .least = 1, .most = LIMIT_MAX},
	};
	int status = verb_options_read(&(struct verb_options){"history", usage, &o->config, &o->json, own, sizeof(own) / sizeof(own[0])}, argc, argv);
	struct hgt_error err;

	if (status >= 0)
		return status;
	if (o->repo && hgt_glob_check(o->repo, &err) < 0)
		return terminal_usage_error("history", err.message, NULL);
	if (argc - optind > 2)
		return terminal_usage_error("history", "an agent and a target are wanted, but there is", argv[optind + 2]);
	o->agent = optind < argc ? argv[optind] : NULL;
	o->target = optind + 1 < argc ? argv[optind + 1] : NULL;
	return -1;
}

int history_verb(int argc, char **argv)
{
	struct options o = {.limit = LIMIT_DEFAULT};
	int status = read_options(argc, argv, &o);

	return status < 0 ? remote_ask(o.config, tell, &o) : status;
}
