/* The HTTP API: doors and connections. */
#include "daemon/http.h"

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
#include <sys/resource.h>
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
#include "daemon/sockets.h"
#include "daemon/stream_socket.h"
#include "daemon/wire_tls.h"
#include "headgate/protocol.h"
#include "tls/load.h"
#include "tls/module.h"

#define HEADERS_MAX (32 * 1024)	/* bytes of a request's first line and headers; the longest query fits in */
#define REQUEST_MS 30000	/* from a connection's accept, or its last answer, to the end of its request */
#define WRITE_SECONDS 60	/* a client that takes nothing for so long is let go */
#define DRAIN_STREAMS_MS 1000	/* for what streams have not taken yet, when the daemon ends */
#define STREAM_SEND_BUFFER (64 * 1024)	/* of the kernel, for one stream: it doubles it */
#define MORE_CONNECTIONS 256	/* beyond limits.streams */
#define OTHER_DESCRIPTORS 64	/* what the rest of the daemon, and the admin socket, need at once */
#define EACH_DESCRIPTORS 2	/* a connection, and the archive that a slow client keeps open */
#define REAP_SECONDS 2		/* after a door has been left; longer than accept_failed waits */
#define FRESH_MAX 512		/* connections of one door that have not made a request yet, or, when that is more, */
#define FRESH_SHARE 4		/* this part of all there may be: past that the oldest goes */
#define ACCEPT_AT_ONCE 256	/* connections of one door, before those that are there have a turn to ask */

/*
 * A connection, from accept to close:
 *
 *	arriving (evhttp is making it) -> waiting (for a whole request, until its deadline) -> answering -> waiting -> ...
 *
 * One that becomes a stream leaves from answering (handover.h); of it only its place in the door's numbers stays here until it
 * closes.
 */
enum connection_state { ARRIVING, WAITING, ANSWERING };

struct connection {
	TAILQ_ENTRY(connection) entry;	/* door->arriving, or http->waiting in order of deadline */
	struct door *door;
	struct evhttp_connection *ev;	/* the key in http->connections */
	struct bufferevent *bev;	/* while arriving: a reference */
	struct peer *peer;		/* of its address; NULL through the admin socket and of a proxy */
	bool doomed;			/* TLS could not be had for want of memory */
	bool proxied;			/* it is a proxy's: each request says for whom */
	enum connection_state state;
	bool fresh;			/* no request yet */
	int64_t deadline_ms;		/* monotonic, while waiting */
	bool mended;			/* on http->mending; what changes its output then is that */
	TAILQ_ENTRY(connection) mending;
	struct request *request;	/* with its endpoint; NULL once it is answered, though the answer may be on its way */
};

TAILQ_HEAD(connection_list, connection);

struct door {
	struct http *http;
	struct evhttp *ev;
	struct evconnlistener *listener;	/* owned by ev */
	bool admin;
	bool metrics;			/* for anyone */
	bool paused;
	const char *path;		/* of the admin socket */
	char *address, *bound;		/* of a TCP one: as the config has it, and with its port */
	bool leaving;			/* the config no longer has it: it goes with its last connection */
	struct tls_server *tls;		/* of a TCP door; NULL: plain HTTP */
	size_t n, n_fresh;		/* connections; of them, fresh ones */
	size_t n_arriving;
	struct connection_list arriving;
	struct event *arrived;
};

struct http {
	struct daemon *daemon;
	const struct tls_module *tls;	/* NULL: no door needs it */
	struct door **doors;
	size_t n_doors;
	struct hgt_map connections;	/* struct evhttp_connection * -> struct connection */
	struct connection_list waiting;
	struct connection_list mending;	/* which evhttp answers by itself, in this turn of the loop */
	struct event *mend;
	struct event *sweep;		/* ends those whose deadline has passed */
	struct event *reap;		/* frees doors that have left */
	size_t most;			/* connections of one kind of door: admin, TCP */
	size_t n_tcp;
	size_t answering;
	size_t streams;			/* connections that have left evhttp */
	int nothing;			/* what evhttp is given to close in place of a stream's socket */
	bool draining;
	int64_t drain_by_ms;		/* monotonic: how long streams may take what is left for them */
	struct http_stats stats;	/* what is counted of them */
};

/* Connections. */

static bool is_crowded(const struct door *door)
{
	return (door->admin ? door->n : door->http->n_tcp) >= door->http->most;
}

/* Pause or resume accepting as the numbers say; those who come meanwhile wait in the kernel's queue. */
static void regulate(struct http *http)
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
	} else {
		http->answering--;
	}
}

static void plan_reap(struct http *http);

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

static void connection_free(struct connection *c)
{
	struct door *door = c->door;

	let_go(c);
	count_connection(door, false);
	door->n_fresh -= c->fresh;
	if (c->ev)
		hgt_map_remove(&door->http->connections, (const char *)&c->ev, sizeof(c->ev));
	free(c);
	regulate(door->http);
	if (door->leaving)
		plan_reap(door->http);
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
	connection_free(c);
}

/*
 * evhttp 2.1 has no word for a new connection before its first request is whole, and that would be too late for a client that
 * never sends one. But it asks for the bufferevent of each, and what it then sets as the argument of the bufferevent's
 * callbacks is the connection. So: note the bufferevent when it is asked for, and look at it once the accept is through.
 */
static struct bufferevent *connection_arrives(struct event_base *base, void *arg)
{
	struct door *door = arg;
	struct bufferevent *bev = door->tls ? door->http->tls->accept(door->tls, base) : NULL;
	bool doomed = door->tls && !bev;
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
	regulate(door->http);
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
		connection_free(c);	/* evhttp had no memory for it */
		bufferevent_decref(bev);
		return;
	}
	leave_state(c);
	wait_for_request(c);
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

static void connections_arrived(evutil_socket_t fd, short what, void *arg)
{
	struct door *door = arg;
	struct connection *c;

	(void)fd;
	(void)what;
	while ((c = TAILQ_FIRST(&door->arriving)))
		connection_arrived(c);
	regulate(door->http);
}

static void accept_again(evutil_socket_t fd, short what, void *listener)
{
	(void)fd;
	(void)what;
	evconnlistener_enable(listener);
}

/* Descriptors have run out, most likely: trying again at once would only keep the processor busy. The event goes with the base, and
 * the listeners live as long as that is run, or for REAP_SECONDS. */
static void accept_failed(struct evconnlistener *listener, void *evhttp)
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

/* evhttp reads a body of POST, PUT and PATCH alone. What another method brings would be taken for the connection's next request, which is not
 * what a proxy before us takes it for: so there is none. */
static bool has_unread_body(struct evhttp_request *ev)
{
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(ev);
	const char *length = evhttp_find_header(headers, "Content-Length");

	if (evhttp_request_get_command(ev) & (EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_PATCH))
		return false;
	return (length && strcmp(length, "0") != 0) || evhttp_find_header(headers, "Transfer-Encoding");
}

static void handle(struct evhttp_request *ev, void *arg)
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
	regulate(http);
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
	if (door->tls)
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
	regulate(door->http);
	if (door->leaving)
		plan_reap(door->http);
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
	/* What does not fit is in the journal, not in ten thousand kernel buffers; on a unix socket the second fails, and that is well. */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead, sizeof(dead));
	return 0;
}

/* Doors. */

static int open_door(struct door *door, int fd, struct hgt_error *err)
{
	struct event_base *base = door->http->daemon->base;

	door->ev = evhttp_new(base);
	door->arrived = event_new(base, -1, 0, connections_arrived, door);
	door->listener = evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!door->listener)
		close(fd);
	if (!door->ev || !door->arrived || !door->listener || !evhttp_bind_listener(door->ev, door->listener)) {
		if (door->listener)
			evconnlistener_free(door->listener);
		door->listener = NULL;
		return hgt_error_nomem(err);
	}
	evconnlistener_set_error_cb(door->listener, accept_failed);
	evhttp_set_max_headers_size(door->ev, HEADERS_MAX);
	evhttp_set_max_body_size(door->ev, HGT_BODY_MAX);
	/* Every method that evhttp knows comes here, so that the answer is JSON. */
	evhttp_set_allowed_methods(door->ev, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
		EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
	/* Who sends a body that is too large is to read the answer, not a reset. */
	evhttp_set_flags(door->ev, EVHTTP_SERVER_LINGERING_CLOSE);
	evhttp_set_default_content_type(door->ev, NULL);
	evhttp_set_bevcb(door->ev, connection_arrives, door);
	evhttp_set_gencb(door->ev, handle, door);
	return 0;
}

static int open_admin(struct http *http, struct door *door, struct hgt_error *err)
{
	const char *path = http->daemon->config->sockets.admin;
	int fd, code = sockets_unix(http->daemon->sockets, SOCKETS_ADMIN, path, 0600, &fd, err);

	if (code < 0)
		return code;
	door->admin = true;
	door->path = path;
	code = open_door(door, fd, err);
	if (code == 0)
		hgt_log(HGT_LOG_INFO, "http", "admin socket is open", HGT_S("path", path));
	return code;
}

/* A client's certificate does not hold; its handshake fails. */
static void certificate_refused(void *ctx, int fd, const char *why)
{
	struct door *door = ctx;
	char host[REQUEST_REMOTE_MAX];

	address_text(fd, host);
	agents_refused(door->http->daemon->agents, &(struct refused){.remote = host}, why);
}

static int open_tls(const struct hgt_config_listen *listen, struct door *door, struct hgt_error *err)
{
	const struct tls_server_files files = {listen->tls.cert, listen->tls.key, listen->tls.client_ca};
	struct http *http = door->http;
	char why[TLS_WHY_MAX];
	int code = http->tls ? 0 : tls_load(&http->tls, err);

	if (code < 0)
		return code;
	door->tls = http->tls->server_new(&files, certificate_refused, door, why, sizeof(why));
	return door->tls ? 0 : hgt_error_set(err, HGT_EINVAL, "listen %s: %s", listen->address, why);
}

/* The certificate of a door that stays, for those who connect from then on; a bad one leaves the old one in force. */
static int reload_certificate(struct door *door, const struct hgt_config_listen *listen, struct hgt_error *err)
{
	const struct tls_server_files files = {listen->tls.cert, listen->tls.key, listen->tls.client_ca};
	char why[TLS_WHY_MAX];

	if (!door->tls != !files.cert)
		return hgt_error_set(err, HGT_EINVAL, "listen %s: whether it speaks TLS cannot change while the daemon runs; restart it",
			door->address);
	if (!door->tls)
		return 0;
	if (!door->http->tls->server_reload(door->tls, &files, why, sizeof(why)))
		return hgt_error_set(err, HGT_EINVAL, "listen %s: %s; the old certificate stays in force", door->address, why);
	hgt_log(HGT_LOG_INFO, "http", "the certificate was read again", HGT_S("address", door->address));
	return 0;
}

static int open_tcp(const struct hgt_config_listen *listen, struct door *door, struct hgt_error *err)
{
	struct hgt_buf bound = HGT_BUF_INIT;
	int fd = -1, code = listen->tls.cert ? open_tls(listen, door, err) : 0;

	door->metrics = listen->metrics;
	door->address = strdup(listen->address);
	if (code == 0 && !door->address)
		code = hgt_error_nomem(err);
	if (code == 0)
		code = sockets_tcp(door->http->daemon->sockets, listen, &fd, &bound, err);
	if (code == 0)
		code = open_door(door, fd, err);
	door->bound = hgt_buf_take(&bound);
	if (code == 0 && !door->bound)
		code = hgt_error_nomem(err);
	if (code == 0)
		hgt_log(HGT_LOG_INFO, "http", "listening", HGT_S("address", door->bound), HGT_S("tls", door->tls ? "yes" : "no"));
	return code;
}

/* A new door at the end of the list, which closes it again when it cannot be opened. listen NULL: the admin socket. */
static int add_door(struct http *http, const struct hgt_config_listen *listen, struct hgt_error *err)
{
	struct door **doors = reallocarray(http->doors, http->n_doors + 1, sizeof(struct door *));
	struct door *door = doors ? calloc(1, sizeof(*door)) : NULL;

	if (doors)
		http->doors = doors;
	if (!door)
		return hgt_error_nomem(err);
	door->http = http;
	TAILQ_INIT(&door->arriving);
	http->doors[http->n_doors++] = door;
	return listen ? open_tcp(listen, door, err) : open_admin(http, door, err);
}

/* As many connections as the config wants and the descriptors allow. */
static size_t find_most(size_t wanted)
{
	const size_t best = EACH_DESCRIPTORS * wanted + OTHER_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return wanted;
	if (limit.rlim_cur < best && limit.rlim_cur < limit.rlim_max) {
		const struct rlimit raised = {.rlim_max = limit.rlim_max, .rlim_cur = best < limit.rlim_max ? best : limit.rlim_max};

		if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
			limit = raised;
	}
	if (limit.rlim_cur >= wanted + OTHER_DESCRIPTORS)
		return wanted;
	hgt_log(HGT_LOG_WARNING, "http", "fewer descriptors than limits.streams asks for", HGT_I("descriptors", limit.rlim_cur));
	return limit.rlim_cur > 2 * OTHER_DESCRIPTORS ? limit.rlim_cur - OTHER_DESCRIPTORS : OTHER_DESCRIPTORS / 2;
}

static void reap(evutil_socket_t fd, short what, void *arg);

int http_new(struct daemon *daemon, struct http **out, struct hgt_error *err)
{
	const struct hgt_config *config = daemon->config;
	struct http *http = calloc(1, sizeof(*http));
	int code = 0;

	if (!http)
		return hgt_error_nomem(err);
	http->daemon = daemon;
	http->most = find_most((size_t)config->limits.streams + MORE_CONNECTIONS);
	TAILQ_INIT(&http->waiting);
	TAILQ_INIT(&http->mending);
	http->mend = event_new(daemon->base, -1, 0, mend, http);
	http->sweep = evtimer_new(daemon->base, sweep, http);
	http->nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	http->reap = evtimer_new(daemon->base, reap, http);
	if (!http->sweep || !http->reap || !http->mend)
		code = hgt_error_nomem(err);
	else if (http->nothing < 0)
		code = hgt_error_set_errno(err, "cannot open /dev/null");
	for (size_t i = 0; code == 0 && i < 1 + config->n_listen; i++)
		code = add_door(http, i ? &config->listen[i - 1] : NULL, err);
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
	regulate(http);
	/* Streams end; one whose client takes nothing of what is left for it misses nothing by that: it has its cursor. */
	if (hgt_time_mono_ms() < http->drain_by_ms)
		hub_end_all(http->daemon->hub);
	else
		hub_close_all(http->daemon->hub);
	return http->answering == 0 && http->streams == 0;
}

static void close_door(struct door *door)
{
	const struct daemon *daemon = door->http->daemon;
	struct connection *c;

	door->listener = NULL;	/* evhttp_free frees it */
	if (door->ev)
		evhttp_free(door->ev);
	while ((c = TAILQ_FIRST(&door->arriving))) {
		bufferevent_decref(c->bev);
		connection_free(c);
	}
	if (door->arrived)
		event_free(door->arrived);
	if (door->tls)
		door->http->tls->server_free(door->tls);
	if (door->path && !daemon->upgrading)
		sockets_remove(daemon->sockets, SOCKETS_ADMIN, door->path);
	free(door->address);
	free(door->bound);
	free(door);
}

/* Reload: doors come and go. */

static void forget_door(struct http *http, size_t at)
{
	struct door *door = http->doors[at];

	memmove(http->doors + at, http->doors + at + 1, (http->n_doors - at - 1) * sizeof(struct door *));
	http->n_doors--;
	close_door(door);
}

static void reap(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;

	(void)fd;
	(void)what;
	for (size_t i = http->n_doors; i-- > 0;)
		if (http->doors[i]->leaving && !http->doors[i]->n)
			forget_door(http, i);
}

/* Later: evhttp is in the middle of closing a connection, and accept_failed may yet want to enable the listener. */
static void plan_reap(struct http *http)
{
	const struct timeval later = {.tv_sec = REAP_SECONDS};

	if (!http->draining)
		evtimer_add(http->reap, &later);
}

/* Nobody comes in here any more; those who are in stay. */
static void leave_door(struct door *door)
{
	struct http *http = door->http;

	hgt_log(HGT_LOG_INFO, "http", "listening no longer", HGT_S("address", door->bound), HGT_I("connections", door->n));
	door->leaving = true;
	evconnlistener_disable(door->listener);
	/* The listener stays as long as its evhttp; the socket does not. */
	if (dup3(http->nothing, evconnlistener_get_fd(door->listener), O_CLOEXEC) < 0)
		hgt_log(HGT_LOG_WARNING, "http", "a socket cannot be closed", HGT_S("address", door->bound));
	sockets_drop_tcp(http->daemon->sockets, door->bound);
	plan_reap(http);
}

/* Which of the first n_doors an entry means, of those that no other entry has taken; n_doors for none. */
static size_t find_door(const struct http *http, size_t n_doors, const struct hgt_config_listen *listen,
	const struct hgt_config_listen *const *taken)
{
	size_t at = 0;

	for (; at < n_doors; at++) {
		const struct door *door = http->doors[at];

		if (!door->admin && !door->leaving && !taken[at] && strcmp(door->address, listen->address) == 0)
			break;
	}
	return at;
}

/* The entries of a config whose doors are open: taken[n] is that of doors[n]. New doors are added for the others. */
static int open_missing(struct http *http, size_t before, const struct hgt_config *config, const struct hgt_config_listen **taken,
	struct hgt_error *err)
{
	int code = 0;

	for (size_t i = 0; i < config->n_listen && code == 0; i++) {
		size_t at = find_door(http, before, &config->listen[i], taken);

		if (at == before) {
			code = add_door(http, &config->listen[i], err);
		} else {
			taken[at] = &config->listen[i];
			code = reload_certificate(http->doors[at], &config->listen[i], err);
		}
	}
	return code;
}

int http_reload(struct http *http, const struct hgt_config *config, struct hgt_error *err)
{
	const size_t before = http->n_doors;
	const struct hgt_config_listen **taken = calloc(before, sizeof(*taken));
	int code = taken ? open_missing(http, before, config, taken, err) : hgt_error_nomem(err);

	while (code < 0 && http->n_doors > before) {
		struct door *last = http->doors[http->n_doors - 1];

		if (last->bound)
			sockets_drop_tcp(http->daemon->sockets, last->bound);
		forget_door(http, http->n_doors - 1);
	}
	/* From here on nothing fails. */
	for (size_t i = 0; i < before && code == 0; i++) {
		struct door *door = http->doors[i];

		if (taken[i])
			door->metrics = taken[i]->metrics;
		else if (!door->admin && !door->leaving)
			leave_door(door);
	}
	if (code == 0)
		http->most = find_most((size_t)config->limits.streams + MORE_CONNECTIONS);
	regulate(http);
	free(taken);
	return code;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	http->draining = true;
	hub_close_all(http->daemon->hub);
	for (size_t i = 0; i < http->n_doors; i++)
		close_door(http->doors[i]);
	if (http->reap)
		event_free(http->reap);
	if (http->sweep)
		event_free(http->sweep);
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
