/* What a mirror asks of a repository. Errors as of git/repository.h. */
#ifndef HEADGATE_GIT_RELATED_H
#define HEADGATE_GIT_RELATED_H

#include "git/repository.h"

/* How many of either side are looked at. */
#define HGT_RELATED_MAX 100

/* 1 when some commit is reachable from one of `a` and from one of `b`, 0 when not. Annotated tags are peeled; what is no commit
 * counts for nothing. */
int hgt_repo_related(struct hgt_repo *repo, const char *const *a, size_t n_a, const char *const *b, size_t n_b,
	struct hgt_error *err) HGT_MUST_CHECK;

/* 1 when both are commits and `ancestor` is reachable from `id`, or when they are the same; 0 else, also for what is not there. */
int hgt_repo_contains(struct hgt_repo *repo, const char *id, const char *ancestor, struct hgt_error *err) HGT_MUST_CHECK;

/* 1 when transfer.hideRefs names this prefix, so that no client sees what is below it. */
int hgt_repo_hides(struct hgt_repo *repo, const char *prefix, struct hgt_error *err) HGT_MUST_CHECK;

#endif
