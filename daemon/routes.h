/* Where requests go: each path and method to its endpoint, when who asks may. */
#ifndef HEADGATE_DAEMON_ROUTES_H
#define HEADGATE_DAEMON_ROUTES_H

#include <stdbool.h>

#include "daemon/request.h"

/* Answer the request, or give it to its endpoint. admin: it came by the admin socket, whose peer fd is judged by. */
void routes_dispatch(struct request *request, bool admin, int fd);

#endif
