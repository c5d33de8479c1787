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

static void snapshot_forget(struct subscriber *s)
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

static void begin_snapshot(struct subscriber *s)
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
		return HGT_ENOMEM;
	offer(slice->s, row);
	row_unref(row);
	slice->n++;
	return slice->s->ask || stream_is_full(slice->s);
}

/* One slice of the journal for one subscriber that is behind the recent rows. */
static void feed_slice(struct subscriber *s)
{
	struct slice slice = {.s = s};
	struct hgt_error err = {0};
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
		begin_snapshot(s);
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

static void plan_bookmarks(struct hub *hub)
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
	plan_bookmarks(hub);
}

/* Subscribing. */

static const char *copy_text(char **room, const char *s)
{
	size_t len = strlen(s) + 1;
	char *at = *room;

	memcpy(at, s, len);
	*room = at + len;
	return at;
}

/* The subscriber with its wants and their strings in one piece of memory. */
static struct subscriber *subscriber_new(struct hub *hub, const struct hub_options *options)
{
	size_t size = sizeof(struct subscriber) + options->n_wants * sizeof(struct hub_want);
	struct subscriber *s;
	char *room;

	for (size_t i = 0; i < options->n_wants; i++) {
		const struct hgt_filter *f = &options->wants[i].filter;

		size += strlen(f->repo) + strlen(f->ref) + strlen(f->path) + strlen(f->type) + 4;
	}
	s = calloc(1, size);
	if (!s)
		return NULL;
	room = (char *)(s->wants + options->n_wants);
	s->hub = hub;
	s->n_wants = options->n_wants;
	for (size_t i = 0; i < s->n_wants; i++) {
		const struct hub_want *from = &options->wants[i];

		s->wants[i].exact = from->exact;
		s->wants[i].filter.repo = copy_text(&room, from->filter.repo);
		s->wants[i].filter.ref = copy_text(&room, from->filter.ref);
		s->wants[i].filter.path = copy_text(&room, from->filter.path);
		s->wants[i].filter.type = copy_text(&room, from->filter.type);
	}
	s->limit = options->limit;
	s->wait_ms = options->wait_ms;
	s->ended = options->ended;
	s->ctx = options->ctx;
	s->phase = SUBSCRIBER_LIVE;
	s->bookmark_ms = hgt_time_mono_ms();
	if (options->form == HUB_PAGE) {
		s->page = calloc(1, sizeof(*s->page));
		if (!s->page) {
			free(s);
			return NULL;
		}
		hgt_buf_init(&s->page->snapshot);
		hgt_buf_init(&s->page->events);
	}
	return s;
}

void subscriber_free(struct subscriber *s)
{
	struct hub *hub = s->hub;

	TAILQ_REMOVE(&hub->all, s, all);
	hub->n--;
	if (s->is_behind)
		TAILQ_REMOVE(&hub->behind, s, behind);
	if (TAILQ_EMPTY(&hub->all))
		evtimer_del(hub->bookmarks);
	ask_forget(s->ask);
	if (s->ended)
		s->ended(s->ctx, s);
	if (s->page) {
		if (s->page->timer)
			event_free(s->page->timer);
		hgt_buf_release(&s->page->snapshot);
		hgt_buf_release(&s->page->events);
		free(s->page);
	}
	snapshot_forget(s);
	free(s);
}

/* The client has gone. */
static void gone(void *ctx)
{
	struct subscriber *s = ctx;

	request_free(s->request);
	subscriber_free(s);
}

/* Where the options start: *seen. A cursor that cannot be gone on from gives *reset, which says why. */
static int find_start(struct hub *hub, const struct hub_options *options, uint64_t *seen, bool *snapshot, const char **reset,
	struct hgt_error *err)
{
	const struct hgt_cursor *cursor = &options->cursor;
	uint64_t tail;
	int code = hgt_journal_tail(hub->daemon->reader, &tail, err);

	if (code < 0)
		return code;
	tail -= tail > 0;	/* from here on: the last seq that is no longer held */
	*reset = NULL;
	*snapshot = !options->has_cursor && !options->has_last;
	*seen = hub->head;
	if (options->has_last)
		*seen = options->last < hub->head - tail ? hub->head - options->last : tail;
	else if (options->has_cursor && !*cursor->journal)
		*seen = tail;
	else if (options->has_cursor && strcmp(cursor->journal, hgt_journal_id(hub->daemon->reader)) != 0)
		*reset = "the cursor is of another journal";
	else if (options->has_cursor && cursor->seq > hub->head)
		*reset = "the cursor is ahead of the journal";
	else if (options->has_cursor && cursor->seq < tail)
		*reset = "the journal no longer holds what comes after the cursor";
	else if (options->has_cursor)
		*seen = cursor->seq;
	return 0;
}

int hub_subscribe(struct hub *hub, struct request *request, const struct hub_options *options, struct subscriber **out,
	struct hgt_error *err)
{
	struct subscriber *s;
	const char *reset;
	bool snapshot;
	uint64_t seen;
	int code = find_start(hub, options, &seen, &snapshot, &reset, err);

	if (code < 0) {
		request_reply_error(request, 503, NULL, "%s", err->message);
		return code;
	}
	if (reset && options->form == HUB_PAGE) {
		request_reply_error(request, 410, "cursor-gone", "%s", reset);
		return 0;
	}
	s = subscriber_new(hub, options);
	if (!s) {
		request_reply_error(request, 503, NULL, "out of memory");
		return hgt_error_nomem(err);
	}
	s->request = request;
	s->seen = seen;
	request->gone = gone;
	request->gone_ctx = s;
	TAILQ_INSERT_TAIL(&hub->all, s, all);
	hub->n++;
	plan_bookmarks(hub);
	if (!s->page) {
		if (out)
			*out = s;
		stream_start(s);
	}
	if (reset)
		stream_reset(s, reset);
	if (reset || snapshot)
		begin_snapshot(s);
	if (!subscriber_feed(s) && out)
		*out = NULL;
	return 0;
}

void hub_end(struct subscriber *subscriber)
{
	stream_end(subscriber);
}
