/*
 * CustomResourceDefinitions of apiextensions.k8s.io, v1 and v1beta1. Each version that is served is a kind; the schema of one that
 * has none takes anything, so that the kind is known at least.
 */
#include "pack/importer.h"

bool hgt_import_is_crd(const struct hgt_node *node)
{
	const char *kind = hgt_node_get_string(node, "kind"), *version = hgt_node_get_string(node, "apiVersion");

	return kind && version && strcmp(kind, "CustomResourceDefinition") == 0 &&
		strncmp(version, "apiextensions.k8s.io/", strlen("apiextensions.k8s.io/")) == 0;
}

/* {type: object, x-kubernetes-preserve-unknown-fields: true} */
static const struct hgt_node *open_object(struct hgt_importer *importer)
{
	struct hgt_import_member members[] = {
		{"type", hgt_import_string(importer, "object")}, {"x-kubernetes-preserve-unknown-fields", hgt_import_true()},
	};

	return members[0].value ? hgt_import_map(importer, members, 2) : NULL;
}

/* A status subresource makes the server drop what a manifest has as its status, before it looks at it. */
static int open_status(struct hgt_importer *importer, const struct hgt_node **schema, struct hgt_error *err)
{
	struct hgt_import_member any = {"x-kubernetes-preserve-unknown-fields", hgt_import_true()};
	const struct hgt_node *status = hgt_import_map(importer, &any, 1);

	if (!status)
		return hgt_error_nomem(err);
	return hgt_import_replace_property(importer, *schema, "status", status, schema, err);
}

/* What all versions have in common. */
struct definition {
	struct hgt_importer *importer;
	const char *where;
	const struct hgt_node *crd, *spec;
	bool open;		/* unknown fields are kept */
	uint32_t flags;
};

static int make_schema(const struct definition *d, const struct hgt_node *version, const struct hgt_node **out,
	struct hgt_error *err)
{
	const struct hgt_node *given = hgt_node_get(hgt_node_get(version, "schema"), "openAPIV3Schema");
	const struct hgt_node *subresources = hgt_node_get(version, "subresources"), *status;
	struct hgt_import_copy copy = {.importer = d->importer, .where = d->where, .open = d->open, .defaults = true};
	int code;

	/* v1beta1 may say both once for all versions. */
	if (!given)
		given = hgt_node_get(hgt_node_get(d->spec, "validation"), "openAPIV3Schema");
	if (!subresources)
		subresources = hgt_node_get(d->spec, "subresources");
	status = hgt_node_get(subresources, "status");
	if (!given || given->type != HGT_NODE_MAP) {
		*out = open_object(d->importer);
		return *out ? 0 : hgt_error_nomem(err);
	}
	code = hgt_import_copy_schema(&copy, given, out, err);
	if (code == 0 && status && status->type == HGT_NODE_MAP)
		code = open_status(d->importer, out, err);
	return code;
}

/* version: an item of spec.versions, or spec itself where it has but the one. */
static int add_version(const struct definition *d, const struct hgt_node *version, const char *version_name, struct hgt_error *err)
{
	const struct hgt_node *root;
	const char *name, *uri;
	bool deprecated = false;
	int code;

	name = hgt_import_name(d->importer, d->where, d->crd, hgt_node_get_string(d->spec, "group"), version_name,
		hgt_node_get_string(hgt_node_get(d->spec, "names"), "kind"), err);
	if (!name)
		return err->code;
	uri = hgt_import_uri(d->importer, name, strlen(name));
	if (!uri)
		return hgt_error_nomem(err);
	code = make_schema(d, version, &root, err);
	if (code == 0)
		code = hgt_import_add_schema(d->importer, uri, HGT_DRAFT_STRUCTURAL, root, err);
	hgt_node_get_bool(version, "deprecated", &deprecated);
	return code ? code : hgt_import_add_kind(d->importer, d->where, name, uri,
		d->flags | (deprecated ? HGT_KIND_DEPRECATED : 0), err);
}

int hgt_import_crd_object(struct hgt_importer *importer, const char *where, const struct hgt_node *crd, struct hgt_error *err)
{
	struct definition d = {.importer = importer, .where = where, .crd = crd, .spec = hgt_node_get(crd, "spec")};
	const struct hgt_node *versions = hgt_node_get(d.spec, "versions");
	const char *api = hgt_node_get_string(crd, "apiVersion"), *scope = hgt_node_get_string(d.spec, "scope");
	struct hgt_error room;
	int code = 0;

	if (!err)
		err = &room;
	d.open = api && strcmp(api, "apiextensions.k8s.io/v1beta1") == 0;
	hgt_node_get_bool(d.spec, "preserveUnknownFields", &d.open);
	d.flags = scope && strcmp(scope, "Cluster") == 0 ? HGT_KIND_CLUSTER : HGT_KIND_NAMESPACED;
	if (!d.spec || d.spec->type != HGT_NODE_MAP)
		return hgt_import_wrong(where, crd, HGT_EPARSE, err, "the CustomResourceDefinition has no spec");
	if (!versions)
		return add_version(&d, d.spec, hgt_node_get_string(d.spec, "version"), err);
	if (versions->type != HGT_NODE_SEQ)
		return hgt_import_wrong(where, versions, HGT_EPARSE, err, "the versions of a CustomResourceDefinition are a list");
	for (size_t i = 0; i < versions->v.seq.n && code == 0; i++) {
		const struct hgt_node *version = versions->v.seq.items[i];
		bool served = true;

		/* What is not served cannot be written. */
		if (!hgt_node_get_bool(version, "served", &served) || served)
			code = add_version(&d, version, hgt_node_get_string(version, "name"), err);
	}
	return code;
}
