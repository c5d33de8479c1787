/* Whether the wall clock can be believed. */
#include "daemon/steady.h"

/* What a clock that is kept by NTP never strays in an hour; a leap second neither. */
enum { STRAY_MS = 60 * 1000 };

void steady_begin(struct steady *steady, int64_t wall_ms, int64_t boot_ms)
{
	*steady = (struct steady){.wall_ms = wall_ms, .boot_ms = boot_ms};
}

bool steady_for(struct steady *steady, int64_t for_ms, int64_t wall_ms, int64_t boot_ms, int64_t *step_ms)
{
	int64_t step = (wall_ms - steady->wall_ms) - (boot_ms - steady->boot_ms);

	*step_ms = 0;
	if (step > STRAY_MS || step < -STRAY_MS) {
		*step_ms = step;
		steady_begin(steady, wall_ms, boot_ms);
		return false;
	}
	return boot_ms - steady->boot_ms >= for_ms;
}
