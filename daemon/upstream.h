/*
 * Requests to the Headgate upstream of a mirror, over libcurl on the loop, with the mirror's token. Few at a time, each bounded in time and
 * in what it may answer; a stream is one that has no end.
 *
 * libcurl, not libevent's own client: it looks names up without blocking, knows the system's certificates, and is what webhooks are sent
 * with. It is loaded with the first mirror that has an upstream.
 */
#ifndef HEADGATE_DAEMON_UPSTREAM_H
#define HEADGATE_DAEMON_UPSTREAM_H

#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"
#include "daemon/webhook_curl.h"

struct event_base;
struct upstream;
struct upstream_call;

struct upstream_answer {
	int status;			/* of HTTP; 0: there was none, and err says why */
	const struct hgt_buf *body;	/* of what `data` did not take */
	const struct hgt_error *err;	/* with what the other side said, when status is no 2xx */
};

struct upstream_spec {
	const char *path;		/* with its query, escaped */
	const char *body;		/* JSON of a POST; NULL: GET */
	bool stream;			/* server-sent events: only silence ends it */
	const char *last_id;		/* of a stream, or NULL */
	/* Bytes of an answer of status 200; negative with err ends the call. NULL: gathered. */
	int (*data)(void *ctx, const char *data, size_t len, struct hgt_error *err);
	/* The end; the call is gone then. Never called before upstream_call has returned, nor after upstream_cancel. */
	void (*done)(void *ctx, const struct upstream_answer *answer);
	void *ctx;
};

/* What config says is copied. */
int upstream_new(struct event_base *base, const struct webhook_curl *curl, const struct hgt_config_mirror *config, struct upstream **out,
	struct hgt_error *err) HGT_MUST_CHECK;
void upstream_free(struct upstream *upstream);	/* its calls end without a word; NULL is fine */

int upstream_call(struct upstream *upstream, const struct upstream_spec *spec, struct upstream_call **out, struct hgt_error *err) HGT_MUST_CHECK;

/* End it without a word; NULL is fine. Not from `data`. */
void upstream_cancel(struct upstream_call *call);

#endif
