/* The pre-receive hook: accepts a push by exit status 0 or refuses it by 1. Trouble of its own refuses. */
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/timing.h"
#include "hooks/announce.h"
#include "hooks/gate.h"
#include "mirror/door.h"

#define TOO_LONG "headgate: " HOOK_CANNOT_JUDGE "it takes too long; push in smaller parts, or have limits.seconds raised\n"

enum {
	SECONDS_DEFAULT = 5,
	GRACE_MS = 500,		/* the checks watch their own deadline; the alarm is for what does not */
	ANNOUNCE_MS = 200,
};

/* Handlers of the alarm. Whether the pusher hears the reason or not, the push is refused. */
static void give_up(int signal_number)
{
	(void)signal_number;
	(void)!write(STDERR_FILENO, TOO_LONG, strlen(TOO_LONG));
	_exit(1);
}

static void give_up_on_gitlab(int signal_number)
{
	(void)!write(STDERR_FILENO, HOOK_GITLAB TOO_LONG, strlen(HOOK_GITLAB TOO_LONG));
	give_up(signal_number);
}

/* The last resort: refuse when the time is over, wherever the program is. 0 takes it back. */
static void set_alarm(int64_t ms)
{
	struct itimerval timer = {.it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void set_up_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, hook_on_gitlab() ? give_up_on_gitlab : give_up);
	set_alarm(SECONDS_DEFAULT * 1000 + GRACE_MS);
}

/* The time that the config gives: the longest of its policies. */
static unsigned seconds_of(const struct hgt_config *config)
{
	unsigned most = config->n_policies ? 1 : SECONDS_DEFAULT;

	for (size_t i = 0; i < config->n_policies; i++)
		most = config->policies[i].limits.seconds > most ? config->policies[i].limits.seconds : most;
	return most;
}

/* A repository of two peers takes pushes where the one that leads has it. */
static int look_at_door(struct gate *gate, struct hgt_error *err)
{
	const struct hgt_config_mirror *mirror;
	struct hook *hook = gate->hook;
	struct hgt_buf why = HGT_BUF_INIT;
	int code;

	hook->way_out = "the server's administrator must see to the daemon's state";
	code = hgt_door_check(hook->config, hook->repo.data, &mirror, &why, err);
	if (code == 0 && mirror) {
		hgt_buf_adds(&gate->text, "headgate: refused: ");
		hgt_escape_text(&gate->text, why.data, why.len);
		hgt_buf_addc(&gate->text, '\n');
		gate->refused = 1;
		gate->shut = true;
		code = hgt_buf_check(&gate->text, err);
	}
	hgt_buf_release(&why);
	return code;
}

static int judge(struct gate *gate, struct hgt_error *err)
{
	struct hook *hook = gate->hook;
	int64_t end_ms = hook->began_ms + seconds_of(hook->config) * 1000 + GRACE_MS;
	int64_t left_ms = end_ms - hgt_time_mono_ms();
	struct hgt_repo *repo = NULL;
	int code;

	set_alarm(left_ms > 1 ? left_ms : 1);
	hook->way_out = "the server's administrator must see to the repository";
	code = hgt_repo_open_env(&repo, err);
	if (code == 0)
		code = gate_judge(gate, repo, err);
	hgt_repo_close(repo);
	return code;
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

int main(int argc, char **argv)
{
	struct hgt_error err = {0};
	struct hook hook;
	struct gate gate;
	int code;

	(void)argc;
	set_up_signals();
	hook_init(&hook);
	gate_init(&gate, &hook);
	code = hook_read(&hook, &err);
	if (code == 0 && hook.served)
		code = look_at_door(&gate, &err);
	if (code == 0 && hook.served && !gate.shut)
		code = judge(&gate, &err);
	set_alarm(0);
	if (code == 0 && gate.refused > 0) {
		hook_tell_refusal(gate.text.data, gate.text.len);
		/* A push that went to the wrong place says nothing of what is in it. */
		if (!gate.shut)
			announce(&hook, &gate.findings);
		code = 1;
	} else if (code == 0) {
		fwrite(gate.text.data, 1, gate.text.len, stderr);
		hook.way_out = "the server's administrator must see to the hook";
		code = hook_chain(&hook, argv[0], "pre-receive", &err);
	}
	if (code < 0)
		hook_tell_trouble(&hook, &err);
	gate_release(&gate);
	hook_release(&hook);
	return code != 0;
}
