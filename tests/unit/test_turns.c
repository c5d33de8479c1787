/* agent/turns: so many at the same time, first come, first served. */
#include "agent/turns.h"

#include "tests/unit/unit.h"

static void come(void *ctx)
{
	++*(int *)ctx;
}

static void first_come_first_served(void **state)
{
	int called[5] = {0};
	struct turn turn[5];
	struct turns turns;

	(void)state;
	turns_init(&turns, 2);
	for (size_t i = 0; i < 5; i++) {
		turn[i] = (struct turn){.come = come, .ctx = &called[i]};
		assert_int_equal(turn_take(&turns, &turn[i]), i < 2);
		assert_int_equal(turn_take(&turns, &turn[i]), i < 2);
	}
	turn_give(&turns, &turn[2]);	/* does not want it any more */
	turn_give(&turns, &turn[0]);
	assert_int_equal(called[2], 0);
	assert_int_equal(called[3], 1);
	assert_true(turn_take(&turns, &turn[3]));
	assert_false(turn_take(&turns, &turn[0]));	/* again, from behind */
	turn_give(&turns, &turn[1]);
	assert_int_equal(called[4], 1);
	turn_give(&turns, &turn[4]);
	assert_int_equal(called[0], 1);
	turn_give(&turns, &turn[3]);
	turn_give(&turns, &turn[0]);
	turn_give(&turns, &turn[0]);	/* has none */
	assert_int_equal(turns.left, 2);
	/* the last of those that wait leaves, and another comes */
	for (size_t i = 0; i < 4; i++)
		turn_take(&turns, &turn[i]);
	turn_give(&turns, &turn[3]);
	assert_false(turn_take(&turns, &turn[4]));
	turn_give(&turns, &turn[0]);
	turn_give(&turns, &turn[1]);
	assert_int_equal(turn[2].state, TURN_HAS);
	assert_int_equal(turn[4].state, TURN_HAS);
	assert_int_equal(turn[3].state, TURN_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(first_come_first_served)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
