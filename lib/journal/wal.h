/*
 * The log beside the database (SQLite's WAL) after a crash. SQLite takes over what is in it up to the first frame whose
 * checksum does not fit, and drops the rest without a word: that is how a commit that was never finished looks. But commits are
 * synced one after the other, so where one that follows the bad frame is followed by another that builds on it, it had been
 * acknowledged: then the log is damaged, and nothing may go on as if it were not. (Commits that failed may have left frames
 * too, over which later ones were written; no two of those build on each other.)
 */
#ifndef HEADGATE_JOURNAL_WAL_H
#define HEADGATE_JOURNAL_WAL_H

#include "base/error.h"

/* path: of the database. To be called while nobody has it open. HGT_ECORRUPT names the frame, and how many commits would be
 * lost; that there is no log is fine. */
int hgt_wal_check(const char *path, struct hgt_error *err) HGT_MUST_CHECK;

#endif
