/*
 * What moves the log beside the database (SQLite's WAL) into it: a connection of its own, so that it can be done on another thread
 * than the writer's, while that goes on to commit.
 *
 * The writer tells after a commit what the log holds then (hgt_journal_get_log), and only on such word a move is begun:
 *
 *   A log whose pages have all been moved is begun anew by the writer's next commit, over what was in it. A move that looks at the
 *   log at that moment may take pages of the new round for moved that are not, in SQLite before 3.51.3
 *   (https://www.sqlite.org/wal.html, "The WAL-reset bug"): they would be lost. Where the writer has committed pages since the last
 *   move looked, and nobody but this mover moves any, there are some that have not been moved; so the log is not begun anew before
 *   the move is done.
 */
#ifndef HEADGATE_JOURNAL_LOG_MOVER_H
#define HEADGATE_JOURNAL_LOG_MOVER_H

#include <stdint.h>

#include "journal/journal.h"

/* The log as a commit left it. */
struct hgt_journal_log {
	uint64_t round;		/* another each time that it is begun anew */
	unsigned pages;		/* in it; 0 when that is not known */
};

/* On the writer's thread, outside a batch. */
void hgt_journal_get_log(const struct hgt_journal *journal, struct hgt_journal_log *out);

struct hgt_log_mover;

/* path: of the database, which a writer of this process has open until the mover is closed. One mover a journal. */
int hgt_log_mover_open(const char *path, struct hgt_log_mover **out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_log_mover_close(struct hgt_log_mover *mover);	/* NULL is fine */

/* Pages that have been committed since the last move looked; and those that it could not move, because somebody still reads what
 * was before. */
unsigned hgt_log_mover_left(const struct hgt_log_mover *mover, const struct hgt_journal_log *log);
unsigned hgt_log_mover_held(const struct hgt_log_mover *mover, const struct hgt_journal_log *log);

/* Move what can be moved, if any is left. Blocks for as long as the disk needs. Whatever comes of it, this log is not tried again
 * before more is committed. */
int hgt_log_mover_move(struct hgt_log_mover *mover, const struct hgt_journal_log *log, struct hgt_error *err) HGT_MUST_CHECK;

#endif
