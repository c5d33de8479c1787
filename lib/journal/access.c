/* Who may do what: tokens, scopes of agents, replaced secrets. Each statement is rare, so none is kept prepared. */
#include "journal/access.h"

#include "journal/database.h"

static const char *const owners[] = {[HGT_SECRET_AGENT] = "agent", [HGT_SECRET_TOKEN] = "token"};

/* A statement that gives no row: the values are texts, then numbers. */
static int run(struct hgt_journal *j, const char *sql, const char *const *texts, size_t n_texts, const int64_t *numbers,
	size_t n_numbers, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, sql, &stmt, err);

	if (code < 0)
		return code;
	for (size_t i = 0; i < n_texts; i++)
		hgt_journal_bind(stmt, (int)i + 1, texts[i]);
	for (size_t i = 0; i < n_numbers; i++)
		sqlite3_bind_int64(stmt, (int)(n_texts + i) + 1, numbers[i]);
	code = hgt_journal_step(j, stmt, err);
	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}

int hgt_journal_token_put(struct hgt_journal *j, const struct hgt_token_row *token, struct hgt_error *err)
{
	const char *const texts[] = {token->name, token->role, token->scope, token->token_hash};

	return run(j, "INSERT OR REPLACE INTO tokens (name, role, scope, token_hash, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)", texts, 4,
		&token->created_ms, 1, err);
}

static int forget_old(struct hgt_journal *j, enum hgt_secret_owner owner, const char *name, struct hgt_error *err)
{
	const char *const texts[] = {owners[owner], name};

	return run(j, "DELETE FROM old_secrets WHERE owner = ?1 AND name = ?2", texts, 2, NULL, 0, err);
}

int hgt_journal_token_remove(struct hgt_journal *j, const char *name, struct hgt_error *err)
{
	int code = run(j, "DELETE FROM tokens WHERE name = ?1", &name, 1, NULL, 0, err);

	if (code == 0 && sqlite3_changes(j->db) == 0)
		code = hgt_error_set(err, HGT_ENOENT, "there is no token %s", name);
	return code < 0 ? code : forget_old(j, HGT_SECRET_TOKEN, name, err);
}

int hgt_journal_tokens(struct hgt_journal *j, hgt_journal_token_cb cb, void *ctx, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "SELECT name, role, scope, token_hash, created_ms FROM tokens ORDER BY name", &stmt, err);

	if (code < 0)
		return code;
	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		const struct hgt_token_row token = {
			.name = hgt_journal_column(stmt, 0),
			.role = hgt_journal_column(stmt, 1),
			.scope = hgt_journal_column(stmt, 2),
			.token_hash = hgt_journal_column(stmt, 3),
			.created_ms = sqlite3_column_int64(stmt, 4),
		};

		code = cb(ctx, &token);
		if (code != 0)
			break;
	}
	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}

int hgt_journal_agent_access_put(struct hgt_journal *j, const char *agent, const char *scope, const char *certificate,
	struct hgt_error *err)
{
	const char *const texts[] = {agent, scope, certificate};

	return run(j, "INSERT OR REPLACE INTO agent_access (agent, scope, certificate) VALUES (?1, ?2, ?3)", texts, 3, NULL, 0, err);
}

int hgt_journal_agent_accesses(struct hgt_journal *j, hgt_journal_agent_access_cb cb, void *ctx, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "SELECT agent, scope, certificate FROM agent_access ORDER BY agent", &stmt, err);

	if (code < 0)
		return code;
	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		code = cb(ctx, hgt_journal_column(stmt, 0), hgt_journal_column(stmt, 1), hgt_journal_column(stmt, 2));
		if (code != 0)
			break;
	}
	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}

int hgt_journal_agent_access_remove(struct hgt_journal *j, const char *agent, struct hgt_error *err)
{
	int code = run(j, "DELETE FROM agent_access WHERE agent = ?1", &agent, 1, NULL, 0, err);

	return code < 0 ? code : forget_old(j, HGT_SECRET_AGENT, agent, err);
}

int hgt_journal_agent_announce(struct hgt_journal *j, const char *agent, const char *instance, const char *info, int64_t seen_ms,
	struct hgt_error *err)
{
	const char *const texts[] = {agent, instance, info};
	int code = run(j, "UPDATE agents SET instance = ?2, info = ?3, seen_ms = ?4 WHERE name = ?1", texts, 3, &seen_ms, 1, err);

	if (code == 0 && sqlite3_changes(j->db) == 0)
		code = hgt_error_set(err, HGT_ENOENT, "there is no agent %s", agent);
	return code;
}

int hgt_journal_secret_rotate(struct hgt_journal *j, enum hgt_secret_owner owner, const char *name, const char *new_hash,
	const char *old_hash, int64_t until_ms, struct hgt_error *err)
{
	const char *const now[] = {name, new_hash};
	const char *const before[] = {owners[owner], name, old_hash};
	int code = run(j, owner == HGT_SECRET_AGENT ? "UPDATE agents SET token_hash = ?2 WHERE name = ?1" :
		"UPDATE tokens SET token_hash = ?2 WHERE name = ?1", now, 2, NULL, 0, err);

	if (code == 0 && sqlite3_changes(j->db) == 0)
		code = hgt_error_set(err, HGT_ENOENT, "there is no %s %s", owners[owner], name);
	if (code < 0)
		return code;
	return run(j, "INSERT OR REPLACE INTO old_secrets (owner, name, token_hash, until_ms) VALUES (?1, ?2, ?3, ?4)", before, 3,
		&until_ms, 1, err);
}

int hgt_journal_old_secrets(struct hgt_journal *j, hgt_journal_old_secret_cb cb, void *ctx, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "SELECT owner, name, token_hash, until_ms FROM old_secrets", &stmt, err);

	if (code < 0)
		return code;
	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		bool agents = strcmp(hgt_journal_column(stmt, 0), owners[HGT_SECRET_AGENT]) == 0;

		code = cb(ctx, agents ? HGT_SECRET_AGENT : HGT_SECRET_TOKEN, hgt_journal_column(stmt, 1), hgt_journal_column(stmt, 2),
			sqlite3_column_int64(stmt, 3));
		if (code != 0)
			break;
	}
	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}
