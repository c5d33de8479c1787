/* Moves the log into the database, from a connection of its own. */
#include "journal/log_mover.h"

#include <stdlib.h>

#include "journal/database.h"

/* Where the log's header has the salts, which are others each time that it is begun anew. */
enum { SALTS_AT = 16 };

struct hgt_log_mover {
	struct hgt_journal connection;	/* of which only what a failure is told with is used, and the connection itself */
	uint64_t round;			/* of the log, when it was last looked at */
	unsigned looked;		/* pages that were in it then */
	unsigned held;			/* of these, not moved */
};

void hgt_journal_get_log(const struct hgt_journal *j, struct hgt_journal_log *out)
{
	sqlite3_file *file = NULL;
	uint64_t round;

	out->round = 0;
	out->pages = 0;
	if (!j->wal_pages || sqlite3_file_control(j->db, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK || !file ||
		!file->pMethods)
		return;
	if (file->pMethods->xRead(file, &round, sizeof(round), SALTS_AT) != SQLITE_OK)
		return;
	out->round = round;
	out->pages = j->wal_pages;
}

int hgt_log_mover_open(const char *path, struct hgt_log_mover **out, struct hgt_error *err)
{
	struct hgt_log_mover *mover = calloc(1, sizeof(*mover));
	struct hgt_journal *j;
	int code, rc;

	if (!mover)
		return hgt_error_nomem(err);
	j = &mover->connection;
	j->path = strdup(path);
	if (!j->path) {
		code = hgt_error_nomem(err);
		goto out;
	}
	rc = sqlite3_open_v2(path, &j->db, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_READWRITE, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(j->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0);
	/* The log is synced before what is in it is written to the database, and that before the log may be begun anew. That there
	 * is a log a connection learns when it first reads. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(j->db, "PRAGMA cache_size = -16; PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF; PRAGMA synchronous = FULL;"
			"PRAGMA wal_autocheckpoint = 0; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
	code = rc == SQLITE_OK ? 0 : hgt_journal_error(j, rc, err);
out:
	if (code < 0) {
		hgt_log_mover_close(mover);
		return code;
	}
	*out = mover;
	return 0;
}

void hgt_log_mover_close(struct hgt_log_mover *mover)
{
	if (!mover)
		return;
	sqlite3_close(mover->connection.db);
	free(mover->connection.path);
	free(mover);
}

unsigned hgt_log_mover_left(const struct hgt_log_mover *mover, const struct hgt_journal_log *log)
{
	if (log->round != mover->round)
		return log->pages;
	return log->pages > mover->looked ? log->pages - mover->looked : 0;
}

unsigned hgt_log_mover_held(const struct hgt_log_mover *mover, const struct hgt_journal_log *log)
{
	return log->round == mover->round ? mover->held : 0;
}

int hgt_log_mover_move(struct hgt_log_mover *mover, const struct hgt_journal_log *log, struct hgt_error *err)
{
	int pages = 0, moved = 0, rc;

	if (!hgt_log_mover_left(mover, log))
		return 0;
	/* PASSIVE waits for nobody, and keeps nobody from committing. */
	rc = sqlite3_wal_checkpoint_v2(mover->connection.db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
	mover->round = log->round;
	/* It looked at the log as it was told of, or at more of it: see the header. */
	mover->looked = pages > (int)log->pages ? (unsigned)pages : log->pages;
	mover->held = pages > moved && moved >= 0 ? (unsigned)(pages - moved) : 0;
	return rc == SQLITE_OK || rc == SQLITE_BUSY ? 0 : hgt_journal_error(&mover->connection, rc, err);
}
