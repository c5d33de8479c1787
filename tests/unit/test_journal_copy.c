/* lib/journal: copies, what goes on from them, and exports. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "journal/export.h"
#include "journal/lineage.h"
#include "tests/unit/journal_rig.h"
#include "tests/unit/unit.h"

static int knows(struct hgt_journal *j, const char *id, uint64_t seq)
{
	struct hgt_cursor cursor = {.seq = seq};

	snprintf(cursor.journal, sizeof(cursor.journal), "%s", id);
	return hgt_journal_knows(j, &cursor, NULL);
}

static void a_copy_goes_on_by_another_id(void **state)
{
	char *path = unit_path(*state, "journal.db"), *to = unit_path(*state, "copy.db"), first[17], second[17];
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE), *copy;
	struct hgt_error err = {0};
	struct hgt_backup backup;
	bool is_copy;
	uint64_t rows;

	journal_rows(j, 3000, NULL, 0);
	journal_well(hgt_journal_backup(path, to, &backup, &err), &err);
	snprintf(first, sizeof(first), "%s", hgt_journal_id(j));
	assert_string_equal(backup.id, first);
	assert_int_equal(backup.seq, 3000);
	assert_int_equal(backup.events, 3000);
	/* The journal itself is no copy, and goes on. */
	journal_well(journal_take_over(j, &is_copy, &err), &err);
	assert_false(is_copy);
	journal_rows(j, 5, NULL, 0);
	hgt_journal_close(j);
	copy = journal_open(to, HGT_JOURNAL_WRITE);
	journal_well(journal_take_over(copy, &is_copy, &err), &err);
	assert_true(is_copy);
	snprintf(second, sizeof(second), "%s", hgt_journal_id(copy));
	assert_string_not_equal(first, second);
	journal_rows(copy, 3, NULL, 0);
	assert_int_equal(knows(copy, first, 3000), 1);
	assert_int_equal(knows(copy, first, 3001), 0);
	assert_int_equal(knows(copy, second, 3001), 1);
	assert_int_equal(knows(copy, "0123456789abcdef", 1), 0);
	journal_well(journal_take_over(copy, &is_copy, &err), &err);
	assert_false(is_copy);
	assert_int_equal(journal_verified(to), 3004);
	/* Old rows go on both sides of the change. */
	for (int i = 0; i < 3; i++) {
		journal_compacted(copy, (struct hgt_retention){.upto = journal_all_but(copy, i == 0 ? 100 : i == 1 ? 4 : 1), .needed = NOBODY});
		journal_verified(to);
	}
	hgt_journal_close(copy);
	copy = journal_open(to, HGT_JOURNAL_WRITE);
	assert_string_equal(hgt_journal_id(copy), second);
	hgt_journal_close(copy);
	/* A copy of a copy that was gone on with. */
	journal_well(hgt_journal_backup(to, path, &backup, &err), &err);
	assert_string_equal(backup.id, second);
	copy = journal_open(path, HGT_JOURNAL_WRITE);
	journal_well(journal_take_over(copy, &is_copy, &err), &err);
	assert_int_equal(knows(copy, first, 3000), 1);
	assert_int_equal(knows(copy, second, backup.seq), 1);
	assert_int_equal(knows(copy, second, backup.seq + 1), 0);
	hgt_journal_close(copy);
	journal_verified(path);
	journal_exec(path, "UPDATE lineage SET last = last + 1");
	assert_int_equal(hgt_journal_verify(path, &rows, &err), HGT_ECORRUPT);
	assert_non_null(strstr(err.message, "earlier ids"));
	free(path);
	free(to);
}

static void a_backup_that_fails_leaves_what_was(void **state)
{
	char *path = unit_path(*state, "journal.db"), *to = unit_path(*state, "copy.db"), *folder = unit_path(*state, "folder");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error err = {0};
	struct hgt_backup backup;
	struct stat st;

	journal_rows(j, 10, NULL, 0);
	hgt_journal_close(j);
	assert_int_equal(hgt_write_file(to, "before", 6, 0600, NULL), 0);
	assert_int_equal(hgt_journal_backup(path, path, &backup, &err), HGT_EINVAL);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(hgt_journal_backup(path, folder, &backup, &err), HGT_EINVAL);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(hgt_journal_backup(folder, to, &backup, &err), HGT_ENOENT);
	journal_exec(path, "UPDATE events SET body = replace(body, 'hook', 'hooK') WHERE seq = 7");
	assert_int_equal(hgt_journal_backup(path, to, &backup, &err), HGT_ECORRUPT);
	assert_non_null(strstr(err.message, "row 7: its hash"));
	assert_int_equal(hgt_read_file(to, 100, &text, NULL), 0);
	assert_string_equal(text.data, "before");
	journal_exec(path, "UPDATE events SET body = replace(body, 'hooK', 'hook') WHERE seq = 7");
	journal_well(hgt_journal_backup(path, to, &backup, &err), &err);
	assert_int_equal(stat(to, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(journal_number(to, "SELECT count(*) FROM refs"), 10);
	assert_int_equal(journal_number(to, "PRAGMA auto_vacuum"), 2);
	hgt_buf_release(&text);
	free(path);
	free(to);
	free(folder);
}

struct lines {
	struct hgt_buf text;
	size_t n;
};

static int add_line(void *ctx, const char *line, size_t len)
{
	struct lines *lines = ctx;

	assert_int_equal(line[len - 1], '\n');
	hgt_buf_add(&lines->text, line, len);
	lines->n++;
	return lines->text.failed ? HGT_ENOMEM : 0;
}

static int check_lines(const char *text, size_t len, struct hgt_export_check *check, struct hgt_error *err)
{
	int code = 0;

	*check = (struct hgt_export_check){0};
	while (len && code == 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		code = hgt_export_check_line(check, text, n, err);
		text += n + (end != NULL);
		len -= n + (end != NULL);
	}
	return code < 0 ? code : hgt_export_check_end(check, err);
}

static void exports(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct hgt_cursor cursor = {.seq = 0};
	struct hgt_export_check check;
	struct hgt_error err = {0};
	struct lines lines = {0};
	bool is_copy;

	journal_rows(j, 1500, NULL, 0);
	journal_well(hgt_journal_export(path, NULL, add_line, &lines, &err), &err);
	assert_int_equal(lines.n, 1502);
	journal_well(check_lines(lines.text.data, lines.text.len, &check, &err), &err);
	assert_int_equal(check.rows, 1500);
	/* Past a removal and a change of the id; from a cursor. */
	journal_compacted(j, (struct hgt_retention){.upto = journal_all_but(j, 20), .needed = NOBODY});
	journal_well(hgt_journal_begin(j, &err), &err);
	hgt_journal_rollback(j);
	hgt_journal_close(j);
	journal_exec(path, "INSERT INTO meta VALUES ('copy', 'x')");
	j = journal_open(path, HGT_JOURNAL_WRITE);
	journal_well(journal_take_over(j, &is_copy, &err), &err);
	journal_rows(j, 3, NULL, 0);
	hgt_buf_reset(&lines.text);
	journal_well(hgt_journal_export(path, NULL, add_line, &lines, &err), &err);
	journal_well(check_lines(lines.text.data, lines.text.len, &check, &err), &err);
	assert_int_equal(check.rows, 25);
	snprintf(cursor.journal, sizeof(cursor.journal), "%s", hgt_journal_id(j));
	cursor.seq = 1502;
	hgt_buf_reset(&lines.text);
	journal_well(hgt_journal_export(path, &cursor, add_line, &lines, &err), &err);
	journal_well(check_lines(lines.text.data, lines.text.len, &check, &err), &err);
	assert_int_equal(check.rows, 3);
	cursor.seq = 1480;
	journal_well(hgt_journal_export(path, &cursor, add_line, &lines, &err), &err);
	cursor.seq = 1479;
	assert_int_equal(hgt_journal_export(path, &cursor, add_line, &lines, &err), HGT_ENOENT);
	assert_non_null(strstr(err.message, "no longer holds"));
	cursor.seq = 1506;
	assert_int_equal(hgt_journal_export(path, &cursor, add_line, &lines, &err), HGT_ENOENT);
	cursor.journal[0] ^= 1;
	assert_int_equal(hgt_journal_export(path, &cursor, add_line, &lines, &err), HGT_ENOENT);
	hgt_journal_close(j);
	hgt_buf_release(&lines.text);
	free(path);
}

/* Each bit of an export, turned; each line, taken away. */
static void an_altered_export_is_named(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct hgt_export_check check;
	struct hgt_error err = {0};
	struct lines lines = {0};
	char *text;

	journal_rows(j, 4, NULL, 0);
	hgt_journal_close(j);
	journal_well(hgt_journal_export(path, NULL, add_line, &lines, &err), &err);
	text = lines.text.data;
	for (size_t bit = 0; bit < lines.text.len * 8; bit += 3) {
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		/* The end of the last line may be missing. */
		if (check_lines(text, lines.text.len, &check, &err) == 0 && bit / 8 != lines.text.len - 1)
			fail_msg("bit %zu, and nobody noticed", bit);
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
	}
	for (size_t at = 0; at < lines.text.len;) {
		size_t n = strcspn(text + at, "\n") + 1;
		struct hgt_buf cut = HGT_BUF_INIT;

		hgt_buf_add(&cut, text, at);
		hgt_buf_adds(&cut, text + at + n);
		assert_int_equal(check_lines(cut.data, cut.len, &check, &err), HGT_ECORRUPT);
		assert_true(strstr(err.message, "line") != NULL);
		hgt_buf_release(&cut);
		at += n;
	}
	assert_int_equal(check_lines("", 0, &check, &err), HGT_ECORRUPT);
	journal_well(check_lines(text, lines.text.len, &check, &err), &err);
	assert_int_equal(hgt_export_check_line(&check, "x", 1, &err), HGT_ECORRUPT);
	hgt_buf_release(&lines.text);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_copy_goes_on_by_another_id, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(a_backup_that_fails_leaves_what_was, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(exports, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(an_altered_export_is_named, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
