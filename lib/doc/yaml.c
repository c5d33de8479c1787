/*
 * YAML text through libyaml's events into the tree.
 *
 * The text is read in stretches: libyaml stops for good at its first complaint, so a new parser goes on at the next line that
 * begins with "---". libyaml never sees bytes that it would refuse in its reader (invalid UTF-8, control characters):
 * a scan ahead finds them, and the stretch ends before the document that has them.
 */
#include <yaml.h>

#include "base/utf8.h"
#include "doc/alias.h"
#include "doc/scalar.h"
#include "doc/tree.h"
#include "doc/yaml_problem.h"

/* How far libyaml's marks have been followed in the text. */
struct cursor {
	size_t index;		/* code points from the stretch's beginning, as libyaml counts */
	size_t offset;
	struct hgt_place place;
};

/* One stretch of the text. libyaml counts code points and lines from its beginning. */
struct stretch {
	size_t start, end;
	uint32_t line;		/* the line in the text where it starts */
	size_t doc;		/* where the document in hand began */
	struct cursor cursor;
};

struct reader {
	struct hgt_tree tree;
	const char *text;
	size_t len;
	bool ascii;		/* so an index is an offset */
	bool odd_breaks;	/* YAML breaks lines where nobody else does, so libyaml's lines are not the text's */
	struct stretch now;
};

/* Marks come in the order of the text, those of a complaint excepted: each byte is walked over once. */
static const struct cursor *follow(struct reader *r, yaml_mark_t mark)
{
	struct cursor *c = &r->now.cursor;

	if (mark.index < c->index)
		*c = (struct cursor){0, r->now.start, {r->now.line, 1}};
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

static struct hgt_place place_of(struct reader *r, yaml_mark_t mark)
{
	if (r->odd_breaks)
		return follow(r, mark)->place;
	return (struct hgt_place){(uint32_t)mark.line + r->now.line, (uint32_t)mark.column + 1};
}

static size_t offset_of(struct reader *r, yaml_mark_t mark)
{
	return r->ascii && !r->odd_breaks ? r->now.start + mark.index : follow(r, mark)->offset;
}

/* The next line at or after `from` that begins with "---"; the text's end when there is none. */
static size_t next_document(const struct reader *r, size_t from)
{
	const char *p;

	if (from == 0 && r->len >= 3 && memcmp(r->text, "---", 3) == 0)
		return 0;
	if (from > 0)
		from--;
	p = from < r->len ? memmem(r->text + from, r->len - from, "\n---", 4) : NULL;
	return p ? (size_t)(p - r->text) + 1 : r->len;
}

static uint32_t count_lines(const char *text, size_t len)
{
	uint32_t n = 0;
	const char *p = text;

	while ((p = memchr(p, '\n', len - (size_t)(p - text)))) {
		n++;
		p++;
	}
	return n;
}

static int refuse_key(struct reader *r, enum hgt_node_type type, const yaml_event_t *event)
{
	hgt_tree_point(&r->tree);
	hgt_buf_addf(&r->tree.message, "a key must be a string, this one is %s", type == HGT_NODE_MAP ? "a map" : "a list");
	hgt_buf_adds(&r->tree.hint, "a value that begins with '{' or '[' needs quotes");
	hgt_yaml_hint_template(&r->tree, r->text, r->len, offset_of(r, event->start_mark));
	return hgt_tree_tell(&r->tree, HGT_PROBLEM_SYNTAX, place_of(r, event->start_mark), 0);
}

static int refuse_tag(struct reader *r, const char *tag, const char *text, size_t len, struct hgt_place start)
{
	hgt_tree_point(&r->tree);
	hgt_tree_quote(&r->tree.message, text, len);
	hgt_buf_addf(&r->tree.message, " cannot be read as !!%s", strrchr(tag, ':') + 1);
	return hgt_tree_tell(&r->tree, HGT_PROBLEM_SYNTAX, start, 0);
}

/* Type and value of a scalar with a tag. */
static int resolve_tagged(struct reader *r, struct hgt_node *node, const yaml_event_t *event, char *text,
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

static int refuse_text(struct reader *r, const char *message, const char *hint, const yaml_event_t *event)
{
	hgt_tree_point(&r->tree);
	hgt_buf_adds(&r->tree.message, message);
	hgt_buf_adds(&r->tree.hint, hint);
	return hgt_tree_tell(&r->tree, HGT_PROBLEM_SYNTAX, place_of(r, event->start_mark), 0);
}

/* Within brackets go-yaml ends a plain text at '?', and lets a tag go on past ',', where libyaml does not. */
static int check_flow_scalar(struct reader *r, const yaml_event_t *event)
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

static int on_scalar(struct reader *r, const yaml_event_t *event)
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
	r->tree.work++;
	if (anchor)
		*anchor = (struct hgt_anchor){.node = node, .work = 1};
	if (!code)
		code = hgt_alias_check(&r->tree, start);
	return code ? code : hgt_tree_add(&r->tree, node);
}

static int on_open(struct reader *r, const yaml_event_t *event, enum hgt_node_type type)
{
	bool map = type == HGT_NODE_MAP;
	const yaml_char_t *name = map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	struct hgt_place start = place_of(r, event->start_mark);
	struct hgt_anchor *anchor = NULL;
	struct hgt_frame *top;
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
	r->tree.work++;
	return hgt_alias_check(&r->tree, start);
}

/* A block collection has no closing bracket: libyaml ends it where the next thing begins, we where its last child ends. */
static int on_close(struct reader *r, const yaml_event_t *event)
{
	const struct hgt_frame *top = hgt_tree_top(&r->tree);
	struct hgt_place end = place_of(r, event->end_mark);

	if (!top->flow && r->tree.n_pending > top->first) {
		const struct hgt_node *last = r->tree.pending[r->tree.n_pending - 1];

		end = (struct hgt_place){last->end_line, last->end_column};
	}
	return hgt_tree_close(&r->tree, end);
}

static int on_alias(struct reader *r, const yaml_event_t *event)
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

static int on_document_start(struct reader *r, const yaml_event_t *event)
{
	r->now.doc = offset_of(r, event->start_mark);
	return hgt_tree_begin(&r->tree, place_of(r, event->start_mark), r->now.doc);
}

static int on_document_end(struct reader *r, const yaml_event_t *event)
{
	const struct hgt_node *root = r->tree.pending[0];

	/* Nothing but comments: libyaml makes up an empty scalar. */
	if (root->type == HGT_NODE_NULL && !root->len && !r->tree.anchors.len)
		r->tree.n_pending = 0;
	return hgt_tree_end(&r->tree, offset_of(r, event->end_mark));
}

static int on_event(struct reader *r, const yaml_event_t *event)
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

/* libyaml gave up: tell why. */
static int on_complaint(struct reader *r, const yaml_parser_t *parser, size_t *at)
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

/* Read the stretch. On HGT_TREE_REFUSED *at is where the trouble was seen. */
static int read_stretch(struct reader *r, size_t *at)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool more = true;
	int code = 0;

	if (!yaml_parser_initialize(&parser))
		return hgt_error_nomem(r->tree.err);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)r->text + r->now.start, r->now.end - r->now.start);
	while (more && !code) {
		if (!yaml_parser_parse(&parser, &event)) {
			code = on_complaint(r, &parser, at);
			break;
		}
		more = event.type != YAML_STREAM_END_EVENT;
		*at = r->now.doc;
		code = on_event(r, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	hgt_tree_abandon(&r->tree);
	return code;
}

/* Whether libyaml's reader takes the code point. */
static bool is_printable(uint32_t cp)
{
	return cp == '\t' || cp == '\n' || cp == '\r' || (cp >= 0x20 && cp <= 0x7e) || cp == 0x85 ||
		(cp >= 0xa0 && cp <= 0xfffd) || cp >= 0x10000;
}

/* Whether a line break may end in this byte: LF, CR, or the last one of U+0085, U+2028, U+2029. */
static bool breaks_line(char c)
{
	return c == '\n' || c == '\r' || c == '\x85' || c == '\xa8' || c == '\xa9';
}

/* The first byte from `from` on that cannot be in YAML text, the text's end when all can. */
static size_t find_bad_byte(struct reader *r, size_t from)
{
	size_t i = from;

	while (i < r->len) {
		unsigned char c = (unsigned char)r->text[i];
		uint32_t cp;
		size_t n = 1;

		if (c >= 0x20 && c < 0x7f) {
			i++;
			continue;
		}
		n = hgt_utf8_decode(r->text + i, r->len - i, &cp);
		if (!n || !is_printable(cp))
			return i;
		/* A byte order mark that begins a line is dropped by libyaml, and a part of the key for go-yaml. */
		if (cp == 0xfeff && breaks_line(r->text[i - 1]))
			return i;
		if (cp >= 0x80)
			r->ascii = false;
		if (cp == 0x85 || cp == 0x2028 || cp == 0x2029 || (cp == '\r' && (i + 1 == r->len || r->text[i + 1] != '\n')))
			r->odd_breaks = true;
		i += n;
	}
	return r->len;
}

static struct hgt_place count_place(const struct reader *r, size_t offset)
{
	struct hgt_place place = {1 + count_lines(r->text, offset), 1};
	const char *line = memrchr(r->text, '\n', offset);

	for (const char *p = line ? line + 1 : r->text; p < r->text + offset; p++)
		if (((unsigned char)*p & 0xc0) != 0x80)
			place.column++;
	return place;
}

static int tell_bad_byte(struct reader *r, size_t offset)
{
	struct hgt_tree *tree = &r->tree;
	unsigned char c = (unsigned char)r->text[offset];
	uint32_t cp;

	if (r->len >= 2 && (memcmp(r->text, "\xff\xfe", 2) == 0 || memcmp(r->text, "\xfe\xff", 2) == 0)) {
		hgt_buf_adds(&tree->message, "the text is UTF-16, not UTF-8");
		hgt_buf_adds(&tree->hint, "save it as UTF-8");
	} else if (!c) {
		hgt_buf_adds(&tree->message, "a NUL byte: this is no text");
		hgt_buf_adds(&tree->hint, "is it a binary file, or UTF-16? YAML is read as UTF-8");
	} else if (!hgt_utf8_decode(r->text + offset, r->len - offset, &cp)) {
		hgt_buf_addf(&tree->message, "the byte 0x%02x is not valid UTF-8 here", c);
		hgt_buf_adds(&tree->hint, "save the file as UTF-8");
	} else if (cp == 0xfeff) {
		hgt_buf_adds(&tree->message, "an invisible byte order mark (U+FEFF) begins the line");
		hgt_buf_adds(&tree->hint, "remove it");
	} else {
		hgt_buf_addf(&tree->message, "the control character U+%04X is not allowed", cp);
		hgt_buf_adds(&tree->hint, "remove it, or write it as an escape within double quotes");
	}
	return hgt_tree_tell(tree, HGT_PROBLEM_SYNTAX, count_place(r, offset), 0);
}

/* The beginning of the document that offset lies in, not before `from`. */
static size_t document_of(const struct reader *r, size_t from, size_t offset)
{
	for (size_t i = offset; i > from; i--)
		if ((i == 0 || r->text[i - 1] == '\n') && r->len - i >= 3 && memcmp(r->text + i, "---", 3) == 0)
			return i;
	return from;
}

static int read_text(struct reader *r)
{
	size_t pos = 0, bad = 0, at = 0;
	uint32_t line = 1;
	bool scanned = false;

	if (r->len > r->tree.limits->bytes) {
		hgt_buf_addf(&r->tree.message, "the text has %zu bytes, the limit is %zu", r->len, r->tree.limits->bytes);
		return hgt_tree_tell(&r->tree, HGT_PROBLEM_LIMIT, (struct hgt_place){1, 1}, 0);
	}
	if (r->len >= 3 && memcmp(r->text, "\xef\xbb\xbf", 3) == 0)
		pos = 3;
	while (pos < r->len) {
		size_t next, end;
		int code = 0;

		if (!scanned || bad < pos)
			bad = find_bad_byte(r, pos);
		scanned = true;
		end = bad < r->len ? document_of(r, pos, bad) : r->len;
		next = end;
		if (end > pos) {
			r->now = (struct stretch){.start = pos, .end = end, .line = line, .doc = pos, .cursor = {0, pos, {line, 1}}};
			code = read_stretch(r, &at);
			if (code < 0 || code == HGT_TREE_ENOUGH)
				return code;
			if (code == HGT_TREE_REFUSED) {
				/* The line of the trouble may itself begin the next document, when the one in hand is not closed. */
				const char *begin = memrchr(r->text, '\n', at);
				size_t from = begin ? (size_t)(begin - r->text) + 1 : 0;

				next = next_document(r, from > r->now.doc ? from : r->now.doc + 1);
			}
		}
		if (!code && bad < r->len) {
			code = tell_bad_byte(r, bad);
			if (code < 0 || code == HGT_TREE_ENOUGH)
				return code;
			next = next_document(r, bad);
		}
		line += count_lines(r->text + pos, next - pos);
		pos = next;
	}
	return 0;
}

int hgt_yaml_parse(const char *text, size_t len, const struct hgt_doc_limits *limits, struct hgt_doc_set *set,
	struct hgt_error *err)
{
	struct reader r = {.text = text, .len = len, .ascii = true};

	hgt_tree_init(&r.tree, set, limits, err);
	return hgt_tree_finish(&r.tree, read_text(&r));
}
