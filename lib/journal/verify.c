/* Whether a journal is what was written. */
#include "journal/journal.h"

#include <inttypes.h>

#include "base/io.h"
#include "base/json_writer.h"
#include "base/timing.h"
#include "headgate/protocol.h"
#include "journal/commands.h"
#include "journal/database.h"
#include "journal/lineage.h"

static const char rows_sql[] = "SELECT seq, time_ms, type, subject, repo, ref, body, hash FROM events ORDER BY seq";
static const int row_types[] = {SQLITE_INTEGER, SQLITE_INTEGER, SQLITE_TEXT, SQLITE_TEXT, SQLITE_TEXT, SQLITE_TEXT, SQLITE_TEXT,
	SQLITE_BLOB};

/* The columns beside the body repeat what it says, so that rows can be found by them. */
static const char body_sql[] = "SELECT json_extract(?1, '$.id'), json_extract(?1, '$.time'), json_extract(?1, '$.type'),"
	" json_extract(?1, '$.subject'), json_extract(?1, '$.data.repo'), json_extract(?1, '$.data.ref'),"
	" json_extract(?1, '$.data.journal'), json_extract(?1, '$.data.seq'), json_extract(?1, '$.data.hash')";
enum { BODY_JOURNAL = 6, BODY_SEQ, BODY_HASH };

/* A known ref is where the event that it follows from moved it; where that event is gone, nothing tells. */
static const char refs_sql[] = "SELECT r.repo, r.ref FROM refs r LEFT JOIN events e ON e.seq = r.seq WHERE typeof(r.seq) <> 'integer'"
	" OR (r.seq > ?1 AND (e.seq IS NULL OR e.type <> '" HGT_EVENT_REF_UPDATED "' OR e.repo <> r.repo OR e.ref <> r.ref"
	" OR json_extract(e.body, '$.data.new') IS NOT r.id)) ORDER BY r.repo, r.ref LIMIT 1";

/* Entries of meta that no version has written. */
static const char meta_sql[] = "SELECT key FROM meta WHERE key NOT IN ('journal', 'head', 'checkpoint', 'kept', 'copy')"
	" OR typeof(value) <> 'text' LIMIT 1";

struct verification {
	struct hgt_journal *journal;
	sqlite3_stmt *rows, *body;
	struct hgt_journal_chain chain;
	char id[HGT_JOURNAL_ID_HEX + 1];	/* the journal's, at the row */
	uint64_t told_by;			/* the last event that told of a checkpoint, 0 for none */
	struct hgt_journal_start told;		/* and which */
};

static int bad_row(uint64_t seq, const char *problem, struct hgt_error *err)
{
	return hgt_error_set(err, HGT_ECORRUPT, "journal: row %" PRIu64 "%s", seq, problem);
}

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

/* "seq" and "hash" of the event's data are those. */
static bool body_names(const struct verification *v, const struct hgt_journal_chain *chain)
{
	char hash[HGT_SHA256_HEX];

	hgt_hex(chain->hash, sizeof(chain->hash), hash);
	return sqlite3_column_type(v->body, BODY_SEQ) == SQLITE_INTEGER && (uint64_t)sqlite3_column_int64(v->body, BODY_SEQ) == chain->seq &&
		strcmp(hgt_journal_column(v->body, BODY_HASH), hash) == 0;
}

/* The journal has another id from this row on: the row says so, and what it goes on from. */
static int verify_new_id(struct verification *v, const char *type, const struct hgt_journal_chain *before, struct hgt_error *err)
{
	struct hgt_cursor cursor, last = {.seq = before->seq};
	int code;

	if (strcmp(type, HGT_EVENT_JOURNAL_RESTORED) != 0)
		return 0;
	if (hgt_cursor_parse(hgt_journal_column(v->body, 0), &cursor, NULL) < 0 || cursor.seq != v->chain.seq || !*cursor.journal ||
		strcmp(hgt_journal_column(v->body, BODY_JOURNAL), v->id) != 0 || !body_names(v, before))
		return bad_row(v->chain.seq, " goes on from another row than the one before it", err);
	/* Whose cursors hold up to here, and no further. */
	memcpy(last.journal, v->id, sizeof(last.journal));
	code = hgt_journal_knows(v->journal, &last, err);
	if (code == 1) {
		last.seq++;
		code = hgt_journal_knows(v->journal, &last, err) != 0 ? 0 : 1;
	}
	if (code == 0)
		return bad_row(v->chain.seq, ": the journal's earlier ids are not those that it tells of", err);
	memcpy(v->id, cursor.journal, sizeof(v->id));
	return code < 0 ? code : 0;
}

static int note_checkpoint(struct verification *v, const char *type, struct hgt_error *err)
{
	const char *id = hgt_journal_column(v->body, BODY_JOURNAL), *hash = hgt_journal_column(v->body, BODY_HASH);

	if (strcmp(type, HGT_EVENT_JOURNAL_COMPACTED) != 0)
		return 0;
	if (strlen(id) != HGT_JOURNAL_ID_HEX || strlen(hash) != HGT_SHA256_HEX - 1 || !hgt_unhex(hash, v->told.chain.hash, HGT_SHA256_SIZE))
		return bad_row(v->chain.seq, ": what it says was removed makes no sense", err);
	memcpy(v->told.id, id, sizeof(v->told.id));
	v->told.chain.seq = (uint64_t)sqlite3_column_int64(v->body, BODY_SEQ);
	v->told_by = v->chain.seq;
	return 0;
}

/* The columns' text against the body's. */
static int verify_columns(struct verification *v, const struct hgt_journal_row *row, struct hgt_error *err)
{
	struct hgt_cursor cursor = {.seq = row->seq};
	struct hgt_buf id = HGT_BUF_INIT;
	char when[HGT_TIME_TEXT];
	int code;

	memcpy(cursor.journal, v->id, sizeof(cursor.journal));
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

	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns) && code == 0; i++) {
		bool same = false;

		code = same_text(columns[i].text, hgt_journal_column(v->body, (int)i), &same, err);
		if (code == 0 && !same)
			code = hgt_error_set(err, HGT_ECORRUPT, "journal: row %" PRIu64 ": its %s is not what its event says", row->seq,
				columns[i].name);
	}
out:
	hgt_buf_release(&id);
	return code;
}

static int verify_body(struct verification *v, const struct hgt_journal_row *row, const struct hgt_journal_chain *before,
	struct hgt_error *err)
{
	int code;

	sqlite3_bind_text64(v->body, 1, row->body, row->body_len, SQLITE_STATIC, SQLITE_UTF8);
	code = sqlite3_step(v->body);
	if ((code & 0xff) == SQLITE_NOMEM)
		code = hgt_error_nomem(err);
	else if (code != SQLITE_ROW)
		code = bad_row(row->seq, ": its body is no JSON", err);
	else
		code = verify_new_id(v, row->type, before, err);
	if (code == 0)
		code = verify_columns(v, row, err);
	if (code == 0)
		code = note_checkpoint(v, row->type, err);
	hgt_journal_reset(v->body);
	return code;
}

static int verify_row(struct verification *v, struct hgt_error *err)
{
	const struct hgt_journal_chain before = v->chain;
	struct hgt_journal_row row = {.seq = (uint64_t)sqlite3_column_int64(v->rows, 0)};

	if (row.seq <= v->chain.seq)
		return bad_row(row.seq, " is there, and the checkpoint says that it was removed", err);
	if (row.seq != v->chain.seq + 1)
		return bad_row(v->chain.seq + 1, " is missing", err);
	for (int i = 0; i < (int)(sizeof(row_types) / sizeof(*row_types)); i++)
		if (sqlite3_column_type(v->rows, i) != row_types[i])
			return bad_row(row.seq, ": its columns are not of their kinds", err);
	row.time_ms = sqlite3_column_int64(v->rows, 1);
	row.type = hgt_journal_column(v->rows, 2);
	row.subject = hgt_journal_column(v->rows, 3);
	row.repo = hgt_journal_column(v->rows, 4);
	row.ref = hgt_journal_column(v->rows, 5);
	row.body = hgt_journal_column(v->rows, 6);
	row.body_len = (size_t)sqlite3_column_bytes(v->rows, 6);
	hgt_journal_chain_next(&v->chain, row.body, row.body_len);
	if (sqlite3_column_bytes(v->rows, 7) != HGT_SHA256_SIZE ||
		memcmp(sqlite3_column_blob(v->rows, 7), v->chain.hash, HGT_SHA256_SIZE) != 0)
		return bad_row(row.seq, ": its hash does not follow from its body and the row before", err);
	return verify_body(v, &row, &before, err);
}

/* *held: the rows that hold. */
static int verify_rows(struct verification *v, uint64_t *held, struct hgt_error *err)
{
	uint64_t rows = 0;
	int code;

	while ((code = hgt_journal_step(v->journal, v->rows, err)) == 1) {
		code = verify_row(v, err);
		if (code < 0)
			break;
		*held = ++rows;
	}
	if (code == HGT_ECORRUPT && rows == *held && !strstr(err->message, "row "))
		code = hgt_error_set(err, HGT_ECORRUPT, "journal: row %" PRIu64 " cannot be read: %s is damaged",
			v->chain.seq + 1, v->journal->path);
	return code;
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

/* What is gone is what an event says is gone; the id is the one that the rows end with. */
static int verify_ends_told(const struct verification *v, const struct hgt_journal_start *start, struct hgt_error *err)
{
	const struct hgt_journal_start *told = &v->told;

	if (start->chain.seq && !v->told_by)
		return hgt_error_set(err, HGT_ECORRUPT, "journal: the rows up to row %" PRIu64 " are gone, and no event says that they"
			" were removed", start->chain.seq);
	if (v->told_by && (told->chain.seq != start->chain.seq || strcmp(told->id, start->id) != 0 ||
		memcmp(told->chain.hash, start->chain.hash, HGT_SHA256_SIZE) != 0))
		return hgt_error_set(err, HGT_ECORRUPT, "journal: row %" PRIu64 " says that the rows up to row %" PRIu64
			" were removed, and the checkpoint says otherwise", v->told_by, told->chain.seq);
	if (strcmp(v->id, v->journal->id) != 0)
		return hgt_error_set(err, HGT_ECORRUPT, "journal: the id of %s is not that of its last row", v->journal->path);
	return 0;
}

/* A statement that gives no row when all is well; its first column tells of what it is not. */
static int verify_none(struct verification *v, const char *sql, uint64_t bound, const char *problem, struct hgt_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int code = hgt_journal_prepare(v->journal, sql, &stmt, err);

	if (code == 0 && sqlite3_bind_parameter_count(stmt))
		sqlite3_bind_int64(stmt, 1, (sqlite3_int64)bound);
	if (code == 0)
		code = hgt_journal_step(v->journal, stmt, err);
	if (code == 1 && sqlite3_column_count(stmt) == 2)
		code = hgt_error_set(err, HGT_ECORRUPT, "journal: %s %s:%s", problem, hgt_journal_column(stmt, 0), hgt_journal_column(stmt, 1));
	else if (code == 1)
		code = hgt_error_set(err, HGT_ECORRUPT, "journal: %s %s", problem, hgt_journal_column(stmt, 0));
	sqlite3_finalize(stmt);
	return code;
}

/* The two tables that prove anything are made as they were meant: what they hold would else be read otherwise. */
static int verify_table(struct verification *v, const char *table, struct hgt_error *err)
{
	sqlite3_stmt *stmt = NULL;
	size_t len;
	const char *want = hgt_journal_schema_of(table, &len), *have;
	bool as_made = false;
	int code = hgt_journal_prepare(v->journal, "SELECT sql FROM sqlite_schema WHERE name = ?1", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, table);
	code = hgt_journal_step(v->journal, stmt, err);
	if (code == 1) {
		have = hgt_journal_column(stmt, 0);
		have += strncmp(have, "CREATE TABLE ", 13) == 0 ? 13 : 0;
		as_made = want && strlen(have) == len && memcmp(have, want, len) == 0;
		code = 0;
	}
	if (code == 0 && !as_made)
		code = hgt_error_set(err, HGT_ECORRUPT, "journal: the table %s of %s is not as it was made", table, v->journal->path);
	sqlite3_finalize(stmt);
	return code;
}

/* SQLite's own look at pages, order, indexes. */
static int verify_file(struct verification *v, struct hgt_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int code = hgt_journal_prepare(v->journal, "PRAGMA integrity_check(1)", &stmt, err);

	if (code == 0)
		code = hgt_journal_step(v->journal, stmt, err);
	if (code == 1)
		code = strcmp(hgt_journal_column(stmt, 0), "ok") == 0 ? 0 :
			hgt_error_set(err, HGT_ECORRUPT, "journal: %s is damaged: %.*s", v->journal->path,
				(int)strcspn(hgt_journal_column(stmt, 0), "\n"), hgt_journal_column(stmt, 0));
	sqlite3_finalize(stmt);
	return code;
}

static int verify(struct verification *v, uint64_t *held, struct hgt_error *err)
{
	struct hgt_journal_start start;
	int code = hgt_journal_get_start(v->journal, &start, err);

	if (code < 0)
		return code;
	v->chain = start.chain;
	memcpy(v->id, start.id, sizeof(v->id));
	code = verify_rows(v, held, err);
	if (code == 0)
		code = verify_end(v, err);
	if (code == 0)
		code = verify_ends_told(v, &start, err);
	if (code == 0)
		code = verify_none(v, meta_sql, 0, "meta has an entry that makes no sense:", err);
	if (code == 0)
		code = verify_table(v, "events", err);
	if (code == 0)
		code = verify_table(v, "meta", err);
	if (code == 0)
		code = verify_none(v, refs_sql, start.chain.seq, "a ref is not where its event moved it:", err);
	if (code == 0)
		code = hgt_kept_verify(v->journal, err);
	if (code == 0)
		code = hgt_commands_verify(v->journal, err);
	return code < 0 ? code : verify_file(v, err);
}

int hgt_journal_verify(const char *path, uint64_t *rows, struct hgt_error *err)
{
	struct verification v = {0};
	uint64_t held = 0;
	int code = hgt_journal_check_log(path, err);

	if (code == 0)
		code = hgt_journal_open(path, HGT_JOURNAL_READ, &v.journal, err);
	if (code == 0)
		code = hgt_journal_prepare(v.journal, rows_sql, &v.rows, err);
	if (code == 0)
		code = hgt_journal_prepare(v.journal, body_sql, &v.body, err);
	/* One snapshot for the rows and for the head that they are to end with. */
	if (code == 0)
		code = hgt_journal_begin_read(v.journal, err);
	if (code == 0)
		code = verify(&v, &held, err);
	sqlite3_finalize(v.rows);
	sqlite3_finalize(v.body);
	hgt_journal_close(v.journal);
	*rows = held;
	return code;
}
