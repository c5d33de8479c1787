/* Sync windows. */
#include "agent/windows.h"

#include <time.h>

#include "config/config.h"

#define FAR (15 * 24 * 60)	/* minutes: every window opens and closes within a week, of which summer time may take an hour */

static bool begins_on(const struct hgt_window *w, int day)
{
	return w->days >> ((day + 7) % 7) & 1;
}

static bool is_in(const struct hgt_window *w, time_t at)
{
	struct tm tm;
	unsigned minute;

	if (w->utc)
		gmtime_r(&at, &tm);
	else
		localtime_r(&at, &tm);
	minute = (unsigned)(60 * tm.tm_hour + tm.tm_min);
	if (w->from < w->to)
		return begins_on(w, tm.tm_wday) && minute >= w->from && minute < w->to;
	return (begins_on(w, tm.tm_wday) && minute >= w->from) || (begins_on(w, tm.tm_wday - 1) && minute < w->to);
}

static bool are_open(const struct hgt_window *windows, size_t n, time_t at)
{
	bool allowed = true, open = false;

	for (size_t i = 0; i < n; i++) {
		bool in = is_in(&windows[i], at);

		if (windows[i].deny && in)
			return false;
		if (!windows[i].deny) {
			allowed = false;
			open |= in;
		}
	}
	return allowed || open;
}

static time_t seconds(int64_t ms)
{
	return (time_t)(ms / 1000 - (ms % 1000 < 0));
}

bool windows_are_open(const struct hgt_window *windows, size_t n, int64_t now_ms)
{
	return n == 0 || are_open(windows, n, seconds(now_ms));
}

int64_t windows_next(const struct hgt_window *windows, size_t n, int64_t now_ms)
{
	time_t now = seconds(now_ms), minute = now - (now % 60 + 60) % 60;
	bool open;

	if (n == 0)
		return INT64_MAX;
	open = are_open(windows, n, now);
	/* Minute by minute: nothing is to be known about when and by how much clocks are changed. */
	for (int i = 1; i <= FAR; i++)
		if (are_open(windows, n, minute + 60 * i) != open)
			return (int64_t)(minute + 60 * i) * 1000;
	return INT64_MAX;
}
