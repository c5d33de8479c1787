/* SIGUSR2: the program on disk takes over from the one that runs. */
#include "daemon/upgrade.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/sockets.h"

enum { ASK_SECONDS = 10, PATH_BYTES = 4096 };

extern char **environ;

struct upgrade {
	struct daemon *daemon;
	char **argv;
	char *path;
	pid_t child;		/* the new program, being asked; 0 for none */
	struct event *ended, *late;
	void (*agreed)(void *ctx);
	void *ctx;
};

int upgrade_path(struct hgt_buf *out, struct hgt_error *err)
{
	char *room = hgt_buf_reserve(out, PATH_BYTES);
	ssize_t n = room ? readlink("/proc/self/exe", room, PATH_BYTES) : 0;

	if (!room)
		return hgt_error_nomem(err);
	if (n < 0 || n == PATH_BYTES)
		return hgt_error_set_errno(err, "cannot find the path of this program");
	hgt_buf_grown(out, (size_t)n);
	hgt_buf_addc(out, '\0');
	hgt_buf_truncate(out, out->len - 1);
	return hgt_buf_check(out, err);
}

static void on_ended(evutil_socket_t signal, short what, void *arg)
{
	struct upgrade *upgrade = arg;
	int status;

	(void)signal, (void)what;
	if (!upgrade->child || waitpid(upgrade->child, &status, WNOHANG) != upgrade->child)
		return;
	upgrade->child = 0;
	evtimer_del(upgrade->late);
	if (upgrade->daemon->stopping)
		return;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		upgrade->agreed(upgrade->ctx);
		return;
	}
	hgt_log(HGT_LOG_ERROR, "upgrade", "the program on disk does not take the config; this one goes on",
		HGT_S("program", upgrade->path), HGT_I("status", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status)));
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	struct upgrade *upgrade = arg;

	(void)fd, (void)what;
	hgt_log(HGT_LOG_ERROR, "upgrade", "the program on disk does not answer; this one goes on", HGT_S("program", upgrade->path));
	if (upgrade->child)
		kill(upgrade->child, SIGKILL);	/* on_ended tells the rest */
}

int upgrade_new(struct daemon *daemon, char **argv, void (*agreed)(void *ctx), void *ctx, struct upgrade **out, struct hgt_error *err)
{
	struct upgrade *upgrade = calloc(1, sizeof(*upgrade));
	struct hgt_buf path = HGT_BUF_INIT;
	int code = upgrade ? upgrade_path(&path, err) : hgt_error_nomem(err);

	if (code == 0) {
		*upgrade = (struct upgrade){.daemon = daemon, .argv = argv, .agreed = agreed, .ctx = ctx, .path = hgt_buf_take(&path)};
		upgrade->ended = evsignal_new(daemon->base, SIGCHLD, on_ended, upgrade);
		upgrade->late = evtimer_new(daemon->base, on_late, upgrade);
		if (!upgrade->path || !upgrade->ended || !upgrade->late || event_add(upgrade->ended, NULL) < 0)
			code = hgt_error_nomem(err);
	}
	hgt_buf_release(&path);
	if (code < 0) {
		upgrade_free(upgrade);
		return code;
	}
	*out = upgrade;
	return 0;
}

void upgrade_free(struct upgrade *upgrade)
{
	if (!upgrade)
		return;
	if (upgrade->child) {
		kill(upgrade->child, SIGKILL);
		waitpid(upgrade->child, NULL, 0);
	}
	if (upgrade->ended)
		event_free(upgrade->ended);
	if (upgrade->late)
		event_free(upgrade->late);
	free(upgrade->path);
	free(upgrade);
}

/* argv, then -t; what it prints when it is content goes nowhere, what it complains of goes to the log. */
static int spawn(struct upgrade *upgrade, char **argv)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t usual;
	int failed;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&how);
	sigemptyset(&usual);
	posix_spawnattr_setsigmask(&how, &usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGXFSZ);
	posix_spawnattr_setsigdefault(&how, &usual);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	failed = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (!failed)
		failed = posix_spawn(&upgrade->child, upgrade->path, &files, &how, argv, environ);
	if (failed)
		upgrade->child = 0;
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	return failed;
}

void upgrade_ask(struct upgrade *upgrade)
{
	const struct timeval patience = {.tv_sec = ASK_SECONDS};
	char test[] = "-t";
	char **argv;
	size_t n = 0;
	int failed;

	if (upgrade->child || upgrade->daemon->stopping)
		return;
	while (upgrade->argv[n])
		n++;
	argv = calloc(n + 2, sizeof(*argv));
	if (argv) {
		memcpy(argv, upgrade->argv, n * sizeof(*argv));
		argv[n] = test;
	}
	failed = argv ? spawn(upgrade, argv) : ENOMEM;
	free(argv);
	if (failed)
		hgt_log(HGT_LOG_ERROR, "upgrade", "the program on disk cannot be run; this one goes on", HGT_S("program", upgrade->path),
			HGT_S("error", strerror(failed)));
	else
		evtimer_add(upgrade->late, &patience);
}

int upgrade_exec(const char *path, char **argv, struct sockets *sockets, struct hgt_error *err)
{
	int code = sockets_pass(sockets, err);

	if (code == 0) {
		execv(path, argv);
		code = hgt_error_set_errno(err, "cannot run %s", path);
	}
	sockets_keep(sockets);
	return code;
}
