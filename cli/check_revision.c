/* A revision of a repository as `headgate check --rev` reads it. */
#include <sys/stat.h>

#include "base/io.h"
#include "cli/check_input.h"
#include "cli/terminal.h"
#include "gate/tree.h"

struct revision {
	struct check_input *input;
	struct hgt_error *err;
};

static bool is_checked(void *ctx, const char *path)
{
	(void)ctx;
	return hgt_class_of_path(path) != HGT_CLASS_OTHER;
}

/* One file of the tree, or where a link leads. */
static int check_blob(void *ctx, const struct hgt_path_change *change)
{
	struct revision *r = ctx;
	struct check_input *input = r->input;
	uint32_t kind = change->new_mode & 0170000;
	uint64_t size;
	int code;

	if ((kind != 0100000 && kind != 0120000) || !is_checked(NULL, change->path))
		return 0;
	code = hgt_repo_blob_size(input->repo, change->new_id, &size, r->err);
	if (code == 0)
		code = hgt_engine_too_large(input->engine, change->path, size, r->err);
	if (code != 0)
		return code < 0 ? code : 0;
	hgt_buf_reset(&input->text);
	code = hgt_repo_blob(input->repo, change->new_id, CHECK_BLOB_MAX, &input->text, r->err);
	if (code < 0)
		return code;
	if (kind == 0120000)
		return hgt_engine_link(input->engine, change->path, input->text.data, is_checked, NULL, r->err);
	return hgt_engine_file(input->engine, change->path, input->text.data, input->text.len, input->cls, r->err);
}

int check_revision(struct check_input *input, const char *repo, const char *rev, char *const *paths, int n,
	struct hgt_error *err)
{
	struct revision r = {.input = input, .err = err};
	int code = repo ? hgt_repo_open(repo, &input->repo, err) : hgt_repo_open_env(&input->repo, err);

	if (code == 0)
		code = hgt_repo_resolve(input->repo, rev, input->commit, err);
	if (code == 0 && n == 0)
		code = hgt_repo_walk(input->repo, input->commit, "", check_blob, &r, err);
	for (int i = 0; i < n && code == 0; i++) {
		struct hgt_buf path = HGT_BUF_INIT;
		const char *start = paths[i];

		while (start[0] == '.' && start[1] == '/')
			start += 1 + strspn(start + 1, "/");
		hgt_buf_adds(&path, strcmp(start, ".") == 0 ? "" : start);
		while (path.len && path.data[path.len - 1] == '/')
			hgt_buf_truncate(&path, path.len - 1);
		code = hgt_buf_check(&path, err);
		if (code == 0)
			code = hgt_repo_walk(input->repo, input->commit, path.data, check_blob, &r, err);
		hgt_buf_release(&path);
	}
	return code;
}

static bool class_of(void *ctx, const char *path, enum hgt_class *cls)
{
	*cls = ((const struct check_input *)ctx)->cls;
	return is_checked(NULL, path);
}

static struct hgt_tree tree_of(struct check_input *input)
{
	return (struct hgt_tree){.repo = input->repo, .commit = input->commit, .class_of = class_of, .ctx = input};
}

int check_revision_tree(void *ctx, hgt_tree_file_cb each, void *each_ctx, struct hgt_error *err)
{
	struct check_input *input = ctx;
	struct hgt_tree tree = tree_of(input);

	return input->repo ? hgt_tree_walk(&tree, each, each_ctx, err) : 0;
}

int check_read(void *ctx, const char *path, size_t limit, struct hgt_buf *out, struct hgt_error *err)
{
	struct check_input *input = ctx;
	struct hgt_tree tree = tree_of(input);
	struct stat st;

	if (input->repo)
		return hgt_tree_read(&tree, path, limit, out, err);
	/* A pipe or a device of this name is no kustomization; a file that cannot be read is as good as none. */
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return HGT_ENOENT;
	return hgt_read_file(path, limit, out, NULL) == HGT_ENOMEM ? hgt_error_nomem(err) : out->len ? 0 : HGT_ENOENT;
}
