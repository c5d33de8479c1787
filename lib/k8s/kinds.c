/* Which checks a kind has beyond its schema. */
#include "k8s/k8s.h"
#include "k8s/kind_checks.h"
#include "k8s/workload_checks.h"

/* By group and kind, whatever the version; sorted, for a search. */
static const struct {
	const char *group, *kind;
	void (*check)(struct hgt_subject *subject);
} kinds[] = {
	{"", "ConfigMap", hgt_check_k8s_config_map},
	{"", "Endpoints", hgt_check_k8s_endpoints},
	{"", "Event", hgt_check_k8s_event},
	{"", "LimitRange", hgt_check_k8s_limit_range},
	{"", "Namespace", hgt_check_k8s_namespace},
	{"", "Node", hgt_check_k8s_node},
	{"", "PersistentVolume", hgt_check_k8s_volume},
	{"", "PersistentVolumeClaim", hgt_check_k8s_claim},
	{"", "Pod", hgt_check_k8s_pod},
	{"", "PodTemplate", hgt_check_k8s_pod_template},
	{"", "ReplicationController", hgt_check_k8s_replication_controller},
	{"", "ResourceQuota", hgt_check_k8s_resource_quota},
	{"", "Secret", hgt_check_k8s_secret},
	{"", "Service", hgt_check_k8s_service},
	{"admissionregistration.k8s.io", "MutatingAdmissionPolicy", hgt_check_k8s_mutating_policy},
	{"admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding", hgt_check_k8s_mutating_binding},
	{"admissionregistration.k8s.io", "MutatingWebhookConfiguration", hgt_check_k8s_webhook},
	{"admissionregistration.k8s.io", "ValidatingAdmissionPolicy", hgt_check_k8s_validating_policy},
	{"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", hgt_check_k8s_validating_binding},
	{"admissionregistration.k8s.io", "ValidatingWebhookConfiguration", hgt_check_k8s_webhook},
	{"apiextensions.k8s.io", "CustomResourceDefinition", hgt_check_k8s_crd},
	{"apiregistration.k8s.io", "APIService", hgt_check_k8s_api_service},
	{"apps", "DaemonSet", hgt_check_k8s_daemon_set},
	{"apps", "Deployment", hgt_check_k8s_deployment},
	{"apps", "ReplicaSet", hgt_check_k8s_replica_set},
	{"apps", "StatefulSet", hgt_check_k8s_stateful_set},
	{"autoscaling", "HorizontalPodAutoscaler", hgt_check_k8s_horizontal_pod_autoscaler},
	{"batch", "CronJob", hgt_check_k8s_cron_job},
	{"batch", "Job", hgt_check_k8s_job},
	{"certificates.k8s.io", "CertificateSigningRequest", hgt_check_k8s_certificate_request},
	{"certificates.k8s.io", "ClusterTrustBundle", hgt_check_k8s_trust_bundle},
	{"coordination.k8s.io", "Lease", hgt_check_k8s_lease},
	{"discovery.k8s.io", "EndpointSlice", hgt_check_k8s_endpoint_slice},
	{"events.k8s.io", "Event", hgt_check_k8s_new_event},
	{"flowcontrol.apiserver.k8s.io", "FlowSchema", hgt_check_k8s_flow_schema},
	{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", hgt_check_k8s_priority_level},
	{"networking.k8s.io", "IPAddress", hgt_check_k8s_ip_address},
	{"networking.k8s.io", "Ingress", hgt_check_k8s_ingress},
	{"networking.k8s.io", "IngressClass", hgt_check_k8s_ingress_class},
	{"networking.k8s.io", "NetworkPolicy", hgt_check_k8s_network_policy},
	{"networking.k8s.io", "ServiceCIDR", hgt_check_k8s_service_cidr},
	{"node.k8s.io", "RuntimeClass", hgt_check_k8s_runtime_class},
	{"policy", "PodDisruptionBudget", hgt_check_k8s_pod_disruption_budget},
	{"rbac.authorization.k8s.io", "ClusterRole", hgt_check_k8s_cluster_role},
	{"rbac.authorization.k8s.io", "ClusterRoleBinding", hgt_check_k8s_cluster_role_binding},
	{"rbac.authorization.k8s.io", "Role", hgt_check_k8s_role},
	{"rbac.authorization.k8s.io", "RoleBinding", hgt_check_k8s_role_binding},
	{"resource.k8s.io", "DeviceClass", hgt_check_k8s_device_class},
	{"resource.k8s.io", "ResourceClaim", hgt_check_k8s_resource_claim},
	{"resource.k8s.io", "ResourceClaimTemplate", hgt_check_k8s_resource_claim_template},
	{"resource.k8s.io", "ResourceSlice", hgt_check_k8s_resource_slice},
	{"scheduling.k8s.io", "PriorityClass", hgt_check_k8s_priority_class},
	{"storage.k8s.io", "CSIDriver", hgt_check_k8s_csi_driver},
	{"storage.k8s.io", "CSINode", hgt_check_k8s_csi_node},
	{"storage.k8s.io", "CSIStorageCapacity", hgt_check_k8s_csi_capacity},
	{"storage.k8s.io", "StorageClass", hgt_check_k8s_storage_class},
	{"storage.k8s.io", "VolumeAttachment", hgt_check_k8s_volume_attachment},
	{"storage.k8s.io", "VolumeAttributesClass", hgt_check_k8s_volume_attributes_class},
};

static int compare(const struct hgt_gvk *gvk, const char *group, const char *kind)
{
	size_t len = strlen(group), common = len < gvk->group_len ? len : gvk->group_len;
	int order = memcmp(gvk->group, group, common);

	if (!order)
		order = gvk->group_len < len ? -1 : gvk->group_len > len;
	return order ? order : strcmp(gvk->kind, kind);
}

void hgt_check_k8s_kind(struct hgt_subject *s)
{
	size_t low = 0, high = sizeof(kinds) / sizeof(kinds[0]);
	struct hgt_gvk gvk;

	if (!hgt_k8s_gvk(s->object, &gvk))
		return;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(&gvk, kinds[middle].group, kinds[middle].kind);

		if (!order) {
			if (kinds[middle].check)
				kinds[middle].check(s);
			return;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
}
