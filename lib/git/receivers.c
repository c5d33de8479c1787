/* Pushes under way on this machine. */
#include "git/receivers.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CMDLINE_MAX 4096	/* of it is looked at */
#define ARGUMENTS_MAX 8		/* "git -c NAME=VALUE receive-pack" and the like */

bool hgt_receiver_is(const char *cmdline, size_t len)
{
	const char *end = cmdline + len;
	unsigned at = 0;

	for (const char *arg = cmdline; arg < end && at < ARGUMENTS_MAX; at++) {
		const size_t n = strnlen(arg, (size_t)(end - arg));
		const char *slash = memrchr(arg, '/', n), *name = slash ? slash + 1 : arg;
		const size_t left = n - (size_t)(name - arg);

		if (at == 0 && left == strlen("git-receive-pack") && !memcmp(name, "git-receive-pack", left))
			return true;
		if (at == 0 && (left != strlen("git") || memcmp(name, "git", left) != 0))
			return false;
		if (at > 0 && n == strlen("receive-pack") && !memcmp(arg, "receive-pack", n))
			return true;
		arg += n + 1;
	}
	return false;
}

static bool is_receiver(int proc, const char *pid)
{
	char path[NAME_MAX + 16], text[CMDLINE_MAX];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/cmdline", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n > 0 && hgt_receiver_is(text, (size_t)n);
}

/* 1 with its folder; 0: it has gone, or has ended and only waits to be asked for its status. */
static int read_folder(int proc, const char *pid, char out[PATH_MAX])
{
	char path[NAME_MAX + 16];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/cwd", pid);
	n = readlinkat(proc, path, out, PATH_MAX - 1);
	if (n < 0 && errno == ENOENT)
		return 0;
	out[n < 0 ? 0 : n] = '\0';
	return 1;
}

int hgt_receivers(hgt_receiver_cb cb, void *ctx, struct hgt_error *err)
{
	DIR *folder = opendir("/proc");
	char cwd[PATH_MAX];
	struct dirent *entry;
	int code = 0;

	if (!folder)
		return hgt_error_set_errno(err, "cannot look for pushes under way in /proc");
	while (code == 0 && (errno = 0, entry = readdir(folder))) {
		if (!isdigit((unsigned char)entry->d_name[0]) || !is_receiver(dirfd(folder), entry->d_name))
			continue;
		if (read_folder(dirfd(folder), entry->d_name, cwd))
			code = cb(ctx, (pid_t)strtol(entry->d_name, NULL, 10), cwd);
	}
	if (!entry && errno)
		code = hgt_error_set_errno(err, "cannot look for pushes under way in /proc");
	closedir(folder);
	return code < 0 ? code : 0;
}
