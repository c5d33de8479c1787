/* Webhooks in the journal's database. */
#include "journal/deliveries.h"

#include "journal/database.h"

#define COLUMNS "target, seq, delivery, type, repo, ref, state, attempts, first_ms, tried_ms, next_ms, status, answer, error"

static const char *const names[] = {
	[HGT_DELIVERY_WAITING] = "waiting",
	[HGT_DELIVERY_DELIVERED] = "delivered",
	[HGT_DELIVERY_PARKED] = "parked",
	[HGT_DELIVERY_QUEUED] = "queued",
};
#define STATES (sizeof(names) / sizeof(names[0]))

const char *hgt_delivery_state_name(enum hgt_delivery_state state)
{
	return names[state];
}

int hgt_delivery_state_parse(const char *name)
{
	for (size_t i = 0; i < STATES; i++)
		if (!strcmp(names[i], name))
			return (int)i;
	return -1;
}

/* Run a statement that gives no row, then let it go. */
static int finish(struct hgt_journal *j, sqlite3_stmt *stmt, struct hgt_error *err)
{
	int code = hgt_journal_step(j, stmt, err);

	sqlite3_finalize(stmt);
	return code > 0 ? 0 : code;
}

int hgt_webhook_cursor_put(struct hgt_journal *j, const char *target, uint64_t seq, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "INSERT OR REPLACE INTO webhook_cursors (target, seq) VALUES (?1, ?2)", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, target);
	sqlite3_bind_int64(stmt, 2, (int64_t)seq);
	code = finish(j, stmt, err);
	/* What is settled does not wait: a cursor that a person has moved leaves such rows behind. */
	if (code == 0)
		code = hgt_journal_prepare(j, "DELETE FROM webhook_deliveries WHERE target = ?1 AND seq <= ?2 AND state = 'waiting'", &stmt, err);
	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, target);
	sqlite3_bind_int64(stmt, 2, (int64_t)seq);
	return finish(j, stmt, err);
}

int hgt_webhook_cursors(struct hgt_journal *j, hgt_webhook_cursor_cb cb, void *ctx, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "SELECT target, seq FROM webhook_cursors ORDER BY target", &stmt, err);

	if (code < 0)
		return code;
	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		code = cb(ctx, hgt_journal_column(stmt, 0), (uint64_t)sqlite3_column_int64(stmt, 1));
		if (code)
			break;
	}
	sqlite3_finalize(stmt);
	return code > 0 ? 0 : code;
}

int hgt_webhook_forget(struct hgt_journal *j, const char *target, struct hgt_error *err)
{
	static const char *const texts[] = {"DELETE FROM webhook_cursors WHERE target = ?1",
		"DELETE FROM webhook_deliveries WHERE target = ?1"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		sqlite3_stmt *stmt;
		int code = hgt_journal_prepare(j, texts[i], &stmt, err);

		if (code < 0)
			return code;
		hgt_journal_bind(stmt, 1, target);
		code = finish(j, stmt, err);
		if (code < 0)
			return code;
	}
	return 0;
}

int hgt_delivery_put(struct hgt_journal *j, const struct hgt_delivery_row *row, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "INSERT OR REPLACE INTO webhook_deliveries (" COLUMNS ") VALUES"
		" (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, row->target);
	sqlite3_bind_int64(stmt, 2, (int64_t)row->seq);
	hgt_journal_bind(stmt, 3, row->delivery);
	hgt_journal_bind(stmt, 4, row->type);
	hgt_journal_bind(stmt, 5, row->repo);
	hgt_journal_bind(stmt, 6, row->ref);
	hgt_journal_bind(stmt, 7, names[row->state]);
	sqlite3_bind_int64(stmt, 8, row->attempts);
	sqlite3_bind_int64(stmt, 9, row->first_ms);
	sqlite3_bind_int64(stmt, 10, row->tried_ms);
	sqlite3_bind_int64(stmt, 11, row->next_ms);
	sqlite3_bind_int(stmt, 12, row->status);
	hgt_journal_bind(stmt, 13, row->answer);
	hgt_journal_bind(stmt, 14, row->error);
	return finish(j, stmt, err);
}

static int trim(struct hgt_journal *j, const char *target, const char *state, unsigned keep, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "DELETE FROM webhook_deliveries WHERE target = ?1 AND state = ?2 AND seq <= (SELECT seq FROM"
		" webhook_deliveries WHERE target = ?1 AND state = ?2 ORDER BY seq DESC LIMIT 1 OFFSET ?3)", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, target);
	hgt_journal_bind(stmt, 2, state);
	sqlite3_bind_int64(stmt, 3, keep);
	return finish(j, stmt, err);
}

int hgt_deliveries_trim(struct hgt_journal *j, const char *target, unsigned keep, uint64_t *dropped, struct hgt_error *err)
{
	int code = trim(j, target, names[HGT_DELIVERY_DELIVERED], keep, err);

	if (code == 0)
		code = trim(j, target, names[HGT_DELIVERY_PARKED], keep, err);
	if (code == 0 && dropped)
		*dropped = (uint64_t)sqlite3_changes(j->db);
	return code;
}

static int each(struct hgt_journal *j, sqlite3_stmt *stmt, hgt_delivery_cb cb, void *ctx, struct hgt_error *err)
{
	int code;

	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		int state = hgt_delivery_state_parse(hgt_journal_column(stmt, 6));
		const struct hgt_delivery_row row = {
			.target = hgt_journal_column(stmt, 0), .seq = (uint64_t)sqlite3_column_int64(stmt, 1),
			.delivery = hgt_journal_column(stmt, 2), .type = hgt_journal_column(stmt, 3),
			.repo = hgt_journal_column(stmt, 4), .ref = hgt_journal_column(stmt, 5),
			.state = state < 0 ? HGT_DELIVERY_PARKED : (enum hgt_delivery_state)state,
			.attempts = (unsigned)sqlite3_column_int64(stmt, 7), .first_ms = sqlite3_column_int64(stmt, 8),
			.tried_ms = sqlite3_column_int64(stmt, 9), .next_ms = sqlite3_column_int64(stmt, 10),
			.status = sqlite3_column_int(stmt, 11), .answer = hgt_journal_column(stmt, 12),
			.error = hgt_journal_column(stmt, 13),
		};

		code = cb(ctx, &row);
		if (code)
			break;
	}
	sqlite3_finalize(stmt);
	return code > 0 ? 0 : code;
}

int hgt_deliveries(struct hgt_journal *j, const char *target, int state, unsigned most, hgt_delivery_cb cb, void *ctx,
	struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "SELECT " COLUMNS " FROM webhook_deliveries WHERE (?1 = '' OR target = ?1) AND"
		" (?2 = '' OR state = ?2) ORDER BY tried_ms DESC, seq DESC LIMIT ?3", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, target);
	hgt_journal_bind(stmt, 2, state < 0 ? "" : names[state]);
	sqlite3_bind_int64(stmt, 3, most);
	return each(j, stmt, cb, ctx, err);
}

int hgt_delivery_first(struct hgt_journal *j, const char *target, enum hgt_delivery_state state, hgt_delivery_cb cb, void *ctx,
	struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j,
		"SELECT " COLUMNS " FROM webhook_deliveries WHERE target = ?1 AND state = ?2 ORDER BY seq LIMIT 1",
		&stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, target);
	hgt_journal_bind(stmt, 2, names[state]);
	return each(j, stmt, cb, ctx, err);
}

int hgt_deliveries_count(struct hgt_journal *j, const char *target, enum hgt_delivery_state state, uint64_t *n,
	struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "SELECT count(*) FROM webhook_deliveries WHERE target = ?1 AND state = ?2", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, target);
	hgt_journal_bind(stmt, 2, names[state]);
	code = hgt_journal_step(j, stmt, err);
	if (code == 1)
		*n = (uint64_t)sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return code > 0 ? 0 : code;
}

int hgt_deliveries_queue(struct hgt_journal *j, const char *target, const char *delivery, uint64_t *n, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, delivery
		? "UPDATE webhook_deliveries SET state = 'queued', next_ms = 0 WHERE target = ?1 AND delivery = ?2 AND state <> 'waiting'"
		: "UPDATE webhook_deliveries SET state = 'queued', next_ms = 0 WHERE target = ?1 AND state = 'parked'", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, target);
	if (delivery)
		hgt_journal_bind(stmt, 2, delivery);
	code = finish(j, stmt, err);
	if (code < 0)
		return code;
	if (!sqlite3_changes(j->db))
		return hgt_error_set(err, HGT_ENOENT, delivery ? "there is no such delivery of this webhook that has ended; "
			"headgate webhook deliveries lists them" : "nothing of this webhook is parked");
	*n = (uint64_t)sqlite3_changes(j->db);
	return 0;
}

int hgt_inbound_claim(struct hgt_journal *j, const char *inbound, const char *key, int64_t now_ms, int64_t window_ms,
	struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "DELETE FROM inbound_seen WHERE inbound = ?1 AND time_ms < ?2", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, inbound);
	sqlite3_bind_int64(stmt, 2, now_ms - window_ms);
	code = finish(j, stmt, err);
	if (code == 0)
		code = hgt_journal_prepare(j, "INSERT OR IGNORE INTO inbound_seen (inbound, key, time_ms) VALUES (?1, ?2, ?3)", &stmt, err);
	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, inbound);
	hgt_journal_bind(stmt, 2, key);
	sqlite3_bind_int64(stmt, 3, now_ms);
	code = finish(j, stmt, err);
	if (code == 0 && !sqlite3_changes(j->db))
		code = hgt_error_set(err, HGT_EEXIST, "this delivery has been taken before");
	return code;
}
