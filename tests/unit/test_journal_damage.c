/* lib/journal: damage of any single bit, of the database and of a log that a crash has left. */
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/io.h"
#include "tests/unit/journal_rig.h"
#include "tests/unit/unit.h"

/* What the database says: all of it that anything rests on. False when it cannot be read. */
static bool dump(const char *path, struct hgt_buf *out)
{
	static const char *const queries[] = {
		"SELECT quote(seq), quote(time_ms), quote(type), quote(subject), quote(repo), quote(ref), quote(body), quote(hash)"
		" FROM events ORDER BY seq",
		"SELECT quote(key), quote(value) FROM meta ORDER BY key",
		"SELECT quote(repo), quote(ref), quote(id), quote(seq) FROM refs ORDER BY repo, ref",
	};
	sqlite3 *db = NULL;
	bool well = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK;

	for (size_t i = 0; i < N_OF(queries) && well; i++) {
		sqlite3_stmt *stmt = NULL;
		int rc = sqlite3_prepare_v2(db, queries[i], -1, &stmt, NULL);

		while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
			for (int k = 0; k < sqlite3_column_count(stmt); k++) {
				const char *text = (const char *)sqlite3_column_text(stmt, k);

				hgt_buf_adds(out, text ? text : "?");
				hgt_buf_addc(out, k + 1 < sqlite3_column_count(stmt) ? ',' : '\n');
			}
			rc = SQLITE_OK;
		}
		sqlite3_finalize(stmt);
		well = rc == SQLITE_DONE;
	}
	sqlite3_close(db);
	return well;
}

/* Turn bits all over the file: whatever the journal says then is what it said, or verifying it fails and says where. */
static void a_turned_bit_is_named(void **state)
{
	char *path = unit_path(*state, "journal.db"), *copy = unit_path(*state, "copy.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct hgt_buf text = HGT_BUF_INIT, before = HGT_BUF_INIT, after = HGT_BUF_INIT;
	size_t named = 0, harmless = 0, step;
	int fd;

	/* Overflow pages, an inner page of the tree, a checkpoint. */
	journal_rows(j, 60, NULL, 0);
	journal_rows(j, 20, NULL, 9000);
	journal_compacted(j, (struct hgt_retention){.upto = journal_all_but(j, 40), .needed = NOBODY});
	hgt_journal_close(j);
	assert_int_equal(journal_verified(path), 41);
	assert_int_equal(hgt_read_file(path, 1 << 24, &text, NULL), 0);
	assert_true(dump(path, &before));
	journal_put_file(copy, &text);
	fd = open(copy, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	/* So many that valgrind is through in a minute, too; more of the file's header. */
	step = text.len * 8 / 1500 | 1;
	for (size_t bit = 0; bit < text.len * 8; bit += bit < 100 * 8 ? 3 : step) {
		char turned = (char)(text.data[bit / 8] ^ 1 << bit % 8);
		struct hgt_error err = {0};
		uint64_t rows = 0;

		assert_int_equal(pwrite(fd, &turned, 1, (off_t)(bit / 8)), 1);
		if (hgt_journal_verify(copy, &rows, &err) < 0) {
			assert_true(err.message[0]);
			named++;
		} else {
			hgt_buf_reset(&after);
			if (!dump(copy, &after) || after.len != before.len || memcmp(after.data, before.data, before.len) != 0)
				fail_msg("bit %zu of byte %zu, and nobody noticed:\n%s", bit % 8, bit / 8, after.data);
			harmless++;
		}
		assert_int_equal(pwrite(fd, text.data + bit / 8, 1, (off_t)(bit / 8)), 1);
	}
	close(fd);
	/* A third of this one are pages of tables that are empty. */
	printf("%zu bits turned: %zu named, %zu alter nothing that is said\n", named + harmless, named, harmless);
	assert_true(named * 3 > harmless * 2);
	hgt_buf_release(&text);
	hgt_buf_release(&before);
	hgt_buf_release(&after);
	free(path);
	free(copy);
}

/* A journal that a crash has left with a log: as it stands on disk while somebody has it open. */
static void crashed(const char *folder, const char *path, int commits)
{
	char *other = unit_path(folder, "open.db"), *log = unit_path(folder, "open.db-wal");
	struct hgt_journal *j = journal_open(other, HGT_JOURNAL_WRITE);
	struct hgt_buf text = HGT_BUF_INIT, name = HGT_BUF_INIT;

	for (int i = 0; i < commits; i++)
		journal_rows(j, 1, NULL, 3000);
	assert_int_equal(hgt_read_file(other, 1 << 24, &text, NULL), 0);
	journal_put_file(path, &text);
	hgt_buf_reset(&text);
	hgt_buf_addf(&name, "%s-wal", path);
	assert_int_equal(hgt_read_file(log, 1 << 24, &text, NULL), 0);
	journal_put_file(name.data, &text);
	hgt_journal_close(j);
	unlink(other);
	hgt_buf_release(&text);
	hgt_buf_release(&name);
	free(other);
	free(log);
}

/* The log as it is when one more batch of so many rows has been committed on what is at path. */
static void log_after(const char *folder, const char *path, int rows, struct hgt_buf *out)
{
	char *other = unit_path(folder, "open.db"), *log = unit_path(folder, "open.db-wal");
	struct hgt_buf text = HGT_BUF_INIT, name = HGT_BUF_INIT;
	struct hgt_journal *j;

	assert_int_equal(hgt_read_file(path, 1 << 24, &text, NULL), 0);
	journal_put_file(other, &text);
	hgt_buf_reset(&text);
	hgt_buf_addf(&name, "%s-wal", path);
	assert_int_equal(hgt_read_file(name.data, 1 << 24, &text, NULL), 0);
	journal_put_file(log, &text);
	j = journal_open(other, HGT_JOURNAL_WRITE);
	journal_rows(j, rows, NULL, 3000);
	assert_int_equal(hgt_read_file(log, 1 << 24, out, NULL), 0);
	hgt_journal_close(j);
	unlink(other);
	hgt_buf_release(&text);
	hgt_buf_release(&name);
	free(other);
	free(log);
}

/* Commits that failed when they were synced leave whole transactions in the log, over which the next ones are written, each
 * from the same place on. A crash then finds their ends behind what counts. */
static void what_failed_commits_left_is_no_damage(void **state)
{
	char *path = unit_path(*state, "journal.db"), *log = unit_path(*state, "journal.db-wal");
	struct hgt_buf all = HGT_BUF_INIT, one = HGT_BUF_INIT;

	crashed(*state, path, 3);
	for (int rows = 12; rows > 0; rows -= 4) {
		hgt_buf_reset(&one);
		log_after(*state, path, rows, &one);
		assert_true(!all.len || one.len < all.len);
		if (all.len)
			memcpy(all.data, one.data, one.len);
		else
			hgt_buf_add(&all, one.data, one.len);
	}
	journal_put_file(log, &all);
	assert_int_equal(journal_verified(path), 7);
	hgt_journal_close(journal_open(path, HGT_JOURNAL_WRITE));
	assert_int_equal(journal_verified(path), 7);
	hgt_buf_release(&all);
	hgt_buf_release(&one);
	free(path);
	free(log);
}

/* A bit of the log that a crash has left: unless it belongs to the last commit, which may never have been finished, it is named
 * before anything is dropped; and a copy of what is before it can be made. */
static void a_damaged_log_is_named(void **state)
{
	char *path = unit_path(*state, "journal.db"), *log = unit_path(*state, "journal.db-wal");
	char *index = unit_path(*state, "journal.db-shm");
	char *to = unit_path(*state, "copy.db");
	struct hgt_buf text = HGT_BUF_INIT, main_file = HGT_BUF_INIT;
	const size_t frame = 24 + 4096;
	size_t last = 0, begun = 0, frames;

	crashed(*state, path, 6);
	assert_int_equal(hgt_read_file(log, 1 << 24, &text, NULL), 0);
	assert_int_equal(hgt_read_file(path, 1 << 24, &main_file, NULL), 0);
	frames = (text.len - 32) / frame;
	/* Where the commit before the last one ends, and the one before the first of the rows: what made the journal. */
	for (size_t i = 0, commits = 0; i < frames; i++) {
		const char *size = text.data + 32 + (frames - 1 - i) * frame + 4;

		commits += memcmp(size, "\0\0\0\0", 4) != 0;
		if (commits == 2 && !last)
			last = 32 + (frames - i) * frame;
		if (commits == 7 && !begun)
			begun = 32 + (frames - i) * frame;
	}
	assert_true(begun > 32 && begun < last && last < text.len);
	for (size_t bit = 0; bit < text.len * 8; bit += bit < 64 * 8 ? 5 : 10007) {
		struct hgt_error err = {0};
		struct hgt_journal *j = NULL;
		struct hgt_backup backup;
		uint64_t rows;

		text.data[bit / 8] = (char)(text.data[bit / 8] ^ 1 << bit % 8);
		unlink(index);
		journal_put_file(path, &main_file);
		journal_put_file(log, &text);
		if (bit / 8 < last) {
			assert_int_equal(hgt_journal_verify(path, &rows, &err), HGT_ECORRUPT);
			assert_non_null(strstr(err.message, "-wal"));
			assert_int_equal(hgt_journal_open(path, HGT_JOURNAL_WRITE, &j, &err), HGT_ECORRUPT);
			assert_non_null(strstr(err.message, "headgate audit backup"));
			if (bit / 8 >= begun) {
				journal_well(hgt_journal_backup(path, to, &backup, &err), &err);
				assert_true(backup.events < 6);
			}
		} else {
			journal_well(hgt_journal_open(path, HGT_JOURNAL_WRITE, &j, &err), &err);
			hgt_journal_close(j);
			assert_in_range(journal_verified(path), 5, 6);
		}
		text.data[bit / 8] = (char)(text.data[bit / 8] ^ 1 << bit % 8);
	}
	hgt_buf_release(&text);
	hgt_buf_release(&main_file);
	free(path);
	free(log);
	free(index);
	free(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_turned_bit_is_named, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(what_failed_commits_left_is_no_damage, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(a_damaged_log_is_named, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
