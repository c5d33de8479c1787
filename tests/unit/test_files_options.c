/* The files driver's options: owner, group and mode, templates, what may differ, what is extra; and what is told of a difference. */
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/files_template.h"
#include "agent/redact.h"
#include "base/io.h"
#include "tests/unit/files_rig.h"
#include "tests/unit/unit.h"

static const struct entry tree[] = {
	{'5', "conf/", ""}, {'0', "conf/a.tmpl", "I am {{ target }} of {{label.role}}\n"}, {'0', "conf/b", "password: one\nsame\n"},
	{'0', "conf/k.key", "K"}, {'x', "run", "#!"}, {0},
};

static char *text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static void modes_and_owners(void **state)
{
	struct rig *rig = *state;
	char *keys[] = {text("**/*.key")}, *path = unit_path(rig->into, "conf/k.key"), *folder = unit_path(rig->into, "conf");
	struct hgt_files_rule rules[] = {{.paths = {.items = keys, .n = 1}, .perms = {.mode = 0600 | HGT_MODE_SAID}}};

	rig->target.files.perms.mode = 0640 | HGT_MODE_SAID;
	rig->target.files.folder_mode = 0750 | HGT_MODE_SAID;
	rig->target.files.rules = rules;
	rig->target.files.n_rules = 1;
	rig_apply(rig, tree);
	assert_int_equal(rig_mode(rig, "conf/b"), 0640);
	assert_int_equal(rig_mode(rig, "run"), 0750);
	assert_int_equal(rig_mode(rig, "conf/k.key"), 0600);
	assert_int_equal(rig_mode(rig, "conf"), 0750);
	assert_string_equal(rig_compare(rig), "");
	/* By hand, and back: the content is the same. */
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_string_equal(rig_compare(rig), "conf has another owner, group or mode, and 1 more");
	assert_int_equal(rig->result.n_resources, 2);
	assert_string_equal(rig->result.resources[1].name, "conf/k.key");
	rig_apply(rig, tree);
	assert_int_equal(rig_mode(rig, "conf/k.key"), 0600);
	assert_int_equal(rig_mode(rig, "conf"), 0750);
	/* A failing `after` puts modes back too. */
	assert_int_equal(chmod(folder, 0700), 0);
	rig_after(rig, "exit 1");
	assert_int_equal(rig_apply_due(rig, tree, false), HGT_ECONFLICT);
	assert_true(rig->result.restored);
	assert_int_equal(rig_mode(rig, "conf"), 0700);
	rig->target.files.after.n = 0;
	if (geteuid() == 0) {
		struct stat st;

		rig->target.files.perms.owner = "daemon";
		rig->target.files.perms.group = "4242";
		rig_apply(rig, tree);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_uid, getpwnam("daemon")->pw_uid);
		assert_int_equal(st.st_gid, 4242);
		assert_int_equal(chown(path, 0, 0), 0);
		assert_string_equal(rig_compare(rig), "conf/k.key has another owner, group or mode");
	}
	rig->target.files.perms.owner = "no-such-user";
	assert_int_equal(rig_apply_due(rig, tree, false), HGT_ENOENT);
	assert_non_null(strstr(rig->err.message, "there is no user no-such-user on this host"));
	free(path);
	free(folder);
}

static void templates_are_filled_in(void **state)
{
	static const struct entry wrong[] = {{'5', "conf/", ""}, {'0', "conf/a.tmpl", "x\n{{ label.rolle }}\n"}, {0}};
	struct rig *rig = *state;
	struct hgt_label labels[] = {{"role", "web"}};
	char *globs[] = {text("**/*.tmpl")};

	rig->target.labels = (struct hgt_labels){.items = labels, .n = 1};
	rig->target.files.templates = (struct hgt_strings){.items = globs, .n = 1};
	rig_apply(rig, tree);
	rig_counts(rig, 4, 0, 0);
	rig_is(rig, "conf/a.tmpl", "I am t of web\n");
	assert_string_equal(rig_compare(rig), "");
	/* What it comes to is what counts: nothing is placed again. */
	rig_apply(rig, tree);
	rig_counts(rig, 0, 0, 0);
	labels[0].value = "db";
	rig_apply(rig, tree);
	rig_counts(rig, 0, 1, 0);
	rig_is(rig, "conf/a.tmpl", "I am t of db\n");
	assert_int_equal(rig_apply_due(rig, wrong, false), HGT_EPARSE);
	assert_true(rig->result.permanent);
	assert_non_null(strstr(rig->err.message, "conf/a.tmpl:2: {{label.rolle}} stands for nothing"));
	rig_is(rig, "conf/a.tmpl", "I am t of db\n");
	rig_is_tidy(rig);
}

static void words_in_braces(void **state)
{
	static const struct {
		const char *text, *out;
	} cases[] = {
		{"", ""}, {"no words", "no words"}, {"{ {target} }", "{ {target} }"}, {"{{target}}{{  target }}", "tt"}, {"a {{\"{{\"}} b", "a {{ b"},
		{"{{label.role}}.", "w."}, {"{{}}", NULL}, {"{{target", NULL}, {"{{ target . }}", NULL}, {"{{label.}}", NULL}, {"{{label.x}}", NULL},
		{"{{\ntarget}}", NULL},
	};
	struct hgt_label labels[] = {{"role", "w"}};
	struct hgt_agent_target target = {.name = "t", .labels = {.items = labels, .n = 1}};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;
		int code = template_render(cases[i].text, strlen(cases[i].text), "f", &target, &out, NULL);

		assert_int_equal(code, cases[i].out ? 0 : HGT_EPARSE);
		if (cases[i].out)
			assert_string_equal(out.data, cases[i].out);
		hgt_buf_release(&out);
	}
}

static void what_may_differ(void **state)
{
	static const struct entry other[] = {{'5', "conf/", ""}, {'0', "conf/b", "new\n"}, {0}};
	struct rig *rig = *state;
	char *globs[] = {text("conf/b"), text("nothing")};

	rig->target.files.ignore = (struct hgt_strings){.items = globs, .n = 2};
	rig_apply(rig, tree);
	rig_put(rig, "conf/b", "by hand\n");
	assert_string_equal(rig_compare(rig), "");
	assert_int_equal(rig->result.n_ignored, 2);
	assert_int_equal(rig->result.ignored[0].hits, 1);
	assert_int_equal(rig->result.ignored[1].hits, 0);
	/* Left alone, until the tree has something else there. */
	rig_apply(rig, tree);
	rig_is(rig, "conf/b", "by hand\n");
	rig_apply(rig, other);
	rig_is(rig, "conf/b", "new\n");
}

static void what_is_extra(void **state)
{
	struct rig *rig = *state;

	rig_apply(rig, tree);
	rig_put(rig, "conf/extra", "x");
	rig_put(rig, "zz", "x");
	assert_string_equal(rig_compare(rig), "");
	rig->target.files.report_extra = true;
	assert_string_equal(rig_compare(rig), "zz is not of the tree, and 1 more");
	assert_string_equal(rig->result.resources[1].sync, "Extra");
	/* They are told, and stay. */
	rig_apply(rig, tree);
	rig_is(rig, "conf/extra", "x");
	assert_int_equal(rig->result.differing, 2);
}

static const char *explain(struct rig *rig)
{
	struct driver_order order = {.target = &rig->target, .folder = rig->folder, .stop_fd = -1, .archive = rig_archive(tree)};

	driver_result_release(&rig->result);
	driver_result_init(&rig->result);
	if (files_explain(&order, &rig->result, &rig->err) < 0)
		fail_msg("%s", rig->err.message);
	close(order.archive);
	return rig->result.diff.len ? rig->result.diff.data : "";
}

static void a_difference_is_explained_without_secrets(void **state)
{
	struct rig *rig = *state;
	char *secret[] = {text("**/*.key")}, *path = unit_path(rig->into, "run"), *left = unit_path(rig->folder, "explain");

	rig->target.files.secret = (struct hgt_strings){.items = secret, .n = 1};
	rig_apply(rig, tree);
	assert_string_equal(explain(rig), "");
	rig_put(rig, "conf/b", "password: two\nsame\nmore\n");
	rig_put(rig, "conf/k.key", "another");
	assert_int_equal(unlink(path), 0);
	assert_string_equal(explain(rig),
		"--- target/conf/b\n+++ git/conf/b\n@@ -1,3 +1,2 @@\n-password: [redacted 1]\n+password: [redacted 2]\n same\n-more\n"
		"--- target/conf/k.key\n+++ git/conf/k.key\n(secret: not shown)\n"
		"--- target/run\n+++ git/run\n@@ -0,0 +1 @@\n+#!\n\\ No newline at end of file\n");
	assert_int_equal(rig->result.redacted, 3);
	assert_int_equal(rig->result.differing, 3);
	assert_int_equal(access(left, F_OK), -1);

	/* A link where a file should be is told as that. */
	assert_int_equal(symlink("conf/b", path), 0);
	assert_non_null(strstr(explain(rig), "--- target/run\n+++ git/run\n(no file, or not one on both sides)\n"));
	assert_int_equal(rig->result.differing, 3);
	free(path);
	free(left);
}

static void secrets_in_lines(void **state)
{
	static const struct {
		const char *line, *out;
	} cases[] = {
		{"user: alice", NULL}, {"password: x", "password: [redacted 1]"}, {"+DB_PASSWORD=x y", "+DB_PASSWORD=[redacted 1]"},
		{"  \"api-key\" : \"abc\",", "  \"api-key\" : [redacted 1]"}, {"Authorization: Bearer t", "Authorization: [redacted 1]"},
		{"url: https://u:p@h/x", "url: https://[redacted 1]@h/x"}, {"url: https://h/x@y", NULL}, {"secretName: web", "secretName: [redacted 1]"},
		{"tokens are good", NULL}, {"", NULL}, {":", NULL}, {"a = b: token = c", "a = b: token = [redacted 1]"},
		{"-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nx: y",
			"[redacted 1]\n[redacted 2]\n-----END RSA PRIVATE KEY-----\nx: y"},
		{"token: a\ntoken: b\ntoken: a", "token: [redacted 1]\ntoken: [redacted 2]\ntoken: [redacted 1]"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct redactor redactor = {0};
		struct hgt_buf out = HGT_BUF_INIT;

		redact_lines(&redactor, cases[i].line, strlen(cases[i].line), &out);
		assert_string_equal(out.data, cases[i].out ? cases[i].out : cases[i].line);
		assert_int_equal(redactor.redacted > 0, cases[i].out != NULL);
		redact_release(&redactor);
		hgt_buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(modes_and_owners, rig_set_up, rig_tear_down),
		cmocka_unit_test_setup_teardown(templates_are_filled_in, rig_set_up, rig_tear_down),
		cmocka_unit_test(words_in_braces),
		cmocka_unit_test_setup_teardown(what_may_differ, rig_set_up, rig_tear_down),
		cmocka_unit_test_setup_teardown(what_is_extra, rig_set_up, rig_tear_down),
		cmocka_unit_test_setup_teardown(a_difference_is_explained_without_secrets, rig_set_up, rig_tear_down),
		cmocka_unit_test(secrets_in_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
