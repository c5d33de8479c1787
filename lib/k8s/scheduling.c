/* k8s/scheduling: which nodes a pod may run on. */
#include "k8s/pod.h"

static const char rule[] = "k8s/scheduling", doubtful_rule[] = "k8s/doubtful";

/* Where an empty selector would take all pods, one that is not there takes none. */
static void check_presence(struct hgt_pod *pod, const struct hgt_field *in)
{
	struct hgt_field selector = hgt_field_get(in, "labelSelector");

	if (in->node && !selector.node)
		hgt_tell_field(pod->subject, doubtful_rule, &selector, "select the pods that are meant", "is missing, and so no pod is meant");
}


static bool is_integer(const char *text)
{
	size_t digits = strspn(text + (*text == '-'), "0123456789");

	return digits && digits < 20 && !text[digits + (*text == '-')] && !(digits > 1 && text[*text == '-'] == '0');
}

/* A requirement of a node's label (or, in_fields, of its fields): what an operator goes with. */
static void check_requirement(struct hgt_subject *s, const struct hgt_field *requirement, bool in_fields)
{
	struct hgt_field operator = hgt_field_get(requirement, "operator"), values = hgt_field_get(requirement, "values");
	const char *word = hgt_field_string(&operator);
	size_t n = hgt_field_count(&values);
	bool listing = word && (strcmp(word, "In") == 0 || strcmp(word, "NotIn") == 0);

	if (!word || (values.node && values.node->type != HGT_NODE_SEQ))
		return;
	if (in_fields && !listing)
		hgt_tell_field(s, rule, &operator, "In or NotIn", "%s is no operator for fields", hgt_quote(word));
	else if (in_fields && n != 1)
		hgt_tell_field(s, rule, &values, NULL, "has to be exactly one value for a field");
	else if (listing && !n)
		hgt_tell_field(s, rule, &values, "list what the label may be", "is missing, and %s needs values", hgt_word(word));
	else if ((strcmp(word, "Exists") == 0 || strcmp(word, "DoesNotExist") == 0) && n)
		hgt_tell_key(s, rule, &values, "remove them, or use In", "%s goes without values", hgt_word(word));
	else if ((strcmp(word, "Gt") == 0 || strcmp(word, "Lt") == 0) && n != 1)
		hgt_tell_field(s, rule, &values, NULL, "has to be exactly one value for %s", hgt_word(word));
}

static void check_field(struct hgt_subject *s, const struct hgt_field *requirement)
{
	struct hgt_field key = hgt_field_get(requirement, "key"), values = hgt_field_get(requirement, "values");
	const char *text = hgt_field_string(&key);

	if (text && strcmp(text, "metadata.name") != 0)
		hgt_tell_field(s, rule, &key, "use matchExpressions for labels", "%s is no field; metadata.name is the only one",
			hgt_quote(text));
	HGT_EACH_ITEM(&values, value) {
		const char *name = hgt_field_string(&value);

		if (text && strcmp(text, "metadata.name") == 0 && name && !hgt_is_long_name(name, value.node->len))
			hgt_tell_field(s, rule, &value, NULL, "%s is no name that a node can have", hgt_quote(name));
	}
}

/* The values of a term that has to fit are label values; of one that is only preferred they may be anything. */
static void check_term(struct hgt_subject *s, const struct hgt_field *term, bool required)
{
	struct hgt_field expressions = hgt_field_get(term, "matchExpressions"), fields = hgt_field_get(term, "matchFields");

	HGT_EACH_ITEM(&expressions, expression) {
		struct hgt_field values = hgt_field_get(&expression, "values");

		check_requirement(s, &expression, false);
		HGT_EACH_ITEM(&values, value) {
			const char *text = hgt_field_string(&value);

			if (required && text && !hgt_is_label_value(text, value.node->len))
				hgt_tell_field(s, rule, &value, NULL, "%s is no value that a label can have", hgt_quote(text));
		}
	}
	HGT_EACH_ITEM(&fields, field) {
		check_field(s, &field);
		check_requirement(s, &field, true);
	}
}

void hgt_check_node_selector(struct hgt_subject *s, const struct hgt_field *selector)
{
	struct hgt_field terms = hgt_field_get(selector, "nodeSelectorTerms");

	HGT_EACH_ITEM(&terms, term)
		check_term(s, &term, true);
}

static void check_node_affinity(struct hgt_pod *pod, const struct hgt_field *affinity)
{
	struct hgt_field required = hgt_field_get(affinity, "requiredDuringSchedulingIgnoredDuringExecution");
	struct hgt_field preferred = hgt_field_get(affinity, "preferredDuringSchedulingIgnoredDuringExecution");

	hgt_check_node_selector(pod->subject, &required);
	HGT_EACH_ITEM(&preferred, item) {
		struct hgt_field term = hgt_field_get(&item, "preference");

		check_term(pod->subject, &term, false);
	}
}

/* matchLabelKeys and mismatchLabelKeys add to the selector, so there has to be one. */
static void check_label_keys(struct hgt_pod *pod, const struct hgt_field *in, const char *name)
{
	struct hgt_field list = hgt_field_get(in, name), selector = hgt_field_get(in, "labelSelector");

	if (!hgt_field_is_empty(&list) && !selector.node)
		hgt_tell_key(pod->subject, rule, &list, "add a labelSelector", "cannot be set when labelSelector is not there");
}

/* A key of both lists is none that fits. */
static void check_contradiction(struct hgt_pod *pod, const struct hgt_field *term)
{
	struct hgt_field match = hgt_field_get(term, "matchLabelKeys"), mismatch = hgt_field_get(term, "mismatchLabelKeys");
	struct hgt_seen keys = HGT_SEEN_INIT;

	HGT_EACH_ITEM(&mismatch, key) {
		const char *text = hgt_field_string(&key);

		if (text)
			hgt_seen_before(pod->subject, &keys, key.node, "%s", text);
	}
	HGT_EACH_ITEM(&match, key) {
		const char *text = hgt_field_string(&key);

		if (text && hgt_seen_get(&keys, text, strlen(text)))
			hgt_tell_field(pod->subject, rule, &key, "remove one of the two", "%s is in mismatchLabelKeys too", hgt_quote(text));
	}
	hgt_seen_release(&keys);
}

static void check_pod_term(struct hgt_pod *pod, const struct hgt_field *term)
{
	struct hgt_field labels = hgt_field_get(term, "labelSelector"), namespaces = hgt_field_get(term, "namespaceSelector");

	check_presence(pod, term);
	hgt_check_label_selector(pod->subject, &labels);
	hgt_check_label_selector(pod->subject, &namespaces);
	check_label_keys(pod, term, "matchLabelKeys");
	check_label_keys(pod, term, "mismatchLabelKeys");
	check_contradiction(pod, term);
}

static void check_pod_affinity(struct hgt_pod *pod, const struct hgt_field *affinity)
{
	struct hgt_field required = hgt_field_get(affinity, "requiredDuringSchedulingIgnoredDuringExecution");
	struct hgt_field preferred = hgt_field_get(affinity, "preferredDuringSchedulingIgnoredDuringExecution");

	HGT_EACH_ITEM(&required, term)
		check_pod_term(pod, &term);
	HGT_EACH_ITEM(&preferred, item) {
		struct hgt_field term = hgt_field_get(&item, "podAffinityTerm");

		check_pod_term(pod, &term);
	}
}

static void check_affinity(struct hgt_pod *pod)
{
	struct hgt_field affinity = hgt_field_get(&pod->spec, "affinity"), node = hgt_field_get(&affinity, "nodeAffinity");
	struct hgt_field with = hgt_field_get(&affinity, "podAffinity"), without = hgt_field_get(&affinity, "podAntiAffinity");

	check_node_affinity(pod, &node);
	check_pod_affinity(pod, &with);
	check_pod_affinity(pod, &without);
}

/* What the server calls Equal when it is not said. */
static void check_toleration_value(struct hgt_pod *pod, const struct hgt_field *toleration, const char *operator)
{
	struct hgt_field value = hgt_field_get(toleration, "value"), key = hgt_field_get(toleration, "key");
	struct hgt_field said = hgt_field_get(toleration, "operator");
	const char *text = hgt_field_text(&value, ""), *key_text = hgt_field_text(&key, "");

	if (key_text && !*key_text && strcmp(operator, "Exists") != 0)
		hgt_tell_field(pod->subject, rule, &said, "operator: Exists without a key tolerates everything",
			"has to be Exists when there is no key");
	if (!text)
		return;
	if (strcmp(operator, "Exists") == 0 && *text)
		hgt_tell_field(pod->subject, rule, &said, "remove the value, or use Equal", "Exists goes without a value");
	else if (strcmp(operator, "Equal") == 0 && *text && !hgt_is_label_value(text, value.node->len))
		hgt_tell_field(pod->subject, rule, &value, NULL, "%s is no value that a taint can have", hgt_quote(text));
	else if ((strcmp(operator, "Gt") == 0 || strcmp(operator, "Lt") == 0) && !is_integer(text))
		hgt_tell_field(pod->subject, rule, &value, NULL, "has to be an integer for %s", operator);
}

static void check_tolerations(struct hgt_pod *pod)
{
	struct hgt_field tolerations = hgt_field_get(&pod->spec, "tolerations");

	HGT_EACH_ITEM(&tolerations, toleration) {
		struct hgt_field operator = hgt_field_get(&toleration, "operator"), effect = hgt_field_get(&toleration, "effect");
		struct hgt_field seconds = hgt_field_get(&toleration, "tolerationSeconds");
		const char *word = hgt_field_text(&operator, "Equal"), *effect_text = hgt_field_text(&effect, "");
		static const char *const known[] = {"Equal", "Exists", "Gt", "Lt", NULL};

		if (word && hgt_is_one_of(word, known))
			check_toleration_value(pod, &toleration, word);
		if (seconds.node && effect_text && strcmp(effect_text, "NoExecute") != 0)
			hgt_tell_field(pod->subject, rule, &effect, "only NoExecute has a time after which a pod goes",
				"has to be NoExecute when tolerationSeconds is set");
	}
}

static void check_spread(struct hgt_pod *pod, const struct hgt_field *constraint, struct hgt_seen *seen)
{
	struct hgt_field key = hgt_field_get(constraint, "topologyKey"), action = hgt_field_get(constraint, "whenUnsatisfiable");
	struct hgt_field domains = hgt_field_get(constraint, "minDomains"), selector = hgt_field_get(constraint, "labelSelector");
	const char *key_text = hgt_field_string(&key), *action_text = hgt_field_string(&action);
	const struct hgt_node *first;

	if (key_text && action_text && (first = hgt_seen_before(pod->subject, seen, constraint->node, "%s %s", key_text, action_text)))
		hgt_tell_again(pod->subject, rule, constraint, first);
	if (domains.node && action_text && strcmp(action_text, "ScheduleAnyway") == 0)
		hgt_tell_field(pod->subject, rule, &domains, "whenUnsatisfiable: DoNotSchedule",
			"can only be set when whenUnsatisfiable is DoNotSchedule");
	check_presence(pod, constraint);
	hgt_check_label_selector(pod->subject, &selector);
	check_label_keys(pod, constraint, "matchLabelKeys");
}

static void check_spreads(struct hgt_pod *pod)
{
	struct hgt_field constraints = hgt_field_get(&pod->spec, "topologySpreadConstraints");
	struct hgt_seen seen = HGT_SEEN_INIT;

	HGT_EACH_ITEM(&constraints, constraint)
		check_spread(pod, &constraint, &seen);
	hgt_seen_release(&seen);
}

void hgt_check_scheduling(struct hgt_pod *pod)
{
	struct hgt_field selector = hgt_field_get(&pod->spec, "nodeSelector");

	hgt_check_label_map(pod->subject, rule, &selector);
	check_affinity(pod);
	check_tolerations(pod);
	check_spreads(pod);
}
