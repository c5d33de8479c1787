/* Objects of all kinds, those that an API server refused, where memory runs out. */
#include <glob.h>

#include "tests/unit/engine_rig.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static size_t read_text(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, size, f);
	assert_true(n && n < size);
	fclose(f);
	return n;
}

/* *errors: how many were told. */
static int judge(const char *text, size_t len, size_t *errors)
{
	struct hgt_engine *engine = NULL;
	struct hgt_error err = {0};
	int code = hgt_engine_new(&(struct hgt_engine_options){0}, &engine, &err);

	if (code == 0)
		code = hgt_engine_file(engine, "a.yaml", text, len, HGT_CLASS_KUBERNETES, &err);
	if (code == 0)
		code = hgt_engine_finish(engine, &err);
	*errors = code == 0 ? hgt_engine_findings(engine)->errors : 0;
	hgt_engine_free(engine);
	return code;
}

/* A quotation in a message may come out empty; all is told, or that memory ran out. */
static void survive(const char *path)
{
	char text[65536];
	size_t len = read_text(path, text, sizeof(text)), want, errors;

	assert_int_equal(judge(text, len, &want), 0);
	for (long n = 1;; n++) {
		int code;

		fail_alloc_at(n);
		code = judge(text, len, &errors);
		if (!fail_alloc_off())
			break;
		if (code != 0)
			assert_int_equal(code, HGT_ENOMEM);
		else if (errors != want)
			fail_msg("%s: allocation %ld: %zu errors of %zu", path, n, errors, want);
	}
}

static void survives_want_of_memory(void **state)
{
	enum { STEP = 3 };	/* a file in so many: all of them take minutes under valgrind */
	glob_t found;

	(void)state;
	assert_int_equal(glob("tests/cluster/corpus/*/bad-*.yaml", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i += STEP)
		survive(found.gl_pathv[i]);
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_want_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
