/* Where requests go: routes, and who may ask. */
#include "daemon/routes.h"

#include <event2/http.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/agent.h"
#include "daemon/agents.h"
#include "daemon/api.h"
#include "daemon/guard.h"
#include "daemon/listen.h"
#include "daemon/scope.h"
#include "daemon/tokens.h"
#include "tls/module.h"

#define READS (EVHTTP_REQ_GET | EVHTTP_REQ_HEAD)
#define START "cursor", "last"
#define NAME "{name}"

static const struct route {
	int methods;
	const char *path;	/* a component that is "{name}" stands for a name */
	unsigned who;		/* roles.h */
	void (*handle)(struct request *request);
	const char *params[9];	/* that the query may have, then NULL */
} routes[] = {
	{READS, "/healthz", ANYONE, api_health, {NULL}},
	{READS, "/readyz", ANYONE, api_ready, {NULL}},
	{READS, "/metrics", SCRAPER, api_metrics, {NULL}},
	{EVHTTP_REQ_GET, "/v1/events", VIEWER, api_events, {"repo", "ref", "path", "type", START, "limit", "wait", NULL}},
	{EVHTTP_REQ_GET, "/v1/rollout", VIEWER, api_rollout, {"repo", "rev", "ref", "seen", "wait", NULL}},
	{READS, "/v1/archive", EITHER, api_archive, {"repo", "rev", "path", "from", NULL}},
	{EVHTTP_REQ_GET, "/v1/proof", EITHER, api_proof, {"repo", "rev", "path", NULL}},
	{EVHTTP_REQ_PUT, "/v1/agents/self", AGENT, api_agent_announce, {NULL}},
	{EVHTTP_REQ_GET, "/v1/agents/self/events", AGENT, api_agent_events, {"instance", START, NULL}},
	{EVHTTP_REQ_POST, "/v1/agents/self/reports", AGENT, api_agent_report, {NULL}},
	{EVHTTP_REQ_POST, "/v1/agents/self/commands", AGENT, api_command_acknowledge, {NULL}},
	{EVHTTP_REQ_GET, "/v1/agents", VIEWER, api_agents, {"detail", NULL}},
	{EVHTTP_REQ_POST, "/v1/agents", ADMIN, api_agent_add, {NULL}},
	{EVHTTP_REQ_GET, "/v1/agents/" NAME, VIEWER, api_agent, {"detail", NULL}},
	{EVHTTP_REQ_DELETE, "/v1/agents/" NAME, ADMIN, api_agent_remove, {NULL}},
	{EVHTTP_REQ_POST, "/v1/agents/" NAME "/rotate", ADMIN, api_agent_rotate, {NULL}},
	{EVHTTP_REQ_POST, "/v1/agents/" NAME "/commands", OPERATOR, api_command, {NULL}},
	{EVHTTP_REQ_GET, "/v1/tokens", ADMIN, api_tokens, {NULL}},
	{EVHTTP_REQ_POST, "/v1/tokens", ADMIN, api_token_add, {NULL}},
	{EVHTTP_REQ_DELETE, "/v1/tokens/" NAME, ADMIN, api_token_remove, {NULL}},
	{EVHTTP_REQ_POST, "/v1/tokens/" NAME "/rotate", ADMIN, api_token_rotate, {NULL}},
	{EVHTTP_REQ_GET, "/v1/status", VIEWER, api_status, {"detail", NULL}},
	{EVHTTP_REQ_GET, "/v1/webhooks", ADMIN, api_webhooks, {NULL}},
	{EVHTTP_REQ_GET, "/v1/webhooks/deliveries", ADMIN, api_webhook_deliveries, {"webhook", "state", "limit", NULL}},
	{EVHTTP_REQ_POST, "/v1/webhooks/replay", ADMIN, api_webhook_replay, {NULL}},
	/* Whoever knows the secret: the signature is the credential. */
	{EVHTTP_REQ_POST, "/v1/inbound/" NAME, ANYONE, api_inbound, {NULL}},
	{EVHTTP_REQ_POST, "/v1/webhooks/test", ADMIN, api_webhook_test, {NULL}},
	{EVHTTP_REQ_GET, "/v1/mirrors", VIEWER, api_mirrors, {"mirror", "repo", "state", "after", "limit", NULL}},
	{EVHTTP_REQ_GET, "/v1/mirrors/refs", VIEWER, api_mirror_refs, {"mirror", "repo", "all", "after", "limit", NULL}},
	{EVHTTP_REQ_POST, "/v1/mirrors/act", OPERATOR, api_mirror_act, {NULL}},
	{EVHTTP_REQ_GET, "/v1/history", VIEWER, api_history, {"repo", "ref", "type", "agent", "target", "before", "limit", NULL}},
	{EVHTTP_REQ_GET, "/v1/repositories", VIEWER, api_repositories, {"after", "limit", NULL}},
	{EVHTTP_REQ_GET, "/v1/mirrors/upstreams", VIEWER, api_upstreams, {"mirror", NULL}},
	{EVHTTP_REQ_POST, "/v1/mirrors/upstreams", OPERATOR, api_upstream_word, {NULL}},
	{EVHTTP_REQ_POST, "/v1/mirrors/promote", OPERATOR, api_mirror_promote, {NULL}},
	/* What is in every copy of the program; what it shows it asks for with a token. */
	{READS, "/", ANYONE, api_dashboard, {NULL}},
	{READS, "/dashboard/" NAME, ANYONE, api_dashboard_file, {NULL}},
};

static const struct {
	int method;
	const char *text;
} methods[] = {
	{EVHTTP_REQ_GET, "GET"}, {EVHTTP_REQ_HEAD, "HEAD"}, {EVHTTP_REQ_POST, "POST"}, {EVHTTP_REQ_PUT, "PUT"},
	{EVHTTP_REQ_DELETE, "DELETE"},
};

unsigned routes_n(void)
{
	return sizeof(routes) / sizeof(*routes);
}

void routes_describe(unsigned route, const char **method, const char **path)
{
	*method = *path = "other";
	if (route == 0 || route > routes_n())
		return;
	*path = routes[route - 1].path;
	for (size_t i = sizeof(methods) / sizeof(*methods); i-- > 0;)
		if (routes[route - 1].methods & methods[i].method)
			*method = methods[i].text;
}

bool routes_takes(unsigned route, const char *method)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(methods[i].text, method) == 0)
			return routes[route - 1].methods & methods[i].method;
	return false;
}

const char *const *routes_params(unsigned route)
{
	return routes[route - 1].params;
}

/* Whether path is the route's; *name and *len get what stands for its NAME, NULL when it has none. */
static bool route_matches(const struct route *route, const char *path, const char **name, size_t *len)
{
	const char *slot = strchr(route->path, '{');
	size_t before = slot ? (size_t)(slot - route->path) : 0;

	*name = NULL;
	*len = 0;
	if (!slot)
		return !strcmp(path, route->path);
	if (strncmp(path, route->path, before) != 0)
		return false;
	*len = strcspn(path + before, "/");
	*name = path + before;
	return *len && !strcmp(path + before + *len, slot + strlen(NAME));
}

/* Without a good token only so much may be asked; false when the request has been answered. */
static bool may_ask(struct request *request)
{
	if (guard_spend(request->daemon->guard, request->peer, hgt_time_mono_ms()))
		return true;
	request_reply_too_many(request, NULL, 1, "too many requests without a good token come from this address");
	return false;
}

/* The route of a path and method; NULL when the request has been answered for want of one. A path that is some route's by its whole
 * text is not looked for among the names. */
static const struct route *find_route(struct request *request, const char *path, int method, const char **name, size_t *len)
{
	struct hgt_buf allow = HGT_BUF_INIT;
	const struct route *found = NULL;
	bool whole = false;
	int allowed = 0;

	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes) && !found; i++) {
		const struct route *route = &routes[i];

		if (!route_matches(route, path, name, len) || (*name && whole))
			continue;
		whole |= !*name;
		allowed |= route->methods;
		if (route->methods & method)
			found = route;
	}
	if (found) {
		request->route = (unsigned)(found - routes) + 1;
		return found;
	}
	if (!may_ask(request))
		return NULL;
	if (!allowed) {
		request_reply_error(request, 404, NULL, "there is nothing at this path");
		return NULL;
	}
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (allowed & methods[i].method)
			hgt_buf_addf(&allow, "%s%s", allow.len ? ", " : "", methods[i].text);
	request_header(request, "Allow", allow.data);
	request_reply_error(request, 405, NULL, "this path takes %s", allow.data);
	hgt_buf_release(&allow);
	return NULL;
}

/* Who asks. */

static bool refuse(struct request *request, const char *why)
{
	request_header(request, "WWW-Authenticate", "Bearer");
	request_reply_error(request, 401, NULL, "%s", why);
	return false;
}

static void take_agent(struct request *request, struct agent *agent)
{
	request->agent = agent_ref(agent);
	request->role = ROLE_AGENT;
	request->scope = agent->scope;
	request->load = &agent->load;
}

/* Who asks by this token; false when nobody does. */
static bool find_bearer(struct request *request, const char *text)
{
	struct agent *agent = agents_authenticate(request->daemon->agents, text);
	struct token *token = agent ? NULL : tokens_authenticate(request->daemon->tokens, text);

	if (agent)
		take_agent(request, agent);
	if (token) {
		request->token = token_ref(token);
		request->role = token->role;
		request->scope = scope_is_all(token->scope) ? NULL : token->scope;
		request->load = &token->load;
	}
	return agent || token;
}

static bool refuse_token(struct request *request, const char *value)
{
	const struct refused refused = {.remote = request->remote};
	unsigned char digest[HGT_SHA256_SIZE];
	uint64_t mark;

	hgt_sha256(value, strlen(value), digest);
	memcpy(&mark, digest, sizeof(mark));
	if (guard_wrong_token(request->daemon->guard, request->peer, mark, hgt_time_mono_ms()))
		hgt_log(HGT_LOG_WARNING, "http", "locked out for guessing tokens", HGT_S("remote", request->remote));
	if (!may_ask(request))
		return false;
	agents_refused(request->daemon->agents, &refused, "the token is wrong or revoked");
	return refuse(request, "the token is wrong or revoked");
}

static bool is_an_agents(void *ctx, const char *name)
{
	struct request *request = ctx;
	struct agent *agent = agents_find_certificate(request->daemon->agents, name);

	if (agent)
		take_agent(request, agent);
	return agent;
}

/* Whoever shows no token may have shown a certificate. */
static bool find_certificate(struct request *request)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request->ev);

	return request->tls && request->tls->peer_names(evhttp_connection_get_bufferevent(connection), is_an_agents, request);
}

/* Who asks at a TCP door; false when the request has been answered. */
static bool authenticate(struct request *request)
{
	const char *value = request_get_header(request, "Authorization");
	unsigned locked = value ? guard_locked(request->peer, hgt_time_mono_ms()) : 0;

	if (locked) {
		request_reply_too_many(request, "locked-out", locked, "too many wrong tokens came from this address; come again in %u seconds",
			locked);
		return false;
	}
	if (!value && find_certificate(request))
		return true;
	if (!value) {
		if (!may_ask(request))
			return false;
		agents_refused(request->daemon->agents, &(struct refused){.remote = request->remote}, "no token was shown");
		return refuse(request, "a token is needed: Authorization: Bearer ...");
	}
	if (strncasecmp(value, "Bearer ", 7) != 0 || !find_bearer(request, value + 7 + strspn(value + 7, " ")))
		return refuse_token(request, value);
	return true;
}

/* One more of a client that is known; false when the request has been answered. */
static bool count_request(struct request *request)
{
	struct client_load *load = request->load;

	request->load = NULL;
	if (!guard_ask(request->daemon->guard, load, hgt_time_mono_ms())) {
		request_reply_too_many(request, NULL, 1, "more requests than limits.client_open and limits.client_requests allow");
		return false;
	}
	load->open++;
	request->load = load;
	return true;
}

/* Whether who asks may; false when the request has been answered. */
static bool authorize(struct request *request, const struct route *route, bool admin, int fd)
{
	char who[REQUEST_WHO_MAX];
	uid_t uid;

	if ((route->who & ROLE_SCRAPER) && request->may_scrape)
		return true;
	if (route->who == ANYONE)
		return admin || may_ask(request);
	if (admin) {
		if (!listen_peer_uid(fd, &uid) || (uid != geteuid() && uid != 0)) {
			request_reply_error(request, 403, NULL, "this socket is for the daemon's own user and root");
			return false;
		}
		request->role = ROLE_ADMIN;
	} else if (!authenticate(request) || !count_request(request)) {
		return false;
	}
	if ((route->who & request->role) && (!(route->who & ROLE_SCRAPER) || !request->scope))
		return true;
	if (route->who == AGENT)
		request_refuse(request, "this is for agents, by their tokens");
	else
		request_refuse(request, "%s is %s %s, which may not do this", request_who(request, who),
			strchr("ao", role_name(request->role)[0]) ? "an" : "a", role_name(request->role));
	return false;
}

static bool parse_query(struct request *request, const struct route *route, const char *text)
{
	struct hgt_error err = {0};
	const char *unknown;

	if (query_parse(text, &request->query, &err) < 0) {
		request_reply_error(request, 400, NULL, "%s", err.message);
		return false;
	}
	unknown = query_unknown(&request->query, route->params);
	if (unknown)
		request_reply_error(request, 400, NULL, "unknown parameter \"%s\"", unknown);
	return !unknown;
}

static bool parse_name(struct request *request, const char *name, size_t len)
{
	struct hgt_error err = {0};

	if (!name)
		return true;
	request->name = malloc(len + 1);
	if (!request->name)
		request_reply_error(request, 503, NULL, "out of memory");
	else if (query_decode(name, len, request->name, &err) < 0)
		request_reply_error(request, 400, NULL, "%s", err.message);
	else
		return true;
	return false;
}

void routes_dispatch(struct request *request, bool admin, int fd)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request->ev);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL, *name;
	size_t len;
	const struct route *route = find_route(request, path ? path : "", evhttp_request_get_command(request->ev), &name, &len);

	if (route && authorize(request, route, admin, fd) && parse_query(request, route, evhttp_uri_get_query(uri)) &&
	    parse_name(request, name, len))
		route->handle(request);
}
