/* daemon/retention: when old events go, who holds them, what a clock that jumps does. */
#include "daemon/retention.h"

#include <event2/event.h>

#include "base/timing.h"
#include "daemon/steady.h"
#include "daemon/store.h"
#include "headgate/protocol.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/small_daemon.h"
#include "tests/unit/unit.h"

#define HOUR (60 * 60 * 1000LL)

struct job {
	int events;
	bool done;
};

static int run(struct hgt_journal *journal, struct store_batch *batch, void *arg, struct hgt_error *err)
{
	const struct job *job = arg;
	int code = 0;

	(void)journal;
	for (int i = 0; i < job->events && code == 0; i++)
		code = store_append(batch, &(struct hgt_journal_entry){.type = "t", .repo = "", .ref = "", .data = "{}", .data_len = 2}, NULL, err);
	return code;
}

static void done(void *arg, int code, const struct hgt_error *err)
{
	struct job *job = arg;

	if (code < 0)
		fail_msg("%s", err->message);
	job->done = true;
}

static void append(struct small_daemon *small, int events)
{
	struct job job = {.events = events};

	assert_int_equal(store_submit(small->daemon.store, run, done, &job, NULL), 0);
	small_daemon_run(small, &job.done);
}

static struct retention_stats stats_of(struct small_daemon *small)
{
	struct retention_stats stats;

	retention_stats(small->daemon.retention, &stats);
	return stats;
}

/* Turn the loop until a run has ended. */
static void settle(struct small_daemon *small)
{
	int64_t until = hgt_time_mono_ms() + 30000;

	while (stats_of(small).busy || store_pending(small->daemon.store)) {
		assert_true(hgt_time_mono_ms() < until);
		assert_int_equal(event_base_loop(small->daemon.base, EVLOOP_ONCE), 0);
	}
}

static void begin(struct small_daemon *small, unsigned keep_events)
{
	small_daemon_start(small);
	small->config->journal.keep_events = keep_events;
	small->config->journal.keep_days = 0;
	assert_int_equal(retention_new(&small->daemon, &small->daemon.retention, NULL), 0);
	/* The first look. */
	do
		assert_int_equal(event_base_loop(small->daemon.base, EVLOOP_ONCE), 0);
	while (!stats_of(small).first || stats_of(small).busy);
}

static uint64_t tail(struct small_daemon *small)
{
	uint64_t seq;

	assert_int_equal(hgt_journal_tail(small->daemon.reader, &seq, NULL), 0);
	return seq;
}

static void too_many_go_as_they_come(void **state)
{
	struct small_daemon small;

	(void)state;
	begin(&small, 160);
	append(&small, 170);
	assert_false(stats_of(&small).busy);	/* a sixteenth more is let be */
	append(&small, 1);
	settle(&small);
	assert_int_equal(tail(&small), 12);
	assert_int_equal(stats_of(&small).removed, 11);
	assert_int_equal(stats_of(&small).first, 12);
	/* Many steps, each told by an event. */
	append(&small, 5000);
	settle(&small);
	assert_true(stats_of(&small).removed >= 5011 && stats_of(&small).removed < 5030);
	assert_false(stats_of(&small).held);
	assert_int_equal(stats_of(&small).failed, 0);
	small_daemon_stop(&small);
}

static uint64_t need(void *ctx)
{
	return *(uint64_t *)ctx;
}

static void who_needs_events_keeps_them(void **state)
{
	struct small_daemon small;
	uint64_t one = 6, two = UINT64_MAX;

	(void)state;
	begin(&small, 10);
	assert_int_equal(retention_hold(small.daemon.retention, "one", need, &one, NULL), 0);
	assert_int_equal(retention_hold(small.daemon.retention, "two", need, &two, NULL), 0);
	append(&small, 30);
	settle(&small);
	assert_int_equal(tail(&small), 6);
	assert_true(stats_of(&small).held);
	/* More come, and nobody asks at each of them. */
	append(&small, 30);
	assert_false(stats_of(&small).busy);
	one = 20;
	two = 19;
	retention_look(small.daemon.retention);
	settle(&small);
	assert_int_equal(tail(&small), 19);
	one = two = UINT64_MAX;
	retention_look(small.daemon.retention);
	settle(&small);
	assert_false(stats_of(&small).held);
	assert_true(tail(&small) > 50);
	for (int i = 2; i < 8; i++)
		assert_int_equal(retention_hold(small.daemon.retention, "more", need, &one, NULL), 0);
	assert_int_equal(retention_hold(small.daemon.retention, "more", need, &one, NULL), HGT_ELIMIT);
	small_daemon_stop(&small);
}

static void zero_is_for_ever(void **state)
{
	struct small_daemon small;

	(void)state;
	begin(&small, 0);
	append(&small, 300);
	retention_look(small.daemon.retention);
	settle(&small);
	assert_int_equal(tail(&small), 1);
	small_daemon_stop(&small);
}

static void allocations_fail(void **state)
{
	struct small_daemon small;
	bool armed = true;

	(void)state;
	begin(&small, 100);
	for (long n = 1; armed; n++) {
		append(&small, 50);
		settle(&small);
		fail_alloc_at(n);
		retention_look(small.daemon.retention);
		while (stats_of(&small).busy)
			assert_int_equal(event_base_loop(small.daemon.base, EVLOOP_ONCE), 0);
		armed = fail_alloc_off();
		assert_true(tail(&small) > 0);
	}
	assert_true(stats_of(&small).failed > 0);
	small_daemon_stop(&small);
}

static void a_clock_that_jumps(void **state)
{
	struct steady steady;
	int64_t step, wall = 1000 * HOUR, boot = 5 * HOUR;

	(void)state;
	steady_begin(&steady, wall, boot);
	assert_false(steady_for(&steady, HOUR, wall + HOUR / 2, boot + HOUR / 2, &step));
	assert_int_equal(step, 0);
	/* Half a minute is what NTP may do. */
	assert_true(steady_for(&steady, HOUR, wall + HOUR + 30000, boot + HOUR, &step));
	assert_int_equal(step, 0);
	/* A year ahead: nothing is old for an hour; and again when it is set right. */
	wall += 365 * 24 * HOUR;
	assert_false(steady_for(&steady, HOUR, wall + 2 * HOUR, boot + 2 * HOUR, &step));
	assert_int_equal(step, 365 * 24 * HOUR);
	assert_false(steady_for(&steady, HOUR, wall + 2 * HOUR + HOUR / 2, boot + 2 * HOUR + HOUR / 2, &step));
	wall -= 365 * 24 * HOUR;
	assert_false(steady_for(&steady, HOUR, wall + 3 * HOUR, boot + 3 * HOUR, &step));
	assert_int_equal(step, -365 * 24 * HOUR);
	assert_true(steady_for(&steady, HOUR, wall + 4 * HOUR, boot + 4 * HOUR, &step));
}

static void the_store_counts(void **state)
{
	struct small_daemon small;
	struct store_stats stats;
	uint64_t classes = 0;

	(void)state;
	begin(&small, 0);
	append(&small, 5);
	append(&small, 2);
	store_stats(small.daemon.store, &stats);
	assert_int_equal(stats.jobs, 3);	/* and the first look of retention */
	assert_int_equal(stats.events, 7);
	assert_int_equal(stats.commits, 3);
	assert_int_equal(stats.failed_jobs + stats.failed_commits + stats.log.failed + stats.queued, 0);
	assert_int_equal(stats.oldest_ms, 0);
	assert_null(stats.trouble);
	for (size_t i = 0; i <= STORE_BOUNDS; i++)
		classes += stats.commit_classes[i];
	assert_int_equal(classes, 3);
	assert_true(stats.commit_us >= stats.longest_commit_us && stats.longest_commit_us > 0);
	small_daemon_stop(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_many_go_as_they_come), cmocka_unit_test(who_needs_events_keeps_them), cmocka_unit_test(zero_is_for_ever),
		cmocka_unit_test(allocations_fail), cmocka_unit_test(a_clock_that_jumps), cmocka_unit_test(the_store_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
