/* The journal's database from the inside: the connection, its kept statements, and how SQLite's failures are told. */
#ifndef HEADGATE_JOURNAL_DATABASE_H
#define HEADGATE_JOURNAL_DATABASE_H

#include <sqlite3.h>

#include "base/digest.h"
#include "journal/journal.h"
#include "journal/kept.h"

enum hgt_journal_sql {
	HGT_SQL_BEGIN,
	HGT_SQL_BEGIN_READ,
	HGT_SQL_COMMIT,
	HGT_SQL_ROLLBACK,
	HGT_SQL_MARK,
	HGT_SQL_KEEP,
	HGT_SQL_UNDO,
	HGT_SQL_META_SET,
	HGT_SQL_META_GET,
	HGT_SQL_META_REMOVE,
	HGT_SQL_HEAD,
	HGT_SQL_TAIL,
	HGT_SQL_APPEND,
	HGT_SQL_READ,
	HGT_SQL_REF_SET,
	HGT_SQL_REF_FORGET,
	HGT_SQL_REF_GET,
	HGT_SQL_REFS,
	HGT_SQL_REFS_AFTER,
	HGT_SQL_COMPARED_SET,
	HGT_SQL_COMPARED_GET,
	HGT_SQL_COMPARED_FORGET,
	HGT_SQL_FOLDER_SET,
	HGT_SQL_FOLDER_FORGET,
	HGT_SQL_FOLDERS,
	HGT_SQL_REF_TIME_SET,
	HGT_SQL_REF_TIME_GET,
	HGT_SQL_UNEXPLAINED_ADD,
	HGT_SQL_UNEXPLAINED_TRIM,
	HGT_SQL_UNEXPLAINED_FIND,
	HGT_SQL_UNEXPLAINED_END,
	HGT_SQL_UNEXPLAINED_FROM,
	HGT_SQL_UNEXPLAINED_TAKE,
	HGT_SQL_PUSH_CLAIM,
	HGT_SQL_AGENT_PUT,
	HGT_SQL_AGENT_REMOVE,
	HGT_SQL_AGENTS,
	HGT_SQL_REPORT_PUT,
	HGT_SQL_REPORTS,
	HGT_SQL_REPORTS_REMOVE,
	HGT_SQL_REPORTS_KEEP,
	HGT_SQL_OLDEST,
	HGT_SQL_REMOVE,
	HGT_SQL_TIME_AFTER,
	HGT_SQL_REF_TIMES_FORGET,
	HGT_SQL_PUSHES_FORGET,
	HGT_SQL_UNEXPLAINED_FORGET,
	HGT_SQL_LINEAGE_ADD,
	HGT_SQL_LINEAGE_GET,
	HGT_SQL_N,
};

/* Where the chain stands: the last row and its hash. */
struct hgt_journal_chain {
	uint64_t seq;
	unsigned char hash[HGT_SHA256_SIZE];
};

struct hgt_journal {
	sqlite3 *db;
	char *path;
	int lock;	/* of the writer, else -1 */
	char id[HGT_JOURNAL_ID_HEX + 1];
	struct hgt_journal_chain chain;		/* writing: as the batch has it */
	struct hgt_journal_chain at_begin, at_mark;	/* to go back to */
	struct hgt_journal_kept kept, kept_at_begin, kept_at_mark;	/* the same */
	unsigned wal_pages;			/* writing: in the log after the last commit */
	sqlite3_stmt *stmts[HGT_SQL_N];		/* prepared when first used, kept */
};

/* The hash of the row before the first: SHA-256 of the journal's id. */
void hgt_journal_chain_start(const char *id, struct hgt_journal_chain *chain);

/* Go on to the row with this body. */
void hgt_journal_chain_next(struct hgt_journal_chain *chain, const char *body, size_t len);

/* "<seq> <hash in hex>", as meta keeps the head. */
void hgt_journal_chain_format(const struct hgt_journal_chain *chain, struct hgt_buf *out);

/* Append the value of a key of meta; HGT_ECORRUPT when it is not there. */
int hgt_journal_meta_get(struct hgt_journal *journal, const char *key, struct hgt_buf *value, struct hgt_error *err) HGT_MUST_CHECK;

/* The same for a key that need not be there: then nothing is appended. */
int hgt_journal_meta_find(struct hgt_journal *journal, const char *key, struct hgt_buf *value, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_journal_meta_set(struct hgt_journal *journal, const char *key, const char *value, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_journal_meta_remove(struct hgt_journal *journal, const char *key, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether there is a table of that name: one that a later version brought is not in a journal that none has written to since. */
int hgt_journal_has_table(struct hgt_journal *journal, const char *name, bool *has, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * Where the chain begins that the journal still holds: the last row that was removed, its hash, and the id that the journal had
 * then (HGT_JOURNAL_ID_HEX digits). seq 0 with hash(0) and the journal's first id when none has been.
 */
struct hgt_journal_start {
	struct hgt_journal_chain chain;
	char id[HGT_JOURNAL_ID_HEX + 1];
};
int hgt_journal_get_start(struct hgt_journal *journal, struct hgt_journal_start *out, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_journal_set_start(struct hgt_journal *journal, const struct hgt_journal_start *start, struct hgt_error *err) HGT_MUST_CHECK;

/* What a crash has left in the log, unless a writer has the journal: HGT_ECORRUPT when it is damaged (wal.h). */
int hgt_journal_check_log(const char *path, struct hgt_error *err) HGT_MUST_CHECK;

/* Within a transaction: from here on the file has what programs before this version would misread. */
int hgt_journal_raise_version(struct hgt_journal *journal, struct hgt_error *err) HGT_MUST_CHECK;

/* The CREATE statement of a table as this version makes it; NULL when there is none of that name. *len gets its length. */
const char *hgt_journal_schema_of(const char *table, size_t *len);

/* Say what SQLite's last failure on this connection means; the HGT_E* code. */
int hgt_journal_error(const struct hgt_journal *journal, int rc, struct hgt_error *err);

/* The statement (NULL on failure), ready to be bound. Give it back with hgt_journal_reset. */
int hgt_journal_stmt(struct hgt_journal *journal, enum hgt_journal_sql sql, sqlite3_stmt **out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_journal_reset(sqlite3_stmt *stmt);

/* A statement that is used once and then finalized. */
int hgt_journal_prepare(struct hgt_journal *journal, const char *sql, sqlite3_stmt **out, struct hgt_error *err) HGT_MUST_CHECK;

/* Begin a transaction that only reads: one snapshot until hgt_journal_rollback, or until the connection is closed. */
int hgt_journal_begin_read(struct hgt_journal *journal, struct hgt_error *err) HGT_MUST_CHECK;

/* Bind text that outlives the step (NULL binds ""). A failure to bind shows when stepping: SQLite binds NULL then, which every
 * column refuses. */
void hgt_journal_bind(sqlite3_stmt *stmt, int at, const char *text);

/* The text of a column, "" for none. */
const char *hgt_journal_column(sqlite3_stmt *stmt, int at);

/* Step: 1 for a row, 0 at the end, negative with err set. */
int hgt_journal_step(struct hgt_journal *journal, sqlite3_stmt *stmt, struct hgt_error *err) HGT_MUST_CHECK;

/* Step a statement that gives no row, then reset it. */
int hgt_journal_run(struct hgt_journal *journal, sqlite3_stmt *stmt, struct hgt_error *err) HGT_MUST_CHECK;

#endif
