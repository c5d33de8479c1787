/* What a mirror asks of a repository: common history, and what clients see. */
#include "git/related.h"

#include "git/repository_private.h"

/* The commits that ids name, those that name none left out; how many. */
static size_t find_commits(struct hgt_repo *repo, const char *const *ids, size_t n, git_oid *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n && found < HGT_RELATED_MAX; i++) {
		char commit[HGT_OID_HEX + 1];

		if (hgt_repo_commit(repo, ids[i], commit, NULL) == 0 && hgt_git_oid(commit, &out[found], NULL) == 0)
			found++;
	}
	return found;
}

int hgt_repo_related(struct hgt_repo *repo, const char *const *a, size_t n_a, const char *const *b, size_t n_b,
	struct hgt_error *err)
{
	git_oid one[HGT_RELATED_MAX], other[HGT_RELATED_MAX + 1];
	size_t n_one = find_commits(repo, a, n_a, one), n_other = find_commits(repo, b, n_b, other + 1);

	for (size_t i = 0; i < n_one && n_other; i++) {
		git_oid base;
		int code;

		other[0] = one[i];
		code = git_merge_base_many(&base, repo->git, n_other + 1, other);
		if (code == 0)
			return 1;
		if (code != GIT_ENOTFOUND)
			return hgt_git_error(err, code, "cannot tell what two histories have in common");
	}
	return 0;
}

int hgt_repo_contains(struct hgt_repo *repo, const char *id, const char *ancestor, struct hgt_error *err)
{
	char commit[HGT_OID_HEX + 1];

	if (strcmp(id, ancestor) == 0)
		return 1;
	if (hgt_repo_commit(repo, id, commit, NULL) < 0 || strcmp(commit, id) != 0)
		return 0;
	if (hgt_repo_commit(repo, ancestor, commit, NULL) < 0 || strcmp(commit, ancestor) != 0)
		return 0;
	return hgt_repo_descends(repo, id, ancestor, err);
}

struct hidden {
	const char *prefix;
	bool found;
};

static int look_at_value(const git_config_entry *entry, void *ctx)
{
	struct hidden *hidden = ctx;

	hidden->found |= strcmp(entry->value, hidden->prefix) == 0;
	return 0;
}

int hgt_repo_hides(struct hgt_repo *repo, const char *prefix, struct hgt_error *err)
{
	struct hidden hidden = {.prefix = prefix};
	git_config *config = NULL;
	int code = git_repository_config_snapshot(&config, repo->git);

	if (code == 0)
		code = git_config_get_multivar_foreach(config, "transfer.hiderefs", NULL, look_at_value, &hidden);
	git_config_free(config);
	if (code < 0 && code != GIT_ENOTFOUND)
		return hgt_git_error(err, code, "cannot read the config of %s", repo->path);
	return hidden.found;
}
