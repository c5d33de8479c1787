/* agent/target_wish: what a target should be, and when it may be made so, by what the daemon and operators say. */
#include <event2/event.h>
#include <poll.h>

#include "agent/feed.h"
#include "agent/target_private.h"
#include "base/timing.h"
#include "base/workers.h"
#include "tests/unit/unit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccc"
#define GONE "0000000000000000000000000000000000000000"

/* An agent without a line to its daemon: it decides, and does nothing. */
struct rig {
	struct hgt_agent_config config;
	struct hgt_agent_target of;
	struct runner runner;
	struct target *t;
	char *folder, *into;
};

static void save_all(struct rig *rig)
{
	while (hgt_workers_pending(rig->runner.saver) > 0) {
		struct pollfd fd = {.fd = hgt_workers_fd(rig->runner.saver), .events = POLLIN};

		assert_int_equal(poll(&fd, 1, 10000), 1);
		hgt_workers_dispatch(rig->runner.saver);
	}
}

static void begin(struct rig *rig)
{
	struct hgt_error err = {0};

	assert_int_equal(target_new(&rig->runner, &rig->of, &rig->t, &err), 0);
	rig->runner.targets = &rig->t;
}

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct hgt_error err = {0};
	void *folder;

	assert_non_null(rig);
	unit_folder_make(&folder);
	rig->folder = folder;
	rig->into = unit_path(folder, "into");
	rig->of = (struct hgt_agent_target){.name = "web", .repo = "infra", .ref = "refs/heads/main", .path = "", .driver = "files", .recipe = "",
		.automatic = true, .self_heal = true};
	rig->of.files.into = rig->into;
	rig->config = (struct hgt_agent_config){.state = rig->folder, .targets = &rig->of, .n_targets = 1, .parallel = 1};
	rig->runner = (struct runner){.config = &rig->config, .base = event_base_new(), .stop_looks = -1, .stop_applies = -1};
	turns_init(&rig->runner.turns, 1);
	assert_int_equal(hgt_workers_new(1, &rig->runner.workers, &err), 0);
	assert_int_equal(hgt_workers_new(1, &rig->runner.saver, &err), 0);
	begin(rig);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	void *folder = rig->folder;

	rig->runner.stopping = true;
	hgt_workers_free(rig->runner.workers);
	rig->runner.workers = NULL;
	save_all(rig);
	hgt_workers_free(rig->runner.saver);
	target_free(rig->t);
	event_base_free(rig->runner.base);
	free(rig->into);
	free(rig);
	return unit_folder_remove(&folder);
}

static void told(struct rig *rig, const char *id)
{
	target_ref(rig->t, "infra", "refs/heads/main", id);
}

static void asked(struct rig *rig, const char *id, const char *action, const char *revision)
{
	const struct feed_command command = {.id = id, .target = "web", .action = action, .revision = revision, .actor = "alice",
		.time = "2026-01-02T03:04:05.678Z"};

	target_command(rig->t, &command);
}

/* The first sync that was asked for comes to its end; when it was begun the ref was there. */
static void answered(struct rig *rig, const char *ref, bool well)
{
	const struct state_request *request = target_request(rig->t);

	assert_non_null(request);
	snprintf(rig->t->fetch.request, sizeof(rig->t->fetch.request), "%s", request->id);
	snprintf(rig->t->fetch.ref, sizeof(rig->t->fetch.ref), "%s", ref);
	target_answer(rig->t, well);
}

static void wants(const struct rig *rig, const char *id)
{
	assert_string_equal(target_wanted(rig->t), id);
}

static void what_was_asked_for_holds_until_the_ref_moves(void **state)
{
	struct rig *rig = *state;

	told(rig, A);
	wants(rig, A);
	asked(rig, "j.1", "sync", B);
	wants(rig, B);
	answered(rig, A, true);
	wants(rig, B);
	told(rig, A);
	wants(rig, B);
	told(rig, C);
	wants(rig, C);
	told(rig, A);
	wants(rig, A);

	/* in vain: as if nobody had asked */
	asked(rig, "j.2", "sync", B);
	answered(rig, A, false);
	wants(rig, A);
	/* the ref moves meanwhile */
	asked(rig, "j.3", "sync", B);
	told(rig, C);
	wants(rig, B);
	answered(rig, A, true);
	wants(rig, C);
	/* where the ref is, in place of what was asked for before */
	asked(rig, "j.4", "sync", B);
	answered(rig, C, true);
	wants(rig, B);
	asked(rig, "j.5", "sync", NULL);
	wants(rig, C);
	answered(rig, C, true);
	wants(rig, C);
	/* a ref that is gone; what is asked for may still be there */
	told(rig, GONE);
	wants(rig, "");
	asked(rig, "j.6", "sync", B);
	wants(rig, B);
}

static void each_command_counts_once_and_in_order(void **state)
{
	struct rig *rig = *state;

	told(rig, A);
	asked(rig, "j.1", "sync", B);
	asked(rig, "j.2", "sync", C);
	asked(rig, "j.1", "sync", B);
	assert_int_equal(rig->t->saved.n_requests, 2);
	wants(rig, B);
	answered(rig, A, true);
	wants(rig, C);
	asked(rig, "j.1", "sync", B);
	wants(rig, C);
	answered(rig, A, false);
	wants(rig, B);
	assert_int_equal(rig->t->saved.n_requests, 0);
	/* of a newer server: it is told again until an agent comes that knows it */
	asked(rig, "j.3", "dance", NULL);
	assert_null(state_find_command(&rig->t->saved, "j.3"));
	/* none is acknowledged before it is on disk */
	asked(rig, "j.4", "sync", NULL);
	for (size_t i = 0; i < rig->t->saved.n_commands; i++)
		rig->t->saved.commands[i].acknowledged = i + 1 < rig->t->saved.n_commands;
	assert_false(target_owes_ack(rig->t));
	save_all(rig);
	assert_true(target_owes_ack(rig->t));
	/* over a restart they are there, and in force */
	target_free(rig->t);
	begin(rig);
	assert_true(target_owes_ack(rig->t));
	told(rig, A);
	asked(rig, "j.2", "sync", C);
	assert_int_equal(rig->t->saved.n_requests, 1);
	assert_string_equal(target_request(rig->t)->id, "j.4");
	wants(rig, A);
}

static void acts_only_when_it_may(void **state)
{
	static struct hgt_window never = {.days = 127, .from = 0, .to = 24 * 60, .utc = true, .deny = true};
	struct rig *rig = *state;
	int64_t now = hgt_time_mono_ms();

	assert_int_equal(target_acts_at(rig->t), INT64_MAX);	/* nothing is known yet */
	told(rig, A);
	assert_true(target_may_act(rig->t) && target_acts_at(rig->t) <= hgt_time_mono_ms());
	asked(rig, "j.1", "suspend", NULL);
	assert_false(target_may_act(rig->t));
	assert_string_equal(target_held_by(rig->t), "suspended");
	assert_int_equal(target_acts_at(rig->t), INT64_MAX);
	assert_true(target_wants_content(rig->t));	/* that something waits is to be told */
	snprintf(rig->t->held, sizeof(rig->t->held), "%s", A);
	assert_false(target_wants_content(rig->t));
	asked(rig, "j.2", "sync", NULL);
	assert_true(target_may_act(rig->t) && target_wants_content(rig->t));
	answered(rig, A, false);
	assert_false(target_may_act(rig->t));
	asked(rig, "j.3", "resume", NULL);
	assert_true(target_may_act(rig->t));

	rig->of.automatic = false;
	assert_false(target_may_act(rig->t));
	assert_string_equal(target_held_by(rig->t), "sync is manual");
	rig->of.automatic = true;
	rig->of.windows.items = &never;
	rig->of.windows.n = 1;
	rig->t->window.until = 0;
	assert_false(target_may_act(rig->t));
	assert_string_equal(target_held_by(rig->t), "outside its windows");
	assert_int_equal(target_acts_at(rig->t), INT64_MAX);
	/* one that opens in an hour, as was found out before */
	rig->t->window.until = hgt_time_now_ms() + 3600000;
	assert_true(target_acts_at(rig->t) > now + 3590000 && target_acts_at(rig->t) < now + 3660000);
	/* what failed for good is left alone, until something changes */
	rig->of.windows.n = 0;
	rig->t->window.until = 0;
	target_give_up(rig->t, A);
	assert_int_equal(target_acts_at(rig->t), INT64_MAX);
	told(rig, B);
	assert_true(target_acts_at(rig->t) <= hgt_time_mono_ms());
	target_postpone(rig->t);
	assert_true(target_acts_at(rig->t) > hgt_time_mono_ms() + 1000);
}

static void comes_a_little_later_than_others(void **state)
{
	struct rig *rig = *state;
	int64_t now = hgt_time_mono_ms(), at, most = 0;

	rig->of.jitter = 3600;
	for (int i = 0; i < 32; i++) {
		rig->t->retry_at = 0;
		told(rig, i % 2 ? A : B);
		at = rig->t->retry_at;
		assert_true(at >= now && at < hgt_time_mono_ms() + 3600000);
		most = at > most ? at : most;
		/* Who pushes again and again does not put it off. */
		told(rig, C);
		assert_int_equal(rig->t->retry_at, at);
	}
	assert_true(most > now + 60000);
	asked(rig, "j.1", "sync", NULL);
	assert_int_equal(rig->t->retry_at, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(what_was_asked_for_holds_until_the_ref_moves), T(each_command_counts_once_and_in_order), T(acts_only_when_it_may),
		T(comes_a_little_later_than_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
