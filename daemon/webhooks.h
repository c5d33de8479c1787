/*
 * Webhooks: each receiver is a cursor in the journal, which it follows event by event, one on its way at a time. What a receiver
 * does not take is tried again until it is too old, then parked and shown, and those after it go on.
 *
 * At least once: a cursor goes to disk a moment after the delivery, so a daemon that is killed in between sends that one again,
 * under the same delivery id.
 */
#ifndef HEADGATE_DAEMON_WEBHOOKS_H
#define HEADGATE_DAEMON_WEBHOOKS_H

#include "daemon/daemon.h"

struct hgt_json;
struct request;
struct webhooks;

/* Reads the secrets and where each receiver stands. Nothing is sent before the loop runs. */
int webhooks_new(struct daemon *daemon, struct webhooks **out, struct hgt_error *err) HGT_MUST_CHECK;
void webhooks_free(struct webhooks *webhooks);

/* Another config: on failure everything is as it was. Receivers that stay keep their cursors; new ones begin at the head; what
 * became of those that are gone is forgotten. To be called while both configs live. */
int webhooks_reload(struct webhooks *webhooks, const struct hgt_config *config, struct hgt_error *err) HGT_MUST_CHECK;

/* Events have been committed. */
void webhooks_wake(struct webhooks *webhooks);

/* Begin nothing new; what is on its way gets a moment. 1 when nothing is left to wait for. */
int webhooks_drain(struct webhooks *webhooks);

/* The lowest seq that may still have to be read from the journal: no event from there on may be taken out of it. UINT64_MAX: none
 * needs any. */
uint64_t webhooks_needed(const struct webhooks *webhooks);

struct webhooks_stats {
	uint64_t receivers;
	uint64_t delivered, failed, parked;	/* attempts that were taken, that were not; events given up; since the start */
	uint64_t parked_now, behind;		/* parked rows; events between the cursors and the head, the largest */
	int64_t oldest_ms;			/* how long the longest has been trying one event, 0 none */
};
void webhooks_stats(const struct webhooks *webhooks, struct webhooks_stats *out);

/* The same of one receiver: start with *pos = 0; NULL at the end. */
const char *webhooks_next(const struct webhooks *webhooks, size_t *pos, struct webhooks_stats *out);

/* For the API. Each answers the request, now or later. */
void webhooks_write(struct webhooks *webhooks, struct hgt_json *json);	/* the list of receivers */
bool webhooks_has(const struct webhooks *webhooks, const char *name);
/* NULL: all parked */
void webhooks_replay(struct webhooks *webhooks, struct request *request, const char *name, const char *delivery);
void webhooks_rewind(struct webhooks *webhooks, struct request *request, const char *name, const struct hgt_cursor *after);
void webhooks_test(struct webhooks *webhooks, struct request *request, const char *name);

#endif
