/* A token that is being issued: it waits for the disk, and is shown then, once. */
#ifndef HEADGATE_DAEMON_ISSUE_H
#define HEADGATE_DAEMON_ISSUE_H

#include "daemon/request.h"
#include "daemon/secret.h"

struct issue {
	struct request *request;
	char name[HGT_NAME_MAX + 1];
	char token[SECRET_MAX];	/* "" for an agent that is known by its certificate */
};

/* The answer is 201. NULL with err set. */
struct issue *issue_new(struct request *request, const char *name, struct hgt_error *err);
void issue_free(struct issue *issue);	/* when nothing came of it; NULL is fine */

/* An agents_done_cb: answers the request, and frees the issue (ctx). */
void issue_done(void *ctx, int code, uint64_t seq, const struct hgt_error *err);

#endif
