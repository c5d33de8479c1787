/* Wall-clock and monotonic time in milliseconds, and their text. */
#include "base/timing.h"

#include <stdbool.h>

static int64_t read_clock_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t hgt_time_now_ms(void)
{
	return read_clock_us(CLOCK_REALTIME) / 1000;
}

int64_t hgt_time_mono_ms(void)
{
	return read_clock_us(CLOCK_MONOTONIC) / 1000;
}

int64_t hgt_time_mono_us(void)
{
	return read_clock_us(CLOCK_MONOTONIC);
}

void hgt_time_format(int64_t ms, char out[HGT_TIME_TEXT])
{
	const int64_t first = -62167219200000LL;	/* 0000-01-01 */
	const int64_t last = 253402300799999LL;		/* 9999-12-31 */
	char text[64];
	struct tm tm;
	time_t secs;
	int part;

	ms = ms < first ? first : ms > last ? last : ms;
	part = (int)((ms % 1000 + 1000) % 1000);
	secs = (time_t)((ms - part) / 1000);
	gmtime_r(&secs, &tm);
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		tm.tm_hour, tm.tm_min, tm.tm_sec, part);
	memcpy(out, text, HGT_TIME_TEXT - 1);
	out[HGT_TIME_TEXT - 1] = '\0';
}

/* Exactly n digits at *p into *out, and *p past them. */
static bool take_digits(const char **p, int n, int *out)
{
	int value = 0;

	for (; n > 0; n--, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		value = value * 10 + (**p - '0');
	}
	*out = value;
	return true;
}

static bool take_byte(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* "Z" or "+01:30" at *p, as seconds east of UTC. */
static bool take_offset(const char **p, int *out)
{
	int sign = **p == '-' ? -1 : 1;
	int hours, mins;

	if (take_byte(p, 'Z') || take_byte(p, 'z')) {
		*out = 0;
		return true;
	}
	if (**p != '+' && **p != '-')
		return false;
	(*p)++;
	if (!take_digits(p, 2, &hours) || !take_byte(p, ':') || !take_digits(p, 2, &mins) || hours > 23 || mins > 59)
		return false;
	*out = sign * (hours * 60 + mins) * 60;
	return true;
}

/* ".678" at *p, if it is there, as milliseconds; digits after the third are dropped. */
static bool take_fraction(const char **p, int *out)
{
	int part = 0;

	if (take_byte(p, '.')) {
		if (**p < '0' || **p > '9')
			return false;
		for (int scale = 100; **p >= '0' && **p <= '9'; (*p)++, scale /= 10)
			part += (**p - '0') * scale;
	}
	*out = part;
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

int hgt_time_parse(const char *text, int64_t *ms, struct hgt_error *err)
{
	const char *p = text;
	struct tm tm = {0};
	int year, month, part, offset;

	if (!take_digits(&p, 4, &year) || !take_byte(&p, '-') || !take_digits(&p, 2, &month) || !take_byte(&p, '-') ||
		!take_digits(&p, 2, &tm.tm_mday))
		goto bad;
	if (!take_byte(&p, 'T') && !take_byte(&p, 't') && !take_byte(&p, ' '))
		goto bad;
	if (!take_digits(&p, 2, &tm.tm_hour) || !take_byte(&p, ':') || !take_digits(&p, 2, &tm.tm_min) ||
		!take_byte(&p, ':') || !take_digits(&p, 2, &tm.tm_sec))
		goto bad;
	if (!take_fraction(&p, &part) || !take_offset(&p, &offset) || *p)
		goto bad;
	if (month < 1 || month > 12 || tm.tm_mday < 1 || tm.tm_mday > days_in_month(year, month) || tm.tm_hour > 23 ||
		tm.tm_min > 59 || tm.tm_sec > 60)
		goto bad;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	*ms = ((int64_t)timegm(&tm) - offset) * 1000 + part;
	return 0;
bad:
	return hgt_error_set(err, HGT_EPARSE, "not an RFC 3339 time: expected the form 2026-01-02T03:04:05Z");
}
