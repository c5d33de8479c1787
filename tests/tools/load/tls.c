/* Streams over TLS. Who the server is does not matter here: nothing is verified. */
#include <openssl/ssl.h>

#include <err.h>
#include <errno.h>
#include <unistd.h>

#include "base/io.h"
#include "tests/tools/load/load.h"

SSL_CTX *tls_new(void)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	if (!tls)
		errx(1, "TLS cannot be set up");
	SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
	return tls;
}

void tls_free(SSL_CTX *tls)
{
	SSL_CTX_free(tls);
}

void stream_secure(const struct load *load, struct stream *stream)
{
	if (!load->tls)
		return;
	stream->ssl = SSL_new(load->tls);
	out_of_memory_if(!stream->ssl || SSL_set_fd(stream->ssl, stream->fd) != 1);
	SSL_set_connect_state(stream->ssl);
}

/* What a failed call means, as read(2) would say it. */
static ssize_t tls_failure(SSL *ssl, int code)
{
	switch (SSL_get_error(ssl, code)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		if (errno)
			return -1;
		return 0;
	default:
		errno = EPROTO;
		return -1;
	}
}

int stream_shake_hands(struct stream *stream)
{
	ssize_t failure;
	int code;

	if (!stream->ssl)
		return 1;
	errno = 0;
	code = SSL_do_handshake(stream->ssl);
	if (code == 1)
		return 1;
	failure = tls_failure(stream->ssl, code);
	if (failure < 0 && errno == EAGAIN)
		return 0;
	if (!failure)
		errno = ECONNRESET;
	return -1;
}

ssize_t stream_read(struct stream *stream, char *into, size_t size)
{
	int got;

	if (!stream->ssl)
		return read(stream->fd, into, size);
	errno = 0;
	got = SSL_read(stream->ssl, into, (int)size);
	return got > 0 ? got : tls_failure(stream->ssl, got);
}

int stream_write(struct stream *stream, const char *bytes, size_t len)
{
	if (!stream->ssl)
		return hgt_write_all(stream->fd, bytes, len);
	/* Requests are small, and find an empty socket. */
	return SSL_write(stream->ssl, bytes, (int)len) == (int)len ? 0 : HGT_EIO;
}

void stream_hang_up(struct stream *stream)
{
	SSL_free(stream->ssl);
	stream->ssl = NULL;
	close(stream->fd);
}
