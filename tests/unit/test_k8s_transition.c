/* lib/k8s/transition*: what changes the API server refuses, and what nearly is one. */
#include "check/engine.h"

#include "base/buf.h"
#include "base/timing.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

/* What else is wrong with the objects is for other tests. */
static const struct hgt_rule_setting only_changes[] = {{"k8s/*", HGT_SEVERITY_OFF}};
#define ONLY_CHANGES .settings = only_changes, .n_settings = N_OF(only_changes)

/* One file before and after. */
struct change {
	const char *before, *now;
	const char *expect;	/* as rig_describe() tells it */
	const char *message;	/* of the first finding, NULL: any */
};

static void bring_before(struct hgt_engine *engine, const char *path, const char *text)
{
	size_t len = strlen(text);
	char *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, text, len);
	assert_int_equal(hgt_engine_before(engine, path, exact, len, HGT_CLASS_AUTO, NULL), 0);
	free(exact);
}

static void expect_findings(struct hgt_engine *engine, const char *expect, const char *message, const char *what)
{
	const struct hgt_findings *list = hgt_engine_findings(engine);
	struct hgt_buf told = HGT_BUF_INIT;

	assert_int_equal(hgt_engine_finish(engine, NULL), 0);
	rig_describe(engine, &told);
	if (strcmp(told.data, expect) != 0)
		fail_msg("%s\nexpected: %s\nfound: %s\n%s", what, expect, told.data, list->n ? list->items[0].message : "");
	if (message)
		assert_string_equal(list->items[0].message, message);
	hgt_buf_release(&told);
}

static void change_table(const char *head, const struct change *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){ONLY_CHANGES});
		struct hgt_buf before = HGT_BUF_INIT, now = HGT_BUF_INIT;

		hgt_buf_addf(&before, "%s%s", head, cases[i].before);
		hgt_buf_addf(&now, "%s%s", head, cases[i].now);
		bring_before(engine, "a.yaml", before.data);
		rig_judge(engine, "a.yaml", now.data, now.len, HGT_CLASS_AUTO);
		expect_findings(engine, cases[i].expect, cases[i].message, now.data);
		hgt_buf_release(&before);
		hgt_buf_release(&now);
		hgt_engine_free(engine);
	}
}

#define HEAD(api, kind) "apiVersion: " api "\nkind: " kind "\nmetadata: {name: x, namespace: ns}\n"

static void selectors_are_fixed(void **state)
{
	static const struct change cases[] = {
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {selector: {matchLabels: {app: site}}}\n",
			"4:38-42 transition/immutable /spec/selector/matchLabels/app",
			"spec.selector.matchLabels.app: cannot change from \"web\" to \"site\" in an existing Deployment"},
		{"spec: {selector: {matchLabels: {app: web, tier: a}}}\n", "spec: {selector: {matchLabels: {tier: a, app: \"web\"}}}\n", "",
			NULL},
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {selector: {matchLabels: {app: web}}, replicas: 3}\n", "", NULL},
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {selector: {matchLabels: {app: web, tier: a}}}\n",
			"4:49-50 transition/immutable /spec/selector/matchLabels/tier",
			"spec.selector.matchLabels.tier: cannot be added to an existing Deployment; it is \"a\", and was not set"},
		/* a label may be called like a field with a default */
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {selector: {matchLabels: {app: web, protocol: TCP}}}\n",
			"4:53-56 transition/immutable /spec/selector/matchLabels/protocol", NULL},
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {selector: {matchLabels: {app: web, x: \"\"}}}\n",
			"4:46-48 transition/immutable /spec/selector/matchLabels/x", NULL},
		{"spec: {selector: {matchLabels: {app: web, tier: a}}}\n", "spec: {selector: {matchLabels: {app: web}}}\n",
			"4:32 transition/immutable /spec/selector/matchLabels/tier",
			"spec.selector.matchLabels.tier: cannot be taken out of an existing Deployment; it was \"a\""},
		/* the server compares expressions in their order */
		{"spec: {selector: {matchExpressions: [{key: a, operator: Exists}, {key: b, operator: Exists}]}}\n",
			"spec: {selector: {matchExpressions: [{key: b, operator: Exists}, {key: a, operator: Exists}]}}\n",
			"4:44-45 transition/immutable /spec/selector/matchExpressions/0/key", NULL},
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {selector: {matchLabels: {app: web}, matchExpressions: []}}\n", "",
			NULL},
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {selector: {matchLabels: {app: \"${APP}\"}}}\n", "", NULL},
		/* neither a patch nor an object that was one has a selector */
		{"spec: {replicas: 1}\n", "spec: {selector: {matchLabels: {app: web}}}\n", "", NULL},
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {replicas: 1}\n", "", NULL},
		/* the text that was is no YAML, or has a key twice: nothing was there */
		{"spec: {selector: {matchLabels: {app: web}}\n", "spec: {selector: {matchLabels: {app: site}}}\n", "", NULL},
		{"spec: {selector: {matchLabels: {app: web, app: web}}}\n", "spec: {selector: {matchLabels: {app: site}}}\n", "", NULL},
	};

	(void)state;
	change_table(HEAD("apps/v1", "Deployment"), cases, N_OF(cases));
}

static void stateful_sets_are_fixed(void **state)
{
	static const struct change cases[] = {
		{"spec: {selector: {}, serviceName: a}\n", "spec: {selector: {}, serviceName: b}\n",
			"4:35-36 transition/immutable /spec/serviceName", NULL},
		{"spec: {selector: {}, serviceName: a}\n", "spec: {selector: {}, serviceName: a, podManagementPolicy: OrderedReady}\n", "", NULL},
		{"spec: {selector: {}, serviceName: a}\n", "spec: {selector: {}, serviceName: a, podManagementPolicy: Parallel}\n",
			"4:59-67 transition/immutable /spec/podManagementPolicy", NULL},
		{"spec: {selector: {}, updateStrategy: {type: OnDelete}}\n",
			"spec: {selector: {}, updateStrategy: {type: RollingUpdate}, template: {}, minReadySeconds: 3}\n", "", NULL},
		{"spec:\n  selector: {}\n  volumeClaimTemplates:\n  - metadata: {name: d}\n    spec: {accessModes: [ReadWriteOnce], "
			"resources: {requests: {storage: 1Gi}}}\n",
			"spec:\n  selector: {}\n  volumeClaimTemplates:\n  - apiVersion: v1\n    kind: PersistentVolumeClaim\n"
			"    metadata: {name: d, creationTimestamp: null}\n    spec: {accessModes: [ReadWriteOnce], volumeMode: Filesystem, "
			"resources: {requests: {storage: 1024Mi}}}\n    status: {phase: Pending}\n", "", NULL},
		{"spec:\n  selector: {}\n  volumeClaimTemplates:\n  - metadata: {name: d}\n    spec: {resources: {requests: {storage: 1Gi}}}\n",
			"spec:\n  selector: {}\n  volumeClaimTemplates:\n  - metadata: {name: d}\n    spec: {resources: {requests: {storage: 2Gi}}}\n",
			"8:44-47 transition/immutable /spec/volumeClaimTemplates/0/spec/resources/requests/storage",
			"spec.volumeClaimTemplates[0].spec.resources.requests.storage: cannot change from \"1Gi\" to \"2Gi\" in an existing "
			"StatefulSet"},
		{"spec:\n  selector: {}\n  volumeClaimTemplates:\n  - metadata: {name: d}\n", "spec:\n  selector: {}\n",
			"5:3 transition/immutable /spec/volumeClaimTemplates", NULL},
	};

	(void)state;
	change_table(HEAD("apps/v1", "StatefulSet"), cases, N_OF(cases));
}

static void sealed_data_is_fixed(void **state)
{
	static const struct change maps[] = {
		{"immutable: true\ndata: {a: x}\n", "immutable: true\ndata: {a: x}\n", "", NULL},
		{"immutable: true\ndata: {a: x}\n", "immutable: true\ndata: {a: w}\n", "5:11-12 transition/immutable /data/a",
			"data.a: cannot change from \"x\" to \"w\" in an existing ConfigMap"},
		{"immutable: true\ndata: {a: x}\n", "immutable: true\ndata: {a: x, b: \"\"}\n", "5:17-19 transition/immutable /data/b", NULL},
		{"immutable: true\ndata: {a: x}\n", "immutable: false\ndata: {a: x}\n", "4:12-17 transition/immutable /immutable", NULL},
		{"immutable: true\ndata: {a: x}\n", "data: {a: x}\n", "1:1 transition/immutable /immutable",
			"immutable: cannot be taken back once it is true"},
		{"data: {a: x}\n", "immutable: true\ndata: {a: w}\n", "", NULL},
		{"immutable: false\ndata: {a: x}\n", "data: {a: w}\n", "", NULL},
		{"immutable: true\nbinaryData: {a: eA==}\n", "immutable: true\nbinaryData: {a: eB==}\n",
			"5:17-21 transition/immutable /binaryData/a", NULL},
		{"immutable: true\ndata: {}\n", "immutable: true\n", "", NULL},
	};
	static const struct change secrets[] = {
		{"type: Opaque\ndata: {a: eA==}\n", "data: {a: eB==}\n", "", NULL},
		{"type: Opaque\n", "type: kubernetes.io/tls\n", "4:7-24 transition/immutable /type",
			"type: cannot change from \"Opaque\" to \"kubernetes.io/tls\" in an existing Secret"},
		{"immutable: true\ndata: {a: eA==}\n", "immutable: true\ndata: {a: eB==}\n", "5:11-15 transition/immutable /data/a",
			"data.a: cannot change in an existing Secret; the value is not shown here"},
		{"immutable: true\ndata: {a: eA==}\n", "immutable: true\ndata:\n  a: |\n    eA\n    ==\n", "", NULL},
		{"immutable: true\ndata: {a: eA==}\n", "immutable: true\nstringData: {a: x}\n", "", NULL},
		{"immutable: true\nstringData: {a: x}\n", "immutable: true\nstringData: {a: w}\n",
			"5:17-18 transition/immutable /stringData/a", NULL},
		{"immutable: true\nstringData: {a: x}\n", "immutable: true\n", "", NULL},
		{"immutable: true\ndata: {a: eA==}\n", "immutable: true\n", "1:1 transition/immutable /data/a", NULL},
	};

	(void)state;
	change_table(HEAD("v1", "ConfigMap"), maps, N_OF(maps));
	change_table(HEAD("v1", "Secret"), secrets, N_OF(secrets));
}

static void services_keep_their_address(void **state)
{
	static const struct change cases[] = {
		{"spec: {ports: [], clusterIP: 10.0.0.1}\n", "spec: {ports: [], clusterIP: 10.0.0.2}\n",
			"4:30-38 transition/immutable /spec/clusterIP",
			"spec.clusterIP: cannot change from \"10.0.0.1\" to \"10.0.0.2\" in an existing Service"},
		{"spec: {ports: [], clusterIP: 10.0.0.1}\n", "spec: {ports: [], clusterIPs: [10.0.0.2]}\n",
			"4:31 transition/immutable /spec/clusterIPs", NULL},
		{"spec: {ports: [], clusterIP: 10.0.0.1}\n", "spec: {ports: [], clusterIP: \"\"}\n", "", NULL},
		{"spec: {ports: []}\n", "spec: {ports: [], clusterIP: 10.0.0.2}\n", "", NULL},
		{"spec: {ports: []}\n", "spec: {ports: [], clusterIP: None}\n", "4:30-34 transition/immutable /spec/clusterIP",
			"spec.clusterIP: cannot change to \"None\" in an existing Service, which has an address"},
		{"spec: {ports: [], clusterIP: None}\n", "spec: {ports: []}\n", "", NULL},
		{"spec: {ports: [], clusterIP: None}\n", "spec: {ports: [], clusterIP: 10.0.0.1}\n",
			"4:30-38 transition/immutable /spec/clusterIP", NULL},
		{"spec: {type: ExternalName, externalName: a.example.org}\n", "spec: {ports: [], clusterIP: None}\n", "", NULL},
		{"spec: {ports: [], clusterIP: 10.0.0.1}\n", "spec: {type: ExternalName, externalName: a.example.org}\n", "", NULL},
		{"spec: {ports: [], type: ClusterIP}\n", "spec: {ports: [], type: NodePort}\n", "", NULL},
		{"spec: {ports: [], ipFamilies: [IPv4]}\n", "spec: {ports: [], ipFamilies: [IPv6]}\n",
			"4:32-36 transition/immutable /spec/ipFamilies/0", NULL},
		{"spec: {ports: [], ipFamilies: [IPv4]}\n", "spec: {ports: [], ipFamilies: [IPv4, IPv6]}\n", "", NULL},
		{"spec: {ports: [], clusterIP: None, ipFamilies: [IPv4]}\n", "spec: {ports: [], clusterIP: None, ipFamilies: [IPv6]}\n", "",
			NULL},
		{"spec: {ports: [], type: LoadBalancer, loadBalancerClass: a/b}\n",
			"spec: {ports: [], type: LoadBalancer, loadBalancerClass: a/c}\n",
			"4:58-61 transition/immutable /spec/loadBalancerClass", NULL},
		{"spec: {ports: [], type: LoadBalancer, loadBalancerClass: a/b}\n", "spec: {ports: [], type: ClusterIP}\n", "", NULL},
		{"spec: {ports: [], type: LoadBalancer}\n", "spec: {ports: [], type: LoadBalancer, loadBalancerClass: a/c}\n", "", NULL},
		{"spec: {ports: [], type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30001}\n",
			"spec: {ports: [], type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30002}\n",
			"4:90-95 transition/immutable /spec/healthCheckNodePort", NULL},
		{"spec: {ports: [], type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30001}\n",
			"spec: {ports: [], type: LoadBalancer, externalTrafficPolicy: Cluster, healthCheckNodePort: 30002}\n", "", NULL},
	};

	(void)state;
	change_table(HEAD("v1", "Service"), cases, N_OF(cases));
}

static void claims_are_fixed_and_only_grow(void **state)
{
#define SIZE(n) "spec: {resources: {requests: {storage: " n "}}}\n"
	static const struct change cases[] = {
		{SIZE("10Gi"), SIZE("20Gi"), "", NULL},
		{SIZE("10Gi"), SIZE("10240Mi"), "", NULL},
		{SIZE("10Gi"), SIZE("5Gi"), "4:40-43 transition/shrink /spec/resources/requests/storage",
			"spec.resources.requests.storage: cannot shrink from \"10Gi\" to \"5Gi\""},
		{SIZE("10Gi"), SIZE("10G"), "4:40-43 transition/shrink /spec/resources/requests/storage", NULL},
		{SIZE("1"), SIZE("\"2\""), "", NULL},
		{SIZE("${SIZE}"), SIZE("5Gi"), "", NULL},
		{"spec: {accessModes: [ReadWriteOnce]}\n", "spec: {accessModes: [ReadWriteMany]}\n",
			"4:22-35 transition/immutable /spec/accessModes/0", NULL},
		{"spec: {accessModes: [ReadWriteOnce]}\n", "spec: {accessModes: [ReadWriteOnce, ReadOnlyMany]}\n",
			"4:21 transition/immutable /spec/accessModes",
			"spec.accessModes: cannot change from [\"ReadWriteOnce\"] to [\"ReadWriteOnce\", \"ReadOnlyMany\"] in an existing "
			"PersistentVolumeClaim"},
		{"spec: {storageClassName: a}\n", "spec: {storageClassName: b}\n", "4:26-27 transition/immutable /spec/storageClassName", NULL},
		{"spec: {storageClassName: \"\"}\n", "spec: {storageClassName: b}\n", "4:26-27 transition/immutable /spec/storageClassName",
			NULL},
		{"spec: {storageClassName: a}\n", "spec: {}\n", "4:7 transition/immutable /spec/storageClassName", NULL},
		{"spec: {}\n", "spec: {storageClassName: a}\n", "", NULL},
		{"spec: {}\n", "spec: {volumeMode: Filesystem}\n", "", NULL},
		{"spec: {}\n", "spec: {volumeMode: Block}\n", "4:20-25 transition/immutable /spec/volumeMode", NULL},
		{"spec: {}\n", "spec: {volumeName: v, dataSource: {kind: PersistentVolumeClaim, name: a}}\n", "", NULL},
		{"spec: {volumeName: v}\n", "spec: {volumeName: w}\n", "4:20-21 transition/immutable /spec/volumeName", NULL},
		{"spec: {volumeName: v}\n", "spec: {}\n", "4:7 transition/immutable /spec/volumeName", NULL},
		{"spec: {volumeAttributesClassName: a}\n", "spec: {volumeAttributesClassName: b}\n", "", NULL},
		{"spec: {dataSource: {kind: VolumeSnapshot, name: a}}\n", "spec: {dataSource: {kind: VolumeSnapshot, name: b}}\n",
			"4:49-50 transition/immutable /spec/dataSource/name", NULL},
	};

	(void)state;
	change_table(HEAD("v1", "PersistentVolumeClaim"), cases, N_OF(cases));
}

static void volumes_stay_where_they_are(void **state)
{
	static const struct change cases[] = {
		{"spec: {capacity: {storage: 1Gi}, nfs: {server: a, path: /x}}\n",
			"spec: {capacity: {storage: 2Gi}, nfs: {server: a, path: /x}, persistentVolumeReclaimPolicy: Retain}\n", "", NULL},
		{"spec: {nfs: {server: a, path: /x}}\n", "spec: {nfs: {server: b, path: /x}}\n", "4:22-23 transition/immutable /spec/nfs/server",
			NULL},
		{"spec: {nfs: {server: a, path: /x}}\n", "spec: {hostPath: {path: /x}}\n", "4:7 transition/immutable /spec/nfs", NULL},
		{"spec: {csi: {driver: a, volumeHandle: h}}\n",
			"spec: {csi: {driver: a, volumeHandle: h, controllerExpandSecretRef: {name: s}}}\n", "", NULL},
		{"spec: {csi: {driver: a, volumeHandle: h}}\n",
			"spec: {csi: {driver: a, volumeHandle: i, controllerExpandSecretRef: {name: s}}}\n",
			"4:39-40 transition/immutable /spec/csi/volumeHandle", NULL},
		{"spec: {csi: {driver: a, controllerExpandSecretRef: {name: s}}}\n",
			"spec: {csi: {driver: a, controllerExpandSecretRef: {name: t}}}\n",
			"4:59-60 transition/immutable /spec/csi/controllerExpandSecretRef/name", NULL},
		{"spec: {csi: {driver: a, fsType: ext4}}\n", "spec: {csi: {driver: a}}\n", "4:13 transition/immutable /spec/csi/fsType", NULL},
		{"spec: {}\n", "spec: {nodeAffinity: {required: {nodeSelectorTerms: [{}]}}}\n", "", NULL},
		{"spec: {nodeAffinity: {required: {nodeSelectorTerms: [{matchFields: [{key: a}]}]}}}\n",
			"spec: {nodeAffinity: {required: {nodeSelectorTerms: [{matchFields: [{key: b}]}]}}}\n",
			"4:75-76 transition/immutable /spec/nodeAffinity/required/nodeSelectorTerms/0/matchFields/0/key", NULL},
	};

	(void)state;
	change_table("apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: x}\n", cases, N_OF(cases));
}

static void pods_change_their_images_only(void **state)
{
	static const struct change cases[] = {
		{"spec: {containers: [{name: a, image: a:1}]}\n", "spec: {containers: [{name: a, image: a:2}]}\n", "", NULL},
		{"spec: {containers: [{name: a, image: a:1}]}\n", "spec: {containers: [{name: a, image: a:1, args: [x]}]}\n",
			"4:49 transition/immutable /spec/containers/0/args", NULL},
		{"spec: {containers: [{name: a, image: a:1}]}\n", "spec: {containers: [{name: a, image: a:1}, {name: b}]}\n",
			"4:20 transition/immutable /spec/containers", NULL},
		{"spec: {containers: []}\n",
			"spec: {containers: [], dnsPolicy: ClusterFirst, terminationGracePeriodSeconds: 30, hostNetwork: false}\n", "", NULL},
		{"spec: {containers: []}\n", "spec: {containers: [], terminationGracePeriodSeconds: 0}\n",
			"4:55-56 transition/immutable /spec/terminationGracePeriodSeconds", NULL},
		{"spec: {containers: []}\n", "spec: {containers: [], automountServiceAccountToken: false}\n",
			"4:54-59 transition/immutable /spec/automountServiceAccountToken", NULL},
		{"spec: {activeDeadlineSeconds: 10}\n", "spec: {activeDeadlineSeconds: 5}\n", "", NULL},
		{"spec: {}\n", "spec: {activeDeadlineSeconds: 5}\n", "", NULL},
		{"spec: {activeDeadlineSeconds: 5}\n", "spec: {activeDeadlineSeconds: 10}\n",
			"4:31-33 transition/immutable /spec/activeDeadlineSeconds", NULL},
		{"spec: {activeDeadlineSeconds: 5}\n", "spec: {}\n", "4:7 transition/immutable /spec/activeDeadlineSeconds", NULL},
		{"spec: {tolerations: []}\n", "spec: {tolerations: [{key: a}], nodeName: b}\n", "", NULL},
		{"spec: {nodeSelector: {a: b}}\n", "spec: {nodeSelector: {a: c}}\n", "4:26-27 transition/immutable /spec/nodeSelector/a", NULL},
		{"spec: {schedulingGates: [{name: g}]}\n", "spec: {nodeSelector: {a: c}}\n", "", NULL},
		/* what a container does not request it is limited to; a quantity may be written in many ways */
		{"spec: {containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]}\n",
			"spec: {containers: [{name: a, resources: {limits: {cpu: 1000m, memory: 1024Mi}, requests: {cpu: \"1\"}}}]}\n", "", NULL},
		{"spec: {containers: [{name: a, resources: {limits: {cpu: 1}}}]}\n",
			"spec: {containers: [{name: a, resources: {limits: {cpu: 1}, requests: {cpu: 500m}}}]}\n",
			"4:71 transition/immutable /spec/containers/0/resources/requests", NULL},
		{"spec: {volumes: [{name: a, emptyDir: {sizeLimit: 1Gi}}]}\n", "spec: {volumes: [{name: a, emptyDir: {sizeLimit: 1024Mi}}]}\n",
			"",
			NULL},
	};

	(void)state;
	change_table(HEAD("v1", "Pod"), cases, N_OF(cases));
}

static void jobs_are_fixed(void **state)
{
#define IMAGE(image, more) "spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: " image "}]}}" more "}\n"
	static const struct change cases[] = {
		{IMAGE("a:1", ""), IMAGE("a:2", ""), "4:78-81 transition/immutable /spec/template/spec/containers/0/image", NULL},
		{IMAGE("a:1", ""), IMAGE("a:1", ", parallelism: 3, backoffLimit: 2, suspend: true"), "", NULL},
		{IMAGE("a:1", ", ttlSecondsAfterFinished: 60"), IMAGE("a:2", ", ttlSecondsAfterFinished: 60"), "", NULL},
		{IMAGE("a:1", ", suspend: true"), IMAGE("a:2", ", suspend: true"), "", NULL},
		{IMAGE("a:1", ""), IMAGE("a:1", ", completions: 1, completionMode: NonIndexed"), "", NULL},
		{IMAGE("a:1", ", completions: 2"), IMAGE("a:1", ", completions: 3"), "4:100-101 transition/immutable /spec/completions", NULL},
		{IMAGE("a:1", ", completions: 2, parallelism: 2, completionMode: Indexed"),
			IMAGE("a:1", ", completions: 3, parallelism: 3, completionMode: Indexed"), "", NULL},
		{IMAGE("a:1", ", completions: 2, parallelism: 2, completionMode: Indexed"),
			IMAGE("a:1", ", completions: 3, parallelism: 2, completionMode: Indexed"), "4:100-101 transition/immutable /spec/completions",
			NULL},
		{IMAGE("a:1", ", completionMode: Indexed"), IMAGE("a:1", ""), "4:7 transition/immutable /spec/completionMode", NULL},
		{IMAGE("a:1", ", podFailurePolicy: {rules: [{action: Ignore}]}"), IMAGE("a:1", ", podFailurePolicy: {rules: [{action: Count}]}"),
			"4:123-128 transition/immutable /spec/podFailurePolicy/rules/0/action", NULL},
		{IMAGE("a:1", ", selector: {matchLabels: {a: b}}"), IMAGE("a:1", ""), "", NULL},
		{IMAGE("a:1", ", selector: {matchLabels: {a: b}}"), IMAGE("a:1", ", selector: {matchLabels: {a: c}}"),
			"4:115-116 transition/immutable /spec/selector/matchLabels/a", NULL},
	};

	(void)state;
	change_table(HEAD("batch/v1", "Job"), cases, N_OF(cases));
}

static void classes_and_bindings_are_fixed(void **state)
{
	static const struct {
		const char *head;
		struct change change;
	} cases[] = {
		{HEAD("rbac.authorization.k8s.io/v1", "RoleBinding"), {"roleRef: {kind: Role, name: a, apiGroup: rbac.authorization.k8s.io}\n",
			"roleRef: {kind: ClusterRole, name: a}\nsubjects: []\n", "4:17-28 transition/immutable /roleRef/kind", NULL}},
		{HEAD("rbac.authorization.k8s.io/v1", "RoleBinding"), {"roleRef: {kind: Role, name: a, apiGroup: rbac.authorization.k8s.io}\n",
			"roleRef: {kind: Role, name: a}\nsubjects: [{kind: User, name: b}]\n", "", NULL}},
		{HEAD("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"), {"roleRef: {kind: ClusterRole, name: a}\n",
			"roleRef: {kind: ClusterRole, name: b}\n", "4:36-37 transition/immutable /roleRef/name", NULL}},
		{HEAD("rbac.authorization.k8s.io/v1", "ClusterRole"), {"rules: []\n", "rules: [{verbs: [get]}]\n", "", NULL}},
		{HEAD("storage.k8s.io/v1", "StorageClass"), {"provisioner: a\n",
			"provisioner: a\nreclaimPolicy: Delete\nvolumeBindingMode: Immediate\nallowVolumeExpansion: true\n", "", NULL}},
		{HEAD("storage.k8s.io/v1", "StorageClass"), {"provisioner: a\nparameters: {type: x}\n", "provisioner: a\nparameters: {type: y}\n",
			"5:20-21 transition/immutable /parameters/type", NULL}},
		{HEAD("storage.k8s.io/v1", "StorageClass"), {"provisioner: a\n", "provisioner: a\nreclaimPolicy: Retain\n",
			"5:16-22 transition/immutable /reclaimPolicy", NULL}},
		{HEAD("scheduling.k8s.io/v1", "PriorityClass"), {"value: 10\n", "value: 0x0A\npreemptionPolicy: PreemptLowerPriority\n", "",
			NULL}},
		{HEAD("scheduling.k8s.io/v1", "PriorityClass"), {"value: 10\n", "value: 11\n", "4:8-10 transition/immutable /value",
			"value: cannot change from 10 to 11 in an existing PriorityClass"}},
		{HEAD("node.k8s.io/v1", "RuntimeClass"), {"handler: a\n", "handler: b\n", "4:10-11 transition/immutable /handler", NULL}},
		{HEAD("networking.k8s.io/v1", "IngressClass"), {"spec: {controller: a/b}\n", "spec: {controller: a/c}\n",
			"4:20-23 transition/immutable /spec/controller", NULL}},
		{HEAD("networking.k8s.io/v1", "Ingress"), {"spec: {rules: [], ingressClassName: a}\n",
			"spec: {rules: [], ingressClassName: b}\n", "",
			NULL}},
		{HEAD("networking.k8s.io/v1", "ServiceCIDR"), {"spec: {cidrs: [10.0.0.0/24]}\n", "spec: {cidrs: [10.0.0.0/24, fd00::/64]}\n", "",
			NULL}},
		{HEAD("networking.k8s.io/v1", "ServiceCIDR"), {"spec: {cidrs: [10.0.0.0/24]}\n", "spec: {cidrs: [10.0.1.0/24, fd00::/64]}\n",
			"4:16-27 transition/immutable /spec/cidrs/0", NULL}},
		{HEAD("networking.k8s.io/v1", "ServiceCIDR"), {"spec: {cidrs: [10.0.0.0/24, fd00::/64]}\n", "spec: {cidrs: [10.0.0.0/24]}\n",
			"4:15 transition/immutable /spec/cidrs", NULL}},
		{HEAD("storage.k8s.io/v1", "CSIDriver"), {"spec: {attachRequired: true}\n", "spec: {podInfoOnMount: true}\n", "", NULL}},
		{HEAD("storage.k8s.io/v1", "CSIDriver"), {"spec: {}\n", "spec: {attachRequired: false}\n",
			"4:24-29 transition/immutable /spec/attachRequired", NULL}},
		{HEAD("discovery.k8s.io/v1", "EndpointSlice"), {"addressType: IPv4\n", "addressType: IPv6\n",
			"4:14-18 transition/immutable /addressType", NULL}},
		{HEAD("resource.k8s.io/v1", "ResourceClaim"), {"spec: {devices: {requests: [{name: a}]}}\n",
			"spec: {devices: {requests: [{name: b}]}}\n", "4:36-37 transition/immutable /spec/devices/requests/0/name", NULL}},
		{HEAD("policy/v1", "PodDisruptionBudget"), {"spec: {selector: {matchLabels: {a: b}}}\n",
			"spec: {selector: {matchLabels: {a: c}}}\n", "",
			NULL}},
		/* somebody else's kind of the same name */
		{HEAD("example.org/v1", "Deployment"), {"spec: {selector: {matchLabels: {a: b}}}\n", "spec: {selector: {matchLabels: {a: c}}}\n",
			"",
			NULL}},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		change_table(cases[i].head, &cases[i].change, 1);
}

static void definitions_are_fixed(void **state)
{
#define CRD(scope, kind, versions) "spec: {group: e.org, scope: " scope ", names: {kind: " kind ", plural: as}, versions: " versions "}\n"
	static const struct change cases[] = {
		{CRD("Cluster", "A", "[]"), CRD("Namespaced", "A", "[]"), "4:29-39 transition/immutable /spec/scope", NULL},
		{CRD("Cluster", "A", "[]"), CRD("Cluster", "B", "[]"), "4:52-53 transition/immutable /spec/names/kind", NULL},
		{CRD("Cluster", "A", "[{name: v1, storage: true}]"), CRD("Cluster", "A", "[{name: v1, storage: true, schema: {}}]"), "", NULL},
		{CRD("Cluster", "A", "[{name: v1, storage: true}]"), CRD("Cluster", "A", "[{name: v1}, {name: v2, storage: true}]"), "", NULL},
		{CRD("Cluster", "A", "[{name: v1, storage: true}]"), CRD("Cluster", "A", "[{name: v2, storage: true}]"),
			"4:78 transition/stored-version /spec/versions", "spec.versions: version \"v1\" is gone, and objects are stored in it"},
		{CRD("Cluster", "A", "[{name: v1}, {name: v2, storage: true}]"), CRD("Cluster", "A", "[{name: v2, storage: true}]"), "", NULL},
		{CRD("Cluster", "A", "[{name: v1}, {name: v2, storage: true}]") "status: {storedVersions: [v1, v2]}\n",
			CRD("Cluster", "A", "[{name: v2, storage: true}]"), "4:78 transition/stored-version /spec/versions", NULL},
	};

	(void)state;
	change_table("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: as.e.org}\n", cases,
		N_OF(cases));
}

static void recreated_objects_are_free(void **state)
{
#define WEB(annotations, app) "metadata: {name: x, annotations: {" annotations "}}\nspec: {selector: {matchLabels: {app: " app "}}}\n"
	static const struct change cases[] = {
		{WEB("", "a"), WEB("kustomize.toolkit.fluxcd.io/force: enabled", "b"), "", NULL},
		{WEB("", "a"), WEB("kustomize.toolkit.fluxcd.io/force: disabled", "b"),
			"4:38-39 transition/immutable /spec/selector/matchLabels/app", NULL},
		{WEB("", "a"), WEB("argocd.argoproj.io/sync-options: \"Force=true,Replace=true\"", "b"), "", NULL},
		{WEB("", "a"), WEB("helm.sh/hook: pre-upgrade", "b"), "", NULL},
	};

	(void)state;
	change_table("apiVersion: apps/v1\nkind: Deployment\n", cases, N_OF(cases));
}

struct file {
	const char *path, *text;
};

/* Many files before and after; no path on the one side or the other ends it. */
struct move {
	struct file before[4], now[4];
	const char *expect;
	const char *path, *message;	/* of the first finding */
};

#define DEPLOYMENT(app) HEAD("apps/v1", "Deployment") "spec: {selector: {matchLabels: {app: " app "}}}\n"
#define FOUND "4:38-39 transition/immutable /spec/selector/matchLabels/app"

static void judge_move(struct hgt_engine *engine, const struct move *move)
{
	const struct hgt_findings *list = hgt_engine_findings(engine);

	for (size_t i = 0; i < 4 && move->before[i].path; i++)
		bring_before(engine, move->before[i].path, move->before[i].text);
	for (size_t i = 0; i < 4 && move->now[i].path; i++)
		rig_judge(engine, move->now[i].path, move->now[i].text, strlen(move->now[i].text), HGT_CLASS_AUTO);
	expect_findings(engine, move->expect, move->message, move->now[0].path ? move->now[0].path : move->before[0].path);
	if (move->path)
		assert_string_equal(list->items[0].path, move->path);
}

static void objects_are_known_wherever_they_move(void **state)
{
	static const struct move cases[] = {
		/* to another file, to another version, into a list */
		{{{"a.yaml", DEPLOYMENT("a")}}, {{"b.yaml", DEPLOYMENT("b")}}, FOUND, "b.yaml",
			"spec.selector.matchLabels.app: cannot change from \"a\" to \"b\" in an existing Deployment (it was in a.yaml)"},
		{{{"z.yaml", DEPLOYMENT("a")}}, {{"b.yaml", DEPLOYMENT("a")}}, "", NULL, NULL},
		{{{"a.yaml", HEAD("extensions/v1beta1", "Deployment") "spec: {selector: {matchLabels: {app: a}}}\n"}},
			{{"b.yaml", DEPLOYMENT("b")}}, FOUND, NULL, NULL},
		{{{"a.json", "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\", "
			"\"metadata\": {\"name\": \"x\", \"namespace\": \"ns\"}, \"spec\": {\"selector\": {\"matchLabels\": {\"app\": \"a\"}}}}]}"}},
			{{"b.yaml", "---\na: 1\n---\n" DEPLOYMENT("b")}}, "7:38-39 transition/immutable /spec/selector/matchLabels/app", NULL, NULL},
		{{{"a.yaml", DEPLOYMENT("a")}},
			{{"a.json", "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\", "
			"\"metadata\": {\"name\": \"x\", \"namespace\": \"ns\"}, \"spec\": {\"selector\": {\"matchLabels\": {\"app\": \"b\"}}}}]}"}},
			"1:187-190 transition/immutable /items/0/spec/selector/matchLabels/app", NULL, NULL},
		/* another name, another namespace, no name of its own: another object */
		{{{"a.yaml", DEPLOYMENT("a")}},
			{{"a.yaml",
				"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: other, namespace: ns}\nspec: {selector: {matchLabels: {app: b}}}\n"}},
			"", NULL, NULL},
		{{{"a.yaml", DEPLOYMENT("a")}},
			{{"a.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {selector: {matchLabels: {app: b}}}\n"}}, "",
				NULL,
			NULL},
		{{{"a.yaml", "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: x}\nspec: {completions: 1}\n"}},
			{{"a.yaml", "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: x}\nspec: {completions: 2}\n"}}, "", NULL, NULL},
		/* a copy for another environment */
		{{{"dev/a.yaml", DEPLOYMENT("a")}}, {{"dev/a.yaml", DEPLOYMENT("a") "# more\n"}, {"prod/a.yaml", DEPLOYMENT("b")}}, "", NULL,
			NULL},
		/* environments that move each by itself */
		{{{"dev/a.yaml", DEPLOYMENT("a")}, {"prod/a.yaml", DEPLOYMENT("b")}},
			{{"new/dev/a.yaml", DEPLOYMENT("a")}, {"new/prod/a.yaml", DEPLOYMENT("b")}}, "", NULL, NULL},
		{{{"dev/a.yaml", DEPLOYMENT("a")}, {"prod/a.yaml", DEPLOYMENT("b")}},
			{{"new/dev/a.yaml", DEPLOYMENT("a")}, {"new/prod/a.yaml", DEPLOYMENT("c")}}, FOUND, "new/prod/a.yaml",
			"spec.selector.matchLabels.app: cannot change from \"b\" to \"c\" in an existing Deployment (it was in prod/a.yaml)"},
		/* the same place counts before all others */
		{{{"a.yaml", DEPLOYMENT("b")}, {"b.yaml", DEPLOYMENT("a")}}, {{"b.yaml", DEPLOYMENT("b")}}, FOUND, "b.yaml", NULL},
		/* patches, tests and examples are not what is applied */
		{{{"patches/a.yaml", DEPLOYMENT("a")}}, {{"patches/a.yaml", DEPLOYMENT("b")}}, "", NULL, NULL},
		{{{"a.yaml", DEPLOYMENT("a")}}, {{"a.yaml", DEPLOYMENT("b") "$patch: replace\n"}}, "", NULL, NULL},
		/* binary, a template, nothing */
		{{{"templates/a.yaml", DEPLOYMENT("a") "# {{ x }}\n"}}, {{"templates/a.yaml", DEPLOYMENT("b")}}, "", NULL, NULL},
		{{{"README.md", DEPLOYMENT("a")}}, {{"a.yaml", DEPLOYMENT("b")}}, "", NULL, NULL},
		{{{"a.yaml", ""}}, {{"a.yaml", DEPLOYMENT("b")}}, "", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){ONLY_CHANGES});

		judge_move(engine, &cases[i]);
		hgt_engine_free(engine);
	}
}

/* However the kind is written, the old side is read. */
static void old_kinds_are_seen(void **state)
{
	static const char *const texts[] = {"kind: Deployment", "kind : Deployment", "\"kind\": \"Deployment\"", "kind: 'Deployment'",
		"kind: &k Deployment", "kind: >-\n  Deployment", "kind: !!str Deployment", "kind:\n  Deployment"};

	(void)state;
	for (size_t i = 0; i < N_OF(texts); i++) {
		struct hgt_buf old = HGT_BUF_INIT;
		struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){ONLY_CHANGES});
		struct move move = {{{"a.yaml", NULL}}, {{"a.yaml", DEPLOYMENT("b")}}, FOUND, NULL, NULL};

		hgt_buf_addf(&old, "apiVersion: apps/v1\n%s\nmetadata: {name: x, namespace: ns}\nspec: {selector: {matchLabels: {app: a}}}\n",
			texts[i]);
		move.before[0].text = old.data;
		judge_move(engine, &move);
		hgt_engine_free(engine);
		hgt_buf_release(&old);
	}
}

/* Past what is kept of parsed documents, texts are kept. */
static void much_is_compared_too(void **state)
{
	enum { FILES = 12, KEYS = 20000 };
	struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){ONLY_CHANGES});
	struct hgt_buf text = HGT_BUF_INIT;
	char path[32];

	(void)state;
	for (int side = 0; side < 2; side++)
		for (int i = 0; i < FILES; i++) {
			hgt_buf_reset(&text);
			hgt_buf_addf(&text, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x%d}\nimmutable: true\ndata:\n  a: v%d\n", i, side);
			for (int key = 0; key < KEYS; key++)
				hgt_buf_addf(&text, "  k%d: v\n", key);
			snprintf(path, sizeof(path), "%c/%d.yaml", i % 2 ? 'a' : "ab"[side], i);
			if (side == 0)
				bring_before(engine, path, text.data);
			else
				rig_judge(engine, path, text.data, text.len, HGT_CLASS_AUTO);
		}
	assert_int_equal(hgt_engine_finish(engine, NULL), 0);
	assert_int_equal(hgt_engine_findings(engine)->errors, FILES);
	hgt_buf_release(&text);
	hgt_engine_free(engine);
}

/* A tree of files in memory. */
struct tree {
	const struct file *files;
	size_t n, loads;
	int fail;	/* what loading gives */
};

static int load_file(const struct hgt_tree_file *file, struct hgt_buf *out, struct hgt_error *err)
{
	struct tree *tree = file->ctx;

	tree->loads++;
	if (tree->fail)
		return hgt_error_set(err, tree->fail, "no such blob");
	for (size_t i = 0; i < tree->n && tree->files[i].path; i++)
		if (strcmp(tree->files[i].path, file->path) == 0) {
			hgt_buf_reset(out);
			hgt_buf_adds(out, tree->files[i].text);
		}
	return hgt_buf_check(out, err);
}

static int walk(void *ctx, hgt_tree_file_cb each, void *each_ctx, struct hgt_error *err)
{
	struct tree *tree = ctx;
	int code = 0;

	(void)err;
	for (size_t i = 0; i < tree->n && tree->files[i].path && code == 0; i++)
		code = each(each_ctx, &(struct hgt_tree_file){.path = tree->files[i].path, .size = strlen(tree->files[i].text),
			.load = load_file, .ctx = tree});
	return code < 0 ? code : 0;
}

#define NAMESPACE(name) "apiVersion: v1\nkind: Namespace\nmetadata: {name: " name "}\n"
#define MAP(namespace) "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  namespace: " namespace "\n"
#define DEFINITION "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: as.e.org}\n" \
	"spec: {group: e.org, scope: Cluster, names: {kind: A, plural: as}, versions: [{name: v1, storage: true}]}\n"

struct removal {
	struct file before;
	struct file tree[4];
	size_t loads;		/* of files of the tree */
	const char *expect, *path, *message;
};

static void what_is_used_is_not_removed(void **state)
{
	static const struct removal cases[] = {
		{{"ns.yaml", NAMESPACE("shop")}, {{"a.yaml", MAP("shop")}}, 1, "5:14-18 transition/still-used /metadata/namespace", "a.yaml",
			"namespace \"shop\" is removed by this change (it was in ns.yaml, line 1) and is still used here"},
		{{"ns.yaml", NAMESPACE("shop")}, {{"a.yaml", MAP("other")}, {"b.yaml", "# shop\n" MAP("shop") "---\n" MAP("shop")},
			{"c.yaml", MAP("shop")}}, 3, "6:14-18 transition/still-used /metadata/namespace", "b.yaml",
			"namespace \"shop\" is removed by this change (it was in ns.yaml, line 1) and is still used here and in 1 more file"},
		{{"ns.yaml", NAMESPACE("shop")}, {{"kustomization.yaml", "resources: []\nnamespace: shop\n"}}, 1,
			"2:12-16 transition/still-used /namespace", NULL, NULL},
		{{"ns.yaml", NAMESPACE("shop")}, {{"a.yaml", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n"
			"  metadata: {name: x, namespace: shop}\n"}}, 1, "6:34-38 transition/still-used /items/0/metadata/namespace", NULL, NULL},
		/* stated elsewhere: in another environment, in a template, as OpenShift has it */
		{{"ns.yaml", NAMESPACE("shop")}, {{"a.yaml", MAP("shop")}, {"b.yaml", NAMESPACE("shop")}}, 2, "", NULL, NULL},
		{{"ns.yaml", NAMESPACE("shop")}, {{"a.yaml", MAP("shop")}, {"templates/b.yaml", NAMESPACE("shop") "{{ x }}\n"}}, 2, "", NULL,
			NULL},
		{{"ns.yaml", NAMESPACE("shop")}, {{"a.yaml", MAP("shop")},
			{"b.yaml", "apiVersion: project.openshift.io/v1\nkind: Project\nmetadata: {name: shop}\n"}}, 2, "", NULL, NULL},
		/* not used, or by what is not applied */
		{{"ns.yaml", NAMESPACE("shop")}, {{"a.yaml", MAP("shopping")}}, 1, "", NULL, NULL},
		{{"ns.yaml", NAMESPACE("shop")}, {{"a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {namespace: shop}\n"}},
			1, "",
			NULL, NULL},
		{{"ns.yaml", NAMESPACE("shop")}, {{"examples/a.yaml", MAP("shop")}}, 1, "", NULL, NULL},
		/* not looked for at all: kept by who applies it, built in, no namespace, an example */
		{{"ns.yaml",
			"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}\n"},
			{{"a.yaml", MAP("shop")}}, 0, "", NULL, NULL},
		{{"ns.yaml",
			"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  annotations: {argocd.argoproj.io/sync-options: Prune=false}\n"},
			{{"a.yaml", MAP("shop")}}, 0, "", NULL, NULL},
		{{"ns.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  annotations: {helm.sh/resource-policy: keep}\n"},
			{{"a.yaml", MAP("shop")}}, 0, "", NULL, NULL},
		{{"ns.yaml", NAMESPACE("default")}, {{"a.yaml", MAP("default")}}, 0, "", NULL, NULL},
		{{"ns.yaml", DEPLOYMENT("shop")}, {{"a.yaml", MAP("shop")}}, 0, "", NULL, NULL},
		{{"tests/ns.yaml", NAMESPACE("shop")}, {{"a.yaml", MAP("shop")}}, 0, "", NULL, NULL},
		/* definitions of kinds */
		{{"crd.yaml", DEFINITION}, {{"a.yaml", "apiVersion: e.org/v1\nkind: A\nmetadata: {name: x}\n"}}, 1,
			"2:7-8 transition/still-used /kind", "a.yaml",
			"the definition of \"A\" is removed by this change (it was in crd.yaml, line 1) and is still used here"},
		{{"crd.yaml", DEFINITION}, {{"a.yaml", "apiVersion: e.org/v1\nkind: B\nmetadata: {name: x}\n"}}, 1, "", NULL, NULL},
		{{"crd.yaml", DEFINITION}, {{"a.yaml", "apiVersion: f.e.org/v1\nkind: A\nmetadata: {name: x}\n"}}, 1, "", NULL, NULL},
		{{"crd.yaml", DEFINITION}, {{"a.yaml", "apiVersion: e.org/v1\nkind: A\nmetadata: {name: x}\n"}, {"b.yaml", DEFINITION}}, 2, "",
			NULL,
			NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct tree tree = {.files = cases[i].tree, .n = 4};
		struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){ONLY_CHANGES, .tree = walk, .tree_ctx = &tree});

		bring_before(engine, cases[i].before.path, cases[i].before.text);
		expect_findings(engine, cases[i].expect, cases[i].message, cases[i].tree[0].text);
		if (cases[i].path)
			assert_string_equal(hgt_engine_findings(engine)->items[0].path, cases[i].path);
		assert_int_equal(tree.loads, cases[i].loads);
		hgt_engine_free(engine);
	}
}

/* What is in the change itself as well, moved or as a patch, is not removed; and no tree is asked for where nothing is. */
static void what_stays_is_not_looked_for(void **state)
{
	static const struct file files[] = {{"a.yaml", MAP("shop")}};
	static const struct move moves[] = {
		{{{"ns.yaml", NAMESPACE("shop")}}, {{"b/ns.yaml", NAMESPACE("shop") "# moved\n"}}, "", NULL, NULL},
		{{{"ns.yaml", NAMESPACE("shop")}}, {{"ns.yaml", NAMESPACE("shop") "$patch: merge\n"}}, "", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(moves); i++) {
		struct tree tree = {.files = files, .n = 1};
		struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){ONLY_CHANGES, .tree = walk, .tree_ctx = &tree});

		judge_move(engine, &moves[i]);
		assert_int_equal(tree.loads, 0);
		hgt_engine_free(engine);
	}
}

static void trouble_in_the_tree_is_passed_on(void **state)
{
	static const struct file files[] = {{"a.yaml", MAP("shop")}};
	struct tree tree = {.files = files, .n = 1, .fail = HGT_ENOENT};
	struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){ONLY_CHANGES, .tree = walk, .tree_ctx = &tree});
	struct hgt_error err = {0};

	(void)state;
	bring_before(engine, "ns.yaml", NAMESPACE("shop"));
	assert_int_equal(hgt_engine_finish(engine, &err), HGT_ENOENT);
	assert_string_equal(err.message, "no such blob");
	hgt_engine_free(engine);
}

static void time_ends_the_walk(void **state)
{
	static const struct file files[] = {{"a.yaml", MAP("shop")}};
	struct tree tree = {.files = files, .n = 1};
	int64_t deadline = hgt_time_mono_ms() + 60;
	struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){ONLY_CHANGES, .tree = walk, .tree_ctx = &tree,
		.deadline_ms = deadline});

	(void)state;
	bring_before(engine, "ns.yaml", NAMESPACE("shop"));
	while (hgt_time_mono_ms() < deadline) {
	}
	expect_findings(engine, "0:0 gate/timeout", NULL, "walk");
	assert_int_equal(tree.loads, 0);
	hgt_engine_free(engine);
}

/* 0, or HGT_ENOMEM; nothing else, and nothing leaks. */
static int judge_once(void)
{
	static const struct file files[] = {{"c.yaml", MAP("shop")}};
	static const char old[] = DEPLOYMENT("a") "---\n" NAMESPACE("shop"), new[] = DEPLOYMENT("b");
	struct tree tree = {.files = files, .n = 1};
	struct hgt_engine *engine;
	int code = hgt_engine_new(&(struct hgt_engine_options){ONLY_CHANGES, .tree = walk, .tree_ctx = &tree}, &engine, NULL);

	if (code < 0)
		return code;
	code = hgt_engine_before(engine, "a.yaml", old, sizeof(old) - 1, HGT_CLASS_AUTO, NULL);
	if (code == 0)
		code = hgt_engine_file(engine, "b.yaml", new, sizeof(new) - 1, HGT_CLASS_AUTO, NULL);
	if (code == 0)
		code = hgt_engine_finish(engine, NULL);
	if (code == 0)
		assert_int_equal(hgt_engine_findings(engine)->errors, 2);
	hgt_engine_free(engine);
	return code;
}

static void survives_want_of_memory(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		int code;

		fail_alloc_at(n);
		code = judge_once();
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			return;
		}
		assert_true(code == 0 || code == HGT_ENOMEM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selectors_are_fixed),
		cmocka_unit_test(stateful_sets_are_fixed),
		cmocka_unit_test(sealed_data_is_fixed),
		cmocka_unit_test(services_keep_their_address),
		cmocka_unit_test(claims_are_fixed_and_only_grow),
		cmocka_unit_test(volumes_stay_where_they_are),
		cmocka_unit_test(pods_change_their_images_only),
		cmocka_unit_test(jobs_are_fixed),
		cmocka_unit_test(classes_and_bindings_are_fixed),
		cmocka_unit_test(definitions_are_fixed),
		cmocka_unit_test(recreated_objects_are_free),
		cmocka_unit_test(objects_are_known_wherever_they_move),
		cmocka_unit_test(old_kinds_are_seen),
		cmocka_unit_test(much_is_compared_too),
		cmocka_unit_test(what_is_used_is_not_removed),
		cmocka_unit_test(what_stays_is_not_looked_for),
		cmocka_unit_test(trouble_in_the_tree_is_passed_on),
		cmocka_unit_test(time_ends_the_walk),
		cmocka_unit_test(survives_want_of_memory),
	};

	return cmocka_run_group_tests_name("k8s_transition", tests, NULL, NULL);
}
