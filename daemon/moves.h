/*
 * Moves of refs on their way into the journal: of one push as its hook announced them, or of one repository as a compare saw them.
 *
 * Two steps, each on its own thread. Planning (a git worker) asks the repository: is this so, which paths changed, was it forced.
 * Settling (inside a store job) asks the journal what it knew of each ref and writes what follows from both. A plan is made for
 * one last known value of the ref; if the journal knows another one, settling writes nothing, puts that value into the plan, and the
 * moves are planned again.
 *
 *	known == old			ref.updated old -> new
 *	known != old, and the way
 *	was seen before			push.attributed
 *	known != old			ref.updated known -> old (a missed move), ref.updated old -> new
 *	the same, but the ref has gone
 *	on, and the word is a late one	push.superseded
 *	the repository does not bear
 *	the announcement out		push.superseded
 */
#ifndef HEADGATE_DAEMON_MOVES_H
#define HEADGATE_DAEMON_MOVES_H

#include "base/arena.h"
#include "daemon/store.h"
#include "event/event.h"
#include "git/repository.h"

/* From one id to another, and what changed on the way. */
struct leg {
	char from[HGT_OID_HEX + 1], to[HGT_OID_HEX + 1];
	bool forced;
	bool truncated;
	struct hgt_event_path *paths;
	size_t n_paths;
};

struct move {
	const char *ref;
	char old[HGT_OID_HEX + 1];	/* where it was announced to come from */
	char known[HGT_OID_HEX + 1];	/* what the plan takes for the journal's last known value; all zero for none */
	uint64_t known_seq;		/* the event that value follows from, as settling found it */
	int64_t known_ms, before_ms;	/* as of when that was told, and the value before it; 0 unknown */
	char known_from[HGT_JOURNAL_OID_TEXT];	/* where that event says the ref came from; "" once a push has explained it */
	bool planned;			/* for that value */
	bool borne_out;			/* the ref is at the new id, or came past it */
	bool at_tip;			/* the ref is at the new id now */
	bool look_again;		/* it is somewhere that these events do not tell of */
	bool covered;			/* the known value is the new id, or came past it: the move is in the journal in some form */
	bool part_of_known;		/* covered, and on the way forward that the event of the known value tells of */
	bool doubtful;			/* the ref has gone on, and the move does not begin past the known value: late, unless times tell otherwise */
	bool nowhere;			/* a deletion of what was not known to be there */
	bool inferred;			/* `missed` is to be journaled before `own` */
	struct leg missed;		/* known -> old */
	struct leg own;			/* old -> new; from the known value where the old one cannot be */
};

struct moves {
	struct hgt_arena arena;		/* holds everything below that is pointed at */
	struct move *items;
	size_t n;
	size_t path_bytes;		/* of paths listed so far: bounded for all of them together */
	const char *repo;		/* name; borrowed, like the rest below */
	const char *push, *actor;	/* of an announcement; NULL when seen */
	int64_t time_ms;		/* when the hook spoke, or the repository was looked at; 0 unknown */
	const char *source;		/* "hook", "spool", "watch" */
	bool paths_left_out;		/* list no paths: a repository that is seen for the first time */
	/* results of settling */
	uint64_t seq;			/* the last event written, else the journal's head */
	bool look_again;		/* the refs are not where the events left them: compare */
};

/* Add a move that is to be planned. ref is copied. */
int moves_add(struct moves *moves, const char *ref, const char *old_id, const char *new_id, struct hgt_error *err) HGT_MUST_CHECK;
void moves_release(struct moves *moves);

/* Take each move, all of them deletions, as planned: there is no repository that could bear them out. */
void moves_take_as_gone(struct moves *moves);

/* On a git worker. Fails when the repository cannot be read, or for want of memory. */
int moves_plan(struct moves *moves, struct hgt_repo *repo, struct hgt_error *err) HGT_MUST_CHECK;

/* On the writer thread, within a store job. HGT_ECONFLICT: plan again. A push that was taken in before settles to nothing. */
int moves_settle(struct moves *moves, struct hgt_journal *journal, struct store_batch *batch, struct hgt_error *err) HGT_MUST_CHECK;

#endif
