/* lib/journal: what is removed and what is left of it, by count, age and need, and what it takes. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "headgate/protocol.h"
#include "journal/export.h"
#include "journal/log_mover.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/journal_rig.h"
#include "tests/unit/unit.h"

static bool is_unexplained(struct hgt_journal *j, const char *ref, uint64_t seq)
{
	char from[HGT_JOURNAL_OID_TEXT];

	assert_int_equal(hgt_journal_unexplained_from(j, "infra", ref, seq, from, NULL), 0);
	return *from != '\0';
}

static uint64_t tail_of(struct hgt_journal *j)
{
	uint64_t seq;

	assert_int_equal(hgt_journal_tail(j, &seq, NULL), 0);
	return seq;
}

static void by_count(void **state)
{
	char *path = unit_path(*state, "journal.db"), id[HGT_JOURNAL_OID_TEXT];
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct hgt_compaction gone;
	uint64_t seq;

	journal_rows(j, 50, NULL, 0);
	gone = journal_compacted(j, (struct hgt_retention){.upto = journal_all_but(j, 50), .needed = NOBODY});
	assert_int_equal(gone.count, 0);
	assert_int_equal(journal_verified(path), 50);
	gone = journal_compacted(j, (struct hgt_retention){.upto = journal_all_but(j, 20), .needed = NOBODY});
	assert_int_equal(gone.count, 30);
	assert_int_equal(gone.seq, 30);
	assert_false(gone.by_age || gone.more || gone.held);
	assert_int_equal(tail_of(j), 31);
	assert_int_equal(journal_verified(path), 21);
	/* What they added up to stays. */
	assert_int_equal(hgt_journal_get_ref(j, "infra", "refs/heads/3", id, &seq, NULL), 0);
	assert_string_equal(id, ID_A);
	assert_int_equal(seq, 4);
	/* One of them moves on, one goes, one that stood by is undone. */
	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	assert_int_equal(journal_move(j, "refs/heads/4", NOW, 0, &seq, NULL), 0);
	assert_int_equal(hgt_journal_set_ref(j, "infra", "refs/heads/5", ZERO, seq, NULL), 0);
	assert_int_equal(hgt_journal_mark(j, NULL), 0);
	assert_int_equal(hgt_journal_set_ref(j, "infra", "refs/heads/6", ZERO, seq, NULL), 0);
	assert_int_equal(hgt_journal_undo(j, NULL), 0);
	assert_int_equal(hgt_journal_commit(j, NULL), 0);
	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	assert_int_equal(hgt_journal_set_ref(j, "infra", "refs/heads/7", ZERO, seq, NULL), 0);
	hgt_journal_rollback(j);
	assert_int_equal(journal_verified(path), 22);
	/* In small steps, and past the first checkpoint. */
	gone = journal_compacted(j, (struct hgt_retention){.upto = journal_all_but(j, 5), .needed = NOBODY, .rows = 7});
	assert_int_equal(gone.count, 7);
	assert_int_equal(gone.seq, 37);
	assert_true(gone.more);
	assert_int_equal(journal_verified(path), 16);
	/* The last row always stays. */
	gone = journal_compacted(j, (struct hgt_retention){.before_ms = NOW + 1, .needed = NOBODY});
	assert_int_equal(gone.seq, 52);
	assert_int_equal(tail_of(j), 53);
	hgt_journal_close(j);
	/* A writer goes on where the journal ended. */
	j = journal_open(path, HGT_JOURNAL_WRITE);
	journal_rows(j, 2, NULL, 0);
	hgt_journal_close(j);
	assert_int_equal(journal_verified(path), 4);
	free(path);
}

static void what_is_needed_stays(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct hgt_compaction gone;

	journal_rows(j, 30, NULL, 0);
	gone = journal_compacted(j, (struct hgt_retention){.upto = journal_all_but(j, 10), .needed = 5});
	assert_int_equal(gone.seq, 4);
	assert_true(gone.held);
	gone = journal_compacted(j, (struct hgt_retention){.upto = journal_all_but(j, 10), .needed = 5});
	assert_int_equal(gone.count, 0);
	assert_true(gone.held);
	gone = journal_compacted(j, (struct hgt_retention){.upto = journal_all_but(j, 10), .needed = 25});
	assert_int_equal(gone.seq, 21);
	assert_false(gone.held);
	hgt_journal_close(j);
	assert_int_equal(journal_verified(path), 11);
	free(path);
}

/* Clocks that were wrong: the order of rows decides, and no row goes before its time because of a neighbour's. */
static void by_age(void **state)
{
	static const struct {
		int64_t times[6];	/* days from now */
		uint64_t gone;
	} cases[] = {
		{{-9, -8, -7, -2, -1, 0}, 3},
		{{-9, -2, -8, -7, -1, 0}, 1},		/* set back for a while: what is young keeps those behind it */
		{{-9, -9000, -8, -2, -1, 0}, 3},	/* began in 1970 */
		{{-9, 9000, -8, -2, -1, 0}, 3},		/* far ahead: as old as the next */
		{{-9, 9000, 9001, -2, -8, 0}, 1},
		{{9000, 9001, -9, -8, -1, 0}, 4},
		{{9000, 9000, 9000, 9000, 9000, 9000}, 0},
		{{-2, -9, -9, -9, -9, -9}, 0},
		{{-9, -9, -9, -9, -9, -9}, 5},
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		char *path = unit_path(*state, "journal.db");
		struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
		struct hgt_compaction gone;
		int64_t times[6];

		for (int k = 0; k < 6; k++)
			times[k] = NOW + cases[i].times[k] * DAY;
		journal_rows(j, 6, times, 0);
		gone = journal_compacted(j, (struct hgt_retention){.before_ms = NOW - 5 * DAY, .needed = NOBODY});
		if (gone.seq != cases[i].gone)
			fail_msg("case %zu: up to %d", i, (int)gone.seq);
		assert_true(gone.by_age || !gone.count);
		hgt_journal_close(j);
		assert_int_equal(journal_verified(path), 6 - gone.count + (gone.count > 0));
		unlink(path);
		free(path);
	}
}

static void removal_is_told_or_named(void **state)
{
	static const struct {
		const char *sql, *message;
	} cases[] = {
		{"DELETE FROM meta WHERE key = 'checkpoint'", "row 1 is missing"},
		{"UPDATE meta SET value = replace(value, '.8 ', '.7 ') WHERE key = 'checkpoint'", "row 8 is missing"},
		{"UPDATE meta SET value = replace(value, '.8 ', '.9 ') WHERE key = 'checkpoint'", "row 9 is there"},
		{"UPDATE meta SET value = substr(value, 1, 30) WHERE key = 'checkpoint'", "the checkpoint of"},
		{"UPDATE meta SET value = 'x' || substr(value, 2) WHERE key = 'checkpoint'", "the checkpoint of"},
		{"UPDATE meta SET value = replace(value, substr(value, 1, 16), '0123456789abcdef') WHERE key = 'checkpoint'", "row 9: its id"},
		{"DELETE FROM events WHERE seq = 9", "row 9 is missing"},
		/* The oldest taken away, and the checkpoint moved: its hash fits, and no event says so. */
		{"UPDATE meta SET value = substr(value, 1, 16) || '.9 ' || (SELECT lower(hex(hash)) FROM events WHERE seq = 9) WHERE key = 'checkpoint';"
			"DELETE FROM events WHERE seq = 9", "the checkpoint says otherwise"},
		{"INSERT INTO meta VALUES ('other', '')", "meta has an entry"},
		{"UPDATE refs SET id = '" ZERO "' WHERE ref = 'refs/heads/9'", "infra:refs/heads/9"},
		{"UPDATE refs SET seq = 11 WHERE ref = 'refs/heads/9'", "infra:refs/heads/9"},
		{"UPDATE refs SET seq = 99 WHERE ref = 'refs/heads/9'", "infra:refs/heads/9"},
		{"UPDATE refs SET repo = 'infrb' WHERE ref = 'refs/heads/9'", "infrb:refs/heads/9"},
		/* Refs whose last move is gone. */
		{"UPDATE refs SET id = '" ZERO "' WHERE ref = 'refs/heads/3'", "the refs whose last move was row 8 or one before"},
		{"UPDATE refs SET seq = 2 WHERE ref = 'refs/heads/3'", "the refs whose last move"},
		{"UPDATE refs SET ref = 'x' WHERE ref = 'refs/heads/3'", "the refs whose last move"},
		{"DELETE FROM refs WHERE ref = 'refs/heads/3'", "the refs whose last move"},
		{"DELETE FROM meta WHERE key = 'kept'", "the refs whose last move"},
		{"UPDATE meta SET value = substr(value, 2) WHERE key = 'kept'", "the sum of the refs"},
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		char *path = unit_path(*state, "journal.db");
		struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
		struct hgt_error err = {0};
		uint64_t rows;

		journal_rows(j, 12, NULL, 0);
		journal_compacted(j, (struct hgt_retention){.upto = journal_all_but(j, 4), .needed = NOBODY});
		hgt_journal_close(j);
		assert_int_equal(journal_verified(path), 5);
		journal_exec(path, cases[i].sql);
		assert_int_equal(hgt_journal_verify(path, &rows, &err), HGT_ECORRUPT);
		if (!strstr(err.message, cases[i].message))
			fail_msg("%s: %s", cases[i].sql, err.message);
		unlink(path);
		free(path);
	}
}

/* Rows cut off at the beginning by somebody who knows of checkpoints, in a journal that has removed none itself. */
static void rows_that_went_untold(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct hgt_error err = {0};
	uint64_t rows;

	journal_rows(j, 5, NULL, 0);
	hgt_journal_close(j);
	journal_exec(path, "INSERT INTO meta SELECT 'checkpoint', (SELECT value FROM meta WHERE key = 'journal') || '.2 ' || lower(hex(hash)) FROM events"
		" WHERE seq = 2; DELETE FROM events WHERE seq <= 2");
	assert_int_equal(hgt_journal_verify(path, &rows, &err), HGT_ECORRUPT);
	assert_non_null(strstr(err.message, "rows up to row 2 are gone, and no event says"));
	free(path);
}

static void space_and_what_else_goes(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct hgt_error err = {0};
	int64_t pages;
	bool more = true;
	uint64_t seq;
	int steps = 0;

	journal_rows(j, 200, NULL, 20000);
	journal_well(hgt_journal_begin(j, &err), &err);
	for (int i = 0; i < 40; i++) {
		char push[16];

		snprintf(push, sizeof(push), "push%d", i);
		journal_well(hgt_journal_claim_push(j, push, &err), &err);
	}
	journal_well(hgt_journal_add_unexplained(j, "infra", "refs/heads/1", ZERO, ID_A, 2, &err), &err);
	journal_well(hgt_journal_add_unexplained(j, "infra", "refs/heads/150", ZERO, ID_A, 151, &err), &err);
	journal_well(hgt_journal_commit(j, &err), &err);
	pages = journal_number(path, "PRAGMA page_count");
	assert_true(pages > 900);
	journal_compacted(j, (struct hgt_retention){.upto = journal_all_but(j, 100), .needed = NOBODY});
	assert_true(journal_number(path, "PRAGMA freelist_count") > 400);
	while (more) {
		journal_well(hgt_journal_begin(j, &err), &err);
		journal_well(hgt_journal_shrink(j, 100, 64, &more, &err), &err);
		journal_well(hgt_journal_commit(j, &err), &err);
		steps++;
	}
	assert_true(steps > 4);
	assert_int_equal(journal_number(path, "PRAGMA freelist_count"), 100);
	assert_true(journal_number(path, "PRAGMA page_count") < pages - 300);
	/* Push ids go by age; moves that nobody explained by that of their events, and with them. */
	journal_well(hgt_journal_begin(j, &err), &err);
	journal_well(hgt_journal_forget(j, 1000, 30, &more, &err), &err);
	assert_false(more);
	assert_int_equal(hgt_journal_claim_push(j, "push0", NULL), HGT_EEXIST);
	assert_false(is_unexplained(j, "refs/heads/1", 2));
	assert_true(is_unexplained(j, "refs/heads/150", 151));
	journal_well(hgt_journal_forget(j, INT64_MAX, 30, &more, &err), &err);
	assert_true(more);
	journal_well(hgt_journal_forget(j, INT64_MAX, 30, &more, &err), &err);
	assert_false(more);
	journal_well(hgt_journal_claim_push(j, "push0", &err), &err);
	assert_false(is_unexplained(j, "refs/heads/150", 151));
	journal_well(hgt_journal_commit(j, &err), &err);
	assert_int_equal(hgt_journal_head(j, &seq, NULL), 0);
	hgt_journal_close(j);
	assert_int_equal(journal_verified(path), 101);
	free(path);
}

/* What a version made that knew of none of this. */
static void an_older_journal_is_upgraded(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct hgt_error err = {0};
	bool more;

	journal_rows(j, 20, NULL, 0);
	hgt_journal_close(j);
	journal_exec(path, "DROP TABLE lineage; DROP INDEX unexplained_by_seq; DROP TABLE pushes; CREATE TABLE pushes (push TEXT NOT NULL PRIMARY KEY)"
		" WITHOUT ROWID; INSERT INTO pushes VALUES ('old')");
	/* As it is, it is read and proven. */
	assert_int_equal(journal_verified(path), 20);
	j = journal_open(path, HGT_JOURNAL_WRITE);
	journal_well(hgt_journal_begin(j, &err), &err);
	journal_well(hgt_journal_forget(j, 1000, 10, &more, &err), &err);
	assert_int_equal(hgt_journal_claim_push(j, "old", NULL), HGT_EEXIST);
	journal_well(hgt_journal_claim_push(j, "new", &err), &err);
	journal_well(hgt_journal_commit(j, &err), &err);
	/* Nothing has happened yet that an older version would misread. */
	assert_int_equal(journal_number(path, "PRAGMA user_version"), 1);
	journal_compacted(j, (struct hgt_retention){.upto = journal_all_but(j, 10), .needed = NOBODY});
	assert_int_equal(journal_number(path, "PRAGMA user_version"), 2);
	hgt_journal_close(j);
	assert_int_equal(journal_verified(path), 11);
	/* Once is enough. */
	hgt_journal_close(journal_open(path, HGT_JOURNAL_WRITE));
	free(path);
}

static void write_and_remove(const char *path)
{
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct hgt_log_mover *mover;
	struct hgt_journal_log log;

	if (hgt_log_mover_open(path, &mover, NULL) < 0)
		_exit(1);
	for (;;) {
		journal_rows(j, 20, NULL, 5000);
		for (int i = 0; i < 4; i++)
			journal_compacted(j, (struct hgt_retention){.upto = journal_all_but(j, 40), .needed = NOBODY, .rows = 9});
		/* The log begins anew often, over what was in it. */
		hgt_journal_get_log(j, &log);
		if (hgt_log_mover_move(mover, &log, NULL) < 0)
			_exit(1);
	}
}

/* Killed at any point: what is there is whole, and what goes next begins where it should. */
static void killed_while_it_removes(void **state)
{
	char *path = unit_path(*state, "journal.db");

	for (int round = 0; round < 15; round++) {
		struct timespec pause = {.tv_nsec = 1000000L * (3 + round * 7 % 40)};
		int status;
		pid_t pid = fork();

		if (pid == 0)
			write_and_remove(path);
		nanosleep(&pause, NULL);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		hgt_journal_close(journal_open(path, HGT_JOURNAL_WRITE));
		journal_verified(path);
	}
	free(path);
}

/* Removing needs room in the log. Where there is none nothing is removed, and it goes on when there is. */
static int full_disk_child(const char *path)
{
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	const struct hgt_retention limits = {.upto = 1900, .needed = NOBODY, .rows = 100000, .ms = 60000};
	struct rlimit limit = {.rlim_cur = 64 * 1024, .rlim_max = RLIM_INFINITY};
	struct hgt_compaction gone;
	struct hgt_error err = {0};
	uint64_t seq;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 1;
	if (journal_compact(j, &limits, &gone, &err) != HGT_EIO)
		return 2;
	limit.rlim_cur = RLIM_INFINITY;
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0 || hgt_journal_tail(j, &seq, NULL) < 0 || seq != 1)
		return 3;
	if (journal_compact(j, &limits, &gone, &err) < 0 || gone.count != 1900)
		return 4;
	hgt_journal_close(j);
	return 0;
}

static void full_disk(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	int status;
	pid_t pid;

	journal_rows(j, 2000, NULL, 500);
	hgt_journal_close(j);
	pid = fork();
	if (pid == 0)
		_exit(full_disk_child(path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(journal_verified(path), 101);
	free(path);
}

static int discard(void *ctx, const char *line, size_t len)
{
	(void)ctx, (void)line, (void)len;
	return 0;
}

/* Everything once; the code of the first thing that failed. */
static int everything(const char *path, const char *to, struct hgt_error *err)
{
	const struct hgt_retention limits = {.upto = 3, .before_ms = NOW + 5 * DAY, .needed = NOBODY, .rows = 100, .ms = 60000};
	struct hgt_compaction gone;
	struct hgt_journal *j = NULL;
	struct hgt_backup backup;
	bool more, is_copy;
	uint64_t seq;
	int code = hgt_journal_open(path, HGT_JOURNAL_WRITE, &j, err);

	if (code == 0)
		code = hgt_journal_begin(j, err);
	for (int i = 0; i < 6 && code == 0; i++)
		code = journal_move(j, "refs/heads/a", NOW + i * 3 * DAY, 0, &seq, err);
	if (code == 0)
		code = hgt_journal_commit(j, err);
	else if (j)
		hgt_journal_rollback(j);
	if (code == 0)
		code = journal_compact(j, &limits, &gone, err);
	if (code == 0)
		code = hgt_journal_begin(j, err);
	if (code == 0)
		code = hgt_journal_forget(j, NOW, 10, &more, err);
	if (code == 0)
		code = hgt_journal_shrink(j, 0, 10, &more, err);
	if (code == 0)
		code = hgt_journal_commit(j, err);
	else if (j)
		hgt_journal_rollback(j);
	hgt_journal_close(j);
	j = NULL;
	if (code == 0)
		code = hgt_journal_backup(path, to, &backup, err);
	if (code == 0)
		code = hgt_journal_open(to, HGT_JOURNAL_WRITE, &j, err);
	if (code == 0)
		code = journal_take_over(j, &is_copy, err);
	hgt_journal_close(j);
	if (code == 0)
		code = hgt_journal_export(to, NULL, discard, NULL, err);
	return code == 0 ? hgt_journal_verify(to, &seq, err) : code;
}

static void allocations_fail(void **state)
{
	bool armed = true;

	for (long n = 1; armed; n++) {
		char name[32], *path, *to;
		struct hgt_error err = {0};
		uint64_t rows;
		int code;

		snprintf(name, sizeof(name), "own%ld.db", n);
		path = unit_path(*state, name);
		snprintf(name, sizeof(name), "copy%ld.db", n);
		to = unit_path(*state, name);
		fail_alloc_at(n);
		code = everything(path, to, &err);
		armed = fail_alloc_off();
		if (code != (armed ? HGT_ENOMEM : 0))
			fail_msg("allocation %ld: %d: %s", n, code, err.message);
		hgt_journal_close(journal_open(path, HGT_JOURNAL_WRITE));
		if (hgt_journal_verify(path, &rows, &err) < 0)
			fail_msg("after allocation %ld: %s", n, err.message);
		/* A copy is whole, or not there. */
		if (access(to, F_OK) == 0 && hgt_journal_verify(to, &rows, &err) < 0)
			fail_msg("the copy after allocation %ld: %s", n, err.message);
		free(path);
		free(to);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(by_count, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(what_is_needed_stays, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(by_age, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(removal_is_told_or_named, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(rows_that_went_untold, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(space_and_what_else_goes, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(an_older_journal_is_upgraded, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(killed_while_it_removes, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(full_disk, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(allocations_fail, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
