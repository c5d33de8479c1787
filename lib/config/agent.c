/* The agent's config: its table, and what the table cannot say. */
#include <stddef.h>

#include "config/table.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define AGENT(member) offsetof(struct hgt_agent_config, member)
#define TARGET(member) offsetof(struct hgt_agent_target, member)

bool hgt_name_is_valid(const char *s)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char inner[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";
	size_t len = strlen(s);

	return len > 0 && len <= 63 && strspn(s, inner) == len && strchr(first, s[0]) && strchr(first, s[len - 1]);
}

static int parse_sync(struct reader *r, const struct hgt_node *node, void *field)
{
	if (node->type == HGT_NODE_STRING && strcmp(node->text, "auto") == 0)
		*(bool *)field = true;
	else if (node->type == HGT_NODE_STRING && strcmp(node->text, "manual") == 0)
		*(bool *)field = false;
	else
		return reader_refuse(r, node, "expected auto or manual");
	return 0;
}

static int parse_driver(struct reader *r, const struct hgt_node *node, void *field)
{
	static const char *const later[] = {"kubectl", "ansible", "terraform", "exec"};

	if (node->type == HGT_NODE_STRING && strcmp(node->text, "files") == 0) {
		*(const char **)field = "files";
		return 0;
	}
	for (size_t i = 0; i < COUNT(later); i++)
		if (node->type == HGT_NODE_STRING && strcmp(node->text, later[i]) == 0)
			return reader_refuse(r, node, "the driver %s: this version does not have it yet; it has files", later[i]);
	return reader_refuse(r, node, "unknown driver; this version has files");
}

/* A folder of the repository: relative, no empty, "." or ".." component; "" is all of it. */
static int parse_repo_path(struct reader *r, const struct hgt_node *node, void *field)
{
	const char *p = node->text;
	char *copy;

	if (node->type != HGT_NODE_STRING || memchr(node->text, '\0', node->len))
		return reader_refuse(r, node, "expected a folder of the repository, such as hosts/web");
	while (*p) {
		size_t n = strcspn(p, "/");

		if (!n || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return reader_refuse(r, node, "expected a folder of the repository, such as hosts/web");
		p += n;
		if (*p == '/' && !*++p)
			return reader_refuse(r, node, "leave out the slash at the end");
	}
	copy = hgt_arena_strndup(r->arena, node->text, node->len);
	if (!copy)
		return hgt_error_nomem(r->err);
	*(const char **)field = copy;
	return 0;
}

static int complete_target(struct reader *r, const struct hgt_node *node, void *base)
{
	const struct hgt_agent_target *target = base;
	const struct hgt_node *at;

	if (!hgt_name_is_valid(target->name)) {
		at = hgt_node_get(node, "name");
		return reader_refuse(r, at ? at : node, "a name is 1 to 63 of a-z, 0-9, '-', '.', '_', and begins and ends with a letter "
			"or digit");
	}
	if (strncmp(target->ref, "refs/", 5) != 0) {
		at = hgt_node_get(node, "ref");
		return reader_refuse(r, at ? at : node, "expected a full ref name, such as refs/heads/main");
	}
	return 0;
}

static const struct option files_options[] = {
	{.key = "into", .type = OPTION_PATH, .offset = TARGET(options.into) - TARGET(options), .required = true,
		.help = "The folder that gets the files."},
	{.key = "after", .type = OPTION_STRINGS, .offset = TARGET(options.after) - TARGET(options), .fallback = "[]",
		.shape = "command and arguments", .help = "Run without a shell after a change; when it fails, the old files are put back."},
};
static const struct section files_section = {"options", sizeof(((struct hgt_agent_target *)0)->options), files_options,
	COUNT(files_options), SIZE_MAX, NULL};

static const struct option target_options[] = {
	{.key = "name", .type = OPTION_STRING, .offset = TARGET(name), .required = true,
		.help = "The target's name, one of a kind on this agent."},
	{.key = "repo", .type = OPTION_STRING, .offset = TARGET(repo), .required = true, .help = "The repository it lives by."},
	{.key = "ref", .type = OPTION_STRING, .offset = TARGET(ref), .fallback = "refs/heads/main",
		.help = "The ref it lives by, by full name."},
	{.key = "path", .type = OPTION_CUSTOM, .offset = TARGET(path), .parse = parse_repo_path, .fallback = "\"\"", .shape = "folder",
		.help = "The folder of the repository that it takes; an empty one is all of it."},
	{.key = "driver", .type = OPTION_CUSTOM, .offset = TARGET(driver), .parse = parse_driver, .required = true,
		.shape = "files", .help = "How a change is applied."},
	{.key = "options", .type = OPTION_SECTION, .offset = TARGET(options), .section = &files_section, .required = true,
		.help = "The driver's options."},
	{.key = "sync", .type = OPTION_CUSTOM, .offset = TARGET(automatic), .parse = parse_sync, .fallback = "auto",
		.shape = "auto | manual", .help = "Whether a change is applied when it comes, or only reported."},
	{.key = "self_heal", .type = OPTION_BOOL, .offset = TARGET(self_heal), .fallback = "true",
		.help = "Whether what was changed on the target by hand is put right."},
	{.key = "prune", .type = OPTION_BOOL, .offset = TARGET(prune), .fallback = "true",
		.help = "Whether a file that was placed here and is gone from the repository is removed."},
	{.key = "compare_every", .type = OPTION_SECONDS, .offset = TARGET(compare_every), .min = 0, .max = 86400,
		.fallback = "60s", .help = "How often the target is compared with what it should be; 0 never."},
};
static const struct section target_section = {"a target", sizeof(struct hgt_agent_target), target_options,
	COUNT(target_options), TARGET(line), complete_target};

static int complete_agent(struct reader *r, const struct hgt_node *node, void *base)
{
	const struct hgt_agent_config *config = base;

	if (!config->cert != !config->key)
		return reader_refuse(r, node, "cert and key go together: give both or neither");
	if (!config->n_targets)
		return reader_refuse(r, node, "the config names no targets; an agent without any has nothing to do");
	for (size_t i = 0; i < config->n_targets; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(config->targets[i].name, config->targets[j].name) == 0)
				return hgt_error_set(r->err, HGT_EPARSE, "%s:%u:1: a second target named \"%s\"; the first is on line %u",
					r->path, config->targets[i].line, config->targets[i].name, config->targets[j].line);
			else if (strcmp(config->targets[i].options.into, config->targets[j].options.into) == 0)
				return hgt_error_set(r->err, HGT_EPARSE,
					"%s:%u:1: targets \"%s\" and \"%s\" share one folder; each needs its own", r->path,
					config->targets[i].line, config->targets[j].name, config->targets[i].name);
	return 0;
}

static const struct option agent_options[] = {
	{.key = "server", .type = OPTION_STRING, .offset = AGENT(server), .required = true, .shape = "URL",
		.help = "The daemon, such as http://127.0.0.1:7420 or https://git.example.org:7420. Off loopback it is to be https, "
		"whose certificate must be of that name."},
	{.key = "ca_file", .type = OPTION_PATH, .offset = AGENT(ca_file),
		.help = "Who issues the certificate of an https server, in PEM. Default: whom the system trusts."},
	{.key = "cert", .type = OPTION_PATH, .offset = AGENT(cert),
		.help = "The agent's own certificate in PEM, shown to an https server: in place of the token, where the agent was "
		"added with --certificate."},
	{.key = "key", .type = OPTION_PATH, .offset = AGENT(key), .help = "The key of cert, in PEM, without a pass phrase."},
	{.key = "token_file", .type = OPTION_PATH, .offset = AGENT(token_file), .fallback = "/etc/headgate/agent.token",
		.help = "The file with the token that \"headgate agent add\" printed. Not read where cert is given and the file is not there."},
	{.key = "state", .type = OPTION_PATH, .offset = AGENT(state), .fallback = "/var/lib/headgate-agent",
		.help = "The agent's own folder."},
	{.key = "targets", .type = OPTION_LIST, .offset = AGENT(targets), .section = &target_section, .required = true,
		.help = "What this agent keeps up to date."},
};
static const struct section agent_section = {"the config", sizeof(struct hgt_agent_config), agent_options, COUNT(agent_options),
	SIZE_MAX, complete_agent};

int hgt_agent_config_parse(const char *text, size_t len, const char *path, struct hgt_agent_config **out, struct hgt_error *err)
{
	return config_parse(&agent_section, text, len, path, out, err);
}

int hgt_agent_config_load(const char *path, struct hgt_agent_config **out, struct hgt_error *err)
{
	return config_load(&agent_section, path, out, err);
}

void hgt_agent_config_free(struct hgt_agent_config *config)
{
	config_free(config);
}

void hgt_agent_config_reference(struct hgt_buf *out)
{
	section_reference(&agent_section, "", out);
}
