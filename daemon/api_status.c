/* Endpoints about the daemon itself. */
#include "base/json_writer.h"
#include "base/timing.h"
#include "daemon/agent.h"
#include "daemon/agents.h"
#include "daemon/api.h"
#include "daemon/hub.h"
#include "daemon/repos.h"
#include "daemon/scope.h"
#include "daemon/store.h"
#include "daemon/tokens.h"

void api_health(struct request *request)
{
	request_reply_text(request, 200, "ok\n");
}

void api_ready(struct request *request)
{
	const char *trouble = store_trouble(request->daemon->store);
	struct hgt_buf text = HGT_BUF_INIT;

	if (trouble)
		hgt_buf_addf(&text, "the journal cannot be written, pushes are spooled: %s\n", trouble);
	if (trouble)
		request_reply_text(request, 503, text.data);
	else if (request->daemon->ready)
		request_reply_text(request, 200, "ok\n");
	else
		request_reply_text(request, 503, "starting: the repositories are still being compared with the journal\n");
	hgt_buf_release(&text);
}

static void write_repos(const struct repos *repos, const struct scope *scope, struct hgt_json *json)
{
	const bool counts = scope_has_every_ref(scope);
	const struct repo *repo;
	size_t pos = 0;

	hgt_json_begin_array(json);
	while ((repo = repos_next(repos, &pos))) {
		if (!scope_has_repo(scope, repo->name))
			continue;
		hgt_json_begin_object(json);
		hgt_json_key_string(json, "name", repo->name);
		hgt_json_key(json, "refs");
		if (counts)
			hgt_json_uint(json, repo->refs);
		else
			hgt_json_null(json);
		hgt_json_key_string(json, "trouble", repo->trouble);
		hgt_json_end_object(json);
	}
	hgt_json_end_array(json);
}

/* Who asks, and what the answers show him. */
static void write_asker(const struct request *request, struct hgt_json *json)
{
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "token", request->token ? request->token->name : NULL);
	hgt_json_key_string(json, "role", role_name(request->role));
	hgt_json_key(json, "scope");
	if (scope_is_all(request->scope))
		hgt_json_null(json);
	else
		hgt_json_raw(json, request->scope->text, strlen(request->scope->text));
	hgt_json_end_object(json);
}

void api_status(struct request *request)
{
	struct agent_view view;
	const struct daemon *daemon = request->daemon;
	struct hgt_buf body = HGT_BUF_INIT, head = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);
	char started[HGT_TIME_TEXT];

	if (!api_agent_view(request, &view))
		return;
	hub_head_cursor(daemon->hub, &head);
	hgt_time_format(daemon->started_ms, started);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "site", daemon->config->site);
	hgt_json_key_string(&json, "version", HGT_VERSION);
	hgt_json_key_string(&json, "journal", hgt_journal_id(daemon->reader));
	hgt_json_key_string(&json, "head", head.data);
	hgt_json_key_string(&json, "started", started);
	hgt_json_key_string(&json, "trouble", store_trouble(daemon->store));
	hgt_json_key(&json, "repositories");
	write_repos(daemon->repos, request->scope, &json);
	hgt_json_key(&json, "agents");
	agents_write(daemon->agents, &view, &json);
	hgt_json_key(&json, "you");
	write_asker(request, &json);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	request_reply_json(request, 200, &body);
	hgt_buf_release(&head);
	hgt_buf_release(&body);
}
