/* headgate events: the journal's events, as they happened or as they happen. */
#include <signal.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json_writer.h"
#include "cli/remote/event_view.h"
#include "cli/remote/options.h"
#include "cli/remote/pages.h"
#include "cli/remote/remote.h"
#include "cli/terminal.h"

static const char usage[] =
	"usage: headgate events [--follow] [--since CURSOR | --last N] [--repo GLOB] [--ref GLOB] [--path PREFIX]\n"
	"                       [--type TYPE] [-c CONFIG] [--json]\n"
	"\n"
	"Print the journal's events, the newest last.\n"
	"\n"
	"  -f, --follow          go on with what happens from now on; interrupt to end\n"
	"      --since CURSOR    from this place on: an event's id, or 0 for the beginning\n"
	"      --last N          the last N that match (default 20)\n"
	"      --repo GLOB       of these repositories\n"
	"      --ref GLOB        of these refs, by full name\n"
	"      --path PREFIX     that touch something at or below this path\n"
	"      --type TYPE       of this type: ref.updated, push.refused, 'agent.*', ...\n"
	"  -c, --config CONFIG   the daemon's configuration\n"
	"      --json            print each event's JSON on a line\n"
	"  -h, --help            print this\n";

enum {
	LAST_DEFAULT = 20,
	LAST_MAX = 1000000,
	EVENT_MAX = 64 * 1024 * 1024,	/* bytes of one event */
	RETRY_FIRST_MS = 250,
	RETRY_LONGEST_MS = 5000,
};

struct options {
	const char *config;
	struct pages_filter filter;
	const char *since;
	uint64_t last;
	bool follow;
	bool json;
};

/* What is to be printed, each event one line. For the last N, the lines' ends are kept, so that only those are. */
struct printer {
	bool json, color;
	uint64_t last;
	struct hgt_buf text;
	struct hgt_buf ends;	/* of size_t, in text */
	bool alive;		/* the stream has said something */
	struct hgt_error *err;
};

static int add_event(struct printer *printer, const struct hgt_node *event)
{
	if (printer->json) {
		struct hgt_json json = HGT_JSON_INIT(&printer->text);

		hgt_node_write_json(event, &json);
		hgt_buf_addc(&printer->text, '\n');
	} else {
		event_view_line(event, printer->color, &printer->text);
	}
	return hgt_buf_check(&printer->text, printer->err);
}

static int flush(struct printer *printer)
{
	int code = hgt_write_all(STDOUT_FILENO, printer->text.data, printer->text.len);

	hgt_buf_reset(&printer->text);
	return code < 0 ? hgt_error_set_errno(printer->err, "cannot write the events") : 0;
}

/* As they come. */
static int print_event(void *ctx, const struct hgt_node *event)
{
	struct printer *printer = ctx;
	int code = add_event(printer, event);

	return code < 0 ? code : flush(printer);
}

static void collect_begin(void *ctx)
{
	struct printer *printer = ctx;

	hgt_buf_reset(&printer->text);
	hgt_buf_reset(&printer->ends);
}

static size_t collected(const struct printer *printer)
{
	return printer->ends.len / sizeof(size_t);
}

static int collect_event(void *ctx, const struct hgt_node *event)
{
	struct printer *printer = ctx;
	int code = add_event(printer, event);

	hgt_buf_add(&printer->ends, &printer->text.len, sizeof(size_t));
	return code < 0 ? code : hgt_buf_check(&printer->ends, printer->err);
}

static bool collect_enough(void *ctx)
{
	const struct printer *printer = ctx;

	return collected(printer) >= printer->last;
}

/* The last of what was collected. */
static int print_last(struct printer *printer)
{
	size_t n = collected(printer), surplus = n > printer->last ? n - printer->last : 0, cut;

	if (surplus) {
		memcpy(&cut, printer->ends.data + (surplus - 1) * sizeof(size_t), sizeof(cut));
		hgt_buf_consume(&printer->text, cut);
	}
	return flush(printer);
}

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
}

static int stream_event(void *ctx, const struct hgt_sse_event *event)
{
	struct printer *printer = ctx;
	struct hgt_doc_set set;
	int code;

	printer->alive = true;
	if (strcmp(event->type, HGT_STREAM_RESET) == 0)
		terminal_complain(NULL, "the journal has changed: some events may be missing here");
	if (strncmp(event->type, HGT_EVENT_PREFIX, strlen(HGT_EVENT_PREFIX)) != 0)
		return 0;
	hgt_doc_set_init(&set);
	code = hgt_json_parse_message(event->data, event->len, &set, printer->err);
	if (code == 0)
		code = print_event(printer, set.docs[0].root);
	hgt_doc_set_release(&set);
	return code;
}

/* Print what comes after `cursor` until interrupted, asking again whenever the daemon goes away. */
static int follow(struct client *client, const struct options *o, const char *cursor, struct printer *printer,
	struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_sse_reader reader;
	int code = 0, retry_ms = RETRY_FIRST_MS;
	bool told = false;

	hgt_sse_reader_init(&reader, EVENT_MAX);
	while (code == 0 && !stop) {
		const char *last_id = hgt_sse_reader_last_id(&reader);
		struct timespec wait = {0};

		hgt_buf_reset(&path);
		hgt_buf_adds(&path, "/v1/events");
		remote_add_query(&path, "cursor", *last_id ? last_id : cursor);
		pages_add_filter(&path, &o->filter);
		code = hgt_buf_check(&path, err);
		printer->alive = false;
		if (code == 0)
			code = client_stream(client, path.data, &reader, stream_event, printer, &stop, err);
		if (printer->alive) {
			told = false;
			retry_ms = RETRY_FIRST_MS;
		}
		if (code != HGT_EUNAVAILABLE || stop)
			continue;
		code = 0;
		if (!told)
			terminal_complain(NULL, err->message);
		told = true;
		/* A signal ends the wait. */
		wait.tv_sec = retry_ms / 1000;
		wait.tv_nsec = retry_ms % 1000 * 1000000L;
		nanosleep(&wait, NULL);
		retry_ms = retry_ms * 2 > RETRY_LONGEST_MS ? RETRY_LONGEST_MS : retry_ms * 2;
	}
	hgt_sse_reader_release(&reader);
	hgt_buf_release(&path);
	return stop ? 0 : code;
}

static int tell(struct client *client, void *ctx, struct hgt_error *err)
{
	const struct options *o = ctx;
	struct printer printer = {.json = o->json, .color = !o->json && terminal_has_color(), .last = o->last,
		.text = HGT_BUF_INIT, .ends = HGT_BUF_INIT, .err = err};
	const struct pages_collector collector = {collect_begin, collect_event, collect_enough, &printer};
	struct hgt_buf cursor = HGT_BUF_INIT;
	int code;

	if (o->since)
		code = pages_since(client, &o->filter, o->since, print_event, &printer, &cursor, err);
	else
		code = pages_last(client, &o->filter, o->last, &collector, &cursor, err);
	if (code == 0 && !o->since)
		code = print_last(&printer);
	if (code == 0 && o->follow) {
		catch_signals();
		code = follow(client, o, cursor.data, &printer, err);
	}
	hgt_buf_release(&cursor);
	hgt_buf_release(&printer.text);
	hgt_buf_release(&printer.ends);
	return code;
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	bool has_last = false;
	const struct verb_option own[] = {
		{.name = "follow", .letter = 'f', .flag = &o->follow}, {.name = "since", .text = &o->since},
		{.name = "last", .number = &o->last, .most = LAST_MAX, .flag = &has_last}, {.name = "repo", .text = &o->filter.repo},
		{.name = "ref", .text = &o->filter.ref}, {.name = "path", .text = &o->filter.path}, {.name = "type", .text = &o->filter.type},
	};
	int status = verb_options_read(&(struct verb_options){"events", usage, &o->config, &o->json, own, sizeof(own) / sizeof(own[0])}, argc, argv);

	if (status >= 0)
		return status;
	if (o->since && has_last)
		return terminal_usage_error("events", "--since and --last exclude each other", NULL);
	if (optind < argc)
		return terminal_usage_error("events", "no arguments are wanted, but there is", argv[optind]);
	return -1;
}

int events_verb(int argc, char **argv)
{
	struct options o = {.last = LAST_DEFAULT};
	int status = read_options(argc, argv, &o);

	return status < 0 ? remote_ask(o.config, tell, &o) : status;
}
