/* Mirrors in the journal's database. Each statement is rare, so none is kept prepared. */
#include "journal/mirrors.h"

#include "headgate/protocol.h"
#include "journal/database.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const copy_states[] = {[HGT_COPY_NEW] = "new", [HGT_COPY_IN_STEP] = "in-step", [HGT_COPY_BEHIND] = "behind",
	[HGT_COPY_FAILING] = "failing", [HGT_COPY_STOPPED] = "stopped"};
static const char *const ref_states[] = {[HGT_COPY_REF_IN_STEP] = "in-step", [HGT_COPY_REF_BEHIND] = "behind",
	[HGT_COPY_REF_DIVERGED] = "diverged", [HGT_COPY_REF_HELD] = "held", [HGT_COPY_REF_REFUSED] = "refused"};

static int find(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(words[i], word))
			return (int)i;
	return -1;
}

const char *hgt_copy_state_name(enum hgt_copy_state state)
{
	return copy_states[state];
}

int hgt_copy_state_parse(const char *name)
{
	return find(copy_states, COUNT(copy_states), name);
}

const char *hgt_copy_ref_state_name(enum hgt_copy_ref_state state)
{
	return ref_states[state];
}

int hgt_copy_ref_state_parse(const char *name)
{
	return find(ref_states, COUNT(ref_states), name);
}

/* A statement that gives no row, with its parameters bound. */
static int run(struct hgt_journal *j, sqlite3_stmt *stmt, struct hgt_error *err)
{
	int code = hgt_journal_step(j, stmt, err);

	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}

int hgt_copy_put(struct hgt_journal *j, const struct hgt_copy_row *row, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "INSERT OR REPLACE INTO mirror_copies (mirror, repo, state, seq, paused, alerted, attempts, since_ms,"
		" tried_ms, ok_ms, verified_ms, next_ms, bytes, error) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
		&stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, row->mirror);
	hgt_journal_bind(stmt, 2, row->repo);
	hgt_journal_bind(stmt, 3, hgt_copy_state_name(row->state));
	sqlite3_bind_int64(stmt, 4, (sqlite3_int64)row->seq);
	sqlite3_bind_int(stmt, 5, row->paused);
	sqlite3_bind_int(stmt, 6, row->alerted);
	sqlite3_bind_int64(stmt, 7, row->attempts);
	sqlite3_bind_int64(stmt, 8, row->since_ms);
	sqlite3_bind_int64(stmt, 9, row->tried_ms);
	sqlite3_bind_int64(stmt, 10, row->ok_ms);
	sqlite3_bind_int64(stmt, 11, row->verified_ms);
	sqlite3_bind_int64(stmt, 12, row->next_ms);
	sqlite3_bind_int64(stmt, 13, (sqlite3_int64)row->bytes);
	hgt_journal_bind(stmt, 14, row->error);
	return run(j, stmt, err);
}

int hgt_copy_ref_put(struct hgt_journal *j, const struct hgt_copy_ref_row *row, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "INSERT OR REPLACE INTO mirror_refs (mirror, repo, ref, state, id, theirs, ours, since_ms, note)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, row->mirror);
	hgt_journal_bind(stmt, 2, row->repo);
	hgt_journal_bind(stmt, 3, row->ref);
	hgt_journal_bind(stmt, 4, hgt_copy_ref_state_name(row->state));
	hgt_journal_bind(stmt, 5, row->id);
	hgt_journal_bind(stmt, 6, row->theirs);
	hgt_journal_bind(stmt, 7, row->ours);
	sqlite3_bind_int64(stmt, 8, row->since_ms);
	hgt_journal_bind(stmt, 9, row->note);
	return run(j, stmt, err);
}

int hgt_copy_ref_forget(struct hgt_journal *j, const char *mirror, const char *repo, const char *ref, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "DELETE FROM mirror_refs WHERE mirror = ?1 AND repo = ?2 AND ref = ?3", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, mirror);
	hgt_journal_bind(stmt, 2, repo);
	hgt_journal_bind(stmt, 3, ref);
	return run(j, stmt, err);
}

int hgt_copy_forget(struct hgt_journal *j, const char *mirror, const char *repo, struct hgt_error *err)
{
	static const char *const statements[] = {"DELETE FROM mirror_refs WHERE mirror = ?1 AND (?2 IS NULL OR repo = ?2)",
		"DELETE FROM mirror_copies WHERE mirror = ?1 AND (?2 IS NULL OR repo = ?2)"};
	int code = 0;

	for (size_t i = 0; i < COUNT(statements) && code == 0; i++) {
		sqlite3_stmt *stmt;

		code = hgt_journal_prepare(j, statements[i], &stmt, err);
		if (code < 0)
			break;
		hgt_journal_bind(stmt, 1, mirror);
		if (repo)
			hgt_journal_bind(stmt, 2, repo);
		code = run(j, stmt, err);
	}
	return code;
}

int hgt_mirror_put(struct hgt_journal *j, const struct hgt_mirror_row *row, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "INSERT OR REPLACE INTO mirrors (mirror, direction, url, paused) VALUES (?1, ?2, ?3, ?4)", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, row->mirror);
	hgt_journal_bind(stmt, 2, row->direction);
	hgt_journal_bind(stmt, 3, row->url);
	sqlite3_bind_int(stmt, 4, row->paused);
	return run(j, stmt, err);
}

int hgt_mirrors(struct hgt_journal *j, hgt_mirror_cb cb, void *ctx, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "SELECT mirror, direction, url, paused FROM mirrors ORDER BY mirror", &stmt, err);

	if (code < 0)
		return code;
	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		struct hgt_mirror_row row = {.mirror = hgt_journal_column(stmt, 0), .direction = hgt_journal_column(stmt, 1),
			.url = hgt_journal_column(stmt, 2), .paused = sqlite3_column_int(stmt, 3) != 0};

		code = cb(ctx, &row);
		if (code)
			break;
	}
	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}

int hgt_mirror_forget(struct hgt_journal *j, const char *mirror, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_copy_forget(j, mirror, NULL, err);

	if (code == 0)
		code = hgt_journal_prepare(j, "DELETE FROM mirrors WHERE mirror = ?1", &stmt, err);
	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, mirror);
	return run(j, stmt, err);
}

int hgt_mirrors_set_settled(struct hgt_journal *j, uint64_t seq, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "DELETE FROM mirrors_settled WHERE journal <> ?1", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, j->id);
	code = run(j, stmt, err);
	if (code == 0)
		code = hgt_journal_prepare(j, "INSERT OR REPLACE INTO mirrors_settled (journal, seq) VALUES (?1, ?2)", &stmt, err);
	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, j->id);
	sqlite3_bind_int64(stmt, 2, (sqlite3_int64)seq);
	return run(j, stmt, err);
}

int hgt_mirrors_get_settled(struct hgt_journal *j, uint64_t *seq, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "SELECT seq FROM mirrors_settled WHERE journal = ?1", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, j->id);
	code = hgt_journal_step(j, stmt, err);
	if (code >= 0)
		*seq = code == 1 ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}

/* A word that is none of ours, in a file that was written by another: the state that promises least. */
static int word_of(int parsed, int otherwise)
{
	return parsed < 0 ? otherwise : parsed;
}

#define COPY_COLUMNS "SELECT mirror, repo, state, seq, paused, alerted, attempts, since_ms, tried_ms, ok_ms, verified_ms, next_ms, bytes," \
	" error FROM mirror_copies"

/* Tell each row, finalize; *n gets how many there were. */
static int tell_copies(struct hgt_journal *j, sqlite3_stmt *stmt, uint64_t *n, hgt_copy_cb cb, void *ctx, struct hgt_error *err)
{
	int code;

	*n = 0;
	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		struct hgt_copy_row row = {
			.mirror = hgt_journal_column(stmt, 0), .repo = hgt_journal_column(stmt, 1),
			.state = (enum hgt_copy_state)word_of(hgt_copy_state_parse(hgt_journal_column(stmt, 2)), HGT_COPY_NEW),
			.seq = (uint64_t)sqlite3_column_int64(stmt, 3), .paused = sqlite3_column_int(stmt, 4) != 0,
			.alerted = sqlite3_column_int(stmt, 5) != 0, .attempts = (unsigned)sqlite3_column_int64(stmt, 6),
			.since_ms = sqlite3_column_int64(stmt, 7), .tried_ms = sqlite3_column_int64(stmt, 8), .ok_ms = sqlite3_column_int64(stmt, 9),
			.verified_ms = sqlite3_column_int64(stmt, 10), .next_ms = sqlite3_column_int64(stmt, 11),
			.bytes = (uint64_t)sqlite3_column_int64(stmt, 12), .error = hgt_journal_column(stmt, 13),
		};

		++*n;
		code = cb(ctx, &row);
		if (code)
			break;
	}
	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}

int hgt_copies(struct hgt_journal *j, const char *mirror, hgt_copy_cb cb, void *ctx, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	uint64_t n;
	int code = hgt_journal_prepare(j, COPY_COLUMNS " WHERE ?1 IS NULL OR mirror = ?1 ORDER BY mirror, repo", &stmt, err);

	if (code < 0)
		return code;
	if (mirror)
		hgt_journal_bind(stmt, 1, mirror);
	return tell_copies(j, stmt, &n, cb, ctx, err);
}

int hgt_copy_get(struct hgt_journal *j, const char *mirror, const char *repo, bool *found, hgt_copy_cb cb, void *ctx, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	uint64_t n;
	int code = hgt_journal_prepare(j, COPY_COLUMNS " WHERE mirror = ?1 AND repo = ?2", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, mirror);
	hgt_journal_bind(stmt, 2, repo);
	code = tell_copies(j, stmt, &n, cb, ctx, err);
	if (code == 0)
		*found = n > 0;
	return code;
}

int hgt_copy_refs(struct hgt_journal *j, const char *mirror, const char *repo, const char *after, bool out_of_step, size_t most,
	hgt_copy_ref_cb cb, void *ctx, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "SELECT mirror, repo, ref, state, id, theirs, ours, since_ms, note FROM mirror_refs"
		" WHERE mirror = ?1 AND repo = ?2 AND ref > ?3 AND (?4 = 0 OR state <> 'in-step') ORDER BY ref LIMIT ?5", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, mirror);
	hgt_journal_bind(stmt, 2, repo);
	hgt_journal_bind(stmt, 3, after);
	sqlite3_bind_int(stmt, 4, out_of_step);
	sqlite3_bind_int64(stmt, 5, most > INT64_MAX ? INT64_MAX : (sqlite3_int64)most);
	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		struct hgt_copy_ref_row row = {
			.mirror = hgt_journal_column(stmt, 0), .repo = hgt_journal_column(stmt, 1), .ref = hgt_journal_column(stmt, 2),
			.state = (enum hgt_copy_ref_state)word_of(hgt_copy_ref_state_parse(hgt_journal_column(stmt, 3)), HGT_COPY_REF_DIVERGED),
			.id = hgt_journal_column(stmt, 4), .theirs = hgt_journal_column(stmt, 5), .ours = hgt_journal_column(stmt, 6),
			.since_ms = sqlite3_column_int64(stmt, 7), .note = hgt_journal_column(stmt, 8),
		};

		code = cb(ctx, &row);
		if (code)
			break;
	}
	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}

int hgt_copy_refs_count(struct hgt_journal *j, const char *mirror, const char *repo, uint64_t *n, uint64_t *out_of_step,
	struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "SELECT count(*), count(*) FILTER (WHERE state <> 'in-step') FROM mirror_refs"
		" WHERE mirror = ?1 AND repo = ?2", &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, mirror);
	hgt_journal_bind(stmt, 2, repo);
	code = hgt_journal_step(j, stmt, err);
	if (code == 1) {
		*n = (uint64_t)sqlite3_column_int64(stmt, 0);
		*out_of_step = (uint64_t)sqlite3_column_int64(stmt, 1);
	}
	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}

int hgt_repos_moved(struct hgt_journal *j, uint64_t after, hgt_repo_moved_cb cb, void *ctx, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_prepare(j, "SELECT repo, max(seq) FROM events WHERE seq > ?1 AND type = '" HGT_EVENT_REF_UPDATED "'"
		" GROUP BY repo ORDER BY repo", &stmt, err);

	if (code < 0)
		return code;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)after);
	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		code = cb(ctx, hgt_journal_column(stmt, 0), (uint64_t)sqlite3_column_int64(stmt, 1));
		if (code)
			break;
	}
	sqlite3_finalize(stmt);
	return code < 0 ? code : 0;
}
