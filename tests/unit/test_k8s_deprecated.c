/* lib/k8s: versions of APIs, and fields, that are old or too new for the Kubernetes that objects are for. */
#include "k8s/api_versions.h"

#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

struct aged {
	unsigned kubernetes;	/* 0: the newest */
	const char *text;
	const char *expect;	/* as rig_describe() tells it, findings of other rules left out */
	const char *message, *hint;	/* of the first; NULL: any */
};

static bool is_ours(const char *rule)
{
	return strcmp(rule, "k8s/removed-api") == 0 || strcmp(rule, "k8s/deprecated-api") == 0 ||
		strcmp(rule, "k8s/not-yet-served") == 0 || strcmp(rule, "k8s/deprecated-field") == 0;
}

static void judge_aged(const struct aged *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){.kubernetes = cases[i].kubernetes});
		const struct hgt_findings *list = hgt_engine_findings(engine);
		const struct hgt_finding *first = NULL;
		struct hgt_buf told = HGT_BUF_INIT;

		rig_judge(engine, "a.yaml", cases[i].text, strlen(cases[i].text), HGT_CLASS_AUTO);
		assert_int_equal(hgt_engine_finish(engine, NULL), 0);
		for (size_t j = 0; j < list->n; j++) {
			const struct hgt_finding *f = &list->items[j];

			if (!is_ours(f->rule))
				continue;
			if (!first)
				first = f;
			hgt_buf_addf(&told, "%s%u:%u-%u %s %s", told.len ? "\n" : "", f->line, f->column, f->end_column, f->rule, f->pointer);
		}
		if (strcmp(told.data, cases[i].expect) != 0)
			fail_msg("%s\nexpected: %s\nfound: %s\n%s", cases[i].text, cases[i].expect, told.data, first ? first->message : "");
		if (cases[i].message)
			assert_string_equal(first->message, cases[i].message);
		if (cases[i].hint)
			assert_string_equal(first->hint, cases[i].hint);
		hgt_buf_release(&told);
		hgt_engine_free(engine);
	}
}

#define OBJECT(api, kind) "apiVersion: " api "\nkind: " kind "\nmetadata: {name: x}\n"

static void versions_have_their_time(void **state)
{
	static const struct aged cases[] = {
		{0, OBJECT("extensions/v1beta1", "Ingress"), "1:13-31 k8s/removed-api /apiVersion",
			"apiVersion: extensions/v1beta1 Ingress is no longer served since Kubernetes 1.22",
			"use networking.k8s.io/v1; backends are service.name and service.port, and pathType is required"},
		{21, OBJECT("extensions/v1beta1", "Ingress"), "1:13-31 k8s/deprecated-api /apiVersion",
			"apiVersion: extensions/v1beta1 Ingress is deprecated since Kubernetes 1.14 and no longer served from 1.22 on", NULL},
		{13, OBJECT("extensions/v1beta1", "Ingress"), "", NULL, NULL},
		{0, OBJECT("networking.k8s.io/v1", "Ingress"), "", NULL, NULL},
		{19, OBJECT("networking.k8s.io/v1", "Ingress"), "", NULL, NULL},
		{18, OBJECT("networking.k8s.io/v1", "Ingress"), "1:13-33 k8s/not-yet-served /apiVersion",
			"apiVersion: networking.k8s.io/v1 Ingress is served since Kubernetes 1.19, and this is for 1.18",
			"use extensions/v1beta1 until then, or have the objects checked for a newer version"},
		{0, OBJECT("apps/v1beta1", "Deployment"), "1:13-25 k8s/removed-api /apiVersion", NULL,
			"use apps/v1; spec.selector is required, and cannot change"},
		{0, OBJECT("apps/v1beta1", "StatefulSet"), "1:13-25 k8s/removed-api /apiVersion", NULL, NULL},
		{0, OBJECT("apps/v1", "Deployment"), "", NULL, NULL},
		{0, OBJECT("policy/v1beta1", "PodSecurityPolicy"), "1:13-27 k8s/removed-api /apiVersion", NULL,
			"there is no successor: Pod Security Admission does the like by labels of the namespace: pod-security.kubernetes.io/enforce"},
		/* a successor that is gone itself is none: what comes after it is named */
		{0, OBJECT("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema"), "1:13-49 k8s/removed-api /apiVersion", NULL,
			"use flowcontrol.apiserver.k8s.io/v1"},
		{27, OBJECT("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema"), "1:13-49 k8s/removed-api /apiVersion", NULL,
			"use flowcontrol.apiserver.k8s.io/v1beta3"},
		{0, OBJECT("batch/v1beta1", "CronJob"), "1:13-26 k8s/removed-api /apiVersion", NULL, "use batch/v1"},
		{24, OBJECT("batch/v1beta1", "CronJob"), "1:13-26 k8s/deprecated-api /apiVersion", NULL, NULL},
		{20, OBJECT("batch/v1beta1", "CronJob"), "", NULL, NULL},
		{0, OBJECT("autoscaling/v2beta2", "HorizontalPodAutoscaler"), "1:13-32 k8s/removed-api /apiVersion", NULL, "use autoscaling/v2"},
		{0, OBJECT("autoscaling/v1", "HorizontalPodAutoscaler"), "", NULL, NULL},
		{36, OBJECT("storage.k8s.io/v1beta1", "VolumeAttributesClass"), "1:13-35 k8s/deprecated-api /apiVersion", NULL, NULL},
		{37, OBJECT("storage.k8s.io/v1beta1", "VolumeAttributesClass"), "1:13-35 k8s/removed-api /apiVersion", NULL, NULL},
		{0, OBJECT("resource.k8s.io/v1beta2", "ResourceClaim"), "1:13-36 k8s/deprecated-api /apiVersion", NULL, NULL},
		{0, OBJECT("v1", "Endpoints"), "1:13-15 k8s/deprecated-api /apiVersion",
			"apiVersion: v1 Endpoints is deprecated since Kubernetes 1.33", "use discovery.k8s.io/v1 EndpointSlice"},
		{32, OBJECT("v1", "Endpoints"), "", NULL, NULL},
		{0, OBJECT("v1", "Pod"), "", NULL, NULL},
		{0, OBJECT("apps.openshift.io/v1", "DeploymentConfig"), "1:13-33 k8s/deprecated-api /apiVersion", NULL,
			"use apps/v1 Deployment; its triggers and hooks have no counterpart there"},
		{26, OBJECT("apps.openshift.io/v1", "DeploymentConfig"), "", NULL, NULL},
		{0, OBJECT("settings.k8s.io/v1alpha1", "PodPreset"), "1:13-37 k8s/removed-api /apiVersion", NULL, NULL},
		{0, OBJECT("resource.k8s.io/v1alpha2", "ResourceClaimParameters"), "1:13-37 k8s/removed-api /apiVersion", NULL,
			"there is no successor: take it out"},
		/* each item of a list by itself */
		{0, "apiVersion: v1\nkind: List\nitems:\n- apiVersion: batch/v1beta1\n  kind: CronJob\n  metadata: {name: x}\n",
			"4:15-28 k8s/removed-api /items/0/apiVersion", NULL, NULL},
		/* somebody else's */
		{0, OBJECT("example.org/v1beta1", "Ingress"), "", NULL, NULL},
		{0, OBJECT("extensions/v1beta1", "Nothing"), "", NULL, NULL},
	};

	(void)state;
	judge_aged(cases, N_OF(cases));
}

/* The table is sorted, and what it names as a successor is in it, served by then, and not itself a dead end. */
static void the_table_of_versions_is_sound(void **state)
{
	size_t n;
	const struct hgt_api *apis = hgt_apis(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct hgt_api *api = &apis[i];
		struct hgt_gvk gvk = {.group = api->group, .group_len = strlen(api->group), .version = api->version, .kind = api->kind};

		if (hgt_api_find(&gvk) != api)
			fail_msg("%s/%s %s is not found where it is", api->group, api->version, api->kind);
		if (api->deprecated && api->removed && api->deprecated >= api->removed)
			fail_msg("%s/%s %s is deprecated when it is gone", api->group, api->version, api->kind);
		if (api->removed && api->introduced >= api->removed)
			fail_msg("%s/%s %s is gone before it comes", api->group, api->version, api->kind);
		/* Whenever it is gone, what is named then is served. */
		for (unsigned minor = api->removed; minor && minor <= HGT_KUBERNETES_NEWEST; minor++) {
			const char *successor = hgt_api_successor(api, minor);
			struct hgt_gvk next = {.version = "", .kind = api->kind};
			const char *slash = successor ? strchr(successor, '/') : NULL, *blank = successor ? strchr(successor, ' ') : NULL;
			char version[32];
			const struct hgt_api *row;

			if (!successor)
				continue;
			assert_non_null(slash);
			snprintf(version, sizeof(version), "%.*s", (int)(blank ? blank - slash - 1 : (ptrdiff_t)strlen(slash + 1)), slash + 1);
			next = (struct hgt_gvk){.group = successor, .group_len = (size_t)(slash - successor), .version = version,
				.kind = blank ? blank + 1 : api->kind};
			row = hgt_api_find(&next);
			if (!row)
				fail_msg("%s/%s %s: %s is not known", api->group, api->version, api->kind, successor);
			if (row->removed && minor >= row->removed)
				fail_msg("%s/%s %s: %s is gone in 1.%u", api->group, api->version, api->kind, successor, minor);
		}
	}
}

#define POD(notes, spec) "apiVersion: v1\nkind: Pod\nmetadata: {name: x, annotations: {" notes "}}\nspec: {" spec "}\n"
#define WEB(notes, spec) "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec:\n  template:\n    metadata: {annotations: {" \
	notes "}}\n    spec: {" spec "}\n"

static void fields_have_their_time(void **state)
{
	static const struct aged cases[] = {
		{0, POD("scheduler.alpha.kubernetes.io/critical-pod: ''", ""),
			"3:35-77 k8s/deprecated-field /metadata/annotations/scheduler.alpha.kubernetes.io~1critical-pod",
			"metadata.annotations[\"scheduler.alpha.kubernetes.io/critical-pod\"]: does nothing since Kubernetes 1.16",
			"set spec.priorityClassName"},
		{15, POD("scheduler.alpha.kubernetes.io/critical-pod: ''", ""), "", NULL, NULL},
		{0, POD("", "volumes: [{name: a, gitRepo: {repository: b}}]"), "4:28-35 k8s/deprecated-field /spec/volumes/0/gitRepo",
			"spec.volumes[0].gitRepo: does nothing since Kubernetes 1.33", NULL},
		{32, POD("", "volumes: [{name: a, gitRepo: {repository: b}}]"), "4:28-35 k8s/deprecated-field /spec/volumes/0/gitRepo",
			"spec.volumes[0].gitRepo: is deprecated since Kubernetes 1.11", NULL},
		{0, POD("", "volumes: [{name: gitRepo, emptyDir: {}}]"), "", NULL, NULL},
		{0, WEB("", "nodeSelector: {beta.kubernetes.io/os: linux}"),
			"7:27-48 k8s/deprecated-field /spec/template/spec/nodeSelector/beta.kubernetes.io~1os", NULL, "use kubernetes.io/os"},
		{0, WEB("", "nodeSelector: {kubernetes.io/os: linux}"), "", NULL, NULL},
		{0, WEB("", "topologySpreadConstraints: [{topologyKey: failure-domain.beta.kubernetes.io/zone}]"),
			"7:54-92 k8s/deprecated-field /spec/template/spec/topologySpreadConstraints/0/topologyKey", NULL, NULL},
		{0, WEB("",
			"affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: "
			"node-role.kubernetes.io/master, operator: Exists}]}]}}}"),
			"7:133-163 k8s/deprecated-field /spec/template/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/"
			"nodeSelectorTerms/0/matchExpressions/0/key", NULL, NULL},
		{0, WEB("", "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{preference: {matchExpressions: [{key: "
			"beta.kubernetes.io/arch, operator: Exists}]}}]}}"),
			"7:127-150 k8s/deprecated-field /spec/template/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/"
			"preference/matchExpressions/0/key", NULL, NULL},
		{0, WEB("container.apparmor.security.beta.kubernetes.io/web: runtime/default", "containers: [{name: web}]"),
			"6:30-80 k8s/deprecated-field /spec/template/metadata/annotations/container.apparmor.security.beta.kubernetes.io~1web", NULL,
				NULL},
		{0, WEB("container.apparmor.security.beta.kubernetes.io/web: runtime/default",
			"containers: [{name: web, securityContext: {appArmorProfile: {type: RuntimeDefault}}}]"), "", NULL, NULL},
		{0, WEB("container.apparmor.security.beta.kubernetes.io/other: runtime/default", "containers: [{name: web}]"), "", NULL, NULL},
		{0, WEB("seccomp.security.alpha.kubernetes.io/pod: runtime/default", "containers: []"),
			"6:30-70 k8s/deprecated-field /spec/template/metadata/annotations/seccomp.security.alpha.kubernetes.io~1pod", NULL, NULL},
		{0, WEB("seccomp.security.alpha.kubernetes.io/pod: runtime/default",
			"securityContext: {seccompProfile: {type: RuntimeDefault}}"), "",
			NULL, NULL},
		{0,
			"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: x}\nspec: {jobTemplate: {spec: {template: {spec: {volumes: [{name: a, rbd: "
			"{}}]}}}}}\n", "4:67-70 k8s/deprecated-field /spec/jobTemplate/spec/template/spec/volumes/0/rbd", NULL, NULL},
		{0, OBJECT("networking.k8s.io/v1", "Ingress") "spec: {}\n", "", NULL, NULL},
		{0,
			"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: x\n  annotations: {kubernetes.io/ingress.class: nginx}\n",
			"5:17-44 k8s/deprecated-field /metadata/annotations/kubernetes.io~1ingress.class", NULL, "set spec.ingressClassName"},
		{0, "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: x\n  annotations: {kubernetes.io/ingress.class: nginx}\n"
			"spec: {ingressClassName: nginx}\n", "", NULL, NULL},
		{0,
			"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: x\n  annotations: {volume.beta.kubernetes.io/storage-class: a}\n",
			"5:17-56 k8s/deprecated-field /metadata/annotations/volume.beta.kubernetes.io~1storage-class", NULL, NULL},
		{0, OBJECT("v1", "PersistentVolume") "spec: {persistentVolumeReclaimPolicy: Recycle, glusterfs: {path: a}}\n",
			"4:39-46 k8s/deprecated-field /spec/persistentVolumeReclaimPolicy\n4:48-57 k8s/deprecated-field /spec/glusterfs", NULL, NULL},
		{0, OBJECT("v1", "PersistentVolume") "spec: {persistentVolumeReclaimPolicy: Retain, nfs: {path: a}}\n", "", NULL, NULL},
		{0, OBJECT("v1", "Service") "spec: {ports: [], trafficDistribution: PreferClose, externalIPs: [192.0.2.1]}\n",
			"4:40-51 k8s/deprecated-field /spec/trafficDistribution\n4:53-64 k8s/deprecated-field /spec/externalIPs", NULL, NULL},
		{34, OBJECT("v1", "Service") "spec: {ports: [], trafficDistribution: PreferClose, externalIPs: [192.0.2.1]}\n", "", NULL, NULL},
		{0, OBJECT("v1", "Service") "spec: {ports: [], trafficDistribution: PreferSameZone}\n", "", NULL, NULL},
		{0, OBJECT("storage.k8s.io/v1", "StorageClass")
			"allowedTopologies: [{matchLabelExpressions: [{key: failure-domain.beta.kubernetes.io/zone, values: [a]}]}]\n",
			"4:52-90 k8s/deprecated-field /allowedTopologies/0/matchLabelExpressions/0/key", NULL, NULL},
		{0, OBJECT("discovery.k8s.io/v1", "EndpointSlice") "addressType: FQDN\n", "4:14-18 k8s/deprecated-field /addressType", NULL,
			NULL},
		{0, OBJECT("discovery.k8s.io/v1", "EndpointSlice") "addressType: IPv4\n", "", NULL, NULL},
		{0, OBJECT("node.k8s.io/v1", "RuntimeClass") "scheduling: {nodeSelector: {beta.kubernetes.io/os: linux}}\n",
			"4:29-50 k8s/deprecated-field /scheduling/nodeSelector/beta.kubernetes.io~1os", NULL, NULL},
		{0,
			"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: x\n  annotations: {kubernetes.io/enforce-mountable-secrets: 'true'}\n",
			"5:17-56 k8s/deprecated-field /metadata/annotations/kubernetes.io~1enforce-mountable-secrets", NULL, NULL},
	};

	(void)state;
	judge_aged(cases, N_OF(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_have_their_time),
		cmocka_unit_test(the_table_of_versions_is_sound),
		cmocka_unit_test(fields_have_their_time),
	};

	return cmocka_run_group_tests_name("k8s_deprecated", tests, NULL, NULL);
}
