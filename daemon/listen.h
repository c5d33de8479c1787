/* Listening sockets: unix ones that replace only what nobody listens on, TCP ones that stay on loopback unless told otherwise. */
#ifndef HEADGATE_DAEMON_LISTEN_H
#define HEADGATE_DAEMON_LISTEN_H

#include <sys/types.h>

#include "config/config.h"

/* Both give a non-blocking, close-on-exec, listening descriptor, or a message that names the address. */

/* mode is what the socket file gets, from the first moment. HGT_ECONFLICT: somebody listens there. */
int listen_unix(const char *path, mode_t mode, int *fd, struct hgt_error *err) HGT_MUST_CHECK;

/* HGT_EPERM for an address that is not loopback without `tls` or `insecure`. bound gets the address with the port that was
 * chosen. */
int listen_tcp(const struct hgt_config_listen *listen, int *fd, struct hgt_buf *bound, struct hgt_error *err) HGT_MUST_CHECK;

/* Where a socket is bound: its path, or address and port, appended to out; AF_UNIX, or AF_INET for both kinds of TCP. -1: neither. */
int listen_describe(int fd, struct hgt_buf *out);

/* The user id of a unix socket's peer; false when it cannot be told. */
bool listen_peer_uid(int fd, uid_t *uid);

#endif
