/* Where each kind of Git server looks for a repository's hooks. */
#include "install/layout.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

/* A delegate script is a few hundred bytes; what is larger is none. */
enum { DELEGATE_MAX = 64 * 1024 };

static const char *const names[HGT_LAYOUT_COUNT] = {
	[HGT_LAYOUT_PLAIN] = "plain",
	[HGT_LAYOUT_GITLAB] = "gitlab",
	[HGT_LAYOUT_GITEA] = "gitea",
};

const char *hgt_layout_name(enum hgt_layout layout)
{
	return names[layout];
}

int hgt_layout_parse(const char *name)
{
	for (int i = 0; i < HGT_LAYOUT_COUNT; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

static bool is_folder(const char *above, const char *name)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct stat st;
	bool is;

	hgt_buf_addf(&path, "%s/%s", above, name);
	is = !path.failed && stat(path.data, &st) == 0 && S_ISDIR(st.st_mode);
	hgt_buf_release(&path);
	return is;
}

/* Gitea and Forgejo write a shell script as hooks/pre-receive that runs all of hooks/pre-receive.d. */
static bool has_delegate(const char *hooks)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;
	struct stat st;
	bool has = false;

	hgt_buf_addf(&path, "%s/pre-receive", hooks);
	if (!path.failed && stat(path.data, &st) == 0 && S_ISREG(st.st_mode) &&
		hgt_read_file(path.data, DELEGATE_MAX, &text, NULL) == 0)
		has = strncmp(text.data, "#!", 2) == 0 && (strcasestr(text.data, "gitea") ||
			strcasestr(text.data, "forgejo") || strstr(text.data, ".d/*") || strstr(text.data, ".d\"/*"));
	hgt_buf_release(&text);
	hgt_buf_release(&path);
	return has;
}

/* GitLab keeps repositories below @hashed by a hash of their number; older ones have hooks that lead to
 * gitlab-shell. */
static bool is_gitlab(const char *git_dir)
{
	struct hgt_buf path = HGT_BUF_INIT;
	char target[4096];
	ssize_t n = -1;

	if (is_folder(git_dir, "custom_hooks") || strstr(git_dir, "/@hashed/"))
		return true;
	hgt_buf_addf(&path, "%s/hooks", git_dir);
	if (!path.failed)
		n = readlink(path.data, target, sizeof(target) - 1);
	hgt_buf_release(&path);
	if (n < 0)
		return false;
	target[n] = '\0';
	return strstr(target, "gitlab-shell") || strstr(target, "gitaly");
}

enum hgt_layout hgt_layout_detect(const char *git_dir, const char *hooks)
{
	if (is_folder(hooks, "pre-receive.d") && has_delegate(hooks))
		return HGT_LAYOUT_GITEA;
	return is_gitlab(git_dir) ? HGT_LAYOUT_GITLAB : HGT_LAYOUT_PLAIN;
}

void hgt_layout_hook_path(enum hgt_layout layout, const char *git_dir, const char *hooks, const char *hook,
	struct hgt_buf *out)
{
	switch (layout) {
	case HGT_LAYOUT_GITLAB:
		hgt_buf_addf(out, "%s/custom_hooks/%s.d/headgate", git_dir, hook);
		break;
	case HGT_LAYOUT_GITEA:
		hgt_buf_addf(out, "%s/%s.d/headgate", hooks, hook);
		break;
	default:
		hgt_buf_addf(out, "%s/%s", hooks, hook);
	}
}
