/* mirror/turns: fair between lanes, in order within, bounded in total and by host. */
#include "mirror/turns.h"

#include "tests/unit/unit.h"

enum { MOST = 8 };

struct scene {
	struct hgt_turns turns;
	struct hgt_turns_lane lanes[3];
	struct hgt_turns_waiter waiters[3][MOST];
};

static void begin(struct scene *s, unsigned most, unsigned per_host, const char *const hosts[3])
{
	*s = (struct scene){0};
	hgt_turns_init(&s->turns, most, per_host);
	for (size_t i = 0; i < 3; i++) {
		hgt_turns_lane_init(&s->lanes[i]);
		for (size_t k = 0; k < MOST; k++)
			assert_int_equal(hgt_turns_join(&s->turns, &s->lanes[i], &s->waiters[i][k], hosts[i]), 0);
	}
}

static void end(struct scene *s)
{
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < MOST; k++)
			hgt_turns_leave(&s->turns, &s->waiters[i][k]);
	assert_int_equal(s->turns.waiting, 0);
	assert_int_equal(s->turns.running, 0);
	assert_int_equal(s->turns.hosts.len, 0);
	hgt_turns_release(&s->turns);
}

/* "<lane><number>" of who is next, "-" for nobody. */
static const char *next(struct scene *s)
{
	static char text[8];
	const struct hgt_turns_waiter *waiter = hgt_turns_next(&s->turns);

	snprintf(text, sizeof(text), "-");
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < MOST; k++)
			if (waiter == &s->waiters[i][k])
				snprintf(text, sizeof(text), "%c%zu", (char)('a' + i), k);
	return text;
}

static void wait_for(struct scene *s, const char *who, bool first)
{
	hgt_turns_wait(&s->turns, &s->waiters[who[0] - 'a'][who[1] - '0'], first);
}

static void is_over(struct scene *s, const char *who)
{
	hgt_turns_end(&s->turns, &s->waiters[who[0] - 'a'][who[1] - '0']);
}

static void lanes_take_turns(void **state)
{
	const char *const hosts[] = {"x", "y", "z"};
	static const char *const come[] = {"a0", "a1", "a2", "a3", "b0", "b1", "c0"}, *const go[] = {"a0", "b0", "c0", "a1", "b1", "a2", "a3"};
	struct scene s;

	(void)state;
	begin(&s, 100, 100, hosts);
	for (size_t i = 0; i < N_OF(come); i++)
		wait_for(&s, come[i], false);
	assert_int_equal(s.turns.waiting, 7);
	for (size_t i = 0; i < N_OF(go); i++)
		assert_string_equal(next(&s), go[i]);
	assert_string_equal(next(&s), "-");
	end(&s);
}

static void one_that_comes_back_stands_behind(void **state)
{
	const char *const hosts[] = {"x", "y", "z"};
	struct scene s;

	(void)state;
	begin(&s, 1, 1, hosts);
	wait_for(&s, "a0", false);
	wait_for(&s, "a1", false);
	wait_for(&s, "b0", false);
	assert_string_equal(next(&s), "a0");
	wait_for(&s, "a0", false);	/* it runs: no place for it yet */
	assert_string_equal(next(&s), "-");
	is_over(&s, "a0");
	wait_for(&s, "a0", false);
	assert_string_equal(next(&s), "b0");
	is_over(&s, "b0");
	assert_string_equal(next(&s), "a1");
	is_over(&s, "a1");
	assert_string_equal(next(&s), "a0");
	end(&s);
}

static void hosts_are_bounded_and_others_pass(void **state)
{
	const char *const hosts[] = {"x", "x", "y"};
	struct scene s;

	(void)state;
	begin(&s, 3, 1, hosts);
	wait_for(&s, "a0", false);
	wait_for(&s, "a1", false);
	wait_for(&s, "b0", false);
	wait_for(&s, "c0", false);
	wait_for(&s, "c1", false);
	assert_string_equal(next(&s), "a0");
	assert_string_equal(next(&s), "c0");
	assert_string_equal(next(&s), "-");
	/* Both wait for x: whose lane has waited longer. */
	is_over(&s, "a0");
	assert_string_equal(next(&s), "b0");
	is_over(&s, "b0");
	assert_string_equal(next(&s), "a1");
	is_over(&s, "c0");
	assert_string_equal(next(&s), "c1");
	end(&s);
}

static void no_host_is_bounded_in_total_alone(void **state)
{
	const char *const hosts[] = {"", "", "y"};
	struct scene s;

	(void)state;
	begin(&s, 3, 1, hosts);
	for (char k = '0'; k < '4'; k++)
		wait_for(&s, (const char[]){'a', k, '\0'}, false);
	assert_string_equal(next(&s), "a0");
	assert_string_equal(next(&s), "a1");
	assert_string_equal(next(&s), "a2");
	assert_string_equal(next(&s), "-");
	/* Other limits hold at once. */
	s.turns.most = 4;
	assert_string_equal(next(&s), "a3");
	end(&s);
}

static void within_a_lane_hosts_do_not_hold_each_other_up(void **state)
{
	struct hgt_turns turns;
	struct hgt_turns_lane lane;
	struct hgt_turns_waiter w[3] = {0};

	(void)state;
	hgt_turns_init(&turns, 10, 1);
	hgt_turns_lane_init(&lane);
	assert_int_equal(hgt_turns_join(&turns, &lane, &w[0], "x"), 0);
	assert_int_equal(hgt_turns_join(&turns, &lane, &w[1], "x"), 0);
	assert_int_equal(hgt_turns_join(&turns, &lane, &w[2], "y"), 0);
	for (size_t i = 0; i < 3; i++)
		hgt_turns_wait(&turns, &w[i], false);
	assert_ptr_equal(hgt_turns_next(&turns), &w[0]);
	assert_ptr_equal(hgt_turns_next(&turns), &w[2]);
	assert_null(hgt_turns_next(&turns));
	hgt_turns_end(&turns, &w[0]);
	assert_ptr_equal(hgt_turns_next(&turns), &w[1]);
	for (size_t i = 0; i < 3; i++)
		hgt_turns_leave(&turns, &w[i]);
	assert_int_equal(turns.hosts.len, 0);
	hgt_turns_release(&turns);
}

static void somebody_who_waits_in_person_comes_first(void **state)
{
	const char *const hosts[] = {"x", "y", "z"};
	struct scene s;

	(void)state;
	begin(&s, 10, 10, hosts);
	wait_for(&s, "a0", false);
	wait_for(&s, "a1", false);
	wait_for(&s, "a2", true);
	wait_for(&s, "a1", true);
	assert_string_equal(next(&s), "a1");
	hgt_turns_give_up(&s.turns, &s.waiters[0][0]);
	assert_string_equal(next(&s), "a2");
	assert_string_equal(next(&s), "-");
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lanes_take_turns), cmocka_unit_test(one_that_comes_back_stands_behind),
		cmocka_unit_test(hosts_are_bounded_and_others_pass), cmocka_unit_test(no_host_is_bounded_in_total_alone),
		cmocka_unit_test(within_a_lane_hosts_do_not_hold_each_other_up), cmocka_unit_test(somebody_who_waits_in_person_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
