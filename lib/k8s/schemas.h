/*
 * The schemas that objects are held against: those of the packs that somebody chose, and those of the CustomResourceDefinitions that
 * are met on the way, which come first, for they are what the cluster will have.
 */
#ifndef HEADGATE_K8S_SCHEMAS_H
#define HEADGATE_K8S_SCHEMAS_H

#include "pack/catalog.h"
#include "schema/evaluate.h"

struct hgt_schemas;

/* Borrows the catalog; NULL for none. */
int hgt_schemas_new(const struct hgt_catalog *catalog, struct hgt_schemas **out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_schemas_free(struct hgt_schemas *schemas);

/* The schema of an object's kind. HGT_ENOENT; HGT_ECORRUPT when a pack is damaged. */
int hgt_schemas_find(const struct hgt_schemas *schemas, const char *api_version, const char *kind, struct hgt_catalog_hit *hit,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Whether Kubernetes' own pack has kinds of the group, "" for the core group: then it has all of them. */
bool hgt_schemas_own_group(const struct hgt_schemas *schemas, const char *group, size_t len);

/*
 * For hints, of the definitions on the way if they have any, else of the packs: the kind of the apiVersion that a mistyped one was meant
 * to be, or NULL; and the apiVersions that serve a kind, at most `max` added to an empty buffer: how many, or HGT_ENOMEM.
 */
const char *hgt_schemas_nearest(const struct hgt_schemas *schemas, const char *api_version, const char *kind);
int hgt_schemas_served(const struct hgt_schemas *schemas, const char *kind, size_t max, struct hgt_buf *out) HGT_MUST_CHECK;

/* Take the kinds of a CustomResourceDefinition. HGT_EPARSE and the like when its schemas make no sense, HGT_ENOENT when it has none. */
int hgt_schemas_add(struct hgt_schemas *schemas, const struct hgt_node *crd, struct hgt_error *err) HGT_MUST_CHECK;

/* Remember a kind that is unknown: 1 when it is the first time, 0 when not, or HGT_ENOMEM. */
int hgt_schemas_note_unknown(struct hgt_schemas *schemas, const char *api_version, const char *kind) HGT_MUST_CHECK;

/* hgt_evaluate with the hit's image. */
int hgt_schemas_evaluate(struct hgt_schemas *schemas, const struct hgt_catalog_hit *hit, const struct hgt_node *object,
	hgt_schema_finding_cb tell, void *user, struct hgt_error *err) HGT_MUST_CHECK;

#endif
