/* The agent's config: its table, and what the table cannot say. */
#include <stddef.h>

#include "base/json_writer.h"
#include "base/path.h"
#include "config/agent_private.h"

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

static const struct variant drivers[] = {{"files", &files_section}, {"kubectl", &kubectl_section}, {"ansible", &ansible_section},
	{"terraform", &terraform_section}, {"exec", &exec_section}, {NULL, NULL}};

static int parse_driver(struct reader *r, const struct hgt_node *node, void *field)
{
	for (const struct variant *v = drivers; v->word; v++)
		if (node->type == HGT_NODE_STRING && strcmp(node->text, v->word) == 0) {
			*(const char **)field = v->word;
			return 0;
		}
	return reader_refuse(r, node, "unknown driver; there are files, kubectl, ansible, terraform, exec");
}

int parse_repo_path(struct reader *r, const struct hgt_node *node, void *field)
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

static int parse_labels(struct reader *r, const struct hgt_node *node, void *field)
{
	struct hgt_labels labels = {0};

	if (node->type != HGT_NODE_MAP)
		return reader_refuse(r, node, "expected a map of names and values, such as {role: web}");
	labels.items = hgt_arena_array(r->arena, node->v.map.n + 1, sizeof(*labels.items));
	if (!labels.items)
		return hgt_error_nomem(r->err);
	for (size_t i = 0; i < node->v.map.n; i++) {
		const struct hgt_node *key = node->v.map.pairs[i].key, *value = node->v.map.pairs[i].value;
		struct hgt_label *label = &labels.items[labels.n];

		if (!hgt_name_is_valid(key->text))
			return reader_refuse(r, key, "a label's name is 1 to 63 of a-z, 0-9, '-', '.', '_', and begins and ends with a letter or digit");
		if (value->type != HGT_NODE_STRING || memchr(value->text, '\0', value->len))
			return reader_refuse(r, value, "expected a string; put it in quotes");
		label->name = hgt_arena_strndup(r->arena, key->text, key->len);
		label->value = hgt_arena_strndup(r->arena, value->text, value->len);
		if (!label->name || !label->value)
			return hgt_error_nomem(r->err);
		labels.n++;
	}
	*(struct hgt_labels *)field = labels;
	return 0;
}

/* The options and labels as they stand there. */
static int take_recipe(struct reader *r, const struct hgt_node *node, struct hgt_agent_target *target)
{
	static const char *const keys[] = {"options", "labels"};
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&text);

	hgt_json_begin_array(&json);
	for (size_t i = 0; i < COUNT(keys); i++)
		if (hgt_node_get(node, keys[i]))
			hgt_node_write_json(hgt_node_get(node, keys[i]), &json);
		else
			hgt_json_null(&json);
	hgt_json_end_array(&json);
	target->recipe = text.failed ? NULL : hgt_arena_strndup(r->arena, text.data, text.len);
	hgt_buf_release(&text);
	return target->recipe ? 0 : hgt_error_nomem(r->err);
}

/* Of drivers that go to a place to which others go as well. */
static uint32_t usual_jitter(const char *driver)
{
	return strcmp(driver, "kubectl") == 0 || strcmp(driver, "terraform") == 0 ? 2 : 0;
}

static int complete_target(struct reader *r, const struct hgt_node *node, void *base)
{
	struct hgt_agent_target *target = base;
	const struct hgt_node *at;

	if (!hgt_name_is_valid(target->name)) {
		at = hgt_node_get(node, "name");
		return reader_refuse(r, at ? at : node, "a name is 1 to 63 of a-z, 0-9, '-', '.', '_', and begins and ends with a letter "
			"or digit");
	}
	if (!hgt_node_get(node, "jitter"))
		target->jitter = usual_jitter(target->driver);
	if (strncmp(target->ref, "refs/", 5) != 0) {
		at = hgt_node_get(node, "ref");
		return reader_refuse(r, at ? at : node, "expected a full ref name, such as refs/heads/main");
	}
	return take_recipe(r, node, target);
}

#define VERIFY(member) (TARGET(verify.member) - TARGET(verify))

static const struct option verify_options[] = {
	{.key = "allowed_signers", .type = OPTION_PATH, .offset = VERIFY(allowed_signers),
		.help = "Who may sign with SSH keys, as ssh-keygen(1) has it under ALLOWED SIGNERS; for the namespace git."},
	{.key = "revoked_keys", .type = OPTION_PATH, .offset = VERIFY(revoked_keys),
		.help = "SSH keys that count no more, as ssh-keygen(1) has it under KEY REVOCATION LISTS, or public keys one a line."},
	{.key = "keyring", .type = OPTION_PATH, .offset = VERIFY(keyring),
		.help = "Who may sign with OpenPGP keys: their public keys, as gpg --export writes them. Each key in it is trusted."},
};

static int complete_verify(struct reader *r, const struct hgt_node *node, void *base)
{
	const struct hgt_agent_target *target = (const void *)((const char *)base - TARGET(verify));

	if (!target->verify.allowed_signers && !target->verify.keyring)
		return reader_refuse(r, node, "verify needs allowed_signers or keyring: with neither no commit could be applied");
	return 0;
}

static const struct section verify_section = {"verify", sizeof(((struct hgt_agent_target *)0)->verify), verify_options,
	COUNT(verify_options), SIZE_MAX, complete_verify};

static const struct option target_options[] = {
	{.key = "name", .type = OPTION_STRING, .offset = TARGET(name), .required = true,
		.help = "The target's name, one of a kind on this agent."},
	{.key = "repo", .type = OPTION_STRING, .offset = TARGET(repo), .required = true, .help = "The repository it lives by."},
	{.key = "ref", .type = OPTION_STRING, .offset = TARGET(ref), .fallback = "refs/heads/main",
		.help = "The ref it lives by, by full name."},
	{.key = "path", .type = OPTION_CUSTOM, .offset = TARGET(path), .parse = parse_repo_path, .fallback = "\"\"", .shape = "folder",
		.help = "The folder of the repository that it takes; an empty one is all of it."},
	{.key = "driver", .type = OPTION_CUSTOM, .offset = TARGET(driver), .parse = parse_driver, .required = true,
		.shape = "files | kubectl | ansible | terraform | exec", .help = "How a change is applied."},
	{.key = "options", .type = OPTION_VARIANT, .variants = drivers, .select = "driver",
		.help = "The driver's options."},
	{.key = "labels", .type = OPTION_CUSTOM, .offset = TARGET(labels), .parse = parse_labels, .fallback = "{}", .shape = "map of strings",
		.help = "What is said of this target: templates and commands may ask for it."},
	{.key = "verify", .type = OPTION_SECTION, .offset = TARGET(verify), .section = &verify_section,
		.help = "When given, a commit is applied only if one of these has signed it, and only the files that it says."},
	{.key = "sync", .type = OPTION_CUSTOM, .offset = TARGET(automatic), .parse = parse_sync, .fallback = "auto",
		.shape = "auto | manual", .help = "Whether a change is applied when it comes, or only reported."},
	{.key = "self_heal", .type = OPTION_BOOL, .offset = TARGET(self_heal), .fallback = "true",
		.help = "Whether what was changed on the target by hand is put right."},
	{.key = "prune", .type = OPTION_BOOL, .offset = TARGET(prune), .fallback = "true",
		.help = "Whether a file that was placed here and is gone from the repository is removed."},
	{.key = "compare_every", .type = OPTION_SECONDS, .offset = TARGET(compare_every), .min = 0, .max = 86400,
		.fallback = "60s", .help = "How often the target is compared with what it should be; 0 never."},
	{.key = "jitter", .type = OPTION_SECONDS, .offset = TARGET(jitter), .min = 0, .max = 3600, .shape = "time",
		.help = "A change is begun up to this much after it was heard of, so that many agents do not come to one place at once; what is "
		"asked for by a command begins at once. Default: 2s with kubectl and terraform, else 0."},
	{.key = "windows", .type = OPTION_LIST, .offset = TARGET(windows), .section = &window_section,
		.help = "When the target may act by itself; without any, at all times. Outside it is compared, and told to be OutOfSync. A command "
		"is obeyed at any time."},
};
static const struct section target_section = {"a target", sizeof(struct hgt_agent_target), target_options,
	COUNT(target_options), TARGET(line), complete_target};

/* Of terraform: one state, which both would make their own. */
static bool share_a_state(const struct hgt_agent_target *a, const struct hgt_agent_target *b)
{
	const char *x = a->terraform.workspace, *y = b->terraform.workspace;

	return a->terraform.state_file && b->terraform.state_file && strcmp(a->terraform.state_file, b->terraform.state_file) == 0 &&
		strcmp(x ? x : "default", y ? y : "default") == 0;
}

static bool share_a_folder(const struct hgt_agent_target *a, const struct hgt_agent_target *b)
{
	return a->files.into && b->files.into &&
		(hgt_path_is_within(a->files.into, b->files.into) || hgt_path_is_within(b->files.into, a->files.into));
}

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
			else if (share_a_folder(&config->targets[i], &config->targets[j]))
				return hgt_error_set(r->err, HGT_EPARSE,
					"%s:%u:1: targets \"%s\" and \"%s\" share one folder, or one is in the other's; each needs its own", r->path,
					config->targets[i].line, config->targets[j].name, config->targets[i].name);
			else if (share_a_state(&config->targets[i], &config->targets[j]))
				return hgt_error_set(r->err, HGT_EPARSE,
					"%s:%u:1: targets \"%s\" and \"%s\" share one state_file; each needs its own", r->path,
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
	{.key = "health_port", .type = OPTION_COUNT, .offset = AGENT(health_port), .min = 0, .max = 65535, .fallback = "0",
		.help = "A port of 127.0.0.1 on which the agent answers /healthz, /readyz and /metrics, for whoever looks after it on its host. 0: none; "
		"the agent then listens nowhere."},
	{.key = "parallel", .type = OPTION_COUNT, .offset = AGENT(parallel), .min = 1, .max = 64, .fallback = "4",
		.help = "How many targets are applied or compared at the same time; others wait their turn."},
	{.key = "stop_within", .type = OPTION_SECONDS, .offset = AGENT(stop_within), .min = 1, .max = 86400, .fallback = "50s",
		.help = "When the agent is told to stop, an apply that runs may go on for so long; then its command is ended, and the apply is begun "
		"anew at the next start. Let systemd's TimeoutStopSec be longer. A second signal ends it at once."},
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
