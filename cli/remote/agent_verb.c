/* headgate agent: the registry of agents. */
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

static int list(struct client *client, bool json, struct client_answer *answer)
{
	static const char *const heads[] = {
		"NAME", "KIND", "CONNECTED", "SEEN", "HOST", "ADDRESS", "TARGETS", "ALLOW"};
	const struct hgt_node *agents;
	struct hgt_buf out = HGT_BUF_INIT, text = HGT_BUF_INIT;
	struct hgt_error err = {0};
	int64_t now = hgt_time_now_ms();
	struct table table;
	int status;

	if (client_call(client, "GET", "/v1/agents", NULL, answer, &err) < 0)
		return remote_fail(&err);
	if (json)
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
	status = table_write(&table, terminal_has_color(), &out, &err) < 0 ? remote_fail(&err) : remote_print(&out);
	table_release(&table);
	hgt_buf_release(&text);
	hgt_buf_release(&out);
	return status;
}

static int check_add(const struct issue_given *given)
{
	const char *kind = issue_text(given, "kind");

	if (!kind || (strcmp(kind, "cluster") != 0 && strcmp(kind, "host") != 0))
		return issue_misuse(given, kind ? "--kind is cluster or host, not" : "say --kind cluster or --kind host", kind);
	if (!issue_list(given, "allow")->n)
		return issue_misuse(given, "say with --allow which repositories it may see, '**' for all", NULL);
	return -1;
}

int agent_verb(int argc, char **argv)
{
	static const struct issue_verb verb = {
		.verb = "agent", .usage = usage, .path = "/v1/agents",
		.hint = "Write it to " HGT_SYSCONFDIR "/headgate/agent.token on the agent's host, readable by the agent alone.",
		.only_for_add = "--kind, --allow, --ref, --path and --certificate are for add, not for",
		.n_options = 5,
		.options = {{"kind", "kind", false}, {"allow", "allow", true}, {"ref", "refs", true}, {"path", "paths", true},
			{"certificate", "certificate", false}},
		.check_add = check_add, .list = list,
	};

	return issue_run(&verb, argc, argv);
}
