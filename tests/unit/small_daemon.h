/* The inner half of a daemon, without its sockets: what the tests of its rooms run. */
#ifndef HEADGATE_TESTS_SMALL_DAEMON_H
#define HEADGATE_TESTS_SMALL_DAEMON_H

#include "daemon/daemon.h"

struct small_daemon {
	struct daemon daemon;
	char *folder;		/* below it: git/ and state/ */
	struct hgt_config *config;
	struct event *git_done;
};

/* Base, workers, store, reader, repositories, intake and ref watch (which watches nothing yet), below an empty folder of its own. */
void small_daemon_start(struct small_daemon *small);
void small_daemon_stop(struct small_daemon *small);

/* Stop, and start again on the same folder. */
void small_daemon_restart(struct small_daemon *small);

/* Run the loop until *done; fails the test after a minute. */
void small_daemon_run(struct small_daemon *small, const bool *done);

/* Run a shell script in its folder; fails the test when it fails. The output without its last newline, to be freed. */
char *small_daemon_sh(const struct small_daemon *small, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
