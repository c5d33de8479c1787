/* lib/base/base64: what is read, and where what is none goes wrong. */
#include "base/base64.h"

#include "tests/unit/unit.h"

static void reads(void **state)
{
	static const struct {
		const char *text, *out;
	} cases[] = {
		{"", ""}, {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"Zm9vYg==", "foob"}, {"Zm9v\nYmFy\r\n", "foobar"}, {"Z\ng\n=\n=\n", "f"},
		{"+/+/", "\xfb\xff\xbf"},
		/* bits that stand for nothing are passed over, as Go does */
		{"Zh==", "f"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;
		size_t bad;

		assert_true(hgt_base64_decode(&out, cases[i].text, strlen(cases[i].text), &bad));
		assert_string_equal(out.data, cases[i].out);
		hgt_buf_release(&out);
	}
}

static void tells_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		size_t bad;
	} cases[] = {
		{"Z", 1}, {"Zg", 2}, {"Zg=", 3}, {"=", 0}, {"Z===", 1}, {"Zg==Zg==", 4}, {"Zg=g", 3}, {"Zg==\n=", 5}, {"Zm9v!", 4}, {"Zm 9v", 2},
		{"Zm9_", 3}, {"Zm9v\n", 5},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		bool good = strcmp(cases[i].text, "Zm9v\n") == 0;
		struct hgt_buf out = HGT_BUF_INIT;
		size_t bad;

		assert_int_equal(hgt_base64_decode(&out, cases[i].text, strlen(cases[i].text), &bad), good);
		assert_int_equal(bad, cases[i].bad);
		hgt_buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads), cmocka_unit_test(tells_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
