/* lib/git/identity, lib/journal/folders: which folder a repository is, by whatever name. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git/identity.h"
#include "journal/folders.h"
#include "tests/unit/journal_rig.h"
#include "tests/unit/unit.h"

static void stays_with_the_folder(void **state)
{
	char *one = unit_path(*state, "one"), *two = unit_path(*state, "two");
	char first[HGT_IDENTITY_TEXT], other[HGT_IDENTITY_TEXT], again[HGT_IDENTITY_TEXT];

	assert_int_equal(mkdir(one, 0700), 0);
	hgt_folder_identity(one, first);
	if (!*first) {
		free(one);
		free(two);
		skip();		/* this file system does not keep when a folder was made */
	}
	assert_int_equal(rename(one, two), 0);
	hgt_folder_identity(one, again);
	assert_string_equal(again, "");
	hgt_folder_identity(two, again);
	assert_string_equal(again, first);
	assert_int_equal(mkdir(one, 0700), 0);
	hgt_folder_identity(one, other);
	assert_string_not_equal(other, first);
	free(one);
	free(two);
}

static int add(void *ctx, const char *repo, const char *identity)
{
	hgt_buf_addf(ctx, "%s=%s\n", repo, identity);
	return 0;
}

static int stop(void *ctx, const char *repo, const char *identity)
{
	(void)repo, (void)identity;
	++*(int *)ctx;
	return HGT_EIO;
}

static void is_kept(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE), *reader = journal_open(path, HGT_JOURNAL_READ);
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error err = {0};
	int calls = 0;

	journal_well(hgt_journal_begin(j, &err), &err);
	journal_well(hgt_journal_folder_set(j, "b", "2", &err), &err);
	journal_well(hgt_journal_folder_set(j, "a", "1", &err), &err);
	journal_well(hgt_journal_folder_set(j, "c", "3", &err), &err);
	journal_well(hgt_journal_folder_set(j, "b", "4", &err), &err);
	journal_well(hgt_journal_folder_set(j, "c", "", &err), &err);
	journal_well(hgt_journal_folder_set(j, "none", "", &err), &err);
	journal_well(hgt_journal_commit(j, &err), &err);
	journal_well(hgt_journal_folders(reader, add, &text, &err), &err);
	assert_string_equal(text.data, "a=1\nb=4\n");
	assert_int_equal(hgt_journal_folders(reader, stop, &calls, &err), HGT_EIO);
	assert_int_equal(calls, 1);
	hgt_journal_close(reader);
	hgt_journal_close(j);
	hgt_buf_release(&text);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(stays_with_the_folder, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(is_kept, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
