/* The pre-receive hook: accepts a push by exit status 0 or refuses it by 1. Trouble of its own refuses. */
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/timing.h"
#include "hooks/announce.h"
#include "hooks/gate.h"

#define CANNOT "refused: cannot judge this push: "
#define TOO_LONG "headgate: " CANNOT "it takes too long; push in smaller parts, or have limits.seconds raised\n"

enum {
	SECONDS_DEFAULT = 5,
	GRACE_MS = 500,		/* the checks watch their own deadline; the alarm is for what does not */
	ANNOUNCE_MS = 200,
};

static bool on_gitlab(void)
{
	return getenv("GL_ID") || getenv("GL_PROTOCOL");
}

/* GitLab shows on its pages the lines that begin so. */
static void show_gitlab(const char *line, size_t len)
{
	if (on_gitlab())
		fprintf(stderr, "GL-HOOK-ERR: %.*s\n", (int)len, line);
}

static void give_up(int signal_number)
{
	static const char text[] = TOO_LONG;

	(void)signal_number;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

/* The last resort: refuse when the time is over, wherever the program is. 0 takes it back. */
static void set_alarm(int64_t ms)
{
	struct itimerval timer = {.it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void set_up_signals(void)
{
	struct sigaction action = {.sa_handler = give_up};

	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGALRM, &action, NULL);
	set_alarm(SECONDS_DEFAULT * 1000 + GRACE_MS);
}

/* The time that the config gives: the longest of its policies. */
static unsigned seconds_of(const struct hgt_config *config)
{
	unsigned most = config->n_policies ? 0 : SECONDS_DEFAULT;

	for (size_t i = 0; i < config->n_policies; i++)
		most = config->policies[i].limits.seconds > most ? config->policies[i].limits.seconds : most;
	return most;
}

/* Tell the daemon, which need not be there: the pusher has the answer already. */
static int announce(const struct hook *hook, const struct hgt_findings *findings)
{
	struct hgt_buf line = HGT_BUF_INIT;
	int code = announce_refused(hook, findings, &line, NULL);

	if (code == 0)
		code = announce_send(hook->config->sockets.hook, &line, ANNOUNCE_MS, NULL);
	hgt_buf_release(&line);
	return code;
}

static int judge(struct hook *hook, bool *refused, struct hgt_error *err)
{
	struct hgt_repo *repo = NULL;
	struct gate gate;
	int code;

	hook->way_out = "the server's administrator must see to the repository";
	code = hgt_repo_open_env(&repo, err);
	if (code < 0)
		return code;
	gate_init(&gate, hook, repo);
	code = gate_judge(&gate, err);
	if (code == 0) {
		*refused = gate.refused > 0;
		if (*refused)
			show_gitlab(gate.text.data, strcspn(gate.text.data, "\n"));
		fwrite(gate.text.data, 1, gate.text.len, stderr);
		if (*refused)
			announce(hook, &gate.findings);
	}
	gate_release(&gate);
	hgt_repo_close(repo);
	return code;
}

int main(int argc, char **argv)
{
	struct hgt_error err = {0};
	bool refused = false;
	struct hook hook;
	int code;

	(void)argc;
	set_up_signals();
	hook_init(&hook);
	code = hook_read(&hook, &err);
	if (code == 0 && hook.served) {
		set_alarm(hook.began_ms + seconds_of(hook.config) * 1000 + GRACE_MS - hgt_time_mono_ms());
		code = judge(&hook, &refused, &err);
	}
	set_alarm(0);
	if (code == 0 && !refused) {
		hook.way_out = "the server's administrator must see to the hook";
		code = hook_chain(&hook, argv[0], "pre-receive", &err);
	}
	if (code < 0)
		hook_complain(&hook, CANNOT, &err);
	hook_release(&hook);
	return code < 0 || refused;
}
