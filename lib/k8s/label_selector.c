/* k8s/selector: what a label selector says, in any kind. */
#include "k8s/parts.h"

static const char rule[] = "k8s/selector";

static void check_expression(struct hgt_subject *s, const struct hgt_field *expression)
{
	struct hgt_field operator = hgt_field_get(expression, "operator"), values = hgt_field_get(expression, "values");
	const char *word = hgt_field_string(&operator);

	if (!word)
		return;
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
