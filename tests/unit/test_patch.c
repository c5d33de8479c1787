/* lib/doc: JSON Merge Patch, by the examples of RFC 7396. */
#include "doc/patch.h"

#include "base/json_writer.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static const struct hgt_node *read_json(const char *text, struct hgt_doc_set *set)
{
	hgt_doc_set_init(set);
	assert_int_equal(hgt_json_parse(text, strlen(text), &hgt_doc_default_limits, set, NULL), 0);
	assert_int_equal(set->n_problems, 0);
	return set->docs[0].root;
}

static void expect(const char *target, const char *patch, const char *result)
{
	struct hgt_arena arena = HGT_ARENA_INIT;
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&text);
	struct hgt_doc_set a, b;
	const struct hgt_node *merged;

	assert_int_equal(hgt_node_merge_patch(&arena, target ? read_json(target, &a) : NULL, read_json(patch, &b), &merged, NULL), 0);
	hgt_node_write_json(merged, &json);
	assert_string_equal(text.data, result);
	hgt_buf_release(&text);
	if (target)
		hgt_doc_set_release(&a);
	hgt_doc_set_release(&b);
	hgt_arena_release(&arena);
}

/* Appendix A. */
static void test_examples(void **state)
{
	static const char *const cases[][3] = {
		{"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
		{"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
		{"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
		{"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
		{"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
		{"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
		{"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
		{"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
		{"{\"a\":\"foo\"}", "null", "null"},
		{"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
		{"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
		{"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
		{"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
		{NULL, "{\"a\":{\"b\":null,\"c\":1}}", "{\"a\":{\"c\":1}}"},
		{NULL, "1", "1"},
		{"{\"a\":{\"b\":1},\"c\":2}", "{\"a\":{}}", "{\"a\":{\"b\":1},\"c\":2}"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		expect(cases[i][0], cases[i][1], cases[i][2]);
}

static void test_allocations(void **state)
{
	const struct hgt_node *target, *patch, *merged;
	struct hgt_doc_set a, b;
	long n;

	(void)state;
	target = read_json("{\"a\":{\"b\":1}}", &a);
	patch = read_json("{\"a\":{\"c\":{\"d\":1}}}", &b);
	for (n = 1;; n++) {
		struct hgt_arena arena = HGT_ARENA_INIT;
		int code;

		fail_alloc_at(n);
		code = hgt_node_merge_patch(&arena, target, patch, &merged, NULL);
		hgt_arena_release(&arena);
		if (!fail_alloc_off())
			break;
		assert_int_equal(code, HGT_ENOMEM);
	}
	assert_true(n > 1);
	hgt_doc_set_release(&a);
	hgt_doc_set_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
