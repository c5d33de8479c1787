/*
 * Holding documents against the schemas of an image.
 *
 *	struct hgt_evaluator *e;
 *	code = hgt_evaluator_new(&image, &hgt_evaluate_default_options, &e, &err);
 *	code = hgt_evaluate(e, schema, doc.root, tell, user, &err);
 *	hgt_evaluator_free(e);
 *
 * An evaluator keeps what is found out about its image (checked schemas, compiled patterns) from one document to the next; it is used by
 * one thread at a time, the image by any number.
 */
#ifndef HEADGATE_SCHEMA_EVALUATE_H
#define HEADGATE_SCHEMA_EVALUATE_H

#include "doc/doc.h"
#include "schema/image.h"

struct hgt_evaluator;

struct hgt_evaluate_options {
	bool formats;		/* whether `format` is asserted, for the formats of format.h */
	size_t findings;	/* the most to tell about one document */
	uint64_t work;		/* the most to do for one document: about one unit a schema and value, more for long searches */
};

/* No formats, 100 findings, 20 million units: a second or two. */
extern const struct hgt_evaluate_options hgt_evaluate_default_options;

/* Valid during the call. */
struct hgt_schema_finding {
	const struct hgt_node *node;	/* the value */
	const struct hgt_node *key;	/* of the member that should not be there or is misnamed, else NULL */
	const char *keyword;		/* "type" */
	const char *missing;		/* the name of the member that should be there, else NULL */
	const char *pointer;		/* of the value in the document (RFC 6901) */
	const char *message;		/* no full stop; text from outside in it is escaped */
	const char *location;		/* of the schema: "<URI>#/properties/x" */
	uint32_t schema;
};

typedef void (*hgt_schema_finding_cb)(void *user, const struct hgt_schema_finding *finding);

/* Borrows the image. */
int hgt_evaluator_new(const struct hgt_image *image, const struct hgt_evaluate_options *options,
	struct hgt_evaluator **out,
	struct hgt_error *err) HGT_MUST_CHECK;
void hgt_evaluator_free(struct hgt_evaluator *evaluator);

/*
 * 1 when the value fits the schema; 0 when not, and each reason has been told (`tell` may be NULL). Otherwise it cannot be said whether
 * it fits: HGT_ELIMIT when the work is too much or the schema refers to itself without end, HGT_ECORRUPT, HGT_ENOMEM.
 */
int hgt_evaluate(struct hgt_evaluator *evaluator, uint32_t schema, const struct hgt_node *node,
	hgt_schema_finding_cb tell,
	void *user, struct hgt_error *err) HGT_MUST_CHECK;

/* Walk the names that a schema's `properties` have, for hints: start with *pos = 0; NULL at the end. The schema is one
 * that a finding was told about. */
const char *hgt_schema_next_name(const struct hgt_image *image, uint32_t schema, uint32_t *pos, size_t *len);

/* The same for the strings of a schema's `enum`. */
const char *hgt_schema_next_value(const struct hgt_image *image, uint32_t schema, uint32_t *pos, size_t *len);

#endif
