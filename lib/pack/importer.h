/* The importer's inside. Private to lib/pack. */
#ifndef HEADGATE_PACK_IMPORTER_H
#define HEADGATE_PACK_IMPORTER_H

#include "base/map.h"
#include "pack/import.h"
#include "schema/compile.h"

/* A schema that kinds and other schemas lead to, known by its URI. */
struct hgt_import_schema {
	const char *uri;
	enum hgt_draft draft;
	const struct hgt_node *root;
};

struct hgt_import_kind {
	const char *name;		/* "apps/v1/Deployment" */
	const char *uri;
	const char *where;
	uint32_t flags;
	bool dropped;
};

struct hgt_import_patch {
	const struct hgt_node *patch;
	struct hgt_import_patch *next;
};

struct hgt_importer {
	struct hgt_import_options options;
	struct hgt_arena arena;
	struct hgt_map schemas;		/* URI -> schema */
	struct hgt_map kinds;		/* name -> kind */
	struct hgt_map patches;		/* definition -> patches, the first one first */
	struct hgt_map patterns;	/* those that PCRE2 takes */
	const char *source;
	bool only_definitions, doubles_expected;
	size_t files, bytes;
	unsigned trials;		/* of defaults against alternatives */
};

/* What a schema is read as while it is copied. */
struct hgt_import_copy {
	struct hgt_importer *importer;
	const char *where;		/* the path, for messages */
	bool plain;			/* a JSON Schema, kept as it is; else one of the dialects of Kubernetes, of which the known is kept */
	bool open;			/* nothing in it is closed: preserveUnknownFields */
	bool defaults;			/* a structural schema, whose defaults count where its alternatives speak of them */
	const char *prefix;		/* of references: "#/definitions/", or NULL for none but to within */
};

/* import.c */
void hgt_import_warn(struct hgt_importer *importer, const char *where, const struct hgt_node *node, const char *fmt, ...)
	HGT_PRINTF(4, 5);
int hgt_import_wrong(const char *where, const struct hgt_node *node, int code, struct hgt_error *err, const char *fmt, ...)
	HGT_PRINTF(5, 6);
char *hgt_import_text(struct hgt_importer *importer, const char *fmt, ...) HGT_PRINTF(2, 3);

/* Both: the first of a name counts; takes what is in the arena. A kind is named group/version/kind, group "" for none. */
int hgt_import_add_schema(struct hgt_importer *importer, const char *uri, enum hgt_draft draft, const struct hgt_node *root,
	struct hgt_error *err) HGT_MUST_CHECK;
int hgt_import_add_kind(struct hgt_importer *importer, const char *where, const char *name, const char *uri, uint32_t flags,
	struct hgt_error *err) HGT_MUST_CHECK;

/* "group/version/kind" in the arena, or NULL with the error set when the parts cannot be those of a kind. */
const char *hgt_import_name(struct hgt_importer *importer, const char *where, const struct hgt_node *node, const char *group,
	const char *version, const char *kind, struct hgt_error *err);

/* The URI of a schema of this name. */
const char *hgt_import_uri(struct hgt_importer *importer, const char *name, size_t len);

/* copy.c: trees copied into the importer's arena, so that the document may go. */
int hgt_import_copy_node(struct hgt_importer *importer, const struct hgt_node *node, const struct hgt_node **out,
	struct hgt_error *err) HGT_MUST_CHECK;
int hgt_import_copy_schema(const struct hgt_import_copy *copy, const struct hgt_node *node, const struct hgt_node **out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* defaults.c: a structural schema that has just been copied, and is still to be changed; what is below it has been. */
int hgt_import_settle_defaults(struct hgt_importer *importer, struct hgt_node *schema, struct hgt_error *err) HGT_MUST_CHECK;

/* A map of n members that are texts of ours and nodes. */
struct hgt_import_member {
	const char *key;
	const struct hgt_node *value;
};
const struct hgt_node *hgt_import_map(struct hgt_importer *importer, const struct hgt_import_member *members, size_t n);
const struct hgt_node *hgt_import_string(struct hgt_importer *importer, const char *text);
const struct hgt_node *hgt_import_true(void);

/* The map with a member of its `properties` replaced, or taken away for NULL. */
int hgt_import_replace_property(struct hgt_importer *importer, const struct hgt_node *schema, const char *name,
	const struct hgt_node *value, const struct hgt_node **out, struct hgt_error *err) HGT_MUST_CHECK;

/* One source each, for hgt_importer_add. */
int hgt_import_openapi(struct hgt_importer *importer, const char *where, const struct hgt_node *root,
	const struct hgt_node *definitions, const char *prefix, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_import_crd_object(struct hgt_importer *importer, const char *where, const struct hgt_node *crd, struct hgt_error *err)
	HGT_MUST_CHECK;
int hgt_import_json_schema(struct hgt_importer *importer, const char *where, const struct hgt_node *root,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Whether a node is a CustomResourceDefinition. */
bool hgt_import_is_crd(const struct hgt_node *node);

/* The one group, version and kind that x-kubernetes-group-version-kind has; false when there is none or more. */
bool hgt_import_gvk(const struct hgt_node *schema, const char **group, const char **version, const char **kind);

#endif
