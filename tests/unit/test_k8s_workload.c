/* lib/k8s/workload, selector: what keeps pods running, and finds them. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

#define APPS(kind) "apiVersion: apps/v1\nkind: " kind "\nmetadata: {name: a}\nspec:\n"
#define POD "spec: {containers: [{name: a, image: a}]}"
#define TEMPLATE "  template: {metadata: {labels: {app: a, tier: web}}, " POD "}\n"
#define SELECTOR "  selector: {matchLabels: {app: a}}\n"
#define SELECT(selector) "  selector: {" selector "}\n" TEMPLATE
#define EXPRESSION(expression) SELECT("matchExpressions: [{" expression "}]")

static void checks_selectors(void **state)
{
	static const struct kind_case cases[] = {
		{SELECT("matchLabels: {app: a}"), "", 0},
		{SELECT("matchLabels: {app: b}"), "spec.template.metadata.labels.app: should be \"b\" for the selector to match", 0},
		{SELECT("matchLabels: {app: a, role: db}"),
			"spec.template.metadata.labels: the label \"role\" should be \"db\" for the selector to match", 0},
		{SELECTOR "  template: {" POD "}\n",
			"spec.template.metadata.labels: the label \"app\" should be \"a\" for the selector to match", 0},
		{SELECT("matchLabels: {app: \"${APP}\"}"), "", 0},
		{SELECTOR "  template: {metadata: {labels: {app: \"${APP}\"}}, " POD "}\n", "", 0},
		{SELECTOR "  template: {metadata: {labels: {\"${KEY}\": a}}, " POD "}\n", "", 0},
		{SELECTOR "  template: {metadata: {labels: \"${LABELS}\"}, " POD "}\n", "", 0},
		{SELECTOR "  template: {metadata: {labels: {app: ~}}, " POD "}\n",
			"spec.template.metadata.labels.app: should be \"a\" for the selector to match", 0},
		{SELECT(""), "spec.selector: selects everything, which a workload cannot", 0},
		{SELECT("matchLabels: {}, matchExpressions: []"), "spec.selector: selects everything, which a workload cannot", 0},
		{EXPRESSION("key: app, operator: In, values: [b, a]"), "", 0},
		{EXPRESSION("key: app, operator: In, values: [b, c]"),
			"spec.template.metadata.labels.app: should be one of the values of matchExpressions for the selector to match", 0},
		{EXPRESSION("key: app, operator: In, values: [b, \"${C}\"]"), "", 0},
		{EXPRESSION("key: role, operator: In, values: [b]"),
			"spec.template.metadata.labels: the label \"role\" should be one of the values of matchExpressions for the selector to match",
			0},
		{EXPRESSION("key: app, operator: NotIn, values: [b]"), "", 0},
		{EXPRESSION("key: role, operator: NotIn, values: [b]"), "", 0},
		{EXPRESSION("key: app, operator: NotIn, values: [b, a]"),
			"spec.template.metadata.labels.app: should be none of the values of matchExpressions for the selector to match", 0},
		{EXPRESSION("key: app, operator: Exists"), "", 0},
		{EXPRESSION("key: role, operator: Exists"),
			"spec.template.metadata.labels: the label \"role\" should be there for the selector to match", 0},
		{EXPRESSION("key: role, operator: DoesNotExist"), "", 0},
		{EXPRESSION("key: app, operator: DoesNotExist"),
			"spec.template.metadata.labels.app: should be left out for the selector to match", 0},
		/* what is no expression is told as such, and not that it does not match */
		{EXPRESSION("key: app, operator: In"), "spec.selector.matchExpressions[0].values: is missing", 0},
		{EXPRESSION("key: app, operator: Exists, values: [a]"),
			"spec.selector.matchExpressions[0].values: may only be set when operator is In or NotIn", 0},
		{EXPRESSION("key: app, operator: Is"), "spec.selector.matchExpressions[0].operator: \"Is\" is not supported", 0},
		{EXPRESSION("key: a b, operator: Exists"), "spec.selector.matchExpressions[0].key: \"a b\" is not a label's key\n"
			"spec.template.metadata.labels: the label \"a b\" should be there for the selector to match", 0},
		{EXPRESSION("key: app, operator: In, values: [a, b c]"),
			"spec.selector.matchExpressions[0].values[1]: \"b c\" is not a label's value", 0},
	};

	(void)state;
	KIND_TABLE(APPS("Deployment"), cases, "k8s/selector");
	KIND_TABLE(APPS("StatefulSet"), cases, "k8s/selector");
	KIND_TABLE(APPS("DaemonSet"), cases, "k8s/selector");
	KIND_TABLE(APPS("ReplicaSet"), cases, "k8s/selector");
}

static void checks_old_selectors(void **state)
{
	static const char head[] = "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: a}\nspec:\n";
	static const struct kind_case cases[] = {
		{TEMPLATE, "", 0},
		{"  selector: {app: a}\n" TEMPLATE, "", 0},
		{"  selector: {app: b}\n" TEMPLATE, "spec.template.metadata.labels.app: should be \"b\" for the selector to match", 0},
		{"  template: {" POD "}\n", "spec.selector: is missing, and the template has no labels to stand for it", 0},
	};

	(void)state;
	KIND_TABLE(head, cases, "k8s/selector");
}

#define BODY SELECTOR TEMPLATE

static void checks_rollouts(void **state)
{
	static const struct kind_case deployments[] = {
		{BODY "  strategy: {type: Recreate}\n", "", 0},
		{BODY "  strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}\n",
			"spec.strategy.rollingUpdate: cannot be set when type is Recreate", 0},
		{BODY "  strategy: {rollingUpdate: {maxSurge: 0}}\n", "", 0},
		{BODY "  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}\n",
			"spec.strategy.rollingUpdate.maxUnavailable: cannot be 0 when maxSurge is 0", 0},
		{BODY "  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0%, maxUnavailable: 00%}}\n",
			"spec.strategy.rollingUpdate.maxUnavailable: cannot be 0 when maxSurge is 0", 0},
		{BODY "  strategy: {rollingUpdate: {maxSurge: \"${SURGE}\", maxUnavailable: 0}}\n", "", 0},
		{BODY "  minReadySeconds: 599\n", "", 0},
		{BODY "  minReadySeconds: 600\n",
			"spec.progressDeadlineSeconds: has to be more than minReadySeconds (600), is 600 by default", 0},
		{BODY "  minReadySeconds: 10\n  progressDeadlineSeconds: 10\n",
			"spec.progressDeadlineSeconds: has to be more than minReadySeconds (10), is 10", 0},
		{BODY "  minReadySeconds: 10\n  progressDeadlineSeconds: 11\n", "", 0},
	};
	static const struct kind_case daemons[] = {
		/* the server looks only at what is used */
		{BODY "  updateStrategy: {type: OnDelete, rollingUpdate: {maxSurge: x, maxUnavailable: 0}}\n", "", 0},
		{BODY "  updateStrategy: {rollingUpdate: {maxUnavailable: 10%}}\n", "", 0},
		{BODY "  updateStrategy: {rollingUpdate: {maxUnavailable: 101%}}\n",
			"spec.updateStrategy.rollingUpdate.maxUnavailable: must not be more than 100%", 0},
		{BODY "  updateStrategy: {rollingUpdate: {maxUnavailable: -1}}\n",
			"spec.updateStrategy.rollingUpdate.maxUnavailable: must be 0 or more", 0},
		{BODY "  updateStrategy: {rollingUpdate: {maxUnavailable: some}}\n",
			"spec.updateStrategy.rollingUpdate.maxUnavailable: \"some\" is no percentage", 0},
		{BODY "  updateStrategy: {rollingUpdate: {maxUnavailable: 0}}\n",
			"spec.updateStrategy.rollingUpdate.maxUnavailable: cannot be 0 when maxSurge is 0", 0},
		{BODY "  updateStrategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}\n", "", 0},
		{BODY "  updateStrategy: {rollingUpdate: {maxSurge: 1}}\n",
			"spec.updateStrategy.rollingUpdate.maxSurge: cannot be set when maxUnavailable is not 0, which is 1 by default", 0},
		{BODY "  updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 1}}\n",
			"spec.updateStrategy.rollingUpdate.maxSurge: cannot be set when maxUnavailable is not 0", 0},
	};
	static const struct kind_case sets[] = {
		{BODY "  updateStrategy: {type: OnDelete}\n", "", 0},
		{BODY "  updateStrategy: {type: OnDelete, rollingUpdate: {partition: 1}}\n",
			"spec.updateStrategy.rollingUpdate: cannot be set when type is OnDelete", 0},
		{BODY "  updateStrategy: {rollingUpdate: {partition: 1, maxUnavailable: 50%}}\n", "", 37},
		{BODY "  updateStrategy: {rollingUpdate: {maxUnavailable: 0}}\n",
			"spec.updateStrategy.rollingUpdate.maxUnavailable: must be 1 or more", 37},
		{BODY "  updateStrategy: {rollingUpdate: {maxUnavailable: 0}}\n", "", 36},
	};

	(void)state;
	KIND_TABLE(APPS("Deployment"), deployments, "k8s/strategy");
	KIND_TABLE(APPS("DaemonSet"), daemons, "k8s/strategy");
	KIND_TABLE(APPS("StatefulSet"), sets, "k8s/strategy");
}

#define PODS(more) SELECTOR "  template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: a}]" more "}}\n"

static void checks_restarts(void **state)
{
	static const struct kind_case cases[] = {
		{PODS(", restartPolicy: Always"), "", 0},
		{PODS(", restartPolicy: Never"), "spec.template.spec.restartPolicy: has to be Always here, is Never", 0},
		{PODS(", restartPolicy: \"${POLICY}\""), "", 0},
		{PODS(", activeDeadlineSeconds: 30"), "spec.template.spec.activeDeadlineSeconds: cannot be set here", 0},
	};

	(void)state;
	KIND_TABLE(APPS("Deployment"), cases, "k8s/restart-policy");
	KIND_TABLE(APPS("StatefulSet"), cases, "k8s/restart-policy");
	KIND_TABLE(APPS("DaemonSet"), cases, "k8s/restart-policy");
	KIND_TABLE(APPS("ReplicaSet"), cases, "k8s/restart-policy");
}

#define MOUNT(names) SELECTOR "  template: {metadata: {labels: {app: a}}, spec: {hostname: a.b, containers: [{name: a, image: a, " names "}]}}\n"
#define CLAIM(name, spec) "  volumeClaimTemplates: [{metadata: {name: " name "}, spec: {" spec "}}]\n"
#define GOOD "accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}"

static void checks_claims(void **state)
{
	static const struct kind_case cases[] = {
		{MOUNT("volumeMounts: [{name: data, mountPath: /a}]") CLAIM("data", GOOD), "", 0},
		{MOUNT("volumeDevices: [{name: data, devicePath: /a}]") CLAIM("data", GOOD), "", 0},
		{MOUNT("volumeMounts: [{name: wal, mountPath: /a}]") CLAIM("data", GOOD),
			"spec.template.spec.containers[0].volumeMounts[0].name: the pod has no volume \"wal\"", 0},
		{MOUNT("volumeMounts: [{name: wal, mountPath: /a}]") CLAIM("\"${NAME}\"", GOOD), "", 0},
	};
	static const struct kind_case specs[] = {
		{MOUNT("command: [a]") CLAIM("data", "accessModes: [ReadWriteOnce]"),
			"spec.volumeClaimTemplates[0].spec.resources.requests.storage: is missing, and a claim says how much it wants", 0},
	};
	static const struct kind_case volumes[] = {
		{MOUNT("command: [a]") CLAIM("a-1", GOOD), "", 0},
		{MOUNT("command: [a]") CLAIM("\"a-${NUMBER}\"", GOOD), "", 0},
		{MOUNT("command: [a]") CLAIM("a.b", GOOD),
			"spec.volumeClaimTemplates[0].metadata.name: \"a.b\" is no DNS label, and pods get a volume of that name", 0},
		{MOUNT("command: [a]") "  volumeClaimTemplates: [{spec: {" GOOD "}}]\n",
			"spec.volumeClaimTemplates[0].metadata.name: is missing", 0},
	};
	static const struct kind_case names[] = {
		{MOUNT("command: [a]"), "spec.template.spec.hostname: \"a.b\" is no DNS label", 0},
	};

	(void)state;
	KIND_TABLE(APPS("StatefulSet"), cases, "k8s/volume-mount");
	KIND_TABLE(APPS("StatefulSet"), specs, "k8s/storage");
	KIND_TABLE(APPS("StatefulSet"), volumes, "k8s/volume");
	KIND_TABLE(APPS("Deployment"), names, "k8s/pod");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_selectors), cmocka_unit_test(checks_old_selectors), cmocka_unit_test(checks_rollouts),
		cmocka_unit_test(checks_restarts), cmocka_unit_test(checks_claims),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
