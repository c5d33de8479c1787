/*
 * The ids of a journal. A journal that goes on from a backup writes other events under seqs that may have been seen before,
 * with what came after the backup. So it takes a new id, and cursors of the old one hold up to where the backup was made and no
 * further. The first event under the new id says where it goes on from.
 *
 * A backup is marked as a copy (backup.h). Opening it for writing leaves the mark; hgt_journal_take_over has to be called
 * before anything is appended.
 */
#ifndef HEADGATE_JOURNAL_LINEAGE_H
#define HEADGATE_JOURNAL_LINEAGE_H

#include "journal/journal.h"

/* Within a batch: when this is a copy, give it its own id. *is_copy tells; then data gets the data of the
 * HGT_EVENT_JOURNAL_RESTORED that has to be appended in the same batch, before anything else. */
int hgt_journal_take_over(struct hgt_journal *journal, bool *is_copy, struct hgt_buf *data, struct hgt_error *err) HGT_MUST_CHECK;

/* The id under which the row `seq` was written, in id. */
int hgt_journal_id_at(struct hgt_journal *journal, uint64_t seq, char id[HGT_JOURNAL_ID_HEX + 1], struct hgt_error *err) HGT_MUST_CHECK;

/* 1 when the cursor's place is one of this journal: of its id, or of one that it had up to that seq at least. 0 when not. */
int hgt_journal_knows(struct hgt_journal *journal, const struct hgt_cursor *cursor, struct hgt_error *err) HGT_MUST_CHECK;

#endif
