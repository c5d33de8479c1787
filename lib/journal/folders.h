/*
 * Which folder each repository was last seen to be (git/identity.h), so that one that gets another name while nobody looks is known
 * again.
 */
#ifndef HEADGATE_JOURNAL_FOLDERS_H
#define HEADGATE_JOURNAL_FOLDERS_H

#include "journal/journal.h"

/* Within a batch. identity "": forget it. */
int hgt_journal_folder_set(struct hgt_journal *journal, const char *repo, const char *identity,
	struct hgt_error *err) HGT_MUST_CHECK;

/* All that are known, in order of name. A negative return of cb stops and is passed on. */
typedef int (*hgt_journal_folder_cb)(void *ctx, const char *repo, const char *identity);
int hgt_journal_folders(struct hgt_journal *journal, hgt_journal_folder_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

#endif
