/* Opening an image, and looking things up in it. */
#include "schema/image.h"

#include <inttypes.h>

#define OP_INFO(name, keyword, operand, types) [HGT_OP_##name] = {keyword, HGT_OPERAND_##operand, types},
const struct hgt_schema_op_info hgt_schema_ops[HGT_OP_COUNT] = {HGT_SCHEMA_OPS(OP_INFO)};
#undef OP_INFO

/* A location has at most this many steps: a damaged image may have parents in a ring. */
enum { STEPS_MAX = 256 };

static int corrupt(struct hgt_error *err, const char *what)
{
	return hgt_error_set(err, HGT_ECORRUPT, "the schema image is damaged: %s", what);
}

/* Read one of the header's tables, whose rows have `row` bytes. */
static bool read_table(const struct hgt_image *image, uint32_t at, uint32_t row, uint32_t *n, uint32_t *begin)
{
	uint32_t count = hgt_img_word(image, at), offset = hgt_img_word(image, at + 4);

	if (offset % 4 || offset > image->size || count > (image->size - offset) / row)
		return false;
	*n = count;
	*begin = offset;
	return true;
}

int hgt_image_open(struct hgt_image *image, const void *data, size_t size, struct hgt_error *err)
{
	struct hgt_image opened = {.data = data};

	if (size < HGT_IMG_HEADER || memcmp(data, HGT_IMG_MAGIC, 8) != 0)
		return hgt_error_set(err, HGT_ECORRUPT, "this is no schema image");
	if (size > HGT_IMG_LIMIT)
		return hgt_error_set(err, HGT_ELIMIT, "the schema image has %zu bytes, the limit is %d", size, HGT_IMG_LIMIT);
	opened.size = (uint32_t)size;
	if (hgt_img_word(&opened, HGT_IMG_AT_VERSION) != HGT_IMG_VERSION)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "the schema image has format %" PRIu32 ", this program reads format %d",
			hgt_img_word(&opened, HGT_IMG_AT_VERSION), HGT_IMG_VERSION);
	if (hgt_img_word(&opened, HGT_IMG_AT_SIZE) != size)
		return corrupt(err, "its size is not the one it was made with");
	if (!read_table(&opened, HGT_IMG_AT_SCHEMAS, 4, &opened.n_schemas, &opened.schemas) ||
		!read_table(&opened, HGT_IMG_AT_RESOURCES, 4, &opened.n_resources, &opened.resources) ||
		!read_table(&opened, HGT_IMG_AT_PATTERNS, 4, &opened.n_patterns, &opened.patterns) ||
		!read_table(&opened, HGT_IMG_AT_ENTRIES, HGT_IMG_ENTRY_SIZE, &opened.n_entries, &opened.entries))
		return corrupt(err, "a table reaches beyond its end");
	*image = opened;
	return 0;
}

const char *hgt_image_entry(const struct hgt_image *image, uint32_t i)
{
	uint32_t at = hgt_img_word(image, image->entries + HGT_IMG_ENTRY_SIZE * i), len;

	if (!hgt_image_has_string(image, at))
		return NULL;
	return hgt_img_string(image, at, &len);
}

uint32_t hgt_image_entry_from(const struct hgt_image *image, const char *name)
{
	uint32_t low = 0, high = image->n_entries;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const char *entry = hgt_image_entry(image, middle);

		if (entry && strcmp(entry, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int hgt_image_find(const struct hgt_image *image, const char *name, uint32_t *schema, uint32_t *flags, struct hgt_error *err)
{
	uint32_t i = hgt_image_entry_from(image, name), row = image->entries + HGT_IMG_ENTRY_SIZE * i;
	const char *entry = i < image->n_entries ? hgt_image_entry(image, i) : "";

	if (!entry)
		return corrupt(err, "a name reaches beyond its end");
	if (strcmp(entry, name) != 0 || i == image->n_entries)
		return hgt_error_set(err, HGT_ENOENT, "the schema image has nothing named %s", name);
	if (hgt_img_row(image, row, 1) >= image->n_schemas)
		return corrupt(err, "a name stands for no schema");
	*schema = hgt_img_row(image, row, 1);
	if (flags)
		*flags = hgt_img_row(image, row, 2);
	return 0;
}

uint32_t hgt_img_lookup(const struct hgt_image *image, uint32_t names, const char *text, size_t len)
{
	uint32_t cap = hgt_img_word(image, names), hash = hgt_img_hash(text, len);

	for (uint32_t tried = 0, slot = hash & (cap - 1); tried < cap; tried++, slot = (slot + 1) & (cap - 1)) {
		uint32_t row = names + 8 + 12 * slot, name = hgt_img_word(image, row + 4);

		if (!name)
			return 0;
		if (hgt_img_word(image, row) == hash && hgt_img_is(image, name, text, len))
			return hgt_img_word(image, row + 8) + 1;
	}
	return 0;
}

void hgt_image_location(struct hgt_image_checked *checked, uint32_t schema, struct hgt_buf *out)
{
	const struct hgt_image *image = checked->image;
	uint32_t steps[STEPS_MAX], n = 0;

	while (n < STEPS_MAX && hgt_image_check_schema(checked, schema, NULL) == 0) {
		uint32_t record = hgt_img_schema(image, schema), parent;

		steps[n++] = hgt_img_word(image, record + HGT_IMG_SCHEMA_STEP);
		parent = hgt_img_word(image, record + HGT_IMG_SCHEMA_PARENT);
		if (!parent)
			break;
		schema = parent - 1;
	}
	while (n--) {
		uint32_t len;
		const char *step = hgt_img_string(image, steps[n], &len);

		hgt_buf_add(out, step, len);
	}
}
