/* The options of the driver kubectl. */
#include <stddef.h>

#include "base/glob.h"
#include "config/agent_private.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KUBECTL(member) offsetof(struct hgt_agent_target, kubectl.member)
#define RULE(member) offsetof(struct hgt_kubectl_rule, member)

static int parse_kustomize(struct reader *r, const struct hgt_node *node, void *field)
{
	static const char *const words[] = {"auto", "always", "never"};

	for (size_t i = 0; i < COUNT(words); i++)
		if (node->type == HGT_NODE_STRING && strcmp(node->text, words[i]) == 0) {
			*(enum hgt_kustomize *)field = (enum hgt_kustomize)i;
			return 0;
		}
	return reader_refuse(r, node, "expected auto, always or never");
}

/* A pattern; an empty one, which the core group is, matches what is empty. */
static int parse_glob(struct reader *r, const struct hgt_node *node, void *field)
{
	struct hgt_error why = {0};
	char *copy;

	if (node->type != HGT_NODE_STRING || strlen(node->text) != node->len)
		return reader_refuse(r, node, "expected a name or pattern");
	if (node->len && hgt_glob_check(node->text, &why) < 0)
		return reader_refuse(r, node, "%s", why.message);
	copy = hgt_arena_strndup(r->arena, node->text, node->len);
	if (!copy)
		return hgt_error_nomem(r->err);
	*(const char **)field = copy;
	return 0;
}

static int parse_pointers(struct reader *r, const struct hgt_node *node, void *field)
{
	struct hgt_strings *pointers = field;
	int code = reader_read_strings(r, node, pointers);

	if (code == 0 && !pointers->n)
		return reader_refuse(r, node, "expected at least one place, such as /spec/replicas");
	for (size_t i = 0; code == 0 && i < pointers->n; i++)
		if (pointers->items[i][0] != '/')
			code = reader_refuse(r, node->v.seq.items[i], "expected a JSON pointer, which begins with a slash: /spec/replicas");
	return code;
}

static int parse_kinds(struct reader *r, const struct hgt_node *node, void *field)
{
	struct hgt_strings *kinds = field;
	int code = reader_read_strings(r, node, kinds);

	for (size_t i = 0; code == 0 && i < kinds->n; i++)
		if (strcmp(kinds->items[i], "Namespace") != 0 && strcmp(kinds->items[i], "CustomResourceDefinition") != 0)
			code = reader_refuse(r, node->v.seq.items[i], "expected Namespace or CustomResourceDefinition; all other kinds are "
				"pruned without being named");
	return code;
}

static const struct option rule_options[] = {
	{.key = "group", .type = OPTION_CUSTOM, .offset = RULE(group), .parse = parse_glob, .fallback = "\"*\"", .shape = "glob",
		.help = "The API group; an empty one is the core group."},
	{.key = "kind", .type = OPTION_CUSTOM, .offset = RULE(kind), .parse = parse_glob, .required = true, .shape = "glob",
		.help = "The kind, such as Deployment."},
	{.key = "namespace", .type = OPTION_CUSTOM, .offset = RULE(namespace), .parse = parse_glob, .fallback = "\"*\"", .shape = "glob",
		.help = "The object's namespace."},
	{.key = "name", .type = OPTION_CUSTOM, .offset = RULE(name), .parse = parse_glob, .fallback = "\"*\"", .shape = "glob",
		.help = "The object's name."},
	{.key = "pointers", .type = OPTION_CUSTOM, .offset = RULE(pointers), .parse = parse_pointers, .required = true,
		.shape = "JSON pointer list", .help = "Places in the object, with all that is below them; a part that is * stands for any key "
		"or index: /spec/template/spec/containers/*/image."},
};
static const struct section rule_section = {"a rule", sizeof(struct hgt_kubectl_rule), rule_options, COUNT(rule_options), SIZE_MAX,
	NULL};

static const struct option options[] = {
	{.key = "command", .type = OPTION_STRING, .offset = KUBECTL(command), .fallback = "kubectl", .shape = "kubectl | oc | path",
		.help = "The program: kubectl 1.20 or later, or an oc that is as new."},
	{.key = "kubeconfig", .type = OPTION_PATH, .offset = KUBECTL(kubeconfig),
		.help = "Its kubeconfig. Default: as kubectl finds one; in a pod, "
		"the pod's service account."},
	{.key = "context", .type = OPTION_STRING, .offset = KUBECTL(context),
		.help = "The context of the kubeconfig. Default: its current one."},
	{.key = "namespace", .type = OPTION_STRING, .offset = KUBECTL(namespace), .fallback = "default",
		.help = "The namespace of objects that name none. A context's own namespace is not looked at."},
	{.key = "folder", .type = OPTION_CUSTOM, .offset = KUBECTL(folder), .parse = parse_repo_path, .fallback = "\"\"",
		.shape = "folder",
		.help = "The folder below the target's path that is applied, such as overlays/prod; the rest is there for it to refer to."},
	{.key = "kustomize", .type = OPTION_CUSTOM, .offset = KUBECTL(kustomize), .parse = parse_kustomize, .fallback = "auto",
		.shape = "auto | always | never", .help = "Whether the folder is built with kustomize; auto: when there is a kustomization in it. "
		"Else all manifests in it and below it are applied."},
	{.key = "force_conflicts", .type = OPTION_BOOL, .offset = KUBECTL(force_conflicts), .fallback = "true",
		.help = "Whether fields that someone else has changed since, and so owns, are taken back. When not, such a change is told and "
		"applying fails."},
	{.key = "prune_allow", .type = OPTION_CUSTOM, .offset = KUBECTL(prune_allow), .parse = parse_kinds, .fallback = "[]",
		.shape = "list of Namespace, CustomResourceDefinition", .help = "Kinds that are pruned although all in them goes too."},
	{.key = "allow_empty", .type = OPTION_BOOL, .offset = KUBECTL(allow_empty), .fallback = "false",
		.help = "Whether a folder without any object is applied, which prunes all that was there."},
	{.key = "health_timeout", .type = OPTION_SECONDS, .offset = KUBECTL(health_timeout), .min = 0, .max = 3600, .fallback = "60s",
		.help = "How long an apply waits for workloads to become healthy before it tells how they are; 0 not at all."},
	{.key = "ignore", .type = OPTION_LIST, .offset = KUBECTL(ignore), .section = &rule_section, .fallback = "[]",
		.help = "Differences that do not count, such as replicas that an autoscaler sets. An apply still sets what the manifests say."},
	{.key = "redact", .type = OPTION_LIST, .offset = KUBECTL(redact), .section = &rule_section, .fallback = "[]",
		.help = "Values that no diff shows, beside those of Secrets."},
	{.key = "timeout", .type = OPTION_SECONDS, .offset = KUBECTL(timeout), .min = 1, .max = 86400, .fallback = "5m",
		.help = "How long one run of the program may take before it is killed."},
	{.key = "output_limit", .type = OPTION_SIZE, .offset = KUBECTL(output_limit), .min = 1 << 20, .max = 1 << 30, .fallback = "64MiB",
		.help = "How much one run may print before it is killed."},
};
const struct section kubectl_section = {"options", sizeof(struct hgt_agent_target), options, COUNT(options), SIZE_MAX, NULL};
