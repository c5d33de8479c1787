/* The options of the driver ansible. */
#include <stddef.h>
#include <string.h>

#include "config/agent_private.h"

#define ANSIBLE(member) offsetof(struct hgt_agent_target, ansible.member)

/* "web1,web2," is a list of hosts, as ansible-playbook has it. */
static int parse_inventory(struct reader *r, const struct hgt_node *node, void *field)
{
	struct hgt_strings *strings = field;
	int code = reader_read_strings(r, node, strings);

	for (size_t i = 0; i < strings->n && code == 0; i++)
		if (!strchr(strings->items[i], ',') && !is_tree_file(strings->items[i]))
			code = reader_refuse(r, node, "expected files of the target's tree, absolute paths, or lists of hosts such as \"web1,\"; "
				"got \"%s\"", strings->items[i]);
	return code;
}

static const struct option options[] = {
	{.key = "playbook", .type = OPTION_CUSTOM, .offset = ANSIBLE(playbook), .parse = parse_tree_file, .required = true, .shape = "file",
		.help = "The playbook: a file of the target's tree, or an absolute path."},
	{.key = "inventory", .type = OPTION_CUSTOM, .offset = ANSIBLE(inventory), .parse = parse_inventory, .fallback = "[]",
		.shape = "list of files", .help = "Inventories: of the tree, absolute, or lists of hosts such as \"web1,\". None: what an "
		"ansible.cfg says."},
	{.key = "limit", .type = OPTION_STRING, .offset = ANSIBLE(limit), .shape = "pattern", .help = "Only hosts that fit are compared and "
		"changed."},
	{.key = "extra_vars", .type = OPTION_CUSTOM, .offset = ANSIBLE(extra_vars), .parse = parse_tree_files, .fallback = "[]",
		.shape = "list of files", .help = "Files of variables that override all others."},
	{.key = "vault_password_file", .type = OPTION_CUSTOM, .offset = ANSIBLE(vault_password_file), .parse = parse_tree_file, .shape = "file",
		.help = "The file with the vault's password, or a program that prints it. It does not leave this host."},
	{.key = "user", .type = OPTION_STRING, .offset = ANSIBLE(user), .shape = "user", .help = "Who to be on the hosts."},
	{.key = "become", .type = OPTION_BOOL, .offset = ANSIBLE(become), .fallback = "false",
		.help = "Whether tasks run as root there, unless they say otherwise."},
	{.key = "command", .type = OPTION_STRING, .offset = ANSIBLE(command), .fallback = "ansible-playbook",
		.help = "The program, 2.14 or newer; looked up in PATH unless it has a slash."},
	{.key = "compare_timeout", .type = OPTION_SECONDS, .offset = ANSIBLE(compare_timeout), .min = 1, .max = 86400, .fallback = "15m",
		.help = "How long a comparison may take."},
	{.key = "apply_timeout", .type = OPTION_SECONDS, .offset = ANSIBLE(apply_timeout), .min = 1, .max = 86400, .fallback = "1h",
		.help = "How long an apply may take."},
};
const struct section ansible_section = {"options", sizeof(struct hgt_agent_target), options, sizeof(options) / sizeof(*options),
	SIZE_MAX, NULL};
