/*
 * Open repositories, kept for who needs them next: opening one costs a hundred times what looking at a ref of an open one does, and
 * libgit2 1.5 loses 20 KiB for each setting in the config of a repository whose format has version 1.
 *
 *	hgt_repo_pool_new(8, &pool, &err);
 *	hgt_repo_pool_get(pool, path, &repo, &err);	(this caller's alone)
 *	hgt_repo_pool_put(pool, repo);
 *	hgt_repo_pool_free(pool);
 *
 * What is got sees the repository as if it had been opened then. Refs are read from disk each time. An object that is not found is looked for
 * once more among packs that are new (by libgit2). When packs have come or gone, or after a minute, what is known of objects is
 * forgotten, so that one that has been pruned is not taken to be there for long. When the repository is another (its folder, its
 * config, whose objects it borrows), it is opened anew.
 *
 * Threads: any may call at any time.
 */
#ifndef HEADGATE_GIT_REPOSITORY_POOL_H
#define HEADGATE_GIT_REPOSITORY_POOL_H

#include "git/repository.h"

struct hgt_repo_pool;

/* most: repositories that are kept while nobody uses them. */
int hgt_repo_pool_new(size_t most, struct hgt_repo_pool **out, struct hgt_error *err) HGT_MUST_CHECK;

/* All that were got have been put back. NULL is fine. */
void hgt_repo_pool_free(struct hgt_repo_pool *pool);

/* As hgt_repo_open, for the .git folder at `path`. */
int hgt_repo_pool_get(struct hgt_repo_pool *pool, const char *path, struct hgt_repo **out, struct hgt_error *err) HGT_MUST_CHECK;

/* Give it back; NULL is fine. */
void hgt_repo_pool_put(struct hgt_repo_pool *pool, struct hgt_repo *repo);

/* Close those that nobody has used for so long. */
void hgt_repo_pool_trim(struct hgt_repo_pool *pool, int64_t unused_ms);

struct hgt_repo_pool_stats {
	uint64_t opened, reused;	/* of those that were got */
	uint64_t kept;			/* now, unused */
};

void hgt_repo_pool_stats(struct hgt_repo_pool *pool, struct hgt_repo_pool_stats *out);

#endif
