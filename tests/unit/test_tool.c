/* agent/tool: calls put together, files that options name, and what of a tool's words is told. */
#include "agent/tool.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static void makes_phrases(void **state)
{
	static const struct {
		const char *text;
		size_t most;
		const char *phrase;
	} cases[] = {
		{"", 10, ""},
		{" \n", 10, ""},
		{"a sentence.", 20, "a sentence"},
		{"two\n  lines.\n", 20, "two lines"},
		{"it has...", 20, "it has"},
		{"0123456789", 10, "0123456789"},
		{"0123456789a", 10, "0123456789..."},
		{"0123 5678 \xc3\xa4\xc3\xb6", 11, "0123 5678 \xc3\xa4..."},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;

		tool_phrase(&out, cases[i].text, strlen(cases[i].text), cases[i].most);
		assert_string_equal(out.data, cases[i].phrase);
		hgt_buf_release(&out);
	}
}

static void finds_the_last_word(void **state)
{
	static const struct {
		const char *said, *word;
	} cases[] = {
		{"", ""},
		{"\n \n", ""},
		{"one\ntwo\n\n", "two"},
		{"Initializing...\n\nError: no such thing\n\n  on main.tf line 3.\n", "Error: no such thing on main.tf line 3"},
		{"[WARNING]: x\nERROR! y\nz", "ERROR! y z"},
		{"[ERROR]: y\n", "[ERROR]: y"},
		{"no errors\n", "no errors"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf said = HGT_BUF_INIT, word = HGT_BUF_INIT;

		hgt_buf_adds(&said, cases[i].said);
		tool_last_word(&said, &word);
		assert_string_equal(word.data, cases[i].word);
		hgt_buf_release(&said);
		hgt_buf_release(&word);
	}
}

static void finds_files(void **state)
{
	const char *folder = *state;
	struct driver_order order = {.checkout = folder};
	char *inside = unit_path(folder, "in/a"), *in = unit_path(folder, "in");
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_error err = {0};

	assert_int_equal(mkdir(in, 0700), 0);
	assert_int_equal(hgt_write_file(inside, "x", 1, 0600, &err), 0);
	assert_int_equal(tool_path(&order, NULL, "in/a", &path, &err), 0);
	assert_string_equal(path.data, inside);
	hgt_buf_reset(&path);
	assert_int_equal(tool_path(&order, "in", "a", &path, &err), 0);
	assert_string_equal(path.data, inside);
	hgt_buf_reset(&path);
	assert_int_equal(tool_path(&order, "in", inside, &path, &err), 0);
	hgt_buf_reset(&path);
	assert_int_equal(tool_path(&order, NULL, "b", &path, &err), HGT_ENOENT);
	assert_string_equal(err.message, "b is not in the tree; the target's options name it");
	assert_int_equal(tool_path(&order, NULL, "/no/such/file", &path, &err), HGT_ENOENT);
	assert_string_equal(err.message, "/no/such/file is not there; the target's options name it");
	tool_remove(in);
	assert_int_not_equal(access(in, F_OK), 0);
	tool_remove(in);
	hgt_buf_release(&path);
	free(inside);
	free(in);
}

/* A call of sh with a script, run and judged. */
static int judge(const char *script, int limit_ms, struct secrets *secrets, struct driver_result *result, struct hgt_error *err)
{
	const struct driver_order order = {.checkout = "/", .stop_fd = -1};
	struct tool tool;
	int code;

	driver_result_init(result);
	tool_init(&tool, &order, "sh");
	tool_word(&tool, "-c");
	tool_word(&tool, "%s", script);
	tool_env(&tool, "WORD=%d", 7);
	tool.job.limit_ms = limit_ms;
	code = tool_run(&tool, err);
	if (code == 0)
		code = tool_judge(&tool, "what", secrets, result, err);
	tool_release(&tool);
	return code;
}

static void judges_without_secrets(void **state)
{
	struct secrets secrets = SECRETS_INIT;
	struct driver_result result;
	struct hgt_error err = {0};

	(void)state;
	secrets_add(&secrets, "swordfish", 9);
	assert_int_equal(judge("[ $WORD = 7 ] && [ $PWD = / ]", 20000, &secrets, &result, &err), 0);
	driver_result_release(&result);
	assert_int_equal(judge("echo before; echo 'Error: swordfish'; echo password=x; exit 3", 20000, &secrets, &result, &err), HGT_ECONFLICT);
	assert_string_equal(err.message, "what: sh ended with status 3: Error: [redacted] password=[redacted 1]");
	assert_string_equal(result.output.data, "before\nError: [redacted]\npassword=[redacted 1]\n");
	assert_int_equal(result.redacted, 2);
	driver_result_release(&result);
	/* Where not all that is secret is known, nothing of it is told. */
	secrets.failed = true;
	assert_int_equal(judge("echo swordfish; exit 3", 20000, &secrets, &result, &err), HGT_ECONFLICT);
	assert_string_equal(err.message, "what: sh ended with status 3");
	assert_string_equal(result.output.data, "");
	driver_result_release(&result);
	secrets_release(&secrets);
	/* It takes a wish to end for one. */
	assert_int_equal(judge("trap 'echo going; exit 0' TERM; while :; do sleep 0.05; done", 300, NULL, &result, &err), HGT_ETIMEOUT);
	assert_non_null(strstr(err.message, "did not end within"));
	assert_non_null(strstr(result.output.data, "going\n"));
	driver_result_release(&result);
}

static void tells_when_memory_ends(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		struct driver_result result;
		struct hgt_error err = {0};
		int code;

		fail_alloc_at(n);
		code = judge("exit 0", 20000, NULL, &result, &err);
		driver_result_release(&result);
		if (!fail_alloc_off())
			break;
		assert_int_equal(code, HGT_ENOMEM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_phrases),
		cmocka_unit_test(finds_the_last_word),
		cmocka_unit_test_setup_teardown(finds_files, unit_folder_make, unit_folder_remove),
		cmocka_unit_test(judges_without_secrets),
		cmocka_unit_test(tells_when_memory_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
