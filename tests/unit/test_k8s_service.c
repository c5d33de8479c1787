/* lib/k8s/service, endpoints: what the API server refuses, and what is next to it. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

static void checks_ports(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {ports: [{port: 80}]}\n", "", 0},
		{"spec: {selector: {app: web}}\n",
			"spec.ports: is missing; only a Service without an address of its own may have no ports", 0},
		{"spec: {}\n", "spec.ports: is missing; only a Service without an address of its own may have no ports", 0},
		{"spec: {ports: []}\n",
			"spec.ports: is missing; only a Service without an address of its own may have no ports", 0},
		{"spec: {clusterIP: None}\n", "", 0},
		{"spec: {type: ExternalName, externalName: db.example.com}\n", "", 0},
		{"spec: {type: \"${TYPE}\"}\n", "", 0},
		{"spec: {ports: [{port: 80, name: a}, {port: 81}]}\n",
			"spec.ports[1].name: is missing, and a Service with several ports tells them apart by name", 0},
		{"spec: {ports: [{port: 80, name: a}, {port: 81, name: b}]}\n", "", 0},
		{"spec: {ports: [{port: 80, name: a}, {port: 81, name: a}]}\n", "spec.ports[1].name: duplicate \"a\"", 0},
		{"spec: {ports: [{port: 80, name: a}, {port: 81, name: \"${NAME}\"}]}\n", "", 0},
		{"spec: {ports: [{port: 53, name: a}, {port: 53, name: b, protocol: TCP}]}\n",
			"spec.ports[1]: duplicate: port 53 of protocol TCP stands twice", 0},
		{"spec: {ports: [{port: 53, name: a}, {port: 53, name: b, protocol: UDP}]}\n", "", 0},
		{"spec: {ports: [{port: 80, targetPort: 0}]}\n", "", 0},
		{"spec: {ports: [{port: 80, targetPort: \"\"}]}\n", "", 0},
		{"spec: {ports: [{port: 80, targetPort: http}]}\n", "", 0},
		{"spec: {ports: [{port: 80, targetPort: \"8080\"}]}\n",
			"spec.ports[0].targetPort: \"8080\" is neither a number nor a port's name", 0},
		{"spec: {ports: [{port: 80, targetPort: 65535}]}\n", "", 0},
		{"spec: {ports: [{port: 80, targetPort: 65536}]}\n",
			"spec.ports[0].targetPort: must be from 1 to 65535, is 65536", 0},
		{"spec: {ports: [{port: 80, targetPort: -1}]}\n", "spec.ports[0].targetPort: must be from 1 to 65535, is -1", 0},
		{"spec: {ports: [{port: 80, targetPort: http_port}]}\n",
			"spec.ports[0].targetPort: \"http_port\" is not a port's name", 0},
		{"spec: {ports: [{port: 80, targetPort: sixteen-letters-}]}\n",
			"spec.ports[0].targetPort: \"sixteen-letters-\" is not a port's name", 0},
		{"spec: {type: NodePort, ports: [{port: 80, nodePort: 30000}]}\n", "", 0},
		{"spec: {type: NodePort, ports: [{port: 80, nodePort: 32767}]}\n", "", 0},
		{"spec: {type: NodePort, ports: [{port: 80, nodePort: 32768}]}\n",
			"spec.ports[0].nodePort: must be from 30000 to 32767, is 32768", 0},
		{"spec: {type: NodePort, ports: [{port: 80, nodePort: 0}]}\n", "", 0},
		{"spec: {ports: [{port: 80, nodePort: 30080}]}\n",
			"spec.ports[0].nodePort: may not be used when type is ClusterIP", 0},
		{"spec: {type: NodePort, ports: [{name: a, port: 80, nodePort: 30080}, {name: b, port: 81, nodePort: 30080}]}\n",
			"spec.ports[1].nodePort: duplicate 30080", 0},
		{"spec: {type: NodePort, ports: [{name: a, port: 80, nodePort: 30080}, {name: b, port: 81, nodePort: 30080, "
			"protocol: UDP}]}\n",
			"", 0},
		{"", "spec.ports: is missing; only a Service without an address of its own may have no ports", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: Service\nmetadata: {name: web}\n", cases, "k8s/service", "k8s/node-port-range");
}

static void checks_what_types_may_have(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {ports: [{port: 80}], externalTrafficPolicy: Local}\n",
			"spec.externalTrafficPolicy: may only be set when traffic comes from outside: type NodePort or LoadBalancer, or "
			"externalIPs", 0},
		{"spec: {ports: [{port: 80}], type: NodePort, externalTrafficPolicy: Local}\n", "", 0},
		{"spec: {ports: [{port: 80}], externalIPs: [10.1.1.1], externalTrafficPolicy: Local}\n", "", 0},
		{"spec: {ports: [{port: 80}], allocateLoadBalancerNodePorts: false}\n",
			"spec.allocateLoadBalancerNodePorts: may only be set when type is LoadBalancer", 0},
		{"spec: {ports: [{port: 80}], type: LoadBalancer, allocateLoadBalancerNodePorts: false, loadBalancerClass: a/b}\n",
			"", 0},
		{"spec: {ports: [{port: 80}], loadBalancerClass: a/b}\n",
			"spec.loadBalancerClass: may only be set when type is LoadBalancer", 0},
		{"spec: {ports: [{port: 80}], type: LoadBalancer, healthCheckNodePort: 31000}\n",
			"spec.healthCheckNodePort: may only be set when type is LoadBalancer and externalTrafficPolicy is Local", 0},
		{"spec: {ports: [{port: 80}], type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 31000}\n",
			"", 0},
		{"spec: {ports: [{port: 80}], healthCheckNodePort: 0}\n", "", 0},
		{"spec: {ports: [{port: 80}], sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: "
			"86400}}}\n",
			"", 0},
		{"spec: {ports: [{port: 80}], sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: "
			"86401}}}\n",
			"spec.sessionAffinityConfig.clientIP.timeoutSeconds: must be from 1 to 86400, is 86401", 0},
		{"spec: {ports: [{port: 80}], sessionAffinity: None, sessionAffinityConfig: {clientIP: {timeoutSeconds: 86401}}}\n",
			"", 0},
		{"spec: {ports: [{port: 80}], selector: {app: web/1}}\n",
			"spec.selector.app: \"web/1\" is not a label's value", 0},
		{"spec: {ports: [{port: 80}], selector: {\"app one\": web}}\n",
			"spec.selector[\"app one\"]: is not a label's key", 0},
		{"spec: {ports: [{port: 80}], selector: {app.kubernetes.io/name: web_1}}\n", "", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: Service\nmetadata: {name: web}\n", cases, "k8s/service");
}

static void checks_external_names(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {type: ExternalName}\n",
			"spec.externalName: is missing, and a Service of type ExternalName is nothing else", 0},
		{"spec: {type: ExternalName, externalName: db.example.com.}\n", "", 0},
		{"spec: {type: ExternalName, externalName: .}\n",
			"spec.externalName: is missing, and a Service of type ExternalName is nothing else", 0},
		{"spec: {type: ExternalName, externalName: https://db}\n",
			"spec.externalName: \"https://db\" is not a DNS name", 0},
		{"spec: {type: ExternalName, externalName: db, clusterIP: None}\n",
			"spec.clusterIP: may not be set when type is ExternalName", 0},
		{"spec: {type: ExternalName, externalName: db, clusterIP: \"\"}\n", "", 0},
		{"spec: {type: ExternalName, externalName: db, ipFamilies: [IPv4], ipFamilyPolicy: SingleStack}\n",
			"spec.ipFamilies: may not be set when type is ExternalName\nspec.ipFamilyPolicy: may not be set when type is "
			"ExternalName", 0},
		{"spec: {type: ExternalName, externalName: \"${HOST}\"}\n", "", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: Service\nmetadata: {name: web}\n", cases, "k8s/service");
}

static void checks_addresses(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {ports: [{port: 80}], clusterIP: 10.0.0.1}\n", "", 0},
		{"spec: {ports: [{port: 80}], clusterIP: 10.0.0}\n", "spec.clusterIP: \"10.0.0\" is not an IP address", 0},
		{"spec: {ports: [{port: 80}], clusterIP: none}\n", "spec.clusterIP: \"none\" is not an IP address", 0},
		{"spec: {ports: [{port: 80}], clusterIP: 010.0.0.1}\n",
			"spec.clusterIP: \"010.0.0.1\" has a number with a leading zero", 0},
		{"spec: {ports: [{port: 80}], clusterIP: 010.0.0.1}\n", "", 35},
		{"spec: {ports: [{port: 80}], clusterIP: \"::ffff:10.0.0.1\"}\n",
			"spec.clusterIP: \"::ffff:10.0.0.1\" is an IPv4 address written as IPv6", 0},
		{"spec: {ports: [{port: 80}], clusterIP: \"::ffff:10.0.0.1\"}\n", "", 35},
		{"spec: {ports: [{port: 80}], clusterIP: \"fd00::1\"}\n", "", 0},
		{"spec: {ports: [{port: 80}], clusterIPs: [10.0.0.1]}\n",
			"spec.clusterIPs: must be empty when clusterIP is not set", 0},
		{"spec: {ports: [{port: 80}], clusterIP: 10.0.0.2, clusterIPs: [10.0.0.1]}\n",
			"spec.clusterIPs: its first, \"10.0.0.1\", is not clusterIP, \"10.0.0.2\"", 0},
		{"spec: {ports: [{port: 80}], clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1]}\n", "", 0},
		{"spec: {ports: [{port: 80}], clusterIP: None, clusterIPs: [None, 10.0.0.1]}\n",
			"spec.clusterIPs: \"None\" must be the only one", 0},
		{"spec: {ports: [{port: 80}], clusterIP: None, clusterIPs: [None]}\n", "", 0},
		{"spec: {ports: [{port: 80}], ipFamilyPolicy: PreferDualStack, clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, "
			"\"fd00::1\"]}\n",
			"", 0},
		{"spec: {ports: [{port: 80}], ipFamilyPolicy: PreferDualStack, clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, "
			"10.0.0.2]}\n",
			"spec.clusterIPs: has two addresses of one family, IPv4", 0},
		{"spec: {ports: [{port: 80}], ipFamilyPolicy: PreferDualStack, clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, "
			"\"fd00::1\", 10.0.0.3]}\n",
			"spec.clusterIPs: may have two addresses at most", 0},
		{"spec: {ports: [{port: 80}], clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, \"fd00::1\"]}\n",
			"spec.ipFamilyPolicy: is SingleStack when it is not set, and clusterIPs has two", 0},
		{"spec: {ports: [{port: 80}], clusterIP: 10.0.0.1, ipFamilies: [IPv6]}\n",
			"spec.clusterIP: is an IPv4 address, and ipFamilies[0] says IPv6", 0},
		{"spec: {ports: [{port: 80}], clusterIP: 10.0.0.1, ipFamilies: [IPv4]}\n", "", 0},
		{"spec: {ports: [{port: 80}], ipFamilies: [IPv4, IPv6]}\n",
			"spec.ipFamilyPolicy: is SingleStack when it is not set, and ipFamilies has two", 0},
		{"spec: {ports: [{port: 80}], ipFamilies: [IPv4, IPv6], ipFamilyPolicy: RequireDualStack}\n", "", 0},
		{"spec: {ports: [{port: 80}], ipFamilies: [IPv4, IPv4], ipFamilyPolicy: RequireDualStack}\n",
			"spec.ipFamilies[1]: duplicate \"IPv4\"", 0},
		{"spec: {ports: [{port: 80}], clusterIP: None, ipFamilies: [IPv4, IPv6]}\n", "", 0},
		{"spec: {ports: [{port: 80}], clusterIP: None, selector: {app: web}, ipFamilies: [IPv4, IPv6]}\n",
			"spec.ipFamilyPolicy: is SingleStack when it is not set, and ipFamilies has two", 0},
		{"spec: {ports: [{port: 80}], clusterIP: None, type: NodePort}\n",
			"spec.clusterIP: may not be \"None\" when type is NodePort", 0},
		{"spec: {ports: [{port: 80}], clusterIP: None, type: LoadBalancer}\n",
			"spec.clusterIP: may not be \"None\" when type is LoadBalancer", 0},
		{"spec: {ports: [{port: 80}], externalIPs: [10.1.1.1, 127.0.0.1, 0.0.0.0, 169.254.1.1, 224.0.0.1, \"::\", "
			"\"::1\", \"fe80::1\", \"ff02::1\", \"fd00::1\", x, 225.0.0.1]}\n",
			"spec.externalIPs[1]: \"127.0.0.1\" is a loopback address\nspec.externalIPs[2]: \"0.0.0.0\" is the unspecified "
			"address\nspec.externalIPs[3]: \"169.254.1.1\" is a link-local address\nspec.externalIPs[4]: \"224.0.0.1\" is a "
			"link-local multicast address\nspec.externalIPs[5]: \"::\" is the unspecified address\nspec.externalIPs[6]: "
			"\"::1\" is a loopback address\nspec.externalIPs[7]: \"fe80::1\" is a link-local address\nspec.externalIPs[8]: "
			"\"ff02::1\" is a link-local multicast address\nspec.externalIPs[10]: \"x\" is not an IP address", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: Service\nmetadata: {name: web}\n", cases, "k8s/service");
}

static void checks_source_ranges(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {ports: [{port: 80}], type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8, \" 10.1.0.0/16 \", "
			"\"fd00::/8\"]}\n",
			"", 0},
		{"spec: {ports: [{port: 80}], loadBalancerSourceRanges: [10.0.0.0/8]}\n",
			"spec.loadBalancerSourceRanges: may only be set when type is LoadBalancer", 0},
		{"spec: {ports: [{port: 80}], type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/33, 10.0.0.0, 10.1.2.3/8, "
			"10.0.0.0/08]}\n",
			"spec.loadBalancerSourceRanges[0]: \"10.0.0.0/33\" is not a block of IP "
			"addresses\nspec.loadBalancerSourceRanges[1]: \"10.0.0.0\" is not a block of IP "
			"addresses\nspec.loadBalancerSourceRanges[2]: \"10.1.2.3/8\" has bits set beyond its "
			"prefix\nspec.loadBalancerSourceRanges[3]: \"10.0.0.0/08\" has a number with a leading zero", 0},
		{"spec: {ports: [{port: 80}], type: LoadBalancer, loadBalancerSourceRanges: [10.1.2.3/8, 10.0.0.0/08]}\n",
			"", 35},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: Service\nmetadata: {name: web}\n", cases, "k8s/service");
}

static void checks_annotations(void **state)
{
	static const struct kind_case cases[] = {
		{"metadata: {name: web, annotations: {service.beta.kubernetes.io/load-balancer-source-ranges: \"10.0.0.0/8, "
			"11.0.0.0/8\"}}\nspec: {ports: [{port: 80}], type: LoadBalancer}\n",
			"", 0},
		{"metadata: {name: web, annotations: {service.beta.kubernetes.io/load-balancer-source-ranges: "
			"\"10.0.0.0/8,11.0.0.0\"}}\nspec: {ports: [{port: 80}], type: LoadBalancer}\n",
			"metadata.annotations[\"service.beta.kubernetes.io/load-balancer-source-ranges\"]: \"11.0.0.0\" is not a block "
			"of IP addresses", 0},
		{"metadata: {name: web, annotations: {service.beta.kubernetes.io/load-balancer-source-ranges: \" \"}}\nspec: "
			"{ports: [{port: 80}], type: LoadBalancer}\n",
			"", 0},
		{"metadata: {name: web, annotations: {service.beta.kubernetes.io/load-balancer-source-ranges: 10.0.0.0/8}}\nspec: "
			"{ports: [{port: 80}]}\n",
			"metadata.annotations[\"service.beta.kubernetes.io/load-balancer-source-ranges\"]: may only be set when type is "
			"LoadBalancer", 0},
		{"metadata: {name: web, annotations: {service.kubernetes.io/topology-mode: Auto, "
			"service.kubernetes.io/topology-aware-hints: auto}}\nspec: {ports: [{port: 80}]}\n",
			"metadata.annotations[\"service.kubernetes.io/topology-mode\"]: must match the annotation "
			"\"service.kubernetes.io/topology-aware-hints\" when both are there", 0},
		{"metadata: {name: web, annotations: {service.kubernetes.io/topology-mode: Auto, "
			"service.kubernetes.io/topology-aware-hints: Auto}}\nspec: {ports: [{port: 80}]}\n",
			"", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: Service\n", cases, "k8s/service");
}

static void checks_names(void **state)
{
	static const struct kind_case cases[] = {
		{"metadata: {name: 1web}\nspec: {ports: [{port: 80}]}\n", "", 0},
		{"metadata: {name: 1web}\nspec: {ports: [{port: 80}]}\n",
			"metadata.name \"1web\" is not a DNS label: it begins with \"1\" (allowed: a-z, 0-9 and \"-\", a letter first)", 35},
		{"metadata: {name: web.1}\nspec: {ports: [{port: 80}]}\n",
			"metadata.name \"web.1\" is not a DNS label: \".\" is not allowed (allowed: a-z, 0-9 and \"-\")", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: Service\n", cases, "k8s/name");
}

static void checks_endpoints(void **state)
{
	static const struct kind_case cases[] = {
		{"subsets: [{addresses: [{ip: 10.0.0.1}], ports: [{port: 80}]}]\n", "", 0},
		{"subsets: [{ports: [{port: 80}]}]\n", "subsets[0]: must have addresses or notReadyAddresses", 0},
		{"subsets: [{notReadyAddresses: [{ip: 127.0.0.1}]}]\n",
			"subsets[0].notReadyAddresses[0].ip: \"127.0.0.1\" is a loopback address", 0},
		{"subsets: [{addresses: [{ip: web}]}]\n", "subsets[0].addresses[0].ip: \"web\" is not an IP address", 0},
		{"subsets: [{addresses: [{ip: 10.0.0.1}], ports: [{port: 80}, {port: 81, name: b}]}]\n",
			"subsets[0].ports[0].name: is missing", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: Endpoints\nmetadata: {name: web}\n", cases, "k8s/service");
}

static void checks_slices(void **state)
{
	static const struct kind_case cases[] = {
		{"addressType: IPv4\nendpoints: [{addresses: [10.0.0.1]}]\nports: [{port: 80, name: a}, {port: 81}]\n", "", 0},
		{"addressType: IPv4\nendpoints: [{addresses: [\"fd00::1\", 127.0.0.1, web]}]\n",
			"endpoints[0].addresses[0]: \"fd00::1\" is not an IPv4 address, and addressType says "
			"so\nendpoints[0].addresses[1]: \"127.0.0.1\" is a loopback address\nendpoints[0].addresses[2]: \"web\" is not "
			"an IP address", 0},
		{"addressType: IPv6\nendpoints: [{addresses: [\"fd00::1\", 10.0.0.1, \"FD00::2\", \"::1\"]}]\n",
			"endpoints[0].addresses[1]: \"10.0.0.1\" is not an IPv6 address, and addressType says "
			"so\nendpoints[0].addresses[2]: \"FD00::2\" is not in its canonical form\nendpoints[0].addresses[3]: \"::1\" is "
			"a loopback address", 0},
		{"addressType: FQDN\nendpoints: [{addresses: [db.example.com., db, db_1.example.com]}]\n",
			"endpoints[0].addresses[1]: \"db\" is not a full DNS name\nendpoints[0].addresses[2]: \"db_1.example.com\" is "
			"not a full DNS name", 0},
		{"addressType: IPv4\nendpoints: []\nports: [{port: 80}, {port: 81}]\n",
			"ports[1].name: is missing, as it is of another port", 0},
		{"addressType: other\nendpoints: [{addresses: [x]}]\n", "", 0},
		{"addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], hints: {forZones: [{name: a}, {name: b}, {name: a}]}}]\n",
			"endpoints[0].hints.forZones[2].name: duplicate \"a\"", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: web}\n", cases, "k8s/service");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_ports),
		cmocka_unit_test(checks_what_types_may_have),
		cmocka_unit_test(checks_external_names),
		cmocka_unit_test(checks_addresses),
		cmocka_unit_test(checks_source_ranges),
		cmocka_unit_test(checks_annotations),
		cmocka_unit_test(checks_names),
		cmocka_unit_test(checks_endpoints),
		cmocka_unit_test(checks_slices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
