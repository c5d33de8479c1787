/*
 * Very many event streams from one server, and events sent into them: what subscribers.c measures with.
 *
 *	frames.c	bytes of a socket -> lines
 *	servers.c	what each kind of server is asked, and how it is given events
 *	streams.c	the sockets, one epoll loop
 *	tls.c		the same sockets with TLS
 *	figures.c	percentiles; memory and processor time of the server
 *
 * An event is known by its id, 40 hex digits in "new" of its data: a commit. Every stream has to get them in their order, each once; what
 * it gets otherwise ends the program with a message.
 */
#ifndef HEADGATE_TESTS_LOAD_H
#define HEADGATE_TESTS_LOAD_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

enum {
	LOAD_ID = 40,			/* of an event: hex digits */
	LOAD_CURSOR_MAX = 80,
	LOAD_BURST_MAX = 200,		/* events published at once */
	LOAD_PIDS_MAX = 8,
	LOAD_PATIENCE_MS = 60000,	/* for anything that is waited for */
	LOAD_READ = 64 * 1024,
};

struct load;
struct ssl_ctx_st;
struct ssl_st;
struct stream;

/* Lines out of bytes: an HTTP answer with its head, chunked or not, or plain text. */
struct frames {
	unsigned char state;
	bool chunked;
	size_t left;		/* of the chunk */
	struct hgt_buf rest;	/* of a line that has not come to its end */
};

enum frames_form { FRAMES_TEXT, FRAMES_HTTP };

/* A line without its end; NULL after the last one of an HTTP head. */
typedef void (*frames_line_cb)(struct load *load, struct stream *stream, const char *line, size_t len);

void frames_begin(struct frames *frames, enum frames_form form);
void frames_feed(struct frames *frames, const char *bytes, size_t len, frames_line_cb each, struct load *load, struct stream *stream);
void frames_release(struct frames *frames);

enum stream_state { STREAM_CLOSED, STREAM_CONNECTING, STREAM_ASKED, STREAM_READY };

struct stream {
	int fd;
	struct ssl_st *ssl;		/* NULL without TLS */
	enum stream_state state;
	size_t next;			/* the event that it has to get next: an index into ids */
	struct frames frames;
	char cursor[LOAD_CURSOR_MAX];	/* the last id: that was heard, or "" */
};

/* A kind of server. */
struct kind {
	const char *name;
	enum frames_form form;
	bool replays;	/* goes on from a cursor */

	/* What is sent when the connection stands. */
	void (*request)(const struct load *load, const struct stream *stream, struct hgt_buf *out);

	/* Whether this line shows that the stream is there, for one that was opened without a cursor; NULL: the end of the head does. */
	bool (*is_ready)(const char *line, size_t len);

	/* Send the next n events; sets load->began, and load->answers to the number of lines that answer them. */
	void (*publish)(struct load *load, size_t n);

	const char *answer;	/* what such a line has in it */
};

const struct kind *kind_find(const char *name);	/* NULL */

struct load {
	const struct kind *kind;
	uint16_t port, publish_port;
	struct ssl_ctx_st *tls;		/* NULL without TLS */
	int pids[LOAD_PIDS_MAX];	/* of the server */
	size_t n_pids;
	char before[LOAD_ID + 1];	/* where the ref is before the first event */
	char (*ids)[LOAD_ID + 1];	/* of the events, in order */
	size_t *owners;			/* with own_paths: the stream whose path the event is about */
	size_t n_ids;
	bool own_paths;			/* each stream wants a path of its own, else all want everything */
	char **tokens;			/* of the streams; Headgate alone */
	size_t n_tokens;
	const char *hook, *repository;	/* Headgate alone: its hook socket, the .git folder whose refs/heads/main moves */
	struct hgt_buf payload;		/* the others: the event's data, with a hole for the id */
	size_t hole;
	int scratch;			/* a file on the journal's disk, or -1 */

	int epoll;
	char *bytes;			/* LOAD_READ of them: what was read */
	struct stream *streams;
	size_t n_streams, most;
	size_t n_ready;			/* since they were opened */
	size_t n_retries;		/* connections that the server ended without a word, and that were made anew */
	int64_t retry_ms;		/* when those are made, 0 for none; monotonic */
	unsigned generation;		/* of connections: each has source addresses of its own */

	int control;			/* the publisher's connection, -1; Headgate has one for each event */
	int hooks[LOAD_BURST_MAX];
	struct frames control_frames;
	size_t answers;			/* that have not come yet */

	size_t published;		/* events that are out */
	size_t head_before;		/* those that were before the last call of load_publish */
	int64_t began;			/* microseconds: when they were handed over */
	size_t arrived;			/* streams that have got the last of them */
	int64_t *took;			/* the time that each took */
	uint64_t deliveries;		/* events that came, in all */
};

void send_all(int fd, const struct hgt_buf *text, const char *what);

/* streams.c */

int load_connect_publisher(const struct load *load);
int load_watch_control(struct load *load, int fd);	/* adds a publisher's connection to the loop; returns it */
void load_watch_hook(struct load *load, size_t slot);	/* the same for load->hooks[slot] */

void load_open(struct load *load, size_t n);	/* until there are n, and wait until all are there */
void load_close(struct load *load);
void load_publish(struct load *load, size_t n);	/* and wait until all who have to get them have */
void load_publish_unheard(struct load *load, size_t n);	/* while no stream is open */
void load_reconnect(struct load *load);		/* with their cursors, and wait until all have what they missed */
void load_quiet(struct load *load, int64_t for_ms);	/* nothing may come that is an event */

/* tls.c */

struct ssl_ctx_st *tls_new(void);
void tls_free(struct ssl_ctx_st *tls);	/* NULL is fine */

/* These do with a stream what the calls on sockets do, and set errno. */
void stream_secure(const struct load *load, struct stream *stream);	/* before anything else, where there is TLS */
int stream_shake_hands(struct stream *stream);	/* 1: done; 0: not yet; -1: failed */
ssize_t stream_read(struct stream *stream, char *into, size_t size);
int stream_write(struct stream *stream, const char *bytes, size_t len);
void stream_hang_up(struct stream *stream);

/* figures.c */

void out_of_memory_if(bool failed);

struct figures {
	int64_t *items;
	size_t n, cap;
};

void figures_add(struct figures *figures, const int64_t *items, size_t n);
int64_t figures_at(struct figures *figures, unsigned percent);	/* 100: the most */
void figures_release(struct figures *figures);

struct memory {
	uint64_t resident, shared_out, anonymous;	/* KiB: Rss, Pss, Anonymous */
};

struct memory load_memory(const struct load *load);
uint64_t load_processor_ns(const struct load *load);

#endif
