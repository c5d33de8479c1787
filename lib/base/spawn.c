/* Starting a program. */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"

int hgt_spawn_input(const char *input, size_t len)
{
	int fd;

	if (!input)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = memfd_create("headgate-input", MFD_CLOEXEC);
	if (fd >= 0 && (hgt_write_all(fd, input, len) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int describe(const struct hgt_spawn *what, posix_spawn_file_actions_t *files)
{
	int failed = posix_spawn_file_actions_adddup2(files, what->in, STDIN_FILENO);

	if (!failed)
		failed = posix_spawn_file_actions_adddup2(files, what->out, STDOUT_FILENO);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(files, what->said, STDERR_FILENO);
	if (!failed && what->folder)
		failed = posix_spawn_file_actions_addchdir_np(files, what->folder);
	/* libevent's sockets are not close-on-exec; nobody else is to have them. */
	if (!failed)
		failed = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
	return failed;
}

/* Every signal at its default and let through. */
static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t signals;
	int failed = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

	sigemptyset(&signals);
	if (!failed)
		failed = posix_spawnattr_setsigmask(attr, &signals);
	sigfillset(&signals);
	return failed ? failed : posix_spawnattr_setsigdefault(attr, &signals);
}

static char *const *strings(const char *const *texts)
{
	return (char *const *)(uintptr_t)texts;
}

int hgt_spawn(const struct hgt_spawn *what, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int failed = posix_spawn_file_actions_init(&files);

	if (failed)
		return failed;
	failed = posix_spawnattr_init(&attr);
	if (!failed) {
		failed = describe(what, &files);
		if (!failed)
			failed = set_attributes(&attr);
		if (!failed)
			failed = posix_spawnp(pid, what->argv[0], &files, &attr, strings(what->argv), strings(what->env));
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&files);
	return failed;
}
