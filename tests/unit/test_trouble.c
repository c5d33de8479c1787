/* lib/base/trouble: what is told of it, and what is counted. */
#include "base/trouble.h"

#include "tests/unit/unit.h"

static void told_once_a_minute(void **state)
{
	struct hgt_trouble trouble = {0};
	uint64_t left_out = 77;

	(void)state;
	assert_false(hgt_trouble_end(&trouble, 1, &left_out));
	assert_true(hgt_trouble_tell(&trouble, 5, &left_out));
	assert_int_equal(left_out, 0);
	for (int i = 0; i < 9; i++) {
		assert_false(hgt_trouble_tell(&trouble, 5 + i, &left_out));
		/* Another one was luckier. */
		assert_false(hgt_trouble_end(&trouble, 5 + i, &left_out));
	}
	assert_false(hgt_trouble_tell(&trouble, 5 + HGT_TROUBLE_EVERY_MS - 1, &left_out));
	assert_true(hgt_trouble_tell(&trouble, 5 + HGT_TROUBLE_EVERY_MS, &left_out));
	assert_int_equal(left_out, 10);
	assert_false(hgt_trouble_tell(&trouble, 6 + HGT_TROUBLE_EVERY_MS, &left_out));
	assert_false(hgt_trouble_end(&trouble, 5 + 2 * HGT_TROUBLE_EVERY_MS, &left_out));
	assert_true(hgt_trouble_end(&trouble, 6 + 2 * HGT_TROUBLE_EVERY_MS, &left_out));
	assert_int_equal(left_out, 1);
	assert_false(hgt_trouble_end(&trouble, 6 + 4 * HGT_TROUBLE_EVERY_MS, &left_out));
	/* Another time it is told at once. */
	assert_true(hgt_trouble_tell(&trouble, 7 + 4 * HGT_TROUBLE_EVERY_MS, &left_out));
	assert_int_equal(left_out, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_once_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
