/*
 * The socket of a stream once it has left evhttp: what writes, what is to be waited for when it took too little, what closes. Plain
 * sockets are here; another kind of line brings its own table, and keeps what it needs in `line`.
 */
#ifndef HEADGATE_DAEMON_WIRE_H
#define HEADGATE_DAEMON_WIRE_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct wire;

struct wire_ops {
	/* The bytes taken, which may be fewer than given; 0 when it takes none now; negative when the line is dead. What is given
	 * after a short write begins with the bytes that were left of the same piece. */
	ssize_t (*write)(struct wire *wire, const struct iovec *pieces, int n);
	/* After a short write: EPOLLOUT, or EPOLLIN. */
	uint32_t (*wants)(const struct wire *wire);
	/* What the peer has said is thrown away; negative when the line is over. NULL where nothing has to be read for writing to go on:
	 * then the peer's end is watched for, and what it says is left to the kernel. */
	int (*read)(struct wire *wire);
	void (*close)(struct wire *wire);
};

struct wire {
	const struct wire_ops *ops;
	int fd;
	void *line;
	void (*left)(void *ctx);	/* it has been closed: there is room for another one */
	void *left_ctx;
};

/* A non-blocking socket; takes fd. */
void wire_plain(struct wire *wire, int fd);

/* Once. */
void wire_close(struct wire *wire);

#endif
