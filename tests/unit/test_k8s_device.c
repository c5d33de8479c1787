/* lib/k8s/device: claims, classes, slices. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

static void checks_claims(void **state)
{
	static const struct kind_case cases[] = {
		{"kind: ResourceClaim\nmetadata: {name: a}\nspec: {devices: {requests: [{name: a, exactly: {deviceClassName: "
			"a}}]}}\n",
			"", 0},
		{"kind: ResourceClaim\nmetadata: {name: a}\nspec: {devices: {requests: [{name: a}]}}\n",
			"spec.devices.requests[0]: must have either exactly or firstAvailable", 0},
		{"kind: ResourceClaim\nmetadata: {name: a}\nspec: {devices: {requests: [{name: a, exactly: {deviceClassName: a}, "
			"firstAvailable: [{name: b, deviceClassName: a}]}]}}\n",
			"spec.devices.requests[0]: must have either exactly or firstAvailable", 0},
		{"kind: ResourceClaim\nmetadata: {name: a}\nspec: {devices: {requests: [{name: a, firstAvailable: [{name: b, "
			"deviceClassName: a}, {name: c, deviceClassName: c}]}]}}\n",
			"", 0},
		{"kind: ResourceClaim\nmetadata: {name: a}\nspec: {devices: {requests: [{name: a, exactly: {deviceClassName: a, "
			"allocationMode: All, count: 2}}]}}\n",
			"spec.devices.requests[0].exactly.count: does not go with allocationMode All", 0},
		{"kind: ResourceClaim\nmetadata: {name: a}\nspec: {devices: {requests: [{name: a, exactly: {deviceClassName: a, "
			"count: -1}}]}}\n",
			"spec.devices.requests[0].exactly.count: must be greater than zero, is -1", 0},
		{"kind: ResourceClaim\nmetadata: {name: a}\nspec: {devices: {requests: [{name: a, exactly: {deviceClassName: a, "
			"selectors: [{}], tolerations: [{operator: Exists, value: x}]}}]}}\n",
			"spec.devices.requests[0].exactly.selectors[0].cel: is "
			"missing\nspec.devices.requests[0].exactly.tolerations[0].value: does not go with operator Exists", 0},
		{"kind: ResourceClaim\nmetadata: {name: a}\nspec: {devices: {requests: [{name: a, exactly: {deviceClassName: "
			"a}}], constraints: [{requests: [a], matchAttribute: a.b/c}]}}\n",
			"", 0},
		{"kind: ResourceClaim\nmetadata: {name: a}\nspec: {devices: {requests: [{name: a, exactly: {deviceClassName: "
			"a}}], constraints: [{requests: [a, b]}]}}\n",
			"spec.devices.constraints[0]: must have matchAttribute or "
			"distinctAttribute\nspec.devices.constraints[0].requests[1]: \"b\" is no request of this claim", 0},
		{"kind: ResourceClaim\nmetadata: {name: a}\nspec: {devices: {requests: [{name: a, exactly: {deviceClassName: "
			"a}}], constraints: [{requests: [a], distinctAttribute: a.b/c}]}}\n",
			"", 0},
		{"kind: ResourceClaim\nmetadata: {name: a}\nspec: {devices: {requests: [{name: a, firstAvailable: [{name: b, "
			"deviceClassName: a}]}], config: [{requests: [a/b, a/c], opaque: {driver: a, parameters: {}}}]}}\n",
			"spec.devices.config[0].requests[1]: \"a/c\" is no request of this claim", 0},
		{"kind: ResourceClaim\nmetadata: {name: a}\nspec: {devices: {requests: [{name: a, exactly: {deviceClassName: "
			"a}}], config: [{requests: [a]}]}}\n",
			"spec.devices.config[0].opaque: is missing", 0},
		{"kind: ResourceClaimTemplate\nmetadata: {name: a}\nspec: {spec: {devices: {requests: [{name: a}]}}}\n",
			"spec.spec.devices.requests[0]: must have either exactly or firstAvailable", 0},
		{"kind: ResourceClaimTemplate\nmetadata: {name: a}\nspec: {metadata: {labels: {app: a b, b: c}}, spec: {devices: "
			"{requests: [{name: a, exactly: {deviceClassName: a}}]}}}\n",
			"spec.metadata.labels.app: \"a b\" is not a label's value", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: resource.k8s.io/v1\n", cases, "k8s/device", "k8s/labels");
}

static void checks_old_versions(void **state)
{
	static const struct kind_case cases[] = {
		{"kind: ResourceClaim\nmetadata: {name: a}\nspec: {devices: {requests: [{name: a, deviceClassName: b}]}}\n",
			"", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: resource.k8s.io/v1beta1\n", cases, NULL);
}

static void checks_classes(void **state)
{
	static const struct kind_case cases[] = {
		{"kind: DeviceClass\nmetadata: {name: a}\nspec: {selectors: [{cel: {expression: \"true\"}}], config: [{opaque: "
			"{driver: a, parameters: {}}}]}\n",
			"", 0},
		{"kind: DeviceClass\nmetadata: {name: a}\nspec: {selectors: [{}], config: [{}]}\n",
			"spec.selectors[0].cel: is missing\nspec.config[0].opaque: is missing", 0},
		{"kind: DeviceClass\nmetadata: {name: a}\nspec: {selectors: [{cel: {expression: \"device.attributes[\"}}]}\n",
			"spec.selectors[0].cel.expression: is no expression: it ends too early", 0},
		{"kind: DeviceClass\nmetadata: {name: a}\nspec: {selectors: [{cel: {expression: device.driver}}, {cel: {expression: "
			"driver == 'a'}}, "
			"{cel: {expression: \"device.attributes['a.example.com'].b\"}}, {cel: {expression: device.driver == "
			"'a.example.com'}}]}\n",
			"spec.selectors[0].cel.expression: must come to true or false, and comes to text\n"
			"spec.selectors[1].cel.expression: nothing is called \"driver\" here", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: resource.k8s.io/v1\n", cases, "k8s/device", "k8s/expression");
}

static void checks_slices(void **state)
{
	static const struct kind_case cases[] = {
		{"kind: ResourceSlice\nmetadata: {name: a}\nspec: {driver: a, pool: {name: a, resourceSliceCount: 1}, nodeName: "
			"a, devices: [{name: a, attributes: {x: {int: 1}}}]}\n",
			"", 0},
		{"kind: ResourceSlice\nmetadata: {name: a}\nspec: {driver: a, pool: {name: a, resourceSliceCount: 1}, devices: "
			"[]}\n",
			"spec: must have one of nodeName, nodeSelector, allNodes and perDeviceNodeSelection", 0},
		{"kind: ResourceSlice\nmetadata: {name: a}\nspec: {driver: a, pool: {name: a, resourceSliceCount: 1}, nodeName: "
			"a, allNodes: true}\n",
			"spec: must have one of nodeName, nodeSelector, allNodes and perDeviceNodeSelection", 0},
		{"kind: ResourceSlice\nmetadata: {name: a}\nspec: {driver: a, pool: {name: a, resourceSliceCount: 1}, allNodes: "
			"false, nodeName: a}\n",
			"spec.allNodes: may only be true", 0},
		{"kind: ResourceSlice\nmetadata: {name: a}\nspec: {driver: a, pool: {name: a, resourceSliceCount: 1}, nodeName: "
			"a, devices: [{name: a}, {name: a}]}\n",
			"spec.devices[1].name: duplicate \"a\"", 0},
		{"kind: ResourceSlice\nmetadata: {name: a}\nspec: {driver: a, pool: {name: a, resourceSliceCount: 1}, nodeName: "
			"a, devices: [{name: a, attributes: {x: {int: 1, string: a}, z: {}}}]}\n",
			"spec.devices[0].attributes.x: must have one value, has 2\nspec.devices[0].attributes.z: must have one value, "
			"has 0", 0},
		{"kind: ResourceSlice\nmetadata: {name: a}\nspec: {driver: a, pool: {name: a, resourceSliceCount: 1}, nodeName: "
			"a, devices: [], sharedCounters: [{name: a, counters: {}}]}\n",
			"spec: may not have both devices and sharedCounters", 0},
		{"kind: ResourceSlice\nmetadata: {name: a}\nspec: {driver: a, pool: {name: a, resourceSliceCount: 1}, nodeName: "
			"a, devices: [{name: a, nodeName: b}]}\n",
			"spec.devices[0]: may only say on which nodes it is when perDeviceNodeSelection is true", 0},
		{"kind: ResourceSlice\nmetadata: {name: a}\nspec: {driver: a, pool: {name: a, resourceSliceCount: 1}, "
			"perDeviceNodeSelection: true, devices: [{name: a, nodeName: b}, {name: c}]}\n",
			"spec.devices[1]: must have one of nodeName, nodeSelector and allNodes", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: resource.k8s.io/v1\n", cases, "k8s/device");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_claims),
		cmocka_unit_test(checks_old_versions),
		cmocka_unit_test(checks_classes),
		cmocka_unit_test(checks_slices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
