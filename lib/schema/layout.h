/*
 * How a compiled image is laid out. Private to lib/schema.
 *
 * An image is one run of bytes without pointers: offsets are from its beginning, numbers are 32-bit little-endian words,
 * everything stands at a multiple of four. Offset 0 is the header, so 0 stands for "none".
 *
 *	header		HGT_IMG_* words below
 *	string		length, bytes, NUL, padding; each text is there once
 *	schema		parent (index + 1, 0 for none), step (a string), resource (an index), flags, number of ops,
 *			then for each its code and its operand
 *	resource	URI (a string), number of dynamic anchors, then for each its name (a string) and schema (an index)
 *	value		kind, size in words (both included), then
 *			  string: a string;  number: as below;  array: n, n values;  object: n, n pairs of a string and a value
 *	number		text (a string), 1 when it fits int64_t, its low and its high word
 *
 * A schema's location is its parent's and the step added; without a parent the step is a whole URI.
 * The operand of an op is a word, or the offset of a record that belongs to this op alone: so all that ops own adds up to less than
 * the image, and checking each once takes no longer than reading the image once.
 */
#ifndef HEADGATE_SCHEMA_LAYOUT_H
#define HEADGATE_SCHEMA_LAYOUT_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define HGT_IMG_MAGIC "hgtschem"

enum {
	HGT_IMG_VERSION = 2,
	HGT_IMG_LIMIT = 1 << 30,	/* bytes */
	/* Offsets in the header. A table is its number of rows and where it begins. */
	HGT_IMG_AT_VERSION = 8,
	HGT_IMG_AT_SIZE = 12,
	HGT_IMG_AT_SCHEMAS = 16,	/* offsets of schemas */
	HGT_IMG_AT_RESOURCES = 24,	/* offsets of resources */
	HGT_IMG_AT_PATTERNS = 32,	/* strings */
	HGT_IMG_AT_ENTRIES = 40,	/* name (a string), schema (an index), flags of the caller's; sorted by name */
	HGT_IMG_HEADER = 48,
	/* Of a schema. */
	HGT_IMG_SCHEMA_PARENT = 0,
	HGT_IMG_SCHEMA_STEP = 4,
	HGT_IMG_SCHEMA_RESOURCE = 8,
	HGT_IMG_SCHEMA_FLAGS = 12,
	HGT_IMG_SCHEMA_OPS = 16,
	HGT_IMG_SCHEMA_SIZE = 20,
	HGT_IMG_ENTRY_SIZE = 12,
	/* Values nest no deeper than this. */
	HGT_IMG_VALUE_DEPTH = 128,
};

/* Flags of a schema. */
enum {
	HGT_IMG_UNEVALUATED = 1,	/* has an unevaluatedItems or unevaluatedProperties: marks have to be kept */
	/* Of Kubernetes' dialects. */
	HGT_IMG_NULL_IS_NONE = 2,	/* a member that is null counts as missing, unless its schema takes null */
	/* So does one that is "", unless its schema has a minLength of 0; "" is of every enum, format and pattern. */
	HGT_IMG_EMPTY_IS_NONE = 4,
	HGT_IMG_NULLABLE = 8,
	HGT_IMG_EMPTY_COUNTS = 16,	/* a minLength of 0 */
};

/* Bits of a type mask; an instance's node type n is bit 1 << n, a number without fraction is both. */
enum {
	HGT_TYPE_NULL = 1 << 0,
	HGT_TYPE_BOOLEAN = 1 << 1,
	HGT_TYPE_INTEGER = 1 << 2,
	HGT_TYPE_NUMBER = 1 << 3,
	HGT_TYPE_STRING = 1 << 4,
	HGT_TYPE_ARRAY = 1 << 5,
	HGT_TYPE_OBJECT = 1 << 6,
	HGT_TYPE_ALL = (1 << 7) - 1,
	/* draft 4: 1.0 is no integer */
	HGT_TYPE_STRICT_INTEGER = 1 << 7,
	/* null fits, but is nothing to speak of */
	HGT_TYPE_SILENT_NULL = 1 << 8,
};

/*
 * What an operand is. A list is its length and its rows; an index is one of a schema; an index that may be missing is one more than
 * the index, or 0.
 */
enum hgt_operand {
	HGT_OPERAND_NONE,
	HGT_OPERAND_WORD,
	HGT_OPERAND_SCHEMA,
	HGT_OPERAND_NUMBER,
	HGT_OPERAND_VALUE,
	HGT_OPERAND_PATTERN,		/* an index into the table of patterns */
	HGT_OPERAND_FORMAT,		/* enum hgt_format, the name (a string), whether it is always asserted */
	HGT_OPERAND_SCHEMAS,		/* list: index */
	HGT_OPERAND_STRINGS,		/* list: string */
	HGT_OPERAND_IF,			/* index, index or missing (then), index or missing (else) */
	HGT_OPERAND_DYNAMIC,		/* index that it is at first, name of the anchor (a string) */
	HGT_OPERAND_ITEMS,		/* index or missing (of the rest), list: index */
	HGT_OPERAND_CONTAINS,		/* index, least, most, whether what fits counts as evaluated */
	HGT_OPERAND_MEMBERS,		/* index or missing (additional), offset of names or 0, offset of patterns or 0 */
	HGT_OPERAND_NEEDS,		/* list: name (a string), needed (a string) */
	HGT_OPERAND_DEPENDENT,		/* list: name (a string), index */
	HGT_OPERAND_UNION,		/* whether one has to be there, list: name (a string) */
};

/*
 * Names (of members): capacity (a power of two), number, then for each slot hash, name (a string, 0 in a free slot), index; looked up by
 * linear probing from the hash. Patterns: a list of pattern, index.
 */

/* Every op: the keyword it is told as, its operand, the types of instance that it looks at. In the order of evaluation. */
#define HGT_SCHEMA_OPS(OP) \
	OP(FALSE, "false", NONE, HGT_TYPE_ALL) \
	OP(TYPE, "type", WORD, HGT_TYPE_ALL) \
	OP(CONST, "const", VALUE, HGT_TYPE_ALL) \
	OP(ENUM, "enum", VALUE, HGT_TYPE_ALL) \
	OP(MINIMUM, "minimum", NUMBER, HGT_TYPE_INTEGER | HGT_TYPE_NUMBER) \
	OP(EXCLUSIVE_MINIMUM, "exclusiveMinimum", NUMBER, HGT_TYPE_INTEGER | HGT_TYPE_NUMBER) \
	OP(MAXIMUM, "maximum", NUMBER, HGT_TYPE_INTEGER | HGT_TYPE_NUMBER) \
	OP(EXCLUSIVE_MAXIMUM, "exclusiveMaximum", NUMBER, HGT_TYPE_INTEGER | HGT_TYPE_NUMBER) \
	OP(MULTIPLE_OF, "multipleOf", NUMBER, HGT_TYPE_INTEGER | HGT_TYPE_NUMBER) \
	OP(MIN_LENGTH, "minLength", WORD, HGT_TYPE_STRING) \
	OP(MAX_LENGTH, "maxLength", WORD, HGT_TYPE_STRING) \
	OP(PATTERN, "pattern", PATTERN, HGT_TYPE_STRING) \
	OP(FORMAT, "format", FORMAT, HGT_TYPE_STRING | HGT_TYPE_INTEGER | HGT_TYPE_NUMBER) \
	OP(REQUIRED, "required", STRINGS, HGT_TYPE_OBJECT) \
	OP(DEPENDENT_REQUIRED, "dependentRequired", NEEDS, HGT_TYPE_OBJECT) \
	OP(MIN_PROPERTIES, "minProperties", WORD, HGT_TYPE_OBJECT) \
	OP(MAX_PROPERTIES, "maxProperties", WORD, HGT_TYPE_OBJECT) \
	OP(PROPERTY_NAMES, "propertyNames", SCHEMA, HGT_TYPE_OBJECT) \
	OP(UNION, "x-headgate-one-of", UNION, HGT_TYPE_OBJECT) \
	OP(MEMBERS, "properties", MEMBERS, HGT_TYPE_OBJECT) \
	OP(MIN_ITEMS, "minItems", WORD, HGT_TYPE_ARRAY) \
	OP(MAX_ITEMS, "maxItems", WORD, HGT_TYPE_ARRAY) \
	OP(UNIQUE_ITEMS, "uniqueItems", NONE, HGT_TYPE_ARRAY) \
	OP(LIST_MAP, "x-kubernetes-list-map-keys", STRINGS, HGT_TYPE_ARRAY) \
	OP(ITEMS, "items", ITEMS, HGT_TYPE_ARRAY) \
	OP(CONTAINS, "contains", CONTAINS, HGT_TYPE_ARRAY) \
	OP(REF, "$ref", SCHEMA, HGT_TYPE_ALL) \
	OP(DYNAMIC_REF, "$dynamicRef", DYNAMIC, HGT_TYPE_ALL) \
	OP(ALL_OF, "allOf", SCHEMAS, HGT_TYPE_ALL) \
	OP(ANY_OF, "anyOf", SCHEMAS, HGT_TYPE_ALL) \
	OP(ONE_OF, "oneOf", SCHEMAS, HGT_TYPE_ALL) \
	OP(NOT, "not", SCHEMA, HGT_TYPE_ALL) \
	OP(IF, "if", IF, HGT_TYPE_ALL) \
	OP(DEPENDENT_SCHEMAS, "dependentSchemas", DEPENDENT, HGT_TYPE_OBJECT) \
	OP(UNEVALUATED_ITEMS, "unevaluatedItems", SCHEMA, HGT_TYPE_ARRAY) \
	OP(UNEVALUATED_PROPERTIES, "unevaluatedProperties", SCHEMA, HGT_TYPE_OBJECT)

enum hgt_schema_op {
#define HGT_SCHEMA_OP_CODE(name, keyword, operand, types) HGT_OP_##name,
	HGT_SCHEMA_OPS(HGT_SCHEMA_OP_CODE)
#undef HGT_SCHEMA_OP_CODE
	HGT_OP_COUNT
};

struct hgt_schema_op_info {
	const char *keyword;
	enum hgt_operand operand;
	unsigned types;
};

extern const struct hgt_schema_op_info hgt_schema_ops[HGT_OP_COUNT];

struct hgt_image {
	const unsigned char *data;	/* borrowed */
	uint32_t size;
	uint32_t n_schemas, schemas;
	uint32_t n_resources, resources;
	uint32_t n_patterns, patterns;
	uint32_t n_entries, entries;
};

/* The word at an offset that has been checked. */
static inline uint32_t hgt_img_word(const struct hgt_image *image, uint32_t at)
{
	uint32_t word;

	memcpy(&word, image->data + at, sizeof(word));
	return le32toh(word);
}

static inline uint32_t hgt_img_row(const struct hgt_image *image, uint32_t at, uint32_t i)
{
	return hgt_img_word(image, at + 4 * i);
}

static inline const char *hgt_img_string(const struct hgt_image *image, uint32_t at, uint32_t *len)
{
	*len = hgt_img_word(image, at);
	return (const char *)image->data + at + 4;
}

static inline bool hgt_img_is(const struct hgt_image *image, uint32_t at, const char *text, size_t len)
{
	return hgt_img_word(image, at) == len && memcmp(image->data + at + 4, text, len) == 0;
}

static inline uint32_t hgt_img_schema(const struct hgt_image *image, uint32_t index)
{
	return hgt_img_row(image, image->schemas, index);
}

/* FNV-1a. What a hostile text can do with it is bounded by the number of names in a schema. */
static inline uint32_t hgt_img_hash(const char *text, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 16777619u;
	return hash;
}

/* The schema (an index + 1) that a table of names has for text, or 0. */
uint32_t hgt_img_lookup(const struct hgt_image *image, uint32_t names, const char *text, size_t len);

#endif
