/* agent/windows: when a target may act by itself, over days, nights and summer time. */
#include "agent/windows.h"

#include <stdlib.h>
#include <time.h>

#include "config/config.h"
#include "tests/unit/unit.h"

enum { SUN = 1, MON = 2, TUE = 4, FRI = 32, SAT = 64, ALL = 127 };

/* "2026-03-29 01:30", UTC, as milliseconds. */
static int64_t utc(const char *text)
{
	struct tm tm = {0};

	assert_int_equal(sscanf(text, "%d-%d-%d %d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min), 5);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return (int64_t)timegm(&tm) * 1000;
}

static void is_next(const struct hgt_window *windows, size_t n, const char *now, bool open, const char *next)
{
	assert_int_equal(windows_are_open(windows, n, utc(now)), open);
	if (next)
		assert_int_equal(windows_next(windows, n, utc(now)), utc(next));
	else
		assert_int_equal(windows_next(windows, n, utc(now)), INT64_MAX);
}

/* The 26th of November 2026 is a Thursday. */
static void spans_days_and_nights(void **state)
{
	const struct hgt_window night = {.days = FRI, .from = 22 * 60, .to = 4 * 60, .utc = true};
	const struct hgt_window day = {.days = ALL, .from = 9 * 60 + 7, .to = 24 * 60, .utc = true};
	const struct hgt_window whole = {.days = MON, .from = 6 * 60, .to = 6 * 60, .utc = true};

	(void)state;
	is_next(NULL, 0, "2026-11-26 12:00", true, NULL);
	is_next(&night, 1, "2026-11-26 23:00", false, "2026-11-27 22:00");
	is_next(&night, 1, "2026-11-27 22:00", true, "2026-11-28 04:00");
	is_next(&night, 1, "2026-11-28 03:59", true, "2026-11-28 04:00");
	is_next(&night, 1, "2026-11-28 04:00", false, "2026-12-04 22:00");
	is_next(&night, 1, "2026-11-27 03:00", false, "2026-11-27 22:00");
	is_next(&day, 1, "2026-11-26 09:06", false, "2026-11-26 09:07");
	is_next(&day, 1, "2026-11-26 09:07", true, "2026-11-27 00:00");
	is_next(&whole, 1, "2026-11-30 05:59", false, "2026-11-30 06:00");
	is_next(&whole, 1, "2026-12-01 05:59", true, "2026-12-01 06:00");
	/* within a minute, and before 1970 */
	assert_int_equal(windows_next(&day, 1, utc("2026-11-26 09:06") + 59999), utc("2026-11-26 09:07"));
	assert_true(windows_are_open(&day, 1, utc("1970-01-01 00:00") - 1));
}

static void denying_wins(void **state)
{
	const struct hgt_window both[] = {{.days = ALL, .from = 8 * 60, .to = 18 * 60, .utc = true},
		{.days = ALL, .from = 12 * 60, .to = 13 * 60, .utc = true, .deny = true},
		{.days = SAT | SUN, .from = 0, .to = 24 * 60, .utc = true}};
	const struct hgt_window never = {.days = ALL, .from = 0, .to = 24 * 60, .utc = true, .deny = true};

	(void)state;
	is_next(both, 2, "2026-11-26 07:00", false, "2026-11-26 08:00");
	is_next(both, 2, "2026-11-26 08:00", true, "2026-11-26 12:00");
	is_next(both, 2, "2026-11-26 12:30", false, "2026-11-26 13:00");
	is_next(both, 3, "2026-11-28 03:00", true, "2026-11-28 12:00");
	/* alone it leaves all other times */
	is_next(&both[1], 1, "2026-11-26 03:00", true, "2026-11-26 12:00");
	is_next(&never, 1, "2026-11-26 03:00", false, NULL);
}

/* Berlin: on the 29th of March 2026 02:00 is 03:00, on the 25th of October 03:00 is 02:00. */
static void goes_by_the_clock_on_the_wall(void **state)
{
	const struct hgt_window morning = {.days = ALL, .from = 2 * 60 + 30, .to = 4 * 60};
	const struct hgt_window night = {.days = SAT, .from = 22 * 60, .to = 4 * 60};

	(void)state;
	assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
	tzset();
	is_next(&morning, 1, "2026-03-28 01:00", false, "2026-03-28 01:30");
	is_next(&morning, 1, "2026-03-29 00:59", false, "2026-03-29 01:00");	/* 02:30 is not shown: from 03:00 on */
	is_next(&morning, 1, "2026-03-29 01:00", true, "2026-03-29 02:00");
	is_next(&morning, 1, "2026-10-25 00:30", true, "2026-10-25 01:00");	/* 02:30 in summer; at 03:00 it is 02:00 again */
	is_next(&morning, 1, "2026-10-25 01:10", false, "2026-10-25 01:30");
	is_next(&morning, 1, "2026-10-25 01:30", true, "2026-10-25 03:00");
	is_next(&night, 1, "2026-03-28 21:00", true, "2026-03-29 02:00");	/* five hours */
	is_next(&night, 1, "2026-10-24 20:00", true, "2026-10-25 03:00");	/* seven */
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_days_and_nights), cmocka_unit_test(denying_wins), cmocka_unit_test(goes_by_the_clock_on_the_wall),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
