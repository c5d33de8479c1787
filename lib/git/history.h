/*
 * The first-parent history of a commit: what a branch pointed at, one push after the other.
 *
 *	struct hgt_history *history;
 *	struct hgt_past_commit commit;
 *	hgt_history_new(repo, tip, NULL, &history, &err);
 *	for (size_t i = 0; i < hgt_history_count(history); i++)
 *		hgt_history_get(history, i, &commit, &err);	(the oldest first)
 *	hgt_history_free(history);
 *
 * It keeps 20 bytes a commit and one commit.
 */
#ifndef HEADGATE_GIT_HISTORY_H
#define HEADGATE_GIT_HISTORY_H

#include "git/repository.h"

/* The most commits that a history has. */
#define HGT_HISTORY_MAX 10000000

struct hgt_history;

/* Texts are as the commit has them, raw, and live until the next hgt_history_get. */
struct hgt_past_commit {
	char id[HGT_OID_HEX + 1];
	char parent[HGT_OID_HEX + 1];	/* the first; all zero when there is none */
	const char *author, *email;	/* may be empty */
	const char *subject;	/* the first paragraph on one line; may be empty */
	int64_t time;		/* the committer's, seconds since the epoch */
};

/*
 * From the commit `tip` back along first parents, without what is reachable from `base` (all of it when that is NULL). Borrows
 * repo. Of a shallow clone it has the commits whose parent is there. HGT_ENOENT: an object is missing; HGT_ELIMIT: more than
 * HGT_HISTORY_MAX commits.
 */
int hgt_history_new(struct hgt_repo *repo, const char *tip, const char *base, struct hgt_history **out,
	struct hgt_error *err) HGT_MUST_CHECK;
void hgt_history_free(struct hgt_history *history);

size_t hgt_history_count(const struct hgt_history *history);

/* Whether it ends where a shallow clone does. */
bool hgt_history_is_shallow(const struct hgt_history *history);

/* The index-th commit, the oldest is 0. */
int hgt_history_get(struct hgt_history *history, size_t index, struct hgt_past_commit *out, struct hgt_error *err) HGT_MUST_CHECK;

#endif
