/* The socket on which hooks announce pushes (docs/design.md, "Hook socket"): one line in, one line out once it is on disk. */
#ifndef HEADGATE_DAEMON_HOOK_SOCKET_H
#define HEADGATE_DAEMON_HOOK_SOCKET_H

#include "daemon/daemon.h"

struct hook_socket;

/* Binds config->sockets.hook. HGT_ECONFLICT when somebody listens there. */
int hook_socket_new(struct daemon *daemon, struct hook_socket **out, struct hgt_error *err) HGT_MUST_CHECK;
void hook_socket_free(struct hook_socket *socket);

/* Stop accepting; 1 when every hook has had its answer. */
int hook_socket_drain(struct hook_socket *socket);

#endif
