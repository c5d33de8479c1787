/* headgate audit: who pushed what and what became of it; that the journal was not altered. */
#include "base/glob.h"
#include "base/json_writer.h"
#include "base/timing.h"
#include "cli/remote/audit.h"
#include "cli/remote/audit_view.h"
#include "cli/remote/options.h"
#include "cli/remote/pages.h"
#include "cli/remote/remote.h"
#include "cli/terminal.h"

static const char usage[] =
	"usage: headgate audit [--repo GLOB] [--ref GLOB] [--path PREFIX] [--actor GLOB] [--agent GLOB] [--type TYPE]\n"
	"                      [--since WHEN] [--until WHEN] [--limit N] [-c CONFIG] [--json]\n"
	"       headgate audit verify [--journal FILE | --export FILE|-] [-c CONFIG] [--json]\n"
	"       headgate audit export [--since CURSOR] [--journal FILE] [-c CONFIG]\n"
	"       headgate audit backup [--journal FILE] [-c CONFIG] [--json] TO\n"
	"\n"
	"Tell who pushed what, what was refused and why, which agents applied it, and who asked them to: the newest last.\n"
	"`verify` proves by its hash chain that no event of the journal was altered or dropped, `export` writes the journal as lines of JSON that\n"
	"can be verified elsewhere, `backup` makes a verified copy of it: they read the journal's file, whether the daemon runs or not.\n"
	"\n"
	"      --repo GLOB       of these repositories\n"
	"      --ref GLOB        of these refs, by full name\n"
	"      --path PREFIX     that touch something at or below this path\n"
	"      --actor GLOB      by these people\n"
	"      --agent GLOB      that these agents have reported about, and what else happened to these agents\n"
	"      --type TYPE       events of this type: ref.updated, push.refused, sync.requested, 'agent.*', ...\n"
	"      --since WHEN      from a cursor, a time, a day or an age (7d, 12h, 90m) on\n"
	"      --until WHEN      up to there\n"
	"      --limit N         the last N (default 20; with --since, all)\n"
	"      --journal FILE    this journal (default: that of the configuration)\n"
	"      --export FILE     verify what export wrote; - is standard input\n"
	"  -c, --config CONFIG   the daemon's configuration\n"
	"      --json            answer as JSON: each change on a line\n"
	"  -h, --help            print this\n";

enum {
	LIMIT_DEFAULT = 20,
	LIMIT_MAX = 1000000,
	EVENTS_PER_CHANGE = 10,	/* the first guess how far back that is */
	EVENTS_OF_A_TIME = 1000,	/* the same for a time */
};

/* How far the times of events may be out of their order, because a clock was set. */
#define DISORDER_MS (24 * 60 * 60 * 1000LL)

/* The trail of a stretch of the journal. */

struct collector {
	struct audit_trail trail;
	uint64_t limit;
	struct hgt_error *err;
};

static void begin(void *ctx)
{
	struct collector *collector = ctx;

	audit_trail_reset(&collector->trail);
}

static int add(void *ctx, const struct hgt_node *event)
{
	struct collector *collector = ctx;

	return audit_trail_add(&collector->trail, event, collector->err);
}

static size_t count_shown(const struct audit_trail *trail)
{
	size_t n = 0;

	for (size_t i = 0; i < trail->n; i++)
		n += audit_trail_shows(trail, trail->changes[i]);
	return n;
}

static bool enough(void *ctx)
{
	const struct collector *collector = ctx;
	const struct audit_when *since = &collector->trail.filter.since;

	if (since->text && collector->trail.oldest_ms < since->ms - DISORDER_MS)
		return true;
	return count_shown(&collector->trail) >= collector->limit;
}

static int collect(struct client *client, struct collector *collector, struct hgt_error *err)
{
	const struct pages_collector pages = {begin, add, enough, collector};
	const struct audit_when *since = &collector->trail.filter.since;
	const struct pages_filter all = {0};
	struct hgt_buf end = HGT_BUF_INIT;
	struct client_answer agents;
	int code;

	client_answer_init(&agents);
	code = client_call(client, "GET", "/v1/agents", NULL, &agents, err);
	if (code == 0)
		code = audit_trail_agents(&collector->trail, hgt_node_get(agents.root, "agents"), err);
	client_answer_release(&agents);
	if (code == 0 && since->text && since->is_place)
		code = pages_since(client, &all, since->text, add, collector, &end, err);
	else if (code == 0)
		code = pages_last(client, &all, since->text ? EVENTS_OF_A_TIME : collector->limit * EVENTS_PER_CHANGE, &pages, &end, err);
	hgt_buf_release(&end);
	return code;
}

static int print_trail(const struct audit_trail *trail, uint64_t limit, bool as_json)
{
	size_t shown = count_shown(trail), skip = shown > limit ? shown - limit : 0;
	bool color = terminal_has_color();
	struct hgt_buf out = HGT_BUF_INIT;
	int status = HGT_EXIT_OK;

	for (size_t i = 0; i < trail->n && status == HGT_EXIT_OK; i++) {
		struct hgt_json json = HGT_JSON_INIT(&out);

		if (!audit_trail_shows(trail, trail->changes[i]) || (skip && skip--))
			continue;
		if (as_json) {
			audit_view_json(trail->changes[i], &json);
			hgt_buf_addc(&out, '\n');
		} else {
			audit_view_text(trail->changes[i], color, &out);
		}
		status = remote_print(&out);
		hgt_buf_reset(&out);
	}
	hgt_buf_release(&out);
	return status;
}

static bool is_glob(const char *option, const char *glob)
{
	struct hgt_error err = {0};

	if (!glob || hgt_glob_check(glob, &err) == 0)
		return true;
	terminal_usage_error("audit", option, err.message);
	return false;
}

static int audit(const struct audit_options *o)
{
	struct hgt_error err = {0};
	struct collector collector = {.limit = o->limit, .err = &err};
	const struct audit_filter *f = &o->filter;
	struct client *client = NULL;
	int status;

	if (o->journal || o->export)
		return terminal_usage_error("audit", "--journal and --export are for the words after audit", NULL);
	if (!is_glob("--repo:", f->repo) || !is_glob("--ref:", f->ref) || !is_glob("--actor:", f->actor) || !is_glob("--agent:", f->agent) ||
		!is_glob("--type:", f->type))
		return HGT_EXIT_TROUBLE;
	if (!collector.limit)
		collector.limit = f->since.text ? UINT64_MAX : LIMIT_DEFAULT;
	audit_trail_init(&collector.trail, f);
	if (remote_connect(o->config, &client, &err) < 0 || collect(client, &collector, &err) < 0)
		status = remote_fail(&err);
	else
		status = print_trail(&collector.trail, collector.limit, o->json);
	audit_trail_release(&collector.trail);
	client_close(client);
	return status;
}

static bool read_when(const char *option, const char *text, struct audit_when *out)
{
	struct hgt_error err = {0};
	char what[HGT_ERROR_MESSAGE_MAX + 32];

	if (audit_when_parse(text, hgt_time_now_ms(), out, &err) == 0)
		return true;
	snprintf(what, sizeof(what), "%s: %s, not", option, err.message);
	terminal_usage_error("audit", what, text);
	return false;
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct audit_options *o)
{
	struct audit_filter *f = &o->filter;
	const char *since = NULL, *until = NULL;
	const struct verb_option own[] = {
		{.name = "repo", .text = &f->repo}, {.name = "ref", .text = &f->ref}, {.name = "path", .text = &f->path},
		{.name = "actor", .text = &f->actor}, {.name = "agent", .text = &f->agent}, {.name = "type", .text = &f->type},
		{.name = "since", .text = &since}, {.name = "until", .text = &until}, {.name = "journal", .text = &o->journal},
		{.name = "export", .text = &o->export}, {.name = "limit", .number = &o->limit, .least = 1, .most = LIMIT_MAX},
	};
	int status = verb_options_read(&(struct verb_options){"audit", usage, &o->config, &o->json, own, sizeof(own) / sizeof(own[0])}, argc, argv);

	if (status < 0 && ((since && !read_when("--since", since, &f->since)) || (until && !read_when("--until", until, &f->until))))
		status = HGT_EXIT_TROUBLE;
	return status;
}

/* What the trail alone is asked, given with a word; true after a message. */
static bool asks_for_trail(const struct audit_options *o, const char *word, bool since)
{
	const struct audit_filter *f = &o->filter;
	char what[96];

	if (!f->repo && !f->ref && !f->path && !f->actor && !f->agent && !f->type && !o->limit && !f->until.text &&
		(since || !f->since.text))
		return false;
	snprintf(what, sizeof(what), "filters are not for audit %s", word);
	terminal_usage_error("audit", what, NULL);
	return true;
}

int audit_verb(int argc, char **argv)
{
	struct audit_options o = {.limit = 0};
	int status = read_options(argc, argv, &o), words = argc - optind;
	const char *word = words > 0 ? argv[optind] : NULL;

	if (status >= 0)
		return status;
	if (!word)
		return audit(&o);
	if (strcmp(word, "verify") != 0 && o.export)
		return terminal_usage_error("audit", "--export is for audit verify", NULL);
	if (strcmp(word, "verify") == 0 && words == 1)
		return asks_for_trail(&o, word, false) ? HGT_EXIT_TROUBLE : audit_verify(&o);
	if (strcmp(word, "export") == 0 && words == 1)
		return asks_for_trail(&o, word, true) ? HGT_EXIT_TROUBLE : audit_export(&o);
	if (strcmp(word, "backup") == 0 && words == 2)
		return asks_for_trail(&o, word, false) ? HGT_EXIT_TROUBLE : audit_backup(&o, argv[optind + 1]);
	if (strcmp(word, "backup") == 0)
		return terminal_usage_error("audit", "one file is wanted after backup", NULL);
	return terminal_usage_error("audit", "verify, export, backup, or no word at all, not", argv[argc - 1]);
}
