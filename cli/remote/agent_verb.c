/* headgate agent: the registry of agents. */
#include <unistd.h>

#include "base/escape.h"
#include "base/json_writer.h"
#include "base/timing.h"
#include "cli/remote/remote.h"
#include "cli/remote/table.h"
#include "cli/terminal.h"

static const char usage[] =
	"usage: headgate agent add NAME --kind cluster|host --allow GLOB [--allow GLOB...] [-c CONFIG] [--json]\n"
	"       headgate agent list [-c CONFIG] [--json]\n"
	"       headgate agent remove NAME [-c CONFIG]\n"
	"\n"
	"Register the agents that receive changes. `add` prints the agent's token: it is shown this once.\n"
	"An agent that is removed is cut off at once.\n"
	"\n"
	"      --kind KIND       what the agent runs on: cluster or host\n"
	"      --allow GLOB      repositories whose changes it may see, by name: 'infra/*', '**'\n"
	"  -c, --config CONFIG   the daemon's configuration\n"
	"      --json            answer as JSON\n"
	"  -h, --help            print this\n";

struct options {
	const char *config;
	const char *kind;
	struct hgt_strings allow;	/* as many as argv has room for; borrowed strings */
	bool json;
};

static int add(struct client *client, const struct options *o, const char *name, struct client_answer *answer,
	struct hgt_error *err)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);
	const char *token;
	int code;

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "name", name);
	hgt_json_key_string(&json, "kind", o->kind);
	hgt_json_key(&json, "allow");
	hgt_json_begin_array(&json);
	for (size_t i = 0; i < o->allow.n; i++)
		hgt_json_string(&json, o->allow.items[i]);
	hgt_json_end_array(&json);
	hgt_json_end_object(&json);
	code = hgt_buf_check(&body, err);
	if (code == 0)
		code = client_call(client, "POST", "/v1/agents", body.data, answer, err);
	hgt_buf_release(&body);
	if (code < 0)
		return remote_fail(err);
	token = hgt_node_get_string(answer->root, "token");
	if (!token)
		return remote_fail(&(struct hgt_error){HGT_EPARSE, "the daemon's answer has no token"});
	if (o->json)
		return remote_print_answer(answer);
	/* The token alone is the result, so that it can be led into a file; a person is told what it is. */
	printf("%s\n", token);
	if (fflush(stdout) != 0) {
		perror("headgate: cannot write the token to stdout");
		return HGT_EXIT_TROUBLE;
	}
	if (isatty(STDERR_FILENO))
		fputs("This token is shown once. Write it to " HGT_SYSCONFDIR "/headgate/agent.token on the agent's "
		      "host, readable by the agent alone.\n", stderr);
	return HGT_EXIT_OK;
}

/* ["a","b"] as "a b". */
static void join(const struct hgt_node *list, struct hgt_buf *out)
{
	for (size_t i = 0; list && list->type == HGT_NODE_SEQ && i < list->v.seq.n; i++)
		hgt_buf_addf(out, "%s%s", i ? " " : "", list->v.seq.items[i]->text);
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
		join(hgt_node_get(agent, "allow"), &text);
		table_add(&table, text.data, TINT_NONE);
	}
	status = table_write(&table, terminal_has_color(), &out, err) < 0 ? remote_fail(err) : remote_print(&out);
	table_release(&table);
	hgt_buf_release(&text);
	hgt_buf_release(&out);
	return status;
}

static int remove_agent(struct client *client, const char *name, struct client_answer *answer, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code;

	hgt_buf_adds(&path, "/v1/agents/");
	hgt_escape_url(&path, name, strlen(name));
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = client_call(client, "DELETE", path.data, NULL, answer, err);
	hgt_buf_release(&path);
	return code < 0 ? remote_fail(err) : HGT_EXIT_OK;
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	enum { OPT_KIND = 256, OPT_ALLOW, OPT_JSON };
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'}, {"kind", required_argument, NULL, OPT_KIND},
		{"allow", required_argument, NULL, OPT_ALLOW}, {"json", no_argument, NULL, OPT_JSON},
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
	const char *verb = n ? words[0] : NULL;
	bool adds = verb && strcmp(verb, "add") == 0, removes = verb && strcmp(verb, "remove") == 0;

	if (!verb || (!adds && !removes && strcmp(verb, "list") != 0))
		return misuse(verb ? "add, list or remove, not" : "add, list or remove?", verb);
	if (n != (adds || removes ? 2 : 1))
		return misuse(adds || removes ? "one NAME is wanted after" : "no arguments are wanted after", verb);
	if (n == 2 && !hgt_name_is_valid(words[1]))
		return misuse("a name is 1 to 63 of a-z 0-9 - . _, first and last a letter or digit, not", words[1]);
	if (adds && (!o->kind || (strcmp(o->kind, "cluster") != 0 && strcmp(o->kind, "host") != 0)))
		return misuse(o->kind ? "--kind is cluster or host, not" : "say --kind cluster or --kind host", o->kind);
	if (adds && !o->allow.n)
		return misuse("say with --allow which repositories it may see, '**' for all", NULL);
	if (!adds && (o->kind || o->allow.n))
		return misuse("--kind and --allow are for add, not for", verb);
	return -1;
}

int agent_verb(int argc, char **argv)
{
	struct options o = {.allow = {.items = calloc((size_t)argc + 1, sizeof(char *))}};
	struct client *client = NULL;
	struct client_answer answer;
	struct hgt_error err = {0};
	int status = HGT_EXIT_TROUBLE;

	client_answer_init(&answer);
	if (!o.allow.items) {
		hgt_error_nomem(&err);
		remote_fail(&err);
		goto out;
	}
	status = read_options(argc, argv, &o);
	if (status < 0)
		status = check_words(&o, argc - optind, argv + optind);
	if (status >= 0)
		goto out;
	if (remote_connect(o.config, &client, &err) < 0)
		status = remote_fail(&err);
	else if (strcmp(argv[optind], "add") == 0)
		status = add(client, &o, argv[optind + 1], &answer, &err);
	else if (strcmp(argv[optind], "remove") == 0)
		status = remove_agent(client, argv[optind + 1], &answer, &err);
	else
		status = list(client, &o, &answer, &err);
out:
	client_answer_release(&answer);
	client_close(client);
	free(o.allow.items);
	return status;
}
