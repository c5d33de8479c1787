/* The parts of an image: words, strings, numbers, values, patterns. */
#include "schema/compiler.h"
#include "schema/number.h"
#include "schema/pattern.h"

enum { PATTERNS_MAX = 20 * 1000 };

uint32_t hgt_compile_here(struct hgt_compiler *c)
{
	return (uint32_t)c->data.len;
}

void hgt_compile_word(struct hgt_compiler *c, uint32_t word)
{
	word = htole32(word);
	/* Offsets beyond the limit would not be believed; the length is told at the end. */
	if (c->data.len >= HGT_IMG_LIMIT)
		c->data.failed = true;
	hgt_buf_add(&c->data, &word, sizeof(word));
}

void hgt_compile_set(struct hgt_compiler *c, uint32_t at, uint32_t word)
{
	word = htole32(word);
	if (at + sizeof(word) <= c->data.len)
		memcpy(c->data.data + at, &word, sizeof(word));
}

uint32_t hgt_compile_string(struct hgt_compiler *c, const char *text, size_t len)
{
	uintptr_t known = (uintptr_t)hgt_map_get(&c->strings, text, len);
	uint32_t at = hgt_compile_here(c);
	char *copy;

	if (known)
		return (uint32_t)known;
	copy = hgt_arena_strndup(&c->arena, text, len);
	if (!copy || hgt_map_put(&c->strings, copy, len, (void *)(uintptr_t)at, NULL) < 0) {
		c->data.failed = true;
		return 0;
	}
	hgt_compile_word(c, (uint32_t)len);
	hgt_buf_add(&c->data, text, len);
	hgt_buf_add(&c->data, "\0\0\0\0", 4 - len % 4);
	return c->data.failed ? 0 : at;
}

static void add_number(struct hgt_compiler *c, uint32_t text, const struct hgt_node *node)
{
	bool small = node->type == HGT_NODE_INT && !node->is_unsigned;
	uint64_t value = small ? (uint64_t)node->v.integer : 0;

	hgt_compile_word(c, text);
	hgt_compile_word(c, small);
	hgt_compile_word(c, (uint32_t)value);
	hgt_compile_word(c, (uint32_t)(value >> 32));
}

static uint32_t number_text(struct hgt_compiler *c, const struct hgt_node *node)
{
	char room[32];
	size_t len;
	const char *text = hgt_decimal_text(node, room, &len);

	return hgt_compile_string(c, text, len);
}

uint32_t hgt_compile_number(struct hgt_compiler *c, const struct hgt_node *node)
{
	uint32_t text = number_text(c, node), at = hgt_compile_here(c);

	add_number(c, text, node);
	return at;
}

/* Put in the strings of a value first, since its own words have to follow each other. */
static void add_strings(struct hgt_compiler *c, const struct hgt_node *node, unsigned depth)
{
	if (depth > HGT_IMG_VALUE_DEPTH)
		return;
	if (node->type == HGT_NODE_STRING)
		hgt_compile_string(c, node->text, node->len);
	else if (node->type == HGT_NODE_INT || node->type == HGT_NODE_FLOAT)
		number_text(c, node);
	else if (node->type == HGT_NODE_SEQ)
		for (size_t i = 0; i < node->v.seq.n; i++)
			add_strings(c, node->v.seq.items[i], depth + 1);
	else if (node->type == HGT_NODE_MAP)
		for (size_t i = 0; i < node->v.map.n; i++) {
			hgt_compile_string(c, node->v.map.pairs[i].key->text, node->v.map.pairs[i].key->len);
			add_strings(c, node->v.map.pairs[i].value, depth + 1);
		}
}

/* False when it nests too deep. */
static bool add_value(struct hgt_compiler *c, const struct hgt_node *node, unsigned depth)
{
	uint32_t at = hgt_compile_here(c), n = 0;
	bool well = depth <= HGT_IMG_VALUE_DEPTH;

	hgt_compile_word(c, node->type == HGT_NODE_FLOAT ? HGT_NODE_INT : node->type);
	hgt_compile_word(c, 0);
	switch (node->type) {
	case HGT_NODE_NULL:
		break;
	case HGT_NODE_BOOL:
		hgt_compile_word(c, node->v.boolean);
		break;
	case HGT_NODE_INT:
	case HGT_NODE_FLOAT:
		add_number(c, number_text(c, node), node);
		break;
	case HGT_NODE_STRING:
		hgt_compile_word(c, hgt_compile_string(c, node->text, node->len));
		break;
	case HGT_NODE_SEQ:
		hgt_compile_word(c, (uint32_t)node->v.seq.n);
		for (size_t i = 0; well && i < node->v.seq.n; i++)
			well = add_value(c, node->v.seq.items[i], depth + 1);
		break;
	case HGT_NODE_MAP:
		hgt_compile_word(c, 0);
		for (size_t i = 0; well && i < node->v.map.n; i++) {
			const struct hgt_pair *pair = &node->v.map.pairs[i];

			if (pair->overridden)
				continue;
			n++;
			hgt_compile_word(c, hgt_compile_string(c, pair->key->text, pair->key->len));
			well = add_value(c, pair->value, depth + 1);
		}
		hgt_compile_set(c, at + 8, n);
		break;
	}
	hgt_compile_set(c, at + 4, (hgt_compile_here(c) - at) / 4);
	return well && !c->data.failed;
}

int hgt_compile_value(struct hgt_compiler *c, const struct hgt_schema_resource *resource,
	const struct hgt_node *node, uint32_t *at)
{
	add_strings(c, node, 0);
	*at = hgt_compile_here(c);
	if (!add_value(c, node, 0) && !c->data.failed)
		return hgt_compile_wrong(c, resource, node, HGT_ELIMIT, "the value nests too deep");
	return hgt_buf_check(&c->data, c->err);
}

int hgt_compile_pattern(struct hgt_compiler *c, const struct hgt_schema_resource *resource,
	const struct hgt_node *node, uint32_t *index)
{
	uintptr_t known = (uintptr_t)hgt_map_get(&c->patterns, node->text, node->len);
	struct hgt_pattern *pattern;
	struct hgt_error err;
	int code;

	if (known) {
		*index = (uint32_t)known - 1;
		return 0;
	}
	if (c->n_patterns == PATTERNS_MAX)
		return hgt_compile_wrong(c, resource, node, HGT_ELIMIT, "there are more than %d different patterns", PATTERNS_MAX);
	/* Tried here, so that what is wrong with it is told where the schema is made. */
	code = hgt_pattern_new(node->text, node->len, &pattern, &err);
	if (code == HGT_EPARSE)
		return hgt_compile_wrong(c, resource, node, HGT_EPARSE, "the pattern cannot be used: %s", err.message);
	if (code)
		return hgt_error_nomem(c->err);
	hgt_pattern_free(pattern);
	code = hgt_compile_grow(c, &c->pattern_texts, c->n_patterns, &c->patterns_cap, sizeof(*c->pattern_texts));
	if (code)
		return code;
	if (hgt_map_put(&c->patterns, node->text, node->len, (void *)(uintptr_t)(c->n_patterns + 1), NULL) < 0)
		return hgt_error_nomem(c->err);
	*index = (uint32_t)c->n_patterns;
	c->pattern_texts[c->n_patterns++] = hgt_compile_string(c, node->text, node->len);
	return 0;
}
