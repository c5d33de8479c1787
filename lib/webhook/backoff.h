/*
 * When a failed delivery is tried again: exponential back-off with full jitter, never before the receiver's Retry-After, until an
 * age.
 */
#ifndef HEADGATE_WEBHOOK_BACKOFF_H
#define HEADGATE_WEBHOOK_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

/* The least wait, whatever the dice say: a receiver that fails at once is not asked in a tight loop. */
#define HGT_BACKOFF_LEAST_MS 100

/* The longest Retry-After that is honoured. */
#define HGT_RETRY_AFTER_MOST_MS (3600 * 1000LL)

struct hgt_backoff {
	uint32_t first_ms;	/* the bound of the first wait; it doubles with each attempt */
	uint32_t most_ms;	/* the bound of all */
};

/* How long to wait after `attempts` (at least 1) failed ones. dice: any number, the same for the same wait. retry_after_ms: what
 * the receiver asked for, 0 for nothing. */
int64_t hgt_backoff_ms(const struct hgt_backoff *backoff, unsigned attempts, uint64_t dice, int64_t retry_after_ms);

/* Whether an attempt after `wait_ms` from now would come too late for what has until deadline_ms. */
bool hgt_backoff_is_over(int64_t now_ms, int64_t wait_ms, int64_t deadline_ms);

#endif
