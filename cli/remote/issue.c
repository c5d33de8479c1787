/* What `headgate agent` and `headgate token` share. */
#include "cli/remote/issue.h"

#include <unistd.h>

#include "base/escape.h"
#include "base/io.h"
#include "base/json_writer.h"

#define SPAN_MAX (90 * 86400)

void issue_write_list(struct hgt_json *json, const char *key, const struct hgt_strings *list)
{
	hgt_json_key(json, key);
	hgt_json_begin_array(json);
	for (size_t i = 0; i < list->n; i++)
		hgt_json_string(json, list->items[i]);
	hgt_json_end_array(json);
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

int issue_post(struct client *client, const char *path, struct hgt_buf *body, bool json, const char *hint,
	struct client_answer *answer)
{
	struct hgt_error err = {0};
	int code = hgt_buf_check(body, &err);

	if (code == 0)
		code = client_call(client, "POST", path, body->data, answer, &err);
	hgt_buf_release(body);
	return code < 0 ? remote_fail(&err) : print_token(answer, json, hint);
}

bool issue_parse_span(const char *text, uint64_t *seconds)
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
	hgt_escape_url(path, name, strlen(name));
	hgt_buf_adds(path, rest);
	return hgt_buf_check(path, err);
}

int issue_rotate(struct client *client, const char *base, const char *name, const char *overlap, bool json, const char *hint,
	struct client_answer *answer)
{
	struct hgt_buf path = HGT_BUF_INIT, body = HGT_BUF_INIT;
	struct hgt_json writer = HGT_JSON_INIT(&body);
	struct hgt_error err = {0};
	uint64_t seconds;
	int status;

	hgt_json_begin_object(&writer);
	if (overlap && issue_parse_span(overlap, &seconds))
		hgt_json_key_uint(&writer, "overlap", seconds);
	hgt_json_end_object(&writer);
	if (make_path(base, name, "/rotate", &path, &err) < 0) {
		hgt_buf_release(&body);
		status = remote_fail(&err);
	} else {
		status = issue_post(client, path.data, &body, json, hint, answer);
	}
	hgt_buf_release(&path);
	return status;
}

int issue_remove(struct client *client, const char *base, const char *name, struct client_answer *answer)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_error err = {0};
	int code = make_path(base, name, "", &path, &err);

	if (code == 0)
		code = client_call(client, "DELETE", path.data, NULL, answer, &err);
	hgt_buf_release(&path);
	return code < 0 ? remote_fail(&err) : HGT_EXIT_OK;
}

void issue_join(const struct hgt_node *list, struct hgt_buf *out)
{
	for (size_t i = 0; list && list->type == HGT_NODE_SEQ && i < list->v.seq.n; i++)
		hgt_buf_addf(out, "%s%s", i ? " " : "", list->v.seq.items[i]->text);
}
