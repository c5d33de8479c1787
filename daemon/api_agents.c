/* Endpoints about agents, and those by which agents tell of themselves. */
#include "base/json_writer.h"
#include "base/timing.h"
#include "daemon/agent.h"
#include "daemon/agents.h"
#include "daemon/api.h"
#include "daemon/hub.h"
#include "daemon/issue.h"
#include "daemon/messages.h"
#include "daemon/report.h"
#include "doc/doc.h"

bool api_agent_view(struct request *request, struct agent_view *out)
{
	const char *detail = query_get(&request->query, "detail");

	*out = (struct agent_view){.scope = request->scope, .brief = detail && !strcmp(detail, "brief"),
		.stale_after = request->daemon->config->stale_after};
	if (!detail || out->brief || !strcmp(detail, "full"))
		return true;
	request_reply_error(request, 400, NULL, "parameter \"detail\" is brief or full");
	return false;
}

void api_agents(struct request *request)
{
	struct agent_view view;
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	if (!api_agent_view(request, &view))
		return;
	hgt_json_begin_object(&json);
	hgt_json_key(&json, "agents");
	agents_write(request->daemon->agents, &view, &json);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	request_reply_json(request, 200, &body);
	hgt_buf_release(&body);
}

void api_agent(struct request *request)
{
	struct agent_view view;
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	if (!api_agent_view(request, &view))
		return;
	if (agents_write_one(request->daemon->agents, request->name, &view, &json)) {
		hgt_buf_addc(&body, '\n');
		request_reply_json(request, 200, &body);
	} else {
		request_reply_error(request, 404, NULL, "there is no agent %s", request->name);
	}
	hgt_buf_release(&body);
}

void api_agent_add(struct request *request)
{
	struct issue *issue = NULL;
	struct hgt_error err = {0};
	struct hgt_doc_set set;
	struct agent_spec spec;
	size_t len;
	const char *text = request_body(request, &len);

	hgt_doc_set_init(&set);
	if (message_agent_spec(text, len, &set, &spec, &err) < 0)
		goto fail;
	issue = issue_new(request, spec.name, &err);
	if (!issue || agents_add(request->daemon->agents, &spec, issue->token, issue_done, issue, &err) < 0)
		goto fail;
	hgt_doc_set_release(&set);
	return;
fail:
	issue_free(issue);
	hgt_doc_set_release(&set);
	request_reply_failure(request, &err);
}

void api_agent_rotate(struct request *request)
{
	struct hgt_error err = {0};
	struct issue *issue = NULL;
	uint64_t overlap;
	size_t len;
	const char *text = request_body(request, &len);

	if (message_rotation(text, len, &overlap, &err) < 0)
		goto fail;
	issue = issue_new(request, request->name, &err);
	if (!issue || agents_rotate(request->daemon->agents, request->name, overlap, issue->token, issue_done, issue, &err) < 0)
		goto fail;
	return;
fail:
	issue_free(issue);
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

void api_agent_remove(struct request *request)
{
	struct hgt_error err = {0};

	if (agents_remove(request->daemon->agents, request->name, removal_done, request, &err) < 0)
		request_reply_failure(request, &err);
}

static void reply_cursor(struct request *request, const char *name, const struct hgt_buf *cursor)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	hgt_json_begin_object(&json);
	if (name)
		hgt_json_key_string(&json, "name", name);
	hgt_json_key_string(&json, "cursor", cursor->data);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	body.failed |= cursor->failed;
	request_reply_json(request, 200, &body);
	hgt_buf_release(&body);
}

static void announcement_done(void *ctx, int code, uint64_t seq, const struct hgt_error *err)
{
	struct request *request = ctx;
	struct hgt_buf cursor = HGT_BUF_INIT;

	(void)seq;
	if (code < 0) {
		request_reply_failure(request, err);
	} else {
		hub_head_cursor(request->daemon->hub, &cursor);
		reply_cursor(request, request->agent->name, &cursor);
	}
	hgt_buf_release(&cursor);
}

void api_agent_announce(struct request *request)
{
	struct announcement announcement;
	struct hgt_error err = {0};
	struct hgt_doc_set set;
	size_t len;
	const char *text = request_body(request, &len);
	int code;

	hgt_doc_set_init(&set);
	code = message_announcement(text, len, &set, &announcement, &err);
	if (code == 0)
		code = agents_announce(request->daemon->agents, request->agent, &announcement, announcement_done, request, &err);
	hgt_doc_set_release(&set);
	if (code == HGT_ECONFLICT) {
		agents_refused(request->daemon->agents, &(struct refused){.agent = request->agent->name, .remote = request->remote},
			err.message);
		request_reply_error(request, 409, "agent-name-in-use", "%s", err.message);
	} else if (code == HGT_EPERM) {
		request_refuse(request, "%s", err.message);
	} else if (code < 0) {
		request_reply_failure(request, &err);
	}
}

static void report_done(void *ctx, int code, uint64_t seq, const struct hgt_error *err)
{
	struct request *request = ctx;
	struct hgt_cursor at = {.seq = seq};
	struct hgt_buf cursor = HGT_BUF_INIT;

	if (code < 0) {
		request_reply_failure(request, err);
	} else {
		snprintf(at.journal, sizeof(at.journal), "%s", hgt_journal_id(request->daemon->reader));
		hgt_cursor_format(&at, &cursor);
		reply_cursor(request, NULL, &cursor);
	}
	hgt_buf_release(&cursor);
}

void api_agent_report(struct request *request)
{
	struct hgt_error err = {0};
	struct hgt_doc_set set;
	struct report report;
	size_t len;
	const char *text = request_body(request, &len);
	int code;

	hgt_doc_set_init(&set);
	code = report_parse(text, len, &set, &report, &err);
	if (code == 0)
		code = agents_report(request->daemon->agents, request->agent, &report, report_done, request, &err);
	hgt_doc_set_release(&set);
	if (code == HGT_EUNAVAILABLE)
		request_reply_error(request, 429, NULL, "%s", err.message);
	else if (code < 0)
		request_reply_failure(request, &err);
}
