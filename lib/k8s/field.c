/* Places in an object, and findings about them. */
#include "k8s/k8s.h"

#include <ctype.h>

static const struct hgt_node *present(const struct hgt_node *node)
{
	return node && node->type != HGT_NODE_NULL ? node : NULL;
}

struct hgt_field hgt_field_root(const struct hgt_subject *subject)
{
	return (struct hgt_field){.node = subject->object};
}

struct hgt_field hgt_field_find(const struct hgt_field *up, const char *name, size_t len)
{
	const struct hgt_pair *pair = hgt_node_find(up->node, name, len);

	return (struct hgt_field){.up = up, .name = name, .key = pair ? pair->key : NULL, .node = pair ? present(pair->value) : NULL};
}

size_t hgt_field_count(const struct hgt_field *field)
{
	return field->node && field->node->type == HGT_NODE_SEQ ? field->node->v.seq.n : 0;
}

struct hgt_field hgt_field_item(const struct hgt_field *up, size_t i)
{
	return (struct hgt_field){.up = up, .index = i, .node = present(up->node->v.seq.items[i])};
}

size_t hgt_field_members(const struct hgt_field *field)
{
	return field->node && field->node->type == HGT_NODE_MAP ? field->node->v.map.n : 0;
}

struct hgt_field hgt_field_member(const struct hgt_field *up, size_t i)
{
	const struct hgt_pair *pair = &up->node->v.map.pairs[i];

	return (struct hgt_field){.up = up, .name = pair->key->text, .key = pair->overridden ? NULL : pair->key,
		.node = pair->overridden ? NULL : present(pair->value)};
}

const char *hgt_field_string(const struct hgt_field *field)
{
	bool string = field->node && field->node->type == HGT_NODE_STRING;

	return string && !hgt_k8s_has_placeholder(field->node->text) ? field->node->text : NULL;
}

bool hgt_field_int(const struct hgt_field *field, int64_t *out)
{
	if (!field->node || field->node->type != HGT_NODE_INT || field->node->is_unsigned)
		return false;
	*out = field->node->v.integer;
	return true;
}

bool hgt_field_bool(const struct hgt_field *field, bool *out)
{
	if (!field->node || field->node->type != HGT_NODE_BOOL)
		return false;
	*out = field->node->v.boolean;
	return true;
}

bool hgt_field_is_map(const struct hgt_field *field)
{
	return field->node && field->node->type == HGT_NODE_MAP;
}

bool hgt_field_equals(const struct hgt_field *field, const char *text)
{
	return field->node && field->node->type == HGT_NODE_STRING && strcmp(field->node->text, text) == 0;
}

static bool is_word(const char *name)
{
	size_t n = 0;

	while (isalnum((unsigned char)name[n]) || name[n] == '_' || name[n] == '$')
		n++;
	return n && !name[n];
}

void hgt_field_path(const struct hgt_field *field, struct hgt_buf *out)
{
	if (!field->up)
		return;
	hgt_field_path(field->up, out);
	if (!field->name)
		hgt_buf_addf(out, "[%zu]", field->index);
	else if (is_word(field->name))
		hgt_buf_addf(out, "%s%s", field->up->up ? "." : "", field->name);
	else
		hgt_buf_addf(out, "[%s]", hgt_quote(field->name));
}

static void add_pointer(const struct hgt_field *field, struct hgt_buf *out)
{
	if (!field->up)
		return;
	add_pointer(field->up, out);
	if (!field->name)
		hgt_pointer_add_index(out, field->index);
	else
		hgt_pointer_add(out, field->name, field->key ? field->key->len : strlen(field->name));
}

static void HGT_PRINTF(6, 0) tell(struct hgt_subject *s, const char *rule, const struct hgt_field *field, struct hgt_span span,
	const char *hint, const char *fmt, va_list ap)
{
	struct hgt_buf message = HGT_BUF_INIT, pointer = HGT_BUF_INIT;

	hgt_field_path(field, &message);
	if (message.len)
		hgt_buf_adds(&message, ": ");
	hgt_buf_addvf(&message, fmt, ap);
	add_pointer(field, &pointer);
	if (message.failed || pointer.failed)
		hgt_engine_fail(s->engine);
	else
		hgt_tell(s, rule, span, pointer.data, hint, "%s", message.data);
	hgt_buf_release(&message);
	hgt_buf_release(&pointer);
}

/* Of the value, else of the key of a null, else of what is nearest above. */
static struct hgt_span span_of(const struct hgt_field *field)
{
	while (!field->node && !field->key && field->up)
		field = field->up;
	return hgt_span_of(field->node ? field->node : field->key);
}

void hgt_tell_field(struct hgt_subject *s, const char *rule, const struct hgt_field *field, const char *hint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(s, rule, field, span_of(field), hint, fmt, ap);
	va_end(ap);
}

void hgt_tell_key(struct hgt_subject *s, const char *rule, const struct hgt_field *field, const char *hint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(s, rule, field, field->key ? hgt_span_of(field->key) : span_of(field), hint, fmt, ap);
	va_end(ap);
}

void hgt_tell_field_at(struct hgt_subject *s, const char *rule, const struct hgt_field *field, size_t at, const char *hint,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(s, rule, field, field->node ? hgt_span_in(field->node, at) : span_of(field), hint, fmt, ap);
	va_end(ap);
}
