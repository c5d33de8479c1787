/*
 * What hooks left behind when the daemon was not there or could not write: one file a push in <state>/spool, each taken in once and
 * removed when its events are on disk. A file that makes no sense goes to spool/bad.
 */
#ifndef HEADGATE_DAEMON_SPOOL_H
#define HEADGATE_DAEMON_SPOOL_H

#include "daemon/daemon.h"

struct spool;

/* Begins with what is there; calls `emptied` once when all of that has been tried. */
int spool_new(struct daemon *daemon, void (*emptied)(void *ctx), void *ctx, struct spool **out, struct hgt_error *err) HGT_MUST_CHECK;
void spool_free(struct spool *spool);

#endif
