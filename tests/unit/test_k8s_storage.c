/* lib/k8s/storage, storage_class: volumes, claims, classes, drivers. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

static void checks_volumes(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], csi: {driver: a.b, volumeHandle: x}}\n", "", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], nfs: {server: a, path: /x}}\n", "", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], nfs: {server: a, path: x}}\n",
			"spec.nfs.path: \"x\" is not an absolute path", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], csi: {driver: a.b, volumeHandle: x}, nfs: "
			"{server: a, path: /x}}\n",
			"spec.csi: a volume is of one sort, and this one has nfs too", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce]}\n",
			"spec: does not say of which sort the volume is", 0},
		{"spec: {capacity: {storage: 1Gi}, csi: {driver: a.b, volumeHandle: x}}\n", "spec.accessModes: is missing", 0},
		{"spec: {accessModes: [ReadWriteMany], csi: {driver: a.b, volumeHandle: x}}\n", "spec.capacity: is missing", 0},
		{"spec: {accessModes: [ReadWriteMany], capacity: {storage: 0}, csi: {driver: a.b, volumeHandle: x}}\n",
			"spec.capacity.storage: must be greater than zero", 0},
		{"spec: {accessModes: [ReadWriteMany], capacity: {storage: 1Gi, cpu: 1}, csi: {driver: a.b, volumeHandle: x}}\n",
			"spec.capacity: must have storage, and nothing else", 0},
		{"spec: {accessModes: [ReadWriteOncePod], capacity: {storage: 1Gi}, csi: {driver: a.b, volumeHandle: x}}\n",
			"", 0},
		{"spec: {accessModes: [ReadWriteOncePod, ReadWriteOnce], capacity: {storage: 1Gi}, csi: {driver: a.b, "
			"volumeHandle: x}}\n",
			"spec.accessModes: ReadWriteOncePod does not go with other access modes", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /data}}\n", "", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /data/../etc}}\n",
			"spec.hostPath.path: must not have \"..\" in it", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /data/..x}}\n", "", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /}, "
			"persistentVolumeReclaimPolicy: Recycle}\n",
			"spec.persistentVolumeReclaimPolicy: Recycle would empty the whole host: hostPath is /", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /a}, "
			"persistentVolumeReclaimPolicy: Recycle}\n",
			"", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], local: {path: /a}}\n",
			"spec.nodeAffinity: is missing, and a local volume is on one node", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], local: {path: /a}, nodeAffinity: {required: "
			"{nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}}\n",
			"", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], local: {path: /a}, nodeAffinity: {}}\n",
			"spec.nodeAffinity.required: is missing", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], csi: {driver: a.b, volumeHandle: x}, "
			"volumeAttributesClassName: a}\n",
			"", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], nfs: {server: a, path: /x}, "
			"volumeAttributesClassName: a}\n",
			"spec.csi: is missing, and volumeAttributesClassName is there", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], csi: {driver: a, volumeHandle: x, "
			"nodePublishSecretRef: {name: a}}}\n",
			"spec.csi.nodePublishSecretRef.namespace: is missing", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], csi: {driver: a, volumeHandle: x, "
			"nodePublishSecretRef: {name: a, namespace: b}}}\n",
			"", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], iscsi: {targetPortal: a, iqn: "
			"iqn.2001-04.com.example:storage, lun: 0}}\n",
			"", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], iscsi: {targetPortal: a, iqn: "
			"iqn.2001.com.example:storage, lun: 0}}\n",
			"spec.iscsi.iqn: \"iqn.2001.com.example:storage\" is not a name of iSCSI", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], iscsi: {targetPortal: a, iqn: "
			"eui.0123456789abcdef, lun: 0}}\n",
			"", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], iscsi: {targetPortal: a, iqn: "
			"naa.0123456789abcdef, lun: 0}}\n",
			"spec.iscsi.iqn: \"naa.0123456789abcdef\" is not a name of iSCSI", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], iscsi: {targetPortal: a, iqn: "
			"iqn.2001-04.com.example:a, lun: 0, chapAuthSession: true}}\n",
			"spec.iscsi.secretRef: is missing, and chapAuthSession is on", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], iscsi: {targetPortal: a, iqn: "
			"iqn.2001-04.com.example:a, lun: 0, chapAuthSession: true, secretRef: {name: a}}}\n",
			"", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], fc: {targetWWNs: [a], lun: 1}}\n", "", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], fc: {targetWWNs: [a]}}\n",
			"spec.fc.lun: is missing, and targetWWNs is there", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], fc: {}}\n",
			"spec.fc.targetWWNs: either targetWWNs or wwids must be set, and not both", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], fc: {wwids: [a]}}\n", "", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], azureDisk: {diskName: a, diskURI: "
			"\"https://a\"}}\n",
			"", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], azureDisk: {diskName: a, diskURI: \"https://a\", "
			"kind: Managed}}\n",
			"spec.azureDisk.diskURI: must begin with \"/subscriptions/\", as kind is Managed", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], flocker: {datasetName: a, datasetUUID: b}}\n",
			"spec.flocker: either datasetName or datasetUUID must be set, and not both", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], flocker: {datasetName: a}}\n", "", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], cinder: {volumeID: a, secretRef: {name: a}}}\n",
			"spec.cinder.secretRef.namespace: is missing", 0},
		{"spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /a}, nodeAffinity: {required: "
			"{nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In}, {key: a, operator: In, values: ['*']}, {key: a, "
			"operator: In, values: [b]}]}]}}}\n",
			"spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values: is missing, and In needs values\n"
			"spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[1].values[0]: \"*\" is no value that a label can have",
			0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\n", cases, "k8s/storage", "k8s/scheduling");
}

static void checks_claims(void **state)
{
	static const struct kind_case cases[] = {
		{"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, volumeName: a}\n", "", 0},
		{"spec: {resources: {requests: {storage: 1Gi}}}\n", "spec.accessModes: is missing", 0},
		{"spec: {accessModes: [ReadWriteOnce]}\n",
			"spec.resources.requests.storage: is missing, and a claim says how much it wants", 0},
		{"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 0}}}\n",
			"spec.resources.requests.storage: must be greater than zero", 0},
		{"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: -1Gi}}}\n",
			"spec.resources.requests.storage: must be greater than zero", 0},
		{"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: \"${SIZE}\"}}}\n", "", 0},
		{"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, dataSource: {kind: "
			"PersistentVolumeClaim, name: a}}\n",
			"", 0},
		{"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, dataSource: {kind: VolumeSnapshot, "
			"name: a}}\n",
			"", 0},
		{"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, dataSource: {name: a}}\n", "", 0},
		{"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, dataSource: {kind: "
			"PersistentVolumeClaim}}\n",
			"spec.dataSource.name: is missing", 0},
		{"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, dataSourceRef: {kind: "
			"VolumeSnapshot, name: a}}\n",
			"spec.dataSourceRef: \"VolumeSnapshot\" is not of the core group, which is meant without apiGroup", 0},
		{"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, dataSourceRef: {kind: "
			"VolumeSnapshot, name: a}, dataSource: {kind: Own, name: b}}\n",
			"spec.dataSourceRef: \"VolumeSnapshot\" is not of the core group, which is meant without apiGroup", 0},
		{"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, dataSource: {apiGroup: "
			"snapshot.storage.k8s.io, kind: VolumeSnapshot, name: a}}\n",
			"", 0},
		{"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, dataSource: {kind: "
			"PersistentVolumeClaim, name: a}, dataSourceRef: {kind: PersistentVolumeClaim, name: a}}\n",
			"", 0},
		{"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, dataSource: {kind: "
			"PersistentVolumeClaim, name: a}, dataSourceRef: {kind: PersistentVolumeClaim, name: b}}\n",
			"spec: dataSource and dataSourceRef must be the same", 0},
		{"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, dataSource: {kind: "
			"PersistentVolumeClaim, name: a}, dataSourceRef: {kind: PersistentVolumeClaim, name: a, namespace: c}}\n",
			"spec: dataSource may not be set when dataSourceRef has a namespace", 0},
		{"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, selector: {matchExpressions: [{key: "
			"a, operator: In}]}}\n",
			"spec.selector.matchExpressions[0].values: is missing", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\n", cases, "k8s/storage", "k8s/selector");
}

static void checks_classes(void **state)
{
	static const struct kind_case cases[] = {
		{"kind: StorageClass\nmetadata: {name: a}\nprovisioner: ebs.csi.aws.com\n", "", 0},
		{"kind: StorageClass\nmetadata: {name: a}\nprovisioner: EBS.csi/X\n", "", 0},
		{"kind: StorageClass\nmetadata: {name: a}\nprovisioner: ebs csi\n",
			"provisioner: \"ebs csi\" is not the name of a driver", 0},
		{"kind: StorageClass\nmetadata: {name: a}\nprovisioner: a\nparameters: {\"\": x}\n",
			"parameters[\"\"]: a parameter's name must not be empty", 0},
		{"kind: StorageClass\nmetadata: {name: a}\nprovisioner: a\nallowedTopologies: [{matchLabelExpressions: [{key: "
			"zone, values: [a, b]}, {key: zone, values: [a, a]}]}]\n",
			"allowedTopologies[0].matchLabelExpressions[1].key: duplicate "
			"\"zone\"\nallowedTopologies[0].matchLabelExpressions[1].values[1]: duplicate \"a\"", 0},
		{"kind: StorageClass\nmetadata: {name: a}\nprovisioner: a\nallowedTopologies: [{matchLabelExpressions: [{key: "
			"zone, values: [a, b]}, {key: rack, values: [a]}]}]\n",
			"", 0},
		{"kind: VolumeAttributesClass\nmetadata: {name: a}\ndriverName: a\nparameters: {a: b}\n", "", 0},
		{"kind: VolumeAttributesClass\nmetadata: {name: a}\ndriverName: a\n", "parameters: is missing", 0},
		{"kind: VolumeAttributesClass\nmetadata: {name: a}\ndriverName: a b\nparameters: {a: b}\n",
			"driverName: \"a b\" is not the name of a driver", 0},
		{"kind: VolumeAttachment\nmetadata: {name: a}\nspec: {attacher: a, nodeName: b, source: {persistentVolumeName: "
			"a}}\n",
			"", 0},
		{"kind: VolumeAttachment\nmetadata: {name: a}\nspec: {attacher: a, nodeName: b, source: {}}\n",
			"spec.source: must have either inlineVolumeSpec or persistentVolumeName", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: storage.k8s.io/v1\n", cases, "k8s/storage");
}

static void checks_drivers(void **state)
{
	static const struct kind_case cases[] = {
		{"kind: CSIDriver\nmetadata: {name: a}\nspec: {tokenRequests: [{audience: a}, {audience: \"\", expirationSeconds: "
			"600}]}\n",
			"", 0},
		{"kind: CSIDriver\nmetadata: {name: a}\nspec: {tokenRequests: [{audience: a}, {audience: a}, {audience: b, "
			"expirationSeconds: 599}]}\n",
			"spec.tokenRequests[1].audience: duplicate \"a\"\nspec.tokenRequests[2].expirationSeconds: must be from 600 to "
			"4294967296, is 599", 0},
		{"kind: CSIDriver\nmetadata: {name: a}\nspec: {serviceAccountTokenInSecrets: true}\n",
			"spec.serviceAccountTokenInSecrets: may only be set when there are tokenRequests", 0},
		{"kind: CSIDriver\nmetadata: {name: a}\nspec: {serviceAccountTokenInSecrets: true, tokenRequests: [{audience: "
			"a}]}\n",
			"", 0},
		{"kind: CSINode\nmetadata: {name: a}\nspec: {drivers: [{name: a, nodeID: x, topologyKeys: [a, b]}, {name: b, "
			"nodeID: x}]}\n",
			"", 0},
		{"kind: CSINode\nmetadata: {name: a}\nspec: {drivers: [{name: a, nodeID: x, topologyKeys: [a, a]}, {name: a, "
			"nodeID: x}]}\n",
			"spec.drivers[0].topologyKeys[1]: duplicate \"a\"\nspec.drivers[1].name: duplicate \"a\"", 0},
		{"kind: CSIStorageCapacity\nmetadata: {name: a}\nstorageClassName: a\ncapacity: 1Gi\n", "", 0},
		{"kind: CSIStorageCapacity\nmetadata: {name: a}\nstorageClassName: a\ncapacity: -1Gi\n",
			"capacity: must not be negative", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: storage.k8s.io/v1\n", cases, "k8s/storage");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_volumes),
		cmocka_unit_test(checks_claims),
		cmocka_unit_test(checks_classes),
		cmocka_unit_test(checks_drivers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
