/* agent/secrets: what is known to be secret, and what looks like it, does not get through. */
#include "agent/secrets.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define R SECRETS_HIDDEN

static void hides_values_and_names(void **state)
{
	static const struct {
		const char *known[4];
		const char *text, *shown;
		unsigned count;
	} cases[] = {
		{{NULL}, "nothing to hide\n", "nothing to hide\n", 0},
		{{"swordfish"}, "a swordfish b swordfish", "a " R " b " R, 2},
		/* The longest one that stands there. */
		{{"sword", "swordfish"}, "swordfish sword", R " " R, 2},
		/* Short ones are words of their own; shorter ones are no secrets. */
		{{"1234"}, "1234 12345 x1234 1234-1234", R " 12345 x1234 " R "-" R, 3},
		{{"ab"}, "ab cd", "ab cd", 0},
		/* In JSON too. */
		{{"say \"it\""}, "x = \"say \\\"it\\\"\"", "x = \"" R "\"", 1},
		/* Of several lines: each line, and the lines' number stays. */
		{{"line one\n  line two\n"}, "-line one\n+line two\n", "-" R "\n+" R "\n", 2},
		{{"line one\nline two"}, "a line one\nline two b\n", "a " R "\n b\n", 1},
		/* By name, and what has been hidden is not hidden once more. */
		{{NULL}, "+password = hunter2\n", "+password = [redacted 1]\n", 1},
		{{"hunter2"}, "+password = hunter2\n", "+password = " R "\n", 1},
		{{"hunter2"}, "+password: \"hunter2\"\n", "+password: \"" R "\"\n", 1},
		{{NULL}, "api_key: a\napi_key: b\napi_key: a\n", "api_key: [redacted 1]\napi_key: [redacted 2]\napi_key: [redacted 1]\n", 3},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct secrets secrets = SECRETS_INIT;
		struct hgt_buf out = HGT_BUF_INIT;
		struct hgt_error err = {0};
		uint64_t count = 0;

		for (size_t k = 0; cases[i].known[k]; k++)
			secrets_add(&secrets, cases[i].known[k], strlen(cases[i].known[k]));
		assert_int_equal(secrets_hide(&secrets, cases[i].text, strlen(cases[i].text), &out, &count, &err), 0);
		assert_string_equal(out.data, cases[i].shown);
		assert_int_equal(count, cases[i].count);
		hgt_buf_release(&out);
		secrets_release(&secrets);
	}
}

static void shows_nothing_when_not_all_is_known(void **state)
{
	struct secrets secrets = SECRETS_INIT;
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error err = {0};
	uint64_t count = 0;
	char value[32];

	(void)state;
	for (int i = 0; i <= SECRETS_MAX; i++)
		secrets_add(&secrets, value, (size_t)snprintf(value, sizeof(value), "secret-%d", i));
	assert_true(secrets.failed);
	hgt_buf_adds(&text, "the last one");
	assert_int_equal(secrets_hide_in(&secrets, &text, &count, &err), HGT_ENOMEM);
	assert_string_equal(text.data, "");
	hgt_buf_release(&text);
	secrets_release(&secrets);
}

static void lets_nothing_through_without_memory(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		struct secrets secrets = SECRETS_INIT;
		struct hgt_buf text = HGT_BUF_INIT;
		struct hgt_error err = {0};
		uint64_t count = 0;

		hgt_buf_adds(&text, "it is swordfish\n");
		fail_alloc_at(n);
		secrets_add(&secrets, "swordfish", 9);
		if (secrets_hide_in(&secrets, &text, &count, &err) < 0)
			assert_string_equal(text.data, "");
		assert_null(strstr(text.data, "swordfish"));
		secrets_release(&secrets);
		hgt_buf_release(&text);
		if (!fail_alloc_off())
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hides_values_and_names),
		cmocka_unit_test(shows_nothing_when_not_all_is_known),
		cmocka_unit_test(lets_nothing_through_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
