/* A token that is being issued. */
#include "daemon/issue.h"

#include "base/json_writer.h"

struct issue *issue_new(struct request *request, const char *name, struct hgt_error *err)
{
	struct issue *issue = calloc(1, sizeof(*issue));

	if (!issue) {
		hgt_error_nomem(err);
		return NULL;
	}
	issue->request = request;
	snprintf(issue->name, sizeof(issue->name), "%s", name);
	return issue;
}

void issue_free(struct issue *issue)
{
	if (issue)
		explicit_bzero(issue, sizeof(*issue));
	free(issue);
}

void issue_done(void *ctx, int code, uint64_t seq, const struct hgt_error *err)
{
	struct issue *issue = ctx;
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	(void)seq;
	if (code < 0) {
		request_reply_failure(issue->request, err);
	} else {
		hgt_json_begin_object(&json);
		hgt_json_key_string(&json, "name", issue->name);
		hgt_json_key_string(&json, "token", *issue->token ? issue->token : NULL);
		hgt_json_end_object(&json);
		hgt_buf_addc(&body, '\n');
		request_header(issue->request, "Cache-Control", "no-store");
		request_reply_json(issue->request, 201, &body);
		if (body.data)
			explicit_bzero(body.data, body.len);
	}
	hgt_buf_release(&body);
	issue_free(issue);
}
