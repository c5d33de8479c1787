/*
 * Makes very many agents, and announces what each wants: a folder of one repository.
 *
 *	enlist ADMIN-SOCKET PORT TOKEN-FILE REPOSITORY < PATHS
 *
 * stdin has a path a line, one for each agent; an empty line is the whole repository. Agents are added when TOKEN-FILE is not there yet,
 * and their tokens written to it, one a line; when it is, they announce other paths.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "headgate/protocol.h"

enum { THREADS = 32, INPUT_MAX = 64 * 1024 * 1024, PATIENCE_S = 30, TOKEN_LEN = sizeof HGT_TOKEN_PREFIX - 1 + 43 };

struct agent {
	const char *path;
	char token[TOKEN_LEN + 1];
};

struct work {
	const char *admin, *repository;
	uint16_t port;
	struct agent *agents;
	size_t n;
	bool add;
};

struct worker {
	const struct work *work;
	size_t first;
	pthread_t thread;
};

static int connected(const struct sockaddr *address, socklen_t len, const char *name)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 || connect(fd, address, len) < 0)
		err(1, "%s", name);
	return fd;
}

static int connect_admin(const struct work *work)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(work->admin) >= sizeof address.sun_path)
		errx(1, "%s: too long for a socket", work->admin);
	memcpy(address.sun_path, work->admin, strlen(work->admin) + 1);
	return connected((const struct sockaddr *)&address, sizeof address, work->admin);
}

static int connect_port(const struct work *work)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(work->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return connected((const struct sockaddr *)&address, sizeof address, "the daemon's port");
}

/* The whole answer into `answer`, whose body is returned. */
static const char *read_answer(int fd, struct hgt_buf *answer)
{
	static const char length[] = "Content-Length: ";
	const char *body, *at;

	hgt_buf_reset(answer);
	for (;;) {
		char *room;
		ssize_t got;

		body = strstr(answer->data, "\r\n\r\n");
		at = body ? strstr(answer->data, length) : NULL;
		if (body && (!at || at > body))
			errx(1, "an answer without a length: %s", answer->data);
		if (body && answer->len >= (size_t)(body + 4 - answer->data) + strtoull(at + sizeof length - 1, NULL, 10))
			return body + 4;
		room = hgt_buf_reserve(answer, 4096);
		if (!room)
			errx(1, "out of memory");
		got = read(fd, room, 4096);
		if (got <= 0)
			err(1, "no answer");
		hgt_buf_grown(answer, (size_t)got);
	}
}

static const char *ask(int fd, const char *what, const char *token, const struct hgt_buf *body, int status, struct hgt_buf *answer)
{
	struct hgt_buf request = HGT_BUF_INIT;
	const char *said;

	hgt_buf_addf(&request, "%s HTTP/1.1\r\nHost: headgate\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n",
		what, body->len);
	if (*token)
		hgt_buf_addf(&request, "Authorization: Bearer %s\r\n", token);
	hgt_buf_addf(&request, "\r\n%s", body->data);
	if (request.failed || body->failed)
		errx(1, "out of memory");
	if (hgt_write_all(fd, request.data, request.len) < 0)
		err(1, "%s", what);
	said = read_answer(fd, answer);
	if (strncmp(answer->data, "HTTP/1.1 ", 9) != 0 || strtol(answer->data + 9, NULL, 10) != status)
		errx(1, "%s: %s", what, answer->data);
	hgt_buf_release(&request);
	return said;
}

static void add(const struct work *work, int fd, size_t i, struct hgt_buf *answer)
{
	struct hgt_buf body = HGT_BUF_INIT;
	const char *token;

	hgt_buf_addf(&body, "{\"name\":\"load-%zu\",\"kind\":\"host\",\"allow\":[\"%s\"]}", i, work->repository);
	token = strstr(ask(fd, "POST /v1/agents", "", &body, 201, answer), HGT_TOKEN_PREFIX);
	if (!token || strlen(token) < TOKEN_LEN)
		errx(1, "no token: %s", answer->data);
	memcpy(work->agents[i].token, token, TOKEN_LEN);
	hgt_buf_release(&body);
}

static void announce(const struct work *work, int fd, size_t i, struct hgt_buf *answer)
{
	const struct agent *agent = &work->agents[i];
	struct hgt_buf body = HGT_BUF_INIT;

	hgt_buf_addf(&body, "{\"version\":\"bench\",\"host\":\"host-%zu\",\"instance\":\"%032d\",\"targets\":[{\"name\":\"t\","
		"\"repo\":\"%s\",\"ref\":\"refs/heads/main\",\"path\":\"%s\",\"driver\":\"files\",\"sync\":\"auto\"}]}",
		i, 0, work->repository, agent->path);
	ask(fd, "PUT /v1/agents/self", agent->token, &body, 200, answer);
	hgt_buf_release(&body);
}

static void *run(void *arg)
{
	const struct worker *worker = arg;
	const struct work *work = worker->work;
	struct hgt_buf answer = HGT_BUF_INIT;
	int admin = work->add ? connect_admin(work) : -1, port = connect_port(work);

	for (size_t i = worker->first; i < work->n; i += THREADS) {
		if (work->add)
			add(work, admin, i, &answer);
		announce(work, port, i, &answer);
	}
	if (admin >= 0)
		close(admin);
	close(port);
	hgt_buf_release(&answer);
	return NULL;
}

/* Terminates each line of text in place and returns how many there are. */
static size_t split_lines(struct hgt_buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] == '\n') {
			text->data[i] = '\0';
			n++;
		}
	return n;
}

static void read_tokens(struct work *work, const char *path)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error error = {0};

	if (hgt_read_file(path, INPUT_MAX, &text, &error) < 0)
		errx(2, "%s", error.message);
	if (text.len < work->n * (TOKEN_LEN + 1))
		errx(2, "%s has fewer than %zu tokens", path, work->n);
	for (size_t i = 0; i < work->n; i++)
		memcpy(work->agents[i].token, text.data + i * (TOKEN_LEN + 1), TOKEN_LEN);
	hgt_buf_release(&text);
}

static void write_tokens(const struct work *work, const char *path)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error error = {0};

	for (size_t i = 0; i < work->n; i++)
		hgt_buf_addf(&text, "%s\n", work->agents[i].token);
	if (hgt_buf_check(&text, &error) < 0 || hgt_write_file(path, text.data, text.len, 0600, &error) < 0)
		errx(1, "%s", error.message);
	hgt_buf_release(&text);
}

int main(int argc, char **argv)
{
	struct hgt_buf paths = HGT_BUF_INIT;
	struct worker workers[THREADS];
	struct hgt_error error = {0};
	struct work work = {0};
	const char *path;
	uint64_t port;

	if (argc != 5 || hgt_parse_u64(argv[2], UINT16_MAX, &port) < 0)
		errx(2, "usage: enlist ADMIN-SOCKET PORT TOKEN-FILE REPOSITORY < PATHS");
	work.admin = argv[1];
	work.port = (uint16_t)port;
	work.repository = argv[4];
	work.add = access(argv[3], F_OK) != 0;
	if (hgt_read_fd(STDIN_FILENO, "stdin", INPUT_MAX, &paths, &error) < 0)
		errx(2, "%s", error.message);
	work.n = split_lines(&paths);
	work.agents = calloc(work.n + 1, sizeof *work.agents);
	if (!work.agents)
		errx(1, "out of memory");
	path = paths.data;
	for (size_t i = 0; i < work.n; path += strlen(path) + 1, i++)
		work.agents[i].path = path;
	if (!work.add)
		read_tokens(&work, argv[3]);
	for (size_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.work = &work, .first = i};
		if (pthread_create(&workers[i].thread, NULL, run, &workers[i]) != 0)
			errx(1, "a thread cannot be made");
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	if (work.add)
		write_tokens(&work, argv[3]);
	free(work.agents);
	hgt_buf_release(&paths);
	return 0;
}
