/*
 * Webhooks that forges send to us: the signature, then what was pushed. A signature is checked before a byte of the body is
 * understood.
 */
#ifndef HEADGATE_WEBHOOK_INBOUND_H
#define HEADGATE_WEBHOOK_INBOUND_H

#include "base/buf.h"
#include "webhook/format.h"
#include "webhook/signature.h"

struct hgt_doc_set;

/* A header of the request by its name, or NULL. */
typedef const char *(*hgt_inbound_header_cb)(void *ctx, const char *name);

/* The longest name of a delivery, and of a ref, that is taken. */
#define HGT_INBOUND_DELIVERY_MAX 128
#define HGT_INBOUND_REF_MAX 1024

struct hgt_inbound_push {
	const char *ref;	/* full name */
	const char *old_id;	/* NULL when the forge does not say; all zero: it was not there */
	const char *new_id;	/* all zero: it is gone */
	const char *delivery;	/* the forge's id of this delivery, or NULL */
};

/* Whether it comes from who knows the secret. kind: github, gitlab or gitea. */
bool hgt_inbound_verify(enum hgt_webhook_format kind, const struct hgt_secret *secret, hgt_inbound_header_cb get, void *ctx,
	const char *body, size_t len);

/* What was pushed: 1, or 0 when it is about something else (a ping, an issue). Strings live in set (initialised) or are the
 * header's. HGT_EPARSE: it is not what such a forge sends. */
int hgt_inbound_read(enum hgt_webhook_format kind, hgt_inbound_header_cb get, void *ctx, const char *body, size_t len,
	struct hgt_doc_set *set, struct hgt_inbound_push *out, struct hgt_error *err) HGT_MUST_CHECK;

#endif
