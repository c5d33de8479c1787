/* The client's end. */
#include <arpa/inet.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "tls/module/private.h"

struct tls_client {
	SSL_CTX *ctx;
};

static bool set_up(SSL_CTX *ctx, const struct tls_client_files *files, char *why, size_t len)
{
	if (files->ca && SSL_CTX_load_verify_file(ctx, files->ca) != 1) {
		tls_say(why, len, "cannot use ca_file %s", files->ca);
		return false;
	}
	if (!files->ca && SSL_CTX_set_default_verify_paths(ctx) != 1) {
		tls_say(why, len, "cannot use the system's certificates");
		return false;
	}
	if (files->cert && !tls_use_certificate(ctx, files->cert, files->key, why, len))
		return false;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return true;
}

struct tls_client *tls_client_new(const struct tls_client_files *files, char *why, size_t len)
{
	struct tls_client *client = calloc(1, sizeof(*client));

	if (!client) {
		tls_say(why, len, "out of memory");
		return NULL;
	}
	ERR_clear_error();
	client->ctx = tls_context(TLS_client_method(), why, len);
	if (!client->ctx || !set_up(client->ctx, files, why, len)) {
		tls_client_free(client);
		return NULL;
	}
	return client;
}

void tls_client_free(struct tls_client *client)
{
	if (!client)
		return;
	SSL_CTX_free(client->ctx);
	free(client);
}

/* Which certificate is to be shown: one for this name, or for this address. */
static bool expect_host(SSL *ssl, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
}

struct bufferevent *tls_connect(struct tls_client *client, struct event_base *base, const char *host)
{
	SSL *ssl = SSL_new(client->ctx);
	struct bufferevent *bev = NULL;

	if (ssl && expect_host(ssl, host))
		bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	if (!bev) {
		SSL_free(ssl);
		return NULL;
	}
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

bool tls_problem(struct bufferevent *bev, char *why, size_t len)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	unsigned long error = bufferevent_get_openssl_error(bev);
	const char *reason = error ? ERR_reason_error_string(error) : NULL;
	long verdict = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;

	if (verdict != X509_V_OK)
		snprintf(why, len, "the server's certificate does not hold: %s", X509_verify_cert_error_string(verdict));
	else if (reason)
		snprintf(why, len, "TLS fails: %s", reason);
	return verdict != X509_V_OK || reason;
}
