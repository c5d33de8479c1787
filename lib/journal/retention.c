/* How long events are kept: the oldest rows go, the chain is held from the last of them on. */
#include "journal/retention.h"

#include <inttypes.h>

#include "base/io.h"
#include "base/json_writer.h"
#include "base/timing.h"
#include "journal/database.h"
#include "journal/lineage.h"

#define DAY_MS (24 * 60 * 60 * 1000LL)

int hgt_journal_get_start(struct hgt_journal *j, struct hgt_journal_start *out, struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_journal_start start = {0};
	struct hgt_cursor cursor;
	size_t len;
	int code = hgt_journal_meta_find(j, "checkpoint", &text, err);

	if (code < 0)
		goto out;
	if (!text.len) {
		code = hgt_journal_id_at(j, 0, start.id, err);
		hgt_journal_chain_start(start.id, &start.chain);
		goto out;
	}
	len = strcspn(text.data, " ");
	if (text.len != len + HGT_SHA256_HEX || !hgt_unhex(text.data + len + 1, start.chain.hash, HGT_SHA256_SIZE))
		code = HGT_EPARSE;
	text.data[len] = '\0';
	if (code < 0 || hgt_cursor_parse(text.data, &cursor, NULL) < 0 || !*cursor.journal || !cursor.seq) {
		code = hgt_error_set(err, HGT_ECORRUPT, "journal: the checkpoint of %s is damaged", j->path);
		goto out;
	}
	start.chain.seq = cursor.seq;
	memcpy(start.id, cursor.journal, sizeof(start.id));
out:
	if (code == 0)
		*out = start;
	hgt_buf_release(&text);
	return code;
}

int hgt_journal_set_start(struct hgt_journal *j, const struct hgt_journal_start *start, struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;
	char hash[HGT_SHA256_HEX];
	int code;

	hgt_hex(start->chain.hash, sizeof(start->chain.hash), hash);
	hgt_buf_addf(&text, "%s.%" PRIu64 " %s", start->id, start->chain.seq, hash);
	code = hgt_buf_check(&text, err);
	if (code == 0)
		code = hgt_journal_meta_set(j, "checkpoint", text.data, err);
	hgt_buf_release(&text);
	return code;
}

struct compacting {
	struct hgt_journal *journal;
	const struct hgt_retention *retention;
	int64_t now_ms;
	struct hgt_journal_start start;		/* as far as rows have gone */
	uint64_t stamped_until;			/* rows before this one with a time in the future are as old as it ... */
	bool stamped_old;			/* ... and whether that is old */
};

static bool is_old(const struct compacting *c, int64_t time_ms)
{
	return c->retention->before_ms && time_ms < c->retention->before_ms;
}

/* Whether the row may go by its age. */
static int judge_age(struct compacting *c, uint64_t seq, int64_t time_ms, bool *old, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code;

	*old = is_old(c, time_ms);
	if (!c->retention->before_ms || time_ms <= c->now_ms + DAY_MS)
		return 0;
	if (seq >= c->stamped_until) {
		code = hgt_journal_stmt(c->journal, HGT_SQL_TIME_AFTER, &stmt, err);
		if (code < 0)
			return code;
		sqlite3_bind_int64(stmt, 1, (sqlite3_int64)seq);
		sqlite3_bind_int64(stmt, 2, c->now_ms + DAY_MS);
		code = hgt_journal_step(c->journal, stmt, err);
		c->stamped_until = code == 1 ? (uint64_t)sqlite3_column_int64(stmt, 0) : seq + 1;
		c->stamped_old = code == 1 && is_old(c, sqlite3_column_int64(stmt, 1));
		hgt_journal_reset(stmt);
		if (code < 0)
			return code;
	}
	*old = c->stamped_old;
	return 0;
}

/* Where the row is the last move of its ref, the ref is from now on kept without it. */
static int keep_ref(struct compacting *c, const char *repo, const char *ref, uint64_t seq, struct hgt_error *err)
{
	char id[HGT_JOURNAL_OID_TEXT];
	uint64_t last;
	int code = *ref ? hgt_journal_get_ref(c->journal, repo, ref, id, &last, err) : 0;

	if (code == 0 && *ref && *id && last == seq)
		hgt_kept_add(&c->journal->kept, repo, ref, id, seq);
	return code;
}

static int remove_row(struct compacting *c, uint64_t seq, struct hgt_error *err)
{
	sqlite3_stmt *stmt, *row;
	int code = hgt_journal_stmt(c->journal, HGT_SQL_OLDEST, &row, err);

	if (code < 0)
		return code;
	sqlite3_bind_int64(row, 1, (sqlite3_int64)seq);
	code = hgt_journal_step(c->journal, row, err);
	if (code == 1)
		code = keep_ref(c, hgt_journal_column(row, 3), hgt_journal_column(row, 4), seq, err);
	hgt_journal_reset(row);
	if (code == 0)
		code = hgt_journal_stmt(c->journal, HGT_SQL_REMOVE, &stmt, err);
	if (code < 0)
		return code;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)seq);
	return hgt_journal_run(c->journal, stmt, err);
}

/* The row after those that have gone: 1 when it has gone too, 0 when it stays. */
static int take_row(struct compacting *c, struct hgt_compaction *out, struct hgt_error *err)
{
	uint64_t seq = c->start.chain.seq + 1;
	sqlite3_stmt *stmt;
	bool by_count, old = false;
	int code;

	if (seq >= c->journal->chain.seq)
		return 0;
	code = hgt_journal_stmt(c->journal, HGT_SQL_OLDEST, &stmt, err);
	if (code < 0)
		return code;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)seq);
	code = hgt_journal_step(c->journal, stmt, err);
	if (code == 0 || (code == 1 && sqlite3_column_bytes(stmt, 2) != HGT_SHA256_SIZE))
		code = hgt_error_set(err, HGT_ECORRUPT, "journal: row %" PRIu64 " is missing or damaged, so none is removed"
			" (headgate audit verify tells more)", seq);
	if (code == 1) {
		out->time_ms = sqlite3_column_int64(stmt, 1);
		memcpy(c->start.chain.hash, sqlite3_column_blob(stmt, 2), HGT_SHA256_SIZE);
	}
	hgt_journal_reset(stmt);
	if (code < 0)
		return code;
	by_count = seq <= c->retention->upto;
	code = judge_age(c, seq, out->time_ms, &old, err);
	if (code < 0 || !(by_count || old))
		return code;
	if (seq >= c->retention->needed) {
		out->held = true;
		return 0;
	}
	code = remove_row(c, seq, err);
	if (code < 0)
		return code;
	c->start.chain.seq = seq;
	out->by_age = !by_count;
	return 1;
}

/* What the caller is told, and what the journal notes. */
static int note(struct compacting *c, struct hgt_compaction *out, struct hgt_error *err)
{
	int code = hgt_journal_id_at(c->journal, out->seq, c->start.id, err);

	if (code < 0)
		return code;
	memcpy(out->id, c->start.id, sizeof(out->id));
	memcpy(out->hash, c->start.chain.hash, sizeof(out->hash));
	c->journal->kept.cut = out->seq;
	code = hgt_journal_set_start(c->journal, &c->start, err);
	return code < 0 ? code : hgt_journal_raise_version(c->journal, err);
}

int hgt_journal_compact(struct hgt_journal *j, const struct hgt_retention *retention, int64_t now_ms, struct hgt_compaction *out,
	struct hgt_error *err)
{
	struct compacting c = {.journal = j, .retention = retention, .now_ms = now_ms};
	int64_t until_us = hgt_time_mono_us() + (int64_t)retention->ms * 1000;
	struct hgt_compaction gone = {0}, last;
	int code = hgt_journal_get_start(j, &c.start, err);

	if (code < 0)
		return code;
	for (;;) {
		unsigned char hash[HGT_SHA256_SIZE];

		if (gone.count >= retention->rows || (gone.count && hgt_time_mono_us() >= until_us)) {
			gone.more = true;
			break;
		}
		memcpy(hash, c.start.chain.hash, sizeof(hash));
		last = gone;
		code = take_row(&c, &gone, err);
		if (code < 0)
			return code;
		if (code == 0) {
			/* It stays: what was read of it is not what is told. */
			last.held = gone.held;
			gone = last;
			memcpy(c.start.chain.hash, hash, sizeof(hash));
			break;
		}
		gone.seq = c.start.chain.seq;
		gone.count++;
	}
	code = gone.count ? note(&c, &gone, err) : 0;
	if (code == 0)
		*out = gone;
	return code;
}

void hgt_compaction_write(const struct hgt_compaction *c, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	char hash[HGT_SHA256_HEX], when[HGT_TIME_TEXT];

	hgt_hex(c->hash, sizeof(c->hash), hash);
	hgt_time_format(c->time_ms, when);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "journal", c->id);
	hgt_json_key_uint(&json, "seq", c->seq);
	hgt_json_key_string(&json, "hash", hash);
	hgt_json_key_uint(&json, "count", c->count);
	hgt_json_key_string(&json, "time", when);
	hgt_json_key_string(&json, "reason", c->by_age ? "age" : "count");
	hgt_json_end_object(&json);
}

int hgt_journal_forget(struct hgt_journal *j, int64_t before_ms, unsigned rows, bool *more, struct hgt_error *err)
{
	static const enum hgt_journal_sql what[] = {HGT_SQL_PUSHES_FORGET, HGT_SQL_UNEXPLAINED_FORGET, HGT_SQL_REF_TIMES_FORGET};

	*more = false;
	for (size_t i = 0; i < sizeof(what) / sizeof(*what); i++) {
		sqlite3_stmt *stmt;
		int code = hgt_journal_stmt(j, what[i], &stmt, err);

		if (code < 0)
			return code;
		sqlite3_bind_int64(stmt, 1, before_ms);
		sqlite3_bind_int64(stmt, 2, rows);
		code = hgt_journal_run(j, stmt, err);
		if (code < 0)
			return code;
		*more = *more || (unsigned)sqlite3_changes(j->db) >= rows;
	}
	return 0;
}

static int count_free(struct hgt_journal *j, int64_t *out, struct hgt_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int code = hgt_journal_prepare(j, "PRAGMA freelist_count", &stmt, err);

	if (code == 0)
		code = hgt_journal_step(j, stmt, err);
	if (code == 1)
		*out = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}

int hgt_journal_shrink(struct hgt_journal *j, unsigned keep, unsigned pages, bool *more, struct hgt_error *err)
{
	struct hgt_buf sql = HGT_BUF_INIT;
	sqlite3_stmt *stmt = NULL;
	int64_t before = 0, after = 0;
	int code = count_free(j, &before, err);

	*more = false;
	if (code < 0 || before <= keep)
		return code;
	hgt_buf_addf(&sql, "PRAGMA incremental_vacuum(%" PRId64 ")", before - keep < pages ? before - keep : pages);
	code = hgt_buf_check(&sql, err);
	if (code == 0)
		code = hgt_journal_prepare(j, sql.data, &stmt, err);
	/* Each step gives one page back. */
	while (code == 0 && (code = hgt_journal_step(j, stmt, err)) == 1)
		code = 0;
	sqlite3_finalize(stmt);
	hgt_buf_release(&sql);
	if (code == 0)
		code = count_free(j, &after, err);
	if (code == 0)
		*more = after < before && after > keep;
	return code;
}
