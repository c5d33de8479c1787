/* Journals for the tests of lib/journal. */
#include "tests/unit/journal_rig.h"

#include <sqlite3.h>

#include "headgate/protocol.h"
#include "journal/lineage.h"
#include "tests/unit/unit.h"

void journal_well(int code, const struct hgt_error *err)
{
	if (code < 0)
		fail_msg("%d: %s", code, err->message);
}

struct hgt_journal *journal_open(const char *path, enum hgt_journal_mode mode)
{
	struct hgt_journal *j = NULL;
	struct hgt_error err = {0};

	journal_well(hgt_journal_open(path, mode, &j, &err), &err);
	return j;
}

void journal_put_file(const char *path, const struct hgt_buf *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text->data, 1, text->len, file), text->len);
	assert_int_equal(fclose(file), 0);
}

int journal_move(struct hgt_journal *j, const char *ref, int64_t time_ms, size_t padding, uint64_t *seq, struct hgt_error *err)
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

void journal_rows(struct hgt_journal *j, int n, const int64_t *times, size_t padding)
{
	struct hgt_error err = {0};
	uint64_t seq = 0;

	journal_well(hgt_journal_begin(j, &err), &err);
	for (int i = 0; i < n; i++) {
		char ref[32];

		snprintf(ref, sizeof(ref), "refs/heads/%d", i);
		journal_well(journal_move(j, ref, times ? times[i] : NOW, padding, &seq, &err), &err);
	}
	journal_well(hgt_journal_commit(j, &err), &err);
}

uint64_t journal_all_but(struct hgt_journal *j, uint64_t keep)
{
	uint64_t head;

	assert_int_equal(hgt_journal_head(j, &head, NULL), 0);
	return head > keep ? head - keep : 0;
}

int journal_compact(struct hgt_journal *j, const struct hgt_retention *limits, struct hgt_compaction *out, struct hgt_error *err)
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

struct hgt_compaction journal_compacted(struct hgt_journal *j, struct hgt_retention limits)
{
	struct hgt_compaction gone = {0};
	struct hgt_error err = {0};

	limits.rows = limits.rows ? limits.rows : 100000;
	limits.ms = 60000;
	journal_well(journal_compact(j, &limits, &gone, &err), &err);
	return gone;
}

uint64_t journal_verified(const char *path)
{
	struct hgt_error err = {0};
	uint64_t rows = 0;

	journal_well(hgt_journal_verify(path, &rows, &err), &err);
	return rows;
}

void journal_exec(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

int64_t journal_number(const char *path, const char *sql)
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

int journal_take_over(struct hgt_journal *j, bool *is_copy, struct hgt_error *err)
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
