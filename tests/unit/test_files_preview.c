/* agent/files_preview: what a sync would change is told as the sync then does it, and nothing is touched. */
#include <sys/stat.h>
#include <unistd.h>

#include "agent/checkout.h"
#include "base/io.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/files_rig.h"
#include "tests/unit/unit.h"

#define TREE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct entry before[] = {
	{'5', "conf/", ""}, {'0', "conf/a", "one\nsame\n"}, {'0', "conf/b", "password: one\n"}, {'0', "conf/old", "going\n"},
	{'2', "current", "conf/a"}, {'x', "run", "#!\n"}, {0},
};
static const struct entry after[] = {
	{'5', "conf/", ""}, {'0', "conf/a", "two\nsame\n"}, {'0', "conf/b", "password: one\n"}, {'0', "conf/me", "I am {{ target }}\n"},
	{'2', "current", "conf/b"}, {'5', "lib/", ""}, {'5', "lib/deep/", ""}, {'0', "lib/deep/c", "new\n"}, {'0', "run", "#!\n"}, {0},
};

static char *text(const char *s)
{
	return (char *)(uintptr_t)s;
}

/* What the tree's preview says; the error's message where it fails. */
static const char *preview(struct rig *rig, const struct entry *tree)
{
	struct driver_order order = {.target = &rig->target, .folder = rig->folder, .stop_fd = -1, .archive = -1, .tree = TREE};
	struct hgt_buf checkout = HGT_BUF_INIT;
	int archive = rig_archive(tree), code;

	checkout_keep(rig->folder, "", "");
	checkout_path(rig->folder, TREE, &checkout);
	assert_int_equal(checkout_make(rig->folder, TREE, archive, &rig->err), 0);
	order.checkout = checkout.data;
	driver_result_release(&rig->result);
	driver_result_init(&rig->result);
	code = files_preview(&order, &rig->result, &rig->err);
	close(archive);
	hgt_buf_release(&checkout);
	return code < 0 ? rig->err.message : rig->result.difference.data;
}

static void counts(const struct rig *rig, uint64_t added, uint64_t modified, uint64_t removed, uint64_t differing)
{
	assert_int_equal(rig->result.added, added);
	assert_int_equal(rig->result.modified, modified);
	assert_int_equal(rig->result.removed, removed);
	assert_int_equal(rig->result.differing, differing);
}

static const char *resource(const struct rig *rig, const char *name)
{
	for (size_t i = 0; i < rig->result.n_resources; i++)
		if (strcmp(rig->result.resources[i].name, name) == 0)
			return rig->result.resources[i].sync;
	return "";
}

static void what_comes_changes_and_goes(void **state)
{
	struct rig *rig = *state;
	char *templates[] = {text("conf/me")};
	struct hgt_buf list = HGT_BUF_INIT, same = HGT_BUF_INIT;

	rig->target.files.templates = (struct hgt_strings){.items = templates, .n = 1};
	rig_apply(rig, before);
	assert_int_equal(hgt_read_file(rig->manifest, 1 << 20, &list, NULL), 0);
	assert_string_equal(preview(rig, before), "");
	counts(rig, 0, 0, 0, 0);
	assert_string_equal(preview(rig, after), "conf/a has other contents, and 5 more");
	counts(rig, 2, 3, 1, 6);
	assert_int_equal(rig->result.checked, 5);
	assert_string_equal(resource(rig, "conf/a"), "OutOfSync");
	assert_string_equal(resource(rig, "conf/me"), "Missing");
	assert_string_equal(resource(rig, "current"), "OutOfSync");
	assert_string_equal(resource(rig, "run"), "OutOfSync");
	assert_string_equal(resource(rig, "lib/deep/c"), "Missing");
	assert_string_equal(resource(rig, "conf/old"), "Extra");
	assert_string_equal(rig->result.diff.data,
		"--- target/conf/a\n+++ git/conf/a\n@@ -1,2 +1,2 @@\n-one\n+two\n same\n"
		"--- target/conf/me\n+++ git/conf/me\n@@ -0,0 +1 @@\n+I am t\n"
		"--- target/current\n+++ git/current\n(no file, or not one on both sides)\n"
		"--- target/lib/deep/c\n+++ git/lib/deep/c\n@@ -0,0 +1 @@\n+new\n"
		"--- target/run\n+++ git/run\n(the same text; owner, group or mode differ, or it is missing and empty)\n"
		"--- target/conf/old\n+++ git/conf/old\n@@ -1 +0,0 @@\n-going\n");
	/* Nothing has been touched, nor noted. */
	assert_string_equal(rig_compare(rig), "");
	assert_int_equal(hgt_read_file(rig->manifest, 1 << 20, &same, NULL), 0);
	assert_string_equal(list.data, same.data);
	rig_is_tidy(rig);
	/* And so it comes to be. */
	rig_apply(rig, after);
	rig_counts(rig, 2, 3, 1);
	assert_string_equal(preview(rig, after), "");
	counts(rig, 0, 0, 0, 0);
	hgt_buf_release(&list);
	hgt_buf_release(&same);
}

static void what_somebody_has_changed_is_seen(void **state)
{
	struct rig *rig = *state;

	rig_apply(rig, before);
	rig_put(rig, "conf/a", "two\nsame\n");
	rig_put(rig, "conf/b", "password: two\n");
	rig_put(rig, "conf/foreign", "stays\n");
	assert_string_equal(preview(rig, before), "conf/a has other contents, and 1 more");
	assert_non_null(strstr(rig->result.diff.data, "-password: [redacted 1]\n+password: [redacted 2]\n"));
	assert_int_equal(rig->result.redacted, 2);
	/* By hand it is what is wanted. */
	assert_string_equal(preview(rig, (const struct entry[]){{'5', "conf/", ""}, {'0', "conf/a", "two\nsame\n"}, {'0', "conf/b", "password: two\n"},
		{'0', "conf/old", "going\n"}, {'2', "current", "conf/a"}, {'x', "run", "#!\n"}, {0}}), "");
}

static void what_may_differ_and_what_is_not_pruned(void **state)
{
	static const struct entry moved[] = {{'0', "conf", "a file\n"}, {0}};
	struct rig *rig = *state;
	char *globs[] = {text("conf/a")};

	rig->target.files.ignore = (struct hgt_strings){.items = globs, .n = 1};
	rig->target.prune = false;
	rig_apply(rig, before);
	rig_put(rig, "conf/a", "by hand\n");
	assert_string_equal(preview(rig, before), "");
	assert_int_equal(rig->result.ignored[0].hits, 1);
	/* The tree has something else there. */
	assert_non_null(strstr(preview(rig, after), "conf/a has other contents"));
	assert_string_equal(resource(rig, "conf/old"), "");
	/* What is in the way goes all the same. */
	assert_string_equal(preview(rig, moved), "conf is no file, and 3 more");
	counts(rig, 0, 1, 3, 4);
	assert_string_equal(resource(rig, "run"), "");
	rig_is(rig, "conf/a", "by hand\n");
}

static void all_of_it_where_nothing_is_yet(void **state)
{
	struct rig *rig = *state;

	assert_string_equal(preview(rig, before), "conf/a is missing, and 4 more");
	counts(rig, 5, 0, 0, 5);
	assert_non_null(strstr(rig->result.diff.data, "--- target/conf/old\n+++ git/conf/old\n@@ -0,0 +1 @@\n+going\n"));
	assert_int_equal(access(rig->into, F_OK), -1);
	/* A folder alone, as a submodule is. */
	assert_string_equal(preview(rig, (const struct entry[]){{'5', "module/", ""}, {0}}), "module is missing");
}

static void what_no_sync_could_do(void **state)
{
	struct rig *rig = *state;
	char *templates[] = {text("conf/me")};

	rig_apply(rig, before);
	assert_string_equal(preview(rig, (const struct entry[]){{'0', ".headgate-x", "mine"}, {0}}),
		"the tree holds .headgate-x; names with .headgate- at the top are the agent's own");
	rig->target.files.templates = (struct hgt_strings){.items = templates, .n = 1};
	assert_non_null(strstr(preview(rig, (const struct entry[]){{'5', "conf/", ""}, {'0', "conf/me", "{{ nobody }}\n"}, {0}}), "conf/me:1"));
	rig_is(rig, "conf/a", "one\nsame\n");
}

static void survives_failing_allocations(void **state)
{
	struct rig *rig = *state;
	struct hgt_buf checkout = HGT_BUF_INIT;
	struct driver_order order = {.target = &rig->target, .folder = rig->folder, .stop_fd = -1, .archive = -1, .tree = TREE};
	int archive = rig_archive(after), code;

	rig_apply(rig, before);
	checkout_path(rig->folder, TREE, &checkout);
	assert_int_equal(checkout_make(rig->folder, TREE, archive, &rig->err), 0);
	close(archive);
	order.checkout = checkout.data;
	for (long n = 1;; n++) {
		driver_result_release(&rig->result);
		driver_result_init(&rig->result);
		rig->err = (struct hgt_error){0};
		fail_alloc_at(n);
		code = files_preview(&order, &rig->result, &rig->err);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			assert_int_equal(rig->result.differing, 6);
			assert_false(rig->result.diff_cut);
			break;
		}
		/* A failure, or all that differs; lines that could not be had are marked as left out. */
		assert_true(code == HGT_ENOMEM || (code == 0 && rig->result.differing == 6));
	}
	hgt_buf_release(&checkout);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_comes_changes_and_goes), TEST(what_somebody_has_changed_is_seen), TEST(what_may_differ_and_what_is_not_pruned),
		TEST(all_of_it_where_nothing_is_yet), TEST(what_no_sync_could_do), TEST(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
