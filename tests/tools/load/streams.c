/* The sockets of all streams in one epoll loop, and of who publishes. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "base/timing.h"
#include "tests/tools/load/load.h"

enum {
	EVENTS_AT_ONCE = 512,
	CONNECTS_AT_ONCE = 64,	/* before the loop looks at its sockets again */
	OPENING_AT_ONCE = 128,	/* streams that are not there yet, where no herd is wanted */
	SOURCE_ADDRESSES = 200,
	RETRIES = 20,		/* of each stream, on average */
	RETRY_MS = 100,
};

/* What an epoll event is about: a stream's index, or one of these and above. */
#define TAG_CONTROL UINT64_C(0x100000000)
#define TAG_HOOK UINT64_C(0x200000000)

void send_all(int fd, const struct hgt_buf *text, const char *what)
{
	out_of_memory_if(text->failed);
	if (hgt_write_all(fd, text->data, text->len) < 0)
		err(1, "%s", what);
}

/* A fleet has many addresses, and one address too few ports for connections that come and go. */
static void bind_source(const struct load *load, const struct stream *stream, int fd)
{
	size_t i = (size_t)(stream - load->streams);
	struct sockaddr_in source = {.sin_family = AF_INET};
	const int on = 1;

	source.sin_addr.s_addr = htonl(127u << 24 | 1u << 16 | (load->generation % 256) << 8 | (unsigned)(1 + i % SOURCE_ADDRESSES));
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) < 0 ||
		bind(fd, (struct sockaddr *)&source, sizeof source) < 0)
		err(1, "bind a stream's address");
}

static int connect_to(uint16_t port, int fd)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
		err(1, "connect to port %u", port);
	return fd;
}

int load_connect_publisher(const struct load *load)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(1, "a socket");
	return connect_to(load->publish_port, fd);
}

static int connect_stream(const struct load *load, const struct stream *stream)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		err(1, "a socket");
	bind_source(load, stream, fd);
	return connect_to(load->port, fd);
}

static void watch(struct load *load, int fd, uint32_t events, uint64_t tag, int how)
{
	struct epoll_event event = {.events = events, .data.u64 = tag};

	if (epoll_ctl(load->epoll, how, fd, &event) < 0)
		err(1, "epoll");
}

int load_watch_control(struct load *load, int fd)
{
	watch(load, fd, EPOLLIN, TAG_CONTROL, EPOLL_CTL_ADD);
	return fd;
}

void load_watch_hook(struct load *load, size_t slot)
{
	watch(load, load->hooks[slot], EPOLLIN, TAG_HOOK + slot, EPOLL_CTL_ADD);
}

static void became_ready(struct load *load, struct stream *stream)
{
	stream->state = STREAM_READY;
	load->n_ready++;
}

/* A stream was told of an event. */
static void take_event(struct load *load, struct stream *stream, const char *id)
{
	size_t index = (size_t)(stream - load->streams), due = stream->next;

	load->deliveries++;
	if (load->own_paths) {
		due = load->published - 1;
		if (due < stream->next || load->owners[due] != index)
			errx(1, "stream %zu was told of %.40s, which is not for it", index, id);
	}
	if (due >= load->published || memcmp(id, load->ids[due], LOAD_ID) != 0)
		errx(1, "stream %zu was told of %.40s, but event %zu is %s: one was lost, or came twice", index, id, due,
			due < load->published ? load->ids[due] : "not out yet");
	stream->next = due + 1;
	if (stream->next == load->published)
		load->took[load->arrived++] = hgt_time_mono_us() - load->began;
}

static void pong(struct stream *stream)
{
	if (stream_write(stream, "PONG\r\n", 6) < 0)
		err(1, "answer a ping");
}

static bool begins(const char *line, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && !memcmp(line, with, n);
}

static bool holds(const char *line, size_t len, const char *what)
{
	return memmem(line, len, what, strlen(what)) != NULL;
}

static void stream_line(struct load *load, struct stream *stream, const char *line, size_t len)
{
	static const char mark[] = "\"new\":\"";
	const char *data = line, *id;

	if (!line) {
		if (stream->state == STREAM_ASKED && (!load->kind->is_ready || *stream->cursor))
			became_ready(load, stream);
		return;
	}
	if (stream->state == STREAM_ASKED && load->kind->is_ready && load->kind->is_ready(line, len))
		became_ready(load, stream);
	if (begins(line, len, "id: ") && len - 4 < sizeof stream->cursor) {
		memcpy(stream->cursor, line + 4, len - 4);
		stream->cursor[len - 4] = '\0';
		return;
	}
	if (len == 4 && begins(line, len, "PING")) {
		pong(stream);
		return;
	}
	if (begins(line, len, "event: reset") || begins(line, len, "-ERR"))
		errx(1, "a stream was told: %.*s", (int)len, line);
	if (begins(line, len, "data: "))
		data += 6;
	if (!begins(data, len - (size_t)(data - line), "{\"specversion\""))
		return;
	id = memmem(data, len - (size_t)(data - line), mark, sizeof mark - 1);
	if (!id || id + sizeof mark - 1 + LOAD_ID > line + len)
		errx(1, "an event without an id: %.*s", (int)len, line);
	take_event(load, stream, id + sizeof mark - 1);
}

static void begin_stream(struct load *load, struct stream *stream)
{
	frames_begin(&stream->frames, load->kind->form);
	stream->fd = connect_stream(load, stream);
	stream_secure(load, stream);
	stream->state = STREAM_CONNECTING;
	watch(load, stream->fd, EPOLLOUT, (uint64_t)(stream - load->streams), EPOLL_CTL_ADD);
}

/* The server has ended it. Where it has not said a word, it may have been too much of a crowd: come again soon, as agents do. */
static void stream_ended(struct load *load, struct stream *stream, const char *why)
{
	if (stream->state == STREAM_READY || stream->frames.rest.len || load->n_retries == load->most * RETRIES)
		errx(1, "stream %zu of %s: %s", (size_t)(stream - load->streams), load->kind->name, why);
	stream_hang_up(stream);
	stream->state = STREAM_CLOSED;
	load->n_retries++;
	if (!load->retry_ms)
		load->retry_ms = hgt_time_mono_ms() + RETRY_MS;
}

static void retry_when_due(struct load *load)
{
	if (!load->retry_ms || hgt_time_mono_ms() < load->retry_ms)
		return;
	load->retry_ms = 0;
	for (size_t i = 0; i < load->n_streams; i++)
		if (load->streams[i].state == STREAM_CLOSED)
			begin_stream(load, &load->streams[i]);
}

/* The connection stands, or a TLS handshake goes on. */
static void send_request(struct load *load, struct stream *stream)
{
	struct hgt_buf request = HGT_BUF_INIT;
	socklen_t size = sizeof(int);
	int error = 0, shaken;

	if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error) {
		stream_ended(load, stream, strerror(error ? error : errno));
		return;
	}
	shaken = stream_shake_hands(stream);
	if (shaken < 0) {
		stream_ended(load, stream, strerror(errno));
		return;
	}
	watch(load, stream->fd, EPOLLIN, (uint64_t)(stream - load->streams), EPOLL_CTL_MOD);
	if (!shaken)
		return;
	load->kind->request(load, stream, &request);
	out_of_memory_if(request.failed);
	if (stream_write(stream, request.data, request.len) < 0)
		stream_ended(load, stream, strerror(errno));
	else
		stream->state = STREAM_ASKED;
	hgt_buf_release(&request);
}

static size_t read_publisher(int fd, char *into)
{
	ssize_t got = read(fd, into, LOAD_READ);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got <= 0)
		errx(1, "the server has ended a publisher's connection");
	return (size_t)got;
}

static void read_stream(struct load *load, struct stream *stream)
{
	/* What TLS has decrypted already, epoll knows nothing of: so that is read to its end. */
	do {
		ssize_t got = stream_read(stream, load->bytes, LOAD_READ);

		if (got > 0) {
			frames_feed(&stream->frames, load->bytes, (size_t)got, stream_line, load, stream);
			continue;
		}
		if (!got)
			stream_ended(load, stream, "the server has ended it");
		else if (errno != EAGAIN && errno != EINTR)
			stream_ended(load, stream, strerror(errno));
		break;
	} while (stream->ssl);
}

static void control_line(struct load *load, struct stream *stream, const char *line, size_t len)
{
	(void)stream;
	if (!line)
		return;
	/* The body before an answer's head may lack an end of line. */
	if (holds(line, len, "-ERR") || holds(line, len, "HTTP/1.1 4") || holds(line, len, "HTTP/1.1 5"))
		errx(1, "publish: %.*s", (int)len, line);
	if (holds(line, len, load->kind->answer)) {
		if (!load->answers)
			errx(1, "publish: an answer too many: %.*s", (int)len, line);
		load->answers--;
	}
}

static void hook_said(struct load *load, size_t slot, const char *said, size_t len)
{
	if (!holds(said, len, load->kind->answer))
		errx(1, "the hook socket said: %.*s", (int)len, said);
	close(load->hooks[slot]);
	load->hooks[slot] = -1;
	load->answers--;
}

static void dispatch(struct load *load, const struct epoll_event *event)
{
	size_t got;

	if (event->data.u64 >= TAG_HOOK) {
		size_t slot = event->data.u64 - TAG_HOOK;

		if ((got = read_publisher(load->hooks[slot], load->bytes)))
			hook_said(load, slot, load->bytes, got);
	} else if (event->data.u64 == TAG_CONTROL) {
		if ((got = read_publisher(load->control, load->bytes)))
			frames_feed(&load->control_frames, load->bytes, got, control_line, load, NULL);
	} else {
		struct stream *stream = &load->streams[event->data.u64];

		if (stream->state == STREAM_CONNECTING)
			send_request(load, stream);
		else
			read_stream(load, stream);
	}
}

static void turn(struct load *load, int64_t wait_ms)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int n = epoll_wait(load->epoll, events, EVENTS_AT_ONCE, wait_ms < 0 ? 0 : (int)wait_ms);

	if (n < 0 && errno != EINTR)
		err(1, "epoll_wait");
	for (int i = 0; i < n; i++)
		dispatch(load, &events[i]);
}

/* Turn until *have is want and all answers have come. */
static void turn_until(struct load *load, const size_t *have, size_t want, const char *what)
{
	int64_t deadline = hgt_time_mono_ms() + LOAD_PATIENCE_MS;

	while (*have < want || load->answers) {
		int64_t left = deadline - hgt_time_mono_ms();

		if (left <= 0)
			errx(1, "%s: %zu of %zu %s in %d s, %zu answers missing", load->kind->name, *have, want, what,
				LOAD_PATIENCE_MS / 1000, load->answers);
		turn(load, load->retry_ms ? RETRY_MS : left);
		retry_when_due(load);
	}
}

void load_open(struct load *load, size_t n)
{
	if (n > load->most)
		errx(2, "%zu streams are more than the %zu that there is room for", n, load->most);
	for (; load->n_streams < n; load->n_streams++) {
		if (load->n_streams >= load->n_ready + OPENING_AT_ONCE)
			turn_until(load, &load->n_ready, load->n_ready + 1, "streams were there");
		load->streams[load->n_streams].next = load->published;
		begin_stream(load, &load->streams[load->n_streams]);
	}
	turn_until(load, &load->n_ready, n, "streams were there");
}

void load_close(struct load *load)
{
	for (size_t i = 0; i < load->n_streams; i++) {
		stream_hang_up(&load->streams[i]);
		load->streams[i].state = STREAM_CLOSED;
	}
	load->n_ready = 0;
	load->generation++;
}

static void hand_over(struct load *load, size_t n)
{
	if (n > LOAD_BURST_MAX)
		errx(2, "%zu events at once are more than %d", n, LOAD_BURST_MAX);
	if (load->published + n > load->n_ids)
		errx(1, "the commits do not suffice");
	load->arrived = 0;
	load->head_before = load->published;
	load->published += n;
	load->kind->publish(load, n);
}

void load_publish(struct load *load, size_t n)
{
	hand_over(load, n);
	turn_until(load, &load->arrived, load->own_paths ? 1 : load->n_streams, "streams had the event");
}

void load_publish_unheard(struct load *load, size_t n)
{
	hand_over(load, n);
	turn_until(load, &load->arrived, 0, "");
}

void load_reconnect(struct load *load)
{
	load->arrived = load->n_retries = 0;
	load->began = hgt_time_mono_us();
	for (size_t i = 0; i < load->n_streams; i++) {
		if (!*load->streams[i].cursor)
			errx(1, "stream %zu has no cursor to go on from", i);
		begin_stream(load, &load->streams[i]);
		if (i % CONNECTS_AT_ONCE == 0)
			turn(load, 0);
	}
	turn_until(load, &load->arrived, load->n_streams, "streams had what they missed");
}

void load_quiet(struct load *load, int64_t for_ms)
{
	int64_t until = hgt_time_mono_ms() + for_ms, now;
	uint64_t before = load->deliveries;

	while ((now = hgt_time_mono_ms()) < until)
		turn(load, until - now);
	if (load->deliveries != before)
		errx(1, "%llu events came when none was due", (unsigned long long)(load->deliveries - before));
}
