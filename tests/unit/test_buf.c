/* lib/base/buf: growth, termination, the failure that sticks. */
#include "base/buf.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static void adds(void **state)
{
	struct hgt_buf buf = HGT_BUF_INIT;

	(void)state;
	assert_string_equal(buf.data, "");
	hgt_buf_add(&buf, NULL, 0);
	hgt_buf_adds(&buf, "refs/");
	hgt_buf_add(&buf, "a\0b", 3);
	hgt_buf_addc(&buf, '!');
	hgt_buf_addf(&buf, "%s-%d", "x", 12);
	assert_int_equal(buf.len, 13);
	assert_memory_equal(buf.data, "refs/a\0b!x-12", 14);
	assert_int_equal(hgt_buf_check(&buf, NULL), 0);
	hgt_buf_reset(&buf);
	assert_int_equal(buf.len, 0);
	assert_string_equal(buf.data, "");
	hgt_buf_release(&buf);
	hgt_buf_release(&buf);
}

static void grows_byte_by_byte(void **state)
{
	struct hgt_buf buf = HGT_BUF_INIT;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		hgt_buf_addc(&buf, (char)(i % 251));
		assert_int_equal(buf.len, i + 1);
		assert_int_equal(buf.data[buf.len], 0);
	}
	for (int i = 0; i < 10000; i++)
		assert_int_equal((unsigned char)buf.data[i], i % 251);
	hgt_buf_release(&buf);
}

/* around the size of the formatter's own small buffer, and around capacities */
static void formats_any_length(void **state)
{
	(void)state;
	for (int n = 0; n < 1100; n++) {
		struct hgt_buf buf = HGT_BUF_INIT;

		hgt_buf_addf(&buf, "%0*d", n, 7);
		assert_false(buf.failed);
		assert_int_equal(buf.len, n ? n : 1);
		assert_int_equal(buf.data[buf.len - 1], '7');
		assert_int_equal(buf.data[buf.len], 0);
		hgt_buf_release(&buf);
	}
}

static void cuts_and_consumes(void **state)
{
	static const struct {
		size_t consume, truncate;
		const char *left;
	} cases[] = {
		{0, 100, "0123456789"}, {0, 10, "0123456789"}, {3, 100, "3456789"}, {3, 2, "34"}, {10, 5, ""},
		{11, 5, ""}, {0, 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf buf = HGT_BUF_INIT;

		hgt_buf_adds(&buf, "0123456789");
		hgt_buf_consume(&buf, cases[i].consume);
		hgt_buf_truncate(&buf, cases[i].truncate);
		assert_string_equal(buf.data, cases[i].left);
		assert_int_equal(buf.len, strlen(cases[i].left));
		hgt_buf_release(&buf);
		hgt_buf_consume(&buf, 1);
		hgt_buf_truncate(&buf, 0);
	}
}

static void takes(void **state)
{
	struct hgt_buf buf = HGT_BUF_INIT;
	char *s = hgt_buf_take(&buf);

	(void)state;
	assert_non_null(s);
	assert_string_equal(s, "");
	free(s);
	hgt_buf_adds(&buf, "kept");
	s = hgt_buf_take(&buf);
	assert_string_equal(s, "kept");
	free(s);
	assert_int_equal(buf.len, 0);
	assert_string_equal(buf.data, "");
	hgt_buf_release(&buf);
}

static void failure_sticks(void **state)
{
	struct hgt_buf buf = HGT_BUF_INIT;
	struct hgt_error err = {0};

	(void)state;
	hgt_buf_adds(&buf, "before");
	assert_null(hgt_buf_reserve(&buf, SIZE_MAX));
	assert_true(buf.failed);
	hgt_buf_adds(&buf, "after");
	hgt_buf_addf(&buf, "%d", 1);
	hgt_buf_addc(&buf, 'x');
	assert_string_equal(buf.data, "before");
	assert_null(hgt_buf_take(&buf));
	assert_int_equal(hgt_buf_check(&buf, &err), HGT_ENOMEM);
	assert_string_equal(err.message, "out of memory");
	hgt_buf_reset(&buf);
	hgt_buf_adds(&buf, "again");
	assert_string_equal(buf.data, "again");
	hgt_buf_release(&buf);
}

static void survives_failing_allocations(void **state)
{
	long n;

	(void)state;
	for (n = 1;; n++) {
		struct hgt_buf buf = HGT_BUF_INIT;
		bool failed;
		char *s;

		fail_alloc_at(n);
		for (int i = 0; i < 100; i++)
			hgt_buf_addf(&buf, "%0300d", i);
		s = hgt_buf_take(&buf);
		failed = fail_alloc_off();
		assert_int_equal(s == NULL, failed);
		assert_int_equal(buf.failed, failed);
		free(s);
		hgt_buf_release(&buf);
		if (!failed)
			break;
	}
	assert_true(n > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds), cmocka_unit_test(grows_byte_by_byte), cmocka_unit_test(formats_any_length),
		cmocka_unit_test(cuts_and_consumes), cmocka_unit_test(takes), cmocka_unit_test(failure_sticks),
		cmocka_unit_test(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
