/* lib/k8s/autoscaling: how many pods there may be, and how few. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

#define V2 "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec:\n"
#define V1 "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: a\n"
#define TARGET "  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}\n"
#define METRIC(metric) TARGET "  maxReplicas: 3\n  metrics: [{" metric "}]\n"
#define UTILIZATION "target: {type: Utilization, averageUtilization: 80}"

static void checks_replicas(void **state)
{
	static const struct kind_case cases[] = {
		{TARGET "  minReplicas: 3\n  maxReplicas: 3\n", "", 0},
		{TARGET "  minReplicas: 4\n  maxReplicas: 3\n", "spec.maxReplicas: must be minReplicas (4) or more, is 3", 0},
		{TARGET "  minReplicas: 0\n  maxReplicas: 3\n", "spec.minReplicas: must be 1 or more, is 0", 36},
		{TARGET "  minReplicas: 0\n  maxReplicas: 3\n",
			"spec.metrics: one of type Object or External has to be there when minReplicas is 0", 37},
		{METRIC("type: External, external: {metric: {name: m}, target: {type: Value, value: 1}}") "  minReplicas: 0\n", "", 37},
		{METRIC("type: Resource, resource: {name: cpu, " UTILIZATION "}") "  minReplicas: 0\n",
			"spec.metrics: one of type Object or External has to be there when minReplicas is 0", 37},
	};
	static const struct kind_case old[] = {
		{"spec:\n" TARGET "  minReplicas: 0\n  maxReplicas: 3\n",
			"spec.metrics: one of type Object or External has to be there when minReplicas is 0", 37},
		{"  annotations: {autoscaling.alpha.kubernetes.io/metrics: \"[]\"}\nspec:\n" TARGET "  minReplicas: 0\n  maxReplicas: 3\n", "", 37},
	};

	(void)state;
	KIND_TABLE(V2, cases, "k8s/autoscaling");
	KIND_TABLE(V1, old, "k8s/autoscaling");
}

static void checks_what_is_scaled(void **state)
{
	static const struct kind_case cases[] = {
		{"  maxReplicas: 1\n  scaleTargetRef: {kind: Deployment, name: a}\n", "spec.scaleTargetRef.apiVersion: is missing", 0},
		{"  maxReplicas: 1\n  scaleTargetRef: {apiVersion: v1, kind: Deployment, name: a}\n",
			"spec.scaleTargetRef.apiVersion: \"v1\" names no group", 0},
		{"  maxReplicas: 1\n  scaleTargetRef: {apiVersion: v1, kind: ReplicationController, name: a}\n", "", 0},
		{"  maxReplicas: 1\n  scaleTargetRef: {kind: ReplicationController, name: a}\n", "", 0},
		{"  maxReplicas: 1\n  scaleTargetRef: {apiVersion: a/b/c, kind: Deployment, name: a}\n",
			"spec.scaleTargetRef.apiVersion: \"a/b/c\" names no group", 0},
		{"  maxReplicas: 1\n  scaleTargetRef: {apiVersion: \"${API}\", kind: Deployment, name: a}\n", "", 0},
	};

	(void)state;
	KIND_TABLE(V2, cases, "k8s/autoscaling");
}

#define AT "spec.metrics[0]."

static void checks_metrics(void **state)
{
	static const struct kind_case cases[] = {
		{METRIC("type: Resource, resource: {name: cpu, " UTILIZATION "}"), "", 0},
		{METRIC("type: Resource"), AT "resource: is missing, and a metric of type Resource needs it", 0},
		{METRIC("type: Pods, pods: {metric: {name: m}, target: {type: AverageValue, averageValue: 1}}, resource: {name: cpu, " UTILIZATION
			"}"), AT "resource: cannot be set for a metric of type Pods", 0},
		{METRIC("type: Resource, resource: {name: cpu, target: {type: Utilization}}"),
			AT "resource.target.averageUtilization: is missing, and so is averageValue; a metric of type Resource needs one of them", 0},
		{METRIC("type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80, averageValue: 1}}"),
			AT "resource.target.averageValue: cannot be set together with averageUtilization", 0},
		{METRIC("type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 0}}"),
			AT "resource.target.averageValue: must be more than 0, is \"0\"", 0},
		{METRIC("type: ContainerResource, containerResource: {name: cpu, container: a, " UTILIZATION "}"), "", 0},
		{METRIC("type: ContainerResource, containerResource: {name: storage, container: a, " UTILIZATION "}"),
			AT "containerResource.name: \"storage\" is no resource that a container can ask for", 0},
		{METRIC("type: Pods, pods: {metric: {name: m}, target: {type: Value, value: 1}}"),
			AT "pods.target.averageValue: is missing, and a metric of type Pods needs it", 0},
		{METRIC("type: External, external: {metric: {name: m}, target: {type: Value}}"),
			AT "external.target.averageValue: is missing, and so is value; a metric of type External needs one of them", 0},
		{METRIC("type: External, external: {metric: {name: m}, target: {type: Value, value: 1, averageValue: 1}}"),
			AT "external.target.value: cannot be set together with averageValue", 0},
		{METRIC("type: Object, object: {describedObject: {kind: A, name: a}, metric: {name: m}, target: {type: Value, value: 1, "
			"averageValue: 1}}"), "", 0},
		{METRIC("type: Object, object: {describedObject: {apiVersion: a/b/c, kind: A, name: a}, metric: {name: m}, target: {type: Value, "
			"value: -1}}"),
			AT "object.describedObject.apiVersion: \"a/b/c\" is not of the form version or group/version\n"
			AT "object.target.value: must be more than 0, is \"-1\"", 0},
		{TARGET "  maxReplicas: 3\n  behavior: {scaleUp: {tolerance: 0.1}, scaleDown: {tolerance: -0.1}}\n",
			"spec.behavior.scaleDown.tolerance: must be 0 or more, is \"-0.1\"", 0},
	};

	(void)state;
	KIND_TABLE(V2, cases, "k8s/autoscaling");
}

#define BUDGET "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: A_b}\nspec:\n"

static void checks_budgets(void **state)
{
	static const struct kind_case cases[] = {
		{"  minAvailable: 1\n", "", 0},
		{"  maxUnavailable: 50%\n  minAvailable: ~\n", "", 0},
		{"  minAvailable: 1\n  maxUnavailable: 1\n", "spec: minAvailable and maxUnavailable cannot both be there", 0},
	};
	static const struct kind_case selectors[] = {
		{"  minAvailable: 1\n  selector: {matchExpressions: [{key: a, operator: NotIn}]}\n",
			"spec.selector.matchExpressions[0].values: is missing", 0},
		{"  minAvailable: 1\n  selector: {}\n", "", 0},
	};

	(void)state;
	KIND_TABLE(BUDGET, cases, "k8s/disruption-budget");
	KIND_TABLE(BUDGET, selectors, "k8s/selector");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_replicas), cmocka_unit_test(checks_what_is_scaled), cmocka_unit_test(checks_metrics),
		cmocka_unit_test(checks_budgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
