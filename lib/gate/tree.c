/* The files of a commit. */
#include "gate/tree.h"

#define OID_NONE "0000000000000000000000000000000000000000"

struct walk {
	const struct hgt_tree *tree;
	hgt_tree_file_cb each;
	void *ctx;
	const struct hgt_path_change *change;
	uint64_t size;
	struct hgt_error *err;
};

static int load(const struct hgt_tree_file *file, struct hgt_buf *out, struct hgt_error *err)
{
	const struct walk *walk = file->ctx;

	hgt_buf_reset(out);
	return hgt_repo_blob(walk->tree->repo, walk->change->new_id, walk->size, out, err);
}

static int show(void *ctx, const struct hgt_path_change *change)
{
	struct walk *walk = ctx;
	struct hgt_tree_file file = {.path = change->path, .load = load, .ctx = walk};
	int code;

	if ((change->new_mode & 0170000) != 0100000 || !walk->tree->class_of(walk->tree->ctx, change->path, &file.cls))
		return 0;
	code = hgt_repo_blob_size(walk->tree->repo, change->new_id, &file.size, walk->err);
	if (code < 0)
		return code;
	walk->change = change;
	walk->size = file.size;
	return walk->each(walk->ctx, &file);
}

int hgt_tree_walk(void *ctx, hgt_tree_file_cb each, void *each_ctx, struct hgt_error *err)
{
	const struct hgt_tree *tree = ctx;
	struct walk walk = {.tree = tree, .each = each, .ctx = each_ctx, .err = err};

	return hgt_repo_changes(tree->repo, OID_NONE, tree->commit, "", show, &walk, err);
}

int hgt_tree_read(void *ctx, const char *path, size_t limit, struct hgt_buf *out, struct hgt_error *err)
{
	const struct hgt_tree *tree = ctx;
	char id[HGT_OID_HEX + 1];
	uint64_t size;
	int code = hgt_repo_path_id(tree->repo, tree->commit, path, id, err);

	if (code == 0)
		code = hgt_repo_blob_size(tree->repo, id, &size, err);
	return code < 0 ? code : hgt_repo_blob(tree->repo, id, limit, out, err);
}
