/* Whether a client may see a commit that it names. */
#ifndef HEADGATE_DAEMON_REVISION_H
#define HEADGATE_DAEMON_REVISION_H

#include "git/repository.h"

/*
 * 0 when rev is the id of a commit of the repository, and, unless `refs` is "", reachable from a ref that fits the pattern. HGT_ENOENT
 * else: who may see some refs alone is told of other commits what is told of those that are not there. Reads the repository; for a
 * worker.
 */
int revision_check(struct hgt_repo *repo, const char *rev, const char *refs, struct hgt_error *err) HGT_MUST_CHECK;

#endif
