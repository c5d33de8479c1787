/* Files in which words in double braces stand for what the agent knows of a target. */
#ifndef HEADGATE_AGENT_FILES_TEMPLATE_H
#define HEADGATE_AGENT_FILES_TEMPLATE_H

#include "base/buf.h"
#include "config/config.h"

#define TEMPLATE_MAX (4 * 1024 * 1024)	/* bytes of a template */

/* Append text[0..len) with every word put in; path stands for it in messages. HGT_EPARSE names the line. */
int template_render(const char *text, size_t len, const char *path, const struct hgt_agent_target *target, struct hgt_buf *out,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
