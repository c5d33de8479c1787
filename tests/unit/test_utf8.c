/* lib/base/utf8: every code point there and back, everything ill-formed refused. */
#include "base/utf8.h"

#include <stdbool.h>

#include "tests/unit/unit.h"

static void round_trip(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp <= 0x110000; cp++) {
		bool valid = cp <= 0x10ffff && !(cp >= 0xd800 && cp <= 0xdfff);
		size_t expected = !valid ? 0 : cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
		char text[4];
		size_t n = hgt_utf8_encode(cp, text);
		uint32_t back = 0xffffffff;

		if (n != expected)
			fail_msg("U+%X encodes to %zu bytes", cp, n);
		if (!n)
			continue;
		if (hgt_utf8_decode(text, n, &back) != n || back != cp || hgt_utf8_check(text, n) != n)
			fail_msg("U+%X does not come back", cp);
		/* cut short it is nothing */
		if (n > 1 && (hgt_utf8_decode(text, n - 1, &back) != 0 || hgt_utf8_check(text, n - 1) != 0))
			fail_msg("U+%X is accepted cut short", cp);
	}
	assert_int_equal(hgt_utf8_encode(0xffffffff, (char[4]){0}), 0);
}

static void refuses_ill_formed(void **state)
{
	static const struct {
		const char *text;
		size_t len, good;	/* bytes before the first bad one */
	} cases[] = {
		{"", 0, 0}, {"abc", 3, 3}, {"a\x80", 2, 1}, {"\xbf", 1, 0},
		{"\xc0\x80", 2, 0}, {"\xc1\xbf", 2, 0},			/* overlong */
		{"\xe0\x80\x80", 3, 0}, {"\xe0\x9f\xbf", 3, 0}, {"\xf0\x80\x80\x80", 4, 0}, {"\xf0\x8f\xbf\xbf", 4, 0},
		{"\xed\xa0\x80", 3, 0}, {"\xed\xbf\xbf", 3, 0},		/* surrogates */
		{"\xf4\x90\x80\x80", 4, 0}, {"\xf5\x80\x80\x80", 4, 0}, {"\xf8\x88\x80\x80\x80", 5, 0},
		{"\xff", 1, 0}, {"\xfe", 1, 0}, {"ok \xc3\xa9 \xc3", 7, 6}, {"\xc3\x28", 2, 0}, {"\xe2\x82\x28", 3, 0},
		{"a\0\xff", 3, 2},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		assert_int_equal(hgt_utf8_check(cases[i].text, cases[i].len), cases[i].good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(refuses_ill_formed)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
