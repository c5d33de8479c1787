/* How long to wait before the next try. */
#include "agent/pause.h"

#include "base/io.h"

void pause_init(struct pause *pause, int64_t first_ms, int64_t most_ms)
{
	pause->first_ms = first_ms;
	pause->most_ms = most_ms;
	pause_reset(pause);
}

void pause_reset(struct pause *pause)
{
	pause->next_ms = pause->first_ms;
}

int64_t pause_next(struct pause *pause)
{
	int64_t due = pause->next_ms;
	uint32_t random;

	hgt_random_bytes(&random, sizeof(random));
	pause->next_ms = 2 * due < pause->most_ms ? 2 * due : pause->most_ms;
	return due / 2 + (int64_t)(random % (uint64_t)(due / 2 + 1));
}
