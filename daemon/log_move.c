/* Moves the journal's log into its database, on a thread of its own. */
#include "daemon/log_move.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/thread.h"
#include "base/timing.h"

/* In pages, of 4 KiB mostly. A move is worth its two syncs from MOVE_MIN on; the writer pauses for one where the log is TOO_LONG
 * (16 MiB). A reader that keeps less than MOVE_MIN from the database is about to go. From TOLD (64 MiB) on somebody is told that
 * one does not. */
enum { MOVE_MIN = 128, TOO_LONG = 4096, TOLD = 16384 };

struct log_move {
	struct hgt_log_mover *mover;	/* the thread's alone while it moves, else guarded as what follows */
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;		/* guards what follows */
	pthread_cond_t work, done;
	struct hgt_journal_log log;	/* as last told */
	bool moving, stopping;
	struct log_move_stats stats;
	bool held_told;			/* the thread's own: that the log is held back */
};

/* The rest with the lock. */

static bool is_too_long(const struct log_move *move)
{
	return move->log.pages >= TOO_LONG && move->stats.held < MOVE_MIN;
}

/* While it does not move. */
static bool is_due(const struct log_move *move)
{
	unsigned left = hgt_log_mover_left(move->mover, &move->log);

	return left >= MOVE_MIN || (left && is_too_long(move));
}

/* What a reader held back may be much, and is moved while the writer goes on: `held` tells of the last move until the next one is
 * done. */
static bool is_waited_for(const struct log_move *move)
{
	return is_too_long(move) && !move->stopping && (move->moving || is_due(move));
}

/* Gives up the lock for one move. */
static void move_once(struct log_move *move)
{
	const struct hgt_journal_log log = move->log;
	const int64_t began = hgt_time_mono_us();
	struct hgt_error err = {0};
	uint64_t took;
	unsigned held;
	int code;

	move->moving = true;
	pthread_mutex_unlock(&move->lock);
	code = hgt_log_mover_move(move->mover, &log, &err);
	held = hgt_log_mover_held(move->mover, &log);
	took = (uint64_t)(hgt_time_mono_us() - began);
	if (code < 0)
		hgt_log(HGT_LOG_WARNING, "journal", "the log could not be moved into the database; it grows until it can",
			HGT_S("error", err.message));
	if (held > TOLD && !move->held_told)
		hgt_log(HGT_LOG_WARNING, "journal", "somebody has been reading the journal for long, and its log grows meanwhile",
			HGT_I("pages", held));
	move->held_told = held > TOLD;
	pthread_mutex_lock(&move->lock);
	move->moving = false;
	move->stats.moves += code == 0;
	move->stats.failed += code < 0;
	move->stats.held = held;
	if (took > move->stats.longest_us)
		move->stats.longest_us = took;
	pthread_cond_signal(&move->done);
}

static void *move_logs(void *arg)
{
	struct log_move *move = arg;

	pthread_mutex_lock(&move->lock);
	while (!move->stopping) {
		if (is_due(move))
			move_once(move);
		else
			pthread_cond_wait(&move->work, &move->lock);
	}
	pthread_mutex_unlock(&move->lock);
	return NULL;
}

int log_move_new(const char *path, struct log_move **out, struct hgt_error *err)
{
	struct log_move *move = calloc(1, sizeof(*move));
	int code, failed;

	if (!move)
		return hgt_error_nomem(err);
	pthread_mutex_init(&move->lock, NULL);
	pthread_cond_init(&move->work, NULL);
	pthread_cond_init(&move->done, NULL);
	code = hgt_log_mover_open(path, &move->mover, err);
	if (code == 0) {
		failed = hgt_thread_start(&move->thread, 256 * 1024, move_logs, move);
		move->running = !failed;
		if (failed)
			code = hgt_error_set(err, HGT_ENOMEM, "cannot start a thread for the journal's log: %s", strerror(failed));
	}
	if (code < 0)
		log_move_free(move);
	else
		*out = move;
	return code;
}

void log_move_free(struct log_move *move)
{
	if (!move)
		return;
	if (move->running) {
		pthread_mutex_lock(&move->lock);
		move->stopping = true;
		pthread_cond_signal(&move->work);
		pthread_mutex_unlock(&move->lock);
		pthread_join(move->thread, NULL);
	}
	hgt_log_mover_close(move->mover);
	pthread_cond_destroy(&move->done);
	pthread_cond_destroy(&move->work);
	pthread_mutex_destroy(&move->lock);
	free(move);
}

void log_move_tell(struct log_move *move, const struct hgt_journal_log *log)
{
	pthread_mutex_lock(&move->lock);
	move->log = *log;
	move->stats.pages = log->pages;
	if (!move->moving && is_due(move))
		pthread_cond_signal(&move->work);
	move->stats.waits += is_waited_for(move);
	while (is_waited_for(move))
		pthread_cond_wait(&move->done, &move->lock);
	pthread_mutex_unlock(&move->lock);
}

void log_move_stats(struct log_move *move, struct log_move_stats *out)
{
	pthread_mutex_lock(&move->lock);
	*out = move->stats;
	pthread_mutex_unlock(&move->lock);
}
