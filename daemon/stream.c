/* What subscribers are sent: server-sent events, or one JSON page. */
#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <time.h>

#include "base/json_writer.h"
#include "daemon/scope.h"
#include "daemon/subscriber.h"
#include "headgate/protocol.h"

void stream_start(struct subscriber *s)
{
	const struct stream_form form = stream_socket_form(s->socket);
	char date[64];
	time_t now = time(NULL);
	struct tm tm;

	evutil_date_rfc1123(date, sizeof(date), gmtime_r(&now, &tm));
	hgt_buf_addf(&s->hub->telling.head, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
		"X-Accel-Buffering: no\r\n"	/* proxies of nginx's kind pass it on at once */
		"Vary: Accept-Encoding\r\nDate: %s\r\nConnection: close\r\n%s%s\r\n", date,
		form.packed ? "Content-Encoding: gzip\r\n" : "", form.chunked ? "Transfer-Encoding: chunked\r\n" : "");
}

bool stream_is_full(const struct subscriber *s)
{
	const struct telling *telling = &s->hub->telling;

	if (s->broken)
		return true;
	if (s->page)
		return s->page->n >= s->page->limit || s->page->events.len >= PAGE_BYTES_MAX;
	/* One place is kept for the text before the rows. */
	return stream_socket_is_full(s->socket) || telling->text.len + telling->bytes >= STREAM_TELL_MAX ||
		telling->n == STREAM_TEXTS_MAX - 1;
}

static void forget_told(struct telling *telling)
{
	for (size_t i = 0; i < telling->n; i++)
		text_unref(telling->rows[i]);
	telling->n = telling->bytes = 0;
	hgt_buf_reset(&telling->head);
	hgt_buf_reset(&telling->text);
}

/* Write, and go back to before the first row that is not on its way. */
static int write_told(struct subscriber *s, struct text *const *texts, size_t n, size_t before_rows)
{
	struct hub *hub = s->hub;
	int taken = stream_socket_write(s->socket, texts, n);

	if (taken < 0)
		return -1;
	hub->stats.told += (size_t)taken - before_rows;
	hub->stats.writes++;
	if (stream_socket_is_full(s->socket)) {
		hub->stats.full++;
		s->trailing = true;
	}
	if ((size_t)taken < n)
		s->seen = hub->telling.seqs[(size_t)taken - before_rows] - 1;
	return 0;
}

int stream_flush(struct subscriber *s)
{
	struct telling *telling = &s->hub->telling;
	struct text *texts[STREAM_TEXTS_MAX];
	struct text *own = NULL;
	size_t n = 0;
	int code = 0;

	s->broken |= telling->head.failed || telling->text.failed;
	if ((telling->head.len || telling->text.len) && !s->broken) {
		const struct stream_form form = stream_socket_form(s->socket);

		own = text_new_own(&telling->head, &telling->text, form.chunked, form.packed);
		s->broken |= !own;
	}
	if (own)
		texts[n++] = own;
	for (size_t i = 0; i < telling->n; i++)
		texts[n++] = telling->rows[i];
	if (n && !s->broken)
		code = write_told(s, texts, n, own ? 1 : 0);
	text_unref(own);
	forget_told(telling);
	return code;
}

/* Whether the row may tell of more than the subscriber may see. */
static bool is_cut(const struct subscriber *s, const struct row *row)
{
	return s->scope && row->is_ref;
}

/* A row without what the subscriber may not see: of its own. */
static struct text *narrowed_text(const struct subscriber *s, const struct row *row)
{
	struct hgt_cursor cursor = {.seq = row->seq};
	struct hgt_buf body = HGT_BUF_INIT, id = HGT_BUF_INIT, frame = HGT_BUF_INIT;
	struct text *text = NULL;

	snprintf(cursor.journal, sizeof(cursor.journal), "%s", hgt_journal_id(s->hub->daemon->reader));
	hgt_cursor_format(&cursor, &id);
	if (!id.failed && scope_narrow_event(s->scope, row->body, row->body_len, &body, NULL) == 0) {
		hgt_sse_write(&frame, id.data, row->type, body.data, body.len);
		if (!frame.failed)
			text = stream_socket_form(s->socket).packed ? text_new_packed(frame.data, frame.len) :
				text_new(frame.data, frame.len);
	}
	hgt_buf_release(&body);
	hgt_buf_release(&id);
	hgt_buf_release(&frame);
	return text;
}

/* A row as the stream is told of it: a reference; NULL when memory runs out. */
static struct text *text_for(const struct subscriber *s, struct row *row)
{
	struct text *frame;

	if (is_cut(s, row))
		return narrowed_text(s, row);
	frame = row_frame(row, hgt_journal_id(s->hub->daemon->reader), stream_socket_form(s->socket).packed);
	return frame ? text_ref(frame) : NULL;
}

/* A row that is no longer in memory, or its text for want of it: they are looked for the long way. */
static void look_again(struct subscriber *s)
{
	s->trailing = true;
	s->hits = 0;
}

int stream_hits(struct subscriber *s)
{
	struct hub *hub = s->hub;
	struct text *texts[STREAM_TEXTS_MAX];
	size_t n = 0;
	int code = 0;

	for (uint64_t hits = s->hits; hits; hits &= hits - 1) {
		uint64_t seq = s->seen + 1 + (uint64_t)__builtin_ctzll(hits);
		struct row *row = rows_find(&hub->rows, seq);

		texts[n] = row ? text_for(s, row) : NULL;
		if (!texts[n]) {
			look_again(s);
			break;
		}
		hub->telling.seqs[n++] = seq;
	}
	if (!s->trailing && n) {
		s->hits = 0;
		s->seen = hub->head;
		code = write_told(s, texts, n, 0);
	}
	while (n)
		text_unref(texts[--n]);
	return code;
}

void stream_row(struct subscriber *s, struct row *row)
{
	struct telling *telling = &s->hub->telling;
	struct text *frame;

	if (s->page) {
		if (s->page->n++)
			hgt_buf_addc(&s->page->events, ',');
		if (!is_cut(s, row))
			hgt_buf_add(&s->page->events, row->body, row->body_len);
		else if (scope_narrow_event(s->scope, row->body, row->body_len, &s->page->events, NULL) < 0)
			s->broken = true;
		return;
	}
	frame = text_for(s, row);
	if (!frame) {
		s->broken = true;
		return;
	}
	telling->seqs[telling->n] = row->seq;
	telling->rows[telling->n++] = frame;
	telling->bytes += frame->len;
}

/* One of its own, before all rows that are told with it. */
static void add_frame(struct subscriber *s, const char *id, const char *name, const struct hgt_buf *data)
{
	struct telling *telling = &s->hub->telling;

	assert(!telling->n);
	hgt_sse_write(&telling->text, id, name, data->data, data->len);
	telling->text.failed |= data->failed;
}

void stream_ref(struct subscriber *s, const char *repo, const char *ref, const char *id)
{
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&data);

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "repo", repo);
	hgt_json_key_string(&json, "ref", ref);
	hgt_json_key_string(&json, "new", id);
	hgt_json_end_object(&json);
	if (!s->page) {
		/* No id: who breaks off in the middle of a snapshot is to begin it again. */
		add_frame(s, NULL, HGT_STREAM_SNAPSHOT, &data);
	} else {
		if (s->page->snapshot.len)
			hgt_buf_addc(&s->page->snapshot, ',');
		hgt_buf_add(&s->page->snapshot, data.data, data.len);
	}
	hgt_buf_release(&data);
}

void stream_notice(struct subscriber *s, const struct hub_notice *notice)
{
	/* No id: it is no place to go on from. */
	hgt_sse_write(&s->hub->telling.text, NULL, notice->name, notice->data, notice->len);
}

void stream_reset(struct subscriber *s, const char *reason)
{
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&data);

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "reason", reason);
	hgt_json_end_object(&json);
	add_frame(s, NULL, HGT_STREAM_RESET, &data);
	hgt_buf_release(&data);
}

static void seen_cursor(const struct subscriber *s, struct hgt_buf *out)
{
	struct hgt_cursor cursor = {.seq = subscriber_seen(s)};

	snprintf(cursor.journal, sizeof(cursor.journal), "%s", hgt_journal_id(s->hub->daemon->reader));
	hgt_cursor_format(&cursor, out);
}

void stream_bookmark(struct subscriber *s)
{
	struct hgt_buf id = HGT_BUF_INIT, data = HGT_BUF_INIT;

	seen_cursor(s, &id);
	hgt_buf_adds(&data, "{}");
	data.failed |= id.failed;
	add_frame(s, id.data, HGT_STREAM_BOOKMARK, &data);
	hgt_buf_release(&id);
	hgt_buf_release(&data);
}

int stream_bookmark_now(struct subscriber *s)
{
	const bool packed = stream_socket_form(s->socket).packed;
	struct hub *hub = s->hub;
	struct text **text = &hub->bookmark[packed];

	if (hub->bookmark_seq != hub->head) {
		text_unref(hub->bookmark[0]);
		text_unref(hub->bookmark[1]);
		hub->bookmark[0] = hub->bookmark[1] = NULL;
		hub->bookmark_seq = hub->head;
	}
	if (!*text) {
		struct hgt_buf *frame = &hub->telling.text;

		stream_bookmark(s);
		if (!frame->failed)
			*text = packed ? text_new_packed(frame->data, frame->len) : text_new(frame->data, frame->len);
		forget_told(&hub->telling);
	}
	s->seen = hub->head;	/* where it is should its socket be full now */
	/* Without memory for it there is another one later. */
	return *text ? write_told(s, text, 1, 1) : 0;
}

static void send_page(struct subscriber *s)
{
	struct hgt_buf body = HGT_BUF_INIT, cursor = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);
	const struct page *page = s->page;

	/* One that told nothing, or not where all refs are, would be taken for the truth, or asked for again at once. */
	if (s->broken && (!page->n || page->has_snapshot)) {
		request_reply_error(page->request, 503, NULL, "the journal cannot be read");
		return;
	}
	seen_cursor(s, &cursor);
	hgt_json_begin_object(&json);
	if (page->has_snapshot) {
		hgt_json_key(&json, "snapshot");
		hgt_json_begin_array(&json);
		hgt_json_raw(&json, page->snapshot.data, page->snapshot.len);
		hgt_json_end_array(&json);
	}
	hgt_json_key(&json, "events");
	hgt_json_begin_array(&json);
	hgt_json_raw(&json, page->events.data, page->events.len);
	hgt_json_end_array(&json);
	hgt_json_key_string(&json, "cursor", cursor.data);
	hgt_json_key_bool(&json, "more", subscriber_seen(s) < s->hub->head);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	if (page->events.failed || page->snapshot.failed || cursor.failed)
		body.failed = true;
	request_header(page->request, "Cache-Control", "no-store");
	request_reply_json(page->request, 200, &body);
	hgt_buf_release(&cursor);
	hgt_buf_release(&body);
}

void stream_end(struct subscriber *s)
{
	if (s->page)
		send_page(s);
	else
		stream_socket_finish(s->socket);
	subscriber_free(s);
}

void stream_drop(struct subscriber *s)
{
	stream_socket_drop(s->socket);
	subscriber_free(s);
}

static void page_waited(evutil_socket_t fd, short what, void *arg)
{
	struct subscriber *s = arg;

	(void)fd;
	(void)what;
	stream_end(s);
}

/* Wait for the first event. evhttp does not read while a request is being answered, and would not see the client go; so read on,
 * but look at nothing: what comes is the next request, and evhttp finds it in the buffer. */
static bool page_wait(struct subscriber *s)
{
	struct page *page = s->page;
	const struct timeval wait = {.tv_sec = page->wait_ms / 1000, .tv_usec = page->wait_ms % 1000 * 1000};
	struct evhttp_connection *connection = page->request->ev ? evhttp_request_get_connection(page->request->ev) : NULL;
	struct bufferevent *bev = connection ? evhttp_connection_get_bufferevent(connection) : NULL;
	bufferevent_data_cb write_cb;
	bufferevent_event_cb event_cb;
	void *arg;

	page->timer = evtimer_new(s->hub->daemon->base, page_waited, s);
	if (!bev || !page->timer || evtimer_add(page->timer, &wait) < 0)
		return false;
	bufferevent_getcb(bev, NULL, &write_cb, &event_cb, &arg);
	bufferevent_setcb(bev, NULL, write_cb, event_cb, arg);
	bufferevent_enable(bev, EV_READ);
	return true;
}

bool page_settle(struct subscriber *s)
{
	struct page *page = s->page;
	bool caught_up = s->phase == SUBSCRIBER_LIVE && !s->ask && s->seen == s->hub->head;

	if (!stream_is_full(s) && !caught_up) {
		if (s->place == PLACE_NONE)
			subscriber_move(s, PLACE_READY);
		return true;
	}
	if (caught_up && !s->broken && !page->n && !page->has_snapshot && page->wait_ms && (page->timer || page_wait(s))) {
		s->trailing = false;
		return true;
	}
	stream_end(s);
	return false;
}
