/* The options of each driver, one table a file. */
#ifndef HEADGATE_CONFIG_AGENT_PRIVATE_H
#define HEADGATE_CONFIG_AGENT_PRIVATE_H

#include "config/table.h"

/* Each is read into the whole struct hgt_agent_target. */
extern const struct section files_section;

#endif
