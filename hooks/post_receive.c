/* The post-receive hook: hands what was accepted to the daemon, or leaves it where the daemon finds it. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hooks/announce.h"
#include "hooks/wait.h"

enum { ANNOUNCE_MS = 2000 };

/* What fails here costs the pusher's name in the journal and a moment, never the change. */
static int announce(struct hook *hook, bool *heard, struct hgt_error *err)
{
	struct hgt_buf line = HGT_BUF_INIT;
	int code;

	hook->way_out = "the daemon finds the change by itself";
	code = announce_received(hook, &line, err);
	*heard = code == 0 && announce_send(hook->config->sockets.hook, &line, ANNOUNCE_MS, NULL) == 0;
	if (code == 0 && !*heard)
		code = announce_spool(hook, &line, err);
	hgt_buf_release(&line);
	return code;
}

/* The hook that was here before ours. */
static void chain(struct hook *hook, const char *argv0)
{
	struct hgt_error err = {0};

	hook->way_out = "the server's administrator must see to the hook";
	if (hook_chain(hook, argv0, "post-receive", &err) < 0)
		hook_warn(hook, "", &err);
}

/* Tell the pusher who asked for it what becomes of the push. The hook that was here before ours is not kept by that. */
static void wait_beside(struct hook *hook, const char *argv0, uint32_t seconds)
{
	struct hgt_error err = {0};
	pid_t child = fork();

	if (child == 0) {
		chain(hook, argv0);
		_exit(0);
	}
	hook->way_out = "headgate status tells it later";
	if (wait_tell(hook, seconds, &err) < 0)
		hook_warn(hook, "this push is in, but what becomes of it could not be told: ", &err);
	if (child < 0)
		chain(hook, argv0);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
}

/* Whether to wait, and for how long. A daemon that is away has nothing to tell. */
static bool may_wait(struct hook *hook, bool heard, uint32_t *seconds)
{
	struct hgt_error err = {0};
	bool wanted = false;

	hook->way_out = "git push -o " WAIT_OPTION "=60 waits a minute";
	if (wait_wanted(hook, seconds, &wanted, &err) < 0) {
		hook_warn(hook, "not waiting: ", &err);
		return false;
	}
	if (!wanted || heard)
		return wanted;
	hook->way_out = "headgate status tells it later";
	hgt_error_set(&err, HGT_EUNAVAILABLE, "the daemon does not answer, and takes the push in when it is back");
	hook_warn(hook, "not waiting: ", &err);
	return false;
}

int main(int argc, char **argv)
{
	struct hgt_error err = {0};
	struct hook hook;
	uint32_t seconds = 0;
	bool heard = false;
	int code;

	(void)argc;
	signal(SIGPIPE, SIG_IGN);
	hook_init(&hook);
	code = hook_read(&hook, &err);
	if (code == 0 && hook.served && hook.updates.n > 0)
		code = announce(&hook, &heard, &err);
	if (code < 0)
		hook_warn(&hook, "this push is in, but could not be announced: ", &err);
	if (hook.served && hook.updates.n > 0 && may_wait(&hook, heard, &seconds))
		wait_beside(&hook, argv[0], seconds);
	else
		chain(&hook, argv[0]);
	hook_release(&hook);
	return 0;
}
