/* ssh as git calls it for mirrors: its command, and connections that are shared between runs. The sockets are in <state>/ssh. */
#ifndef HEADGATE_DAEMON_MIRROR_SSH_H
#define HEADGATE_DAEMON_MIRROR_SSH_H

#include "daemon/mirror.h"

/* What git is to call, for a shell, appended. It asks nobody, believes no host that it does not know, and notices when the other
 * side is gone. */
int mirror_ssh_command(const struct turn *turn, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* Append the text in single quotes, for the shell that git gives it to. */
void mirror_add_quoted(struct hgt_buf *out, const char *text);

#endif
