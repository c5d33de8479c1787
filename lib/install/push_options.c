/* Whether a repository takes push options: asked and set by Git itself, which keeps what else stands in its config. */
#include "install/push_options.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"

enum { ANSWER_MAX = 4096, CANNOT_RUN = 127, CANNOT_TURN = 126, KEY_MISSING = 1 };

/* In the child: become the repository's owner, so that nothing of the owner's leads root elsewhere. */
static void turn_into(uid_t uid, gid_t gid)
{
	if (geteuid() != 0 || uid == 0)
		return;
	if (setgroups(0, NULL) < 0 || setgid(gid) < 0 || setuid(uid) < 0)
		_exit(CANNOT_TURN);
}

static void run_child(char *const *argv, int out, uid_t uid, gid_t gid)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		_exit(CANNOT_TURN);
	turn_into(uid, gid);
	/* No repository is looked for: the file is named. */
	if (chdir("/") < 0)
		_exit(CANNOT_TURN);
	execvp(argv[0], argv);
	_exit(CANNOT_RUN);
}

/* Run `git config --file <git_dir>/config <words>`; its exit status, its output in out. */
static int run_git(const char *git_dir, uid_t uid, gid_t gid, const char *word, const char *value, struct hgt_buf *out,
	struct hgt_error *err)
{
	struct hgt_buf file = HGT_BUF_INIT;
	int ends[2] = {-1, -1}, status = 0, code;
	pid_t child = -1;

	hgt_buf_addf(&file, "%s/config", git_dir);
	code = hgt_buf_check(&file, err);
	if (code == 0 && pipe2(ends, O_CLOEXEC) < 0)
		code = hgt_error_set_errno(err, "cannot make a pipe");
	if (code < 0)
		goto out;
	child = fork();
	if (child == 0)
		run_child((char *[]){(char *)"git", (char *)"config", (char *)"--file", file.data, (char *)(uintptr_t)word,
			(char *)HGT_PUSH_OPTIONS_KEY, (char *)(uintptr_t)value, NULL}, ends[1], uid, gid);
	close(ends[1]);
	if (child < 0)
		code = hgt_error_set_errno(err, "cannot run git");
	else
		code = hgt_read_fd(ends[0], "what git says", ANSWER_MAX, out, err);
	close(ends[0]);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (code == 0)
		code = WIFEXITED(status) ? WEXITSTATUS(status) : CANNOT_RUN;
out:
	hgt_buf_release(&file);
	return code;
}

static int failed(const char *git_dir, int status, struct hgt_error *err)
{
	if (status == CANNOT_RUN)
		return hgt_error_set(err, HGT_EUNAVAILABLE, "git cannot be run to set %s", HGT_PUSH_OPTIONS_KEY);
	return hgt_error_set(err, HGT_EIO, "git config %s ended with status %d in %s/config", HGT_PUSH_OPTIONS_KEY, status, git_dir);
}

int hgt_push_options_look(const char *git_dir, uid_t uid, gid_t gid, enum hgt_push_options *out, struct hgt_error *err)
{
	struct hgt_buf answer = HGT_BUF_INIT;
	int status = run_git(git_dir, uid, gid, "--type=bool", NULL, &answer, err);
	int code = status < 0 ? status : 0;

	if (status == KEY_MISSING)
		*out = HGT_PUSH_OPTIONS_UNSET;
	else if (status == 0)
		*out = strncmp(answer.data, "true", 4) == 0 ? HGT_PUSH_OPTIONS_ON : HGT_PUSH_OPTIONS_OFF;
	else if (code == 0)
		code = failed(git_dir, status, err);
	hgt_buf_release(&answer);
	return code;
}

static int change(const char *git_dir, uid_t uid, gid_t gid, const char *word, const char *value, struct hgt_error *err)
{
	struct hgt_buf answer = HGT_BUF_INIT;
	int status = run_git(git_dir, uid, gid, word, value, &answer, err);

	hgt_buf_release(&answer);
	return status <= 0 ? status : failed(git_dir, status, err);
}

int hgt_push_options_set(const char *git_dir, uid_t uid, gid_t gid, struct hgt_error *err)
{
	return change(git_dir, uid, gid, "--type=bool", "true", err);
}

int hgt_push_options_unset(const char *git_dir, uid_t uid, gid_t gid, struct hgt_error *err)
{
	return change(git_dir, uid, gid, "--unset", NULL, err);
}
