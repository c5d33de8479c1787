/*
 * SIGUSR2: the program on disk takes over from the one that runs, in the same process.
 *
 *	the new program is asked whether it takes the config (-t)
 *	  well: what runs is waited for, as for a stop, but the listening sockets stay open (sockets.h), so that who comes meanwhile waits
 *	  in their queues; then the new program is executed, and finds them as if the service manager had handed them over
 *	  not well: that is logged, and all goes on
 *
 * Hooks never see a refused connection; streams end, and their agents come back with their cursors.
 */
#ifndef HEADGATE_DAEMON_UPGRADE_H
#define HEADGATE_DAEMON_UPGRADE_H

#include "daemon/daemon.h"

struct sockets;
struct upgrade;

/* argv: as main got it, borrowed. `agreed` is called on the loop when the new program has said yes. */
int upgrade_new(struct daemon *daemon, char **argv, void (*agreed)(void *ctx), void *ctx, struct upgrade **out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* While asking the new program: it is ended. */
void upgrade_free(struct upgrade *upgrade);

/* Ask the program on disk. Once at a time. */
void upgrade_ask(struct upgrade *upgrade);

/* The path of the program on disk, as it was when this process began; appended to out. */
int upgrade_path(struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* Become the program at path. Returns only when that is not possible. */
int upgrade_exec(const char *path, char **argv, struct sockets *sockets, struct hgt_error *err) HGT_MUST_CHECK;

#endif
