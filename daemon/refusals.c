/* Which addresses were turned away in the last minute. */
#include "daemon/refusals.h"

static bool is_over(const struct refusal *refusal, int64_t now_ms)
{
	return now_ms - refusal->told_ms >= REFUSALS_EVERY_MS;
}

bool refusals_tell(struct refusals *refusals, const char *remote, int64_t now_ms, uint64_t *left_out)
{
	struct refusal *room = NULL;

	for (size_t i = 0; i < REFUSALS_MAX; i++) {
		struct refusal *refusal = &refusals->items[i];

		if (refusal->told_ms && !strcmp(refusal->remote, remote)) {
			room = refusal;
			break;
		}
		/* Those that still have something to tell keep their place until they have. */
		if (!refusal->told_ms || (is_over(refusal, now_ms) && !refusal->left_out))
			room = refusal;
	}
	if (!room) {
		refusals->others++;
		return false;
	}
	if (room->told_ms && !strcmp(room->remote, remote) && !is_over(room, now_ms)) {
		room->left_out++;
		return false;
	}
	*left_out = room->left_out;
	snprintf(room->remote, sizeof(room->remote), "%s", remote);
	room->told_ms = now_ms;
	room->left_out = 0;
	return true;
}

bool refusals_due(struct refusals *refusals, int64_t now_ms, char remote[REQUEST_REMOTE_MAX], uint64_t *left_out)
{
	bool over = false;

	for (size_t i = 0; i < REFUSALS_MAX; i++) {
		struct refusal *refusal = &refusals->items[i];

		if (!refusal->told_ms || !is_over(refusal, now_ms))
			continue;
		over = true;
		if (!refusal->left_out)
			continue;
		memcpy(remote, refusal->remote, REQUEST_REMOTE_MAX);
		*left_out = refusal->left_out;
		/* Its next minute begins. */
		refusal->left_out = 0;
		refusal->told_ms = now_ms;
		return true;
	}
	if (!refusals->others || !over)
		return false;
	remote[0] = '\0';
	*left_out = refusals->others;
	refusals->others = 0;
	return true;
}

int64_t refusals_next_ms(const struct refusals *refusals)
{
	int64_t next = 0;

	for (size_t i = 0; i < REFUSALS_MAX; i++) {
		const struct refusal *refusal = &refusals->items[i];

		if (refusal->told_ms && (refusal->left_out || refusals->others) && (!next || refusal->told_ms + REFUSALS_EVERY_MS < next))
			next = refusal->told_ms + REFUSALS_EVERY_MS;
	}
	return next;
}
