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

	struct job job = {.argv = argv, .limit_ms = limit_ms, .stop_fd = -1};

	*result = (struct job_result){.output = HGT_BUF_INIT};
	return job_run(&job, result, err);
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
		{"exec 2>/dev/null; trap 'echo caught' PIPE; kill -PIPE $$", "caught\n", 0},	/* SIGPIPE is not ignored */
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
	assert_int_equal(job_run(&(struct job){.argv = argv, .limit_ms = 1000, .stop_fd = -1}, &result, &err), 0);
	assert_int_equal(result.exit_status, JOB_NOT_FOUND);
	hgt_buf_release(&result.output);
	argv[0] = (char *)(uintptr_t)"/etc/passwd";
	assert_int_equal(job_run(&(struct job){.argv = argv, .limit_ms = 1000, .stop_fd = -1}, &result, &err), 0);
	assert_true(result.exit_status == JOB_NOT_RUN || result.exit_status == JOB_NOT_FOUND);
	hgt_buf_release(&result.output);
}

struct heard {
	struct hgt_buf text;
	size_t limit;
};

static int hear(void *ctx, const char *data, size_t len, struct hgt_error *err)
{
	struct heard *heard = ctx;

	hgt_buf_add(&heard->text, data, len);
	return heard->text.len > heard->limit ? hgt_error_set(err, HGT_ELIMIT, "it says too much") : 0;
}

static void gives_and_takes(void **state)
{
	char *argv[] = {(char *)(uintptr_t)"sh", (char *)(uintptr_t)"-c",
		(char *)(uintptr_t)"pwd; echo $ONE $TWO; cat; echo aside >&2", NULL};
	char *env[] = {(char *)(uintptr_t)"ONE=1", (char *)(uintptr_t)"TWO=zwei", NULL};
	struct heard heard = {.text = HGT_BUF_INIT, .limit = 1000};
	struct job job = {.argv = argv, .folder = "/", .env = env, .input = "said\n", .input_len = 5, .limit_ms = 20000, .stop_fd = -1,
		.take = hear, .ctx = &heard};
	struct job_result result = {.output = HGT_BUF_INIT};
	struct hgt_error err = {0};

	(void)state;
	setenv("ONE", "not this", 1);
	assert_int_equal(job_run(&job, &result, &err), 0);
	unsetenv("ONE");
	assert_string_equal(heard.text.data, "/\n1 zwei\nsaid\n");
	assert_string_equal(result.output.data, "aside\n");
	assert_int_equal(job_judge(&job, &result, &err), 0);
	hgt_buf_release(&result.output);
	hgt_buf_release(&heard.text);
}

/* A gigabyte is not waited for. */
static void ends_what_says_too_much(void **state)
{
	char *argv[] = {(char *)(uintptr_t)"yes", NULL};
	struct heard heard = {.text = HGT_BUF_INIT, .limit = 100000};
	struct job job = {.argv = argv, .limit_ms = 60000, .stop_fd = -1, .take = hear, .ctx = &heard};
	struct job_result result = {.output = HGT_BUF_INIT};
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(job_run(&job, &result, &err), HGT_ELIMIT);
	assert_false(result.timed_out);
	assert_int_equal(result.exit_status, 128 + SIGKILL);
	hgt_buf_release(&result.output);
	hgt_buf_release(&heard.text);
}

/* With a word first, when there is time for it. */
static void stops_when_told(void **state)
{
	static const struct {
		const char *script;
		int signal, grace_ms, status;
		const char *output;
	} cases[] = {
		{"exec 2>/dev/null; trap 'echo well; exit 3' TERM; while :; do sleep 0.05; done", SIGTERM, 20000, 3, "well\n"},
		{"exec 2>/dev/null; trap 'echo no' TERM; while :; do sleep 0.05; done", SIGTERM, 300, 128 + SIGKILL, "no\n"},
		{"exec 2>/dev/null; while :; do sleep 0.05; done", 0, 0, 128 + SIGKILL, ""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		char *argv[] = {(char *)(uintptr_t)"sh", (char *)(uintptr_t)"-c", (char *)(uintptr_t)cases[i].script, NULL};
		struct job_result result = {.output = HGT_BUF_INIT};
		struct hgt_error err = {0};
		int fds[2];
		struct job job = {.argv = argv, .limit_ms = 60000, .stop_signal = cases[i].signal, .grace_ms = cases[i].grace_ms};

		assert_int_equal(pipe(fds), 0);
		/* A trap takes a while to be set: those that have one are ended by their limit. */
		job.stop_fd = fds[0];
		if (cases[i].signal == 0)
			close(fds[1]);
		else
			job.limit_ms = 1000;
		assert_int_equal(job_run(&job, &result, &err), 0);
		assert_int_equal(result.stopped, cases[i].signal == 0);
		assert_int_equal(result.timed_out, cases[i].signal != 0);
		assert_int_equal(result.exit_status, cases[i].status);
		assert_string_equal(result.output.len ? result.output.data : "", cases[i].output);
		assert_true(job_judge(&job, &result, &err) < 0);
		hgt_buf_release(&result.output);
		close(fds[0]);
		if (cases[i].signal)
			close(fds[1]);
	}
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
		cmocka_unit_test(tells_what_cannot_be_run), cmocka_unit_test(gives_and_takes), cmocka_unit_test(ends_what_says_too_much),
		cmocka_unit_test(stops_when_told), cmocka_unit_test(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
