/* Which addresses were turned away in the last minute. */
#include "daemon/refusals.h"

bool refusals_tell(struct refusals *refusals, const char *remote, int64_t now_ms)
{
	size_t free_slot = REFUSALS_MAX;

	for (size_t i = 0; i < REFUSALS_MAX; i++) {
		if (!refusals->items[i].told_ms || now_ms - refusals->items[i].told_ms >= REFUSALS_EVERY_MS)
			free_slot = i;
		else if (!strcmp(refusals->items[i].remote, remote))
			return false;
	}
	if (free_slot == REFUSALS_MAX)
		return false;
	snprintf(refusals->items[free_slot].remote, sizeof(refusals->items[free_slot].remote), "%s", remote);
	refusals->items[free_slot].told_ms = now_ms;
	return true;
}
