/*
 * Moves the journal's log into its database as it grows (journal/log_mover.h), on a thread of its own, so that no hand-over waits
 * for it. A move takes as long as the disk needs for what has gathered: most of a second once somebody has read the journal for
 * long.
 *
 * What is committed while a move is on its way is left for the next one, so under a load without a gap the log would never be empty
 * and begin anew. When it is long the writer therefore pauses for what is left of it, unless a reader would make that vain.
 */
#ifndef HEADGATE_DAEMON_LOG_MOVE_H
#define HEADGATE_DAEMON_LOG_MOVE_H

#include "journal/log_mover.h"

struct log_move;

/* path: as for hgt_log_mover_open. */
int log_move_new(const char *path, struct log_move **out, struct hgt_error *err) HGT_MUST_CHECK;

/* Ends what is on its way, and the thread. To be called before the writing connection is closed. NULL is fine. */
void log_move_free(struct log_move *move);

/* On the writer's thread, after a commit and when its jobs have been handed back. Seldom waits, as told above. */
void log_move_tell(struct log_move *move, const struct hgt_journal_log *log);

struct log_move_stats {
	unsigned pages, held;		/* in the log after the last commit; of these, that a reader keeps from the database */
	uint64_t moves, failed;
	uint64_t longest_us, waits;	/* the longest move; times that the writer paused */
};

/* On any thread. */
void log_move_stats(struct log_move *move, struct log_move_stats *out);

#endif
