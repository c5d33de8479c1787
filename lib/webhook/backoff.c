/* When a failed delivery is tried again. */
#include "webhook/backoff.h"

int64_t hgt_backoff_ms(const struct hgt_backoff *backoff, unsigned attempts, uint64_t dice, int64_t retry_after_ms)
{
	uint64_t bound = backoff->first_ms;
	int64_t wait;

	for (unsigned i = 1; i < attempts && bound < backoff->most_ms; i++)
		bound *= 2;
	if (bound > backoff->most_ms)
		bound = backoff->most_ms;
	wait = (int64_t)(dice % (bound + 1));
	if (wait < HGT_BACKOFF_LEAST_MS)
		wait = HGT_BACKOFF_LEAST_MS;
	if (retry_after_ms > HGT_RETRY_AFTER_MOST_MS)
		retry_after_ms = HGT_RETRY_AFTER_MOST_MS;
	return wait > retry_after_ms ? wait : retry_after_ms;
}

bool hgt_backoff_is_over(int64_t now_ms, int64_t wait_ms, int64_t deadline_ms)
{
	return now_ms >= deadline_ms || wait_ms > deadline_ms - now_ms;
}
