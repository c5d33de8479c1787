/* The parts of the agent's config: the options of each driver, one table a file, and windows. */
#ifndef HEADGATE_CONFIG_AGENT_PRIVATE_H
#define HEADGATE_CONFIG_AGENT_PRIVATE_H

#include "config/table.h"

/* Each is read into the whole struct hgt_agent_target. */
extern const struct section files_section;

/* A struct hgt_window. */
extern const struct section window_section;

#endif
