/* libyaml's events into the tree. */
#include "doc/alias.h"
#include "doc/scalar.h"
#include "doc/yaml_problem.h"
#include "doc/yaml_reader.h"

/* Marks come in the order of the text, those of a complaint excepted: each byte is walked over once. */
static const struct hgt_yaml_cursor *follow(struct hgt_yaml_reader *r, yaml_mark_t mark)
{
	struct hgt_yaml_cursor *c = &r->now.cursor;

	if (mark.index < c->index)
		*c = (struct hgt_yaml_cursor){0, r->now.start, {r->now.line, 1}};
	while (c->index < mark.index && c->offset < r->now.end) {
		c->place.column++;
		if (r->text[c->offset] == '\n')
			c->place = (struct hgt_place){c->place.line + 1, 1};
		c->offset++;
		while (c->offset < r->now.end && ((unsigned char)r->text[c->offset] & 0xc0) == 0x80)
			c->offset++;
		c->index++;
	}
	return c;
}

static size_t offset_of(struct hgt_yaml_reader *r, yaml_mark_t mark)
{
	return r->ascii && !r->odd_breaks ? r->now.start + mark.index : follow(r, mark)->offset;
}

static struct hgt_place place_of(struct hgt_yaml_reader *r, yaml_mark_t mark)
{
	/* A text without a line break at its end gets one more line from libyaml. */
	if (r->odd_breaks || (r->now.open_end && mark.column == 0 && offset_of(r, mark) >= r->now.end))
		return follow(r, mark)->place;
	return (struct hgt_place){(uint32_t)mark.line + r->now.line, (uint32_t)mark.column + 1};
}

static int refuse_key(struct hgt_yaml_reader *r, enum hgt_node_type type, const yaml_event_t *event)
{
	hgt_tree_point(&r->tree);
	hgt_buf_addf(&r->tree.message, "a key must be a string, this one is %s", type == HGT_NODE_MAP ? "a map" : "a list");
	hgt_buf_adds(&r->tree.hint, "a value that begins with '{' or '[' needs quotes");
	hgt_yaml_hint_template(&r->tree, r->text, r->len, offset_of(r, event->start_mark));
	return hgt_tree_tell(&r->tree, HGT_PROBLEM_SYNTAX, place_of(r, event->start_mark), 0);
}

static int refuse_tag(struct hgt_yaml_reader *r, const char *tag, const char *text, size_t len, struct hgt_place start)
{
	hgt_tree_point(&r->tree);
	hgt_tree_quote(&r->tree.message, text, len);
	hgt_buf_addf(&r->tree.message, " cannot be read as !!%s", strrchr(tag, ':') + 1);
	return hgt_tree_tell(&r->tree, HGT_PROBLEM_SYNTAX, start, 0);
}

/* Type and value of a scalar with a tag. */
static int resolve_tagged(struct hgt_yaml_reader *r, struct hgt_node *node, const yaml_event_t *event, char *text,
	struct hgt_place start)
{
	const char *tag = (const char *)event->data.scalar.tag;
	bool merge = event->data.scalar.plain_implicit || hgt_tag_is(tag, "merge");

	if (!hgt_scalar_resolve_tagged(node, tag, text, node->len))
		return refuse_tag(r, tag, text, node->len, start);
	if (hgt_tag_is(tag, "binary") && !hgt_scalar_decode_base64(text, node->len, text, &node->len))
		return refuse_tag(r, tag, text, node->len, start);
	text[node->len] = '\0';
	node->quoted = node->type == HGT_NODE_STRING && !(merge && strcmp(text, "<<") == 0);
	return 0;
}

static int refuse_text(struct hgt_yaml_reader *r, const char *message, const char *hint, const yaml_event_t *event)
{
	hgt_tree_point(&r->tree);
	hgt_buf_adds(&r->tree.message, message);
	hgt_buf_adds(&r->tree.hint, hint);
	return hgt_tree_tell(&r->tree, HGT_PROBLEM_SYNTAX, place_of(r, event->start_mark), 0);
}

/* Within brackets go-yaml ends a plain text at '?', and lets a tag go on past ',', where libyaml does not. */
static int check_flow_scalar(struct hgt_yaml_reader *r, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;

	if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return 0;
	if (memchr(value, '?', len))
		return refuse_text(r, "unquoted text within brackets cannot have a '?'", "put the value in quotes", event);
	if (event->data.scalar.tag && !len) {
		size_t end = offset_of(r, event->end_mark);

		if (end < r->len && r->text[end] == ',')
			return refuse_text(r, "a ',' follows the tag", "write the value after the tag, \"\" for an empty one", event);
	}
	return 0;
}

static int on_scalar(struct hgt_yaml_reader *r, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	struct hgt_place start = place_of(r, event->start_mark), end = place_of(r, event->end_mark);
	const struct hgt_frame *top = hgt_tree_top(&r->tree);
	struct hgt_anchor *anchor = NULL;
	struct hgt_node *node;
	char *text;
	int code = top && top->flow ? check_flow_scalar(r, event) : 0;

	if (!code && event->data.scalar.anchor)
		code = hgt_alias_declare(&r->tree, (const char *)event->data.scalar.anchor, &anchor);
	if (!code)
		code = hgt_tree_node(&r->tree, HGT_NODE_STRING, start, &node);
	if (!code)
		code = hgt_tree_string(&r->tree, value, event->data.scalar.length, &text);
	if (code)
		return code;
	node->text = text;
	node->len = event->data.scalar.length;
	node->end_line = end.line;
	node->end_column = end.column;
	if (event->data.scalar.tag)
		code = resolve_tagged(r, node, event, text, start);
	else if (event->data.scalar.plain_implicit)
		hgt_scalar_resolve(node, text, node->len);
	else
		node->quoted = true;
	if (!hgt_tree_wants_key(&r->tree) || !hgt_is_merge_key(node))
		r->tree.work++;
	if (anchor)
		*anchor = (struct hgt_anchor){.node = node, .work = 1};
	if (!code)
		code = hgt_alias_check(&r->tree, start);
	return code ? code : hgt_tree_add(&r->tree, node);
}

static int on_open(struct hgt_yaml_reader *r, const yaml_event_t *event, enum hgt_node_type type)
{
	bool map = type == HGT_NODE_MAP;
	const yaml_char_t *name = map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	struct hgt_place start = place_of(r, event->start_mark);
	struct hgt_anchor *anchor = NULL;
	struct hgt_frame *top;
	bool merges = hgt_tree_wants_merge(&r->tree);
	int code = 0;

	if (hgt_tree_wants_key(&r->tree))
		return refuse_key(r, type, event);
	if (name)
		code = hgt_alias_declare(&r->tree, (const char *)name, &anchor);
	if (!code)
		code = hgt_tree_open(&r->tree, type, start, anchor);
	if (code)
		return code;
	top = hgt_tree_top(&r->tree);
	top->flow = map ? event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
		: event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	if (anchor)
		anchor->node = top->node;
	if (map || !merges)
		r->tree.work++;
	return hgt_alias_check(&r->tree, start);
}

/* A block collection has no closing bracket: libyaml ends it where the next thing begins, we where its last child ends. */
static int on_close(struct hgt_yaml_reader *r, const yaml_event_t *event)
{
	const struct hgt_frame *top = hgt_tree_top(&r->tree);
	struct hgt_place end = place_of(r, event->end_mark);

	if (!top->flow && r->tree.n_pending > top->first) {
		const struct hgt_node *last = r->tree.pending[r->tree.n_pending - 1];

		end = (struct hgt_place){last->end_line, last->end_column};
	}
	return hgt_tree_close(&r->tree, end);
}

static int on_alias(struct hgt_yaml_reader *r, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct hgt_place start = place_of(r, event->start_mark);
	bool key = hgt_tree_wants_key(&r->tree);
	int code = hgt_alias_add(&r->tree, name, start, place_of(r, event->end_mark));

	if (!code && key) {
		const struct hgt_node *node = r->tree.pending[r->tree.n_pending - 1];

		if (node->type == HGT_NODE_MAP || node->type == HGT_NODE_SEQ) {
			r->tree.n_pending--;
			return refuse_key(r, node->type, event);
		}
	}
	return code;
}

static int on_document_start(struct hgt_yaml_reader *r, const yaml_event_t *event)
{
	struct hgt_place start = place_of(r, event->start_mark);

	r->now.doc = offset_of(r, event->start_mark);
	r->now.begun = offset_of(r, event->end_mark);
	return hgt_tree_begin(&r->tree, start, r->now.doc);
}

static int on_document_end(struct hgt_yaml_reader *r, const yaml_event_t *event)
{
	const struct hgt_node *root = r->tree.pending[0];

	/* Nothing but comments: libyaml makes up an empty scalar. */
	if (root->type == HGT_NODE_NULL && !root->len && !r->tree.anchors.len)
		r->tree.n_pending = 0;
	return hgt_tree_end(&r->tree, offset_of(r, event->end_mark));
}

int hgt_yaml_take(struct hgt_yaml_reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document_start(r, event);
	case YAML_DOCUMENT_END_EVENT:
		return on_document_end(r, event);
	case YAML_SCALAR_EVENT:
		return on_scalar(r, event);
	case YAML_ALIAS_EVENT:
		return on_alias(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(r, event, HGT_NODE_SEQ);
	case YAML_MAPPING_START_EVENT:
		return on_open(r, event, HGT_NODE_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(r, event);
	default:
		return 0;
	}
}

int hgt_yaml_complain(struct hgt_yaml_reader *r, const yaml_parser_t *parser, size_t *at)
{
	struct hgt_yaml_complaint complaint = {.context = parser->context, .problem = parser->problem, .text = r->text};
	struct hgt_place where;

	if (parser->error == YAML_MEMORY_ERROR)
		return hgt_error_nomem(r->tree.err);
	/* In this order, because offset_of goes forward. */
	complaint.len = r->now.end;
	if (parser->context) {
		complaint.context_at = offset_of(r, parser->context_mark);
		complaint.context_where = place_of(r, parser->context_mark);
	}
	*at = complaint.at = offset_of(r, parser->problem_mark);
	complaint.where = place_of(r, parser->problem_mark);
	if (!parser->context) {
		complaint.context_at = complaint.at;
		complaint.context_where = complaint.where;
	}
	where = hgt_yaml_explain(&r->tree, &complaint);
	return hgt_tree_tell(&r->tree, HGT_PROBLEM_SYNTAX, where, 0);
}
