/* Checking an image before it is believed: after this nothing in it makes a reader leave it or go round in it. */
#include "doc/doc.h"
#include "schema/format.h"
#include "schema/image.h"

bool hgt_image_has_string(const struct hgt_image *image, uint32_t at)
{
	uint32_t len;

	if (at < HGT_IMG_HEADER || at % 4 || at > image->size - 8)
		return false;
	len = hgt_img_word(image, at);
	return len < image->size - at - 4 && image->data[at + 4 + len] == '\0';
}

/* Whether `words` words are at `at`; they are taken off the budget. */
static bool has_words(struct hgt_image_checked *c, uint32_t at, uint32_t words)
{
	if (at < HGT_IMG_HEADER || at % 4 || at > c->image->size || words > (c->image->size - at) / 4 || words > c->budget)
		return false;
	c->budget -= words;
	return true;
}

static bool is_schema(const struct hgt_image_checked *c, uint32_t index)
{
	return index < c->image->n_schemas;
}

static bool is_schema_or_missing(const struct hgt_image_checked *c, uint32_t index)
{
	return index <= c->image->n_schemas;
}

static bool is_string(const struct hgt_image_checked *c, uint32_t at)
{
	return hgt_image_has_string(c->image, at);
}

static bool is_pattern(const struct hgt_image_checked *c, uint32_t index)
{
	return index < c->image->n_patterns && is_string(c, hgt_img_row(c->image, c->image->patterns, index));
}

/* The list at `at` of rows of `width` words: its length into *n, its first row into *rows. */
static bool has_list(struct hgt_image_checked *c, uint32_t at, uint32_t width, uint32_t *n, uint32_t *rows)
{
	if (!has_words(c, at, 1))
		return false;
	*n = hgt_img_word(c->image, at);
	*rows = at + 4;
	return *n <= c->image->size / 4 / width && has_words(c, *rows, *n * width);
}

typedef bool (*check_cb)(const struct hgt_image_checked *c, uint32_t word);

/* A list whose rows are one or two words. */
static bool check_list(struct hgt_image_checked *c, uint32_t at, check_cb first, check_cb second)
{
	uint32_t n, rows, width = second ? 2 : 1;

	if (!has_list(c, at, width, &n, &rows))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!first(c, hgt_img_row(c->image, rows, width * i)) ||
			(second && !second(c, hgt_img_row(c->image, rows, width * i + 1))))
			return false;
	return true;
}

static bool check_names(struct hgt_image_checked *c, uint32_t at)
{
	uint32_t cap;

	if (!at)
		return true;
	if (!has_words(c, at, 2))
		return false;
	cap = hgt_img_word(c->image, at);
	if (!cap || (cap & (cap - 1)) || cap > c->image->size / 12 || !has_words(c, at + 8, 3 * cap))
		return false;
	for (uint32_t row = at + 8; cap--; row += 12)
		if (hgt_img_word(c->image, row + 4) && (!is_string(c, hgt_img_word(c->image, row + 4)) ||
			!is_schema(c, hgt_img_word(c->image, row + 8))))
			return false;
	return true;
}

static bool check_members(struct hgt_image_checked *c, uint32_t at)
{
	uint32_t patterns;

	if (!has_words(c, at, 3))
		return false;
	patterns = hgt_img_row(c->image, at, 2);
	return is_schema_or_missing(c, hgt_img_row(c->image, at, 0)) && check_names(c, hgt_img_row(c->image, at, 1)) &&
		(!patterns || check_list(c, patterns, is_pattern, is_schema));
}

/* The value at *at, which ends at `end` at the latest; *at moves behind it. */
static bool check_value(struct hgt_image_checked *c, uint32_t *at, uint32_t end, unsigned depth)
{
	const struct hgt_image *image = c->image;
	uint32_t start = *at, kind = hgt_img_word(image, start), words = hgt_img_row(image, start, 1), n;
	bool map = kind == HGT_NODE_MAP;

	if (words < 2 || words > (end - start) / 4 || depth > HGT_IMG_VALUE_DEPTH)
		return false;
	end = start + 4 * words;
	*at = end;
	switch (kind) {
	case HGT_NODE_NULL:
		return words == 2;
	case HGT_NODE_BOOL:
		return words == 3;
	case HGT_NODE_STRING:
		return words == 3 && is_string(c, hgt_img_row(image, start, 2));
	case HGT_NODE_INT:
	case HGT_NODE_FLOAT:
		return words == 6 && is_string(c, hgt_img_row(image, start, 2));
	case HGT_NODE_SEQ:
	case HGT_NODE_MAP:
		break;
	default:
		return false;
	}
	if (words < 3)
		return false;
	n = hgt_img_row(image, start, 2);
	for (start += 12; n--;) {
		if (map && (end - start < 4 || !is_string(c, hgt_img_word(image, start))))
			return false;
		start += map ? 4 : 0;
		if (end - start < 8 || !check_value(c, &start, end, depth + 1))
			return false;
	}
	return start == end;
}

static bool check_whole_value(struct hgt_image_checked *c, uint32_t at, bool list)
{
	uint32_t words;

	if (!has_words(c, at, 2))
		return false;
	words = hgt_img_row(c->image, at, 1);
	if (words < 2 || !has_words(c, at + 8, words - 2) || (list && hgt_img_word(c->image, at) != HGT_NODE_SEQ))
		return false;
	return check_value(c, &at, at + 4 * words, 0);
}

static bool check_if(struct hgt_image_checked *c, uint32_t at)
{
	return has_words(c, at, 3) && is_schema(c, hgt_img_word(c->image, at)) &&
		is_schema_or_missing(c, hgt_img_row(c->image, at, 1)) && is_schema_or_missing(c, hgt_img_row(c->image, at, 2));
}

static bool check_operand(struct hgt_image_checked *c, uint32_t op, uint32_t arg)
{
	const struct hgt_image *image = c->image;

	switch (hgt_schema_ops[op].operand) {
	case HGT_OPERAND_NONE:
	case HGT_OPERAND_WORD:
		return true;
	case HGT_OPERAND_SCHEMA:
		return is_schema(c, arg);
	case HGT_OPERAND_NUMBER:
		return has_words(c, arg, 4) && is_string(c, hgt_img_word(image, arg));
	case HGT_OPERAND_VALUE:
		return check_whole_value(c, arg, op == HGT_OP_ENUM);
	case HGT_OPERAND_PATTERN:
		return is_pattern(c, arg);
	case HGT_OPERAND_FORMAT:
		return has_words(c, arg, 3) && hgt_img_word(image, arg) < HGT_FORMAT_COUNT && is_string(c, hgt_img_row(image,
			arg, 1));
	case HGT_OPERAND_SCHEMAS:
		return check_list(c, arg, is_schema, NULL);
	case HGT_OPERAND_STRINGS:
		return check_list(c, arg, is_string, NULL);
	case HGT_OPERAND_IF:
		return check_if(c, arg);
	case HGT_OPERAND_DYNAMIC:
		return has_words(c, arg, 2) && is_schema(c, hgt_img_word(image, arg)) && is_string(c, hgt_img_row(image, arg, 1));
	case HGT_OPERAND_ITEMS:
		return has_words(c, arg, 1) && is_schema_or_missing(c, hgt_img_word(image, arg)) &&
			check_list(c, arg + 4, is_schema, NULL);
	case HGT_OPERAND_CONTAINS:
		return has_words(c, arg, 4) && is_schema(c, hgt_img_word(image, arg));
	case HGT_OPERAND_MEMBERS:
		return check_members(c, arg);
	case HGT_OPERAND_UNION:
		return has_words(c, arg, 1) && check_list(c, arg + 4, is_string, NULL);
	case HGT_OPERAND_NEEDS:
		return check_list(c, arg, is_string, is_string);
	case HGT_OPERAND_DEPENDENT:
		return check_list(c, arg, is_string, is_schema);
	}
	return false;
}

static bool check_resource(struct hgt_image_checked *c, uint32_t index)
{
	uint32_t at;

	if (index >= c->image->n_resources)
		return false;
	if (c->resources[index / 8] & 1u << index % 8)
		return true;
	at = hgt_img_row(c->image, c->image->resources, index);
	if (!has_words(c, at, 1) || !is_string(c, hgt_img_word(c->image, at)) || !check_list(c, at + 4, is_string,
		is_schema))
		return false;
	c->resources[index / 8] |= (unsigned char)(1u << index % 8);
	return true;
}

static bool check_record(struct hgt_image_checked *c, uint32_t at)
{
	const struct hgt_image *image = c->image;
	uint32_t n;

	if (!has_words(c, at, HGT_IMG_SCHEMA_SIZE / 4))
		return false;
	n = hgt_img_word(image, at + HGT_IMG_SCHEMA_OPS);
	if (n > image->size / 8 || !has_words(c, at + HGT_IMG_SCHEMA_SIZE, 2 * n) ||
		!is_schema_or_missing(c, hgt_img_word(image, at + HGT_IMG_SCHEMA_PARENT)) ||
		!is_string(c, hgt_img_word(image, at + HGT_IMG_SCHEMA_STEP)) ||
		!check_resource(c, hgt_img_word(image, at + HGT_IMG_SCHEMA_RESOURCE)))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t op = hgt_img_row(image, at + HGT_IMG_SCHEMA_SIZE, 2 * i);

		/* These look at marks that only this flag provides. */
		if ((op == HGT_OP_UNEVALUATED_ITEMS || op == HGT_OP_UNEVALUATED_PROPERTIES) &&
			!(hgt_img_word(image, at + HGT_IMG_SCHEMA_FLAGS) & HGT_IMG_UNEVALUATED))
			return false;
		if (op >= HGT_OP_COUNT || !check_operand(c, op, hgt_img_row(image, at + HGT_IMG_SCHEMA_SIZE, 2 * i + 1)))
			return false;
	}
	return true;
}

int hgt_image_check_schema_slow(struct hgt_image_checked *c, uint32_t index, struct hgt_error *err)
{
	if (index >= c->image->n_schemas || !check_record(c, hgt_img_schema(c->image, index)))
		return hgt_error_set(err, HGT_ECORRUPT, "the schema image is damaged: schema %u does not add up", (unsigned)index);
	c->schemas[index / 8] |= (unsigned char)(1u << index % 8);
	return 0;
}

int hgt_image_checked_init(struct hgt_image_checked *checked, const struct hgt_image *image, struct hgt_error *err)
{
	struct hgt_image_checked c = {.image = image, .budget = image->size / 4};

	/* One allocation for both; large ones come zeroed from the kernel and cost what is touched. */
	c.schemas = calloc((size_t)image->n_schemas / 8 + image->n_resources / 8 + 2, 1);
	if (!c.schemas)
		return hgt_error_nomem(err);
	c.resources = c.schemas + image->n_schemas / 8 + 1;
	*checked = c;
	return 0;
}

void hgt_image_checked_release(struct hgt_image_checked *checked)
{
	free(checked->schemas);
	*checked = (struct hgt_image_checked){0};
}

int hgt_image_check(const struct hgt_image *image, struct hgt_error *err)
{
	struct hgt_image_checked checked = {0};
	const char *before = NULL;
	int code = hgt_image_checked_init(&checked, image, err);

	for (uint32_t i = 0; !code && i < image->n_schemas; i++)
		code = hgt_image_check_schema(&checked, i, err);
	for (uint32_t i = 0; !code && i < image->n_patterns; i++)
		if (!is_pattern(&checked, i))
			code = hgt_error_set(err, HGT_ECORRUPT, "the schema image is damaged: pattern %u", (unsigned)i);
	for (uint32_t i = 0; !code && i < image->n_entries; i++) {
		const char *name = hgt_image_entry(image, i);

		if (!name || (before && strcmp(before, name) >= 0) || !is_schema(&checked, hgt_img_word(image,
			image->entries + HGT_IMG_ENTRY_SIZE * i + 4)))
			code = hgt_error_set(err, HGT_ECORRUPT, "the schema image is damaged: entry %u", (unsigned)i);
		before = name;
	}
	hgt_image_checked_release(&checked);
	return code;
}
