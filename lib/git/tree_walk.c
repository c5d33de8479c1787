/* Changed paths: two trees walked side by side. */
#include "git/repository_private.h"

/*
 * Entries are compared by id, so an equal subtree costs one comparison and is never read: the cost is that of the change. Both
 * trees are in Git's order; should a hostile one not be, an entry that has no equal at its side is still told, as
 * added and deleted rather than modified. So nothing that is new is ever passed over.
 */
enum {
	PATH_BYTES_MAX = 4096,
	TREES_MAX = 1000000,	/* pairs read in one walk: trees that hold the same tree many times grow without bound */
};

struct walk {
	struct hgt_repo *repo;
	struct hgt_buf path;	/* of the entry at hand */
	hgt_repo_change_cb cb;
	void *ctx;
	size_t trees;
	struct hgt_error *err;
};

static int walk_trees(struct walk *w, const git_oid *old_id, const git_oid *new_id);

static bool is_tree(const git_tree_entry *entry)
{
	return entry && git_tree_entry_type(entry) == GIT_OBJECT_TREE;
}

static bool is_same(const git_tree_entry *a, const git_tree_entry *b)
{
	return git_oid_equal(git_tree_entry_id(a), git_tree_entry_id(b)) &&
		git_tree_entry_filemode(a) == git_tree_entry_filemode(b);
}

/* File, symbolic link or submodule. */
static uint32_t kind(uint32_t mode)
{
	return mode & 0170000;
}

static uint32_t describe(const git_tree_entry *entry, char id[HGT_OID_HEX + 1])
{
	static const git_oid none;

	git_oid_tostr(id, HGT_OID_HEX + 1, entry ? git_tree_entry_id(entry) : &none);
	return entry ? (uint32_t)git_tree_entry_filemode(entry) : 0;
}

/* Tell one changed path that is no folder. */
static int tell(struct walk *w, const git_tree_entry *old, const git_tree_entry *new)
{
	char old_id[HGT_OID_HEX + 1], new_id[HGT_OID_HEX + 1];
	struct hgt_path_change change = {.path = w->path.data, .old_id = old_id, .new_id = new_id};

	change.old_mode = describe(old, old_id);
	change.new_mode = describe(new, new_id);
	if (!old)
		change.status = 'A';
	else if (!new)
		change.status = 'D';
	else
		change.status = kind(change.old_mode) == kind(change.new_mode) ? 'M' : 'T';
	return w->cb(w->ctx, &change);
}

/* Tell the difference at the path at hand; either side may be NULL. */
static int walk_entry(struct walk *w, const git_tree_entry *old, const git_tree_entry *new)
{
	int code = 0;

	if (old && new && is_tree(old) != is_tree(new)) {
		code = walk_entry(w, old, NULL);
		return code == 0 ? walk_entry(w, NULL, new) : code;
	}
	if (is_tree(old) || is_tree(new))
		return walk_trees(w, old ? git_tree_entry_id(old) : NULL, new ? git_tree_entry_id(new) : NULL);
	return tell(w, old, new);
}

/* Names that no folder can hold, and the one that Git checks out nowhere: whoever follows the branch would be stuck. */
static bool is_impossible(const char *name)
{
	return !*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcasecmp(name, ".git") == 0;
}

/* Step into an entry of the tree at hand: its name joins the path for the time. */
static int walk_child(struct walk *w, const git_tree_entry *old, const git_tree_entry *new)
{
	const char *name = git_tree_entry_name(new ? new : old);
	size_t len = w->path.len;
	int code;

	if (new && is_impossible(name))
		return hgt_error_set(w->err, HGT_ECORRUPT, "the folder \"%s\" of the commit holds a file by the impossible name \"%s\"",
			w->path.data, name);
	if (len > 0)
		hgt_buf_addc(&w->path, '/');
	hgt_buf_adds(&w->path, name);
	code = hgt_buf_check(&w->path, w->err);
	if (code == 0 && w->path.len > PATH_BYTES_MAX)
		code = hgt_error_set(w->err, HGT_ELIMIT, "a path of the commit is longer than %d bytes: %.80s...", PATH_BYTES_MAX,
			w->path.data);
	if (code == 0)
		code = walk_entry(w, old, new);
	hgt_buf_truncate(&w->path, len);
	return code;
}

static int read_tree(struct walk *w, const git_oid *id, git_tree **out)
{
	int code;

	if (!id)
		return 0;
	code = git_tree_lookup(out, w->repo->git, id);
	return code < 0 ? hgt_git_error(w->err, code, "cannot read tree %s", git_oid_tostr_s(id)) : 0;
}

static int walk_trees(struct walk *w, const git_oid *old_id, const git_oid *new_id)
{
	git_tree *old = NULL, *new = NULL;
	size_t i = 0, j = 0, n_old, n_new;
	int code;

	if (++w->trees > TREES_MAX)
		return hgt_error_set(w->err, HGT_ELIMIT, "more than %d folders differ", TREES_MAX);
	code = read_tree(w, old_id, &old);
	if (code == 0)
		code = read_tree(w, new_id, &new);
	n_old = old ? git_tree_entrycount(old) : 0;
	n_new = new ? git_tree_entrycount(new) : 0;
	while (code == 0 && (i < n_old || j < n_new)) {
		const git_tree_entry *a = i < n_old ? git_tree_entry_byindex(old, i) : NULL;
		const git_tree_entry *b = j < n_new ? git_tree_entry_byindex(new, j) : NULL;
		int order = !a ? 1 : !b ? -1 : git_tree_entry_cmp(a, b);

		i += order <= 0;
		j += order >= 0;
		if (order != 0 || !is_same(a, b))
			code = walk_child(w, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
	}
	git_tree_free(new);
	git_tree_free(old);
	return code;
}

/* The root tree of what an id names, NULL for the zero id. */
static int root_tree(struct hgt_repo *repo, const char *hex, git_tree **out, struct hgt_error *err)
{
	git_commit *commit = NULL;
	int code;

	if (hgt_oid_is_zero(hex))
		return 0;
	code = hgt_git_commit(repo, hex, &commit, err);
	if (code < 0)
		return code;
	code = git_commit_tree(out, commit);
	if (code < 0)
		code = hgt_git_error(err, code, "cannot read the tree of commit %s", hex);
	git_commit_free(commit);
	return code;
}

/* The entry at path below root, NULL when it is not there. */
static int find_entry(git_tree *root, const char *path, git_tree_entry **out, struct hgt_error *err)
{
	int code = root ? git_tree_entry_bypath(out, root, path) : 0;

	return code < 0 && code != GIT_ENOTFOUND ? hgt_git_error(err, code, "cannot look up \"%s\"", path) : 0;
}

static int walk_below(struct walk *w, git_tree *old, git_tree *new, const char *under)
{
	git_tree_entry *a = NULL, *b = NULL;
	int code = find_entry(old, under, &a, w->err);

	if (code == 0)
		code = find_entry(new, under, &b, w->err);
	hgt_buf_adds(&w->path, under);
	if (code == 0)
		code = hgt_buf_check(&w->path, w->err);
	if (code == 0 && (a || b) && !(a && b && is_same(a, b)))
		code = walk_entry(w, a, b);
	git_tree_entry_free(b);
	git_tree_entry_free(a);
	return code;
}

int hgt_repo_changes(struct hgt_repo *repo, const char *old_id, const char *new_id, const char *under,
	hgt_repo_change_cb cb, void *ctx, struct hgt_error *err)
{
	struct walk w = {.repo = repo, .path = HGT_BUF_INIT, .cb = cb, .ctx = ctx, .err = err};
	git_tree *old = NULL, *new = NULL;
	int code = root_tree(repo, old_id, &old, err);

	if (code == 0)
		code = root_tree(repo, new_id, &new, err);
	if (code < 0)
		goto out;
	if (*under)
		code = walk_below(&w, old, new, under);
	else if (!old || !new || !git_oid_equal(git_tree_id(old), git_tree_id(new)))
		code = walk_trees(&w, old ? git_tree_id(old) : NULL, new ? git_tree_id(new) : NULL);
out:
	git_tree_free(new);
	git_tree_free(old);
	hgt_buf_release(&w.path);
	return code > 0 ? 0 : code;
}

bool hgt_repo_is_tree(struct hgt_repo *repo, const char *id)
{
	git_object_t type;
	git_oid oid;
	size_t size;

	return hgt_git_oid(id, &oid, NULL) == 0 && git_odb_read_header(&size, &type, repo->odb, &oid) == 0 && type == GIT_OBJECT_TREE;
}

int hgt_repo_tree_changes(struct hgt_repo *repo, const char *old_tree, const char *new_tree, hgt_repo_change_cb cb, void *ctx,
	struct hgt_error *err)
{
	struct walk w = {.repo = repo, .path = HGT_BUF_INIT, .cb = cb, .ctx = ctx, .err = err};
	git_oid old_id, new_id;
	int code = hgt_git_oid(old_tree, &old_id, err);

	if (code == 0)
		code = hgt_git_oid(new_tree, &new_id, err);
	if (code == 0 && !git_oid_equal(&old_id, &new_id))
		code = walk_trees(&w, &old_id, &new_id);
	hgt_buf_release(&w.path);
	return code > 0 ? 0 : code;
}

int hgt_repo_path_id(struct hgt_repo *repo, const char *commit, const char *path, char *id, struct hgt_error *err)
{
	git_tree_entry *entry = NULL;
	git_tree *root = NULL;
	int code = root_tree(repo, commit, &root, err);

	if (code == 0 && root && *path)
		code = find_entry(root, path, &entry, err);
	if (code == 0 && (!root || (*path && !entry)))
		code = hgt_error_set(err, HGT_ENOENT, "commit %s has no \"%s\"", commit, path);
	if (code == 0)
		git_oid_tostr(id, HGT_OID_HEX + 1, entry ? git_tree_entry_id(entry) : git_tree_id(root));
	git_tree_entry_free(entry);
	git_tree_free(root);
	return code;
}

int hgt_repo_walk(struct hgt_repo *repo, const char *commit, const char *path, hgt_repo_change_cb cb, void *ctx,
	struct hgt_error *err)
{
	char id[HGT_OID_HEX + 1];
	static const char none[] = "0000000000000000000000000000000000000000";
	int code = hgt_repo_path_id(repo, commit, path, id, err);

	return code < 0 ? code : hgt_repo_changes(repo, none, commit, path, cb, ctx, err);
}
