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

/* Numbers: of now, and since the start. */
struct hook_socket_stats {
	uint64_t connections;		/* now */
	int64_t oldest_ms;		/* how long the longest of them has been there; 0 for none */
	uint64_t accepted, turned_away;
	uint64_t late, unread;		/* did not end their line, or read their answer, in time */
};
void hook_socket_stats(const struct hook_socket *socket, struct hook_socket_stats *out);

#endif
