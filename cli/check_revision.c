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

/* What a file was in the revision before. Too large to be checked is too large to be compared. */
static int note_before(void *ctx, const struct hgt_path_change *change)
{
	struct revision *r = ctx;
	struct check_input *input = r->input;
	uint64_t size;
	int code;

	if ((change->old_mode & 0170000) != 0100000 || !is_checked(NULL, change->path))
		return 0;
	code = hgt_repo_blob_size(input->repo, change->old_id, &size, r->err);
	if (code < 0 || size > CHECK_BLOB_MAX)
		return code < 0 ? code : 0;
	hgt_buf_reset(&input->text);
	code = hgt_repo_blob(input->repo, change->old_id, CHECK_BLOB_MAX, &input->text, r->err);
	return code < 0 ? code : hgt_engine_before(input->engine, change->path, input->text.data, input->text.len, input->cls, r->err);
}

/* A path as Git has it: from the root, no slash at either end. */
static int clean_path(const char *path, struct hgt_buf *out, struct hgt_error *err)
{
	while (path[0] == '.' && path[1] == '/')
		path += 1 + strspn(path + 1, "/");
	hgt_buf_reset(out);
	hgt_buf_adds(out, strcmp(path, ".") == 0 ? "" : path);
	while (out->len && out->data[out->len - 1] == '/')
		hgt_buf_truncate(out, out->len - 1);
	return hgt_buf_check(out, err);
}

/* Show cb the files at or below each path, or all; with an older commit those that have changed since. */
static int each_file(struct revision *r, const char *old, char *const *paths, int n, hgt_repo_change_cb cb)
{
	struct check_input *input = r->input;
	struct hgt_buf path = HGT_BUF_INIT;
	int code = 0;

	for (int i = 0; (i < n || (i == 0 && n == 0)) && code == 0; i++) {
		code = clean_path(n ? paths[i] : "", &path, r->err);
		if (code == 0)
			code = old ? hgt_repo_changes(input->repo, old, input->commit, path.data, cb, r, r->err) :
				hgt_repo_walk(input->repo, input->commit, path.data, cb, r, r->err);
	}
	hgt_buf_release(&path);
	return code;
}

int check_revision(struct check_input *input, const char *repo, const char *rev, const char *against, char *const *paths, int n,
	struct hgt_error *err)
{
	struct revision r = {.input = input, .err = err};
	char old[HGT_OID_HEX + 1];
	int code = repo ? hgt_repo_open(repo, &input->repo, err) : hgt_repo_open_env(&input->repo, err);

	if (code == 0)
		code = hgt_repo_resolve(input->repo, rev, input->commit, err);
	if (code == 0 && against)
		code = hgt_repo_resolve(input->repo, against, old, err);
	/* All that stood before comes first, for an object may have moved to any file. */
	if (code == 0 && against)
		code = each_file(&r, old, paths, n, note_before);
	return code < 0 ? code : each_file(&r, against ? old : NULL, paths, n, check_blob);
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
