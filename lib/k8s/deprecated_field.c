/* k8s/deprecated-field: fields and annotations that the API server warns of. */
#include "k8s/k8s.h"

static const char rule[] = "k8s/deprecated-field";

/* A name that has had its time: minor versions of Kubernetes 1 since when it is deprecated, and does nothing; 0: not known. */
struct old_name {
	const char *name;
	unsigned since, dead;
	const char *hint;
};

/* What stands where a pod is described, from the object on; group and kind, whatever the version. */
static const struct {
	const char *group, *kind, *path[5];
} pods[] = {
	{"", "Pod", {NULL}},
	{"", "PodTemplate", {"template", NULL}},
	{"", "ReplicationController", {"spec", "template", NULL}},
	{"apps", "DaemonSet", {"spec", "template", NULL}},
	{"apps", "Deployment", {"spec", "template", NULL}},
	{"apps", "ReplicaSet", {"spec", "template", NULL}},
	{"apps", "StatefulSet", {"spec", "template", NULL}},
	{"apps.openshift.io", "DeploymentConfig", {"spec", "template", NULL}},
	{"batch", "CronJob", {"spec", "jobTemplate", "spec", "template", NULL}},
	{"batch", "Job", {"spec", "template", NULL}},
};

#define SECCOMP "set securityContext.seccompProfile"
#define CLASS "set spec.storageClassName"

static const struct old_name pod_annotations[] = {
	{"scheduler.alpha.kubernetes.io/critical-pod", 0, 16, "set spec.priorityClassName"},
	{"security.alpha.kubernetes.io/sysctls", 0, 11, "set spec.securityContext.sysctls"},
	{"security.alpha.kubernetes.io/unsafe-sysctls", 0, 11, "set spec.securityContext.sysctls"},
};

static const struct old_name pod_volumes[] = {
	{"cephfs", 28, 31, "use a CSI driver"},
	{"flocker", 22, 25, "use a CSI driver"},
	{"gitRepo", 11, 33, "clone in an init container, into an emptyDir"},
	{"glusterfs", 25, 26, "use a CSI driver"},
	{"photonPersistentDisk", 11, 16, "use a CSI driver"},
	{"quobyte", 22, 25, "use a CSI driver"},
	{"rbd", 28, 31, "use a CSI driver"},
	{"scaleIO", 16, 22, "use a CSI driver"},
	{"storageOS", 22, 25, "use a CSI driver"},
};

static const struct old_name volume_sources[] = {
	{"cephfs", 28, 31, "use a CSI driver"},
	{"glusterfs", 25, 26, "use a CSI driver"},
	{"photonPersistentDisk", 11, 16, "use a CSI driver"},
	{"rbd", 28, 31, "use a CSI driver"},
	{"scaleIO", 16, 22, "use a CSI driver"},
	{"storageOS", 22, 25, "use a CSI driver"},
};

static const struct old_name node_labels[] = {
	{"app.kubernetes.io/created-by", 9, 0, NULL},
	{"beta.kubernetes.io/arch", 14, 0, "use kubernetes.io/arch"},
	{"beta.kubernetes.io/instance-type", 17, 0, "use node.kubernetes.io/instance-type"},
	{"beta.kubernetes.io/os", 14, 0, "use kubernetes.io/os"},
	{"failure-domain.beta.kubernetes.io/region", 17, 0, "use topology.kubernetes.io/region"},
	{"failure-domain.beta.kubernetes.io/zone", 17, 0, "use topology.kubernetes.io/zone"},
	{"node-role.kubernetes.io/master", 20, 0, "use node-role.kubernetes.io/control-plane"},
	{"scheduler.alpha.kubernetes.io/preferAvoidPods", 22, 0, "use taints and tolerations"},
};

/* Annotations of objects themselves. */
static const struct {
	const char *group, *kind;
	struct old_name name;
} annotations[] = {
	{"", "PersistentVolume", {"volume.beta.kubernetes.io/mount-options", 31, 0, "set spec.mountOptions"}},
	{"", "PersistentVolume", {"volume.beta.kubernetes.io/storage-class", 8, 0, CLASS}},
	{"", "PersistentVolumeClaim", {"volume.beta.kubernetes.io/storage-class", 8, 0, CLASS}},
	{"", "Service", {"service.kubernetes.io/topology-aware-hints", 27, 0, "use service.kubernetes.io/topology-mode"}},
	{"", "ServiceAccount", {"kubernetes.io/enforce-mountable-secrets", 32, 0, "keep secrets apart by namespaces"}},
};

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

static void tell(struct hgt_subject *s, const struct hgt_field *field, const struct old_name *old)
{
	if (!field->key || (s->kubernetes < old->since) || (!old->since && s->kubernetes < old->dead))
		return;
	if (old->dead && s->kubernetes >= old->dead)
		hgt_tell_key(s, rule, field, old->hint, "does nothing since Kubernetes 1.%u", old->dead);
	else
		hgt_tell_key(s, rule, field, old->hint, "is deprecated since Kubernetes 1.%u", old->since);
}

static void check_names(struct hgt_subject *s, const struct hgt_field *map, const struct old_name *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct hgt_field field = hgt_field_get(map, names[i].name);

		tell(s, &field, &names[i]);
	}
}

/* A value that is the name of a label. */
static void check_label(struct hgt_subject *s, const struct hgt_field *field)
{
	for (size_t i = 0; i < N_OF(node_labels); i++)
		if (hgt_field_equals(field, node_labels[i].name) && s->kubernetes >= node_labels[i].since)
			hgt_tell_field(s, rule, field, node_labels[i].hint, "%s is deprecated since Kubernetes 1.%u",
				node_labels[i].name, node_labels[i].since);
}

/* Terms, or with `key` what has a term under it. */
static void check_terms(struct hgt_subject *s, const struct hgt_field *terms, const char *key)
{
	for (size_t i = 0; i < hgt_field_count(terms); i++) {
		struct hgt_field item = hgt_field_item(terms, i), inner = key ? hgt_field_get(&item, key) : item;
		struct hgt_field expressions = hgt_field_get(&inner, "matchExpressions");

		for (size_t j = 0; j < hgt_field_count(&expressions); j++) {
			struct hgt_field expression = hgt_field_item(&expressions, j), label = hgt_field_get(&expression, "key");

			check_label(s, &label);
		}
	}
}

static void check_placement(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field selector = hgt_field_get(spec, "nodeSelector"), affinity = hgt_field_get(spec, "affinity");
	struct hgt_field node = hgt_field_get(&affinity, "nodeAffinity");
	struct hgt_field required = hgt_field_get(&node, "requiredDuringSchedulingIgnoredDuringExecution");
	struct hgt_field terms = hgt_field_get(&required, "nodeSelectorTerms");
	struct hgt_field preferred = hgt_field_get(&node, "preferredDuringSchedulingIgnoredDuringExecution");
	struct hgt_field spread = hgt_field_get(spec, "topologySpreadConstraints");

	check_names(s, &selector, node_labels, N_OF(node_labels));
	check_terms(s, &terms, NULL);
	check_terms(s, &preferred, "preference");
	for (size_t i = 0; i < hgt_field_count(&spread); i++) {
		struct hgt_field item = hgt_field_item(&spread, i), key = hgt_field_get(&item, "topologyKey");

		check_label(s, &key);
	}
}

static bool has_profile(const struct hgt_field *up, const char *profile)
{
	struct hgt_field context = hgt_field_get(up, "securityContext"), field = hgt_field_get(&context, profile);

	return hgt_field_is_set(&field);
}

/* Annotations for one container, which a field has taken over from. */
static void check_container(struct hgt_subject *s, const struct hgt_field *notes, const struct hgt_field *spec,
	const struct hgt_field *container)
{
	static const struct {
		const char *prefix, *profile;
		struct old_name old;
	} kinds[] = {
		{"container.seccomp.security.alpha.kubernetes.io/", "seccompProfile", {NULL, 19, 27, SECCOMP}},
		{"container.apparmor.security.beta.kubernetes.io/", "appArmorProfile", {NULL, 30, 0, "set securityContext.appArmorProfile"}},
	};
	struct hgt_field name = hgt_field_get(container, "name");
	const char *text = hgt_field_string(&name);

	for (size_t i = 0; text && i < N_OF(kinds); i++) {
		struct hgt_buf key = HGT_BUF_INIT;
		struct hgt_field note;

		hgt_buf_addf(&key, "%s%s", kinds[i].prefix, text);
		note = hgt_field_get(notes, key.data);
		if (key.failed)
			hgt_engine_fail(s->engine);
		else if (!has_profile(container, kinds[i].profile) && (i == 0 || !has_profile(spec, kinds[i].profile)))
			tell(s, &note, &kinds[i].old);
		hgt_buf_release(&key);
	}
}

static void check_pod(struct hgt_subject *s, const struct hgt_field *pod)
{
	static const char *const lists[] = {"initContainers", "containers"};
	static const struct old_name seccomp = {NULL, 19, 27, SECCOMP};
	struct hgt_field metadata = hgt_field_get(pod, "metadata"), notes = hgt_field_get(&metadata, "annotations");
	struct hgt_field spec = hgt_field_get(pod, "spec"), volumes = hgt_field_get(&spec, "volumes");
	struct hgt_field note = hgt_field_get(&notes, "seccomp.security.alpha.kubernetes.io/pod");

	check_names(s, &notes, pod_annotations, N_OF(pod_annotations));
	if (!has_profile(&spec, "seccompProfile"))
		tell(s, &note, &seccomp);
	for (size_t i = 0; hgt_field_is_set(&notes) && i < N_OF(lists); i++) {
		struct hgt_field list = hgt_field_get(&spec, lists[i]);

		for (size_t j = 0; j < hgt_field_count(&list); j++) {
			struct hgt_field container = hgt_field_item(&list, j);

			check_container(s, &notes, &spec, &container);
		}
	}
	for (size_t i = 0; i < hgt_field_count(&volumes); i++) {
		struct hgt_field volume = hgt_field_item(&volumes, i);

		check_names(s, &volume, pod_volumes, N_OF(pod_volumes));
	}
	check_placement(s, &spec);
}

/* The pod that the object describes, if any: down the path, one step a call. */
static void find_pod(struct hgt_subject *s, const struct hgt_field *up, const char *const *path)
{
	struct hgt_field next;

	if (!*path) {
		check_pod(s, up);
		return;
	}
	next = hgt_field_get(up, *path);
	if (hgt_field_is_map(&next))
		find_pod(s, &next, path + 1);
}

static void check_volume(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field policy = hgt_field_get(spec, "persistentVolumeReclaimPolicy"), node = hgt_field_get(spec, "nodeAffinity");
	struct hgt_field required = hgt_field_get(&node, "required"), terms = hgt_field_get(&required, "nodeSelectorTerms");

	check_names(s, spec, volume_sources, N_OF(volume_sources));
	check_terms(s, &terms, NULL);
	if (hgt_field_equals(&policy, "Recycle"))
		hgt_tell_field(s, rule, &policy, "use Delete with dynamic provisioning, or Retain", "Recycle is deprecated");
}

static void check_service(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field distribution = hgt_field_get(spec, "trafficDistribution"), external = hgt_field_get(spec, "externalIPs");
	struct hgt_field ip = hgt_field_get(spec, "clusterIP"), type = hgt_field_get(spec, "type");

	if (s->kubernetes >= 35 && hgt_field_equals(&distribution, "PreferClose"))
		hgt_tell_field(s, rule, &distribution, "use PreferSameZone, which is the same",
			"PreferClose is deprecated since Kubernetes 1.35");
	if (s->kubernetes >= 36 && hgt_field_count(&external) && !hgt_field_equals(&ip, "None") &&
		!hgt_field_equals(&type, "ExternalName"))
		hgt_tell_key(s, rule, &external, "use a Service of type LoadBalancer, or a Gateway",
			"is deprecated since Kubernetes 1.36, and some clusters do not have it");
}

static void check_ingress(struct hgt_subject *s, const struct hgt_field *object, const struct hgt_field *spec)
{
	static const struct old_name old = {NULL, 18, 0, "set spec.ingressClassName"};
	struct hgt_field metadata = hgt_field_get(object, "metadata"), notes = hgt_field_get(&metadata, "annotations");
	struct hgt_field note = hgt_field_get(&notes, "kubernetes.io/ingress.class"), class = hgt_field_get(spec, "ingressClassName");

	if (!hgt_field_is_set(&class))
		tell(s, &note, &old);
}

static void check_topologies(struct hgt_subject *s, const struct hgt_field *object)
{
	struct hgt_field allowed = hgt_field_get(object, "allowedTopologies");

	for (size_t i = 0; i < hgt_field_count(&allowed); i++) {
		struct hgt_field item = hgt_field_item(&allowed, i), list = hgt_field_get(&item, "matchLabelExpressions");

		for (size_t j = 0; j < hgt_field_count(&list); j++) {
			struct hgt_field expression = hgt_field_item(&list, j), key = hgt_field_get(&expression, "key");

			check_label(s, &key);
		}
	}
}

static void check_object(struct hgt_subject *s, const struct hgt_gvk *gvk)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field metadata = hgt_field_get(&object, "metadata"), notes = hgt_field_get(&metadata, "annotations");
	bool core = !gvk->group_len;

	for (size_t i = 0; i < N_OF(annotations); i++)
		if (strcmp(annotations[i].kind, gvk->kind) == 0 && hgt_k8s_group_is(gvk, annotations[i].group))
			check_names(s, &notes, &annotations[i].name, 1);
	if (core && strcmp(gvk->kind, "PersistentVolume") == 0) {
		check_volume(s, &spec);
	} else if (core && strcmp(gvk->kind, "Service") == 0) {
		check_service(s, &spec);
	} else if (strcmp(gvk->kind, "Ingress") == 0 && hgt_k8s_group_is(gvk, "networking.k8s.io")) {
		check_ingress(s, &object, &spec);
	} else if (strcmp(gvk->kind, "EndpointSlice") == 0 && hgt_k8s_group_is(gvk, "discovery.k8s.io")) {
		struct hgt_field type = hgt_field_get(&object, "addressType");

		if (hgt_field_equals(&type, "FQDN"))
			hgt_tell_field(s, rule, &type, "use a Service of type ExternalName", "FQDN is deprecated");
	} else if (strcmp(gvk->kind, "StorageClass") == 0 && hgt_k8s_group_is(gvk, "storage.k8s.io")) {
		check_topologies(s, &object);
	} else if (strcmp(gvk->kind, "RuntimeClass") == 0 && hgt_k8s_group_is(gvk, "node.k8s.io")) {
		struct hgt_field scheduling = hgt_field_get(&object, "scheduling"), selector = hgt_field_get(&scheduling, "nodeSelector");

		check_names(s, &selector, node_labels, N_OF(node_labels));
	}
}

void hgt_check_k8s_deprecated_fields(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s);
	struct hgt_gvk gvk;

	if (!hgt_k8s_gvk(s->object, &gvk))
		return;
	check_object(s, &gvk);
	for (size_t i = 0; i < N_OF(pods); i++)
		if (strcmp(pods[i].kind, gvk.kind) == 0 && (hgt_k8s_group_is(&gvk, pods[i].group) ||
			(hgt_k8s_group_is(&gvk, "extensions") && strcmp(pods[i].group, "apps") == 0)))
			find_pod(s, &object, pods[i].path);
}
