/*
 * The listening sockets: handed over by the service manager (sd_listen_fds(3)) or by the program that this process ran before (upgrade.h),
 * or opened here. Whoever listens gets a descriptor of its own; this keeps another of each, so that a socket stays open, and takes
 * connections into its queue, while nobody accepts on it.
 *
 * Those handed over are known by name: "hook", "admin", and "tcp" for each entry of `listen`. The path of one that was opened here, or by
 * the program before, is removed at the end; that of one of the service manager's stays.
 */
#ifndef HEADGATE_DAEMON_SOCKETS_H
#define HEADGATE_DAEMON_SOCKETS_H

#include <sys/types.h>

#include "config/config.h"

#define SOCKETS_HOOK "hook"
#define SOCKETS_ADMIN "admin"
#define SOCKETS_TCP "tcp"

struct sockets;

/* Takes what LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES tell of, or HEADGATE_SOCKETS, and these out of the environment. HGT_EINVAL: one has another name, or is
 * no listening stream socket. */
int sockets_new(struct sockets **out, struct hgt_error *err) HGT_MUST_CHECK;
void sockets_free(struct sockets *sockets);

/* In all of these sockets may be NULL: then nothing was handed over and nothing is kept. *fd is the caller's to close. */

/* The unix socket of that name at path. HGT_EINVAL: the one handed over is at another path. mode is of one that is made. */
int sockets_unix(struct sockets *sockets, const char *name, const char *path, mode_t mode, int *fd, struct hgt_error *err) HGT_MUST_CHECK;

/* One that is bound to the entry's address. bound gets that, with the port. */
int sockets_tcp(struct sockets *sockets, const struct hgt_config_listen *listen, int *fd, struct hgt_buf *bound,
	struct hgt_error *err) HGT_MUST_CHECK;

/* HGT_EINVAL when the service manager handed one over that nobody wanted: whoever connects there would wait for ever. What the program
 * before had opened and the config no longer names is closed. */
int sockets_settle(struct sockets *sockets, struct hgt_error *err) HGT_MUST_CHECK;

/* Nobody listens any more on the unix socket of that name at path: closed and removed, unless the service manager keeps it. */
void sockets_remove(struct sockets *sockets, const char *name, const char *path);

/* The same for the TCP one that is bound there. */
void sockets_drop_tcp(struct sockets *sockets, const char *bound);

/* Let the next program of this process find them: they stay open across an exec, and HEADGATE_SOCKETS tells where. */
int sockets_pass(struct sockets *sockets, struct hgt_error *err) HGT_MUST_CHECK;

/* There was no next program: all are here to be asked for again. */
void sockets_keep(struct sockets *sockets);

#endif
