/* agent/job: how a command ends, what it says, and that its time is bounded. */
#include "agent/job.h"

#include <signal.h>
#include <unistd.h>

#include "base/timing.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static int run(const char *script, int limit_ms, struct job_result *result, struct hgt_error *err)
{
	char *argv[] = {(char *)(uintptr_t)"sh", (char *)(uintptr_t)"-c", (char *)(uintptr_t)script, NULL};

	*result = (struct job_result){.output = HGT_BUF_INIT};
	return job_run(argv, limit_ms, result, err);
}

static void tells_how_it_ended(void **state)
{
	static const struct {
		const char *script, *output;
		int status;
	} cases[] = {
		{"exit 0", "", 0},
		{"exit 7", "", 7},
		{"kill -9 $$", "", 128 + SIGKILL},
		{"kill -15 $$", "", 128 + SIGTERM},
		{"printf out; printf err >&2", "outerr", 0},
		{"cat", "", 0},	/* stdin is empty, not ours */
		{"ls /proc/self/fd | xargs", "0 1 2 3\n", 0},	/* 3 is the folder that ls reads */
		{"exec 1>&- 2>&-; exit 5", "", 5},
		{"trap 'echo caught' PIPE; kill -PIPE $$", "caught\n", 0},	/* SIGPIPE is not ignored */
	};

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct job_result result;
		struct hgt_error err = {0};

		assert_int_equal(run(cases[i].script, 20000, &result, &err), 0);
		assert_string_equal(result.output.data, cases[i].output);
		assert_int_equal(result.exit_status, cases[i].status);
		assert_false(result.timed_out);
		assert_false(result.cut);
		hgt_buf_release(&result.output);
	}
}

static void keeps_the_end_of_much_output(void **state)
{
	struct job_result result;
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(run("i=0; while [ $i -lt 3000 ]; do echo 0123456789; i=$((i+1)); done; printf end", 20000, &result, &err), 0);
	assert_int_equal(result.output.len, JOB_OUTPUT_MAX);
	assert_true(result.cut);
	assert_string_equal(result.output.data + JOB_OUTPUT_MAX - 3, "end");
	hgt_buf_release(&result.output);
}

/* With all that it started: the pipe ends only when none of its group holds it. */
static void kills_what_takes_too_long(void **state)
{
	int64_t start = hgt_time_mono_ms();
	struct job_result result;
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(run("echo begun; sleep 60 & sleep 60", 300, &result, &err), 0);
	assert_true(result.timed_out);
	assert_int_equal(result.exit_status, 128 + SIGKILL);
	assert_string_equal(result.output.data, "begun\n");
	assert_true(hgt_time_mono_ms() - start < 20000);
	hgt_buf_release(&result.output);
}

static void does_not_wait_for_what_stays(void **state)
{
	int64_t start = hgt_time_mono_ms();
	struct job_result result;
	struct hgt_error err = {0};
	int pid;

	(void)state;
	assert_int_equal(run("sleep 60 & echo $!", 30000, &result, &err), 0);
	assert_false(result.timed_out);
	assert_true(hgt_time_mono_ms() - start < 20000);
	pid = (int)strtol(result.output.data, NULL, 10);
	assert_true(pid > 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	hgt_buf_release(&result.output);
}

static void tells_what_cannot_be_run(void **state)
{
	char *argv[] = {(char *)(uintptr_t)"/no/such/command", NULL};
	struct job_result result = {.output = HGT_BUF_INIT};
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(job_run(argv, 1000, &result, &err), 0);
	assert_int_equal(result.exit_status, JOB_NOT_FOUND);
	hgt_buf_release(&result.output);
	argv[0] = (char *)(uintptr_t)"/etc/passwd";
	assert_int_equal(job_run(argv, 1000, &result, &err), 0);
	assert_true(result.exit_status == JOB_NOT_RUN || result.exit_status == JOB_NOT_FOUND);
	hgt_buf_release(&result.output);
}

static void survives_failing_allocations(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		struct job_result result;
		struct hgt_error err = {0};
		int code;

		fail_alloc_at(n);
		code = run("echo x", 20000, &result, &err);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			hgt_buf_release(&result.output);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
		hgt_buf_release(&result.output);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_how_it_ended), cmocka_unit_test(keeps_the_end_of_much_output),
		cmocka_unit_test(kills_what_takes_too_long), cmocka_unit_test(does_not_wait_for_what_stays),
		cmocka_unit_test(tells_what_cannot_be_run), cmocka_unit_test(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
