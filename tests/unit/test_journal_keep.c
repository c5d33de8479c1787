/* lib/journal: what is removed and what is left of it, copies, exports, and damage of any single bit. */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "headgate/protocol.h"
#include "journal/backup.h"
#include "journal/export.h"
#include "journal/lineage.h"
#include "journal/retention.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define ZERO "0000000000000000000000000000000000000000"
#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DAY 86400000LL
#define NOW (20000 * DAY)
#define NOBODY UINT64_MAX

static bool is_unexplained(struct hgt_journal *j, const char *ref, uint64_t seq)
{
	char from[HGT_JOURNAL_OID_TEXT];

	assert_int_equal(hgt_journal_unexplained_from(j, "infra", ref, seq, from, NULL), 0);
	return *from != '\0';
}

static void well(int code, const struct hgt_error *err)
{
	if (code < 0)
		fail_msg("%d: %s", code, err->message);
}

static struct hgt_journal *open_for(const char *path, enum hgt_journal_mode mode)
{
	struct hgt_journal *j = NULL;
	struct hgt_error err = {0};

	well(hgt_journal_open(path, mode, &j, &err), &err);
	return j;
}

/* Without the care of hgt_write_file, which waits for the disk. */
static void put_file(const char *path, const struct hgt_buf *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text->data, 1, text->len, file), text->len);
	assert_int_equal(fclose(file), 0);
}

static int append_move(struct hgt_journal *j, const char *ref, int64_t time_ms, size_t padding, uint64_t *seq, struct hgt_error *err)
{
	struct hgt_buf data = HGT_BUF_INIT, subject = HGT_BUF_INIT, name = HGT_BUF_INIT;
	struct hgt_event_path path = {.status = 'A'};
	struct hgt_ref_event event = {.repo = "infra", .ref = ref, .old_id = ZERO, .new_id = ID_A, .change = "create", .source = "hook",
		.paths = &path, .n_paths = padding ? 1 : 0};
	int code;

	for (size_t i = 0; i < padding; i++)
		hgt_buf_addc(&name, 'p');
	path.path = name.data;
	hgt_ref_event_write(&event, &data);
	hgt_buf_addf(&subject, "infra:%s", ref);
	code = data.failed || subject.failed || name.failed ? hgt_error_nomem(err) : 0;
	if (code == 0)
		code = hgt_journal_append(j, "test", &(struct hgt_journal_entry){.type = HGT_EVENT_REF_UPDATED, .subject = subject.data,
			.repo = "infra", .ref = ref, .data = data.data, .data_len = data.len}, time_ms, seq, NULL, err);
	if (code == 0)
		code = hgt_journal_set_ref(j, "infra", ref, ID_A, *seq, err);
	hgt_buf_release(&data);
	hgt_buf_release(&subject);
	hgt_buf_release(&name);
	return code;
}

/* n rows, each of a ref of its own, the times given (NULL: all now). */
static void add_rows(struct hgt_journal *j, int n, const int64_t *times, size_t padding)
{
	struct hgt_error err = {0};
	uint64_t seq = 0;

	well(hgt_journal_begin(j, &err), &err);
	for (int i = 0; i < n; i++) {
		char ref[32];

		snprintf(ref, sizeof(ref), "refs/heads/%d", i);
		well(append_move(j, ref, times ? times[i] : NOW, padding, &seq, &err), &err);
	}
	well(hgt_journal_commit(j, &err), &err);
}

/* The last row that is too many when so many are kept. */
static uint64_t all_but(struct hgt_journal *j, uint64_t keep)
{
	uint64_t head;

	assert_int_equal(hgt_journal_head(j, &head, NULL), 0);
	return head > keep ? head - keep : 0;
}

static int compact(struct hgt_journal *j, const struct hgt_retention *limits, struct hgt_compaction *out, struct hgt_error *err)
{
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_compaction gone = {0};
	uint64_t seq;
	int code = hgt_journal_begin(j, err);

	if (code < 0)
		return code;
	code = hgt_journal_compact(j, limits, NOW, &gone, err);
	if (code == 0 && gone.count) {
		hgt_compaction_write(&gone, &data);
		code = hgt_buf_check(&data, err);
		if (code == 0)
			code = hgt_journal_append(j, "test", &(struct hgt_journal_entry){.type = HGT_EVENT_JOURNAL_COMPACTED, .repo = "",
				.ref = "", .data = data.data, .data_len = data.len}, NOW, &seq, NULL, err);
	}
	if (code == 0)
		code = hgt_journal_commit(j, err);
	if (code < 0)
		hgt_journal_rollback(j);
	else
		*out = gone;
	hgt_buf_release(&data);
	return code;
}

static struct hgt_compaction compacted(struct hgt_journal *j, struct hgt_retention limits)
{
	struct hgt_compaction gone = {0};
	struct hgt_error err = {0};

	limits.rows = limits.rows ? limits.rows : 100000;
	limits.ms = 60000;
	well(compact(j, &limits, &gone, &err), &err);
	return gone;
}

static uint64_t verified(const char *path)
{
	struct hgt_error err = {0};
	uint64_t rows = 0;

	well(hgt_journal_verify(path, &rows, &err), &err);
	return rows;
}

static uint64_t tail_of(struct hgt_journal *j)
{
	uint64_t seq;

	assert_int_equal(hgt_journal_tail(j, &seq, NULL), 0);
	return seq;
}

static void exec(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void by_count(void **state)
{
	char *path = unit_path(*state, "journal.db"), id[HGT_JOURNAL_OID_TEXT];
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct hgt_compaction gone;
	uint64_t seq;

	add_rows(j, 50, NULL, 0);
	gone = compacted(j, (struct hgt_retention){.upto = all_but(j, 50), .needed = NOBODY});
	assert_int_equal(gone.count, 0);
	assert_int_equal(verified(path), 50);
	gone = compacted(j, (struct hgt_retention){.upto = all_but(j, 20), .needed = NOBODY});
	assert_int_equal(gone.count, 30);
	assert_int_equal(gone.seq, 30);
	assert_false(gone.by_age || gone.more || gone.held);
	assert_int_equal(tail_of(j), 31);
	assert_int_equal(verified(path), 21);
	/* What they added up to stays. */
	assert_int_equal(hgt_journal_get_ref(j, "infra", "refs/heads/3", id, &seq, NULL), 0);
	assert_string_equal(id, ID_A);
	assert_int_equal(seq, 4);
	/* One of them moves on, one goes, one that stood by is undone. */
	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	assert_int_equal(append_move(j, "refs/heads/4", NOW, 0, &seq, NULL), 0);
	assert_int_equal(hgt_journal_set_ref(j, "infra", "refs/heads/5", ZERO, seq, NULL), 0);
	assert_int_equal(hgt_journal_mark(j, NULL), 0);
	assert_int_equal(hgt_journal_set_ref(j, "infra", "refs/heads/6", ZERO, seq, NULL), 0);
	assert_int_equal(hgt_journal_undo(j, NULL), 0);
	assert_int_equal(hgt_journal_commit(j, NULL), 0);
	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	assert_int_equal(hgt_journal_set_ref(j, "infra", "refs/heads/7", ZERO, seq, NULL), 0);
	hgt_journal_rollback(j);
	assert_int_equal(verified(path), 22);
	/* In small steps, and past the first checkpoint. */
	gone = compacted(j, (struct hgt_retention){.upto = all_but(j, 5), .needed = NOBODY, .rows = 7});
	assert_int_equal(gone.count, 7);
	assert_int_equal(gone.seq, 37);
	assert_true(gone.more);
	assert_int_equal(verified(path), 16);
	/* The last row always stays. */
	gone = compacted(j, (struct hgt_retention){.before_ms = NOW + 1, .needed = NOBODY});
	assert_int_equal(gone.seq, 52);
	assert_int_equal(tail_of(j), 53);
	hgt_journal_close(j);
	/* A writer goes on where the journal ended. */
	j = open_for(path, HGT_JOURNAL_WRITE);
	add_rows(j, 2, NULL, 0);
	hgt_journal_close(j);
	assert_int_equal(verified(path), 4);
	free(path);
}

static void what_is_needed_stays(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct hgt_compaction gone;

	add_rows(j, 30, NULL, 0);
	gone = compacted(j, (struct hgt_retention){.upto = all_but(j, 10), .needed = 5});
	assert_int_equal(gone.seq, 4);
	assert_true(gone.held);
	gone = compacted(j, (struct hgt_retention){.upto = all_but(j, 10), .needed = 5});
	assert_int_equal(gone.count, 0);
	assert_true(gone.held);
	gone = compacted(j, (struct hgt_retention){.upto = all_but(j, 10), .needed = 25});
	assert_int_equal(gone.seq, 21);
	assert_false(gone.held);
	hgt_journal_close(j);
	assert_int_equal(verified(path), 11);
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
		struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
		struct hgt_compaction gone;
		int64_t times[6];

		for (int k = 0; k < 6; k++)
			times[k] = NOW + cases[i].times[k] * DAY;
		add_rows(j, 6, times, 0);
		gone = compacted(j, (struct hgt_retention){.before_ms = NOW - 5 * DAY, .needed = NOBODY});
		if (gone.seq != cases[i].gone)
			fail_msg("case %zu: up to %d", i, (int)gone.seq);
		assert_true(gone.by_age || !gone.count);
		hgt_journal_close(j);
		assert_int_equal(verified(path), 6 - gone.count + (gone.count > 0));
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
		struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
		struct hgt_error err = {0};
		uint64_t rows;

		add_rows(j, 12, NULL, 0);
		compacted(j, (struct hgt_retention){.upto = all_but(j, 4), .needed = NOBODY});
		hgt_journal_close(j);
		assert_int_equal(verified(path), 5);
		exec(path, cases[i].sql);
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
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct hgt_error err = {0};
	uint64_t rows;

	add_rows(j, 5, NULL, 0);
	hgt_journal_close(j);
	exec(path, "INSERT INTO meta SELECT 'checkpoint', (SELECT value FROM meta WHERE key = 'journal') || '.2 ' || lower(hex(hash)) FROM events"
		" WHERE seq = 2; DELETE FROM events WHERE seq <= 2");
	assert_int_equal(hgt_journal_verify(path, &rows, &err), HGT_ECORRUPT);
	assert_non_null(strstr(err.message, "rows up to row 2 are gone, and no event says"));
	free(path);
}

static int64_t number(const char *path, const char *sql)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;
	int64_t n;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return n;
}

static void space_and_what_else_goes(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct hgt_error err = {0};
	int64_t pages;
	bool more = true;
	uint64_t seq;
	int steps = 0;

	add_rows(j, 200, NULL, 20000);
	well(hgt_journal_begin(j, &err), &err);
	for (int i = 0; i < 40; i++) {
		char push[16];

		snprintf(push, sizeof(push), "push%d", i);
		well(hgt_journal_claim_push(j, push, &err), &err);
	}
	well(hgt_journal_add_unexplained(j, "infra", "refs/heads/1", ZERO, ID_A, 2, &err), &err);
	well(hgt_journal_add_unexplained(j, "infra", "refs/heads/150", ZERO, ID_A, 151, &err), &err);
	well(hgt_journal_commit(j, &err), &err);
	pages = number(path, "PRAGMA page_count");
	assert_true(pages > 900);
	compacted(j, (struct hgt_retention){.upto = all_but(j, 100), .needed = NOBODY});
	assert_true(number(path, "PRAGMA freelist_count") > 400);
	while (more) {
		well(hgt_journal_begin(j, &err), &err);
		well(hgt_journal_shrink(j, 100, 64, &more, &err), &err);
		well(hgt_journal_commit(j, &err), &err);
		steps++;
	}
	assert_true(steps > 4);
	assert_int_equal(number(path, "PRAGMA freelist_count"), 100);
	assert_true(number(path, "PRAGMA page_count") < pages - 300);
	/* Push ids go by age; moves that nobody explained by that of their events, and with them. */
	well(hgt_journal_begin(j, &err), &err);
	well(hgt_journal_forget(j, 1000, 30, &more, &err), &err);
	assert_false(more);
	assert_int_equal(hgt_journal_claim_push(j, "push0", NULL), HGT_EEXIST);
	assert_false(is_unexplained(j, "refs/heads/1", 2));
	assert_true(is_unexplained(j, "refs/heads/150", 151));
	well(hgt_journal_forget(j, INT64_MAX, 30, &more, &err), &err);
	assert_true(more);
	well(hgt_journal_forget(j, INT64_MAX, 30, &more, &err), &err);
	assert_false(more);
	well(hgt_journal_claim_push(j, "push0", &err), &err);
	assert_false(is_unexplained(j, "refs/heads/150", 151));
	well(hgt_journal_commit(j, &err), &err);
	assert_int_equal(hgt_journal_head(j, &seq, NULL), 0);
	hgt_journal_close(j);
	assert_int_equal(verified(path), 101);
	free(path);
}

/* What a version made that knew of none of this. */
static void an_older_journal_is_upgraded(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct hgt_error err = {0};
	bool more;

	add_rows(j, 20, NULL, 0);
	hgt_journal_close(j);
	exec(path, "DROP TABLE lineage; DROP INDEX unexplained_by_seq; DROP TABLE pushes; CREATE TABLE pushes (push TEXT NOT NULL PRIMARY KEY)"
		" WITHOUT ROWID; INSERT INTO pushes VALUES ('old')");
	/* As it is, it is read and proven. */
	assert_int_equal(verified(path), 20);
	j = open_for(path, HGT_JOURNAL_WRITE);
	well(hgt_journal_begin(j, &err), &err);
	well(hgt_journal_forget(j, 1000, 10, &more, &err), &err);
	assert_int_equal(hgt_journal_claim_push(j, "old", NULL), HGT_EEXIST);
	well(hgt_journal_claim_push(j, "new", &err), &err);
	well(hgt_journal_commit(j, &err), &err);
	/* Nothing has happened yet that an older version would misread. */
	assert_int_equal(number(path, "PRAGMA user_version"), 1);
	compacted(j, (struct hgt_retention){.upto = all_but(j, 10), .needed = NOBODY});
	assert_int_equal(number(path, "PRAGMA user_version"), 2);
	hgt_journal_close(j);
	assert_int_equal(verified(path), 11);
	/* Once is enough. */
	hgt_journal_close(open_for(path, HGT_JOURNAL_WRITE));
	free(path);
}

static int take_over(struct hgt_journal *j, bool *is_copy, struct hgt_error *err)
{
	struct hgt_buf data = HGT_BUF_INIT;
	uint64_t seq;
	int code = hgt_journal_begin(j, err);

	if (code < 0)
		return code;
	code = hgt_journal_take_over(j, is_copy, &data, err);
	if (code == 0 && *is_copy)
		code = hgt_journal_append(j, "test", &(struct hgt_journal_entry){.type = HGT_EVENT_JOURNAL_RESTORED, .repo = "", .ref = "",
			.data = data.data, .data_len = data.len}, NOW, &seq, NULL, err);
	if (code == 0)
		code = hgt_journal_commit(j, err);
	if (code < 0)
		hgt_journal_rollback(j);
	hgt_buf_release(&data);
	return code;
}

static int knows(struct hgt_journal *j, const char *id, uint64_t seq)
{
	struct hgt_cursor cursor = {.seq = seq};

	snprintf(cursor.journal, sizeof(cursor.journal), "%s", id);
	return hgt_journal_knows(j, &cursor, NULL);
}

static void a_copy_goes_on_by_another_id(void **state)
{
	char *path = unit_path(*state, "journal.db"), *to = unit_path(*state, "copy.db"), first[17], second[17];
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE), *copy;
	struct hgt_error err = {0};
	struct hgt_backup backup;
	bool is_copy;
	uint64_t rows;

	add_rows(j, 3000, NULL, 0);
	well(hgt_journal_backup(path, to, &backup, &err), &err);
	snprintf(first, sizeof(first), "%s", hgt_journal_id(j));
	assert_string_equal(backup.id, first);
	assert_int_equal(backup.seq, 3000);
	assert_int_equal(backup.events, 3000);
	/* The journal itself is no copy, and goes on. */
	well(take_over(j, &is_copy, &err), &err);
	assert_false(is_copy);
	add_rows(j, 5, NULL, 0);
	hgt_journal_close(j);
	copy = open_for(to, HGT_JOURNAL_WRITE);
	well(take_over(copy, &is_copy, &err), &err);
	assert_true(is_copy);
	snprintf(second, sizeof(second), "%s", hgt_journal_id(copy));
	assert_string_not_equal(first, second);
	add_rows(copy, 3, NULL, 0);
	assert_int_equal(knows(copy, first, 3000), 1);
	assert_int_equal(knows(copy, first, 3001), 0);
	assert_int_equal(knows(copy, second, 3001), 1);
	assert_int_equal(knows(copy, "0123456789abcdef", 1), 0);
	well(take_over(copy, &is_copy, &err), &err);
	assert_false(is_copy);
	assert_int_equal(verified(to), 3004);
	/* Old rows go on both sides of the change. */
	for (int i = 0; i < 3; i++) {
		compacted(copy, (struct hgt_retention){.upto = all_but(copy, i == 0 ? 100 : i == 1 ? 4 : 1), .needed = NOBODY});
		verified(to);
	}
	hgt_journal_close(copy);
	copy = open_for(to, HGT_JOURNAL_WRITE);
	assert_string_equal(hgt_journal_id(copy), second);
	hgt_journal_close(copy);
	/* A copy of a copy that was gone on with. */
	well(hgt_journal_backup(to, path, &backup, &err), &err);
	assert_string_equal(backup.id, second);
	copy = open_for(path, HGT_JOURNAL_WRITE);
	well(take_over(copy, &is_copy, &err), &err);
	assert_int_equal(knows(copy, first, 3000), 1);
	assert_int_equal(knows(copy, second, backup.seq), 1);
	assert_int_equal(knows(copy, second, backup.seq + 1), 0);
	hgt_journal_close(copy);
	verified(path);
	exec(path, "UPDATE lineage SET last = last + 1");
	assert_int_equal(hgt_journal_verify(path, &rows, &err), HGT_ECORRUPT);
	assert_non_null(strstr(err.message, "earlier ids"));
	free(path);
	free(to);
}

static void a_backup_that_fails_leaves_what_was(void **state)
{
	char *path = unit_path(*state, "journal.db"), *to = unit_path(*state, "copy.db"), *folder = unit_path(*state, "folder");
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error err = {0};
	struct hgt_backup backup;
	struct stat st;

	add_rows(j, 10, NULL, 0);
	hgt_journal_close(j);
	assert_int_equal(hgt_write_file(to, "before", 6, 0600, NULL), 0);
	assert_int_equal(hgt_journal_backup(path, path, &backup, &err), HGT_EINVAL);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(hgt_journal_backup(path, folder, &backup, &err), HGT_EINVAL);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(hgt_journal_backup(folder, to, &backup, &err), HGT_ENOENT);
	exec(path, "UPDATE events SET body = replace(body, 'hook', 'hooK') WHERE seq = 7");
	assert_int_equal(hgt_journal_backup(path, to, &backup, &err), HGT_ECORRUPT);
	assert_non_null(strstr(err.message, "row 7: its hash"));
	assert_int_equal(hgt_read_file(to, 100, &text, NULL), 0);
	assert_string_equal(text.data, "before");
	exec(path, "UPDATE events SET body = replace(body, 'hooK', 'hook') WHERE seq = 7");
	well(hgt_journal_backup(path, to, &backup, &err), &err);
	assert_int_equal(stat(to, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(number(to, "SELECT count(*) FROM refs"), 10);
	assert_int_equal(number(to, "PRAGMA auto_vacuum"), 2);
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
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct hgt_cursor cursor = {.seq = 0};
	struct hgt_export_check check;
	struct hgt_error err = {0};
	struct lines lines = {0};
	bool is_copy;

	add_rows(j, 1500, NULL, 0);
	well(hgt_journal_export(path, NULL, add_line, &lines, &err), &err);
	assert_int_equal(lines.n, 1502);
	well(check_lines(lines.text.data, lines.text.len, &check, &err), &err);
	assert_int_equal(check.rows, 1500);
	/* Past a removal and a change of the id; from a cursor. */
	compacted(j, (struct hgt_retention){.upto = all_but(j, 20), .needed = NOBODY});
	well(hgt_journal_begin(j, &err), &err);
	hgt_journal_rollback(j);
	hgt_journal_close(j);
	exec(path, "INSERT INTO meta VALUES ('copy', 'x')");
	j = open_for(path, HGT_JOURNAL_WRITE);
	well(take_over(j, &is_copy, &err), &err);
	add_rows(j, 3, NULL, 0);
	hgt_buf_reset(&lines.text);
	well(hgt_journal_export(path, NULL, add_line, &lines, &err), &err);
	well(check_lines(lines.text.data, lines.text.len, &check, &err), &err);
	assert_int_equal(check.rows, 25);
	snprintf(cursor.journal, sizeof(cursor.journal), "%s", hgt_journal_id(j));
	cursor.seq = 1502;
	hgt_buf_reset(&lines.text);
	well(hgt_journal_export(path, &cursor, add_line, &lines, &err), &err);
	well(check_lines(lines.text.data, lines.text.len, &check, &err), &err);
	assert_int_equal(check.rows, 3);
	cursor.seq = 1480;
	well(hgt_journal_export(path, &cursor, add_line, &lines, &err), &err);
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
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct hgt_export_check check;
	struct hgt_error err = {0};
	struct lines lines = {0};
	char *text;

	add_rows(j, 4, NULL, 0);
	hgt_journal_close(j);
	well(hgt_journal_export(path, NULL, add_line, &lines, &err), &err);
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
	well(check_lines(text, lines.text.len, &check, &err), &err);
	assert_int_equal(hgt_export_check_line(&check, "x", 1, &err), HGT_ECORRUPT);
	hgt_buf_release(&lines.text);
	free(path);
}

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
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct hgt_buf text = HGT_BUF_INIT, before = HGT_BUF_INIT, after = HGT_BUF_INIT;
	size_t named = 0, harmless = 0, step;
	int fd;

	/* Overflow pages, an inner page of the tree, a checkpoint. */
	add_rows(j, 60, NULL, 0);
	add_rows(j, 5, NULL, 9000);
	compacted(j, (struct hgt_retention){.upto = all_but(j, 40), .needed = NOBODY});
	hgt_journal_close(j);
	assert_int_equal(verified(path), 41);
	assert_int_equal(hgt_read_file(path, 1 << 24, &text, NULL), 0);
	assert_true(dump(path, &before));
	put_file(copy, &text);
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
	struct hgt_journal *j = open_for(other, HGT_JOURNAL_WRITE);
	struct hgt_buf text = HGT_BUF_INIT, name = HGT_BUF_INIT;

	for (int i = 0; i < commits; i++)
		add_rows(j, 1, NULL, 3000);
	assert_int_equal(hgt_read_file(other, 1 << 24, &text, NULL), 0);
	put_file(path, &text);
	hgt_buf_reset(&text);
	hgt_buf_addf(&name, "%s-wal", path);
	assert_int_equal(hgt_read_file(log, 1 << 24, &text, NULL), 0);
	put_file(name.data, &text);
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
	put_file(other, &text);
	hgt_buf_reset(&text);
	hgt_buf_addf(&name, "%s-wal", path);
	assert_int_equal(hgt_read_file(name.data, 1 << 24, &text, NULL), 0);
	put_file(log, &text);
	j = open_for(other, HGT_JOURNAL_WRITE);
	add_rows(j, rows, NULL, 3000);
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
	put_file(log, &all);
	assert_int_equal(verified(path), 7);
	hgt_journal_close(open_for(path, HGT_JOURNAL_WRITE));
	assert_int_equal(verified(path), 7);
	hgt_buf_release(&all);
	hgt_buf_release(&one);
	free(path);
	free(log);
}

/* A bit of the log that a crash has left: unless it belongs to the last commit, which may never have been finished, it is named
 * before anything is dropped; and a copy of what is before it can be made. */
static void a_damaged_log_is_named(void **state)
{
	char *path = unit_path(*state, "journal.db"), *log = unit_path(*state, "journal.db-wal"), *index = unit_path(*state, "journal.db-shm");
	char *to = unit_path(*state, "copy.db");
	struct hgt_buf text = HGT_BUF_INIT, main_file = HGT_BUF_INIT;
	const size_t frame = 24 + 4096;
	size_t last = 0, frames;

	crashed(*state, path, 6);
	assert_int_equal(hgt_read_file(log, 1 << 24, &text, NULL), 0);
	assert_int_equal(hgt_read_file(path, 1 << 24, &main_file, NULL), 0);
	frames = (text.len - 32) / frame;
	/* Where the commit before the last one ends. */
	for (size_t i = 0, commits = 0; i < frames; i++) {
		const char *size = text.data + 32 + (frames - 1 - i) * frame + 4;

		commits += memcmp(size, "\0\0\0\0", 4) != 0;
		if (commits == 2 && !last)
			last = 32 + (frames - i) * frame;
	}
	assert_true(last > 32 && last < text.len);
	for (size_t bit = 0; bit < text.len * 8; bit += bit < 64 * 8 ? 5 : 10007) {
		struct hgt_error err = {0};
		struct hgt_journal *j = NULL;
		struct hgt_backup backup;
		uint64_t rows;

		text.data[bit / 8] = (char)(text.data[bit / 8] ^ 1 << bit % 8);
		unlink(index);
		put_file(path, &main_file);
		put_file(log, &text);
		if (bit / 8 < last) {
			assert_int_equal(hgt_journal_verify(path, &rows, &err), HGT_ECORRUPT);
			assert_non_null(strstr(err.message, "-wal"));
			assert_int_equal(hgt_journal_open(path, HGT_JOURNAL_WRITE, &j, &err), HGT_ECORRUPT);
			assert_non_null(strstr(err.message, "headgate audit backup"));
			if (bit / 8 > last / 2) {
				well(hgt_journal_backup(path, to, &backup, &err), &err);
				assert_true(backup.events < 6);
			}
		} else {
			well(hgt_journal_open(path, HGT_JOURNAL_WRITE, &j, &err), &err);
			hgt_journal_close(j);
			assert_in_range(verified(path), 5, 6);
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

static void write_and_remove(const char *path)
{
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);

	for (;;) {
		add_rows(j, 20, NULL, 5000);
		for (int i = 0; i < 4; i++)
			compacted(j, (struct hgt_retention){.upto = all_but(j, 40), .needed = NOBODY, .rows = 9});
		/* The log begins anew often, over what was in it. */
		if (hgt_journal_tidy_log(j, NULL, NULL) < 0)
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
		hgt_journal_close(open_for(path, HGT_JOURNAL_WRITE));
		verified(path);
	}
	free(path);
}

/* Removing needs room in the log. Where there is none nothing is removed, and it goes on when there is. */
static int full_disk_child(const char *path)
{
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	const struct hgt_retention limits = {.upto = 1900, .needed = NOBODY, .rows = 100000, .ms = 60000};
	struct rlimit limit = {.rlim_cur = 64 * 1024, .rlim_max = RLIM_INFINITY};
	struct hgt_compaction gone;
	struct hgt_error err = {0};
	uint64_t seq;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 1;
	if (compact(j, &limits, &gone, &err) != HGT_EIO)
		return 2;
	limit.rlim_cur = RLIM_INFINITY;
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0 || hgt_journal_tail(j, &seq, NULL) < 0 || seq != 1)
		return 3;
	if (compact(j, &limits, &gone, &err) < 0 || gone.count != 1900)
		return 4;
	hgt_journal_close(j);
	return 0;
}

static void full_disk(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	int status;
	pid_t pid;

	add_rows(j, 2000, NULL, 500);
	hgt_journal_close(j);
	pid = fork();
	if (pid == 0)
		_exit(full_disk_child(path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(verified(path), 101);
	free(path);
}

/* A reader that stays where it is keeps the log from being moved; when it goes, the log is small again. */
static void a_reader_holds_the_log_back(void **state)
{
	char *path = unit_path(*state, "journal.db"), *log = unit_path(*state, "journal.db-wal");
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	unsigned held = 0;
	struct stat st;
	sqlite3 *db;

	add_rows(j, 10, NULL, 0);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM events", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < 40; i++) {
		add_rows(j, 50, NULL, 4000);
		assert_int_equal(hgt_journal_tidy_log(j, &held, NULL), 0);
	}
	assert_true(held > 2000);
	assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < 40; i++) {
		add_rows(j, 50, NULL, 4000);
		assert_int_equal(hgt_journal_tidy_log(j, &held, NULL), 0);
	}
	assert_int_equal(held, 0);
	assert_int_equal(stat(log, &st), 0);
	assert_true(st.st_size <= 8 << 20);
	sqlite3_close(db);
	hgt_journal_close(j);
	free(path);
	free(log);
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
		code = append_move(j, "refs/heads/a", NOW + i * 3 * DAY, 0, &seq, err);
	if (code == 0)
		code = hgt_journal_commit(j, err);
	else if (j)
		hgt_journal_rollback(j);
	if (code == 0)
		code = compact(j, &limits, &gone, err);
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
		code = take_over(j, &is_copy, err);
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
		hgt_journal_close(open_for(path, HGT_JOURNAL_WRITE));
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
		cmocka_unit_test_setup_teardown(a_copy_goes_on_by_another_id, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(a_backup_that_fails_leaves_what_was, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(exports, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(an_altered_export_is_named, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(a_turned_bit_is_named, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(killed_while_it_removes, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(full_disk, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(a_reader_holds_the_log_back, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(what_failed_commits_left_is_no_damage, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(a_damaged_log_is_named, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(allocations_fail, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
