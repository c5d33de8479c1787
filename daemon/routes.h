/* Where requests go: each path and method to its endpoint, when who asks may. */
#ifndef HEADGATE_DAEMON_ROUTES_H
#define HEADGATE_DAEMON_ROUTES_H

#include <stdbool.h>

#include "daemon/request.h"

/* Answer the request, or give it to its endpoint. admin: it came by the admin socket, whose peer fd is judged by. */
void routes_dispatch(struct request *request, bool admin, int fd);

/* The method ("GET" for those that also take HEAD) and the path of a route ("/v1/agents/{name}") by its number, from 1; "other" for 0. */
void routes_describe(unsigned route, const char **method, const char **path);

/* How many there are. */
unsigned routes_n(void);

/* Whether the route takes a method ("GET"); the parameters that its query may have, ending with NULL. */
bool routes_takes(unsigned route, const char *method);
const char *const *routes_params(unsigned route);

#endif
