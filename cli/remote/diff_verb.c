/* headgate diff: how a target differs from what Git holds, as its agent reported it. */
#include <inttypes.h>

#include "base/escape.h"
#include "base/json_writer.h"
#include "cli/remote/fleet.h"
#include "cli/remote/options.h"
#include "cli/remote/remote.h"
#include "cli/remote/table.h"
#include "cli/terminal.h"

static const char usage[] =
	"usage: headgate diff [-c CONFIG] [--json] AGENT TARGET\n"
	"\n"
	"Tell how a target differs from what Git holds, as its agent last reported it: a unified diff, with secrets left\n"
	"out on the target's host. Exit status: 0 no difference, 1 a difference, 2 it cannot be told.\n"
	"\n"
	"  -c, --config CONFIG   the daemon's configuration\n"
	"      --json            the report as JSON\n"
	"  -h, --help            print this\n";

struct options {
	const char *config, *agent, *target;
	bool json;
};

static const struct hgt_node *find_named(const struct hgt_node *list, const char *name)
{
	for (size_t i = 0; list && list->type == HGT_NODE_SEQ && i < list->v.seq.n; i++) {
		const char *own = hgt_node_get_string(list->v.seq.items[i], "name");

		if (own && strcmp(own, name) == 0)
			return list->v.seq.items[i];
	}
	return NULL;
}

static void add_field(struct hgt_buf *out, const char *name, const char *text, bool tinted, bool color)
{
	if (!text || !*text)
		return;
	hgt_buf_addf(out, "%-10s ", name);
	show_text(out, text, tinted ? fleet_tint(text) : TINT_NONE, color);
	hgt_buf_addc(out, '\n');
}

/* A text of several lines, each escaped, those after the first put in as far as it. */
static void add_message(struct hgt_buf *out, const char *text)
{
	const char *name = "message";

	while (text && *text) {
		size_t len = strcspn(text, "\n");

		hgt_buf_addf(out, "%-10s ", name);
		hgt_escape_text(out, text, len);
		hgt_buf_addc(out, '\n');
		text += len + (text[len] == '\n');
		name = "";
	}
}

static void add_revisions(struct hgt_buf *out, const struct hgt_node *report)
{
	static const char *const names[] = {"desired", "applied", "observed"};

	hgt_buf_adds(out, "revisions ");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		hgt_buf_addf(out, "%s %s ", i ? "," : "", names[i]);
		show_id(out, hgt_node_get_string(report, names[i]));
	}
	hgt_buf_addc(out, '\n');
}

/* What could be compared, what was left out of the diff, and what was ignored on purpose. */
static void add_limits(struct hgt_buf *out, const struct hgt_node *report, bool color)
{
	const struct hgt_node *coverage = hgt_node_get(report, "coverage"), *ignored = hgt_node_get(report, "ignored");
	int64_t checked = 0, unchecked = 0, redacted = 0, hits;

	if (hgt_node_get_int(coverage, "checked", &checked) && hgt_node_get_int(coverage, "unchecked", &unchecked)) {
		hgt_buf_addf(out, "coverage   %" PRId64 " compared", checked);
		if (unchecked)
			hgt_buf_addf(out, ", %" PRId64 " that cannot be compared", unchecked);
		hgt_buf_addc(out, '\n');
	}
	if (hgt_node_get_int(report, "redacted", &redacted) && redacted)
		hgt_buf_addf(out, "redacted   %" PRId64 " secret value%s left out on the host\n", redacted, redacted == 1 ? "" : "s");
	for (size_t i = 0; ignored && ignored->type == HGT_NODE_SEQ && i < ignored->v.seq.n; i++) {
		const struct hgt_node *rule = ignored->v.seq.items[i];

		hits = 0;
		hgt_node_get_int(rule, "hits", &hits);
		hgt_buf_addf(out, "%-10s ", i ? "" : "ignored");
		show_text(out, hgt_node_get_string(rule, "rule"), TINT_NONE, color);
		hgt_buf_addf(out, ": %" PRId64 " time%s\n", hits, hits == 1 ? "" : "s");
	}
}

/* The resources that are not as they should be; of those that are, their number. */
static int add_resources(struct hgt_buf *out, const struct hgt_node *report, bool color, struct hgt_error *err)
{
	static const char *const heads[] = {"RESOURCE", "SYNC", "HEALTH", "MESSAGE"};
	const struct hgt_node *list = hgt_node_get(report, "resources");
	size_t n = list && list->type == HGT_NODE_SEQ ? list->v.seq.n : 0, shown = 0;
	int64_t total = 0;
	struct table table;
	int code;

	if (!n)
		return 0;
	table_init(&table, heads, sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; i < n; i++) {
		const struct hgt_node *r = list->v.seq.items[i];
		const char *sync = hgt_node_get_string(r, "sync"), *health = hgt_node_get_string(r, "health");

		if (sync && strcmp(sync, "Synced") == 0 && (!health || strcmp(health, "Healthy") == 0))
			continue;
		table_add(&table, hgt_node_get_string(r, "name"), TINT_NONE);
		table_add(&table, sync, fleet_tint(sync));
		table_add(&table, health, fleet_tint(health));
		table_add(&table, hgt_node_get_string(r, "message"), TINT_NONE);
		shown++;
	}
	hgt_node_get_int(report, "resources_total", &total);
	total = total < (int64_t)n ? (int64_t)n : total;
	hgt_buf_addc(out, '\n');
	code = shown ? table_write(&table, color, out, err) : 0;
	table_release(&table);
	hgt_buf_addf(out, "%zu of %" PRId64 " resources are not as they should be\n", shown, total);
	return code;
}

static enum tint line_tint(const char *line)
{
	if (strncmp(line, "+++", 3) == 0 || strncmp(line, "---", 3) == 0)
		return TINT_FAINT;
	return *line == '+' ? TINT_GOOD : *line == '-' ? TINT_BAD : strncmp(line, "@@", 2) == 0 ? TINT_BUSY : TINT_NONE;
}

/* As it is, but for what would do something to a terminal. Tabs and backslashes are what files are made of. */
static void add_plain(struct hgt_buf *out, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t n = 0;

		while (at + n < len && text[at + n] != '\t' && text[at + n] != '\\')
			n++;
		hgt_escape_text(out, text + at, n);
		at += n;
		if (at < len)
			hgt_buf_addc(out, text[at++]);
	}
}

static void add_diff(struct hgt_buf *out, const char *diff, bool color)
{
	struct hgt_buf line = HGT_BUF_INIT;

	while (*diff) {
		size_t len = strcspn(diff, "\n");

		hgt_buf_reset(&line);
		add_plain(&line, diff, len);
		out->failed = out->failed || line.failed;
		show_tinted(out, line.data, line_tint(diff), color);
		hgt_buf_addc(out, '\n');
		diff += len + (diff[len] == '\n');
	}
	hgt_buf_release(&line);
}

static int write_report(const struct options *o, const struct hgt_node *target, struct hgt_buf *out, struct hgt_error *err)
{
	const struct hgt_node *report = hgt_node_get(target, "report");
	const char *diff = hgt_node_get_string(report, "diff");
	const bool color = terminal_has_color();
	bool truncated = false;
	int code;

	hgt_buf_addf(out, "%-10s ", "target");
	hgt_escape_str(out, o->agent);
	hgt_buf_addc(out, '/');
	hgt_escape_str(out, o->target);
	hgt_buf_adds(out, ", reported ");
	show_time(out, hgt_node_get_string(target, "reported"));
	hgt_buf_addc(out, '\n');
	add_field(out, "sync", hgt_node_get_string(report, "sync"), true, color);
	add_field(out, "health", hgt_node_get_string(report, "health"), true, color);
	add_field(out, "operation", hgt_node_get_string(report, "operation"), true, color);
	add_field(out, "cause", hgt_node_get_string(report, "cause"), false, color);
	add_revisions(out, report);
	add_message(out, hgt_node_get_string(report, "message"));
	add_limits(out, report, color);
	code = add_resources(out, report, color, err);
	if (diff && *diff) {
		hgt_buf_addc(out, '\n');
		add_diff(out, diff, color);
	}
	hgt_node_get_bool(report, "truncated", &truncated);
	if (truncated)
		hgt_buf_adds(out, "(the report was cut: there is more on the host)\n");
	return code;
}

/* 0, 1 or 2, as diff(1) has it. */
static int judge(const struct hgt_node *agent, const struct hgt_node *target)
{
	const char *sync = hgt_node_get_string(hgt_node_get(target, "report"), "sync");
	bool connected = false, stale = false;

	hgt_node_get_bool(agent, "connected", &connected);
	hgt_node_get_bool(target, "stale", &stale);
	if (!connected)
		terminal_complain(NULL, "the agent is not connected: this is what it reported last");
	if (stale || !sync)
		return HGT_EXIT_TROUBLE;
	return strcmp(sync, "Synced") == 0 ? HGT_EXIT_OK : strcmp(sync, "OutOfSync") == 0 ? HGT_EXIT_NOT : HGT_EXIT_TROUBLE;
}

static int tell(const struct options *o, const struct hgt_node *root, struct hgt_error *err)
{
	const struct hgt_node *agent = find_named(hgt_node_get(root, "agents"), o->agent);
	const struct hgt_node *target = find_named(hgt_node_get(agent, "targets"), o->target);
	const struct hgt_node *report = hgt_node_get(target, "report");
	struct hgt_buf out = HGT_BUF_INIT;
	int code = 0, status;

	if (!agent)
		code = hgt_error_set(err, HGT_EINVAL, "there is no agent %s", o->agent);
	else if (!target)
		code = hgt_error_set(err, HGT_EINVAL, "agent %s has announced no target %s", o->agent, o->target);
	else if (!report || report->type != HGT_NODE_MAP)
		code = hgt_error_set(err, HGT_EINVAL, "agent %s has not reported about %s yet", o->agent, o->target);
	else if (o->json) {
		struct hgt_json json = HGT_JSON_INIT(&out);

		hgt_node_write_json(report, &json);
		hgt_buf_addc(&out, '\n');
	} else {
		code = write_report(o, target, &out, err);
	}
	status = code < 0 ? remote_fail(err) : remote_print(&out);
	hgt_buf_release(&out);
	return status == HGT_EXIT_OK ? judge(agent, target) : status;
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	int status = verb_options_read(&(struct verb_options){"diff", usage, &o->config, &o->json, NULL, 0}, argc, argv);

	if (status >= 0)
		return status;
	if (argc - optind < 2)
		return terminal_usage_error("diff", optind == argc ? "which agent, and which of its targets?" : "which of its targets?", NULL);
	if (argc - optind > 2)
		return terminal_usage_error("diff", "an agent and a target are wanted, but there is", argv[optind + 2]);
	o->agent = argv[optind];
	o->target = argv[optind + 1];
	return -1;
}

static int run(struct client *client, void *ctx, struct hgt_error *err)
{
	const struct options *o = ctx;
	struct client_answer answer;
	int status;

	client_answer_init(&answer);
	status = client_call(client, "GET", "/v1/agents", NULL, &answer, err);
	if (status == 0)
		status = tell(o, answer.root, err);
	client_answer_release(&answer);
	return status;
}

int diff_verb(int argc, char **argv)
{
	struct options o = {0};
	int status = read_options(argc, argv, &o);

	return status < 0 ? remote_ask(o.config, run, &o) : status;
}
