/* What a path was before. */
#include <string.h>

#include "git/repository_private.h"

/* The commits from `commit` back, the newest first. Unsorted, that is, for which no more of the history is read than is walked. */
static int walk_from(struct hgt_repo *repo, const char *commit, git_revwalk **out, struct hgt_error *err)
{
	git_revwalk *walk = NULL;
	git_oid id;
	int code = hgt_git_oid(commit, &id, err);

	if (code < 0)
		return code;
	code = git_revwalk_new(&walk, repo->git);
	if (code == 0)
		code = git_revwalk_push(walk, &id);
	if (code < 0) {
		git_revwalk_free(walk);
		return hgt_git_error(err, code, "cannot read what was before commit %s", commit);
	}
	*out = walk;
	return 0;
}

int hgt_repo_path_was(struct hgt_repo *repo, const char *commit, const char *path, const char *tree, unsigned commits, bool *was,
	struct hgt_error *err)
{
	git_revwalk *walk = NULL;
	bool found = false;
	git_oid id;
	int code = walk_from(repo, commit, &walk, err);

	for (unsigned n = 0; n < commits && code == 0 && !found && git_revwalk_next(&id, walk) == 0; n++) {
		char hex[HGT_OID_HEX + 1], at[HGT_OID_HEX + 1];

		git_oid_tostr(hex, sizeof(hex), &id);
		code = hgt_repo_path_id(repo, hex, path, at, err);
		found = code == 0 && strcmp(at, tree) == 0;
		if (code == HGT_ENOENT)		/* it was not there, or is no longer known */
			code = 0;
	}
	git_revwalk_free(walk);
	if (code == 0)
		*was = found;
	return code;
}
