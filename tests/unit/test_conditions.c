/* daemon/conditions: what If-Match, If-None-Match, Range and If-Range ask for. */
#include "daemon/conditions.h"

#include <inttypes.h>

#include "tests/unit/unit.h"

static void tags_are_named(void **state)
{
	static const struct {
		const char *value;
		bool weak, strong;	/* what the two comparisons say of "a" */
	} cases[] = {
		{NULL, false, false}, {"", false, false}, {"*", true, true}, {" * ", true, true}, {"\"a\"", true, true},
		{"W/\"a\"", true, false}, {"\"b\"", false, false}, {"\"b\", \"a\"", true, true}, {"\"b\",W/\"a\" ,, \"c\"", true, false},
		{",\"a\"", true, true}, {"a", false, false}, {"\"a", false, false}, {"\"b\" \"a\"", false, false},
		/* a quote in the middle of a tag is none: the text is malformed */
		{"\"x\"a\"y\"", false, false}, {"\"aa\"", false, false}, {"\"\"", false, false}, {"w/\"a\"", false, false},
		{"*, \"a\"", false, false}, {"\"b, \"a\"", false, false}, {"\"\xff\", \"a\"", true, true},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		if (condition_names(cases[i].value, "\"a\"", true) != cases[i].weak ||
			condition_names(cases[i].value, "\"a\"", false) != cases[i].strong)
			fail_msg("%s", cases[i].value);
	}
}

static void ranges_are_parts(void **state)
{
	static const struct {
		const char *range, *if_range;
		enum range_result result;
		uint64_t first, length;
	} cases[] = {
		{NULL, NULL, RANGE_WHOLE, 0, 0}, {"bytes=0-0", NULL, RANGE_PART, 0, 1}, {"bytes=0-", NULL, RANGE_PART, 0, 100},
		{"bytes=10-19", NULL, RANGE_PART, 10, 10}, {"Bytes= 10-19 ", NULL, RANGE_PART, 10, 10},
		{"bytes=99-", NULL, RANGE_PART, 99, 1}, {"bytes=90-1000", NULL, RANGE_PART, 90, 10},
		{"bytes=90-99999999999999999999999", NULL, RANGE_PART, 90, 10}, {"bytes=-1", NULL, RANGE_PART, 99, 1},
		{"bytes=-100", NULL, RANGE_PART, 0, 100}, {"bytes=-101", NULL, RANGE_PART, 0, 100},
		{"bytes=-99999999999999999999999", NULL, RANGE_PART, 0, 100}, {"bytes=0-18446744073709551615", NULL, RANGE_PART, 0, 100},
		{"bytes=100-", NULL, RANGE_UNSATISFIABLE, 0, 0}, {"bytes=99999999999999999999999-", NULL, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=-0", NULL, RANGE_UNSATISFIABLE, 0, 0},
		/* no range that is served */
		{"", NULL, RANGE_WHOLE, 0, 0}, {"bytes", NULL, RANGE_WHOLE, 0, 0}, {"bytes=", NULL, RANGE_WHOLE, 0, 0},
		{"bytes=-", NULL, RANGE_WHOLE, 0, 0}, {"bytes=5", NULL, RANGE_WHOLE, 0, 0}, {"bytes=5-4", NULL, RANGE_WHOLE, 0, 0},
		{"bytes=0-1,3-4", NULL, RANGE_WHOLE, 0, 0}, {"bytes=0-1x", NULL, RANGE_WHOLE, 0, 0}, {"lines=0-1", NULL, RANGE_WHOLE, 0, 0},
		{"bytes=+1-2", NULL, RANGE_WHOLE, 0, 0}, {"bytes=0x1-2", NULL, RANGE_WHOLE, 0, 0}, {"bytes=1--2", NULL, RANGE_WHOLE, 0, 0},
		/* of the representation that the client has a part of */
		{"bytes=10-19", "\"a\"", RANGE_PART, 10, 10}, {"bytes=10-19", "\"b\"", RANGE_WHOLE, 0, 0},
		{"bytes=10-19", "W/\"a\"", RANGE_WHOLE, 0, 0}, {"bytes=10-19", "Sat, 29 Oct 1994 19:43:31 GMT", RANGE_WHOLE, 0, 0},
		{"bytes=100-", "\"b\"", RANGE_WHOLE, 0, 0}, {NULL, "\"a\"", RANGE_WHOLE, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct byte_range out = {0};
		enum range_result result = condition_range(cases[i].range, cases[i].if_range, "\"a\"", 100, &out);

		if (result != cases[i].result || out.first != cases[i].first || out.length != cases[i].length)
			fail_msg("%s: %d, %" PRIu64 " and %" PRIu64, cases[i].range, result, out.first, out.length);
	}
}

static void nothing_has_no_parts(void **state)
{
	struct byte_range out;

	(void)state;
	assert_int_equal(condition_range("bytes=0-", NULL, "\"a\"", 0, &out), RANGE_UNSATISFIABLE);
	assert_int_equal(condition_range("bytes=-5", NULL, "\"a\"", 0, &out), RANGE_UNSATISFIABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_are_named), cmocka_unit_test(ranges_are_parts), cmocka_unit_test(nothing_has_no_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
