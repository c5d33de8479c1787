/* What a commit says of itself. */
#ifndef HEADGATE_GIT_COMMIT_H
#define HEADGATE_GIT_COMMIT_H

#include "git/repository.h"

/* The longest message that is kept; a longer one is cut. */
#define HGT_COMMIT_MESSAGE_MAX (64 * 1024)

struct hgt_commit {
	char id[HGT_OID_HEX + 1], tree[HGT_OID_HEX + 1];
	char *message, *author, *email, *committer, *committer_email;	/* raw bytes; may be empty */
	int64_t seconds;	/* the committer's time since the epoch */
	int offset;		/* minutes east of UTC */
};

/* The commit that id names, tags peeled; HGT_ENOENT. What *out has is to be released. */
int hgt_commit_read(struct hgt_repo *repo, const char *id, struct hgt_commit *out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_commit_release(struct hgt_commit *commit);

#endif
