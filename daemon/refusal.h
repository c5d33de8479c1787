/* A push that the gate refused, told by its hook: journaled as push.refused. */
#ifndef HEADGATE_DAEMON_REFUSAL_H
#define HEADGATE_DAEMON_REFUSAL_H

#include "daemon/intake.h"
#include "daemon/store.h"

/* Takes the line. repo: the repository's name. */
void refusal_submit(struct store *store, const char *repo, struct hook_line *line, intake_done_cb done, void *ctx);

#endif
