/* Durations as Go reads them, schedules as the CronJob controller's parser does, names of time zones. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "schema/format_kubernetes.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(s, word, len) == 0;
}

/* The nanoseconds of a unit; 0 when there is none of that name. */
static uint64_t unit_of(const char *s, size_t len)
{
	static const struct {
		const char *name;
		uint64_t nanoseconds;
	} units[] = {
		{"ns", 1}, {"us", 1000}, {"\xc2\xb5s", 1000}, {"\xce\xbcs", 1000}, {"ms", 1000000}, {"s", 1000000000},
		{"m", 60 * UINT64_C(1000000000)}, {"h", 3600 * UINT64_C(1000000000)},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (is(s, len, units[i].name))
			return units[i].nanoseconds;
	return 0;
}

/* Digits after the point, as many as fit: *scale is ten to the power of their number. */
static uint64_t read_fraction(const char **s, const char *end, double *scale)
{
	uint64_t value = 0;
	bool full = false;

	for (*scale = 1; *s < end && is_digit(**s); ++*s) {
		full = full || value > INT64_MAX / 10 || value * 10 + (uint64_t)(**s - '0') > UINT64_C(1) << 63;
		if (full)
			continue;
		value = value * 10 + (uint64_t)(**s - '0');
		*scale *= 10;
	}
	return value;
}

/* One number with its unit. */
static bool read_span(const char **s, const char *end, uint64_t *out)
{
	const uint64_t most = UINT64_C(1) << 63;
	const char *start = *s, *name;
	uint64_t whole = 0, fraction = 0, unit;
	double scale = 1;
	size_t digits;

	for (; *s < end && is_digit(**s); ++*s) {
		if (whole > most / 10 || whole * 10 + (uint64_t)(**s - '0') > most)
			return false;
		whole = whole * 10 + (uint64_t)(**s - '0');
	}
	digits = (size_t)(*s - start);
	if (*s < end && **s == '.') {
		start = ++*s;
		fraction = read_fraction(s, end, &scale);
		digits += (size_t)(*s - start);
	}
	for (name = *s; *s < end && **s != '.' && !is_digit(**s);)
		++*s;
	unit = unit_of(name, (size_t)(*s - name));
	if (!digits || !unit || whole > most / unit)
		return false;
	whole *= unit;
	if (fraction)
		whole += (uint64_t)((double)fraction * ((double)unit / scale));
	*out = whole;
	return whole <= most;
}

bool hgt_go_duration_parse(const char *s, size_t len, int64_t *out)
{
	const char *end = s + len;
	bool negative = len && *s == '-';
	uint64_t total = 0, span;

	if (len && (*s == '-' || *s == '+'))
		s++;
	if (is(s, (size_t)(end - s), "0")) {
		*out = 0;
		return true;
	}
	if (s == end)
		return false;
	while (s < end) {
		if (!read_span(&s, end, &span))
			return false;
		total += span;
		if (total > UINT64_C(1) << 63)
			return false;
	}
	if (total > INT64_MAX && !negative)
		return false;
	*out = negative ? (int64_t)(UINT64_C(0) - total) : (int64_t)total;
	return true;
}

bool hgt_is_go_duration(const char *s, size_t len)
{
	int64_t nanoseconds;

	return hgt_go_duration_parse(s, len, &nanoseconds);
}

struct bounds {
	unsigned min, max;
	unsigned base;		/* of the first name */
	const char *names;	/* of three letters each */
};

/* An integer as Go's Atoi reads it; one that no field allows is as good as a larger one. */
static bool read_number(const char *s, size_t len, unsigned *out)
{
	uint64_t value = 0;
	size_t i = len && *s == '+';

	if (i == len)
		return false;
	for (; i < len; i++) {
		if (!is_digit(s[i]) || value > (INT64_MAX - (uint64_t)(s[i] - '0')) / 10)
			return false;
		value = value * 10 + (uint64_t)(s[i] - '0');
	}
	*out = value > 1000 ? 1000 : (unsigned)value;
	return true;
}

static bool read_value(const char *s, size_t len, const struct bounds *bounds, unsigned *out)
{
	for (unsigned i = 0; len == 3 && bounds->names[i]; i += 3) {
		const char *name = bounds->names + i;

		if ((s[0] | 0x20) == name[0] && (s[1] | 0x20) == name[1] && (s[2] | 0x20) == name[2]) {
			*out = bounds->base + i / 3;
			return true;
		}
	}
	return read_number(s, len, out);
}

/* What stands before the next c. */
static size_t until(const char *s, size_t len, char c)
{
	const char *found = len ? memchr(s, c, len) : NULL;

	return found ? (size_t)(found - s) : len;
}

/* "3", "1-5", "*", "1-5/2", "3/2". What follows "*-" is not looked at. */
static bool is_range(const char *s, size_t len, const struct bounds *bounds)
{
	size_t range = until(s, len, '/'), low = until(s, range, '-');
	unsigned first = bounds->min, last = bounds->max, step = 1;

	if (low != 1 || (*s != '*' && *s != '?')) {
		if (!read_value(s, low, bounds, &first))
			return false;
		last = first;
		if (low < range && (until(s + low + 1, range - low - 1, '-') < range - low - 1 ||
			!read_value(s + low + 1, range - low - 1, bounds, &last)))
			return false;
	}
	if (range < len) {
		const char *number = s + range + 1;
		size_t n = len - range - 1;

		if (!read_number(number, n, &step))
			return false;
		if (low == range)
			last = bounds->max;
	}
	return first >= bounds->min && last <= bounds->max && first <= last && step > 0;
}

/* Ranges with commas between them; what is empty between two is passed over. */
static bool is_field(const char *s, size_t len, const struct bounds *bounds)
{
	size_t n;

	for (size_t at = 0; at < len; at += n + 1) {
		n = until(s + at, len - at, ',');
		if (n && !is_range(s + at, n, bounds))
			return false;
	}
	return true;
}

bool hgt_is_go_space(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
		c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

static bool is_descriptor(const char *s, size_t len)
{
	static const char *const words[] = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"};
	static const char every[] = "@every ";
	size_t n = sizeof(every) - 1;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (is(s, len, words[i]))
			return true;
	return len > n && memcmp(s, every, n) == 0 && hgt_is_go_duration(s + n, len - n);
}

/* The next word at *at, its end in *at; false when there is none. */
static bool next_word(const char *s, size_t len, size_t *at, size_t *start)
{
	bool inside = false;

	while (*at < len) {
		uint32_t c = (unsigned char)s[*at];
		size_t width = hgt_utf8_decode(s + *at, len - *at, &c);

		if (hgt_is_go_space(c)) {
			if (inside)
				break;
		} else if (!inside) {
			inside = true;
			*start = *at;
		}
		*at += width ? width : 1;
	}
	return inside;
}

bool hgt_is_cron(const char *s, size_t len)
{
	static const struct bounds bounds[] = {
		{0, 59, 0, ""}, {0, 23, 0, ""}, {1, 31, 0, ""}, {1, 12, 1, "janfebmaraprmayjunjulaugsepoctnovdec"},
		{0, 6, 0, "sunmontuewedthufrisat"},
	};
	size_t at = 0, start = 0, n = 0;

	if (len && s[0] == '@')
		return is_descriptor(s, len);
	for (; next_word(s, len, &at, &start); n++)
		if (n == sizeof(bounds) / sizeof(bounds[0]) || !is_field(s + start, at - start, &bounds[n]))
			return false;
	return n == sizeof(bounds) / sizeof(bounds[0]);
}

static const char *const zones[] = {
#include "schema/time_zones.inc"
};

struct text {
	const char *s;
	size_t len;
};

static int compare_zone(const void *a, const void *b)
{
	const struct text *name = a;
	const char *zone = *(const char *const *)b;
	int order = strncmp(name->s, zone, name->len);

	return order ? order : -(zone[name->len] != '\0');
}

bool hgt_is_time_zone(const char *s, size_t len)
{
	struct text name = {s, len};

	if (!len || memchr(s, '\0', len))
		return false;
	/* Two more trees of the same names, as some systems have them: without and with leap seconds. */
	if (len > 6 && (memcmp(s, "posix/", 6) == 0 || memcmp(s, "right/", 6) == 0))
		name = (struct text){s + 6, len - 6};
	return bsearch(&name, zones, sizeof(zones) / sizeof(zones[0]), sizeof(zones[0]), compare_zone);
}
