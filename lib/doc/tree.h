/*
 * The builder behind both parsers: it makes the nodes of one text, keeps the limits and tells the problems. Private to
 * lib/doc.
 *
 *	begin, (open | add | close)*, end		for each document, or abandon where one turns out broken
 *
 * Functions return HGT_TREE_OK, one of the two results below, or HGT_ENOMEM with its message in tree->err.
 */
#ifndef HEADGATE_DOC_TREE_H
#define HEADGATE_DOC_TREE_H

#include "base/buf.h"
#include "base/map.h"
#include "doc/doc.h"

enum hgt_tree_result {
	HGT_TREE_OK = 0,
	HGT_TREE_REFUSED = 1,	/* a problem is told and this document is lost; the next one may be read */
	HGT_TREE_ENOUGH = 2,	/* a limit is reached: nothing more is read */
};

struct hgt_place {
	uint32_t line, column;
};

/* What `&name` stands for. */
struct hgt_anchor {
	struct hgt_node *node;
	uint64_t work;		/* nodes met when it is walked with its aliases followed */
	unsigned height;	/* collections nested in it, itself included, aliases followed */
	bool open;		/* its collection is still being read */
};

/* A collection that is being read. Its children so far are pending[first] and up; a map's are key, value, key... */
struct hgt_frame {
	struct hgt_node *node;
	size_t first;
	struct hgt_anchor *anchor;	/* or NULL */
	uint64_t work;			/* tree->work when it began */
	unsigned height;
	bool merges;			/* has a key `<<` */
	bool flow;			/* in brackets */
};

struct hgt_tree {
	struct hgt_doc_set *set;
	const struct hgt_doc_limits *limits;
	struct hgt_error *err;
	/* Of the problem that is about to be told; hgt_tree_tell takes and empties them. */
	struct hgt_buf message, hint, pointer;
	/* The document that is being read. */
	struct hgt_frame *frames;
	size_t n_frames, frames_cap;
	struct hgt_node **pending;
	size_t n_pending, pending_cap;
	struct hgt_doc doc;
	struct hgt_map anchors;		/* name -> struct hgt_anchor */
	uint64_t work;			/* nodes met so far, aliases followed; keys `<<` and their lists not, as in go-yaml */
	uint64_t alias_work;		/* of them, those met through an alias */
	/* Of the whole text. */
	size_t nodes;
	struct hgt_doc *docs;
	size_t n_docs, docs_cap;
	struct hgt_problem *problems;
	size_t n_problems, problems_cap;
};

/* Empties the set; limits and err are borrowed. */
void hgt_tree_init(struct hgt_tree *tree, struct hgt_doc_set *set, const struct hgt_doc_limits *limits,
	struct hgt_error *err);

/* Free what the building took. With code >= 0 documents and problems (by line and column) go to the set and 0 is
 * returned; otherwise the set is left empty and code comes back. */
int hgt_tree_finish(struct hgt_tree *tree, int code) HGT_MUST_CHECK;

int hgt_tree_begin(struct hgt_tree *tree, struct hgt_place start, size_t offset) HGT_MUST_CHECK;
int hgt_tree_end(struct hgt_tree *tree, size_t end_offset) HGT_MUST_CHECK;
void hgt_tree_abandon(struct hgt_tree *tree);

/* A new node, not yet in the tree. */
int hgt_tree_node(struct hgt_tree *tree, enum hgt_node_type type, struct hgt_place start, struct hgt_node **out)
	HGT_MUST_CHECK;

/* A terminated copy of len bytes in the arena; `copy` may be NULL for zeroed room to be filled by the caller. */
int hgt_tree_string(struct hgt_tree *tree, const char *copy, size_t len, char **out) HGT_MUST_CHECK;

int hgt_tree_open(struct hgt_tree *tree, enum hgt_node_type type, struct hgt_place start, struct hgt_anchor *anchor)
	HGT_MUST_CHECK;
int hgt_tree_add(struct hgt_tree *tree, struct hgt_node *node) HGT_MUST_CHECK;
int hgt_tree_close(struct hgt_tree *tree, struct hgt_place end) HGT_MUST_CHECK;

/* The collection being read, NULL outside of any. */
static inline struct hgt_frame *hgt_tree_top(const struct hgt_tree *tree)
{
	return tree->n_frames ? &tree->frames[tree->n_frames - 1] : NULL;
}

/* Whether it waits for a key, for the value of a key `<<`. */
static inline bool hgt_tree_wants_key(const struct hgt_tree *tree)
{
	const struct hgt_frame *top = hgt_tree_top(tree);

	return top && top->node->type == HGT_NODE_MAP && (tree->n_pending - top->first) % 2 == 0;
}
bool hgt_tree_wants_merge(const struct hgt_tree *tree);

/* Tell that what begins here is nested too deep. */
int hgt_tree_refuse_depth(struct hgt_tree *tree, struct hgt_place where) HGT_MUST_CHECK;

/* Tell the problem whose words are in tree->message, hint and pointer. Returns HGT_TREE_REFUSED, or HGT_TREE_ENOUGH when it was
 * the last one to be told; HGT_ENOMEM. */
int hgt_tree_tell(struct hgt_tree *tree, enum hgt_problem_kind kind, struct hgt_place where, uint32_t end_column)
	HGT_MUST_CHECK;

/* The pointer of the place where the next node would go, into tree->pointer. */
void hgt_tree_point(struct hgt_tree *tree);

/* Add text from outside to a message: escaped, in double quotes, cut when long. */
void hgt_tree_quote(struct hgt_buf *out, const char *text, size_t len);

/* Zeroed memory for n things from the arena. */
int hgt_tree_take(struct hgt_tree *tree, size_t n, size_t size, void **out) HGT_MUST_CHECK;

/* Make pairs the map's, with those that its `<<` keys bring in at the end. */
int hgt_merge(struct hgt_tree *tree, struct hgt_node *map) HGT_MUST_CHECK;
static inline bool hgt_is_merge_key(const struct hgt_node *key)
{
	return key->len == 2 && key->text[0] == '<' && key->text[1] == '<' && key->type == HGT_NODE_STRING && !key->quoted &&
		!key->aliased;
}

/* The string that Kubernetes makes of a key: the text of a string, else the value written out. `room` has HGT_KEY_ROOM bytes. */
#define HGT_KEY_ROOM 32
const char *hgt_key_text(const struct hgt_node *key, char *room, size_t *len);

#endif
