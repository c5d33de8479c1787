/* k8s/webhook: ValidatingWebhookConfiguration, MutatingWebhookConfiguration. */
#include <strings.h>

#include "k8s/admission.h"
#include "k8s/kind_checks.h"

static const char own_rule[] = "k8s/webhook";

/* https://HOST/PATH, and nothing else that a URL may have. */
static void check_url(struct hgt_subject *s, const char *rule, const struct hgt_field *field)
{
	const char *text = hgt_field_string(field), *host, *wrong = NULL;
	size_t len;

	if (!text)
		return;
	if (strncasecmp(text, "https://", 8) != 0) {
		hgt_tell_field(s, rule, field, "for example https://hooks.example.com/check", "must begin with https://");
		return;
	}
	host = text + 8;
	len = strcspn(host, "/?#");
	if (!len)
		wrong = "names no host";
	else if (memchr(host, '@', len))
		wrong = "must not have a user in it";
	else if (strchr(host + len, '#') && strchr(host + len, '#')[1])
		wrong = "must not have a fragment (#)";
	else if (strchr(host + len, '?') && strchr(host + len, '?')[1])
		wrong = "must not have a query (?)";
	if (wrong)
		hgt_tell_field(s, rule, field, "for example https://hooks.example.com/check", "%s", wrong);
}

/* Segments of a path are DNS names; one slash may end it. */
static void check_path(struct hgt_subject *s, const char *rule, const struct hgt_field *path)
{
	const char *text = hgt_field_text(path, "/");
	size_t len;

	if (!text || strcmp(text, "/") == 0)
		return;
	if (text[0] != '/') {
		hgt_tell_field(s, rule, path, "begin it with a slash", "%s does not begin with a slash", hgt_quote(text));
		return;
	}
	for (text++; ; text += len + 1) {
		len = strcspn(text, "/");
		if (!hgt_is_long_name(text, len)) {
			hgt_tell_field(s, rule, path, "small letters, digits, \"-\" and \".\" between the slashes",
				"%s is not a part that a path can have",
				hgt_quote_text(text, len).text);
			return;
		}
		if (!text[len] || !text[len + 1])
			return;
	}
}

void hgt_check_client_config(struct hgt_subject *s, const char *rule, const struct hgt_field *config)
{
	struct hgt_field url = hgt_field_get(config, "url"), service = hgt_field_get(config, "service");
	struct hgt_field path = hgt_field_get(&service, "path");

	if (!hgt_field_is_map(config))
		return;
	if (!url.node == !service.node)
		hgt_tell_field(s, rule, config, "service: {namespace: hooks, name: check}", "must have either url or service");
	else if (url.node)
		check_url(s, rule, &url);
	else
		check_path(s, rule, &path);
}

void hgt_check_review_versions(struct hgt_subject *s, const char *rule, const struct hgt_field *versions)
{
	hgt_check_unique(s, rule, versions);
	if (hgt_field_count(versions) && !hgt_field_has(versions, "v1") && !hgt_field_has(versions, "v1beta1"))
		hgt_tell_field(s, rule, versions, "add v1", "must have v1 or v1beta1");
}

/* An asterisk stands alone. */
static void check_wildcard(struct hgt_subject *s, const char *rule, const struct hgt_field *match, const char *name,
	const char *hint)
{
	struct hgt_field list = hgt_field_get(match, name);

	if (hgt_check_required_list(s, rule, &list, hint) && hgt_field_count(&list) > 1 && hgt_field_has(&list, "*"))
		hgt_tell_field(s, rule, &list, "remove the others", "has \"*\", which is all, and others");
}

/* pods, pods/status, pods/ and an asterisk, an asterisk and /status. */
static void check_resources(struct hgt_subject *s, const char *rule, const struct hgt_field *resources)
{
	struct hgt_seen whole = HGT_SEEN_INIT;	/* what has an asterisk for its other half: "pods/", "/status" */
	bool plain = false;

	HGT_EACH_ITEM(resources, item) {
		const char *text = hgt_field_string(&item), *slash = text ? strchr(text, '/') : NULL;
		int len = slash ? (int)(slash - text) : 0;
		char left[264], right[264];

		if (text && !*text)
			hgt_tell_field(s, rule, &item, NULL, "must not be empty");
		plain |= text && *text && !slash && strcmp(text, "*") != 0;
		if (!slash || len > 255 || strlen(slash) > 255)
			continue;
		snprintf(left, sizeof(left), "%.*s/", len, text);
		snprintf(right, sizeof(right), "%s", slash);
		if (hgt_seen_has(&whole, left) || hgt_seen_has(&whole, right))
			hgt_tell_field(s, rule, &item, "remove it", "%s is covered by another with \"*\"", hgt_quote(text));
		if (strcmp(slash, "/*") == 0)
			hgt_seen_before(s, &whole, item.node, "%s", left);
		if (len == 1 && text[0] == '*')
			hgt_seen_before(s, &whole, item.node, "%s", right);
	}
	hgt_seen_release(&whole);
	if (hgt_field_count(resources) > 1 && hgt_field_has(resources, "*/*"))
		hgt_tell_field(s, rule, resources, "remove the others", "has \"*/*\", which is all, and others");
	else if (plain && hgt_field_has(resources, "*"))
		hgt_tell_field(s, rule, resources, "remove the others", "has \"*\", which is all, and others");
}

void hgt_check_match_rule(struct hgt_subject *s, const char *rule, const struct hgt_field *match)
{
	struct hgt_field resources = hgt_field_get(match, "resources");

	if (!hgt_field_is_map(match))
		return;
	check_wildcard(s, rule, match, "operations", "for example [CREATE, UPDATE]");
	check_wildcard(s, rule, match, "apiGroups", "for example [apps]; [\"\"] is the group of pods and services");
	check_wildcard(s, rule, match, "apiVersions", "for example [v1]");
	if (hgt_check_required_list(s, rule, &resources, "for example [deployments]"))
		check_resources(s, rule, &resources);
}

void hgt_check_match_conditions(struct hgt_subject *s, const char *rule, const struct hgt_field *conditions,
	const struct hgt_scope *scope)
{
	struct hgt_seen seen = HGT_SEEN_INIT;

	HGT_EACH_ITEM(conditions, condition) {
		struct hgt_field name = hgt_field_get(&condition, "name"), expression = hgt_field_get(&condition, "expression");
		const char *text = hgt_field_text(&name, NULL);
		const struct hgt_node *first = text ? hgt_seen_before(s, &seen, name.node, "%s", text) : NULL;

		if (first)
			hgt_tell_again(s, rule, &name, first);
		hgt_check_expression(s, rule, &expression, scope, HGT_WANT_BOOL);
	}
	hgt_seen_release(&seen);
}

/* Three labels or more. */
static void check_name(struct hgt_subject *s, const struct hgt_field *name)
{
	const char *text = hgt_field_text(name, NULL), *dot = text ? strchr(text, '.') : NULL;

	if (text && (!hgt_is_long_name(text, strlen(text)) || !dot || !strchr(dot + 1, '.')))
		hgt_tell_field(s, own_rule, name, "for example check.hooks.example.com", "%s is not a DNS name of three parts or more",
			hgt_quote(text));
}

static void check_webhook(struct hgt_subject *s, const struct hgt_field *webhook)
{
	struct hgt_field client = hgt_field_get(webhook, "clientConfig"), rules = hgt_field_get(webhook, "rules");
	struct hgt_field versions = hgt_field_get(webhook, "admissionReviewVersions"), name = hgt_field_get(webhook, "name");
	struct hgt_field namespaces = hgt_field_get(webhook, "namespaceSelector"), objects = hgt_field_get(webhook, "objectSelector");
	struct hgt_field conditions = hgt_field_get(webhook, "matchConditions");

	check_name(s, &name);
	hgt_check_client_config(s, own_rule, &client);
	hgt_check_review_versions(s, own_rule, &versions);
	HGT_EACH_ITEM(&rules, match)
		hgt_check_match_rule(s, own_rule, &match);
	hgt_check_label_selector(s, &namespaces);
	hgt_check_label_selector(s, &objects);
	hgt_check_match_conditions(s, own_rule, &conditions, &(struct hgt_scope){.at = HGT_AT_WEBHOOK});
}

void hgt_check_k8s_webhook(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), webhooks = hgt_field_get(&object, "webhooks");
	struct hgt_seen seen = HGT_SEEN_INIT;

	HGT_EACH_ITEM(&webhooks, webhook) {
		struct hgt_field name = hgt_field_get(&webhook, "name");
		const char *text = hgt_field_text(&name, NULL);
		const struct hgt_node *first = text ? hgt_seen_before(s, &seen, name.node, "%s", text) : NULL;

		if (first)
			hgt_tell_again(s, own_rule, &name, first);
		if (hgt_field_is_map(&webhook))
			check_webhook(s, &webhook);
	}
	hgt_seen_release(&seen);
}
