/* A new, empty, bare repository. */
#include "git/repository_make.h"

#include "git/repository_private.h"

static int set_text(git_repository *git, const char *path, const char *key, const char *value, struct hgt_error *err)
{
	git_config *all = NULL, *own = NULL;
	int code = git_repository_config(&all, git);

	/* The repository's own file, and not the account's. */
	if (code == 0)
		code = git_config_open_level(&own, all, GIT_CONFIG_LEVEL_LOCAL);
	if (code == 0)
		code = git_config_set_string(own, key, value);
	git_config_free(own);
	git_config_free(all);
	return code < 0 ? hgt_git_error(err, code, "cannot set %s in the config of %s", key, path) : 0;
}

int hgt_repository_make(const char *path, const struct hgt_repository_settings *settings, struct hgt_error *err)
{
	git_repository_init_options options;
	git_repository *git = NULL;
	int code = hgt_git_start(err);

	if (code < 0)
		return code;
	git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
	options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_REINIT | GIT_REPOSITORY_INIT_MKDIR;
	options.initial_head = settings->head;
	code = git_repository_init_ext(&git, path, &options);
	if (code < 0)
		return hgt_git_error(err, code, "cannot make a repository at %s", path);
	code = settings->owner ? set_text(git, path, "gitweb.owner", settings->owner, err) : 0;
	if (code == 0 && settings->private_refs)
		code = set_text(git, path, "transfer.hideRefs", "refs/headgate", err);
	git_repository_free(git);
	return code;
}

int hgt_repository_lend(const char *path, struct hgt_error *err)
{
	struct hgt_repo *repo = NULL;
	int code = hgt_repo_open_any_owner(path, &repo, err);

	if (code == 0)
		code = set_text(repo->git, path, "gc.pruneExpire", "never", err);
	hgt_repo_close(repo);
	return code;
}
