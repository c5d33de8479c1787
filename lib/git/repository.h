/*
 * A bare repository read in-process through libgit2: tips, changed paths, blobs, trees.
 *
 *	struct hgt_repo *repo;
 *	hgt_repo_open_env(&repo, &err);			(in a hook: sees the quarantined objects)
 *	hgt_repo_changes(repo, old_id, new_id, "", each, ctx, &err);
 *	hgt_repo_close(repo);
 *
 * Any thread may use a repository, one at a time. Ids are lower-case hex strings. Nothing here runs a program, writes to the
 * repository or speaks to the network.
 */
#ifndef HEADGATE_GIT_REPOSITORY_H
#define HEADGATE_GIT_REPOSITORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "git/update.h"

struct hgt_repo;

/*
 * Open the repository at path (its .git folder, or the work tree around that), or the one of the environment: in a hook the one it
 * runs in, quarantine included; elsewhere the one around the current folder. HGT_ENOENT: nothing there, or no repository;
 * HGT_EPERM: unreadable, or another user's (git's safe.directory must name its path; libgit2 does not know "*");
 * HGT_EUNSUPPORTED: SHA-256 objects or reftable refs, said in so many words.
 */
int hgt_repo_open(const char *path, struct hgt_repo **out, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_repo_open_env(struct hgt_repo **out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_repo_close(struct hgt_repo *repo);

/* Open it whoever owns it: for an administrator who looks at it and runs nothing that its config names. */
int hgt_repo_open_any_owner(const char *path, struct hgt_repo **out, struct hgt_error *err) HGT_MUST_CHECK;

/* The folder from which Git runs the hooks of a push into the repository whose .git folder this is, appended: core.hooksPath of any of
 * its config files, a relative one below git_dir; else git_dir/hooks. The repository need not be one that hgt_repo_open reads. */
int hgt_git_hooks_folder(const char *git_dir, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* The absolute path of the .git folder, no trailing slash; borrowed. */
const char *hgt_repo_path(const struct hgt_repo *repo);

/* Whether there is no work tree around it: HEAD is then the default branch, and not just what is checked out. */
bool hgt_repo_is_bare(const struct hgt_repo *repo);

/* The full ref name that HEAD leads to, born or not ("refs/heads/main"); HGT_ENOENT when HEAD is detached. */
int hgt_repo_default_branch(struct hgt_repo *repo, struct hgt_buf *ref, struct hgt_error *err) HGT_MUST_CHECK;

/* The ref that moves when `ref` is pushed to, appended: what a symbolic one leads to, else itself. HGT_ECORRUPT: it leads in a circle. */
int hgt_repo_real_ref(struct hgt_repo *repo, const char *ref, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* What a ref points at, tags not peeled; HGT_ENOENT. id has room for HGT_OID_HEX + 1. */
int hgt_repo_ref(struct hgt_repo *repo, const char *ref, char *id, struct hgt_error *err) HGT_MUST_CHECK;

/* Every ref with its id (symbolic ones left out). A negative return of cb stops and is passed on. */
typedef int (*hgt_repo_ref_cb)(void *ctx, const char *ref, const char *id);
int hgt_repo_refs(struct hgt_repo *repo, hgt_repo_ref_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether the object is there (in the quarantine too). */
bool hgt_repo_has(struct hgt_repo *repo, const char *id);

/* The commit that id names, annotated tags peeled; HGT_ENOENT when there is none (a tag of a blob, say). */
int hgt_repo_commit(struct hgt_repo *repo, const char *id, char *commit, struct hgt_error *err) HGT_MUST_CHECK;

/* The name revparse would give: "HEAD", "main~2", an abbreviated id; to a commit. HGT_ENOENT. */
int hgt_repo_resolve(struct hgt_repo *repo, const char *rev, char *commit, struct hgt_error *err) HGT_MUST_CHECK;

/* 1 when `ancestor` is reachable from `id` (or is it), 0 when not. */
int hgt_repo_descends(struct hgt_repo *repo, const char *id, const char *ancestor, struct hgt_error *err) HGT_MUST_CHECK;

/* One changed path between two trees. */
struct hgt_path_change {
	char status;		/* 'A' added, 'M' modified (content or mode), 'D' deleted, 'T' type changed */
	const char *path;	/* raw bytes, terminated */
	uint32_t old_mode, new_mode;	/* Git's file modes; 0 where there is none */
	const char *old_id, *new_id;	/* blob (or submodule commit) ids; all zero where there is none */
};

typedef int (*hgt_repo_change_cb)(void *ctx, const struct hgt_path_change *change);

/* The paths that differ at or below `under` ("" for all; no slash at either end) between two commits, in tree order, each told whole
 * from the root; either id may be all zero for the empty tree; tags are peeled. Renames are a deletion and an addition. Cost follows
 * the change. A negative return of cb stops and is passed on; positive stops with 0. HGT_ENOENT when an id names no commit or an
 * object is missing; HGT_ELIMIT for a path over 4096 bytes or more than a million folders that differ; HGT_ECORRUPT when the new
 * side has a name that no file can have ("..", "a/b", ".git"). */
int hgt_repo_changes(struct hgt_repo *repo, const char *old_id, const char *new_id, const char *under,
	hgt_repo_change_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether the repository has a tree of that id. */
bool hgt_repo_is_tree(struct hgt_repo *repo, const char *id);

/* The paths that differ between two trees, given by their own ids and told from their tops; otherwise as hgt_repo_changes. HGT_ENOENT when
 * an id names no tree. */
int hgt_repo_tree_changes(struct hgt_repo *repo, const char *old_tree, const char *new_tree, hgt_repo_change_cb cb, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

/* The size of a blob without loading it, then its bytes appended to out. HGT_ENOENT; HGT_ELIMIT over limit. */
int hgt_repo_blob_size(struct hgt_repo *repo, const char *id, uint64_t *size, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_repo_blob(struct hgt_repo *repo, const char *id, size_t limit, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* The bytes of an object of that kind ("commit", "tree"), as its id is made of them, appended. HGT_ENOENT; HGT_ELIMIT over limit. */
int hgt_repo_raw(struct hgt_repo *repo, const char *id, const char *kind, size_t limit, struct hgt_buf *out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* The id of the tree (or blob) at `path` of a commit, "" for its root. HGT_ENOENT when the path is not there. */
int hgt_repo_path_id(struct hgt_repo *repo, const char *commit, const char *path, char *id, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether `path` had that id at one of the newest so many commits from `commit` back, itself included. What is missing of them counts as
 * another. */
int hgt_repo_path_was(struct hgt_repo *repo, const char *commit, const char *path, const char *id, unsigned commits, bool *was,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Every file at or below a path of a commit, in tree order, as additions (status 'A', paths from the root; submodules too). Errors as
 * of hgt_repo_changes, and HGT_ENOENT when the path is not there. */
int hgt_repo_walk(struct hgt_repo *repo, const char *commit, const char *path, hgt_repo_change_cb cb, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

/* The committer time of a commit, seconds since the epoch. */
int hgt_repo_commit_time(struct hgt_repo *repo, const char *commit, int64_t *seconds, struct hgt_error *err) HGT_MUST_CHECK;

#endif
