/*
 * An image of compiled schemas, in memory or mapped from a file: read where it is, never unpacked.
 *
 *	struct hgt_image image;
 *	code = hgt_image_open(&image, data, size, &err);
 *	code = hgt_image_find(&image, "apps/v1/Deployment", &schema, &err);
 *	(evaluate.h)
 *
 * Opening looks at the header alone. What comes from outside is checked before it is believed: an evaluator checks each schema
 * when it first meets it, so that of a large image only the pages are read that a document needs; hgt_image_check
 * looks at all of it.
 */
#ifndef HEADGATE_SCHEMA_IMAGE_H
#define HEADGATE_SCHEMA_IMAGE_H

#include "base/buf.h"
#include "schema/layout.h"

/* Borrows data, which must stay as it is while the image is used. HGT_ECORRUPT when it is no image. */
int hgt_image_open(struct hgt_image *image, const void *data, size_t size, struct hgt_error *err) HGT_MUST_CHECK;

/* A number that stands for what an image is written in: the ops, their operands and the formats, which are known by their place
 * in a table. Who keeps an image keeps this with it, for programs of another version read it as something else. */
uint32_t hgt_image_language(void);

/* Whether all that is in the image adds up; HGT_ECORRUPT, HGT_ENOMEM. */
int hgt_image_check(const struct hgt_image *image, struct hgt_error *err) HGT_MUST_CHECK;

/* What is under a name: a schema, and the flags that whoever compiled it has given (flags may be NULL). HGT_ENOENT, HGT_ECORRUPT.
 * */
int hgt_image_find(const struct hgt_image *image, const char *name, uint32_t *schema, uint32_t *flags, struct hgt_error *err)
	HGT_MUST_CHECK;

/* The name of the i-th of image->n_entries, in order; NULL when the image is corrupt there. */
const char *hgt_image_entry(const struct hgt_image *image, uint32_t i);

/* The first entry whose name is not before `name`: where those with a common beginning are; n_entries when there is none. */
uint32_t hgt_image_entry_from(const struct hgt_image *image, const char *name);

/*
 * What has been checked of an image, so that each part is checked once. Private to lib/schema.
 */
struct hgt_image_checked {
	const struct hgt_image *image;
	unsigned char *schemas, *resources;	/* a bit each */
	uint32_t budget;			/* words that may yet be looked at */
};

int hgt_image_checked_init(struct hgt_image_checked *checked, const struct hgt_image *image, struct hgt_error *err)
	HGT_MUST_CHECK;
void hgt_image_checked_release(struct hgt_image_checked *checked);

/* Check schema number `index` unless that has been done; HGT_ECORRUPT. */
int hgt_image_check_schema_slow(struct hgt_image_checked *checked, uint32_t index, struct hgt_error *err)
	HGT_MUST_CHECK;

static inline HGT_MUST_CHECK int hgt_image_check_schema(struct hgt_image_checked *checked, uint32_t index,
	struct hgt_error *err)
{
	if (checked->schemas[index / 8] & 1u << index % 8)
		return 0;
	return hgt_image_check_schema_slow(checked, index, err);
}

/* Whether a whole string is at `at`. Private to lib/schema. */
bool hgt_image_has_string(const struct hgt_image *image, uint32_t at);

/* Where a schema is, as "<URI>#/properties/x", into out. */
void hgt_image_location(struct hgt_image_checked *checked, uint32_t schema, struct hgt_buf *out);

#endif
