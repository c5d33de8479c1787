/* k8s/selector: a workload's selector and the labels of the pods that it makes. */
#include "k8s/pod.h"

static const char rule[] = "k8s/selector";

enum answer { NO, YES, UNKNOWN };

/* Labels to be asked about. */
struct labels {
	struct hgt_map index;
	struct hgt_field map;
	bool open;	/* some key cannot be judged */
};

static void labels_of(struct hgt_subject *s, const struct hgt_field *metadata, struct labels *labels)
{
	labels->map = hgt_field_get(metadata, "labels");
	labels->open = labels->map.node && labels->map.node->type != HGT_NODE_MAP;
	hgt_index_members(s, &labels->map, &labels->index);
	HGT_EACH_MEMBER(&labels->map, label)
		labels->open = labels->open || hgt_k8s_has_placeholder(label.key->text);
}

/* Whether there is the label, and whether it has the value; NULL asks for any. A null is "" to the server. */
static enum answer has(const struct labels *labels, const char *key, const char *value)
{
	struct hgt_field label = hgt_index_get(&labels->index, &labels->map, key);
	const char *text = label.node ? hgt_field_string(&label) : "";

	if (!label.key)
		return labels->open || hgt_k8s_has_placeholder(key) ? UNKNOWN : NO;
	if (!value)
		return YES;
	if (!text || hgt_k8s_has_placeholder(value))
		return UNKNOWN;
	return strcmp(text, value) == 0 ? YES : NO;
}

static enum answer not(enum answer answer)
{
	return answer == UNKNOWN ? UNKNOWN : answer == YES ? NO : YES;
}

/* Whether the label has one of the values. */
static enum answer has_one_of(const struct labels *labels, const char *key, const struct hgt_field *values)
{
	enum answer answer = NO;

	HGT_EACH_ITEM(values, value) {
		const char *text = hgt_field_string(&value);
		enum answer one = text ? has(labels, key, text) : UNKNOWN;

		if (one != NO)
			answer = one;
		if (answer == YES)
			break;
	}
	return answer;
}

/* What is no proper expression is told elsewhere. */
static enum answer fits(const struct labels *labels, const struct hgt_field *expression)
{
	struct hgt_field key = hgt_field_get(expression, "key"), operator = hgt_field_get(expression, "operator");
	struct hgt_field values = hgt_field_get(expression, "values");
	const char *text = hgt_field_string(&key), *word = hgt_field_string(&operator);
	bool some = hgt_field_count(&values);

	if (!text || !word)
		return UNKNOWN;
	if (strcmp(word, "In") == 0 && some)
		return has_one_of(labels, text, &values);
	if (strcmp(word, "NotIn") == 0 && some)
		return not(has_one_of(labels, text, &values));
	if (strcmp(word, "Exists") == 0 && !some)
		return has(labels, text, NULL);
	if (strcmp(word, "DoesNotExist") == 0 && !some)
		return not(has(labels, text, NULL));
	return UNKNOWN;
}

/* At the label in question when it is there, else at the labels, as the server does; `should` and the value say what it should be. */
static void tell(struct hgt_subject *s, const struct labels *labels, const char *key, const char *should, const char *value)
{
	static const char hint[] = "pods get the template's labels, and the selector finds them by those";
	struct hgt_field label = hgt_index_get(&labels->index, &labels->map, key);

	if (label.key)
		hgt_tell_field(s, rule, &label, hint, "should be %s%s for the selector to match", should, value ? hgt_quote(value) : "");
	else
		hgt_tell_field(s, rule, &labels->map, hint, "the label %s should be %s%s for the selector to match", hgt_quote(key), should,
			value ? hgt_quote(value) : "");
}

static void check_map(struct hgt_subject *s, const struct labels *labels, const struct hgt_field *map)
{
	HGT_EACH_MEMBER(map, member) {
		const char *value = member.node ? hgt_field_string(&member) : "";

		if (value && has(labels, member.key->text, value) == NO)
			tell(s, labels, member.key->text, "", value);
	}
}

static void check_expressions(struct hgt_subject *s, const struct labels *labels, const struct hgt_field *expressions)
{
	HGT_EACH_ITEM(expressions, expression) {
		struct hgt_field key = hgt_field_get(&expression, "key"), operator = hgt_field_get(&expression, "operator");

		if (fits(labels, &expression) != NO)
			continue;
		tell(s, labels, key.node->text, hgt_field_equals(&operator, "In") ? "one of the values of matchExpressions" :
			hgt_field_equals(&operator, "NotIn") ? "none of the values of matchExpressions" :
			hgt_field_equals(&operator, "Exists") ? "there" : "left out", NULL);
	}
}

void hgt_check_selector_fits(struct hgt_subject *s, const struct hgt_field *selector, const struct hgt_field *template)
{
	struct hgt_field map = hgt_field_get(selector, "matchLabels"), expressions = hgt_field_get(selector, "matchExpressions");
	struct hgt_field metadata = hgt_field_get(template, "metadata");
	struct labels labels = {0};

	hgt_check_label_selector(s, selector);
	if (!hgt_field_is_map(template))
		return;
	labels_of(s, &metadata, &labels);
	check_map(s, &labels, &map);
	check_expressions(s, &labels, &expressions);
	hgt_map_release(&labels.index);
}

void hgt_check_selector(struct hgt_subject *s, const struct hgt_field *selector, const struct hgt_field *template)
{
	struct hgt_field map = hgt_field_get(selector, "matchLabels"), expressions = hgt_field_get(selector, "matchExpressions");

	if (!hgt_field_is_map(selector))
		return;
	if (hgt_field_is_empty(&map) && hgt_field_is_empty(&expressions))
		hgt_tell_field(s, rule, selector, "select a label that the template has", "selects everything, which a workload cannot");
	else
		hgt_check_selector_fits(s, selector, template);
}

void hgt_check_selector_map(struct hgt_subject *s, const struct hgt_field *selector, const struct hgt_field *template)
{
	struct hgt_field metadata = hgt_field_get(template, "metadata");
	struct labels labels = {0};

	if (!hgt_field_is_map(template))
		return;
	labels_of(s, &metadata, &labels);
	if (hgt_field_is_empty(selector) && hgt_field_is_empty(&labels.map))
		hgt_tell_field(s, rule, selector, "give the template's pods a label", "is missing, and the template has no labels to stand for it");
	check_map(s, &labels, selector);
	hgt_map_release(&labels.index);
}
