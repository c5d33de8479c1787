/* libcurl's multi interface on the loop: its sockets and its timer are events, and nothing blocks. */
#ifndef HEADGATE_DAEMON_CURL_LOOP_H
#define HEADGATE_DAEMON_CURL_LOOP_H

#include "daemon/webhook_curl.h"

struct curl_loop;
struct event_base;

/* A request has ended, outside of libcurl's own callbacks. It may be removed, and the loop freed. */
typedef void (*curl_loop_cb)(void *ctx, CURL *easy, CURLcode code);

/* With a cache of so many connections of its own. HGT_ENOMEM. */
int curl_loop_new(struct event_base *base, const struct webhook_curl *curl, long connections, curl_loop_cb ended, void *ctx,
	struct curl_loop **out, struct hgt_error *err) HGT_MUST_CHECK;

/* NULL is fine. Requests that run are the caller's to remove before. */
void curl_loop_free(struct curl_loop *loop);

/* What happens next happens on the loop. */
int curl_loop_add(struct curl_loop *loop, CURL *easy, struct hgt_error *err) HGT_MUST_CHECK;
void curl_loop_remove(struct curl_loop *loop, CURL *easy);

#endif
