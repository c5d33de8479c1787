/* The HTTP API: the admin socket and the TCP listeners, routes, authentication. Every endpoint of docs/design.md, "HTTP API". */
#ifndef HEADGATE_DAEMON_HTTP_H
#define HEADGATE_DAEMON_HTTP_H

#include "daemon/daemon.h"

struct http;

/* Binds everything or fails with a message that names the address. Logs each address with the port that the kernel chose. */
int http_new(struct daemon *daemon, struct http **out, struct hgt_error *err) HGT_MUST_CHECK;
void http_free(struct http *http);

/* Read the certificates of config's listen entries again, for those who connect from then on. A bad one leaves the old one of
 * its door in force, and is logged; the last of them is err. Entries that are not among those that are open are passed over. */
int http_reload_certificates(struct http *http, const struct hgt_config *config, struct hgt_error *err) HGT_MUST_CHECK;

/* Stop accepting; end streams; 1 when nothing is left to wait for. */
int http_drain(struct http *http);

/* Numbers: of now, and since the start. */
struct http_stats {
	uint64_t admin, tcp;		/* connections */
	uint64_t answering;		/* of them: requests whose answers are not out, streams that evhttp has included */
	uint64_t most;			/* connections of either kind of door */
	uint64_t accepted;
};
void http_stats(const struct http *http, struct http_stats *out);

#endif
