/*
 * Which repositories there are below the configured root: found at start, kept up to date by the ref watcher.
 *
 * A repository is a folder that holds HEAD, objects/ and refs/, at most REPOS_DEPTH_MAX folders down; symbolic links are not
 * followed, nothing inside a repository is looked at, and nothing that Headgate itself is still making (HGT_MAKING).
 */
#ifndef HEADGATE_DAEMON_REPOS_H
#define HEADGATE_DAEMON_REPOS_H

#include "daemon/daemon.h"

#define REPOS_DEPTH_MAX 16

struct repos;
struct hgt_repo_pool;

/* Lives as long as the repository is there; do not keep it past a return to the loop. */
struct repo {
	const char *name;	/* below the root, without .git */
	const char *path;	/* absolute path of the .git folder */
	const char *trouble;	/* why it cannot be served (SHA-256, reftable, unreadable), or NULL */
	size_t refs;		/* known, for the status */
};

/* Looks for them. HGT_ENOENT, HGT_EPERM: the root cannot be read. */
int repos_new(const struct hgt_config *config, struct repos **out, struct hgt_error *err) HGT_MUST_CHECK;
void repos_free(struct repos *repos);

/* Those that are open, for workers: which may ask at any time while repos lives. */
struct hgt_repo_pool *repos_pool(const struct repos *repos);

/* NULL when there is none of that name. */
const struct repo *repos_find(const struct repos *repos, const char *name);

/* By the path that a hook announces (resolved through symbolic links); NULL when it is none of ours. */
const struct repo *repos_find_path(const struct repos *repos, const char *path);

/* Walk, in order of name: start with *pos = 0; NULL at the end. */
const struct repo *repos_next(const struct repos *repos, size_t *pos);

/* What a compare found: the number of refs, or why it could not read them (trouble not NULL; copied). Logs a trouble once. */
void repos_found(struct repos *repos, const char *name, size_t refs, const char *trouble);

/*
 * Looking again. A scan touches nothing but the file system, so it may run on a worker; the loop then merges it, and is told of
 * each repository that is new or gone (`repo` dies when `gone` returns). Merging takes the scan, and fails only for want of memory.
 */
struct repos_scan;
int repos_scan_new(const struct hgt_config *config, struct repos_scan **out, struct hgt_error *err) HGT_MUST_CHECK;
void repos_scan_free(struct repos_scan *scan);
/* The folders between the root (included) and the repositories: where new ones may appear. NULL at the end. */
const char *repos_scan_folder(const struct repos_scan *scan, size_t at);

typedef void (*repos_change_cb)(void *ctx, const struct repo *repo);
int repos_merge(struct repos *repos, struct repos_scan *scan, repos_change_cb added, repos_change_cb gone, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
