/* Where a target of the files driver is: what leads elsewhere than it did, and what is another target's, is not touched. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/files_private.h"
#include "base/path.h"
#include "tests/unit/files_rig.h"
#include "tests/unit/unit.h"

static const struct entry tree[] = {{'0', "a", "a1"}, {0}};
static const struct entry other_tree[] = {{'0', "a", "a2"}, {0}};

static void knows_what_is_within(void **state)
{
	static const struct {
		const char *inner, *outer;
		bool is;
	} cases[] = {
		{"/a/b", "/a", true}, {"/a", "/a/b", false}, {"/a", "/a", true}, {"/ab", "/a", false}, {"/a/b", "/", true}, {"/", "/a", false},
		{"//a/./b/", "/a/b", true}, {"/a/b", "/a//b/.", true}, {"/a/.b", "/a/b", false}, {"/a/..b", "/a", true}, {"/", "/", true},
		{"/a/b/c", "/a/c", false}, {"", "", true},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		if (hgt_path_is_within(cases[i].inner, cases[i].outer) != cases[i].is)
			fail_msg("%s in %s", cases[i].inner, cases[i].outer);
}

/* Both questions are refused, with these words. */
static void is_refused(struct rig *rig, const struct hgt_agent_config *config, const char *words)
{
	struct driver_order order = {.target = &rig->target, .config = config, .folder = rig->folder, .stop_fd = -1, .archive = -1};
	struct driver_result result;

	for (int apply = 0; apply < 2; apply++) {
		struct hgt_error err = {0};

		driver_result_init(&result);
		order.archive = apply ? rig_archive(other_tree) : -1;
		if ((apply ? files_apply(&order, &result, &err) : files_compare(&order, &result, &err)) != HGT_ECONFLICT || !strstr(err.message, words))
			fail_msg("%s: \"%s\"", apply ? "apply" : "compare", err.message);
		assert_false(result.permanent);
		if (order.archive >= 0)
			close(order.archive);
		driver_result_release(&result);
	}
}

static void stays_where_it_was(void **state)
{
	struct rig *rig = *state;
	char *aside = unit_path(rig->folder, "aside"), *elsewhere = unit_path(rig->folder, "elsewhere");
	struct driver_order order = {.target = &rig->target, .folder = rig->folder, .stop_fd = -1, .archive = -1};

	rig_apply(rig, tree);
	assert_int_equal(mkdir(elsewhere, 0755), 0);
	assert_int_equal(rename(rig->into, aside), 0);
	assert_int_equal(symlink("elsewhere", rig->into), 0);
	is_refused(rig, NULL, "/elsewhere now, and what was placed is in");
	assert_int_equal(rmdir(elsewhere), 0);
	/* A link to nothing is no missing folder. */
	is_refused(rig, NULL, "is not a folder");

	assert_int_equal(unlink(rig->into), 0);
	assert_int_equal(rename(aside, rig->into), 0);
	assert_string_equal(rig_compare(rig), "");
	rig_apply(rig, other_tree);
	rig_is(rig, "a", "a2");

	/* What was stored of another place is forgotten together with where that was. */
	assert_int_equal(rename(rig->into, elsewhere), 0);
	assert_int_equal(symlink("elsewhere", rig->into), 0);
	files_driver.forget(&order);
	rig_apply(rig, tree);
	rig_is(rig, "a", "a1");
	free(aside);
	free(elsewhere);
}

static void is_no_other_targets(void **state)
{
	struct rig *rig = *state;
	char *real = unit_path(rig->folder, "real"), *link = unit_path(rig->folder, "link"), *below = unit_path(rig->folder, "link/deep/er");
	struct hgt_agent_target targets[2] = {{.name = "t", .driver = "files"}, {.name = "other", .driver = "files"}};
	struct hgt_agent_config config = {.targets = targets, .n_targets = 2};

	assert_int_equal(mkdir(real, 0755), 0);
	assert_int_equal(symlink("real", link), 0);
	targets[1].files.into = real;
	rig->target.files.into = link;
	is_refused(rig, &config, "and target other has");
	rig->target.files.into = below;
	is_refused(rig, &config, "and target other has");
	/* It was not even made. */
	assert_int_equal(rmdir(real), 0);
	assert_int_equal(mkdir(real, 0755), 0);
	targets[1].files.into = below;
	rig->target.files.into = real;
	is_refused(rig, &config, "give each a folder that is not in the other's");
	targets[1].files.into = NULL;
	assert_int_equal(rmdir(real), 0);
	rig->target.files.into = rig->into;
	targets[1].files.into = real;
	assert_int_equal(rig_apply_due(rig, tree, false), 0);
	free(real);
	free(link);
	free(below);
}

static void knows_of_which_tree_its_list_is(void **state)
{
	struct rig *rig = *state;
	struct driver_order order = {.target = &rig->target, .folder = rig->folder, .stop_fd = -1, .archive = rig_archive(tree), .tree = "0123456789abcdef0123456789abcdef01234567"};
	struct manifest list = MANIFEST_INIT;

	assert_false(files_driver.is_of(&order));
	assert_int_equal(files_apply(&order, &rig->result, &rig->err), 0);
	assert_true(files_driver.is_of(&order));
	order.tree = "fedcba9876543210fedcba9876543210fedcba98";
	assert_false(files_driver.is_of(&order));
	/* One of which an apply has been begun is of no tree. */
	order.tree = "0123456789abcdef0123456789abcdef01234567";
	assert_int_equal(manifest_load(&list, rig->manifest, NULL), 0);
	list.tree[0] = '\0';
	assert_int_equal(manifest_save(&list, rig->manifest, NULL), 0);
	assert_false(files_driver.is_of(&order));
	manifest_release(&list);
	close(order.archive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_is_within),
		cmocka_unit_test_setup_teardown(stays_where_it_was, rig_set_up, rig_tear_down),
		cmocka_unit_test_setup_teardown(is_no_other_targets, rig_set_up, rig_tear_down),
		cmocka_unit_test_setup_teardown(knows_of_which_tree_its_list_is, rig_set_up, rig_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
