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
#include "daemon/listen.h"
#include "daemon/request.h"
#include "daemon/routes.h"
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
	char *address;			/* of a TCP door, as the config has it */
	struct tls_server *tls;		/* NULL: plain HTTP */
	size_t n, n_fresh;		/* connections; of them, fresh ones */
	size_t n_arriving;
	struct connection_list arriving;
	struct event *arrived;
};

struct http {
	struct daemon *daemon;
	const struct tls_module *tls;	/* NULL: no door needs it */
	struct door *doors;
	size_t n_doors;
	struct hgt_map connections;	/* struct evhttp_connection * -> struct connection */
	struct connection_list waiting;
	struct connection_list mending;	/* which evhttp answers by itself, in this turn of the loop */
	struct event *mend;
	struct event *sweep;		/* ends those whose deadline has passed */
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
		struct door *door = &http->doors[i];
		bool pause = http->draining || is_crowded(door) || door->n_arriving >= ACCEPT_AT_ONCE;

		if (pause == door->paused || !door->listener)
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
 * the listeners live as long as that is run. */
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
	int fd, code = listen_unix(path, 0600, &fd, err);

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

int http_reload_certificates(struct http *http, const struct hgt_config *config, struct hgt_error *err)
{
	int code = 0;

	for (size_t i = 0; i < http->n_doors; i++) {
		struct door *door = &http->doors[i];

		for (size_t k = 0; door->tls && k < config->n_listen; k++) {
			const struct hgt_config_listen *listen = &config->listen[k];
			const struct tls_server_files files = {listen->tls.cert, listen->tls.key, listen->tls.client_ca};
			char why[TLS_WHY_MAX];

			if (strcmp(listen->address, door->address) != 0 || !files.cert)
				continue;
			if (http->tls->server_reload(door->tls, &files, why, sizeof(why))) {
				hgt_log(HGT_LOG_INFO, "http", "the certificate was read again", HGT_S("address", door->address));
				break;
			}
			code = hgt_error_set(err, HGT_EINVAL, "listen %s: %s; the old certificate stays in force", door->address, why);
			hgt_log(HGT_LOG_ERROR, "http", err ? err->message : why);
			break;
		}
	}
	return code;
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
		code = listen_tcp(listen, &fd, &bound, err);
	if (code == 0)
		code = open_door(door, fd, err);
	if (code == 0)
		hgt_log(HGT_LOG_INFO, "http", "listening", HGT_S("address", bound.data), HGT_S("tls", door->tls ? "yes" : "no"));
	hgt_buf_release(&bound);
	return code;
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
	http->doors = calloc(1 + config->n_listen, sizeof(*http->doors));
	http->sweep = evtimer_new(daemon->base, sweep, http);
	http->nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (!http->doors || !http->sweep || !http->mend)
		code = hgt_error_nomem(err);
	else if (http->nothing < 0)
		code = hgt_error_set_errno(err, "cannot open /dev/null");
	for (size_t i = 0; code == 0 && i < 1 + config->n_listen; i++) {
		struct door *door = &http->doors[i];

		door->http = http;
		TAILQ_INIT(&door->arriving);
		http->n_doors++;
		code = i ? open_tcp(&config->listen[i - 1], door, err) : open_admin(http, door, err);
	}
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
	free(door->address);
	if (door->path)
		unlink(door->path);
}

void http_free(struct http *http)
{
	if (!http)
		return;
	http->draining = true;
	hub_close_all(http->daemon->hub);
	for (size_t i = 0; i < http->n_doors; i++)
		close_door(&http->doors[i]);
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
		if (http->doors[i].admin)
			out->admin += http->doors[i].n;
	out->tcp = http->n_tcp;
	out->answering = http->answering;
	out->most = http->most;
}
