/* Running a command for a target. */
#include "agent/job.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/timing.h"

#define LOOK_MS 10	/* how often is looked whether it has ended where there is no pidfd (Linux before 5.3) */

/* Its own group, every signal at its default and let through, only the three standard descriptors. */
static int spawn(char *const *argv, int out, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t signals;
	int failed;

	failed = posix_spawn_file_actions_init(&files);
	if (failed)
		return failed;
	failed = posix_spawnattr_init(&attr);
	if (failed) {
		posix_spawn_file_actions_destroy(&files);
		return failed;
	}
	failed = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
	/* libevent's sockets are not close-on-exec; the token's connection is nobody else's. */
	if (!failed)
		failed = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	if (!failed)
		failed = posix_spawnattr_setflags(&attr,
			POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	sigemptyset(&signals);
	if (!failed)
		failed = posix_spawnattr_setsigmask(&attr, &signals);
	sigfillset(&signals);
	if (!failed)
		failed = posix_spawnattr_setsigdefault(&attr, &signals);
	if (!failed)
		failed = posix_spawnp(pid, argv[0], &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return failed;
}

/* Take what there is; false at the end of the pipe. The last JOB_OUTPUT_MAX bytes stay. */
static bool take_output(int fd, struct job_result *result)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		hgt_buf_add(&result->output, chunk, (size_t)n);
		if (result->output.len > JOB_OUTPUT_MAX) {
			hgt_buf_consume(&result->output, result->output.len - JOB_OUTPUT_MAX);
			result->cut = true;
		}
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/* Wait for the process, its words taken meanwhile; kills its group when the time is over. */
static int attend(pid_t pid, int out, int limit_ms, struct job_result *result, struct hgt_error *err)
{
	int64_t deadline = hgt_time_mono_ms() + limit_ms;
	struct pollfd fds[2] = {{.fd = out, .events = POLLIN}, {.fd = pidfd_open(pid, 0), .events = POLLIN}};
	int status;

	while (!has_ended(pid)) {
		int64_t left = deadline - hgt_time_mono_ms();

		if (left <= 0 && !result->timed_out) {
			result->timed_out = true;
			kill(-pid, SIGKILL);
		}
		/* The end of a killed process takes no time to speak of. */
		left = result->timed_out || left > INT_MAX ? INT_MAX : left;
		if (fds[1].fd < 0 && left > LOOK_MS)
			left = LOOK_MS;
		if (poll(fds, 2, (int)left) > 0 && fds[0].revents && !take_output(out, result))
			fds[0].fd = -1;
	}
	if (fds[0].fd >= 0)
		take_output(out, result);
	if (fds[1].fd >= 0)
		close(fds[1].fd);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return hgt_error_set_errno(err, "cannot wait for a command");
	result->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return hgt_buf_check(&result->output, err);
}

int job_run(char *const *argv, int limit_ms, struct job_result *result, struct hgt_error *err)
{
	int fds[2] = {-1, -1}, failed, code;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return hgt_error_set_errno(err, "cannot make a pipe");
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	failed = spawn(argv, fds[1], &pid);
	close(fds[1]);
	if (failed == ENOMEM || failed == EAGAIN) {
		errno = failed;
		code = hgt_error_set_errno(err, "cannot start %s", argv[0]);
	} else if (failed) {
		result->exit_status = failed == ENOENT ? JOB_NOT_FOUND : JOB_NOT_RUN;
		hgt_buf_addf(&result->output, "cannot run %s: %s", argv[0], strerror(failed));
		code = hgt_buf_check(&result->output, err);
	} else {
		code = attend(pid, fds[0], limit_ms, result, err);
	}
	close(fds[0]);
	return code;
}
