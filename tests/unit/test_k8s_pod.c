/* lib/k8s/pod, volumes, volume_mounts, security, scheduling: what a pod says that cannot be. */
#include "check/engine.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

#define HEAD "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: p}}\nspec:\n"
#define CONTAINERS "  containers: [{name: a, image: a}]\n"
#define TEMPLATE "apiVersion: v1\nkind: PodTemplate\nmetadata: {name: p}\ntemplate:\n  metadata: {labels: {app: p}}\n  spec:\n"
#define TEMPLATE_CONTAINERS "    containers: [{name: a, image: a}]\n"

static void checks_names(void **state)
{
	static const struct kind_case cases[] = {
		{"  containers: [{name: a, image: a}, {name: b, image: a}]\n  initContainers: [{name: c, image: a}]\n", "", 0},
		{"  containers: [{name: a, image: a}, {name: a, image: a}]\n", "spec.containers[1].name: duplicate \"a\"", 0},
		{"  containers: [{name: a, image: a}]\n  initContainers: [{name: a, image: a}]\n",
			"spec.initContainers[0].name: duplicate \"a\"", 0},
		{"  containers: [{name: \"${A}\", image: a}, {name: \"${A}\", image: a}]\n", "", 0},
		{CONTAINERS "  volumes: [{name: a, emptyDir: {}}, {name: b, emptyDir: {}}, {name: a}]\n",
			"spec.volumes[2].name: duplicate \"a\"", 0},
		{CONTAINERS "  resourceClaims: [{name: a, resourceClaimName: a}, {name: a, resourceClaimName: b}]\n",
			"spec.resourceClaims[1].name: duplicate \"a\"", 0},
		{CONTAINERS "  securityContext: {sysctls: [{name: a, value: b}, {name: b}, {name: a}]}\n",
			"spec.securityContext.sysctls[2].name: duplicate \"a\"", 0},
		{CONTAINERS "  volumes: [{name: v, projected: {sources: [{secret: {name: s, items: [{key: a, path: x}, {key: b, path: z}]}}, "
			"{configMap: {name: c, items: [{key: a, path: x}]}}, {downwardAPI: {items: [{path: z, fieldRef: {fieldPath: "
			"metadata.name}}]}}]}}]\n",
			"spec.volumes[0].projected.sources[1].configMap.items[0].path: duplicate \"x\"\n"
			"spec.volumes[0].projected.sources[2].downwardAPI.items[0].path: duplicate \"z\"", 0},
		{CONTAINERS "  volumes: [{name: v, projected: {sources: [{clusterTrustBundle: {name: b, path: x}}, {podCertificate: "
			"{signerName: a.b/c, keyType: ED25519, keyPath: x, certificateChainPath: z}}]}}]\n",
			"spec.volumes[0].projected.sources[1].podCertificate.keyPath: duplicate \"x\"", 0},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/duplicate-name");
}

static void checks_the_pod(void **state)
{
	static const struct kind_case cases[] = {
		{CONTAINERS "  dnsPolicy: None\n", "spec.dnsConfig: dnsPolicy None needs name servers, and there are none", 0},
		{CONTAINERS "  dnsPolicy: None\n  dnsConfig: {searches: [a]}\n",
			"spec.dnsConfig.nameservers: dnsPolicy None needs name servers, and there are none", 0},
		{CONTAINERS "  dnsPolicy: None\n  dnsConfig: {nameservers: [10.0.0.1]}\n", "", 0},
		{CONTAINERS "  dnsConfig: {nameservers: [dns]}\n", "spec.dnsConfig.nameservers[0]: \"dns\" is not an IP address", 0},
		{CONTAINERS "  dnsConfig: {nameservers: [010.0.0.1]}\n",
			"spec.dnsConfig.nameservers[0]: \"010.0.0.1\" has a number with a leading zero", 36},
		{CONTAINERS "  dnsConfig: {nameservers: [010.0.0.1]}\n", "", 35},
		{CONTAINERS "  hostAliases: [{ip: 1.2.3.4, hostnames: [a]}, {ip: 1.2.3.400, hostnames: [b]}]\n",
			"spec.hostAliases[1].ip: \"1.2.3.400\" is not an IP address", 0},
		{CONTAINERS "  hostname: a\n  subdomain: b\n", "", 0},
		{CONTAINERS "  hostname: a.b\n", "spec.hostname: \"a.b\" is no DNS label", 0},
		{CONTAINERS "  subdomain: a_b\n", "spec.subdomain: \"a_b\" is no DNS label", 0},
		{CONTAINERS "  hostnameOverride: a.b\n", "", 0},
		{CONTAINERS "  hostnameOverride: a\n  setHostnameAsFQDN: true\n",
			"spec.hostnameOverride: cannot be set when setHostnameAsFQDN is true", 0},
		{CONTAINERS "  hostnameOverride: a\n  hostNetwork: true\n",
			"spec.hostnameOverride: cannot be set when hostNetwork is true", 0},
		{CONTAINERS "  hostnameOverride: a\n  setHostnameAsFQDN: false\n  hostNetwork: false\n", "", 0},
		{CONTAINERS "  ephemeralContainers: [{name: b, image: b}]\n",
			"spec.ephemeralContainers: ephemeral containers cannot be part of a pod that is created", 0},
		{CONTAINERS "  ephemeralContainers: []\n", "", 0},
		{CONTAINERS "  nodeName: n\n  schedulingGates: [{name: g}]\n",
			"spec.nodeName: a pod with schedulingGates cannot have a node yet", 0},
		{CONTAINERS "  nodeName: n\n  schedulingGates: []\n", "", 0},
		{CONTAINERS "  schedulingGroup: {podGroupName: g}\n  evictionResponders: [{name: a.b/c, priority: 1}]\n",
			"spec.schedulingGroup: cannot be set together with evictionResponders", 0},
		{"  containers: [{name: a, image: \" a\"}]\n", "spec.containers[0].image: \" a\" begins or ends with a blank", 0},
		{"  containers: [{name: a, image: a b}]\n  initContainers: [{name: b, image: \"a \"}]\n",
			"spec.initContainers[0].image: \"a \" begins or ends with a blank", 0},
	};
	static const struct kind_case of_templates[] = {
		{"    containers: [{name: a, image: \" a\"}]\n", "", 0},
		{TEMPLATE_CONTAINERS "    nodeName: n\n    schedulingGates: [{name: g}]\n", "", 0},
		{TEMPLATE_CONTAINERS "    ephemeralContainers: [{name: b, image: b}]\n",
			"template.spec.ephemeralContainers: ephemeral containers cannot be part of a template", 0},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/pod");
	KIND_TABLE(TEMPLATE, of_templates, "k8s/pod");
}

static void bounds_the_search_path(void **state)
{
	char text[4096] = HEAD CONTAINERS "  dnsConfig: {searches: [";
	struct kind_case one = {"", "", 0};

	(void)state;
	/* 32 domains of 63 and the blanks between them make 2047. */
	for (int i = 0; i < 32; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%sa%062d", i ? ", " : "", i);
	one.body = "]}\n";
	kind_table(text, (const char *const []){"k8s/pod", NULL}, &one, 1);
	one.body = ", a]}\n";
	one.expect = "spec.dnsConfig.searches: the search path has 2049 characters, and 2048 are the most";
	kind_table(text, (const char *const []){"k8s/pod", NULL}, &one, 1);
}

#define VOLUME(source) CONTAINERS "  volumes: [{name: v, " source "}]\n"

static void checks_volumes(void **state)
{
	static const struct kind_case cases[] = {
		{VOLUME("iscsi: {targetPortal: a, iqn: i, lun: 0, chapAuthSession: true}"),
			"spec.volumes[0].iscsi.secretRef: is missing, and CHAP needs it", 0},
		{VOLUME("iscsi: {targetPortal: a, iqn: i, lun: 0, chapAuthDiscovery: true, secretRef: {name: s}}"), "", 0},
		{VOLUME("iscsi: {targetPortal: \"0123456789012345678901234567890123456789012345678901234567890\", iqn: i, lun: 0, "
			"initiatorName: i}"), "", 0},
		{VOLUME("iscsi: {targetPortal: \"0123456789012345678901234567890123456789012345678901234567890123\", iqn: i, lun: 0, "
			"initiatorName: i}"),
			"spec.volumes[0].name: with targetPortal it has 66 characters, and 64 are the most when initiatorName is set", 0},
		{VOLUME("fc: {targetWWNs: [a], lun: 255}"), "", 0},
		{VOLUME("fc: {wwids: [a]}"), "", 0},
		{VOLUME("fc: {wwids: [a], lun: 256}"), "", 0},
		{VOLUME("fc: {targetWWNs: [a], lun: 256}"), "spec.volumes[0].fc.lun: must be between 0 and 255, is 256", 0},
		{VOLUME("fc: {targetWWNs: [a]}"), "spec.volumes[0].fc.lun: is missing, and targetWWNs needs it", 0},
		{VOLUME("fc: {lun: 1}"), "spec.volumes[0].fc.targetWWNs: is missing, and so is wwids", 0},
		{VOLUME("fc: {targetWWNs: [a], wwids: [b], lun: 1}"),
			"spec.volumes[0].fc.targetWWNs: cannot be set together with wwids", 0},
		{VOLUME("azureDisk: {diskName: d, diskURI: /subscriptions/x, kind: Managed}"), "", 0},
		{VOLUME("azureDisk: {diskName: d, diskURI: \"https://x\"}"), "", 0},
		{VOLUME("azureDisk: {diskName: d, diskURI: \"https://x\", kind: Managed}"),
			"spec.volumes[0].azureDisk.diskURI: \"https://x\" does not begin with /subscriptions/, as that of a managed disk does", 0},
		{VOLUME("azureDisk: {diskName: d, diskURI: /subscriptions/x, kind: Shared}"),
			"spec.volumes[0].azureDisk.diskURI: \"/subscriptions/x\" does not begin with https://, as that of a shared or dedicated "
			"disk does", 0},
		{VOLUME("flexVolume: {driver: d, options: {a.k8s.io/b: c, mykubernetes.io/x: y, Kubernetes.io: z}}"),
			"spec.volumes[0].flexVolume.options[\"a.k8s.io/b\"]: k8s.io is Kubernetes' own\n"
			"spec.volumes[0].flexVolume.options[\"Kubernetes.io\"]: kubernetes.io is Kubernetes' own", 0},
		{VOLUME("projected: {sources: [{clusterTrustBundle: {name: b, path: x, labelSelector: {}}}]}"),
			"spec.volumes[0].projected.sources[0].clusterTrustBundle.labelSelector: cannot be set together with name", 0},
		{VOLUME("projected: {sources: [{clusterTrustBundle: {signerName: a.b/c, path: x, labelSelector: {}}}]}"), "", 0},
		{VOLUME("projected: {sources: [{podCertificate: {signerName: a.b/c, keyType: ED25519}}]}"),
			"spec.volumes[0].projected.sources[0].podCertificate: one of credentialBundlePath, keyPath and certificateChainPath has to "
			"be there", 0},
		{VOLUME("projected: {sources: [{podCertificate: {signerName: a.b/c, keyType: ED25519, keyPath: x}}]}"), "", 0},
		{VOLUME("emptyDir: {sizeLimit: -1Gi}"), "spec.volumes[0].emptyDir.sizeLimit: must be 0 or more, is \"-1Gi\"", 0},
		{VOLUME("emptyDir: {sizeLimit: 0}"), "", 0},
		{VOLUME("image: {pullPolicy: Always}"), "spec.volumes[0].image.reference: is missing", 35},
		{VOLUME("image: {reference: a}"), "", 0},
		{VOLUME("csi: {driver: d, nodePublishSecretRef: {}}"), "spec.volumes[0].csi.nodePublishSecretRef.name: is missing", 0},
		{VOLUME("csi: {driver: d, nodePublishSecretRef: {name: s}}"), "", 0},
		{CONTAINERS "  volumes: [{name: e, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: "
			"{storage: 1Gi}}}}}}, {name: c, persistentVolumeClaim: {claimName: p-e}}, {name: d, persistentVolumeClaim: {claimName: "
			"p-c}}]\n",
			"spec.volumes[1].persistentVolumeClaim.claimName: \"p-e\" is the claim that is made for the ephemeral volume \"e\"", 0},
		{CONTAINERS "  volumes: [{name: e, ephemeral: {volumeClaimTemplate: {metadata: {name: x, labels: {a: b}}, spec: {accessModes: "
			"[ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}]\n",
			"spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: cannot be set; a template has labels and annotations", 0},
	};
	static const struct kind_case of_templates[] = {
		{TEMPLATE_CONTAINERS "    volumes: [{name: v, image: {}}]\n", "", 36},
		{TEMPLATE_CONTAINERS "    volumes: [{name: v, image: {}}]\n", "template.spec.volumes[0].image.reference: is missing", 37},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/volume");
	KIND_TABLE(TEMPLATE, of_templates, "k8s/volume");
}

#define MOUNTS(mounts) "  containers: [{name: a, image: a, " mounts "}]\n  volumes: [{name: v}, {name: w, emptyDir: {}}, " \
	"{name: c, persistentVolumeClaim: {claimName: c}}, {name: i, image: {reference: r}}]\n"

static void checks_mounts(void **state)
{
	static const struct kind_case cases[] = {
		{MOUNTS("volumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /b}]"), "", 0},
		{MOUNTS("volumeMounts: [{name: x, mountPath: /a}]"),
			"spec.containers[0].volumeMounts[0].name: the pod has no volume \"x\"", 0},
		{MOUNTS("volumeMounts: [{name: \"${X}\", mountPath: /a}]"), "", 0},
		{MOUNTS("volumeMounts: [{name: v, mountPath: /a}, {name: w, mountPath: /a}]"),
			"spec.containers[0].volumeMounts[1].mountPath: duplicate \"/a\"", 0},
		{MOUNTS("volumeMounts: [{name: v, mountPath: /a}, {name: w, mountPath: /a/}]"), "", 0},
		{MOUNTS("volumeMounts: [{name: v, mountPath: /a, mountPropagation: Bidirectional}]"),
			"spec.containers[0].volumeMounts[0].mountPropagation: Bidirectional is for privileged containers only", 0},
		{MOUNTS("securityContext: {privileged: true}, volumeMounts: [{name: v, mountPath: /a, mountPropagation: Bidirectional}]"), "",
			0},
		{MOUNTS("volumeMounts: [{name: v, mountPath: /a, recursiveReadOnly: Enabled}]"),
			"spec.containers[0].volumeMounts[0].recursiveReadOnly: may only be set when readOnly is true", 0},
		{MOUNTS("volumeMounts: [{name: v, mountPath: /a, readOnly: true, recursiveReadOnly: Enabled, mountPropagation: "
			"HostToContainer}]"),
			"spec.containers[0].volumeMounts[0].recursiveReadOnly: may only be set when mountPropagation is None or not there", 0},
		{MOUNTS("volumeMounts: [{name: v, mountPath: /a, readOnly: true, recursiveReadOnly: Enabled, mountPropagation: None}]"), "", 0},
		{MOUNTS("volumeMounts: [{name: v, mountPath: /a, recursiveReadOnly: Disabled}]"), "", 0},
		{MOUNTS("volumeMounts: [{name: v, mountPath: /a, subPath: a, subPathExpr: b}]"),
			"spec.containers[0].volumeMounts[0].subPathExpr: cannot be set together with subPath", 0},
		{MOUNTS("volumeMounts: [{name: v, mountPath: /a, subPath: \"\", subPathExpr: b}]"), "", 0},
		{MOUNTS("volumeMounts: [{name: i, mountPath: /a, bindMountOptions: [noexec]}]"),
			"spec.containers[0].volumeMounts[0].bindMountOptions: cannot be set for a volume that is an image", 0},
		{MOUNTS("volumeMounts: [{name: v, mountPath: /a, bindMountOptions: [noexec]}]"), "", 0},
		{MOUNTS("volumeDevices: [{name: c, devicePath: /a}]"), "", 0},
		{MOUNTS("volumeDevices: [{name: v, devicePath: /a}]"),
			"spec.containers[0].volumeDevices[0].name: the volume \"v\" is no block device; only a persistentVolumeClaim or an ephemeral "
			"volume can be", 0},
		{MOUNTS("volumeDevices: [{name: x, devicePath: /a}]"),
			"spec.containers[0].volumeDevices[0].name: the pod has no volume \"x\"", 0},
		{MOUNTS("volumeDevices: [{name: c, devicePath: /a}, {name: c, devicePath: /b}]"),
			"spec.containers[0].volumeDevices[1].name: duplicate \"c\"", 0},
		{MOUNTS("volumeMounts: [{name: c, mountPath: /a}], volumeDevices: [{name: c, devicePath: /a}]"),
			"spec.containers[0].volumeDevices[0].name: duplicate \"c\"\n"
			"spec.containers[0].volumeDevices[0].devicePath: duplicate \"/a\"", 0},
		{"  containers: [{name: a, image: a}]\n  initContainers: [{name: b, image: a, volumeMounts: [{name: x, mountPath: /a}]}]\n",
			"spec.initContainers[0].volumeMounts[0].name: the pod has no volume \"x\"", 0},
		/* what is filled in later may bring the volume */
		{"  containers: [{name: a, image: a, volumeMounts: [{name: x, mountPath: /a}]}]\n  volumes: [{name: \"${V}\"}]\n", "", 0},
		{"  containers: [{name: a, image: a, volumeMounts: [{name: x, mountPath: /a}]}]\n  volumes: ${VOLUMES}\n", "", 0},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/volume-mount");
}

#define SPREAD(more) "{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway" more "}"
#define ALL ", labelSelector: {}"
#define SPREADS(list) CONTAINERS "  topologySpreadConstraints: [" list "]\n"
#define PODS(term) CONTAINERS "  affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone, " \
	term "}]}}\n"
#define AT_PODS "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]."

#define ITEMS(items) "{name: a, items: [" items "]}"

static void checks_paths(void **state)
{
	static const struct kind_case cases[] = {
		{VOLUME("configMap: " ITEMS("{key: a, path: a}, {key: b, path: b/c}, {key: d, path: b/d}, {key: e, path: ab}")), "", 0},
		{VOLUME("configMap: " ITEMS("{key: a, path: a}, {key: b, path: a/}")),
			"spec.volumes[0].configMap.items[1].path: \"a/\" and \"a\" cannot both be there", 0},
		{VOLUME("secret: {secretName: a, items: [{key: a, path: a}, {key: b, path: a/b/c}]}"),
			"spec.volumes[0].secret.items[1].path: \"a/b/c\" and \"a\" cannot both be there", 0},
		{VOLUME("downwardAPI: {items: [{path: a/b/c, fieldRef: {fieldPath: metadata.name}}, {path: a/b, fieldRef: {fieldPath: "
			"metadata.name}}]}"), "spec.volumes[0].downwardAPI.items[1].path: \"a/b\" and \"a/b/c\" cannot both be there", 0},
		{VOLUME("projected: {sources: [{configMap: " ITEMS("{key: a, path: token}") "}, {serviceAccountToken: {path: token}}]}"),
			"spec.volumes[0].projected.sources[1].serviceAccountToken.path: \"token\" and \"token\" cannot both be there", 0},
		{VOLUME("projected: {sources: [{serviceAccountToken: {path: token}}, {configMap: " ITEMS("{key: a, path: token}") "}]}"),
			"spec.volumes[0].projected.sources[1].configMap.items[0].path: \"token\" and \"token\" cannot both be there", 0},
		{VOLUME("projected: {sources: [{configMap: " ITEMS("{key: a, path: a}") "}, {secret: " ITEMS("{key: a, path: a/b}") "}]}"),
			"spec.volumes[0].projected.sources[1].secret.items[0].path: \"a/b\" and \"a\" cannot both be there", 0},
		{CONTAINERS "  volumes: [{name: v, configMap: " ITEMS("{key: a, path: a}") "}, {name: w, configMap: "
			ITEMS("{key: a, path: a}") "}]\n", "", 0},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/overlap");
}

static void checks_repetitions(void **state)
{
	static const struct kind_case cases[] = {
		{CONTAINERS "  hostAliases: [{ip: 1.2.3.4, hostnames: [a]}, {ip: 1.2.3.4, hostnames: [b]}]\n",
			"spec.hostAliases[1].ip: duplicate \"1.2.3.4\"", 0},
		{CONTAINERS "  imagePullSecrets: [{name: a}, {name: b}]\n", "", 0},
		{CONTAINERS "  imagePullSecrets: [{name: a}, {name: a}]\n", "spec.imagePullSecrets[1].name: duplicate \"a\"", 0},
	};
	static const struct kind_case doubtful[] = {
		{VOLUME("projected: {sources: [null]}"), "spec.volumes[0].projected.sources[0]: brings nothing into the volume", 0},
		{VOLUME("projected: {sources: [{}]}"), "spec.volumes[0].projected.sources[0]: brings nothing into the volume", 0},
		{VOLUME("projected: {sources: []}"), "", 0},
		{CONTAINERS "  imagePullSecrets: [{}]\n", "spec.imagePullSecrets[0].name: is missing", 0},
		{CONTAINERS "  terminationGracePeriodSeconds: -1\n", "spec.terminationGracePeriodSeconds: is -1, which is taken for 1", 0},
		{CONTAINERS "  terminationGracePeriodSeconds: 0\n", "", 0},
		{SPREADS(SPREAD("")), "spec.topologySpreadConstraints[0].labelSelector: is missing, and so no pod is meant", 0},
		{PODS("namespaces: [a]"), AT_PODS "labelSelector: is missing, and so no pod is meant", 0},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/overlap");
	KIND_TABLE(HEAD, doubtful, "k8s/doubtful");
}

#define CONTEXT(context) "  containers: [{name: a, image: a, securityContext: {" context "}}]\n"

static void checks_contexts(void **state)
{
	static const struct kind_case cases[] = {
		{CONTEXT("seccompProfile: {type: Localhost}"),
			"spec.containers[0].securityContext.seccompProfile.localhostProfile: is missing, and type Localhost needs it", 0},
		{CONTEXT("seccompProfile: {type: RuntimeDefault, localhostProfile: a}"),
			"spec.containers[0].securityContext.seccompProfile.localhostProfile: may only be set when type is Localhost", 0},
		{CONTEXT("seccompProfile: {type: Localhost, localhostProfile: a}, appArmorProfile: {type: Unconfined}"), "", 0},
		{CONTAINERS "  securityContext: {appArmorProfile: {type: Localhost}}\n",
			"spec.securityContext.appArmorProfile.localhostProfile: is missing, and type Localhost needs it", 0},
		{CONTEXT("privileged: true, allowPrivilegeEscalation: false"),
			"spec.containers[0].securityContext.allowPrivilegeEscalation: cannot be false when privileged is true", 0},
		{CONTEXT("privileged: true, allowPrivilegeEscalation: true"), "", 0},
		{CONTEXT("allowPrivilegeEscalation: false, capabilities: {add: [NET_ADMIN, CAP_SYS_ADMIN]}"),
			"spec.containers[0].securityContext.allowPrivilegeEscalation: cannot be false when CAP_SYS_ADMIN is added", 0},
		{CONTEXT("allowPrivilegeEscalation: false, capabilities: {add: [SYS_ADMIN]}"), "", 0},
		{CONTEXT("procMount: Unmasked"), "spec.containers[0].securityContext.procMount: Unmasked can only be when hostUsers is false",
			0},
		{CONTEXT("procMount: Unmasked") "  hostUsers: false\n", "", 0},
		{CONTEXT("procMount: Default"), "", 0},
		{CONTAINERS "  hostNetwork: true\n  hostIPC: true\n  securityContext: {sysctls: [{name: net.core.somaxconn}, {name: "
			"kernel.shmmax}, {name: kernel/msgmax}, {name: fs.mqueue.a}, {name: net/core/x}, {name: vm.swappiness}, {name: network.x}]}\n",
			"spec.securityContext.sysctls[0].name: \"net.core.somaxconn\" cannot be set when hostNetwork is true\n"
			"spec.securityContext.sysctls[1].name: \"kernel.shmmax\" cannot be set when hostIPC is true\n"
			"spec.securityContext.sysctls[2].name: \"kernel/msgmax\" cannot be set when hostIPC is true\n"
			"spec.securityContext.sysctls[3].name: \"fs.mqueue.a\" cannot be set when hostIPC is true\n"
			"spec.securityContext.sysctls[4].name: \"net/core/x\" cannot be set when hostNetwork is true", 0},
		{CONTAINERS "  hostIPC: true\n  securityContext: {sysctls: [{name: net.core.somaxconn}]}\n", "", 0},
		{CONTAINERS "  shareProcessNamespace: true\n  hostPID: true\n",
			"spec.shareProcessNamespace: cannot be true when hostPID is true", 0},
		{CONTAINERS "  shareProcessNamespace: false\n  hostPID: true\n", "", 0},
		{CONTAINERS "  hostUsers: false\n  hostNetwork: true\n  hostPID: true\n  hostIPC: true\n",
			"spec.hostNetwork: cannot be true when hostUsers is false\nspec.hostPID: cannot be true when hostUsers is false\n"
			"spec.hostIPC: cannot be true when hostUsers is false", 0},
		{CONTAINERS "  hostUsers: true\n  hostNetwork: true\n", "", 0},
		{"  containers: [{name: a, image: a, volumeDevices: [{name: v, devicePath: /a}]}]\n  hostUsers: false\n"
			"  volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]\n",
			"spec.containers[0].volumeDevices: cannot be set when hostUsers is false", 0},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/security-context");
}

#define ANNOTATED "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations: {"
#define SPEC(context) "}\nspec:\n" CONTEXT(context) "  initContainers: [{name: b, image: b}]\n"
#define APPARMOR "container.apparmor.security.beta.kubernetes.io/"
#define AT_APPARMOR "metadata.annotations[\"" APPARMOR
#define SECCOMP "container.seccomp.security.alpha.kubernetes.io/"
#define COST "controller.kubernetes.io/pod-deletion-cost"

static void checks_annotated_profiles(void **state)
{
	static const struct kind_case cases[] = {
		{APPARMOR "a: runtime/default, " APPARMOR "b: localhost/x" SPEC(""), "", 0},
		{APPARMOR "a: unconfined, " APPARMOR "b: ''" SPEC(""), "", 0},
		{APPARMOR "c: unconfined" SPEC(""), AT_APPARMOR "c\"]: there is no container \"c\"", 0},
		{APPARMOR "c: unconfined}\nspec:\n  containers: [{name: '${NAME}', image: a}]\n", "", 0},
		{"\"" APPARMOR "${NAME}\": unconfined" SPEC(""), "", 0},
		{APPARMOR "a: docker/default" SPEC(""), AT_APPARMOR "a\"]: \"docker/default\" is no profile", 0},
		{APPARMOR "a: '${PROFILE}'" SPEC(""), "", 0},
		{SECCOMP "c: docker/default, seccomp.security.alpha.kubernetes.io/pod: localhost/a/b.json" SPEC(""), "", 0},
		{"seccomp.security.alpha.kubernetes.io/pod: localhost/../b.json" SPEC(""),
			"metadata.annotations[\"seccomp.security.alpha.kubernetes.io/pod\"]: \"localhost/../b.json\" is no profile", 0},
		{SECCOMP "a: ''" SPEC(""), "metadata.annotations[\"" SECCOMP "a\"]: \"\" is no profile", 0},
		/* Beside the field. */
		{APPARMOR "a: runtime/default" SPEC("appArmorProfile: {type: RuntimeDefault}"), "", 0},
		{APPARMOR "a: runtime/default" SPEC("appArmorProfile: {type: Unconfined}"),
			"spec.containers[0].securityContext.appArmorProfile.type: the annotation \"" APPARMOR "a\" says \"runtime/default\"", 0},
		{APPARMOR "b: runtime/default" SPEC("appArmorProfile: {type: Unconfined}"), "", 0},
		{APPARMOR "b: unconfined" SPEC("") "  securityContext: {appArmorProfile: {type: RuntimeDefault}}\n",
			"spec.securityContext.appArmorProfile.type: the annotation \"" APPARMOR "b\" says \"unconfined\"", 0},
		{APPARMOR "a: localhost/x" SPEC("appArmorProfile: {type: Localhost, localhostProfile: x}"), "", 0},
		{APPARMOR "a: localhost/x" SPEC("appArmorProfile: {type: Localhost, localhostProfile: z}"),
			"spec.containers[0].securityContext.appArmorProfile.localhostProfile: the annotation \"" APPARMOR "a\" says \"localhost/x\"",
			0},
		{SECCOMP "a: docker/default" SPEC("seccompProfile: {type: RuntimeDefault}"), "", 0},
		{SECCOMP "a: unconfined" SPEC("seccompProfile: {type: RuntimeDefault}"),
			"spec.containers[0].securityContext.seccompProfile.type: the annotation \"" SECCOMP "a\" says \"unconfined\"", 0},
		{SECCOMP "b: unconfined" SPEC("") "  securityContext: {seccompProfile: {type: RuntimeDefault}}\n", "", 0},
		{"seccomp.security.alpha.kubernetes.io/pod: runtime/default" SPEC("")
			"  securityContext: {seccompProfile: {type: Unconfined}}\n", "spec.securityContext.seccompProfile.type: the annotation "
			"\"seccomp.security.alpha.kubernetes.io/pod\" says \"runtime/default\"", 0},
	};

	(void)state;
	KIND_TABLE(ANNOTATED, cases, "k8s/security-context");
}

static void checks_deletion_costs(void **state)
{
	static const struct kind_case cases[] = {
		{COST ": '0'" SPEC(""), "", 0},
		{COST ": '-2147483648'" SPEC(""), "", 0},
		{COST ": '2147483647'" SPEC(""), "", 0},
		{COST ": '${COST}'" SPEC(""), "", 0},
		{COST ": '2147483648'" SPEC(""),
			"metadata.annotations[\"" COST "\"]: \"2147483648\" is no whole number from -2147483648 to 2147483647 without leading zeros", 0},
		{COST ": '99999999999999999999'" SPEC(""), "metadata.annotations[\"" COST
			"\"]: \"99999999999999999999\" is no whole number from -2147483648 to 2147483647 without leading zeros", 0},
		{COST ": '01'" SPEC(""),
			"metadata.annotations[\"" COST "\"]: \"01\" is no whole number from -2147483648 to 2147483647 without leading zeros", 0},
		{COST ": '-'" SPEC(""),
			"metadata.annotations[\"" COST "\"]: \"-\" is no whole number from -2147483648 to 2147483647 without leading zeros", 0},
		{COST ": ''" SPEC(""),
			"metadata.annotations[\"" COST "\"]: \"\" is no whole number from -2147483648 to 2147483647 without leading zeros", 0},
	};

	(void)state;
	KIND_TABLE(ANNOTATED, cases, "k8s/pod");
}

static void checks_systems(void **state)
{
	static const struct kind_case cases[] = {
		{CONTEXT("runAsUser: 1, windowsOptions: {runAsUserName: a}"), "", 0},
		{CONTEXT("windowsOptions: {runAsUserName: a}") "  os: {name: linux}\n",
			"spec.containers[0].securityContext.windowsOptions: cannot be set for a linux pod", 0},
		{CONTEXT("runAsUser: 1, windowsOptions: {runAsUserName: a}") "  os: {name: windows}\n  securityContext: {fsGroup: 1, sysctls: []}\n"
			"  hostPID: false\n  hostUsers: true\n",
			"spec.containers[0].securityContext.runAsUser: cannot be set for a windows pod\n"
			"spec.securityContext.fsGroup: cannot be set for a windows pod\nspec.hostUsers: cannot be set for a windows pod", 0},
		{CONTEXT("windowsOptions: {hostProcess: true}") "  hostNetwork: true\n", "", 0},
		{CONTEXT("windowsOptions: {hostProcess: true}"), "spec.hostNetwork: has to be true when containers have hostProcess", 0},
		{CONTEXT("windowsOptions: {hostProcess: true}") "  hostNetwork: true\n  initContainers: [{name: b, image: b}]\n",
			"spec: hostProcess has to be true for all containers or none", 0},
		{CONTAINERS "  hostNetwork: true\n  initContainers: [{name: b, image: b}]\n"
			"  securityContext: {windowsOptions: {hostProcess: true}}\n", "", 0},
		{CONTEXT("windowsOptions: {hostProcess: true}") "  hostNetwork: true\n"
			"  securityContext: {windowsOptions: {hostProcess: false}}\n",
			"spec.containers[0].securityContext.windowsOptions.hostProcess: is not what the pod's says", 0},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/security-context");
}

#define NODES(kind, terms) CONTAINERS "  affinity: {nodeAffinity: {" kind "DuringSchedulingIgnoredDuringExecution: " terms "}}\n"
#define REQUIRED(expressions) NODES("required", "{nodeSelectorTerms: [{" expressions "}]}")
#define AT_REQUIRED "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]."

static void checks_nodes(void **state)
{
	static const struct kind_case cases[] = {
		{REQUIRED("matchExpressions: [{key: a, operator: In, values: [b]}, {key: a, operator: Exists}, {key: a, operator: Gt, values: "
			"[\"1\"]}]"), "", 0},
		{REQUIRED("matchExpressions: [{key: a, operator: NotIn}]"),
			AT_REQUIRED "matchExpressions[0].values: is missing, and NotIn needs values", 0},
		{REQUIRED("matchExpressions: [{key: a, operator: DoesNotExist, values: [b]}]"),
			AT_REQUIRED "matchExpressions[0].values: DoesNotExist goes without values", 0},
		{REQUIRED("matchExpressions: [{key: a, operator: Lt, values: [\"1\", \"2\"]}]"),
			AT_REQUIRED "matchExpressions[0].values: has to be exactly one value for Lt", 0},
		{REQUIRED("matchExpressions: [{key: a, operator: In, values: [\"b c\"]}]"),
			AT_REQUIRED "matchExpressions[0].values[0]: \"b c\" is no value that a label can have", 0},
		{NODES("preferred", "[{weight: 1, preference: {matchExpressions: [{key: a, operator: In, values: [\"b c\"]}]}}]"), "", 0},
		{NODES("preferred", "[{weight: 1, preference: {matchExpressions: [{key: a, operator: In}]}}]"),
			"spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values: is "
			"missing, and In needs values", 0},
		{REQUIRED("matchFields: [{key: metadata.name, operator: In, values: [n]}]"), "", 0},
		{REQUIRED("matchFields: [{key: metadata.name, operator: NotIn, values: [a_b]}]"),
			AT_REQUIRED "matchFields[0].values[0]: \"a_b\" is no name that a node can have", 0},
		{REQUIRED("matchFields: [{key: metadata.uid, operator: In, values: [n]}]"),
			AT_REQUIRED "matchFields[0].key: \"metadata.uid\" is no field; metadata.name is the only one", 0},
		{REQUIRED("matchFields: [{key: metadata.name, operator: Exists}]"),
			AT_REQUIRED "matchFields[0].operator: \"Exists\" is no operator for fields", 0},
		{REQUIRED("matchFields: [{key: metadata.name, operator: In, values: [n, m]}]"),
			AT_REQUIRED "matchFields[0].values: has to be exactly one value for a field", 0},
		{CONTAINERS "  nodeSelector: {a/b: c, \"a b\": c, d: \"e f\"}\n",
			"spec.nodeSelector[\"a b\"]: is not a label's key\nspec.nodeSelector.d: \"e f\" is not a label's value", 0},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/scheduling");
}

static void checks_spreads(void **state)
{
	static const struct kind_case cases[] = {
		{SPREADS(SPREAD(ALL) ", {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, minDomains: 2" ALL "}"), "", 0},
		{SPREADS(SPREAD(ALL) ", " SPREAD(", labelSelector: {matchLabels: {a: b}}")), "spec.topologySpreadConstraints[1]: duplicate", 0},
		{SPREADS(SPREAD(", minDomains: 2" ALL)),
			"spec.topologySpreadConstraints[0].minDomains: can only be set when whenUnsatisfiable is DoNotSchedule", 0},
		{SPREADS(SPREAD(", matchLabelKeys: [a]")),
			"spec.topologySpreadConstraints[0].labelSelector: is missing, and so no pod is meant\n"
			"spec.topologySpreadConstraints[0].matchLabelKeys: cannot be set when labelSelector is not there", 0},
		{SPREADS(SPREAD(", matchLabelKeys: [a], labelSelector: {matchLabels: {b: c}}")), "", 0},
		{SPREADS(SPREAD(", matchLabelKeys: []" ALL)), "", 0},
		{PODS("labelSelector: {matchLabels: {a: b}}, matchLabelKeys: [c], mismatchLabelKeys: [d]"), "", 0},
		{PODS("matchLabelKeys: [c]"), AT_PODS "labelSelector: is missing, and so no pod is meant\n"
			AT_PODS "matchLabelKeys: cannot be set when labelSelector is not there", 0},
		{PODS("mismatchLabelKeys: [c]"), AT_PODS "labelSelector: is missing, and so no pod is meant\n"
			AT_PODS "mismatchLabelKeys: cannot be set when labelSelector is not there", 0},
		{PODS("labelSelector: {}, matchLabelKeys: [c, d], mismatchLabelKeys: [d]"),
			AT_PODS "matchLabelKeys[1]: \"d\" is in mismatchLabelKeys too", 0},
	};
	static const struct kind_case selectors[] = {
		{PODS("labelSelector: {matchExpressions: [{key: a, operator: In}]}"),
			AT_PODS "labelSelector.matchExpressions[0].values: is missing", 0},
		{PODS("labelSelector: {}, namespaceSelector: {matchLabels: {a: \"b c\"}}"),
			AT_PODS "namespaceSelector.matchLabels.a: \"b c\" is not a label's value", 0},
		{SPREADS(SPREAD(", labelSelector: {matchLabels: {\"a b\": c}}")),
			"spec.topologySpreadConstraints[0].labelSelector.matchLabels[\"a b\"]: is not a label's key", 0},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/scheduling", "k8s/doubtful");
	KIND_TABLE(HEAD, selectors, "k8s/selector");
}

#define TOLERATE(toleration) CONTAINERS "  tolerations: [{" toleration "}]\n"

static void checks_tolerations(void **state)
{
	static const struct kind_case cases[] = {
		{TOLERATE("key: a, value: b, effect: NoSchedule"), "", 0},
		{TOLERATE("operator: Exists"), "", 0},
		{TOLERATE("operator: Exists, effect: NoExecute, tolerationSeconds: 30"), "", 0},
		{TOLERATE("value: b"), "spec.tolerations[0].operator: has to be Exists when there is no key", 0},
		{TOLERATE("key: \"\", operator: Equal"), "spec.tolerations[0].operator: has to be Exists when there is no key", 0},
		{TOLERATE("key: a, operator: Exists, value: b"), "spec.tolerations[0].operator: Exists goes without a value", 0},
		{TOLERATE("key: a, operator: Exists, value: \"\""), "", 0},
		{TOLERATE("key: a, value: \"b c\""), "spec.tolerations[0].value: \"b c\" is no value that a taint can have", 0},
		{TOLERATE("key: a, operator: Gt, value: \"-5\""), "", 0},
		{TOLERATE("key: a, operator: Gt, value: \"05\""), "spec.tolerations[0].value: has to be an integer for Gt", 0},
		{TOLERATE("key: a, operator: Lt, value: b"), "spec.tolerations[0].value: has to be an integer for Lt", 0},
		{TOLERATE("key: a, operator: Exists, tolerationSeconds: 30"),
			"spec.tolerations[0].effect: has to be NoExecute when tolerationSeconds is set", 0},
		{TOLERATE("key: a, operator: Exists, effect: NoSchedule, tolerationSeconds: 30"),
			"spec.tolerations[0].effect: has to be NoExecute when tolerationSeconds is set", 0},
		{TOLERATE("key: \"${KEY}\", value: b"), "", 0},
	};

	(void)state;
	KIND_TABLE(HEAD, cases, "k8s/scheduling");
}

static void survives_want_of_memory(void **state)
{
	static const char text[] = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, labels: {a b: c}}\nspec:\n"
		"  selector: {matchLabels: {app: b}}\n  template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: a, env: [{name: "
		"A}, {name: A}], ports: [{containerPort: 1, name: a}, {containerPort: 1, name: a}], volumeMounts: [{name: v, mountPath: /a}], "
		"resources: {requests: {cpu: 2}, limits: {cpu: 1}}}, {name: a, image: a}], securityContext: {sysctls: [{name: a}, {name: a}]}, "
		"topologySpreadConstraints: [{topologyKey: a, whenUnsatisfiable: b}, {topologyKey: a, whenUnsatisfiable: b}]}}\n";

	(void)state;
	for (long n = 1;; n++) {
		struct hgt_engine *engine = NULL;
		struct hgt_error err = {0};
		int code;

		fail_alloc_at(n);
		code = hgt_engine_new(&(struct hgt_engine_options){0}, &engine, &err);
		if (code == 0)
			code = hgt_engine_file(engine, "a.yaml", text, sizeof(text) - 1, HGT_CLASS_KUBERNETES, &err);
		if (code == 0)
			code = hgt_engine_finish(engine, &err);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			assert_int_equal(hgt_engine_findings(engine)->errors, 8);
			hgt_engine_free(engine);
			break;
		}
		if (code != 0)
			assert_int_equal(code, HGT_ENOMEM);
		else
			assert_true(hgt_engine_findings(engine)->errors > 0);
		hgt_engine_free(engine);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_names), cmocka_unit_test(checks_the_pod), cmocka_unit_test(bounds_the_search_path),
		cmocka_unit_test(checks_volumes), cmocka_unit_test(checks_paths), cmocka_unit_test(checks_repetitions),
		cmocka_unit_test(checks_mounts), cmocka_unit_test(checks_contexts),
		cmocka_unit_test(checks_annotated_profiles), cmocka_unit_test(checks_deletion_costs),
		cmocka_unit_test(checks_systems), cmocka_unit_test(checks_nodes), cmocka_unit_test(checks_spreads),
		cmocka_unit_test(checks_tolerations), cmocka_unit_test(survives_want_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
