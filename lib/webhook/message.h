/*
 * An event as the HTTP request that a receiver of webhooks understands: its headers, its body, its signatures. Pure functions:
 * what they say depends on nothing but their arguments. docs/webhooks.md tells what each receiver reads.
 *
 *	struct hgt_webhook_message message = HGT_WEBHOOK_MESSAGE_INIT;
 *	if (hgt_webhook_write(&target, &event, now, &message, &err) == 0)
 *		...send message...
 *	hgt_webhook_message_release(&message);
 */
#ifndef HEADGATE_WEBHOOK_MESSAGE_H
#define HEADGATE_WEBHOOK_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "event/event.h"
#include "webhook/format.h"
#include "webhook/signature.h"

/* "01234567-89ab-8def-8123-456789abcdef" and its terminator: a UUID of version 8 (RFC 9562). */
#define HGT_DELIVERY_ID 37

/* The id of a delivery: of one event to one target, whenever and however often it is sent. */
void hgt_delivery_id(const char *journal, uint64_t seq, const char *target, char out[HGT_DELIVERY_ID]);

/* To whom. Strings are borrowed. In the URLs of the repository, "{repo}" stands for its name and "{site}" for the server's. */
struct hgt_webhook_to {
	enum hgt_webhook_format format;
	const char *name;
	const char *url;
	const char *site;
	const char *http_url, *ssh_url, *web_url;	/* where the receiver finds the repository */
	const struct hgt_secret *secret;		/* data NULL: nothing is signed */
	size_t body_max;				/* bytes; a list of paths that would take it over is left out */
};

/* The commit that a ref has moved to, as far as it is known. Texts are raw bytes. */
struct hgt_webhook_commit {
	char id[65], tree[65];	/* of the commit itself, when the ref has a tag; "" when not known */
	const char *message, *author, *email, *committer, *committer_email;
	int64_t seconds;	/* the committer's time */
	int offset;		/* minutes east of UTC that the committer was */
};

struct hgt_webhook_event {
	const char *delivery;	/* hgt_delivery_id */
	const char *id;		/* the event's own: "<journal>.<seq>" */
	const char *type;
	int64_t time_ms;
	const char *body;	/* the CloudEvent, JSON */
	size_t body_len;
	const struct hgt_ref_event *ref;		/* what it says of a ref; NULL for an event about anything else */
	const char *default_branch;			/* short name, "" when not known */
	const struct hgt_webhook_commit *commit;	/* or NULL */
};

struct hgt_webhook_message {
	bool get;		/* GET without a body; else POST */
	struct hgt_buf url;
	struct hgt_buf headers;	/* "Name: value", one a line, each ended by LF */
	struct hgt_buf body;
};

#define HGT_WEBHOOK_MESSAGE_INIT {false, HGT_BUF_INIT, HGT_BUF_INIT, HGT_BUF_INIT}
void hgt_webhook_message_release(struct hgt_webhook_message *message);

/* Write it; now_s: seconds since the epoch, in signatures that have a time. HGT_EINVAL: the format has no word for such an
 * event. */
int hgt_webhook_write(const struct hgt_webhook_to *to, const struct hgt_webhook_event *event, int64_t now_s,
	struct hgt_webhook_message *out, struct hgt_error *err) HGT_MUST_CHECK;

/* A message that shows that the target is reached and takes the signature, and that changes nothing: the ping that the format has,
 * else an event about a repository that nobody has, "headgate-test". */
int hgt_webhook_write_test(const struct hgt_webhook_to *to, const char *delivery, int64_t now_s, struct hgt_webhook_message *out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Read the data of a ref.updated out of its CloudEvent. What *out has lives in set (initialised). HGT_EPARSE: it is not what it
 * should be. */
struct hgt_doc_set;
int hgt_webhook_read_ref(const char *body, size_t len, struct hgt_doc_set *set, struct hgt_ref_event *out,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
