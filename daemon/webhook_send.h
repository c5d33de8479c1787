/*
 * One HTTP request at a time to one receiver, over libcurl on the loop. Names are looked up by libcurl's own thread. No redirect
 * is followed, no proxy used, and each address is judged when it is connected to.
 */
#ifndef HEADGATE_DAEMON_WEBHOOK_SEND_H
#define HEADGATE_DAEMON_WEBHOOK_SEND_H

#include "config/config.h"
#include "daemon/webhook_curl.h"
#include "webhook/message.h"

struct event_base;
struct webhook_sender;

/* Bytes of an answer that are kept; those that are read before the rest is not waited for. */
#define WEBHOOK_ANSWER_MAX 512
#define WEBHOOK_ANSWER_READ_MAX (64 * 1024)

struct webhook_result {
	int status;			/* of HTTP; 0: there was no answer */
	int64_t retry_after_ms;		/* what the receiver asked for, 0 nothing */
	int64_t took_ms;
	struct hgt_buf answer;		/* its first bytes, raw */
	struct hgt_buf error;		/* why there was none, "" when there was */
};

/* The result is borrowed for the call, which may send again or free the sender. */
typedef void (*webhook_sent_cb)(void *ctx, const struct webhook_result *result);

/* What config says of addresses, certificates and time is copied. */
int webhook_sender_new(struct event_base *base, const struct webhook_curl *curl, const struct hgt_config_webhook *config,
	struct webhook_sender **out, struct hgt_error *err) HGT_MUST_CHECK;

/* Whatever runs is broken off, and its callback not called. NULL is fine. */
void webhook_sender_free(struct webhook_sender *sender);

/* message is taken over (emptied). One at a time. */
int webhook_send(struct webhook_sender *sender, struct hgt_webhook_message *message, webhook_sent_cb sent, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
