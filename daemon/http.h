/* The HTTP API: the admin socket and the TCP listeners, routes, authentication. Every endpoint of docs/design.md, "HTTP API". */
#ifndef HEADGATE_DAEMON_HTTP_H
#define HEADGATE_DAEMON_HTTP_H

#include "daemon/daemon.h"

struct http;

/* Binds everything or fails with a message that names the address. Logs each address with the port that the kernel chose. */
int http_new(struct daemon *daemon, struct http **out, struct hgt_error *err) HGT_MUST_CHECK;
void http_free(struct http *http);

/* Listen where this config says, take its limits and read the certificates again, for who connects from then on. Who is
 * connected stays, also
 * where nobody listens any more. On an error nothing has changed but certificates that were good. */
int http_reload(struct http *http, const struct hgt_config *config, struct hgt_error *err) HGT_MUST_CHECK;

/* Stop accepting; end streams; 1 when nothing is left to wait for. */
int http_drain(struct http *http);

/* Numbers: of now, and since the start. */
struct http_stats {
	uint64_t admin, tcp;		/* connections */
	uint64_t answering;		/* of them: requests whose answers are not out, streams that evhttp has included */
	uint64_t most;			/* connections of either kind of door */
	uint64_t accepted;
	uint64_t late_handshakes;	/* ended because they took too long */
};
void http_stats(const struct http *http, struct http_stats *out);

#endif
