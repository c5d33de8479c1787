/* k8s/expression: whether expressions can be read, and whether the variables that they name are there. */
#include "k8s/admission.h"
#include "k8s/cel.h"

static const char own_rule[] = "k8s/expression";

bool hgt_check_blank(struct hgt_subject *s, const char *rule, const struct hgt_field *field)
{
	const char *text = hgt_field_text(field, NULL);

	if (!text || text[strspn(text, " \t\r\n\v\f")])
		return false;
	hgt_tell_field(s, rule, field, NULL, "must not be blank");
	return true;
}

struct judged {
	struct hgt_subject *s;
	const struct hgt_field *field;
	const struct hgt_scope *scope;
};

static bool is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(text, word, len) == 0;
}

/* A field of the schema by the name that expressions have for it; what is escaped there ("__dash__") is not looked for. */
static bool has_field(const struct hgt_scope *scope, const char *name)
{
	static const char *const of_objects[] = {"apiVersion", "kind", "metadata", NULL};
	struct hgt_field field = hgt_field_get(scope->fields, name);

	return field.key || strstr(name, "__") || (scope->is_object && hgt_is_one_of(name, of_objects));
}

static void judge_member(void *ctx, const char *owner, size_t owner_len, const char *name, size_t len, size_t at)
{
	const struct judged *judged = ctx;
	const struct hgt_scope *scope = judged->scope;
	char text[256];

	if (len >= sizeof(text))
		return;
	memcpy(text, name, len);
	text[len] = '\0';
	if (scope->variables && is_word(owner, owner_len, "variables") && !hgt_seen_has(scope->variables, text))
		hgt_tell_field_at(judged->s, own_rule, judged->field, at, "state it under variables, before what uses it",
			"there is no variable %s", hgt_quote(text));
	if (scope->fields && (is_word(owner, owner_len, "self") || is_word(owner, owner_len, "oldSelf")) && !has_field(scope, text))
		hgt_tell_field_at(judged->s, own_rule, judged->field, at, NULL, "the schema has no field %s here", hgt_quote(text));
}

void hgt_check_expression(struct hgt_subject *s, const char *rule, const struct hgt_field *expression, const struct hgt_scope *scope)
{
	const char *text = hgt_field_text(expression, NULL), *wrong;
	struct judged judged = {s, expression, scope};
	struct hgt_cel_names names = {judge_member, &judged};
	size_t at;

	if (!text || hgt_check_blank(s, rule, expression))
		return;
	if (hgt_cel_check(text, expression->node->len, scope ? &names : NULL, &at, &wrong))
		return;
	hgt_tell_field_at(s, own_rule, expression, at, NULL, "is no expression: %s%s%s", wrong, at < expression->node->len ? ": " : "",
		at < expression->node->len ? hgt_quote_text(text + at, expression->node->len - at).text : "");
}
