/* Whether a journal is what was written: the chain, what is beside it, and the file itself. */
#ifndef HEADGATE_JOURNAL_VERIFY_H
#define HEADGATE_JOURNAL_VERIFY_H

#include "journal/journal.h"

/*
 * Verify a journal that may be in use. From its checkpoint on, or from its beginning when nothing was removed: that every row's hash follows,
 * that no seq is missing, that each body says its own id and what the row's columns say, that the last row is the one the journal ended with,
 * that an event says of the checkpoint what it is and of each change of the id where it goes on from, that each known ref is where its event
 * moved it, and that SQLite finds every table and index in order. HGT_ECORRUPT with a message that names the first bad row; *rows gets the
 * number that held, in that case too.
 */
int hgt_journal_verify(const char *path, uint64_t *rows, struct hgt_error *err) HGT_MUST_CHECK;

#endif
