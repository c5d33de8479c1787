/* headgate mirror: how the copies of mirrors are, and what an operator may ask of them. */
#include <pwd.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "base/timing.h"
#include "cli/remote/mirror.h"
#include "cli/remote/mirror_promote.h"
#include "cli/remote/remote.h"
#include "cli/terminal.h"

static const char usage[] =
	"usage: headgate mirror list [--exit-code] [-c CONFIG] [--json]\n"
	"       headgate mirror show MIRROR [REPO [--all]] [-c CONFIG] [--json]\n"
	"       headgate mirror sync MIRROR [REPO [--accept]] [--wait [--timeout SECONDS]] [-c CONFIG] [--json]\n"
	"       headgate mirror verify MIRROR [REPO] [--wait [--timeout SECONDS]] [-c CONFIG] [--json]\n"
	"       headgate mirror pause MIRROR [REPO] [-c CONFIG] [--json]\n"
	"       headgate mirror resume MIRROR [REPO] [-c CONFIG] [--json]\n"
	"       headgate mirror upstreams [MIRROR] [-c CONFIG] [--json]\n"
	"       headgate mirror promote MIRROR [--force | --abort] [--timeout SECONDS] [-c CONFIG] [--json]\n"
	"\n"
	"Mirrors are set up in the config. `list` shows each with how its repositories are, and those that are worst off;\n"
	"`show` all repositories of one, or one repository with its refs that are not in step. `sync` brings a repository in\n"
	"step now; `verify` also asks the other side for all its refs. `pause` keeps hands off until `resume`.\n"
	"`upstreams` shows the Headgates that mirrors have upstream, and of two peers which one leads. `promote` lets this one\n"
	"lead: the leader takes no more pushes, this one catches up, every ref on both sides is compared, the roles change.\n"
	"\n"
	"      --exit-code       exit with 1 when not all is in step\n"
	"      --all             the refs that are in step too\n"
	"      --accept          decide for what is diverged or held: push overwrites what is there, pull follows upstream\n"
	"                        and keeps what is here under refs/headgate/kept/; each ref is named first\n"
	"      --wait            until it is done; exit with 1 when it is not in step then\n"
	"      --force           lead without asking a leader that is gone; what only it has may be lost\n"
	"      --abort           take a hand-over that is under way back, on either side\n"
	"      --timeout SECONDS wait no longer than that (86400)\n"
	"  -c, --config CONFIG   the daemon's configuration\n"
	"      --json            answer as JSON\n"
	"  -h, --help            print this\n";

enum {
	LIST_MOST = 20,		/* copies that `list` names */
	TIMEOUT = 86400,
};

struct options {
	const char *config;
	const char *verb, *mirror, *repo;	/* repo NULL: all */
	bool exit_code, all, accept, wait, force, abort, json;
	unsigned timeout;	/* 0: not given */
};

static int print(struct hgt_buf *out, int code, struct hgt_error *err)
{
	int status;

	if (code == 0)
		code = hgt_buf_check(out, err);
	status = code < 0 ? remote_fail(err) : remote_print(out);
	hgt_buf_release(out);
	return status;
}

/* {"mirrors":[..],"copies":[..]}, of however many answers it came in. */
static int print_json(const struct mirror_pages *copies, const struct mirror_pages *refs, struct hgt_error *err)
{
	const struct hgt_node *mirrors = mirror_pages_mirrors(copies);
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&out);

	hgt_json_begin_object(&json);
	if (mirrors) {
		hgt_json_key(&json, "mirrors");
		hgt_node_write_json(mirrors, &json);
	}
	mirror_pages_write(copies, "copies", &json);
	if (refs)
		mirror_pages_write(refs, "refs", &json);
	hgt_json_end_object(&json);
	hgt_buf_addc(&out, '\n');
	return print(&out, 0, err);
}

/* How many copies of all mirrors are not in step, by what the mirrors say. */
static uint64_t count_unwell(const struct hgt_node *mirrors)
{
	uint64_t unwell = 0;

	for (size_t i = 0; mirrors && mirrors->type == HGT_NODE_SEQ && i < mirrors->v.seq.n; i++) {
		int64_t copies = 0, in_step = 0;

		hgt_node_get_int(mirrors->v.seq.items[i], "copies", &copies);
		hgt_node_get_int(mirrors->v.seq.items[i], "in_step", &in_step);
		unwell += copies > in_step ? (uint64_t)(copies - in_step) : 0;
	}
	return unwell;
}

static int list(struct client *client, const struct options *o, struct hgt_error *err)
{
	static const char *const worst_first[] = {"stopped", "failing", "behind", "new"};
	struct mirror_pages pages = {0};
	struct hgt_buf out = HGT_BUF_INIT;
	uint64_t unwell = 0;
	int code = 0, status;

	if (o->json)
		code = mirror_pages_copies(client, &(struct mirror_want){0}, 0, &pages, err);
	for (size_t i = 0; !o->json && code == 0 && i < sizeof(worst_first) / sizeof(worst_first[0]) && pages.list.n < LIST_MOST; i++)
		code = mirror_pages_copies(client, &(struct mirror_want){.states = worst_first[i]}, LIST_MOST, &pages, err);
	if (code == 0)
		unwell = count_unwell(mirror_pages_mirrors(&pages));
	if (code == 0 && o->json) {
		status = print_json(&pages, NULL, err);
	} else {
		mirror_list_sort(&pages.list);
		if (code == 0)
			code = mirror_view_mirrors(mirror_pages_mirrors(&pages), terminal_has_color(), &out, err);
		if (code == 0 && pages.list.n) {
			size_t shown = pages.list.n < LIST_MOST ? pages.list.n : LIST_MOST;

			hgt_buf_addc(&out, '\n');
			pages.list.n = shown;
			code = mirror_view_copies(&pages.list, shown, true, hgt_time_now_ms(), terminal_has_color(), &out, err);
			if (unwell > shown)
				hgt_buf_addf(&out, "and %llu more; `headgate mirror show MIRROR` has them all\n",
					(unsigned long long)(unwell - shown));
		}
		status = print(&out, code, err);
	}
	mirror_pages_release(&pages);
	return status == HGT_EXIT_OK && o->exit_code && unwell ? HGT_EXIT_NOT : status;
}

static int not_there(const struct options *o, struct hgt_error *err)
{
	hgt_error_set(err, HGT_ENOENT,
		"there is no repository \"%s\" in mirror \"%s\"; `headgate mirror show %s` has those there are", o->repo,
		o->mirror, o->mirror);
	return remote_fail(err);
}

static int show_copy(const struct mirror_pages *copies, const struct mirror_pages *refs, struct hgt_error *err)
{
	const int64_t now_ms = hgt_time_now_ms();
	const bool color = terminal_has_color();
	struct hgt_buf out = HGT_BUF_INIT;
	int64_t known = 0;
	int code;

	mirror_view_copy(copies->list.items[0], now_ms, color, &out);
	hgt_buf_addc(&out, '\n');
	hgt_node_get_int(copies->list.items[0], "refs", &known);
	code = mirror_view_refs(&refs->list, known > 0, now_ms, color, &out, err);
	return print(&out, code, err);
}

static int show(struct client *client, const struct options *o, struct hgt_error *err)
{
	struct mirror_pages copies = {0}, refs = {0};
	struct hgt_buf out = HGT_BUF_INIT;
	int status, code = mirror_pages_copies(client, &(struct mirror_want){.mirror = o->mirror, .repo = o->repo}, 0, &copies, err);

	if (code == 0 && o->repo && copies.list.n)
		code = mirror_pages_refs(client, o->mirror, o->repo, o->all, &refs, err);
	mirror_list_sort(&copies.list);
	if (code < 0) {
		status = remote_fail(err);
	} else if (o->repo && !copies.list.n) {
		status = not_there(o, err);
	} else if (o->json) {
		status = print_json(&copies, o->repo ? &refs : NULL, err);
	} else if (o->repo) {
		status = show_copy(&copies, &refs, err);
	} else {
		code = mirror_view_mirrors(mirror_pages_mirrors(&copies), terminal_has_color(), &out, err);
		hgt_buf_addc(&out, '\n');
		if (code == 0 && copies.list.n)
			code = mirror_view_copies(&copies.list, SIZE_MAX, false, hgt_time_now_ms(), terminal_has_color(), &out, err);
		else
			hgt_buf_adds(&out, "None of the repositories here is one of this mirror; its `repos` in the config say which are.\n");
		status = print(&out, code, err);
	}
	mirror_pages_release(&refs);
	mirror_pages_release(&copies);
	return status;
}

/* Who asks: whoever became root to do so, or the account. */
static const char *asker(void)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *account = getpwuid(getuid());

	if (getuid() == 0 && sudo && *sudo)
		return sudo;
	return account && *account->pw_name ? account->pw_name : NULL;
}

static int post(struct client *client, const struct options *o, struct client_answer *answer, struct hgt_error *err)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);
	int code;

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "mirror", o->mirror);
	hgt_json_key_string(&json, "repo", o->repo);
	hgt_json_key_string(&json, "action", o->accept ? "accept" : o->verb);
	hgt_json_key_string(&json, "actor", asker());
	hgt_json_end_object(&json);
	code = hgt_buf_check(&body, err);
	if (code == 0)
		code = client_call(client, "POST", "/v1/mirrors/act", body.data, answer, err);
	hgt_buf_release(&body);
	return code;
}

/* What is about to be decided, ref by ref, on stderr. 1: nothing is. */
static int tell_accept(struct client *client, const struct options *o, struct hgt_error *err)
{
	struct mirror_pages copies = {0}, refs = {0};
	struct hgt_buf out = HGT_BUF_INIT;
	int code = mirror_pages_copies(client, &(struct mirror_want){.mirror = o->mirror, .repo = o->repo}, 0, &copies, err);
	const char *direction;

	if (code == 0 && !copies.list.n)
		code = hgt_error_set(err, HGT_ENOENT, "there is no repository \"%s\" in mirror \"%s\"", o->repo, o->mirror);
	if (code == 0)
		code = mirror_pages_refs(client, o->mirror, o->repo, false, &refs, err);
	direction = code == 0 ? hgt_node_get_string(copies.list.items[0], "direction") : NULL;
	for (size_t i = 0; code == 0 && i < refs.list.n; i++)
		mirror_view_accept(refs.list.items[i], direction && !strcmp(direction, "push"), &out);
	if (code == 0)
		code = hgt_buf_check(&out, err);
	if (code == 0)
		fputs(out.len ? out.data : "nothing is known to be diverged or held; what the turn finds to be so is decided the same way\n",
			stderr);
	hgt_buf_release(&out);
	mirror_pages_release(&refs);
	mirror_pages_release(&copies);
	return code;
}

static int tell_act(const struct options *o, const struct client_answer *answer)
{
	bool pauses = !strcmp(o->verb, "pause"), resumes = !strcmp(o->verb, "resume");
	struct hgt_buf out = HGT_BUF_INIT;
	int64_t n = 0;
	int status;

	hgt_node_get_int(answer->root, "copies", &n);
	show_text(&out, o->mirror, TINT_NONE, false);
	hgt_buf_adds(&out, ": ");
	if (o->repo)
		show_text(&out, o->repo, TINT_NONE, false);
	else
		hgt_buf_addf(&out, "%lld %s", (long long)n, n == 1 ? "repository" : "repositories");
	if (pauses)
		hgt_buf_addf(&out, " paused; `headgate mirror resume` goes on\n");
	else if (resumes)
		hgt_buf_adds(&out, n == 1 || o->repo ? " goes on\n" : " go on\n");
	else if (o->accept)
		hgt_buf_adds(&out, ": accepted; `headgate mirror show` tells how it goes\n");
	else
		hgt_buf_addf(&out, ": %s asked for; `headgate mirror show` tells how it goes\n", o->verb);
	status = remote_print(&out);
	hgt_buf_release(&out);
	return status;
}

static int wait_for(struct client *client, const struct options *o, struct mirror_wait *wait, struct hgt_error *err)
{
	struct mirror_pages last = {0};
	bool well = false;
	int status;

	if (mirror_wait_run(client, wait, o->timeout ? o->timeout : TIMEOUT, o->json, &last, &well, err) < 0)
		status = remote_fail(err);
	else
		status = o->json ? print_json(&last, NULL, err) : HGT_EXIT_OK;
	if (status == HGT_EXIT_OK && !well)
		status = HGT_EXIT_NOT;
	mirror_pages_release(&last);
	return status;
}

static int act(struct client *client, const struct options *o, struct hgt_error *err)
{
	struct mirror_wait *wait = NULL;
	struct client_answer answer;
	int status, code = 0;

	client_answer_init(&answer);
	if (o->accept)
		code = tell_accept(client, o, err);
	if (code == 0 && o->wait)
		code = mirror_wait_begin(client, &(struct mirror_want){.mirror = o->mirror, .repo = o->repo}, &wait, err);
	if (code == 0)
		code = post(client, o, &answer, err);
	if (code < 0)
		status = remote_fail(err);
	else if (wait)
		status = wait_for(client, o, wait, err);
	else
		status = o->json ? remote_print_answer(&answer) : tell_act(o, &answer);
	client_answer_release(&answer);
	mirror_wait_free(wait);
	return status;
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	enum { OPT_EXIT_CODE = 256, OPT_ALL, OPT_ACCEPT, OPT_WAIT, OPT_TIMEOUT, OPT_FORCE, OPT_ABORT, OPT_JSON };
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'}, {"exit-code", no_argument, NULL, OPT_EXIT_CODE}, {"all", no_argument, NULL, OPT_ALL},
		{"accept", no_argument, NULL, OPT_ACCEPT}, {"wait", no_argument, NULL, OPT_WAIT},
		{"force", no_argument, NULL, OPT_FORCE}, {"abort", no_argument, NULL, OPT_ABORT},
		{"timeout", required_argument, NULL, OPT_TIMEOUT}, {"json", no_argument, NULL, OPT_JSON}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	uint64_t number;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:h", longs, NULL)) >= 0) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case OPT_EXIT_CODE:
			o->exit_code = true;
			break;
		case OPT_ALL:
			o->all = true;
			break;
		case OPT_ACCEPT:
			o->accept = true;
			break;
		case OPT_WAIT:
			o->wait = true;
			break;
		case OPT_TIMEOUT:
			if (!remote_number("mirror", "--timeout", optarg, 1, TIMEOUT, &number))
				return HGT_EXIT_TROUBLE;
			o->timeout = (unsigned)number;
			break;
		case OPT_FORCE:
			o->force = true;
			break;
		case OPT_ABORT:
			o->abort = true;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case 'h':
			return terminal_print(usage);
		default:
			return terminal_option_error("mirror", c, argv[optind - 1]);
		}
	}
	return -1;
}

static int misuse(const char *message, const char *word)
{
	return terminal_usage_error("mirror", message, word);
}

/* Whether the words after the options make sense. -1 when they do. */
static int check_words(struct options *o, int n, char **words)
{
	static const char *const verbs[] = {"list", "show", "sync", "verify", "pause", "resume", "upstreams", "promote"};
	bool known = false, syncs, waits, lists, promotes, upstreams;

	o->verb = n ? words[0] : NULL;
	for (size_t i = 0; o->verb && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		known |= !strcmp(verbs[i], o->verb);
	if (!known)
		return misuse(o->verb ? "list, show, sync, verify, pause, resume, upstreams or promote, not" :
			"list, show, sync, verify, pause, resume, upstreams or promote?", o->verb);
	lists = !strcmp(o->verb, "list");
	syncs = !strcmp(o->verb, "sync");
	promotes = !strcmp(o->verb, "promote");
	upstreams = !strcmp(o->verb, "upstreams");
	waits = syncs || !strcmp(o->verb, "verify");
	o->mirror = n > 1 ? words[1] : NULL;
	o->repo = n > 2 ? words[2] : NULL;
	if (n > (lists ? 1 : promotes || upstreams ? 2 : 3))
		return misuse("too many arguments after", o->verb);
	if (!lists && !upstreams && !o->mirror)
		return misuse("which mirror? its name is wanted after", o->verb);
	if (o->exit_code && !lists)
		return misuse("--exit-code is for list, not for", o->verb);
	if (o->all && strcmp(o->verb, "show") != 0)
		return misuse("--all is for show, not for", o->verb);
	if (o->all && !o->repo)
		return misuse("--all is for the refs of one repository; name it", NULL);
	if (o->accept && !syncs)
		return misuse("--accept is for sync, not for", o->verb);
	if (o->accept && !o->repo)
		return misuse("--accept decides for one repository at a time; name it", NULL);
	if (o->wait && !waits)
		return misuse("--wait is for sync and verify, not for", o->verb);
	if ((o->force || o->abort) && !promotes)
		return misuse("--force and --abort are for promote, not for", o->verb);
	if (o->force && o->abort)
		return misuse("--force and --abort exclude each other", NULL);
	if (o->timeout && !o->wait && !promotes)
		return misuse("--timeout goes with --wait", NULL);
	return -1;
}

int mirror_verb(int argc, char **argv)
{
	struct options o = {0};
	struct client *client = NULL;
	struct hgt_error err = {0};
	int status = read_options(argc, argv, &o);

	if (status < 0)
		status = check_words(&o, argc - optind, argv + optind);
	if (status >= 0)
		return status;
	if (remote_connect(o.config, &client, &err) < 0)
		status = remote_fail(&err);
	else if (!strcmp(o.verb, "list"))
		status = list(client, &o, &err);
	else if (!strcmp(o.verb, "show"))
		status = show(client, &o, &err);
	else if (!strcmp(o.verb, "upstreams"))
		status = mirror_upstreams(client, &(struct promote_options){.mirror = o.mirror, .json = o.json});
	else if (!strcmp(o.verb, "promote"))
		status = mirror_promote(client, &(struct promote_options){.mirror = o.mirror, .actor = asker(), .force = o.force, .abort = o.abort,
			.json = o.json, .timeout = o.timeout ? o.timeout : TIMEOUT});
	else
		status = act(client, &o, &err);
	client_close(client);
	return status;
}
