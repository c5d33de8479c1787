/* Wall-clock and monotonic time in milliseconds, and their text. */
#include "base/timing.h"

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

int hgt_time_parse(const char *text, int64_t *ms, struct hgt_error *err)
{
	int year, month, day, hour, min, sec, used = 0;
	int64_t offset = 0, part = 0;
	struct tm tm = {0};
	const char *p;

	if (sscanf(text, "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%2d%n", &year, &month, &day, &hour, &min, &sec, &used) != 6 || !used)
		goto bad;
	if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || min > 59 || sec > 60 || hour < 0 || min < 0 ||
		sec < 0)
		goto bad;
	p = text + used;
	if (*p == '.') {
		int64_t scale = 100;

		if (*++p < '0' || *p > '9')
			goto bad;
		for (; *p >= '0' && *p <= '9'; p++, scale /= 10)
			part += (*p - '0') * scale;
	}
	if (*p == 'Z' || *p == 'z') {
		p++;
	} else if (*p == '+' || *p == '-') {
		int oh, om, n = 0;

		if (sscanf(p + 1, "%2d:%2d%n", &oh, &om, &n) != 2 || n != 5 || oh > 23 || om > 59 || oh < 0 || om < 0)
			goto bad;
		offset = (oh * 60 + om) * 60 * (*p == '-' ? -1 : 1);
		p += 1 + n;
	} else {
		goto bad;
	}
	if (*p)
		goto bad;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	tm.tm_hour = hour;
	tm.tm_min = min;
	tm.tm_sec = sec;
	*ms = ((int64_t)timegm(&tm) - offset) * 1000 + part;
	return 0;
bad:
	return hgt_error_set(err, HGT_EPARSE, "not an RFC 3339 time: expected the form 2026-01-02T03:04:05Z");
}
