/* lib/k8s/flow_control: schemas and levels. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

static void checks_schemas(void **state)
{
	static const struct kind_case cases[] = {
		{"kind: FlowSchema\nmetadata: {name: a}\nspec: {matchingPrecedence: 1000, priorityLevelConfiguration: {name: a}, "
			"rules: [{subjects: [{kind: User, user: {name: \"*\"}}], nonResourceRules: [{verbs: [get], nonResourceURLs: "
			"[/healthz]}]}]}\n",
			"", 0},
		{"kind: FlowSchema\nmetadata: {name: a}\nspec: {matchingPrecedence: 1000, priorityLevelConfiguration: {name: a}, "
			"rules: [{subjects: [{kind: User, user: {name: \"*\"}}]}]}\n",
			"spec.rules[0]: must have resourceRules or nonResourceRules", 0},
		{"kind: FlowSchema\nmetadata: {name: a}\nspec: {matchingPrecedence: 1, priorityLevelConfiguration: {name: a}, "
			"rules: [{subjects: [{kind: User, user: {name: \"*\"}}], nonResourceRules: [{verbs: [get], nonResourceURLs: "
			"[/healthz]}]}]}\n",
			"spec.matchingPrecedence: only the schema named exempt may have 1", 0},
		{"kind: FlowSchema\nmetadata: {name: exempt}\nspec: {matchingPrecedence: 1, priorityLevelConfiguration: {name: "
			"a}, rules: [{subjects: [{kind: User, user: {name: \"*\"}}], nonResourceRules: [{verbs: [get], nonResourceURLs: "
			"[/healthz]}]}]}\n",
			"", 0},
		{"kind: FlowSchema\nmetadata: {name: a}\nspec: {matchingPrecedence: 2, priorityLevelConfiguration: {name: a}, "
			"rules: [{subjects: [{kind: User, user: {name: \"*\"}}], nonResourceRules: [{verbs: [get], nonResourceURLs: "
			"[/healthz]}]}]}\n",
			"", 0},
		{"kind: FlowSchema\nmetadata: {name: a}\nspec: {matchingPrecedence: 1000, priorityLevelConfiguration: {name: a}, "
			"rules: [{subjects: [{kind: User, group: {name: a}}], nonResourceRules: [{verbs: [get], nonResourceURLs: "
			"[/healthz]}]}]}\n",
			"spec.rules[0].subjects[0].user: is missing, as kind is User\nspec.rules[0].subjects[0].group: does not go with "
			"kind User", 0},
		{"kind: FlowSchema\nmetadata: {name: a}\nspec: {matchingPrecedence: 1000, priorityLevelConfiguration: {name: a}, "
			"rules: [{subjects: [{kind: Group, group: {name: a}}, {kind: ServiceAccount, serviceAccount: {name: a, "
			"namespace: b}}, {kind: Own}], nonResourceRules: [{verbs: [get], nonResourceURLs: [/healthz]}]}]}\n",
			"", 0},
		{"kind: FlowSchema\nmetadata: {name: a}\nspec: {matchingPrecedence: 1000, priorityLevelConfiguration: {name: a}, "
			"rules: [{subjects: [{kind: User, user: {name: \"*\"}}], nonResourceRules: [{verbs: [\"*\", get], "
			"nonResourceURLs: [/a, \"*\"]}]}]}\n",
			"spec.rules[0].nonResourceRules[0].verbs: has \"*\", which is all, and "
			"others\nspec.rules[0].nonResourceRules[0].nonResourceURLs: has \"*\", which is all, and others", 0},
		{"kind: FlowSchema\nmetadata: {name: a}\nspec: {matchingPrecedence: 1000, priorityLevelConfiguration: {name: a}, "
			"rules: [{subjects: [{kind: User, user: {name: \"*\"}}], nonResourceRules: [{verbs: [fetch], nonResourceURLs: "
			"[a, /a//b, \"/a b\", \"/a*\", \"/a/*\", \"/a/*/b\", /]}]}]}\n",
			"spec.rules[0].nonResourceRules[0].verbs[0]: \"fetch\" is not "
			"supported\nspec.rules[0].nonResourceRules[0].nonResourceURLs[0]: must begin with a "
			"slash\nspec.rules[0].nonResourceRules[0].nonResourceURLs[1]: must not have blanks or two slashes in a "
			"row\nspec.rules[0].nonResourceRules[0].nonResourceURLs[2]: must not have blanks or two slashes in a "
			"row\nspec.rules[0].nonResourceRules[0].nonResourceURLs[3]: may have \"*\" only as its last "
			"part\nspec.rules[0].nonResourceRules[0].nonResourceURLs[5]: may have \"*\" only as its last part", 0},
		{"kind: FlowSchema\nmetadata: {name: a}\nspec: {matchingPrecedence: 1000, priorityLevelConfiguration: {name: a}, "
			"rules: [{subjects: [{kind: User, user: {name: \"*\"}}], resourceRules: [{verbs: [get], apiGroups: [\"\"], "
			"resources: [pods], namespaces: [a]}]}]}\n",
			"", 0},
		{"kind: FlowSchema\nmetadata: {name: a}\nspec: {matchingPrecedence: 1000, priorityLevelConfiguration: {name: a}, "
			"rules: [{subjects: [{kind: User, user: {name: \"*\"}}], resourceRules: [{verbs: [get], apiGroups: [\"\"], "
			"resources: [pods]}]}]}\n",
			"spec.rules[0].resourceRules[0].namespaces: is missing", 0},
		{"kind: FlowSchema\nmetadata: {name: a}\nspec: {matchingPrecedence: 1000, priorityLevelConfiguration: {name: a}, "
			"rules: [{subjects: [{kind: User, user: {name: \"*\"}}], resourceRules: [{verbs: [get], apiGroups: [\"\"], "
			"resources: [pods], clusterScope: true}]}]}\n",
			"", 0},
		{"kind: FlowSchema\nmetadata: {name: a}\nspec: {matchingPrecedence: 1000, priorityLevelConfiguration: {name: a}, "
			"rules: [{subjects: [{kind: User, user: {name: \"*\"}}], resourceRules: [{verbs: [get], apiGroups: [\"*\", "
			"apps], resources: [\"*\", pods], namespaces: [\"*\", a]}]}]}\n",
			"spec.rules[0].resourceRules[0].apiGroups: has \"*\", which is all, and "
			"others\nspec.rules[0].resourceRules[0].resources: has \"*\", which is all, and "
			"others\nspec.rules[0].resourceRules[0].namespaces: has \"*\", which is all, and others", 0},
		{"kind: FlowSchema\nmetadata: {name: a}\nspec: {matchingPrecedence: 1000, priorityLevelConfiguration: {name: a}, "
			"rules: [{subjects: [{kind: User, user: {name: \"*\"}}], resourceRules: [{verbs: [get], apiGroups: [\"\"], "
			"resources: [pods], namespaces: [A]}]}]}\n",
			"spec.rules[0].resourceRules[0].namespaces[0]: \"A\" is not a namespace's name", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: flowcontrol.apiserver.k8s.io/v1\n", cases, "k8s/flow-control");
}

static void checks_levels(void **state)
{
	static const struct kind_case cases[] = {
		{"kind: PriorityLevelConfiguration\nmetadata: {name: a}\nspec: {type: Limited, limited: {limitResponse: {type: "
			"Reject}}}\n",
			"", 0},
		{"kind: PriorityLevelConfiguration\nmetadata: {name: a}\nspec: {type: Limited}\n",
			"spec.limited: is missing, as type is Limited", 0},
		{"kind: PriorityLevelConfiguration\nmetadata: {name: a}\nspec: {type: Exempt}\n",
			"spec.type: must be Exempt for the level named exempt, and for no other", 0},
		{"kind: PriorityLevelConfiguration\nmetadata: {name: exempt}\nspec: {type: Exempt}\n", "", 0},
		{"kind: PriorityLevelConfiguration\nmetadata: {name: exempt}\nspec: {type: Limited, limited: {limitResponse: "
			"{type: Reject}}}\n",
			"spec.type: must be Exempt for the level named exempt, and for no other", 0},
		{"kind: PriorityLevelConfiguration\nmetadata: {name: exempt}\nspec: {type: Exempt, limited: {limitResponse: "
			"{type: Reject}}}\n",
			"spec.limited: does not go with type Exempt", 0},
		{"kind: PriorityLevelConfiguration\nmetadata: {name: a}\nspec: {type: Limited, exempt: {}, limited: "
			"{limitResponse: {type: Reject}}}\n",
			"spec.exempt: does not go with type Limited", 0},
		{"kind: PriorityLevelConfiguration\nmetadata: {name: a}\nspec: {type: Limited, limited: {limitResponse: {type: "
			"Reject, queuing: {}}}}\n",
			"spec.limited.limitResponse.queuing: does not go with type Reject", 0},
		{"kind: PriorityLevelConfiguration\nmetadata: {name: a}\nspec: {type: Limited, limited: {limitResponse: {type: "
			"Queue}}}\n",
			"spec.limited.limitResponse.queuing: is missing, as type is Queue", 0},
		{"kind: PriorityLevelConfiguration\nmetadata: {name: a}\nspec: {type: Limited, limited: {limitResponse: {type: "
			"Queue, queuing: {queues: 64, handSize: 6}}}}\n",
			"", 0},
		{"kind: PriorityLevelConfiguration\nmetadata: {name: a}\nspec: {type: Limited, limited: {limitResponse: {type: "
			"Queue, queuing: {queues: 4, handSize: 6}}}}\n",
			"spec.limited.limitResponse.queuing.handSize: must not be greater than queues, 4", 0},
		{"kind: PriorityLevelConfiguration\nmetadata: {name: a}\nspec: {type: Limited, limited: {limitResponse: {type: "
			"Queue, queuing: {queues: 1024, handSize: 6}}}}\n",
			"", 0},
		{"kind: PriorityLevelConfiguration\nmetadata: {name: a}\nspec: {type: Limited, limited: {limitResponse: {type: "
			"Queue, queuing: {queues: 1024, handSize: 7}}}}\n",
			"spec.limited.limitResponse.queuing.handSize: is too large for so many queues: more than 60 bits of hash", 0},
		{"kind: PriorityLevelConfiguration\nmetadata: {name: a}\nspec: {type: Limited, limited: {limitResponse: {type: "
			"Queue, queuing: {queues: 0, handSize: 0}}}}\n",
			"", 0},
		{"kind: PriorityLevelConfiguration\nmetadata: {name: a}\nspec: {type: Limited, limited: {limitResponse: {type: "
			"Queue, queuing: {queues: 7}}}}\n",
			"spec.limited.limitResponse.queuing.handSize: must not be greater than queues, 7", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: flowcontrol.apiserver.k8s.io/v1\n", cases, "k8s/flow-control");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_schemas),
		cmocka_unit_test(checks_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
