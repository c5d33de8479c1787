/* What a commit says of itself. */
#include "git/commit.h"

#include "git/repository_private.h"

void hgt_commit_release(struct hgt_commit *commit)
{
	free(commit->message);
	free(commit->author);
	free(commit->email);
	free(commit->committer);
	free(commit->committer_email);
	*commit = (struct hgt_commit){0};
}

static char *copy(const char *text, size_t most)
{
	return strndup(text ? text : "", most);
}

int hgt_commit_read(struct hgt_repo *repo, const char *id, struct hgt_commit *out, struct hgt_error *err)
{
	const git_signature *author, *committer;
	struct hgt_commit commit = {0};
	git_commit *found = NULL;
	int code = hgt_git_commit(repo, id, &found, err);

	if (code < 0)
		return code;
	git_oid_tostr(commit.id, sizeof(commit.id), git_commit_id(found));
	git_oid_tostr(commit.tree, sizeof(commit.tree), git_commit_tree_id(found));
	author = git_commit_author(found);
	committer = git_commit_committer(found);
	commit.message = copy(git_commit_message_raw(found), HGT_COMMIT_MESSAGE_MAX);
	commit.author = copy(author ? author->name : "", HGT_COMMIT_MESSAGE_MAX);
	commit.email = copy(author ? author->email : "", HGT_COMMIT_MESSAGE_MAX);
	commit.committer = copy(committer ? committer->name : "", HGT_COMMIT_MESSAGE_MAX);
	commit.committer_email = copy(committer ? committer->email : "", HGT_COMMIT_MESSAGE_MAX);
	commit.seconds = git_commit_time(found);
	commit.offset = git_commit_time_offset(found);
	git_commit_free(found);
	if (!commit.message || !commit.author || !commit.email || !commit.committer || !commit.committer_email) {
		hgt_commit_release(&commit);
		return hgt_error_nomem(err);
	}
	*out = commit;
	return 0;
}
