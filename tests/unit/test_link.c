/* Symbolic links: where they lead, and what is said of those that lead past the checks. */
#include "check/engine.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

/* Stands for a policy: what lies below "ok/" is checked, and the file that was asked about is kept. */
static bool below_ok(void *ctx, const char *path)
{
	snprintf(ctx, 256, "%s", path);
	return strncmp(path, "ok/", 3) == 0;
}

static void leads_somewhere(void **state)
{
	static const struct {
		const char *path, *target, *asked, *message;
	} cases[] = {
		{"a.yaml", "ok/b.yaml", "ok/b.yaml", NULL},
		{"ok/a.yaml", "b.yaml", "ok/b.yaml", NULL},
		{"ok/x/a.yaml", ".././/y/../b.yaml", "ok/b.yaml", NULL},
		{"x/y/a.yaml", "../../ok/b.yaml", "ok/b.yaml", NULL},
		{"ok/a.yaml", "../b.yaml", "b.yaml", "this is a symbolic link to ../b.yaml, which is not checked"},
		{"a.yaml", "okay/b.yaml", "okay/b.yaml", "this is a symbolic link to okay/b.yaml, which is not checked"},
		{"a.yaml", ".", "", "this is a symbolic link to ., which is not checked"},
		{"a.yaml", "..", NULL, "this is a symbolic link to .., outside the repository"},
		{"ok/a.yaml", "../../ok/b.yaml", NULL, "this is a symbolic link to ../../ok/b.yaml, outside the repository"},
		{"ok/a.yaml", "/ok/b.yaml", NULL, "this is a symbolic link to /ok/b.yaml, outside the repository"},
		{"ok/a.yaml", "\033[2J", "ok/\033[2J", NULL},
		{"a.yaml", "\033[2J", "\033[2J", "this is a symbolic link to \"\\e[2J\", which is not checked"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const struct hgt_engine_options options = {0};
		const struct hgt_findings *list;
		struct hgt_engine *engine;
		char asked[256] = "never";

		assert_int_equal(hgt_engine_new(&options, &engine, NULL), 0);
		assert_int_equal(hgt_engine_link(engine, cases[i].path, cases[i].target, below_ok, asked, NULL), 0);
		list = hgt_engine_findings(engine);
		assert_string_equal(asked, cases[i].asked ? cases[i].asked : "never");
		assert_int_equal(list->n, cases[i].message ? 1 : 0);
		if (cases[i].message) {
			assert_string_equal(list->items[0].message, cases[i].message);
			assert_string_equal(list->items[0].rule, "git/symlink");
			assert_int_equal(list->items[0].severity, HGT_SEVERITY_ERROR);
		}
		hgt_engine_free(engine);
	}
}

static void survives_want_of_memory(void **state)
{
	(void)state;
	for (unsigned n = 1;; n++) {
		const struct hgt_engine_options options = {0};
		struct hgt_engine *engine;
		char asked[256];
		int code;

		assert_true(n < 1000);
		assert_int_equal(hgt_engine_new(&options, &engine, NULL), 0);
		fail_alloc_at(n);
		code = hgt_engine_link(engine, "a.yaml", "b.txt", below_ok, asked, NULL);
		fail_alloc_off();
		if (code == 0)
			assert_int_equal(hgt_engine_findings(engine)->errors, 1);
		else
			assert_int_equal(code, HGT_ENOMEM);
		hgt_engine_free(engine);
		if (code == 0)
			return;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leads_somewhere),
		cmocka_unit_test(survives_want_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
