/* Endpoints that tell of events. */
#include "base/glob.h"
#include "base/io.h"
#include "daemon/agent.h"
#include "daemon/agents.h"
#include "daemon/api.h"
#include "daemon/commands.h"
#include "daemon/hub.h"
#include "daemon/metrics.h"
#include "daemon/messages.h"
#include "daemon/scope.h"
#include "daemon/tokens.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX 1000
#define WAIT_MAX 60	/* seconds */

/* A number among the parameters; *there tells whether it was given. */
static int get_number(const struct request *request, const char *name, uint64_t max, bool *there, uint64_t *out,
	struct hgt_error *err)
{
	const char *text = query_get(&request->query, name);

	*there = text != NULL;
	if (text && hgt_parse_u64(text, max, out) < 0)
		return hgt_error_set(err, HGT_EPARSE, "parameter \"%s\" is to be a number up to %llu", name,
			(unsigned long long)max);
	return 0;
}

/* Where to begin: Last-Event-ID is what a client that has been cut off knows best, then cursor=, then last=. */
static int get_start(const struct request *request, struct hub_options *options, struct hgt_error *err)
{
	const char *last_id = request_get_header(request, "Last-Event-ID");
	const char *cursor = query_get(&request->query, "cursor");
	int code = get_number(request, "last", UINT32_MAX, &options->has_last, &options->last, err);

	if (code < 0)
		return code;
	if (cursor && options->has_last)
		return hgt_error_set(err, HGT_EINVAL, "\"cursor\" and \"last\" exclude each other");
	if (cursor)
		code = hgt_cursor_parse(cursor, &options->cursor, err);
	if (code == 0 && last_id && *last_id)
		code = hgt_cursor_parse(cursor = last_id, &options->cursor, err);
	if (code < 0 || !cursor)
		return code;
	options->has_cursor = true;
	options->has_last = false;
	return 0;
}

static int get_glob(const struct request *request, const char *name, const char **out, struct hgt_error *err)
{
	const char *glob = query_get(&request->query, name);
	int code;

	*out = glob ? glob : "";
	if (!glob || !*glob)
		return 0;
	code = hgt_glob_check(glob, err);
	if (code < 0)
		hgt_error_prefix(err, "parameter \"%s\"", name);
	return code;
}

static int get_filter(const struct request *request, struct hgt_filter *out, struct hgt_error *err)
{
	const char *path = query_get(&request->query, "path");
	int code;

	if ((code = get_glob(request, "repo", &out->repo, err)) < 0 || (code = get_glob(request, "ref", &out->ref, err)) < 0 ||
	    (code = get_glob(request, "type", &out->type, err)) < 0)
		return code;
	out->path = path ? path : "";
	if (!message_path_is_valid(out->path))
		return hgt_error_set(err, HGT_EINVAL, "parameter \"path\" is to be a relative path without empty, \".\" or \"..\" "
			"components");
	return 0;
}

static bool wants_stream(const struct request *request)
{
	const char *accept = request_get_header(request, "Accept");

	return accept && strcasestr(accept, "text/event-stream");
}

/* Room for one more stream: the request is answered when there is none. */
static bool has_room(struct request *request)
{
	if (hub_subscribers(request->daemon->hub) < request->daemon->config->limits.streams)
		return true;
	request_header(request, "Retry-After", "10");
	request_reply_error(request, 503, "too-many-streams", "%u streams are open, which is the limit",
		request->daemon->config->limits.streams);
	return false;
}

static void token_stream_ended(void *ctx, struct subscriber *subscriber)
{
	(void)subscriber;
	token_stream_free(ctx);
}

/* What is asked for, narrowed to what may be seen. */
static void subscribe(struct request *request, const struct hgt_filter *filter, struct hub_options *options)
{
	struct hub_want wants[SCOPE_ITEMS_MAX] = {{.exact = false}};
	struct hgt_arena room = HGT_ARENA_INIT;
	struct token_stream *stream = NULL;
	struct subscriber *subscriber = NULL;
	struct daemon *daemon = request->daemon;
	const unsigned route = request->route;
	struct hgt_error err = {0};
	struct hgt_filter *filters;
	char who[REQUEST_WHO_MAX];
	size_t n;

	if (scope_narrow(request->scope, filter, &room, &filters, &n, &err) < 0) {
		request_reply_failure(request, &err);
	} else if (!n) {
		request_refuse(request, "%s may see nothing at or below path %s", request_who(request, who), filter->path);
	} else if (request->token && !(stream = token_stream_new(request->token))) {
		request_reply_error(request, 503, NULL, "out of memory");
	} else {
		for (size_t i = 0; i < n; i++)
			wants[i].filter = filters[i];
		options->wants = wants;
		options->n_wants = n;
		options->scope = request->scope;
		options->ended = stream ? token_stream_ended : NULL;
		options->ctx = stream;
		/* It answers on failure too. */
		if (hub_subscribe(daemon->hub, request, options, &subscriber, &err) < 0 && stream)
			token_stream_free(stream);
		else if (stream && subscriber)
			stream->subscriber = subscriber;
		if (subscriber)
			metrics_answer(daemon->metrics, route, 200);
	}
	hgt_arena_release(&room);
}

void api_events(struct request *request)
{
	struct hgt_filter filter;
	struct hub_options options = {0};
	struct hgt_error err = {0};
	uint64_t limit = PAGE_DEFAULT, wait = 0;
	bool there;

	options.form = wants_stream(request) ? HUB_STREAM : HUB_PAGE;
	if (get_filter(request, &filter, &err) < 0 || get_start(request, &options, &err) < 0 ||
	    get_number(request, "limit", PAGE_MAX, &there, &limit, &err) < 0 ||
	    get_number(request, "wait", WAIT_MAX, &there, &wait, &err) < 0) {
		request_reply_error(request, 400, NULL, "%s", err.message);
		return;
	}
	if (!limit) {
		request_reply_error(request, 400, NULL, "parameter \"limit\" is to be at least 1");
		return;
	}
	options.limit = (size_t)limit;
	options.wait_ms = (unsigned)wait * 1000;
	if (has_room(request))
		subscribe(request, &filter, &options);
}

static void agent_stream_ended(void *ctx, struct subscriber *subscriber)
{
	struct agent *agent = ctx;

	agents_stream_closed(agent, subscriber);
	agent_unref(agent);
}

static void subscribe_agent(struct request *request, struct hub_options *options)
{
	struct daemon *daemon = request->daemon;
	struct agent *agent = request->agent;
	struct hub_want *wants = calloc(agent->n_targets ? agent->n_targets : 1, sizeof(*wants));
	struct subscriber *subscriber = NULL;
	struct hgt_error err = {0};
	const unsigned route = request->route;
	char remote[REQUEST_REMOTE_MAX];

	if (!wants) {
		request_reply_error(request, 503, NULL, "out of memory");
		return;
	}
	for (size_t i = 0; i < agent->n_targets; i++)
		wants[i] = (struct hub_want){
			.exact = true,
			.filter = {.repo = agent->targets[i].repo, .ref = agent->targets[i].ref, .path = agent->targets[i].path,
				   .type = ""},
		};
	options->form = HUB_STREAM;
	options->wants = wants;
	options->n_wants = agent->n_targets;
	options->scope = agent->scope;
	options->notice = commands_notice;
	options->ended = agent_stream_ended;
	options->ctx = agent_ref(agent);
	snprintf(remote, sizeof(remote), "%s", request->remote);
	if (hub_subscribe(daemon->hub, request, options, &subscriber, &err) < 0) {
		agent_unref(agent);
	} else if (subscriber) {
		metrics_answer(daemon->metrics, route, 200);
		agents_stream_opened(agent, subscriber, remote);
	}
	free(wants);
}

void api_agent_events(struct request *request)
{
	const char *instance = query_get(&request->query, "instance");
	struct hub_options options = {0};
	struct hgt_error err = {0};
	int code;

	if (!instance || !*instance) {
		request_reply_error(request, 400, NULL, "parameter \"instance\" is missing");
		return;
	}
	if (get_start(request, &options, &err) < 0) {
		request_reply_error(request, 400, NULL, "%s", err.message);
		return;
	}
	code = agents_may_stream(request->agent, instance, &err);
	if (code == HGT_ECONFLICT) {
		agents_refused(request->daemon->agents, &(struct refused){.agent = request->agent->name, .remote = request->remote},
			err.message);
		request_reply_error(request, 409, "agent-name-in-use", "%s", err.message);
	} else if (code < 0) {
		request_reply_error(request, 409, NULL, "%s", err.message);
	} else if (has_room(request)) {
		subscribe_agent(request, &options);
	}
}
