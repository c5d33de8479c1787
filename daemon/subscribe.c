/* Subscribers: how one begins, where, and how it goes. */
#include <event2/event.h>

#include "base/timing.h"
#include "daemon/gzip.h"
#include "daemon/scope.h"
#include "daemon/handover.h"
#include "daemon/subscriber.h"
#include "journal/lineage.h"

static struct page *page_new(const struct hub_options *options)
{
	struct page *page = calloc(1, sizeof(*page));

	if (!page)
		return NULL;
	hgt_buf_init(&page->snapshot);
	hgt_buf_init(&page->events);
	page->limit = options->limit;
	page->wait_ms = options->wait_ms;
	return page;
}

static void page_free(struct page *page)
{
	if (!page)
		return;
	if (page->timer)
		event_free(page->timer);
	hgt_buf_release(&page->snapshot);
	hgt_buf_release(&page->events);
	free(page);
}

static void remove_wants(struct subscriber *s)
{
	while (s->n_wants)
		wants_remove(s->hub->wants, &s->wants[--s->n_wants]);
}

/* Not among the hub's yet. */
static struct subscriber *subscriber_new(struct hub *hub, const struct hub_options *options, struct hgt_error *err)
{
	struct subscriber *s = calloc(1, sizeof(*s) + options->n_wants * sizeof(struct want));
	int code = s ? 0 : hgt_error_nomem(err);

	if (!s)
		return NULL;
	s->hub = hub;
	s->phase = SUBSCRIBER_LIVE;
	s->trailing = true;
	for (; code == 0 && s->n_wants < options->n_wants; s->n_wants += code == 0)
		code = wants_add(hub->wants, &options->wants[s->n_wants], s, &s->wants[s->n_wants], err);
	if (code == 0 && options->form == HUB_PAGE) {
		s->page = page_new(options);
		if (!s->page)
			code = hgt_error_nomem(err);
	}
	if (code < 0) {
		remove_wants(s);
		free(s);
		return NULL;
	}
	return s;
}

void subscriber_free(struct subscriber *s)
{
	struct hub *hub = s->hub;

	LIST_REMOVE(s, slot);
	hub->n--;
	subscriber_move(s, PLACE_NONE);
	bookmarks_rest(hub);
	if (s->ended)
		s->ended(s->ctx, s);
	remove_wants(s);
	page_free(s->page);
	snapshot_free(s->snapshot);
	free(s);
}

/* The client of a page has gone. */
static void gone(void *ctx)
{
	struct subscriber *s = ctx;

	request_free(s->page->request);
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
	else if (options->has_cursor && (code = hgt_journal_knows(hub->daemon->reader, cursor, err)) <= 0)
		*reset = "the cursor is of another journal";
	else if (options->has_cursor && cursor->seq > hub->head)
		*reset = "the cursor is ahead of the journal";
	else if (options->has_cursor && cursor->seq < tail)
		*reset = "the journal no longer holds what comes after the cursor";
	else if (options->has_cursor)
		*seen = cursor->seq;
	return code < 0 ? code : 0;
}

/* A stream's socket leaves the HTTP server. On failure the request is as it was. */
static int take_socket(struct subscriber *s, struct request *request, struct hgt_error *err)
{
	const struct stream_form form = {
		.chunked = handover_speaks_http11(request),
		.packed = gzip_is_accepted(request_get_header(request, "Accept-Encoding")),
	};
	struct wire wire;
	int code = handover_take(request, &wire, err);

	if (code < 0)
		return code;
	code = stream_socket_new(s->hub->sockets, &wire, s, form, &s->socket, err);
	if (code < 0)
		wire_close(&wire);
	return code;
}

static int open_stream(struct subscriber *s, struct request *request, struct hgt_error *err)
{
	struct hub *hub = s->hub;
	int code = take_socket(s, request, err);

	if (code < 0) {
		request_reply_error(request, 503, NULL, "%s", err->message);
		remove_wants(s);
		free(s);
		return code;
	}
	request_free(request);
	hub->n++;
	bookmarks_add(s);
	stream_start(s);
	return 0;
}

static void open_page(struct subscriber *s, struct request *request)
{
	struct hub *hub = s->hub;

	s->page->request = request;
	request->gone = gone;
	request->gone_ctx = s;
	hub->n++;
	LIST_INSERT_HEAD(&hub->pages, s, slot);
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
	s = subscriber_new(hub, options, err);
	if (!s) {
		request_reply_error(request, 503, NULL, "out of memory");
		return HGT_ENOMEM;
	}
	s->seen = seen;
	if (s->page) {
		open_page(s, request);
	} else {
		code = open_stream(s, request, err);
		if (code < 0)
			return code;
	}
	s->scope = scope_cuts_events(options->scope) ? options->scope : NULL;
	s->notice = s->page ? NULL : options->notice;
	s->noticing = s->notice;
	s->ended = options->ended;
	s->ctx = options->ctx;
	if (out && !s->page)
		*out = s;
	if (reset)
		stream_reset(s, reset);
	if ((reset || snapshot) && snapshot_begin(s) < 0)
		s->broken = true;
	if (!subscriber_feed(s) && out)
		*out = NULL;
	return 0;
}
