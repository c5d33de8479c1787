/* headgate token: tokens of people and programs. */
#include "base/json_writer.h"
#include "base/timing.h"
#include "cli/remote/issue.h"
#include "cli/remote/show.h"
#include "cli/remote/table.h"
#include "cli/terminal.h"

static const char usage[] =
	"usage: headgate token add NAME --role viewer|operator|admin [--repo GLOB...] [--ref GLOB...] [--path PREFIX...]\n"
	"                      [-c CONFIG] [--json]\n"
	"       headgate token list [-c CONFIG] [--json]\n"
	"       headgate token remove NAME [-c CONFIG]\n"
	"       headgate token rotate NAME [--overlap TIME] [-c CONFIG] [--json]\n"
	"\n"
	"Tokens by which people and programs ask the daemon over the network. `add` and `rotate` print the token: it is\n"
	"shown this once. A viewer reads, an operator moves targets besides, an admin may do all that root may here.\n"
	"\n"
	"      --role ROLE       viewer, operator or admin\n"
	"      --repo GLOB       only repositories of such a name; may be given again, as the next two\n"
	"      --ref GLOB        only refs of such a full name: 'refs/heads/*'\n"
	"      --path PREFIX     only what lies at or below this folder\n"
	"      --overlap TIME    how long the old token holds beside the new: 90s, 30m, 24h, 7d, 0; default 24h\n"
	"  -c, --config CONFIG   the daemon's configuration\n"
	"      --json            answer as JSON\n"
	"  -h, --help            print this\n";

static const char hint[] = "Send it as \"Authorization: Bearer TOKEN\".";

struct options {
	const char *config;
	const char *role;
	const char *overlap;
	struct hgt_strings repos, refs, paths;	/* as many as argv has room for; borrowed strings */
	bool json;
};

static int add(struct client *client, const struct options *o, const char *name, struct client_answer *answer)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "name", name);
	hgt_json_key_string(&json, "role", o->role);
	issue_write_list(&json, "repos", &o->repos);
	issue_write_list(&json, "refs", &o->refs);
	issue_write_list(&json, "paths", &o->paths);
	hgt_json_end_object(&json);
	return issue_post(client, "/v1/tokens", &body, o->json, hint, answer);
}

static void add_list(struct table *table, const struct hgt_node *scope, const char *key)
{
	struct hgt_buf text = HGT_BUF_INIT;

	issue_join(hgt_node_get(scope, key), &text);
	table_add(table, text.len ? text.data : "all", TINT_NONE);
	hgt_buf_release(&text);
}

static void add_row(struct table *table, const struct hgt_node *token, int64_t now)
{
	const struct hgt_node *scope = hgt_node_get(token, "scope");
	struct hgt_buf text = HGT_BUF_INIT;

	table_add(table, hgt_node_get_string(token, "name"), TINT_NONE);
	table_add(table, hgt_node_get_string(token, "role"), TINT_NONE);
	show_age(&text, hgt_node_get_string(token, "created"), now);
	table_add(table, text.data, TINT_NONE);
	hgt_buf_reset(&text);
	show_age(&text, hgt_node_get_string(token, "seen"), now);
	table_add(table, text.data, TINT_NONE);
	add_list(table, scope, "repos");
	add_list(table, scope, "refs");
	add_list(table, scope, "paths");
	hgt_buf_release(&text);
}

static int list(struct client *client, const struct options *o, struct client_answer *answer)
{
	static const char *const heads[] = {"NAME", "ROLE", "CREATED", "SEEN", "REPOSITORIES", "REFS", "PATHS"};
	const struct hgt_node *tokens;
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_error err = {0};
	int64_t now = hgt_time_now_ms();
	struct table table;
	int status;

	if (client_call(client, "GET", "/v1/tokens", NULL, answer, &err) < 0)
		return remote_fail(&err);
	if (o->json)
		return remote_print_answer(answer);
	tokens = hgt_node_get(answer->root, "tokens");
	table_init(&table, heads, sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; tokens && tokens->type == HGT_NODE_SEQ && i < tokens->v.seq.n; i++)
		add_row(&table, tokens->v.seq.items[i], now);
	status = table_write(&table, terminal_has_color(), &out, &err) < 0 ? remote_fail(&err) : remote_print(&out);
	table_release(&table);
	hgt_buf_release(&out);
	return status;
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	enum { OPT_ROLE = 256, OPT_REPO, OPT_REF, OPT_PATH, OPT_OVERLAP, OPT_JSON };
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'}, {"role", required_argument, NULL, OPT_ROLE},
		{"repo", required_argument, NULL, OPT_REPO}, {"ref", required_argument, NULL, OPT_REF},
		{"path", required_argument, NULL, OPT_PATH}, {"overlap", required_argument, NULL, OPT_OVERLAP},
		{"json", no_argument, NULL, OPT_JSON}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:h", longs, NULL)) >= 0) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case OPT_ROLE:
			o->role = optarg;
			break;
		case OPT_REPO:
			o->repos.items[o->repos.n++] = optarg;
			break;
		case OPT_REF:
			o->refs.items[o->refs.n++] = optarg;
			break;
		case OPT_PATH:
			o->paths.items[o->paths.n++] = optarg;
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
			return terminal_option_error("token", c, argv[optind - 1]);
		}
	}
	return -1;
}

static int misuse(const char *message, const char *word)
{
	return terminal_usage_error("token", message, word);
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
	if (adds && (!o->role || (strcmp(o->role, "viewer") != 0 && strcmp(o->role, "operator") != 0 && strcmp(o->role, "admin") != 0)))
		return misuse(o->role ? "--role is viewer, operator or admin, not" : "say --role viewer, operator or admin", o->role);
	if (!adds && (o->role || o->repos.n || o->refs.n || o->paths.n))
		return misuse("--role, --repo, --ref and --path are for add, not for", verb);
	if (!rotates && o->overlap)
		return misuse("--overlap is for rotate, not for", verb);
	if (o->overlap && !issue_parse_span(o->overlap, &seconds))
		return misuse("--overlap is a time up to 90d, such as 24h, not", o->overlap);
	return -1;
}

static int run(const struct options *o, struct client *client, char **words, struct client_answer *answer)
{
	if (strcmp(words[0], "add") == 0)
		return add(client, o, words[1], answer);
	if (strcmp(words[0], "remove") == 0)
		return issue_remove(client, "/v1/tokens/", words[1], answer);
	if (strcmp(words[0], "rotate") == 0)
		return issue_rotate(client, "/v1/tokens/", words[1], o->overlap, o->json, hint, answer);
	return list(client, o, answer);
}

int token_verb(int argc, char **argv)
{
	char **room = calloc(3 * ((size_t)argc + 1), sizeof(char *));
	struct options o = {.repos = {.items = room}};
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
