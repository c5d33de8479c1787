/* What the checks of single kinds share. */
#include "k8s/parts.h"

bool hgt_field_is_empty(const struct hgt_field *field)
{
	const struct hgt_node *node = field->node;

	if (!node)
		return true;
	switch (node->type) {
	case HGT_NODE_STRING:
		return node->len == 0;
	case HGT_NODE_SEQ:
		return node->v.seq.n == 0;
	case HGT_NODE_MAP:
		return node->v.map.n == 0;
	default:
		return false;
	}
}

const char *hgt_field_text(const struct hgt_field *field, const char *fallback)
{
	if (!field->node || (field->node->type == HGT_NODE_STRING && field->node->len == 0))
		return fallback;
	return hgt_field_string(field);
}

bool hgt_field_is_number(const struct hgt_field *field)
{
	int64_t n;

	return hgt_field_int(field, &n) && n != 0;
}

bool hgt_field_is_true(const struct hgt_field *field)
{
	bool value;

	return hgt_field_bool(field, &value) && value;
}

bool hgt_field_quantity(const struct hgt_field *field, struct hgt_quantity *out)
{
	const struct hgt_node *node = field->node;
	char number[24];
	int len;

	if (!node || (node->type != HGT_NODE_STRING && node->type != HGT_NODE_INT && node->type != HGT_NODE_FLOAT))
		return false;
	if (node->type != HGT_NODE_INT)
		return hgt_quantity_parse(node->text, node->len, out);
	/* Its text may be octal or hexadecimal. */
	len = node->is_unsigned ? snprintf(number, sizeof(number), "%" PRIu64, node->v.uinteger) :
		snprintf(number, sizeof(number), "%" PRId64, node->v.integer);
	return hgt_quantity_parse(number, (size_t)len, out);
}

static struct hgt_field item_at(const struct hgt_field *list, size_t i)
{
	return i < hgt_field_count(list) ? hgt_field_item(list, i) : (struct hgt_field){0};
}

struct hgt_field hgt_field_first_item(const struct hgt_field *list)
{
	return item_at(list, 0);
}

struct hgt_field hgt_field_next_item(const struct hgt_field *item)
{
	return item_at(item->up, item->index + 1);
}

/* `index` of a member is its place in the text. */
static struct hgt_field member_from(const struct hgt_field *map, size_t i)
{
	for (; i < hgt_field_members(map); i++) {
		struct hgt_field member = hgt_field_member(map, i);

		member.index = i;
		if (member.key)
			return member;
	}
	return (struct hgt_field){0};
}

struct hgt_field hgt_field_first_member(const struct hgt_field *map)
{
	return member_from(map, 0);
}

struct hgt_field hgt_field_next_member(const struct hgt_field *member)
{
	return member_from(member->up, member->index + 1);
}

bool hgt_field_has(const struct hgt_field *list, const char *text)
{
	HGT_EACH_ITEM(list, item)
		if (hgt_field_equals(&item, text))
			return true;
	return false;
}

bool hgt_is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

void hgt_seen_release(struct hgt_seen *seen)
{
	hgt_map_release(&seen->map);
	hgt_arena_release(&seen->arena);
	*seen = (struct hgt_seen)HGT_SEEN_INIT;
}

/* Those of a short list are looked through, which costs less than to make a map of them. */
const struct hgt_node *hgt_seen_get(const struct hgt_seen *seen, const char *text, size_t len)
{
	if (seen->n > HGT_SEEN_FEW)
		return hgt_map_get(&seen->map, text, len);
	for (size_t i = 0; i < seen->n; i++)
		if (seen->few[i].len == len && memcmp(seen->few[i].text, text, len) == 0)
			return seen->few[i].node;
	return NULL;
}

static int seen_put(struct hgt_seen *seen, const char *text, size_t len, const struct hgt_node *node)
{
	const char *key = hgt_arena_strndup(&seen->arena, text, len);
	int code = key ? 0 : HGT_ENOMEM;

	if (code == 0 && seen->n < HGT_SEEN_FEW)
		seen->few[seen->n] = (struct hgt_seen_text){key, len, node};
	for (size_t i = 0; code == 0 && seen->n == HGT_SEEN_FEW && i < seen->n; i++)
		code = hgt_map_put(&seen->map, seen->few[i].text, seen->few[i].len, (void *)(uintptr_t)seen->few[i].node, NULL);
	if (code == 0 && seen->n >= HGT_SEEN_FEW)
		code = hgt_map_put(&seen->map, key, len, (void *)(uintptr_t)node, NULL);
	seen->n += code == 0;
	return code;
}

const struct hgt_node *hgt_seen_before(struct hgt_subject *s, struct hgt_seen *seen, const struct hgt_node *node,
	const char *fmt, ...)
{
	struct hgt_buf text = HGT_BUF_INIT;
	const struct hgt_node *before = NULL;
	const char *key = NULL;
	size_t len = 0;
	va_list ap;

	va_start(ap, fmt);
	if (strcmp(fmt, "%s") == 0) {
		/* As it is. */
		key = va_arg(ap, const char *);
		len = strlen(key);
	} else {
		hgt_buf_addvf(&text, fmt, ap);
		key = text.failed ? NULL : text.data;
		len = text.len;
	}
	va_end(ap);
	before = key ? hgt_seen_get(seen, key, len) : NULL;
	if (!before && (!key || seen_put(seen, key, len, node) < 0))
		hgt_engine_fail(s->engine);
	hgt_buf_release(&text);
	return before;
}

void hgt_seen_keys(struct hgt_subject *s, struct hgt_seen *seen, const struct hgt_field *map)
{
	HGT_EACH_MEMBER(map, member)
		hgt_seen_before(s, seen, member.key, "%s", member.name);
}

bool hgt_is_built(struct hgt_subject *s, const struct hgt_buf *buf)
{
	if (buf->failed)
		hgt_engine_fail(s->engine);
	return !buf->failed;
}

bool hgt_seen_has(const struct hgt_seen *seen, const char *text)
{
	return hgt_seen_get(seen, text, strlen(text));
}

void hgt_tell_again(struct hgt_subject *s, const char *rule, const struct hgt_field *field, const struct hgt_node *first)
{
	bool scalar = field->node && field->node->type != HGT_NODE_MAP && field->node->type != HGT_NODE_SEQ;
	char hint[64];

	snprintf(hint, sizeof(hint), "the first is on line %" PRIu32, first->line);
	if (scalar && field->node->type == HGT_NODE_INT)
		hgt_tell_field(s, rule, field, hint, "duplicate %s", field->node->text);
	else if (scalar)
		hgt_tell_field(s, rule, field, hint, "duplicate %s", hgt_quote_text(field->node->text, field->node->len).text);
	else
		hgt_tell_field(s, rule, field, hint, "duplicate");
}

void hgt_check_unique(struct hgt_subject *s, const char *rule, const struct hgt_field *list)
{
	struct hgt_seen seen = HGT_SEEN_INIT;

	HGT_EACH_ITEM(list, item) {
		const char *text = hgt_field_string(&item);
		const struct hgt_node *first = text ? hgt_seen_before(s, &seen, item.node, "%s", text) : NULL;

		if (first)
			hgt_tell_again(s, rule, &item, first);
	}
	hgt_seen_release(&seen);
}

bool hgt_check_required(struct hgt_subject *s, const char *rule, const struct hgt_field *field, const char *hint)
{
	if (!hgt_field_is_empty(field))
		return true;
	hgt_tell_field(s, rule, field, hint, "%s", field->node || field->key ? "must not be empty" : "is missing");
	return false;
}

bool hgt_check_required_list(struct hgt_subject *s, const char *rule, const struct hgt_field *list, const char *hint)
{
	return list->node && list->node->type != HGT_NODE_SEQ ? false : hgt_check_required(s, rule, list, hint);
}

void hgt_check_forbidden(struct hgt_subject *s, const char *rule, const struct hgt_field *field, const char *when)
{
	if (field->node)
		hgt_tell_key(s, rule, field, "remove it", "may only be set when %s", when);
}

void hgt_check_enum(struct hgt_subject *s, const char *rule, const struct hgt_field *field, const char *const *words)
{
	const char *text = hgt_field_text(field, NULL);
	struct hgt_buf hint = HGT_BUF_INIT;

	if (!text || hgt_is_one_of(text, words))
		return;
	for (size_t i = 0; words[i]; i++)
		hgt_buf_addf(&hint, "%s%s", i ? ", " : "one of: ", words[i]);
	hgt_tell_field(s, rule, field, hint.failed ? NULL : hint.data, "%s is not supported", hgt_quote(text));
	hgt_buf_release(&hint);
}

void hgt_check_label_map(struct hgt_subject *s, const char *rule, const struct hgt_field *map)
{
	HGT_EACH_MEMBER(map, member) {
		const char *value = hgt_field_string(&member);

		if (!hgt_is_label_key(member.key->text, member.key->len) && !hgt_k8s_has_placeholder(member.key->text))
			hgt_tell_key(s, rule, &member, "letters, digits, \"-\", \"_\" and \".\", at most 63; a DNS name and a slash may go before",
				"is not a label's key");
		if (value && !hgt_is_label_value(value, member.node->len))
			hgt_tell_field(s, rule, &member, "letters, digits, \"-\", \"_\" and \".\", at most 63, a letter or digit at both ends",
				"%s is not a label's value", hgt_quote(value));
	}
}
