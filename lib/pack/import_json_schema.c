/*
 * A JSON Schema by itself: which kind it is for, and what draft it is of.
 *
 * Where its own words do not tell the kind its place may: CRDs-catalog and flux-schema have <group>/<kind>_<version>.json, the
 * kind in lower case (catalog.h).
 */
#include "pack/importer.h"

/* The one value that a member of the object can have. */
static const char *only_value(const struct hgt_node *schema, const char *name)
{
	const struct hgt_node *member = hgt_node_get(hgt_node_get(schema, "properties"), name);
	const struct hgt_node *values = hgt_node_get(member, "enum");

	if (hgt_node_get_string(member, "const"))
		return hgt_node_get_string(member, "const");
	if (!values || values->type != HGT_NODE_SEQ || values->v.seq.n != 1 || values->v.seq.items[0]->type != HGT_NODE_STRING)
		return NULL;
	return values->v.seq.items[0]->text;
}

/* "apps/v1" and "Deployment" as a name. */
static const char *name_of(struct hgt_importer *importer, const char *where, const struct hgt_node *root, const char *api_version,
	size_t len, const char *kind, struct hgt_error *err)
{
	const char *slash = memchr(api_version, '/', len);
	size_t group = slash ? (size_t)(slash - api_version) : 0, version = slash ? group + 1 : 0;
	char *group_text = hgt_arena_strndup(&importer->arena, api_version, group);
	char *version_text = hgt_arena_strndup(&importer->arena, api_version + version, len - version);

	if (!group_text || !version_text) {
		hgt_error_nomem(err);
		return NULL;
	}
	return hgt_import_name(importer, where, root, group_text, version_text, kind, err);
}

/* v1, v1beta2 */
static bool is_version(const char *text, size_t len)
{
	size_t n = 1;

	if (len < 2 || *text != 'v')
		return false;
	while (n < len && text[n] >= '0' && text[n] <= '9')
		n++;
	if (n == 1 || n == len)
		return n > 1;
	if (len - n > 4 && memcmp(text + n, "beta", 4) == 0)
		n += 4;
	else if (len - n > 5 && memcmp(text + n, "alpha", 5) == 0)
		n += 5;
	else
		return false;
	while (n < len && text[n] >= '0' && text[n] <= '9')
		n++;
	return n == len;
}

/* .../<group>/<kind>_<version>.json */
static const char *name_by_place(struct hgt_importer *importer, const char *where, struct hgt_error *err)
{
	const char *file = strrchr(where, '/'), *folder = file, *dot, *line;
	char *group, *kind, *version;

	if (!file)
		return NULL;
	while (folder > where && folder[-1] != '/')
		folder--;
	dot = strrchr(file, '.');
	line = strrchr(file, '_');
	if (!dot || !line || line > dot || line == file + 1 || folder == file || !is_version(line + 1, (size_t)(dot - line - 1)))
		return NULL;
	group = hgt_arena_strndup(&importer->arena, folder, (size_t)(file - folder));
	kind = hgt_arena_strndup(&importer->arena, file + 1, (size_t)(line - file - 1));
	version = hgt_arena_strndup(&importer->arena, line + 1, (size_t)(dot - line - 1));
	if (!group || !kind || !version) {
		hgt_error_nomem(err);
		return NULL;
	}
	return hgt_import_name(importer, where, NULL, group, version, kind, err);
}

/* The kind that a schema is for: NULL when it is not said (*code stays 0), or with *code. */
static const char *kind_of(struct hgt_importer *importer, const char *where, const struct hgt_node *root, int *code,
	struct hgt_error *err)
{
	const char *group, *version, *kind, *name, *asked = importer->options.kind;

	err->code = 0;
	if (hgt_import_gvk(root, &group, &version, &kind)) {
		name = hgt_import_name(importer, where, root, group, version, kind, err);
	} else if (only_value(root, "apiVersion") && only_value(root, "kind")) {
		version = only_value(root, "apiVersion");
		name = name_of(importer, where, root, version, strlen(version), only_value(root, "kind"), err);
	} else if (asked && strrchr(asked, '/')) {
		name = name_of(importer, where, root, asked, (size_t)(strrchr(asked, '/') - asked), strrchr(asked, '/') + 1, err);
	} else {
		name = name_by_place(importer, where, err);
	}
	*code = name ? 0 : err->code;
	return name;
}

/* Without a word of the draft: whether a bound is made exclusive as in draft 4, by a boolean. */
static bool has_boolean_bound(const struct hgt_node *node)
{
	bool value;

	if (node->type == HGT_NODE_SEQ)
		for (size_t i = 0; i < node->v.seq.n; i++)
			if (has_boolean_bound(node->v.seq.items[i]))
				return true;
	if (node->type != HGT_NODE_MAP)
		return false;
	if (hgt_node_get_bool(node, "exclusiveMinimum", &value) || hgt_node_get_bool(node, "exclusiveMaximum", &value))
		return true;
	for (size_t i = 0; i < node->v.map.n; i++)
		if (has_boolean_bound(node->v.map.pairs[i].value))
			return true;
	return false;
}

/* Whether an object is a schema at all, and no other JSON. */
static bool is_schema(const struct hgt_node *root)
{
	static const char *const signs[] = {"$schema", "properties", "$ref", "allOf", "anyOf", "oneOf"};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (hgt_node_get(root, signs[i]))
			return true;
	return hgt_node_get_string(root, "type") && !hgt_node_get(root, "kind");
}

int hgt_import_json_schema(struct hgt_importer *importer, const char *where, const struct hgt_node *root,
	struct hgt_error *err)
{
	struct hgt_import_copy copy = {.importer = importer, .where = where, .plain = true};
	const struct hgt_node *copied;
	struct hgt_error room;
	const char *name, *uri;
	int code;

	if (!is_schema(root))
		return 0;
	if (!err)
		err = &room;
	name = kind_of(importer, where, root, &code, err);
	if (!name)
		return code;
	uri = hgt_import_uri(importer, name, strlen(name));
	if (!uri)
		return hgt_error_nomem(err);
	code = hgt_import_copy_schema(&copy, root, &copied, err);
	if (code == 0)
		code = hgt_import_add_schema(importer, uri, has_boolean_bound(root) ? HGT_DRAFT_4 : HGT_DRAFT_7, copied, err);
	if (code == 0)
		code = hgt_import_add_kind(importer, where, name, uri, 0, err);
	return code ? code : 1;
}
