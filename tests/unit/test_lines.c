/* agent/lines: what a tool says comes line by line, whatever the pieces it comes in, and memory has a bound. */
#include "agent/lines.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

struct heard {
	struct hgt_buf text;
	int refuse_after;	/* lines; 0: none is refused */
	int n;
};

static int hear(void *ctx, const char *line, size_t len, struct hgt_error *err)
{
	struct heard *heard = ctx;

	assert_int_equal(line[len], '\0');
	heard->n++;
	if (heard->n == heard->refuse_after)
		return hgt_error_set(err, HGT_ELIMIT, "enough");
	hgt_buf_addf(&heard->text, "<%.*s>", (int)len, line);
	return hgt_buf_check(&heard->text, err);
}

static void joins_and_splits(void **state)
{
	static const struct {
		const char *said, *heard;
		unsigned left_out;
	} cases[] = {
		{"", "", 0},
		{"a\n", "<a>", 0},
		{"a", "<a>", 0},
		{"\n\n", "<><>", 0},
		{"one\ntwo\nthree", "<one><two><three>", 0},
		{"12345678\n123456789\n12345678", "<12345678><12345678>", 1},
		{"123456789", "", 1},
		{"1234567890123\nok\n123456789\n", "<ok>", 2},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		for (size_t piece = 1; piece < 12; piece++) {
			struct heard heard = {.text = HGT_BUF_INIT};
			struct lines lines = {.max = 8, .take = hear, .ctx = &heard};
			struct hgt_error err = {0};
			size_t len = strlen(cases[i].said);

			for (size_t at = 0; at < len; at += piece)
				assert_int_equal(lines_take(&lines, cases[i].said + at, len - at < piece ? len - at : piece, &err), 0);
			assert_int_equal(lines_end(&lines, &err), 0);
			assert_string_equal(heard.text.data, cases[i].heard);
			assert_int_equal(lines.left_out, cases[i].left_out);
			lines_release(&lines);
			hgt_buf_release(&heard.text);
		}
}

static void stops_when_told(void **state)
{
	struct heard heard = {.text = HGT_BUF_INIT, .refuse_after = 2};
	struct lines lines = {.max = 8, .take = hear, .ctx = &heard};
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(lines_take(&lines, "a\nb\nc\n", 6, &err), HGT_ELIMIT);
	assert_string_equal(err.message, "enough");
	assert_string_equal(heard.text.data, "<a>");
	lines_release(&lines);
	hgt_buf_release(&heard.text);
}

static void tells_when_memory_ends(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		struct heard heard = {.text = HGT_BUF_INIT};
		struct lines lines = {.max = 100, .take = hear, .ctx = &heard};
		struct hgt_error err = {0};
		int code;

		fail_alloc_at(n);
		code = lines_take(&lines, "one\ntwo", 7, &err);
		if (code == 0)
			code = lines_end(&lines, &err);
		lines_release(&lines);
		hgt_buf_release(&heard.text);
		if (!fail_alloc_off())
			break;
		assert_int_equal(code, HGT_ENOMEM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_and_splits),
		cmocka_unit_test(stops_when_told),
		cmocka_unit_test(tells_when_memory_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
