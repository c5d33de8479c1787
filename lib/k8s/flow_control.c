/* k8s/flow-control: FlowSchema and PriorityLevelConfiguration. */
#include "k8s/kind_checks.h"
#include "k8s/parts.h"

static const char rule[] = "k8s/flow-control";

/* An asterisk stands alone. */
static bool check_wildcard(struct hgt_subject *s, const struct hgt_field *list)
{
	bool all = hgt_field_has(list, "*");

	if (all && hgt_field_count(list) > 1)
		hgt_tell_field(s, rule, list, "remove the others", "has \"*\", which is all, and others");
	return all;
}

static void check_verbs(struct hgt_subject *s, const struct hgt_field *item)
{
	static const char *const known[] = {"get", "list", "create", "update", "delete", "deletecollection", "patch", "watch",
		"proxy", NULL};
	struct hgt_field verbs = hgt_field_get(item, "verbs");

	if (check_wildcard(s, &verbs))
		return;
	HGT_EACH_ITEM(&verbs, verb)
		hgt_check_enum(s, rule, &verb, known);
}

static void check_url(struct hgt_subject *s, const struct hgt_field *url)
{
	const char *text = hgt_field_string(url), *star = text ? strchr(text, '*') : NULL;

	if (!text || strcmp(text, "/") == 0)
		return;
	if (text[0] != '/')
		hgt_tell_field(s, rule, url, "for example /healthz", "must begin with a slash");
	else if (strchr(text, ' ') || strstr(text, "//"))
		hgt_tell_field(s, rule, url, NULL, "must not have blanks or two slashes in a row");
	else if (star && (star[1] || star[-1] != '/'))
		hgt_tell_field(s, rule, url, "for example /apis/*", "may have \"*\" only as its last part");
}

static void check_url_rule(struct hgt_subject *s, const struct hgt_field *item)
{
	struct hgt_field urls = hgt_field_get(item, "nonResourceURLs");

	check_verbs(s, item);
	if (check_wildcard(s, &urls))
		return;
	HGT_EACH_ITEM(&urls, url)
		check_url(s, &url);
}

static void check_resource_rule(struct hgt_subject *s, const struct hgt_field *item)
{
	struct hgt_field groups = hgt_field_get(item, "apiGroups"), resources = hgt_field_get(item, "resources");
	struct hgt_field namespaces = hgt_field_get(item, "namespaces"), cluster = hgt_field_get(item, "clusterScope");

	check_verbs(s, item);
	check_wildcard(s, &groups);
	check_wildcard(s, &resources);
	if (hgt_field_is_empty(&namespaces) && !hgt_field_is_true(&cluster)) {
		hgt_tell_field(s, rule, &namespaces, "[\"*\"], or clusterScope: true for what is in no namespace", "is missing");
		return;
	}
	if (check_wildcard(s, &namespaces))
		return;
	HGT_EACH_ITEM(&namespaces, namespace) {
		const char *text = hgt_field_string(&namespace);

		if (text && !hgt_is_short_name(text, strlen(text)))
			hgt_tell_field(s, rule, &namespace, NULL, "%s is not a namespace's name", hgt_quote(text));
	}
}

/* The fields of its kind, and those of no other. */
static void check_subject(struct hgt_subject *s, const struct hgt_field *subject)
{
	static const char *const kinds[][2] = {{"User", "user"}, {"Group", "group"}, {"ServiceAccount", "serviceAccount"}};
	struct hgt_field kind = hgt_field_get(subject, "kind");
	const char *is = hgt_field_text(&kind, NULL);
	bool known = false;

	for (size_t i = 0; is && i < 3; i++)
		known |= strcmp(is, kinds[i][0]) == 0;
	for (size_t i = 0; known && i < 3; i++) {
		struct hgt_field field = hgt_field_get(subject, kinds[i][1]);

		if (strcmp(is, kinds[i][0]) == 0 && !field.node)
			hgt_tell_field(s, rule, &field, NULL, "is missing, as kind is %s", kinds[i][0]);
		else if (strcmp(is, kinds[i][0]) != 0 && field.node)
			hgt_tell_key(s, rule, &field, "remove it", "does not go with kind %s", hgt_word(is));
	}
}

void hgt_check_k8s_flow_schema(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), rules = hgt_field_get(&spec, "rules");
	struct hgt_field precedence = hgt_field_get(&spec, "matchingPrecedence"), metadata = hgt_field_get(&object, "metadata");
	struct hgt_field name = hgt_field_get(&metadata, "name");
	int64_t n;

	if (hgt_field_int(&precedence, &n) && n == 1 && hgt_field_string(&name) && !hgt_field_equals(&name, "exempt"))
		hgt_tell_field(s, rule, &precedence, "take 2 or more", "only the schema named exempt may have 1");
	HGT_EACH_ITEM(&rules, item) {
		struct hgt_field resources = hgt_field_get(&item, "resourceRules"), urls = hgt_field_get(&item, "nonResourceRules");
		struct hgt_field subjects = hgt_field_get(&item, "subjects");

		if (!hgt_field_is_map(&item))
			continue;
		if (hgt_field_is_empty(&resources) && hgt_field_is_empty(&urls))
			hgt_tell_field(s, rule, &item, NULL, "must have resourceRules or nonResourceRules");
		HGT_EACH_ITEM(&resources, of_resources)
			check_resource_rule(s, &of_resources);
		HGT_EACH_ITEM(&urls, of_urls)
			check_url_rule(s, &of_urls);
		HGT_EACH_ITEM(&subjects, subject)
			check_subject(s, &subject);
	}
}

/* 0 is as good as absent. */
static int64_t number_or(const struct hgt_field *field, int64_t fallback)
{
	int64_t n;

	return hgt_field_int(field, &n) && n ? n : fallback;
}

/* Whether dealing so many cards of so many takes more than the 60 bits that there are: queues to the power of the hand. */
static bool is_too_large(int64_t queues, int64_t hand)
{
	double ways = 1;

	while (hand-- > 0 && ways <= 0x1p60)
		ways *= (double)queues;
	return ways > 0x1p60;
}

static void check_queuing(struct hgt_subject *s, const struct hgt_field *queuing)
{
	struct hgt_field queues = hgt_field_get(queuing, "queues"), hand = hgt_field_get(queuing, "handSize");
	int64_t deck = number_or(&queues, 64), cards = number_or(&hand, 8);

	if (cards > 0 && deck > 0 && cards > deck)
		hgt_tell_field(s, rule, &hand, NULL, "must not be greater than queues, %" PRId64, deck);
	else if (cards > 0 && deck > 1 && is_too_large(deck, cards))
		hgt_tell_field(s, rule, &hand, "a smaller hand, or fewer queues", "is too large for so many queues: more than 60 bits of hash");
}

static void check_response(struct hgt_subject *s, const struct hgt_field *limited)
{
	struct hgt_field response = hgt_field_get(limited, "limitResponse"), type = hgt_field_get(&response, "type");
	struct hgt_field queuing = hgt_field_get(&response, "queuing");

	if (hgt_field_equals(&type, "Reject") && queuing.node)
		hgt_tell_key(s, rule, &queuing, "remove it", "does not go with type Reject");
	else if (hgt_field_equals(&type, "Queue") && !queuing.node)
		hgt_tell_field(s, rule, &queuing, "queuing: {queues: 64, handSize: 6, queueLengthLimit: 50}", "is missing, as type is Queue");
	else if (hgt_field_is_map(&queuing))
		check_queuing(s, &queuing);
}

void hgt_check_k8s_priority_level(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), type = hgt_field_get(&spec, "type");
	struct hgt_field limited = hgt_field_get(&spec, "limited"), exempt = hgt_field_get(&spec, "exempt");
	struct hgt_field metadata = hgt_field_get(&object, "metadata"), name = hgt_field_get(&metadata, "name");

	if (hgt_field_string(&name) && hgt_field_string(&type) &&
		hgt_field_equals(&name, "exempt") != hgt_field_equals(&type, "Exempt"))
		hgt_tell_field(s, rule, &type, NULL, "must be Exempt for the level named exempt, and for no other");
	if (hgt_field_equals(&type, "Exempt") && limited.node)
		hgt_tell_key(s, rule, &limited, "remove it", "does not go with type Exempt");
	if (!hgt_field_equals(&type, "Limited"))
		return;
	if (exempt.node)
		hgt_tell_key(s, rule, &exempt, "remove it", "does not go with type Limited");
	if (!limited.node)
		hgt_tell_field(s, rule, &limited, "limited: {limitResponse: {type: Reject}}", "is missing, as type is Limited");
	else
		check_response(s, &limited);
}
