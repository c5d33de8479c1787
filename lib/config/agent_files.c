/* The options of the driver files. */
#include <stddef.h>
#include <stdlib.h>

#include "config/agent_private.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FILES(member) offsetof(struct hgt_agent_target, files.member)
#define RULE(member) offsetof(struct hgt_files_rule, member)

/* As chmod(1) takes it: three or four octal digits. YAML would read it as a number, and not all of YAML the same one. */
static int parse_mode(struct reader *r, const struct hgt_node *node, void *field)
{
	size_t digits = strspn(node->text, "01234567");

	if (node->type != HGT_NODE_STRING || digits != node->len || digits < 3 || digits > 4)
		return reader_refuse(r, node, "expected a mode in quotes, such as \"0640\"");
	*(unsigned *)field = (unsigned)strtoul(node->text, NULL, 8) | HGT_MODE_SAID;
	return 0;
}

static int parse_extra(struct reader *r, const struct hgt_node *node, void *field)
{
	bool report = node->type == HGT_NODE_STRING && strcmp(node->text, "report") == 0;

	if (!report && (node->type != HGT_NODE_STRING || strcmp(node->text, "ignore") != 0))
		return reader_refuse(r, node, "expected ignore or report");
	*(bool *)field = report;
	return 0;
}

static const struct option rule_options[] = {
	{.key = "paths", .type = OPTION_GLOBS, .offset = RULE(paths), .required = true, .help = "Which files, by their paths in the folder."},
	{.key = "owner", .type = OPTION_STRING, .offset = RULE(perms.owner), .help = "As above."},
	{.key = "group", .type = OPTION_STRING, .offset = RULE(perms.group), .help = "As above."},
	{.key = "mode", .type = OPTION_CUSTOM, .offset = RULE(perms.mode), .parse = parse_mode, .shape = "octal digits", .help = "As above."},
};
static const struct section rule_section = {"a rule", sizeof(struct hgt_files_rule), rule_options, COUNT(rule_options), SIZE_MAX, NULL};

static const struct option options[] = {
	{.key = "into", .type = OPTION_PATH, .offset = FILES(into), .required = true,
		.help = "The folder that gets the files: each target one of its own, which is not in another's. Once something has been placed, a link that "
		"comes to lead elsewhere is told and not followed."},
	{.key = "after", .type = OPTION_STRINGS, .offset = FILES(after), .fallback = "[]",
		.shape = "command and arguments", .help = "Run without a shell after a change; when it fails, the old files are put back."},
	{.key = "owner", .type = OPTION_STRING, .offset = FILES(perms.owner), .shape = "name or number",
		.help = "Whose the files and the folders that the agent makes are. Only root may give files away. Default: the agent's own user, or whose "
		"the file was that one replaces."},
	{.key = "group", .type = OPTION_STRING, .offset = FILES(perms.group), .shape = "name or number", .help = "The same of their group."},
	{.key = "mode", .type = OPTION_CUSTOM, .offset = FILES(perms.mode), .parse = parse_mode, .shape = "octal digits",
		.help = "The mode of files; one that is executable in Git can be executed by whoever can read it. Default: that of the file that one "
		"replaces, or as the agent's umask has it."},
	{.key = "folder_mode", .type = OPTION_CUSTOM, .offset = FILES(folder_mode), .parse = parse_mode, .shape = "octal digits",
		.help = "The mode of the folders that the agent makes."},
	{.key = "rules", .type = OPTION_LIST, .offset = FILES(rules), .section = &rule_section,
		.help = "Owner, group and mode of some files; of several that fit one, the last that says something counts."},
	{.key = "templates", .type = OPTION_GLOBS, .offset = FILES(templates), .fallback = "[]",
		.help = "Files in which {{target}}, {{host}} and {{label.NAME}} stand for the target's name, the host's, and a label. {{\"{{\"}} is two "
		"braces. Anything else in double braces fails the apply, and nothing is placed."},
	{.key = "ignore", .type = OPTION_GLOBS, .offset = FILES(ignore), .fallback = "[]",
		.help = "Files that may differ from the tree once they are placed: they count as ignored, and are not put right by themselves."},
	{.key = "secret", .type = OPTION_GLOBS, .offset = FILES(secret), .fallback = "[\"**/*.key\", \"**/*.pem\"]",
		.help = "Files of which no line is shown in a diff. In others, values that look like secrets are taken out."},
	{.key = "extra", .type = OPTION_CUSTOM, .offset = FILES(report_extra), .parse = parse_extra, .fallback = "ignore", .shape = "ignore | report",
		.help = "Whether files in the tree's folders that are not of the tree count as differing. They are never removed."},
};
const struct section files_section = {"options", sizeof(struct hgt_agent_target), options, COUNT(options), SIZE_MAX, NULL};
