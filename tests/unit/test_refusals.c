/* daemon/refusals: each address once a minute, and no more memory for a crowd. */
#include "daemon/refusals.h"

#include "tests/unit/unit.h"

static bool tell(struct refusals *refusals, const char *remote, int64_t now_ms, uint64_t expected)
{
	uint64_t left_out = expected;
	bool told = refusals_tell(refusals, remote, now_ms, &left_out);

	assert_int_equal(left_out, expected);
	return told;
}

static void test_once_a_minute(void **state)
{
	struct refusals refusals = {0};

	(void)state;
	assert_true(tell(&refusals, "192.0.2.1", 1000, 0));
	assert_false(tell(&refusals, "192.0.2.1", 1001, 0));
	assert_false(tell(&refusals, "192.0.2.1", 1000 + REFUSALS_EVERY_MS - 1, 0));
	assert_true(tell(&refusals, "192.0.2.2", 1001, 0));
	assert_true(tell(&refusals, "192.0.2.1", 1000 + REFUSALS_EVERY_MS, 2));
	assert_false(tell(&refusals, "192.0.2.1", 1001 + REFUSALS_EVERY_MS, 0));
}

static void test_left_out(void **state)
{
	struct refusals refusals = {0};
	char remote[REQUEST_REMOTE_MAX];
	uint64_t left_out;

	(void)state;
	assert_int_equal(refusals_next_ms(&refusals), 0);
	assert_true(tell(&refusals, "192.0.2.1", 1000, 0));
	assert_int_equal(refusals_next_ms(&refusals), 0);
	assert_false(tell(&refusals, "192.0.2.1", 1001, 0));
	assert_false(tell(&refusals, "192.0.2.1", 1002, 0));
	assert_int_equal(refusals_next_ms(&refusals), 1000 + REFUSALS_EVERY_MS);
	assert_false(refusals_due(&refusals, 999 + REFUSALS_EVERY_MS, remote, &left_out));
	assert_true(refusals_due(&refusals, 1000 + REFUSALS_EVERY_MS, remote, &left_out));
	assert_string_equal(remote, "192.0.2.1");
	assert_int_equal(left_out, 2);
	assert_false(refusals_due(&refusals, 1000 + REFUSALS_EVERY_MS, remote, &left_out));
	assert_int_equal(refusals_next_ms(&refusals), 0);
	/* What was counted and told begins a minute of its own. */
	assert_false(tell(&refusals, "192.0.2.1", 1001 + REFUSALS_EVERY_MS, 0));
	assert_int_equal(refusals_next_ms(&refusals), 1000 + 2 * REFUSALS_EVERY_MS);
}

/* Those for whom there was no room are told of together. */
static void test_others(void **state)
{
	struct refusals refusals = {0};
	char remote[REQUEST_REMOTE_MAX];
	uint64_t left_out;

	(void)state;
	for (int i = 0; i < REFUSALS_MAX + 10; i++) {
		snprintf(remote, sizeof(remote), "192.0.2.%d", i);
		assert_int_equal(tell(&refusals, remote, 1000, 0), i < REFUSALS_MAX);
	}
	assert_int_equal(refusals_next_ms(&refusals), 1000 + REFUSALS_EVERY_MS);
	assert_true(refusals_due(&refusals, 1000 + REFUSALS_EVERY_MS, remote, &left_out));
	assert_string_equal(remote, "");
	assert_int_equal(left_out, 10);
	assert_false(refusals_due(&refusals, 1000 + REFUSALS_EVERY_MS, remote, &left_out));
}

static void test_crowd(void **state)
{
	struct refusals refusals = {0};
	char remote[32];

	(void)state;
	for (int i = 0; i < REFUSALS_MAX + 10; i++) {
		snprintf(remote, sizeof(remote), "192.0.2.%d", i);
		assert_int_equal(tell(&refusals, remote, 1000, 0), i < REFUSALS_MAX);
	}
	/* A minute later there is room again. */
	assert_true(tell(&refusals, remote, 1000 + REFUSALS_EVERY_MS, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once_a_minute),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
