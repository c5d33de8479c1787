/* lib/base/ahead: each item is prepared once, on any thread, and finished once, in order, on the caller's. */
#include "base/ahead.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

enum { ITEMS = 500, SLOTS_MAX = 16 };

struct item {
	int number;
	unsigned long sum;	/* made by prepare, looked at by finish */
	int prepared;		/* since it was filled in */
};

struct run {
	pthread_t caller;
	int finished;		/* so many, in order */
	int fail_at;		/* this one; -1: none */
	bool slow;		/* finishing takes longer than preparing */
};

static atomic_int n_prepared;

static unsigned long sum_of(int number, int steps)
{
	unsigned long sum = (unsigned long)number;

	for (int i = 0; i < steps; i++)
		sum = sum * 6364136223846793005u + 1442695040888963407u;
	return sum;
}

static void prepare(void *arg)
{
	struct item *item = arg;

	atomic_fetch_add(&n_prepared, 1);
	item->prepared++;
	/* Some take long, so that those behind them are done before. */
	item->sum = sum_of(item->number, item->number % 7 == 0 ? 50000 : 100);
}

static int finish(void *ctx, void *arg, struct hgt_error *err)
{
	struct run *run = ctx;
	struct item *item = arg;

	assert_true(pthread_equal(pthread_self(), run->caller));
	assert_int_equal(item->number, run->finished);
	assert_int_equal(item->prepared, 1);
	assert_int_equal(item->sum, sum_of(item->number, item->number % 7 == 0 ? 50000 : 100));
	if (item->number == run->fail_at)
		return hgt_error_set(err, HGT_EIO, "item %d", item->number);
	if (run->slow)
		assert_int_not_equal(sum_of(item->number, 20000), 1);
	run->finished++;
	return 0;
}

/* Send n items; what came of it. */
static int go(struct run *run, int n, size_t slots, unsigned threads, struct hgt_error *err)
{
	struct item items[SLOTS_MAX] = {0};
	const struct hgt_ahead_plan plan = {.items = items, .n = slots, .size = sizeof(items[0]), .threads = threads,
		.prepare = prepare, .finish = finish, .ctx = run};
	struct hgt_ahead *ahead;
	int code = 0;

	run->caller = pthread_self();
	assert_int_equal(hgt_ahead_new(&plan, &ahead, NULL), 0);
	for (int i = 0; i < n && code == 0; i++) {
		void *room;
		struct item *item;

		code = hgt_ahead_room(ahead, &room, err);
		item = room;
		if (code == 0) {
			*item = (struct item){.number = i};
			hgt_ahead_submit(ahead);
		}
	}
	if (code == 0)
		code = hgt_ahead_finish(ahead, err);
	hgt_ahead_free(ahead);
	return code;
}

static void keeps_the_order(void **state)
{
	static const size_t slots[] = {1, 2, 3, 8, SLOTS_MAX};
	static const unsigned threads[] = {0, 1, 2, 3, 100};

	(void)state;
	for (size_t s = 0; s < N_OF(slots); s++)
		for (size_t t = 0; t < N_OF(threads); t++) {
			struct run run = {.fail_at = -1, .slow = t % 2};

			atomic_store(&n_prepared, 0);
			assert_int_equal(go(&run, ITEMS, slots[s], threads[t], NULL), 0);
			assert_int_equal(run.finished, ITEMS);
			assert_int_equal(n_prepared, ITEMS);
		}
}

static void takes_few_and_none(void **state)
{
	(void)state;
	for (int n = 0; n < 12; n++) {
		struct run run = {.fail_at = -1};

		assert_int_equal(go(&run, n, 8, 3, NULL), 0);
		assert_int_equal(run.finished, n);
	}
	hgt_ahead_free(NULL);
}

/* All before the one that fails are finished, none behind it, wherever it is, and nothing is left running. */
static void ends_with_the_first_failure(void **state)
{
	static const int at[] = {0, 1, 7, 250, ITEMS - 1};

	(void)state;
	for (size_t i = 0; i < N_OF(at); i++)
		for (unsigned threads = 0; threads < 4; threads++) {
			struct run run = {.fail_at = at[i]};
			struct hgt_error err = {0};
			char expect[32];

			snprintf(expect, sizeof(expect), "item %d", at[i]);
			assert_int_equal(go(&run, ITEMS, 8, threads, &err), HGT_EIO);
			assert_string_equal(err.message, expect);
			assert_int_equal(run.finished, at[i]);
		}
}

static void drops_what_is_not_finished(void **state)
{
	struct item items[SLOTS_MAX] = {0};
	struct run run = {.fail_at = 0, .caller = pthread_self()};
	const struct hgt_ahead_plan plan = {.items = items, .n = SLOTS_MAX, .size = sizeof(items[0]), .threads = 2,
		.prepare = prepare, .finish = finish, .ctx = &run};

	(void)state;
	for (int n = 0; n < SLOTS_MAX; n++) {
		struct hgt_ahead *ahead;
		void *room;

		assert_int_equal(hgt_ahead_new(&plan, &ahead, NULL), 0);
		for (int i = 0; i < n; i++) {
			assert_int_equal(hgt_ahead_room(ahead, &room, NULL), 0);
			((struct item *)room)->number = 7;
			hgt_ahead_submit(ahead);
		}
		hgt_ahead_free(ahead);
	}
	assert_int_equal(run.finished, 0);
}

static void knows_a_few_helpers(void **state)
{
	(void)state;
	assert_in_range(hgt_ahead_helpers(), 0, 3);
}

static void survives_want_of_memory(void **state)
{
	struct item items[2] = {0};
	const struct hgt_ahead_plan plan = {.items = items, .n = 2, .size = sizeof(items[0]), .prepare = prepare, .finish = finish};

	(void)state;
	for (long n = 1;; n++) {
		struct hgt_ahead *ahead = NULL;
		int code;

		fail_alloc_at(n);
		code = hgt_ahead_new(&plan, &ahead, NULL);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			hgt_ahead_free(ahead);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_order),
		cmocka_unit_test(takes_few_and_none),
		cmocka_unit_test(ends_with_the_first_failure),
		cmocka_unit_test(drops_what_is_not_finished),
		cmocka_unit_test(knows_a_few_helpers),
		cmocka_unit_test(survives_want_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
