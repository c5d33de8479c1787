/* headgate: finds the verb; those that talk to the daemon are headgate-remote's. */
#include <errno.h>
#include <unistd.h>

#include "base/escape.h"
#include "cli/install.h"
#include "headgate/protocol.h"

static const char usage[] =
	"usage: headgate VERB [ARGUMENT...]\n"
	"\n"
	"  install   put Headgate's hooks into repositories\n"
	"  agent     add, list and remove the agents that receive changes\n"
	"  status    what the daemon serves, and what became of it on every agent\n"
	"  events    the journal's events, as they happened or as they happen\n"
	"  audit     who pushed what and where it was applied; audit verify: that the journal was not altered\n"
	"\n"
	"headgate VERB --help tells more. Exit status: 0 well, 1 the thing asked about is not, 2 could not tell.\n";

/* A verb of this program, or with no function one of headgate-remote. */
struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
};

static const struct verb verbs[] = {
	{"agent", NULL},
	{"audit", NULL},
	{"events", NULL},
	{"install", install_main},
	{"status", NULL},
};

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

int main(int argc, char **argv)
{
	struct hgt_buf name = HGT_BUF_INIT;

	if (argc < 2) {
		fputs(usage, stderr);
		return HGT_EXIT_TROUBLE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		fputs(usage, stdout);
		return HGT_EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("headgate " HGT_VERSION);
		return HGT_EXIT_OK;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run ? verbs[i].run(argc - 1, argv + 1) : exec_remote(argv);
	hgt_escape_str(&name, argv[1]);
	fprintf(stderr, "headgate: unknown verb %s\nTry 'headgate --help'.\n", name.data);
	hgt_buf_release(&name);
	return HGT_EXIT_TROUBLE;
}
