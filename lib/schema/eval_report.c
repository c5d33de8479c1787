/* What the evaluator tells, in words. */
#include "base/escape.h"
#include "schema/eval.h"

enum { QUOTE_MAX = 64 /* bytes of a text from outside */ };

struct hgt_buf *hgt_eval_message(struct hgt_evaluator *e, const struct hgt_scope *s)
{
	if (s->quiet)
		return NULL;
	hgt_buf_reset(&e->message);
	return &e->message;
}

static void add_pointer(struct hgt_buf *out, const struct hgt_place *place)
{
	if (!place->up)
		return;
	add_pointer(out, place->up);
	if (place->key)
		hgt_pointer_add(out, place->key->text, place->key->len);
	else
		hgt_pointer_add_index(out, place->index);
}

static int tell(struct hgt_evaluator *e, const struct hgt_scope *s, const char *keyword,
	const struct hgt_place *place, const struct hgt_node *key)
{
	struct hgt_schema_finding finding = {.node = place->told, .key = key, .keyword = keyword, .missing = e->missing,
		.schema = s->schema};

	e->missing = NULL;
	if (s->quiet || !e->findings)
		return 0;
	e->findings--;
	hgt_buf_reset(&e->pointer);
	hgt_buf_reset(&e->location);
	add_pointer(&e->pointer, place);
	hgt_image_location(&e->checked, s->schema, &e->location);
	if (e->message.failed || e->pointer.failed || e->location.failed)
		return hgt_error_nomem(e->err);
	finding.pointer = e->pointer.data;
	finding.location = e->location.data;
	finding.message = e->message.data;
	e->tell(e->user, &finding);
	return 0;
}

int hgt_eval_tell(struct hgt_evaluator *e, const struct hgt_scope *s, const char *keyword)
{
	const struct hgt_place *place = s->place;

	/* A name that is found wanting: the value is its key. */
	return tell(e, s, keyword, place, place->told == place->key ? place->key : NULL);
}

int hgt_eval_tell_member(struct hgt_evaluator *e, const struct hgt_scope *s, const char *keyword,
	const struct hgt_pair *pair)
{
	struct hgt_place place = {.up = s->place, .node = pair->value, .told = pair->value, .key = pair->key};

	return tell(e, s, keyword, &place, pair->key);
}

int hgt_eval_tell_item(struct hgt_evaluator *e, const struct hgt_scope *s, const char *keyword, size_t index)
{
	const struct hgt_node *item = s->place->node->v.seq.items[index];
	struct hgt_place place = {.up = s->place, .node = item, .told = item, .index = index};

	return tell(e, s, keyword, &place, NULL);
}

void hgt_eval_quote(struct hgt_buf *out, const char *text, size_t len)
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

void hgt_eval_show(struct hgt_buf *out, const struct hgt_node *node)
{
	char room[32];
	const char *text;
	size_t len;

	switch (node->type) {
	case HGT_NODE_NULL:
		hgt_buf_adds(out, "null");
		break;
	case HGT_NODE_BOOL:
		hgt_buf_adds(out, node->v.boolean ? "boolean true" : "boolean false");
		break;
	case HGT_NODE_INT:
	case HGT_NODE_FLOAT:
		text = hgt_decimal_text(node, room, &len);
		hgt_buf_addf(out, "%s ", hgt_node_type_name(node->type));
		hgt_escape_text(out, text, len > QUOTE_MAX ? QUOTE_MAX : len);
		break;
	case HGT_NODE_STRING:
		hgt_buf_adds(out, "string ");
		hgt_eval_quote(out, node->text, node->len);
		break;
	case HGT_NODE_SEQ:
	case HGT_NODE_MAP:
		hgt_buf_adds(out, node->type == HGT_NODE_MAP ? "an object" : "an array");
		break;
	}
}

void hgt_eval_show_value(struct hgt_buf *out, const struct hgt_image *image, uint32_t value)
{
	uint32_t kind = hgt_img_word(image, value), len;
	const char *text;

	switch (kind) {
	case HGT_NODE_NULL:
		hgt_buf_adds(out, "null");
		break;
	case HGT_NODE_BOOL:
		hgt_buf_adds(out, hgt_img_row(image, value, 2) ? "true" : "false");
		break;
	case HGT_NODE_STRING:
		text = hgt_img_string(image, hgt_img_row(image, value, 2), &len);
		hgt_eval_quote(out, text, len);
		break;
	case HGT_NODE_INT:
	case HGT_NODE_FLOAT:
		text = hgt_img_string(image, hgt_img_row(image, value, 2), &len);
		hgt_escape_text(out, text, len > QUOTE_MAX ? QUOTE_MAX : len);
		break;
	default:
		hgt_buf_adds(out, kind == HGT_NODE_MAP ? "a certain object" : "a certain array");
		break;
	}
}

void hgt_eval_show_types(struct hgt_buf *out, unsigned types)
{
	static const char *const names[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
	unsigned left = types & HGT_TYPE_ALL;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(left & 1u << i))
			continue;
		hgt_buf_adds(out, names[i]);
		left &= ~(1u << i);
		if (left)
			hgt_buf_adds(out, left & (left - 1) ? ", " : " or ");
	}
	if (!(types & HGT_TYPE_ALL))
		hgt_buf_adds(out, "nothing");
}

/* The operand of an op that the schema has, or 0. */
static uint32_t operand_of(const struct hgt_image *image, uint32_t schema, enum hgt_schema_op op)
{
	uint32_t record = hgt_img_schema(image, schema), n = hgt_img_word(image, record + HGT_IMG_SCHEMA_OPS);

	for (uint32_t i = 0; i < n; i++)
		if (hgt_img_row(image, record + HGT_IMG_SCHEMA_SIZE, 2 * i) == op)
			return hgt_img_row(image, record + HGT_IMG_SCHEMA_SIZE, 2 * i + 1);
	return 0;
}

const char *hgt_schema_next_name(const struct hgt_image *image, uint32_t schema, uint32_t *pos, size_t *len)
{
	uint32_t members = operand_of(image, schema, HGT_OP_MEMBERS), names = members ? hgt_img_row(image, members, 1) : 0;

	while (names && *pos < hgt_img_word(image, names)) {
		uint32_t name = hgt_img_word(image, names + 8 + 12 * (*pos)++ + 4), length;
		const char *text;

		if (!name)
			continue;
		text = hgt_img_string(image, name, &length);
		*len = length;
		return text;
	}
	return NULL;
}

const char *hgt_schema_next_value(const struct hgt_image *image, uint32_t schema, uint32_t *pos, size_t *len)
{
	uint32_t values = operand_of(image, schema, HGT_OP_ENUM);
	uint32_t n = values ? hgt_img_row(image, values, 2) : 0, at = values + 12;

	/* pos is the number of the value; values are found one after the other. */
	for (uint32_t i = 0; i < n; i++, at += 4 * hgt_img_row(image, at, 1))
		if (i >= *pos && hgt_img_word(image, at) == HGT_NODE_STRING) {
			uint32_t length;
			const char *text = hgt_img_string(image, hgt_img_row(image, at, 2), &length);

			*pos = i + 1;
			*len = length;
			return text;
		}
	return NULL;
}
