/* From a checkout to the objects in it, by kubectl's own reading. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/kubectl_manifests.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { DEPTH_MAX = 64 };

/* What a folder holds, below it too. */
struct survey {
	const char *root;	/* the checkout, its real path */
	size_t root_len;
	bool manifests;		/* a file that kubectl would read */
};

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len > n && strcmp(name + len - n, end) == 0;
}

/* A link may lead about within the tree: kubectl reads what is behind it, and could be led to any file of this machine. */
static int check_link(const struct survey *s, const char *path, struct hgt_error *err)
{
	char *real = realpath(path, NULL);
	const char *shown = path + s->root_len + 1;
	int code = 0;

	if (!real && errno != ENOENT && errno != ELOOP && errno != ENOTDIR)
		code = hgt_error_set_errno(err, "cannot tell where the link %s leads", shown);
	else if (!real)
		code = hgt_error_set(err, HGT_EPARSE, "%s is a link that leads nowhere", shown);
	else if (strncmp(real, s->root, s->root_len) != 0 || (real[s->root_len] != '/' && real[s->root_len] != '\0'))
		code = hgt_error_set(err, HGT_EPERM, "%s is a link that leads out of the target's folder, and is not followed", shown);
	free(real);
	return code;
}

static int survey(struct survey *s, const char *folder, unsigned depth, struct hgt_error *err)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int code = 0;

	if (!dir)
		return hgt_error_set_errno(err, "cannot open folder %s", folder);
	if (depth == DEPTH_MAX)
		code = hgt_error_set(err, HGT_ELIMIT, "folders are more than %d deep", DEPTH_MAX);
	while (code == 0 && (entry = readdir(dir))) {
		struct hgt_buf path = HGT_BUF_INIT;
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		hgt_buf_addf(&path, "%s/%s", folder, entry->d_name);
		code = hgt_buf_check(&path, err);
		if (code == 0 && lstat(path.data, &st) < 0)
			code = hgt_error_set_errno(err, "cannot look at %s", path.data);
		if (code == 0 && S_ISDIR(st.st_mode))
			code = survey(s, path.data, depth + 1, err);
		else if (code == 0 && S_ISLNK(st.st_mode))
			code = check_link(s, path.data, err);
		if (code == 0 && !S_ISDIR(st.st_mode) && (ends_with(entry->d_name, ".yaml") || ends_with(entry->d_name, ".yml") ||
			ends_with(entry->d_name, ".json")))
			s->manifests = true;
		hgt_buf_release(&path);
	}
	closedir(dir);
	return code;
}

static bool has_kustomization(const char *folder)
{
	static const char *const names[] = {"kustomization.yaml", "kustomization.yml", "Kustomization"};
	bool found = false;

	for (size_t i = 0; i < COUNT(names) && !found; i++) {
		struct hgt_buf path = HGT_BUF_INIT;

		hgt_buf_addf(&path, "%s/%s", folder, names[i]);
		found = !path.failed && access(path.data, F_OK) == 0;
		hgt_buf_release(&path);
	}
	return found;
}

/* kubectl names files by their full paths; people know them from the folder on. */
static void shorten(struct hgt_buf *said, const char *root)
{
	struct hgt_buf out = HGT_BUF_INIT;
	const char *at = said->data, *end = said->data + said->len, *found;
	size_t len = strlen(root);

	while ((found = memmem(at, (size_t)(end - at), root, len))) {
		hgt_buf_add(&out, at, (size_t)(found - at));
		at = found + len;
		if (at < end && *at == '/')
			at++;
	}
	hgt_buf_add(&out, at, (size_t)(end - at));
	if (!out.failed) {
		hgt_buf_reset(said);
		hgt_buf_add(said, out.data, out.len);
	}
	hgt_buf_release(&out);
}

static int render_folder(struct kubectl *k, struct kubectl_kinds *kinds, const char *root, const char *folder, bool kustomize,
	struct kubectl_manifests *out, struct hgt_error *err)
{
	const char *args[] = {"label", "--local", "--overwrite", "-o", "json", kustomize ? "-k" : "-f", folder, k->selector.data,
		kustomize ? NULL : "-R", NULL};
	struct kubectl_run run = KUBECTL_RUN_INIT;
	int code;

	run.args = args;
	code = kubectl_run(k, &run, err);
	if (code == 0 && run.job.exit_status != 0) {
		shorten(&run.job.output, root);
		/* The tree is to blame, unless it is built of something from elsewhere. */
		code = kubectl_fail(k, &run, kustomize ? "kustomize" : "the manifests cannot be read", err);
		if (code == HGT_ECONFLICT && !kustomize)
			code = HGT_EPARSE;
	}
	if (code == 0)
		code = kubectl_manifests_parse(k, kinds, run.out.data, run.out.len, out, err);
	kubectl_run_release(&run);
	return code;
}

int kubectl_manifests_render(struct kubectl *k, struct kubectl_kinds *kinds, struct kubectl_manifests *out, struct hgt_error *err)
{
	enum hgt_kustomize how = k->options->kustomize;
	struct hgt_buf folder = HGT_BUF_INIT;
	char *root = realpath(k->order->checkout, NULL);
	struct survey s = {.root = root};
	int code;

	if (!root)
		return hgt_error_set_errno(err, "cannot find the folder of the tree");
	s.root_len = strlen(root);
	hgt_buf_addf(&folder, "%s%s%s", root, *k->options->folder ? "/" : "", k->options->folder);
	code = hgt_buf_check(&folder, err);
	if (code == 0)
		code = survey(&s, root, 0, err);
	if (code < 0)
		goto out;
	if (*k->options->folder) {
		s.manifests = false;
		code = access(folder.data, F_OK) < 0 ? hgt_error_set(err, HGT_EPARSE, "the folder %s is not in the tree", k->options->folder) :
			survey(&s, folder.data, 0, err);
	}
	if (code == 0 && (how == HGT_KUSTOMIZE_ALWAYS || (how == HGT_KUSTOMIZE_AUTO && has_kustomization(folder.data))))
		code = render_folder(k, kinds, root, folder.data, true, out, err);
	else if (code == 0 && s.manifests)
		code = render_folder(k, kinds, root, folder.data, false, out, err);
out:
	hgt_buf_release(&folder);
	free(root);
	return code;
}
