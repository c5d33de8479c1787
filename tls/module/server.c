/* The server's end: a context for each door, replaced as a whole. */
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "tls/module/private.h"

#define NAME_MAX_BYTES 256	/* of a name in a certificate; a longer one is none */
#define READ_MAX 4096		/* taken of a connection at once: what is read goes into memory of that size */

struct tls_server {
	unsigned refs;		/* its owner's, and those of lines */
	SSL_CTX *ctx;		/* for those who come; connections keep the one that they began with */
	BIO_METHOD *line;	/* of lines that have left libevent */
	void (*refused)(void *ctx, int fd, const char *why);
	void *refused_ctx;
};

/* The handshake fails after this; what it is about is told here, where it is known. */
static int verified(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_server *server = ssl ? SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)) : NULL;
	char why[TLS_WHY_MAX];

	if (!ok && server && server->refused) {
		snprintf(why, sizeof(why), "the client's certificate does not hold: %s",
			X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
		server->refused(server->refused_ctx, SSL_get_fd(ssl), why);
	}
	return ok;
}

static bool ask_for_certificates(SSL_CTX *ctx, const char *client_ca, char *why, size_t len)
{
	STACK_OF(X509_NAME) *names;

	if (SSL_CTX_load_verify_file(ctx, client_ca) != 1 || !(names = SSL_load_client_CA_file(client_ca))) {
		tls_say(why, len, "cannot use client_ca %s", client_ca);
		return false;
	}
	SSL_CTX_set_client_CA_list(ctx, names);
	/* Whoever shows none has a token; whoever shows one that does not hold is turned away. */
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, verified);
	return true;
}

/*
 * Of the suites of TLS 1.3 that the system's policy lets us have, ChaCha20-Poly1305 first: an idle stream keeps two contexts of its
 * cipher, and AES-GCM's are larger by a quarter of a KiB each. Where it is not to be had all stays as it was.
 */
static void prefer_small(SSL_CTX *ctx)
{
	const char *const first = "TLS_CHACHA20_POLY1305_SHA256";
	const STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ctx);
	char suites[512];
	int len = snprintf(suites, sizeof(suites), "%s", first);
	bool there = false;

	for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
		const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);

		if (strcmp(SSL_CIPHER_get_version(cipher), "TLSv1.3") != 0)
			continue;
		if (strcmp(SSL_CIPHER_get_name(cipher), first) == 0)
			there = true;
		else if (len < (int)sizeof(suites))
			len += snprintf(suites + len, sizeof(suites) - (size_t)len, ":%s", SSL_CIPHER_get_name(cipher));
	}
	if (there && len < (int)sizeof(suites) && SSL_CTX_set_ciphersuites(ctx, suites) == 1)
		SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
}

static SSL_CTX *make_context(struct tls_server *server, const struct tls_server_files *files, char *why, size_t len)
{
	static const unsigned char id[] = "headgate";
	SSL_CTX *ctx;

	ERR_clear_error();
	ctx = tls_context(TLS_server_method(), why, len);
	if (!ctx)
		return NULL;
	prefer_small(ctx);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1);
	SSL_CTX_set_app_data(ctx, server);
	if (!tls_use_certificate(ctx, files->cert, files->key, why, len) ||
	    (files->client_ca && !ask_for_certificates(ctx, files->client_ca, why, len))) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

struct tls_server *tls_server_new(const struct tls_server_files *files, void (*refused)(void *ctx, int fd, const char *why),
	void *ctx, char *why, size_t len)
{
	struct tls_server *server = calloc(1, sizeof(*server));

	if (!server) {
		tls_say(why, len, "out of memory");
		return NULL;
	}
	server->refs = 1;
	server->refused = refused;
	server->refused_ctx = ctx;
	server->line = tls_line_method();
	if (!server->line)
		tls_say(why, len, "out of memory");
	else
		server->ctx = make_context(server, files, why, len);
	if (!server->ctx) {
		tls_server_free(server);
		return NULL;
	}
	return server;
}

bool tls_server_reload(struct tls_server *server, const struct tls_server_files *files, char *why, size_t len)
{
	SSL_CTX *ctx = make_context(server, files, why, len);

	if (!ctx)
		return false;
	SSL_CTX_free(server->ctx);
	server->ctx = ctx;
	return true;
}

struct tls_server *tls_server_ref(struct tls_server *server)
{
	server->refs++;
	return server;
}

void tls_server_unref(struct tls_server *server)
{
	if (--server->refs)
		return;
	SSL_CTX_free(server->ctx);
	BIO_meth_free(server->line);
	free(server);
}

void tls_server_free(struct tls_server *server)
{
	if (!server)
		return;
	server->refused = NULL;
	tls_server_unref(server);
}

const BIO_METHOD *tls_server_method(const struct tls_server *server)
{
	return server->line;
}

struct bufferevent *tls_accept(struct tls_server *server, struct event_base *base)
{
	SSL *ssl = SSL_new(server->ctx);
	struct bufferevent *bev;

	if (!ssl)
		return NULL;
	bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (!bev) {
		SSL_free(ssl);
		return NULL;
	}
	/* HTTP says itself where a message ends. */
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	bufferevent_set_max_single_read(bev, READ_MAX);
	return bev;
}

bool tls_is_established(struct bufferevent *bev)
{
	const SSL *ssl = bufferevent_openssl_get_ssl(bev);

	return ssl && SSL_is_init_finished(ssl);
}

/* A name as a string of C; one that is none for that, such as "a\0b", is no name. */
static bool read_name(const ASN1_STRING *text, char out[NAME_MAX_BYTES])
{
	int len = ASN1_STRING_length(text);

	if (len <= 0 || len >= NAME_MAX_BYTES)
		return false;
	memcpy(out, ASN1_STRING_get0_data(text), (size_t)len);
	out[len] = '\0';
	return strlen(out) == (size_t)len;
}

/* Whether there are any names of hosts; *done when cb is content. */
static bool tell_hosts(X509 *certificate, bool (*cb)(void *ctx, const char *name), void *ctx, bool *done)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	char name[NAME_MAX_BYTES];
	bool any = false;

	for (int i = 0; names && !*done && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *item = sk_GENERAL_NAME_value(names, i);

		if (item->type != GEN_DNS)
			continue;
		any = true;
		if (read_name(item->d.dNSName, name))
			*done = cb(ctx, name);
	}
	GENERAL_NAMES_free(names);
	return any;
}

static bool tell_common_name(X509 *certificate, bool (*cb)(void *ctx, const char *name), void *ctx)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	char name[NAME_MAX_BYTES];

	/* Of two common names nobody can tell which is meant. */
	if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
		return false;
	return read_name(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), name) && cb(ctx, name);
}

bool tls_peer_names(struct bufferevent *bev, bool (*cb)(void *ctx, const char *name), void *ctx)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	X509 *certificate = ssl && SSL_get_verify_result(ssl) == X509_V_OK ? SSL_get0_peer_certificate(ssl) : NULL;
	bool done = false;

	if (!certificate)
		return false;
	if (!tell_hosts(certificate, cb, ctx, &done))
		done = tell_common_name(certificate, cb, ctx);
	return done;
}
