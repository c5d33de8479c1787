/* The options of the driver exec. */
#include <stddef.h>

#include "config/agent_private.h"

#define EXEC(member) offsetof(struct hgt_agent_target, exec.member)

/* A command without words is none. */
static int parse_command(struct reader *r, const struct hgt_node *node, void *field)
{
	struct hgt_strings *strings = field;
	int code = reader_read_strings(r, node, strings);

	return code == 0 && strings->n == 0 ? reader_refuse(r, node, "expected a command and its arguments, as a list") : code;
}

static const struct option options[] = {
	{.key = "compare", .type = OPTION_CUSTOM, .offset = EXEC(compare), .parse = parse_command, .required = true,
		.shape = "command and arguments", .help = "Says whether the target is as the tree has it: status 0 when it is, 2 when it is not, "
		"with the difference on stdout. It changes nothing."},
	{.key = "apply", .type = OPTION_CUSTOM, .offset = EXEC(apply), .parse = parse_command, .required = true,
		.shape = "command and arguments", .help = "Makes the target as the tree has it: status 0 when it has done so."},
	{.key = "compare_timeout", .type = OPTION_SECONDS, .offset = EXEC(compare_timeout), .min = 1, .max = 86400, .fallback = "5m",
		.help = "How long a comparison may take."},
	{.key = "apply_timeout", .type = OPTION_SECONDS, .offset = EXEC(apply_timeout), .min = 1, .max = 86400, .fallback = "1h",
		.help = "How long an apply may take."},
};
const struct section exec_section = {"options", sizeof(struct hgt_agent_target), options, sizeof(options) / sizeof(*options),
	SIZE_MAX, NULL};
