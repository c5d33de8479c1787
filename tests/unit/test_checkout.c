/* agent/checkout: a tree is there whole or not at all, and old ones go. */
#include "agent/checkout.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/craft_tar.h"
#include "tests/unit/unit.h"

#define TREE "0123456789012345678901234567890123456789"
#define OTHER "1123456789012345678901234567890123456789"

static int archive_of(const char *name, const char *text, bool whole)
{
	struct hgt_buf tar = HGT_BUF_INIT, gz = HGT_BUF_INIT;
	struct hgt_tar_header h;
	int fd;

	craft_header(&h, '0', name, "", strlen(text));
	craft_checksum(&h);
	craft_put_header(&tar, &h);
	craft_put_data(&tar, text, strlen(text));
	craft_end(&tar);
	craft_gzip(tar.data, whole ? tar.len : tar.len - 1024, &gz);
	fd = craft_file(gz.data, whole ? gz.len : gz.len / 2);
	hgt_buf_release(&tar);
	hgt_buf_release(&gz);
	return fd;
}

static int make(const char *folder, const char *tree, int fd)
{
	struct hgt_error err = {0};
	int code = checkout_make(folder, tree, fd, &err);

	close(fd);
	return code;
}

static void makes_and_keeps(void **state)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct stat st;

	assert_false(checkout_is_there(*state, TREE));
	assert_false(checkout_is_there(*state, ""));
	assert_int_equal(make(*state, TREE, archive_of("a/b", "x", true)), 0);
	assert_true(checkout_is_there(*state, TREE));
	checkout_path(*state, TREE, &path);
	hgt_buf_adds(&path, "/a/b");
	assert_int_equal(stat(path.data, &st), 0);
	assert_int_equal(st.st_size, 1);
	/* What is there is not made again. */
	assert_int_equal(make(*state, TREE, archive_of("../b", "x", true)), 0);
	assert_int_equal(make(*state, OTHER, archive_of("c", "y", true)), 0);
	checkout_keep(*state, TREE, OTHER);
	assert_true(checkout_is_there(*state, TREE));
	checkout_keep(*state, "", OTHER);
	assert_false(checkout_is_there(*state, TREE));
	assert_true(checkout_is_there(*state, OTHER));
	hgt_buf_release(&path);
}

static void is_whole_or_not_there(void **state)
{
	assert_int_equal(make(*state, TREE, archive_of("a", "x", false)), HGT_EPARSE);
	assert_false(checkout_is_there(*state, TREE));
	assert_int_equal(make(*state, TREE, archive_of("../a", "x", true)), HGT_EPERM);
	assert_false(checkout_is_there(*state, TREE));
	assert_int_equal(make(*state, TREE, archive_of("a", "x", true)), 0);
	assert_true(checkout_is_there(*state, TREE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(makes_and_keeps, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(is_whole_or_not_there, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
