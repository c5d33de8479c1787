/* The ids of a journal: a copy that is gone on with gets its own. */
#include "journal/lineage.h"

#include <inttypes.h>

#include "base/io.h"
#include "base/json_writer.h"
#include "journal/database.h"

static int add(struct hgt_journal *j, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_LINEAGE_ADD, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, j->id);
	sqlite3_bind_int64(stmt, 2, (sqlite3_int64)j->chain.seq);
	return hgt_journal_run(j, stmt, err);
}

/* Where it goes on from, and the mark taken off. */
static int change_id(struct hgt_journal *j, const char *id, struct hgt_error *err)
{
	int code = add(j, err);

	if (code == 0)
		code = hgt_journal_meta_set(j, "journal", id, err);
	if (code == 0)
		code = hgt_journal_meta_remove(j, "copy", err);
	return code < 0 ? code : hgt_journal_raise_version(j, err);
}

int hgt_journal_take_over(struct hgt_journal *j, bool *is_copy, struct hgt_buf *data, struct hgt_error *err)
{
	struct hgt_json json = HGT_JSON_INIT(data);
	struct hgt_buf copied = HGT_BUF_INIT;
	char id[HGT_JOURNAL_ID_HEX + 1], hash[HGT_SHA256_HEX];
	int code = hgt_journal_meta_find(j, "copy", &copied, err);

	*is_copy = copied.len > 0;
	if (code < 0 || !*is_copy)
		goto out;
	hgt_random_hex(HGT_JOURNAL_ID_HEX / 2, id);
	code = change_id(j, id, err);
	if (code < 0)
		goto out;
	hgt_hex(j->chain.hash, sizeof(j->chain.hash), hash);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "journal", j->id);
	hgt_json_key_uint(&json, "seq", j->chain.seq);
	hgt_json_key_string(&json, "hash", hash);
	hgt_json_key_string(&json, "copied", copied.data);
	hgt_json_end_object(&json);
	code = hgt_buf_check(data, err);
	if (code == 0)
		memcpy(j->id, id, sizeof(id));
out:
	hgt_buf_release(&copied);
	return code;
}

int hgt_journal_id_at(struct hgt_journal *j, uint64_t seq, char id[HGT_JOURNAL_ID_HEX + 1], struct hgt_error *err)
{
	sqlite3_stmt *stmt = NULL;
	bool has = false;
	int code = hgt_journal_has_table(j, "lineage", &has, err);

	memcpy(id, j->id, sizeof(j->id));
	if (code < 0 || !has)
		return code;
	code = hgt_journal_prepare(j, "SELECT journal FROM lineage WHERE last >= ?1 ORDER BY last LIMIT 1", &stmt, err);
	if (code < 0)
		return code;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)seq);
	code = hgt_journal_step(j, stmt, err);
	if (code == 1)
		snprintf(id, HGT_JOURNAL_ID_HEX + 1, "%s", hgt_journal_column(stmt, 0));
	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}

int hgt_journal_knows(struct hgt_journal *j, const struct hgt_cursor *cursor, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code;

	if (strcmp(cursor->journal, j->id) == 0)
		return 1;
	code = hgt_journal_stmt(j, HGT_SQL_LINEAGE_GET, &stmt, err);
	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, cursor->journal);
	code = hgt_journal_step(j, stmt, err);
	if (code == 1)
		code = cursor->seq <= (uint64_t)sqlite3_column_int64(stmt, 0);
	hgt_journal_reset(stmt);
	return code;
}
