/* lib/k8s/webhook: how webhooks are reached, what they match. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

static void checks_clients(void **state)
{
	static const struct kind_case cases[] = {
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}}]\n",
			"", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {}}]\n",
			"webhooks[0].clientConfig: must have either url or service", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {url: \"https://a/b\", "
			"service: {namespace: a, name: b}}}]\n",
			"webhooks[0].clientConfig: must have either url or service", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {url: "
			"\"https://a.b/c\"}}]\n",
			"", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {url: "
			"\"http://a.b/c\"}}]\n",
			"webhooks[0].clientConfig.url: must begin with https://", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {url: "
			"\"https:///c\"}}]\n",
			"webhooks[0].clientConfig.url: names no host", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {url: "
			"\"https://me@a/c\"}}]\n",
			"webhooks[0].clientConfig.url: must not have a user in it", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {url: "
			"\"https://a/c?x=1\"}}]\n",
			"webhooks[0].clientConfig.url: must not have a query (?)", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {url: "
			"\"https://a/c#x\"}}]\n",
			"webhooks[0].clientConfig.url: must not have a fragment (#)", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {url: "
			"\"https://a/c?\"}}]\n",
			"", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b, path: /x/y}}}]\n",
			"", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b, path: x}}}]\n",
			"webhooks[0].clientConfig.service.path: \"x\" does not begin with a slash", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b, path: /x//y}}}]\n",
			"webhooks[0].clientConfig.service.path: \"\" is not a part that a path can have", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b, path: /x/}}}]\n",
			"", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b, path: /x_y}}}]\n",
			"webhooks[0].clientConfig.service.path: \"x_y\" is not a part that a path can have", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b, path: //}}}]\n",
			"webhooks[0].clientConfig.service.path: \"\" is not a part that a path can have", 0},
		{"webhooks: [{name: b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: a, "
			"name: b}}}]\n",
			"webhooks[0].name: \"b.c\" is not a DNS name of three parts or more", 0},
		{"webhooks: [{name: A.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}}]\n",
			"webhooks[0].name: \"A.b.c\" is not a DNS name of three parts or more", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v2], clientConfig: {service: {namespace: "
			"a, name: b}}}]\n",
			"webhooks[0].admissionReviewVersions: must have v1 or v1beta1", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v2, v1beta1], clientConfig: {service: "
			"{namespace: a, name: b}}}]\n",
			"", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1, v1], clientConfig: {service: "
			"{namespace: a, name: b}}}]\n",
			"webhooks[0].admissionReviewVersions[1]: duplicate \"v1\"", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}}, {name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: "
			"{namespace: a, name: b}}}]\n",
			"webhooks[1].name: duplicate \"a.b.c\"", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: "
		"a}\n", cases, "k8s/webhook");
}

static void checks_rules(void **state)
{
	static const struct kind_case cases[] = {
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, rules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments, "
			"deployments/scale]}]}]\n",
			"", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, rules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: []}]}]\n",
			"webhooks[0].rules[0].resources: must not be empty", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, rules: [{apiGroups: [apps, \"*\"], apiVersions: [v1], operations: [CREATE], resources: [a]}]}]\n",
			"webhooks[0].rules[0].apiGroups: has \"*\", which is all, and others", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, rules: [{apiGroups: [\"*\"], apiVersions: [v1, \"*\"], operations: [\"*\", CREATE], resources: "
			"[a]}]}]\n",
			"webhooks[0].rules[0].apiVersions: has \"*\", which is all, and others\nwebhooks[0].rules[0].operations: has "
			"\"*\", which is all, and others", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, rules: [{resources: [a]}]}]\n",
			"webhooks[0].rules[0].apiGroups: is missing\nwebhooks[0].rules[0].apiVersions: is "
			"missing\nwebhooks[0].rules[0].operations: is missing", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, rules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [\"*\", "
			"pods]}]}]\n",
			"webhooks[0].rules[0].resources: has \"*\", which is all, and others", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, rules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [\"*\", "
			"pods/status]}]}]\n",
			"", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, rules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [\"*/*\", "
			"pods]}]}]\n",
			"webhooks[0].rules[0].resources: has \"*/*\", which is all, and others", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, rules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [pods/*, "
			"pods/status]}]}]\n",
			"webhooks[0].rules[0].resources[1]: \"pods/status\" is covered by another with \"*\"", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, rules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [pods/*, "
			"jobs/status]}]}]\n",
			"", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, rules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [\"*/status\", "
			"pods/status]}]}]\n",
			"webhooks[0].rules[0].resources[1]: \"pods/status\" is covered by another with \"*\"", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, rules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [\"\"]}]}]\n",
			"webhooks[0].rules[0].resources[0]: must not be empty", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, matchConditions: [{name: a, expression: \"true\"}, {name: a, expression: \" \"}]}]\n",
			"webhooks[0].matchConditions[1].name: duplicate \"a\"\nwebhooks[0].matchConditions[1].expression: must not be "
			"blank", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, matchConditions: [{name: a, expression: \"true\"}, {name: b, expression: \"true\"}]}]\n",
			"", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, matchConditions: [{name: a, expression: variables.x ==}]}]\n",
			"webhooks[0].matchConditions[0].expression: is no expression: it ends too early", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, namespaceSelector: {matchExpressions: [{key: a, operator: In}]}}]\n",
			"webhooks[0].namespaceSelector.matchExpressions[0].values: is missing", 0},
		{"webhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}, objectSelector: {matchLabels: {a: b}}}]\n",
			"", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: a}\n", cases,
		"k8s/webhook", "k8s/expression", "k8s/selector");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_clients),
		cmocka_unit_test(checks_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
