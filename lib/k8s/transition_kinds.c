/* What each kind says of a change: fields that never change, and the functions for what takes more than that. */
#include "k8s/transition_kinds.h"

#include "base/escape.h"

#define RECREATE "put the old value back; or delete the object and create it anew (kubectl replace --force), or give it a new " \
	"name"
#define WORKLOAD "put the old value back; or delete the object with kubectl delete --cascade=orphan, which leaves its pods, and " \
	"apply it anew; or give it a new name"
#define BINDING "put the old role back; or delete the binding and create it anew, as kubectl auth reconcile does; or give it a " \
	"new name"
#define CLASS "put the old value back; or delete the class and create it anew (what was made with it stays), or give it a new name"

/* By group and kind, sorted; "extensions" counts as the group that its kinds have moved to. */
static const struct hgt_transition_kind kinds[] = {
	{"", "ConfigMap", {0}, hgt_transition_config_map, NULL, false, HGT_REMOVAL_FREE},
	{"", "Namespace", {0}, NULL, NULL, false, HGT_REMOVAL_NAMESPACE},
	{"", "PersistentVolume", {"spec.volumeMode"}, hgt_transition_volume, NULL, false, HGT_REMOVAL_FREE},
	{"", "PersistentVolumeClaim", {0}, hgt_transition_claim, NULL, false, HGT_REMOVAL_FREE},
	{"", "Pod", {0}, hgt_transition_pod, RECREATE, false, HGT_REMOVAL_FREE},
	{"", "Secret", {"type"}, hgt_transition_secret, RECREATE, true, HGT_REMOVAL_FREE},
	{"", "Service", {0}, hgt_transition_service, RECREATE, false, HGT_REMOVAL_FREE},
	{"apiextensions.k8s.io", "CustomResourceDefinition", {"spec.group", "spec.names.kind", "spec.names.plural", "spec.scope"},
		hgt_transition_definition, "put the old value back, or define another kind beside this one", false, HGT_REMOVAL_CRD},
	{"apps", "ControllerRevision", {"data"}, NULL, RECREATE, false, HGT_REMOVAL_FREE},
	{"apps", "DaemonSet", {"spec.selector"}, NULL, WORKLOAD, false, HGT_REMOVAL_FREE},
	{"apps", "Deployment", {"spec.selector"}, NULL, WORKLOAD, false, HGT_REMOVAL_FREE},
	{"apps", "ReplicaSet", {"spec.selector"}, NULL, WORKLOAD, false, HGT_REMOVAL_FREE},
	{"apps", "StatefulSet", {"spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"}, NULL,
		WORKLOAD, false, HGT_REMOVAL_FREE},
	{"batch", "Job", {0}, hgt_transition_job, NULL, false, HGT_REMOVAL_FREE},
	{"certificates.k8s.io", "ClusterTrustBundle", {"spec.signerName"}, NULL, RECREATE, false, HGT_REMOVAL_FREE},
	{"discovery.k8s.io", "EndpointSlice", {"addressType"}, NULL, RECREATE, false, HGT_REMOVAL_FREE},
	{"networking.k8s.io", "IPAddress", {"spec.parentRef"}, NULL, RECREATE, false, HGT_REMOVAL_FREE},
	{"networking.k8s.io", "IngressClass", {"spec.controller"}, NULL, CLASS, false, HGT_REMOVAL_FREE},
	{"networking.k8s.io", "ServiceCIDR", {0}, hgt_transition_service_cidr, RECREATE, false, HGT_REMOVAL_FREE},
	{"node.k8s.io", "RuntimeClass", {"handler"}, NULL, CLASS, false, HGT_REMOVAL_FREE},
	{"rbac.authorization.k8s.io", "ClusterRoleBinding", {"roleRef"}, NULL, BINDING, false, HGT_REMOVAL_FREE},
	{"rbac.authorization.k8s.io", "RoleBinding", {"roleRef"}, NULL, BINDING, false, HGT_REMOVAL_FREE},
	{"resource.k8s.io", "ResourceClaim", {0}, hgt_transition_same_version, RECREATE, false, HGT_REMOVAL_FREE},
	{"resource.k8s.io", "ResourceClaimTemplate", {0}, hgt_transition_same_version, RECREATE, false, HGT_REMOVAL_FREE},
	{"scheduling.k8s.io", "PriorityClass", {"value", "preemptionPolicy"}, NULL, CLASS, false, HGT_REMOVAL_FREE},
	{"storage.k8s.io", "CSIDriver", {"spec.attachRequired", "spec.volumeLifecycleModes"}, NULL, RECREATE, false, HGT_REMOVAL_FREE},
	{"storage.k8s.io", "CSIStorageCapacity", {"nodeTopology", "storageClassName"}, NULL, RECREATE, false, HGT_REMOVAL_FREE},
	{"storage.k8s.io", "StorageClass", {"provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"}, NULL, CLASS, false,
		HGT_REMOVAL_FREE},
	{"storage.k8s.io", "VolumeAttachment", {"spec"}, NULL, RECREATE, false, HGT_REMOVAL_FREE},
	{"storage.k8s.io", "VolumeAttributesClass", {"driverName", "parameters"}, NULL, CLASS, false, HGT_REMOVAL_FREE},
	{"storagemigration.k8s.io", "StorageVersionMigration", {"spec"}, NULL, RECREATE, false, HGT_REMOVAL_FREE},
};

static bool is_group(const struct hgt_gvk *gvk, const char *group)
{
	return hgt_k8s_group_is(gvk, group) || (hgt_k8s_group_is(gvk, "extensions") && strcmp(group, "apps") == 0);
}

const struct hgt_transition_kind *hgt_transition_kind_of(const struct hgt_gvk *gvk)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].kind, gvk->kind) == 0 && is_group(gvk, kinds[i].group))
			return &kinds[i];
	return NULL;
}

bool hgt_transition_kind_named(const char *kind, size_t len)
{
	/* Lists hold objects of their kind. */
	if (len >= 4 && memcmp(kind + len - 4, "List", 4) == 0)
		return true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(kinds[i].kind, kind, len) == 0 && !kinds[i].kind[len])
			return true;
	return false;
}

const struct hgt_node *hgt_transition_at(const struct hgt_node *object, const char *path)
{
	for (const char *end; object && *path; path = *end ? end + 1 : end) {
		char name[HGT_TRANSITION_NAME];

		end = path + strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)(end - path), path);
		object = hgt_node_get(object, name);
	}
	return object && object->type != HGT_NODE_NULL ? object : NULL;
}

struct hgt_field *hgt_transition_field(const struct hgt_transition *t, const char *path, struct hgt_transition_path *out)
{
	size_t n = 0;

	out->steps[0] = hgt_field_root(t->subject);
	for (const char *c = path, *end; *c && n < HGT_TRANSITION_DEPTH; c = *end ? end + 1 : end) {
		end = c + strcspn(c, ".");
		snprintf(out->names[n], sizeof(out->names[n]), "%.*s", (int)(end - c), c);
		out->steps[n + 1] = hgt_field_get(&out->steps[n], out->names[n]);
		n++;
	}
	return &out->steps[n];
}

void hgt_transition_fixed_at(struct hgt_transition *t, const char *path, const char *hint)
{
	struct hgt_transition_path now;

	hgt_transition_fixed(t, hgt_transition_at(t->before, path), hgt_transition_field(t, path, &now), hint);
}

static bool has_word(const struct hgt_node *annotations, const char *key, const char *word)
{
	const char *text = hgt_node_get_string(annotations, key);

	return text && strcasestr(text, word);
}

/* Whether the tool that applies the object has been told to delete it and create it anew. */
static bool is_recreated(const struct hgt_node *object)
{
	const struct hgt_node *annotations = hgt_transition_at(object, "metadata.annotations");

	return has_word(annotations, "kustomize.toolkit.fluxcd.io/force", "enabled") ||
		has_word(annotations, "argocd.argoproj.io/sync-options", "Force=true") ||
		hgt_node_get(annotations, "argocd.argoproj.io/hook") || hgt_node_get(annotations, "helm.sh/hook");
}

void hgt_transition_check(struct hgt_transition *t)
{
	const struct hgt_transition_kind *kind = t->kind;

	if (is_recreated(t->subject->object))
		return;
	for (size_t i = 0; i < sizeof(kind->fields) / sizeof(kind->fields[0]) && kind->fields[i]; i++)
		hgt_transition_fixed_at(t, kind->fields[i], NULL);
	if (kind->check)
		kind->check(t);
}

void hgt_transition_tell(struct hgt_transition *t, const char *rule, const struct hgt_field *field, const char *hint,
	const char *fmt, ...)
{
	struct hgt_buf message = HGT_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	hgt_buf_addvf(&message, fmt, ap);
	va_end(ap);
	if (strcmp(t->before_path, t->subject->path) != 0) {
		hgt_buf_adds(&message, " (it was in ");
		hgt_escape_str(&message, t->before_path);
		hgt_buf_addc(&message, ')');
	}
	if (message.failed)
		hgt_engine_fail(t->subject->engine);
	else
		hgt_tell_field(t->subject, rule, field, hint, "%s", message.data);
	hgt_buf_release(&message);
}
