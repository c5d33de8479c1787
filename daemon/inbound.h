/* Webhooks that forges send here: verified, journaled as upstream.pushed, each once. */
#ifndef HEADGATE_DAEMON_INBOUND_H
#define HEADGATE_DAEMON_INBOUND_H

#include "daemon/daemon.h"

struct inbound;
struct request;

/* Reads the secrets. */
int inbound_new(struct daemon *daemon, struct inbound **out, struct hgt_error *err) HGT_MUST_CHECK;
void inbound_free(struct inbound *inbound);

/* Another config: on failure everything is as it was. To be called while both configs live. */
int inbound_reload(struct inbound *inbound, const struct hgt_config *config, struct hgt_error *err) HGT_MUST_CHECK;

struct inbound_stats {
	uint64_t taken;		/* journaled */
	uint64_t repeated;	/* seen before */
	uint64_t ignored;	/* about something else than a push */
	uint64_t refused;	/* a signature that is wrong, a body that cannot be read */
};
void inbound_stats(const struct inbound *inbound, struct inbound_stats *out);

/* POST /v1/inbound/NAME: answers the request. */
void inbound_take(struct inbound *inbound, struct request *request);

#endif
