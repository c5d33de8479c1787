/* agent/ansible_report: what becomes of the lines that the plugin tells. The lines are those that ansible-core 2.14 and 2.19 gave. */
#include "agent/ansible_private.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define LINE(text) "headgate-ansible " text "\n"
#define START LINE("{\"event\":\"start\",\"version\":\"2.14.18\",\"old\":false}")
#define END LINE("{\"event\":\"end\",\"hosts\":2,\"failed\":0,\"unreachable\":0}")
#define TASK(host, task, outcome, message, flags) LINE("{\"event\":\"task\",\"host\":\"" host "\",\"task\":\"" task "\",\"action\":\"copy\",\"outcome\":\"" \
	outcome "\",\"message\":\"" message "\"," flags "}")
#define OK "\"changed\":false,\"unchecked\":false,\"counted\":true,\"ran\":false,\"diff\":\"\",\"redacted\":0,\"cut\":false"
#define CHANGED "\"changed\":true,\"unchecked\":false,\"counted\":true,\"ran\":false,\"diff\":\"--- a\\n+++ a\\n@@ -1 +1 @@\\n-x\\n+y\\n\",\"redacted\":2,\"cut\":false"
#define UNCHECKED "\"changed\":false,\"unchecked\":true,\"counted\":true,\"ran\":false,\"diff\":\"\",\"redacted\":0,\"cut\":false"
#define RAN "\"changed\":false,\"unchecked\":true,\"counted\":true,\"ran\":true,\"diff\":\"\",\"redacted\":0,\"cut\":false"
#define UNCOUNTED "\"changed\":false,\"unchecked\":false,\"counted\":false,\"ran\":false,\"diff\":\"\",\"redacted\":0,\"cut\":false"

/* The lines, one by one; 0 or the first failure. */
static int tell(struct ansible_run *run, const char *lines, struct hgt_error *err)
{
	int code = 0;

	for (const char *end; *lines && code == 0; lines = end + 1) {
		char *line;

		end = strchr(lines, '\n');
		line = strndup(lines, (size_t)(end - lines));
		assert_non_null(line);
		code = ansible_line(run, line, (size_t)(end - lines), err);
		free(line);
	}
	return code;
}

struct one {
	const char *lines;
	bool check;
	int exit_status;
	const char *said;
	int code;
	const char *message;	/* the error's, or the difference */
	unsigned differing, checked, unchecked, modified;
};

static const struct one cases[] = {
	/* Comparisons. */
	{START TASK("web1", "t", "ok", "", OK) END, true, 0, "", 0, "", 0, 1, 0, 0},
	{START TASK("web1", "t", "ok", "", CHANGED) TASK("web2", "t", "ok", "", CHANGED) END, true, 0, "", 0,
		"web1: t would change something, and 1 more", 2, 2, 0, 0},
	{START TASK("web1", "t", "ok", "", OK) TASK("web1", "c", "skipped", "", UNCHECKED) TASK("web1", "r", "ok", "", RAN)
		TASK("web1", "s", "skipped", "", OK) TASK("web1", "d", "ok", "", UNCOUNTED) END, true, 0, "", 0, "", 0, 1, 2, 0},
	{START TASK("web1", "c", "skipped", "", UNCHECKED) END, true, 0, "", HGT_EUNSUPPORTED,
		"none of the 1 tasks can be compared: they have no check mode", 0, 0, 1, 0},
	/* It failed: for what it saw, or not at all. */
	{START TASK("web1", "t", "ok", "", OK) TASK("web2", "b", "failed", "no\\n  way.", OK) END, true, 2, "", HGT_ECONFLICT,
		"task \"b\" failed on web2: no way; what follows it was not compared", 0, 1, 1, 0},
	{START TASK("web1", "t", "ok", "", CHANGED) TASK("web2", "b", "failed", "no way", OK) END, true, 2, "", 0,
		"web1: t would change something; the comparison ended early: task \"b\" failed on web2: no way", 1, 1, 1, 0},
	{START TASK("web1", "t", "ok", "", OK) TASK("web2", "b", "failed", "rescued", OK) END, true, 0, "", 0, "", 0, 1, 1, 0},
	{START TASK("web1", "p", "unreachable", "refused", OK) END, true, 4, "", HGT_ECONFLICT,
		"task \"p\" cannot reach web1: refused; what follows it was not compared", 0, 0, 1, 0},
	/* Whatever says less than all is worth nothing. */
	{"", true, 0, "", HGT_EUNSUPPORTED, "the command ended well without a word of what it did: is it ansible-playbook?", 0, 0, 0, 0},
	{"ok: [web1]\n", true, 4, "ERROR! no such file", HGT_EINVAL, "ansible-playbook ended with status 4 before it ran anything: ERROR! no such file",
		0, 0, 0, 0},
	{START TASK("web1", "t", "ok", "", OK), true, 0, "", HGT_ECONFLICT, "ansible-playbook ended with status 0 in the midst of it", 0, 1, 0, 0},
	{START LINE("{\"event\":\"begin\",\"task\":\"slow\"}"), true, 250, "ERROR! x", HGT_ECONFLICT,
		"ansible-playbook ended with status 250 in the midst of it, at task \"slow\": ERROR! x", 0, 0, 0, 0},
	{START TASK("web1", "t", "ok", "", OK) LINE("{\"event\":\"trouble\",\"message\":\"x\"}") END, true, 0, "", HGT_ECORRUPT,
		"not all that ansible-playbook did could be told: x", 0, 1, 0, 0},
	{START TASK("web1", "t", "ok", "", OK) LINE("{\"event\":\"ta") END, true, 0, "", HGT_ECORRUPT,
		"not all that ansible-playbook did could be told: a line of what it told cannot be read", 0, 1, 0, 0},
	{START LINE("{\"event\":\"empty\",\"play\":\"Web\"}") LINE("{\"event\":\"end\",\"hosts\":0,\"failed\":0,\"unreachable\":0}"), true, 0, "",
		HGT_ENOENT, "no host of the inventory belongs to what the playbook is for, so nothing was done; look at `inventory` and `limit`", 0, 0,
		0, 0},
	{LINE("{\"event\":\"start\",\"version\":\"2.9.6\",\"old\":true}"), true, 1, "", HGT_EUNSUPPORTED,
		"ansible-core 2.9.6 is too old: install 2.14 or newer, or name one by `command`", 0, 0, 0, 0},
	/* Lines of others, and nonsense that is JSON. */
	{"[WARNING]: x\n" START LINE("{}") LINE("[1]") LINE("\"x\"") LINE("{\"event\":7}") TASK("web1", "t", "ok", "", OK) END, true, 0, "", 0, "",
		0, 1, 0, 0},
	/* Applies. */
	{START TASK("web1", "t", "ok", "", CHANGED) TASK("web2", "t", "ok", "", OK) END, false, 0, "", 0, "", 0, 2, 0, 1},
	{START TASK("web1", "t", "ok", "", CHANGED) TASK("web1", "b", "failed", "no way", OK) TASK("web2", "b", "failed", "nor here", OK) END, false, 2,
		"", HGT_ECONFLICT, "task \"b\" failed on web1: no way; 1 more failed; the hosts are as ansible-playbook left them", 0, 3, 0, 1},
	{START TASK("web1", "b", "ignored", "whatever", OK) END, false, 0, "", 0, "", 0, 1, 0, 0},
	{START END, false, 3, "odd", HGT_ECONFLICT, "ansible-playbook ended with status 3: odd; the hosts are as it left them", 0, 0, 0, 0},
};

static void judges_runs(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct driver_result result;
		struct ansible_run run;
		struct hgt_error err = {0};
		int code;

		driver_result_init(&result);
		ansible_run_init(&run, cases[i].check, &result);
		assert_int_equal(tell(&run, cases[i].lines, &err), 0);
		code = cases[i].check ? ansible_judge_check(&run, cases[i].exit_status, cases[i].said, &err) :
			ansible_judge_apply(&run, cases[i].exit_status, cases[i].said, &err);
		assert_string_equal(code < 0 ? err.message : result.difference.data, cases[i].message);
		assert_int_equal(code, cases[i].code);
		assert_int_equal(result.differing, cases[i].differing);
		assert_int_equal(result.checked, cases[i].checked);
		assert_int_equal(result.unchecked, cases[i].unchecked);
		assert_int_equal(result.modified, cases[i].modified);
		ansible_run_release(&run);
		driver_result_release(&result);
	}
}

static void shows_rows_and_differences(void **state)
{
	struct driver_result result;
	struct ansible_run run;
	struct hgt_error err = {0};

	(void)state;
	driver_result_init(&result);
	ansible_run_init(&run, true, &result);
	assert_int_equal(tell(&run, START TASK("web1", "t", "ok", "", CHANGED) TASK("web1", "r", "ok", "", RAN)
		TASK("web1", "s", "ok", "", "\"changed\":true,\"counted\":true,\"diff\":\"+token: abc\\n+other\\n\",\"redacted\":0,\"cut\":true") END, &err), 0);
	assert_int_equal(ansible_judge_check(&run, 0, "", &err), 0);
	assert_string_equal(result.version.data, "2.14.18");
	assert_string_equal(result.diff.data, "--- a\n+++ a\n@@ -1 +1 @@\n-x\n+y\n+token: [redacted 1]\n+other\n");
	assert_int_equal(result.redacted, 3);
	assert_true(result.diff_cut);
	assert_int_equal(result.n_resources, 3);
	assert_string_equal(result.resources[0].sync, "OutOfSync");
	assert_string_equal(result.resources[1].sync, "Unknown");
	assert_string_equal(result.resources[1].message, "ran in the comparison, since it has check_mode: false, and says that it changed something");
	ansible_run_release(&run);
	driver_result_release(&result);
}

static void tells_when_memory_ends(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		struct driver_result result;
		struct ansible_run run;
		struct hgt_error err = {0};
		int code;

		driver_result_init(&result);
		ansible_run_init(&run, true, &result);
		fail_alloc_at(n);
		code = ansible_line(&run, START, strlen(START) - 1, &err);
		if (code == 0) {
			static const char line[] = TASK("web1", "t", "ok", "", CHANGED);

			code = ansible_line(&run, line, strlen(line) - 1, &err);
		}
		if (code == 0) {
			run.ended = true;
			run.hosts = 1;
			code = ansible_judge_check(&run, 0, "", &err);
		}
		ansible_run_release(&run);
		driver_result_release(&result);
		if (!fail_alloc_off())
			break;
		assert_int_equal(code, HGT_ENOMEM);
	}
}

/* The plugin is in the program, whole. */
static void has_the_plugin(void **state)
{
	struct hgt_buf text = HGT_BUF_INIT;

	(void)state;
	hgt_buf_add(&text, ansible_events, (size_t)(ansible_events_end - ansible_events));
	assert_non_null(strstr(text.data, "class CallbackModule"));
	assert_non_null(strstr(text.data, "MARK = '" ANSIBLE_MARK "'"));
	assert_non_null(strstr(text.data, "CALLBACK_NAME = '" ANSIBLE_PLUGIN "'"));
	assert_int_equal(text.data[text.len - 1], '\n');
	hgt_buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_runs),
		cmocka_unit_test(shows_rows_and_differences),
		cmocka_unit_test(tells_when_memory_ends),
		cmocka_unit_test(has_the_plugin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
