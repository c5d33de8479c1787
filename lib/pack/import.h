/*
 * Schemas from outside made into an image whose entries are kinds (catalog.h).
 *
 *	struct hgt_importer *importer;
 *	code = hgt_importer_new(&options, &importer, &err);
 *	code = hgt_importer_add_path(importer, "crds/", &err);		(each source)
 *	code = hgt_importer_finish(importer, &image, &err);
 *	hgt_importer_free(importer);
 *
 * What a source is, is seen by its content:
 *  - OpenAPI v2 (`swagger`), OpenAPI v3 (`openapi`; one file or a folder of them), the facts of contrib/schemas (`definitions`);
 *  - CustomResourceDefinitions, v1 and v1beta1, alone, in YAML streams among other objects, or in a List;
 *  - a JSON Schema: what it is for is told by x-kubernetes-group-version-kind, by the values it allows for apiVersion and kind, by
 *    options.kind, or by its place: <group>/<kind>_<version>.json (CRDs-catalog, flux-schema);
 *  - a folder of any of these, kubernetes-json-schema's <version>-standalone too.
 *
 * Of two schemas for one kind the first counts; the result does not depend on the order otherwise. What is added is copied.
 * A pattern that PCRE2 refuses is left out and warned of; a reference to another document is refused.
 */
#ifndef HEADGATE_PACK_IMPORT_H
#define HEADGATE_PACK_IMPORT_H

#include "doc/doc.h"
#include "pack/catalog.h"

struct hgt_importer;

/* Something that was left out; `where` is a path, or a path and a place in it. Text from outside in both. */
typedef void (*hgt_import_warn_cb)(void *user, const char *where, const char *message);

struct hgt_import_options {
	const char *kind;		/* "apiVersion/Kind" of a JSON Schema that does not say it itself, or NULL */
	hgt_import_warn_cb warn;	/* or NULL */
	void *user;
};

/* options may be NULL; the strings in it are borrowed. */
int hgt_importer_new(const struct hgt_import_options *options, struct hgt_importer **out, struct hgt_error *err)
	HGT_MUST_CHECK;
void hgt_importer_free(struct hgt_importer *importer);

/*
 * What definitions of OpenAPI must be besides: {definitions: {NAME: merge patch}} (RFC 7396), for what is added afterwards. A
 * definition, and a member of its `properties`, that a source does not have is passed over: sources are of different versions.
 * The same for all *.yaml of a folder.
 */
int hgt_importer_constrain(struct hgt_importer *importer, const char *where, const struct hgt_node *root,
	struct hgt_error *err) HGT_MUST_CHECK;
int hgt_importer_constrain_folder(struct hgt_importer *importer, const char *folder, struct hgt_error *err) HGT_MUST_CHECK;

/* Each returns 1 when there were schemas in it, 0 when it is something else; HGT_EPARSE and the like. `where` is its path. */
int hgt_importer_add(struct hgt_importer *importer, const char *where, const struct hgt_node *root, struct hgt_error *err)
	HGT_MUST_CHECK;
int hgt_importer_add_text(struct hgt_importer *importer, const char *where, const char *text, size_t len,
	struct hgt_error *err) HGT_MUST_CHECK;

/* A file, or a folder with all below it. In a folder a file that cannot be used is warned of and left out. */
int hgt_importer_add_path(struct hgt_importer *importer, const char *path, struct hgt_error *err) HGT_MUST_CHECK;

/* What is added from now on is there to be referred to: its own kinds do not count. */
void hgt_importer_only_definitions(struct hgt_importer *importer, bool only);

/* What is added from now on repeats what is there already, which is not to be told. */
void hgt_importer_expect_doubles(struct hgt_importer *importer, bool expected);

/* How many kinds there are, and what the facts say that they were made of ("" when nothing did). */
size_t hgt_importer_kinds(const struct hgt_importer *importer);
const char *hgt_importer_source(const struct hgt_importer *importer);

/* Add the image to an empty buffer. A kind whose schema makes no sense is warned of and left out; HGT_EPARSE when none is left. */
int hgt_importer_finish(struct hgt_importer *importer, struct hgt_buf *image, struct hgt_error *err) HGT_MUST_CHECK;

/* The image of the kinds that one CustomResourceDefinition makes, as it stands in a tree. HGT_EPARSE and the like when it makes
 * no sense, HGT_ENOENT when it serves no version. */
int hgt_import_crd(const struct hgt_node *crd, struct hgt_buf *image, struct hgt_error *err) HGT_MUST_CHECK;

#endif
