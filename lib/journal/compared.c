/* How the refs of each repository looked when the journal knew all of them. */
#include "journal/compared.h"

#include "journal/database.h"

int hgt_journal_compared_set(struct hgt_journal *j, const char *repo, const char *stamp, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, *stamp ? HGT_SQL_COMPARED_SET : HGT_SQL_COMPARED_FORGET, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, repo);
	if (*stamp)
		hgt_journal_bind(stmt, 2, stamp);
	return hgt_journal_run(j, stmt, err);
}

int hgt_journal_compared_get(struct hgt_journal *j, const char *repo, char *stamp, size_t size, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_COMPARED_GET, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, repo);
	code = hgt_journal_step(j, stmt, err);
	if (code >= 0)
		snprintf(stamp, size, "%s", code == 1 ? hgt_journal_column(stmt, 0) : "");
	hgt_journal_reset(stmt);
	return code < 0 ? code : 0;
}
