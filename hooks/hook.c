/* What both hooks begin and end with. */
#include "hooks/hook.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/io.h"
#include "base/timing.h"
#include "headgate/protocol.h"

enum { COMMONDIR_MAX = 4096 };

extern char **environ;

void hook_init(struct hook *hook)
{
	*hook = (struct hook){.began_ms = hgt_time_mono_ms(), .way_out = "push fewer refs at once", .input = HGT_BUF_INIT,
		.repo = HGT_BUF_INIT};
}

void hook_release(struct hook *hook)
{
	hgt_config_free(hook->config);
	hgt_arena_release(&hook->arena);
	hgt_buf_release(&hook->input);
	hgt_buf_release(&hook->repo);
	free(hook->repo_path);
}

static int read_config(struct hook *hook, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code = hgt_config_find(NULL, hook->repo_path, &path, err);

	if (code == 0)
		code = hgt_config_load(path.data, &hook->config, err);
	hgt_buf_release(&path);
	if (code < 0)
		return code;
	code = hgt_config_repo_name(hook->config, hook->repo_path, &hook->repo, err);
	hook->served = code == 0;
	return code == HGT_ENOENT ? 0 : code;
}

/*
 * The .git folder of the repository. In a linked working tree (git worktree add) GIT_DIR is a folder of its own, whose file
 * "commondir" leads to the one that has the refs: a push by that way moves the same branches.
 */
static int find_repository(const char *folder, char **out, bool *linked, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;
	int code;

	hgt_buf_addf(&path, "%s/commondir", folder);
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = hgt_read_file(path.data, COMMONDIR_MAX, &text, err);
	*linked = code == 0;
	if (code < 0 && code != HGT_ENOENT)
		goto out;
	hgt_buf_reset(&path);
	if (!*linked || text.data[0] != '/')
		hgt_buf_addf(&path, "%s/", folder);
	hgt_buf_add(&path, text.data, strcspn(text.data, "\n"));
	code = hgt_buf_check(&path, err);
	if (code < 0)
		goto out;
	*out = realpath(path.data, NULL);
	code = *out ? 0 : hgt_error_set_errno(err, "cannot resolve GIT_DIR %s", path.data);
out:
	hgt_buf_release(&text);
	hgt_buf_release(&path);
	return code;
}

/* What git does with a repository that we would read otherwise. */
static int check_way(const char *repo_path, bool linked, struct hgt_error *err)
{
	const char *namespace = getenv("GIT_NAMESPACE");

	if (linked)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "it goes to a linked working tree of %s", repo_path);
	if (namespace && *namespace)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "it goes to the Git namespace \"%s\", and namespaces are not read yet", namespace);
	return 0;
}

int hook_read(struct hook *hook, struct hgt_error *err)
{
	const char *folder = getenv("GIT_DIR");
	bool linked = false;
	int code = hgt_read_fd(STDIN_FILENO, "the list of refs", HGT_HOOK_LINE_MAX, &hook->input, err);

	if (code < 0)
		return code;
	hook->way_out = "git runs this program as a hook";
	if (!folder)
		return hgt_error_set(err, HGT_EINVAL, "GIT_DIR is not set");
	code = find_repository(folder, &hook->repo_path, &linked, err);
	if (code < 0)
		return code;
	hook->way_out = "the server's administrator must mend the config";
	code = read_config(hook, err);
	if (code < 0 || !hook->served)
		return code;
	hook->way_out = "push to the repository itself";
	code = check_way(hook->repo_path, linked, err);
	if (code < 0)
		return code;
	hook->way_out = "ask the server's administrator";
	code = hgt_updates_parse(hook->input.data, hook->input.len, &hook->arena, &hook->updates, err);
	if (code == 0)
		code = hgt_actor_from_env(environ, &hook->arena, &hook->actor, err);
	if (code == 0)
		code = hgt_push_options_from_env(environ, &hook->arena, &hook->options, &hook->n_options, err);
	hgt_random_hex(HOOK_PUSH_ID_HEX / 2, hook->push);
	return code;
}

bool hook_on_gitlab(void)
{
	return getenv("GL_ID") || getenv("GL_PROTOCOL");
}

void hook_tell_refusal(const char *text, size_t len)
{
	if (hook_on_gitlab())
		fprintf(stderr, HOOK_GITLAB "%.*s\n", (int)strcspn(text, "\n"), text);
	fwrite(text, 1, len, stderr);
}

static void add_trouble(struct hgt_buf *line, const struct hook *hook, const struct hgt_error *err)
{
	hgt_escape_text(line, err->message, strlen(err->message));
	hgt_buf_addf(line, "; %s\n", hook->way_out);
}

void hook_tell_trouble(const struct hook *hook, const struct hgt_error *err)
{
	struct hgt_buf line = HGT_BUF_INIT;

	hgt_buf_adds(&line, "headgate: " HOOK_CANNOT_JUDGE);
	add_trouble(&line, hook, err);
	hook_tell_refusal(line.data, line.len);
	hgt_buf_release(&line);
}

void hook_warn(const struct hook *hook, const char *what, const struct hgt_error *err)
{
	struct hgt_buf line = HGT_BUF_INIT;

	hgt_buf_addf(&line, "headgate: warning: %s", what);
	add_trouble(&line, hook, err);
	fwrite(line.data, 1, line.len, stderr);
	hgt_buf_release(&line);
}

/* Put the input where the next program reads its stdin: a file in memory, so that nobody has to feed it. */
static int put_back_input(const struct hgt_buf *input, struct hgt_error *err)
{
	int fd = memfd_create("stdin", MFD_CLOEXEC);
	int code = 0;

	if (fd < 0)
		return hgt_error_set_errno(err, "cannot make a file in memory");
	if (hgt_write_all(fd, input->data, input->len) < 0 || lseek(fd, 0, SEEK_SET) < 0 || dup2(fd, STDIN_FILENO) < 0)
		code = hgt_error_set_errno(err, "cannot hand on the list of refs");
	close(fd);
	return code;
}

int hook_chain(const struct hook *hook, const char *argv0, const char *name, struct hgt_error *err)
{
	const char *slash = strrchr(argv0, '/');
	struct hgt_buf path = HGT_BUF_INIT;
	int code;

	hgt_buf_add(&path, argv0, slash ? (size_t)(slash - argv0) + 1 : 0);
	hgt_buf_addf(&path, "%s%s", name, HGT_CHAINED_SUFFIX);
	code = hgt_buf_check(&path, err);
	/* Ours under the other's name would chain itself for ever. */
	if (code < 0 || !slash || strcmp(argv0, path.data) == 0 || access(path.data, X_OK) < 0)
		goto out;
	code = put_back_input(&hook->input, err);
	if (code < 0)
		goto out;
	signal(SIGPIPE, SIG_DFL);
	/* execvp, for it runs a script without a first line as git does: by the shell. */
	execvp(path.data, (char *[]){path.data, NULL});
	code = hgt_error_set_errno(err, "cannot run %s", path.data);
out:
	hgt_buf_release(&path);
	return code;
}
