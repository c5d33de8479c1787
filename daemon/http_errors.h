/*
 * What is no HTTP, or too much of it, evhttp answers by itself, in HTML. This makes such an answer one of ours while it is still
 * in the connection's output buffer.
 */
#ifndef HEADGATE_DAEMON_HTTP_ERRORS_H
#define HEADGATE_DAEMON_HTTP_ERRORS_H

#include <stdbool.h>

struct evbuffer;

/* Whether the buffer holds an answer of an error; then it is ours now. Anything else, such as 100 Continue, stays as it is. */
bool http_errors_replace(struct evbuffer *output);

#endif
