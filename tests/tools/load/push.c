/* Pushes, as a server's Git and its post-receive hook make them. */
#include "tests/tools/load/push.h"

#include <err.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "base/timing.h"

int push_connect(const char *hook_socket)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(hook_socket) >= sizeof address.sun_path)
		errx(1, "%s: too long for a socket", hook_socket);
	memcpy(address.sun_path, hook_socket, strlen(hook_socket) + 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		err(1, "%s", hook_socket);
	return fd;
}

/* As git does it: a new file renamed over the old one. */
void push_move_ref(const char *repository, const char *commit)
{
	struct hgt_buf ref = HGT_BUF_INIT, lock = HGT_BUF_INIT;
	int fd;

	hgt_buf_addf(&ref, "%s/refs/heads/main", repository);
	hgt_buf_addf(&lock, "%s.lock", ref.data);
	if (ref.failed || lock.failed)
		errx(1, "out of memory");
	fd = open(lock.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || hgt_write_all(fd, commit, strlen(commit)) < 0 || hgt_write_all(fd, "\n", 1) < 0 || close(fd) < 0 ||
		rename(lock.data, ref.data) < 0)
		err(1, "%s", lock.data);
	hgt_buf_release(&ref);
	hgt_buf_release(&lock);
}

void push_announcement(const char *repository, const char *old, const char *new, struct hgt_buf *line)
{
	char push[33], when[HGT_TIME_TEXT];

	hgt_random_hex(16, push);
	hgt_time_format(hgt_time_now_ms(), when);
	hgt_buf_addf(line, "{\"v\":1,\"type\":\"received\",\"repo\":\"%s\",\"push\":\"%s\",\"actor\":{\"name\":\"bench\","
		"\"id\":null,\"server\":\"local\",\"repo\":null,\"remote\":null,\"protocol\":null},\"time\":\"%s\",\"options\":[],"
		"\"updates\":[{\"old\":\"%s\",\"new\":\"%s\",\"ref\":\"refs/heads/main\"}]}\n",
		repository, push, when, old, new);
}
