/*
 * Trouble that many meet at once, in the log: told when it begins, then once a minute with a count of what was left out, and when
 * nobody has met it for a minute though it was tried: some may meet it while others do not.
 *
 *	struct hgt_trouble trouble = {0};
 *	if (code < 0 && hgt_trouble_tell(&trouble, hgt_time_mono_ms(), &left_out))
 *		hgt_log(..., HGT_I("left_out", left_out));
 *	if (code == 0 && hgt_trouble_end(&trouble, hgt_time_mono_ms(), &left_out))
 *		hgt_log(...);
 */
#ifndef HEADGATE_BASE_TROUBLE_H
#define HEADGATE_BASE_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

#define HGT_TROUBLE_EVERY_MS 60000

struct hgt_trouble {
	bool there;
	int64_t told_ms, met_ms;
	uint64_t left_out;	/* since it was told */
};

/* It is met: whether to say so. Then *left_out gets how often it was met since the last time without being told. */
bool hgt_trouble_tell(struct hgt_trouble *trouble, int64_t now_ms, uint64_t *left_out);

/* It is not met: whether to say that it is over; *left_out as above. */
bool hgt_trouble_end(struct hgt_trouble *trouble, int64_t now_ms, uint64_t *left_out);

#endif
