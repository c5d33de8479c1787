/* headgate sync, suspend, resume: what an agent is to do with its targets. */
#include <pwd.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/json_writer.h"
#include "cli/remote/options.h"
#include "cli/remote/remote.h"
#include "cli/remote/show.h"
#include "cli/terminal.h"

static const char sync_usage[] =
	"usage: headgate sync AGENT [TARGET] [--rev REV] [-c CONFIG] [--json]\n"
	"\n"
	"Have an agent bring a target, or all of its targets, to what Git says, now: also where that is not done by itself, or has failed.\n"
	"It is on disk when this returns; an agent that is not connected is told when it comes.\n"
	"\n"
	"      --rev REV         to this commit of the target's ref and not to its tip: an id, a tag, main~1\n"
	"  -c, --config CONFIG   the daemon's configuration\n"
	"      --json            answer as JSON\n"
	"  -h, --help            print this\n";

static const char suspend_usage[] =
	"usage: headgate suspend AGENT [TARGET] [-c CONFIG] [--json]\n"
	"\n"
	"Have an agent leave a target, or all of its targets, as they are, until resume: it looks and reports, and changes nothing.\n"
	"\n"
	"  -c, --config CONFIG   the daemon's configuration\n"
	"      --json            answer as JSON\n"
	"  -h, --help            print this\n";

static const char resume_usage[] =
	"usage: headgate resume AGENT [TARGET] [-c CONFIG] [--json]\n"
	"\n"
	"Have an agent go on with a target, or all of its targets, after suspend.\n"
	"\n"
	"  -c, --config CONFIG   the daemon's configuration\n"
	"      --json            answer as JSON\n"
	"  -h, --help            print this\n";

struct action {
	const char *verb, *usage;
	bool has_revision;
};

struct options {
	const struct action *action;
	const char *config, *revision;
	const char *agent, *target;	/* target NULL: all */
	bool json;
};

/* Who asks: whoever became root to do so, or the account. */
static const char *asker(void)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *account = getpwuid(getuid());

	if (getuid() == 0 && sudo && *sudo)
		return sudo;
	return account && *account->pw_name ? account->pw_name : NULL;
}

static void write_body(const struct action *action, const struct options *o, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "target", o->target);
	hgt_json_key_string(&json, "action", action->verb);
	hgt_json_key_string(&json, "revision", o->revision);
	hgt_json_key_string(&json, "actor", asker());
	hgt_json_end_object(&json);
}

static int request(const struct action *action, const struct options *o, struct client *client, struct client_answer *answer,
	struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, body = HGT_BUF_INIT;
	int code;

	hgt_buf_adds(&path, "/v1/agents/");
	hgt_escape_url(&path, o->agent, strlen(o->agent));
	hgt_buf_adds(&path, "/commands");
	write_body(action, o, &body);
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = hgt_buf_check(&body, err);
	if (code == 0)
		code = client_call(client, "POST", path.data, body.data, answer, err);
	hgt_buf_release(&path);
	hgt_buf_release(&body);
	return code;
}

static int tell(const struct action *action, const struct options *o, const struct client_answer *answer)
{
	const struct hgt_node *commands = hgt_node_get(answer->root, "commands");
	struct hgt_buf out = HGT_BUF_INIT;
	bool connected = true;
	int status;

	for (size_t i = 0; commands && commands->type == HGT_NODE_SEQ && i < commands->v.seq.n; i++) {
		const struct hgt_node *command = commands->v.seq.items[i];
		const char *revision = hgt_node_get_string(command, "revision");

		show_text(&out, o->agent, TINT_NONE, false);
		hgt_buf_addc(&out, '/');
		show_text(&out, hgt_node_get_string(command, "target"), TINT_NONE, false);
		hgt_buf_addf(&out, ": %s", action->verb);
		if (revision) {
			hgt_buf_adds(&out, " to ");
			show_id(&out, revision);
		}
		hgt_buf_adds(&out, ", command ");
		show_text(&out, hgt_node_get_string(command, "id"), TINT_NONE, false);
		hgt_buf_addc(&out, '\n');
	}
	status = remote_print(&out);
	hgt_buf_release(&out);
	hgt_node_get_bool(answer->root, "connected", &connected);
	if (status == HGT_EXIT_OK && !connected)
		terminal_complain(o->agent, "the agent is not connected; it is told when it comes");
	return status;
}

/* -1 to go on, else the exit status to end with. */
static int read_options(const struct action *action, int argc, char **argv, struct options *o)
{
	const struct verb_option own[] = {{.name = "rev", .text = &o->revision}};
	int n, status = verb_options_read(&(struct verb_options){action->verb, action->usage, &o->config, &o->json, own, 1}, argc, argv);

	if (status >= 0)
		return status;
	if (o->revision && !action->has_revision)
		return terminal_usage_error(action->verb, "--rev is for sync", NULL);
	n = argc - optind;
	if (n < 1 || n > 2)
		return terminal_usage_error(action->verb, n < 1 ? "which AGENT?" : "one AGENT and one TARGET are wanted, but there is also",
			n < 1 ? NULL : argv[optind + 2]);
	o->agent = argv[optind];
	o->target = n == 2 ? argv[optind + 1] : NULL;
	return -1;
}

static int ask(struct client *client, void *ctx, struct hgt_error *err)
{
	const struct options *o = ctx;
	struct client_answer answer;
	int status;

	client_answer_init(&answer);
	status = request(o->action, o, client, &answer, err);
	if (status == 0)
		status = o->json ? remote_print_answer(&answer) : tell(o->action, o, &answer);
	client_answer_release(&answer);
	return status;
}

static int run(const struct action *action, int argc, char **argv)
{
	struct options o = {.action = action};
	int status = read_options(action, argc, argv, &o);

	return status < 0 ? remote_ask(o.config, ask, &o) : status;
}

int sync_verb(int argc, char **argv)
{
	return run(&(struct action){"sync", sync_usage, true}, argc, argv);
}

int suspend_verb(int argc, char **argv)
{
	return run(&(struct action){"suspend", suspend_usage, false}, argc, argv);
}

int resume_verb(int argc, char **argv)
{
	return run(&(struct action){"resume", resume_usage, false}, argc, argv);
}
