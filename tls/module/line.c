/* Lines that have left libevent: what is written to them is encrypted, and nobody else looks after them. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls/module/private.h"

#define RECORD_MAX 16384	/* bytes of text in one record */

/* Ten thousand of them are open at once. */
struct line {
	struct tls_line base;
	struct tls_server *server;	/* references */
	SSL *ssl;
	int fd;
};

/*
 * The socket as OpenSSL sees it. It is no socket BIO, because a bufferevent that is freed asks the BIO of its SSL for the descriptor, and
 * closes that, in the loop's next turn; this one has no answer.
 */

static int bio_write(BIO *bio, const char *bytes, int len)
{
	const struct line *line = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	do {
		n = send(line->fd, bytes, (size_t)len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		BIO_set_retry_write(bio);
	return (int)n;
}

static int bio_read(BIO *bio, char *bytes, int len)
{
	const struct line *line = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	do {
		n = recv(line->fd, bytes, (size_t)len, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		BIO_set_retry_read(bio);
	return (int)n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH ? 1 : command == BIO_C_GET_FD ? -1 : 0;
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

BIO_METHOD *tls_line_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "line");

	if (!method || !BIO_meth_set_write(method, bio_write) || !BIO_meth_set_read(method, bio_read) ||
	    !BIO_meth_set_ctrl(method, bio_ctrl) || !BIO_meth_set_create(method, bio_create)) {
		BIO_meth_free(method);
		return NULL;
	}
	return method;
}

struct tls_line *tls_line_take(struct bufferevent *bev, int fd)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	struct tls_server *server = ssl ? SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)) : NULL;
	struct line *line;
	BIO *bio;

	/* A record that is half out belongs to bytes that the bufferevent holds. */
	if (!server || !SSL_is_init_finished(ssl) || evbuffer_get_length(bufferevent_get_output(bev)))
		return NULL;
	line = malloc(sizeof(*line));
	bio = line ? BIO_new(tls_server_method(server)) : NULL;
	if (!bio || !SSL_up_ref(ssl)) {
		BIO_free(bio);
		free(line);
		return NULL;
	}
	*line = (struct line){{headgate_tls()}, tls_server_ref(server), ssl, fd};
	BIO_set_data(bio, line);
	SSL_set_bio(ssl, bio, bio);	/* the one before does not own its descriptor */
	return &line->base;
}

/* After a call that took or gave nothing: 0 when it is to be tried again. */
static int failed(SSL *ssl, int result)
{
	int error = SSL_get_error(ssl, result);

	ERR_clear_error();
	return error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ ? 0 : -1;
}

ssize_t tls_line_write(struct tls_line *base, const struct iovec *pieces, int n)
{
	SSL *ssl = ((struct line *)base)->ssl;
	ssize_t taken = 0;

	ERR_clear_error();
	for (int i = 0; i < n; i++) {
		for (size_t at = 0; at < pieces[i].iov_len;) {
			size_t left = pieces[i].iov_len - at;
			int wrote = SSL_write(ssl, (const char *)pieces[i].iov_base + at, left > RECORD_MAX ? RECORD_MAX : (int)left);

			if (wrote <= 0)
				return failed(ssl, wrote) < 0 && !taken ? -1 : taken;
			at += (size_t)wrote;
			taken += wrote;
		}
	}
	return taken;
}

uint32_t tls_line_wants(const struct tls_line *base)
{
	return SSL_want(((const struct line *)base)->ssl) == SSL_READING ? EPOLLIN : EPOLLOUT;
}

int tls_line_read(struct tls_line *base)
{
	SSL *ssl = ((struct line *)base)->ssl;
	char said[1024];
	int got;

	ERR_clear_error();
	while ((got = SSL_read(ssl, said, sizeof(said))) > 0)
		;
	return failed(ssl, got);
}

void tls_line_close(struct tls_line *base)
{
	struct line *line = (struct line *)base;

	ERR_clear_error();
	/* The peer is told once, without waiting for its word. */
	SSL_shutdown(line->ssl);
	ERR_clear_error();
	/* Until the bufferevent is really gone, the SSL may live on; the BIO does not. */
	SSL_set_bio(line->ssl, NULL, NULL);
	SSL_free(line->ssl);
	close(line->fd);
	tls_server_unref(line->server);
	free(line);
}
