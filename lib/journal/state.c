/* What the journal's events add up to: refs, unexplained moves, pushes taken in, agents, reports. */
#include "journal/database.h"

#include "base/timing.h"
#include "git/update.h"

/* The ref moves on: where it was is no longer what has to be kept. */
static int release_kept(struct hgt_journal *j, const char *repo, const char *ref, struct hgt_error *err)
{
	char id[HGT_JOURNAL_OID_TEXT];
	uint64_t seq;
	int code;

	if (!j->kept.cut)
		return 0;
	code = hgt_journal_get_ref(j, repo, ref, id, &seq, err);
	if (code == 0 && *id && seq <= j->kept.cut)
		hgt_kept_take(&j->kept, repo, ref, id, seq);
	return code;
}

int hgt_journal_set_ref(struct hgt_journal *j, const char *repo, const char *ref, const char *id, uint64_t seq, struct hgt_error *err)
{
	bool gone = hgt_oid_is_zero(id);
	sqlite3_stmt *stmt;
	int code = release_kept(j, repo, ref, err);

	if (code == 0)
		code = hgt_journal_stmt(j, gone ? HGT_SQL_REF_FORGET : HGT_SQL_REF_SET, &stmt, err);
	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, repo);
	hgt_journal_bind(stmt, 2, ref);
	if (!gone) {
		hgt_journal_bind(stmt, 3, id);
		sqlite3_bind_int64(stmt, 4, (sqlite3_int64)seq);
	}
	return hgt_journal_run(j, stmt, err);
}

int hgt_journal_get_ref(struct hgt_journal *j, const char *repo, const char *ref, char id[HGT_JOURNAL_OID_TEXT], uint64_t *seq,
	struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_REF_GET, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, repo);
	hgt_journal_bind(stmt, 2, ref);
	code = hgt_journal_step(j, stmt, err);
	if (code >= 0) {
		snprintf(id, HGT_JOURNAL_OID_TEXT, "%s", code == 1 ? hgt_journal_column(stmt, 0) : "");
		if (seq)
			*seq = code == 1 ? (uint64_t)sqlite3_column_int64(stmt, 1) : 0;
	}
	hgt_journal_reset(stmt);
	return code < 0 ? code : 0;
}

/* Each row of a bound statement over refs. */
static int each_ref(struct hgt_journal *j, sqlite3_stmt *stmt, hgt_journal_ref_cb cb, void *ctx, struct hgt_error *err)
{
	int code;

	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		code = cb(ctx, hgt_journal_column(stmt, 0), hgt_journal_column(stmt, 1), hgt_journal_column(stmt, 2),
			(uint64_t)sqlite3_column_int64(stmt, 3));
		if (code != 0)
			break;
	}
	hgt_journal_reset(stmt);
	return code < 0 ? code : 0;
}

int hgt_journal_refs(struct hgt_journal *j, const char *repo, hgt_journal_ref_cb cb, void *ctx, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code;

	if (!repo)
		return hgt_journal_refs_after(j, "", "", cb, ctx, err);
	code = hgt_journal_stmt(j, HGT_SQL_REFS, &stmt, err);
	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, repo);
	return each_ref(j, stmt, cb, ctx, err);
}

int hgt_journal_refs_after(struct hgt_journal *j, const char *repo, const char *ref, hgt_journal_ref_cb cb, void *ctx,
	struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_REFS_AFTER, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, repo);
	hgt_journal_bind(stmt, 2, ref);
	return each_ref(j, stmt, cb, ctx, err);
}

int hgt_journal_add_unexplained(struct hgt_journal *j, const char *repo, const char *ref, const char *old_id, const char *new_id,
	uint64_t seq, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_UNEXPLAINED_ADD, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, repo);
	hgt_journal_bind(stmt, 2, ref);
	hgt_journal_bind(stmt, 3, old_id);
	hgt_journal_bind(stmt, 4, new_id);
	sqlite3_bind_int64(stmt, 5, (sqlite3_int64)seq);
	code = hgt_journal_run(j, stmt, err);
	if (code == 0)
		code = hgt_journal_stmt(j, HGT_SQL_UNEXPLAINED_TRIM, &stmt, err);
	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, repo);
	hgt_journal_bind(stmt, 2, ref);
	return hgt_journal_run(j, stmt, err);
}

int hgt_journal_set_ref_time(struct hgt_journal *j, const char *repo, const char *ref, int64_t time_ms, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_REF_TIME_SET, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, repo);
	hgt_journal_bind(stmt, 2, ref);
	sqlite3_bind_int64(stmt, 3, time_ms);
	return hgt_journal_run(j, stmt, err);
}

int hgt_journal_get_ref_time(struct hgt_journal *j, const char *repo, const char *ref, int64_t *time_ms, int64_t *before_ms,
	struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_REF_TIME_GET, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, repo);
	hgt_journal_bind(stmt, 2, ref);
	code = hgt_journal_step(j, stmt, err);
	if (code >= 0) {
		*time_ms = code == 1 ? sqlite3_column_int64(stmt, 0) : 0;
		*before_ms = code == 1 ? sqlite3_column_int64(stmt, 1) : 0;
	}
	hgt_journal_reset(stmt);
	return code < 0 ? code : 0;
}

int hgt_journal_unexplained_from(struct hgt_journal *j, const char *repo, const char *ref, uint64_t seq,
	char old_id[HGT_JOURNAL_OID_TEXT], struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_UNEXPLAINED_FROM, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, repo);
	hgt_journal_bind(stmt, 2, ref);
	sqlite3_bind_int64(stmt, 3, (sqlite3_int64)seq);
	code = hgt_journal_step(j, stmt, err);
	if (code >= 0)
		snprintf(old_id, HGT_JOURNAL_OID_TEXT, "%s", code == 1 ? hgt_journal_column(stmt, 0) : "");
	hgt_journal_reset(stmt);
	return code < 0 ? code : 0;
}

static int find_seen(struct hgt_journal *j, enum hgt_journal_sql sql, const char *repo, const char *ref, const char *old_id,
	const char *new_id, uint64_t *seq, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, sql, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, repo);
	hgt_journal_bind(stmt, 2, ref);
	hgt_journal_bind(stmt, 3, old_id);
	hgt_journal_bind(stmt, 4, new_id);
	code = hgt_journal_step(j, stmt, err);
	if (code >= 0)
		*seq = code == 1 ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
	hgt_journal_reset(stmt);
	return code < 0 ? code : 0;
}

int hgt_journal_explain(struct hgt_journal *j, const char *repo, const char *ref, const char *old_id, const char *new_id,
	uint64_t *seq, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	uint64_t found;
	int code = find_seen(j, HGT_SQL_UNEXPLAINED_FIND, repo, ref, old_id, new_id, &found, err);

	if (code == 0 && found) {
		code = hgt_journal_stmt(j, HGT_SQL_UNEXPLAINED_TAKE, &stmt, err);
		if (code < 0)
			return code;
		hgt_journal_bind(stmt, 1, repo);
		hgt_journal_bind(stmt, 2, ref);
		sqlite3_bind_int64(stmt, 3, (sqlite3_int64)found);
		code = hgt_journal_run(j, stmt, err);
	}
	if (code == 0)
		*seq = found;
	return code;
}

int hgt_journal_explain_end(struct hgt_journal *j, const char *repo, const char *ref, const char *old_id, const char *new_id,
	uint64_t *seq, struct hgt_error *err)
{
	/* From nowhere and to nowhere may have been at any time. */
	return find_seen(j, HGT_SQL_UNEXPLAINED_END, repo, ref, hgt_oid_is_zero(old_id) ? NULL : old_id,
		hgt_oid_is_zero(new_id) ? NULL : new_id, seq, err);
}

int hgt_journal_claim_push(struct hgt_journal *j, const char *push, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_PUSH_CLAIM, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, push);
	sqlite3_bind_int64(stmt, 2, hgt_time_now_ms());
	code = hgt_journal_run(j, stmt, err);
	if (code == 0 && sqlite3_changes(j->db) == 0)
		code = hgt_error_set(err, HGT_EEXIST, "journal: push %s has been taken in already", push);
	return code;
}

int hgt_journal_agent_put(struct hgt_journal *j, const struct hgt_agent_row *agent, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_AGENT_PUT, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, agent->name);
	hgt_journal_bind(stmt, 2, agent->kind);
	hgt_journal_bind(stmt, 3, agent->allow);
	hgt_journal_bind(stmt, 4, agent->token_hash);
	sqlite3_bind_int64(stmt, 5, agent->created_ms);
	hgt_journal_bind(stmt, 6, agent->instance);
	hgt_journal_bind(stmt, 7, agent->info);
	sqlite3_bind_int64(stmt, 8, agent->seen_ms);
	code = hgt_journal_run(j, stmt, err);
	if (code == 0)
		code = hgt_journal_stmt(j, HGT_SQL_REPORTS_KEEP, &stmt, err);
	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, agent->name);
	hgt_journal_bind(stmt, 2, agent->info);
	return hgt_journal_run(j, stmt, err);
}

int hgt_journal_agent_remove(struct hgt_journal *j, const char *name, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_AGENT_REMOVE, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, name);
	code = hgt_journal_run(j, stmt, err);
	if (code == 0 && sqlite3_changes(j->db) == 0)
		code = hgt_error_set(err, HGT_ENOENT, "there is no agent %s", name);
	if (code == 0)
		code = hgt_journal_stmt(j, HGT_SQL_REPORTS_REMOVE, &stmt, err);
	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, name);
	return hgt_journal_run(j, stmt, err);
}

int hgt_journal_agents(struct hgt_journal *j, hgt_journal_agent_cb cb, void *ctx, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_AGENTS, &stmt, err);

	if (code < 0)
		return code;
	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		const struct hgt_agent_row agent = {
			.name = hgt_journal_column(stmt, 0),
			.kind = hgt_journal_column(stmt, 1),
			.allow = hgt_journal_column(stmt, 2),
			.token_hash = hgt_journal_column(stmt, 3),
			.created_ms = sqlite3_column_int64(stmt, 4),
			.instance = hgt_journal_column(stmt, 5),
			.info = hgt_journal_column(stmt, 6),
			.seen_ms = sqlite3_column_int64(stmt, 7),
		};

		code = cb(ctx, &agent);
		if (code != 0)
			break;
	}
	hgt_journal_reset(stmt);
	return code < 0 ? code : 0;
}

int hgt_journal_report_put(struct hgt_journal *j, const char *agent, const char *target, const char *report, size_t len,
	int64_t time_ms, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_REPORT_PUT, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, agent);
	hgt_journal_bind(stmt, 2, target);
	sqlite3_bind_text64(stmt, 3, report, len, SQLITE_STATIC, SQLITE_UTF8);
	sqlite3_bind_int64(stmt, 4, time_ms);
	return hgt_journal_run(j, stmt, err);
}

int hgt_journal_reports(struct hgt_journal *j, hgt_journal_report_cb cb, void *ctx, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_REPORTS, &stmt, err);

	if (code < 0)
		return code;
	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		const char *report = hgt_journal_column(stmt, 2);

		code = cb(ctx, hgt_journal_column(stmt, 0), hgt_journal_column(stmt, 1), report,
			(size_t)sqlite3_column_bytes(stmt, 2), sqlite3_column_int64(stmt, 3));
		if (code != 0)
			break;
	}
	hgt_journal_reset(stmt);
	return code < 0 ? code : 0;
}
