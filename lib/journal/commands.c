/* Commands that agents have not acknowledged. Each statement is rare, so none is kept prepared. */
#include "journal/commands.h"

#include <inttypes.h>

#include "headgate/protocol.h"
#include "journal/database.h"
#include "journal/lineage.h"

/* What a command says is what its event says; where that is gone, nothing tells. */
static const char verify_sql[] = "SELECT c.seq FROM commands c LEFT JOIN events e ON e.seq = c.seq WHERE c.seq > ?1 AND (e.seq IS NULL"
	" OR e.type <> '" HGT_EVENT_SYNC_REQUESTED "' OR e.subject <> c.agent || '/' || c.target OR CASE WHEN json_valid(c.body) THEN"
	" json_extract(c.body, '$.id') IS NOT json_extract(e.body, '$.id')"
	" OR json_extract(c.body, '$.target') IS NOT json_extract(e.body, '$.data.target')"
	" OR json_extract(c.body, '$.action') IS NOT json_extract(e.body, '$.data.action')"
	" OR json_extract(c.body, '$.revision') IS NOT json_extract(e.body, '$.data.revision')"
	" OR json_extract(c.body, '$.actor') IS NOT json_extract(e.body, '$.data.actor') ELSE 1 END) ORDER BY c.seq LIMIT 1";

/* A statement that gives no row, with its parameters bound. */
static int run(struct hgt_journal *j, sqlite3_stmt *stmt, struct hgt_error *err)
{
	int code = hgt_journal_step(j, stmt, err);

	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}

int hgt_journal_command_add(struct hgt_journal *j, const struct hgt_command_row *command, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "INSERT INTO commands (seq, agent, target, body) VALUES (?1, ?2, ?3, ?4)", &stmt, err);

	if (code < 0)
		return code;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)command->seq);
	hgt_journal_bind(stmt, 2, command->agent);
	hgt_journal_bind(stmt, 3, command->target);
	sqlite3_bind_text64(stmt, 4, command->body, command->body_len, SQLITE_STATIC, SQLITE_UTF8);
	return run(j, stmt, err);
}

static int no_such(const char *agent, const struct hgt_cursor *id, struct hgt_error *err)
{
	return hgt_error_set(err, HGT_ENOENT, "agent %s has been given no command %s.%" PRIu64, agent, id->journal, id->seq);
}

/* Whether the event of that seq is a command of the agent; 1 also when retention has taken it. */
static int was_given(struct hgt_journal *j, const char *agent, uint64_t seq, struct hgt_error *err)
{
	const size_t len = strlen(agent);
	struct hgt_journal_start start;
	sqlite3_stmt *stmt;
	int code = hgt_journal_get_start(j, &start, err);

	if (code < 0)
		return code;
	if (seq <= start.chain.seq)
		return 1;
	code = hgt_journal_prepare(j, "SELECT type, subject FROM events WHERE seq = ?1", &stmt, err);
	if (code < 0)
		return code;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)seq);
	code = hgt_journal_step(j, stmt, err);
	if (code == 1) {
		const char *subject = hgt_journal_column(stmt, 1);

		code = strcmp(hgt_journal_column(stmt, 0), HGT_EVENT_SYNC_REQUESTED) == 0 && strncmp(subject, agent, len) == 0 &&
			subject[len] == '/';
	}
	sqlite3_finalize(stmt);
	return code;
}

int hgt_journal_command_end(struct hgt_journal *j, const char *agent, const struct hgt_cursor *id, struct hgt_error *err)
{
	char journal[HGT_JOURNAL_ID_HEX + 1];
	sqlite3_stmt *stmt;
	int code;

	if (!id->seq || id->seq > INT64_MAX)
		return no_such(agent, id, err);
	code = hgt_journal_id_at(j, id->seq, journal, err);
	if (code == 0 && strcmp(journal, id->journal) != 0)
		code = no_such(agent, id, err);
	if (code == 0)
		code = hgt_journal_prepare(j, "DELETE FROM commands WHERE seq = ?1 AND agent = ?2", &stmt, err);
	if (code < 0)
		return code;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)id->seq);
	hgt_journal_bind(stmt, 2, agent);
	code = run(j, stmt, err);
	if (code < 0 || sqlite3_changes(j->db) > 0)
		return code;
	code = was_given(j, agent, id->seq, err);
	if (code == 0)
		return no_such(agent, id, err);
	return code < 0 ? code : 0;
}

int hgt_journal_commands_forget(struct hgt_journal *j, const char *agent, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "DELETE FROM commands WHERE agent = ?1", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, agent);
	return run(j, stmt, err);
}

int hgt_journal_commands(struct hgt_journal *j, hgt_journal_command_cb cb, void *ctx, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "SELECT seq, agent, target, body FROM commands ORDER BY seq", &stmt, err);

	if (code < 0)
		return code;
	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		const struct hgt_command_row command = {
			.seq = (uint64_t)sqlite3_column_int64(stmt, 0),
			.agent = hgt_journal_column(stmt, 1),
			.target = hgt_journal_column(stmt, 2),
			.body = hgt_journal_column(stmt, 3),
			.body_len = (size_t)sqlite3_column_bytes(stmt, 3),
		};

		code = cb(ctx, &command);
		if (code != 0)
			break;
	}
	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}

int hgt_commands_verify(struct hgt_journal *j, struct hgt_error *err)
{
	struct hgt_journal_start start;
	sqlite3_stmt *stmt = NULL;
	bool has = false;
	int code = hgt_journal_has_table(j, "commands", &has, err);

	if (code < 0 || !has)
		return code;
	code = hgt_journal_get_start(j, &start, err);
	if (code == 0)
		code = hgt_journal_prepare(j, verify_sql, &stmt, err);
	if (code < 0)
		return code;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)start.chain.seq);
	code = hgt_journal_step(j, stmt, err);
	if (code == 1)
		code = hgt_error_set(err, HGT_ECORRUPT, "journal: the command of row %" PRId64 " is not what its event says",
			(int64_t)sqlite3_column_int64(stmt, 0));
	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}
