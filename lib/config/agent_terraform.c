/* The options of the driver terraform. */
#include <stddef.h>

#include "config/agent_private.h"

#define TERRAFORM(member) offsetof(struct hgt_agent_target, terraform.member)

static const struct option options[] = {
	{.key = "command", .type = OPTION_STRING, .offset = TERRAFORM(command), .fallback = "terraform",
		.help = "The program: terraform 1.4 or newer, or tofu; looked up in PATH unless it has a slash."},
	{.key = "folder", .type = OPTION_CUSTOM, .offset = TERRAFORM(folder), .parse = parse_repo_path, .fallback = "\"\"",
		.shape = "folder", .help = "The root module's folder in the target's tree; an empty one is its top."},
	{.key = "var_files", .type = OPTION_CUSTOM, .offset = TERRAFORM(var_files), .parse = parse_tree_files, .fallback = "[]",
		.shape = "list of files", .help = "Files of variables: of the target's tree, or absolute paths."},
	{.key = "workspace", .type = OPTION_STRING, .offset = TERRAFORM(workspace),
		.help = "The workspace; made by the first apply where it is not there."},
	{.key = "backend_config", .type = OPTION_CUSTOM, .offset = TERRAFORM(backend_config), .parse = parse_tree_files, .fallback = "[]",
		.shape = "list of files", .help = "Files with what the backend's block leaves open, such as credentials."},
	{.key = "state_file", .type = OPTION_PATH, .offset = TERRAFORM(state_file),
		.help = "Where the state of a configuration without a backend is kept. It holds secrets; keep copies of it."},
	{.key = "parallelism", .type = OPTION_COUNT, .offset = TERRAFORM(parallelism), .min = 0, .max = 1000, .fallback = "0",
		.help = "How many things are done at once; 0 leaves it to the tool."},
	{.key = "lock_timeout", .type = OPTION_SECONDS, .offset = TERRAFORM(lock_timeout), .min = 0, .max = 86400, .fallback = "60s",
		.help = "How long a state that somebody else has locked is waited for."},
	{.key = "compare_timeout", .type = OPTION_SECONDS, .offset = TERRAFORM(compare_timeout), .min = 1, .max = 86400, .fallback = "15m",
		.help = "How long each step of a comparison may take."},
	{.key = "apply_timeout", .type = OPTION_SECONDS, .offset = TERRAFORM(apply_timeout), .min = 1, .max = 86400, .fallback = "1h",
		.help = "How long each step of an apply may take."},
};
const struct section terraform_section = {"options", sizeof(struct hgt_agent_target), options, sizeof(options) / sizeof(*options),
	SIZE_MAX, NULL};
