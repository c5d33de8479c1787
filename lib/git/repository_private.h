/* What the parts of lib/git share about an open repository and libgit2's errors; nobody else includes it. */
#ifndef HEADGATE_GIT_REPOSITORY_PRIVATE_H
#define HEADGATE_GIT_REPOSITORY_PRIVATE_H

#include <git2.h>

#include "git/repository.h"

struct hgt_repo {
	git_repository *git;
	git_odb *odb;
	char *path;	/* hgt_repo_path */
};

/* libgit2 runs: to be asked before any other of its functions. */
int hgt_git_start(struct hgt_error *err) HGT_MUST_CHECK;

/* "<what>: <libgit2's words>" with the HGT_E* code that fits what libgit2 returned. */
int hgt_git_error(struct hgt_error *err, int returned, const char *fmt, ...) HGT_PRINTF(3, 4);

/* The id that 40 hex digits spell; HGT_EINVAL. */
int hgt_git_oid(const char *hex, git_oid *out, struct hgt_error *err) HGT_MUST_CHECK;

/* The commit an id names, tags peeled; HGT_ENOENT. Freed by the caller. */
int hgt_git_commit(struct hgt_repo *repo, const char *hex, git_commit **out, struct hgt_error *err) HGT_MUST_CHECK;

#endif
