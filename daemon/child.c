/* A program that runs beside the loop. */
#include "daemon/child.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/spawn.h"
#include "base/timing.h"

enum {
	CHUNK = 64 * 1024,	/* read at once, and then it is others' turn */
	GRACE_MS = 2000,	/* between SIGTERM and SIGKILL */
	LINGER_MS = 1000,	/* how long pipes are read on that something keeps open which the program has left behind */
	LOOK_MS = 10,		/* how often is looked whether it has ended where there is no pidfd (Linux before 5.3) */
	REAP_MS = 100,		/* how long a killed one is waited for; the kernel may be busy with it */
};

struct child {
	pid_t pid;
	int pidfd;			/* -1: there is none */
	int pipes[2];			/* stdout, stderr; -1 once it has ended */
	struct event *heard[2];
	struct event *over;		/* of the pidfd */
	struct event *clock;		/* what is due next: a limit, SIGKILL, a look, the end of lingering */
	bool (*take)(void *ctx, int fd, const char *data, size_t len);
	void (*ended)(void *ctx, const struct child_end *end);
	void *ctx;
	uint32_t silence_ms;
	int64_t heard_ms;		/* monotonic, as what follows: of the last byte */
	int64_t limit_at, kill_at, linger_at;	/* INT64_MAX: never */
	bool reaped, killed;
	bool busy;			/* a callback of its owner runs */
	bool freed;			/* by that callback */
	char *trouble;			/* why there is no program */
	struct child_end end;
};

static void free_event(struct event **event)
{
	if (*event)
		event_free(*event);
	*event = NULL;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void shut_pipe(struct child *child, int i)
{
	free_event(&child->heard[i]);
	shut(&child->pipes[i]);
}

static void release(struct child *child)
{
	for (int i = 0; i < 2; i++)
		shut_pipe(child, i);
	free_event(&child->over);
	free_event(&child->clock);
	shut(&child->pidfd);
	free(child->trouble);
	free(child);
}

/* Its status once it has ended; does not wait. */
static void reap(struct child *child)
{
	int status;
	pid_t pid;

	if (child->reaped)
		return;
	do
		pid = waitpid(child->pid, &status, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return;
	child->reaped = true;
	/* Somebody else has waited for it: how it ended nobody knows any more. */
	child->end.status = pid < 0 ? CHILD_NOT_RUN : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	child->linger_at = hgt_time_mono_ms() + LINGER_MS;
	free_event(&child->over);
}

static int64_t silent_at(const struct child *child)
{
	return child->silence_ms ? child->heard_ms + child->silence_ms : INT64_MAX;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Set the clock to what is due next. */
static void wind(struct child *child)
{
	int64_t now = hgt_time_mono_ms(), at = INT64_MAX, in;
	struct timeval tv;

	if (child->trouble)
		at = now;
	else if (child->reaped)
		at = child->linger_at;
	else if (child->kill_at != INT64_MAX)
		at = child->killed ? INT64_MAX : child->kill_at;
	else
		at = earlier(child->limit_at, silent_at(child));
	if (!child->reaped && child->pidfd < 0 && !child->trouble)
		at = earlier(at, now + LOOK_MS);
	if (at == INT64_MAX) {
		event_del(child->clock);
		return;
	}
	in = at > now ? at - now : 0;
	tv = (struct timeval){.tv_sec = in / 1000, .tv_usec = in % 1000 * 1000};
	/* Only memory can be lacking, and an event that was added before needs none. */
	event_add(child->clock, &tv);
}

/* Hand over what has come. False once the child is gone. */
static bool hand_over(struct child *child, int fd, const char *data, size_t len)
{
	bool more;

	child->busy = true;
	more = child->take(child->ctx, fd, data, len);
	child->busy = false;
	if (child->freed) {
		release(child);
		return false;
	}
	if (!more)
		child_stop(child);
	return true;
}

/* It has ended, and nothing more comes from it. False once the child is gone. */
static bool settle(struct child *child)
{
	struct child_end end = child->end;
	void (*ended)(void *, const struct child_end *) = child->ended;
	void *ctx = child->ctx;

	if (!child->reaped || child->pipes[0] >= 0 || child->pipes[1] >= 0)
		return true;
	release(child);
	ended(ctx, &end);
	return false;
}

static void on_heard(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;
	int i = fd == child->pipes[0] ? 0 : 1;
	char chunk[CHUNK];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	(void)what;
	if (n > 0) {
		child->heard_ms = hgt_time_mono_ms();
		hand_over(child, i + 1, chunk, (size_t)n);
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	shut_pipe(child, i);
	settle(child);
}

static void on_over(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;

	(void)fd, (void)what;
	reap(child);
	if (settle(child))
		wind(child);
}

static void end_softly(struct child *child)
{
	if (child->reaped || child->kill_at != INT64_MAX)
		return;
	child->kill_at = hgt_time_mono_ms() + GRACE_MS;
	kill(-child->pid, SIGTERM);
}

static void on_clock(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;
	int64_t now = hgt_time_mono_ms();

	(void)fd, (void)what;
	if (child->trouble) {
		char *trouble = child->trouble;
		bool there;

		child->trouble = NULL;
		there = hand_over(child, STDERR_FILENO, trouble, strlen(trouble));
		free(trouble);
		if (there)
			settle(child);
		return;
	}
	if (child->pidfd < 0)
		reap(child);
	if (child->reaped) {
		/* What it has left running holds the other end; that is none of ours. */
		for (int i = 0; i < 2 && now >= child->linger_at; i++)
			shut_pipe(child, i);
	} else if (child->kill_at != INT64_MAX) {
		if (now >= child->kill_at && !child->killed) {
			kill(-child->pid, SIGKILL);
			child->killed = true;
		}
	} else if (now >= child->limit_at || now >= silent_at(child)) {
		child->end.timed_out = true;
		end_softly(child);
	}
	if (settle(child))
		wind(child);
}

static int listen_to(struct event_base *base, struct child *child, struct hgt_error *err)
{
	for (int i = 0; i < 2; i++) {
		if (child->pipes[i] < 0)
			continue;
		child->heard[i] = event_new(base, child->pipes[i], EV_READ | EV_PERSIST, on_heard, child);
		if (!child->heard[i] || event_add(child->heard[i], NULL) < 0)
			return hgt_error_nomem(err);
	}
	if (child->pidfd >= 0) {
		child->over = event_new(base, child->pidfd, EV_READ, on_over, child);
		if (!child->over || event_add(child->over, NULL) < 0)
			return hgt_error_nomem(err);
	}
	return 0;
}

static int open_pipe(int *ours, int *theirs, struct hgt_error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return hgt_error_set_errno(err, "cannot make a pipe");
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	*ours = fds[0];
	*theirs = fds[1];
	return 0;
}

/* What cannot be run ends as a shell would tell it, with a word about why; a machine that cannot even try is an error. */
static int begin(struct child *child, const struct child_order *order, int in, int out, int said, struct hgt_error *err)
{
	struct hgt_buf words = HGT_BUF_INIT;
	const struct hgt_spawn what = {.argv = order->argv, .folder = order->folder, .env = order->env, .in = in, .out = out, .said = said};
	int failed = hgt_spawn(&what, &child->pid);

	if (!failed) {
		child->pidfd = pidfd_open(child->pid, 0);
		return 0;
	}
	if (failed == ENOMEM || failed == EAGAIN) {
		errno = failed;
		return hgt_error_set_errno(err, "cannot start %s", order->argv[0]);
	}
	child->reaped = true;
	child->end.status = failed == ENOENT ? CHILD_NOT_FOUND : CHILD_NOT_RUN;
	hgt_buf_addf(&words, "cannot run %s: %s\n", order->argv[0], strerror(failed));
	child->trouble = hgt_buf_take(&words);
	for (int i = 0; i < 2; i++)
		shut(&child->pipes[i]);
	return child->trouble ? 0 : hgt_error_nomem(err);
}

static struct child *make(struct event_base *base, const struct child_order *order)
{
	struct child *child = calloc(1, sizeof(*child));
	int64_t now = hgt_time_mono_ms();
	const struct timeval later = {.tv_sec = 3600};

	if (!child)
		return NULL;
	*child = (struct child){.pid = -1, .pidfd = -1, .pipes = {-1, -1}, .take = order->take, .ended = order->ended, .ctx = order->ctx,
		.silence_ms = order->silence_ms, .heard_ms = now, .limit_at = order->limit_ms ? now + order->limit_ms : INT64_MAX,
		.kill_at = INT64_MAX, .linger_at = INT64_MAX};
	child->clock = evtimer_new(base, on_clock, child);
	/* So that from here on winding it takes no memory. */
	if (!child->clock || event_add(child->clock, &later) < 0) {
		release(child);
		return NULL;
	}
	return child;
}

int child_start(struct event_base *base, const struct child_order *order, struct child **out, struct hgt_error *err)
{
	struct child *child = make(base, order);
	int in = -1, theirs[2] = {-1, -1}, code = 0;

	if (!child)
		return hgt_error_nomem(err);
	in = hgt_spawn_input(order->input, order->input_len);
	if (in < 0)
		code = hgt_error_set_errno(err, "cannot open what %s is to read", order->argv[0]);
	for (int i = 0; i < 2 && code == 0; i++)
		code = open_pipe(&child->pipes[i], &theirs[i], err);
	if (code == 0)
		code = begin(child, order, in, theirs[0], theirs[1], err);
	shut(&in);
	shut(&theirs[0]);
	shut(&theirs[1]);
	if (code == 0)
		code = listen_to(base, child, err);
	if (code < 0) {
		child_free(child);
		return code;
	}
	wind(child);
	*out = child;
	return 0;
}

void child_stop(struct child *child)
{
	if (child->reaped)
		return;
	child->end.stopped = true;
	end_softly(child);
	wind(child);
}

/* After SIGKILL that is a matter of a moment, unless the kernel is stuck with it. */
static void reap_killed(struct child *child)
{
	int64_t until = hgt_time_mono_ms() + REAP_MS;

	for (reap(child); !child->reaped && hgt_time_mono_ms() < until; reap(child)) {
		struct pollfd fd = {.fd = child->pidfd, .events = POLLIN};

		poll(&fd, 1, LOOK_MS);
	}
}

void child_free(struct child *child)
{
	if (!child)
		return;
	if (child->pid > 0 && !child->reaped) {
		kill(-child->pid, SIGKILL);
		reap_killed(child);
	}
	child->freed = true;
	if (!child->busy)
		release(child);
}
