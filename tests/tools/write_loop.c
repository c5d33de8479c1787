/*
 * The floor of event streams: a server that keeps sockets and writes the same bytes to each of them, one after another, and does nothing
 * else.
 *
 *	listening PORT-FILE write_loop
 *
 * serves on the listening socket that is its descriptor 3. GET begins a stream: a head, then with "Last-Event-ID: <any>.<N>" what was
 * written after event N, then whatever is posted. POST has events, each ending in an empty line, that are written to all; it is answered
 * when they have been. It is for a client that reads: a write waits for it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"

enum { LISTENING = 3, FILES_MAX = 20000, REQUEST_MAX = 16 * 1024 * 1024, EVENTS_AT_ONCE = 512 };

struct server {
	int epoll;
	int *streams;		/* sockets in the order in which they came */
	size_t n_streams;
	int position[FILES_MAX];	/* of a descriptor among them, -1 */
	struct hgt_buf asked[FILES_MAX];	/* of a descriptor: a request that has not come to its end */
	struct hgt_buf log;	/* all events */
	size_t *ends;		/* of each event, in the log */
	size_t n_events, cap;
};

static void drop(struct server *server, int fd)
{
	int at = server->position[fd];

	if (at >= 0) {
		int last = server->streams[--server->n_streams];

		server->streams[at] = last;
		server->position[last] = at;
		server->position[fd] = -1;
	}
	hgt_buf_release(&server->asked[fd]);
	close(fd);
}

static void write_to(int fd, const char *bytes, size_t len)
{
	/* Who has gone is noticed when epoll tells. */
	if (hgt_write_all(fd, bytes, len) < 0 && errno != EPIPE && errno != ECONNRESET)
		err(1, "write to a stream");
}

static void begin_stream(struct server *server, int fd, const char *head)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
	const char *id = strstr(head, "Last-Event-ID: "), *dot = id ? strchr(id, '.') : NULL;
	size_t from = dot ? strtoull(dot + 1, NULL, 10) : server->n_events, at;

	write_to(fd, answer, sizeof answer - 1);
	at = from ? server->ends[from - 1] : 0;
	if (from < server->n_events)
		write_to(fd, server->log.data + at, server->log.len - at);
	server->position[fd] = (int)server->n_streams;
	server->streams[server->n_streams++] = fd;
}

static void keep_events(struct server *server, const char *events, size_t len)
{
	size_t at = server->log.len;
	const char *end;

	hgt_buf_add(&server->log, events, len);
	if (server->log.failed)
		errx(1, "out of memory");
	while ((end = memmem(server->log.data + at, server->log.len - at, "\n\n", 2))) {
		at = (size_t)(end - server->log.data) + 2;
		if (server->n_events == server->cap) {
			server->cap = server->cap ? server->cap * 2 : 1024;
			server->ends = reallocarray(server->ends, server->cap, sizeof *server->ends);
			if (!server->ends)
				errx(1, "out of memory");
		}
		server->ends[server->n_events++] = at;
	}
}

static void post(struct server *server, int fd, const char *events, size_t len)
{
	static const char answer[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";

	for (size_t i = 0; i < server->n_streams; i++)
		write_to(server->streams[i], events, len);
	keep_events(server, events, len);
	write_to(fd, answer, sizeof answer - 1);
}

static void asked(struct server *server, int fd)
{
	struct hgt_buf *text = &server->asked[fd];
	const char *body = strstr(text->data, "\r\n\r\n"), *length;
	size_t len;

	if (!body)
		return;
	body += 4;
	if (!strncmp(text->data, "GET ", 4)) {
		begin_stream(server, fd, text->data);
		hgt_buf_release(text);
		return;
	}
	length = strstr(text->data, "Content-Length: ");
	if (!length)
		errx(1, "a request of no known kind: %s", text->data);
	len = strtoull(length + strlen("Content-Length: "), NULL, 10);
	if (text->len - (size_t)(body - text->data) < len)
		return;
	post(server, fd, body, len);
	hgt_buf_reset(text);
}

static void readable(struct server *server, int fd)
{
	char bytes[16384];
	ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		drop(server, fd);
		return;
	}
	hgt_buf_add(&server->asked[fd], bytes, (size_t)got);
	if (server->asked[fd].failed || server->asked[fd].len > REQUEST_MAX)
		errx(1, "a request is too long");
	asked(server, fd);
}

static void accept_all(struct server *server)
{
	const int on = 1;
	int fd;

	while ((fd = accept4(LISTENING, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

		if (fd >= FILES_MAX || epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
			err(1, "a stream");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		hgt_buf_init(&server->asked[fd]);
		server->position[fd] = -1;
	}
	if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
		err(1, "accept");
}

int main(void)
{
	static const struct rlimit files = {FILES_MAX, FILES_MAX};
	struct epoll_event listening = {.events = EPOLLIN, .data.fd = LISTENING}, events[EVENTS_AT_ONCE];
	struct server *server = calloc(1, sizeof *server);

	if (!server || !(server->streams = calloc(FILES_MAX, sizeof *server->streams)))
		errx(1, "out of memory");
	hgt_buf_init(&server->log);
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (setrlimit(RLIMIT_NOFILE, &files) < 0 || listen(LISTENING, 4096) < 0 || fcntl(LISTENING, F_SETFL, O_NONBLOCK) < 0 ||
		server->epoll < 0 || epoll_ctl(server->epoll, EPOLL_CTL_ADD, LISTENING, &listening) < 0)
		err(1, "descriptor 3");
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int n = epoll_wait(server->epoll, events, EVENTS_AT_ONCE, -1);

		if (n < 0 && errno != EINTR)
			err(1, "epoll_wait");
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == LISTENING)
				accept_all(server);
			else
				readable(server, events[i].data.fd);
		}
	}
}
