/*
 * Events from the newest down: what people look at. Each look is bounded by the rows that it takes, not by those that fit: what is
 * rare may be far back, and whoever wants more goes on from where the last look ended.
 */
#ifndef HEADGATE_JOURNAL_HISTORY_H
#define HEADGATE_JOURNAL_HISTORY_H

#include "journal/journal.h"

struct hgt_history {
	uint64_t before;	/* rows before this seq; 0: from the newest on */
	const char *type, *subject, *repo, *ref;	/* patterns of base/glob.h; "" takes all */
	uint64_t look;		/* rows that are looked at, at most */
};

/*
 * The rows that fit, the newest first. A negative return of cb stops and is passed on, a positive stops after this row. *next gets
 * the seq to go on before, 0 when the oldest row that is held has been looked at.
 */
int hgt_journal_history(struct hgt_journal *journal, const struct hgt_history *history, hgt_journal_row_cb cb, void *ctx,
	uint64_t *next, struct hgt_error *err) HGT_MUST_CHECK;

#endif
