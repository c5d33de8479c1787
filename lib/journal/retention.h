/*
 * How long events are kept. The oldest rows are taken away from the beginning of the chain, a few at a time, and what is left
 * can still be proven: the seq and hash of the last row that went are noted as the checkpoint, and an event appended in the
 * same batch says the same, so that the chain itself tells what is gone.
 *
 *	struct hgt_compaction gone;
 *	hgt_journal_compact(journal, &retention, now, &gone, &err);	(within a batch)
 *	if (gone.count) {
 *		hgt_compaction_write(&gone, &data);
 *		append a HGT_EVENT_JOURNAL_COMPACTED with that data
 *	}
 *
 * What the events add up to stays: refs, agents, reports.
 */
#ifndef HEADGATE_JOURNAL_RETENTION_H
#define HEADGATE_JOURNAL_RETENTION_H

#include "base/digest.h"
#include "journal/journal.h"

struct hgt_retention {
	uint64_t upto;		/* rows up to this one are too many; 0: none is */
	int64_t before_ms;	/* events that are older may go; 0: age does not matter */
	uint64_t needed;	/* the lowest seq that somebody still needs; UINT64_MAX for nobody */
	unsigned rows;		/* the most to take at once */
	unsigned ms;		/* the time after which no further row is begun */
};

struct hgt_compaction {
	char id[HGT_JOURNAL_ID_HEX + 1];	/* the journal's when the last of the rows was written */
	uint64_t seq, count;	/* the last row that went, and how many went with it; count 0: none */
	unsigned char hash[HGT_SHA256_SIZE];
	int64_t time_ms;	/* of that row */
	bool by_age;		/* else by count */
	bool more;		/* a bound of rows or ms was met before the end */
	bool held;		/* more could have gone, were it not needed */
};

/*
 * Take away the oldest rows that may go. Rows go in order, so one that may not keeps those behind it. An event whose time lies
 * more than a day ahead of now was stamped by a clock that was wrong, and is as old as the next one that was not. The last row
 * always stays.
 */
int hgt_journal_compact(struct hgt_journal *journal, const struct hgt_retention *retention, int64_t now_ms, struct hgt_compaction *out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* The data of the event that says so. */
void hgt_compaction_write(const struct hgt_compaction *compaction, struct hgt_buf *out);

/* Within a batch: forget at most `rows` pushes taken in before that time, as many moves that no push has explained since, and
 * the times of as many refs that are gone since. *more: there may be more. */
int hgt_journal_forget(struct hgt_journal *journal, int64_t before_ms, unsigned rows, bool *more, struct hgt_error *err) HGT_MUST_CHECK;

/* Within a batch: give at most `pages` free pages back to the file system while more than `keep` are free, for reuse. *more as
 * above. A journal made by a version that did not know of this reuses its free pages and gives none back. */
int hgt_journal_shrink(struct hgt_journal *journal, unsigned keep, unsigned pages, bool *more, struct hgt_error *err) HGT_MUST_CHECK;

#endif
