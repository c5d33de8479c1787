/* The hub: who is fed when. */
#include "daemon/hub.h"

#include <event2/event.h>

#include "base/log.h"
#include "base/timing.h"
#include "daemon/subscriber.h"

#define BOOKMARK_EVERY_MS 15000
#define TURN_US 4000		/* of feeding, before the loop looks at its other descriptors again */
#define FEEDS_PER_LOOK 32	/* at the clock */

static void pump(evutil_socket_t fd, short what, void *arg);

static void drained(void *owner)
{
	struct subscriber *s = owner;

	if (s->place == PLACE_NONE)
		subscriber_feed(s);
}

static void gone(void *owner)
{
	struct subscriber *s = owner;

	s->socket = NULL;
	subscriber_free(s);
}

int hub_new(struct daemon *daemon, struct hub **out, struct hgt_error *err)
{
	static const struct stream_socket_callbacks callbacks = {.drained = drained, .gone = gone};
	struct hub *hub = calloc(1, sizeof(*hub));
	int code;

	if (!hub)
		return hgt_error_nomem(err);
	hub->daemon = daemon;
	hub->bookmark_every_ms = BOOKMARK_EVERY_MS;
	TAILQ_INIT(&hub->ready);
	TAILQ_INIT(&hub->behind);
	TAILQ_INIT(&hub->asks);
	hgt_buf_init(&hub->telling.head);
	hgt_buf_init(&hub->telling.text);
	code = hgt_journal_head(daemon->reader, &hub->head, err);
	if (code == 0)
		code = wants_new(&hub->wants, err);
	if (code == 0)
		code = stream_sockets_new(daemon->base, &callbacks, STREAM_STUCK_MS, &hub->sockets, err);
	if (code == 0) {
		hub->pump = event_new(daemon->base, -1, 0, pump, hub);
		hub->bookmarks = evtimer_new(daemon->base, bookmarks_send, hub);
		if (!hub->pump || !hub->bookmarks)
			code = hgt_error_nomem(err);
	}
	if (code < 0) {
		hub_free(hub);
		return code;
	}
	*out = hub;
	return 0;
}

void hub_end_all(struct hub *hub)
{
	for (size_t i = 0; i < BOOKMARK_SLOTS; i++)
		while (!LIST_EMPTY(&hub->slots[i]))
			stream_end(LIST_FIRST(&hub->slots[i]));
	while (!LIST_EMPTY(&hub->pages))
		stream_end(LIST_FIRST(&hub->pages));
}

void hub_close_all(struct hub *hub)
{
	hub_end_all(hub);
	stream_sockets_close_finishing(hub->sockets);
}

void hub_free(struct hub *hub)
{
	if (!hub)
		return;
	if (hub->sockets)
		hub_close_all(hub);
	asks_release(hub);
	stream_sockets_free(hub->sockets);
	wants_free(hub->wants);
	rows_release(&hub->rows);
	rows_release(&hub->old);
	text_unref(hub->bookmark[0]);
	text_unref(hub->bookmark[1]);
	hgt_buf_release(&hub->telling.head);
	hgt_buf_release(&hub->telling.text);
	if (hub->pump)
		event_free(hub->pump);
	if (hub->bookmarks)
		event_free(hub->bookmarks);
	free(hub);
}

uint64_t hub_head(const struct hub *hub)
{
	return hub->head;
}

size_t hub_subscribers(const struct hub *hub)
{
	return hub->n;
}

void hub_stats(const struct hub *hub, struct hub_stats *out)
{
	const struct subscriber *s;
	struct wants_stats wants;

	wants_stats(hub->wants, &wants);
	*out = hub->stats;
	out->subscribers = hub->n;
	out->groups = wants.groups;
	out->paths = wants.nodes;
	for (size_t i = 0; i < BOOKMARK_SLOTS; i++)
		LIST_FOREACH(s, &hub->slots[i], slot)
			out->trailing += s->trailing;
}

void hub_head_cursor(const struct hub *hub, struct hgt_buf *out)
{
	struct hgt_cursor cursor = {.seq = hub->head};

	snprintf(cursor.journal, sizeof(cursor.journal), "%s", hgt_journal_id(hub->daemon->reader));
	hgt_cursor_format(&cursor, out);
}

void hub_end(struct subscriber *subscriber)
{
	stream_end(subscriber);
}

uint64_t subscriber_seen(const struct subscriber *s)
{
	return s->trailing || s->hits ? s->seen : s->hub->head;
}

void hub_notice(struct subscriber *s)
{
	s->noticing = true;
	if (!s->trailing) {
		s->seen = subscriber_seen(s);
		s->hits = 0;
		s->trailing = true;
	}
	if (s->place == PLACE_NONE)
		subscriber_move(s, PLACE_READY);
}

uint64_t hub_seen(const struct subscriber *subscriber)
{
	return subscriber_seen(subscriber);
}

static struct subscriber_list *list_of(struct subscriber *s, enum subscriber_place place)
{
	switch (place) {
	case PLACE_READY:
		return &s->hub->ready;
	case PLACE_BEHIND:
		return &s->hub->behind;
	case PLACE_ASKING:
		return ask_waiting(s->ask);
	default:
		return NULL;
	}
}

void subscriber_move(struct subscriber *s, enum subscriber_place place)
{
	struct subscriber_list *from = list_of(s, s->place), *to = list_of(s, place);

	if (from)
		TAILQ_REMOVE(from, s, entry);
	if (to)
		TAILQ_INSERT_TAIL(to, s, entry);
	s->place = (unsigned char)place;
	if (place == PLACE_READY || place == PLACE_BEHIND)
		pump_soon(s->hub);
}

/* Who is woken. */

/* A row is for a want, says the index. Those who trail look at each row themselves when they come to it. */
static void wake(void *ctx, struct want *want, enum hgt_match match)
{
	const struct row *row = ctx;
	struct subscriber *s = want->owner;
	uint64_t ahead;

	if (s->trailing)
		return;
	if (!s->hits)
		s->seen = row->seq - 1;
	ahead = row->seq - s->seen - 1;
	if (match == HGT_MATCH_YES && ahead < 64) {
		s->hub->stats.woken += !(s->hits >> ahead & 1);
		s->hits |= UINT64_C(1) << ahead;
	} else if (match == HGT_MATCH_YES || !(ahead < 64 && s->hits >> ahead & 1)) {
		/* More than the hits have room for, or a question that another want of its has not answered: it looks itself. */
		s->trailing = true;
		s->hits = 0;
	}
	if (s->place == PLACE_NONE)
		subscriber_move(s, PLACE_READY);
}

static void all_trail(struct subscriber_slot *slot, uint64_t seen)
{
	struct subscriber *s;

	LIST_FOREACH(s, slot, slot) {
		if (s->trailing)
			continue;
		if (!s->hits)
			s->seen = seen;
		s->hits = 0;
		s->trailing = true;
		if (s->place == PLACE_NONE)
			subscriber_move(s, PLACE_READY);
	}
}

void hub_publish(struct hub *hub, const struct hgt_journal_row *from)
{
	struct row *row;

	hub->head = from->seq;
	if (!hub->n) {
		/* Nobody listens: whoever comes starts at the head, or reads from the journal. */
		rows_release(&hub->rows);
		rows_release(&hub->old);
		return;
	}
	row = row_new(from);
	if (row) {
		rows_push(&hub->rows, row);
		wants_find(hub->wants, row, wake, row);
		return;
	}
	rows_release(&hub->rows);	/* the journal has it */
	for (size_t i = 0; i < BOOKMARK_SLOTS; i++)
		all_trail(&hub->slots[i], from->seq - 1);
	all_trail(&hub->pages, from->seq - 1);
}

/* Who is fed. */

void pump_soon(struct hub *hub)
{
	const struct timeval now = {0};

	if (!evtimer_pending(hub->pump, NULL))
		evtimer_add(hub->pump, &now);
}

/* One after another, for as long as the others on the loop can wait; what is published meanwhile comes to those who are still to be
 * fed in one piece. */
static void pump(evutil_socket_t fd, short what, void *arg)
{
	const int64_t until = hgt_time_mono_us() + TURN_US;
	struct hub *hub = arg;
	struct subscriber *s;
	unsigned n = 0;

	(void)fd;
	(void)what;
	while ((s = TAILQ_FIRST(&hub->ready)) && (++n % FEEDS_PER_LOOK || hgt_time_mono_us() < until)) {
		subscriber_move(s, PLACE_NONE);
		subscriber_feed(s);
	}
	while ((s = TAILQ_FIRST(&hub->behind)) && hgt_time_mono_us() < until) {
		subscriber_move(s, PLACE_NONE);
		subscriber_feed_old(s);
	}
	asks_submit(hub);
	if (!TAILQ_EMPTY(&hub->ready) || !TAILQ_EMPTY(&hub->behind))
		pump_soon(hub);
}
