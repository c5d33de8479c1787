/* headgate agent: the registry of agents. */
#include "base/json_writer.h"
#include "base/timing.h"
#include "cli/remote/issue.h"
#include "cli/remote/table.h"
#include "cli/terminal.h"

static const char usage[] =
	"usage: headgate agent add NAME --kind cluster|host --allow GLOB... [--ref GLOB...] [--path PREFIX...]\n"
	"                      [--certificate NAME] [-c CONFIG] [--json]\n"
	"       headgate agent list [-c CONFIG] [--json]\n"
	"       headgate agent remove NAME [-c CONFIG]\n"
	"       headgate agent rotate NAME [--overlap TIME] [-c CONFIG] [--json]\n"
	"\n"
	"Register the agents that receive changes. `add` and `rotate` print the agent's token: it is shown this once.\n"
	"An agent that is removed is cut off at once.\n"
	"\n"
	"      --kind KIND       what the agent runs on: cluster or host\n"
	"      --allow GLOB      repositories whose changes it may see, by name: 'infra/*', '**'; may be given again, as the\n"
	"                        next two\n"
	"      --ref GLOB        only refs of such a full name: 'refs/heads/*'\n"
	"      --path PREFIX     only what lies at or below this folder\n"
	"      --certificate NAME  it is known by a client certificate of that name and has no token\n"
	"      --overlap TIME    how long the old token holds beside the new: 90s, 30m, 24h, 7d, 0; default 24h\n"
	"  -c, --config CONFIG   the daemon's configuration\n"
	"      --json            answer as JSON\n"
	"  -h, --help            print this\n";

struct options {
	const char *config;
	const char *kind;
	const char *certificate;
	const char *overlap;
	struct hgt_strings allow, refs, paths;	/* as many as argv has room for; borrowed strings */
	bool json;
};

static const char hint[] = "Write it to " HGT_SYSCONFDIR "/headgate/agent.token on the agent's host, readable by the agent alone.";

static int add(struct client *client, const struct options *o, const char *name, struct client_answer *answer)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "name", name);
	hgt_json_key_string(&json, "kind", o->kind);
	issue_write_list(&json, "allow", &o->allow);
	issue_write_list(&json, "refs", &o->refs);
	issue_write_list(&json, "paths", &o->paths);
	hgt_json_key_string(&json, "certificate", o->certificate);
	hgt_json_end_object(&json);
	return issue_post(client, "/v1/agents", &body, o->json, hint, answer);
}

static int list(struct client *client, const struct options *o, struct client_answer *answer, struct hgt_error *err)
{
	static const char *const heads[] = {
		"NAME", "KIND", "CONNECTED", "SEEN", "HOST", "ADDRESS", "TARGETS", "ALLOW"};
	const struct hgt_node *agents;
	struct hgt_buf out = HGT_BUF_INIT, text = HGT_BUF_INIT;
	int64_t now = hgt_time_now_ms();
	struct table table;
	int status;

	if (client_call(client, "GET", "/v1/agents", NULL, answer, err) < 0)
		return remote_fail(err);
	if (o->json)
		return remote_print_answer(answer);
	agents = hgt_node_get(answer->root, "agents");
	table_init(&table, heads, sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; agents && agents->type == HGT_NODE_SEQ && i < agents->v.seq.n; i++) {
		const struct hgt_node *agent = agents->v.seq.items[i];
		const struct hgt_node *targets = hgt_node_get(agent, "targets");
		bool connected = false;

		table_add(&table, hgt_node_get_string(agent, "name"), TINT_NONE);
		table_add(&table, hgt_node_get_string(agent, "kind"), TINT_NONE);
		hgt_node_get_bool(agent, "connected", &connected);
		table_add(&table, connected ? "yes" : "no", connected ? TINT_GOOD : TINT_BUSY);
		hgt_buf_reset(&text);
		show_age(&text, hgt_node_get_string(agent, "seen"), now);
		table_add(&table, text.data, TINT_NONE);
		table_add(&table, hgt_node_get_string(agent, "host"), TINT_NONE);
		table_add(&table, hgt_node_get_string(agent, "remote"), TINT_NONE);
		hgt_buf_reset(&text);
		hgt_buf_addf(&text, "%zu", targets && targets->type == HGT_NODE_SEQ ? targets->v.seq.n : 0);
		table_add(&table, text.data, TINT_NONE);
		hgt_buf_reset(&text);
		issue_join(hgt_node_get(agent, "allow"), &text);
		table_add(&table, text.data, TINT_NONE);
	}
	status = table_write(&table, terminal_has_color(), &out, err) < 0 ? remote_fail(err) : remote_print(&out);
	table_release(&table);
	hgt_buf_release(&text);
	hgt_buf_release(&out);
	return status;
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	enum { OPT_KIND = 256, OPT_ALLOW, OPT_REF, OPT_PATH, OPT_CERTIFICATE, OPT_OVERLAP, OPT_JSON };
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'}, {"kind", required_argument, NULL, OPT_KIND},
		{"allow", required_argument, NULL, OPT_ALLOW}, {"ref", required_argument, NULL, OPT_REF},
		{"path", required_argument, NULL, OPT_PATH}, {"certificate", required_argument, NULL, OPT_CERTIFICATE},
		{"overlap", required_argument, NULL, OPT_OVERLAP}, {"json", no_argument, NULL, OPT_JSON},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:h", longs, NULL)) >= 0) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case OPT_KIND:
			o->kind = optarg;
			break;
		case OPT_ALLOW:
			o->allow.items[o->allow.n++] = optarg;
			break;
		case OPT_REF:
			o->refs.items[o->refs.n++] = optarg;
			break;
		case OPT_PATH:
			o->paths.items[o->paths.n++] = optarg;
			break;
		case OPT_CERTIFICATE:
			o->certificate = optarg;
			break;
		case OPT_OVERLAP:
			o->overlap = optarg;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return HGT_EXIT_OK;
		default:
			return terminal_option_error("agent", c, argv[optind - 1]);
		}
	}
	return -1;
}

static int misuse(const char *message, const char *word)
{
	return terminal_usage_error("agent", message, word);
}

/* Whether the words after the options make sense. -1 when they do. */
static int check_words(const struct options *o, int n, char **words)
{
	static const char *const verbs[] = {"add", "list", "remove", "rotate", NULL};
	const char *verb = n ? words[0] : NULL;
	bool adds, lists, rotates, known = false;
	uint64_t seconds;

	for (size_t i = 0; verb && verbs[i]; i++)
		known |= strcmp(verb, verbs[i]) == 0;
	if (!known)
		return misuse(verb ? "add, list, remove or rotate, not" : "add, list, remove or rotate?", verb);
	adds = strcmp(verb, "add") == 0;
	lists = strcmp(verb, "list") == 0;
	rotates = strcmp(verb, "rotate") == 0;
	if (n != (lists ? 1 : 2))
		return misuse(lists ? "no arguments are wanted after" : "one NAME is wanted after", verb);
	if (n == 2 && !hgt_name_is_valid(words[1]))
		return misuse("a name is 1 to 63 of a-z 0-9 - . _, first and last a letter or digit, not", words[1]);
	if (adds && (!o->kind || (strcmp(o->kind, "cluster") != 0 && strcmp(o->kind, "host") != 0)))
		return misuse(o->kind ? "--kind is cluster or host, not" : "say --kind cluster or --kind host", o->kind);
	if (adds && !o->allow.n)
		return misuse("say with --allow which repositories it may see, '**' for all", NULL);
	if (!adds && (o->kind || o->allow.n))
		return misuse("--kind and --allow are for add, not for", verb);
	if (!adds && (o->refs.n || o->paths.n || o->certificate))
		return misuse("--ref, --path and --certificate are for add, not for", verb);
	if (!rotates && o->overlap)
		return misuse("--overlap is for rotate, not for", verb);
	if (o->overlap && !issue_parse_span(o->overlap, &seconds))
		return misuse("--overlap is a time up to 90d, such as 24h, not", o->overlap);
	return -1;
}

static int run(const struct options *o, struct client *client, char **words, struct client_answer *answer)
{
	struct hgt_error err = {0};

	if (strcmp(words[0], "add") == 0)
		return add(client, o, words[1], answer);
	if (strcmp(words[0], "remove") == 0)
		return issue_remove(client, "/v1/agents/", words[1], answer);
	if (strcmp(words[0], "rotate") == 0)
		return issue_rotate(client, "/v1/agents/", words[1], o->overlap, o->json, hint, answer);
	return list(client, o, answer, &err);
}

int agent_verb(int argc, char **argv)
{
	char **room = calloc(3 * ((size_t)argc + 1), sizeof(char *));
	struct options o = {.allow = {.items = room}};
	struct client *client = NULL;
	struct client_answer answer;
	struct hgt_error err = {0};
	int status = HGT_EXIT_TROUBLE;

	client_answer_init(&answer);
	if (!room) {
		hgt_error_nomem(&err);
		remote_fail(&err);
		goto out;
	}
	o.refs.items = room + argc + 1;
	o.paths.items = o.refs.items + argc + 1;
	status = read_options(argc, argv, &o);
	if (status < 0)
		status = check_words(&o, argc - optind, argv + optind);
	if (status >= 0)
		goto out;
	status = remote_connect(o.config, &client, &err) < 0 ? remote_fail(&err) : run(&o, client, argv + optind, &answer);
out:
	client_answer_release(&answer);
	client_close(client);
	free(room);
	return status;
}
