/* lib/check/finding: the list keeps what matters most, in order, once. */
#include "check/finding.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static struct hgt_finding finding(enum hgt_severity severity, const char *path, uint32_t line, uint32_t column, const char *rule)
{
	return (struct hgt_finding){.severity = severity, .path = path, .line = line, .column = column, .rule = rule,
		.message = "m"};
}

static void add(struct hgt_findings *list, const struct hgt_finding *f)
{
	assert_int_equal(hgt_findings_add(list, f, NULL), 0);
}

static void names_severities(void **state)
{
	(void)state;
	for (int i = HGT_SEVERITY_OFF; i <= HGT_SEVERITY_ERROR; i++)
		assert_int_equal(hgt_severity_parse(hgt_severity_name((enum hgt_severity)i)), i);
	assert_string_equal(hgt_severity_name(HGT_SEVERITY_WARNING), "warning");
	assert_int_equal(hgt_severity_parse("Error"), -1);
	assert_int_equal(hgt_severity_parse(""), -1);
}

static void copies_all_strings(void **state)
{
	char path[] = "p.yaml", pointer[] = "/a", message[] = "said", hint[] = "do", excerpt[] = {'a', '\0', 'b'};
	struct hgt_finding f = {.severity = HGT_SEVERITY_ERROR, .rule = "x/y", .path = path, .pointer = pointer,
		.message = message, .hint = hint, .excerpt = excerpt, .excerpt_len = 3};
	struct hgt_findings list;

	(void)state;
	hgt_findings_init(&list, 10);
	add(&list, &f);
	path[0] = pointer[0] = message[0] = hint[0] = excerpt[2] = '!';
	assert_int_equal(list.n, 1);
	assert_string_equal(list.items[0].path, "p.yaml");
	assert_string_equal(list.items[0].pointer, "/a");
	assert_string_equal(list.items[0].message, "said");
	assert_string_equal(list.items[0].hint, "do");
	assert_memory_equal(list.items[0].excerpt, "a\0b", 3);
	hgt_findings_release(&list);
}

static void takes_what_is_missing_as_empty(void **state)
{
	struct hgt_finding f = {.severity = HGT_SEVERITY_INFO};
	struct hgt_findings list;

	(void)state;
	hgt_findings_init(&list, 10);
	add(&list, &f);
	assert_string_equal(list.items[0].path, "");
	assert_string_equal(list.items[0].pointer, "");
	assert_null(list.items[0].hint);
	assert_null(list.items[0].excerpt);
	hgt_findings_release(&list);
}

static void drops_what_is_off(void **state)
{
	struct hgt_finding f = finding(HGT_SEVERITY_OFF, "a", 1, 1, "r");
	struct hgt_findings list;

	(void)state;
	hgt_findings_init(&list, 10);
	add(&list, &f);
	assert_int_equal(list.n + list.errors + list.warnings + list.infos, 0);
	assert_false(list.cut);
	hgt_findings_release(&list);
}

static void sorts_and_drops_repetitions(void **state)
{
	const struct hgt_finding in[] = {
		finding(HGT_SEVERITY_ERROR, "b", 1, 1, "r"), finding(HGT_SEVERITY_ERROR, "a", 2, 1, "r"),
		finding(HGT_SEVERITY_WARNING, "a", 1, 9, "r"), finding(HGT_SEVERITY_ERROR, "a", 1, 2, "s"),
		finding(HGT_SEVERITY_ERROR, "a", 1, 2, "r"), finding(HGT_SEVERITY_ERROR, "a", 1, 2, "s"),
	};
	static const size_t order[] = {4, 3, 2, 1, 0};
	struct hgt_findings list;

	(void)state;
	hgt_findings_init(&list, 10);
	for (size_t i = 0; i < N_OF(in); i++)
		add(&list, &in[i]);
	assert_int_equal(list.errors, 5);
	hgt_findings_sort(&list);
	assert_int_equal(list.n, N_OF(order));
	assert_int_equal(list.errors, 4);
	assert_int_equal(list.warnings, 1);
	for (size_t i = 0; i < N_OF(order); i++) {
		const struct hgt_finding *want = &in[order[i]];

		assert_string_equal(list.items[i].path, want->path);
		assert_string_equal(list.items[i].rule, want->rule);
		assert_int_equal(list.items[i].line, want->line);
		assert_int_equal(list.items[i].column, want->column);
	}
	hgt_findings_release(&list);
}

static void keeps_errors_first(void **state)
{
	const enum hgt_severity in[] = {HGT_SEVERITY_INFO, HGT_SEVERITY_WARNING, HGT_SEVERITY_INFO, HGT_SEVERITY_WARNING,
		HGT_SEVERITY_ERROR, HGT_SEVERITY_ERROR, HGT_SEVERITY_WARNING, HGT_SEVERITY_ERROR, HGT_SEVERITY_ERROR};
	const bool kept[] = {true, true, true, true, true, true, false, true, false};
	struct hgt_findings list;

	(void)state;
	hgt_findings_init(&list, 3);
	for (uint32_t i = 0; i < N_OF(in); i++) {
		struct hgt_finding f = finding(in[i], "a", i + 1, 1, "r");

		assert_int_equal(hgt_findings_keeps(&list, in[i]), kept[i]);
		add(&list, &f);
	}
	assert_false(hgt_findings_keeps(&list, HGT_SEVERITY_OFF));
	assert_int_equal(list.n, 3);
	for (size_t i = 0; i < list.n; i++)
		assert_int_equal(list.items[i].severity, HGT_SEVERITY_ERROR);
	assert_true(list.cut);
	assert_int_equal(list.errors, 4);
	assert_int_equal(list.warnings, 3);
	assert_int_equal(list.infos, 2);
	hgt_findings_release(&list);
}

static void survives_want_of_memory(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		struct hgt_finding f = finding(HGT_SEVERITY_ERROR, "a", 1, 1, "r");
		struct hgt_findings list;
		int code = 0;

		hgt_findings_init(&list, 100);
		f.hint = "h";
		f.excerpt = "e";
		f.excerpt_len = 1;
		fail_alloc_at(n);
		for (uint32_t i = 0; i < 60 && code == 0; i++) {
			f.line = i;
			code = hgt_findings_add(&list, &f, NULL);
			assert_int_equal(list.n, code == 0 ? i + 1 : i);
		}
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			hgt_findings_release(&list);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
		hgt_findings_sort(&list);
		hgt_findings_release(&list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_severities), cmocka_unit_test(copies_all_strings),
		cmocka_unit_test(takes_what_is_missing_as_empty), cmocka_unit_test(drops_what_is_off),
		cmocka_unit_test(sorts_and_drops_repetitions), cmocka_unit_test(keeps_errors_first),
		cmocka_unit_test(survives_want_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
