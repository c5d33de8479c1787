/* Events from the newest down. */
#include "journal/history.h"

#include "base/glob.h"
#include "journal/database.h"

static bool fits(const char *pattern, const char *text)
{
	return !*pattern || hgt_glob_match(pattern, text);
}

/* The body is read of those rows alone that fit: it is what takes the pages. */
static int take(sqlite3_stmt *stmt, const struct hgt_history *history, hgt_journal_row_cb cb, void *ctx)
{
	struct hgt_journal_row row = {
		.seq = (uint64_t)sqlite3_column_int64(stmt, 0),
		.time_ms = sqlite3_column_int64(stmt, 1),
		.type = hgt_journal_column(stmt, 2),
		.subject = hgt_journal_column(stmt, 3),
		.repo = hgt_journal_column(stmt, 4),
		.ref = hgt_journal_column(stmt, 5),
	};

	if (!fits(history->type, row.type) || !fits(history->subject, row.subject) || !fits(history->repo, row.repo) ||
	    !fits(history->ref, row.ref))
		return 0;
	row.body = hgt_journal_column(stmt, 6);
	row.body_len = (size_t)sqlite3_column_bytes(stmt, 6);
	return cb(ctx, &row);
}

int hgt_journal_history(struct hgt_journal *j, const struct hgt_history *history, hgt_journal_row_cb cb, void *ctx, uint64_t *next,
	struct hgt_error *err)
{
	static const char sql[] =
		"SELECT seq, time_ms, type, subject, repo, ref, body FROM events WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2";
	const uint64_t before = history->before && history->before < INT64_MAX ? history->before : INT64_MAX;
	uint64_t seq = 0, looked = 0, oldest;
	sqlite3_stmt *stmt = NULL;
	int code = hgt_journal_tail(j, &oldest, err);

	if (code == 0)
		code = hgt_journal_prepare(j, sql, &stmt, err);
	if (code < 0)
		return code;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)before);
	sqlite3_bind_int64(stmt, 2, history->look < INT64_MAX ? (sqlite3_int64)history->look : INT64_MAX);
	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		seq = (uint64_t)sqlite3_column_int64(stmt, 0);
		looked++;
		code = take(stmt, history, cb, ctx);
		if (code != 0)
			break;
	}
	sqlite3_finalize(stmt);
	if (code < 0)
		return code;
	*next = looked && seq > oldest ? seq : 0;
	return 0;
}
