/* The line that a hook hands over, through the socket or the spool (docs/design.md, "Hook socket"), read and checked. */
#ifndef HEADGATE_DAEMON_HOOK_LINE_H
#define HEADGATE_DAEMON_HOOK_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "doc/doc.h"
#include "git/update.h"

#define HOOK_FINDINGS_MAX 50	/* passed on, of a refusal */

struct hook_line {
	struct hgt_doc_set set;		/* holds all the strings */
	bool refused, wait;		/* else received */
	const char *repo;		/* absolute path of the .git folder, as announced */
	const char *push;		/* 32 hex digits */
	const char *actor;		/* login name */
	const char *remote;		/* the client's address, or NULL */
	int64_t time_ms;		/* by the hook's clock, after the refs had moved; 0 when the line does not say */
	struct hgt_update *updates;	/* each of a ref of its own */
	size_t n_updates;
	/* of a refusal: */
	int64_t errors, warnings;
	const struct hgt_node *findings;	/* a sequence, or NULL */
	int64_t seconds;		/* of a wait: how long, at least 1 */
};

/* text: the line, its newline left out or not. HGT_EPARSE, HGT_ELIMIT, HGT_EUNSUPPORTED (another version, SHA-256 ids). */
int hook_line_parse(const char *text, size_t len, struct hook_line **out, struct hgt_error *err) HGT_MUST_CHECK;
void hook_line_free(struct hook_line *line);

#endif
