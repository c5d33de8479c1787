/*
 * The HTTP side, for its own sources: http.c (connections and requests), http_handshakes.c (what is before them), and http_doors.c
 * (where they come in, and how that changes).
 */
#ifndef HEADGATE_DAEMON_HTTP_PRIVATE_H
#define HEADGATE_DAEMON_HTTP_PRIVATE_H

#include <event2/util.h>
#include <sys/queue.h>

#include "base/map.h"
#include "daemon/http.h"

#define HEADERS_MAX (32 * 1024)	/* bytes of a request's first line and headers; the longest query fits in */

struct bufferevent;
struct certificate;
struct evconnlistener;
struct event;
struct evhttp;
struct evhttp_connection;
struct evhttp_request;
struct peer;
struct request;
struct tls_module;

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
	TAILQ_ENTRY(connection) handshake;	/* http->handshakes, */
	int64_t handshake_by_ms;	/* until then; 0: it is not on that */
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
	struct certificate *certificate;	/* of a TCP door; NULL: plain HTTP */
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
	struct connection_list handshakes;	/* of TLS, in order of their ends: it may be over, but that has not been looked at */
	struct event *end_handshakes;
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

/* http.c */

/* Pause or resume accepting as the numbers say. */
void http_regulate(struct http *http);

/* Callbacks of libevent; the argument is a door. */
struct bufferevent *http_connection_arrives(struct event_base *base, void *door);
void http_connections_arrived(evutil_socket_t fd, short what, void *door);
void http_handle(struct evhttp_request *ev, void *door);
void http_accept_failed(struct evconnlistener *listener, void *evhttp);

void http_connection_free(struct connection *c);

/* http_handshakes.c: a connection through a door of TLS has another deadline for its handshake. */
bool handshakes_init(struct http *http);	/* false: out of memory */
void handshakes_add(struct connection *c);
void handshakes_forget(struct connection *c);	/* one that is not there, too */

/*
 * http_certificates.c: open makes the door speak TLS; reload reads what the config names now, for those who come from then on, and
 * fails with what was there still in force. accept makes the bufferevent of one who comes (NULL: out of memory), after a look, once
 * a minute, whether the files have changed meanwhile: then they are read again.
 */
int certificate_open(struct door *door, const struct hgt_config_listen *listen, struct hgt_error *err) HGT_MUST_CHECK;
int certificate_reload(struct door *door, const struct hgt_config_listen *listen, struct hgt_error *err) HGT_MUST_CHECK;
struct bufferevent *certificate_accept(struct door *door);
void certificate_close(struct door *door);

/* http_doors.c */

/* A new door at the end of the list, which closes it again when it cannot be opened. listen NULL: the admin socket. */
int door_add(struct http *http, const struct hgt_config_listen *listen, struct hgt_error *err) HGT_MUST_CHECK;
void door_close(struct door *door);

/* A door that has been left may have lost its last connection; and then, some seconds later. */
void doors_plan_reap(struct http *http);
void doors_reap(evutil_socket_t fd, short what, void *http);

/* As many connections as the config wants and the descriptors allow. */
size_t http_find_most(const struct hgt_config *config);

#endif
