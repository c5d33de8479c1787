/* Requests to the daemon. */
#include "agent/call.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "agent/resolve.h"
#include "base/buf.h"
#include "base/io.h"
#include "config/config.h"
#include "doc/doc.h"
#include "tls/load.h"
#include "tls/module.h"

#define TOKEN_MAX 512
#define PROBLEM_MAX (64 * 1024)	/* bytes kept of the body of an answer that is an error */

struct caller {
	struct event_base *base;
	struct hgt_buf host;		/* a numeric address; with a resolver the name that it asks for */
	struct resolver *resolver;	/* NULL: none is needed */
	const struct tls_module *tls;	/* NULL: plain HTTP */
	struct tls_client *client;
	bool certificate;		/* it shows one */
	struct hgt_buf name;		/* of the host, as the URL has it, without brackets */
	struct hgt_buf authority;	/* of the Host header */
	uint16_t port;
	struct hgt_buf credentials;	/* "Bearer ..." */
	struct call *calls;
};

/*
 * evhttp calls back from within its own work on the connection, where that must not be freed. So whatever ends a call only notes
 * the outcome and makes `finish` active; from there, outside of evhttp, the connection is freed and `done` is called.
 */
struct call {
	struct caller *caller;
	struct call *next, **link;
	struct call_spec spec;		/* its strings are not kept */
	struct evhttp_connection *connection;	/* NULL while the address is being asked for */
	struct evhttp_request *request;	/* NULL once evhttp is through with it; ours while there is no connection */
	enum evhttp_cmd_type method;
	char *path;			/* while there is no connection */
	struct event *finish;
	bool ended, cancelled;
	int status, code;
	struct hgt_error err;
	struct hgt_buf problem;		/* the body of an error; then its code */
};

static bool is_loopback(const char *host)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static bool is_numeric(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static void resolved(void *ctx, int code, const struct hgt_error *err);

static int take_host(struct caller *caller, const char *host, bool tls, struct hgt_error *err)
{
	size_t len = strlen(host);

	/* The name is loopback by definition (RFC 6761), and asking a resolver would cost the process a megabyte. */
	if (strcmp(host, "localhost") == 0)
		hgt_buf_adds(&caller->host, "127.0.0.1");
	else if (len > 2 && host[0] == '[' && host[len - 1] == ']')
		hgt_buf_add(&caller->host, host + 1, len - 2);
	else
		hgt_buf_adds(&caller->host, host);
	if (caller->host.failed)
		return hgt_error_nomem(err);
	if (tls)
		return is_numeric(caller->host.data) ? 0 :
			resolver_new(caller->base, caller->host.data, resolved, caller, &caller->resolver, err);
	if (!is_loopback(caller->host.data))
		return hgt_error_set(err, HGT_EPERM, "server %s is not on loopback: plain HTTP would show the token to the network; "
			"say https, or use a TLS tunnel that listens on loopback", host);
	return 0;
}

static int set_up_tls(struct caller *caller, const struct hgt_agent_config *config, struct hgt_error *err)
{
	const struct tls_client_files files = {config->ca_file, config->cert, config->key};
	char why[TLS_WHY_MAX];
	int code = tls_load(&caller->tls, err);

	if (code < 0)
		return code;
	caller->client = caller->tls->client_new(&files, why, sizeof(why));
	caller->certificate = config->cert != NULL;
	return caller->client ? 0 : hgt_error_set(err, HGT_EINVAL, "%s", why);
}

/* The name that a server's certificate is to have: as it is in the URL. */
static int take_name(struct caller *caller, const char *host, struct hgt_error *err)
{
	size_t len = strlen(host);

	if (host[0] == '[' && len > 2)
		hgt_buf_add(&caller->name, host + 1, len - 2);
	else
		hgt_buf_adds(&caller->name, host);
	return hgt_buf_check(&caller->name, err);
}

static int take_url(struct caller *caller, const char *url, bool *tls, struct hgt_error *err)
{
	struct evhttp_uri *uri = evhttp_uri_parse(url);
	const char *scheme = uri ? evhttp_uri_get_scheme(uri) : NULL;
	const char *host = uri ? evhttp_uri_get_host(uri) : NULL;
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	int port = uri ? evhttp_uri_get_port(uri) : -1;
	int code;

	*tls = scheme && strcmp(scheme, "https") == 0;
	if (!scheme || (!*tls && strcmp(scheme, "http") != 0) || !host || !*host || (path && *path && strcmp(path, "/") != 0) ||
		evhttp_uri_get_query(uri) || evhttp_uri_get_fragment(uri) || evhttp_uri_get_userinfo(uri) || port == 0 || port > 65535)
		code = hgt_error_set(err, HGT_EINVAL, "server %s: expected a URL such as http://127.0.0.1:7420 or "
			"https://git.example.org:7420", url);
	else
		code = take_host(caller, host, *tls, err);
	if (code == 0)
		code = take_name(caller, host, err);
	if (code == 0) {
		caller->port = port >= 0 ? (uint16_t)port : *tls ? 443 : 80;
		hgt_buf_addf(&caller->authority, "%s:%u", host, (unsigned)caller->port);
		code = hgt_buf_check(&caller->authority, err);
	}
	if (uri)
		evhttp_uri_free(uri);
	return code;
}

int caller_new(struct event_base *base, const struct hgt_agent_config *config, struct caller **out, struct hgt_error *err)
{
	struct caller *caller = calloc(1, sizeof(*caller));
	bool tls;
	int code;

	if (!caller)
		return hgt_error_nomem(err);
	caller->base = base;
	hgt_buf_init(&caller->host);
	hgt_buf_init(&caller->name);
	hgt_buf_init(&caller->authority);
	hgt_buf_init(&caller->credentials);
	code = take_url(caller, config->server, &tls, err);
	if (code == 0 && tls)
		code = set_up_tls(caller, config, err);
	if (code < 0)
		caller_free(caller);
	else
		*out = caller;
	return code;
}

static void call_free(struct call *call)
{
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
	if (call->connection)
		evhttp_connection_free(call->connection);
	else if (call->request)
		evhttp_request_free(call->request);
	free(call->path);
	if (call->finish)
		event_free(call->finish);
	hgt_buf_release(&call->problem);
	free(call);
}

void caller_free(struct caller *caller)
{
	if (!caller)
		return;
	while (caller->calls)
		call_free(caller->calls);
	resolver_free(caller->resolver);
	if (caller->tls)
		caller->tls->client_free(caller->client);
	hgt_buf_release(&caller->host);
	hgt_buf_release(&caller->name);
	hgt_buf_release(&caller->authority);
	hgt_buf_release(&caller->credentials);
	free(caller);
}

int caller_read_token(struct caller *caller, const char *file, struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT, credentials = HGT_BUF_INIT;
	int code = hgt_read_file(file, TOKEN_MAX, &text, err);

	while (code == 0 && text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1]))
		hgt_buf_truncate(&text, text.len - 1);
	/* It goes into a header: only what can be a token (RFC 6750, section 2.1). */
	if (code == 0 && (text.len == 0 || strspn(text.data, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=") !=
		text.len))
		code = hgt_error_set(err, HGT_EPARSE, "%s holds no token", file);
	if (code == HGT_ENOENT && caller->certificate) {
		hgt_buf_release(&text);
		hgt_buf_release(&credentials);
		hgt_buf_reset(&caller->credentials);
		return 0;
	}
	if (code == 0) {
		hgt_buf_addf(&credentials, "Bearer %s", text.data);
		code = hgt_buf_check(&credentials, err);
	}
	if (code == 0) {
		hgt_buf_release(&caller->credentials);
		caller->credentials = credentials;
	} else {
		hgt_buf_release(&credentials);
	}
	hgt_buf_release(&text);
	return code;
}

/* Note the outcome, once. */
static void end(struct call *call, int code)
{
	if (call->ended)
		return;
	call->ended = true;
	call->code = code;
	event_active(call->finish, EV_TIMEOUT, 1);
}

/* {"error":"<code>","message":"<sentence>"}, or whatever there is, becomes the error; `problem` becomes its code. */
static int tell_problem(struct call *call)
{
	struct hgt_doc_set set;
	const char *problem = NULL, *message = NULL;
	int code;

	hgt_doc_set_init(&set);
	if (hgt_json_parse_message(call->problem.data, call->problem.len, &set, NULL) == 0) {
		problem = hgt_node_get_string(set.docs[0].root, "error");
		message = hgt_node_get_string(set.docs[0].root, "message");
	}
	code = call->status == 401 || call->status == 403 ? HGT_EPERM : call->status == 404 ? HGT_ENOENT :
		call->status == 409 || call->status == 410 ? HGT_ECONFLICT : call->status >= 500 || call->status == 429 ?
		HGT_EUNAVAILABLE : HGT_EINVAL;
	code = hgt_error_set(&call->err, code, "the server answers %d%s%s%s%s", call->status, problem ? " " : "",
		problem ? problem : "", message ? ": " : "", message ? message : "");
	hgt_buf_reset(&call->problem);
	hgt_buf_adds(&call->problem, problem ? problem : "");
	hgt_doc_set_release(&set);
	return code;
}

static void finish(evutil_socket_t fd, short what, void *ctx)
{
	struct call *call = ctx;

	(void)fd;
	(void)what;
	/* The connection goes first: `done` may start the next call, and the daemon should have seen the last of this one. */
	if (call->connection)
		evhttp_connection_free(call->connection);
	else if (call->request)
		evhttp_request_free(call->request);
	call->connection = NULL;
	call->request = NULL;
	if (!call->cancelled) {
		if (call->code == 0 && call->status != 200 && call->status != 304)
			call->code = tell_problem(call);
		call->spec.done(call->spec.ctx, call, call->code, &call->err);
	}
	call_free(call);
}

static int on_head(struct evhttp_request *request, void *ctx)
{
	struct call *call = ctx;
	int code = 0;

	call->status = evhttp_request_get_response_code(request);
	if (!call->ended && (call->status == 200 || call->status == 304) && call->spec.head)
		code = call->spec.head(call->spec.ctx, call, &call->err);
	if (code < 0)
		end(call, code);
	return call->ended ? -1 : 0;
}

static void on_data(struct evhttp_request *request, void *ctx)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(request);
	struct call *call = ctx;
	struct evbuffer_iovec piece;
	int code = 0;

	while (!call->ended && evbuffer_peek(in, -1, NULL, &piece, 1) > 0 && piece.iov_len > 0) {
		if (call->status == 200 && call->spec.data)
			code = call->spec.data(call->spec.ctx, piece.iov_base, piece.iov_len, &call->err);
		else if (call->problem.len + piece.iov_len <= PROBLEM_MAX)
			hgt_buf_add(&call->problem, piece.iov_base, piece.iov_len);
		evbuffer_drain(in, piece.iov_len);
		if (code < 0)
			end(call, code);
	}
}

/* Why TLS did not come about, where that is why; else what can be said. */
static int end_unavailable(struct call *call, bool connected)
{
	struct caller *caller = call->caller;
	char why[TLS_WHY_MAX];

	if (caller->tls && caller->tls->problem(evhttp_connection_get_bufferevent(call->connection), why, sizeof(why)))
		return hgt_error_set(&call->err, HGT_EUNAVAILABLE, "%s: %s", caller->authority.data, why);
	if (connected)
		return hgt_error_set(&call->err, HGT_EUNAVAILABLE, "the server has closed the connection");
	return hgt_error_set(&call->err, HGT_EUNAVAILABLE, "cannot connect to %s", caller->authority.data);
}

static void on_error(enum evhttp_request_error error, void *ctx)
{
	struct call *call = ctx;

	call->request = NULL;
	if (call->ended)
		return;
	switch (error) {
	case EVREQ_HTTP_TIMEOUT:
		end(call, hgt_error_set(&call->err, HGT_ETIMEOUT, "the server has said nothing for %d seconds", call->spec.silence));
		break;
	case EVREQ_HTTP_INVALID_HEADER:
		end(call, hgt_error_set(&call->err, HGT_EPARSE, "the server does not speak HTTP"));
		break;
	case EVREQ_HTTP_DATA_TOO_LONG:
		end(call, hgt_error_set(&call->err, HGT_ELIMIT, "the server's answer is longer than %llu bytes",
			(unsigned long long)call->spec.limit));
		break;
	default:
		end(call, end_unavailable(call, true));
	}
}

/* The answer is complete; or there is none: evhttp calls this after on_error too, and when it could not connect. */
static void on_end(struct evhttp_request *request, void *ctx)
{
	struct call *call = ctx;

	call->request = NULL;
	if (call->ended)
		return;
	if (!request || evhttp_request_get_response_code(request) == 0) {
		end(call, end_unavailable(call, false));
		if (call->caller->resolver)
			resolver_next(call->caller->resolver);
		return;
	}
	/* A body that came whole with the head has had no call of its own. */
	on_data(request, ctx);
	if (!call->ended)
		end(call, 0);
}

static int add_headers(struct call *call, const struct call_spec *spec, struct hgt_error *err)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(call->request);
	int failed = evhttp_add_header(headers, "Host", call->caller->authority.data) < 0 ||
		(call->caller->credentials.len && evhttp_add_header(headers, "Authorization", call->caller->credentials.data) < 0) ||
		evhttp_add_header(headers, "User-Agent", "headgate-agent/" HGT_VERSION) < 0 ||
		evhttp_add_header(headers, "Connection", "close") < 0 ||
		(spec->accept && evhttp_add_header(headers, "Accept", spec->accept) < 0) ||
		(spec->body && evhttp_add_header(headers, "Content-Type", "application/json") < 0);

	if (failed)
		return hgt_error_nomem(err);
	if (spec->header && evhttp_add_header(headers, spec->header, spec->value) < 0)
		return hgt_error_set(err, HGT_EINVAL, "a header %s that cannot be sent", spec->header);
	if (spec->body && evbuffer_add(evhttp_request_get_output_buffer(call->request), spec->body, spec->body_len) < 0)
		return hgt_error_nomem(err);
	return 0;
}

/* The request, which is ours until it is sent. */
static int make_request(struct call *call, const struct call_spec *spec, struct hgt_error *err)
{
	call->method = strcmp(spec->method, "GET") == 0 ? EVHTTP_REQ_GET :
		strcmp(spec->method, "PUT") == 0 ? EVHTTP_REQ_PUT : EVHTTP_REQ_POST;
	call->path = strdup(spec->path);
	call->request = evhttp_request_new(on_end, call);
	if (!call->request || !call->path)
		return hgt_error_nomem(err);
	evhttp_request_set_header_cb(call->request, on_head);
	evhttp_request_set_chunked_cb(call->request, on_data);
	evhttp_request_set_error_cb(call->request, on_error);
	return add_headers(call, spec, err);
}

/* The address is known: connect and send. */
static int send_request(struct call *call, struct hgt_error *err)
{
	struct caller *caller = call->caller;
	const char *host = caller->resolver ? resolver_address(caller->resolver) : caller->host.data;
	struct bufferevent *bev = caller->tls ? caller->tls->connect(caller->client, caller->base, caller->name.data) : NULL;
	const int on = 1;

	if (caller->tls && !bev)
		return hgt_error_nomem(err);
	/* It takes the bufferevent; plain HTTP gets one of its own. */
	call->connection = evhttp_connection_base_bufferevent_new(caller->base, NULL, bev, host, caller->port);
	if (!call->connection) {
		if (bev)
			bufferevent_free(bev);
		return hgt_error_nomem(err);
	}
	evhttp_connection_set_timeout(call->connection, call->spec.silence);
	evhttp_connection_set_max_headers_size(call->connection, 64 * 1024);
	evhttp_connection_set_max_body_size(call->connection, (ev_ssize_t)call->spec.limit);
	/* From here on the request is the connection's, on failure too. */
	if (evhttp_make_request(call->connection, call->request, call->method, call->path) < 0) {
		call->request = NULL;
		return hgt_error_set(err, HGT_EUNAVAILABLE, "cannot connect to %s", caller->authority.data);
	}
	/* The end of the handshake and the request are two writes: without this the second waits until the first is acknowledged. */
	setsockopt(bufferevent_getfd(evhttp_connection_get_bufferevent(call->connection)), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return 0;
}

/* The address that calls have waited for. */
static void resolved(void *ctx, int code, const struct hgt_error *err)
{
	struct caller *caller = ctx;

	for (struct call *call = caller->calls; call; call = call->next) {
		if (call->connection || call->ended)
			continue;
		if (code < 0) {
			call->err = *err;
			end(call, code);
		} else {
			int failure = send_request(call, &call->err);

			if (failure < 0)
				end(call, failure);
		}
	}
}

int call_start(struct caller *caller, const struct call_spec *spec, struct call **out, struct hgt_error *err)
{
	struct call *call = calloc(1, sizeof(*call));
	int code;

	if (!call)
		return hgt_error_nomem(err);
	call->caller = caller;
	call->spec = *spec;
	hgt_buf_init(&call->problem);
	call->next = caller->calls;
	call->link = &caller->calls;
	if (call->next)
		call->next->link = &call->next;
	caller->calls = call;
	call->finish = event_new(caller->base, -1, 0, finish, call);
	code = call->finish ? make_request(call, spec, err) : hgt_error_nomem(err);
	if (code == 0 && caller->resolver && !resolver_address(caller->resolver))
		code = resolver_ask(caller->resolver, err);
	else if (code == 0)
		code = send_request(call, err);
	if (code < 0) {
		call_free(call);
		return code;
	}
	*out = call;
	return 0;
}

void call_cancel(struct call *call)
{
	if (!call)
		return;
	call->cancelled = true;
	end(call, 0);
}

int call_status(const struct call *call)
{
	return call->status;
}

const char *call_header(const struct call *call, const char *name)
{
	return call->request ? evhttp_find_header(evhttp_request_get_input_headers(call->request), name) : NULL;
}

const char *call_problem(const struct call *call)
{
	return call->problem.data;
}
