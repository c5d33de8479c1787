/* Formats of dates, times and durations (RFC 3339). */
#include "schema/format.h"

/* Two digits at s, at most max; -1 when they are none. */
static int two_digits(const char *s, int max)
{
	int value;

	if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
		return -1;
	value = (s[0] - '0') * 10 + (s[1] - '0');
	return value <= max ? value : -1;
}

bool hgt_is_date(const char *s, size_t len)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int century, year, month, day;

	if (len != 10 || s[4] != '-' || s[7] != '-')
		return false;
	century = two_digits(s, 99);
	year = two_digits(s + 2, 99);
	month = two_digits(s + 5, 12);
	day = two_digits(s + 8, 31);
	if (century < 0 || year < 0 || month < 1 || day < 1 || day > days[month - 1])
		return false;
	year += century * 100;
	return month != 2 || day < 29 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

/* The offset from UTC in minutes at s, which is all that is left. */
static bool read_zone(const char *s, size_t len, int *minutes)
{
	int hour, minute;

	*minutes = 0;
	if (len == 1)
		return (s[0] | 0x20) == 'z';
	if (len != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':')
		return false;
	hour = two_digits(s + 1, 23);
	minute = two_digits(s + 4, 59);
	*minutes = (s[0] == '-' ? -1 : 1) * (hour * 60 + minute);
	return hour >= 0 && minute >= 0;
}

bool hgt_is_time(const char *s, size_t len)
{
	int hour, minute, second, zone;
	size_t at = 8;

	if (len < 9 || s[2] != ':' || s[5] != ':')
		return false;
	hour = two_digits(s, 23);
	minute = two_digits(s + 3, 59);
	second = two_digits(s + 6, 60);
	if (hour < 0 || minute < 0 || second < 0)
		return false;
	if (s[at] == '.') {
		size_t fraction = ++at;

		while (at < len && s[at] >= '0' && s[at] <= '9')
			at++;
		if (at == fraction)
			return false;
	}
	if (!read_zone(s + at, len - at, &zone))
		return false;
	/* A leap second is the last of a day in UTC. */
	return second < 60 || (hour * 60 + minute - zone + 2 * 1440) % 1440 == 1439;
}

bool hgt_is_date_time(const char *s, size_t len)
{
	return len > 11 && hgt_is_date(s, 10) && (s[10] | 0x20) == 't' && hgt_is_time(s + 11, len - 11);
}

/* Numbers with units at *p, the units in the order of `units` and without a gap; the number of them, -1 when it is wrong. */
static int read_units(const char **p, const char *end, const char *units)
{
	const char *last = NULL;
	int n = 0;

	while (*p < end && **p != 'T') {
		const char *start = *p, *unit;

		while (*p < end && **p >= '0' && **p <= '9')
			++*p;
		unit = *p < end && *p > start ? strchr(units, **p) : NULL;
		if (!unit || !**p || (last && unit != last + 1))
			return -1;
		last = unit;
		++*p;
		n++;
	}
	return n;
}

bool hgt_is_duration(const char *s, size_t len)
{
	const char *p = s + 1, *end = s + len;
	int date, clock = 0;

	if (len < 2 || s[0] != 'P')
		return false;
	if (end[-1] == 'W')
		return read_units(&p, end, "W") == 1 && p == end;
	date = read_units(&p, end, "YMD");
	if (date < 0)
		return false;
	if (p < end) {
		p++;
		clock = read_units(&p, end, "HMS");
		if (clock <= 0 || p < end)
			return false;
	}
	return date + clock > 0;
}
