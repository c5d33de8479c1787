/* Kinds of servers: Headgate, nchan, nats-server, and the bare write loop of write_loop.c. */
#include <err.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "base/timing.h"
#include "headgate/protocol.h"
#include "tests/tools/load/load.h"

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

static int connect_hook(const struct load *load)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(load->hook) >= sizeof address.sun_path)
		errx(1, "%s: too long for a socket", load->hook);
	memcpy(address.sun_path, load->hook, strlen(load->hook) + 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		err(1, "%s", load->hook);
	return fd;
}

/* As git does it: a new file renamed over the old one. */
static void move_ref(const struct load *load, const char *commit)
{
	struct hgt_buf ref = HGT_BUF_INIT, lock = HGT_BUF_INIT;
	int fd;

	hgt_buf_addf(&ref, "%s/refs/heads/main", load->repository);
	hgt_buf_addf(&lock, "%s.lock", ref.data);
	out_of_memory_if(ref.failed || lock.failed);
	fd = open(lock.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || hgt_write_all(fd, commit, strlen(commit)) < 0 || hgt_write_all(fd, "\n", 1) < 0 || close(fd) < 0 ||
		rename(lock.data, ref.data) < 0)
		err(1, "%s", lock.data);
	hgt_buf_release(&ref);
	hgt_buf_release(&lock);
}

static void announcement(const struct load *load, const char *old, const char *new, struct hgt_buf *line)
{
	char push[33], when[HGT_TIME_TEXT];

	hgt_random_hex(16, push);
	hgt_time_format(hgt_time_now_ms(), when);
	hgt_buf_addf(line, "{\"v\":1,\"type\":\"received\",\"repo\":\"%s\",\"push\":\"%s\",\"actor\":{\"name\":\"bench\","
		"\"id\":null,\"server\":\"local\",\"repo\":null,\"remote\":null,\"protocol\":null},\"time\":\"%s\",\"options\":[],"
		"\"updates\":[{\"old\":\"%s\",\"new\":\"%s\",\"ref\":\"refs/heads/main\"}]}\n",
		load->repository, push, when, old, new);
}

/* The pushes have all been made when the first one's hook has its turn; each hook has a connection of its own. */
static void headgate_publish(struct load *load, size_t n)
{
	const size_t first = load->head_before;
	struct hgt_buf lines[LOAD_BURST_MAX];

	for (size_t i = 0; i < n; i++) {
		hgt_buf_init(&lines[i]);
		announcement(load, first + i ? load->ids[first + i - 1] : load->before, load->ids[first + i], &lines[i]);
		load->hooks[i] = connect_hook(load);
		load_watch_hook(load, i);
	}
	move_ref(load, load->ids[first + n - 1]);
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
