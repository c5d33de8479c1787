/* What the hooks tell the daemon: one line of JSON (docs/design.md, "Hook socket"). */
#ifndef HEADGATE_HOOKS_ANNOUNCE_H
#define HEADGATE_HOOKS_ANNOUNCE_H

#include "check/finding.h"
#include "hooks/hook.h"

/* The lines, each with its newline. HGT_ELIMIT when one is longer than the daemon takes. */
int announce_received(const struct hook *hook, struct hgt_buf *line, struct hgt_error *err) HGT_MUST_CHECK;
int announce_refused(const struct hook *hook, const struct hgt_findings *findings, struct hgt_buf *line,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Ask to be told for so many seconds what becomes of the push. */
int announce_wait(const struct hook *hook, uint32_t seconds, struct hgt_buf *line, struct hgt_error *err) HGT_MUST_CHECK;

/* Hand a line to the socket, within `patience_ms`; *fd gets the connection, on which answers come, and which does not block. */
int announce_begin(const char *socket_path, const struct hgt_buf *line, int patience_ms, int *fd,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Hand a line to the socket and wait for the answer, `patience_ms` in all. 0 when the daemon said that it has it. */
int announce_send(const char *socket_path, const struct hgt_buf *line, int patience_ms, struct hgt_error *err) HGT_MUST_CHECK;

/* Put a line where the daemon finds it later; on disk when this returns. */
int announce_spool(const struct hook *hook, const struct hgt_buf *line, struct hgt_error *err) HGT_MUST_CHECK;

#endif
