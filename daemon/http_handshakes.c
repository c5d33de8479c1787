/* How long the handshake of TLS may take: much less than a request, for nothing but two machines has to answer meanwhile. */
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "base/timing.h"
#include "daemon/http_private.h"
#include "tls/module.h"

#define HANDSHAKE_MS 10000	/* from a connection's accept to the end of its handshake */

static void plan(struct http *http)
{
	const struct connection *first = TAILQ_FIRST(&http->handshakes);

	if (first && !evtimer_pending(http->end_handshakes, NULL)) {
		int64_t in_ms = first->handshake_by_ms - hgt_time_mono_ms();
		struct timeval tv;

		if (in_ms < 100)
			in_ms = 100;
		tv = (struct timeval){.tv_sec = in_ms / 1000, .tv_usec = in_ms % 1000 * 1000};
		evtimer_add(http->end_handshakes, &tv);
	}
}

static void end_late(evutil_socket_t fd, short what, void *arg)
{
	const int64_t now = hgt_time_mono_ms();
	struct http *http = arg;
	struct connection *c;

	(void)fd;
	(void)what;
	while ((c = TAILQ_FIRST(&http->handshakes)) && c->handshake_by_ms <= now) {
		if (http->tls->is_established(evhttp_connection_get_bufferevent(c->ev))) {
			handshakes_forget(c);
		} else {
			http->stats.late_handshakes++;
			evhttp_connection_free(c->ev);	/* calls connection_closed */
		}
	}
	plan(http);
}

void handshakes_add(struct connection *c)
{
	struct http *http = c->door->http;

	c->handshake_by_ms = hgt_time_mono_ms() + HANDSHAKE_MS;
	TAILQ_INSERT_TAIL(&http->handshakes, c, handshake);
	plan(http);
}

void handshakes_forget(struct connection *c)
{
	if (c->handshake_by_ms)
		TAILQ_REMOVE(&c->door->http->handshakes, c, handshake);
	c->handshake_by_ms = 0;
}

bool handshakes_init(struct http *http)
{
	TAILQ_INIT(&http->handshakes);
	http->end_handshakes = evtimer_new(http->daemon->base, end_late, http);
	return http->end_handshakes != NULL;
}
