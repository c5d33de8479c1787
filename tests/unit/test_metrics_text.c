/* lib/base/metrics_text: families, samples, escaped labels, numbers in seconds, histograms. */
#include "base/metrics_text.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static void families_and_samples(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_metrics m = HGT_METRICS_INIT(&out);

	(void)state;
	hgt_metrics_family(&m, "headgate_events_total", HGT_METRIC_COUNTER, "Events.");
	hgt_metrics_uint(&m, HGT_LABELS("type", "ref.updated", "source", "hook"), UINT64_MAX);
	hgt_metrics_uint(&m, HGT_NO_LABELS, 0);
	hgt_metrics_family(&m, "headgate_up", HGT_METRIC_GAUGE, "Up.");
	hgt_metrics_uint(&m, HGT_LABELS("a", ""), 1);
	assert_string_equal(out.data,
		"# HELP headgate_events_total Events.\n"
		"# TYPE headgate_events_total counter\n"
		"headgate_events_total{type=\"ref.updated\",source=\"hook\"} 18446744073709551615\n"
		"headgate_events_total 0\n"
		"# HELP headgate_up Up.\n"
		"# TYPE headgate_up gauge\n"
		"headgate_up{a=\"\"} 1\n");
	hgt_buf_release(&out);
}

static void labels_are_escaped(void **state)
{
	static const struct {
		const char *value, *want;
	} rows[] = {
		{"plain", "plain"},
		{"a\"} 1\nforged{b=\"", "a\\\"} 1\\nforged{b=\\\""},
		{"back\\slash\\", "back\\\\slash\\\\"},
		{"\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac"},
		{"cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd"},
		{"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"tab\tstays", "tab\tstays"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct hgt_buf out = HGT_BUF_INIT, want = HGT_BUF_INIT;
		struct hgt_metrics m = {.out = &out, .name = "x"};

		hgt_metrics_uint(&m, HGT_LABELS("v", rows[i].value), 1);
		hgt_buf_addf(&want, "x{v=\"%s\"} 1\n", rows[i].want);
		assert_string_equal(out.data, want.data);
		hgt_buf_release(&out);
		hgt_buf_release(&want);
	}
}

static void numbers_in_seconds(void **state)
{
	static const struct {
		int64_t micro;
		const char *want;
	} rows[] = {
		{0, "x 0\n"}, {1, "x 0.000001\n"}, {250000, "x 0.25\n"}, {1000000, "x 1\n"}, {-1500000, "x -1.5\n"},
		{1769385600123456, "x 1769385600.123456\n"}, {INT64_MAX, "x 9223372036854.775807\n"},
		{INT64_MIN, "x -9223372036854.775808\n"},
	};
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_metrics m = {.out = &out, .name = "x"};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		hgt_buf_reset(&out);
		hgt_metrics_micro(&m, HGT_NO_LABELS, rows[i].micro);
		assert_string_equal(out.data, rows[i].want);
	}
	hgt_buf_reset(&out);
	hgt_metrics_milli(&m, HGT_NO_LABELS, 1500);
	hgt_metrics_milli(&m, HGT_NO_LABELS, INT64_MAX);
	assert_string_equal(out.data, "x 1.5\nx 9223372036854.775\n");
	hgt_buf_release(&out);
}

static void histograms(void **state)
{
	static const uint64_t bounds[] = {1000, 2500, 1000000}, counts[] = {3, 0, 2, 1};
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_metrics m = HGT_METRICS_INIT(&out);

	(void)state;
	hgt_metrics_family(&m, "x_seconds", HGT_METRIC_HISTOGRAM, "Times.");
	hgt_metrics_histogram_us(&m, HGT_LABELS("what", "a"), bounds, counts, N_OF(bounds), 4200000);
	hgt_metrics_histogram_us(&m, HGT_NO_LABELS, bounds, counts, 1, 10);
	assert_string_equal(out.data,
		"# HELP x_seconds Times.\n"
		"# TYPE x_seconds histogram\n"
		"x_seconds_bucket{what=\"a\",le=\"0.001\"} 3\n"
		"x_seconds_bucket{what=\"a\",le=\"0.0025\"} 3\n"
		"x_seconds_bucket{what=\"a\",le=\"1\"} 5\n"
		"x_seconds_bucket{what=\"a\",le=\"+Inf\"} 6\n"
		"x_seconds_sum{what=\"a\"} 4.2\n"
		"x_seconds_count{what=\"a\"} 6\n"
		"x_seconds_bucket{le=\"0.001\"} 3\n"
		"x_seconds_bucket{le=\"+Inf\"} 3\n"
		"x_seconds_sum 0.00001\n"
		"x_seconds_count 3\n");
	hgt_buf_release(&out);
}

static void without_memory(void **state)
{
	static const uint64_t bounds[] = {1000}, counts[] = {1, 2};

	(void)state;
	for (long n = 1;; n++) {
		struct hgt_buf out = HGT_BUF_INIT;
		struct hgt_metrics m = HGT_METRICS_INIT(&out);
		bool failed;

		fail_alloc_at(n);
		hgt_metrics_family(&m, "x_seconds", HGT_METRIC_HISTOGRAM, "Times.");
		hgt_metrics_histogram_us(&m, HGT_LABELS("a", "b"), bounds, counts, 1, 1);
		failed = fail_alloc_off();
		assert_int_equal(out.failed, failed);
		hgt_buf_release(&out);
		if (!failed)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(families_and_samples), cmocka_unit_test(labels_are_escaped), cmocka_unit_test(numbers_in_seconds),
		cmocka_unit_test(histograms), cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
