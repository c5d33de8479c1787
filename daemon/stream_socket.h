/*
 * The writer of streams: their sockets after the headers, some ten thousand of them. A socket costs its struct and nothing
 * else: no buffer. What it is given is counted text that all share; when it took only a part, it keeps that text and how far it
 * got, is full, and tells `drained` when the rest is out. Input is watched for the peer's end alone.
 *
 *	stream_sockets_new(base, &callbacks, STREAM_STUCK_MS, &sockets, &err);
 *	stream_socket_new(sockets, &wire, owner, form, &socket, &err);
 *	stream_socket_write(socket, texts, n);
 *	stream_socket_finish(socket);
 *	stream_sockets_free(sockets);
 *
 * One descriptor of the event base stands for all: the sockets are in an epoll of their own, so that one registration lasts
 * from the first to the last byte and takes no memory here.
 */
#ifndef HEADGATE_DAEMON_STREAM_SOCKET_H
#define HEADGATE_DAEMON_STREAM_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "daemon/wire.h"

#define STREAM_STUCK_MS 60000	/* a peer that takes nothing of what waits for so long is let go */

struct event_base;
struct stream_socket;
struct stream_sockets;
struct text;

struct stream_socket_callbacks {
	void (*drained)(void *owner);	/* it may be written to again */
	void (*gone)(void *owner);	/* the line is dead; the socket is no longer the owner's */
};

/* stuck_ms: STREAM_STUCK_MS, but in a test. */
int stream_sockets_new(struct event_base *base, const struct stream_socket_callbacks *callbacks, unsigned stuck_ms,
	struct stream_sockets **out, struct hgt_error *err) HGT_MUST_CHECK;

/* Closes those that are still finishing; all others are to be gone. NULL is fine. */
void stream_sockets_free(struct stream_sockets *sockets);

/* Those being finished, at once. */
void stream_sockets_close_finishing(struct stream_sockets *sockets);

/* Sockets that are open, those being finished too. */
size_t stream_sockets_open(const struct stream_sockets *sockets);

/* How a client takes a stream. */
struct stream_form {
	bool chunked;	/* it speaks HTTP/1.1 */
	bool packed;	/* it takes gzip: it is given packed texts alone, and text_new_own's */
};

/* Takes the wire, on success alone. */
int stream_socket_new(struct stream_sockets *sockets, const struct wire *wire, void *owner, struct stream_form form,
	struct stream_socket **out, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * Write n texts (1 to STREAM_TEXTS_MAX) to a socket that is not full. The number of those that need not be given again: all,
 * or, with the socket full now, some from the first on, at least one. Negative when the line is dead: drop it.
 */
#define STREAM_TEXTS_MAX 64
int stream_socket_write(struct stream_socket *socket, struct text *const *texts, size_t n) HGT_MUST_CHECK;

bool stream_socket_is_full(const struct stream_socket *socket);
struct stream_form stream_socket_form(const struct stream_socket *socket);

/* The owner lets go of it: at once, or when the rest and the end of the answer are out. */
void stream_socket_drop(struct stream_socket *socket);
void stream_socket_finish(struct stream_socket *socket);

#endif
