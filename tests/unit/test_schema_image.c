/* lib/schema: images are the same wherever they are made, and believed only as far as they add up. */
#include "tests/unit/schema_rig.h"
#include "tests/unit/unit.h"

static const char schema[] =
	"{type: object, properties: {a: {enum: [1, {b: [2]}]}, c: {pattern: x}, e: {$ref: '#/$defs/e'}}, patternProperties: {'^d': {}}, "
	"required: [a], dependentRequired: {a: [c]}, dependentSchemas: {q: {const: null}}, if: {minProperties: 1}, then: true, "
	"prefixItems: [{format: date}], contains: {type: string}, oneOf: [true], not: {multipleOf: 3}, unevaluatedProperties: false, "
	"$dynamicAnchor: x, allOf: [{properties: {y: {$dynamicRef: '#x'}}}], $defs: {e: {$id: 'http://example.org/e', type: integer}}}";

static void make(struct hgt_buf *image)
{
	assert_int_equal(schema_compile(schema, HGT_DRAFT_2020, image, NULL), 0);
}

static void test_same(void **state)
{
	struct hgt_buf a = HGT_BUF_INIT, b = HGT_BUF_INIT;

	(void)state;
	make(&a);
	make(&b);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	hgt_buf_release(&a);
	hgt_buf_release(&b);
}

static void test_moved(void **state)
{
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_image image;
	uint32_t index;
	char *copy;

	(void)state;
	make(&data);
	copy = malloc(data.len);
	assert_non_null(copy);
	memcpy(copy, data.data, data.len);
	memset(data.data, 0xff, data.len);
	assert_int_equal(hgt_image_open(&image, copy, data.len, NULL), 0);
	assert_int_equal(hgt_image_check(&image, NULL), 0);
	assert_int_equal(hgt_image_find(&image, "s", &index, NULL, NULL), 0);
	assert_int_equal(hgt_image_find(&image, "t", &index, NULL, NULL), HGT_ENOENT);
	assert_string_equal(hgt_image_entry(&image, 0), "s");
	free(copy);
	hgt_buf_release(&data);
}

static void test_header(void **state)
{
	static const struct {
		size_t at;
		uint32_t word;
		int code;
	} cases[] = {
		{0, 0, HGT_ECORRUPT}, {HGT_IMG_AT_VERSION, 99, HGT_EUNSUPPORTED}, {HGT_IMG_AT_SIZE, 48, HGT_ECORRUPT},
		{HGT_IMG_AT_SCHEMAS, 0x40000000, HGT_ECORRUPT}, {HGT_IMG_AT_SCHEMAS + 4, 0xfffffffc, HGT_ECORRUPT},
		{HGT_IMG_AT_RESOURCES + 4, 1, HGT_ECORRUPT}, {HGT_IMG_AT_PATTERNS, 0xffffffff, HGT_ECORRUPT},
		{HGT_IMG_AT_ENTRIES, 0x20000000, HGT_ECORRUPT},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf data = HGT_BUF_INIT;
		struct hgt_error err = {0};
		struct hgt_image image;

		make(&data);
		memcpy(data.data + cases[i].at, &cases[i].word, 4);
		assert_int_equal(hgt_image_open(&image, data.data, data.len, &err), cases[i].code);
		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(hgt_image_open(&image, data.data, HGT_IMG_HEADER - 1, &err), HGT_ECORRUPT);
		hgt_buf_release(&data);
	}
}

/* Each word in turn made something else: it is found out, or it does no harm. */
static void test_damaged(void **state)
{
	static const uint32_t words[] = {0, 1, 4, 47, 48, 0x7fffffff, 0xfffffffc, 0xffffffff};
	static const char document[] = "{a: {b: [2]}, c: xx, d: 1, e: 5, y: {a: 1}, q: [a, 2, '2020-01-01']}";
	struct hgt_evaluate_options options = {.formats = true, .findings = 10, .work = 20000};
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_image image;
	size_t found = 0;
	char *told;

	(void)state;
	make(&data);
	for (size_t at = HGT_IMG_HEADER; at + 4 <= data.len; at += 4)
		for (size_t i = 0; i < N_OF(words); i++) {
			uint32_t kept;
			int code;

			memcpy(&kept, data.data + at, 4);
			memcpy(data.data + at, &words[i], 4);
			assert_int_equal(hgt_image_open(&image, data.data, data.len, NULL), 0);
			code = hgt_image_check(&image, NULL);
			assert_true(code == 0 || code == HGT_ECORRUPT);
			found += code != 0;
			code = schema_judge(&data, &options, document, &told);
			assert_true(code >= 0 || code == HGT_ECORRUPT || code == HGT_ELIMIT || code == HGT_ENOENT);
			free(told);
			memcpy(data.data + at, &kept, 4);
		}
	assert_true(found > data.len / 4);
	hgt_buf_release(&data);
}

static void test_names(void **state)
{
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_image image;
	const char *name;
	uint32_t pos = 0;
	size_t len, n = 0;

	(void)state;
	make(&data);
	assert_int_equal(hgt_image_open(&image, data.data, data.len, NULL), 0);
	while ((name = hgt_schema_next_name(&image, 0, &pos, &len))) {
		assert_int_equal(len, 1);
		assert_non_null(strchr("ace", *name));
		n++;
	}
	assert_int_equal(n, 3);
	hgt_buf_release(&data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
