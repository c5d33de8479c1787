/* Endpoints by which operators ask something of agents' targets, and agents say that they have heard. */
#include "base/json_writer.h"
#include "daemon/agent.h"
#include "daemon/agents.h"
#include "daemon/api.h"
#include "daemon/commands.h"
#include "daemon/hub.h"
#include "daemon/messages.h"
#include "daemon/tokens.h"
#include "doc/doc.h"

static void command_done(void *ctx, const struct command_outcome *outcome)
{
	struct request *request = ctx;
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	if (outcome->code < 0) {
		request_reply_failure_as(request, outcome->name, outcome->err);
		return;
	}
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "agent", request->name);
	hgt_json_key_bool(&json, "connected", outcome->connected);
	hgt_json_key(&json, "commands");
	hgt_json_raw(&json, outcome->commands->data, outcome->commands->len);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	body.failed |= outcome->commands->failed;
	request_reply_json(request, 201, &body);
	hgt_buf_release(&body);
}

/* A token speaks for itself. Whoever comes by the admin socket may say for whom. */
static const char *actor_of(const struct request *request, const struct command_spec *spec, char out[REQUEST_WHO_MAX])
{
	if (request->token)
		snprintf(out, REQUEST_WHO_MAX, "token:%s", request->token->name);
	else if (spec->actor)
		return spec->actor;
	else
		snprintf(out, REQUEST_WHO_MAX, "admin");
	return out;
}

void api_command(struct request *request)
{
	char who[REQUEST_WHO_MAX];
	struct command_spec spec;
	struct hgt_error err = {0};
	struct hgt_doc_set set;
	size_t len;
	const char *text = request_body(request, &len);
	int code;

	hgt_doc_set_init(&set);
	code = message_command(text, len, &set, &spec, &err);
	if (code < 0)
		request_reply_failure(request, &err);
	else
		commands_request(request->daemon->agents, request->name, request->scope, &spec, actor_of(request, &spec, who), command_done,
			request);
	hgt_doc_set_release(&set);
}

static void acknowledged(void *ctx, int code, uint64_t seq, const struct hgt_error *err)
{
	struct request *request = ctx;
	struct hgt_buf body = HGT_BUF_INIT, cursor = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	(void)seq;
	if (code < 0) {
		request_reply_failure_as(request, code == HGT_ENOENT ? "command-not-found" : NULL, err);
		return;
	}
	hub_head_cursor(request->daemon->hub, &cursor);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "cursor", cursor.data);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	body.failed |= cursor.failed;
	request_reply_json(request, 200, &body);
	hgt_buf_release(&cursor);
	hgt_buf_release(&body);
}

void api_command_acknowledge(struct request *request)
{
	struct hgt_cursor id;
	struct hgt_error err = {0};
	size_t len;
	const char *text = request_body(request, &len);
	int code = message_acknowledgement(text, len, &id, &err);

	if (code == 0)
		code = commands_acknowledge(request->daemon->agents, request->agent, &id, acknowledged, request, &err);
	if (code < 0)
		request_reply_failure(request, &err);
}
