/* headgate token: tokens of people and programs. */
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

static int list(struct client *client, bool json, struct client_answer *answer)
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
	if (json)
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

static int check_add(const struct issue_given *given)
{
	const char *role = issue_text(given, "role");

	if (!role || (strcmp(role, "viewer") != 0 && strcmp(role, "operator") != 0 && strcmp(role, "admin") != 0))
		return issue_misuse(given, role ? "--role is viewer, operator or admin, not" : "say --role viewer, operator or admin", role);
	return -1;
}

int token_verb(int argc, char **argv)
{
	static const struct issue_verb verb = {
		.verb = "token", .usage = usage, .path = "/v1/tokens",
		.hint = "Send it as \"Authorization: Bearer TOKEN\".",
		.only_for_add = "--role, --repo, --ref and --path are for add, not for",
		.n_options = 4,
		.options = {{"role", "role", false}, {"repo", "repos", true}, {"ref", "refs", true}, {"path", "paths", true}},
		.check_add = check_add, .list = list,
	};

	return issue_run(&verb, argc, argv);
}
