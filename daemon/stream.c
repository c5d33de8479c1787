/* What subscribers are sent: server-sent events, or one JSON page. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/json_writer.h"
#include "daemon/scope.h"
#include "daemon/subscriber.h"
#include "headgate/protocol.h"

#define COPY_MAX 2048		/* bytes of a frame that is copied into each socket's buffer; a longer one is shared */
#define STREAM_SEND_BUFFER (64 * 1024)	/* of the kernel, for one stream: it doubles it */
#define STREAM_DEAD_MS 60000	/* a peer that acknowledges nothing for so long is gone */

static struct bufferevent *socket_of(const struct subscriber *s)
{
	struct evhttp_connection *connection = s->request->ev ? evhttp_request_get_connection(s->request->ev) : NULL;

	return connection ? evhttp_connection_get_bufferevent(connection) : NULL;
}

void stream_start(struct subscriber *s)
{
	struct bufferevent *bev = socket_of(s);
	const int buffer = STREAM_SEND_BUFFER, dead = STREAM_DEAD_MS;

	if (bev) {
		/* What does not fit is in the journal, not in ten thousand kernel buffers; on a unix socket the second fails, and
		 * that is well. */
		setsockopt(bufferevent_getfd(bev), SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
		setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_USER_TIMEOUT, &dead, sizeof(dead));
	}
	/* What a stream that may be open for weeks does not need. */
	query_release(&s->request->query);
	evhttp_clear_headers(evhttp_request_get_input_headers(s->request->ev));
	request_header(s->request, "Content-Type", "text/event-stream");
	request_header(s->request, "Cache-Control", "no-store");
	request_header(s->request, "X-Accel-Buffering", "no");	/* proxies of nginx's kind pass it on at once */
	request_header(s->request, "Connection", "close");
	evhttp_send_reply_start(s->request->ev, 200, request_reason(200));
}

bool stream_is_full(const struct subscriber *s)
{
	struct bufferevent *bev;

	if (s->broken)
		return true;
	if (s->page)
		return s->page->n >= s->limit || s->page->events.len >= PAGE_BYTES_MAX;
	bev = socket_of(s);
	return s->full || !bev ||
		evbuffer_get_length(bufferevent_get_output(bev)) + evbuffer_get_length(s->hub->out) >= STREAM_QUEUE_MAX;
}

static void drained(struct evhttp_connection *connection, void *arg)
{
	struct subscriber *s = arg;

	(void)connection;
	s->full = false;
	if (!s->is_behind && !s->ask)
		subscriber_feed(s);
}

void stream_flush(struct subscriber *s)
{
	if (s->page || !evbuffer_get_length(s->hub->out))
		return;
	evhttp_send_reply_chunk_with_cb(s->request->ev, s->hub->out, drained, s);
	/* evhttp leaves it where it was when the client has just gone. */
	evbuffer_drain(s->hub->out, evbuffer_get_length(s->hub->out));
	s->full = stream_is_full(s);
}

static void release_row(const void *data, size_t len, void *row)
{
	(void)data;
	(void)len;
	row_unref(row);
}

/* A ref event without the paths that the subscriber may not see. */
static void tell_narrowed(struct subscriber *s, const struct row *row)
{
	struct hgt_cursor cursor = {.seq = row->seq};
	struct hgt_buf body = HGT_BUF_INIT, id = HGT_BUF_INIT, frame = HGT_BUF_INIT;

	if (scope_narrow_event(s->scope, row->body, row->body_len, &body, NULL) < 0) {
		s->broken = true;
	} else if (s->page) {
		hgt_buf_add(&s->page->events, body.data, body.len);
	} else {
		snprintf(cursor.journal, sizeof(cursor.journal), "%s", hgt_journal_id(s->hub->daemon->reader));
		hgt_cursor_format(&cursor, &id);
		hgt_sse_write(&frame, id.data, row->type, body.data, body.len);
		if (id.failed || frame.failed || evbuffer_add(s->hub->out, frame.data, frame.len) < 0)
			s->broken = true;
	}
	hgt_buf_release(&body);
	hgt_buf_release(&id);
	hgt_buf_release(&frame);
}

void stream_row(struct subscriber *s, struct row *row)
{
	struct evbuffer *out = s->hub->out;
	const char *frame;

	if (s->scope && row->is_ref) {
		if (s->page && s->page->n++)
			hgt_buf_addc(&s->page->events, ',');
		tell_narrowed(s, row);
		return;
	}
	if (s->page) {
		if (s->page->n++)
			hgt_buf_addc(&s->page->events, ',');
		hgt_buf_add(&s->page->events, row->body, row->body_len);
		return;
	}
	frame = row_frame(row, hgt_journal_id(s->hub->daemon->reader));
	if (!frame) {
		s->broken = true;
	} else if (row->frame_len <= COPY_MAX) {
		if (evbuffer_add(out, frame, row->frame_len) < 0)
			s->broken = true;
	} else if (evbuffer_add_reference(out, frame, row->frame_len, release_row, row_ref(row)) < 0) {
		row_unref(row);
		s->broken = true;
	}
}

static void add_frame(struct subscriber *s, const char *id, const char *name, const struct hgt_buf *data)
{
	struct hgt_buf frame = HGT_BUF_INIT;

	hgt_sse_write(&frame, id, name, data->data, data->len);
	if (frame.failed || data->failed || evbuffer_add(s->hub->out, frame.data, frame.len) < 0)
		s->broken = true;
	hgt_buf_release(&frame);
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
	struct hgt_cursor cursor = {.seq = s->seen};

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

static void send_page(struct subscriber *s)
{
	struct hgt_buf body = HGT_BUF_INIT, cursor = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);
	const struct page *page = s->page;

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
	hgt_json_key_bool(&json, "more", s->seen < s->hub->head);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	if (page->events.failed || page->snapshot.failed || cursor.failed)
		body.failed = true;
	request_header(s->request, "Cache-Control", "no-store");
	request_reply_json(s->request, 200, &body);
	hgt_buf_release(&cursor);
	hgt_buf_release(&body);
}

void stream_end(struct subscriber *s)
{
	struct evhttp_request *ev = s->request->ev;

	if (s->page) {
		send_page(s);
	} else {
		request_free(s->request);
		if (ev)
			evhttp_send_reply_end(ev);
	}
	subscriber_free(s);
}

static void page_waited(evutil_socket_t fd, short what, void *arg)
{
	struct subscriber *s = arg;

	(void)fd;
	(void)what;
	stream_end(s);
}

/* Wait for the first event. evhttp does not read while a request is being answered, and would not see the client go; so read on, but
 * look at nothing: what comes is the next request, and evhttp finds it in the buffer. */
static bool page_wait(struct subscriber *s)
{
	const struct timeval wait = {.tv_sec = s->wait_ms / 1000, .tv_usec = s->wait_ms % 1000 * 1000};
	struct bufferevent *bev = socket_of(s);
	bufferevent_data_cb write_cb;
	bufferevent_event_cb event_cb;
	void *arg;

	s->page->timer = evtimer_new(s->hub->daemon->base, page_waited, s);
	if (!bev || !s->page->timer || evtimer_add(s->page->timer, &wait) < 0)
		return false;
	bufferevent_getcb(bev, NULL, &write_cb, &event_cb, &arg);
	bufferevent_setcb(bev, NULL, write_cb, event_cb, arg);
	bufferevent_enable(bev, EV_READ);
	return true;
}

bool page_settle(struct subscriber *s)
{
	bool caught_up = s->phase == SUBSCRIBER_LIVE && !s->ask && s->seen == s->hub->head;

	if (!stream_is_full(s) && !caught_up)
		return true;
	if (caught_up && !s->page->n && !s->page->has_snapshot && s->wait_ms && (s->page->timer || page_wait(s)))
		return true;
	stream_end(s);
	return false;
}
