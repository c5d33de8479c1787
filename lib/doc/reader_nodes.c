/* Trees of two readers: whether they are the same, what to say of them, and the characters that not both know. */
#include "doc/reader_nodes.h"

#include <ctype.h>
#include <math.h>

static void describe_map(struct hgt_buf *out, const struct hgt_node *map)
{
	const char *kind = hgt_node_get_string(map, "kind");
	const char *name = hgt_node_get_string(hgt_node_get(map, "metadata"), "name");
	size_t n = 0;

	while (kind && isalnum((unsigned char)kind[n]))
		n++;
	if (n && n < 64 && !kind[n] && name) {
		hgt_buf_addf(out, "%s ", kind);
		hgt_tree_quote(out, name, strlen(name));
	} else if (n && n < 64 && !kind[n]) {
		hgt_buf_addf(out, "a %s without a name", kind);
	} else if (map->v.map.n) {
		hgt_buf_adds(out, "a map with the key ");
		hgt_tree_quote(out, map->v.map.pairs[0].key->text, map->v.map.pairs[0].key->len);
	} else {
		hgt_buf_adds(out, "an empty map");
	}
}

void hgt_node_describe(struct hgt_buf *out, const struct hgt_node *node)
{
	if (!node || node->type == HGT_NODE_NULL) {
		hgt_buf_adds(out, node ? "null" : "nothing");
	} else if (node->type == HGT_NODE_MAP) {
		describe_map(out, node);
	} else if (node->type == HGT_NODE_SEQ) {
		hgt_buf_adds(out, "a list");
	} else {
		hgt_buf_addf(out, "the %s ", node->type == HGT_NODE_STRING ? "text" : hgt_node_type_name(node->type));
		hgt_tree_quote(out, node->text, node->len);
	}
}

/* The last byte of U+0085, U+2028, U+2029, and of what is put in their place: U+00A7, U+2020, U+2021. */
static char mask(char last)
{
	return last == '\x85' ? '\xa7' : last == '\xa8' ? '\xa0' : last == '\xa9' ? '\xa1' : last;
}

bool hgt_mask_breaks(char *text, size_t len)
{
	bool found = false;

	for (size_t i = 1; i < len; i++) {
		if ((text[i] == '\x85' && text[i - 1] == '\xc2') || ((text[i] == '\xa8' || text[i] == '\xa9') && i >= 2 &&
			text[i - 1] == '\x80' && text[i - 2] == '\xe2')) {
			text[i] = mask(text[i]);
			found = true;
		}
	}
	return found;
}

static bool same_text(const char *a, size_t len_a, const char *b, size_t len_b, bool masked)
{
	size_t i = 0;

	if (len_a != len_b || !masked)
		return len_a == len_b && memcmp(a, b, len_a) == 0;
	while (i < len_a && (a[i] == b[i] || mask(a[i]) == b[i]))
		i++;
	return i == len_a;
}

static bool same_key(const struct hgt_node *a, const struct hgt_node *b, bool masked)
{
	char room_a[HGT_KEY_ROOM], room_b[HGT_KEY_ROOM];
	size_t len_a, len_b;
	const char *text_a = hgt_key_text(a, room_a, &len_a), *text_b = hgt_key_text(b, room_b, &len_b);

	return same_text(text_a, len_a, text_b, len_b, masked);
}

static bool same_scalar(const struct hgt_node *a, const struct hgt_node *b, bool masked)
{
	switch (a->type) {
	case HGT_NODE_BOOL:
		return a->v.boolean == b->v.boolean;
	case HGT_NODE_INT:
		return a->is_unsigned == b->is_unsigned && a->v.uinteger == b->v.uinteger;
	case HGT_NODE_FLOAT:
		return a->v.number == b->v.number || (isnan(a->v.number) && isnan(b->v.number));
	case HGT_NODE_STRING:
		return same_text(a->text, a->len, b->text, b->len, masked);
	default:
		return true;
	}
}

static void part(struct hgt_parting *at, const struct hgt_node *kubectl, const struct hgt_node *other)
{
	at->kubectl = kubectl;
	at->other = other;
}

static bool same_lists(const struct hgt_node *a, const struct hgt_node *b, struct hgt_parting *at)
{
	for (size_t i = 0; i < a->v.seq.n || i < b->v.seq.n; i++) {
		const struct hgt_node *x = i < a->v.seq.n ? a->v.seq.items[i] : NULL, *y = i < b->v.seq.n ? b->v.seq.items[i] : NULL;

		part(at, x, y);
		if (!x || !y || !hgt_nodes_are_same(x, y, at))
			return false;
	}
	return true;
}

static bool same_maps(const struct hgt_node *a, const struct hgt_node *b, struct hgt_parting *at)
{
	for (size_t i = 0; i < a->v.map.n || i < b->v.map.n; i++) {
		const struct hgt_pair *p = i < a->v.map.n ? &a->v.map.pairs[i] : NULL, *q = i < b->v.map.n ? &b->v.map.pairs[i] : NULL;

		part(at, p ? p->key : NULL, q ? q->key : NULL);
		if (!p || !q || !same_key(p->key, q->key, at->masked) || !hgt_nodes_are_same(p->value, q->value, at))
			return false;
	}
	return true;
}

bool hgt_nodes_are_same(const struct hgt_node *kubectl, const struct hgt_node *other, struct hgt_parting *at)
{
	part(at, kubectl, other);
	if (kubectl->type != other->type)
		return false;
	if (kubectl->type == HGT_NODE_SEQ)
		return same_lists(kubectl, other, at);
	return kubectl->type == HGT_NODE_MAP ? same_maps(kubectl, other, at) : same_scalar(kubectl, other, at->masked);
}

/* A place in the text that is followed from line to line. */
struct cursor {
	const char *text, *end;
	const char *at;		/* the beginning of `line` */
	uint32_t line;
};

static const char *find_place(struct cursor *c, uint32_t line, uint32_t column)
{
	const char *p;

	if (line < c->line)
		*c = (struct cursor){c->text, c->end, c->text, 1};
	while (c->line < line && (p = memchr(c->at, '\n', (size_t)(c->end - c->at)))) {
		c->at = p + 1;
		c->line++;
	}
	p = c->at;
	if (p == c->text && c->end - p >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	while (p < c->end && --column)
		for (p++; p < c->end && ((unsigned char)*p & 0xc0) == 0x80;)
			p++;
	return p;
}

/* Where the scalar itself begins, behind the tag, the anchor, line breaks and comments that may stand before it. */
static const char *skip_properties(const char *p, const char *end)
{
	while (p < end && *p && strchr("!& \t\r\n#", *p)) {
		bool comment = *p == '#', property = *p == '!' || *p == '&';

		for (p++; p < end && (comment ? *p != '\n' : property && !strchr(" \t\r\n", *p));)
			p++;
	}
	return p;
}

/* Whether the scalar is in double quotes and has \/ in it: libyaml knows that escape, go-yaml v2 does not. */
static bool has_slash_escape(struct cursor *c, const struct hgt_node *node)
{
	const char *p;

	if (node->type != HGT_NODE_STRING || !node->quoted || node->aliased)
		return false;
	p = skip_properties(find_place(c, node->line, node->column), c->end);
	if (p == c->end || *p != '"')
		return false;
	for (p++; p < c->end && *p != '"'; p++)
		if (*p == '\\' && ++p < c->end && *p == '/')
			return true;
	return false;
}

/* The first such scalar in node, or NULL. */
static const struct hgt_node *find_slash_escape(struct cursor *c, const struct hgt_node *node)
{
	const struct hgt_node *found = NULL;

	if (has_slash_escape(c, node))
		return node;
	if (node->aliased)
		return NULL;
	if (node->type == HGT_NODE_SEQ)
		for (size_t i = 0; i < node->v.seq.n && !found; i++)
			found = find_slash_escape(c, node->v.seq.items[i]);
	if (node->type == HGT_NODE_MAP) {
		for (size_t i = 0; i < node->v.map.n && !found; i++) {
			if (node->v.map.pairs[i].merged)
				continue;
			found = find_slash_escape(c, node->v.map.pairs[i].key);
			if (!found)
				found = find_slash_escape(c, node->v.map.pairs[i].value);
		}
	}
	return found;
}

/* Whether \/ stands anywhere. */
static bool has_slash(const char *text, size_t len)
{
	const char *end = text + len;

	for (const char *p = text; (p = memchr(p, '\\', (size_t)(end - p))); p++)
		if (end - p > 1 && p[1] == '/')
			return true;
	return false;
}

struct hgt_place hgt_find_slash_escape(const char *text, size_t len, const struct hgt_doc_set *set, size_t n_docs)
{
	struct cursor c = {text, text + len, text, 1};
	const struct hgt_node *found = NULL;

	if (!has_slash(text, len))
		return (struct hgt_place){0, 0};
	for (size_t i = 0; i < n_docs && !found; i++)
		if (set->docs[i].root)
			found = find_slash_escape(&c, set->docs[i].root);
	return found ? (struct hgt_place){found->line, found->column} : (struct hgt_place){0, 0};
}
