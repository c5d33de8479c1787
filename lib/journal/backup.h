/*
 * A copy of a journal that is in use: one file, consistent, verified before it gets its name. It is made row by row in small
 * reads, so that nothing that the writer does is held back meanwhile, and it has no free pages.
 *
 * The copy is marked as one: whoever writes to it gives it an id of its own first (lineage.h).
 */
#ifndef HEADGATE_JOURNAL_BACKUP_H
#define HEADGATE_JOURNAL_BACKUP_H

#include "journal/journal.h"

struct hgt_backup {
	char id[HGT_JOURNAL_ID_HEX + 1];
	uint64_t seq;		/* the last that the copy has */
	uint64_t events;
};

/* Copy the journal at `from` to `to`, which is replaced when all is well and else left alone. */
int hgt_journal_backup(const char *from, const char *to, struct hgt_backup *out, struct hgt_error *err) HGT_MUST_CHECK;

#endif
