/*
 * libcurl's transfers on the loop: its sockets and its timer are watched, and whoever began a transfer is told of its end. Names are
 * looked up by libcurl's own thread.
 */
#ifndef HEADGATE_DAEMON_CURL_LOOP_H
#define HEADGATE_DAEMON_CURL_LOOP_H

#include "daemon/webhook_curl.h"

struct curl_loop;
struct event_base;

/* It has ended, and is still added; the callback may remove it, add another, or free the loop. */
typedef void (*curl_loop_ended_cb)(void *ctx, CURLcode code);

/* One transfer at a time, and one connection kept for the next. */
int curl_loop_new(struct event_base *base, const struct webhook_curl *curl, curl_loop_ended_cb ended, void *ctx, struct curl_loop **out,
	struct hgt_error *err) HGT_MUST_CHECK;
void curl_loop_free(struct curl_loop *loop);	/* nothing is added any more; NULL is fine */

/* What happens next happens on the loop: adding only starts libcurl's timer. */
int curl_loop_add(struct curl_loop *loop, CURL *easy, struct hgt_error *err) HGT_MUST_CHECK;
void curl_loop_remove(struct curl_loop *loop, CURL *easy);

#endif
