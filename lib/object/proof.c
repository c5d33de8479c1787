/* What shows that a tree is the one at a path of a commit. */
#include "object/proof.h"

#include <string.h>

#include "base/base64.h"
#include "base/io.h"
#include "doc/doc.h"

static int decode(const struct hgt_node *node, const char *what, struct hgt_buf *out, struct hgt_error *err)
{
	size_t bad;

	hgt_buf_reset(out);
	if (!node || node->type != HGT_NODE_STRING)
		return hgt_error_set(err, HGT_EPARSE, "the proof has no %s", what);
	if (!hgt_base64_decode(out, node->text, node->len, &bad))
		return hgt_error_set(err, HGT_EPARSE, "the proof's %s is no base64", what);
	return hgt_buf_check(out, err);
}

static int check_id(const char *type, const struct hgt_buf *data, const char *wanted, struct hgt_error *err)
{
	char id[HGT_OID_HEX + 1];

	hgt_object_id(type, data->data, data->len, id);
	if (strcmp(id, wanted) != 0)
		return hgt_error_set(err, HGT_EPERM, "the server shows another %s than the one of id %s", type, wanted);
	return 0;
}

static int take_commit(const struct hgt_node *root, const char *revision, struct hgt_proof *out, struct hgt_error *err)
{
	struct hgt_buf data = HGT_BUF_INIT;
	int code = decode(hgt_node_get(root, "commit"), "commit", &data, err);

	if (code == 0)
		code = check_id("commit", &data, revision, err);
	if (code == 0)
		code = hgt_commit_parse(data.data, data.len, &out->commit, err);
	hgt_buf_release(&data);
	return code;
}

/* From the root down the path, a tree for each step. */
static int take_trees(const struct hgt_node *root, const char *path, struct hgt_proof *out, struct hgt_error *err)
{
	const struct hgt_node *trees = hgt_node_get(root, "trees");
	struct hgt_buf data = HGT_BUF_INIT;
	size_t step = 0;
	int code = 0;

	memcpy(out->tree, out->commit.tree, sizeof(out->tree));
	if (!trees || trees->type != HGT_NODE_SEQ)
		return hgt_error_set(err, HGT_EPARSE, "the proof has no trees");
	while (*path && code == 0) {
		size_t n = strcspn(path, "/");
		unsigned mode = 0;

		code = decode(step < trees->v.seq.n ? trees->v.seq.items[step++] : NULL, "tree", &data, err);
		if (code == 0)
			code = check_id("tree", &data, out->tree, err);
		if (code == 0)
			code = hgt_tree_find(data.data, data.len, path, n, &mode, out->tree, err);
		if (code == 0 && mode != HGT_MODE_TREE)
			code = hgt_error_set(err, HGT_EPERM, "the path leads to what is no folder");
		path += n + (path[n] == '/');
	}
	hgt_buf_release(&data);
	return code;
}

static int take_submodule(const struct hgt_node *node, struct hgt_proof *out, struct hgt_error *err)
{
	const char *path = hgt_node_get_string(node, "path"), *id = hgt_node_get_string(node, "id");
	struct hgt_submodule *s = &out->submodules[out->n_submodules];

	if (!path || !*path || !id || strlen(id) != HGT_OID_HEX || !hgt_unhex(id, s->id, sizeof(s->id)))
		return hgt_error_set(err, HGT_EPARSE, "the proof names a submodule that can be none");
	s->path = hgt_arena_strndup(&out->arena, path, strlen(path));
	out->n_submodules++;
	return s->path ? 0 : hgt_error_nomem(err);
}

static int take_submodules(const struct hgt_node *root, struct hgt_proof *out, struct hgt_error *err)
{
	const struct hgt_node *list = hgt_node_get(root, "submodules");
	int code = 0;

	if (!list || list->type == HGT_NODE_NULL)
		return 0;
	if (list->type != HGT_NODE_SEQ)
		return hgt_error_set(err, HGT_EPARSE, "the proof's submodules are no list");
	if (list->v.seq.n > HGT_PROOF_SUBMODULES_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "the tree has more than %d submodules", HGT_PROOF_SUBMODULES_MAX);
	out->submodules = hgt_arena_array(&out->arena, list->v.seq.n + 1, sizeof(*out->submodules));
	if (!out->submodules)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < list->v.seq.n && code == 0; i++)
		code = list->v.seq.items[i]->type == HGT_NODE_MAP ? take_submodule(list->v.seq.items[i], out, err) :
			hgt_error_set(err, HGT_EPARSE, "the proof's submodules are no objects");
	return code;
}

int hgt_proof_check(const char *text, size_t len, const char *revision, const char *path, struct hgt_proof *out, struct hgt_error *err)
{
	struct hgt_doc_set set;
	const struct hgt_node *root;
	int code;

	*out = (struct hgt_proof){.arena = HGT_ARENA_INIT, .commit = {.payload = HGT_BUF_INIT, .signature = HGT_BUF_INIT}};
	if (strlen(revision) != HGT_OID_HEX)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "commits with SHA-256 ids cannot be checked by this version");
	hgt_doc_set_init(&set);
	code = hgt_json_parse_message(text, len, &set, err);
	root = code == 0 ? set.docs[0].root : NULL;
	if (code == 0 && root->type != HGT_NODE_MAP)
		code = hgt_error_set(err, HGT_EPARSE, "the proof is no JSON object");
	if (code == 0)
		code = take_commit(root, revision, out, err);
	if (code == 0)
		code = take_trees(root, path, out, err);
	if (code == 0)
		code = take_submodules(root, out, err);
	hgt_doc_set_release(&set);
	return code;
}

void hgt_proof_release(struct hgt_proof *proof)
{
	hgt_raw_commit_release(&proof->commit);
	hgt_arena_release(&proof->arena);
}
