/* Which folder each repository was last seen to be. */
#include "journal/folders.h"

#include "journal/database.h"

int hgt_journal_folder_set(struct hgt_journal *j, const char *repo, const char *identity, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, *identity ? HGT_SQL_FOLDER_SET : HGT_SQL_FOLDER_FORGET, &stmt, err);

	if (code < 0)
		return code;
	hgt_journal_bind(stmt, 1, repo);
	if (*identity)
		hgt_journal_bind(stmt, 2, identity);
	return hgt_journal_run(j, stmt, err);
}

int hgt_journal_folders(struct hgt_journal *j, hgt_journal_folder_cb cb, void *ctx, struct hgt_error *err)
{
	sqlite3_stmt *stmt;
	int code = hgt_journal_stmt(j, HGT_SQL_FOLDERS, &stmt, err);

	if (code < 0)
		return code;
	while ((code = hgt_journal_step(j, stmt, err)) == 1) {
		code = cb(ctx, hgt_journal_column(stmt, 0), hgt_journal_column(stmt, 1));
		if (code < 0)
			break;
	}
	hgt_journal_reset(stmt);
	return code;
}
