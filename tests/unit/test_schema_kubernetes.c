/* lib/schema: Kubernetes' two dialects. */
#include "tests/unit/fail_alloc.h"
#include "tests/unit/schema_rig.h"
#include "tests/unit/unit.h"

struct one {
	const char *schema, *document, *told;
};

static void judge_table(enum hgt_draft draft, const struct one *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct hgt_buf image = HGT_BUF_INIT;
		struct hgt_error err = {0};
		char *told;
		int code;

		if (schema_compile(cases[i].schema, draft, &image, &err) != 0)
			fail_msg("%s: %s", cases[i].schema, err.message);
		code = schema_judge(&image, &hgt_evaluate_default_options, cases[i].document, &told);
		if (strcmp(told, cases[i].told) != 0)
			fail_msg("%s\n%s\nexpected: %s\nfound: %s", cases[i].schema, cases[i].document, cases[i].told, told);
		assert_int_equal(code, !*cases[i].told);
		free(told);
		hgt_buf_release(&image);
	}
}

static void test_native(void **state)
{
	static const struct one cases[] = {
		/* What has properties has no others. */
		{"{type: object, properties: {a: {type: string}}}", "{b: 1}", "/b additionalProperties unknown field \"b\"\n"},
		{"{type: object, properties: {a: {type: string}}, additionalProperties: {type: integer}}", "{b: 1}", ""},
		{"{type: object, properties: {a: {type: string}}, x-kubernetes-preserve-unknown-fields: true}", "{b: 1}", ""},
		{"{type: object}", "{b: 1}", ""},
		{"{definitions: {T: {type: object, properties: {a: {type: string}}}}, properties: {t: {$ref: '#/definitions/T'}}}",
			"{t: {b: 1}}", "/t/b additionalProperties unknown field \"b\"\n"},
		/* An alternative says only some of it. */
		{"{properties: {a: {}, b: {}}, anyOf: [{properties: {a: {type: integer}}}]}", "{a: 1, b: 2}", ""},
		/* What stands beside a reference counts. */
		{"{definitions: {T: {type: string}}, properties: {t: {$ref: '#/definitions/T', enum: [x]}}}", "{t: z}",
			"/t enum must be \"x\", got string \"z\"\n"},
		/* null is none. */
		{"{properties: {a: {type: integer}}}", "{a: null}", ""},
		{"{properties: {a: {type: integer}}, required: [a]}", "{a: null}", " required missing field \"a\"\n"},
		{"{properties: {a: {type: integer, nullable: true}}, required: [a]}", "{a: null}", ""},
		{"{properties: {a: {type: integer}}}", "{b: null}", "/b additionalProperties unknown field \"b\"\n"},
		{"{items: {type: string}}", "[null, 1]", "/1 type expected string, got integer 1\n"},
		/* Of a list it is an object that nothing is in. */
		{"{items: {type: object, properties: {a: {}}, required: [a]}}", "[{a: 1}, null]", "/1 required missing field \"a\"\n"},
		{"{definitions: {T: {type: object, properties: {a: {}}, required: [a]}}, items: {$ref: '#/definitions/T'}}", "[null]",
			"/0 required missing field \"a\"\n"},
		{"{items: {type: object, properties: {a: {}}}}", "[null]", ""},
		{"{additionalProperties: {type: object, properties: {a: {}}, required: [a]}}", "{b: null}", ""},
		/* So is the empty string, but for types and lengths. */
		{"{properties: {a: {type: string, enum: [x]}}}", "{a: ''}", ""},
		{"{properties: {a: {type: string, format: date}}}", "{a: ''}", ""},
		{"{properties: {a: {type: string, pattern: x}}}", "{a: ''}", ""},
		{"{properties: {a: {type: string, enum: [x]}}}", "{a: z}", "/a enum must be \"x\", got string \"z\"\n"},
		{"{properties: {a: {type: string, minLength: 1}}}", "{a: ''}",
			"/a minLength must have at least 1 character, has 0\n"},
		{"{properties: {a: {type: string}}, required: [a]}", "{a: ''}", " required missing field \"a\"\n"},
		{"{properties: {a: {type: string, minLength: 0}}, required: [a]}", "{a: ''}", ""},
		{"{properties: {a: {type: integer}}}", "{a: ''}", "/a type expected integer, got string \"\"\n"},
		/* Bounds are as in draft 4, formats are asserted. */
		{"{minimum: 0, exclusiveMinimum: true}", "0", " exclusiveMinimum must be greater than 0, got 0\n"},
		{"{format: int32}", "2147483648",
			" format must be a 32-bit integer (-2147483648 to 2147483647), got integer 2147483648\n"},
		{"{type: integer}", "1.0", ""},
		{"{x-kubernetes-int-or-string: true}", "[]", " type expected integer or string, got an array\n"},
		/* Unions. */
		{"{properties: {a: {}, b: {}, c: {}}, x-headgate-one-of: {fields: [a, b, c]}}", "{}", ""},
		{"{properties: {a: {}, b: {}, c: {}}, x-headgate-one-of: {fields: [a, b, c]}}", "{a: 1, b: null}", ""},
		{"{properties: {a: {}, b: {}, c: {}}, x-headgate-one-of: {fields: [a, b, c]}}", "{c: 1, b: 1}",
			" x-headgate-one-of \"b\" and \"c\" are both there; only one of a, b and c may be\n"},
		{"{properties: {a: {}, b: {}}, x-headgate-one-of: {fields: [a, b], required: true}}", "{a: null}",
			" x-headgate-one-of one of a and b has to be there\n"},
		/* That a list is a map is about merging, unless it is asked for. */
		{"{x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k]}", "[{k: 1}, {k: 1}]", ""},
		{"{x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k], x-headgate-unique-keys: true}", "[{k: 1}, {k: 1}]",
			"/1 x-kubernetes-list-map-keys item 0 has the same k\n"},
	};

	(void)state;
	judge_table(HGT_DRAFT_KUBERNETES, cases, N_OF(cases));
}

static void test_structural(void **state)
{
	static const struct one cases[] = {
		/* What nobody has to state at the root, and what it is. */
		{"{type: object}", "{apiVersion: a/v1, kind: K, metadata: {name: m, labels: {a: b}}}", ""},
		{"{type: object}", "{apiVersion: a/v1, kind: K, metadata: {nam: m}}",
			"/metadata/nam additionalProperties unknown field \"nam\"\n"},
		{"{type: object}", "{metadata: {labels: {a: true}}}", "/metadata/labels/a type expected string, got boolean true\n"},
		{"{type: object, properties: {metadata: {type: object, properties: {name: {type: string, maxLength: 3}}}}}",
			"{metadata: {name: long, labels: {}}}", "/metadata/name maxLength must have at most 3 characters, has 4\n"},
		{"{type: object, properties: {spec: {type: object}}}", "{spec: {a: 1}}",
			"/spec/a additionalProperties unknown field \"a\"\n"},
		{"{type: object, properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}}}", "{spec: {a: 1}}",
			""},
		{"{type: object, properties: {spec: {type: object, properties: {a: {}}, oneOf: [{required: [a]}, "
			"{properties: {b: {}}, required: [b]}]}}}", "{spec: {a: 1}}", ""},
		/* An object in an object. */
		{"{type: object, properties: {t: {type: object, x-kubernetes-embedded-resource: true, "
			"x-kubernetes-preserve-unknown-fields: true}}}", "{t: {apiVersion: v1, metadata: {x: 1}, spec: 1}}",
			"/t required missing field \"kind\"\n/t/metadata/x additionalProperties unknown field \"x\"\n"},
		/* null is none unless it may be; what has a default is never missing. */
		{"{type: object, properties: {a: {type: string}}, required: [a]}", "{a: null}", " required missing field \"a\"\n"},
		{"{type: object, properties: {a: {type: string, nullable: true}}, required: [a]}", "{a: null}", ""},
		{"{type: object, properties: {a: {type: string, default: x}, b: {type: string}}, required: [a, b]}", "{}",
			" required missing field \"b\"\n"},
		{"{type: object, properties: {l: {type: array, items: {type: string}}}}", "{l: [null]}",
			"/l/0 type expected string, got null\n"},
		{"{type: object, properties: {l: {type: array, items: {type: string, nullable: true}}}}", "{l: [null]}", ""},
		/* The empty string is a string like any other. */
		{"{type: object, properties: {a: {type: string, enum: [x]}}, required: [a]}", "{a: ''}",
			"/a enum must be \"x\", got string \"\"\n"},
		/* Sets and maps. */
		{"{type: object, properties: {l: {type: array, x-kubernetes-list-type: set, items: {type: string}}}}", "{l: [a, b, a]}",
			"/l/2 uniqueItems items 0 and 2 are equal: string \"a\"\n"},
		{"{type: object, properties: {l: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k, p], "
			"items: {type: object, properties: {k: {type: integer}, p: {type: string, default: TCP}}}}}}",
			"{l: [{k: 1, p: UDP}, {k: 2}, {k: 1}, {k: 2}, {k: 1, p: UDP}]}",
			"/l/4 x-kubernetes-list-map-keys item 0 has the same k and p\n"
			"/l/3 x-kubernetes-list-map-keys item 1 has the same k and p\n"},
		{"{type: object, properties: {l: {type: array, x-kubernetes-list-type: atomic, items: {type: string}}}}", "{l: [a, a]}",
			""},
		/* A format that the server does not ask for. */
		{"{type: object, properties: {a: {type: string, format: uri}}}", "{a: 'a b'}", ""},
		{"{type: object, properties: {a: {type: string, format: ipv4}}}", "{a: 10.0.0.300}",
			"/a format must be an IPv4 address, got string \"10.0.0.300\"\n"},
	};

	(void)state;
	judge_table(HGT_DRAFT_STRUCTURAL, cases, N_OF(cases));
}

static void test_entries(void **state)
{
	static const char text[] = "{definitions: {a: {type: string}, b: {type: integer}}}";
	struct hgt_compiler *c;
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_image image;
	struct hgt_doc_set set;
	uint32_t schema, flags;

	(void)state;
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_yaml_parse(text, strlen(text), &hgt_doc_default_limits, &set, NULL), 0);
	assert_int_equal(hgt_compiler_new(HGT_DRAFT_2020, &c, NULL), 0);
	assert_int_equal(hgt_compiler_add_as(c, HGT_DRAFT_KUBERNETES, "test:d", set.docs[0].root, NULL), 0);
	assert_int_equal(hgt_compiler_entry(c, "g/v1/B", "test:d#/definitions/b", 5, NULL), 0);
	assert_int_equal(hgt_compiler_entry(c, "g/v1/A", "test:d#/definitions/a", 3, NULL), 0);
	assert_int_equal(hgt_compiler_finish(c, &data, NULL), 0);
	assert_int_equal(hgt_image_open(&image, data.data, data.len, NULL), 0);
	assert_int_equal(hgt_image_find(&image, "g/v1/B", &schema, &flags, NULL), 0);
	assert_int_equal(flags, 5);
	assert_int_equal(hgt_image_find(&image, "g/v1/A", &schema, NULL, NULL), 0);
	assert_int_equal(hgt_image_find(&image, "g/v1/C", &schema, &flags, NULL), HGT_ENOENT);
	assert_int_equal(hgt_image_find(&image, "g/v1/", &schema, &flags, NULL), HGT_ENOENT);
	assert_int_equal(hgt_image_entry_from(&image, "g/"), 0);
	assert_int_equal(hgt_image_entry_from(&image, "g/v1/B"), 1);
	assert_int_equal(hgt_image_entry_from(&image, "h"), 2);
	assert_int_equal(hgt_image_check(&image, NULL), 0);
	hgt_compiler_free(c);
	hgt_buf_release(&data);
	hgt_doc_set_release(&set);
}

static void test_without_memory(void **state)
{
	static const char schema[] = "{type: object, properties: {metadata: {type: object}, l: {type: array, x-kubernetes-list-type: map, "
		"x-kubernetes-list-map-keys: [k], items: {type: object, nullable: true, properties: {k: {type: integer}}}}}}",
		document[] = "{l: [{k: 1}, {k: 2}, {k: 1}], metadata: {name: x}, other: 1}";
	struct hgt_compiler *c;
	struct hgt_doc_set set, value;

	(void)state;
	hgt_doc_set_init(&set);
	hgt_doc_set_init(&value);
	assert_int_equal(hgt_yaml_parse(schema, sizeof(schema) - 1, &hgt_doc_default_limits, &set, NULL), 0);
	assert_int_equal(hgt_yaml_parse(document, sizeof(document) - 1, &hgt_doc_default_limits, &value, NULL), 0);
	for (long n = 1;; n++) {
		struct hgt_buf data = HGT_BUF_INIT;
		struct hgt_evaluator *e = NULL;
		struct hgt_image image;
		int code;

		fail_alloc_at(n);
		c = NULL;
		code = hgt_compiler_new(HGT_DRAFT_STRUCTURAL, &c, NULL);
		if (!code)
			code = hgt_compiler_add(c, "test:s", set.docs[0].root, NULL);
		if (!code)
			code = hgt_compiler_entry(c, "s", "test:s", 0, NULL);
		if (!code)
			code = hgt_compiler_finish(c, &data, NULL);
		if (!code)
			code = hgt_image_open(&image, data.data, data.len, NULL);
		if (!code)
			code = hgt_evaluator_new(&image, &hgt_evaluate_default_options, &e, NULL);
		if (!code)
			code = hgt_evaluate(e, 0, value.docs[0].root, NULL, NULL, NULL);
		hgt_evaluator_free(e);
		hgt_compiler_free(c);
		hgt_buf_release(&data);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
	}
	hgt_doc_set_release(&set);
	hgt_doc_set_release(&value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_native),
		cmocka_unit_test(test_structural),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
