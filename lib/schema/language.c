/* What an image is written in, as a number. */
#include "schema/format.h"
#include "schema/image.h"

static uint32_t add(uint32_t hash, const char *text)
{
	/* The terminator too, so that two texts are not the same as one. */
	for (const char *p = text;; p++) {
		hash = (hash ^ (unsigned char)*p) * 16777619u;
		if (!*p)
			return hash;
	}
}

uint32_t hgt_image_language(void)
{
	uint32_t hash = 2166136261u ^ HGT_IMG_VERSION;

	for (uint32_t i = 0; i < HGT_OP_COUNT; i++)
		hash = add((hash ^ hgt_schema_ops[i].operand) * 16777619u, hgt_schema_ops[i].keyword);
	for (int i = 0; i < HGT_FORMAT_COUNT; i++)
		hash = add(hash, hgt_format_name((enum hgt_format)i));
	return hash;
}
