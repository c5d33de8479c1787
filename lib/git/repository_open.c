/* Opening a repository: which one, whether this version can read it, and what to say when not. */
#include "git/repository_private.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

enum { CONFIG_MAX = 1024 * 1024, CACHE_MAX = 8 * 1024 * 1024 };

static int started;	/* what git_libgit2_init returned */

/*
 * libgit2 is started once a process and never ended: a second start would cost again, and nothing it holds outlives the
 * process. Its object cache is kept small (its own limit is 256 MiB), for the daemon's sake.
 */
static void start(void)
{
	started = git_libgit2_init();
	if (started > 0)
		git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHE_MAX);
}

int hgt_git_start(struct hgt_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start);
	return started < 0 ? hgt_error_set(err, HGT_ENOMEM, "libgit2 does not start") : 0;
}

/* One setting of a repository's own config file against the only value this version can read. */
static int check_extension(git_config *config, const char *key, const char *readable, const char *what, struct hgt_error *err)
{
	git_buf value = GIT_BUF_INIT;
	int code = 0;

	if (git_config_get_string_buf(&value, config, key) == 0 && strcasecmp(value.ptr, readable) != 0)
		code = hgt_error_set(err, HGT_EUNSUPPORTED, "the repository %s (%s = %s), which Headgate does not read yet", what, key,
			value.ptr);
	git_buf_dispose(&value);
	return code;
}

/*
 * Whether the repository whose config file this is keeps its objects and refs in a form that can be read. Git reads these two
 * settings from this file alone, includes left out, and so does this. Most files name neither: those are not parsed. A
 * repository without the file is in the old form.
 */
static int check_format(const char *folder, const char *name, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;
	git_config *config = NULL;
	struct hgt_error why;
	int code;

	hgt_buf_addf(&path, "%s/%s", folder, name);
	code = hgt_buf_check(&path, err);
	if (code < 0)
		goto out;
	code = hgt_read_file(path.data, CONFIG_MAX, &text, &why);
	if (code < 0) {
		code = code == HGT_ENOENT ? 0 : hgt_error_set(err, code, "%s", why.message);
		goto out;
	}
	if (!strcasestr(text.data, "objectformat") && !strcasestr(text.data, "refstorage"))
		goto out;
	code = git_config_open_ondisk(&config, path.data);
	if (code < 0) {
		code = hgt_git_error(err, code, "cannot read %s", path.data);
		goto out;
	}
	code = check_extension(config, "extensions.objectformat", "sha1", "holds its objects by another hash than SHA-1", err);
	if (code == 0)
		code = check_extension(config, "extensions.refstorage", "files", "holds its refs in another form than files", err);
out:
	git_config_free(config);
	hgt_buf_release(&text);
	hgt_buf_release(&path);
	return code;
}

/* The byte that an escape of git's C-style quoting stands for; *p is past the backslash, and then past the escape. */
static char unescape(const char **p)
{
	static const char letters[] = "abtnvfr", bytes[] = "\a\b\t\n\v\f\r";
	const char *letter = **p ? strchr(letters, **p) : NULL;
	char c = letter ? bytes[letter - letters] : **p;

	if (strspn(*p, "01234567") >= 3) {
		c = (char)(((*p)[0] - '0') * 64 + ((*p)[1] - '0') * 8 + ((*p)[2] - '0'));
		*p += 2;
	}
	*p += **p != '\0';
	return c;
}

/*
 * libgit2 splits GIT_ALTERNATE_OBJECT_DIRECTORIES at every colon; git puts a path that has one in quotes, as C would. Without
 * this the objects of such a repository would not be found from its own quarantine.
 */
static int add_quoted_alternates(git_odb *odb, const char *list, struct hgt_error *err)
{
	int code = 0;

	while (*list && code == 0) {
		struct hgt_buf path = HGT_BUF_INIT;
		bool quoted = *list == '"';

		list += quoted;
		while (*list && *list != (quoted ? '"' : ':')) {
			char c = *list++;

			hgt_buf_addc(&path, quoted && c == '\\' ? unescape(&list) : c);
		}
		list += quoted && *list == '"';
		list += *list == ':';
		code = hgt_buf_check(&path, err);
		if (code == 0 && quoted) {
			code = git_odb_add_disk_alternate(odb, path.data);
			if (code < 0)
				code = hgt_git_error(err, code, "cannot read the objects in %s", path.data);
		}
		hgt_buf_release(&path);
	}
	return code;
}

/*
 * What to say when libgit2 could not open the repository at path. Its word for another user's repository is GIT_EOWNER only where
 * safe.directory is set to something; where it is not set at all, 1.5 says that it misses the setting. It does not know
 * "*" either, so the way out names the path.
 */
static int open_failed(int returned, const char *path, struct hgt_error *err)
{
	const git_error *last = git_error_last();
	bool foreign = returned == GIT_EOWNER || (returned == GIT_ENOTFOUND && last && last->klass == GIT_ERROR_CONFIG);
	char *real = foreign ? realpath(path, NULL) : NULL;
	struct stat st;
	int code;

	if (foreign)
		code = hgt_error_set(err, HGT_EPERM, "the repository belongs to another user; if that is meant, allow it by its path: "
			"git config --global --add safe.directory %s", real ? real : path);
	else if (stat(path, &st) < 0)
		code = hgt_error_set_errno(err, "cannot open repository %s", path);
	else if (S_ISDIR(st.st_mode) && access(path, R_OK | X_OK) < 0)
		code = hgt_error_set_errno(err, "cannot read repository %s", path);
	else if (returned == GIT_ENOTFOUND || !S_ISDIR(st.st_mode))
		code = hgt_error_set(err, HGT_ENOENT, "%s is not a Git repository", path);
	else
		code = hgt_git_error(err, returned, "cannot open repository %s", path);
	free(real);
	return code;
}

/* Take over an opened git_repository; on failure it stays the caller's. */
static int adopt(git_repository *git, struct hgt_repo **out, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_repo *repo = calloc(1, sizeof(*repo));
	int code;

	hgt_buf_adds(&path, git_repository_commondir(git));
	while (path.len > 1 && path.data[path.len - 1] == '/')
		hgt_buf_truncate(&path, path.len - 1);
	code = repo ? check_format(path.data, "config", err) : hgt_error_nomem(err);
	if (code < 0)
		goto out;
	repo->path = hgt_buf_take(&path);
	if (!repo->path) {
		code = hgt_error_nomem(err);
		goto out;
	}
	code = git_repository_odb(&repo->odb, git);
	if (code < 0) {
		code = hgt_git_error(err, code, "cannot open the objects of %s", repo->path);
		goto out;
	}
	repo->git = git;
	*out = repo;
	repo = NULL;
out:
	hgt_repo_close(repo);
	hgt_buf_release(&path);
	return code;
}

static int open_repo(const char *path, unsigned flags, struct hgt_repo **out, struct hgt_error *err)
{
	git_repository *git = NULL;
	int code = hgt_git_start(err);

	/* The path is the .git folder or the work tree around one. Looked at before libgit2 does, whose words would be others, and
	 * once more afterwards where it has found the repository elsewhere. */
	if (code == 0)
		code = check_format(path, "config", err);
	if (code == 0)
		code = check_format(path, ".git/config", err);
	if (code < 0)
		return code;
	code = git_repository_open_ext(&git, flags & GIT_REPOSITORY_OPEN_FROM_ENV ? NULL : path, flags, NULL);
	if (code < 0)
		return open_failed(code, path, err);
	code = adopt(git, out, err);
	if (code < 0)
		git_repository_free(git);
	return code;
}

int hgt_repo_open(const char *path, struct hgt_repo **out, struct hgt_error *err)
{
	return open_repo(path, GIT_REPOSITORY_OPEN_NO_SEARCH, out, err);
}

int hgt_repo_open_any_owner(const char *path, struct hgt_repo **out, struct hgt_error *err)
{
	int code = hgt_git_start(err);

	if (code < 0)
		return code;
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	code = open_repo(path, GIT_REPOSITORY_OPEN_NO_SEARCH, out, err);
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 1);
	return code;
}

int hgt_git_hooks_folder(const char *git_dir, struct hgt_buf *out, struct hgt_error *err)
{
	struct hgt_buf file = HGT_BUF_INIT;
	git_buf value = GIT_BUF_INIT;
	git_config *config = NULL;
	int code = hgt_git_start(err);

	hgt_buf_addf(&file, "%s/config", git_dir);
	if (code == 0)
		code = hgt_buf_check(&file, err);
	if (code < 0)
		goto out;
	code = git_config_open_default(&config);
	if (code == 0)
		code = git_config_add_file_ondisk(config, file.data, GIT_CONFIG_LEVEL_LOCAL, NULL, 0);
	if (code == 0)
		code = git_config_get_path(&value, config, "core.hookspath");
	if (code < 0 && code != GIT_ENOTFOUND) {
		code = hgt_git_error(err, code, "cannot read the config of %s", git_dir);
		goto out;
	}
	if (code == GIT_ENOTFOUND || !*value.ptr)
		hgt_buf_addf(out, "%s/hooks", git_dir);
	else if (*value.ptr == '/')
		hgt_buf_adds(out, value.ptr);
	else
		hgt_buf_addf(out, "%s/%s", git_dir, value.ptr);
	code = hgt_buf_check(out, err);
out:
	git_buf_dispose(&value);
	git_config_free(config);
	hgt_buf_release(&file);
	return code;
}

int hgt_repo_open_env(struct hgt_repo **out, struct hgt_error *err)
{
	const char *folder = getenv("GIT_DIR");
	const char *alternates = getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES");
	struct hgt_repo *repo;
	int code = hgt_git_start(err);

	if (code < 0)
		return code;
	/* Git hashed what is pushed when it wrote it, a moment ago, and asks no more of older objects than their checksums. To hash each
	 * once more is most of what the gate would do in a repository with wide folders. */
	git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
	code = open_repo(folder ? folder : ".", GIT_REPOSITORY_OPEN_FROM_ENV, &repo, err);
	if (code < 0)
		return code;
	if (alternates && strchr(alternates, '"'))
		code = add_quoted_alternates(repo->odb, alternates, err);
	if (code < 0) {
		hgt_repo_close(repo);
		return code;
	}
	*out = repo;
	return 0;
}

void hgt_repo_close(struct hgt_repo *repo)
{
	if (!repo)
		return;
	git_odb_free(repo->odb);
	git_repository_free(repo->git);
	free(repo->path);
	free(repo);
}

const char *hgt_repo_path(const struct hgt_repo *repo)
{
	return repo->path;
}

bool hgt_repo_is_bare(const struct hgt_repo *repo)
{
	return git_repository_is_bare(repo->git);
}
