/* headgate status: what the daemon serves, and what became of it on every agent. */
#include <inttypes.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/timing.h"
#include "cli/remote/fleet.h"
#include "cli/remote/options.h"
#include "cli/remote/remote.h"
#include "cli/remote/table.h"
#include "cli/terminal.h"

static const char usage[] =
	"usage: headgate status [--watch] [--exit-code] [-c CONFIG] [--json]\n"
	"\n"
	"Tell what the daemon serves and the state of every agent's targets, the worst first.\n"
	"What an agent reported counts as Unknown once it has been away for the config's stale_after.\n"
	"\n"
	"  -w, --watch           go on: on a terminal the fleet in its place, else a table each time something\n"
	"                        has happened; interrupt to end\n"
	"      --exit-code       exit with 1 when any target is Failed, Degraded, OutOfSync or Unknown\n"
	"  -c, --config CONFIG   the daemon's configuration\n"
	"      --json            answer as JSON; with --watch a line each time\n"
	"  -h, --help            print this\n";

enum {
	WATCH_SECONDS = 2,	/* without an event it is drawn anew after so long: ages, and agents that come and go */
	WATCH_REST_MS = 100,	/* between two looks */
	RETRY_MS = 1000,	/* while the daemon is away */
	ROWS = 24,		/* of a terminal that does not say */
	FRAME_ROWS = 5,		/* of them not the fleet's: the daemon, the counts, the heads, what is left out, the last line */
};

/* On a terminal: another screen, no cursor, no wrapped lines; and back. */
#define SCREEN_OPEN "\033[?1049h\033[?25l\033[?7l"
#define SCREEN_CLOSE "\033[?7h\033[?25h\033[?1049l"
#define SCREEN_HOME "\033[H"
#define SCREEN_LINE_END "\033[K\n"
#define SCREEN_REST "\033[J"

struct options {
	const char *config;
	bool watch;
	bool exit_code;
	bool json;
};

static size_t count(const struct hgt_node *list)
{
	return list && list->type == HGT_NODE_SEQ ? list->v.seq.n : 0;
}

static int write_repositories(const struct hgt_node *repositories, bool color, struct hgt_buf *out,
	struct hgt_error *err)
{
	static const char *const heads[] = {"REPOSITORY", "REFS"};
	struct table table;
	int code;

	if (!count(repositories)) {
		hgt_buf_adds(out, "No repositories below repositories.root that the config includes.\n");
		return 0;
	}
	table_init(&table, heads, sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; i < count(repositories); i++) {
		const struct hgt_node *repo = repositories->v.seq.items[i];
		const char *trouble = hgt_node_get_string(repo, "trouble");
		struct hgt_buf refs = HGT_BUF_INIT;
		int64_t n = 0;

		hgt_node_get_int(repo, "refs", &n);
		hgt_buf_addf(&refs, "%" PRId64, n);
		table_add(&table, hgt_node_get_string(repo, "name"), TINT_NONE);
		table_add(&table, trouble ? trouble : refs.data, trouble ? TINT_BAD : TINT_NONE);
		hgt_buf_release(&refs);
	}
	code = table_write(&table, color, out, err);
	table_release(&table);
	return code;
}

static void write_daemon(const struct hgt_node *root, bool color, struct hgt_buf *out)
{
	const char *started = hgt_node_get_string(root, "started");
	const char *trouble = hgt_node_get_string(root, "trouble");

	show_text(out, hgt_node_get_string(root, "site"), TINT_NONE, color);
	hgt_buf_adds(out, ": headgated ");
	show_text(out, hgt_node_get_string(root, "version"), TINT_NONE, color);
	hgt_buf_adds(out, ", up since ");
	show_time(out, started);
	hgt_buf_adds(out, " (");
	show_age(out, started, hgt_time_now_ms());
	hgt_buf_adds(out, "), journal at ");
	show_text(out, hgt_node_get_string(root, "head"), TINT_NONE, color);
	hgt_buf_addc(out, '\n');
	if (trouble) {
		hgt_buf_adds(out, "The journal cannot be written, pushes are spooled: ");
		show_text(out, trouble, TINT_BAD, color);
		hgt_buf_addc(out, '\n');
	}
}

static int write_status(const struct hgt_node *root, const struct fleet *fleet, bool color, struct hgt_buf *out,
	struct hgt_error *err)
{
	int code;

	write_daemon(root, color, out);
	hgt_buf_addc(out, '\n');
	code = write_repositories(hgt_node_get(root, "repositories"), color, out, err);
	hgt_buf_addc(out, '\n');
	if (code == 0 && fleet->n) {
		fleet_write_counts(fleet, color, out);
		hgt_buf_addc(out, '\n');
	}
	return code < 0 ? code : fleet_write(fleet, SIZE_MAX, color, out, err);
}

static int tell(const struct options *o, const struct client_answer *answer, struct hgt_error *err)
{
	const struct hgt_node *root = answer->root;
	struct hgt_buf out = HGT_BUF_INIT;
	struct fleet fleet = {0};
	int code = fleet_read(hgt_node_get(root, "agents"), &fleet, err);
	int status;

	if (code == 0 && !o->json)
		code = write_status(root, &fleet, terminal_has_color(), &out, err);
	if (code < 0)
		status = remote_fail(err);
	else
		status = o->json ? remote_print_answer(answer) : remote_print(&out);
	if (status == HGT_EXIT_OK && o->exit_code && !fleet_is_well(&fleet))
		status = HGT_EXIT_NOT;
	fleet_release(&fleet);
	hgt_buf_release(&out);
	return status;
}

/* As JSON all of it is told; people see none of the diffs and lists. */
static const char *status_path(const struct options *o)
{
	return o->json ? "/v1/status" : "/v1/status?detail=brief";
}

/* Going on. */

static volatile sig_atomic_t stop;

static void interrupted(int signal_number)
{
	(void)signal_number;
	stop = 1;
}

static void catch_signals(void)
{
	/* No SA_RESTART: what waits is to look at `stop`. */
	struct sigaction action = {.sa_handler = interrupted};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static size_t terminal_rows(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > FRAME_ROWS ? size.ws_row : ROWS;
}

/* Over what was drawn before: every line to its end, and all below. */
static void add_screen(const struct hgt_buf *text, struct hgt_buf *out)
{
	hgt_buf_adds(out, SCREEN_HOME);
	for (const char *line = text->data; *line;) {
		size_t len = strcspn(line, "\n");

		hgt_buf_add(out, line, len);
		hgt_buf_adds(out, SCREEN_LINE_END);
		line += len + (line[len] == '\n');
	}
	hgt_buf_adds(out, SCREEN_REST);
}

static int write_watched(const struct options *o, bool screen, const struct client_answer *answer, struct hgt_buf *out,
	struct hgt_error *err)
{
	bool color = terminal_has_color();
	struct hgt_buf text = HGT_BUF_INIT;
	struct fleet fleet = {0};
	int code;

	if (o->json) {
		hgt_buf_add(out, answer->text.data, answer->text.len);
		return hgt_buf_check(out, err);
	}
	code = fleet_read(hgt_node_get(answer->root, "agents"), &fleet, err);
	if (code < 0)
		return code;
	if (screen)
		write_daemon(answer->root, color, &text);
	fleet_write_counts(&fleet, color, &text);
	code = fleet_write(&fleet, screen ? terminal_rows() - FRAME_ROWS : SIZE_MAX, color, &text, err);
	if (screen)
		add_screen(&text, out);
	else
		hgt_buf_addf(out, "%s\n", text.data);
	if (text.failed)
		out->failed = true;
	hgt_buf_release(&text);
	fleet_release(&fleet);
	return code < 0 ? code : hgt_buf_check(out, err);
}

static int say(const char *text, struct hgt_error *err)
{
	return hgt_write_all(STDOUT_FILENO, text, strlen(text)) < 0 ? hgt_error_set_errno(err, "cannot write the result") : 0;
}

/* Wait for what happens after the cursor of the answer. *moved: something has. */
static int wait_for_event(struct client *client, const char *head, bool *moved, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct client_answer page;
	int code;

	client_answer_init(&page);
	hgt_buf_addf(&path, "/v1/events?limit=1&wait=%d", WATCH_SECONDS);
	remote_add_query(&path, "cursor", head);
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = client_call(client, "GET", path.data, NULL, &page, err);
	*moved = code == 0 && count(hgt_node_get(page.root, "events")) > 0;
	client_answer_release(&page);
	hgt_buf_release(&path);
	return code;
}

/* One look, and the wait for the next. */
static int watch_once(struct client *client, const struct options *o, bool screen, bool *draw, struct hgt_error *err)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct client_answer answer;
	const char *head;
	bool moved = false;
	int code;

	client_answer_init(&answer);
	code = client_call(client, "GET", status_path(o), NULL, &answer, err);
	head = code == 0 && !stop ? hgt_node_get_string(answer.root, "head") : NULL;
	if (head && *draw)
		code = write_watched(o, screen, &answer, &out, err);
	if (code == 0 && out.len)
		code = say(out.data, err);
	if (code == 0 && head && !stop)
		code = wait_for_event(client, head, &moved, err);
	/* Elsewhere than on a screen, only what has changed is news. */
	*draw = screen || moved;
	client_answer_release(&answer);
	hgt_buf_release(&out);
	return code;
}

static int watch(struct client *client, const struct options *o, struct hgt_error *err)
{
	bool screen = isatty(STDOUT_FILENO) && !o->json, draw = true, seen = false;
	int code = screen ? say(SCREEN_OPEN, err) : 0;

	client_heed(client, &stop);
	while (code == 0 && !stop) {
		code = watch_once(client, o, screen, &draw, err);
		seen = seen || code == 0;
		if (code == HGT_EUNAVAILABLE && seen && !stop) {
			code = screen ? say(SCREEN_HOME "the daemon does not answer; waiting for it" SCREEN_LINE_END, err) : 0;
			draw = true;
			usleep(RETRY_MS * 1000);
		} else if (code == 0 && !stop) {
			usleep(WATCH_REST_MS * 1000);
		}
	}
	if (screen && say(SCREEN_CLOSE, NULL) < 0 && code == 0)
		code = HGT_EIO;
	return code == 0 || stop ? HGT_EXIT_OK : remote_fail(err);
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	const struct verb_option own[] = {{.name = "watch", .letter = 'w', .flag = &o->watch}, {.name = "exit-code", .flag = &o->exit_code}};
	int status = verb_options_read(&(struct verb_options){"status", usage, &o->config, &o->json, own, sizeof(own) / sizeof(own[0])}, argc, argv);

	if (status >= 0)
		return status;
	if (optind < argc)
		return terminal_usage_error("status", "no arguments are wanted, but there is", argv[optind]);
	if (o->watch && o->exit_code)
		return terminal_usage_error("status", "--watch and --exit-code exclude each other", NULL);
	return -1;
}

static int run(struct client *client, void *ctx, struct hgt_error *err)
{
	const struct options *o = ctx;
	struct client_answer answer;
	int status;

	if (o->watch) {
		catch_signals();
		return watch(client, o, err);
	}
	client_answer_init(&answer);
	status = client_call(client, "GET", status_path(o), NULL, &answer, err);
	if (status == 0)
		status = tell(o, &answer, err);
	client_answer_release(&answer);
	return status;
}

int status_verb(int argc, char **argv)
{
	struct options o = {0};
	int status = read_options(argc, argv, &o);

	return status < 0 ? remote_ask(o.config, run, &o) : status;
}
