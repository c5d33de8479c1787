/* cli/progress: the line, and that nothing is said where nobody looks. */
#include "cli/progress.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static void draws_the_line(void **state)
{
	static const struct {
		uint64_t done, total;
		int64_t elapsed_ms;
		unsigned columns;
		const char *want;
	} cases[] = {
		{0, 5000, 500, 80, "[----------------------------------------] 0 of 5,000 commits"},
		{2500, 5000, 1000, 100, "[####################--------------------] 2,500 of 5,000 commits, 2,500/s, 1 s left"},
		{5000, 5000, 2000, 100, "[########################################] 5,000 of 5,000 commits, 2,500/s, 0 s left"},
		{6000, 5000, 2000, 100, "[########################################] 6,000 of 5,000 commits, 3,000/s, 0 s left"},
		{0, 0, 0, 60, "[########################################] 0 of 0 commits"},
		{3, 1234567, 1000, 70, "[------------------] 3 of 1,234,567 commits, 3.0/s, 114 h 18 min left"},
		{2000, 20000, 10000, 61, "[#---------] 2,000 of 20,000 commits, 200/s, 1 min 30 s left"},
		{2000, 20000, 10000, 59, "[--------] 2,000 of 20,000 commits, 200/s, 1 min 30 s left"},
		{2000, 20000, 10000, 58, "2,000 of 20,000 commits, 200/s, 1 min 30 s left"},
		/* Room for no bar, then not even for the words; the last column stays free. */
		{2500, 5000, 1000, 52, "2,500 of 5,000 commits, 2,500/s, 1 s left"},
		{2500, 5000, 1000, 41, "2,500 of 5,000 commits, 2,500/s, 1 s lef"},
		{2500, 5000, 1000, 10, "2,500 of "},
		{2500, 5000, 1000, 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct progress progress = {.noun = "commits", .total = cases[i].total};
		struct hgt_buf out = HGT_BUF_INIT;

		progress_line(&progress, cases[i].done, cases[i].elapsed_ms, cases[i].columns, &out);
		if (strcmp(out.data, cases[i].want) != 0)
			fail_msg("case %zu: \"%s\"", i, out.data);
		assert_true(out.len < cases[i].columns || !out.len);
		hgt_buf_release(&out);
	}
}

/* Off a terminal there is nothing, however long it takes. */
static void is_silent_off_a_terminal(void **state)
{
	char *path = unit_path(*state, "stderr");
	int saved = dup(STDERR_FILENO), fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct progress progress;
	struct stat st;

	assert_true(saved >= 0 && fd >= 0 && dup2(fd, STDERR_FILENO) == STDERR_FILENO);
	setenv("TERM", "xterm", 1);
	progress_begin(&progress, "commits", 10);
	progress.drawn_ms = progress.began_ms -= 60000;
	for (uint64_t i = 1; i <= 10; i++)
		progress_step(&progress, i);
	progress_hide(&progress);
	progress_end(&progress);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	close(fd);
	close(saved);
	free(path);
}

/* A terminal on standard error; its other end. */
static int terminal_open(const char *term, int *saved)
{
	struct winsize size = {.ws_row = 24, .ws_col = 70};
	int master, slave;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
	*saved = dup(STDERR_FILENO);
	assert_int_equal(dup2(slave, STDERR_FILENO), STDERR_FILENO);
	close(slave);
	setenv("TERM", term, 1);
	return master;
}

/* Give standard error back; what the terminal got. */
static void terminal_close(int master, int saved, struct hgt_buf *out)
{
	char text[1024];
	ssize_t n;

	assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
	while ((n = read(master, text, sizeof(text))) > 0)
		hgt_buf_add(out, text, (size_t)n);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	close(master);
}

/* Let the beginning and the last drawing be so much longer ago (or, negative, still to come): clocks under load are no measure. */
static void age(struct progress *progress, int64_t ms)
{
	progress->began_ms -= ms;
	progress->drawn_ms -= ms;
}

static void draws_on_a_terminal(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct progress progress;
	int saved, master = terminal_open("xterm", &saved);

	(void)state;
	progress_begin(&progress, "commits", 1000000);
	age(&progress, -3600000);
	progress_step(&progress, 1);	/* too early */
	progress_hide(&progress);	/* nothing to hide */
	age(&progress, 7200000);
	progress_step(&progress, 0);
	progress.drawn_ms += 3600000;
	progress_step(&progress, 2);	/* too soon after the last */
	progress_hide(&progress);
	progress_step(&progress, 0);	/* not when it is not on the screen */
	progress_end(&progress);
	age(&progress, 7200000);
	progress_step(&progress, 3);	/* it is over */
	terminal_close(master, saved, &out);
	assert_string_equal(out.data, "\r[----------------------------------------] 0 of 1,000,000 commits\033[K\r\033[K"
		"\r[----------------------------------------] 0 of 1,000,000 commits\033[K\r\033[K");
	hgt_buf_release(&out);
}

static void draws_nothing_on_a_dumb_terminal(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct progress progress;
	int saved, master = terminal_open("dumb", &saved);

	(void)state;
	progress_begin(&progress, "commits", 10);
	age(&progress, 3600000);
	progress_step(&progress, 1);
	progress_end(&progress);
	terminal_close(master, saved, &out);
	assert_string_equal(out.data, "");
	hgt_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_the_line), cmocka_unit_test(draws_on_a_terminal),
		cmocka_unit_test(draws_nothing_on_a_dumb_terminal),
		cmocka_unit_test_setup_teardown(is_silent_off_a_terminal, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
