/* headgate wait: until every target that follows a repository has a revision. */
#include <inttypes.h>
#include <signal.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/io.h"
#include "base/json_writer.h"
#include "base/map.h"
#include "base/timing.h"
#include "cli/remote/options.h"
#include "cli/remote/remote.h"
#include "cli/terminal.h"
#include "rollout/teller.h"

static const char usage[] =
	"usage: headgate wait [--ref REF] [--timeout SECONDS] [-c CONFIG] [--json] REPO REV\n"
	"\n"
	"Wait until every target that follows a ref of REPO with REV in it has REV, or a newer revision that\n"
	"contains it, and tell each as it moves. It ends at once when one fails, or when all that have not got it wait\n"
	"for somebody. Exit status: 0 all have it, 1 not all have it, 2 it cannot be told.\n"
	"\n"
	"      --ref REF          targets that follow this ref alone, by full name\n"
	"      --timeout SECONDS  how long to wait (default 300)\n"
	"  -c, --config CONFIG    the daemon's configuration\n"
	"      --json             print each movement, and how it ended, as JSON on a line\n"
	"  -h, --help             print this\n";

enum {
	TIMEOUT_DEFAULT = 300,
	TIMEOUT_MAX = 7 * 24 * 3600,
	POLL_SECONDS = 30,	/* of one question to the daemon */
	RETRY_MS = 500,		/* while the daemon is away */
};

struct options {
	const char *config, *ref, *repo, *rev;
	uint64_t timeout;
	bool json;
};

/* What has been told. */
struct waiter {
	const struct options *options;
	struct hgt_rollout_teller *teller;
	int64_t began_ms, until_ms;
	bool begun;
	char revision[HGT_OID_HEX_SHA256 + 1];	/* what the name stood for at first; "" before that is known */
	char seen[64];		/* as the daemon's last answer said */
	struct hgt_arena arena;	/* with --json: of known */
	struct hgt_map known;	/* the lines that tell the targets of that answer */
	struct hgt_buf out;
};

static int64_t seconds_left(const struct waiter *w)
{
	int64_t left = w->until_ms - hgt_time_mono_ms();

	return left > 0 ? (left + 999) / 1000 : 0;
}

/* Each target that has moved since the last answer. */
static int tell_json(struct waiter *w, const struct hgt_node *targets, struct hgt_error *err)
{
	struct hgt_map now = HGT_MAP_INIT;
	struct hgt_arena arena = HGT_ARENA_INIT;
	struct hgt_buf line = HGT_BUF_INIT;
	int code = 0;

	for (size_t i = 0; code == 0 && i < targets->v.seq.n; i++) {
		struct hgt_json json = HGT_JSON_INIT(&line);
		char *own;

		hgt_buf_reset(&line);
		hgt_node_write_json(targets->v.seq.items[i], &json);
		hgt_buf_addc(&line, '\n');
		own = hgt_arena_strndup(&arena, line.data, line.len);
		if (line.failed || !own || hgt_map_put(&now, own, line.len, own, NULL) < 0)
			code = hgt_error_nomem(err);
		else if (!hgt_map_get(&w->known, line.data, line.len))
			hgt_buf_add(&w->out, line.data, line.len);
	}
	hgt_buf_release(&line);
	hgt_map_release(&w->known);
	hgt_arena_release(&w->arena);
	w->known = now;
	w->arena = arena;
	return code < 0 ? code : hgt_buf_check(&w->out, err);
}

/* A branch may move on meanwhile. */
static void pin(struct waiter *w, const struct hgt_node *root)
{
	const struct hgt_node *moves = hgt_node_get(root, "moves");
	const char *revision = moves && moves->type == HGT_NODE_SEQ && moves->v.seq.n ?
		hgt_node_get_string(moves->v.seq.items[0], "revision") : NULL;

	if (revision && hgt_oid_is_valid(revision))
		memcpy(w->revision, revision, strlen(revision) + 1);
}

static int take_answer(struct waiter *w, const struct hgt_node *root, struct hgt_error *err)
{
	const struct hgt_node *targets = hgt_node_get(root, "targets");
	const char *seen = hgt_node_get_string(root, "seen");
	int code = 0;

	if (!targets || targets->type != HGT_NODE_SEQ || !seen || strlen(seen) >= sizeof(w->seen))
		return hgt_error_set(err, HGT_EPARSE, "the daemon's answer is none about targets");
	snprintf(w->seen, sizeof(w->seen), "%s", seen);
	if (!w->begun)
		pin(w, root);
	if (!w->begun && !w->options->json)
		hgt_rollout_tell_begin(w->teller, root, w->options->timeout, &w->out);
	w->begun = true;
	if (w->options->json)
		return tell_json(w, targets, err);
	for (size_t i = 0; code == 0 && i < targets->v.seq.n; i++)
		code = hgt_rollout_tell_target(w->teller, targets->v.seq.items[i], hgt_time_mono_ms(), &w->out, err);
	return code < 0 ? code : hgt_buf_check(&w->out, err);
}

static void tell_end(struct waiter *w, enum hgt_rollout_end end)
{
	struct hgt_json json = HGT_JSON_INIT(&w->out);

	if (!w->options->json) {
		hgt_rollout_tell_end(w->teller, end, hgt_time_mono_ms(), &w->out);
		return;
	}
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "end", hgt_rollout_end_name(end));
	hgt_json_key_int(&json, "milliseconds", hgt_time_mono_ms() - w->began_ms);
	hgt_json_end_object(&json);
	hgt_buf_addc(&w->out, '\n');
}

static int flush(struct waiter *w, struct hgt_error *err)
{
	int code = hgt_buf_check(&w->out, err);

	if (code == 0 && hgt_write_all(STDOUT_FILENO, w->out.data, w->out.len) < 0)
		code = hgt_error_set_errno(err, "cannot write the result");
	hgt_buf_reset(&w->out);
	return code;
}

static int ask(struct client *client, const struct waiter *w, struct client_answer *answer, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int64_t left = seconds_left(w);
	int code;

	hgt_buf_adds(&path, "/v1/rollout");
	remote_add_query(&path, "repo", w->options->repo);
	remote_add_query(&path, "rev", *w->revision ? w->revision : w->options->rev);
	remote_add_query(&path, "ref", w->options->ref);
	if (w->begun) {
		hgt_buf_addf(&path, "&wait=%" PRId64, left < POLL_SECONDS ? left : POLL_SECONDS);
		remote_add_query(&path, "seen", w->seen);
	}
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = client_call(client, "GET", path.data, NULL, answer, err);
	hgt_buf_release(&path);
	return code;
}

/* Ask until it has ended. A daemon that goes away meanwhile is asked again; one that is not there at all is not. */
static int follow(struct client *client, struct waiter *w, enum hgt_rollout_end *end, struct hgt_error *err)
{
	struct client_answer answer;
	bool answered = false;
	int code;

	client_answer_init(&answer);
	do {
		code = ask(client, w, &answer, err);
		if (code == HGT_EUNAVAILABLE && answered && seconds_left(w) > 0) {
			usleep(RETRY_MS * 1000);
			continue;
		}
		if (code == 0)
			code = take_answer(w, answer.root, err);
		if (code < 0)
			break;
		answered = true;
		*end = hgt_rollout_end_parse(hgt_node_get_string(answer.root, "state"));
		if (*end == HGT_ROLLOUT_LEFT)
			*end = HGT_ROLLOUT_GOES_ON;
		code = flush(w, err);
	} while (code >= 0 && *end == HGT_ROLLOUT_GOES_ON && seconds_left(w) > 0);
	if (code == HGT_EUNAVAILABLE && answered)
		code = 0;
	client_answer_release(&answer);
	return code;
}

static int run(struct client *client, void *ctx, struct hgt_error *err)
{
	const struct options *o = ctx;
	struct waiter w = {.options = o, .began_ms = hgt_time_mono_ms(), .out = HGT_BUF_INIT};
	enum hgt_rollout_end end = HGT_ROLLOUT_GOES_ON;
	int code = hgt_rollout_teller_new(w.began_ms, &w.teller, err);

	w.until_ms = w.began_ms + (int64_t)o->timeout * 1000;
	if (code == 0)
		code = follow(client, &w, &end, err);
	if (code == 0) {
		if (end == HGT_ROLLOUT_GOES_ON)
			end = HGT_ROLLOUT_TIMEOUT;
		tell_end(&w, end);
		code = flush(&w, err);
	}
	hgt_rollout_teller_free(w.teller);
	hgt_map_release(&w.known);
	hgt_arena_release(&w.arena);
	hgt_buf_release(&w.out);
	if (code < 0) {
		/* That there is no such revision tells nothing of targets. */
		remote_fail(err);
		return HGT_EXIT_TROUBLE;
	}
	return end == HGT_ROLLOUT_CONVERGED || end == HGT_ROLLOUT_NOBODY ? HGT_EXIT_OK : HGT_EXIT_NOT;
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	const struct verb_option own[] = {
		{.name = "ref", .text = &o->ref}, {.name = "timeout", .number = &o->timeout, .least = 1, .most = TIMEOUT_MAX},
	};
	int status = verb_options_read(&(struct verb_options){"wait", usage, &o->config, &o->json, own, sizeof(own) / sizeof(own[0])}, argc, argv);

	if (status >= 0)
		return status;
	if (argc - optind < 2)
		return terminal_usage_error("wait", optind == argc ? "which repository, and which revision?" : "which revision?", NULL);
	if (argc - optind > 2)
		return terminal_usage_error("wait", "one repository and one revision are wanted, but there is", argv[optind + 2]);
	o->repo = argv[optind];
	o->rev = argv[optind + 1];
	return -1;
}

int wait_verb(int argc, char **argv)
{
	struct options o = {.timeout = TIMEOUT_DEFAULT};
	int status = read_options(argc, argv, &o);

	return status < 0 ? remote_ask(o.config, run, &o) : status;
}
