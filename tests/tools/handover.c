/*
 * Measures from the post-receive hook's hand-over to an agent's receipt: moves a ref itself, writes the announcement to the hook
 * socket, and waits for the event on an agent's stream.
 *
 *	handover HOOK-SOCKET PORT TOKEN-FILE REPOSITORY NAME SCRATCH < COMMITS
 *
 * REPOSITORY is the .git folder whose refs/heads/main is a loose ref, NAME what the daemon calls it. stdin names the commits that main
 * moves through, one a line, the first being where it is now. In every round it also writes 4 KiB to SCRATCH and syncs them: the
 * floor that the disk sets. Prints two lines of median and 99th percentile in microseconds: receipt by the agent, the floor.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json_writer.h"
#include "base/timing.h"

enum { PATIENCE_MS = 10000, TOKEN_MAX = 1024, COMMITS_MAX = 10 * 1024 * 1024 };

struct bench {
	const char *hook_socket, *repository, *name;
	struct hgt_buf token;
	uint16_t port;
	int stream;	/* the agent's event stream */
	struct hgt_buf heard;	/* of the stream, since the round began */
	int scratch;
};

struct samples {
	int64_t *items;
	size_t n;
};

static void out_of_memory_if(bool failed)
{
	if (failed)
		errx(1, "out of memory");
}

static void send_all(int fd, const struct hgt_buf *text, const char *what)
{
	out_of_memory_if(text->failed);
	if (hgt_write_all(fd, text->data, text->len) < 0)
		err(1, "%s", what);
}

/* Read on until buf holds `sought`. */
static void read_until(int fd, struct hgt_buf *buf, const char *sought, const char *what)
{
	int64_t deadline = hgt_time_mono_ms() + PATIENCE_MS;

	while (!strstr(buf->data, sought)) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		char *room = hgt_buf_reserve(buf, 16384);
		ssize_t got;

		out_of_memory_if(!room);
		if (poll(&wait, 1, (int)(deadline - hgt_time_mono_ms())) <= 0)
			errx(1, "%s: no \"%s\" in time; heard: %s", what, sought, buf->data);
		got = read(fd, room, 16384);
		if (got <= 0)
			errx(1, "%s: ended before \"%s\"; heard: %s", what, sought, buf->data);
		hgt_buf_grown(buf, (size_t)got);
	}
}

static int connect_api(const struct bench *bench)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(bench->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		err(1, "connect to port %u", bench->port);
	return fd;
}

static int connect_hook(const struct bench *bench)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(bench->hook_socket) >= sizeof address.sun_path)
		errx(1, "%s: too long for a socket", bench->hook_socket);
	memcpy(address.sun_path, bench->hook_socket, strlen(bench->hook_socket) + 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		err(1, "%s", bench->hook_socket);
	return fd;
}

static void announce_agent(const struct bench *bench)
{
	struct hgt_buf body = HGT_BUF_INIT, request = HGT_BUF_INIT, answer = HGT_BUF_INIT;
	int fd = connect_api(bench);

	hgt_buf_addf(&body, "{\"version\":\"bench\",\"host\":\"bench\",\"instance\":\"0123456789abcdef0123456789abcdef\",\"targets\":[{\"name\":\"t\","
		"\"repo\":\"%s\",\"ref\":\"refs/heads/main\",\"path\":\"\",\"driver\":\"files\",\"sync\":\"auto\"}]}", bench->name);
	hgt_buf_addf(&request, "PUT /v1/agents/self HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\nConnection: close\r\n\r\n%s", bench->token.data, body.len, body.data);
	send_all(fd, &request, "announce the agent");
	read_until(fd, &answer, "\r\n\r\n", "announce the agent");
	if (strncmp(answer.data, "HTTP/1.1 200", 12) != 0)
		errx(1, "announce the agent: %s", answer.data);
	close(fd);
	hgt_buf_release(&body);
	hgt_buf_release(&request);
	hgt_buf_release(&answer);
}

static void open_stream(struct bench *bench)
{
	struct hgt_buf request = HGT_BUF_INIT;

	bench->stream = connect_api(bench);
	hgt_buf_addf(&request, "GET /v1/agents/self/events?instance=0123456789abcdef0123456789abcdef HTTP/1.1\r\nHost: localhost\r\n"
		"Authorization: Bearer %s\r\nAccept: text/event-stream\r\n\r\n", bench->token.data);
	send_all(bench->stream, &request, "open the stream");
	read_until(bench->stream, &bench->heard, "event: bookmark", "open the stream");
	hgt_buf_release(&request);
}

/* As git does it: a new file renamed over the old one. */
static void move_ref(const struct bench *bench, const char *commit)
{
	struct hgt_buf ref = HGT_BUF_INIT, lock = HGT_BUF_INIT;
	int fd;

	hgt_buf_addf(&ref, "%s/refs/heads/main", bench->repository);
	hgt_buf_addf(&lock, "%s.lock", ref.data);
	out_of_memory_if(ref.failed || lock.failed);
	fd = open(lock.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || hgt_write_all(fd, commit, strlen(commit)) < 0 || hgt_write_all(fd, "\n", 1) < 0 || close(fd) < 0 ||
		rename(lock.data, ref.data) < 0)
		err(1, "%s", lock.data);
	hgt_buf_release(&ref);
	hgt_buf_release(&lock);
}

static void announcement(const struct bench *bench, const char *old, const char *new, struct hgt_buf *line)
{
	char push[33], when[HGT_TIME_TEXT];

	hgt_random_hex(16, push);
	hgt_time_format(hgt_time_now_ms(), when);
	hgt_buf_reset(line);
	hgt_buf_addf(line, "{\"v\":1,\"type\":\"received\",\"repo\":\"%s\",\"push\":\"%s\",\"actor\":{\"name\":\"bench\",\"id\":null,\"server\":\"local\","
		"\"repo\":null,\"remote\":null,\"protocol\":null},\"time\":\"%s\",\"options\":[],\"updates\":[{\"old\":\"%s\",\"new\":\"%s\","
		"\"ref\":\"refs/heads/main\"}]}\n", bench->repository, push, when, old, new);
}

static void one_round(struct bench *bench, const char *old, const char *new, struct samples *receipt, struct samples *floor)
{
	static const char block[4096];
	struct hgt_buf line = HGT_BUF_INIT, said = HGT_BUF_INIT;
	int64_t began;
	int fd;

	began = hgt_time_mono_us();
	if (write(bench->scratch, block, sizeof block) != sizeof block || fdatasync(bench->scratch) < 0)
		err(1, "the scratch file");
	floor->items[floor->n++] = hgt_time_mono_us() - began;

	move_ref(bench, new);
	announcement(bench, old, new, &line);
	fd = connect_hook(bench);
	hgt_buf_reset(&bench->heard);
	began = hgt_time_mono_us();
	send_all(fd, &line, "the hook socket");
	read_until(bench->stream, &bench->heard, new, "the stream");
	receipt->items[receipt->n++] = hgt_time_mono_us() - began;
	read_until(fd, &said, "\n", "the hook socket");
	if (!strstr(said.data, "\"ok\":true"))
		errx(1, "the hook socket: %s", said.data);
	close(fd);
	hgt_buf_release(&line);
	hgt_buf_release(&said);
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void print_samples(struct samples *samples)
{
	qsort(samples->items, samples->n, sizeof *samples->items, by_size);
	printf("%lld %lld\n", (long long)samples->items[samples->n / 2], (long long)samples->items[samples->n * 99 / 100]);
	free(samples->items);
}

int main(int argc, char **argv)
{
	struct bench bench = {.token = HGT_BUF_INIT, .heard = HGT_BUF_INIT};
	struct hgt_buf commits = HGT_BUF_INIT;
	struct samples receipt = {0}, floor = {0};
	struct hgt_error error = {0};
	uint64_t port;
	size_t most;
	char *old;

	if (argc != 7 || hgt_parse_u64(argv[2], UINT16_MAX, &port) < 0)
		errx(2, "usage: handover HOOK-SOCKET PORT TOKEN-FILE REPOSITORY NAME SCRATCH < COMMITS");
	bench.hook_socket = argv[1];
	bench.port = (uint16_t)port;
	bench.repository = argv[4];
	bench.name = argv[5];
	if (hgt_read_file(argv[3], TOKEN_MAX, &bench.token, &error) < 0 ||
		hgt_read_fd(STDIN_FILENO, "stdin", COMMITS_MAX, &commits, &error) < 0)
		errx(2, "%s", error.message);
	hgt_buf_truncate(&bench.token, strcspn(bench.token.data, "\n"));
	bench.scratch = open(argv[6], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (bench.scratch < 0)
		err(2, "%s", argv[6]);

	most = commits.len / 2 + 1;
	receipt.items = calloc(most, sizeof(int64_t));
	floor.items = calloc(most, sizeof(int64_t));
	out_of_memory_if(!receipt.items || !floor.items);
	announce_agent(&bench);
	open_stream(&bench);

	old = commits.data;
	old[strcspn(old, "\n")] = '\0';
	for (char *new = old + strlen(old) + 1; new < commits.data + commits.len; new = old + strlen(old) + 1) {
		new[strcspn(new, "\n")] = '\0';
		one_round(&bench, old, new, &receipt, &floor);
		old = new;
	}
	if (receipt.n == 0)
		errx(2, "no two commits");
	print_samples(&receipt);
	print_samples(&floor);
	close(bench.stream);
	close(bench.scratch);
	hgt_buf_release(&bench.token);
	hgt_buf_release(&bench.heard);
	hgt_buf_release(&commits);
	return 0;
}
