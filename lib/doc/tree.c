/* The builder behind both parsers. */
#include "doc/tree.h"

#include <assert.h>

#include "base/escape.h"

const struct hgt_doc_limits hgt_doc_default_limits = {
	.bytes = 10 << 20,
	.depth = 100,
	.documents = 10000,
	.nodes = 2000000,
	.problems = 100,
	.memory = 512 << 20,
};

/* The longest piece of the text that a message quotes, in bytes. */
enum { QUOTE_MAX = 80 };

/* Up to this many keys a map is compared key by key; a larger one is hashed. */
enum { SMALL_MAP = 12 };

/* A map of anchors of up to this many slots is kept from one document to the next. */
enum { SMALL_ANCHORS = 256 };

/* A longer pointer is not told: with the keys of a hostile text it could be megabytes, for each problem. */
enum { POINTER_MAX = 4096 };

void hgt_doc_set_init(struct hgt_doc_set *set)
{
	*set = (struct hgt_doc_set){.arena = HGT_ARENA_INIT};
}

void hgt_doc_set_release(struct hgt_doc_set *set)
{
	hgt_arena_release(&set->arena);
	hgt_doc_set_init(set);
}

void hgt_tree_init(struct hgt_tree *tree, struct hgt_doc_set *set, const struct hgt_doc_limits *limits,
	struct hgt_error *err)
{
	*tree = (struct hgt_tree){.set = set, .limits = limits, .err = err};
	hgt_buf_init(&tree->message);
	hgt_buf_init(&tree->hint);
	hgt_buf_init(&tree->pointer);
	hgt_arena_reset(&set->arena);
	set->arena.limit = limits->memory;
	set->docs = NULL;
	set->problems = NULL;
	set->n_docs = set->n_problems = 0;
}

/* Room for more in a list that is full. */
static int grow(struct hgt_tree *tree, void *list, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 32;
	void *bigger;

	if (more > SIZE_MAX / size)
		return hgt_error_nomem(tree->err);
	bigger = realloc(*(void **)list, more * size);
	if (!bigger)
		return hgt_error_nomem(tree->err);
	*(void **)list = bigger;
	*cap = more;
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct hgt_problem *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

/* Documents and problems, gathered on the heap, into the arena. */
static int hand_over(struct hgt_tree *tree)
{
	struct hgt_doc_set *set = tree->set;
	struct hgt_doc *docs;
	struct hgt_problem *problems;

	set->arena.limit = 0;
	docs = hgt_arena_array(&set->arena, tree->n_docs, sizeof(*docs));
	problems = hgt_arena_array(&set->arena, tree->n_problems, sizeof(*problems));
	if (!docs || !problems)
		return hgt_error_nomem(tree->err);
	if (tree->n_docs)
		memcpy(docs, tree->docs, tree->n_docs * sizeof(*docs));
	if (tree->n_problems) {
		memcpy(problems, tree->problems, tree->n_problems * sizeof(*problems));
		qsort(problems, tree->n_problems, sizeof(*problems), by_place);
	}
	set->docs = docs;
	set->n_docs = tree->n_docs;
	set->problems = problems;
	set->n_problems = tree->n_problems;
	return 0;
}

int hgt_tree_finish(struct hgt_tree *tree, int code)
{
	if (code >= 0)
		code = hand_over(tree);
	if (code < 0)
		hgt_doc_set_release(tree->set);
	free(tree->frames);
	free(tree->pending);
	free(tree->docs);
	free(tree->problems);
	hgt_map_release(&tree->anchors);
	hgt_buf_release(&tree->message);
	hgt_buf_release(&tree->hint);
	hgt_buf_release(&tree->pointer);
	return code;
}

int hgt_tree_tell(struct hgt_tree *tree, enum hgt_problem_kind kind, struct hgt_place where, uint32_t end_column)
{
	struct hgt_problem problem = {.kind = kind, .line = where.line, .column = where.column, .end_column = end_column};
	struct hgt_arena *arena = &tree->set->arena;
	size_t limit = arena->limit;

	if (tree->pointer.len > POINTER_MAX)
		hgt_buf_truncate(&tree->pointer, 0);
	/* A text that used up its memory is told of all the same. */
	arena->limit = 0;
	if (!tree->message.failed && !tree->hint.failed && !tree->pointer.failed) {
		problem.message = hgt_arena_strndup(arena, tree->message.data, tree->message.len);
		problem.pointer = hgt_arena_strndup(arena, tree->pointer.data, tree->pointer.len);
		if (tree->hint.len)
			problem.hint = hgt_arena_strndup(arena, tree->hint.data, tree->hint.len);
	}
	arena->limit = limit;
	if (!problem.message || !problem.pointer || (tree->hint.len && !problem.hint))
		return hgt_error_nomem(tree->err);
	if (tree->n_problems == tree->problems_cap && grow(tree, &tree->problems, &tree->problems_cap, sizeof(problem)) < 0)
		return HGT_ENOMEM;
	tree->problems[tree->n_problems++] = problem;
	hgt_buf_reset(&tree->message);
	hgt_buf_reset(&tree->hint);
	hgt_buf_reset(&tree->pointer);
	return tree->n_problems >= tree->limits->problems ? HGT_TREE_ENOUGH : HGT_TREE_REFUSED;
}

void hgt_tree_quote(struct hgt_buf *out, const char *text, size_t len)
{
	size_t shown = len;

	if (shown > QUOTE_MAX) {
		shown = QUOTE_MAX;
		while (shown && ((unsigned char)text[shown] & 0xc0) == 0x80)
			shown--;
	}
	hgt_buf_addc(out, '"');
	hgt_escape_text(out, text, shown);
	hgt_buf_adds(out, shown < len ? "...\"" : "\"");
}

void hgt_tree_point(struct hgt_tree *tree)
{
	for (size_t i = 0; i < tree->n_frames; i++) {
		const struct hgt_frame *frame = &tree->frames[i];
		size_t end = i + 1 < tree->n_frames ? tree->frames[i + 1].first : tree->n_pending;
		size_t n = end - frame->first;

		if (frame->node->type == HGT_NODE_SEQ) {
			hgt_pointer_add_index(&tree->pointer, n);
		} else if (n % 2) {
			const struct hgt_node *key = tree->pending[end - 1];

			hgt_pointer_add(&tree->pointer, key->text, key->len);
		}
	}
}

/* The arena had no room for size bytes: its limit is reached, or memory ran out. */
static int refuse_memory(struct hgt_tree *tree, size_t size)
{
	const struct hgt_arena *arena = &tree->set->arena;

	if (!arena->limit || (arena->used < arena->limit && size + _Alignof(max_align_t) <= arena->limit - arena->used))
		return hgt_error_nomem(tree->err);
	hgt_buf_addf(&tree->message, "the document takes more than %zu bytes of memory", arena->limit);
	if (hgt_tree_tell(tree, HGT_PROBLEM_LIMIT, (struct hgt_place){tree->doc.line, 1}, 0) < 0)
		return HGT_ENOMEM;
	return HGT_TREE_ENOUGH;
}

int hgt_tree_take(struct hgt_tree *tree, size_t n, size_t size, void **out)
{
	void *p = hgt_arena_array(&tree->set->arena, n, size);

	/* n * size fits: both come from what is in memory already. */
	if (!p)
		return refuse_memory(tree, n * size);
	*out = p;
	return 0;
}

int hgt_tree_string(struct hgt_tree *tree, const char *copy, size_t len, char **out)
{
	char *p = hgt_arena_bytes(&tree->set->arena, len + 1);

	if (!p)
		return refuse_memory(tree, len + 1);
	if (copy)
		memcpy(p, copy, len);
	else
		memset(p, 0, len);
	p[len] = '\0';
	*out = p;
	return 0;
}

int hgt_tree_node(struct hgt_tree *tree, enum hgt_node_type type, struct hgt_place start, struct hgt_node **out)
{
	struct hgt_node *node;
	int code;

	if (tree->nodes >= tree->limits->nodes) {
		hgt_buf_addf(&tree->message, "the text has more than %zu values", tree->limits->nodes);
		code = hgt_tree_tell(tree, HGT_PROBLEM_LIMIT, start, 0);
		return code < 0 ? code : HGT_TREE_ENOUGH;
	}
	node = hgt_arena_alloc(&tree->set->arena, sizeof(*node));
	if (!node)
		return refuse_memory(tree, sizeof(*node));
	tree->nodes++;
	node->type = type;
	node->line = node->end_line = start.line;
	node->column = node->end_column = start.column;
	node->text = "";
	*out = node;
	return 0;
}

bool hgt_tree_wants_merge(const struct hgt_tree *tree)
{
	const struct hgt_frame *top = hgt_tree_top(tree);

	return top && top->node->type == HGT_NODE_MAP && (tree->n_pending - top->first) % 2 &&
		hgt_is_merge_key(tree->pending[tree->n_pending - 1]);
}

int hgt_tree_begin(struct hgt_tree *tree, struct hgt_place start, size_t offset)
{
	if (tree->n_docs >= tree->limits->documents) {
		int code;

		hgt_buf_addf(&tree->message, "the text has more than %u documents", tree->limits->documents);
		code = hgt_tree_tell(tree, HGT_PROBLEM_LIMIT, start, 0);
		return code < 0 ? code : HGT_TREE_ENOUGH;
	}
	tree->doc = (struct hgt_doc){.line = start.line, .offset = offset};
	tree->work = tree->alias_work = 0;
	return 0;
}

void hgt_tree_abandon(struct hgt_tree *tree)
{
	tree->n_frames = 0;
	tree->n_pending = 0;
	/* Emptying costs as much as the map is large, and it is done once a document. */
	if (tree->anchors.cap > SMALL_ANCHORS)
		hgt_map_release(&tree->anchors);
	else
		hgt_map_clear(&tree->anchors);
}

int hgt_tree_end(struct hgt_tree *tree, size_t end_offset)
{
	assert(!tree->n_frames && tree->n_pending <= 1);
	if (tree->n_docs == tree->docs_cap && grow(tree, &tree->docs, &tree->docs_cap, sizeof(*tree->docs)) < 0)
		return HGT_ENOMEM;
	tree->doc.root = tree->n_pending ? tree->pending[0] : NULL;
	tree->doc.length = end_offset - tree->doc.offset;
	tree->docs[tree->n_docs++] = tree->doc;
	hgt_tree_abandon(tree);
	return 0;
}

int hgt_tree_add(struct hgt_tree *tree, struct hgt_node *node)
{
	if (hgt_tree_wants_key(tree) && hgt_is_merge_key(node))
		hgt_tree_top(tree)->merges = true;
	if (tree->n_pending == tree->pending_cap && grow(tree, &tree->pending, &tree->pending_cap, sizeof(node)) < 0)
		return HGT_ENOMEM;
	tree->pending[tree->n_pending++] = node;
	return 0;
}

int hgt_tree_refuse_depth(struct hgt_tree *tree, struct hgt_place where)
{
	hgt_tree_point(tree);
	hgt_buf_addf(&tree->message, "nested more than %u levels deep", tree->limits->depth);
	return hgt_tree_tell(tree, HGT_PROBLEM_DEPTH, where, 0);
}

int hgt_tree_open(struct hgt_tree *tree, enum hgt_node_type type, struct hgt_place start, struct hgt_anchor *anchor)
{
	struct hgt_node *node;
	int code;

	if (tree->n_frames >= tree->limits->depth)
		return hgt_tree_refuse_depth(tree, start);
	code = hgt_tree_node(tree, type, start, &node);
	if (code)
		return code;
	if (tree->n_frames == tree->frames_cap && grow(tree, &tree->frames, &tree->frames_cap, sizeof(*tree->frames)) < 0)
		return HGT_ENOMEM;
	tree->frames[tree->n_frames++] = (struct hgt_frame){
		.node = node, .first = tree->n_pending, .anchor = anchor, .work = tree->work, .height = 1,
	};
	return 0;
}

static int tell_duplicate(struct hgt_tree *tree, const struct hgt_node *key, const struct hgt_node *first)
{
	struct hgt_place where = {key->line, key->column};
	int code;

	hgt_tree_point(tree);
	hgt_pointer_add(&tree->pointer, key->text, key->len);
	hgt_buf_adds(&tree->message, "duplicate key ");
	hgt_tree_quote(&tree->message, key->text, key->len);
	hgt_buf_addf(&tree->hint, "remove one of the two; the first is on line %u", first->line);
	code = hgt_tree_tell(tree, HGT_PROBLEM_DUPLICATE_KEY, where, key->end_line == key->line ? key->end_column : 0);
	/* A duplicate does not lose the document. */
	return code == HGT_TREE_REFUSED ? 0 : code;
}

static bool same_key(const struct hgt_node *a, const struct hgt_node *b)
{
	char room_a[HGT_KEY_ROOM], room_b[HGT_KEY_ROOM];
	size_t len_a, len_b;
	const char *text_a, *text_b;

	if (a->type == HGT_NODE_STRING && b->type == HGT_NODE_STRING)
		return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
	text_a = hgt_key_text(a, room_a, &len_a);
	text_b = hgt_key_text(b, room_b, &len_b);
	return len_a == len_b && memcmp(text_a, text_b, len_a) == 0;
}

/* Of several with one key each is told of with the one before it, and only the last counts. */
static int found_duplicate(struct hgt_tree *tree, struct hgt_pair *before, const struct hgt_pair *pair)
{
	before->overridden = true;
	return tell_duplicate(tree, pair->key, before->key);
}

static int find_duplicates_small(struct hgt_tree *tree, struct hgt_pair *pairs, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		size_t j = i;
		int code;

		while (j-- > 0)
			if (same_key(pairs[i].key, pairs[j].key))
				break;
		if (j == SIZE_MAX)
			continue;
		code = found_duplicate(tree, &pairs[j], &pairs[i]);
		if (code)
			return code;
	}
	return 0;
}

static int find_duplicates_large(struct hgt_tree *tree, struct hgt_pair *pairs, size_t n)
{
	struct hgt_map seen = HGT_MAP_INIT;
	int code = 0;

	for (size_t i = 0; i < n && !code; i++) {
		char room[HGT_KEY_ROOM], *kept;
		void *before = NULL;
		size_t len;
		const char *text = hgt_key_text(pairs[i].key, room, &len);

		if (text == room) {
			code = hgt_tree_string(tree, text, len, &kept);
			if (code)
				break;
			text = kept;
		}
		if (hgt_map_put(&seen, text, len, &pairs[i], &before) < 0)
			code = hgt_error_nomem(tree->err);
		else if (before)
			code = found_duplicate(tree, before, &pairs[i]);
	}
	hgt_map_release(&seen);
	return code;
}

static int close_map(struct hgt_tree *tree, const struct hgt_frame *frame)
{
	size_t n = (tree->n_pending - frame->first) / 2;
	struct hgt_pair *pairs;
	void *p = NULL;
	int code = hgt_tree_take(tree, n, sizeof(*pairs), &p);

	if (code)
		return code;
	pairs = p;
	for (size_t i = 0; i < n; i++) {
		const struct hgt_node *key = tree->pending[frame->first + 2 * i];

		pairs[i] = (struct hgt_pair){.key = key, .value = tree->pending[frame->first + 2 * i + 1],
			.head = hgt_key_head(key->text, key->len)};
	}
	frame->node->v.map.pairs = pairs;
	frame->node->v.map.n = n;
	code = n > SMALL_MAP ? find_duplicates_large(tree, pairs, n) : find_duplicates_small(tree, pairs, n);
	if (!code && frame->merges)
		code = hgt_merge(tree, frame->node);
	return code;
}

static int close_seq(struct hgt_tree *tree, const struct hgt_frame *frame)
{
	size_t n = tree->n_pending - frame->first;
	void *p = NULL;
	int code = hgt_tree_take(tree, n, sizeof(struct hgt_node *), &p);

	if (code)
		return code;
	frame->node->v.seq.items = p;
	frame->node->v.seq.n = n;
	for (size_t i = 0; i < n; i++)
		frame->node->v.seq.items[i] = tree->pending[frame->first + i];
	return 0;
}

int hgt_tree_close(struct hgt_tree *tree, struct hgt_place end)
{
	struct hgt_frame frame = *hgt_tree_top(tree);
	struct hgt_frame *parent;
	int code;

	frame.node->end_line = end.line;
	frame.node->end_column = end.column;
	code = frame.node->type == HGT_NODE_MAP ? close_map(tree, &frame) : close_seq(tree, &frame);
	if (code)
		return code;
	tree->n_frames--;
	tree->n_pending = frame.first;
	parent = hgt_tree_top(tree);
	if (parent && parent->height <= frame.height)
		parent->height = frame.height + 1;
	if (frame.anchor) {
		frame.anchor->height = frame.height;
		frame.anchor->work = tree->work - frame.work;
		frame.anchor->open = false;
	}
	return hgt_tree_add(tree, frame.node);
}
