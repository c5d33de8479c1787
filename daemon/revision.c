/* Whether a client may see a commit that it names. */
#include "daemon/revision.h"

#include "base/glob.h"

/* Looking for a ref that a commit is reachable from: first at the tips, for that is where nearly all are asked for. */
struct reach {
	struct hgt_repo *repo;
	const char *rev, *refs;
	struct hgt_error *err;
	bool tips, found;
};

static int look_at_ref(void *ctx, const char *ref, const char *id)
{
	struct reach *reach = ctx;
	char tip[HGT_OID_HEX_SHA256 + 1];
	int code = 0;

	if (reach->found || hgt_ref_is_own(ref) || !hgt_glob_match(reach->refs, ref) || hgt_repo_commit(reach->repo, id, tip, NULL) < 0)
		return 0;
	if (reach->tips)
		reach->found = strcmp(tip, reach->rev) == 0;
	else
		code = hgt_repo_descends(reach->repo, tip, reach->rev, reach->err);
	reach->found |= code == 1;
	return code < 0 ? code : 0;
}

static int check_reachable(struct hgt_repo *repo, const char *rev, const char *refs, struct hgt_error *err)
{
	struct reach reach = {.repo = repo, .rev = rev, .refs = refs, .err = err, .tips = true};
	int code = hgt_repo_refs(repo, look_at_ref, &reach, err);

	reach.tips = false;
	if (code == 0 && !reach.found)
		code = hgt_repo_refs(repo, look_at_ref, &reach, err);
	return code == 0 && !reach.found ? HGT_ENOENT : code;
}

int revision_check(struct hgt_repo *repo, const char *rev, const char *refs, struct hgt_error *err)
{
	char commit[HGT_OID_HEX_SHA256 + 1];
	int code = hgt_repo_commit(repo, rev, commit, err);

	if (code == 0 && strcmp(commit, rev) != 0)
		code = hgt_error_set(err, HGT_ENOENT, "%s is no commit", rev);
	if (code == 0 && *refs)
		code = check_reachable(repo, rev, refs, err);
	/* In the same words, whatever else the repository would say. */
	if (code == HGT_ENOENT && *refs)
		hgt_error_set(err, HGT_ENOENT, "%s is no commit", rev);
	return code;
}
