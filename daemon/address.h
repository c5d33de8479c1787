/* Whose connection or request it is: the address at the other end, or the one that a proxy names. */
#ifndef HEADGATE_DAEMON_ADDRESS_H
#define HEADGATE_DAEMON_ADDRESS_H

#include "daemon/request.h"

/* The address at the other end of a socket of IP as text; "" when there is none. */
void address_text(int fd, char out[REQUEST_REMOTE_MAX]);

/* A connection has come: *peer gets whose it is, counted (guard_connect), or NULL; *proxied, whether it is one of the config's
 * proxies, which is not counted. False, and it is journaled, when that address has too many. */
bool address_admit(struct daemon *daemon, int fd, struct peer **peer, bool *proxied);

/* For whom a proxy asks: the last address that X-Forwarded-For names, for what stands before it anyone may have written; else
 * itself. */
void address_forwarded(struct request *request);

#endif
