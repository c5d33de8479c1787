/* lib/base/workers: jobs run off the thread, their ends come back on it, in order, none lost. */
#include "base/workers.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

enum { JOBS = 200, DEADLINE_MS = 20000 };

struct job {
	pthread_t ran_on, done_on;
	int order;		/* in which its done was called, from 1 */
	int *ends;
	atomic_int ran;
};

static void run(void *arg)
{
	struct job *job = arg;

	job->ran_on = pthread_self();
	atomic_fetch_add(&job->ran, 1);
}

static void done(void *arg)
{
	struct job *job = arg;

	job->done_on = pthread_self();
	job->order = ++*job->ends;
}

static void wait_for_all(struct hgt_workers *workers)
{
	while (hgt_workers_pending(workers)) {
		struct pollfd fd = {.fd = hgt_workers_fd(workers), .events = POLLIN};

		assert_int_equal(poll(&fd, 1, DEADLINE_MS), 1);
		hgt_workers_dispatch(workers);
	}
}

static void runs_everything(void **state)
{
	static const unsigned threads[] = {1, 2, 4};

	(void)state;
	for (size_t t = 0; t < N_OF(threads); t++) {
		struct job jobs[JOBS] = {0};
		struct hgt_workers *workers;
		int ends = 0;

		assert_int_equal(hgt_workers_new(threads[t], &workers, NULL), 0);
		for (int i = 0; i < JOBS; i++) {
			jobs[i].ends = &ends;
			assert_int_equal(hgt_workers_submit(workers, run, done, &jobs[i], NULL), 0);
		}
		wait_for_all(workers);
		assert_int_equal(ends, JOBS);
		for (int i = 0; i < JOBS; i++) {
			assert_int_equal(jobs[i].ran, 1);
			assert_false(pthread_equal(jobs[i].ran_on, pthread_self()));
			assert_true(pthread_equal(jobs[i].done_on, pthread_self()));
			if (threads[t] == 1)
				assert_int_equal(jobs[i].order, i + 1);
		}
		hgt_workers_free(workers);
	}
	hgt_workers_free(NULL);
	assert_int_equal(hgt_workers_pending(NULL), 0);
}

/* Freed with work in the queue: it all runs, every done is called; a job without one is fine. */
static void free_finishes_the_work(void **state)
{
	struct job jobs[JOBS] = {0};
	struct hgt_workers *workers;
	int ends = 0;

	(void)state;
	assert_int_equal(hgt_workers_new(2, &workers, NULL), 0);
	for (int i = 0; i < JOBS; i++) {
		jobs[i].ends = &ends;
		assert_int_equal(hgt_workers_submit(workers, run, i % 2 ? done : NULL, &jobs[i], NULL), 0);
	}
	hgt_workers_free(workers);
	assert_int_equal(ends, JOBS / 2);
	for (int i = 0; i < JOBS; i++)
		assert_int_equal(jobs[i].ran, 1);
}

struct chain {
	struct hgt_workers *workers;
	int left;
};

static void chain_run(void *arg)
{
	(void)arg;
}

static void chain_done(void *arg)
{
	struct chain *chain = arg;

	if (--chain->left > 0)
		assert_int_equal(hgt_workers_submit(chain->workers, chain_run, chain_done, chain, NULL), 0);
}

static void done_may_submit(void **state)
{
	struct chain chain = {.left = 20};

	(void)state;
	assert_int_equal(hgt_workers_new(1, &chain.workers, NULL), 0);
	assert_int_equal(hgt_workers_submit(chain.workers, chain_run, chain_done, &chain, NULL), 0);
	wait_for_all(chain.workers);
	assert_int_equal(chain.left, 0);
	hgt_workers_dispatch(chain.workers);	/* with nothing to do */
	hgt_workers_free(chain.workers);
}

static void survives_failing_allocations(void **state)
{
	bool failed = true;

	(void)state;
	for (long n = 1; failed; n++) {
		struct hgt_workers *workers = NULL;
		struct job job = {0};
		int ends = 0, code, submitted = 0;

		job.ends = &ends;
		fail_alloc_at(n);
		code = hgt_workers_new(1, &workers, NULL);
		if (code == 0)
			submitted = code = hgt_workers_submit(workers, run, done, &job, NULL);
		failed = fail_alloc_off();
		assert_int_equal(code, failed ? HGT_ENOMEM : 0);
		hgt_workers_free(workers);
		assert_int_equal(ends, workers && submitted == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_everything), cmocka_unit_test(free_finishes_the_work), cmocka_unit_test(done_may_submit),
		cmocka_unit_test(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
