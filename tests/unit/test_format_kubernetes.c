/* lib/schema/format_kubernetes: what Kubernetes takes for a name, an address, a quantity, a schedule, as its own functions judge it. */
#include "schema/format_kubernetes.h"

#include <inttypes.h>

#include "schema/format.h"
#include "tests/unit/unit.h"

#define A10 "aaaaaaaaaa"
#define A60 A10 A10 A10 A10 A10 A10
#define A250 A60 A60 A60 A60 A10

/* By the format's name, so that the table of formats is judged too. "\1" stands for the empty text. */
struct format_case {
	const char *format;
	const char *good[16], *bad[24];
};

static bool check(const char *format, const char *text)
{
	enum hgt_format f = hgt_format_find(format, strlen(format));
	size_t len = strcmp(text, "\1") == 0 ? 0 : strlen(text);
	char *exact = malloc(len ? len : 1);	/* without a terminator, for the sanitizers */
	struct hgt_node node = {.type = HGT_NODE_STRING, .text = exact, .len = len};
	bool result;

	assert_int_not_equal(f, HGT_FORMAT_UNKNOWN);
	assert_true(strlen(hgt_format_title(f)) > 5);
	assert_non_null(exact);
	memcpy(exact, text, len);
	result = hgt_format_check(f, &node);
	free(exact);
	return result;
}

static void check_table(const struct format_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < N_OF(cases[i].good) && cases[i].good[j]; j++)
			if (!check(cases[i].format, cases[i].good[j]))
				fail_msg("%s refuses %s", cases[i].format, cases[i].good[j]);
		for (size_t j = 0; j < N_OF(cases[i].bad) && cases[i].bad[j]; j++)
			if (check(cases[i].format, cases[i].bad[j]))
				fail_msg("%s takes %s", cases[i].format, cases[i].bad[j]);
	}
}

static void test_names(void **state)
{
	static const struct format_case cases[] = {
		{"k8s-short-name", {"a", "1", "a-b", "a--b", A60 "aaa"}, {"\1", "-a", "a-", "a.b", "A", "a_b", A60 "aaaa", "\xc3\xa9"}},
		{"k8s-long-name", {"a", "a.b-c.1", "1.2", A250 "aaa"}, {"\1", ".", "a.", ".a", "a..b", "a-.b", "A", "a_b", A250 "aaaa"}},
		{"k8s-long-name-caseless", {"A.b", "a"}, {"\1", "A_b", "A.", "-A"}},
		{"k8s-dns-1035-label", {"a", "a1", "a-1", A60 "aaa"}, {"\1", "1a", "a-", "a.b", "A", A60 "aaaa"}},
		{"k8s-wildcard-name", {"*.a", "*.a.b"}, {"\1", "*", "*.", "*a", "a.*", "*.*.a", "*.A", "a.b", "*." A250 "aa"}},
		{"k8s-label-key", {"a", "A", "a.b_c-D", "1", "e.org/a", "a/b", A250 "/" A60 "aaa"},
			{"\1", "/", "/a", "a/", "a/b/c", "-a", "a-", "_a", "a b", "E.org/a", "a_b/c", A60 "aaaa", A250 "aaaa/b"}},
		{"k8s-prefixed-label-key", {"e.org/a", "a/B"}, {"\1", "a", "/a", "a/", "a/b/c"}},
		{"k8s-label-value", {"\1", "a", "A", "1.0", "a_b", A60 "aaa"}, {"-", "a-", ".a", "a b", "a/b", "a:b", "a+b", A60 "aaaa"}},
		{"k8s-path-segment-name", {"\1", "a b", "A:b", "...", "\xc3\xa9", A250 A250}, {".", "..", "a/b", "a%b"}},
		{"k8s-port-name", {"a", "http", "http-2", "1a", "a1-b2-c3-d4-e5x"},
			{"\1", "1", "80", "1-2", "-a", "a-", "a--b", "Http", "a_b", "a.b", "a1-b2-c3-d4-e5xy"}},
		{"k8s-env-name", {"A", "1", "a b", "a.b-c", "~!\"", " "}, {"\1", "A=B", "=", "a\tb", "\x7f", "\xc3\xa9"}},
		{"k8s-config-key", {"a", "A.b_c-d", ".a", ".a.", "-", "_", "a..b", A250 "aaa"},
			{"\1", ".", "..", "..a", "a/b", "a b", "a:b", A250 "aaaa"}},
		{"k8s-header-name", {"X-Header", "-", "1"}, {"\1", "X_Header", "X Header", "X:", "X.Y"}},
		{"k8s-extended-resource-name", {"e.org/gpu", "e.org/a_b.C-1", "e/a"},
			{"\1", "gpu", "kubernetes.io/gpu", "a.kubernetes.io/gpu", "requests.e.org/gpu", "e.org/", "e.org/a/b", "E.org/gpu",
				"e.org/" A60 "aaaa"}},
		{"k8s-resource-fully-qualified-name", {"e.org/model", "e.org/a_B1", "e/_a", "e.org/a/b"},
			{"\1", "model", "/model", "e.org/", "e.org/a-b", "e.org/1a", "e.org/" A10 A10 A10 "aaa", A60 "aaaa/a"}},
		{"k8s-resource-pool-name", {"a", "a.b/c", "a/b/c"}, {"\1", "/", "a/", "/a", "a//b", "A", A250 "aaaa"}},
		{"k8s-uuid", {"01234567-89ab-cdef-0123-456789abcdef"}, {"\1", "01234567-89AB-cdef-0123-456789abcdef",
			"0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdeg", "01234567-89ab-cdef-0123+456789abcdef"}},
		{"k8s-percent", {"0%", "25%", "100%", "1000%"}, {"\1", "%", "25", "-1%", "1.5%", "25 %", "25%%"}},
		{"k8s-portion", {"0%", "25%", "100%", "0100%"}, {"\1", "%", "101%", "1000%", "25", "-1%"}},
		{"k8s-dns-search", {".", "a", "a.b.", "_a._b", "a_b.c", "svc.cluster.local"},
			{"\1", "..", "a..b", ".a", "_", "__a", "a_", "-a", "a-.b", "A", "a b", "a.b..", A250 "aaaa"}},
		{"k8s-direct-path", {"\1", "/", "/a/b", "a", "..a", "a../b", "...", "a/..b"}, {"..", "../a", "a/..", "/a/../b", "/.."}},
		{"k8s-relative-path", {"\1", "a/b", "..a", "."}, {"/", "/a", "../a", "a/.."}},
		{"k8s-local-path", {"\1", "a/b", ".a", "a/..b"}, {"/a", "..", "..a", "../a", "a/../b"}},
		{"k8s-absolute-path", {"/", "/a", "/../a"}, {"\1", "a", " /a"}},
	};

	(void)state;
	check_table(cases, N_OF(cases));
	assert_true(hgt_is_annotation_key("E.org/A", 7));
	assert_false(hgt_is_label_key("E.org/A", 7));
	assert_false(hgt_is_annotation_key("e_.org/a", 8));
	assert_true(hgt_is_c_identifier("_a1", 3));
	assert_false(hgt_is_c_identifier("1a", 2));
	assert_false(hgt_is_c_identifier("", 0));
	assert_false(hgt_is_c_identifier("a-b", 3));
}

static void test_addresses(void **state)
{
	static const struct format_case cases[] = {
		{"k8s-ip", {"10.0.0.1", "010.00.0.0001", "::", "::1", "1::", "fd00::1", "FD00::1", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8",
			"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7::", "00001::2", "1::1.2.3.4"},
			{"\1", "10", "10.0.0", "10.0.0.1.2", "10.0.0.256", "10.0.0.", ".1.2.3", "a.b.c.d", "10.0.0.1 ", ":", ":::", "1", "1:2",
				"1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4:5:6:7:8::", "1:2:3:4:5:6:7:8:", "g::1", "fe80::1%eth0", "10.0.0.0/8",
				"1:2:3:4:5:6:7:1.2.3.4", "12345::", "1:1.2.3.4"}},
		{"k8s-ip-strict", {"10.0.0.1", "0.0.0.0", "FD00::1", "1:0:0:0:0:0:0:8"}, {"\1", "010.0.0.1", "00.0.0.0", "::ffff:1.2.3.4",
			"::ffff:0102:0304", "00001::2", "::010.0.0.1"}},
		{"k8s-ip-canonical", {"10.0.0.1", "::", "::1", "fd00::1", "1::8", "2001:db8::1:0:0:1", "1:0:2:3:4:5:6:7", "::102:304"},
			{"\1", "FD00::1", "1:0:0:0:0:0:0:8", "2001:db8:0:0:1::1", "fd00::01", "1::2:3:4:5:6:7", "::1.2.3.4", "010.0.0.1"}},
		{"k8s-cidr", {"10.0.0.0/8", "10.0.0.1/8", "10.0.0.0/08", "010.0.0.0/8", "0.0.0.0/0", "fd00::/8", "::/0", "fd00::1/128",
			"::ffff:10.0.0.0/104"}, {"\1", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "fd00::/129", "10.0.0/8", "/8", "10.0.0.0/8/8",
			"10.0.0.0/-1", "10.0.0.0/a", "10.0.0.0/8 "}},
		{"k8s-cidr-strict", {"10.0.0.0/8", "10.1.2.3/32", "0.0.0.0/0", "FD00::/8", "10.128.0.0/9"}, {"10.0.0.1/8", "10.128.0.0/8",
			"10.0.0.0/08", "010.0.0.0/8", "::ffff:10.0.0.0/104", "fd00::1/64"}},
		{"k8s-cidr-canonical", {"10.0.0.0/8", "fd00::/8", "::/0"}, {"FD00::/8", "fd00:0::/8", "10.0.0.1/8", "10.0.0.0/08"}},
	};
	struct hgt_ip ip;
	unsigned bits;

	(void)state;
	check_table(cases, N_OF(cases));
	assert_true(hgt_cidr_parse("10.1.0.0/16", 11, &ip, &bits));
	assert_int_equal(bits, 16);
	assert_true(ip.v4 && !ip.is_mapped && !ip.has_zeros);
	assert_memory_equal(ip.bytes + 10, "\xff\xff\x0a\x01\x00\x00", 6);
	assert_true(hgt_ip_parse("::ffff:10.1.0.0", 15, &ip));
	assert_true(ip.v4 && ip.is_mapped);
	assert_memory_equal(ip.bytes + 10, "\xff\xff\x0a\x01\x00\x00", 6);
	assert_true(hgt_ip_parse("1:2::3", 6, &ip));
	assert_false(ip.v4);
	assert_memory_equal(ip.bytes, "\0\1\0\2\0\0\0\0\0\0\0\0\0\0\0\3", 16);
}

static void test_schedules(void **state)
{
	static const struct format_case cases[] = {
		{"k8s-cron", {"* * * * *", "*/5 0-3 1,15 jan-mar MON", "0 0 31 12 6", "? ? ? ? ?", "5/15 +3 * Feb sUn", "  0\t3 * *  1-5 ",
			"@daily", "@hourly", "@every 1h30m", "*-x/2 * * * *", ", * * * *", "1,,2, * * * *", "*/99 * * * *", "1-1 * * * *",
			"0\xc2\xa0" "3 * * 1"},
			{"\1", "*", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *",
				"* * * * 7", "*/0 * * * *", "*/x * * * *", "1/2/3 * * * *", "5-1 * * * *", "1-2-3 * * * *", "-1 * * * *", "a * * * *",
				"jan * * * *", "@Daily", "@daily ", "@every x", "TZ=UTC * * * * *", "* * * * * *"}},
		{"k8s-duration", {"0", "-0", "1s", "1h30m", "1.5h", ".5s", "5.s", "-2us", "+3ms", "1\xc2\xb5s", "1\xce\xbcs", "1m1m",
			"2562047h47m16.854775807s", "-2562047h47m16.854775808s"},
			{"\1", "1", "s", "-", "+", ".", ".s", "1d", "1w", "1 s", "1s ", "1H", "1e3s", "--1s", "1s-1s", "2562047h47m16.854775808s",
				"9223372036854775808ns", "99999999999999999999s"}},
		{"k8s-time-zone", {"UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+5", "EST5EDT", "Zulu", "posix/Europe/Paris",
			"right/UTC", "Africa/Abidjan"}, {"\1", "Local", "local", "europe/berlin", "Europe/", "Europe", "/Europe/Berlin", "UTC+1", "CEST",
			"Europe/Berlin ", "Mars/Olympus", "posix/", "../UTC", "posix/right/UTC", "Zulu/", "Zul"}},
	};

	(void)state;
	check_table(cases, N_OF(cases));
	assert_false(hgt_is_time_zone("UTC\0x", 5));
	assert_false(hgt_is_cron("* * * * \0", 9));
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t nanoseconds;
	} cases[] = {
		{"1ns", 1}, {"1us", 1000}, {"1ms", 1000000}, {"1s", 1000000000}, {"1.5m", INT64_C(90000000000)},
		{"-1h", INT64_C(-3600000000000)}, {"1m1s", INT64_C(61000000000)}, {"0.0000000001s", 0},
		{"0.12345678901234567890123456789s", 123456789}, {"-2562047h47m16.854775808s", INT64_MIN},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		int64_t got;

		assert_true(hgt_go_duration_parse(cases[i].text, strlen(cases[i].text), &got));
		assert_true(got == cases[i].nanoseconds);
	}
}

static void test_quantities(void **state)
{
	static const struct format_case cases[] = {
		{"k8s-quantity", {"0", "1", "-1", "+1", "1.5Gi", "500m", "2e3", "1E", "1E-3", "1e+3", ".5", "5.", ".", "-", "Ti", " 1Gi "},
			{"\1", " ", "a", "1g", "1KB", "1kB", "1K", "1GB", "1Gib", "1 Gi", "1e", "1e+", "1ee3", "1.2.3", "--1", "1i", "Pi", "Ei", "e-10",
				"0x10", "1e9223372036854775808", "1\tGi", "\t1", "m1"}},
		{"k8s-quantity", {"1n", "1u", "1k", "1M", "1G", "1T", "1P", "1Ki", "1Mi", "1Pi", "1Ei", "9223372036854775808", "e3",
			"\xc2\xa0" "1", "1e9223372036854775807"}, {"1Mib", "1,5", "1_000", "inf", "NaN", "1m1"}},
	};

	(void)state;
	check_table(cases, N_OF(cases));
}

static void test_amounts(void **state)
{
	static const struct {
		const char *text, *amount;
	} cases[] = {
		{"0", "0.000000000"}, {"-0", "0.000000000"}, {"Ki", "0.000000000"}, {"1", "1.000000000"}, {"007", "7.000000000"},
		{"500m", "0.500000000"}, {"-1500m", "-1.500000000"}, {"1.5Gi", "1610612736.000000000"}, {"0.1Ki", "102.400000000"},
		{"1k", "1000.000000000"}, {"1.5e3", "1500.000000000"}, {"12e-1", "1.200000000"}, {"1E", "1000000000000000000.000000000"},
		{"7Ei", "8070450532247928832.000000000"}, {"8Ei", "9223372036854775807.000000000"},
		{"-99Ei", "-9223372036854775807.000000000"}, {"10E", "10000000000000000000.000000000"},
		{"1e30", "18446744073709551615.000000000"}, {"18446744073709551614.5", "18446744073709551614.500000000"},
		{"0.0000000001", "0.000000001"}, {"1.0000000001", "1.000000001"}, {"0.9999999999", "1.000000000"}, {"1e-30", "0.000000001"},
		{"0e-30", "0.000000000"}, {"0e30", "0.000000000"}, {"1.5n", "0.000000002"}, {"0.001k", "1.000000000"},
		{"0.0000000000000000005Ti", "0.000001100"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_quantity q;
		char got[64];

		assert_true(hgt_quantity_parse(cases[i].text, strlen(cases[i].text), &q));
		snprintf(got, sizeof(got), "%s%" PRIu64 ".%09u", q.negative ? "-" : "", q.whole, (unsigned)q.nanos);
		if (strcmp(got, cases[i].amount) != 0)
			fail_msg("%s: expected %s, found %s", cases[i].text, cases[i].amount, got);
	}
}

static void test_comparison(void **state)
{
	/* In order; those with '=' before them equal the one before. */
	static const char *const quantities[] = {
		"-1Gi", "-1.5", "=-1500m", "-1", "-1n", "0", "=-0", "=0Ki", "1n", "100m", "=0.1", "1", "=1000m", "=1e0", "1001m", "1k", "1Ki",
		"1M", "1Mi", "=1024Ki", "=1048576", "1Ei", "2E", "=2e18",
	};

	(void)state;
	for (size_t i = 1; i < N_OF(quantities); i++) {
		bool same = quantities[i][0] == '=';
		const char *before = quantities[i - 1] + (quantities[i - 1][0] == '=');
		struct hgt_quantity a, b;

		assert_true(hgt_quantity_parse(before, strlen(before), &a));
		assert_true(hgt_quantity_parse(quantities[i] + same, strlen(quantities[i]) - same, &b));
		assert_int_equal(hgt_quantity_compare(&a, &b) < 0, !same);
		assert_int_equal(hgt_quantity_compare(&b, &a) > 0, !same);
		assert_int_equal(hgt_quantity_compare(&a, &b) == 0, same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names), cmocka_unit_test(test_addresses), cmocka_unit_test(test_schedules),
		cmocka_unit_test(test_durations), cmocka_unit_test(test_quantities), cmocka_unit_test(test_amounts),
		cmocka_unit_test(test_comparison),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
