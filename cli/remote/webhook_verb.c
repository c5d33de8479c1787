/* headgate webhook: the targets that are told of events, and what became of each delivery. */
#include "base/escape.h"
#include "base/json_writer.h"
#include "base/timing.h"
#include "cli/remote/options.h"
#include "cli/remote/remote.h"
#include "cli/remote/table.h"
#include "cli/terminal.h"

static const char usage[] =
	"usage: headgate webhook list [-c CONFIG] [--json]\n"
	"       headgate webhook deliveries [NAME] [--state STATE] [--limit N] [-c CONFIG] [--json]\n"
	"       headgate webhook replay NAME DELIVERY | --parked | --after CURSOR [-c CONFIG] [--json]\n"
	"       headgate webhook test NAME [-c CONFIG] [--json]\n"
	"\n"
	"Webhooks are set up in the config. `list` shows how far each has come, `deliveries` the last attempts.\n"
	"`replay` sends a delivery again, once; all that are parked; or all events after a cursor, in order.\n"
	"`test` sends what the format has for a ping, and shows the answer.\n"
	"\n"
	"      --state STATE     only those that are waiting, delivered, parked or queued\n"
	"      --limit N         the last N (100; at most 1000)\n"
	"      --parked          all that have been given up\n"
	"      --after CURSOR    go on behind this event; 0 is the beginning of the journal\n"
	"  -c, --config CONFIG   the daemon's configuration\n"
	"      --json            answer as JSON\n"
	"  -h, --help            print this\n";

struct options {
	const char *config;
	const char *state, *limit, *after;
	bool parked, json;
};

static const struct hgt_node *items_of(const struct client_answer *answer, const char *key, size_t *n)
{
	const struct hgt_node *list = hgt_node_get(answer->root, key);

	*n = list && list->type == HGT_NODE_SEQ ? list->v.seq.n : 0;
	return list;
}

static void add_number(struct table *table, const struct hgt_node *item, const char *key, bool is_bad)
{
	int64_t number = 0;
	char text[24];

	hgt_node_get_int(item, key, &number);
	snprintf(text, sizeof(text), "%lld", (long long)number);
	table_add(table, text, is_bad && number ? TINT_BAD : TINT_NONE);
}

static void add_age(struct table *table, const struct hgt_node *item, const char *key, int64_t now)
{
	struct hgt_buf text = HGT_BUF_INIT;

	show_age(&text, hgt_node_get_string(item, key), now);
	table_add(table, text.data, TINT_NONE);
	table->failed |= text.failed;
	hgt_buf_release(&text);
}

static enum tint tint_of(const char *state)
{
	static const struct {
		const char *state;
		enum tint tint;
	} tints[] = {{"delivered", TINT_GOOD}, {"idle", TINT_GOOD}, {"parked", TINT_BAD}, {"retrying", TINT_BAD}};

	for (size_t i = 0; state && i < sizeof(tints) / sizeof(tints[0]); i++)
		if (!strcmp(tints[i].state, state))
			return tints[i].tint;
	return TINT_BUSY;
}

static int print_table(struct table *table, struct hgt_error *err)
{
	struct hgt_buf out = HGT_BUF_INIT;
	int status = table_write(table, terminal_has_color(), &out, err) < 0 ? remote_fail(err) : remote_print(&out);

	hgt_buf_release(&out);
	return status;
}

static int list(struct client *client, const struct options *o, struct client_answer *answer, struct hgt_error *err)
{
	static const char *const heads[] = {"NAME", "FORMAT", "STATE", "BEHIND", "PARKED", "DELIVERED", "FAILED", "LAST", "URL", "ERROR"};
	const struct hgt_node *hooks;
	int64_t now = hgt_time_now_ms();
	struct table table;
	size_t n;
	int status;

	if (client_call(client, "GET", "/v1/webhooks", NULL, answer, err) < 0)
		return remote_fail(err);
	if (o->json)
		return remote_print_answer(answer);
	hooks = items_of(answer, "webhooks", &n);
	table_init(&table, heads, sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; i < n; i++) {
		const struct hgt_node *hook = hooks->v.seq.items[i];
		const char *state = hgt_node_get_string(hook, "state");

		table_add(&table, hgt_node_get_string(hook, "name"), TINT_NONE);
		table_add(&table, hgt_node_get_string(hook, "format"), TINT_NONE);
		table_add(&table, state, tint_of(state));
		add_number(&table, hook, "behind", false);
		add_number(&table, hook, "parked", true);
		add_number(&table, hook, "delivered", false);
		add_number(&table, hook, "failed", false);
		add_age(&table, hook, "last", now);
		table_add(&table, hgt_node_get_string(hook, "url"), TINT_NONE);
		table_add(&table, hgt_node_get_string(hook, "error"), TINT_BAD);
	}
	status = print_table(&table, err);
	table_release(&table);
	return status;
}

/* What came of it: its error, else the first of what was answered. */
static const char *outcome(const struct hgt_node *delivery)
{
	const char *error = hgt_node_get_string(delivery, "error"), *answer = hgt_node_get_string(delivery, "answer");

	if (error)
		return error;
	return answer && *answer ? answer : NULL;
}

static int deliveries(struct client *client, const struct options *o, const char *name, struct client_answer *answer,
	struct hgt_error *err)
{
	static const char *const heads[] = {"DELIVERY", "WEBHOOK", "STATE", "TRIES", "HTTP", "LAST", "REPOSITORY", "REF", "ANSWER"};
	struct hgt_buf path = HGT_BUF_INIT;
	const struct hgt_node *items;
	int64_t now = hgt_time_now_ms();
	struct table table;
	size_t n;
	int status, code;

	hgt_buf_adds(&path, "/v1/webhooks/deliveries");
	remote_add_query(&path, "webhook", name);
	remote_add_query(&path, "state", o->state);
	remote_add_query(&path, "limit", o->limit);
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = client_call(client, "GET", path.data, NULL, answer, err);
	hgt_buf_release(&path);
	if (code < 0)
		return remote_fail(err);
	if (o->json)
		return remote_print_answer(answer);
	items = items_of(answer, "deliveries", &n);
	table_init(&table, heads, sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; i < n; i++) {
		const struct hgt_node *delivery = items->v.seq.items[i];
		const char *state = hgt_node_get_string(delivery, "state");

		table_add(&table, hgt_node_get_string(delivery, "delivery"), TINT_NONE);
		table_add(&table, hgt_node_get_string(delivery, "webhook"), TINT_NONE);
		table_add(&table, state, tint_of(state));
		add_number(&table, delivery, "attempts", false);
		add_number(&table, delivery, "status", false);
		add_age(&table, delivery, "last", now);
		table_add(&table, hgt_node_get_string(delivery, "repo"), TINT_NONE);
		table_add(&table, hgt_node_get_string(delivery, "ref"), TINT_NONE);
		table_add(&table, outcome(delivery), TINT_NONE);
	}
	status = print_table(&table, err);
	table_release(&table);
	return status;
}

static int post(struct client *client, const char *path, struct hgt_buf *body, struct client_answer *answer, struct hgt_error *err)
{
	int code = hgt_buf_check(body, err);

	return code < 0 ? code : client_call(client, "POST", path, body->data, answer, err);
}

static int replay(struct client *client, const struct options *o, const char *name, const char *delivery,
	struct client_answer *answer, struct hgt_error *err)
{
	struct hgt_buf body = HGT_BUF_INIT, out = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);
	int64_t queued = 0;
	int code, status;

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "webhook", name);
	if (delivery)
		hgt_json_key_string(&json, "delivery", delivery);
	if (o->parked)
		hgt_json_key_bool(&json, "parked", true);
	if (o->after)
		hgt_json_key_string(&json, "after", o->after);
	hgt_json_end_object(&json);
	code = post(client, "/v1/webhooks/replay", &body, answer, err);
	hgt_buf_release(&body);
	if (code < 0)
		return remote_fail(err);
	if (o->json)
		return remote_print_answer(answer);
	hgt_node_get_int(answer->root, "queued", &queued);
	hgt_buf_addf(&out, o->after ? "%lld events are looked through again\n" : "%lld queued\n", (long long)queued);
	status = remote_print(&out);
	hgt_buf_release(&out);
	return status;
}

static int test(struct client *client, const struct options *o, const char *name, struct client_answer *answer,
	struct hgt_error *err)
{
	struct hgt_buf body = HGT_BUF_INIT, out = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);
	int64_t http = 0, took = 0;
	const char *text;
	bool taken = false;
	int code, status;

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "webhook", name);
	hgt_json_end_object(&json);
	code = post(client, "/v1/webhooks/test", &body, answer, err);
	hgt_buf_release(&body);
	if (code < 0)
		return remote_fail(err);
	hgt_node_get_bool(answer->root, "taken", &taken);
	if (o->json) {
		status = remote_print_answer(answer);
		return status == HGT_EXIT_OK && !taken ? HGT_EXIT_NOT : status;
	}
	hgt_node_get_int(answer->root, "status", &http);
	hgt_node_get_int(answer->root, "milliseconds", &took);
	hgt_buf_addf(&out, "%s: %s", name, taken ? "taken" : "not taken");
	if (http)
		hgt_buf_addf(&out, ", answered %lld in %lld ms", (long long)http, (long long)took);
	text = hgt_node_get_string(answer->root, http ? "answer" : "error");
	if (text && *text) {
		hgt_buf_adds(&out, ": ");
		hgt_escape_str(&out, text);
	}
	hgt_buf_addc(&out, '\n');
	status = remote_print(&out);
	hgt_buf_release(&out);
	return status == HGT_EXIT_OK && !taken ? HGT_EXIT_NOT : status;
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	const struct verb_option own[] = {
		{.name = "state", .text = &o->state}, {.name = "limit", .text = &o->limit}, {.name = "parked", .flag = &o->parked},
		{.name = "after", .text = &o->after},
	};
	int status = verb_options_read(&(struct verb_options){"webhook", usage, &o->config, &o->json, own, sizeof(own) / sizeof(own[0])}, argc, argv);
	uint64_t number;

	if (status < 0 && o->limit && !remote_number("webhook", "--limit", o->limit, 1, 1000, &number))
		status = HGT_EXIT_TROUBLE;
	return status;
}

static int misuse(const char *message, const char *word)
{
	return terminal_usage_error("webhook", message, word);
}

/* Whether the words after the options make sense. -1 when they do. */
static int check_words(const struct options *o, int n, char **words)
{
	const char *verb = n ? words[0] : NULL;
	bool replays = verb && !strcmp(verb, "replay"), lists = verb && !strcmp(verb, "deliveries");
	int ways = (n > 2) + o->parked + (o->after != NULL);

	if (!verb || (!replays && !lists && strcmp(verb, "list") != 0 && strcmp(verb, "test") != 0))
		return misuse(verb ? "list, deliveries, replay or test, not" : "list, deliveries, replay or test?", verb);
	if (!replays && (o->parked || o->after))
		return misuse("--parked and --after are for replay, not for", verb);
	if (!lists && (o->state || o->limit))
		return misuse("--state and --limit are for deliveries, not for", verb);
	if (replays && n < 2)
		return misuse("which webhook? its NAME is wanted after", verb);
	if (replays && ways != 1)
		return misuse("replay what? one of a DELIVERY, --parked and --after CURSOR is wanted", NULL);
	if (!strcmp(verb, "test") && n != 2)
		return misuse("one NAME is wanted after", verb);
	if (n > (replays ? 3 : lists ? 2 : !strcmp(verb, "test") ? 2 : 1))
		return misuse("too many arguments after", verb);
	return -1;
}

int webhook_verb(int argc, char **argv)
{
	struct options o = {0};
	struct client *client = NULL;
	struct client_answer answer;
	struct hgt_error err = {0};
	char **words;
	int n, status = read_options(argc, argv, &o);

	client_answer_init(&answer);
	n = argc - optind;
	words = argv + optind;
	if (status < 0)
		status = check_words(&o, n, words);
	if (status >= 0)
		goto out;
	if (remote_connect(o.config, &client, &err) < 0)
		status = remote_fail(&err);
	else if (!strcmp(words[0], "list"))
		status = list(client, &o, &answer, &err);
	else if (!strcmp(words[0], "deliveries"))
		status = deliveries(client, &o, n > 1 ? words[1] : NULL, &answer, &err);
	else if (!strcmp(words[0], "replay"))
		status = replay(client, &o, words[1], n > 2 ? words[2] : NULL, &answer, &err);
	else
		status = test(client, &o, words[1], &answer, &err);
out:
	client_answer_release(&answer);
	client_close(client);
	return status;
}
