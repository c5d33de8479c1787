/* lib/k8s/rbac: rules of roles, subjects of bindings. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

static void checks_rules(void **state)
{
	static const struct kind_case cases[] = {
		{"kind: Role\nmetadata: {name: a}\nrules: [{apiGroups: [\"\"], resources: [pods], verbs: [get]}]\n", "", 0},
		{"kind: Role\nmetadata: {name: a}\nrules: [{resources: [pods], verbs: [get]}]\n",
			"rules[0].apiGroups: is missing", 0},
		{"kind: Role\nmetadata: {name: a}\nrules: [{apiGroups: [\"\"], verbs: [get]}]\n",
			"rules[0].resources: is missing", 0},
		{"kind: Role\nmetadata: {name: a}\nrules: [{nonResourceURLs: [/a], verbs: [get]}]\n",
			"rules[0].nonResourceURLs: a Role is about a namespace, and URLs are in none", 0},
		{"kind: ClusterRole\nmetadata: {name: a}\nrules: [{nonResourceURLs: [/a], verbs: [get]}]\n", "", 0},
		{"kind: ClusterRole\nmetadata: {name: a}\nrules: [{nonResourceURLs: [/a], resources: [pods], verbs: [get]}]\n",
			"rules[0].nonResourceURLs: a rule is about URLs or about resources, and this one has resources too", 0},
		{"kind: ClusterRole\nmetadata: {name: a}\nrules: [{verbs: [get]}]\n",
			"rules[0].apiGroups: is missing\nrules[0].resources: is missing", 0},
		{"kind: ClusterRole\nmetadata: {name: a}\naggregationRule: {clusterRoleSelectors: []}\n",
			"aggregationRule.clusterRoleSelectors: must not be empty", 0},
		{"kind: ClusterRole\nmetadata: {name: a}\naggregationRule: {clusterRoleSelectors: [{matchLabels: {a: b}}]}\n",
			"", 0},
		{"kind: Role\nmetadata: {name: a}\n", "", 0},
		{"kind: ClusterRole\nmetadata: {name: a}\naggregationRule: {clusterRoleSelectors: [{matchLabels: {a: b!}}]}\n",
			"aggregationRule.clusterRoleSelectors[0].matchLabels.a: \"b!\" is not a label's value", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: rbac.authorization.k8s.io/v1\n", cases, "k8s/rbac", "k8s/selector");
}

static void checks_bindings(void **state)
{
	static const struct kind_case cases[] = {
		{"kind: RoleBinding\nmetadata: {name: a}\nroleRef: {kind: Role, name: a}\nsubjects: [{kind: User, name: "
			"\"a@b\"}]\n",
			"", 0},
		{"kind: RoleBinding\nmetadata: {name: a}\nroleRef: {kind: ClusterRole, name: a}\nsubjects: [{kind: "
			"ServiceAccount, name: a}]\n",
			"", 0},
		{"kind: ClusterRoleBinding\nmetadata: {name: a}\nroleRef: {kind: ClusterRole, name: a}\nsubjects: [{kind: "
			"ServiceAccount, name: a}]\n",
			"subjects[0].namespace: is missing", 0},
		{"kind: ClusterRoleBinding\nmetadata: {name: a}\nroleRef: {kind: ClusterRole, name: a}\nsubjects: [{kind: "
			"ServiceAccount, name: a, namespace: b}]\n",
			"", 0},
		{"kind: ClusterRoleBinding\nmetadata: {name: a}\nroleRef: {kind: Role, name: a}\nsubjects: [{kind: User, name: "
			"a}]\n",
			"roleRef.kind: \"Role\" is not supported", 0},
		{"kind: RoleBinding\nmetadata: {name: a}\nroleRef: {kind: Pod, name: a}\nsubjects: [{kind: User, name: a}]\n",
			"roleRef.kind: \"Pod\" is not supported", 0},
		{"kind: RoleBinding\nmetadata: {name: a}\nroleRef: {kind: Role, name: a}\nsubjects: [{kind: User, name: a, "
			"apiGroup: rbac.authorization.k8s.io}]\n",
			"", 0},
		{"kind: RoleBinding\nmetadata: {name: a}\nroleRef: {kind: Role, name: a}\nsubjects: [{kind: Group, name: a, "
			"apiGroup: v1}]\n",
			"subjects[0].apiGroup: \"v1\" is not supported", 0},
		{"kind: RoleBinding\nmetadata: {name: a}\nroleRef: {kind: Role, name: a}\nsubjects: [{kind: ServiceAccount, name: "
			"a, apiGroup: rbac.authorization.k8s.io}]\n",
			"subjects[0].apiGroup: must be empty, a ServiceAccount being of the core group; is \"rbac.authorization.k8s.io\"", 0},
		{"kind: RoleBinding\nmetadata: {name: a}\nroleRef: {kind: Role, name: a}\nsubjects: [{kind: ServiceAccount, name: "
			"A}]\n",
			"subjects[0].name: \"A\" is not a service account's name", 0},
		{"kind: RoleBinding\nmetadata: {name: a}\nsubjects: []\n", "roleRef.kind: is missing", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: rbac.authorization.k8s.io/v1\n", cases, "k8s/rbac");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_rules),
		cmocka_unit_test(checks_bindings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
