/* lib/k8s/cluster_objects: small kinds. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

static void checks_namespaces(void **state)
{
	static const struct kind_case cases[] = {
		{"apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {pod-security.kubernetes.io/enforce: baseline, "
			"pod-security.kubernetes.io/enforce-version: latest}}\n",
			"", 0},
		{"apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {pod-security.kubernetes.io/enforce: strict}}\n",
			"metadata.labels[\"pod-security.kubernetes.io/enforce\"]: \"strict\" is not supported", 0},
		{"apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {pod-security.kubernetes.io/warn-version: 1.30}}\n",
			"", 0},
		{"apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {pod-security.kubernetes.io/audit-version: "
			"v1.30}}\n",
			"", 0},
		{"apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {pod-security.kubernetes.io/audit-version: v1.x}}\n",
			"metadata.labels[\"pod-security.kubernetes.io/audit-version\"]: \"v1.x\" is not a version of Kubernetes", 0},
		{"apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\nspec: {finalizers: [kubernetes, example.com/a, own, a "
			"b]}\n",
			"spec.finalizers[2]: \"own\" is not a finalizer's name\nspec.finalizers[3]: \"a b\" is not a finalizer's name", 0},
	};

	(void)state;
	KIND_TABLE("", cases, "k8s/cluster");
}

static void checks_priority_classes(void **state)
{
	static const struct kind_case cases[] = {
		{"apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: a}\nvalue: 1000000000\n", "", 0},
		{"apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: a}\nvalue: 1000000001\n",
			"value: must not be greater than 1000000000, is 1000000001", 0},
		{"apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: a}\nvalue: -5\n", "", 0},
		{"apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: system-a}\nvalue: 5\n",
			"metadata.name: names that begin with system- are Kubernetes' own", 0},
		{"apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: system-node-critical}\nvalue: "
			"2000001000\n",
			"", 0},
		{"apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: system-node-critical}\nvalue: "
			"2000001001\n",
			"metadata.name: names that begin with system- are Kubernetes' own", 0},
	};

	(void)state;
	KIND_TABLE("", cases, "k8s/cluster");
}

static void checks_nodes(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {taints: [{key: a, effect: NoSchedule}, {key: a, effect: NoExecute}]}\n", "", 0},
		{"spec: {taints: [{key: a, effect: NoSchedule}, {key: a, effect: NoSchedule, value: b}]}\n",
			"spec.taints[1]: duplicate", 0},
		{"spec: {podCIDRs: [10.0.0.0/24, \"fd00::/64\"]}\n", "", 0},
		{"spec: {podCIDRs: [10.0.0.0/24, 10.0.1.0/24]}\n", "spec.podCIDRs: may have one block of each IP family", 0},
		{"spec: {podCIDRs: [10.0.0.0/24, \"fd00::/64\", 10.0.1.0/24]}\n",
			"spec.podCIDRs: may have one block of each IP family", 0},
		{"spec: {podCIDRs: [10.0.0.0]}\n", "spec.podCIDRs[0]: \"10.0.0.0\" is not a block of IP addresses", 0},
		{"spec: {podCIDR: 10.0.0.0/24, podCIDRs: [x]}\n", "", 0},
		{"spec: {podCIDR: x, podCIDRs: [x]}\n", "spec.podCIDRs[0]: \"x\" is not a block of IP addresses", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: Node\nmetadata: {name: a}\n", cases, "k8s/cluster");
}

static void checks_runtime_classes(void **state)
{
	static const struct kind_case cases[] = {
		{"overhead: {podFixed: {cpu: 1, example.com/a: 1, hugepages-2Mi: 2Mi}}\nscheduling: {nodeSelector: {a: b}, "
			"tolerations: [{key: a, operator: Exists}, {key: b, operator: Exists}]}\n",
			"", 0},
		{"overhead: {podFixed: {disk space: 1, pods: 1}}\nscheduling: {nodeSelector: {a: b!}, tolerations: [{key: a, "
			"operator: Exists}, {key: a, operator: Exists}]}\n",
			"overhead.podFixed[\"disk space\"]: is not a resource that containers have\noverhead.podFixed.pods: is not a "
			"resource that containers have\nscheduling.nodeSelector.a: \"b!\" is not a label's "
			"value\nscheduling.tolerations[1]: duplicate", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: a}\nhandler: a\n", cases, "k8s/cluster");
}

static void checks_leases(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {strategy: OldestEmulationVersion, preferredHolder: b}\n", "", 0},
		{"spec: {preferredHolder: b}\n", "spec.preferredHolder: may only be set when there is a strategy", 0},
		{"spec: {strategy: Newest}\n", "spec.strategy: \"Newest\" is not supported", 0},
		{"spec: {strategy: example.com/newest}\n", "", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: a}\n", cases, "k8s/cluster");
}

static void checks_events(void **state)
{
	static const struct kind_case cases[] = {
		{"apiVersion: v1\nkind: Event\nmetadata: {name: a, namespace: b}\ninvolvedObject: {namespace: b, name: x}\n",
			"", 0},
		{"apiVersion: v1\nkind: Event\nmetadata: {name: a, namespace: b}\ninvolvedObject: {namespace: c, name: x}\n",
			"involvedObject.namespace: must be the event's namespace, \"b\"", 0},
		{"apiVersion: v1\nkind: Event\nmetadata: {name: a, namespace: b}\ninvolvedObject: {name: x}\n",
			"involvedObject.namespace: must be the event's namespace, \"b\"", 0},
		{"apiVersion: v1\nkind: Event\nmetadata: {name: a, namespace: default}\ninvolvedObject: {name: x}\n", "", 0},
		{"apiVersion: v1\nkind: Event\nmetadata: {name: a}\ninvolvedObject: {namespace: c, name: x}\n", "", 0},
		{"apiVersion: v1\nkind: Event\nmetadata: {name: a, namespace: b}\nmessage: a\n",
			"involvedObject.namespace: must be the event's namespace, \"b\"", 0},
		{"apiVersion: v1\nkind: Event\nmetadata: {name: a, namespace: default}\nmessage: a\n", "", 0},
		{"apiVersion: v1\nkind: Event\nmetadata: {name: a, namespace: b}\ninvolvedObject: {namespace: b}\neventTime: "
			"\"2026-01-01T00:00:00.000000Z\"\n",
			"action: is missing\nreason: is missing\nreportingComponent: is missing\nreportingInstance: is missing", 0},
		{"apiVersion: v1\nkind: Event\nmetadata: {name: a, namespace: b}\ninvolvedObject: {namespace: b}\neventTime: "
			"\"2026-01-01T00:00:00.000000Z\"\nreportingComponent: a.b/c\nreportingInstance: a\naction: a\nreason: "
			"rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
			"rrrrrrrrrrrrrrrrrr\n",
			"reason: has 129 bytes, and 128 are the most", 0},
		{"apiVersion: events.k8s.io/v1\nkind: Event\nmetadata: {name: a, namespace: b}\neventTime: "
			"\"2026-01-01T00:00:00.000000Z\"\nregarding: {namespace: b}\nreportingController: a.b/c\nreportingInstance: "
			"a\naction: a\nreason: a\ntype: Normal\n",
			"", 0},
		{"apiVersion: events.k8s.io/v1\nkind: Event\nmetadata: {name: a, namespace: b}\neventTime: "
			"\"2026-01-01T00:00:00.000000Z\"\nregarding: {namespace: b}\nreportingController: a.b/c\nreportingInstance: "
			"a\naction: a\nreason: a\ntype: Other\ndeprecatedCount: 3\n",
			"type: \"Other\" is not supported\ndeprecatedCount: must not be set in events.k8s.io/v1", 0},
	};

	(void)state;
	KIND_TABLE("", cases, "k8s/cluster");
}

static void checks_certificate_requests(void **state)
{
	static const struct kind_case cases[] = {
		{"apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: a}\nspec: {request: "
			"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KeAotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K, signerName: "
			"kubernetes.io/kube-apiserver-client, usages: [client auth]}\n",
			"", 0},
		{"apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: a}\nspec: {request: eA==, "
			"signerName: a.b/c, usages: [client auth]}\n",
			"spec.request: is not the base64 of a certificate request in PEM", 0},
		{"apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: a}\nspec: {request: "
			"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KeAotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K, signerName: "
			"a/c, usages: [client auth]}\n",
			"spec.signerName: \"a/c\" is not a DNS name with a dot, a slash and a name", 0},
		{"apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: a}\nspec: {request: "
			"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KeAotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K, signerName: "
			"kubernetes.io/legacy-unknown, usages: [client auth, client auth]}\n",
			"spec.signerName: is not taken any more\nspec.usages[1]: duplicate \"client auth\"", 0},
		{"apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: a}\nspec: {request: "
			"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KeAotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K, signerName: "
			"a.b/c}\n",
			"spec.usages: is missing", 0},
		{"apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: a}\nspec: {request: "
			"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KeAotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K, signerName: "
			"a.b/c/d, usages: [any]}\n",
			"spec.signerName: \"a.b/c/d\" is not a DNS name with a dot, a slash and a name", 0},
	};

	(void)state;
	KIND_TABLE("", cases, "k8s/cluster");
}

static void checks_trust_bundles(void **state)
{
	static const struct kind_case cases[] = {
		{"apiVersion: certificates.k8s.io/v1beta1\nkind: ClusterTrustBundle\nmetadata: {name: \"a:b:c\"}\nspec: "
			"{signerName: a/b, trustBundle: \"-----BEGIN CERTIFICATE-----\"}\n",
			"spec.signerName: \"a/b\" is not a DNS name with a dot, a slash and a name", 0},
		{"apiVersion: certificates.k8s.io/v1beta1\nkind: ClusterTrustBundle\nmetadata: {name: \"a.x:b:c\"}\nspec: "
			"{signerName: a.x/b, trustBundle: \"-----BEGIN CERTIFICATE-----\"}\n",
			"", 0},
		{"apiVersion: certificates.k8s.io/v1beta1\nkind: ClusterTrustBundle\nmetadata: {name: \"c\"}\nspec: {signerName: "
			"a.x/b, trustBundle: \"-----BEGIN CERTIFICATE-----\"}\n",
			"metadata.name: must begin with \"a.x:b:\", as spec.signerName says", 0},
		{"apiVersion: certificates.k8s.io/v1beta1\nkind: ClusterTrustBundle\nmetadata: {name: \"c\"}\nspec: {trustBundle: "
			"\"-----BEGIN CERTIFICATE-----\"}\n",
			"", 0},
		{"apiVersion: certificates.k8s.io/v1beta1\nkind: ClusterTrustBundle\nmetadata: {name: \"c:d\"}\nspec: "
			"{trustBundle: \"-----BEGIN CERTIFICATE-----\"}\n",
			"metadata.name: may have \":\" only for the bundle of a signer", 0},
		{"apiVersion: certificates.k8s.io/v1beta1\nkind: ClusterTrustBundle\nmetadata: {name: \"c\"}\nspec: {trustBundle: "
			"x}\n",
			"spec.trustBundle: has no certificate in PEM", 0},
	};

	(void)state;
	KIND_TABLE("", cases, "k8s/cluster");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_namespaces),
		cmocka_unit_test(checks_priority_classes),
		cmocka_unit_test(checks_nodes),
		cmocka_unit_test(checks_runtime_classes),
		cmocka_unit_test(checks_leases),
		cmocka_unit_test(checks_events),
		cmocka_unit_test(checks_certificate_requests),
		cmocka_unit_test(checks_trust_bundles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
