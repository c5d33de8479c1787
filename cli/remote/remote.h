/* What the verbs of headgate-remote share: who is asked, what is told, how it ends. */
#ifndef HEADGATE_CLI_REMOTE_REMOTE_H
#define HEADGATE_CLI_REMOTE_REMOTE_H

#include <getopt.h>

#include "cli/remote/client.h"
#include "config/config.h"
#include "headgate/protocol.h"

/* The verbs. argv[0] is the verb; they return an enum hgt_exit. */
int agent_verb(int argc, char **argv);
int status_verb(int argc, char **argv);
int events_verb(int argc, char **argv);
int audit_verb(int argc, char **argv);
int token_verb(int argc, char **argv);
int webhook_verb(int argc, char **argv);
int mirror_verb(int argc, char **argv);
int wait_verb(int argc, char **argv);
int diff_verb(int argc, char **argv);
int history_verb(int argc, char **argv);
int sync_verb(int argc, char **argv);
int suspend_verb(int argc, char **argv);
int resume_verb(int argc, char **argv);

/* The config that `given` (-c, may be NULL) or the environment names. */
int remote_config(const char *given, struct hgt_config **out, struct hgt_error *err) HGT_MUST_CHECK;

/* A client of the daemon of that config. */
int remote_connect(const char *given, struct client **out, struct hgt_error *err) HGT_MUST_CHECK;

/* Ask the daemon of that config by `ask`, which returns the exit status, or a negative code whose error is told then. */
int remote_ask(const char *given, int (*ask)(struct client *client, void *ctx, struct hgt_error *err), void *ctx);

/* Complain. Returns the exit status: 1 when the daemon says that it is not so, else 2. */
int remote_fail(const struct hgt_error *err);

/* Write text to stdout; 0, or 2 after a complaint. */
int remote_print(const struct hgt_buf *text);

/* The daemon's answer as it is, on lines of its own. */
int remote_print_answer(const struct client_answer *answer);

/* A number from an option, from least to most; false after a message. */
bool remote_number(const char *verb, const char *option, const char *text, uint64_t least, uint64_t most,
	uint64_t *out);

/* Add "<separator><key>=<value>", encoded; value NULL adds nothing. */
void remote_add_query(struct hgt_buf *path, const char *key, const char *value);

#endif
