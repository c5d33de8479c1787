/* k8s/rbac: roles and who has them, beyond their single fields. */
#include "k8s/kind_checks.h"
#include "k8s/parts.h"

static const char rule[] = "k8s/rbac";
static const char group_name[] = "rbac.authorization.k8s.io";

static void check_policy_rule(struct hgt_subject *s, const struct hgt_field *item, bool namespaced)
{
	static const char *const of_resources[] = {"apiGroups", "resources", "resourceNames"};
	struct hgt_field urls = hgt_field_get(item, "nonResourceURLs");
	struct hgt_field groups = hgt_field_get(item, "apiGroups"), resources = hgt_field_get(item, "resources");

	if (!hgt_field_is_map(item))
		return;
	if (hgt_field_is_empty(&urls)) {
		hgt_check_required_list(s, rule, &groups, "[\"\"] is the group of pods, services and the like; [\"apps\"] that of deployments");
		hgt_check_required_list(s, rule, &resources, "the plural in small letters: [pods, configmaps]");
		return;
	}
	if (namespaced)
		hgt_tell_key(s, rule, &urls, "put it into a ClusterRole", "a Role is about a namespace, and URLs are in none");
	for (size_t i = 0; i < sizeof(of_resources) / sizeof(of_resources[0]); i++) {
		struct hgt_field field = hgt_field_get(item, of_resources[i]);

		if (hgt_field_is_empty(&field))
			continue;
		hgt_tell_key(s, rule, &urls, "make two rules of it", "a rule is about URLs or about resources, and this one has %s too",
			of_resources[i]);
		break;
	}
}

static void check_rules(struct hgt_subject *s, bool namespaced)
{
	struct hgt_field object = hgt_field_root(s), rules = hgt_field_get(&object, "rules");

	HGT_EACH_ITEM(&rules, item)
		check_policy_rule(s, &item, namespaced);
}

void hgt_check_k8s_role(struct hgt_subject *s)
{
	check_rules(s, true);
}

void hgt_check_k8s_cluster_role(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), aggregation = hgt_field_get(&object, "aggregationRule");
	struct hgt_field selectors = hgt_field_get(&aggregation, "clusterRoleSelectors");

	check_rules(s, false);
	if (!hgt_field_is_map(&aggregation))
		return;
	hgt_check_required_list(s, rule, &selectors, "say which ClusterRoles it is made of");
	HGT_EACH_ITEM(&selectors, selector)
		hgt_check_label_selector(s, &selector);
}

static void check_account(struct hgt_subject *s, const struct hgt_field *subject, bool namespaced)
{
	struct hgt_field name = hgt_field_get(subject, "name"), group = hgt_field_get(subject, "apiGroup");
	struct hgt_field namespace = hgt_field_get(subject, "namespace");
	const char *text = hgt_field_text(&name, NULL), *group_text = hgt_field_text(&group, NULL);

	if (text && !hgt_is_long_name(text, strlen(text)))
		hgt_tell_field(s, rule, &name, "a-z, 0-9, \"-\" and \".\"", "%s is not a service account's name", hgt_quote(text));
	if (group_text)
		hgt_tell_field(s, rule, &group, "remove it", "must be empty, a ServiceAccount being of the core group; is %s",
			hgt_quote(group_text));
	if (!namespaced)
		hgt_check_required(s, rule, &namespace, "service accounts of other namespaces may have the same name");
}

static void check_subject(struct hgt_subject *s, const struct hgt_field *subject, bool namespaced)
{
	struct hgt_field kind = hgt_field_get(subject, "kind"), group = hgt_field_get(subject, "apiGroup");
	const char *word = hgt_field_text(&kind, NULL), *text = hgt_field_text(&group, NULL);

	if (!word)
		return;
	if (strcmp(word, "ServiceAccount") == 0)
		check_account(s, subject, namespaced);
	else if ((strcmp(word, "User") == 0 || strcmp(word, "Group") == 0) && text && strcmp(text, group_name) != 0)
		hgt_tell_field(s, rule, &group, "rbac.authorization.k8s.io, or nothing", "%s is not supported", hgt_quote(text));
}

static void check_binding(struct hgt_subject *s, bool namespaced)
{
	static const char *const roles[] = {"Role", "ClusterRole", NULL}, *const cluster_roles[] = {"ClusterRole", NULL};
	struct hgt_field object = hgt_field_root(s), ref = hgt_field_get(&object, "roleRef");
	struct hgt_field kind = hgt_field_get(&ref, "kind"), subjects = hgt_field_get(&object, "subjects");

	if (!ref.node)
		hgt_tell_field(s, rule, &kind, "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}", "is missing");
	hgt_check_enum(s, rule, &kind, namespaced ? roles : cluster_roles);
	HGT_EACH_ITEM(&subjects, subject)
		check_subject(s, &subject, namespaced);
}

void hgt_check_k8s_role_binding(struct hgt_subject *s)
{
	check_binding(s, true);
}

void hgt_check_k8s_cluster_role_binding(struct hgt_subject *s)
{
	check_binding(s, false);
}
