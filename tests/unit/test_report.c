/* lib/check/report: the forms of docs/design.md, letter for letter. */
#include "check/report.h"

#include "base/json_writer.h"
#include "check/nearest.h"
#include "check/width.h"
#include "tests/unit/unit.h"

static struct hgt_finding sample(void)
{
	return (struct hgt_finding){.severity = HGT_SEVERITY_ERROR, .rule = "yaml/duplicate-key", .path = "apps/web/deploy.yaml",
		.line = 14, .column = 9, .end_column = 14, .pointer = "/spec/image", .message = "duplicate key \"image\"",
		.hint = "remove one of the two; the first is on line 12", .excerpt = "        image: web:2", .excerpt_len = 20};
}

static void expect_text(const struct hgt_finding *findings, size_t n, const struct hgt_report_style *style, const char *expect)
{
	struct hgt_findings list;
	struct hgt_buf out = HGT_BUF_INIT;

	hgt_findings_init(&list, 100);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(hgt_findings_add(&list, &findings[i], NULL), 0);
	hgt_report_text(&list, style, &out);
	assert_string_equal(out.data, expect);
	hgt_buf_release(&out);
	hgt_findings_release(&list);
}

static const struct hgt_report_style plain = {.excerpt = true};

static void tells_as_a_compiler_does(void **state)
{
	struct hgt_finding findings[3] = {sample(), sample(), sample()};

	(void)state;
	findings[1].severity = HGT_SEVERITY_WARNING;
	findings[1].hint = NULL;
	findings[1].excerpt = NULL;
	findings[2] = (struct hgt_finding){.severity = HGT_SEVERITY_INFO, .rule = "policy/delete", .path = "refs/heads/main",
		.message = "said"};
	expect_text(findings, 3, &plain,
		"apps/web/deploy.yaml:14:9: error: duplicate key \"image\" [yaml/duplicate-key]\n"
		"    14 |         image: web:2\n"
		"                 ^~~~~\n"
		"  hint: remove one of the two; the first is on line 12\n"
		"apps/web/deploy.yaml:14:9: warning: duplicate key \"image\" [yaml/duplicate-key]\n"
		"refs/heads/main: info: said [policy/delete]\n");
	findings[0].path = "";
	expect_text(findings, 1, &(struct hgt_report_style){0},
		"error: duplicate key \"image\" [yaml/duplicate-key]\n"
		"  hint: remove one of the two; the first is on line 12\n");
}

static void colors_when_asked(void **state)
{
	struct hgt_finding f = sample();

	(void)state;
	f.hint = NULL;
	expect_text(&f, 1, &(struct hgt_report_style){.color = true, .excerpt = true},
		"\033[1mapps/web/deploy.yaml:14:9: \033[1;31merror: \033[mduplicate key \"image\" [yaml/duplicate-key]\n"
		"    14 |         image: web:2\n"
		"                 \033[32m^~~~~\033[m\n");
}

/* The excerpt with its mark: what stands under what. */
static void marks_the_place(void **state)
{
	static const struct {
		const char *excerpt;
		uint32_t column, end, first;
		bool cut;
		const char *expect;
	} cases[] = {
		{"a: b", 4, 5, 0, false, "     7 | a: b\n            ^\n"},
		{"a: b", 4, 0, 0, false, "     7 | a: b\n            ^\n"},
		{"a: bcd", 4, 7, 0, false, "     7 | a: bcd\n            ^~~\n"},
		{"a: b", 5, 0, 0, false, "     7 | a: b\n             ^\n"},	/* just behind the end */
		{"a: b", 6, 0, 0, false, "     7 | a: b\n"},			/* off it */
		{"a: b", 4, 90, 0, false, "     7 | a: b\n            ^\n"},
		{"", 1, 0, 0, false, "     7 | \n         ^\n"},
		{"\ta: b", 2, 3, 0, false, "     7 |     a: b\n             ^\n"},
		{"x\ta: b", 3, 4, 0, false, "     7 | x   a: b\n             ^\n"},
		{"\xe6\x97\xa5\xe6\x9c\xac: b", 5, 6, 0, false, "     7 | \xe6\x97\xa5\xe6\x9c\xac: b\n               ^\n"},
		{"\xe6\x97\xa5\xe6\x9c\xac: b", 1, 3, 0, false, "     7 | \xe6\x97\xa5\xe6\x9c\xac: b\n         ^~~~\n"},
		{"e\xcc\x81: b", 5, 6, 0, false, "     7 | e\xcc\x81: b\n            ^\n"},
		{"\xf0\x9f\x98\x80: b", 4, 5, 0, false, "     7 | \xf0\x9f\x98\x80: b\n             ^\n"},
		{"\x1b[31m: b", 8, 9, 0, false, "     7 | \\e[31m: b\n                 ^\n"},
		{"\xff\\: b", 5, 6, 0, false, "     7 | \\xff\\\\: b\n                 ^\n"},
		{"\xe2\x80\xae: b", 1, 2, 0, false, "     7 | \\u{202e}: b\n         ^~~~~~~~\n"},
		{"cde", 4, 5, 3, false, "     7 | ...cde\n             ^\n"},
		{"cde", 5, 9, 3, true, "     7 | ...cde...\n              ^\n"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_finding f = {.severity = HGT_SEVERITY_ERROR, .rule = "r", .line = 7, .column = cases[i].column,
			.end_column = cases[i].end, .message = "m", .excerpt = cases[i].excerpt,
			.excerpt_len = strlen(cases[i].excerpt), .excerpt_column = cases[i].first, .excerpt_cut = cases[i].cut};
		struct hgt_buf expect = HGT_BUF_INIT;

		hgt_buf_addf(&expect, "error: m [r]\n%s", cases[i].expect);
		expect_text(&f, 1, &plain, expect.data);
		hgt_buf_release(&expect);
	}
}

static void escapes_paths(void **state)
{
	struct hgt_finding f = {.severity = HGT_SEVERITY_ERROR, .rule = "r", .path = "a\x1b[31m\n\xff/b.yaml", .line = 1, .column = 2,
		.message = "m"};

	(void)state;
	expect_text(&f, 1, &plain, "\"a\\e[31m\\n\\xff/b.yaml\":1:2: error: m [r]\n");
}

static void says_what_is_not_shown(void **state)
{
	struct hgt_finding f = sample();
	struct hgt_findings list;
	struct hgt_buf out = HGT_BUF_INIT;

	(void)state;
	f.hint = NULL;
	f.excerpt = NULL;
	hgt_findings_init(&list, 1);
	for (int i = 0; i < 4; i++)
		assert_int_equal(hgt_findings_add(&list, &f, NULL), 0);
	hgt_report_text(&list, &plain, &out);
	assert_string_equal(out.data, "apps/web/deploy.yaml:14:9: error: duplicate key \"image\" [yaml/duplicate-key]\n"
		"and 3 more, not shown\n");
	hgt_buf_release(&out);
	hgt_findings_release(&list);
}

static void sums_up(void **state)
{
	static const struct {
		size_t errors, warnings, infos, files;
		const char *expect;
	} cases[] = {
		{0, 0, 0, 3, "no findings in 3 changed files"}, {0, 0, 0, 0, "no findings in 0 changed files"},
		{1, 0, 0, 1, "1 error in 1 changed file"}, {2, 1, 0, 3, "2 errors, 1 warning in 3 changed files"},
		{0, 2, 1, 1, "2 warnings, 1 info in 1 changed file"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_findings list = {.errors = cases[i].errors, .warnings = cases[i].warnings, .infos = cases[i].infos};
		struct hgt_buf out = HGT_BUF_INIT;

		hgt_report_summary(&list, cases[i].files, "changed file", &out);
		assert_string_equal(out.data, cases[i].expect);
		hgt_buf_release(&out);
	}
}

static void writes_json(void **state)
{
	static const char text[] = "a: 1\n\"\\e\": 1\n\"\\e\": 2\n";
	struct hgt_engine *engine;
	struct hgt_buf out = HGT_BUF_INIT;

	(void)state;
	assert_int_equal(hgt_engine_new(&(struct hgt_engine_options){0}, &engine, NULL), 0);
	assert_int_equal(hgt_engine_file(engine, "a\x1b\xff.yaml", text, sizeof(text) - 1, HGT_CLASS_AUTO, NULL), 0);
	assert_int_equal(hgt_engine_finish(engine, NULL), 0);
	hgt_report_json(engine, &out);
	assert_string_equal(out.data,
		"{\"summary\":{\"files\":1,\"documents\":1,\"errors\":1,\"warnings\":0},\"findings\":[{\"severity\":\"error\","
		"\"rule\":\"yaml/duplicate-key\",\"path\":\"a\\u001b\xef\xbf\xbd.yaml\",\"line\":3,\"column\":1,"
		"\"pointer\":\"/\\u001b\",\"message\":\"duplicate key \\\"\\\\e\\\"\","
		"\"hint\":\"remove one of the two; the first is on line 2\"}]}\n");
	hgt_buf_release(&out);
	hgt_engine_free(engine);
}

static void writes_at_most_so_many(void **state)
{
	struct hgt_finding f = {.severity = HGT_SEVERITY_WARNING, .rule = "r", .path = "p", .message = "m"};
	struct hgt_findings list;
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&out);

	(void)state;
	hgt_findings_init(&list, 10);
	assert_int_equal(hgt_findings_add(&list, &f, NULL), 0);
	assert_int_equal(hgt_findings_add(&list, &f, NULL), 0);
	hgt_report_findings_json(&list, 1, &json);
	assert_string_equal(out.data, "[{\"severity\":\"warning\",\"rule\":\"r\",\"path\":\"p\",\"line\":0,\"column\":0,"
		"\"pointer\":\"\",\"message\":\"m\",\"hint\":null}]");
	hgt_buf_release(&out);
	hgt_findings_release(&list);
}

static void knows_widths(void **state)
{
	static const struct {
		uint32_t cp;
		unsigned width;
	} cases[] = {
		{'a', 1}, {0xe9, 1}, {0x2ff, 1}, {0x300, 0}, {0x36f, 0}, {0x370, 1}, {0x1100, 2}, {0x4e00, 2}, {0xac00, 2}, {0xd7a3, 2},
		{0xff01, 2}, {0xff61, 1}, {0x1f600, 2}, {0x20000, 2}, {0x3fffd, 2}, {0x10ffff, 1}, {0xfe0f, 0}, {0xe0100, 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		assert_int_equal(hgt_width(cases[i].cp), cases[i].width);
}

static void finds_the_nearest(void **state)
{
	static const char *const words[] = {"check", "explain", "events", "status", "id"};
	static const struct {
		const char *word, *nearest;
	} cases[] = {
		{"chekc", "check"}, {"CHECK", "check"}, {"chck", "check"}, {"event", "events"}, {"statsu", "status"}, {"staus", "status"},
		{"check", NULL}, {"", NULL}, {"ie", NULL}, {"cheese", NULL}, {"explains", "explain"}, {"xplane", NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const char *nearest = hgt_nearest(cases[i].word, words, N_OF(words));

		if (cases[i].nearest && !nearest)
			fail_msg("%s: nothing", cases[i].word);
		if (cases[i].nearest)
			assert_string_equal(nearest, cases[i].nearest);
		else
			assert_null(nearest);
	}
	assert_true(hgt_is_near("apiversion", "apiVersion"));
	assert_false(hgt_is_near("apiVersion", "apiVersion"));
	assert_false(hgt_is_near("a very long word that is longer than anything that is known here....", "apiVersion"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_as_a_compiler_does), cmocka_unit_test(colors_when_asked), cmocka_unit_test(marks_the_place),
		cmocka_unit_test(escapes_paths), cmocka_unit_test(says_what_is_not_shown), cmocka_unit_test(sums_up),
		cmocka_unit_test(writes_json), cmocka_unit_test(writes_at_most_so_many), cmocka_unit_test(knows_widths),
		cmocka_unit_test(finds_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
