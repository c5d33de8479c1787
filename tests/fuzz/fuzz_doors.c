/*
 * The daemon's doors: a whole one runs in a thread of this process, and what comes is sent to it as a stranger would. The first byte
 * chooses the door: 'a' the admin socket, 't' TCP, 'h' the hook socket, 's' the spool, where the rest of the first line is the file's name.
 * What follows is sent as it is. The daemon lives on, answers as its protocol says or hangs up, and takes the file away.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/service.h"
#include "base/timing.h"
#include "daemon/daemon.h"
#include "headgate/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATIENCE_MS = 20000, QUIET_MS = 20 };

/* One daemon for all inputs. */
static struct house {
	char folder[64];
	struct hgt_config *config;
	pthread_t thread;
	in_port_t port;
	bool ended;	/* by itself: guarded by nothing, for it is only ever looked at to fail */
} house;

static void *run(void *arg)
{
	const struct hgt_service_options options = {.log_level = HGT_LOG_ERROR, .log_format = HGT_LOG_LOGFMT};
	char name[] = "headgated", *argv[] = {name, NULL};
	struct hgt_error error = {0};

	(void)arg;
	if (daemon_run(house.config, &(struct daemon_how){.argv = argv, .options = &options}, &error) < 0)
		errx(1, "the daemon does not run: %s", error.message);
	house.ended = true;
	return NULL;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static void close_house(void)
{
	kill(getpid(), SIGTERM);
	pthread_join(house.thread, NULL);
	hgt_config_free(house.config);
	nftw(house.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A port that was free a moment ago. */
static in_port_t find_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		err(2, "cannot find a port");
	close(fd);
	return ntohs(address.sin_port);
}

static int connect_to(char door)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(house.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(door == 't' ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s/%s.sock", house.folder, door == 'h' ? "hook" : "admin");
	if (fd < 0 || connect(fd, door == 't' ? (struct sockaddr *)&in : (struct sockaddr *)&un, door == 't' ? sizeof(in) : sizeof(un)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void open_house(void)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error error = {0};
	int64_t deadline = hgt_time_mono_ms() + PATIENCE_MS;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	hgt_log_setup(HGT_LOG_ERROR, HGT_LOG_LOGFMT);
	snprintf(house.folder, sizeof(house.folder), "/tmp/hgt-doors-XXXXXX");
	if (!mkdtemp(house.folder))
		err(2, "%s", house.folder);
	house.port = find_port();
	hgt_buf_addf(&text, "site: fuzz\nstate: %s/state\nrepositories: {root: %s}\nsockets: {hook: %s/hook.sock, admin: %s/admin.sock}\n"
		"listen: [{address: \"127.0.0.1:%u\"}]\n", house.folder, house.folder, house.folder, house.folder, house.port);
	if (hgt_config_parse(text.data, text.len, "fuzz.yaml", &house.config, &error) < 0)
		errx(2, "%s", error.message);
	hgt_buf_release(&text);
	if (pthread_create(&house.thread, NULL, run, NULL))
		errx(2, "no thread");
	atexit(close_house);
	/* The hook socket is the last to be opened. */
	while ((fd = connect_to('h')) < 0)
		if (hgt_time_mono_ms() > deadline || poll(NULL, 0, 1) < 0)
			errx(1, "the daemon does not open its doors");
	close(fd);
}

/* What comes back, until the daemon hangs up or has nothing more to say for a moment: a stream does not end. */
static void hear(int fd, struct hgt_buf *heard)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	while (poll(&wait, 1, heard->len ? QUIET_MS : 1000) > 0) {
		char *room = hgt_buf_reserve(heard, 65536);
		ssize_t n = room ? read(fd, room, 65536) : 0;

		if (n <= 0)
			return;
		hgt_buf_grown(heard, (size_t)n);
	}
}

static void knock(char door, const uint8_t *data, size_t size)
{
	struct hgt_buf heard = HGT_BUF_INIT;
	int fd = connect_to(door);

	if (fd < 0)
		err(1, "door %c is shut", door);
	/* A daemon that has heard enough hangs up. */
	if (hgt_write_all(fd, data, size) == 0)
		shutdown(fd, SHUT_WR);
	hear(fd, &heard);
	close(fd);
	if (heard.len && door == 'h')
		assert(strncmp(heard.data, "{\"ok\":", 6) == 0 && heard.data[heard.len - 1] == '\n');
	else if (heard.len)
		assert(strncmp(heard.data, "HTTP/", 5) == 0);	/* libevent answers in the version that it is asked in */
	hgt_buf_release(&heard);
}

static bool is_gone(const char *path)
{
	return access(path, F_OK) < 0;
}

/* As a hook leaves it there: whole, under its name. A name that is not for the daemon stays, and is taken away here. */
static void leave(const char *name, const uint8_t *data, size_t size)
{
	struct hgt_buf temp = HGT_BUF_INIT, path = HGT_BUF_INIT;
	int64_t deadline = hgt_time_mono_ms() + PATIENCE_MS;
	size_t len = strlen(name), suffix = strlen(HGT_SPOOL_SUFFIX);
	bool ours = *name != '.' && len > suffix && strcmp(name + len - suffix, HGT_SPOOL_SUFFIX) == 0;
	int fd;

	hgt_buf_addf(&temp, "%s/state/" HGT_SPOOL_FOLDER "/.temp", house.folder);
	hgt_buf_addf(&path, "%s/state/" HGT_SPOOL_FOLDER "/%s", house.folder, name);
	assert(!temp.failed && !path.failed);
	fd = open(temp.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || hgt_write_all(fd, data, size) < 0 || close(fd) < 0)
		err(2, "%s", temp.data);
	if (rename(temp.data, path.data) == 0) {
		while (ours && !is_gone(path.data)) {
			assert(hgt_time_mono_ms() < deadline);
			poll(NULL, 0, 1);
		}
		unlink(path.data);
	}
	hgt_buf_release(&temp);
	hgt_buf_release(&path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline;
	char name[128] = "";

	if (!house.config)
		open_house();
	if (size < 2)
		return 0;
	if (*data == 'a' || *data == 't' || *data == 'h') {
		knock((char)*data, data + 1, size - 1);
	} else if (*data == 's' && (newline = memchr(data, '\n', size)) && newline - data - 1 < (ptrdiff_t)sizeof(name)) {
		memcpy(name, data + 1, (size_t)(newline - data - 1));
		if (*name && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, ".."))
			leave(name, newline + 1, size - (size_t)(newline + 1 - data));
	}
	assert(!house.ended);
	return 0;
}
