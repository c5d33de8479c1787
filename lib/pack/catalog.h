/*
 * An ordered set of packs and images, asked for a kind: the first that has it counts.
 *
 *	struct hgt_catalog *catalog;
 *	code = hgt_catalog_new(&catalog, &err);
 *	code = hgt_catalog_load(catalog, "kubernetes-1.37", &err);	(or "./our.pack")
 *	code = hgt_catalog_find(catalog, "apps/v1", "Deployment", &hit, &err);
 *	(evaluate.h, with hit.image and hit.schema)
 *	hgt_catalog_free(catalog);
 *
 * Entries of an image are named apiVersion "/" kind: "v1/Pod", "apps/v1/Deployment". Schemas out of folders that know kinds in
 * lower case only ("cert-manager.io/v1/certificate") are found too, behind all that are named exactly.
 *
 * Names come out of packs, so they are text from outside.
 */
#ifndef HEADGATE_PACK_CATALOG_H
#define HEADGATE_PACK_CATALOG_H

#include "base/buf.h"
#include "pack/pack.h"

/* Flags of an entry. Neither of the first two: nobody has said. */
enum hgt_kind_flags {
	HGT_KIND_NAMESPACED = 1,
	HGT_KIND_CLUSTER = 2,
	HGT_KIND_DEPRECATED = 4,	/* a version that its CustomResourceDefinition says is deprecated */
};

struct hgt_catalog;

int hgt_catalog_new(struct hgt_catalog **out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_catalog_free(struct hgt_catalog *catalog);

/* Put a pack behind those that are there; takes it, on failure too. */
int hgt_catalog_add(struct hgt_catalog *catalog, struct hgt_pack *pack, struct hgt_error *err) HGT_MUST_CHECK;

/* The same for an image in memory, whose bytes are taken (the buffer is empty afterwards), known as `name`. */
int hgt_catalog_add_image(struct hgt_catalog *catalog, const char *name, struct hgt_buf *image, struct hgt_error *err)
	HGT_MUST_CHECK;

/* Find a pack by its name or path (place.h), open it and add it. HGT_ENOENT tells where it was looked for. */
int hgt_catalog_load(struct hgt_catalog *catalog, const char *name, struct hgt_error *err) HGT_MUST_CHECK;

/* What there is, in order. */
size_t hgt_catalog_count(const struct hgt_catalog *catalog);
const struct hgt_image *hgt_catalog_image(const struct hgt_catalog *catalog, size_t i);
const char *hgt_catalog_name(const struct hgt_catalog *catalog, size_t i);

struct hgt_catalog_hit {
	const struct hgt_image *image;	/* of the catalog */
	uint32_t schema;
	uint32_t flags;			/* enum hgt_kind_flags */
	size_t pack;			/* its number in the catalog */
};

/* The schema of a kind. HGT_ENOENT; HGT_ECORRUPT when a pack on the way is damaged. */
int hgt_catalog_find(const struct hgt_catalog *catalog, const char *api_version, const char *kind, struct hgt_catalog_hit *hit,
	struct hgt_error *err) HGT_MUST_CHECK;

/* One entry, taken apart; the parts point into `name`, which is the pack's. */
struct hgt_catalog_kind {
	const char *name;		/* "apps/v1/Deployment" */
	size_t group_len;		/* of the group at its beginning; 0 for the core group */
	size_t api_version_len;		/* of the apiVersion at its beginning */
	const char *kind;
	size_t pack;
};

/* Walk all entries: start with *pos zeroed; false at the end. The same kind of several packs comes several times. */
struct hgt_catalog_pos {
	size_t pack;
	uint32_t entry;
};
bool hgt_catalog_next(const struct hgt_catalog *catalog, struct hgt_catalog_pos *pos, struct hgt_catalog_kind *kind);

/*
 * For hints, added to out with ", " between them, each once and sorted, at most `max`:
 *  - the apiVersions that serve a kind of this name, those of the given group alone when it has any;
 *  - the kinds of an apiVersion.
 * Both return how many were added, HGT_ENOMEM.
 */
int hgt_catalog_served(const struct hgt_catalog *catalog, const char *api_version, const char *kind, size_t max,
	struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_catalog_kinds(const struct hgt_catalog *catalog, const char *api_version, size_t max, struct hgt_buf *out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Whether any entry is of this group ("" for the core group): a group that nobody knows is a pack that is missing. */
bool hgt_catalog_has_group(const struct hgt_catalog *catalog, const char *group, size_t len);

#endif
