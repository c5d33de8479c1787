/* The HTTP API: connections, and the requests that come by them. http_doors.c has where they come in. */
#include "daemon/http_private.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "base/timing.h"
#include "daemon/address.h"
#include "daemon/agents.h"
#include "daemon/guard.h"
#include "daemon/http_errors.h"
#include "daemon/handover.h"
#include "daemon/hub.h"
#include "daemon/request.h"
#include "daemon/routes.h"
#include "daemon/stream_socket.h"
#include "daemon/wire_tls.h"
#include "headgate/protocol.h"
#include "tls/module.h"

#define REQUEST_MS 30000	/* from a connection's accept, or its last answer, to the end of its request */
#define WRITE_SECONDS 60	/* a client that takes nothing for so long is let go */
#define DRAIN_STREAMS_MS 1000	/* for what streams have not taken yet, when the daemon ends */
#define STREAM_SEND_BUFFER (64 * 1024)	/* of the kernel, for one stream: it doubles it */
#define FRESH_MAX 512		/* connections of one door that have not made a request yet, or, when that is more, */
#define FRESH_SHARE 4		/* this part of all there may be: past that the oldest goes */
#define ACCEPT_AT_ONCE 256	/* connections of one door, before those that are there have a turn to ask */

/* Connections. */

static bool is_crowded(const struct door *door)
{
	return (door->admin ? door->n : door->http->n_tcp) >= door->http->most;
}

/* Pause or resume accepting as the numbers say; those who come meanwhile wait in the kernel's queue. */
void http_regulate(struct http *http)
{
	for (size_t i = 0; i < http->n_doors; i++) {
		struct door *door = http->doors[i];
		bool pause = http->draining || is_crowded(door) || door->n_arriving >= ACCEPT_AT_ONCE;

		if (pause == door->paused || !door->listener || door->leaving)
			continue;
		door->paused = pause;
		if (pause)
			evconnlistener_disable(door->listener);
		else
			evconnlistener_enable(door->listener);
	}
}

/* A door's connections: one more, or one less. */
static void count_connection(struct door *door, bool more)
{
	door->http->stats.accepted += more;
	door->n += more ? 1 : (size_t)-1;
	if (!door->admin)
		door->http->n_tcp += more ? 1 : (size_t)-1;
}

static void plan_sweep(struct http *http)
{
	struct connection *first = TAILQ_FIRST(&http->waiting);
	int64_t in_ms;
	struct timeval tv;

	if (!first || evtimer_pending(http->sweep, NULL))
		return;
	in_ms = first->deadline_ms - hgt_time_mono_ms();
	if (in_ms < 100)
		in_ms = 100;
	tv = (struct timeval){.tv_sec = in_ms / 1000, .tv_usec = in_ms % 1000 * 1000};
	evtimer_add(http->sweep, &tv);
}

static void sweep(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;
	int64_t now = hgt_time_mono_ms();
	struct connection *c;

	(void)fd;
	(void)what;
	while ((c = TAILQ_FIRST(&http->waiting)) && c->deadline_ms <= now)
		evhttp_connection_free(c->ev);	/* calls connection_closed */
	plan_sweep(http);
}

static void wait_for_request(struct connection *c)
{
	struct http *http = c->door->http;

	c->state = WAITING;
	c->deadline_ms = hgt_time_mono_ms() + REQUEST_MS;
	TAILQ_INSERT_TAIL(&http->waiting, c, entry);
	plan_sweep(http);
}

static void leave_state(struct connection *c)
{
	struct http *http = c->door->http;

	if (c->state == ARRIVING) {
		TAILQ_REMOVE(&c->door->arriving, c, entry);
		c->door->n_arriving--;
	} else if (c->state == WAITING) {
		TAILQ_REMOVE(&http->waiting, c, entry);
		handshakes_forget(c);
	} else {
		http->answering--;
	}
}

static void output_changed(struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg);

/* It is no longer looked after here. */
static void let_go(struct connection *c)
{
	struct http *http = c->door->http;

	leave_state(c);
	if (c->mended)
		TAILQ_REMOVE(&http->mending, c, mending);
	if (c->ev)
		evbuffer_remove_cb(bufferevent_get_output(evhttp_connection_get_bufferevent(c->ev)), output_changed, c);
	guard_disconnect(http->daemon->guard, c->peer);
}

void http_connection_free(struct connection *c)
{
	struct door *door = c->door;

	let_go(c);
	count_connection(door, false);
	door->n_fresh -= c->fresh;
	if (c->ev)
		hgt_map_remove(&door->http->connections, (const char *)&c->ev, sizeof(c->ev));
	free(c);
	http_regulate(door->http);
	if (door->leaving)
		doors_plan_reap(door->http);
}

/* evhttp is about to free the connection. */
static void connection_closed(struct evhttp_connection *ev, void *arg)
{
	struct connection *c = arg;
	struct request *request = c->request;

	(void)ev;
	if (request) {
		/* evhttp lets go of a request that is not answered when its client goes, and then it is ours to free; it keeps and
		 * frees it when it is itself being freed. */
		if (!evhttp_request_get_connection(request->ev))
			evhttp_request_free(request->ev);
		request->ev = NULL;
		request->connection = NULL;
		if (request->gone)
			request->gone(request->gone_ctx);
	}
	http_connection_free(c);
}

/*
 * evhttp 2.1 has no word for a new connection before its first request is whole, and that would be too late for a client that
 * never sends one. But it asks for the bufferevent of each, and what it then sets as the argument of the bufferevent's
 * callbacks is the connection. So: note the bufferevent when it is asked for, and look at it once the accept is through.
 */
struct bufferevent *http_connection_arrives(struct event_base *base, void *arg)
{
	struct door *door = arg;
	struct bufferevent *bev = door->certificate ? certificate_accept(door) : NULL;
	bool doomed = door->certificate && !bev;
	struct connection *c;

	if (!bev)
		bev = bufferevent_socket_new(base, -1, 0);
	c = bev ? calloc(1, sizeof(*c)) : NULL;
	if (!c)
		return bev;	/* it gets 503 and nothing else; evhttp makes its own when there is none */
	bufferevent_incref(bev);
	c->doomed = doomed;
	c->door = door;
	c->bev = bev;
	c->state = ARRIVING;
	c->fresh = true;
	TAILQ_INSERT_TAIL(&door->arriving, c, entry);
	count_connection(door, true);
	door->n_fresh++;
	door->n_arriving++;
	http_regulate(door->http);
	event_active(door->arrived, EV_TIMEOUT, 0);
	return bev;
}

/* Whoever means to ask does so soon: those who only hold connections open make room for those who come. */
static void drop_oldest_fresh(struct door *door)
{
	struct connection *c;

	TAILQ_FOREACH(c, &door->http->waiting, entry) {
		if (c->fresh && c->door == door) {
			evhttp_connection_free(c->ev);	/* calls connection_closed */
			return;
		}
	}
}

/* evhttp has put an answer of its own into the output, for no request has come to `handle`. It is sent in the loop's next turn. */
static void output_changed(struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg)
{
	struct connection *c = arg;
	struct http *http = c->door->http;

	(void)output;
	if (c->state != WAITING || c->mended || !info->n_added || info->orig_size)
		return;
	c->mended = true;
	TAILQ_INSERT_TAIL(&http->mending, c, mending);
	event_active(http->mend, EV_TIMEOUT, 0);
}

static void mend(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;
	struct connection *c;

	(void)fd;
	(void)what;
	while ((c = TAILQ_FIRST(&http->mending))) {
		http_errors_replace(bufferevent_get_output(evhttp_connection_get_bufferevent(c->ev)));
		TAILQ_REMOVE(&http->mending, c, mending);
		c->mended = false;
	}
}

static void connection_arrived(struct connection *c)
{
	const struct timeval write_timeout = {.tv_sec = WRITE_SECONDS};
	struct http *http = c->door->http;
	struct bufferevent *bev = c->bev;
	void *ev = NULL;
	const int on = 1;

	bufferevent_getcb(bev, NULL, NULL, NULL, &ev);
	c->bev = NULL;
	if (!ev || evhttp_connection_get_bufferevent(ev) != bev) {
		http_connection_free(c);	/* evhttp had no memory for it */
		bufferevent_decref(bev);
		return;
	}
	leave_state(c);
	wait_for_request(c);
	if (c->door->certificate)
		handshakes_add(c);
	c->ev = ev;
	evhttp_connection_set_closecb(ev, connection_closed, c);
	/* A read timeout would end streams, which have nothing to send; the deadline is in its place. */
	bufferevent_set_timeouts(bev, NULL, &write_timeout);
	/* Without memory for this an answer of evhttp's own is HTML. */
	evbuffer_add_cb(bufferevent_get_output(bev), output_changed, c);
	/* What a client may send ahead while it is being answered. */
	bufferevent_setwatermark(bev, EV_READ, 0, HGT_BODY_MAX + HEADERS_MAX);
	if (!c->door->admin)
		setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (c->doomed || (!c->door->admin && !address_admit(http->daemon, bufferevent_getfd(bev), &c->peer, &c->proxied))) {
		bufferevent_decref(bev);
		evhttp_connection_free(ev);	/* calls connection_closed */
		return;
	}
	bufferevent_decref(bev);
	if (hgt_map_put(&http->connections, (const char *)&c->ev, sizeof(c->ev), c, NULL) < 0)
		evhttp_connection_free(ev);
	else if (c->door->n_fresh > FRESH_MAX && c->door->n_fresh > http->most / FRESH_SHARE)
		drop_oldest_fresh(c->door);
}

void http_connections_arrived(evutil_socket_t fd, short what, void *arg)
{
	struct door *door = arg;
	struct connection *c;

	(void)fd;
	(void)what;
	while ((c = TAILQ_FIRST(&door->arriving)))
		connection_arrived(c);
	http_regulate(door->http);
}

static void accept_again(evutil_socket_t fd, short what, void *listener)
{
	(void)fd;
	(void)what;
	evconnlistener_enable(listener);
}

/* Descriptors have run out, most likely: trying again at once would only keep the processor busy. The event goes with the base, and
 * the listeners live as long as that is run, or for REAP_SECONDS. */
void http_accept_failed(struct evconnlistener *listener, void *evhttp)
{
	const struct timeval pause = {.tv_sec = 1};
	struct hgt_error err = {0};

	(void)evhttp;
	hgt_error_set_errno(&err, "cannot accept a connection");
	hgt_log(HGT_LOG_WARNING, "http", err.message);
	evconnlistener_disable(listener);
	if (event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, accept_again, listener, &pause) < 0)
		evconnlistener_enable(listener);
}

/* Requests. */

/* The answer is on its way to the kernel: the connection may send its next request. */
static void answer_sent(struct evhttp_request *ev, void *arg)
{
	struct connection *c = arg;

	(void)ev;
	leave_state(c);
	wait_for_request(c);
}

void connection_answered(struct connection *connection, struct request *request)
{
	if (connection->request == request)
		connection->request = NULL;
}

/* evhttp reads a body of POST, PUT and PATCH alone. What another method brings would be taken for the connection's next request,
 * which is not
 * what a proxy before us takes it for: so there is none. */
static bool has_unread_body(struct evhttp_request *ev)
{
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(ev);
	const char *length = evhttp_find_header(headers, "Content-Length");

	if (evhttp_request_get_command(ev) & (EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_PATCH))
		return false;
	return (length && strcmp(length, "0") != 0) || evhttp_find_header(headers, "Transfer-Encoding");
}

void http_handle(struct evhttp_request *ev, void *arg)
{
	struct door *door = arg;
	struct http *http = door->http;
	struct evhttp_connection *ev_connection = evhttp_request_get_connection(ev);
	struct connection *c = hgt_map_get(&http->connections, (const char *)&ev_connection, sizeof(ev_connection));
	struct request *request = c ? calloc(1, sizeof(*request)) : NULL;
	char *peer = NULL;
	ev_uint16_t port;

	if (!request) {
		evhttp_send_error(ev, 503, request_reason(503));
		return;
	}
	leave_state(c);
	c->state = ANSWERING;
	http->answering++;
	door->n_fresh -= c->fresh;
	c->fresh = false;
	c->request = request;
	http_regulate(http);
	request->daemon = http->daemon;
	request->ev = ev;
	request->connection = c;
	request->may_scrape = door->metrics;
	evhttp_connection_get_peer(ev_connection, &peer, &port);
	if (!door->admin && peer)
		snprintf(request->remote, sizeof(request->remote), "%s", peer);
	request->peer = c->peer;
	if (c->proxied)
		address_forwarded(request);
	evhttp_request_set_on_complete_cb(ev, answer_sent, c);
	if (http->draining) {
		request_header(request, "Connection", "close");
		request_reply_error(request, 503, NULL, "the daemon is shutting down");
		return;
	}
	if (has_unread_body(ev))
		request_header(request, "Connection", "close");
	if (door->certificate)
		request->tls = http->tls;
	routes_dispatch(request, door->admin, bufferevent_getfd(evhttp_connection_get_bufferevent(ev_connection)));
}

/* Streams: handover.h. */

bool handover_speaks_http11(const struct request *request)
{
	return request->ev->major > 1 || (request->ev->major == 1 && request->ev->minor >= 1);
}

/* A stream's socket has been closed. */
static void stream_left(void *arg)
{
	struct door *door = arg;

	door->http->streams--;
	count_connection(door, false);
	http_regulate(door->http);
	if (door->leaving)
		doors_plan_reap(door->http);
}

/* The connection without its socket; its place at the door stays taken. */
static void leave_evhttp(struct connection *c, struct evhttp_connection *ev)
{
	struct http *http = c->door->http;

	let_go(c);
	hgt_map_remove(&http->connections, (const char *)&c->ev, sizeof(c->ev));
	http->streams++;
	free(c);
	evhttp_connection_set_closecb(ev, NULL, NULL);
	evhttp_connection_free(ev);	/* and its request */
}

int handover_take(struct request *request, struct wire *wire, struct hgt_error *err)
{
	const int buffer = STREAM_SEND_BUFFER, dead = STREAM_STUCK_MS;
	struct connection *c = request->connection;
	struct evhttp_connection *ev = c->ev;
	struct door *door = c->door;
	struct bufferevent *bev = evhttp_connection_get_bufferevent(ev);
	int old = bufferevent_getfd(bev), fd = fcntl(old, F_DUPFD_CLOEXEC, 3), code = 0;
	struct tls_line *line = NULL;

	if (fd < 0)
		return hgt_error_set_errno(err, "cannot take a stream's socket over");
	/* Off the loop's epoll before the number means something else. */
	bufferevent_disable(bev, EV_READ | EV_WRITE);
	if (dup3(door->http->nothing, old, O_CLOEXEC) < 0) {
		code = hgt_error_set_errno(err, "cannot take a stream's socket over");
	} else if (request->tls && !(line = request->tls->line_take(bev, fd))) {
		dup3(fd, old, O_CLOEXEC);
		code = hgt_error_nomem(err);
	}
	if (code < 0) {
		close(fd);
		bufferevent_enable(bev, EV_READ | EV_WRITE);
		return code;
	}
	if (line)
		wire_tls(wire, fd, line);
	else
		wire_plain(wire, fd);
	wire->left = stream_left;
	wire->left_ctx = door;
	request->ev = NULL;
	request->connection = NULL;
	leave_evhttp(c, ev);
	/* Where the bufferevent would close its socket itself, evhttp does not, and it has none any more. */
	if (line)
		close(old);
	/* What does not fit is in the journal, not in ten thousand kernel buffers; on a unix socket the second fails, and that
	 * is well. */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead, sizeof(dead));
	return 0;
}

/* The whole. */

int http_new(struct daemon *daemon, struct http **out, struct hgt_error *err)
{
	const struct hgt_config *config = daemon->config;
	struct http *http = calloc(1, sizeof(*http));
	int code = 0;

	if (!http)
		return hgt_error_nomem(err);
	http->daemon = daemon;
	http->most = http_find_most(config);
	TAILQ_INIT(&http->waiting);
	TAILQ_INIT(&http->mending);
	http->mend = event_new(daemon->base, -1, 0, mend, http);
	http->sweep = evtimer_new(daemon->base, sweep, http);
	http->nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	http->reap = evtimer_new(daemon->base, doors_reap, http);
	if (!handshakes_init(http) || !http->sweep || !http->reap || !http->mend)
		code = hgt_error_nomem(err);
	else if (http->nothing < 0)
		code = hgt_error_set_errno(err, "cannot open /dev/null");
	for (size_t i = 0; code == 0 && i < 1 + config->n_listen; i++)
		code = door_add(http, i ? &config->listen[i - 1] : NULL, err);
	if (code < 0) {
		http_free(http);
		return code;
	}
	*out = http;
	return 0;
}

int http_drain(struct http *http)
{
	if (!http->draining)
		http->drain_by_ms = hgt_time_mono_ms() + DRAIN_STREAMS_MS;
	http->draining = true;
	http_regulate(http);
	/* Streams end; one whose client takes nothing of what is left for it misses nothing by that: it has its cursor. */
	if (hgt_time_mono_ms() < http->drain_by_ms)
		hub_end_all(http->daemon->hub);
	else
		hub_close_all(http->daemon->hub);
	return http->answering == 0 && http->streams == 0;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	http->draining = true;
	hub_close_all(http->daemon->hub);
	/* A connection that goes with its door looks at all doors that are left. */
	while (http->n_doors)
		door_close(http->doors[--http->n_doors]);
	if (http->reap)
		event_free(http->reap);
	if (http->sweep)
		event_free(http->sweep);
	if (http->end_handshakes)
		event_free(http->end_handshakes);
	if (http->mend)
		event_free(http->mend);
	hgt_map_release(&http->connections);
	if (http->nothing >= 0)
		close(http->nothing);
	free(http->doors);
	free(http);
}

void http_stats(const struct http *http, struct http_stats *out)
{
	*out = http->stats;
	for (size_t i = 0; i < http->n_doors; i++)
		if (http->doors[i]->admin)
			out->admin += http->doors[i]->n;
	out->tcp = http->n_tcp;
	out->answering = http->answering;
	out->most = http->most;
}
