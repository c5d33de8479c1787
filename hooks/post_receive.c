/* The post-receive hook: hands what was accepted to the daemon, or leaves it where the daemon finds it. */
#include <signal.h>

#include "hooks/announce.h"

enum { ANNOUNCE_MS = 2000 };

/* What fails here costs the pusher's name in the journal and a moment, never the change. */
static int announce(struct hook *hook, struct hgt_error *err)
{
	struct hgt_buf line = HGT_BUF_INIT;
	int code;

	hook->way_out = "the daemon finds the change by itself";
	code = announce_received(hook, &line, err);
	if (code == 0 && announce_send(hook->config->sockets.hook, &line, ANNOUNCE_MS, NULL) < 0)
		code = announce_spool(hook, &line, err);
	hgt_buf_release(&line);
	return code;
}

int main(int argc, char **argv)
{
	struct hgt_error err = {0};
	struct hook hook;
	int code;

	(void)argc;
	signal(SIGPIPE, SIG_IGN);
	hook_init(&hook);
	code = hook_read(&hook, &err);
	if (code == 0 && hook.served && hook.updates.n > 0)
		code = announce(&hook, &err);
	if (code < 0)
		hook_warn(&hook, "this push is in, but could not be announced: ", &err);
	hook.way_out = "the server's administrator must see to the hook";
	if (hook_chain(&hook, argv[0], "post-receive", &err) < 0)
		hook_warn(&hook, "", &err);
	hook_release(&hook);
	return 0;
}
