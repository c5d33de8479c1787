/*
 * TLS, in a module of its own: loading OpenSSL costs a process two megabytes, so whoever speaks none does not load it. tls/load.h
 * finds the module; tls/module/ is what is in it. It knows libevent and OpenSSL and nothing of Headgate.
 *
 * What goes wrong is told in `why`, a text of at most `len` bytes with its terminator: one sentence that names the file.
 */
#ifndef HEADGATE_TLS_MODULE_H
#define HEADGATE_TLS_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define TLS_MODULE_VERSION 2
#define TLS_WHY_MAX 512

struct bufferevent;
struct event_base;
struct tls_client;
struct tls_server;

struct tls_server_files {
	const char *cert;	/* PEM: the certificate, then those between it and the root */
	const char *key;	/* PEM */
	const char *client_ca;	/* PEM: who may issue certificates of clients; NULL: clients are asked for none */
};

struct tls_client_files {
	const char *ca;		/* PEM; NULL: the system's */
	const char *cert, *key;	/* PEM; NULL: the client shows none */
};

/* What a line begins with. */
struct tls_line {
	const struct tls_module *module;
};

struct tls_module {
	unsigned version;

	/*
	 * A door. refused (may be NULL) is told of a client whose certificate does not hold, while its handshake fails. reload puts new
	 * files in force for those who come from then on; on failure the old ones stay.
	 */
	struct tls_server *(*server_new)(const struct tls_server_files *files, void (*refused)(void *ctx, int fd, const char *why),
		void *ctx, char *why, size_t len);
	bool (*server_reload)(struct tls_server *server, const struct tls_server_files *files, char *why, size_t len);
	void (*server_free)(struct tls_server *server);		/* NULL is fine */

	/* For a socket that is set later; it closes that when it is freed. NULL when memory runs out. */
	struct bufferevent *(*accept)(struct tls_server *server, struct event_base *base);

	/* Whether the handshake of this is over. */
	bool (*is_established)(struct bufferevent *bev);

	/* The names in the verified certificate that the peer of this has shown: those of hosts, or where it has none of them its common
	 * name. Until cb returns true, and then true. */
	bool (*peer_names)(struct bufferevent *bev, bool (*cb)(void *ctx, const char *name), void *ctx);

	/*
	 * A line that leaves libevent. take: fd is a duplicate of the bufferevent's socket, which is the line's from then on; the
	 * bufferevent is to be freed, and its own descriptor is left to the caller to close after that. NULL, with nothing done, when
	 * memory runs out, the handshake is not over, or something is still to be written.
	 *
	 * write: the bytes taken, which may be fewer than given; 0 when it takes none now; negative when the line is dead. What is given
	 * after that begins with the bytes that were left. wants: EPOLLOUT or EPOLLIN, what to wait for then. read: what the peer has
	 * said is thrown away; 0 when there is no more of it now, negative when the line is over. close tells the peer, and closes fd.
	 */
	struct tls_line *(*line_take)(struct bufferevent *bev, int fd);
	ssize_t (*line_write)(struct tls_line *line, const struct iovec *pieces, int n);
	uint32_t (*line_wants)(const struct tls_line *line);
	int (*line_read)(struct tls_line *line);
	void (*line_close)(struct tls_line *line);

	/* A client's end; connect is for a socket that is set later, to the host of that name or address, which is verified. */
	struct tls_client *(*client_new)(const struct tls_client_files *files, char *why, size_t len);
	void (*client_free)(struct tls_client *client);		/* NULL is fine */
	struct bufferevent *(*connect)(struct tls_client *client, struct event_base *base, const char *host);

	/* Why the handshake of this has failed; false when it has not, or there is no word for it. */
	bool (*problem)(struct bufferevent *bev, char *why, size_t len);
};

/* The one name that the module has. */
#define TLS_MODULE_SYMBOL "headgate_tls"
const struct tls_module *headgate_tls(void);

#endif
