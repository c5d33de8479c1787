/* What a file is: by its name, its text, its documents. */
#include <strings.h>

#include "check/check.h"

static const char *const class_names[] = {
	[HGT_CLASS_AUTO] = "auto",
	[HGT_CLASS_OTHER] = "other",
	[HGT_CLASS_YAML] = "yaml",
	[HGT_CLASS_JSON] = "json",
	[HGT_CLASS_KUBERNETES] = "kubernetes",
	[HGT_CLASS_KUSTOMIZATION] = "kustomization",
	[HGT_CLASS_KUSTOMIZE_PATCH] = "kustomize-patch",
	[HGT_CLASS_HELM_CHART] = "helm-chart",
	[HGT_CLASS_HELM_VALUES] = "helm-values",
	[HGT_CLASS_HELM_TEMPLATE] = "helm-template",
	[HGT_CLASS_FLUX] = "flux",
	[HGT_CLASS_ARGO] = "argo",
	[HGT_CLASS_OPENSHIFT_TEMPLATE] = "openshift-template",
	[HGT_CLASS_ANSIBLE] = "ansible",
	[HGT_CLASS_TERRAFORM] = "terraform",
	[HGT_CLASS_SOPS] = "sops",
	[HGT_CLASS_VAULT] = "vault",
};

_Static_assert(sizeof(class_names) / sizeof(class_names[0]) == HGT_CLASS_COUNT, "every class has a name");

const char *hgt_class_name(enum hgt_class cls)
{
	return class_names[cls];
}

int hgt_class_parse(const char *name)
{
	for (int i = 0; i < HGT_CLASS_COUNT; i++)
		if (strcmp(name, class_names[i]) == 0)
			return i;
	return -1;
}


static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);

	return len >= n && strcasecmp(s + len - n, suffix) == 0;
}

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_yaml(const char *path)
{
	return ends_with(path, ".yaml") || ends_with(path, ".yml");
}

bool hgt_class_is_json(const char *path)
{
	return ends_with(path, ".json");
}

/* What follows the next folder of this name, from `path` on: "tasks/main.yml" for roles/web/tasks/main.yml
 * after two steps. NULL: no such folder. */
static const char *below_folder(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (path) {
		const char *slash = strchr(path, '/');

		if (!slash)
			return NULL;
		if ((size_t)(slash - path) == len && memcmp(path, folder, len) == 0)
			return slash + 1;
		path = slash + 1;
	}
	return NULL;
}

static bool is_one_of(const char *s, size_t len, const char *const *words)
{
	for (; *words; words++)
		if (strlen(*words) == len && memcmp(*words, s, len) == 0)
			return true;
	return false;
}

/* Below roles/NAME/ one of the folders that Ansible reads as YAML; group_vars and host_vars. These names
 * mean nothing else. */
static bool is_ansible(const char *path)
{
	static const char *const parts[] = {"tasks", "handlers", "vars", "defaults", "meta", NULL};
	const char *role = below_folder(path, "roles");
	const char *part = role ? strchr(role, '/') : NULL;

	if (part && is_one_of(part + 1, strcspn(part + 1, "/"), parts) && strchr(part + 1, '/'))
		return true;
	return below_folder(path, "group_vars") || below_folder(path, "host_vars");
}

/* Names that count when the documents say nothing else: a Kubernetes service may well be called inventory. */
static bool may_be_ansible(const char *path)
{
	static const char *const folders[] = {"playbooks", "inventory", "inventories"};
	static const char *const files[] = {"playbook", "inventory", "hosts", "site"};
	const char *base = base_of(path);

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (below_folder(path, folders[i]))
			return true;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (starts_with(base, files[i]))
			return true;
	return false;
}

/* Files named .json that their tools read as JSON with comments. */
static bool is_json_with_comments(const char *path, const char *base)
{
	return below_folder(path, ".vscode") || below_folder(path, ".devcontainer") || starts_with(base, "tsconfig") ||
		starts_with(base, "jsconfig") || ends_with(base, "devcontainer.json") || strcmp(base, ".eslintrc.json") == 0;
}

enum hgt_class hgt_class_of_path(const char *path)
{
	const char *base = base_of(path);

	if (strcmp(path, "-") == 0)
		return HGT_CLASS_AUTO;
	if (strcmp(base, "Kustomization") == 0)
		return HGT_CLASS_KUSTOMIZATION;
	if (ends_with(base, ".tf") || ends_with(base, ".tfvars"))
		return HGT_CLASS_TERRAFORM;
	if (hgt_class_is_json(base))
		return is_json_with_comments(path, base) ? HGT_CLASS_OTHER : HGT_CLASS_AUTO;
	if (!is_yaml(base))
		return HGT_CLASS_OTHER;
	if (strcmp(base, "kustomization.yaml") == 0 || strcmp(base, "kustomization.yml") == 0)
		return HGT_CLASS_KUSTOMIZATION;
	if (strcmp(base, "Chart.yaml") == 0)
		return HGT_CLASS_HELM_CHART;
	if (starts_with(base, "values") && strchr(".-_", base[6]))
		return HGT_CLASS_HELM_VALUES;
	return is_ansible(path) ? HGT_CLASS_ANSIBLE : HGT_CLASS_AUTO;
}

enum hgt_class hgt_class_agreed(const char *path, enum hgt_class wanted)
{
	enum hgt_class by_name = hgt_class_of_path(path);

	if (wanted == HGT_CLASS_AUTO || wanted == HGT_CLASS_OTHER)
		return wanted == HGT_CLASS_OTHER ? wanted : by_name;
	if (by_name == HGT_CLASS_OTHER || by_name == HGT_CLASS_TERRAFORM)
		return by_name;
	return wanted == HGT_CLASS_KUBERNETES && by_name != HGT_CLASS_AUTO ? by_name : wanted;
}

bool hgt_class_reads_json(const char *path, enum hgt_class cls)
{
	return cls == HGT_CLASS_JSON || (cls != HGT_CLASS_YAML && hgt_class_is_json(path));
}

bool hgt_class_is_parsed(enum hgt_class cls)
{
	return cls != HGT_CLASS_HELM_TEMPLATE && cls != HGT_CLASS_VAULT && cls != HGT_CLASS_TERRAFORM;
}

/* What ansible-vault writes: its header, then hex digits alone. A manifest below such a header is none. */
static bool is_vault(const char *text, size_t len)
{
	static const char header[] = "$ANSIBLE_VAULT;", body[] = "0123456789abcdefABCDEF \t\r\n";
	const char *c = memchr(text, '\n', len);

	if (len < sizeof(header) - 1 || memcmp(text, header, sizeof(header) - 1) != 0)
		return false;
	while (c && c < text + len && memchr(body, *c, sizeof(body) - 1))
		c++;
	return !c || c == text + len;
}

enum hgt_class hgt_class_of_text(const char *path, const char *text, size_t len, enum hgt_class cls, bool forced)
{
	bool template_place = below_folder(path, "templates") || starts_with(base_of(path), "helmfile") || strstr(path, "{{");

	if (is_vault(text, len))
		return HGT_CLASS_VAULT;
	if (!forced && template_place && (memmem(text, len, "{{", 2) || memmem(text, len, "{%", 2)))
		return HGT_CLASS_HELM_TEMPLATE;
	return cls;
}

static bool is_map(const struct hgt_node *node)
{
	return node && node->type == HGT_NODE_MAP;
}

static bool is_sops(const struct hgt_node *root)
{
	const struct hgt_node *sops = hgt_node_get(root, "sops");

	return is_map(sops) && hgt_node_get(sops, "mac") && hgt_node_get(sops, "lastmodified");
}

/* A play begins with the hosts it is for, or brings in another playbook. */
static bool is_play(const struct hgt_node *item)
{
	return (hgt_node_get(item, "hosts") && (hgt_node_get(item, "tasks") || hgt_node_get(item, "roles") ||
		hgt_node_get(item, "pre_tasks") || hgt_node_get(item, "post_tasks"))) ||
		hgt_node_get(item, "import_playbook") || hgt_node_get(item, "ansible.builtin.import_playbook");
}

/* One operation of a JSON patch (RFC 6902). */
static bool is_operation(const struct hgt_node *item)
{
	return hgt_node_get_string(item, "op") && hgt_node_get_string(item, "path");
}

static bool all_items(const struct hgt_node *seq, bool (*is)(const struct hgt_node *))
{
	for (size_t i = 0; i < seq->v.seq.n; i++)
		if (!is(seq->v.seq.items[i]))
			return false;
	return seq->v.seq.n > 0;
}

/* Whether the text has the word. memmem does not look for a rare first byte as fast as memchr does. */
static bool has_text(const char *text, size_t len, const char *word)
{
	const char *first = memchr(text, word[0], len);

	return first && memmem(first, len - (size_t)(first - text), word, strlen(word));
}

/* Whether a directive of strategic merge patches is among the keys of the node or of what is in it. */
static bool has_directive(const struct hgt_node *node)
{
	if (is_map(node))
		for (size_t i = 0; i < node->v.map.n; i++)
			if (strcmp(node->v.map.pairs[i].key->text, "$patch") == 0 || has_directive(node->v.map.pairs[i].value))
				return true;
	if (node->type == HGT_NODE_SEQ)
		for (size_t i = 0; i < node->v.seq.n; i++)
			if (has_directive(node->v.seq.items[i]))
				return true;
	return false;
}

/* Groups of files that look like Kubernetes objects and are read by other tools, under rules of their own. */
static bool is_foreign_group(const struct hgt_gvk *gvk)
{
	static const char *const groups[] = {"audit.k8s.io", "backstage.io", "client.authentication.k8s.io",
		"config.kubernetes.io", "eventratelimit.admission.k8s.io", "grizzly.grafana.com", "k3d.io", "kind.x-k8s.io",
		"kubeadm.k8s.io", "kuttl.dev", "score.dev", "skaffold", "tanka.dev", NULL};

	return is_one_of(gvk->group, gvk->group_len, groups) || hgt_k8s_group_ends(gvk, ".config.k8s.io") ||
		hgt_k8s_group_ends(gvk, ".grafana.app") || hgt_k8s_group_ends(gvk, ".backstage.io");
}

/* Whether a mapping that lacks apiVersion or kind was still meant as an object: one of the two, or either
 * mistyped, beside metadata or spec. An apiVersion or a kind alone says little: charts, Grafana's and Drone's
 * files have them. */
static bool is_meant_as_object(const struct hgt_node *root)
{
	bool type = false, body = false;

	for (size_t i = 0; i < root->v.map.n; i++) {
		const char *key = root->v.map.pairs[i].key->text;

		type |= strcasecmp(key, "apiVersion") == 0 || strcasecmp(key, "kind") == 0;
		body |= strcmp(key, "metadata") == 0 || strcmp(key, "spec") == 0;
	}
	return type && body;
}

/* The class of a mapping by its apiVersion and kind; AUTO when it is no object. */
static enum hgt_class class_of_object(const struct hgt_node *root, bool forced)
{
	const char *key;
	struct hgt_gvk gvk;
	bool typed = hgt_k8s_gvk(root, &gvk);

	if (hgt_k8s_group_is(&gvk, "kustomize.config.k8s.io"))
		return HGT_CLASS_KUSTOMIZATION;
	if (!forced && is_foreign_group(&gvk))
		return HGT_CLASS_AUTO;
	if (!typed)
		return is_meant_as_object(root) ? HGT_CLASS_KUBERNETES : HGT_CLASS_AUTO;
	if (hgt_k8s_group_ends(&gvk, ".toolkit.fluxcd.io"))
		return HGT_CLASS_FLUX;
	if (hgt_k8s_group_is(&gvk, "argoproj.io"))
		return HGT_CLASS_ARGO;
	if (strcmp(gvk.kind, "Template") == 0 &&
		(hgt_k8s_group_is(&gvk, "template.openshift.io") || strcmp(gvk.version, "v1") == 0) && hgt_k8s_items(root, &key))
		return HGT_CLASS_OPENSHIFT_TEMPLATE;
	/* A configuration file of some tool has no metadata; neither has a kubeconfig. */
	if (!forced && !hgt_node_get(root, "metadata") && !hgt_k8s_items(root, &key) &&
		(!hgt_k8s_group_is_native(&gvk) || strcmp(gvk.kind, "Config") == 0))
		return HGT_CLASS_AUTO;
	return HGT_CLASS_KUBERNETES;
}

enum hgt_class hgt_class_of_document(const char *path, const char *text, const struct hgt_doc *doc, enum hgt_class cls,
	bool forced)
{
	const struct hgt_node *root = doc->root;
	enum hgt_class found = HGT_CLASS_AUTO;

	if (forced && cls != HGT_CLASS_KUBERNETES)
		return cls;
	if (is_sops(root))
		return HGT_CLASS_SOPS;
	if (cls != HGT_CLASS_AUTO && cls != HGT_CLASS_KUBERNETES)
		return cls;
	if (root->type == HGT_NODE_SEQ && all_items(root, is_operation))
		return HGT_CLASS_KUSTOMIZE_PATCH;
	if (root->type == HGT_NODE_SEQ && !forced && all_items(root, is_play))
		return HGT_CLASS_ANSIBLE;
	if (is_map(root) && has_text(text + doc->offset, doc->length, "$patch") && has_directive(root))
		return HGT_CLASS_KUSTOMIZE_PATCH;
	if (is_map(root))
		found = class_of_object(root, forced);
	if (found != HGT_CLASS_AUTO || forced)
		return found != HGT_CLASS_AUTO ? found : cls;
	return may_be_ansible(path) ? HGT_CLASS_ANSIBLE : hgt_class_is_json(path) ? HGT_CLASS_JSON : HGT_CLASS_YAML;
}
