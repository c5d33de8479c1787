/* lib/k8s/quota: quotas, scopes, ranges. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

static void checks_amounts(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {hard: {cpu: 4, requests.memory: 8Gi, pods: 10, count/deployments.apps: 5, requests.nvidia.com/gpu: 2, "
			"hugepages-2Mi: 1Gi, gold.storageclass.storage.k8s.io/requests.storage: 5Gi}}\n",
			"", 0},
		{"spec: {hard: {deployments.apps: 5, storage: 1Gi, \"a b\": 1}}\n",
			"spec.hard[\"deployments.apps\"]: is not a resource that a quota can limit\nspec.hard.storage: is not a resource "
			"that a quota can limit\nspec.hard[\"a b\"]: is not the name of a resource", 0},
		{"spec: {hard: {pods: 1.5, cpu: 1.5, cpu2: 1}}\n",
			"spec.hard.pods: must be a whole number\nspec.hard.cpu2: is not a resource that a quota can limit", 0},
		{"spec: {hard: {pods: -1}}\n", "spec.hard.pods: must not be negative", 0},
		{"spec: {hard: {example.com/gpu: 1500m}}\n", "spec.hard[\"example.com/gpu\"]: must be a whole number", 0},
		{"spec: {hard: {example.com/gpu: 2}}\n", "", 0},
		{"spec: {hard: {\"${RESOURCE}\": 1}}\n", "", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: a}\n", cases, "k8s/quota");
}

static void checks_scopes(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {hard: {pods: 1}, scopes: [BestEffort]}\n", "", 0},
		{"spec: {hard: {cpu: 1}, scopes: [BestEffort]}\n",
			"spec.scopes[0]: scope BestEffort is not about \"cpu\", which hard has", 0},
		{"spec: {hard: {cpu: 1}, scopes: [NotBestEffort]}\n", "", 0},
		{"spec: {hard: {services: 1}, scopes: [Terminating]}\n",
			"spec.scopes[0]: scope Terminating is not about \"services\", which hard has", 0},
		{"spec: {hard: {persistentvolumeclaims: 1}, scopes: [VolumeAttributesClass]}\n", "", 0},
		{"spec: {hard: {pods: 1}, scopes: [VolumeAttributesClass]}\n",
			"spec.scopes[0]: scope VolumeAttributesClass is not about \"pods\", which hard has", 0},
		{"spec: {hard: {pods: 1}, scopes: [Terminating, NotTerminating]}\n",
			"spec.scopes: no pod is of both scopes Terminating and NotTerminating", 0},
		{"spec: {hard: {pods: 1}, scopes: [Terminating, BestEffort]}\n", "", 0},
		{"spec: {hard: {count/jobs.batch: 1}, scopes: [Terminating]}\n", "", 0},
		{"spec: {hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: "
			"[high]}]}}\n",
			"", 0},
		{"spec: {hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In}]}}\n",
			"spec.scopeSelector.matchExpressions[0].values: is missing", 0},
		{"spec: {hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: Exists, values: "
			"[a]}]}}\n",
			"spec.scopeSelector.matchExpressions[0].values: may only be set when operator is In or NotIn", 0},
		{"spec: {hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: BestEffort, operator: In, values: "
			"[a]}]}}\n",
			"spec.scopeSelector.matchExpressions[0].operator: must be Exists with scope BestEffort", 0},
		{"spec: {hard: {services: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: Exists}]}}\n",
			"spec.scopeSelector.matchExpressions[0]: scope PriorityClass is not about \"services\", which hard has", 0},
		{"spec: {hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: BestEffort, operator: Exists}, "
			"{scopeName: NotBestEffort, operator: Exists}]}}\n",
			"spec.scopeSelector.matchExpressions: no pod is of both scopes BestEffort and NotBestEffort", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: a}\n", cases, "k8s/quota");
}

static void checks_ranges(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {limits: [{type: Container, min: {cpu: 100m}, defaultRequest: {cpu: 200m}, default: {cpu: 500m}, max: "
			"{cpu: 1}}]}\n",
			"", 0},
		{"spec: {limits: [{type: Container, min: {cpu: 2}, max: {cpu: 1}}]}\n",
			"spec.limits[0].min.cpu: min, \"2\", is greater than max, \"1\"", 0},
		{"spec: {limits: [{type: Container, defaultRequest: {cpu: 2}, default: {cpu: 1}}]}\n",
			"spec.limits[0].defaultRequest.cpu: defaultRequest, \"2\", is greater than default, \"1\"", 0},
		{"spec: {limits: [{type: Container, min: {cpu: 1}, defaultRequest: {cpu: 900m}}]}\n",
			"spec.limits[0].defaultRequest.cpu: min, \"1\", is greater than defaultRequest, \"900m\"", 0},
		{"spec: {limits: [{type: Container, max: {cpu: 1}, defaultRequest: {cpu: 1100m}}]}\n",
			"spec.limits[0].defaultRequest.cpu: defaultRequest, \"1100m\", is greater than max, \"1\"", 0},
		{"spec: {limits: [{type: Container, max: {memory: 1Gi}, default: {memory: 1025Mi}}]}\n",
			"spec.limits[0].default.memory: default, \"1025Mi\", is greater than max, \"1Gi\"", 0},
		{"spec: {limits: [{type: Container, min: {memory: 1Gi}, default: {memory: 1023Mi}}]}\n",
			"spec.limits[0].default.memory: min, \"1Gi\", is greater than default, \"1023Mi\"", 0},
		{"spec: {limits: [{type: Container, min: {cpu: 1}, max: {cpu: 1}}]}\n", "", 0},
		{"spec: {limits: [{type: Pod, default: {cpu: 1}, max: {cpu: 2}}]}\n",
			"spec.limits[0].default: may only be set when type is not Pod", 0},
		{"spec: {limits: [{type: Pod, max: {cpu: 2}}]}\n", "", 0},
		{"spec: {limits: [{type: Container, max: {storage: 1Gi}}]}\n",
			"spec.limits[0].max.storage: is not a resource that containers have", 0},
		{"spec: {limits: [{type: PersistentVolumeClaim, max: {storage: 1Gi}}]}\n", "", 0},
		{"spec: {limits: [{type: PersistentVolumeClaim, default: {storage: 1Gi}}]}\n",
			"spec.limits[0]: must have min or max of storage", 0},
		{"spec: {limits: [{type: Pods, max: {cpu: 1}}]}\n", "spec.limits[0].type: \"Pods\" is not supported", 0},
		{"spec: {limits: [{type: example.com/own, max: {cpu: 1}}]}\n", "", 0},
		{"spec: {limits: [{type: Pod, max: {cpu: 1}}, {type: Pod, max: {memory: 1Gi}}]}\n",
			"spec.limits[1].type: duplicate \"Pod\"", 0},
		{"spec: {limits: [{type: Container, maxLimitRequestRatio: {cpu: 0.5}}]}\n",
			"spec.limits[0].maxLimitRequestRatio.cpu: must be 1 or more", 0},
		{"spec: {limits: [{type: Container, maxLimitRequestRatio: {cpu: 4}, min: {cpu: 1}, max: {cpu: 2}}]}\n",
			"spec.limits[0].maxLimitRequestRatio.cpu: is greater than max divided by min", 0},
		{"spec: {limits: [{type: Container, maxLimitRequestRatio: {cpu: 2}, min: {cpu: 1}, max: {cpu: 2}}]}\n", "", 0},
		{"spec: {limits: [{type: Container, default: {example.com/gpu: 2}, defaultRequest: {example.com/gpu: 1}}]}\n",
			"spec.limits[0].defaultRequest[\"example.com/gpu\"]: must be the same as default, since the resource cannot be "
			"shared", 0},
		{"spec: {limits: [{type: Container, default: {example.com/gpu: 2}, defaultRequest: {example.com/gpu: 2}}]}\n",
			"", 0},
		{"spec: {limits: [{type: Container, max: {requests.cpu: 1}}]}\n",
			"spec.limits[0].max[\"requests.cpu\"]: is not a resource that containers have", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: LimitRange\nmetadata: {name: a}\n", cases, "k8s/quota");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_amounts),
		cmocka_unit_test(checks_scopes),
		cmocka_unit_test(checks_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
