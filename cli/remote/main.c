/* headgate-remote: the verbs of headgate that talk to the daemon or read its journal. headgate runs it with
 * its own arguments. */
#include "cli/remote/remote.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{"agent", agent_verb},
	{"audit", audit_verb},
	{"diff", diff_verb},
	{"events", events_verb},
	{"history", history_verb},
	{"mirror", mirror_verb},
	{"resume", resume_verb},
	{"status", status_verb},
	{"suspend", suspend_verb},
	{"sync", sync_verb},
	{"token", token_verb},
	{"wait", wait_verb},
	{"webhook", webhook_verb},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	fputs("headgate-remote: run by headgate for its verbs that talk to the daemon; see headgate(1)\n",
		stderr);
	return HGT_EXIT_TROUBLE;
}
