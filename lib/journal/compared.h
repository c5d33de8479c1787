/*
 * How the refs of each repository looked from outside (git/ref_stamp.h) when the journal was last seen to know all of them as they were: a
 * repository that still looks so need not be opened to know that nothing has moved.
 */
#ifndef HEADGATE_JOURNAL_COMPARED_H
#define HEADGATE_JOURNAL_COMPARED_H

#include "journal/journal.h"

/* Within a batch. stamp "": forget it. */
int hgt_journal_compared_set(struct hgt_journal *journal, const char *repo, const char *stamp, struct hgt_error *err) HGT_MUST_CHECK;

/* stamp gets it, "" when there is none; it has room for `size` bytes. */
int hgt_journal_compared_get(struct hgt_journal *journal, const char *repo, char *stamp, size_t size, struct hgt_error *err) HGT_MUST_CHECK;

#endif
