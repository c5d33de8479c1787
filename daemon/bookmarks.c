/*
 * Bookmarks: signs of life, and the cursors of those for whom nothing came. Each stream has one of a number of slots, a random one,
 * and the slots have their turns one after another, so that ten thousand bookmarks are many small sets and never one burst. One
 * timer sleeps until the next slot that anyone is in.
 */
#include <event2/event.h>
#include <event2/util.h>

#include "base/timing.h"
#include "daemon/subscriber.h"

static int64_t slot_every(const struct hub *hub)
{
	return hub->bookmark_every_ms > BOOKMARK_SLOTS ? hub->bookmark_every_ms / BOOKMARK_SLOTS : 1;
}

/* Wake up for the next slot with anyone in it. */
static void plan(struct hub *hub)
{
	int64_t in_ms;
	struct timeval tv;
	unsigned ahead = 0;

	while (ahead < BOOKMARK_SLOTS && LIST_EMPTY(&hub->slots[(hub->slot + ahead) % BOOKMARK_SLOTS]))
		ahead++;
	if (ahead == BOOKMARK_SLOTS) {
		evtimer_del(hub->bookmarks);
		return;
	}
	in_ms = hub->slot_ms + ahead * slot_every(hub) - hgt_time_mono_ms();
	if (in_ms < 1)
		in_ms = 1;
	tv = (struct timeval){.tv_sec = in_ms / 1000, .tv_usec = in_ms % 1000 * 1000};
	evtimer_add(hub->bookmarks, &tv);
}

void bookmarks_add(struct subscriber *s)
{
	struct hub *hub = s->hub;
	unsigned char random;

	/* The first one of all sets the clock. */
	if (!evtimer_pending(hub->bookmarks, NULL)) {
		hub->slot = 0;
		hub->slot_ms = hgt_time_mono_ms() + slot_every(hub);
	}
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	LIST_INSERT_HEAD(&hub->slots[random % BOOKMARK_SLOTS], s, slot);
	plan(hub);
}

void bookmarks_rest(struct hub *hub)
{
	if (!hub->n)
		evtimer_del(hub->bookmarks);
}

static void send_slot(struct hub *hub, struct subscriber_slot *slot)
{
	struct subscriber *s, *next;

	for (s = LIST_FIRST(slot); s; s = next) {
		next = LIST_NEXT(s, slot);
		/* One that is about to be told more needs none. */
		if (s->trailing || s->hits)
			continue;
		hub->stats.bookmarks++;
		if (stream_bookmark_now(s) < 0)
			stream_drop(s);
	}
}

void bookmarks_send(evutil_socket_t fd, short what, void *arg)
{
	struct hub *hub = arg;
	int64_t now = hgt_time_mono_ms();

	(void)fd;
	(void)what;
	/* A loop that was away for long owes each of them one, not several. */
	for (unsigned n = 0; hub->slot_ms <= now && n < BOOKMARK_SLOTS; n++) {
		send_slot(hub, &hub->slots[hub->slot]);
		hub->slot = (hub->slot + 1) % BOOKMARK_SLOTS;
		hub->slot_ms += slot_every(hub);
	}
	if (hub->slot_ms <= now)
		hub->slot_ms = now + slot_every(hub);
	plan(hub);
}
