/* The journal's statements: their texts, running them, and how SQLite's failures are told. */
#include "journal/database.h"

#include <assert.h>

#include "base/io.h"

static const char *const sql_text[HGT_SQL_N] = {
	[HGT_SQL_BEGIN] = "BEGIN IMMEDIATE",
	[HGT_SQL_BEGIN_READ] = "BEGIN",
	[HGT_SQL_COMMIT] = "COMMIT",
	[HGT_SQL_ROLLBACK] = "ROLLBACK",
	[HGT_SQL_MARK] = "SAVEPOINT part",
	[HGT_SQL_KEEP] = "RELEASE part",
	[HGT_SQL_UNDO] = "ROLLBACK TO part",
	[HGT_SQL_META_SET] = "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
	[HGT_SQL_META_GET] = "SELECT value FROM meta WHERE key = ?1",
	[HGT_SQL_META_REMOVE] = "DELETE FROM meta WHERE key = ?1",
	[HGT_SQL_HEAD] = "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1",
	[HGT_SQL_TAIL] = "SELECT min(seq) FROM events",
	[HGT_SQL_APPEND] = "INSERT INTO events (seq, time_ms, type, subject, repo, ref, body, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[HGT_SQL_READ] = "SELECT seq, time_ms, type, subject, repo, ref, body FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2",
	[HGT_SQL_REF_SET] = "INSERT OR REPLACE INTO refs (repo, ref, id, seq) VALUES (?1, ?2, ?3, ?4)",
	[HGT_SQL_REF_FORGET] = "DELETE FROM refs WHERE repo = ?1 AND ref = ?2",
	[HGT_SQL_REF_GET] = "SELECT id, seq FROM refs WHERE repo = ?1 AND ref = ?2",
	[HGT_SQL_REFS] = "SELECT repo, ref, id, seq FROM refs WHERE repo = ?1 ORDER BY ref",
	[HGT_SQL_REFS_AFTER] = "SELECT repo, ref, id, seq FROM refs WHERE (repo, ref) > (?1, ?2) ORDER BY repo, ref",
	[HGT_SQL_COMPARED_SET] = "INSERT OR REPLACE INTO compared (repo, stamp) VALUES (?1, ?2)",
	[HGT_SQL_COMPARED_GET] = "SELECT stamp FROM compared WHERE repo = ?1",
	[HGT_SQL_COMPARED_FORGET] = "DELETE FROM compared WHERE repo = ?1",
	[HGT_SQL_FOLDER_SET] = "INSERT OR REPLACE INTO folders (repo, identity) VALUES (?1, ?2)",
	[HGT_SQL_FOLDER_FORGET] = "DELETE FROM folders WHERE repo = ?1",
	[HGT_SQL_FOLDERS] = "SELECT repo, identity FROM folders ORDER BY repo",
	[HGT_SQL_REF_TIME_SET] = "INSERT INTO ref_times (repo, ref, time_ms, before_ms) VALUES (?1, ?2, ?3, 0)"
		" ON CONFLICT (repo, ref) DO UPDATE SET before_ms = time_ms, time_ms = ?3",
	[HGT_SQL_REF_TIME_GET] = "SELECT time_ms, before_ms FROM ref_times WHERE repo = ?1 AND ref = ?2",
	[HGT_SQL_UNEXPLAINED_ADD] = "INSERT INTO unexplained (repo, ref, old_id, new_id, seq) VALUES (?1, ?2, ?3, ?4, ?5)",
	[HGT_SQL_UNEXPLAINED_TRIM] = "DELETE FROM unexplained WHERE repo = ?1 AND ref = ?2 AND seq <= (SELECT seq FROM unexplained"
		" WHERE repo = ?1 AND ref = ?2 ORDER BY seq DESC LIMIT 1 OFFSET 16)",
	[HGT_SQL_UNEXPLAINED_FIND] = "SELECT seq FROM unexplained WHERE repo = ?1 AND ref = ?2 AND old_id = ?3 AND new_id = ?4"
		" ORDER BY seq DESC LIMIT 1",
	[HGT_SQL_UNEXPLAINED_END] = "SELECT seq FROM unexplained WHERE repo = ?1 AND ref = ?2 AND (old_id = ?3 OR new_id = ?4)"
		" ORDER BY seq DESC LIMIT 1",
	[HGT_SQL_UNEXPLAINED_FROM] = "SELECT old_id FROM unexplained WHERE repo = ?1 AND ref = ?2 AND seq = ?3",
	[HGT_SQL_UNEXPLAINED_TAKE] = "DELETE FROM unexplained WHERE repo = ?1 AND ref = ?2 AND seq = ?3",
	[HGT_SQL_PUSH_CLAIM] = "INSERT OR IGNORE INTO pushes (push, time_ms) VALUES (?1, ?2)",
	[HGT_SQL_AGENT_PUT] = "INSERT OR REPLACE INTO agents (name, kind, allow, token_hash, created_ms, instance, info, seen_ms)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[HGT_SQL_AGENT_REMOVE] = "DELETE FROM agents WHERE name = ?1",
	[HGT_SQL_AGENTS] = "SELECT name, kind, allow, token_hash, created_ms, instance, info, seen_ms FROM agents ORDER BY name",
	[HGT_SQL_REPORT_PUT] = "INSERT OR REPLACE INTO reports (agent, target, report, time_ms) VALUES (?1, ?2, ?3, ?4)",
	[HGT_SQL_REPORTS] = "SELECT agent, target, report, time_ms FROM reports ORDER BY agent, target",
	[HGT_SQL_REPORTS_REMOVE] = "DELETE FROM reports WHERE agent = ?1",
	[HGT_SQL_REPORTS_KEEP] = "DELETE FROM reports WHERE agent = ?1 AND target NOT IN (SELECT json_extract(value, '$.name')"
		" FROM json_each(CASE WHEN json_valid(?2) THEN ?2 ELSE '{}' END, '$.targets') WHERE json_extract(value, '$.name') IS NOT NULL)",
	[HGT_SQL_OLDEST] = "SELECT seq, time_ms, hash, repo, ref FROM events WHERE seq = ?1",
	[HGT_SQL_REMOVE] = "DELETE FROM events WHERE seq = ?1",
	[HGT_SQL_TIME_AFTER] = "SELECT seq, time_ms FROM (SELECT seq, time_ms FROM events WHERE seq > ?1 ORDER BY seq LIMIT 1024)"
		" WHERE time_ms <= ?2 ORDER BY seq LIMIT 1",
	[HGT_SQL_REF_TIMES_FORGET] = "DELETE FROM ref_times WHERE (repo, ref) IN (SELECT repo, ref FROM ref_times WHERE time_ms < ?1 AND NOT EXISTS"
		" (SELECT 1 FROM refs WHERE refs.repo = ref_times.repo AND refs.ref = ref_times.ref) ORDER BY time_ms LIMIT ?2)",
	[HGT_SQL_PUSHES_FORGET] = "DELETE FROM pushes WHERE push IN (SELECT push FROM pushes WHERE time_ms < ?1 ORDER BY time_ms LIMIT ?2)",
	[HGT_SQL_UNEXPLAINED_FORGET] = "DELETE FROM unexplained WHERE seq IN (SELECT u.seq FROM (SELECT seq FROM unexplained ORDER BY seq LIMIT ?2) u"
		" LEFT JOIN events e ON e.seq = u.seq WHERE e.seq IS NULL OR e.time_ms < ?1)",
	[HGT_SQL_LINEAGE_ADD] = "INSERT INTO lineage (journal, last) VALUES (?1, ?2)",
	[HGT_SQL_LINEAGE_GET] = "SELECT last FROM lineage WHERE journal = ?1",
};

int hgt_journal_error(const struct hgt_journal *j, int rc, struct hgt_error *err)
{
	int os = j->db ? sqlite3_system_errno(j->db) : 0;

	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return hgt_error_nomem(err);
	case SQLITE_FULL:
		return hgt_error_set(err, HGT_EIO, "journal: disk full (%s)", j->path);
	case SQLITE_IOERR:
		if (rc == SQLITE_IOERR_NOMEM)
			return hgt_error_nomem(err);
		return hgt_error_set(err, HGT_EIO, "journal: %s: %s", j->path, os ? strerror(os) : sqlite3_errstr(rc));
	case SQLITE_CORRUPT:
		return hgt_error_set(err, HGT_ECORRUPT, "journal: %s is damaged", j->path);
	case SQLITE_NOTADB:
		return hgt_error_set(err, HGT_ECORRUPT, "journal: %s is no journal", j->path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return hgt_error_set(err, HGT_ECONFLICT, "journal: %s is locked by another process", j->path);
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		/* Readers share an index beside the file, which a reader without the right to make it finds only while a writer is there. */
		if (j->lock < 0)
			return hgt_error_set(err, HGT_EPERM, "journal: %s can be read only by its owner while no daemon runs", j->path);
		return hgt_error_set(err, HGT_EPERM, "journal: %s cannot be written", j->path);
	case SQLITE_CANTOPEN:
		return hgt_error_set(err, os ? hgt_code_from_errno(os) : HGT_EIO, "journal: cannot open %s: %s", j->path,
			os ? strerror(os) : sqlite3_errstr(rc));
	default:
		return hgt_error_set(err, HGT_EIO, "journal: %s: %s", j->path, j->db ? sqlite3_errmsg(j->db) : sqlite3_errstr(rc));
	}
}

int hgt_journal_stmt(struct hgt_journal *j, enum hgt_journal_sql sql, sqlite3_stmt **out, struct hgt_error *err)
{
	int rc = SQLITE_OK;

	if (!j->stmts[sql])
		rc = sqlite3_prepare_v3(j->db, sql_text[sql], -1, SQLITE_PREPARE_PERSISTENT, &j->stmts[sql], NULL);
	*out = j->stmts[sql];
	return rc == SQLITE_OK ? 0 : hgt_journal_error(j, rc, err);
}

int hgt_journal_prepare(struct hgt_journal *j, const char *sql, sqlite3_stmt **out, struct hgt_error *err)
{
	int rc = sqlite3_prepare_v2(j->db, sql, -1, out, NULL);

	return rc == SQLITE_OK ? 0 : hgt_journal_error(j, rc, err);
}

void hgt_journal_reset(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}

void hgt_journal_bind(sqlite3_stmt *stmt, int at, const char *text)
{
	sqlite3_bind_text(stmt, at, text ? text : "", -1, SQLITE_STATIC);
}

const char *hgt_journal_column(sqlite3_stmt *stmt, int at)
{
	const char *text = (const char *)sqlite3_column_text(stmt, at);

	return text ? text : "";
}

int hgt_journal_step(struct hgt_journal *j, sqlite3_stmt *stmt, struct hgt_error *err)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : hgt_journal_error(j, rc, err);
}

int hgt_journal_run(struct hgt_journal *j, sqlite3_stmt *stmt, struct hgt_error *err)
{
	int code = hgt_journal_step(j, stmt, err);

	assert(code <= 0);
	hgt_journal_reset(stmt);
	return code;
}
