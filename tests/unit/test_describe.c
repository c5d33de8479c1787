/* lib/schema: what a schema asks for, told. */
#include "schema/describe.h"

#include "doc/doc.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/schema_rig.h"
#include "tests/unit/unit.h"

static void add_words(const struct hgt_describer *d, const struct hgt_description *it, struct hgt_buf *out)
{
	hgt_description_types(it, out);
	for (size_t i = 0; i < it->n_facts; i++) {
		hgt_buf_adds(out, i ? "; " : ": ");
		hgt_fact_text(d, &it->facts[i], out);
	}
}

/* Fields a line, "name* types: facts"; then what is in lists and maps. */
static int describe(const struct hgt_image *image, struct hgt_buf *out, struct hgt_error *err)
{
	struct hgt_describer *d;
	struct hgt_description it, inner;
	uint32_t schema;
	int code = hgt_image_find(image, "s", &schema, NULL, err);

	if (code)
		return code;
	code = hgt_describer_new(image, &d, err);
	if (code)
		return code;
	code = hgt_describe(d, schema, &it, err);
	if (code == 0) {
		add_words(d, &it, out);
		hgt_buf_adds(out, it.closed ? " closed\n" : "\n");
		for (size_t i = 0; i < it.n_fields && code == 0; i++) {
			code = hgt_describe(d, it.fields[i].schema, &inner, err);
			if (code)
				break;
			hgt_buf_addf(out, "%s%s ", it.fields[i].name, it.fields[i].required ? "*" : "");
			add_words(d, &inner, out);
			hgt_buf_adds(out, inner.items ? " items" : inner.others ? " others" : "");
			hgt_buf_addc(out, '\n');
			hgt_description_release(&inner);
		}
		hgt_description_release(&it);
	}
	hgt_describer_free(d);
	return code ? code : hgt_buf_check(out, err);
}

static void expect(const char *schema, enum hgt_draft draft, const char *told)
{
	struct hgt_buf data = HGT_BUF_INIT, out = HGT_BUF_INIT;
	struct hgt_image image;

	assert_int_equal(schema_compile(schema, draft, &data, NULL), 0);
	assert_int_equal(hgt_image_open(&image, data.data, data.len, NULL), 0);
	assert_int_equal(describe(&image, &out, NULL), 0);
	assert_string_equal(out.data, told);
	hgt_buf_release(&out);
	hgt_buf_release(&data);
}

static void test_fields(void **state)
{
	(void)state;
	expect("{type: object, required: [b, gone], properties: {b: {type: string, enum: [x, '', 'a b']}, a: {type: integer, minimum: 1, "
		"maximum: 5}, c: {type: array, minItems: 1, items: {}}, d: {type: object, additionalProperties: {type: string}}, e: {}}}",
		HGT_DRAFT_KUBERNETES,
		"object closed\na integer: minimum 1; maximum 5\nb* string: enum x, \"\", a b\nc array: minItems 1 items\n"
		"d object others\ne any\n");
	expect("{properties: {n: {enum: [1, {a: [null, true]}]}, p: {pattern: '^a', format: date, maxLength: 3}}, additionalProperties: true}",
		HGT_DRAFT_7, "any\nn any: enum [1,{\"a\":[null,true]}]\np any: maxLength 3; pattern ^a; format date\n");
}

/* What is said in several places is told once. */
static void test_together(void **state)
{
	(void)state;
	expect("{$ref: '#/definitions/o', allOf: [{required: [a]}, {properties: {a: {type: number}, b: {}}}], definitions: "
		"{o: {type: object, properties: {a: {type: string}}}}}", HGT_DRAFT_2020, "object\na* string\nb any\n");
	expect("{properties: {q: {oneOf: [{type: string}, {type: integer}]}, r: {anyOf: [{type: string}, {}]}, "
		"s: {type: [string, 'null'], anyOf: [{type: string}, {type: number}]}}}", HGT_DRAFT_7,
		"any\nq integer or string\nr any\ns string\n");
	expect("{x-kubernetes-int-or-string: true}", HGT_DRAFT_STRUCTURAL,
		"integer or string closed\napiVersion string: minLength 1\nkind string: minLength 1\nmetadata object\n");
	expect("{x-headgate-one-of: {fields: [a, b], required: true}, properties: {a: {type: array, x-headgate-unique-keys: true, "
		"x-kubernetes-list-map-keys: [k], items: {}}, b: {x-headgate-one-of: {fields: [c]}}}}", HGT_DRAFT_KUBERNETES,
		"any: exactlyOneOf a, b closed\na array: uniqueKeys k items\nb any: atMostOneOf c\n");
}

static void test_json(void **state)
{
	struct hgt_buf data = HGT_BUF_INIT, out = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&out);
	struct hgt_describer *d;
	struct hgt_description it;
	struct hgt_image image;
	uint32_t schema;

	(void)state;
	assert_int_equal(schema_compile("{enum: [1, 2.5, x, null, {a: [true]}], pattern: \"\\u001b\", minimum: 1e3, minItems: 2, "
		"uniqueItems: true, format: date, multipleOf: 0.1}", HGT_DRAFT_7, &data, NULL), 0);
	assert_int_equal(hgt_image_open(&image, data.data, data.len, NULL), 0);
	assert_int_equal(hgt_image_find(&image, "s", &schema, NULL, NULL), 0);
	assert_int_equal(hgt_describer_new(&image, &d, NULL), 0);
	assert_int_equal(hgt_describe(d, schema, &it, NULL), 0);
	hgt_json_begin_object(&json);
	for (size_t i = 0; i < it.n_facts; i++)
		hgt_fact_json(d, &it.facts[i], &json);
	hgt_json_end_object(&json);
	assert_string_equal(out.data, "{\"enum\":[1,2.5,\"x\",null,{\"a\":[true]}],\"minimum\":1e3,\"multipleOf\":0.1,"
		"\"pattern\":\"\\u001b\",\"format\":\"date\",\"minItems\":2,\"uniqueItems\":true}");
	hgt_buf_reset(&out);
	for (size_t i = 0; i < it.n_facts; i++)
		hgt_fact_text(d, &it.facts[i], &out);
	assert_null(strchr(out.data, '\x1b'));
	hgt_description_release(&it);
	assert_int_equal(hgt_describe(d, image.n_schemas, &it, NULL), HGT_ECORRUPT);
	hgt_describer_free(d);
	hgt_buf_release(&out);
	hgt_buf_release(&data);
}

/* A schema that refers to itself is one schema; a chain of them has an end. */
static void test_round(void **state)
{
	struct hgt_buf text = HGT_BUF_INIT, data = HGT_BUF_INIT, out = HGT_BUF_INIT;
	struct hgt_image image;

	(void)state;
	expect("{allOf: [{$ref: '#'}], type: object}", HGT_DRAFT_2020, "object\n");
	hgt_buf_adds(&text, "{$ref: '#/$defs/a0', $defs: {");
	for (int i = 0; i < 70; i++)
		hgt_buf_addf(&text, "a%d: {$ref: '#/$defs/a%d'}, ", i, i + 1);
	hgt_buf_adds(&text, "a70: {}}}");
	assert_int_equal(schema_compile(text.data, HGT_DRAFT_2020, &data, NULL), 0);
	assert_int_equal(hgt_image_open(&image, data.data, data.len, NULL), 0);
	assert_int_equal(describe(&image, &out, NULL), HGT_ELIMIT);
	hgt_buf_release(&text);
	hgt_buf_release(&out);
	hgt_buf_release(&data);
}

static void test_allocations(void **state)
{
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_image image;
	long n;

	(void)state;
	assert_int_equal(schema_compile("{required: [a], properties: {a: {enum: [1]}, b: {pattern: x}}}", HGT_DRAFT_7, &data, NULL), 0);
	assert_int_equal(hgt_image_open(&image, data.data, data.len, NULL), 0);
	for (n = 1;; n++) {
		struct hgt_buf out = HGT_BUF_INIT;
		int code;

		fail_alloc_at(n);
		code = describe(&image, &out, NULL);
		hgt_buf_release(&out);
		if (!fail_alloc_off())
			break;
		assert_int_equal(code, HGT_ENOMEM);
	}
	assert_true(n > 2);
	hgt_buf_release(&data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
