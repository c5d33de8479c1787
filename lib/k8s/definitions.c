/* CustomResourceDefinitions of the change and of the tree around it. */
#include "k8s/definitions.h"

#include "k8s/k8s.h"

static bool is_definition(const struct hgt_node *object)
{
	struct hgt_gvk gvk;

	return hgt_k8s_gvk(object, &gvk) && strcmp(gvk.kind, "CustomResourceDefinition") == 0 &&
		hgt_k8s_group_is(&gvk, "apiextensions.k8s.io");
}

bool hgt_definitions_concern(const char *text, size_t len)
{
	return memmem(text, len, "CustomResourceDefinition", 24) != NULL;
}

/* The objects in a document: itself, and its items; i-th, NULL at the end. */
static const struct hgt_node *object_in(const struct hgt_node *root, size_t i)
{
	const struct hgt_node *items;
	const char *key;

	if (i == 0)
		return root;
	items = hgt_k8s_items(root, &key);
	return items && i <= items->v.seq.n ? items->v.seq.items[i - 1] : NULL;
}

void hgt_definitions_meet(struct hgt_subject *s)
{
	const struct hgt_node *object;

	for (size_t i = 0; (object = object_in(s->object, i)); i++) {
		struct hgt_error err = {0};
		int code = is_definition(object) ? hgt_schemas_add(s->schemas, object, &err) : 0;
		const struct hgt_node *spec = hgt_node_get(object, "spec");

		if (code == HGT_ENOMEM)
			hgt_engine_fail(s->engine);
		else if (code < 0 && code != HGT_ENOENT)
			hgt_tell(s, "schema/definition", hgt_span_of(spec ? spec : object), i || !spec ? "" : "/spec",
				"mend the schema; kubectl explain shows what the server makes of it",
				"the custom resources that this defines cannot be held against its schema: %s", err.message);
	}
}

/* Whether nobody knows a kind: 1, 0, or HGT_E*. */
static int is_unknown(const struct hgt_schemas *schemas, const char *api_version, const char *kind, struct hgt_error *err)
{
	struct hgt_catalog_hit hit;
	int code = hgt_schemas_find(schemas, api_version, kind, &hit, err);

	return code == HGT_ENOENT ? 1 : code;
}

int hgt_definitions_lack(const struct hgt_schemas *schemas, const struct hgt_node *root, struct hgt_error *err)
{
	const struct hgt_node *object;
	const char *key;
	int code = 0;

	for (size_t i = 0; code == 0 && (object = object_in(root, i)); i++) {
		struct hgt_gvk gvk;

		if (hgt_k8s_gvk(object, &gvk) && !hgt_k8s_items(object, &key))
			code = is_unknown(schemas, hgt_node_get_string(object, "apiVersion"), gvk.kind, err);
	}
	return code;
}

/* Whether a definition has a version that nobody knows yet: what the change or another file has said of it counts. 1, 0, or HGT_E*. */
static int is_news(const struct hgt_schemas *schemas, const struct hgt_node *definition, struct hgt_error *err)
{
	const struct hgt_node *spec = hgt_node_get(definition, "spec"), *versions = hgt_node_get(spec, "versions");
	const char *group = hgt_node_get_string(spec, "group"), *kind = hgt_node_get_string(hgt_node_get(spec, "names"), "kind");
	struct hgt_buf api_version = HGT_BUF_INIT;
	int code = 0;

	for (size_t i = 0; group && kind && versions && versions->type == HGT_NODE_SEQ && i < versions->v.seq.n && code == 0; i++) {
		const char *version = hgt_node_get_string(versions->v.seq.items[i], "name");

		hgt_buf_reset(&api_version);
		hgt_buf_addf(&api_version, "%s/%s", group, version ? version : "");
		code = hgt_buf_check(&api_version, err);
		if (code == 0 && version)
			code = is_unknown(schemas, api_version.data, kind, err);
	}
	hgt_buf_release(&api_version);
	return code;
}

/* One that makes no sense is for the push that brings it. */
static int take(struct hgt_schemas *schemas, const struct hgt_node *definition, struct hgt_error *err)
{
	int code = is_news(schemas, definition, err);

	if (code > 0)
		code = hgt_schemas_add(schemas, definition, err);
	return code == HGT_ENOMEM ? code : 0;
}

int hgt_definitions_read(struct hgt_schemas *schemas, const char *path, const char *data, size_t len,
	const struct hgt_doc_limits *limits, struct hgt_error *err)
{
	struct hgt_doc_set set;
	int code;

	if (!hgt_definitions_concern(data, len))
		return 0;
	hgt_doc_set_init(&set);
	code = (hgt_class_is_json(path) ? hgt_json_parse : hgt_yaml_parse)(data, len, limits, &set, err);
	for (size_t i = 0; i < set.n_docs && code == 0; i++) {
		const struct hgt_node *object;

		for (size_t k = 0; set.docs[i].root && code == 0 && (object = object_in(set.docs[i].root, k)); k++)
			if (is_definition(object))
				code = take(schemas, object, err);
	}
	hgt_doc_set_release(&set);
	return code;
}
