/* Where requests go: routes, and who may ask. */
#include "daemon/routes.h"

#include <event2/http.h>
#include <unistd.h>

#include "daemon/agent.h"
#include "daemon/agents.h"
#include "daemon/api.h"
#include "daemon/listen.h"

enum who { ANYONE, ADMIN, AGENT, EITHER, SCRAPER /* as ADMIN, and anyone where the config says so */ };

#define READS (EVHTTP_REQ_GET | EVHTTP_REQ_HEAD)
#define START "cursor", "last"
#define NAME "{name}"

static const struct route {
	int methods;
	const char *path;	/* with a final "{name}": a name follows */
	enum who who;
	void (*handle)(struct request *request);
	const char *params[9];	/* that the query may have, then NULL */
} routes[] = {
	{READS, "/healthz", ANYONE, api_health, {NULL}},
	{READS, "/readyz", ANYONE, api_ready, {NULL}},
	{READS, "/metrics", SCRAPER, api_metrics, {NULL}},
	{EVHTTP_REQ_GET, "/v1/events", ADMIN, api_events, {"repo", "ref", "path", "type", START, "limit", "wait", NULL}},
	{EVHTTP_REQ_GET, "/v1/archive", EITHER, api_archive, {"repo", "rev", "path", NULL}},
	{EVHTTP_REQ_PUT, "/v1/agents/self", AGENT, api_agent_announce, {NULL}},
	{EVHTTP_REQ_GET, "/v1/agents/self/events", AGENT, api_agent_events, {"instance", START, NULL}},
	{EVHTTP_REQ_POST, "/v1/agents/self/reports", AGENT, api_agent_report, {NULL}},
	{EVHTTP_REQ_GET, "/v1/agents", ADMIN, api_agents, {NULL}},
	{EVHTTP_REQ_POST, "/v1/agents", ADMIN, api_agent_add, {NULL}},
	{EVHTTP_REQ_DELETE, "/v1/agents/" NAME, ADMIN, api_agent_remove, {NULL}},
	{EVHTTP_REQ_GET, "/v1/status", ADMIN, api_status, {NULL}},
	{EVHTTP_REQ_GET, "/v1/webhooks", ADMIN, api_webhooks, {NULL}},
	{EVHTTP_REQ_GET, "/v1/webhooks/deliveries", ADMIN, api_webhook_deliveries, {"webhook", "state", "limit", NULL}},
	{EVHTTP_REQ_POST, "/v1/webhooks/replay", ADMIN, api_webhook_replay, {NULL}},
	/* Whoever knows the secret: the signature is the credential. */
	{EVHTTP_REQ_POST, "/v1/inbound/" NAME, ANYONE, api_inbound, {NULL}},
	{EVHTTP_REQ_POST, "/v1/webhooks/test", ADMIN, api_webhook_test, {NULL}},
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

/* Whether path is the route's; *name gets what stands for its NAME, or NULL. */
static bool route_matches(const struct route *route, const char *path, const char **name)
{
	const char *tail = strchr(route->path, '{');
	size_t len = tail ? (size_t)(tail - route->path) : 0;

	*name = NULL;
	if (!tail)
		return !strcmp(path, route->path);
	if (strncmp(path, route->path, len) != 0 || !path[len] || strchr(path + len, '/'))
		return false;
	*name = path + len;
	return true;
}

/* The route of a path and method; NULL when the request has been answered for want of one. A path that is some route's by its whole
 * text is not looked for among the names. */
static const struct route *find_route(struct request *request, const char *path, int method, const char **name)
{
	struct hgt_buf allow = HGT_BUF_INIT;
	const struct route *found = NULL;
	int allowed = 0;

	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes) && !found; i++) {
		const struct route *route = &routes[i];

		if (!route_matches(route, path, name) || (*name && allowed))
			continue;
		allowed |= route->methods;
		if (route->methods & method)
			found = route;
	}
	if (found) {
		request->route = (unsigned)(found - routes) + 1;
		return found;
	}
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

/* Who asks at a TCP door; false when the request has been answered. */
static bool authenticate(struct request *request)
{
	const char *value = request_get_header(request, "Authorization");

	if (!value)
		return refuse(request, "a token is needed: Authorization: Bearer ...");
	if (strncasecmp(value, "Bearer ", 7) == 0) {
		struct agent *agent = agents_authenticate(request->daemon->agents, value + 7 + strspn(value + 7, " "));

		if (agent) {
			request->agent = agent_ref(agent);
			return true;
		}
	}
	agents_refused(request->daemon->agents, NULL, request->remote, "the token is wrong or revoked");
	return refuse(request, "the token is wrong or revoked");
}

/* Whether who asks may; false when the request has been answered. */
static bool authorize(struct request *request, const struct route *route, bool admin, int fd)
{
	uid_t uid;

	if (route->who == ANYONE || (route->who == SCRAPER && request->may_scrape))
		return true;
	if (admin) {
		if (!listen_peer_uid(fd, &uid) || (uid != geteuid() && uid != 0)) {
			request_reply_error(request, 403, NULL, "this socket is for the daemon's own user and root");
			return false;
		}
		if (route->who != AGENT)
			return true;
		request_reply_error(request, 403, NULL, "this is for agents, by their tokens");
		return false;
	}
	if (!authenticate(request))
		return false;
	if (route->who != ADMIN && route->who != SCRAPER)
		return true;
	request_reply_error(request, 403, NULL, "this is for the admin socket alone");
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

static bool parse_name(struct request *request, const char *name)
{
	struct hgt_error err = {0};

	if (!name)
		return true;
	request->name = malloc(strlen(name) + 1);
	if (!request->name)
		request_reply_error(request, 503, NULL, "out of memory");
	else if (query_decode(name, strlen(name), request->name, &err) < 0)
		request_reply_error(request, 400, NULL, "%s", err.message);
	else
		return true;
	return false;
}

void routes_dispatch(struct request *request, bool admin, int fd)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request->ev);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL, *name;
	const struct route *route = find_route(request, path ? path : "", evhttp_request_get_command(request->ev), &name);

	if (route && authorize(request, route, admin, fd) && parse_query(request, route, evhttp_uri_get_query(uri)) &&
	    parse_name(request, name))
		route->handle(request);
}
