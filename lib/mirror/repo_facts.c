/* What a manifest says of one repository, read from its folder as grok-manifest reads it. */
#include "mirror/repo_facts.h"

#include <git2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "git/repository_private.h"

enum { SMALL_FILE_MAX = 64 * 1024 };

/* The text of a small file without white space around it; *out stays NULL when it is not there or empty. */
static int read_small(const char *folder, const char *name, char **out, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;
	int code = 0;

	hgt_buf_addf(&path, "%s/%s", folder, name);
	if (path.failed) {
		code = hgt_error_nomem(err);
	} else if (hgt_read_file(path.data, SMALL_FILE_MAX, &text, NULL) == 0) {
		size_t begin = strspn(text.data, " \t\r\n\v\f"), end = text.len;

		while (end > begin && strchr(" \t\r\n\v\f", text.data[end - 1]))
			end--;
		if (end > begin && !memchr(text.data, '\0', text.len)) {
			*out = strndup(text.data + begin, end - begin);
			code = *out ? 0 : hgt_error_nomem(err);
		}
	}
	hgt_buf_release(&text);
	hgt_buf_release(&path);
	return code;
}

static bool has_file(const char *folder, const char *name)
{
	struct hgt_buf path = HGT_BUF_INIT;
	bool has;

	hgt_buf_addf(&path, "%s/%s", folder, name);
	has = !path.failed && access(path.data, F_OK) == 0;
	hgt_buf_release(&path);
	return has;
}

/* Git's template says "edit this file": nobody needs to be told to. */
static int read_description(const char *folder, char **out, struct hgt_error *err)
{
	int code = read_small(folder, "description", out, err);

	if (code == 0 && *out && strstr(*out, "edit this file")) {
		free(*out);
		*out = NULL;
	}
	return code;
}

static int read_owner(struct hgt_repo *repo, char **out, struct hgt_error *err)
{
	git_config *config = NULL;
	git_buf value = GIT_BUF_INIT;
	int code = 0;

	if (git_repository_config(&config, repo->git) == 0 && git_config_get_string_buf(&value, config, "gitweb.owner") == 0 && value.size) {
		*out = strdup(value.ptr);
		code = *out ? 0 : hgt_error_nomem(err);
	}
	git_buf_dispose(&value);
	git_config_free(config);
	return code;
}

/* Whose objects it borrows: another repository below the root, or one of grokmirror's stores, which stands for a group of forks. */
static int read_reference(const char *folder, const char *root, struct hgt_repo_facts *out, struct hgt_error *err)
{
	const size_t objects = sizeof("/objects") - 1, root_len = strlen(root);
	char *alternates = NULL, *real = NULL;
	int code = read_small(folder, "objects/info/alternates", &alternates, err);
	size_t len = alternates ? strlen(alternates) : 0;

	if (code < 0 || len <= objects || strcmp(alternates + len - objects, "/objects") != 0 || strchr(alternates, '\n'))
		goto out;
	alternates[len - objects] = '\0';
	real = realpath(alternates, NULL);
	if (!real)
		goto out;
	if (has_file(real, "grokmirror.objstore")) {
		const char *name = strrchr(real, '/') + 1;
		size_t n = strlen(name);

		out->forkgroup = n > 4 ? strndup(name, n - 4) : NULL;
		code = n > 4 && !out->forkgroup ? hgt_error_nomem(err) : 0;
	} else if (strncmp(real, root, root_len) == 0 && real[root_len] == '/') {
		out->reference = strdup(real + root_len);
		code = out->reference ? 0 : hgt_error_nomem(err);
	}
out:
	free(alternates);
	free(real);
	return code;
}

int hgt_repo_facts_read(struct hgt_repo *repo, const char *root, struct hgt_repo_facts *out, struct hgt_error *err)
{
	const char *folder = hgt_repo_path(repo);
	int code;

	*out = (struct hgt_repo_facts){.store = has_file(folder, "grokmirror.objstore")};
	code = hgt_fingerprint(repo, out->fingerprint, &out->modified, err);
	if (code == 0)
		code = read_small(folder, "HEAD", &out->head, err);
	if (code == 0)
		code = read_description(folder, &out->description, err);
	if (code == 0)
		code = read_owner(repo, &out->owner, err);
	if (code == 0)
		code = read_reference(folder, strcmp(root, "/") == 0 ? "" : root, out, err);
	return code;
}

void hgt_repo_facts_release(struct hgt_repo_facts *d)
{
	free(d->head);
	free(d->owner);
	free(d->description);
	free(d->forkgroup);
	free(d->reference);
	*d = (struct hgt_repo_facts){0};
}

uint64_t hgt_repo_facts_stamp(const char *git_dir)
{
	static const char *const names[] = {"HEAD", "description", "config", "objects/info/alternates", "grokmirror.objstore"};
	uint64_t stamp = 14695981039346656037u;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct hgt_buf path = HGT_BUF_INIT;
		struct stat st = {0};

		hgt_buf_addf(&path, "%s/%s", git_dir, names[i]);
		if (path.failed || stat(path.data, &st) < 0)
			st = (struct stat){0};
		hgt_buf_release(&path);
		for (const uint64_t *v = (const uint64_t[]){(uint64_t)st.st_ino, (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec,
			     (uint64_t)st.st_size, UINT64_MAX}; *v != UINT64_MAX; v++)
			stamp = (stamp ^ *v) * 1099511628211u;
	}
	return stamp;
}
