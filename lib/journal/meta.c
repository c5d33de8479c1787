/* What the journal notes about itself, and its chain of hashes. */
#include "journal/database.h"

#include <inttypes.h>

#include "base/io.h"

void hgt_journal_chain_start(const char *id, struct hgt_journal_chain *chain)
{
	chain->seq = 0;
	hgt_sha256(id, strlen(id), chain->hash);
}

void hgt_journal_chain_next(struct hgt_journal_chain *chain, const char *body, size_t len)
{
	struct hgt_sha256 sha;

	hgt_sha256_init(&sha);
	hgt_sha256_update(&sha, chain->hash, sizeof(chain->hash));
	hgt_sha256_update(&sha, body, len);
	hgt_sha256_final(&sha, chain->hash);
	chain->seq++;
}

int hgt_journal_meta_set(struct hgt_journal *j, const char *key, const char *value, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_META_SET, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, key);
	hgt_journal_bind(stmt, 2, value);
	return hgt_journal_run(j, stmt, err);
}

int hgt_journal_meta_remove(struct hgt_journal *j, const char *key, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_META_REMOVE, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, key);
	return hgt_journal_run(j, stmt, err);
}

/* 1 when the key is there. */
static int meta_look(struct hgt_journal *j, const char *key, struct hgt_buf *value, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_META_GET, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, key);
	code = hgt_journal_step(j, stmt, err);
	if (code == 1) {
		hgt_buf_adds(value, hgt_journal_column(stmt, 0));
		if (value->failed)
			code = hgt_buf_check(value, err);
	}
	hgt_journal_reset(stmt);
	return code;
}

int hgt_journal_meta_get(struct hgt_journal *j, const char *key, struct hgt_buf *value, struct hgt_error *err)
{
	int code = meta_look(j, key, value, err);

	if (code == 0)
		return hgt_error_set(err, HGT_ECORRUPT, "journal: %s has lost its %s", j->path, key);
	return code < 0 ? code : 0;
}

int hgt_journal_meta_find(struct hgt_journal *j, const char *key, struct hgt_buf *value, struct hgt_error *err)
{
	int code = meta_look(j, key, value, err);

	return code < 0 ? code : 0;
}

void hgt_journal_chain_format(const struct hgt_journal_chain *chain, struct hgt_buf *out)
{
	char hex[HGT_SHA256_HEX];

	hgt_hex(chain->hash, sizeof(chain->hash), hex);
	hgt_buf_addf(out, "%" PRIu64 " %s", chain->seq, hex);
}
