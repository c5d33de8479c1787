/* Requests to the daemon. */
#include "agent/call.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/io.h"
#include "doc/doc.h"

#define TOKEN_MAX 512
#define PROBLEM_MAX (64 * 1024)	/* bytes kept of the body of an answer that is an error */
#define PORT_DEFAULT 80

struct caller {
	struct event_base *base;
	struct hgt_buf host;		/* a numeric address */
	struct hgt_buf authority;	/* of the Host header */
	uint16_t port;
	struct hgt_buf credentials;	/* "Bearer ..." */
	struct call *calls;
};

/*
 * evhttp calls back from within its own work on the connection, where that must not be freed. So whatever ends a call only notes the
 * outcome and makes `finish` active; from there, outside of evhttp, the connection is freed and `done` is called.
 */
struct call {
	struct caller *caller;
	struct call *next, **link;
	struct call_spec spec;		/* its strings are not kept */
	struct evhttp_connection *connection;
	struct evhttp_request *request;	/* NULL once evhttp is through with it */
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

static int take_host(struct caller *caller, const char *host, struct hgt_error *err)
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
	if (!is_loopback(caller->host.data))
		return hgt_error_set(err, HGT_EPERM, "server %s is not on loopback: plain HTTP would show the token to the network; "
			"use a TLS tunnel that listens on loopback", host);
	return 0;
}

static int take_url(struct caller *caller, const char *url, struct hgt_error *err)
{
	struct evhttp_uri *uri = evhttp_uri_parse(url);
	const char *scheme = uri ? evhttp_uri_get_scheme(uri) : NULL;
	const char *host = uri ? evhttp_uri_get_host(uri) : NULL;
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	int port = uri ? evhttp_uri_get_port(uri) : -1;
	int code;

	if (scheme && strcmp(scheme, "https") == 0)
		code = hgt_error_set(err, HGT_EUNSUPPORTED, "server %s: this version does not speak TLS; use a TLS tunnel that "
			"listens on loopback, and its http:// address", url);
	else if (!scheme || strcmp(scheme, "http") != 0 || !host || !*host || (path && *path && strcmp(path, "/") != 0) ||
		evhttp_uri_get_query(uri) || evhttp_uri_get_fragment(uri) || evhttp_uri_get_userinfo(uri) || port == 0 || port > 65535)
		code = hgt_error_set(err, HGT_EINVAL, "server %s: expected a URL such as http://127.0.0.1:7420", url);
	else
		code = take_host(caller, host, err);
	if (code == 0) {
		caller->port = port < 0 ? PORT_DEFAULT : (uint16_t)port;
		hgt_buf_addf(&caller->authority, "%s:%u", host, (unsigned)caller->port);
		code = hgt_buf_check(&caller->authority, err);
	}
	if (uri)
		evhttp_uri_free(uri);
	return code;
}

int caller_new(struct event_base *base, const char *url, struct caller **out, struct hgt_error *err)
{
	struct caller *caller = calloc(1, sizeof(*caller));
	int code;

	if (!caller)
		return hgt_error_nomem(err);
	caller->base = base;
	hgt_buf_init(&caller->host);
	hgt_buf_init(&caller->authority);
	hgt_buf_init(&caller->credentials);
	code = take_url(caller, url, err);
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
	hgt_buf_release(&caller->host);
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
	evhttp_connection_free(call->connection);
	call->connection = NULL;
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
		end(call, hgt_error_set(&call->err, HGT_EUNAVAILABLE, "the server has closed the connection"));
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
		end(call, hgt_error_set(&call->err, HGT_EUNAVAILABLE, "cannot connect to %s", call->caller->authority.data));
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
		evhttp_add_header(headers, "Authorization", call->caller->credentials.data) < 0 ||
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

static int make_request(struct call *call, const struct call_spec *spec, struct hgt_error *err)
{
	enum evhttp_cmd_type method = strcmp(spec->method, "GET") == 0 ? EVHTTP_REQ_GET :
		strcmp(spec->method, "PUT") == 0 ? EVHTTP_REQ_PUT : EVHTTP_REQ_POST;
	int code;

	call->request = evhttp_request_new(on_end, call);
	if (!call->request)
		return hgt_error_nomem(err);
	evhttp_request_set_header_cb(call->request, on_head);
	evhttp_request_set_chunked_cb(call->request, on_data);
	evhttp_request_set_error_cb(call->request, on_error);
	code = add_headers(call, spec, err);
	if (code < 0) {
		evhttp_request_free(call->request);
		call->request = NULL;
		return code;
	}
	/* From here on the request is the connection's, on failure too. */
	if (evhttp_make_request(call->connection, call->request, method, spec->path) < 0)
		return hgt_error_set(err, HGT_EUNAVAILABLE, "cannot connect to %s", call->caller->authority.data);
	return 0;
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
	call->connection = evhttp_connection_base_new(caller->base, NULL, caller->host.data, caller->port);
	if (!call->finish || !call->connection) {
		code = hgt_error_nomem(err);
		goto fail;
	}
	evhttp_connection_set_timeout(call->connection, spec->silence);
	evhttp_connection_set_max_headers_size(call->connection, 64 * 1024);
	evhttp_connection_set_max_body_size(call->connection, (ev_ssize_t)spec->limit);
	code = make_request(call, spec, err);
	if (code < 0)
		goto fail;
	*out = call;
	return 0;
fail:
	call_free(call);
	return code;
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
