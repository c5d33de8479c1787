/* What several checks ask about a Kubernetes object. */
#include "base/io.h"
#include "check/check.h"

bool hgt_k8s_gvk(const struct hgt_node *object, struct hgt_gvk *out)
{
	const char *api = hgt_node_get_string(object, "apiVersion");
	const char *kind = hgt_node_get_string(object, "kind");
	const char *slash = api ? strchr(api, '/') : NULL;

	*out = (struct hgt_gvk){.group = api ? api : "", .group_len = slash ? (size_t)(slash - api) : 0,
		.version = slash ? slash + 1 : api ? api : "", .kind = kind ? kind : ""};
	return api && *api && kind && *kind;
}

bool hgt_k8s_group_is(const struct hgt_gvk *gvk, const char *group)
{
	return strlen(group) == gvk->group_len && memcmp(gvk->group, group, gvk->group_len) == 0;
}

bool hgt_k8s_group_ends(const struct hgt_gvk *gvk, const char *suffix)
{
	size_t n = strlen(suffix);

	return gvk->group_len >= n && memcmp(gvk->group + gvk->group_len - n, suffix, n) == 0;
}

bool hgt_k8s_group_is_native(const struct hgt_gvk *gvk)
{
	static const char *const short_names[] = {"apps", "autoscaling", "batch", "extensions", "policy"};

	for (size_t i = 0; i < sizeof(short_names) / sizeof(short_names[0]); i++)
		if (hgt_k8s_group_is(gvk, short_names[i]))
			return true;
	return gvk->group_len ? hgt_k8s_group_ends(gvk, ".k8s.io") : strcmp(gvk->version, "v1") == 0;
}

const struct hgt_node *hgt_k8s_items(const struct hgt_node *object, const char **key)
{
	const char *kind = hgt_node_get_string(object, "kind");
	size_t len = kind ? strlen(kind) : 0;
	const struct hgt_node *items;
	const char *name = NULL;

	if (len >= 4 && strcmp(kind + len - 4, "List") == 0 && !hgt_node_get(object, "spec"))
		name = "items";
	else if (len && strcmp(kind, "Template") == 0)
		name = "objects";
	items = name ? hgt_node_get(object, name) : NULL;
	if (!items || items->type != HGT_NODE_SEQ)
		return NULL;
	*key = name;
	return items;
}

bool hgt_k8s_has_placeholder(const char *text)
{
	static const char *const pairs[][2] = {{"${", "}"}, {"{{", "}}"}, {"$(", ")"}, {"ENC[", "]"}};
	bool may = strpbrk(text, "{([");

	for (size_t i = 0; may && i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const char *open = strstr(text, pairs[i][0]);

		if (open && strstr(open, pairs[i][1]))
			return true;
	}
	return false;
}

bool hgt_kubernetes_parse(const char *text, unsigned *minor)
{
	uint64_t number;

	if (strncmp(text, "1.", 2) != 0 || hgt_parse_u64(text + 2, 999, &number) < 0)
		return false;
	*minor = (unsigned)number;
	return true;
}
