/* headgate audit: who pushed what and what became of it; that the journal was not altered. */
#include <inttypes.h>

#include "base/glob.h"
#include "base/json_writer.h"
#include "cli/remote/audit_view.h"
#include "cli/remote/pages.h"
#include "cli/remote/remote.h"
#include "cli/terminal.h"
#include "journal/journal.h"

static const char usage[] =
	"usage: headgate audit [--repo GLOB] [--limit N] [-c CONFIG] [--json]\n"
	"       headgate audit verify [--journal FILE] [-c CONFIG] [--json]\n"
	"\n"
	"Tell who pushed what, what was refused and why, and which agents applied it: the newest change last.\n"
	"`verify` proves by its hash chain that no event of the journal was altered or dropped; the daemon need not run.\n"
	"\n"
	"      --repo GLOB       of these repositories\n"
	"      --limit N         the last N changes (default 20)\n"
	"      --journal FILE    the journal to verify (default: that of the configuration)\n"
	"  -c, --config CONFIG   the daemon's configuration\n"
	"      --json            answer as JSON\n"
	"  -h, --help            print this\n";

enum {
	LIMIT_DEFAULT = 20,
	LIMIT_MAX = 100000,
	EVENTS_PER_CHANGE = 10,	/* the first guess how far back that is */
};

struct options {
	const char *config;
	const char *repo;
	const char *journal;
	uint64_t limit;
	bool json;
};

/* The trail of the journal's last stretch. */

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

static bool enough(void *ctx)
{
	const struct collector *collector = ctx;

	return collector->trail.n >= collector->limit;
}

static int collect(struct client *client, struct collector *collector, struct hgt_error *err)
{
	const struct pages_collector pages = {begin, add, enough, collector};
	const struct pages_filter all = {0};
	struct hgt_buf end = HGT_BUF_INIT;
	struct client_answer agents;
	int code;

	client_answer_init(&agents);
	code = client_call(client, "GET", "/v1/agents", NULL, &agents, err);
	if (code == 0)
		code = audit_trail_agents(&collector->trail, hgt_node_get(agents.root, "agents"), err);
	client_answer_release(&agents);
	if (code == 0)
		code = pages_last(client, &all, collector->limit * EVENTS_PER_CHANGE, &pages, &end, err);
	hgt_buf_release(&end);
	return code;
}

static int print_trail(const struct audit_trail *trail, const struct options *o)
{
	size_t first = trail->n > o->limit ? trail->n - o->limit : 0;
	bool color = terminal_has_color();
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&out);
	int status;

	if (o->json)
		hgt_json_begin_array(&json);
	for (size_t i = first; i < trail->n; i++) {
		if (o->json)
			audit_view_json(trail->changes[i], &json);
		else
			audit_view_text(trail->changes[i], color, &out);
	}
	if (o->json) {
		hgt_json_end_array(&json);
		hgt_buf_addc(&out, '\n');
	}
	status = remote_print(&out);
	hgt_buf_release(&out);
	return status;
}

static int audit(const struct options *o)
{
	struct hgt_error err = {0};
	struct collector collector = {.limit = o->limit, .err = &err};
	struct client *client = NULL;
	int status;

	if (o->journal)
		return terminal_usage_error("audit", "--journal is for audit verify", NULL);
	if (o->repo && hgt_glob_check(o->repo, &err) < 0)
		return terminal_usage_error("audit", "--repo:", err.message);
	audit_trail_init(&collector.trail, o->repo);
	if (remote_connect(o->config, &client, &err) < 0 || collect(client, &collector, &err) < 0)
		status = remote_fail(&err);
	else
		status = print_trail(&collector.trail, o);
	audit_trail_release(&collector.trail);
	client_close(client);
	return status;
}

/* Verifying. */

static int journal_path(const struct options *o, struct hgt_buf *out, struct hgt_error *err)
{
	struct hgt_config *config = NULL;
	int code = 0;

	if (o->journal) {
		hgt_buf_adds(out, o->journal);
	} else {
		code = remote_config(o->config, &config, err);
		if (code == 0)
			hgt_buf_addf(out, "%s/journal.db", config->state);
	}
	hgt_config_free(config);
	return code < 0 ? code : hgt_buf_check(out, err);
}

static int print_verdict(const struct options *o, const char *id, uint64_t rows, const struct hgt_error *broken)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&out);
	int status;

	if (o->json) {
		hgt_json_begin_object(&json);
		hgt_json_key_string(&json, "journal", id);
		hgt_json_key_uint(&json, "events", rows);
		hgt_json_key_bool(&json, "holds", !broken);
		hgt_json_key_string(&json, "error", broken ? broken->message : NULL);
		hgt_json_end_object(&json);
		hgt_buf_addc(&out, '\n');
	} else if (!broken) {
		hgt_buf_addf(&out, "journal %s: %" PRIu64 " event%s, chain holds\n", id, rows, rows == 1 ? "" : "s");
	}
	status = remote_print(&out);
	hgt_buf_release(&out);
	return status ? status : broken ? HGT_EXIT_NOT : HGT_EXIT_OK;
}

static int verify(const struct options *o)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_journal *journal = NULL;
	struct hgt_error err = {0};
	uint64_t rows = 0;
	int code, status;

	if (o->repo)
		return terminal_usage_error("audit", "--repo is not for audit verify", NULL);
	code = journal_path(o, &path, &err);
	if (code == 0)
		code = hgt_journal_open(path.data, HGT_JOURNAL_READ, &journal, &err);
	if (code == 0)
		code = hgt_journal_verify(path.data, &rows, &err);
	if (code < 0)
		terminal_complain(NULL, err.message);
	if (code == 0 || code == HGT_ECORRUPT)
		status = print_verdict(o, journal ? hgt_journal_id(journal) : NULL, rows, code < 0 ? &err : NULL);
	else
		status = HGT_EXIT_TROUBLE;
	hgt_journal_close(journal);
	hgt_buf_release(&path);
	return status;
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	enum { OPT_REPO = 256, OPT_LIMIT, OPT_JOURNAL, OPT_JSON };
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'}, {"repo", required_argument, NULL, OPT_REPO},
		{"limit", required_argument, NULL, OPT_LIMIT}, {"journal", required_argument, NULL, OPT_JOURNAL},
		{"json", no_argument, NULL, OPT_JSON}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:h", longs, NULL)) >= 0) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case OPT_REPO:
			o->repo = optarg;
			break;
		case OPT_LIMIT:
			if (!remote_number("audit", "--limit", optarg, 1, LIMIT_MAX, &o->limit))
				return HGT_EXIT_TROUBLE;
			break;
		case OPT_JOURNAL:
			o->journal = optarg;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case 'h':
			return terminal_print(usage);
		default:
			return terminal_option_error("audit", c, argv[optind - 1]);
		}
	}
	if (optind < argc && (strcmp(argv[optind], "verify") != 0 || optind + 1 < argc))
		return terminal_usage_error("audit", "verify, or no word at all, not", argv[argc - 1]);
	return -1;
}

int audit_verb(int argc, char **argv)
{
	struct options o = {.limit = LIMIT_DEFAULT};
	int status = read_options(argc, argv, &o);

	if (status >= 0)
		return status;
	return optind < argc ? verify(&o) : audit(&o);
}
