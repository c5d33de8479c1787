/* Endpoints about tokens of people and programs. */
#include "base/json_writer.h"
#include "daemon/api.h"
#include "daemon/issue.h"
#include "daemon/messages.h"
#include "daemon/tokens.h"

void api_tokens(struct request *request)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	hgt_json_begin_object(&json);
	hgt_json_key(&json, "tokens");
	tokens_write(request->daemon->tokens, &json);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	request_reply_json(request, 200, &body);
	hgt_buf_release(&body);
}

void api_token_add(struct request *request)
{
	struct issue *issue = NULL;
	struct hgt_error err = {0};
	struct hgt_doc_set set;
	struct token_spec spec;
	size_t len;
	const char *text = request_body(request, &len);

	hgt_doc_set_init(&set);
	if (message_token_spec(text, len, &set, &spec, &err) < 0)
		goto fail;
	issue = issue_new(request, spec.name, &err);
	if (!issue || tokens_add(request->daemon->tokens, &spec, issue->token, issue_done, issue, &err) < 0)
		goto fail;
	hgt_doc_set_release(&set);
	return;
fail:
	issue_free(issue);
	hgt_doc_set_release(&set);
	request_reply_failure(request, &err);
}

static void removal_done(void *ctx, int code, uint64_t seq, const struct hgt_error *err)
{
	(void)seq;
	if (code < 0)
		request_reply_failure(ctx, err);
	else
		request_reply_empty(ctx, 204);
}

void api_token_remove(struct request *request)
{
	struct hgt_error err = {0};

	if (tokens_remove(request->daemon->tokens, request->name, removal_done, request, &err) < 0)
		request_reply_failure(request, &err);
}

void api_token_rotate(struct request *request)
{
	struct hgt_error err = {0};
	struct issue *issue = NULL;
	uint64_t overlap;
	size_t len;
	const char *text = request_body(request, &len);

	if (message_rotation(text, len, &overlap, &err) < 0)
		goto fail;
	issue = issue_new(request, request->name, &err);
	if (!issue || tokens_rotate(request->daemon->tokens, request->name, overlap, issue->token, issue_done, issue, &err) < 0)
		goto fail;
	return;
fail:
	issue_free(issue);
	request_reply_failure(request, &err);
}
