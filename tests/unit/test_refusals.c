/* daemon/refusals: each address once a minute, and no more memory for a crowd. */
#include "daemon/refusals.h"

#include "tests/unit/unit.h"

static void test_once_a_minute(void **state)
{
	struct refusals refusals = {0};

	(void)state;
	assert_true(refusals_tell(&refusals, "192.0.2.1", 1000));
	assert_false(refusals_tell(&refusals, "192.0.2.1", 1001));
	assert_false(refusals_tell(&refusals, "192.0.2.1", 1000 + REFUSALS_EVERY_MS - 1));
	assert_true(refusals_tell(&refusals, "192.0.2.2", 1001));
	assert_true(refusals_tell(&refusals, "192.0.2.1", 1000 + REFUSALS_EVERY_MS));
	assert_false(refusals_tell(&refusals, "192.0.2.1", 1001 + REFUSALS_EVERY_MS));
}

static void test_crowd(void **state)
{
	struct refusals refusals = {0};
	char remote[32];

	(void)state;
	for (int i = 0; i < REFUSALS_MAX + 10; i++) {
		snprintf(remote, sizeof(remote), "192.0.2.%d", i);
		assert_int_equal(refusals_tell(&refusals, remote, 1000), i < REFUSALS_MAX);
	}
	/* A minute later there is room again. */
	assert_true(refusals_tell(&refusals, remote, 1000 + REFUSALS_EVERY_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once_a_minute),
		cmocka_unit_test(test_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
