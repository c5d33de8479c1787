/*
 * What a compiled schema asks for, for people to read: types, fields, values.
 *
 *	struct hgt_describer *d;
 *	struct hgt_description it;
 *	code = hgt_describer_new(&image, &d, &err);
 *	code = hgt_describe(d, schema, &it, &err);
 *	(it.types, it.fields[i].name, hgt_description_write(d, &it, ...))
 *	hgt_description_release(&it);
 *	hgt_describer_free(d);
 *
 * References and `allOf` are followed, so that a field is described once, wherever it is said. Text is the image's, so as hostile
 * as it is.
 */
#ifndef HEADGATE_SCHEMA_DESCRIBE_H
#define HEADGATE_SCHEMA_DESCRIBE_H

#include "base/json_writer.h"
#include "schema/image.h"

struct hgt_describer;

/* Borrows the image. */
int hgt_describer_new(const struct hgt_image *image, struct hgt_describer **out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_describer_free(struct hgt_describer *describer);

struct hgt_field {
	const char *name;	/* of the image; terminated, may contain NUL */
	size_t len;
	uint32_t schema;
	bool required;
};

/* A keyword that limits values: what it is told as, and where its value is. */
struct hgt_fact {
	uint32_t code, arg;
};

struct hgt_description {
	uint32_t self;		/* the schema that has the fields, or where there are none the one asked for: the same is met again */
	uint32_t types;		/* bits 1 << enum hgt_node_type, an integer's without a number's; 0 when anything goes */
	struct hgt_field *fields;	/* by name */
	size_t n_fields;
	uint32_t items, others;	/* the schema of a list's items, of members that are no fields: an index + 1, or 0 */
	bool closed;		/* no members but the fields */
	struct hgt_fact *facts;	/* in the order of the ops */
	size_t n_facts;
};

/* HGT_ECORRUPT, HGT_ELIMIT when references go round too long, HGT_ENOMEM; the description needs no release then. */
int hgt_describe(struct hgt_describer *describer, uint32_t schema, struct hgt_description *out, struct hgt_error *err)
	HGT_MUST_CHECK;
void hgt_description_release(struct hgt_description *description);

/* The types in words, "integer or string"; "any" when anything goes. */
void hgt_description_types(const struct hgt_description *description, struct hgt_buf *out);

/* A fact: as a key and a value in an open object; or as words, `minimum 1`, `enum TCP, UDP`, escaped. */
void hgt_fact_json(const struct hgt_describer *describer, const struct hgt_fact *fact, struct hgt_json *json);
void hgt_fact_text(const struct hgt_describer *describer, const struct hgt_fact *fact, struct hgt_buf *out);

#endif
