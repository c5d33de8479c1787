/* The hub: which subscriber is fed when, from the recent rows or from the journal. */
#include "daemon/hub.h"

#include <event2/buffer.h>
#include <event2/event.h>

#include "base/glob.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/subscriber.h"
#include "headgate/protocol.h"

#define BOOKMARK_EVERY_MS 15000
#define SLICE_ROWS 64		/* read from the journal at once, for one subscriber */
#define SLICES_PER_TURN 16	/* before the loop looks at its sockets again */

static void pump(evutil_socket_t fd, short what, void *arg);
static void send_bookmarks(evutil_socket_t fd, short what, void *arg);

int hub_new(struct daemon *daemon, struct hub **out, struct hgt_error *err)
{
	struct hub *hub = calloc(1, sizeof(*hub));
	int code;

	if (!hub)
		return hgt_error_nomem(err);
	hub->daemon = daemon;
	hub->bookmark_every_ms = BOOKMARK_EVERY_MS;
	TAILQ_INIT(&hub->all);
	TAILQ_INIT(&hub->behind);
	code = hgt_journal_head(daemon->reader, &hub->head, err);
	if (code == 0) {
		hub->pump = event_new(daemon->base, -1, 0, pump, hub);
		hub->bookmarks = evtimer_new(daemon->base, send_bookmarks, hub);
		hub->out = evbuffer_new();
		if (!hub->pump || !hub->bookmarks || !hub->out)
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
	while (!TAILQ_EMPTY(&hub->all))
		stream_end(TAILQ_FIRST(&hub->all));
}

void hub_free(struct hub *hub)
{
	if (!hub)
		return;
	hub_end_all(hub);
	rows_release(&hub->rows);
	if (hub->pump)
		event_free(hub->pump);
	if (hub->bookmarks)
		event_free(hub->bookmarks);
	if (hub->out)
		evbuffer_free(hub->out);
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

void hub_head_cursor(const struct hub *hub, struct hgt_buf *out)
{
	struct hgt_cursor cursor = {.seq = hub->head};

	snprintf(cursor.journal, sizeof(cursor.journal), "%s", hgt_journal_id(hub->daemon->reader));
	hgt_cursor_format(&cursor, out);
}

/* Go on in the next turn of the loop, after the sockets. */
static void pump_soon(struct hub *hub)
{
	const struct timeval now = {0};

	evtimer_add(hub->pump, &now);
}

void hub_publish(struct hub *hub, const struct hgt_journal_row *from)
{
	struct row *row;

	hub->head = from->seq;
	if (!hub->n) {
		/* Nobody listens: whoever comes starts at the head, or reads from the journal. */
		rows_release(&hub->rows);
		return;
	}
	row = row_new(from);
	if (row)
		rows_push(&hub->rows, row);
	else
		rows_release(&hub->rows);	/* the journal has it */
	hub->published = true;
	event_active(hub->pump, EV_TIMEOUT, 0);
}

enum hgt_match subscriber_match(const struct hub_want *want, struct row *row)
{
	const struct hgt_filter *f = &want->filter;
	const struct hgt_filter path_only = {.repo = "", .ref = "", .path = f->path, .type = ""};
	const struct hgt_ref_event *event;

	if (want->exact) {
		if (!row->is_ref || strcmp(f->repo, row->repo) != 0 || strcmp(f->ref, row->ref) != 0)
			return HGT_MATCH_NO;
	} else if ((*f->type && !hgt_glob_match(f->type, row->type)) || (*f->repo && !hgt_glob_match(f->repo, row->repo)) ||
		   (*f->ref && !hgt_glob_match(f->ref, row->ref))) {
		return HGT_MATCH_NO;
	}
	if (!*f->path)
		return HGT_MATCH_YES;
	if (!row->is_ref)
		return HGT_MATCH_NO;
	event = row_event(row);
	return event ? hgt_filter_match_ref(&path_only, event) : HGT_MATCH_YES;
}

void subscriber_take(struct subscriber *s, struct row *row, bool tell)
{
	if (tell)
		stream_row(s, row);
	s->seen = row->seq;
}

static void offer(struct subscriber *s, struct row *row)
{
	enum hgt_match match = HGT_MATCH_NO;
	struct hgt_error err = {0};

	for (size_t i = 0; i < s->n_wants && match != HGT_MATCH_YES; i++) {
		enum hgt_match one = subscriber_match(&s->wants[i], row);

		if (one != HGT_MATCH_NO)
			match = one;
	}
	if (match == HGT_MATCH_ASK) {
		if (ask_trees(s, row, &err) == 0)
			return;
		hgt_log(HGT_LOG_WARNING, "hub", err.message, HGT_I("seq", row->seq));
	}
	subscriber_take(s, row, match != HGT_MATCH_NO);
}

/* Snapshot: the refs there are, in slices as the socket takes them. */

struct snapshot {
	struct subscriber *s;
	const struct hub_want *want;
	bool cut;
};

void snapshot_forget(struct subscriber *s)
{
	free(s->snapshot_repo);
	free(s->snapshot_ref);
	s->snapshot_repo = s->snapshot_ref = NULL;
}

/* Of a want with globs; where it is cut it goes on behind that ref. */
static int snapshot_ref(void *ctx, const char *repo, const char *ref, const char *id, uint64_t seq)
{
	struct snapshot *snapshot = ctx;
	struct subscriber *s = snapshot->s;
	const struct hgt_filter *f = &snapshot->want->filter;

	(void)seq;
	if ((*f->repo && !hgt_glob_match(f->repo, repo)) || (*f->ref && !hgt_glob_match(f->ref, ref)))
		return 0;
	stream_ref(s, repo, ref, id);
	if (!stream_is_full(s))
		return 0;
	snapshot_forget(s);
	s->snapshot_repo = strdup(repo);
	s->snapshot_ref = strdup(ref);
	s->broken |= !s->snapshot_repo || !s->snapshot_ref;
	snapshot->cut = true;
	return 1;
}

static int snapshot_exact(struct subscriber *s, size_t i, struct hgt_error *err)
{
	const struct hgt_filter *f = &s->wants[i].filter;
	char id[HGT_JOURNAL_OID_TEXT];
	int code;

	/* Two targets may live by one ref. */
	for (size_t k = 0; k < i; k++)
		if (!strcmp(s->wants[k].filter.repo, f->repo) && !strcmp(s->wants[k].filter.ref, f->ref))
			return 0;
	code = hgt_journal_get_ref(s->hub->daemon->reader, f->repo, f->ref, id, NULL, err);
	if (code == 0 && *id)
		stream_ref(s, f->repo, f->ref, id);
	return code;
}

/* Whether an earlier want with globs is about the same refs: their paths differ, and a snapshot has none. */
static bool told_before(const struct subscriber *s, size_t i)
{
	const struct hgt_filter *f = &s->wants[i].filter;

	for (size_t k = 0; k < i; k++)
		if (!s->wants[k].exact && !strcmp(s->wants[k].filter.repo, f->repo) && !strcmp(s->wants[k].filter.ref, f->ref))
			return true;
	return false;
}

/* 0 when the snapshot is told, 1 when the socket is full before. */
static int feed_snapshot(struct subscriber *s, struct hgt_error *err)
{
	for (; s->snapshot_want < s->n_wants; s->snapshot_want++) {
		const struct hub_want *want = &s->wants[s->snapshot_want];
		struct snapshot snapshot = {.s = s, .want = want};
		int code;

		if (stream_is_full(s))
			return 1;
		if (want->exact)
			code = snapshot_exact(s, s->snapshot_want, err);
		else if (told_before(s, s->snapshot_want))
			code = 0;
		else if (*want->filter.type && !hgt_glob_match(want->filter.type, HGT_EVENT_REF_UPDATED))
			code = 0;	/* no refs are wanted */
		else
			code = hgt_journal_refs_after(s->hub->daemon->reader, s->snapshot_repo ? s->snapshot_repo : "",
				s->snapshot_ref ? s->snapshot_ref : "", snapshot_ref, &snapshot, err);
		if (code < 0)
			return code;
		if (snapshot.cut)
			return 1;
		snapshot_forget(s);
	}
	s->phase = SUBSCRIBER_LIVE;
	if (!s->page)
		stream_bookmark(s);
	return 0;
}

void snapshot_begin(struct subscriber *s)
{
	snapshot_forget(s);
	s->snapshot_want = 0;
	s->phase = SUBSCRIBER_SNAPSHOT;
	/* What moves from here on is told after the snapshot, though the snapshot may show it already. */
	s->seen = s->hub->head;
	if (s->page)
		s->page->has_snapshot = true;
}

/* Feeding. */

bool subscriber_feed(struct subscriber *s)
{
	struct hub *hub = s->hub;
	struct hgt_error err = {0};
	int code = 0;

	if (s->phase == SUBSCRIBER_SNAPSHOT && !stream_is_full(s))
		code = feed_snapshot(s, &err);
	if (code < 0) {
		hgt_log(HGT_LOG_ERROR, "hub", "a stream ends: no snapshot", HGT_S("error", err.message));
		stream_flush(s);
		stream_end(s);
		return false;
	}
	while (s->phase == SUBSCRIBER_LIVE && !s->ask && s->seen < hub->head && !stream_is_full(s)) {
		struct row *row = rows_find(&hub->rows, s->seen + 1);

		if (row) {
			offer(s, row);
			continue;
		}
		if (!s->is_behind) {
			s->is_behind = true;
			TAILQ_INSERT_TAIL(&hub->behind, s, behind);
			pump_soon(hub);
		}
		break;
	}
	if (s->broken && !s->page) {
		evbuffer_drain(hub->out, evbuffer_get_length(hub->out));
		stream_end(s);
		return false;
	}
	stream_flush(s);
	return s->page ? page_settle(s) : true;
}

struct slice {
	struct subscriber *s;
	size_t n;
	bool gap;
	struct hgt_error *err;
};

static int slice_row(void *ctx, const struct hgt_journal_row *from)
{
	struct slice *slice = ctx;
	struct row *row;

	if (from->seq != slice->s->seen + 1) {
		slice->gap = true;
		return 1;
	}
	row = row_new(from);
	if (!row)
		return hgt_error_nomem(slice->err);
	offer(slice->s, row);
	row_unref(row);
	slice->n++;
	return slice->s->ask || stream_is_full(slice->s);
}

/* One slice of the journal for one subscriber that is behind the recent rows. */
static void feed_slice(struct subscriber *s)
{
	struct hgt_error err = {0};
	struct slice slice = {.s = s, .err = &err};
	int code = hgt_journal_read(s->hub->daemon->reader, s->seen, SLICE_ROWS, slice_row, &slice, &err);

	if (code < 0 || (!slice.n && !slice.gap)) {
		hgt_log(HGT_LOG_ERROR, "hub", "a stream ends: the journal cannot be read", HGT_S("error", err.message),
			HGT_I("after", s->seen));
		stream_flush(s);
		stream_end(s);
		return;
	}
	if (slice.gap && !s->page) {
		stream_reset(s, "the journal no longer holds what comes after the cursor");
		snapshot_begin(s);
	} else if (slice.gap) {
		stream_end(s);	/* the page ends before the gap; the next request is told */
		return;
	}
	subscriber_feed(s);
}

static void pump(evutil_socket_t fd, short what, void *arg)
{
	struct hub *hub = arg;
	struct subscriber *s, *next;

	(void)fd;
	(void)what;
	if (hub->published) {
		hub->published = false;
		for (s = TAILQ_FIRST(&hub->all); s; s = next) {
			next = TAILQ_NEXT(s, all);
			if (!s->is_behind && !s->ask && !s->full)
				subscriber_feed(s);
		}
	}
	for (int i = 0; i < SLICES_PER_TURN && (s = TAILQ_FIRST(&hub->behind)); i++) {
		TAILQ_REMOVE(&hub->behind, s, behind);
		s->is_behind = false;
		feed_slice(s);
	}
	if (!TAILQ_EMPTY(&hub->behind))
		pump_soon(hub);
}

/* Bookmarks: one timer, which sleeps until the oldest is due. The list is in that order, for each bookmark moves its receiver to the end. */

void bookmarks_plan(struct hub *hub)
{
	struct subscriber *first = TAILQ_FIRST(&hub->all);
	int64_t in_ms;
	struct timeval tv;

	if (!first || evtimer_pending(hub->bookmarks, NULL))
		return;
	in_ms = first->bookmark_ms + hub->bookmark_every_ms - hgt_time_mono_ms();
	/* Those that are due close together share a wake-up. */
	if (in_ms < hub->bookmark_every_ms / 60)
		in_ms = hub->bookmark_every_ms / 60;
	tv = (struct timeval){.tv_sec = in_ms / 1000, .tv_usec = in_ms % 1000 * 1000};
	evtimer_add(hub->bookmarks, &tv);
}

static void send_bookmarks(evutil_socket_t fd, short what, void *arg)
{
	struct hub *hub = arg;
	int64_t now = hgt_time_mono_ms();
	struct subscriber *s;

	(void)fd;
	(void)what;
	while ((s = TAILQ_FIRST(&hub->all)) && s->bookmark_ms + hub->bookmark_every_ms <= now) {
		s->bookmark_ms = now;
		TAILQ_REMOVE(&hub->all, s, all);
		TAILQ_INSERT_TAIL(&hub->all, s, all);
		if (s->page || s->phase != SUBSCRIBER_LIVE || s->full)
			continue;
		stream_bookmark(s);
		stream_flush(s);
	}
	bookmarks_plan(hub);
}

void hub_end(struct subscriber *subscriber)
{
	stream_end(subscriber);
}
