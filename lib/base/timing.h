/* Wall-clock and monotonic time in milliseconds, and their text. */
#ifndef HEADGATE_BASE_TIMING_H
#define HEADGATE_BASE_TIMING_H

#include <stdint.h>

#include "base/error.h"

/* "2026-01-02T03:04:05.678Z" and its terminator: RFC 3339 in UTC with milliseconds. */
#define HGT_TIME_TEXT 25

int64_t hgt_time_now_ms(void);	/* since 1970-01-01T00:00:00Z */
int64_t hgt_time_mono_ms(void);	/* since some point; never goes back */
int64_t hgt_time_mono_us(void);

/* ms as text. A time outside the years 0000 to 9999 is clamped. */
void hgt_time_format(int64_t ms, char out[HGT_TIME_TEXT]);

/* RFC 3339 section 5.6 (any offset, fraction optional) to ms; HGT_EPARSE. */
int hgt_time_parse(const char *text, int64_t *ms, struct hgt_error *err) HGT_MUST_CHECK;

#endif
