/* What mirrors know of the Headgate upstream. Each statement is rare, so none is kept prepared. */
#include "journal/peers.h"

#include "journal/database.h"

static int run(struct hgt_journal *j, sqlite3_stmt *stmt, struct hgt_error *err)
{
	int code = hgt_journal_step(j, stmt, err);

	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}

int hgt_feed_put(struct hgt_journal *j, const char *mirror, const char *server, const char *cursor, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "INSERT OR REPLACE INTO mirror_feeds (mirror, server, cursor) VALUES (?1, ?2, ?3)", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, mirror);
	hgt_journal_bind(stmt, 2, server);
	hgt_journal_bind(stmt, 3, cursor);
	return run(j, stmt, err);
}

int hgt_feed_get(struct hgt_journal *j, const char *mirror, const char *server, struct hgt_buf *cursor, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "SELECT cursor FROM mirror_feeds WHERE mirror = ?1 AND server = ?2", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, mirror);
	hgt_journal_bind(stmt, 2, server);
	code = hgt_journal_step(j, stmt, err);
	if (code == 1)
		hgt_buf_adds(cursor, hgt_journal_column(stmt, 0));
	sqlite3_finalize(stmt);
	return code < 0 ? code : hgt_buf_check(cursor, err);
}

int hgt_peer_put(struct hgt_journal *j, const char *mirror, const struct hgt_peer_row *row, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "INSERT OR REPLACE INTO mirror_peers (mirror, role, phase, term, attempt, ceded, heard, since_ms, met_ms)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, mirror);
	hgt_journal_bind(stmt, 2, hgt_peer_role_name(row->peer.role));
	hgt_journal_bind(stmt, 3, hgt_peer_phase_name(row->peer.phase));
	sqlite3_bind_int64(stmt, 4, (sqlite3_int64)row->peer.term);
	sqlite3_bind_int64(stmt, 5, (sqlite3_int64)row->peer.attempt);
	sqlite3_bind_int64(stmt, 6, (sqlite3_int64)row->peer.ceded);
	sqlite3_bind_int64(stmt, 7, (sqlite3_int64)row->peer.heard);
	sqlite3_bind_int64(stmt, 8, row->since_ms);
	sqlite3_bind_int64(stmt, 9, row->met_ms);
	return run(j, stmt, err);
}

int hgt_peer_met(struct hgt_journal *j, const char *mirror, int64_t met_ms, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "UPDATE mirror_peers SET met_ms = ?2 WHERE mirror = ?1", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, mirror);
	sqlite3_bind_int64(stmt, 2, met_ms);
	return run(j, stmt, err);
}

int hgt_peer_get(struct hgt_journal *j, const char *mirror, struct hgt_peer_row *row, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int role, phase, code = hgt_journal_prepare(j, "SELECT role, phase, term, attempt, ceded, heard, since_ms, met_ms FROM mirror_peers"
		" WHERE mirror = ?1", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, mirror);
	code = hgt_journal_step(j, stmt, err);
	if (code == 1) {
		struct hgt_peer_row found = {{.term = (uint64_t)sqlite3_column_int64(stmt, 2), .attempt = (uint64_t)sqlite3_column_int64(stmt, 3),
			.ceded = (uint64_t)sqlite3_column_int64(stmt, 4), .heard = (uint64_t)sqlite3_column_int64(stmt, 5)},
			sqlite3_column_int64(stmt, 6), sqlite3_column_int64(stmt, 7)};

		role = hgt_peer_role_parse(hgt_journal_column(stmt, 0));
		phase = hgt_peer_phase_parse(hgt_journal_column(stmt, 1));
		found.peer.role = role < 0 ? HGT_PEER_FOLLOWER : (enum hgt_peer_role)role;
		found.peer.phase = phase < 0 ? HGT_PEER_OPEN : (enum hgt_peer_phase)phase;
		code = role >= 0 && phase >= 0 && hgt_peer_is_sound(&found.peer);
		if (code == 1)
			*row = found;
		else	/* A leader made of nothing would be one too many. */
			code = hgt_error_set(err, HGT_ECORRUPT, "journal: what is kept of the peer of mirror %s cannot be", mirror);
	}
	sqlite3_finalize(stmt);
	return code;
}
