/* The socket of a stream that came by TLS, once it has left evhttp. */
#ifndef HEADGATE_DAEMON_WIRE_TLS_H
#define HEADGATE_DAEMON_WIRE_TLS_H

#include "daemon/wire.h"

struct tls_line;

/* Takes the line; fd is its. */
void wire_tls(struct wire *wire, int fd, struct tls_line *line);

#endif
