/* lib/k8s/network_policy: ports, peers, blocks; the addresses of Services. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

static void checks_ports(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {podSelector: {}, egress: [{ports: [{port: 80}, {port: http}, {}, {protocol: UDP}]}]}\n", "", 0},
		{"spec: {podSelector: {}, egress: [{ports: [{port: 0}, {port: 65536}, {port: \"80\"}, {port: http_1}]}]}\n",
			"spec.egress[0].ports[0].port: must be from 1 to 65535, is 0\nspec.egress[0].ports[1].port: must be from 1 to "
			"65535, is 65536\nspec.egress[0].ports[2].port: \"80\" is neither a number nor a port's "
			"name\nspec.egress[0].ports[3].port: \"http_1\" is neither a number nor a port's name", 0},
		{"spec: {podSelector: {}, egress: [{ports: [{port: 80, endPort: 80}, {port: 80, endPort: 90}]}]}\n", "", 0},
		{"spec: {podSelector: {}, egress: [{ports: [{port: 80, endPort: 79}, {port: 80, endPort: 65536}]}]}\n",
			"spec.egress[0].ports[0].endPort: must be from port, 80, to 65535, is 79\nspec.egress[0].ports[1].endPort: must "
			"be from port, 80, to 65535, is 65536", 0},
		{"spec: {podSelector: {}, egress: [{ports: [{port: http, endPort: 90}, {endPort: 90}]}]}\n",
			"spec.egress[0].ports[0].endPort: may only be set when port is a number\nspec.egress[0].ports[1].endPort: may "
			"only be set when port is a number", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\n", cases, "k8s/network-policy");
}

static void checks_peers(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}, {namespaceSelector: {}}, {podSelector: {}, "
			"namespaceSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8}}]}]}\n",
			"", 0},
		{"spec: {podSelector: {}, ingress: [{from: [{}]}]}\n",
			"spec.ingress[0].from[0]: must have podSelector, namespaceSelector or ipBlock", 0},
		{"spec: {podSelector: {}, ingress: [{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]}\n",
			"spec.ingress[0].from[0]: may not have both ipBlock and a selector", 0},
		{"spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.0.0.0/9]}}]}]}\n",
			"", 0},
		{"spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8, 11.0.0.0/16, "
			"\"fd00::/16\"]}}]}]}\n",
			"spec.ingress[0].from[0].ipBlock.except[0]: \"10.0.0.0/8\" is not a part of "
			"\"10.0.0.0/8\"\nspec.ingress[0].from[0].ipBlock.except[1]: \"11.0.0.0/16\" is not a part of "
			"\"10.0.0.0/8\"\nspec.ingress[0].from[0].ipBlock.except[2]: \"fd00::/16\" is not a part of \"10.0.0.0/8\"", 0},
		{"spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: \"fd00::/8\", except: [\"fd12::/16\", "
			"\"fe00::/16\"]}}]}]}\n",
			"spec.ingress[0].from[0].ipBlock.except[1]: \"fe00::/16\" is not a part of \"fd00::/8\"", 0},
		{"spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0}}]}]}\n",
			"spec.ingress[0].from[0].ipBlock.cidr: \"10.0.0.0\" is not a block of IP addresses", 0},
		{"spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.1.0.0/8}}]}]}\n",
			"spec.ingress[0].from[0].ipBlock.cidr: \"10.1.0.0/8\" has bits set beyond its prefix", 0},
		{"spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.1.0.0/8}}]}]}\n", "", 35},
		{"spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: \"${CIDR}\", except: [10.1.0.0/16]}}]}]}\n", "", 0},
		{"spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: -web}}}]}]}\n",
			"spec.ingress[0].from[0].podSelector.matchLabels.app: \"-web\" is not a label's value", 0},
		{"spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: In}]}}]}]}\n",
			"spec.ingress[0].from[0].podSelector.matchExpressions[0].values: is missing", 0},
		{"spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: In, values: "
			"[b]}]}}]}]}\n",
			"", 0},
		{"spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: Exists, values: "
			"[b]}]}}]}]}\n",
			"spec.ingress[0].from[0].podSelector.matchExpressions[0].values: may only be set when operator is In or NotIn", 0},
		{"spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: "
			"DoesNotExist}]}}]}]}\n",
			"", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: "
		"web}\n", cases, "k8s/network-policy", "k8s/selector");
}

static void checks_addresses(void **state)
{
	static const struct kind_case cases[] = {
		{"kind: IPAddress\nmetadata: {name: 10.0.0.1}\nspec: {parentRef: {resource: services, name: a}}\n", "", 0},
		{"kind: IPAddress\nmetadata: {name: a}\nspec: {parentRef: {resource: services, name: a}}\n",
			"metadata.name: \"a\" is not an IP address in its canonical form", 0},
		{"kind: IPAddress\nmetadata: {name: \"fd00::1\"}\nspec: {parentRef: {resource: services, name: a}}\n", "", 0},
		{"kind: ServiceCIDR\nmetadata: {name: a}\nspec: {cidrs: [10.0.0.0/8, \"fd00::/64\"]}\n", "", 0},
		{"kind: ServiceCIDR\nmetadata: {name: a}\nspec: {cidrs: [10.0.0.0/8, 11.0.0.0/8]}\n",
			"spec.cidrs: has two blocks of one family", 0},
		{"kind: ServiceCIDR\nmetadata: {name: a}\nspec: {cidrs: [10.0.0.1/8]}\n",
			"spec.cidrs[0]: \"10.0.0.1/8\" is not a block of IP addresses in its canonical form", 0},
		{"kind: ServiceCIDR\nmetadata: {name: a}\nspec: {cidrs: []}\n", "spec.cidrs: must not be empty", 0},
		{"kind: ServiceCIDR\nmetadata: {name: a}\nspec: {cidrs: [10.0.0.0/8, \"fd00::/64\", 11.0.0.0/8]}\n",
			"spec.cidrs: may have two blocks at most", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: networking.k8s.io/v1\n", cases, "k8s/network-policy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_ports),
		cmocka_unit_test(checks_peers),
		cmocka_unit_test(checks_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
