/* The plain socket of a stream. */
#include "daemon/wire.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static ssize_t plain_write(struct wire *wire, const struct iovec *pieces, int n)
{
	const struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces, .msg_iovlen = (size_t)n};

	for (;;) {
		/* Less on the way to the socket than write has. */
		ssize_t taken = n == 1 ? send(wire->fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL) :
			sendmsg(wire->fd, &message, MSG_NOSIGNAL);

		if (taken >= 0)
			return taken;
		if (errno == EAGAIN)
			return 0;
		if (errno != EINTR)
			return -1;
	}
}

static uint32_t plain_wants(const struct wire *wire)
{
	(void)wire;
	return EPOLLOUT;
}

static void plain_close(struct wire *wire)
{
	char said[4096];
	ssize_t n;

	/* Closing over bytes that were not read resets the connection, and the peer may lose what it was sent last. A stream's client has
	 * nothing to say; one that says more than this loses by it. */
	n = recv(wire->fd, said, sizeof(said), MSG_DONTWAIT);
	(void)n;
	close(wire->fd);
}

void wire_plain(struct wire *wire, int fd)
{
	static const struct wire_ops plain = {.write = plain_write, .wants = plain_wants, .close = plain_close};

	*wire = (struct wire){.ops = &plain, .fd = fd};
}

void wire_close(struct wire *wire)
{
	wire->ops->close(wire);
	if (wire->left)
		wire->left(wire->left_ctx);
}
