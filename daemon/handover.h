/*
 * Where a stream's socket leaves the HTTP server. Until its headers are read it is evhttp's like any other; from then on it is
 * a wire of its own (wire.h), and nothing of the server's connection is left but its place among the connections of its door.
 *
 * evhttp has no word for this. http.c gives it another descriptor in the socket's place, which evhttp then closes.
 */
#ifndef HEADGATE_DAEMON_HANDOVER_H
#define HEADGATE_DAEMON_HANDOVER_H

#include <stdbool.h>

#include "base/error.h"

struct request;
struct wire;

/* Whether the request is one of HTTP/1.1 and may be answered in chunks. */
bool handover_speaks_http11(const struct request *request);

/* Take the socket. The request lives on without its connection, to be freed by its owner; on failure it is as it was. */
int handover_take(struct request *request, struct wire *wire, struct hgt_error *err) HGT_MUST_CHECK;

#endif
