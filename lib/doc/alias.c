/* Anchors and aliases. */
#include "doc/alias.h"

/*
 * go-yaml's bounds (decode.go, allowedAliasRatio): up to WORK_LOW nodes 99 in 100 may come through aliases, from WORK_HIGH on one
 * in ten, and in between the share shrinks evenly. A document with fewer nodes than the last two is let through.
 */
#define WORK_LOW 400000.0
#define WORK_HIGH 4000000.0
enum { FREE_WORK = 1000, FREE_ALIAS_WORK = 100 };

/* Where counting stops: far past every bound, far from overflow. */
#define WORK_MAX (UINT64_MAX / 4)

int hgt_alias_declare(struct hgt_tree *tree, const char *name, struct hgt_anchor **out)
{
	size_t len = strlen(name);
	struct hgt_anchor *anchor;
	char *key;
	void *p;
	int code = hgt_tree_take(tree, 1, sizeof(*anchor), &p);

	if (!code)
		code = hgt_tree_string(tree, name, len, &key);
	if (code)
		return code;
	anchor = p;
	anchor->open = true;
	if (hgt_map_put(&tree->anchors, key, len, anchor, NULL) < 0)
		return hgt_error_nomem(tree->err);
	*out = anchor;
	return 0;
}

static double allowed_share(double work)
{
	if (work <= WORK_LOW)
		return 0.99;
	if (work >= WORK_HIGH)
		return 0.10;
	return 0.99 - 0.89 * (work - WORK_LOW) / (WORK_HIGH - WORK_LOW);
}

int hgt_alias_check(struct hgt_tree *tree, struct hgt_place where)
{
	if (tree->alias_work <= FREE_ALIAS_WORK || tree->work <= FREE_WORK ||
		(double)tree->alias_work / (double)tree->work <= allowed_share((double)tree->work))
		return 0;
	hgt_tree_point(tree);
	hgt_buf_adds(&tree->message, "the aliases up to here unfold to far more than the text holds");
	hgt_buf_adds(&tree->hint, "Kubernetes refuses such a document as excessive aliasing; write the values out, or split it");
	return hgt_tree_tell(tree, HGT_PROBLEM_ALIAS_BOMB, where, 0);
}

static int refuse_name(struct hgt_tree *tree, enum hgt_problem_kind kind, const char *name, struct hgt_place start,
	struct hgt_place end)
{
	hgt_tree_point(tree);
	hgt_buf_adds(&tree->message, kind == HGT_PROBLEM_SYNTAX ? "there is no anchor " : "the alias stands within its own anchor ");
	hgt_tree_quote(&tree->message, name, strlen(name));
	if (kind == HGT_PROBLEM_SYNTAX)
		hgt_buf_adds(&tree->hint, "an alias *name comes after its anchor &name in the same document; "
			"a value that begins with '*' needs quotes");
	return hgt_tree_tell(tree, kind, start, end.column);
}

int hgt_alias_add(struct hgt_tree *tree, const char *name, struct hgt_place start, struct hgt_place end)
{
	const struct hgt_anchor *anchor = hgt_map_get(&tree->anchors, name, strlen(name));
	struct hgt_frame *top = hgt_tree_top(tree);
	struct hgt_node *node;
	int code;

	if (!anchor)
		return refuse_name(tree, HGT_PROBLEM_SYNTAX, name, start, end);
	if (anchor->open)
		return refuse_name(tree, HGT_PROBLEM_ALIAS_BOMB, name, start, end);
	if (tree->n_frames + anchor->height > tree->limits->depth)
		return hgt_tree_refuse_depth(tree, start);
	code = hgt_tree_node(tree, anchor->node->type, start, &node);
	if (code)
		return code;
	*node = *anchor->node;
	node->aliased = true;
	node->line = start.line;
	node->column = start.column;
	node->end_line = end.line;
	node->end_column = end.column;
	tree->work += anchor->work + 1;
	tree->alias_work += anchor->work;
	if (tree->work > WORK_MAX)
		tree->work = tree->alias_work = WORK_MAX;
	if (top && top->height <= anchor->height)
		top->height = anchor->height + 1;
	code = hgt_alias_check(tree, start);
	return code ? code : hgt_tree_add(tree, node);
}
