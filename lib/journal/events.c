/* The journal's events: appended, read back. */
#include "journal/database.h"

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
