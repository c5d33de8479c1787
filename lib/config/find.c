/* Which config a program reads, and what a repository is called in it. */
#include <fcntl.h>
#include <unistd.h>

#include "base/glob.h"
#include "config/config.h"
#include "headgate/protocol.h"

int hgt_config_find(const char *given, const char *repo_path, struct hgt_buf *out, struct hgt_error *err)
{
	const char *env = getenv(HGT_CONFIG_ENV);

	if (given) {
		hgt_buf_adds(out, given);
	} else if (env && *env) {
		hgt_buf_adds(out, env);
	} else {
		size_t start = out->len;

		if (repo_path)
			hgt_buf_addf(out, "%s/%s", repo_path, HGT_REPO_CONFIG);
		/* A link that leads nowhere is still the administrator's word: reading it then fails and says so. */
		if (!repo_path || (!out->failed && faccessat(AT_FDCWD, out->data + start, F_OK, AT_SYMLINK_NOFOLLOW) < 0)) {
			hgt_buf_truncate(out, start);
			hgt_buf_adds(out, HGT_CONFIG_PATH);
		}
	}
	return hgt_buf_check(out, err);
}

int hgt_config_repo_name(const struct hgt_config *config, const char *repo_path, struct hgt_buf *out, struct hgt_error *err)
{
	char *root = realpath(config->repositories.root, NULL);
	char *path = realpath(repo_path, NULL);
	size_t root_len, start = out->len;
	int code = 0;

	if (!root) {
		hgt_error_set_errno(err, "repositories.root: %s", config->repositories.root);
		code = HGT_EINVAL;
		goto out;
	}
	if (!path) {
		hgt_error_set_errno(err, "%s", repo_path);
		code = HGT_EINVAL;
		goto out;
	}
	root_len = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (strncmp(path, root, root_len) != 0 || path[root_len] != '/') {
		code = hgt_error_set(err, HGT_EINVAL, "%s is not below repositories.root, %s (%s)", path, root, config->path);
		goto out;
	}
	hgt_buf_adds(out, path + root_len + 1);
	if (out->len - start > 5 && strcmp(out->data + out->len - 5, "/.git") == 0)
		hgt_buf_truncate(out, out->len - 5);
	else if (out->len - start > 4 && strcmp(out->data + out->len - 4, ".git") == 0)
		hgt_buf_truncate(out, out->len - 4);
	code = hgt_buf_check(out, err);
	if (code == 0 && (!hgt_glob_match_any(config->repositories.include.items, config->repositories.include.n,
				 out->data + start) ||
				 hgt_glob_match_any(config->repositories.exclude.items, config->repositories.exclude.n,
					 out->data + start)))
		code = hgt_error_set(err, HGT_ENOENT, "%s is not among the repositories that the config includes",
			out->data + start);
	if (code < 0)
		hgt_buf_truncate(out, start);
out:
	free(root);
	free(path);
	return code;
}
