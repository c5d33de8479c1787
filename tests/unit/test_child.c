/* daemon/child: how a program ends, what it says as it comes, that its time and its silence are bounded, and that nothing is left of it. */
#include "daemon/child.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/timing.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

struct seen {
	struct event_base *base;
	struct child *child;
	struct hgt_buf out[2];
	size_t most;		/* bytes of stdout that are wanted; 0: all */
	bool over, free_it, stop_it;
	struct child_end end;
};

static bool take(void *ctx, int fd, const char *data, size_t len)
{
	struct seen *seen = ctx;

	assert_false(seen->over);
	hgt_buf_add(&seen->out[fd - 1], data, len);
	if (seen->free_it) {
		child_free(seen->child);
		seen->child = NULL;
		event_base_loopbreak(seen->base);
	} else if (seen->stop_it) {
		child_stop(seen->child);
	}
	return !seen->most || seen->out[0].len < seen->most;
}

static void ended(void *ctx, const struct child_end *end)
{
	struct seen *seen = ctx;

	assert_false(seen->over);
	seen->over = true;
	seen->end = *end;
	event_base_loopbreak(seen->base);
}

static int start(struct seen *seen, struct child_order *order, struct hgt_error *err)
{
	static const char *const env[] = {"PATH=/usr/bin:/bin", "A=b", NULL};

	seen->base = event_base_new();
	assert_non_null(seen->base);
	for (int i = 0; i < 2; i++)
		hgt_buf_init(&seen->out[i]);
	order->env = env;
	order->take = take;
	order->ended = ended;
	order->ctx = seen;
	return child_start(seen->base, order, &seen->child, err);
}

static void finish(struct seen *seen)
{
	for (int i = 0; i < 2; i++)
		hgt_buf_release(&seen->out[i]);
	event_base_free(seen->base);
}

static void run(struct seen *seen, const char *script, struct child_order order)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	struct hgt_error err = {0};

	order.argv = argv;
	assert_int_equal(start(seen, &order, &err), 0);
	assert_false(seen->over);
	event_base_dispatch(seen->base);
}

static void tells_how_it_ended(void **state)
{
	static const struct {
		const char *script, *out, *said;
		int status;
	} cases[] = {
		{"exit 0", "", "", 0},
		{"exit 7", "", "", 7},
		{"kill -9 $$", "", "", 128 + SIGKILL},
		{"printf out; printf err >&2", "out", "err", 0},
		{"cat", "given", "", 0},
		{"echo $A $HOME", "b\n", "", 0},
		{"pwd", "/usr\n", "", 0},
		{"ls /proc/self/fd | xargs", "0 1 2 3\n", "", 0},	/* 3 is the folder that ls reads */
		{"exec 1>&- 2>&-; exit 5", "", "", 5},
		{"exec 2>/dev/null; trap 'echo caught' PIPE; kill -PIPE $$", "caught\n", "", 0},	/* SIGPIPE is not ignored */
	};

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct seen seen = {0};

		run(&seen, cases[i].script, (struct child_order){.folder = "/usr", .input = "given", .input_len = 5});
		assert_true(seen.over);
		assert_int_equal(seen.end.status, cases[i].status);
		assert_string_equal(seen.out[0].data, cases[i].out);
		assert_string_equal(seen.out[1].data, cases[i].said);
		assert_false(seen.end.timed_out || seen.end.stopped);
		finish(&seen);
	}
}

static void tells_what_is_no_program(void **state)
{
	static const struct {
		const char *name;
		int status;
	} cases[] = {{"headgate-no-such-program", CHILD_NOT_FOUND}, {"/", CHILD_NOT_RUN}};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const char *argv[] = {cases[i].name, NULL};
		struct child_order order = {.argv = argv};
		struct seen seen = {0};
		struct hgt_error err = {0};

		assert_int_equal(start(&seen, &order, &err), 0);
		assert_false(seen.over);
		event_base_dispatch(seen.base);
		/* Under valgrind a child only ends with 127, and its parent is not told why. */
		if (seen.out[1].len) {
			assert_int_equal(seen.end.status, cases[i].status);
			assert_non_null(strstr(seen.out[1].data, "cannot run"));
		} else {
			assert_int_equal(seen.end.status, CHILD_NOT_FOUND);
		}
		finish(&seen);
	}
}

static void takes_much(void **state)
{
	struct seen seen = {0};

	(void)state;
	run(&seen, "head -c 3000000 /dev/zero; head -c 100000 /dev/zero >&2", (struct child_order){0});
	assert_int_equal(seen.out[0].len, 3000000);
	assert_int_equal(seen.out[1].len, 100000);
	finish(&seen);
}

static void ends_what_takes_too_long(void **state)
{
	static const struct {
		const char *script;
		struct child_order order;
		int status;
	} cases[] = {
		{"while :; do echo a; sleep 0.01; done", {.limit_ms = 200}, 128 + SIGTERM},
		{"echo a; sleep 60", {.silence_ms = 200}, 128 + SIGTERM},
		{"echo a; sleep 60 & wait", {.silence_ms = 200}, 128 + SIGTERM},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		int64_t began = hgt_time_mono_ms();
		struct seen seen = {0};

		run(&seen, cases[i].script, cases[i].order);
		assert_true(seen.end.timed_out);
		assert_false(seen.end.stopped);
		assert_int_equal(seen.end.status, cases[i].status);
		assert_true(hgt_time_mono_ms() - began < 30000);
		finish(&seen);
	}
}

/* A word now and then is not silence. */
static void lets_go_on_what_speaks(void **state)
{
	struct seen seen = {0};

	(void)state;
	run(&seen, "for i in 1 2 3 4 5 6 7 8 9 10; do echo $i >&2; sleep 0.1; done", (struct child_order){.silence_ms = 900});
	assert_int_equal(seen.end.status, 0);
	assert_false(seen.end.timed_out);
	finish(&seen);
}

static void kills_what_will_not_end(void **state)
{
	struct seen seen = {0};

	(void)state;
	run(&seen, "trap '' TERM; echo a; while :; do sleep 0.05; done", (struct child_order){.silence_ms = 100});
	assert_true(seen.end.timed_out);
	assert_int_equal(seen.end.status, 128 + SIGKILL);
	finish(&seen);
}

static void stops_when_no_more_is_wanted(void **state)
{
	struct seen few = {.most = 10}, none = {.stop_it = true};

	(void)state;
	run(&few, "while :; do echo abc; done", (struct child_order){0});
	assert_true(few.end.stopped);
	assert_true(few.out[0].len >= 10);
	finish(&few);
	run(&none, "echo a; sleep 60", (struct child_order){0});
	assert_true(none.end.stopped && !none.end.timed_out);
	finish(&none);
}

/* What it has left in the background keeps nobody waiting. */
static void leaves_alone_what_lingers(void **state)
{
	int64_t began = hgt_time_mono_ms();
	struct seen seen = {0};
	pid_t left;

	(void)state;
	run(&seen, "setsid sleep 60 & echo $!", (struct child_order){0});
	assert_int_equal(seen.end.status, 0);
	assert_true(hgt_time_mono_ms() - began < 30000);
	left = (pid_t)strtol(seen.out[0].data, NULL, 10);
	assert_true(left > 1);
	assert_int_equal(kill(left, SIGKILL), 0);
	finish(&seen);
}

static bool is_gone(pid_t group)
{
	return kill(-group, 0) < 0 && errno == ESRCH;
}

static void is_freed_at_any_time(void **state)
{
	struct seen first = {0}, within = {.free_it = true};
	const char *argv[] = {"sh", "-c", "echo $$; sleep 60 & sleep 60", NULL};
	struct child_order order = {.argv = argv};
	struct hgt_error err = {0};
	pid_t group;

	(void)state;
	assert_int_equal(start(&first, &order, &err), 0);
	child_free(first.child);
	assert_false(first.over);
	finish(&first);
	assert_int_equal(start(&within, &order, &err), 0);
	event_base_dispatch(within.base);
	assert_false(within.over);
	group = (pid_t)strtol(within.out[0].data, NULL, 10);
	for (int64_t until = hgt_time_mono_ms() + 10000; !is_gone(group) && hgt_time_mono_ms() < until;)
		usleep(1000);
	assert_true(is_gone(group));
	finish(&within);
	child_free(NULL);
}

static void lives_with_little_memory(void **state)
{
	const char *argv[] = {"sh", "-c", "cat", NULL};

	(void)state;
	for (long n = 1;; n++) {
		struct child_order order = {.argv = argv, .input = "x", .input_len = 1, .limit_ms = 60000};
		struct seen seen = {0};
		struct hgt_error err = {0};
		int code;

		seen.base = event_base_new();
		order.take = take;
		order.ended = ended;
		order.ctx = &seen;
		order.env = argv + 3;
		fail_alloc_at(n);
		code = child_start(seen.base, &order, &seen.child, &err);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			child_free(seen.child);
			event_base_free(seen.base);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
		event_base_free(seen.base);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_how_it_ended),
		cmocka_unit_test(tells_what_is_no_program),
		cmocka_unit_test(takes_much),
		cmocka_unit_test(ends_what_takes_too_long),
		cmocka_unit_test(lets_go_on_what_speaks),
		cmocka_unit_test(kills_what_will_not_end),
		cmocka_unit_test(stops_when_no_more_is_wanted),
		cmocka_unit_test(leaves_alone_what_lingers),
		cmocka_unit_test(is_freed_at_any_time),
		cmocka_unit_test(lives_with_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
