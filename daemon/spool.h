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

/* Numbers: of now, and since the start. */
struct spool_stats {
	uint64_t files;			/* that wait: as the last look found, less what was taken in since */
	int64_t oldest_ms;		/* wall clock: when the oldest of them was written, by its name; 0 for none or unknown */
	uint64_t taken, set_aside;
};
void spool_stats(const struct spool *spool, struct spool_stats *out);

#endif
