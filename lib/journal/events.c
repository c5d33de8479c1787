/* The journal's events: appended, read back, verified. */
#include "journal/database.h"

#include <inttypes.h>

#include "base/io.h"
#include "base/json_writer.h"
#include "base/timing.h"

int hgt_journal_head(struct hgt_journal *j, uint64_t *seq, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_HEAD, &stmt, err);

	if (code < 0)
		return code;
	code = hgt_journal_step(j, stmt, err);
	if (code >= 0)
		*seq = code == 1 ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
	hgt_journal_reset(stmt);
	return code < 0 ? code : 0;
}

int hgt_journal_tail(struct hgt_journal *j, uint64_t *seq, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_TAIL, &stmt, err);

	if (code < 0)
		return code;
	code = hgt_journal_step(j, stmt, err);
	if (code >= 0)
		*seq = (uint64_t)sqlite3_column_int64(stmt, 0);	/* NULL, of no rows, reads as 0 */
	hgt_journal_reset(stmt);
	return code < 0 ? code : 0;
}

int hgt_journal_append(struct hgt_journal *j, const char *site, const struct hgt_journal_entry *entry, int64_t time_ms,
	uint64_t *seq, struct hgt_buf *body, struct hgt_error *err)
{
	struct hgt_journal_chain next = j->chain;
	struct hgt_buf text = HGT_BUF_INIT;
	sqlite3_stmt *stmt;
	int code;

	hgt_event_write(j->id, next.seq + 1, site, entry->type, entry->subject, time_ms, entry->data, entry->data_len, &text);
	code = hgt_buf_check(&text, err);
	if (code == 0)
		code = hgt_journal_stmt(j, HGT_SQL_APPEND, &stmt, err);
	if (code < 0)
		goto out;
	hgt_journal_chain_next(&next, text.data, text.len);
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)next.seq);
	sqlite3_bind_int64(stmt, 2, time_ms);
	hgt_journal_bind(stmt, 3, entry->type);
	hgt_journal_bind(stmt, 4, entry->subject);
	hgt_journal_bind(stmt, 5, entry->repo);
	hgt_journal_bind(stmt, 6, entry->ref);
	sqlite3_bind_text64(stmt, 7, text.data, text.len, SQLITE_STATIC, SQLITE_UTF8);
	sqlite3_bind_blob(stmt, 8, next.hash, sizeof(next.hash), SQLITE_STATIC);
	code = hgt_journal_run(j, stmt, err);
	if (code < 0)
		goto out;
	if (body) {
		hgt_buf_add(body, text.data, text.len);
		code = hgt_buf_check(body, err);
		if (code < 0)
			goto out;
	}
	j->chain = next;
	*seq = next.seq;
out:
	hgt_buf_release(&text);
	return code;
}

static void row_from(sqlite3_stmt *stmt, struct hgt_journal_row *row)
{
	*row = (struct hgt_journal_row){
		.seq = (uint64_t)sqlite3_column_int64(stmt, 0),
		.time_ms = sqlite3_column_int64(stmt, 1),
		.type = hgt_journal_column(stmt, 2),
		.subject = hgt_journal_column(stmt, 3),
		.repo = hgt_journal_column(stmt, 4),
		.ref = hgt_journal_column(stmt, 5),
		.body = hgt_journal_column(stmt, 6),
		.body_len = (size_t)sqlite3_column_bytes(stmt, 6),
	};
}

int hgt_journal_read(struct hgt_journal *j, uint64_t after, size_t most, hgt_journal_row_cb cb, void *ctx, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_READ, &stmt, err);

	if (code < 0)
		return code;
	sqlite3_bind_int64(stmt, 1, after > INT64_MAX ? INT64_MAX : (sqlite3_int64)after);
	sqlite3_bind_int64(stmt, 2, most > INT64_MAX ? INT64_MAX : (sqlite3_int64)most);
	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		struct hgt_journal_row row;

		row_from(stmt, &row);
		code = cb(ctx, &row);
		if (code != 0)
			break;
	}
	hgt_journal_reset(stmt);
	return code < 0 ? code : 0;
}

static const char verify_sql[] = "SELECT seq, time_ms, type, subject, repo, ref, body, hash FROM events ORDER BY seq";

/* The columns beside the body repeat what it says, so that rows can be found by them. */
static const char body_sql[] = "SELECT json_extract(?1, '$.id'), json_extract(?1, '$.time'), json_extract(?1, '$.type'),"
	" json_extract(?1, '$.subject'), json_extract(?1, '$.data.repo'), json_extract(?1, '$.data.ref')";

struct verification {
	struct hgt_journal *journal;
	sqlite3_stmt *rows, *body;
	struct hgt_journal_chain chain;
};

/* A ref's name may be no UTF-8, so both sides are compared as the JSON writer has them. */
static int same_text(const char *a, const char *b, bool *same, struct hgt_error *err)
{
	struct hgt_buf x = HGT_BUF_INIT, y = HGT_BUF_INIT;
	int code;

	hgt_json_string(&(struct hgt_json)HGT_JSON_INIT(&x), a);
	hgt_json_string(&(struct hgt_json)HGT_JSON_INIT(&y), b);
	code = hgt_buf_check(&x, err);
	if (code == 0)
		code = hgt_buf_check(&y, err);
	if (code == 0)
		*same = strcmp(x.data, y.data) == 0;
	hgt_buf_release(&x);
	hgt_buf_release(&y);
	return code;
}

static int bad_row(uint64_t seq, const char *problem, struct hgt_error *err)
{
	return hgt_error_set(err, HGT_ECORRUPT, "journal: row %" PRIu64 "%s", seq, problem);
}

static int verify_columns(struct verification *v, const struct hgt_journal_row *row, struct hgt_error *err)
{
	struct hgt_cursor cursor = {.seq = row->seq};
	struct hgt_buf id = HGT_BUF_INIT;
	char when[HGT_TIME_TEXT];
	int code;

	memcpy(cursor.journal, v->journal->id, sizeof(cursor.journal));
	hgt_cursor_format(&cursor, &id);
	code = hgt_buf_check(&id, err);
	if (code < 0)
		goto out;
	hgt_time_format(row->time_ms, when);
	const struct {
		const char *name, *text;
	} columns[] = {
		{"id", id.data}, {"time", when}, {"type", row->type}, {"subject", row->subject}, {"repo", row->repo}, {"ref", row->ref},
	};

	sqlite3_bind_text64(v->body, 1, row->body, row->body_len, SQLITE_STATIC, SQLITE_UTF8);
	if (sqlite3_step(v->body) != SQLITE_ROW) {
		code = bad_row(row->seq, ": its body is no JSON", err);
		goto out;
	}
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns) && code == 0; i++) {
		bool same = false;

		code = same_text(columns[i].text, hgt_journal_column(v->body, (int)i), &same, err);
		if (code == 0 && !same)
			code = hgt_error_set(err, HGT_ECORRUPT, "journal: row %" PRIu64 ": its %s is not what its event says", row->seq,
				columns[i].name);
	}
out:
	hgt_journal_reset(v->body);
	hgt_buf_release(&id);
	return code;
}

static int verify_row(struct verification *v, struct hgt_error *err)
{
	struct hgt_journal_row row;

	row_from(v->rows, &row);
	if (row.seq != v->chain.seq + 1)
		return bad_row(v->chain.seq + 1, " is missing", err);
	hgt_journal_chain_next(&v->chain, row.body, row.body_len);
	if (sqlite3_column_bytes(v->rows, 7) != HGT_SHA256_SIZE ||
		memcmp(sqlite3_column_blob(v->rows, 7), v->chain.hash, HGT_SHA256_SIZE) != 0)
		return bad_row(row.seq, ": its hash does not follow from its body and the row before", err);
	return verify_columns(v, &row, err);
}

/* The last row is the one that the journal's last commit named. */
static int verify_end(struct verification *v, struct hgt_error *err)
{
	struct hgt_buf want = HGT_BUF_INIT, have = HGT_BUF_INIT;
	uint64_t head = 0;
	int code = hgt_journal_meta_get(v->journal, "head", &want, err);

	if (code < 0)
		goto out;
	hgt_journal_chain_format(&v->chain, &have);
	code = hgt_buf_check(&have, err);
	if (code < 0 || strcmp(want.data, have.data) == 0)
		goto out;
	want.data[strspn(want.data, "0123456789")] = '\0';
	if (hgt_parse_u64(want.data, INT64_MAX, &head) == 0 && head > v->chain.seq)
		code = bad_row(v->chain.seq + 1, " is missing", err);
	else
		code = bad_row(v->chain.seq, " is not the one that the journal ended with", err);
out:
	hgt_buf_release(&want);
	hgt_buf_release(&have);
	return code;
}

int hgt_journal_verify(const char *path, uint64_t *rows, struct hgt_error *err)
{
	struct verification v = {0};
	uint64_t held = 0;
	int code = hgt_journal_open(path, HGT_JOURNAL_READ, &v.journal, err);

	if (code == 0)
		code = hgt_journal_prepare(v.journal, verify_sql, &v.rows, err);
	if (code == 0)
		code = hgt_journal_prepare(v.journal, body_sql, &v.body, err);
	/* One snapshot for the rows and for the head that they are to end with. */
	if (code == 0)
		code = hgt_journal_begin_read(v.journal, err);
	if (code < 0)
		goto out;
	hgt_journal_chain_start(v.journal->id, &v.chain);
	while ((code = hgt_journal_step(v.journal, v.rows, err)) == 1) {
		code = verify_row(&v, err);
		if (code < 0)
			break;
		held = v.chain.seq;
	}
	if (code == 0)
		code = verify_end(&v, err);
out:
	sqlite3_finalize(v.rows);
	sqlite3_finalize(v.body);
	hgt_journal_close(v.journal);
	*rows = held;
	return code;
}
