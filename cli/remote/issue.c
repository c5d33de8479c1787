/* What `headgate agent` and `headgate token` share. */
#include "cli/remote/issue.h"

#include <assert.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/io.h"
#include "base/json_writer.h"
#include "cli/terminal.h"

#define SPAN_MAX (90 * 86400)

struct issue_given {
	const struct issue_verb *verb;
	const char *config, *overlap;
	bool json;
	struct hgt_strings values[ISSUE_OPTIONS_MAX];	/* of each option; as many as argv has room for, borrowed */
};

static const struct hgt_strings *values_of(const struct issue_given *given, const char *option)
{
	size_t i = 0;

	while (i < given->verb->n_options && strcmp(given->verb->options[i].name, option) != 0)
		i++;
	assert(i < given->verb->n_options);
	return &given->values[i];
}

const char *issue_text(const struct issue_given *given, const char *option)
{
	const struct hgt_strings *values = values_of(given, option);

	return values->n ? values->items[values->n - 1] : NULL;
}

const struct hgt_strings *issue_list(const struct issue_given *given, const char *option)
{
	return values_of(given, option);
}

static int print_token(const struct client_answer *answer, bool json, const char *hint)
{
	const struct hgt_node *token = hgt_node_get(answer->root, "token");

	if (!token || (token->type != HGT_NODE_STRING && token->type != HGT_NODE_NULL))
		return remote_fail(&(struct hgt_error){HGT_EPARSE, "the daemon's answer has no token"});
	if (json)
		return remote_print_answer(answer);
	if (token->type == HGT_NODE_NULL)
		return HGT_EXIT_OK;	/* a certificate is in its place */
	/* The token alone is the result, so that it can be led into a file; a person is told what it is. */
	printf("%s\n", token->text);
	if (fflush(stdout) != 0) {
		perror("headgate: cannot write the token to stdout");
		return HGT_EXIT_TROUBLE;
	}
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "This token is shown once. %s\n", hint);
	return HGT_EXIT_OK;
}

/* Send the body, which is released, to a path that answers with a token, and print that. */
static int post(struct client *client, const struct issue_given *given, const char *path, struct hgt_buf *body,
	struct client_answer *answer)
{
	struct hgt_error err = {0};
	int code = hgt_buf_check(body, &err);

	if (code == 0)
		code = client_call(client, "POST", path, body->data, answer, &err);
	hgt_buf_release(body);
	return code < 0 ? remote_fail(&err) : print_token(answer, given->json, given->verb->hint);
}

/* "90s", "30m", "24h", "7d", "0": in seconds, at most 90 days; false when it is none. */
static bool parse_span(const char *text, uint64_t *seconds)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	size_t digits = strspn(text, "0123456789");
	char number[8];
	uint64_t n;

	if (!digits || digits >= sizeof(number) || (text[digits] && text[digits + 1]))
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (hgt_parse_u64(number, SPAN_MAX, &n) < 0)
		return false;
	*seconds = n;
	if (!text[digits])
		return n == 0;	/* of all others the unit must be said */
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (units[i].unit != text[digits])
			continue;
		*seconds = n * units[i].seconds;
		return *seconds <= SPAN_MAX;
	}
	return false;
}

static int make_path(const char *base, const char *name, const char *rest, struct hgt_buf *path, struct hgt_error *err)
{
	hgt_buf_adds(path, base);
	hgt_buf_addc(path, '/');
	hgt_escape_url(path, name, strlen(name));
	hgt_buf_adds(path, rest);
	return hgt_buf_check(path, err);
}

static int rotate(struct client *client, const struct issue_given *given, const char *name, struct client_answer *answer)
{
	struct hgt_buf path = HGT_BUF_INIT, body = HGT_BUF_INIT;
	struct hgt_json writer = HGT_JSON_INIT(&body);
	struct hgt_error err = {0};
	uint64_t seconds;
	int status;

	hgt_json_begin_object(&writer);
	if (given->overlap && parse_span(given->overlap, &seconds))
		hgt_json_key_uint(&writer, "overlap", seconds);
	hgt_json_end_object(&writer);
	if (make_path(given->verb->path, name, "/rotate", &path, &err) < 0) {
		hgt_buf_release(&body);
		status = remote_fail(&err);
	} else {
		status = post(client, given, path.data, &body, answer);
	}
	hgt_buf_release(&path);
	return status;
}

static int remove_it(struct client *client, const struct issue_given *given, const char *name, struct client_answer *answer)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_error err = {0};
	int code = make_path(given->verb->path, name, "", &path, &err);

	if (code == 0)
		code = client_call(client, "DELETE", path.data, NULL, answer, &err);
	hgt_buf_release(&path);
	return code < 0 ? remote_fail(&err) : HGT_EXIT_OK;
}

static int add(struct client *client, const struct issue_given *given, const char *name, struct client_answer *answer)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "name", name);
	for (size_t i = 0; i < given->verb->n_options; i++) {
		const struct issue_option *option = &given->verb->options[i];
		const struct hgt_strings *values = &given->values[i];

		if (!option->many) {
			hgt_json_key_string(&json, option->key, issue_text(given, option->name));
			continue;
		}
		hgt_json_key(&json, option->key);
		hgt_json_begin_array(&json);
		for (size_t k = 0; k < values->n; k++)
			hgt_json_string(&json, values->items[k]);
		hgt_json_end_array(&json);
	}
	hgt_json_end_object(&json);
	return post(client, given, given->verb->path, &body, answer);
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct issue_given *given)
{
	enum { OPT_OVERLAP = 256, OPT_JSON, OPT_OWN };
	struct option longs[ISSUE_OPTIONS_MAX + 5] = {{"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'},
		{"overlap", required_argument, NULL, OPT_OVERLAP}, {"json", no_argument, NULL, OPT_JSON}};
	int c;

	for (size_t i = 0; i < given->verb->n_options; i++)
		longs[4 + i] = (struct option){given->verb->options[i].name, required_argument, NULL, OPT_OWN + (int)i};
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:h", longs, NULL)) >= 0) {
		if (c == 'h') {
			fputs(given->verb->usage, stdout);
			return HGT_EXIT_OK;
		}
		if (c == 'c')
			given->config = optarg;
		else if (c == OPT_OVERLAP)
			given->overlap = optarg;
		else if (c == OPT_JSON)
			given->json = true;
		else if (c >= OPT_OWN)
			given->values[c - OPT_OWN].items[given->values[c - OPT_OWN].n++] = optarg;
		else
			return terminal_option_error(given->verb->verb, c, argv[optind - 1]);
	}
	return -1;
}

int issue_misuse(const struct issue_given *given, const char *message, const char *word)
{
	return terminal_usage_error(given->verb->verb, message, word);
}

static bool has_own(const struct issue_given *given)
{
	bool has = false;

	for (size_t i = 0; i < given->verb->n_options; i++)
		has |= given->values[i].n > 0;
	return has;
}

/* Whether the words after the options make sense. -1 when they do. */
static int check_words(const struct issue_given *given, int n, char **words)
{
	static const char *const verbs[] = {"add", "list", "remove", "rotate", NULL};
	const char *verb = n ? words[0] : NULL;
	bool adds, lists, known = false;
	uint64_t seconds;

	for (size_t i = 0; verb && verbs[i]; i++)
		known |= strcmp(verb, verbs[i]) == 0;
	if (!known)
		return issue_misuse(given, verb ? "add, list, remove or rotate, not" : "add, list, remove or rotate?", verb);
	adds = strcmp(verb, "add") == 0;
	lists = strcmp(verb, "list") == 0;
	if (n != (lists ? 1 : 2))
		return issue_misuse(given, lists ? "no arguments are wanted after" : "one NAME is wanted after", verb);
	if (n == 2 && !hgt_name_is_valid(words[1]))
		return issue_misuse(given, "a name is 1 to 63 of a-z 0-9 - . _, first and last a letter or digit, not", words[1]);
	if (!adds && has_own(given))
		return issue_misuse(given, given->verb->only_for_add, verb);
	if (given->overlap && strcmp(verb, "rotate") != 0)
		return issue_misuse(given, "--overlap is for rotate, not for", verb);
	if (given->overlap && !parse_span(given->overlap, &seconds))
		return issue_misuse(given, "--overlap is a time up to 90d, such as 24h, not", given->overlap);
	return adds ? given->verb->check_add(given) : -1;
}

static int run(const struct issue_given *given, struct client *client, char **words, struct client_answer *answer)
{
	if (strcmp(words[0], "add") == 0)
		return add(client, given, words[1], answer);
	if (strcmp(words[0], "remove") == 0)
		return remove_it(client, given, words[1], answer);
	if (strcmp(words[0], "rotate") == 0)
		return rotate(client, given, words[1], answer);
	return given->verb->list(client, given->json, answer);
}

int issue_run(const struct issue_verb *verb, int argc, char **argv)
{
	char **room = calloc(verb->n_options * ((size_t)argc + 1), sizeof(char *));
	struct issue_given given = {.verb = verb};
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
	for (size_t i = 0; i < verb->n_options; i++)
		given.values[i].items = room + i * ((size_t)argc + 1);
	status = read_options(argc, argv, &given);
	if (status < 0)
		status = check_words(&given, argc - optind, argv + optind);
	if (status >= 0)
		goto out;
	status = remote_connect(given.config, &client, &err) < 0 ? remote_fail(&err) : run(&given, client, argv + optind, &answer);
out:
	client_answer_release(&answer);
	client_close(client);
	free(room);
	return status;
}

void issue_join(const struct hgt_node *list, struct hgt_buf *out)
{
	for (size_t i = 0; list && list->type == HGT_NODE_SEQ && i < list->v.seq.n; i++)
		hgt_buf_addf(out, "%s%s", i ? " " : "", list->v.seq.items[i]->text);
}
