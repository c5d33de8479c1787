/* A repository's refs against what the journal knows of them. */
#ifndef HEADGATE_DAEMON_COMPARE_H
#define HEADGATE_DAEMON_COMPARE_H

#include "base/arena.h"
#include "base/buf.h"
#include "daemon/moves.h"

/* The most differences that one round takes up; the next takes the rest. */
#define COMPARE_MOVES_MAX 5000

struct hgt_repo_pool;
struct listed_ref;

struct compare {
	struct hgt_arena arena;
	struct listed_ref *refs;	/* in order of name */
	size_t n;
	size_t at;			/* in the list: how far the rounds have come */
	struct hgt_buf after;		/* the ref that they have come to */
	bool unknown;			/* the journal knew nothing of this repository from there on */
	bool more;			/* there are more differences */
};

/* On a git worker: list the refs. HGT_EUNSUPPORTED, HGT_ENOENT...: the repository cannot be read, and why. */
int compare_list(struct compare *compare, struct hgt_repo_pool *pool, const char *path, struct hgt_error *err) HGT_MUST_CHECK;

/* On the writer thread: add a move for each ref that is not where the journal knows it, from where the last round ended. */
int compare_with(struct compare *compare, struct hgt_journal *journal, const char *repo, struct moves *moves,
	struct hgt_error *err) HGT_MUST_CHECK;

void compare_release(struct compare *compare);

/* Whether a ref is journaled: all are but Headgate's own and those that servers keep for themselves and move without
 * anyone's doing. */
bool compare_takes_ref(const char *ref);

#endif
