/* Kinds of servers: Headgate, nchan, nats-server, and the bare write loop of write_loop.c. */
#include <err.h>

#include "base/timing.h"
#include "headgate/protocol.h"
#include "tests/tools/load/load.h"
#include "tests/tools/load/push.h"

static size_t index_of(const struct load *load, const struct stream *stream)
{
	return (size_t)(stream - load->streams);
}

/* What stream i listens to at a server that has named channels, and event i goes to. */
static void channel_of_stream(const struct load *load, size_t i, struct hgt_buf *out)
{
	if (load->own_paths)
		hgt_buf_addf(out, "bench.%zu", i);
	else
		hgt_buf_adds(out, "bench");
}

static void channel_of_event(const struct load *load, size_t i, struct hgt_buf *out)
{
	channel_of_stream(load, load->own_paths ? load->owners[i] : 0, out);
}

static void payload_of_event(const struct load *load, size_t i, struct hgt_buf *out)
{
	hgt_buf_add(out, load->payload.data, load->hole);
	hgt_buf_add(out, load->ids[i], LOAD_ID);
	hgt_buf_add(out, load->payload.data + load->hole + LOAD_ID, load->payload.len - load->hole - LOAD_ID);
}

static int control_connection(struct load *load)
{
	if (load->control < 0) {
		load->control = load_watch_control(load, load_connect_publisher(load));
		frames_begin(&load->control_frames, FRAMES_TEXT);
	}
	return load->control;
}

static void send_published(struct load *load, const struct hgt_buf *text, size_t answers)
{
	int fd = control_connection(load);

	load->answers = answers;
	load->began = hgt_time_mono_us();
	send_all(fd, text, "publish");
}

static void last_event_id(const struct stream *stream, struct hgt_buf *out)
{
	if (*stream->cursor)
		hgt_buf_addf(out, "Last-Event-ID: %s\r\n", stream->cursor);
}

/* Headgate: each event a push, handed over as the post-receive hook does it. */

static void headgate_request(const struct load *load, const struct stream *stream, struct hgt_buf *out)
{
	hgt_buf_addf(out, "GET /v1/agents/self/events?instance=%032d HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
		"Accept: text/event-stream\r\n", 0, load->tokens[index_of(load, stream)]);
	last_event_id(stream, out);
	hgt_buf_adds(out, "\r\n");
}

static bool headgate_ready(const char *line, size_t len)
{
	static const char bookmark[] = "event: " HGT_STREAM_BOOKMARK;

	return len == sizeof bookmark - 1 && !memcmp(line, bookmark, len);
}

/* The pushes have all been made when the first one's hook has its turn; each hook has a connection of its own. */
static void headgate_publish(struct load *load, size_t n)
{
	const size_t first = load->head_before;
	struct hgt_buf lines[LOAD_BURST_MAX];

	for (size_t i = 0; i < n; i++) {
		hgt_buf_init(&lines[i]);
		push_announcement(load->repository, first + i ? load->ids[first + i - 1] : load->before, load->ids[first + i], &lines[i]);
		load->hooks[i] = push_connect(load->hook);
		load_watch_hook(load, i);
	}
	push_move_ref(load->repository, load->ids[first + n - 1]);
	load->answers = n;
	load->began = hgt_time_mono_us();
	for (size_t i = 0; i < n; i++) {
		send_all(load->hooks[i], &lines[i], "the hook socket");
		hgt_buf_release(&lines[i]);
	}
}

/* nchan: HTTP on both sides, EventSource on one. */

static void nchan_request(const struct load *load, const struct stream *stream, struct hgt_buf *out)
{
	hgt_buf_adds(out, "GET /events/");
	channel_of_stream(load, index_of(load, stream), out);
	hgt_buf_adds(out, " HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n");
	last_event_id(stream, out);
	hgt_buf_adds(out, "\r\n");
}

static void nchan_publish(struct load *load, size_t n)
{
	struct hgt_buf text = HGT_BUF_INIT;

	for (size_t i = load->head_before; i < load->published; i++) {
		hgt_buf_adds(&text, "POST /publish/");
		channel_of_event(load, i, &text);
		hgt_buf_addf(&text, " HTTP/1.1\r\nHost: localhost\r\nX-EventSource-Event: " HGT_EVENT_REF_UPDATED "\r\n"
			"Content-Length: %zu\r\n\r\n", load->payload.len);
		payload_of_event(load, i, &text);
	}
	send_published(load, &text, n);
	hgt_buf_release(&text);
}

/* nats-server: lines on both sides. */

#define NATS_HELLO "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\",\"version\":\"1\"}\r\n"

static void nats_request(const struct load *load, const struct stream *stream, struct hgt_buf *out)
{
	hgt_buf_adds(out, NATS_HELLO "SUB ");
	channel_of_stream(load, index_of(load, stream), out);
	hgt_buf_adds(out, " 1\r\nPING\r\n");
}

static bool nats_ready(const char *line, size_t len)
{
	return len == 4 && !memcmp(line, "PONG", 4);
}

static void nats_publish(struct load *load, size_t n)
{
	struct hgt_buf text = HGT_BUF_INIT;

	(void)n;
	if (load->control < 0)
		hgt_buf_adds(&text, NATS_HELLO);
	for (size_t i = load->head_before; i < load->published; i++) {
		hgt_buf_adds(&text, "PUB ");
		channel_of_event(load, i, &text);
		hgt_buf_addf(&text, " %zu\r\n", load->payload.len);
		payload_of_event(load, i, &text);
		hgt_buf_adds(&text, "\r\n");
	}
	hgt_buf_adds(&text, "PING\r\n");
	send_published(load, &text, 1);
	hgt_buf_release(&text);
}

/* The bare write loop: it is given the very bytes that each stream gets. An id is the number of events up to it. */

static void bare_request(const struct load *load, const struct stream *stream, struct hgt_buf *out)
{
	(void)load;
	hgt_buf_adds(out, "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n");
	last_event_id(stream, out);
	hgt_buf_adds(out, "\r\n");
}

static void bare_publish(struct load *load, size_t n)
{
	struct hgt_buf frames = HGT_BUF_INIT, text = HGT_BUF_INIT;

	(void)n;
	for (size_t i = load->head_before; i < load->published; i++) {
		hgt_buf_addf(&frames, "id: %032d.%zu\nevent: " HGT_EVENT_REF_UPDATED "\ndata: ", 0, i + 1);
		payload_of_event(load, i, &frames);
		hgt_buf_adds(&frames, "\n\n");
	}
	out_of_memory_if(frames.failed);
	hgt_buf_addf(&text, "POST / HTTP/1.1\r\nContent-Length: %zu\r\n\r\n", frames.len);
	hgt_buf_add(&text, frames.data, frames.len);
	send_published(load, &text, 1);
	hgt_buf_release(&frames);
	hgt_buf_release(&text);
}

static const struct kind kinds[] = {
	{"headgate", FRAMES_HTTP, true, headgate_request, headgate_ready, headgate_publish, "\"ok\":true"},
	{"nchan", FRAMES_HTTP, true, nchan_request, NULL, nchan_publish, "HTTP/1.1 20"},
	{"nats", FRAMES_TEXT, false, nats_request, nats_ready, nats_publish, "PONG"},
	{"bare", FRAMES_HTTP, true, bare_request, NULL, bare_publish, "HTTP/1.1 20"},
};

const struct kind *kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}
