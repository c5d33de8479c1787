/* daemon/query: bounded, decoded, nothing taken for another thing. */
#include "daemon/query.h"

#include "base/buf.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static void test_good(void **state)
{
	static const struct {
		const char *text, *name, *value;
		size_t n;
	} cases[] = {
		{"", "a", NULL, 0},
		{NULL, "a", NULL, 0},
		{"a=1", "a", "1", 1},
		{"a=1&b=2", "b", "2", 2},
		{"a", "a", "", 1},
		{"a=", "a", "", 1},
		{"&&a=1&&", "a", "1", 1},
		{"a=b=c", "a", "b=c", 1},
		{"a=x%20y", "a", "x y", 1},
		{"a=x+y", "a", "x+y", 1},
		{"a=%2B%2f%3D%26", "a", "+/=&", 1},
		{"%61=1", "a", "1", 1},
		{"a=%c3%a9", "a", "\xc3\xa9", 1},
		{"=1", "", "1", 1},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct query query;
		const char *value;

		assert_int_equal(query_parse(cases[i].text, &query, NULL), 0);
		assert_int_equal(query.n, cases[i].n);
		value = query_get(&query, cases[i].name);
		if (cases[i].value)
			assert_string_equal(value, cases[i].value);
		else
			assert_null(value);
		query_release(&query);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *says;
		int code;
	} cases[] = {
		{"a=%", "hex digits", HGT_EPARSE},
		{"a=%4", "hex digits", HGT_EPARSE},
		{"a=%4g", "hex digits", HGT_EPARSE},
		{"%zz=1", "hex digits", HGT_EPARSE},
		{"a=%00b", "control", HGT_EPARSE},
		{"a=%0d%0ab", "control", HGT_EPARSE},
		{"a=1&a=2", "\"a\" is given twice", HGT_EPARSE},
		{"a=1&%61=2", "\"a\" is given twice", HGT_EPARSE},
		{"a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q", "more than 16", HGT_ELIMIT},
	};
	char *text = malloc(QUERY_BYTES_MAX + 2);
	struct hgt_error err = {0};
	struct query query;

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		assert_int_equal(query_parse(cases[i].text, &query, &err), cases[i].code);
		assert_non_null(strstr(err.message, cases[i].says));
		query_release(&query);
	}
	assert_non_null(text);
	memset(text, 'a', QUERY_BYTES_MAX + 1);
	text[QUERY_BYTES_MAX] = '\0';
	assert_int_equal(query_parse(text, &query, &err), 0);
	query_release(&query);
	text[QUERY_BYTES_MAX] = 'a';
	text[QUERY_BYTES_MAX + 1] = '\0';
	assert_int_equal(query_parse(text, &query, &err), HGT_ELIMIT);
	query_release(&query);
	free(text);
}

static void test_unknown(void **state)
{
	static const char *const known[] = {"a", "b", NULL};
	struct query query;

	(void)state;
	assert_int_equal(query_parse("b=1&a=2", &query, NULL), 0);
	assert_null(query_unknown(&query, known));
	query_release(&query);
	assert_int_equal(query_parse("b=1&c=2", &query, NULL), 0);
	assert_string_equal(query_unknown(&query, known), "c");
	query_release(&query);
}

static void test_no_memory(void **state)
{
	struct hgt_error err = {0};
	struct query query;
	int code;

	(void)state;
	fail_alloc_at(1);
	code = query_parse("a=1", &query, &err);
	assert_true(fail_alloc_off());
	assert_int_equal(code, HGT_ENOMEM);
	query_release(&query);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
