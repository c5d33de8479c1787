/*
 * Times commands against one another: every round runs each of them once, so that what the machine does meanwhile falls on all alike.
 *
 *	interleave ROUNDS COMMAND [ARGUMENT...] [-- COMMAND [ARGUMENT...]]...
 *
 * "{}" within an argument stands for the round's number, from 1. A line a command: median, tenth and ninetieth percentile of the
 * wall time from spawn to exit, in microseconds, and the most memory that it had resident, in KiB. A command that fails ends it all.
 * The first round warms caches and is not counted.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/timing.h"

enum { COMMANDS_MAX = 8, ROUNDS_MAX = 10000 };

struct command {
	char **argv;	/* borrowed from main's; NULL-terminated */
	size_t argc;
	int64_t *took;	/* a number a counted round */
	long resident;	/* KiB */
};

extern char **environ;

static char *with_number(const char *argument, unsigned number)
{
	struct hgt_buf text = HGT_BUF_INIT;
	const char *hole = strstr(argument, "{}");
	char *result;

	if (hole)
		hgt_buf_addf(&text, "%.*s%u%s", (int)(hole - argument), argument, number, hole + 2);
	else
		hgt_buf_adds(&text, argument);
	result = hgt_buf_take(&text);
	if (!result)
		errx(1, "out of memory");
	return result;
}

static int64_t run_once(struct command *command, unsigned number, const posix_spawn_file_actions_t *quiet)
{
	char **argv = calloc(command->argc + 1, sizeof *argv);
	int64_t began, ended;
	struct rusage usage;
	int status;
	pid_t pid;

	if (!argv)
		errx(1, "out of memory");
	for (size_t i = 0; i < command->argc; i++)
		argv[i] = with_number(command->argv[i], number);
	began = hgt_time_mono_us();
	errno = posix_spawnp(&pid, argv[0], quiet, NULL, argv, environ);
	if (errno)
		err(1, "%s", argv[0]);
	if (wait4(pid, &status, 0, &usage) < 0)
		err(1, "wait4");
	ended = hgt_time_mono_us();
	if (usage.ru_maxrss > command->resident)
		command->resident = usage.ru_maxrss;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		errx(1, "round %u: %s ended with wait status %d", number, argv[0], status);
	for (size_t i = 0; i < command->argc; i++)
		free(argv[i]);
	free(argv);
	return ended - began;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static size_t split(char **argv, struct command *commands)
{
	size_t n = 0;

	while (*argv) {
		if (n == COMMANDS_MAX)
			errx(2, "at most %d commands", COMMANDS_MAX);
		commands[n] = (struct command){.argv = argv};
		for (; *argv && strcmp(*argv, "--") != 0; argv++)
			commands[n].argc++;
		if (commands[n].argc == 0)
			errx(2, "an empty command");
		n++;
		if (*argv)
			argv++;
	}
	return n;
}

int main(int argc, char **argv)
{
	struct command commands[COMMANDS_MAX];
	posix_spawn_file_actions_t quiet;
	uint64_t rounds;
	size_t n;

	if (argc < 3 || hgt_parse_u64(argv[1], ROUNDS_MAX, &rounds) < 0 || rounds < 1)
		errx(2, "usage: interleave ROUNDS COMMAND [ARGUMENT...] [-- COMMAND [ARGUMENT...]]...");
	n = split(argv + 2, commands);
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&quiet, STDOUT_FILENO, STDERR_FILENO);
	for (size_t i = 0; i < n; i++)
		if (!(commands[i].took = calloc(rounds, sizeof(int64_t))))
			errx(1, "out of memory");
	for (unsigned round = 1; round <= rounds + 1; round++)
		for (size_t i = 0; i < n; i++) {
			int64_t took = run_once(&commands[i], round, &quiet);

			if (round > 1)
				commands[i].took[round - 2] = took;
		}
	for (size_t i = 0; i < n; i++) {
		qsort(commands[i].took, rounds, sizeof(int64_t), by_size);
		printf("%lld %lld %lld %ld\n", (long long)commands[i].took[rounds / 2], (long long)commands[i].took[rounds / 10],
			(long long)commands[i].took[rounds * 9 / 10], commands[i].resident);
		free(commands[i].took);
	}
	posix_spawn_file_actions_destroy(&quiet);
	return 0;
}
