/* The journal's database: its file, its lock, its schema, its transactions. */
#include "journal/database.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/io.h"
#include "base/timing.h"
#include "journal/wal.h"

/* What marks a file as a journal ("HGTJ"), the version of the schema below as it is made, and that of a file whose oldest rows
 * are gone or whose id has changed (lineage.c). */
#define APPLICATION_ID 0x4847544a
#define SCHEMA_VERSION 1
#define SCHEMA_VERSION_CUT 2
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

enum { LOCK_TRIES = 50, LOCK_PAUSE_US = 10000 };

/*
 * meta holds 'journal' (the id), 'head' (the chain's last seq and hash, so that rows cut off at the end are missed), once rows
 * have been removed 'checkpoint' (retention.c), and in a copy that is a backup 'copy' (backup.c). events is added to at its
 * end, and retention takes away at its beginning. lineage has the ids that the journal had before, each with its last seq. The
 * rest follows from events, or is told by agents.
 *
 * Run at every opening for writing: a table that a later version brings is made then, and one that does not know it leaves it
 * alone. The version changes only with what an older program would misread.
 */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL,"
	"  repo TEXT NOT NULL, ref TEXT NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL);"
	"CREATE TABLE IF NOT EXISTS refs (repo TEXT NOT NULL, ref TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL,"
	"  PRIMARY KEY (repo, ref)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS unexplained (repo TEXT NOT NULL, ref TEXT NOT NULL, seq INTEGER NOT NULL, old_id TEXT NOT NULL,"
	"  new_id TEXT NOT NULL, PRIMARY KEY (repo, ref, seq)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS unexplained_by_seq ON unexplained (seq);"
	"CREATE TABLE IF NOT EXISTS pushes (push TEXT NOT NULL PRIMARY KEY, time_ms INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS pushes_by_time ON pushes (time_ms);"
	"CREATE TABLE IF NOT EXISTS ref_times (repo TEXT NOT NULL, ref TEXT NOT NULL, time_ms INTEGER NOT NULL,"
	"  before_ms INTEGER NOT NULL, PRIMARY KEY (repo, ref)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS ref_times_by_time ON ref_times (time_ms);"
	"CREATE TABLE IF NOT EXISTS compared (repo TEXT NOT NULL PRIMARY KEY, stamp TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS folders (repo TEXT NOT NULL PRIMARY KEY, identity TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS lineage (journal TEXT NOT NULL PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS agents (name TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, allow TEXT NOT NULL,"
	"  token_hash TEXT NOT NULL, created_ms INTEGER NOT NULL, instance TEXT NOT NULL, info TEXT NOT NULL,"
	"  seen_ms INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS reports (agent TEXT NOT NULL, target TEXT NOT NULL, report TEXT NOT NULL, time_ms INTEGER NOT NULL,"
	"  PRIMARY KEY (agent, target)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS commands (seq INTEGER PRIMARY KEY, agent TEXT NOT NULL, target TEXT NOT NULL, body TEXT NOT NULL);"
	"CREATE TABLE IF NOT EXISTS tokens (name TEXT NOT NULL PRIMARY KEY, role TEXT NOT NULL, scope TEXT NOT NULL,"
	"  token_hash TEXT NOT NULL, created_ms INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS agent_access (agent TEXT NOT NULL PRIMARY KEY, scope TEXT NOT NULL,"
	"  certificate TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS old_secrets (owner TEXT NOT NULL, name TEXT NOT NULL, token_hash TEXT NOT NULL,"
	"  until_ms INTEGER NOT NULL, PRIMARY KEY (owner, name)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS webhook_cursors (target TEXT NOT NULL PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS webhook_deliveries (target TEXT NOT NULL, seq INTEGER NOT NULL, delivery TEXT NOT NULL,"
	"  type TEXT NOT NULL, repo TEXT NOT NULL, ref TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,"
	"  first_ms INTEGER NOT NULL, tried_ms INTEGER NOT NULL, next_ms INTEGER NOT NULL, status INTEGER NOT NULL,"
	"  answer TEXT NOT NULL, error TEXT NOT NULL, PRIMARY KEY (target, seq)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS inbound_seen (inbound TEXT NOT NULL, key TEXT NOT NULL, time_ms INTEGER NOT NULL,"
	"  PRIMARY KEY (inbound, key)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS mirror_copies (mirror TEXT NOT NULL, repo TEXT NOT NULL, state TEXT NOT NULL, seq INTEGER NOT NULL,"
	"  paused INTEGER NOT NULL, alerted INTEGER NOT NULL, attempts INTEGER NOT NULL, since_ms INTEGER NOT NULL, tried_ms INTEGER NOT NULL,"
	"  ok_ms INTEGER NOT NULL, verified_ms INTEGER NOT NULL, next_ms INTEGER NOT NULL, bytes INTEGER NOT NULL, error TEXT NOT NULL,"
	"  PRIMARY KEY (mirror, repo)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS mirror_refs (mirror TEXT NOT NULL, repo TEXT NOT NULL, ref TEXT NOT NULL, state TEXT NOT NULL,"
	"  id TEXT NOT NULL, theirs TEXT NOT NULL, ours TEXT NOT NULL, since_ms INTEGER NOT NULL, note TEXT NOT NULL,"
	"  PRIMARY KEY (mirror, repo, ref)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS mirrors (mirror TEXT NOT NULL PRIMARY KEY, direction TEXT NOT NULL, url TEXT NOT NULL,"
	"  paused INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS mirrors_settled (journal TEXT NOT NULL PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS mirror_feeds (mirror TEXT NOT NULL PRIMARY KEY, server TEXT NOT NULL, cursor TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS mirror_peers (mirror TEXT NOT NULL PRIMARY KEY, role TEXT NOT NULL, phase TEXT NOT NULL,"
	"  term INTEGER NOT NULL, attempt INTEGER NOT NULL, ceded INTEGER NOT NULL,"
	"  heard INTEGER NOT NULL, since_ms INTEGER NOT NULL, met_ms INTEGER NOT NULL) WITHOUT ROWID;";
static const char stamp[] = "PRAGMA application_id = " TEXT(APPLICATION_ID) "; PRAGMA user_version = " TEXT(SCHEMA_VERSION);

static int run_sql(struct hgt_journal *j, enum hgt_journal_sql sql, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, sql, &stmt, err);

	return code < 0 ? code : hgt_journal_run(j, stmt, err);
}

static int set_head(struct hgt_journal *j, struct hgt_error *err)
{
	struct hgt_buf head = HGT_BUF_INIT;
	int code;

	hgt_journal_chain_format(&j->chain, &head);
	code = hgt_buf_check(&head, err);
	if (code == 0)
		code = hgt_journal_meta_set(j, "head", head.data, err);
	hgt_buf_release(&head);
	return code;
}

int hgt_journal_begin(struct hgt_journal *j, struct hgt_error *err)
{
	j->at_begin = j->chain;
	j->kept_at_begin = j->kept;
	return run_sql(j, HGT_SQL_BEGIN, err);
}

int hgt_journal_begin_read(struct hgt_journal *j, struct hgt_error *err)
{
	return run_sql(j, HGT_SQL_BEGIN_READ, err);
}

/* SQLite writes on into a file that was removed or replaced, and nobody would find there again what was acknowledged. */
static int check_place(struct hgt_journal *j, struct hgt_error *err)
{
	int moved = 0;

	if (sqlite3_file_control(j->db, NULL, SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved)
		return hgt_error_set(err, HGT_EIO, "journal: %s has been removed or replaced under us; restart headgated", j->path);
	return 0;
}

int hgt_journal_commit(struct hgt_journal *j, struct hgt_error *err)
{
	int code = j->chain.seq == j->at_begin.seq ? 0 : set_head(j, err);

	if (code == 0 && memcmp(&j->kept, &j->kept_at_begin, sizeof(j->kept)) != 0)
		code = hgt_kept_store(j, &j->kept, err);
	if (code == 0)
		code = check_place(j, err);
	return code < 0 ? code : run_sql(j, HGT_SQL_COMMIT, err);
}

void hgt_journal_rollback(struct hgt_journal *j)
{
	/* SQLite may have rolled back by itself: after a full disk, a failed write, want of memory. */
	if (!sqlite3_get_autocommit(j->db) && run_sql(j, HGT_SQL_ROLLBACK, NULL) < 0)
		sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
	j->chain = j->at_begin;
	j->kept = j->kept_at_begin;
}

int hgt_journal_mark(struct hgt_journal *j, struct hgt_error *err)
{
	j->at_mark = j->chain;
	j->kept_at_mark = j->kept;
	return run_sql(j, HGT_SQL_MARK, err);
}

int hgt_journal_keep(struct hgt_journal *j, struct hgt_error *err)
{
	return run_sql(j, HGT_SQL_KEEP, err);
}

int hgt_journal_undo(struct hgt_journal *j, struct hgt_error *err)
{
	int code = run_sql(j, HGT_SQL_UNDO, err);

	if (code == 0)
		code = run_sql(j, HGT_SQL_KEEP, err);
	if (code == 0) {
		j->chain = j->at_mark;
		j->kept = j->kept_at_mark;
	}
	return code;
}

/* One writer at a time, whatever the file system makes of SQLite's own locks: the lock file is held as long as we live. */
static int take_lock(struct hgt_journal *j, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, holder = HGT_BUF_INIT;
	int code, tries = LOCK_TRIES;
	char pid[24];
	bool taken, busy;

	hgt_buf_addf(&path, "%s.lock", j->path);
	code = hgt_buf_check(&path, err);
	if (code < 0)
		goto out;
	j->lock = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (j->lock < 0) {
		code = hgt_error_set_errno(err, "journal: cannot open %s", path.data);
		goto out;
	}
	/* Who verifies the journal has it for a moment. */
	do {
		taken = flock(j->lock, LOCK_EX | LOCK_NB) == 0;
		busy = !taken && errno == EWOULDBLOCK;
		if (busy && tries)
			usleep(LOCK_PAUSE_US);
	} while (busy && tries-- > 0);
	if (taken) {
		int n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

		/* Only for the message below, so a full disk is no matter. */
		if (ftruncate(j->lock, 0) < 0 || write(j->lock, pid, (size_t)n) < 0)
			code = 0;
	} else if (busy) {
		if (hgt_read_fd(j->lock, path.data, sizeof(pid), &holder, NULL) < 0)
			hgt_buf_reset(&holder);
		code = hgt_error_set(err, HGT_ECONFLICT, "journal: %s is in use by another process (pid %.*s)", j->path,
			(int)strspn(holder.data, "0123456789"), holder.data);
	} else {
		code = hgt_error_set_errno(err, "journal: cannot lock %s", path.data);
	}
out:
	hgt_buf_release(&path);
	hgt_buf_release(&holder);
	return code;
}

int hgt_journal_check_log(const char *path, struct hgt_error *err)
{
	struct hgt_buf name = HGT_BUF_INIT;
	bool written = true;	/* where it cannot be told: a log that is written to while it is read looks damaged */
	int fd, code;

	hgt_buf_addf(&name, "%s.lock", path);
	code = hgt_buf_check(&name, err);
	if (code < 0)
		goto out;
	fd = open(name.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		written = errno != ENOENT;
	else
		written = flock(fd, LOCK_SH | LOCK_NB) < 0;
	code = written ? 0 : hgt_wal_check(path, err);
	if (fd >= 0)
		close(fd);
out:
	hgt_buf_release(&name);
	return code;
}

static int exec(struct hgt_journal *j, const char *sql, struct hgt_error *err)
{
	int rc = sqlite3_exec(j->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : hgt_journal_error(j, rc, err);
}

/* One number from a statement that is run once. */
static int ask(struct hgt_journal *j, const char *sql, int64_t *out, struct hgt_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int code = hgt_journal_prepare(j, sql, &stmt, err);

	if (code < 0)
		return code;
	code = hgt_journal_step(j, stmt, err);
	if (code == 1) {
		*out = sqlite3_column_int64(stmt, 0);
		code = 0;
	} else if (code == 0) {
		code = hgt_error_set(err, HGT_ECORRUPT, "journal: %s gives no answer to %s", j->path, sql);
	}
	sqlite3_finalize(stmt);
	return code;
}

int hgt_journal_has_table(struct hgt_journal *j, const char *name, bool *has, struct hgt_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int code = hgt_journal_prepare(j, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, name);
	code = hgt_journal_step(j, stmt, err);
	if (code >= 0)
		*has = code == 1;
	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}

int hgt_journal_raise_version(struct hgt_journal *j, struct hgt_error *err)
{
	return exec(j, "PRAGMA user_version = " TEXT(SCHEMA_VERSION_CUT), err);
}

const char *hgt_journal_schema_of(const char *table, size_t *len)
{
	static const char begin[] = "CREATE TABLE IF NOT EXISTS ";

	for (const char *at = strstr(schema, begin); at; at = strstr(at + 1, begin)) {
		const char *name = at + sizeof(begin) - 1;

		if (strncmp(name, table, strlen(table)) == 0 && name[strlen(table)] == ' ') {
			*len = strcspn(name, ";");
			return name;
		}
	}
	return NULL;
}

/* Journals of before say of a push only that it was taken in. When, is not known; from now on counts. */
static int upgrade(struct hgt_journal *j, struct hgt_error *err)
{
	struct hgt_buf sql = HGT_BUF_INIT;
	int64_t pushes = 0, known = 0;
	int code = ask(j, "SELECT count(*) FROM pragma_table_info('pushes')", &pushes, err);

	if (code == 0)
		code = ask(j, "SELECT count(*) FROM pragma_table_info('pushes') WHERE name = 'time_ms'", &known, err);
	if (code < 0 || pushes == 0 || known)
		return code;
	hgt_buf_addf(&sql, "ALTER TABLE pushes ADD COLUMN time_ms INTEGER NOT NULL DEFAULT %" PRId64, hgt_time_now_ms());
	code = hgt_buf_check(&sql, err);
	if (code == 0)
		code = exec(j, sql.data, err);
	hgt_buf_release(&sql);
	return code;
}

static int make(struct hgt_journal *j, struct hgt_error *err)
{
	char id[HGT_JOURNAL_ID_HEX + 1];
	int code;

	hgt_random_hex(HGT_JOURNAL_ID_HEX / 2, id);
	hgt_journal_chain_start(id, &j->chain);
	code = hgt_journal_begin(j, err);
	if (code < 0)
		return code;
	code = exec(j, schema, err);
	if (code == 0)
		code = exec(j, stamp, err);
	if (code == 0)
		code = hgt_journal_meta_set(j, "journal", id, err);
	if (code == 0)
		code = set_head(j, err);
	if (code == 0)
		code = hgt_journal_commit(j, err);
	if (code < 0)
		hgt_journal_rollback(j);
	return code;
}

/* Whether this is a journal of ours; one that is still empty is made when we may write. */
static int check(struct hgt_journal *j, enum hgt_journal_mode mode, struct hgt_error *err)
{
	int64_t application, version, tables;
	int code = ask(j, "PRAGMA application_id", &application, err);

	if (code == 0)
		code = ask(j, "PRAGMA user_version", &version, err);
	if (code == 0)
		code = ask(j, "SELECT count(*) FROM sqlite_schema", &tables, err);
	if (code < 0)
		return code;
	if (tables == 0 && mode == HGT_JOURNAL_WRITE)
		return make(j, err);
	if (application != APPLICATION_ID)
		return hgt_error_set(err, HGT_ECORRUPT, "journal: %s is no journal", j->path);
	if (version != SCHEMA_VERSION && version != SCHEMA_VERSION_CUT)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "journal: %s has version %" PRId64 "; this headgate reads versions %d and %d",
			j->path, version, SCHEMA_VERSION, SCHEMA_VERSION_CUT);
	if (mode == HGT_JOURNAL_WRITE) {
		code = upgrade(j, err);
		if (code == 0)
			code = exec(j, schema, err);
	}
	return code;
}

static int load_id(struct hgt_journal *j, struct hgt_error *err)
{
	struct hgt_buf id = HGT_BUF_INIT;
	int code = hgt_journal_meta_get(j, "journal", &id, err);

	if (code == 0 && (id.len != HGT_JOURNAL_ID_HEX || strspn(id.data, "0123456789abcdef") != id.len))
		code = hgt_error_set(err, HGT_ECORRUPT, "journal: the id of %s is damaged", j->path);
	if (code == 0)
		memcpy(j->id, id.data, id.len + 1);
	hgt_buf_release(&id);
	return code;
}

/* A writer goes on only where the journal ended: rows that were cut off would else be covered up by new ones. */
static int load_chain(struct hgt_journal *j, struct hgt_error *err)
{
	struct hgt_buf want = HGT_BUF_INIT, have = HGT_BUF_INIT;
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_HEAD, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_chain_start(j->id, &j->chain);
	code = hgt_journal_step(j, stmt, err);
	if (code == 1) {
		j->chain.seq = (uint64_t)sqlite3_column_int64(stmt, 0);
		if (sqlite3_column_bytes(stmt, 1) == HGT_SHA256_SIZE)
			memcpy(j->chain.hash, sqlite3_column_blob(stmt, 1), HGT_SHA256_SIZE);
		code = 0;
	}
	hgt_journal_reset(stmt);
	if (code == 0)
		code = hgt_journal_meta_get(j, "head", &have, err);
	if (code == 0) {
		hgt_journal_chain_format(&j->chain, &want);
		code = hgt_buf_check(&want, err);
	}
	if (code == 0 && strcmp(want.data, have.data) != 0)
		code = hgt_error_set(err, HGT_ECORRUPT, "journal: %s does not end where it ended (headgate audit verify tells more)",
			j->path);
	hgt_buf_release(&want);
	hgt_buf_release(&have);
	return code;
}

/* In place of SQLite's own hook, which would move the log within a commit that somebody waits for: see log_mover.h. */
static int on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
	struct hgt_journal *j = ctx;

	(void)db, (void)name;
	j->wal_pages = (unsigned)pages;
	return SQLITE_OK;
}

int hgt_journal_open(const char *path, enum hgt_journal_mode mode, struct hgt_journal **out, struct hgt_error *err)
{
	struct hgt_journal *j = calloc(1, sizeof(*j));
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
		(mode == HGT_JOURNAL_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
	int code, rc;

	if (!j)
		return hgt_error_nomem(err);
	j->lock = -1;
	j->path = strdup(path);
	code = j->path ? 0 : hgt_error_nomem(err);
	if (code == 0 && mode == HGT_JOURNAL_WRITE)
		code = take_lock(j, err);
	/* With the lock, so that nobody writes. What a writer finds it has to tell before it goes on. */
	if (code == 0 && mode == HGT_JOURNAL_WRITE)
		code = hgt_wal_check(path, err);
	if (code < 0)
		goto out;
	rc = sqlite3_open_v2(path, &j->db, flags, NULL);
	if (rc != SQLITE_OK) {
		code = hgt_journal_error(j, rc, err);
		goto out;
	}
	sqlite3_busy_timeout(j->db, 5000);
	/* Two connections are idle most of the day, so they hold little: no lookaside, 128 KiB of pages. */
	sqlite3_db_config(j->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0);
	code = exec(j, "PRAGMA cache_size = -128; PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF; PRAGMA synchronous = FULL;"
		"PRAGMA journal_size_limit = 4194304;", err);
	/* What is freed goes back to the file system in steps of ours (retention.c); a file that was made otherwise stays as it is. */
	if (code == 0 && mode == HGT_JOURNAL_WRITE)
		code = exec(j, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL", err);
	if (code == 0 && mode == HGT_JOURNAL_WRITE)
		sqlite3_wal_hook(j->db, on_commit, j);
	if (code == 0)
		code = check(j, mode, err);
	if (code == 0)
		code = load_id(j, err);
	if (code == 0 && mode == HGT_JOURNAL_WRITE)
		code = load_chain(j, err);
	if (code == 0 && mode == HGT_JOURNAL_WRITE)
		code = hgt_kept_load(j, &j->kept, err);
	if (code == 0) {
		*out = j;
		j = NULL;
	}
out:
	hgt_journal_close(j);
	return code;
}

void hgt_journal_close(struct hgt_journal *j)
{
	if (!j)
		return;
	for (int i = 0; i < HGT_SQL_N; i++)
		sqlite3_finalize(j->stmts[i]);
	sqlite3_close(j->db);
	if (j->lock >= 0)
		close(j->lock);
	free(j->path);
	free(j);
}

const char *hgt_journal_id(const struct hgt_journal *j)
{
	return j->id;
}
