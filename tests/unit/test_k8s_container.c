/* lib/k8s/container, env, probes, resources: what containers say that cannot be. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

#define HEAD "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
#define TEMPLATE "apiVersion: v1\nkind: PodTemplate\nmetadata: {name: p}\ntemplate:\n  spec:\n"
#define C(what) "{name: a, image: a, " what "}"
#define ONE(what) "    containers: [" C(what) "]\n"
#define AT "spec.containers[0]."

static void checks_ports(void **state)
{
	static const struct kind_case cases[] = {
		{ONE("ports: [{containerPort: 80, hostPort: 80}, {containerPort: 81, hostPort: 80, protocol: UDP}, {containerPort: 82, hostPort: "
			"80, hostIP: 127.0.0.1}]"), "", 0},
		{ONE("ports: [{containerPort: 80, hostPort: 80}, {containerPort: 81, hostPort: 80, protocol: TCP}]"),
			AT "ports[1].hostPort: duplicate TCP port 80 of the host", 0},
		{"    containers: [" C("ports: [{containerPort: 80, hostPort: 80}]") ", {name: b, image: b, ports: [{containerPort: 81, hostPort: "
			"80}]}]\n", "spec.containers[1].ports[0].hostPort: duplicate TCP port 80 of the host", 0},
		/* init containers run one after the other */
		{"    containers: [" C("ports: [{containerPort: 80, hostPort: 80}]") "]\n    initContainers: [{name: b, image: b, ports: "
			"[{containerPort: 81, hostPort: 80}]}, {name: c, image: b, ports: [{containerPort: 82, hostPort: 80}]}]\n", "", 0},
		{"    hostNetwork: true\n" ONE("ports: [{containerPort: 80, hostPort: 80}, {containerPort: 81}]"), "", 0},
		{"    hostNetwork: true\n" ONE("ports: [{containerPort: 80, hostPort: 81}]"),
			AT "ports[0].hostPort: has to be the same as containerPort (80) when hostNetwork is true, is 81", 0},
		{"    hostNetwork: true\n    containers: [" C("ports: [{containerPort: 80}]") ", {name: b, image: b, ports: [{containerPort: 80}]}]\n",
			"spec.containers[1].ports[0].hostPort: duplicate TCP port 80 of the host", 0},
		{"    hostNetwork: false\n" ONE("ports: [{containerPort: 80, hostPort: 81}]"), "", 0},
	};
	static const struct kind_case names[] = {
		{ONE("ports: [{containerPort: 80, name: a}, {containerPort: 81, name: b}, {containerPort: 82}, {containerPort: 83}]"), "", 0},
		{ONE("ports: [{containerPort: 80, name: a}, {containerPort: 81, name: a}]"), AT "ports[1].name: duplicate \"a\"", 0},
	};
	static const struct kind_case overlaps[] = {
		{"    containers: [" C("ports: [{containerPort: 80, name: a}]") ", {name: b, image: b, ports: [{containerPort: 81, name: a}]}]\n",
			"spec.containers[1].ports[0].name: duplicate \"a\"", 0},
		{ONE("ports: [{containerPort: 53}, {containerPort: 53, protocol: UDP}]"), "", 0},
		{ONE("ports: [{containerPort: 53}, {containerPort: 53, protocol: TCP}]"), AT "ports[1].containerPort: duplicate 53", 0},
	};
	static const struct kind_case of_templates[] = {
		{"    hostNetwork: true\n    containers: [" C("ports: [{containerPort: 80, name: a}]") ", {name: b, image: b, ports: "
			"[{containerPort: 81}]}]\n", "", 0},
		{"    hostNetwork: true\n" ONE("ports: [{containerPort: 80, hostPort: 81}]"),
			"template.spec.containers[0].ports[0].hostPort: has to be the same as containerPort (80) when hostNetwork is true, is 81", 0},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/port");
	KIND_TABLE(HEAD, names, "k8s/duplicate-name");
	KIND_TABLE(HEAD, overlaps, "k8s/overlap");
	KIND_TABLE(TEMPLATE, of_templates, "k8s/port");
}

#define ENV(variables) ONE("env: [" variables "]")
#define FROM(source) ENV("{name: A, valueFrom: {" source "}}")

static void checks_env(void **state)
{
	static const struct kind_case cases[] = {
		{ENV("{name: A, value: b}, {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}"), "", 0},
		{ENV("{name: A, value: b, valueFrom: {secretKeyRef: {name: s, key: k}}}"),
			AT "env[0].valueFrom: cannot be set when value is not empty", 0},
		{ENV("{name: A, value: \"\", valueFrom: {secretKeyRef: {name: s, key: k}}}"), "", 0},
		{FROM("fieldRef: {fieldPath: status.podIP}"), "", 0},
		{FROM("fieldRef: {fieldPath: spec.host}"), "", 0},
		{FROM("fieldRef: {fieldPath: status.podIp}"),
			AT "env[0].valueFrom.fieldRef.fieldPath: \"status.podIp\" is no field that a variable can have", 0},
		{FROM("fieldRef: {fieldPath: metadata.labels}"),
			AT "env[0].valueFrom.fieldRef.fieldPath: \"metadata.labels\" is no field that a variable can have", 0},
		{FROM("fieldRef: {fieldPath: \"metadata.labels['app']\"}"), "", 0},
		{FROM("fieldRef: {fieldPath: \"metadata.labels['a b']\"}"),
			AT "env[0].valueFrom.fieldRef.fieldPath: \"metadata.labels['a b']\" is no field that a variable can have", 0},
		{FROM("fieldRef: {fieldPath: \"metadata.labels[app]\"}"),
			AT "env[0].valueFrom.fieldRef.fieldPath: \"metadata.labels[app]\" is no field that a variable can have", 0},
		{FROM("fieldRef: {fieldPath: \"metadata.annotations['Example.org/A']\"}"), "", 0},
		{FROM("fieldRef: {apiVersion: v2, fieldPath: metadata.name}"),
			AT "env[0].valueFrom.fieldRef.apiVersion: a pod's fields are those of v1, not of \"v2\"", 0},
		{FROM("resourceFieldRef: {resource: limits.cpu, divisor: 1m}"), "", 0},
		{FROM("resourceFieldRef: {resource: limits.cpu, divisor: \"0.001\"}"), "", 0},
		{FROM("resourceFieldRef: {resource: limits.cpu, divisor: 1Mi}"),
			AT "env[0].valueFrom.resourceFieldRef.divisor: is no unit that limits.cpu can be told in", 0},
		{FROM("resourceFieldRef: {resource: requests.memory, divisor: 1Mi}"), "", 0},
		{FROM("resourceFieldRef: {resource: requests.memory, divisor: 1m}"),
			AT "env[0].valueFrom.resourceFieldRef.divisor: is no unit that requests.memory can be told in", 0},
		{FROM("resourceFieldRef: {resource: requests.hugepages-2Mi, divisor: 1Mi}"), "", 0},
		{FROM("resourceFieldRef: {resource: limits.gpu}"),
			AT "env[0].valueFrom.resourceFieldRef.resource: \"limits.gpu\" is no resource", 0},
		{FROM("fileKeyRef: {volumeName: v, path: p, key: k}") "    volumes: [{name: v, emptyDir: {}}]\n", "", 0},
		{FROM("fileKeyRef: {volumeName: v, path: p, key: k}") "    volumes: [{name: v}]\n", "", 0},
		{FROM("fileKeyRef: {volumeName: v, path: p, key: k}") "    volumes: [{name: v, configMap: {name: c}}]\n",
			AT "env[0].valueFrom.fileKeyRef.volumeName: the volume \"v\" is no emptyDir", 0},
		{FROM("fileKeyRef: {volumeName: v, path: p, key: k}"),
			AT "env[0].valueFrom.fileKeyRef.volumeName: the pod has no volume \"v\"", 0},
		{ONE("command: [a]") "    volumes: [{name: v, downwardAPI: {items: [{path: a, fieldRef: {fieldPath: metadata.labels}}, {path: b, "
			"resourceFieldRef: {containerName: a, resource: limits.cpu}}]}}]\n", "", 0},
		{ONE("command: [a]") "    volumes: [{name: v, downwardAPI: {items: [{path: a, fieldRef: {fieldPath: spec.nodeName}}]}}]\n",
			"spec.volumes[0].downwardAPI.items[0].fieldRef.fieldPath: \"spec.nodeName\" is no field that a file can have", 0},
		{ONE("command: [a]") "    volumes: [{name: v, projected: {sources: [{downwardAPI: {items: [{path: b, resourceFieldRef: {resource: "
			"limits.cpu}}]}}]}}]\n",
			"spec.volumes[0].projected.sources[0].downwardAPI.items[0].resourceFieldRef.containerName: is missing", 0},
	};
	static const struct kind_case overlaps[] = {
		{ENV("{name: A, value: b}, {name: B, value: b}"), "", 0},
		{ENV("{name: A, value: b}, {name: A, value: c}"), AT "env[1].name: duplicate \"A\"", 0},
		{ENV("{name: A, value: b}, {name: A, value: \"$(A),c\"}"), "", 0},
		{ENV("{name: A, value: b}, {name: A, value: \"c,$(A)\"}"), "", 0},
		{ENV("{name: A, value: b}, {name: A, value: \"$(A)\"}"), AT "env[1].name: duplicate \"A\"", 0},
		{ENV("{name: A, value: b}, {name: A, value: \"$(AB),c\"}"), AT "env[1].name: duplicate \"A\"", 0},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/env");
	KIND_TABLE(HEAD, overlaps, "k8s/overlap");
}

#define PROBE "{tcpSocket: {port: 80}}"
#define INIT(what) ONE("command: [a]") "    initContainers: [{name: b, image: b, " what "}]\n"

static void checks_probes(void **state)
{
	static const struct kind_case cases[] = {
		{ONE("livenessProbe: {tcpSocket: {port: 80}, successThreshold: 1}, startupProbe: {tcpSocket: {port: 80}, successThreshold: 0}, "
			"readinessProbe: {tcpSocket: {port: 80}, successThreshold: 2}"), "", 0},
		{ONE("livenessProbe: {tcpSocket: {port: 80}, successThreshold: 2}"),
			AT "livenessProbe.successThreshold: has to be 1 here, is 2", 0},
		{ONE("startupProbe: {tcpSocket: {port: 80}, successThreshold: 3}"),
			AT "startupProbe.successThreshold: has to be 1 here, is 3", 0},
		{ONE("readinessProbe: {tcpSocket: {port: 80}, terminationGracePeriodSeconds: 5}"),
			AT "readinessProbe.terminationGracePeriodSeconds: cannot be set for a readiness probe, which ends nothing", 0},
		{ONE("livenessProbe: {tcpSocket: {port: 80}, terminationGracePeriodSeconds: 5}"), "", 0},
		{ONE("lifecycle: {preStop: {sleep: {seconds: 30}}}"), "", 0},
		{ONE("lifecycle: {preStop: {sleep: {seconds: 31}}}"),
			AT "lifecycle.preStop.sleep.seconds: sleeps 31 seconds, and the pod has 30 to end (terminationGracePeriodSeconds)", 0},
		{"    terminationGracePeriodSeconds: 60\n" ONE("lifecycle: {postStart: {sleep: {seconds: 60}}}"), "", 0},
		{"    terminationGracePeriodSeconds: -5\n" ONE("lifecycle: {postStart: {sleep: {seconds: 2}}}"),
			"spec.terminationGracePeriodSeconds: is -5, which is taken for 1\n"
			AT "lifecycle.postStart.sleep.seconds: sleeps 2 seconds, and the pod has 1 to end (terminationGracePeriodSeconds)", 0},
		{INIT("lifecycle: {preStop: {exec: {command: [a]}}}, livenessProbe: " PROBE ", readinessProbe: " PROBE),
			"spec.initContainers[0].lifecycle: cannot be set for an init container that is no sidecar\n"
			"spec.initContainers[0].livenessProbe: cannot be set for an init container that is no sidecar\n"
			"spec.initContainers[0].readinessProbe: cannot be set for an init container that is no sidecar", 0},
		{INIT("restartPolicy: Always, livenessProbe: " PROBE ", startupProbe: " PROBE), "", 0},
		{INIT("restartPolicy: OnFailure, startupProbe: " PROBE),
			"spec.initContainers[0].startupProbe: cannot be set for an init container that is no sidecar", 0},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/probe", "k8s/doubtful");
}

#define RULES "restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [1]}}]"
#define RESIZE "resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}]"

static void checks_restarts(void **state)
{
	static const struct kind_case cases[] = {
		{ONE("restartPolicy: Never, " RULES), "", 0},
		{ONE(RULES), AT "restartPolicy: is missing, and restartPolicyRules needs it", 0},
		{ONE(RESIZE), "", 0},
		{"    restartPolicy: Never\n" ONE(RESIZE),
			AT "resizePolicy[0].restartPolicy: RestartContainer cannot be when the pod's restartPolicy is Never", 0},
		{INIT(RESIZE), "spec.initContainers[0].resizePolicy[0].restartPolicy: RestartContainer cannot be for an init container that is no "
			"sidecar", 36},
		{INIT(RESIZE), "", 35},
		{INIT("restartPolicy: Always, " RESIZE), "", 0},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/restart-policy");
}

#define R(resources) ONE("resources: {" resources "}")

static void checks_resources(void **state)
{
	static const struct kind_case cases[] = {
		{R("requests: {cpu: 100m, memory: 1Gi, ephemeral-storage: 1Gi}, limits: {cpu: 1, memory: 1024Mi}"), "", 0},
		{R("requests: {cpu: 2}, limits: {cpu: 1500m}"),
			AT "resources.requests.cpu: is \"2\", more than the limit of \"1500m\"", 0},
		{R("requests: {cpu: 0x10}, limits: {cpu: 16}"), "", 0},
		{R("requests: {cpu: 1}, limits: {cpu: null}"), AT "resources.requests.cpu: is \"1\", and the limit is null, which is 0", 0},
		{R("requests: {cpu: 0}, limits: {cpu: null}"), "", 0},
		{R("requests: {cpu: null}, limits: {cpu: 1}"), "", 0},
		{R("requests: {cpu: 0.0001}, limits: {cpu: 1m}"), "", 0},
		{R("requests: {cpu: -1}"), AT "resources.requests.cpu: must be 0 or more, is \"-1\"", 0},
		{R("requests: {cpu: \"${CPU}\"}, limits: {cpu: 1}"), "", 0},
		{R("limits: {storage: 1Gi}"), AT "resources.limits.storage: is no resource that a container can ask for", 0},
		{R("limits: {example.com/gpu: 1}, requests: {example.com/gpu: 1}"), "", 0},
		{R("limits: {example.com/gpu: 2}, requests: {example.com/gpu: 1}"),
			AT "resources.requests[\"example.com/gpu\"]: has to be equal to the limit of \"2\", is \"1\"", 0},
		{R("requests: {example.com/gpu: 1}"),
			AT "resources.limits[\"example.com/gpu\"]: is missing, and \"example.com/gpu\" needs a limit where it is requested", 0},
		{R("limits: {example.com/gpu: 500m}"),
			AT "resources.limits[\"example.com/gpu\"]: \"500m\" is no whole number, and \"example.com/gpu\" comes in whole ones only", 0},
		{R("limits: {requests.example.com/gpu: 1}"),
			AT "resources.limits[\"requests.example.com/gpu\"]: is no resource that a container can ask for", 0},
		{R("limits: {kubernetes.io/batch-cpu: 500m}"), "", 0},
		{R("limits: {\"a b\": 1}"), AT "resources.limits[\"a b\"]: is no resource that a container can ask for", 0},
		{R("limits: {hugepages-2Mi: 4Mi, cpu: 1}, requests: {hugepages-2Mi: 4096Ki}"), "", 0},
		{R("limits: {hugepages-2Mi: 3Mi, cpu: 1}"), AT "resources.limits[\"hugepages-2Mi\"]: \"3Mi\" is no multiple of the page's size", 0},
		{R("limits: {hugepages-2Mi: 4Mi}"), AT "resources: huge pages cannot be asked for without cpu or memory", 0},
		{R("limits: {hugepages-2Mi: 4Mi, cpu: 1}, requests: {hugepages-2Mi: 2Mi}"),
			AT "resources.requests[\"hugepages-2Mi\"]: has to be equal to the limit of \"4Mi\", is \"2Mi\"", 0},
		{"    resourceClaims: [{name: g, resourceClaimName: g}]\n" R("claims: [{name: g}]"), "", 0},
		{R("claims: [{name: g}]"), AT "resources.claims[0].name: the pod has no resource claim \"g\"", 0},
		{"    resourceClaims: [{name: g, resourceClaimName: g}]\n" R("claims: [{name: g, request: a}, {name: g, request: b}]"), "", 0},
		{"    resourceClaims: [{name: g, resourceClaimName: g}]\n" R("claims: [{name: g, request: a}, {name: g, request: a}]"),
			AT "resources.claims[1].name: duplicate \"g\"", 0},
		{"    resourceClaims: [{name: g, resourceClaimName: g}]\n" R("claims: [{name: g, request: a}, {name: g}]"),
			AT "resources.claims[1].name: duplicate \"g\"", 0},
		{"    resourceClaims: [{name: g, resourceClaimName: g}]\n" R("claims: [{name: g}, {name: g, request: a}]"),
			AT "resources.claims[1].name: duplicate \"g\"", 0},
		{"    overhead: {cpu: 100m, disk: 1}\n" R("limits: {cpu: 1}"), "spec.overhead.disk: is no resource that a container can ask for", 0},
	};
	static const struct kind_case doubtful[] = {
		{R("limits: {memory: 512m, ephemeral-storage: 1.5, cpu: 512m}"),
			AT "resources.limits.memory: \"512m\" is no whole number of bytes\n"
			AT "resources.limits[\"ephemeral-storage\"]: \"1.5\" is no whole number of bytes", 0},
		{R("limits: {memory: 0.5Gi, ephemeral-storage: 1e3}"), "", 0},
		{ONE("ports: [{containerPort: 80, hostIP: 127.0.0.1}]"), AT "ports[0].hostIP: says nothing without hostPort", 0},
		{ONE("ports: [{containerPort: 80, hostIP: 127.0.0.1, hostPort: 80}]"), "", 0},
	};
	static const struct kind_case of_pods[] = {
		{"    resources: {requests: {cpu: 1}, limits: {cpu: 2}}\n" R("requests: {cpu: 1}, limits: {cpu: 2}"), "", 0},
		{"    resources: {requests: {cpu: 1}}\n    containers: [" C("resources: {requests: {cpu: 600m}}") ", {name: b, image: b, resources: "
			"{requests: {cpu: 600m}}}]\n", "spec.resources.requests.cpu: is \"1\", less than the containers request together", 0},
		{"    resources: {requests: {cpu: 1200m}}\n    containers: [" C("resources: {requests: {cpu: 600m}}") ", {name: b, image: b, "
			"resources: {requests: {cpu: 600m}}}]\n", "", 0},
		{"    resources: {limits: {memory: 1Gi}}\n" R("limits: {memory: 2Gi}"),
			AT "resources.limits.memory: is \"2Gi\", more than the pod's limit of \"1Gi\"", 0},
		{"    resources: {limits: {example.com/gpu: 1}}\n" ONE("command: [a]"),
			"spec.resources.limits[\"example.com/gpu\"]: is no resource that a pod can ask for", 0},
		{"    resources: {claims: []}\n" ONE("command: [a]"), "spec.resources.claims: cannot be set for the pod as a whole", 0},
		{"    resources: {limits: {hugepages-2Mi: 2Mi}}\n" R("limits: {cpu: 1}"), "", 0},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/resources");
	KIND_TABLE(HEAD, of_pods, "k8s/resources");
	KIND_TABLE(HEAD, doubtful, "k8s/doubtful");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_ports), cmocka_unit_test(checks_env), cmocka_unit_test(checks_probes),
		cmocka_unit_test(checks_restarts), cmocka_unit_test(checks_resources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
