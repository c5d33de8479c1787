/* The options of the driver files. */
#include <stddef.h>

#include "config/agent_private.h"

#define FILES(member) offsetof(struct hgt_agent_target, files.member)

static const struct option options[] = {
	{.key = "into", .type = OPTION_PATH, .offset = FILES(into), .required = true,
		.help = "The folder that gets the files."},
	{.key = "after", .type = OPTION_STRINGS, .offset = FILES(after), .fallback = "[]",
		.shape = "command and arguments", .help = "Run without a shell after a change; when it fails, the old files are put back."},
};
const struct section files_section = {"options", sizeof(struct hgt_agent_target), options, sizeof(options) / sizeof(*options),
	SIZE_MAX, NULL};
