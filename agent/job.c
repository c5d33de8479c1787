/* Running a command for a target. */
#include "agent/job.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.h"
#include "base/timing.h"

#define LOOK_MS 10	/* how often is looked whether it has ended where there is no pidfd (Linux before 5.3) */

/* The agent's environment with the job's in it; the texts are theirs. NULL when there is no memory. */
static char **environment(char *const *more)
{
	size_t n = 0, k = 0, used = 0;
	char **env;

	while (environ[n])
		n++;
	while (more && more[k])
		k++;
	env = calloc(n + k + 1, sizeof(*env));
	for (size_t i = 0; env && i < n; i++) {
		size_t name = strcspn(environ[i], "=") + 1, j = 0;

		while (j < k && strncmp(more[j], environ[i], name) != 0)
			j++;
		if (j == k)
			env[used++] = environ[i];
	}
	for (size_t j = 0; env && j < k; j++)
		env[used++] = more[j];
	return env;
}

/* An errno; 0 when it runs. */
static int spawn(const struct job *job, int in, int out, int said, pid_t *pid)
{
	char **env = environment(job->env);
	int failed = ENOMEM;

	if (env)
		failed = hgt_spawn(&(struct hgt_spawn){.argv = (const char *const *)job->argv, .folder = job->folder, .env = (const char *const *)env, .in = in,
			.out = out, .said = said}, pid);
	free(env);
	return failed;
}

/* Of what it says, the last JOB_OUTPUT_MAX bytes stay. */
static int keep(void *ctx, const char *data, size_t len, struct hgt_error *err)
{
	struct job_result *result = ctx;

	(void)err;
	hgt_buf_add(&result->output, data, len);
	if (result->output.len > JOB_OUTPUT_MAX) {
		hgt_buf_consume(&result->output, result->output.len - JOB_OUTPUT_MAX);
		result->cut = true;
	}
	return 0;
}

/* A pipe from the command, and who gets what comes through it. */
struct ear {
	int fd;			/* -1 once it has ended */
	int (*take)(void *ctx, const char *data, size_t len, struct hgt_error *err);
	void *ctx;
};

/* Take what there is, but not more than a stretch, so that a command that never falls silent is looked at meanwhile. */
static int listen_to(struct ear *ear, struct hgt_error *err)
{
	char chunk[16 * 1024];
	ssize_t n = 1;
	int code = 0;

	for (int i = 0; i < 16 && n > 0 && code == 0; i++) {
		n = read(ear->fd, chunk, sizeof(chunk));
		if (n > 0)
			code = ear->take(ear->ctx, chunk, (size_t)n, err);
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		close(ear->fd);
		ear->fd = -1;
	}
	return code;
}

/* What is left in the pipe of one that has ended; what it left running may hold the other end open. */
static int listen_to_the_end(struct ear *ear, struct hgt_error *err)
{
	int left = 0, code = 0;

	while (ear->fd >= 0 && code == 0 && ioctl(ear->fd, FIONREAD, &left) == 0 && left > 0)
		code = listen_to(ear, err);
	return code;
}

static int drop(void *ctx, const char *data, size_t len, struct hgt_error *err)
{
	(void)ctx;
	(void)data;
	(void)len;
	(void)err;
	return 0;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/* How far its end has been asked for. */
struct ending {
	const struct job *job;
	pid_t pid;
	int64_t at;		/* when the next step is due: the limit, then SIGKILL; INT64_MAX: no more */
	bool begun;
};

static void end_it(struct ending *ending)
{
	const struct job *job = ending->job;
	bool softly = !ending->begun && job->stop_signal && job->grace_ms > 0;

	kill(-ending->pid, softly ? job->stop_signal : SIGKILL);
	/* The end of a killed process takes no time to speak of. */
	ending->at = softly ? hgt_time_mono_ms() + job->grace_ms : INT64_MAX;
	ending->begun = true;
}

/* Until the next step is due, or something is to be looked at. */
static int patience(const struct ending *ending, int pidfd)
{
	int64_t left = ending->at == INT64_MAX ? INT_MAX : ending->at - hgt_time_mono_ms();

	left = left < 0 ? 0 : left > INT_MAX ? INT_MAX : left;
	return pidfd < 0 && left > LOOK_MS ? LOOK_MS : (int)left;
}

/* Wait for the process, its words taken meanwhile; ends it when the time is over or it is to stop. */
static int attend(const struct job *job, pid_t pid, struct ear ears[2], struct job_result *result, struct hgt_error *err)
{
	struct ending ending = {.job = job, .pid = pid, .at = hgt_time_mono_ms() + job->limit_ms};
	int pidfd = pidfd_open(pid, 0), status, code = 0;

	while (!has_ended(pid)) {
		struct pollfd fds[] = {{.fd = ears[0].fd, .events = POLLIN}, {.fd = ears[1].fd, .events = POLLIN},
			{.fd = pidfd, .events = POLLIN}, {.fd = ending.begun ? -1 : job->stop_fd, .events = POLLIN}};
		bool heard = poll(fds, 4, patience(&ending, pidfd)) > 0;

		for (int i = 0; i < 2 && heard && code == 0; i++)
			if (fds[i].revents)
				code = listen_to(&ears[i], err);
		if (code < 0 && ending.at != INT64_MAX) {
			ending.begun = true;
			end_it(&ending);
		} else if (heard && fds[3].revents && !ending.begun) {
			result->stopped = true;
			end_it(&ending);
		} else if (ending.at != INT64_MAX && hgt_time_mono_ms() >= ending.at) {
			result->timed_out |= !ending.begun;
			end_it(&ending);
		}
		/* Nobody listens to the words of one that is to be killed for them. */
		for (int i = 0; i < 2 && code < 0; i++)
			ears[i].take = drop;
	}
	for (int i = 0; i < 2; i++)
		if (ears[i].fd >= 0 && code == 0)
			code = listen_to_the_end(&ears[i], err);
	if (pidfd >= 0)
		close(pidfd);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return hgt_error_set_errno(err, "cannot wait for a command");
	result->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return code < 0 ? code : hgt_buf_check(&result->output, err);
}

static int open_pipe(int fds[2], struct hgt_error *err)
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		return hgt_error_set_errno(err, "cannot make a pipe");
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	return 0;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int job_run(const struct job *job, struct job_result *result, struct hgt_error *err)
{
	int out[2] = {-1, -1}, said[2] = {-1, -1}, in = hgt_spawn_input(job->input, job->input_len), failed, code;
	struct ear ears[2] = {{.fd = -1}, {.fd = -1}};
	pid_t pid;

	code = in < 0 ? hgt_error_set_errno(err, "cannot open what %s is to read", job->argv[0]) : open_pipe(said, err);
	if (code == 0 && job->take)
		code = open_pipe(out, err);
	if (code < 0)
		goto done;
	failed = spawn(job, in, job->take ? out[1] : said[1], said[1], &pid);
	shut(&out[1]);
	shut(&said[1]);
	if (failed == ENOMEM || failed == EAGAIN) {
		errno = failed;
		code = hgt_error_set_errno(err, "cannot start %s", job->argv[0]);
	} else if (failed) {
		result->exit_status = failed == ENOENT ? JOB_NOT_FOUND : JOB_NOT_RUN;
		hgt_buf_addf(&result->output, "cannot run %s: %s", job->argv[0], strerror(failed));
		code = hgt_buf_check(&result->output, err);
	} else {
		ears[0] = (struct ear){.fd = said[0], .take = keep, .ctx = result};
		ears[1] = (struct ear){.fd = out[0], .take = job->take, .ctx = job->ctx};
		said[0] = out[0] = -1;
		code = attend(job, pid, ears, result, err);
	}
done:
	shut(&in);
	for (int i = 0; i < 2; i++) {
		shut(&out[i]);
		shut(&said[i]);
		shut(&ears[i].fd);
	}
	return code;
}

int job_judge(const struct job *job, const struct job_result *result, struct hgt_error *err)
{
	const char *name = job->argv[0];

	if (result->stopped)
		return hgt_error_set(err, HGT_EUNAVAILABLE, "%s was ended, since the agent stops", name);
	if (result->timed_out)
		return hgt_error_set(err, HGT_ETIMEOUT, "%s did not end within %d seconds", name, job->limit_ms / 1000);
	if (result->exit_status == JOB_NOT_FOUND)
		return hgt_error_set(err, HGT_ENOENT, "%s is not there: install it, or name its place", name);
	if (result->exit_status == JOB_NOT_RUN)
		return hgt_error_set(err, HGT_EUNAVAILABLE, "%s cannot be run", name);
	if (result->exit_status > 128)
		return hgt_error_set(err, HGT_ECONFLICT, "%s was killed by signal %d", name, result->exit_status - 128);
	if (result->exit_status != 0)
		return hgt_error_set(err, HGT_ECONFLICT, "%s ended with status %d", name, result->exit_status);
	return 0;
}
