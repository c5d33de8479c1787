/* The agents: registry, tokens, who is connected, their last reports. Kept in the journal's database, held in memory here. */
#ifndef HEADGATE_DAEMON_AGENTS_H
#define HEADGATE_DAEMON_AGENTS_H

#include "daemon/daemon.h"

struct agents;

/* Loads the registry from daemon->reader. */
int agents_new(struct daemon *daemon, struct agents **out, struct hgt_error *err) HGT_MUST_CHECK;
void agents_free(struct agents *agents);

#endif
