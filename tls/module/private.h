/* What the sources of the module share. */
#ifndef HEADGATE_TLS_PRIVATE_H
#define HEADGATE_TLS_PRIVATE_H

#include <openssl/ssl.h>

#include "tls/module.h"

/* Say what OpenSSL says, after a text of ours; empties its queue. */
void tls_say(char *why, size_t len, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* What both ends have in common; NULL with why set. */
SSL_CTX *tls_context(const SSL_METHOD *method, char *why, size_t len);

/* Use a certificate and its key. */
bool tls_use_certificate(SSL_CTX *ctx, const char *cert, const char *key, char *why, size_t len);

/* server.c */
struct tls_server *tls_server_new(const struct tls_server_files *files, void (*refused)(void *ctx, int fd, const char *why),
	void *ctx, char *why, size_t len);
bool tls_server_reload(struct tls_server *server, const struct tls_server_files *files, char *why, size_t len);
void tls_server_free(struct tls_server *server);
struct bufferevent *tls_accept(struct tls_server *server, struct event_base *base);
struct tls_server *tls_server_ref(struct tls_server *server);
void tls_server_unref(struct tls_server *server);
const BIO_METHOD *tls_server_method(const struct tls_server *server);
bool tls_is_established(struct bufferevent *bev);
bool tls_peer_names(struct bufferevent *bev, bool (*cb)(void *ctx, const char *name), void *ctx);

/* line.c */
BIO_METHOD *tls_line_method(void);	/* of the BIO of lines; NULL when memory runs out */
struct tls_line *tls_line_take(struct bufferevent *bev, int fd);
ssize_t tls_line_write(struct tls_line *line, const struct iovec *pieces, int n);
uint32_t tls_line_wants(const struct tls_line *line);
int tls_line_read(struct tls_line *line);
void tls_line_close(struct tls_line *line);

/* client.c */
struct tls_client *tls_client_new(const struct tls_client_files *files, char *why, size_t len);
void tls_client_free(struct tls_client *client);
struct bufferevent *tls_connect(struct tls_client *client, struct event_base *base, const char *host);
bool tls_problem(struct bufferevent *bev, char *why, size_t len);

#endif
