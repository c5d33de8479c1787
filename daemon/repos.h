/* Which repositories there are below the configured root: found at start, kept up to date by the ref watcher. */
#ifndef HEADGATE_DAEMON_REPOS_H
#define HEADGATE_DAEMON_REPOS_H

#include "daemon/daemon.h"

struct repos;

struct repo {
	const char *name;	/* below the root, without .git */
	const char *path;	/* absolute path of the .git folder */
	const char *trouble;	/* why it cannot be served (SHA-256, reftable, unreadable), or NULL */
	size_t refs;		/* known, for the status */
};

int repos_new(const struct hgt_config *config, struct repos **out, struct hgt_error *err) HGT_MUST_CHECK;
void repos_free(struct repos *repos);

/* NULL when there is none of that name. */
const struct repo *repos_find(const struct repos *repos, const char *name);

/* By the path that a hook announces (resolved through symbolic links); NULL when it is none of ours. */
const struct repo *repos_find_path(const struct repos *repos, const char *path);

/* Walk, in order of name: start with *pos = 0; NULL at the end. */
const struct repo *repos_next(const struct repos *repos, size_t *pos);

#endif
