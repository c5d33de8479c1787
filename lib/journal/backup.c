/* A copy of a journal that is in use. */
#include "journal/backup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/timing.h"
#include "journal/database.h"

/* Rows that are read at once: what the writer's log waits for at the most. */
enum { SLICE_ROWS = 2048 };

struct copying {
	struct hgt_journal *from;
	struct hgt_journal *to;		/* its connection alone, and its path for messages */
	sqlite3_stmt *read, *write;	/* of events */
	uint64_t seq;			/* copied so far */
};

/* All values of the row that `read` is at, into the one that `write` inserts. */
static int copy_row(struct copying *c, sqlite3_stmt *read, sqlite3_stmt *write, struct hgt_error *err)
{
	for (int i = 0; i < sqlite3_column_count(read); i++) {
		int rc = sqlite3_bind_value(write, i + 1, sqlite3_column_value(read, i));

		if (rc != SQLITE_OK)
			return hgt_journal_error(c->to, rc, err);
	}
	return hgt_journal_run(c->to, write, err);
}

static int run(struct hgt_journal *j, const char *sql, struct hgt_error *err)
{
	int rc = sqlite3_exec(j->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : hgt_journal_error(j, rc, err);
}

/* Tables or indexes, as the journal has them. */
static int copy_schema(struct copying *c, const char *type, struct hgt_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int code = hgt_journal_prepare(c->from, "SELECT sql FROM sqlite_schema WHERE type = ?1 AND sql IS NOT NULL ORDER BY rowid", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, type);
	while ((code = hgt_journal_step(c->from, stmt, err)) == 1) {
		code = run(c->to, hgt_journal_column(stmt, 0), err);
		if (code < 0)
			break;
	}
	sqlite3_finalize(stmt);
	return code;
}

/* "INSERT INTO t VALUES (?, ...)" for a table as wide as `read`. */
static int prepare_insert(struct copying *c, const char *table, sqlite3_stmt *read, sqlite3_stmt **out, struct hgt_error *err)
{
	struct hgt_buf sql = HGT_BUF_INIT;
	int code;

	hgt_buf_addf(&sql, "INSERT INTO \"%s\" VALUES (", table);
	for (int i = 0; i < sqlite3_column_count(read); i++)
		hgt_buf_adds(&sql, i ? ", ?" : "?");
	hgt_buf_addc(&sql, ')');
	code = hgt_buf_check(&sql, err);
	if (code == 0)
		code = hgt_journal_prepare(c->to, sql.data, out, err);
	hgt_buf_release(&sql);
	return code;
}

/* Events after c->seq, at most a slice; *n gets how many. */
static int copy_slice(struct copying *c, unsigned *n, struct hgt_error *err)
{
	int code;

	*n = 0;
	sqlite3_bind_int64(c->read, 1, (sqlite3_int64)c->seq);
	sqlite3_bind_int64(c->read, 2, SLICE_ROWS);
	while ((code = hgt_journal_step(c->from, c->read, err)) == 1) {
		uint64_t seq = (uint64_t)sqlite3_column_int64(c->read, 0);

		code = copy_row(c, c->read, c->write, err);
		if (code < 0)
			break;
		c->seq = seq;
		(*n)++;
	}
	sqlite3_reset(c->read);
	return code;
}

static int copy_table(struct copying *c, const char *table, struct hgt_error *err)
{
	struct hgt_buf sql = HGT_BUF_INIT;
	sqlite3_stmt *read = NULL, *write = NULL;
	int code;

	hgt_buf_addf(&sql, "SELECT * FROM \"%s\"", table);
	code = hgt_buf_check(&sql, err);
	if (code == 0)
		code = hgt_journal_prepare(c->from, sql.data, &read, err);
	if (code == 0)
		code = prepare_insert(c, table, read, &write, err);
	while (code == 0 && (code = hgt_journal_step(c->from, read, err)) == 1)
		code = copy_row(c, read, write, err);
	sqlite3_finalize(read);
	sqlite3_finalize(write);
	hgt_buf_release(&sql);
	return code;
}

static int copy_tables(struct copying *c, struct hgt_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int code = hgt_journal_prepare(c->from, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'events'"
		" AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%\"%'", &stmt, err);

	while (code == 0 && (code = hgt_journal_step(c->from, stmt, err)) == 1)
		code = copy_table(c, hgt_journal_column(stmt, 0), err);
	sqlite3_finalize(stmt);
	return code;
}

/* From one snapshot: the last events, and all that they add up to. */
static int copy_rest(struct copying *c, struct hgt_error *err)
{
	struct hgt_journal_start start;
	struct hgt_buf sql = HGT_BUF_INIT;
	unsigned n;
	int code = hgt_journal_begin_read(c->from, err);

	if (code < 0)
		return code;
	do
		code = copy_slice(c, &n, err);
	while (code == 0 && n == SLICE_ROWS);
	if (code == 0)
		code = copy_tables(c, err);
	if (code == 0)
		code = hgt_journal_get_start(c->from, &start, err);
	/* Rows that have been removed since they were copied. */
	if (code == 0)
		hgt_buf_addf(&sql, "DELETE FROM events WHERE seq <= %" PRIu64, start.chain.seq);
	if (code == 0)
		code = hgt_buf_check(&sql, err);
	if (code == 0)
		code = run(c->to, sql.data, err);
	hgt_buf_release(&sql);
	hgt_journal_rollback(c->from);
	return code;
}

/* What marks the file, and what tells that it is a copy, and when it was made. */
static int mark(struct copying *c, struct hgt_error *err)
{
	char when[HGT_TIME_TEXT];
	struct hgt_buf sql = HGT_BUF_INIT;
	sqlite3_stmt *stmt = NULL;
	int code = 0;

	for (int i = 0; i < 2 && code == 0; i++) {
		static const char *const pragmas[] = {"application_id", "user_version"};

		hgt_buf_reset(&sql);
		hgt_buf_addf(&sql, "PRAGMA %s", pragmas[i]);
		code = hgt_buf_check(&sql, err);
		if (code == 0)
			code = hgt_journal_prepare(c->from, sql.data, &stmt, err);
		if (code == 0)
			code = hgt_journal_step(c->from, stmt, err);
		if (code == 1) {
			hgt_buf_addf(&sql, " = %lld", (long long)sqlite3_column_int64(stmt, 0));
			code = hgt_buf_check(&sql, err);
		}
		sqlite3_finalize(stmt);
		stmt = NULL;
		if (code == 0)
			code = run(c->to, sql.data, err);
	}
	hgt_time_format(hgt_time_now_ms(), when);
	if (code == 0)
		code = hgt_journal_meta_set(c->to, "copy", when, err);
	hgt_buf_release(&sql);
	return code;
}

static int copy_all(struct copying *c, struct hgt_error *err)
{
	unsigned n = SLICE_ROWS;
	int code = run(c->to, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN", err);

	if (code == 0)
		code = copy_schema(c, "table", err);
	if (code == 0)
		code = hgt_journal_prepare(c->from, "SELECT * FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2", &c->read, err);
	if (code == 0)
		code = prepare_insert(c, "events", c->read, &c->write, err);
	while (code == 0 && n == SLICE_ROWS)
		code = copy_slice(c, &n, err);
	if (code == 0)
		code = copy_rest(c, err);
	if (code == 0)
		code = copy_schema(c, "index", err);
	if (code == 0)
		code = mark(c, err);
	return code < 0 ? code : run(c->to, "COMMIT", err);
}

static int make_copy(const char *from, const char *to, struct hgt_error *err)
{
	struct copying c = {0};
	struct hgt_journal *copy = calloc(1, sizeof(*copy));
	int rc, code = copy ? 0 : hgt_error_nomem(err);

	if (code == 0) {
		copy->lock = -1;
		copy->path = strdup(to);
		code = copy->path ? hgt_journal_open(from, HGT_JOURNAL_READ, &c.from, err) : hgt_error_nomem(err);
	}
	if (code == 0) {
		rc = sqlite3_open_v2(to, &copy->db, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_READWRITE, NULL);
		code = rc == SQLITE_OK ? 0 : hgt_journal_error(copy, rc, err);
	}
	c.to = copy;
	if (code == 0)
		code = copy_all(&c, err);
	sqlite3_finalize(c.read);
	sqlite3_finalize(c.write);
	hgt_journal_close(c.from);
	hgt_journal_close(copy);
	return code;
}

static int tell(const char *path, struct hgt_backup *out, struct hgt_error *err)
{
	struct hgt_journal *copy = NULL;
	int code = hgt_journal_verify(path, &out->events, err);

	if (code == 0)
		code = hgt_journal_open(path, HGT_JOURNAL_READ, &copy, err);
	if (code == 0)
		code = hgt_journal_head(copy, &out->seq, err);
	if (code == 0)
		snprintf(out->id, sizeof(out->id), "%s", hgt_journal_id(copy));
	hgt_journal_close(copy);
	return code;
}

/* On disk under its name. */
static int put_in_place(int fd, const char *path, const char *to, struct hgt_error *err)
{
	struct hgt_buf folder = HGT_BUF_INIT;
	const char *slash = strrchr(to, '/');
	int code = 0;

	if (fsync(fd) < 0)
		return hgt_error_set_errno(err, "cannot sync %s", path);
	if (rename(path, to) < 0)
		return hgt_error_set_errno(err, "cannot rename %s to %s", path, to);
	if (!slash)
		hgt_buf_addc(&folder, '.');
	else
		hgt_buf_add(&folder, to, slash == to ? 1 : (size_t)(slash - to));
	code = hgt_buf_check(&folder, err);
	if (code == 0)
		code = hgt_sync_folder(folder.data, err);
	hgt_buf_release(&folder);
	return code;
}

/* A copy over the journal would end it. */
static int check_target(const char *from, const char *to, struct hgt_error *err)
{
	struct stat a, b;

	if (stat(to, &b) < 0)
		return 0;
	if (!S_ISREG(b.st_mode))
		return hgt_error_set(err, HGT_EINVAL, "%s is no file", to);
	if (stat(from, &a) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		return hgt_error_set(err, HGT_EINVAL, "%s is the journal itself; name another file", to);
	return 0;
}

int hgt_journal_backup(const char *from, const char *to, struct hgt_backup *out, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_backup backup = {0};
	int fd = -1, code = check_target(from, to, err);

	if (code < 0)
		return code;
	hgt_buf_addf(&path, "%s.XXXXXX", to);
	code = hgt_buf_check(&path, err);
	if (code < 0)
		goto out;
	fd = mkostemp(path.data, O_CLOEXEC);	/* 0600: a journal tells of more than everybody is to know */
	if (fd < 0) {
		code = hgt_error_set_errno(err, "cannot make %s", path.data);
		goto out;
	}
	code = make_copy(from, path.data, err);
	if (code == 0)
		code = tell(path.data, &backup, err);
	if (code == 0)
		code = put_in_place(fd, path.data, to, err);
	if (code < 0)
		unlink(path.data);
	else
		*out = backup;
out:
	if (fd >= 0)
		close(fd);
	hgt_buf_release(&path);
	return code;
}
