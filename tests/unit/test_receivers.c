/* Which processes take pushes in. */
#include "git/receivers.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static void knows_command_lines(void **state)
{
	static const struct {
		const char *line;
		size_t len;
		bool is;
	} cases[] = {
#define LINE(text) text, sizeof(text)
		{LINE("git\0receive-pack\0/srv/a.git"), true},
		{LINE("/usr/lib/git-core/git\0receive-pack\0--stateless-rpc\0."), true},
		{LINE("git-receive-pack\0/srv/a.git"), true},
		{LINE("/usr/bin/git-receive-pack\0a"), true},
		{LINE("git\0-c\0a=b\0receive-pack\0a"), true},
		{LINE("git\0upload-pack\0a"), false},
		{LINE("vi\0receive-pack"), false},
		{LINE("git\0"), false},
		{"", 0, false},
		{"git", 3, false},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		if (hgt_receiver_is(cases[i].line, cases[i].len) != cases[i].is)
			fail_msg("%s", cases[i].line);
}

struct found {
	pid_t pid;
	const char *folder;
	bool there;
};

static int look(void *ctx, pid_t pid, const char *folder)
{
	struct found *found = ctx;

	found->there |= pid == found->pid && !strcmp(folder, found->folder);
	return 0;
}

/* A process by that name, in that folder, is found, and is not once it has ended. */
static void finds_one(void **state)
{
	struct found found = {.folder = *state};
	int ready[2], held[2], status;
	char byte;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(held), 0);
	found.pid = fork();
	if (found.pid == 0) {
		if (chdir(*state) < 0)
			_exit(1);
		dup2(held[0], STDIN_FILENO);
		dup2(ready[1], STDOUT_FILENO);
		execl("/bin/sh", "git-receive-pack", "-c", "echo; read x; :", (char *)NULL);
		_exit(1);
	}
	assert_true(found.pid > 0);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(hgt_receivers(look, &found, NULL), 0);
	assert_true(found.there);
	kill(found.pid, SIGKILL);
	assert_int_equal(waitpid(found.pid, &status, 0), found.pid);
	found.there = false;
	assert_int_equal(hgt_receivers(look, &found, NULL), 0);
	assert_false(found.there);
	close(ready[0]);
	close(ready[1]);
	close(held[0]);
	close(held[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_command_lines),
		cmocka_unit_test_setup_teardown(finds_one, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
