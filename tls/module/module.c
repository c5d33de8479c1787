/* The module's table, and what both ends have in common. */
#include "tls/module/private.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void tls_say(char *why, size_t len, const char *fmt, ...)
{
	const char *reason = NULL;
	unsigned long error;
	int said;
	va_list ap;

	va_start(ap, fmt);
	said = vsnprintf(why, len, fmt, ap);
	va_end(ap);
	/* The last one is nearest to what was wanted; but what the system says of a file is clearer than what OpenSSL makes of it. */
	while ((error = ERR_get_error())) {
		reason = ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error)) : ERR_reason_error_string(error);
		if (ERR_SYSTEM_ERROR(error))
			break;
	}
	if (reason && said >= 0 && (size_t)said < len)
		snprintf(why + said, len - (size_t)said, ": %s", reason);
	ERR_clear_error();
}

SSL_CTX *tls_context(const SSL_METHOD *method, char *why, size_t len)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1) {
		SSL_CTX_free(ctx);
		tls_say(why, len, "cannot set up TLS");
		return NULL;
	}
	/* Each connection shows its certificate anew, so one that has expired or been replaced is not honoured by a ticket. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	/* Idle connections hold no buffers, and a socket that is full takes what it can. */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return ctx;
}

/* A key with a pass phrase would ask for it on the terminal. */
static int no_pass_phrase(char *buf, int size, int writing, void *ctx)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

bool tls_use_certificate(SSL_CTX *ctx, const char *cert, const char *key, char *why, size_t len)
{
	SSL_CTX_set_default_passwd_cb(ctx, no_pass_phrase);
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		tls_say(why, len, "cannot use certificate %s", cert);
	else if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		tls_say(why, len, "cannot use key %s", key);
	else
		return true;
	return false;
}

__attribute__((visibility("default"))) const struct tls_module *headgate_tls(void)
{
	static const struct tls_module module = {
		.version = TLS_MODULE_VERSION,
		.server_new = tls_server_new,
		.server_reload = tls_server_reload,
		.server_free = tls_server_free,
		.accept = tls_accept,
		.is_established = tls_is_established,
		.peer_names = tls_peer_names,
		.line_take = tls_line_take,
		.line_write = tls_line_write,
		.line_wants = tls_line_wants,
		.line_read = tls_line_read,
		.line_close = tls_line_close,
		.client_new = tls_client_new,
		.client_free = tls_client_free,
		.connect = tls_connect,
		.problem = tls_problem,
	};

	return &module;
}
