/* lib/schema: what is told, in which words, and what cannot be compiled. (What fits and what does not is the public suite's.) */
#include "tests/unit/fail_alloc.h"
#include "tests/unit/schema_rig.h"
#include "tests/unit/unit.h"

static void test_messages(void **state)
{
	static const struct {
		const char *schema, *document, *told;
	} cases[] = {
		{"{type: integer}", "two", " type expected integer, got string \"two\"\n"},
		{"{type: [integer, string]}", "null", " type expected integer or string, got null\n"},
		{"{type: [integer, 'null', boolean]}", "[1]", " type expected null, boolean or integer, got an array\n"},
		{"{type: string}", "1.5", " type expected string, got number 1.5\n"},
		{"{type: string}", "0x1f", " type expected string, got integer 31\n"},
		{"{type: object}", "\"a\\nb\\e\"", " type expected object, got string \"a\\nb\\e\"\n"},
		{"{const: 5}", "6", " const must be 5, got integer 6\n"},
		{"{enum: [a, 1, null]}", "b", " enum must be one of \"a\", 1, null, got string \"b\"\n"},
		{"{enum: [1,2,3,4,5,6,7,8,9,10]}", "0", " enum must be one of 1, 2, 3, 4, 5, 6, 7, 8 and 2 more, got integer 0\n"},
		{"{enum: []}", "0", " enum no value is allowed, got integer 0\n"},
		{"{minimum: 1}", "0", " minimum must be at least 1, got 0\n"},
		{"{exclusiveMaximum: 1.5}", "1.50", " exclusiveMaximum must be less than 1.5, got 1.50\n"},
		{"{maximum: 18446744073709551616}", "18446744073709551617.0",
			" maximum must be at most 18446744073709551616, got 18446744073709551617.0\n"},
		{"{multipleOf: 0.01}", "0.075", " multipleOf must be a multiple of 0.01, got 0.075\n"},
		{"{minLength: 1}", "''", " minLength must have at least 1 character, has 0\n"},
		{"{maxLength: 2}", "\xc3\xa9\xc3\xa9\xc3\xa9", " maxLength must have at most 2 characters, has 3\n"},
		{"{pattern: '^[a-z]+$'}", "A", " pattern must match the pattern \"^[a-z]+$\", got \"A\"\n"},
		{"{minItems: 2}", "[1]", " minItems must have at least 2 items, has 1\n"},
		{"{uniqueItems: true}", "[{a: 1, b: 2}, 3, {b: 2.0, a: 1}]", "/2 uniqueItems items 0 and 2 are equal: an object\n"},
		{"{contains: {type: string}}", "[1]",
			" contains at least 1 of the items must be of the kind that is wanted here, 0 are\n"},
		{"{prefixItems: [true], items: false}", "[1, 2]", "/1 items unexpected item: at most 1 allowed here\n"},
		{"{required: [a, b]}", "{b: 1}", " required missing field \"a\"\n"},
		{"{dependentRequired: {a: [b]}}", "{a: 1}",
			" dependentRequired missing field \"b\", which has to be there with \"a\"\n"},
		{"{properties: {replicas: true}, additionalProperties: false}", "{replica: 1}",
			"/replica additionalProperties unknown field \"replica\"\n"},
		{"{properties: {a: true}, unevaluatedProperties: false}", "{a: 1, b/c: 1}",
			"/b~1c unevaluatedProperties unknown field \"b/c\"\n"},
		{"{properties: {a: {items: {properties: {b: {type: string}}}}}}", "{a: [{b: x}, {b: 1}]}",
			"/a/1/b type expected string, got integer 1\n"},
		{"{propertyNames: {maxLength: 2}}", "{abc: 1, 1: 2}", "/abc maxLength must have at most 2 characters, has 3\n"},
		{"{not: {type: integer}}", "1", " not integer 1 is what is ruled out here\n"},
		{"{anyOf: [{type: integer}, {type: string}]}", "[]", " anyOf expected integer or string, got an array\n"},
		{"{anyOf: [{type: integer, minimum: 3}, {type: string}]}", "1", " minimum must be at least 3, got 1\n"},
		{"{anyOf: [{minimum: 3}, {const: 2}]}", "1", " anyOf fits none of the 2 alternatives\n"},
		{"{oneOf: [{type: integer}, {type: number}, {minimum: 0}]}", "1",
			" oneOf fits alternatives 1 and 2, has to fit exactly one\n"},
		{"{properties: {a: false}}", "{a: 1}", "/a false nothing is allowed here\n"},
		{"{type: integer}", "1.0", ""},
		/* A later key of the same name counts, and one that a merge brings in. */
		{"{properties: {a: {type: integer}}, required: [b]}", "{<<: {b: 1}, a: 1}", ""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf image = HGT_BUF_INIT;
		char *told;
		int code;

		assert_int_equal(schema_compile(cases[i].schema, HGT_DRAFT_2020, &image, NULL), 0);
		code = schema_judge(&image, &hgt_evaluate_default_options, cases[i].document, &told);
		assert_string_equal(told, cases[i].told);
		assert_int_equal(code, !*cases[i].told);
		free(told);
		hgt_buf_release(&image);
	}
}

static void test_formats(void **state)
{
	static const struct {
		const char *format, *good, *bad;
	} cases[] = {
		{"int32", "-2147483648", "2147483648"},
		{"int64", "9223372036854775807", "9223372036854775808"},
		{"int64", "1e3", "1e19"},
		{"float", "1.5", "1e39"},
		{"double", "1e300", ".inf"},
		{"byte", "aGVs", "aGV"},
		{"byte", "aGU=", "a=U="},
		{"cidr", "10.0.0.0/8", "10.0.0.0/33"},
		{"cidr", "fd00::/64", "'fd00::'"},
		{"ipv4", "10.0.0.1", "10.0.0.01"},
		{"ipv6", "fe80::1", "fe80::1%eth0"},
		{"hostname", "a-b.example", "-a.example"},
		{"date", "'2024-02-29'", "'2023-02-29'"},
		{"date-time", "'1998-12-31T15:59:60.123-08:00'", "'1998-12-31T15:58:60Z'"},
		{"duration", "P1Y2M3DT4H5M6S", "P1S"},
		{"email", "a.b@example.org", "a..b@example.org"},
		{"email", "'\"a b\"@[10.0.0.1]'", "example.org"},
		{"uri", "https://[::1]:80/a?b#c", "//a/b"},
		{"uri-reference", "//a/b", "'a b'"},
		{"uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000"},
		{"unheard-of", "x", NULL},
	};
	struct hgt_evaluate_options asserted = hgt_evaluate_default_options;

	(void)state;
	asserted.formats = true;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf image = HGT_BUF_INIT;
		char schema[64], *told;

		snprintf(schema, sizeof(schema), "{format: %s}", cases[i].format);
		assert_int_equal(schema_compile(schema, HGT_DRAFT_7, &image, NULL), 0);
		assert_int_equal(schema_judge(&image, &asserted, cases[i].good, &told), 1);
		free(told);
		if (cases[i].bad) {
			if (schema_judge(&image, &asserted, cases[i].bad, &told) != 0)
				fail_msg("%s is taken for %s", cases[i].bad, cases[i].format);
			assert_non_null(strstr(told, " format must be "));
			free(told);
			assert_int_equal(schema_judge(&image, &hgt_evaluate_default_options, cases[i].bad, &told), 1);
			free(told);
		}
		hgt_buf_release(&image);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *schema;
		int code;
		const char *says;
	} cases[] = {
		{"{type: int}", HGT_EPARSE, "test:s:1:8: unknown type"},
		{"{minimum: a}", HGT_EPARSE, "test:s:1:11: minimum has to be a number"},
		{"{minLength: -1}", HGT_EPARSE, "minLength has to be a whole number, 0 or more"},
		{"{minLength: 1.5}", HGT_EPARSE, "minLength has to be a whole number, 0 or more"},
		{"{multipleOf: 0}", HGT_EPARSE, "multipleOf has to be above 0"},
		{"{multipleOf: 1.2345678901234567891}", HGT_EUNSUPPORTED, "more than 18 digits"},
		{"{pattern: '['}", HGT_EPARSE, "the pattern cannot be used"},
		{"{properties: []}", HGT_EPARSE, "properties has to be an object"},
		{"{properties: {a: 1}}", HGT_EPARSE, "a schema has to be an object or a boolean"},
		{"{required: [1]}", HGT_EPARSE, "a field's name has to be a string"},
		{"{enum: 1}", HGT_EPARSE, "enum has to be an array"},
		{"{$ref: 'http://example.org/x'}", HGT_ENOENT, "test:s:1:8: no document is known as http://example.org/x"},
		{"{$ref: '#/$defs/x'}", HGT_ENOENT, "nothing is at #/$defs/x"},
		{"{$ref: '#x'}", HGT_ENOENT, "nothing is at #x"},
		{"{$schema: 'http://example.org/x'}", HGT_EUNSUPPORTED, "unknown $schema: http://example.org/x"},
		{"[]", HGT_EPARSE, "a schema has to be an object or a boolean"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf image = HGT_BUF_INIT;
		struct hgt_error err = {0};

		assert_int_equal(schema_compile(cases[i].schema, HGT_DRAFT_2020, &image, &err), cases[i].code);
		if (!strstr(err.message, cases[i].says))
			fail_msg("%s: %s", cases[i].schema, err.message);
		assert_int_equal(image.len, 0);
		hgt_buf_release(&image);
	}
}

/* What would go on without end, or nearly so, is told. */
static void test_bounds(void **state)
{
	static const struct {
		const char *schema, *document, *says;
		uint64_t work;
	} cases[] = {
		{"{$ref: '#/$defs/a', $defs: {a: {$ref: '#/$defs/b'}, b: {allOf: [{$ref: '#/$defs/a'}]}}}", "1",
			"the schema test:s#/$defs/", 1000000},
		{"{$dynamicAnchor: x, anyOf: [{$dynamicRef: '#x'}]}", "1", "refers to itself without end", 1000000},
		{"{allOf: [{$ref: '#/$defs/a'}, {$ref: '#/$defs/a'}], $defs: {a: {allOf: [{$ref: '#/$defs/b'}, {$ref: '#/$defs/b'}]}, "
			"b: {allOf: [{$ref: '#/$defs/c'}, {$ref: '#/$defs/c'}]}, c: {type: integer}}}", "1", "too much work", 20},
		{"{pattern: '^(a+)+$'}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
			"looking for the pattern \"^(a+)+$\"",
			1000000},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_evaluate_options options = hgt_evaluate_default_options;
		struct hgt_buf image = HGT_BUF_INIT;
		char *told;

		options.work = cases[i].work;
		assert_int_equal(schema_compile(cases[i].schema, HGT_DRAFT_2020, &image, NULL), 0);
		assert_int_equal(schema_judge(&image, &options, cases[i].document, &told), HGT_ELIMIT);
		if (!strstr(told, cases[i].says))
			fail_msg("%s: %s", cases[i].schema, told);
		free(told);
		hgt_buf_release(&image);
	}
}

static const char everything[] =
	"{type: object, properties: {a: {enum: [1, {b: [2]}]}, c: {pattern: x}}, patternProperties: {'^d': {minimum: 1.5}}, "
	"additionalProperties: {$ref: 'http://json-schema.org/draft-07/schema#'}, anyOf: [{required: [a]}, {required: [c]}], "
	"$defs: {e: {$id: 'http://example.org/e', $anchor: f}}, unevaluatedProperties: false, uniqueItems: true}";

static void test_compile_without_memory(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		struct hgt_buf image = HGT_BUF_INIT;
		struct hgt_compiler *c = NULL;
		struct hgt_doc_set set;
		int code;

		hgt_doc_set_init(&set);
		assert_int_equal(hgt_yaml_parse(everything, sizeof(everything) - 1, &hgt_doc_default_limits, &set, NULL), 0);
		fail_alloc_at(n);
		code = hgt_compiler_new(HGT_DRAFT_2020, &c, NULL);
		if (!code)
			code = hgt_compiler_add(c, "test:s", set.docs[0].root, NULL);
		if (!code)
			code = hgt_compiler_entry(c, "s", "test:s", 0, NULL);
		if (!code)
			code = hgt_compiler_finish(c, &image, NULL);
		hgt_compiler_free(c);
		hgt_buf_release(&image);
		hgt_doc_set_release(&set);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
	}
}

static void test_evaluate_without_memory(void **state)
{
	static const char document[] = "{a: {b: [2, 3]}, c: x, d1: 1, zz: {type: integer, minimum: a}, e: [1,2,3,4,5,6,7,8,9,1]}";
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_doc_set set;
	struct hgt_image image;

	(void)state;
	assert_int_equal(schema_compile(everything, HGT_DRAFT_2020, &data, NULL), 0);
	assert_int_equal(hgt_image_open(&image, data.data, data.len, NULL), 0);
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_yaml_parse(document, sizeof(document) - 1, &hgt_doc_default_limits, &set, NULL), 0);
	for (long n = 1;; n++) {
		struct hgt_evaluator *e = NULL;
		int code;

		fail_alloc_at(n);
		code = hgt_evaluator_new(&image, &hgt_evaluate_default_options, &e, NULL);
		if (!code)
			code = hgt_evaluate(e, 0, set.docs[0].root, NULL, NULL, NULL);
		hgt_evaluator_free(e);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
	}
	hgt_doc_set_release(&set);
	hgt_buf_release(&data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_compile_without_memory),
		cmocka_unit_test(test_evaluate_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
