/* Looking into a tree of nodes, and writing it. */
#include <inttypes.h>
#include <math.h>

#include "base/json_writer.h"
#include "doc/scalar.h"
#include "doc/tree.h"

const struct hgt_pair *hgt_node_find(const struct hgt_node *node, const char *key, size_t len)
{
	const struct hgt_pair *merged = NULL;
	uint32_t head = hgt_key_head(key, len);

	if (!node || node->type != HGT_NODE_MAP)
		return NULL;
	/* Explicit pairs come first, merged ones last and once each. */
	for (size_t i = node->v.map.n; i-- > 0;) {
		const struct hgt_pair *pair = &node->v.map.pairs[i];

		if (!hgt_pair_may_be(pair, head) || pair->key->len != len || memcmp(pair->key->text, key, len) != 0)
			continue;
		if (!pair->merged)
			return pair;
		merged = pair;
	}
	return merged;
}

const char *hgt_node_get_string(const struct hgt_node *node, const char *key)
{
	const struct hgt_node *value = hgt_node_get(node, key);

	return value && value->type == HGT_NODE_STRING ? value->text : NULL;
}

bool hgt_node_get_int(const struct hgt_node *node, const char *key, int64_t *out)
{
	const struct hgt_node *value = hgt_node_get(node, key);

	if (!value || value->type != HGT_NODE_INT || value->is_unsigned)
		return false;
	*out = value->v.integer;
	return true;
}

bool hgt_node_get_bool(const struct hgt_node *node, const char *key, bool *out)
{
	const struct hgt_node *value = hgt_node_get(node, key);

	if (!value || value->type != HGT_NODE_BOOL)
		return false;
	*out = value->v.boolean;
	return true;
}

const char *hgt_node_type_name(enum hgt_node_type type)
{
	static const char *const names[] = {
		[HGT_NODE_NULL] = "null", [HGT_NODE_BOOL] = "boolean", [HGT_NODE_INT] = "integer", [HGT_NODE_FLOAT] = "number",
		[HGT_NODE_STRING] = "string", [HGT_NODE_SEQ] = "array", [HGT_NODE_MAP] = "object",
	};

	return names[type];
}

const char *hgt_key_text(const struct hgt_node *key, char *room, size_t *len)
{
	const char *text = room;

	switch (key->type) {
	case HGT_NODE_BOOL:
		text = key->v.boolean ? "true" : "false";
		break;
	case HGT_NODE_INT:
		if (key->is_unsigned)
			snprintf(room, HGT_KEY_ROOM, "%" PRIu64, key->v.uinteger);
		else
			snprintf(room, HGT_KEY_ROOM, "%" PRId64, key->v.integer);
		break;
	case HGT_NODE_FLOAT:
		hgt_scalar_format_float_key(key->v.number, room);
		break;
	default:
		*len = key->len;
		return key->text;
	}
	*len = strlen(text);
	return text;
}

static void write_number(double number, struct hgt_json *json)
{
	char text[HGT_KEY_ROOM];

	if (!isfinite(number)) {
		hgt_json_null(json);
		return;
	}
	hgt_scalar_format_double(number, text);
	hgt_json_raw(json, text, strlen(text));
}

void hgt_node_write_json(const struct hgt_node *node, struct hgt_json *json)
{
	switch (node->type) {
	case HGT_NODE_NULL:
		hgt_json_null(json);
		break;
	case HGT_NODE_BOOL:
		hgt_json_bool(json, node->v.boolean);
		break;
	case HGT_NODE_INT:
		if (node->is_unsigned)
			hgt_json_uint(json, node->v.uinteger);
		else
			hgt_json_int(json, node->v.integer);
		break;
	case HGT_NODE_FLOAT:
		write_number(node->v.number, json);
		break;
	case HGT_NODE_STRING:
		hgt_json_string_len(json, node->text, node->len);
		break;
	case HGT_NODE_SEQ:
		hgt_json_begin_array(json);
		for (size_t i = 0; i < node->v.seq.n; i++)
			hgt_node_write_json(node->v.seq.items[i], json);
		hgt_json_end_array(json);
		break;
	case HGT_NODE_MAP:
		hgt_json_begin_object(json);
		for (size_t i = 0; i < node->v.map.n; i++) {
			const struct hgt_pair *pair = &node->v.map.pairs[i];
			char room[HGT_KEY_ROOM];
			size_t len;
			const char *key = hgt_key_text(pair->key, room, &len);

			if (pair->overridden)
				continue;
			hgt_json_key_len(json, key, len);
			hgt_node_write_json(pair->value, json);
		}
		hgt_json_end_object(json);
		break;
	}
}

void hgt_pointer_add(struct hgt_buf *pointer, const char *token, size_t len)
{
	hgt_buf_addc(pointer, '/');
	for (size_t i = 0; i < len; i++) {
		if (token[i] == '~')
			hgt_buf_adds(pointer, "~0");
		else if (token[i] == '/')
			hgt_buf_adds(pointer, "~1");
		else
			hgt_buf_addc(pointer, token[i]);
	}
}

void hgt_pointer_add_index(struct hgt_buf *pointer, size_t index)
{
	hgt_buf_addf(pointer, "/%zu", index);
}
