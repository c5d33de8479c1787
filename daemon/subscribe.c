/* Subscribers: how one begins, where, and how it goes. */
#include <event2/event.h>

#include "base/timing.h"
#include "daemon/scope.h"
#include "daemon/subscriber.h"

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
	s->scope = scope_cuts_events(options->scope) ? options->scope : NULL;
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
		return hgt_error_set(err, HGT_ECONFLICT, "%s", reset);
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
	bookmarks_plan(hub);
	if (!s->page) {
		if (out)
			*out = s;
		stream_start(s);
	}
	if (reset)
		stream_reset(s, reset);
	if (reset || snapshot)
		snapshot_begin(s);
	if (!subscriber_feed(s) && out)
		*out = NULL;
	return 0;
}
