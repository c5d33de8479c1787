/* Single values that kubectl reads otherwise than a YAML parser. */
#include <math.h>

#include "base/utf8.h"
#include "doc/readers.h"
#include "doc/tree.h"

/* The way from a document's root to a value. */
struct step {
	const struct step *up;		/* NULL: the root */
	const struct hgt_node *key;	/* or NULL: an item of a list */
	size_t index;
};

struct judgement {
	hgt_reader_value_cb cb;
	void *ctx;
};

static void point(struct hgt_buf *out, const struct step *step)
{
	if (!step->up)
		return;
	point(out, step->up);
	if (step->key)
		hgt_pointer_add(out, step->key->text, step->key->len);
	else
		hgt_pointer_add_index(out, step->index);
}

static void tell_value(const struct judgement *j, const struct step *step, const struct hgt_node *where, const char *message,
	const char *hint)
{
	struct hgt_buf pointer = HGT_BUF_INIT;

	point(&pointer, step);
	j->cb(j->ctx, where, pointer.failed ? NULL : pointer.data, message, hint);
	hgt_buf_release(&pointer);
}

/* What kubectl makes of a key that YAML takes for a boolean or a number, where that is another text: on, 1.50, 0x10. */
static void judge_key(const struct judgement *j, const struct step *step, const struct hgt_node *key)
{
	struct hgt_buf message = HGT_BUF_INIT;
	char room[HGT_KEY_ROOM];
	size_t len;
	const char *text = hgt_key_text(key, room, &len);

	if (len == key->len && memcmp(text, key->text, len) == 0)
		return;
	hgt_buf_addf(&message, "kubectl reads this key as %s and makes \"%s\" of it", key->type == HGT_NODE_BOOL ? "a boolean" : "a number",
		text);
	if (message.failed)
		j->cb(j->ctx, key, NULL, NULL, NULL);
	else
		tell_value(j, step, key, message.data, "put the key in quotes");
	hgt_buf_release(&message);
}

static void judge_pair(const struct judgement *j, const struct step *step, const struct hgt_pair *pair)
{
	const struct hgt_node *key = pair->key;

	if (key->type == HGT_NODE_NULL)
		tell_value(j, step, key, "kubectl refuses a key that is null; a YAML parser takes it", "put the key in quotes");
	else if (key->type == HGT_NODE_INT && key->is_unsigned)
		tell_value(j, step, key, "kubectl refuses a key that is a number above 9223372036854775807; a YAML parser takes it",
			"put the key in quotes");
	else if (pair->disputed)
		tell_value(j, step, key, "kubectl takes the value that \"<<\" brings in for this key; a YAML parser takes the one here",
			"put \"<<\" before the keys that are to override it, and write the key in one way");
	else if (key->type == HGT_NODE_STRING && key->len == 2 && memcmp(key->text, "<<", 2) == 0)
		tell_value(j, step, key, "kubectl takes this \"<<\" for a key like any other; kustomize merges what it holds",
			"give the key another name, or write << without quotes when it is to merge");
	else if (key->type == HGT_NODE_BOOL || key->type == HGT_NODE_INT || key->type == HGT_NODE_FLOAT)
		judge_key(j, step, key);
}

static bool is_before(const struct hgt_node *a, const struct hgt_node *b)
{
	return a->line < b->line || (a->line == b->line && a->column < b->column);
}

/* Most values need no look. */
static bool is_plain(const struct hgt_node *node)
{
	return node->aliased || node->type < HGT_NODE_FLOAT || (node->type == HGT_NODE_STRING && !node->quoted);
}

static void judge_value(const struct judgement *j, const struct step *step, const struct hgt_node *node)
{
	switch (node->type) {
	case HGT_NODE_FLOAT:
		if (!isfinite(node->v.number))
			tell_value(j, step, node, "kubectl refuses what is no finite number; a YAML parser takes it",
				"put the value in quotes when it is a string");
		break;
	case HGT_NODE_STRING:
		/* Only !!binary makes such a string. */
		if (hgt_utf8_check(node->text, node->len) < node->len)
			tell_value(j, step, node, "kubectl puts U+FFFD in the place of bytes that are not UTF-8; a YAML parser takes the "
				"bytes", "leave !!binary out: in a Secret's data and a ConfigMap's binaryData base64 stands as it is");
		break;
	case HGT_NODE_SEQ:
		for (size_t i = 0; i < node->v.seq.n; i++)
			if (!is_plain(node->v.seq.items[i]))
				judge_value(j, &(struct step){step, NULL, i}, node->v.seq.items[i]);
		break;
	case HGT_NODE_MAP:
		for (size_t i = 0; i < node->v.map.n; i++) {
			const struct hgt_pair *pair = &node->v.map.pairs[i];
			const struct step below = {step, pair->key, 0};

			/* What a merge takes from an anchor has been looked at there; from a map in place nowhere else. */
			if (pair->merged && is_before(pair->key, node))
				continue;
			judge_pair(j, &below, pair);
			if (!is_plain(pair->value))
				judge_value(j, &below, pair->value);
		}
		break;
	default:
		break;
	}
}

void hgt_readers_judge_values(const struct hgt_node *root, hgt_reader_value_cb cb, void *ctx)
{
	const struct judgement j = {cb, ctx};
	const struct step top = {0};

	if (root && !is_plain(root))
		judge_value(&j, &top, root);
}
