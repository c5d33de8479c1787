/* daemon/store: jobs in order, what a failed one leaves, what is published before whom, and the end. */
#include "daemon/store.h"

#include <event2/event.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fail_alloc.h"
#include "tests/unit/small_daemon.h"
#include "tests/unit/unit.h"

struct job {
	int number;
	int fail;		/* the code its run ends with */
	int events;
	uint64_t seq;
	int code;
	bool done;
	struct job **last;	/* whose done was called before */
	struct job *before;
};

static int run(struct hgt_journal *journal, struct store_batch *batch, void *arg, struct hgt_error *err)
{
	struct job *job = arg;
	char data[32], ref[32];
	int code = 0;

	snprintf(data, sizeof(data), "{\"number\":%d}", job->number);
	snprintf(ref, sizeof(ref), "refs/heads/%d", job->number);
	for (int i = 0; i < job->events && code == 0; i++)
		code = store_append(batch, &(struct hgt_journal_entry){.type = "t", .subject = "s", .repo = "", .ref = "", .data = data,
			.data_len = strlen(data)}, &job->seq, err);
	if (code == 0)
		code = hgt_journal_set_ref(journal, "r", ref, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", job->seq, err);
	return code < 0 ? code : job->fail < 0 ? hgt_error_set(err, job->fail, "job %d fails", job->number) : 0;
}

static void done(void *arg, int code, const struct hgt_error *err)
{
	struct job *job = arg;

	job->code = code;
	job->done = true;
	if (code < 0)
		assert_true(err->message[0]);
	if (job->last) {
		job->before = *job->last;
		*job->last = job;
	}
}

static bool knows(struct small_daemon *small, int number)
{
	char id[HGT_JOURNAL_OID_TEXT], ref[32];

	snprintf(ref, sizeof(ref), "refs/heads/%d", number);
	assert_int_equal(hgt_journal_get_ref(small->daemon.reader, "r", ref, id, NULL, NULL), 0);
	return *id;
}

static void failed_jobs_are_undone_alone(void **state)
{
	struct small_daemon small;
	struct job jobs[600] = {{0}}, *last = NULL;
	uint64_t head, seq = 0;

	(void)state;
	small_daemon_start(&small);
	for (size_t i = 0; i < N_OF(jobs); i++) {
		jobs[i] = (struct job){.number = (int)i, .fail = i % 3 == 1 ? HGT_EINVAL : 0, .events = (int)(i % 4), .last = &last};
		assert_int_equal(store_submit(small.daemon.store, run, done, &jobs[i], NULL), 0);
	}
	assert_int_equal(store_pending(small.daemon.store), N_OF(jobs));
	small_daemon_run(&small, &jobs[N_OF(jobs) - 1].done);
	assert_int_equal(store_pending(small.daemon.store), 0);
	for (size_t i = 0; i < N_OF(jobs); i++) {
		assert_int_equal(jobs[i].code, jobs[i].fail);
		assert_ptr_equal(jobs[i].before, i ? &jobs[i - 1] : NULL);
		assert_int_equal(knows(&small, (int)i), jobs[i].fail == 0);
		if (jobs[i].fail == 0 && jobs[i].events) {
			seq += (uint64_t)jobs[i].events;
			assert_int_equal(jobs[i].seq, seq);
		}
	}
	assert_int_equal(hgt_journal_head(small.daemon.reader, &head, NULL), 0);
	assert_int_equal(head, seq);
	small_daemon_stop(&small);
}

static void the_end_commits_what_was_submitted(void **state)
{
	struct small_daemon small;
	struct job jobs[20] = {{0}};

	(void)state;
	small_daemon_start(&small);
	for (size_t i = 0; i < N_OF(jobs); i++) {
		jobs[i] = (struct job){.number = (int)i, .events = 1};
		assert_int_equal(store_submit(small.daemon.store, run, done, &jobs[i], NULL), 0);
	}
	small_daemon_restart(&small);
	for (size_t i = 0; i < N_OF(jobs); i++) {
		assert_true(jobs[i].done);
		assert_int_equal(jobs[i].code, 0);
		assert_true(knows(&small, (int)i));
	}
	small_daemon_stop(&small);
}

/* The disk takes no more in the middle of a group: all of it fails, and when there is room again work goes on. */
static int full_disk_child(void)
{
	struct rlimit limit = {.rlim_max = RLIM_INFINITY};
	struct small_daemon small;
	struct job jobs[10] = {{0}}, after = {.number = 100, .events = 1};
	uint64_t head = 1;

	small_daemon_start(&small);
	signal(SIGXFSZ, SIG_IGN);
	limit.rlim_cur = 40 * 1024;
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 1;
	for (size_t i = 0; i < N_OF(jobs); i++) {
		jobs[i] = (struct job){.number = (int)i, .events = 300};
		if (store_submit(small.daemon.store, run, done, &jobs[i], NULL) < 0)
			return 2;
	}
	small_daemon_run(&small, &jobs[N_OF(jobs) - 1].done);
	for (size_t i = 0; i < N_OF(jobs); i++)
		if (jobs[i].code != HGT_EIO)
			return 3;
	limit.rlim_cur = RLIM_INFINITY;
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0 || hgt_journal_head(small.daemon.reader, &head, NULL) < 0 || head != 0)
		return 4;
	if (store_submit(small.daemon.store, run, done, &after, NULL) < 0)
		return 5;
	small_daemon_run(&small, &after.done);
	small_daemon_stop(&small);
	return after.code == 0 && after.seq == 1 ? 0 : 6;
}

static void a_full_disk_fails_the_group(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(full_disk_child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void allocations_fail(void **state)
{
	struct small_daemon small;
	bool armed = true;

	(void)state;
	small_daemon_start(&small);
	for (long n = 1; armed; n++) {
		struct job job = {.number = (int)n, .events = 2};
		int code;

		fail_alloc_at(n);
		code = store_submit(small.daemon.store, run, done, &job, NULL);
		if (code == 0) {
			small_daemon_run(&small, &job.done);
			code = job.code;
		}
		armed = fail_alloc_off();
		assert_int_equal(code, armed ? HGT_ENOMEM : 0);
		assert_int_equal(knows(&small, (int)n), code == 0);
		if (code < 0) {
			/* That the trouble is over is logged by the next job, which is not the one to be failed. */
			struct job after = {.number = -(int)n, .events = 1};

			assert_int_equal(store_submit(small.daemon.store, run, done, &after, NULL), 0);
			small_daemon_run(&small, &after.done);
			assert_int_equal(after.code, 0);
		}
	}
	small_daemon_stop(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failed_jobs_are_undone_alone), cmocka_unit_test(the_end_commits_what_was_submitted),
		cmocka_unit_test(a_full_disk_fails_the_group), cmocka_unit_test(allocations_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
