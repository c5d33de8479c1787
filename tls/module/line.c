/* Lines that have left libevent: what is written to them is encrypted, and nobody else looks after them. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tls/module/private.h"

/* The line is the SSL itself: ten thousand of them are open at once. */

void *tls_line_take(struct bufferevent *bev, int fd)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	BIO *bio;

	/* A record that is half out belongs to bytes that the bufferevent holds. */
	if (!ssl || !SSL_is_init_finished(ssl) || evbuffer_get_length(bufferevent_get_output(bev)) || !SSL_up_ref(ssl))
		return NULL;
	bio = BIO_new_socket(fd, BIO_CLOSE);
	if (!bio) {
		SSL_free(ssl);
		return NULL;
	}
	/* The bufferevent's own socket would be closed with the BIO that it had; it is the bufferevent's to close. */
	BIO_set_close(SSL_get_wbio(ssl), BIO_NOCLOSE);
	SSL_set_bio(ssl, bio, bio);
	return ssl;
}

static ssize_t failed(SSL *ssl, int result, ssize_t taken)
{
	int error = SSL_get_error(ssl, result);

	ERR_clear_error();
	return error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ ? taken : taken > 0 ? taken : -1;
}

ssize_t tls_line_write(void *line, const struct iovec *pieces, int n)
{
	ssize_t taken = 0;
	SSL *ssl = line;

	ERR_clear_error();
	for (int i = 0; i < n; i++) {
		size_t at = 0;

		while (at < pieces[i].iov_len) {
			size_t left = pieces[i].iov_len - at;
			int wrote = SSL_write(ssl, (const char *)pieces[i].iov_base + at, left > 16384 ? 16384 : (int)left);

			if (wrote <= 0)
				return failed(ssl, wrote, taken);
			at += (size_t)wrote;
			taken += wrote;
		}
	}
	return taken;
}

uint32_t tls_line_wants(const void *line)
{
	return SSL_want((const SSL *)line) == SSL_READING ? EPOLLIN : EPOLLOUT;
}

int tls_line_read(void *line)
{
	char said[1024];
	SSL *ssl = line;
	int got;

	ERR_clear_error();
	while ((got = SSL_read(ssl, said, sizeof(said))) > 0)
		;
	return (int)failed(ssl, got, 0);
}

void tls_line_close(void *line)
{
	SSL *ssl = line;

	ERR_clear_error();
	/* The peer is told once, without waiting for its word. */
	if (SSL_is_init_finished(ssl))
		SSL_shutdown(ssl);
	ERR_clear_error();
	SSL_free(ssl);	/* closes the socket */
}
