/* cli/remote/table and show: columns that stand straight whatever is in them, nothing that moves the cursor,
 * times and ids in short. */
#include "cli/remote/table.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static const char *const heads[] = {"NAME", "STATE", "NOTE"};

static void fill(struct table *table)
{
	static const char *const cells[] = {
		"web", "Synced", "a b", "\xe6\x97\xa5\xe6\x9c\xac", "x\x1b[2J", "", "caf\xc3\xa9", NULL, "line\nline",
	};

	table_init(table, heads, N_OF(heads));
	for (size_t i = 0; i < N_OF(cells); i++)
		table_add(table, cells[i], i == 1 ? TINT_GOOD : TINT_NONE);
}

static const char plain[] =
	"NAME  STATE   NOTE\n"
	"web   Synced  a b\n"
	"\xe6\x97\xa5\xe6\x9c\xac  x\\e[2J  \n"
	"caf\xc3\xa9  -       line\\nline\n";

static void aligns_by_what_is_seen(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct table table;

	(void)state;
	fill(&table);
	assert_int_equal(table_write(&table, false, &out, NULL), 0);
	assert_string_equal(out.data, plain);
	hgt_buf_reset(&out);
	assert_int_equal(table_write(&table, true, &out, NULL), 0);
	assert_non_null(strstr(out.data, "web   \033[32mSynced\033[0m  a b\n"));
	hgt_buf_release(&out);
	table_release(&table);
}

static void survives_failing_allocations(void **state)
{
	bool failed = true;

	(void)state;
	for (long n = 1; failed; n++) {
		struct hgt_buf out = HGT_BUF_INIT;
		struct table table;
		int code;

		fail_alloc_at(n);
		fill(&table);
		code = table_write(&table, false, &out, NULL);
		failed = fail_alloc_off();
		assert_int_equal(code, failed ? HGT_ENOMEM : 0);
		if (!failed)
			assert_string_equal(out.data, plain);
		hgt_buf_release(&out);
		table_release(&table);
	}
}

static void shows_ages(void **state)
{
	static const struct {
		const char *time;
		int64_t now_ms;
		const char *age;
	} cases[] = {
		{NULL, 0, "-"}, {"nonsense", 0, "-"}, {"1970-01-01T00:00:10Z", 10000, "0s"},
		{"1970-01-01T00:00:10Z", 5000, "0s"}, {"1970-01-01T00:00:00Z", 119999, "119s"},
		{"1970-01-01T00:00:00Z", 120000, "2m"}, {"1970-01-01T00:00:00Z", 7199999, "119m"},
		{"1970-01-01T00:00:00Z", 7200000, "2h"}, {"1970-01-01T00:00:00Z", 172800000, "2d"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;

		show_age(&out, cases[i].time, cases[i].now_ms);
		assert_string_equal(out.data, cases[i].age);
		hgt_buf_release(&out);
	}
}

static void shows_times_and_ids(void **state)
{
	static const struct {
		void (*show)(struct hgt_buf *out, const char *text);
		const char *in, *shown;
	} cases[] = {
		{show_time, "2026-01-02T03:04:05.678Z", "2026-01-02 04:04:05"}, {show_time, NULL, "-"},
		{show_time, "\x1b[", "\\e["},
		{show_id, "0123456789abcdef0123456789abcdef01234567", "01234567"}, {show_id, NULL, "-"},
		{show_id, "0000000000000000000000000000000000000000", "-"}, {show_id, "ab", "ab"},
		{show_id, "\x1b[2J", "\\e[2J"},
	};

	(void)state;
	setenv("TZ", "UTC-1", 1);
	tzset();
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;

		cases[i].show(&out, cases[i].in);
		assert_string_equal(out.data, cases[i].shown);
		hgt_buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligns_by_what_is_seen), cmocka_unit_test(survives_failing_allocations),
		cmocka_unit_test(shows_ages), cmocka_unit_test(shows_times_and_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
