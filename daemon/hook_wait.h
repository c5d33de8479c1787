/*
 * Hooks that wait for what becomes of their push (docs/design.md, "Hook socket"): each target that it is for is told at once, then each
 * of its movements, then how it ended. A hook that hangs up is forgotten at once.
 */
#ifndef HEADGATE_DAEMON_HOOK_WAIT_H
#define HEADGATE_DAEMON_HOOK_WAIT_H

#include <sys/queue.h>

#include "daemon/daemon.h"

struct bufferevent;
struct hook_line;
struct hook_wait;

LIST_HEAD(hook_wait_list, hook_wait);

struct hook_waits {
	struct daemon *daemon;
	struct hook_wait_list list;
};

void hook_waits_init(struct hook_waits *waits, struct daemon *daemon);
void hook_waits_release(struct hook_waits *waits);

/* Whether there is none. */
bool hook_waits_none(const struct hook_waits *waits);

/* Takes the connection, whose line has been read and is left to the caller. */
void hook_wait_begin(struct hook_waits *waits, struct bufferevent *bev, const struct hook_line *line);

#endif
