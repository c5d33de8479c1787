/* The parts of the agent's config: the options of each driver, one table a file, and windows. */
#ifndef HEADGATE_CONFIG_AGENT_PRIVATE_H
#define HEADGATE_CONFIG_AGENT_PRIVATE_H

#include "config/table.h"

/* Each is read into the whole struct hgt_agent_target. */
extern const struct section files_section, kubectl_section;

/* A folder of the repository: relative, no empty, "." or ".." component; "" is all of it. A const char *. */
int agent_parse_folder(struct reader *reader, const struct hgt_node *node, void *field) HGT_MUST_CHECK;

/* A struct hgt_window. */
extern const struct section window_section;

#endif
