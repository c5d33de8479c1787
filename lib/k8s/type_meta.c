/* k8s/type-meta: what every Kubernetes object has: apiVersion, kind, metadata, a name. */
#include "k8s/k8s.h"
#include "check/nearest.h"

static const char rule[] = "k8s/type-meta";

/* A mistyped key of the object ("apiversion"), or NULL. */
static const struct hgt_node *mistyped(const struct hgt_node *object, const char *key)
{
	for (size_t i = 0; i < object->v.map.n; i++)
		if (hgt_is_near(object->v.map.pairs[i].key->text, key))
			return object->v.map.pairs[i].key;
	return NULL;
}

/* A key that has to be there is not. */
static void tell_missing(struct hgt_subject *s, const struct hgt_node *in, const char *key, const char *name,
	const char *pointer, const char *hint)
{
	const struct hgt_node *near = mistyped(in, key);
	char meant[64];

	if (near) {
		snprintf(meant, sizeof(meant), "write it %s", key);
		hgt_tell(s, rule, hgt_span_of(near), pointer, meant, "%s is missing; %s is not the same", name,
			hgt_quote(near->text));
	} else {
		hgt_tell(s, rule, hgt_span_of(in), pointer, hint, "%s is missing", name);
	}
}

static const char *type_words(const struct hgt_node *node)
{
	switch (node->type) {
	case HGT_NODE_NULL:
		return "null";
	case HGT_NODE_BOOL:
		return "a boolean";
	case HGT_NODE_INT:
		return "an integer";
	case HGT_NODE_FLOAT:
		return "a number";
	case HGT_NODE_STRING:
		return "a string";
	case HGT_NODE_SEQ:
		return "a sequence";
	case HGT_NODE_MAP:
		break;
	}
	return "a mapping";
}

/* The string under key, told of when it is none; NULL then. */
static const struct hgt_node *want_string(struct hgt_subject *s, const struct hgt_node *in, const char *key, const char *name,
	const char *pointer, const char *hint)
{
	const struct hgt_node *node = hgt_node_get(in, key);

	if (!node) {
		tell_missing(s, in, key, name, pointer, hint);
	} else if (node->type == HGT_NODE_NULL || (node->type == HGT_NODE_STRING && !node->len)) {
		hgt_tell(s, rule, hgt_span_of(node), pointer, hint, "%s is empty", name);
	} else if (node->type != HGT_NODE_STRING) {
		hgt_tell(s, rule, hgt_span_of(node), pointer, node->type < HGT_NODE_STRING ? "put it in quotes" : hint,
			"%s has to be a string, this is %s", name, type_words(node));
	} else {
		return node;
	}
	return NULL;
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A DNS-1123 subdomain as far as its letters go: enough to tell a group from a slip. */
static bool is_group(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_lower(s[i]) && !is_digit(s[i]) && ((s[i] != '-' && s[i] != '.') || i == 0 || i + 1 == len))
			return false;
	return len > 0;
}

/* A DNS-1035 label: "v1", "v2beta1". */
static bool is_version(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if (!is_lower(s[i]) && (i == 0 || (!is_digit(s[i]) && (s[i] != '-' || i + 1 == len))))
			return false;
	return len > 0;
}

static void check_api_version(struct hgt_subject *s)
{
	const struct hgt_node *node = want_string(s, s->object, "apiVersion", "apiVersion", "/apiVersion",
		"an object says which API it belongs to: v1, apps/v1, networking.k8s.io/v1");
	const char *slash;

	if (!node || hgt_k8s_has_placeholder(node->text))
		return;
	slash = strchr(node->text, '/');
	if (is_version(slash ? slash + 1 : node->text) && (!slash || is_group(node->text, (size_t)(slash - node->text))))
		return;
	hgt_tell(s, rule, hgt_span_of(node), "/apiVersion", "for example v1, apps/v1 or networking.k8s.io/v1",
		"apiVersion %s is not of the form version or group/version", hgt_quote(node->text));
}

static void check_kind(struct hgt_subject *s)
{
	const struct hgt_node *node = want_string(s, s->object, "kind", "kind", "/kind",
		"an object says what it is: Deployment, Service, ConfigMap");
	size_t bad = 0;

	if (!node || hgt_k8s_has_placeholder(node->text))
		return;
	while (is_lower(node->text[bad]) || is_digit(node->text[bad]) || (node->text[bad] >= 'A' && node->text[bad] <= 'Z'))
		bad++;
	if (bad < node->len) {
		hgt_tell(s, rule, hgt_span_in(node, bad), "/kind", "a kind is one word of letters and digits, like ConfigMap",
			"kind %s has a character that no kind has", hgt_quote_text(node->text, node->len).text);
		return;
	}
	if (is_lower(node->text[0])) {
		struct hgt_gvk gvk;
		char hint[96];

		if (!hgt_k8s_gvk(s->object, &gvk) || !hgt_k8s_group_is_native(&gvk) || node->len > 63)
			return;
		snprintf(hint, sizeof(hint), "perhaps %c%s", node->text[0] - 'a' + 'A', node->text + 1);
		hgt_tell(s, rule, hgt_span_of(node), "/kind", hint, "kind %s begins with a small letter, and Kubernetes' kinds do not",
			hgt_quote(node->text));
	}
}

/* Requests, not resources: they have no name because nothing is stored. */
static bool is_nameless(const struct hgt_node *object)
{
	struct hgt_gvk gvk;

	return hgt_k8s_gvk(object, &gvk) && (hgt_k8s_group_is(&gvk, "authentication.k8s.io") ||
		hgt_k8s_group_is(&gvk, "authorization.k8s.io") || hgt_k8s_group_is(&gvk, "admission.k8s.io"));
}

static void check_metadata(struct hgt_subject *s)
{
	static const char hint[] = "give it a metadata.name, or a metadata.generateName";
	const struct hgt_node *metadata = hgt_node_get(s->object, "metadata");
	const struct hgt_node *name, *prefix;

	if (!metadata) {
		tell_missing(s, s->object, "metadata", "metadata", "/metadata", hint);
		return;
	}
	if (metadata->type != HGT_NODE_MAP) {
		hgt_tell(s, rule, hgt_span_of(metadata), "/metadata", hint, "metadata has to be a mapping, this is %s",
			type_words(metadata));
		return;
	}
	name = hgt_node_get(metadata, "name");
	prefix = hgt_node_get(metadata, "generateName");
	if (prefix && (!name || name->type == HGT_NODE_NULL))
		want_string(s, metadata, "generateName", "metadata.generateName", "/metadata/generateName", hint);
	else
		want_string(s, metadata, "name", "metadata.name", "/metadata/name", hint);
}

void hgt_check_k8s_type_meta(struct hgt_subject *s)
{
	const struct hgt_node *kind;
	const char *key;
	struct hgt_gvk gvk;

	/* SOPS encrypts all kinds of files. */
	if (s->cls == HGT_CLASS_SOPS && !hgt_k8s_gvk(s->object, &gvk))
		return;
	if (s->object->type != HGT_NODE_MAP) {
		hgt_tell(s, rule, hgt_span_of(s->object), "", "begin with apiVersion, kind and metadata",
			"a Kubernetes object is a mapping, this is %s", type_words(s->object));
		return;
	}
	check_api_version(s);
	check_kind(s);
	kind = hgt_node_get(s->object, "kind");
	if (hgt_k8s_items(s->object, &key) && strcmp(key, "items") == 0)
		return;
	if (kind && strcmp(kind->text, "List") == 0) {
		const struct hgt_node *items = hgt_node_get(s->object, "items");

		hgt_tell(s, rule, hgt_span_of(items ? items : kind), items ? "/items" : "", "put the objects below items, each after a dash",
			items ? "items of a List has to be a sequence" : "a List has to have items");
		return;
	}
	if (!is_nameless(s->object))
		check_metadata(s);
}
