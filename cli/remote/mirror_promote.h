/* headgate mirror upstreams and promote: the Headgates upstream, and which of two peers leads. */
#ifndef HEADGATE_CLI_REMOTE_MIRROR_PROMOTE_H
#define HEADGATE_CLI_REMOTE_MIRROR_PROMOTE_H

#include "cli/remote/client.h"

struct promote_options {
	const char *mirror;	/* of upstreams NULL: all */
	const char *actor;
	bool force, abort, json;
	unsigned timeout;	/* seconds */
};

/* They return an enum hgt_exit. */
int mirror_upstreams(struct client *client, const struct promote_options *options);
int mirror_promote(struct client *client, const struct promote_options *options);

#endif
