/* lib/base/timing: RFC 3339 there and back, what is refused, clocks that go forward. */
#include "base/timing.h"

#include "tests/unit/unit.h"

static void formats(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000Z"}, {1, "1970-01-01T00:00:00.001Z"}, {-1, "1969-12-31T23:59:59.999Z"},
		{1767323045678, "2026-01-02T03:04:05.678Z"}, {951782400000, "2000-02-29T00:00:00.000Z"},
		{-62167219200000, "0000-01-01T00:00:00.000Z"}, {253402300799999, "9999-12-31T23:59:59.999Z"},
		{INT64_MIN, "0000-01-01T00:00:00.000Z"}, {INT64_MAX, "9999-12-31T23:59:59.999Z"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		char text[HGT_TIME_TEXT];
		int64_t back = 0;

		hgt_time_format(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
		if (cases[i].ms != INT64_MIN && cases[i].ms != INT64_MAX) {
			assert_int_equal(hgt_time_parse(text, &back, NULL), 0);
			assert_int_equal(back, cases[i].ms);
		}
	}
}

static void parses(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{"2026-01-02T03:04:05Z", 1767323045000}, {"2026-01-02t03:04:05z", 1767323045000},
		{"2026-01-02 03:04:05Z", 1767323045000}, {"2026-01-02T03:04:05.6Z", 1767323045600},
		{"2026-01-02T03:04:05.678912345Z", 1767323045678}, {"2026-01-02T03:04:05.67+00:00", 1767323045670},
		{"2026-01-02T05:34:05+02:30", 1767323045000}, {"2026-01-01T22:04:05-05:00", 1767323045000},
		{"1969-12-31T23:59:59.999Z", -1}, {"2016-12-31T23:59:60Z", 1483228800000},
		{"2000-02-29T00:00:00Z", 951782400000},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		int64_t ms = 0;

		assert_int_equal(hgt_time_parse(cases[i].text, &ms, NULL), 0);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void refuses(void **state)
{
	static const char *const cases[] = {
		"", "x", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04Z", "2026-13-02T03:04:05Z",
		"2026-00-02T03:04:05Z", "2026-01-32T03:04:05Z", "2026-01-00T03:04:05Z", "2026-01-02T24:04:05Z",
		"2026-01-02T03:60:05Z", "2026-01-02T03:04:61Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zx",
		"2026-01-02T03:04:05+2:30", "2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+00:60",
		"2026-01-02T03:04:05+ 1:00", "2026-01-02T03:04:05+0100", " 2026-01-02T03:04:05Z", "+026-01-02T03:04:05Z",
		"-100-01-02T03:04:05Z", "26-1-2T3:4:5Z", "2026- 1-02T03:04:05Z", "2026-01-02T03:04:-5Z",
		"2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-02_03:04:05Z",
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_error err = {0};
		int64_t ms = 42;

		if (hgt_time_parse(cases[i], &ms, &err) != HGT_EPARSE)
			fail_msg("accepted: %s", cases[i]);
		assert_int_equal(ms, 42);
		assert_int_equal(err.code, HGT_EPARSE);
	}
}

static void clocks_go_forward(void **state)
{
	int64_t ms = hgt_time_mono_ms(), us = hgt_time_mono_us();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t ms2 = hgt_time_mono_ms(), us2 = hgt_time_mono_us();

		assert_true(ms2 >= ms);
		assert_true(us2 >= us);
		ms = ms2;
		us = us2;
	}
	assert_true(us / 1000 - ms < 1000);
	assert_true(hgt_time_now_ms() > 1700000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats), cmocka_unit_test(parses), cmocka_unit_test(refuses),
		cmocka_unit_test(clocks_go_forward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
