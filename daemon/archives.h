/* Archives: built by a git worker, once, kept in <state>/archives by tree id under a size limit, served from there. */
#ifndef HEADGATE_DAEMON_ARCHIVES_H
#define HEADGATE_DAEMON_ARCHIVES_H

#include "daemon/daemon.h"

struct archives;

int archives_new(struct daemon *daemon, struct archives **out, struct hgt_error *err) HGT_MUST_CHECK;
void archives_free(struct archives *archives);

#endif
