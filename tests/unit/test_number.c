/* lib/schema/number: compared and divided digit by digit, whatever the spelling. */
#include "schema/number.h"

#include "tests/unit/unit.h"

static struct hgt_decimal decimal(const char *text)
{
	struct hgt_decimal d;

	hgt_decimal_from_text(&d, text, strlen(text));
	return d;
}

static void test_compare(void **state)
{
	/* In order; those with '=' before them equal the one before. */
	static const char *const numbers[] = {
		"-1e400", "-10", "=-1.0e1", "=-100e-1", "-9.99", "-0.1", "0", "=-0", "=0.000", "=0e99", "1e-400", "0.09", "0.1", "=1e-1",
		"=0.10", "1", "=1.0", "=0.1e1", "=10E-1", "9007199254740992", "9007199254740993", "=9007199254740993.0",
		"18446744073709551616", "1e308", "1e309", "12345678901234567890e400",
	};
	const char *before = NULL;

	(void)state;
	for (size_t i = 0; i < N_OF(numbers); i++) {
		bool same = numbers[i][0] == '=';
		struct hgt_decimal a, b = decimal(numbers[i] + same);

		if (before) {
			a = decimal(before);
			assert_int_equal(hgt_decimal_compare(&a, &b) < 0, !same);
			assert_int_equal(hgt_decimal_compare(&b, &a) > 0, !same);
			if (same)
				assert_int_equal(hgt_decimal_hash(&a), hgt_decimal_hash(&b));
		}
		before = numbers[i] + same;
	}
}

static void test_divide(void **state)
{
	static const struct {
		const char *a, *b;
		bool multiple;
	} cases[] = {
		{"10", "2", true}, {"7", "2", false}, {"0", "3", true}, {"4.5", "1.5", true}, {"0.0075", "0.0001", true},
		{"0.00751", "0.0001", false}, {"1e308", "0.123456789", false}, {"1e308", "0.5", true}, {"-6", "3", true},
		{"100", "1e2", true}, {"10", "1e2", false}, {"123456789012345678901234567890", "10", true},
		{"123456789012345678901234567891", "10", false}, {"1e400", "7", false}, {"7e400", "7", true},
		{"1e-400", "1", false}, {"1", "1e-400", true}, {"999999999999999999", "999999999999999999", true},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_decimal a = decimal(cases[i].a), b = decimal(cases[i].b);

		if (hgt_decimal_is_multiple(&a, &b) != cases[i].multiple)
			fail_msg("%s over %s", cases[i].a, cases[i].b);
	}
}

static void test_whole(void **state)
{
	static const struct {
		const char *text;
		bool whole;
	} cases[] = {{"1", true}, {"1.0", true}, {"1.5", false}, {"15e-1", false}, {"150e-1", true}, {"0.0", true}, {"1e400", true}, {"1e-1", false}};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_decimal d = decimal(cases[i].text);

		assert_int_equal(hgt_decimal_is_whole(&d), cases[i].whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_divide),
		cmocka_unit_test(test_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
