/*
 * Schemas made into an image (image.h).
 *
 *	struct hgt_compiler *c;
 *	code = hgt_compiler_new(HGT_DRAFT_2020, &c, &err);
 *	code = hgt_compiler_add(c, "https://example.org/a.json", root, &err);	(each document that is there)
 *	code = hgt_compiler_entry(c, "a", "https://example.org/a.json#/$defs/thing", &err);
 *	code = hgt_compiler_finish(c, &image, &err);
 *	hgt_compiler_free(c);
 *
 * Nothing is fetched: a reference leads to a document that was added, or to a metaschema of the five drafts. What no entry leads to
 * is not compiled. Messages name document, line and column: "https://example.org/a.json:3:7: ...".
 */
#ifndef HEADGATE_SCHEMA_COMPILE_H
#define HEADGATE_SCHEMA_COMPILE_H

#include "doc/doc.h"

/*
 * What a schema without `$schema` is read as. The first two are Kubernetes' dialects of OpenAPI 3.0's Schema Object: draft 4 with
 * `nullable` and the x-kubernetes- extensions, always asserting `format`. In them a member that is null counts as missing unless it is
 * nullable, what stands beside a $ref counts too, and an object with `properties` takes no others unless it says so.
 */
enum hgt_draft {
	HGT_DRAFT_KUBERNETES,	/* a native kind: read into Go structs, so null fits everywhere, and an empty string is as good as none */
	HGT_DRAFT_STRUCTURAL,	/* a CustomResourceDefinition's openAPIV3Schema */
	HGT_DRAFT_4,
	HGT_DRAFT_6,
	HGT_DRAFT_7,
	HGT_DRAFT_2019,
	HGT_DRAFT_2020,
};

struct hgt_compiler;

int hgt_compiler_new(enum hgt_draft draft, struct hgt_compiler **out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_compiler_free(struct hgt_compiler *compiler);

/* A document and the URI that it is known by, besides those that it gives itself. Borrows root until the compiler is freed.
 * HGT_EEXIST when another has the URI. */
int hgt_compiler_add(struct hgt_compiler *compiler, const char *uri, const struct hgt_node *root,
	struct hgt_error *err)
	HGT_MUST_CHECK;

/* The same for a document of another draft than the compiler's. */
int hgt_compiler_add_as(struct hgt_compiler *compiler, enum hgt_draft draft, const char *uri, const struct hgt_node *root,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Let the image have the schema at a URI (with a fragment, maybe) under a name. What the flags mean is the caller's. HGT_EEXIST,
 * HGT_ENOENT, HGT_EPARSE. */
int hgt_compiler_entry(struct hgt_compiler *compiler, const char *name, const char *uri, uint32_t flags,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Add the image to an empty buffer. HGT_ENOENT for a reference that leads nowhere, HGT_EPARSE for a keyword that makes no sense,
 * HGT_EUNSUPPORTED for an unknown `$schema`, HGT_ELIMIT. */
int hgt_compiler_finish(struct hgt_compiler *compiler, struct hgt_buf *image, struct hgt_error *err) HGT_MUST_CHECK;

#endif
