/* A journal as lines of JSON, and such lines verified. */
#include "journal/export.h"

#include <inttypes.h>

#include "base/io.h"
#include "base/json_writer.h"
#include "journal/database.h"
#include "journal/lineage.h"

/* Rows that are read at once: what the writer's log waits for at the most. */
enum { SLICE_ROWS = 1024 };

struct exporting {
	struct hgt_journal *journal;
	sqlite3_stmt *rows;
	struct hgt_journal_start at;	/* the row that was told last */
	uint64_t n;
	struct hgt_buf line;
	hgt_export_cb cb;
	void *ctx;
};

static int put(struct exporting *e, struct hgt_error *err)
{
	int code;

	hgt_buf_addc(&e->line, '\n');
	code = hgt_buf_check(&e->line, err);
	if (code == 0)
		code = e->cb(e->ctx, e->line.data, e->line.len);
	hgt_buf_reset(&e->line);
	return code;
}

static void add_place(struct hgt_json *json, const struct hgt_journal_chain *chain)
{
	char hash[HGT_SHA256_HEX];

	hgt_hex(chain->hash, sizeof(chain->hash), hash);
	hgt_json_key_uint(json, "seq", chain->seq);
	hgt_json_key_string(json, "hash", hash);
}

static int put_row(struct exporting *e, struct hgt_error *err)
{
	struct hgt_json json = HGT_JSON_INIT(&e->line);
	struct hgt_journal_chain *chain = &e->at.chain;
	uint64_t seq = (uint64_t)sqlite3_column_int64(e->rows, 0);

	if (seq != chain->seq + 1)
		return hgt_error_set(err, HGT_ECORRUPT, "journal: row %" PRIu64 " is missing", chain->seq + 1);
	if (sqlite3_column_bytes(e->rows, 2) != HGT_SHA256_SIZE)
		return hgt_error_set(err, HGT_ECORRUPT, "journal: row %" PRIu64 " has no hash", seq);
	chain->seq = seq;
	memcpy(chain->hash, sqlite3_column_blob(e->rows, 2), HGT_SHA256_SIZE);
	hgt_json_begin_object(&json);
	add_place(&json, chain);
	hgt_json_key(&json, "event");
	hgt_json_raw(&json, hgt_journal_column(e->rows, 1), (size_t)sqlite3_column_bytes(e->rows, 1));
	hgt_json_end_object(&json);
	e->n++;
	return put(e, err);
}

/* From one snapshot; *n gets how many. */
static int put_slice(struct exporting *e, unsigned *n, struct hgt_error *err)
{
	int code;

	*n = 0;
	sqlite3_bind_int64(e->rows, 1, (sqlite3_int64)e->at.chain.seq);
	sqlite3_bind_int64(e->rows, 2, SLICE_ROWS);
	while ((code = hgt_journal_step(e->journal, e->rows, err)) == 1) {
		code = put_row(e, err);
		if (code < 0)
			break;
		(*n)++;
	}
	sqlite3_reset(e->rows);
	return code;
}

/* The row that `after` names becomes the one before the first. */
static int find_start(struct exporting *e, const struct hgt_cursor *after, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_get_start(e->journal, &e->at, err);

	if (code < 0 || !after || (!*after->journal && !after->seq))
		return code;
	code = hgt_journal_knows(e->journal, after, err);
	if (code == 0)
		return hgt_error_set(err, HGT_ENOENT, "the cursor is of another journal");
	if (code < 0 || after->seq == e->at.chain.seq)
		return code < 0 ? code : 0;
	code = hgt_journal_stmt(e->journal, HGT_SQL_OLDEST, &stmt, err);
	if (code < 0)
		return code;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)after->seq);
	code = hgt_journal_step(e->journal, stmt, err);
	if (code == 1 && sqlite3_column_bytes(stmt, 2) == HGT_SHA256_SIZE) {
		e->at.chain.seq = after->seq;
		memcpy(e->at.chain.hash, sqlite3_column_blob(stmt, 2), HGT_SHA256_SIZE);
		code = hgt_journal_id_at(e->journal, after->seq, e->at.id, err);
	} else if (code >= 0) {
		code = hgt_error_set(err, HGT_ENOENT, after->seq < e->at.chain.seq ? "the journal no longer holds what comes after the cursor" :
			"the cursor is ahead of the journal");
	}
	hgt_journal_reset(stmt);
	return code;
}

static int put_all(struct exporting *e, const struct hgt_cursor *after, struct hgt_error *err)
{
	struct hgt_json json = HGT_JSON_INIT(&e->line);
	unsigned n;
	int code = find_start(e, after, err);

	if (code < 0)
		return code;
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "journal", e->at.id);
	add_place(&json, &e->at.chain);
	hgt_json_end_object(&json);
	code = put(e, err);
	do {
		if (code == 0)
			code = put_slice(e, &n, err);
	} while (code == 0 && n == SLICE_ROWS);
	if (code < 0)
		return code;
	json = (struct hgt_json)HGT_JSON_INIT(&e->line);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "journal", hgt_journal_id(e->journal));
	hgt_json_key_uint(&json, "events", e->n);
	add_place(&json, &e->at.chain);
	hgt_json_end_object(&json);
	return put(e, err);
}

int hgt_journal_export(const char *path, const struct hgt_cursor *after, hgt_export_cb cb, void *ctx, struct hgt_error *err)
{
	struct exporting e = {.cb = cb, .ctx = ctx, .line = HGT_BUF_INIT};
	int code = hgt_journal_open(path, HGT_JOURNAL_READ, &e.journal, err);

	if (code == 0)
		code = hgt_journal_prepare(e.journal, "SELECT seq, body, hash FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2", &e.rows, err);
	if (code == 0)
		code = put_all(&e, after, err);
	sqlite3_finalize(e.rows);
	hgt_journal_close(e.journal);
	hgt_buf_release(&e.line);
	return code;
}

/* Verifying: a line is what the export writes and nothing else, so it is read by its fixed parts. */

struct scan {
	const char *at, *end;
};

static bool skip(struct scan *s, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, text, len) != 0)
		return false;
	s->at += len;
	return true;
}

static bool scan_number(struct scan *s, uint64_t *out)
{
	char digits[24];
	size_t n = 0;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && n + 1 < sizeof(digits))
		digits[n++] = *s->at++;
	digits[n] = '\0';
	return hgt_parse_u64(digits, INT64_MAX, out) == 0;
}

static bool scan_id(struct scan *s, char id[HGT_JOURNAL_ID_HEX + 1])
{
	unsigned char bytes[HGT_JOURNAL_ID_HEX / 2];

	if (s->end - s->at < HGT_JOURNAL_ID_HEX || !hgt_unhex(s->at, bytes, sizeof(bytes)))
		return false;
	memcpy(id, s->at, HGT_JOURNAL_ID_HEX);
	id[HGT_JOURNAL_ID_HEX] = '\0';
	s->at += HGT_JOURNAL_ID_HEX;
	return true;
}

/* "seq":N,"hash":"HEX" */
static bool scan_place(struct scan *s, struct hgt_journal_chain *out)
{
	if (!skip(s, "\"seq\":") || !scan_number(s, &out->seq) || !skip(s, ",\"hash\":\"") || s->end - s->at < HGT_SHA256_HEX ||
		!hgt_unhex(s->at, out->hash, HGT_SHA256_SIZE))
		return false;
	s->at += HGT_SHA256_HEX - 1;
	return skip(s, "\"");
}

static int bad_line(const struct hgt_export_check *check, const char *problem, struct hgt_error *err)
{
	return hgt_error_set(err, HGT_ECORRUPT, "export: line %" PRIu64 " %s", check->line, problem);
}

static int check_first(struct hgt_export_check *check, struct scan *s, struct hgt_error *err)
{
	struct hgt_journal_chain chain, start;

	if (!skip(s, "{\"journal\":\"") || !scan_id(s, check->id) || !skip(s, "\",") || !scan_place(s, &chain) || !skip(s, "}") ||
		s->at != s->end)
		return bad_line(check, "does not say where an export begins", err);
	hgt_journal_chain_start(check->id, &start);
	if (chain.seq == 0 && memcmp(chain.hash, start.hash, sizeof(chain.hash)) != 0)
		return bad_line(check, "has a hash that is not that of the journal's id", err);
	check->seq = chain.seq;
	memcpy(check->hash, chain.hash, sizeof(check->hash));
	return 0;
}

static int check_last(struct hgt_export_check *check, struct scan *s, struct hgt_error *err)
{
	struct hgt_journal_chain chain;
	char id[HGT_JOURNAL_ID_HEX + 1];
	uint64_t events;

	if (!scan_id(s, id) || !skip(s, "\",\"events\":") || !scan_number(s, &events) || !skip(s, ",") || !scan_place(s, &chain) ||
		!skip(s, "}") || s->at != s->end)
		return bad_line(check, "does not say where an export ends", err);
	if (strcmp(id, check->id) != 0 || events != check->rows || chain.seq != check->seq ||
		memcmp(chain.hash, check->hash, sizeof(check->hash)) != 0)
		return bad_line(check, "names another end than the lines before it come to", err);
	check->ended = true;
	return 0;
}

static int check_row(struct hgt_export_check *check, struct scan *s, struct hgt_error *err)
{
	struct hgt_journal_chain said, chain = {.seq = check->seq};
	struct scan body;
	char id[HGT_JOURNAL_ID_HEX + 1];
	uint64_t seq;

	if (!skip(s, "{") || !scan_place(s, &said) || !skip(s, ",\"event\":") || s->at == s->end || s->end[-1] != '}')
		return bad_line(check, "is no row of a journal", err);
	s->end--;
	if (said.seq != check->seq + 1)
		return hgt_error_set(err, HGT_ECORRUPT, "export: line %" PRIu64 ": row %" PRIu64 " is missing", check->line, check->seq + 1);
	memcpy(chain.hash, check->hash, sizeof(chain.hash));
	hgt_journal_chain_next(&chain, s->at, (size_t)(s->end - s->at));
	if (memcmp(chain.hash, said.hash, sizeof(chain.hash)) != 0)
		return hgt_error_set(err, HGT_ECORRUPT, "export: line %" PRIu64 ": row %" PRIu64
			": its hash does not follow from its body and the row before", check->line, said.seq);
	body = *s;
	if (!skip(&body, "{\"specversion\":\"1.0\",\"id\":\"") || !scan_id(&body, id) || !skip(&body, ".") || !scan_number(&body, &seq) ||
		seq != said.seq)
		return hgt_error_set(err, HGT_ECORRUPT, "export: line %" PRIu64 ": row %" PRIu64 ": its id is not what its event says", check->line,
			said.seq);
	memcpy(check->id, id, sizeof(id));
	memcpy(check->hash, chain.hash, sizeof(check->hash));
	check->seq = said.seq;
	check->rows++;
	return 0;
}

int hgt_export_check_line(struct hgt_export_check *check, const char *line, size_t len, struct hgt_error *err)
{
	struct scan s = {line, line + len};

	check->line++;
	if (check->ended)
		return bad_line(check, "comes after the end", err);
	if (check->line == 1)
		return check_first(check, &s, err);
	if (skip(&s, "{\"journal\":\""))
		return check_last(check, &s, err);
	return check_row(check, &s, err);
}

int hgt_export_check_end(const struct hgt_export_check *check, struct hgt_error *err)
{
	if (check->ended)
		return 0;
	return hgt_error_set(err, HGT_ECORRUPT, "export: it ends after line %" PRIu64 ", row %" PRIu64 ", without saying so: what came then is missing",
		check->line, check->seq);
}
