/* headgate: finds the verb; those that talk to the daemon are headgate-remote's. */
#include <errno.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "check/nearest.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "headgate/protocol.h"

static const char usage[] =
	"usage: headgate VERB [ARGUMENT...]\n"
	"       headgate --help | --version\n"
	"\n"
	"  check     judge files or a revision as the gate judges a push\n"
	"  replay    which past pushes the policy of a branch would have refused\n"
	"  explain   what a rule is about, and why\n"
	"  install   put Headgate's hooks into repositories\n"
	"  schema    make, list, show and verify packs of schemas\n"
	"  agent     add, list, remove the agents that receive changes, and replace their tokens\n"
	"  token     add, list, remove and replace the tokens of people and programs\n"
	"  status    what the daemon serves, and what became of it on every agent\n"
	"  diff      how a target differs from what Git holds\n"
	"  history   what was applied where, when, and by whom\n"
	"  wait      until every target has a revision\n"
	"  sync      have an agent apply what Git says, now, or an older commit of it\n"
	"  suspend   have an agent leave its targets as they are\n"
	"  resume    have it go on with them\n"
	"  events    the journal's events, as they happened or as they happen\n"
	"  audit     who pushed what and where it was applied; audit verify: that the journal was not altered\n"
	"  mirror    how repositories are kept in step with others; have it done now, pause it, decide what has diverged\n"
	"  webhook   who is told of events by HTTP, what became of each delivery; replay and test them\n"
	"\n"
	"headgate VERB --help (-h) tells more. Exit status: 0 well, 1 the thing asked about is not, 2 could not tell.\n";

/* A verb of this program, or with no function one of headgate-remote. */
struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
};

static const struct verb verbs[] = {
	{"agent", NULL},
	{"audit", NULL},
	{"check", check_main},
	{"diff", NULL},
	{"events", NULL},
	{"explain", explain_main},
	{"history", NULL},
	{"install", install_main},
	{"mirror", NULL},
	{"replay", replay_main},
	{"resume", NULL},
	{"schema", schema_main},
	{"status", NULL},
	{"suspend", NULL},
	{"sync", NULL},
	{"token", NULL},
	{"wait", NULL},
	{"webhook", NULL},
};

enum { N_VERBS = sizeof(verbs) / sizeof(verbs[0]) };

/* Become headgate-remote: ../libexec/headgate beside this program (a build tree, a moved installation), then LIBEXECDIR. */
static int exec_remote(char **argv)
{
	char *self = realpath("/proc/self/exe", NULL);
	struct hgt_buf path = HGT_BUF_INIT;

	if (self) {
		hgt_buf_addf(&path, "%.*s/../libexec/headgate/headgate-remote", (int)(strrchr(self, '/') - self), self);
		free(self);
		if (!path.failed)
			execv(path.data, argv);
	}
	hgt_buf_release(&path);
	execv(HGT_LIBEXECDIR "/headgate-remote", argv);
	fprintf(stderr, "headgate: cannot run %s/headgate-remote: %s\n", HGT_LIBEXECDIR, strerror(errno));
	return HGT_EXIT_TROUBLE;
}

static int unknown_verb(const char *name)
{
	const char *names[N_VERBS];
	const char *nearest;
	struct hgt_buf message = HGT_BUF_INIT;

	for (size_t i = 0; i < N_VERBS; i++)
		names[i] = verbs[i].name;
	nearest = hgt_nearest(name, names, N_VERBS);
	hgt_buf_addf(&message, "there is no verb %s%s%s%s", name, nearest ? "; did you mean " : "", nearest ? nearest : "",
		nearest ? "?" : "");
	terminal_complain(NULL, message.data);
	fputs("Try 'headgate --help'.\n", stderr);
	hgt_buf_release(&message);
	return HGT_EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
	if (hgt_fill_stdio() < 0)
		return HGT_EXIT_TROUBLE;
	if (argc < 2) {
		fputs(usage, stderr);
		return HGT_EXIT_TROUBLE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return terminal_print(usage);
	if (strcmp(argv[1], "--version") == 0)
		return terminal_print("headgate " HGT_VERSION "\n");
	for (size_t i = 0; i < N_VERBS; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run ? verbs[i].run(argc - 1, argv + 1) : exec_remote(argv);
	return unknown_verb(argv[1]);
}
