/* k8s/selector: what a label selector says, in any kind. */
#include "k8s/parts.h"

static const char rule[] = "k8s/selector";

/* A key or operator that is not there is the schema's business. */
static void check_expression(struct hgt_subject *s, const struct hgt_field *expression)
{
	static const char *const operators[] = {"In", "NotIn", "Exists", "DoesNotExist", NULL};
	struct hgt_field operator = hgt_field_get(expression, "operator"), values = hgt_field_get(expression, "values");
	struct hgt_field key = hgt_field_get(expression, "key");
	const char *word = hgt_field_string(&operator), *text = hgt_field_string(&key);

	if (text && *text && !hgt_is_label_key(text, key.node->len))
		hgt_tell_field(s, rule, &key, "letters, digits, \"-\", \"_\" and \".\", at most 63; a DNS name and a slash may go before",
			"%s is not a label's key", hgt_quote(text));
	HGT_EACH_ITEM(&values, value) {
		text = hgt_field_string(&value);
		if (text && !hgt_is_label_value(text, value.node->len))
			hgt_tell_field(s, rule, &value, "letters, digits, \"-\", \"_\" and \".\", at most 63, a letter or digit at both ends",
				"%s is not a label's value", hgt_quote(text));
	}
	if (!word || !*word)
		return;
	hgt_check_enum(s, rule, &operator, operators);
	if (strcmp(word, "In") == 0 || strcmp(word, "NotIn") == 0)
		hgt_check_required_list(s, rule, &values, "list what the label may be");
	else if ((strcmp(word, "Exists") == 0 || strcmp(word, "DoesNotExist") == 0) && !hgt_field_is_empty(&values))
		hgt_check_forbidden(s, rule, &values, "operator is In or NotIn");
}

void hgt_check_label_selector(struct hgt_subject *s, const struct hgt_field *selector)
{
	struct hgt_field labels = hgt_field_get(selector, "matchLabels"), expressions = hgt_field_get(selector, "matchExpressions");

	hgt_check_label_map(s, rule, &labels);
	HGT_EACH_ITEM(&expressions, expression)
		check_expression(s, &expression);
}
