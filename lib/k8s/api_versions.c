/* The versions of Kubernetes' APIs over time. */
#include "k8s/api_versions.h"

/*
 * By group, kind and version, sorted. Kinds that were always there and still are, or of which nothing is stored, are left out.
 * An API that was gone before the release that had been announced is down with the release in which it was gone.
 */
static const struct hgt_api apis[] = {
	{"", "ComponentStatus", "v1", 0, 19, 0, NULL, "ask the health endpoints of the components"},
	{"", "ConfigMap", "v1", 2, 0, 0, NULL, NULL},
	{"", "Endpoints", "v1", 0, 33, 0, "discovery.k8s.io/v1 EndpointSlice", NULL},
	{"admissionregistration.k8s.io", "InitializerConfiguration", "v1alpha1", 7, 0, 14, NULL, "admission webhooks do the like"},
	{"admissionregistration.k8s.io", "MutatingAdmissionPolicy", "v1", 36, 0, 0, NULL, NULL},
	{"admissionregistration.k8s.io", "MutatingAdmissionPolicy", "v1alpha1", 32, 35, 38, "admissionregistration.k8s.io/v1",
		NULL},
	{"admissionregistration.k8s.io", "MutatingAdmissionPolicy", "v1beta1", 34, 37, 40, "admissionregistration.k8s.io/v1", NULL},
	{"admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding", "v1", 36, 0, 0, NULL, NULL},
	{"admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding", "v1alpha1", 32, 35, 38, "admissionregistration.k8s.io/v1",
		NULL},
	{"admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding", "v1beta1", 34, 37, 40, "admissionregistration.k8s.io/v1",
		NULL},
	{"admissionregistration.k8s.io", "MutatingWebhookConfiguration", "v1", 16, 0, 0, NULL, NULL},
	{"admissionregistration.k8s.io", "MutatingWebhookConfiguration", "v1beta1", 9, 16, 22, "admissionregistration.k8s.io/v1",
		"sideEffects and admissionReviewVersions are required, and failurePolicy defaults to Fail"},
	{"admissionregistration.k8s.io", "ValidatingAdmissionPolicy", "v1", 30, 0, 0, NULL, NULL},
	{"admissionregistration.k8s.io", "ValidatingAdmissionPolicy", "v1alpha1", 26, 29, 32, "admissionregistration.k8s.io/v1",
		NULL},
	{"admissionregistration.k8s.io", "ValidatingAdmissionPolicy", "v1beta1", 28, 31, 34, "admissionregistration.k8s.io/v1",
		NULL},
	{"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", "v1", 30, 0, 0, NULL, NULL},
	{"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", "v1alpha1", 26, 29, 32, "admissionregistration.k8s.io/v1",
		NULL},
	{"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", "v1beta1", 28, 31, 34, "admissionregistration.k8s.io/v1",
		NULL},
	{"admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "v1", 16, 0, 0, NULL, NULL},
	{"admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "v1beta1", 9, 16, 22, "admissionregistration.k8s.io/v1",
		"sideEffects and admissionReviewVersions are required, and failurePolicy defaults to Fail"},
	{"apiextensions.k8s.io", "CustomResourceDefinition", "v1", 16, 0, 0, NULL, NULL},
	{"apiextensions.k8s.io", "CustomResourceDefinition", "v1beta1", 7, 16, 22, "apiextensions.k8s.io/v1",
		"each of versions has a schema.openAPIV3Schema of its own"},
	{"apiregistration.k8s.io", "APIService", "v1", 10, 0, 0, NULL, NULL},
	{"apiregistration.k8s.io", "APIService", "v1beta1", 7, 19, 22, "apiregistration.k8s.io/v1", NULL},
	{"apps", "ControllerRevision", "v1", 9, 0, 0, NULL, NULL},
	{"apps", "ControllerRevision", "v1beta1", 7, 8, 16, "apps/v1", NULL},
	{"apps", "ControllerRevision", "v1beta2", 8, 9, 16, "apps/v1", NULL},
	{"apps", "DaemonSet", "v1", 9, 0, 0, NULL, NULL},
	{"apps", "DaemonSet", "v1beta2", 8, 9, 16, "apps/v1", NULL},
	{"apps", "Deployment", "v1", 9, 0, 0, NULL, NULL},
	{"apps", "Deployment", "v1beta1", 6, 8, 16, "apps/v1", "spec.selector is required, and cannot change"},
	{"apps", "Deployment", "v1beta2", 8, 9, 16, "apps/v1", NULL},
	{"apps", "PetSet", "v1alpha1", 3, 0, 5, "apps/v1 StatefulSet", NULL},
	{"apps", "ReplicaSet", "v1", 9, 0, 0, NULL, NULL},
	{"apps", "ReplicaSet", "v1beta2", 8, 9, 16, "apps/v1", NULL},
	{"apps", "StatefulSet", "v1", 9, 0, 0, NULL, NULL},
	{"apps", "StatefulSet", "v1beta1", 5, 8, 16, "apps/v1", "spec.selector is required, and cannot change"},
	{"apps", "StatefulSet", "v1beta2", 8, 9, 16, "apps/v1", NULL},
	{"apps.openshift.io", "DeploymentConfig", "v1", 0, 27, 0, "apps/v1 Deployment",
		"its triggers and hooks have no counterpart there"},
	{"auditregistration.k8s.io", "AuditSink", "v1alpha1", 13, 0, 19, NULL, "the API server's own flags set up audit webhooks"},
	{"authentication.k8s.io", "SelfSubjectReview", "v1", 28, 0, 0, NULL, NULL},
	{"authentication.k8s.io", "SelfSubjectReview", "v1alpha1", 26, 29, 32, "authentication.k8s.io/v1", NULL},
	{"authentication.k8s.io", "SelfSubjectReview", "v1beta1", 27, 30, 33, "authentication.k8s.io/v1", NULL},
	{"authentication.k8s.io", "TokenReview", "v1", 6, 0, 0, NULL, NULL},
	{"authentication.k8s.io", "TokenReview", "v1beta1", 4, 19, 22, "authentication.k8s.io/v1", NULL},
	{"authorization.k8s.io", "LocalSubjectAccessReview", "v1", 6, 0, 0, NULL, NULL},
	{"authorization.k8s.io", "LocalSubjectAccessReview", "v1beta1", 2, 19, 22, "authorization.k8s.io/v1", NULL},
	{"authorization.k8s.io", "SelfSubjectAccessReview", "v1", 6, 0, 0, NULL, NULL},
	{"authorization.k8s.io", "SelfSubjectAccessReview", "v1beta1", 2, 19, 22, "authorization.k8s.io/v1", NULL},
	{"authorization.k8s.io", "SelfSubjectRulesReview", "v1", 8, 0, 0, NULL, NULL},
	{"authorization.k8s.io", "SelfSubjectRulesReview", "v1beta1", 8, 19, 22, "authorization.k8s.io/v1", NULL},
	{"authorization.k8s.io", "SubjectAccessReview", "v1", 6, 0, 0, NULL, NULL},
	{"authorization.k8s.io", "SubjectAccessReview", "v1beta1", 2, 19, 22, "authorization.k8s.io/v1", NULL},
	{"autoscaling", "HorizontalPodAutoscaler", "v1", 2, 0, 0, NULL, NULL},
	{"autoscaling", "HorizontalPodAutoscaler", "v2", 23, 0, 0, NULL, NULL},
	{"autoscaling", "HorizontalPodAutoscaler", "v2beta1", 8, 22, 25, "autoscaling/v2",
		"a metric's target is a mapping with type and averageUtilization, averageValue or value"},
	{"autoscaling", "HorizontalPodAutoscaler", "v2beta2", 12, 23, 26, "autoscaling/v2", NULL},
	{"batch", "CronJob", "v1", 21, 0, 0, NULL, NULL},
	{"batch", "CronJob", "v1beta1", 8, 21, 25, "batch/v1", NULL},
	{"batch", "CronJob", "v2alpha1", 5, 0, 21, "batch/v1", NULL},
	{"batch", "Job", "v1", 2, 0, 0, NULL, NULL},
	{"certificates.k8s.io", "CertificateSigningRequest", "v1", 19, 0, 0, NULL, NULL},
	{"certificates.k8s.io", "CertificateSigningRequest", "v1beta1", 12, 19, 22, "certificates.k8s.io/v1",
		"spec.signerName and spec.usages are required"},
	{"certificates.k8s.io", "ClusterTrustBundle", "v1", 37, 0, 0, NULL, NULL},
	{"certificates.k8s.io", "ClusterTrustBundle", "v1alpha1", 26, 34, 37, "certificates.k8s.io/v1", NULL},
	{"certificates.k8s.io", "ClusterTrustBundle", "v1beta1", 33, 37, 40, "certificates.k8s.io/v1", NULL},
	{"certificates.k8s.io", "PodCertificateRequest", "v1", 37, 0, 0, NULL, NULL},
	{"certificates.k8s.io", "PodCertificateRequest", "v1alpha1", 34, 0, 35, "certificates.k8s.io/v1beta1", NULL},
	{"certificates.k8s.io", "PodCertificateRequest", "v1beta1", 35, 37, 40, "certificates.k8s.io/v1", NULL},
	{"coordination.k8s.io", "Lease", "v1", 14, 0, 0, NULL, NULL},
	{"coordination.k8s.io", "Lease", "v1beta1", 12, 19, 22, "coordination.k8s.io/v1", NULL},
	{"coordination.k8s.io", "LeaseCandidate", "v1alpha1", 31, 0, 32, "coordination.k8s.io/v1alpha2", NULL},
	{"coordination.k8s.io", "LeaseCandidate", "v1alpha2", 32, 35, 38, "coordination.k8s.io/v1beta1", NULL},
	{"coordination.k8s.io", "LeaseCandidate", "v1beta1", 33, 36, 39, NULL, NULL},
	{"discovery.k8s.io", "EndpointSlice", "v1", 21, 0, 0, NULL, NULL},
	{"discovery.k8s.io", "EndpointSlice", "v1alpha1", 16, 0, 21, "discovery.k8s.io/v1",
		"an endpoint's topology has become nodeName and zone"},
	{"discovery.k8s.io", "EndpointSlice", "v1beta1", 16, 21, 25, "discovery.k8s.io/v1",
		"an endpoint's topology has become nodeName and zone"},
	{"events.k8s.io", "Event", "v1", 19, 0, 0, NULL, NULL},
	{"events.k8s.io", "Event", "v1beta1", 8, 22, 25, "events.k8s.io/v1",
		"action, reason, type, reportingController and reportingInstance are required"},
	{"extensions", "DaemonSet", "v1beta1", 1, 8, 16, "apps/v1", "spec.selector is required, and cannot change"},
	{"extensions", "Deployment", "v1beta1", 1, 8, 16, "apps/v1", "spec.selector is required, and cannot change"},
	{"extensions", "HorizontalPodAutoscaler", "v1beta1", 1, 3, 6, "autoscaling/v1",
		"targetCPUUtilizationPercentage stands in place of cpuUtilization"},
	{"extensions", "Ingress", "v1beta1", 1, 14, 22, "networking.k8s.io/v1",
		"backends are service.name and service.port, and pathType is required"},
	{"extensions", "Job", "v1beta1", 1, 5, 6, "batch/v1", NULL},
	{"extensions", "NetworkPolicy", "v1beta1", 3, 9, 16, "networking.k8s.io/v1", NULL},
	{"extensions", "PodSecurityPolicy", "v1beta1", 2, 11, 16, "policy/v1beta1",
		"Pod Security Admission does the like by labels of the namespace: pod-security.kubernetes.io/enforce"},
	{"extensions", "ReplicaSet", "v1beta1", 2, 8, 16, "apps/v1", "spec.selector is required, and cannot change"},
	{"extensions", "ThirdPartyResource", "v1beta1", 2, 7, 8, "apiextensions.k8s.io/v1 CustomResourceDefinition", NULL},
	{"flowcontrol.apiserver.k8s.io", "FlowSchema", "v1", 29, 0, 0, NULL, NULL},
	{"flowcontrol.apiserver.k8s.io", "FlowSchema", "v1alpha1", 18, 20, 21, "flowcontrol.apiserver.k8s.io/v1beta3", NULL},
	{"flowcontrol.apiserver.k8s.io", "FlowSchema", "v1beta1", 20, 23, 26, "flowcontrol.apiserver.k8s.io/v1beta3", NULL},
	{"flowcontrol.apiserver.k8s.io", "FlowSchema", "v1beta2", 23, 26, 29, "flowcontrol.apiserver.k8s.io/v1beta3", NULL},
	{"flowcontrol.apiserver.k8s.io", "FlowSchema", "v1beta3", 26, 29, 32, "flowcontrol.apiserver.k8s.io/v1", NULL},
	{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", "v1", 29, 0, 0, NULL, NULL},
	{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", "v1alpha1", 18, 20, 21, "flowcontrol.apiserver.k8s.io/v1beta3",
		"limited.nominalConcurrencyShares stands in place of assuredConcurrencyShares"},
	{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", "v1beta1", 20, 23, 26, "flowcontrol.apiserver.k8s.io/v1beta3",
		"limited.nominalConcurrencyShares stands in place of assuredConcurrencyShares"},
	{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", "v1beta2", 23, 26, 29, "flowcontrol.apiserver.k8s.io/v1beta3",
		"limited.nominalConcurrencyShares stands in place of assuredConcurrencyShares"},
	{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", "v1beta3", 26, 29, 32, "flowcontrol.apiserver.k8s.io/v1",
		NULL},
	{"lifecycle.k8s.io", "EvictionRequest", "v1alpha1", 37, 40, 43, NULL, NULL},
	{"networking.k8s.io", "ClusterCIDR", "v1alpha1", 25, 28, 29, NULL, NULL},
	{"networking.k8s.io", "IPAddress", "v1", 33, 0, 0, NULL, NULL},
	{"networking.k8s.io", "IPAddress", "v1alpha1", 27, 30, 31, "networking.k8s.io/v1beta1", NULL},
	{"networking.k8s.io", "IPAddress", "v1beta1", 31, 34, 37, "networking.k8s.io/v1", NULL},
	{"networking.k8s.io", "Ingress", "v1", 19, 0, 0, NULL, NULL},
	{"networking.k8s.io", "Ingress", "v1beta1", 14, 19, 22, "networking.k8s.io/v1",
		"backends are service.name and service.port, and pathType is required"},
	{"networking.k8s.io", "IngressClass", "v1", 19, 0, 0, NULL, NULL},
	{"networking.k8s.io", "IngressClass", "v1beta1", 18, 19, 22, "networking.k8s.io/v1", NULL},
	{"networking.k8s.io", "NetworkPolicy", "v1", 7, 0, 0, NULL, NULL},
	{"networking.k8s.io", "ServiceCIDR", "v1", 33, 0, 0, NULL, NULL},
	{"networking.k8s.io", "ServiceCIDR", "v1alpha1", 27, 30, 31, "networking.k8s.io/v1beta1", NULL},
	{"networking.k8s.io", "ServiceCIDR", "v1beta1", 31, 34, 37, "networking.k8s.io/v1", NULL},
	{"node.k8s.io", "RuntimeClass", "v1", 20, 0, 0, NULL, NULL},
	{"node.k8s.io", "RuntimeClass", "v1alpha1", 12, 20, 24, "node.k8s.io/v1", "handler stands in place of spec.runtimeHandler"},
	{"node.k8s.io", "RuntimeClass", "v1beta1", 13, 22, 25, "node.k8s.io/v1", NULL},
	{"policy", "PodDisruptionBudget", "v1", 21, 0, 0, NULL, NULL},
	{"policy", "PodDisruptionBudget", "v1beta1", 5, 21, 25, "policy/v1",
		"an empty selector means all pods of the namespace, no longer none"},
	{"policy", "PodSecurityPolicy", "v1beta1", 10, 21, 25, NULL,
		"Pod Security Admission does the like by labels of the namespace: pod-security.kubernetes.io/enforce"},
	{"rbac.authorization.k8s.io", "ClusterRole", "v1", 8, 0, 0, NULL, NULL},
	{"rbac.authorization.k8s.io", "ClusterRole", "v1alpha1", 3, 17, 23, "rbac.authorization.k8s.io/v1", NULL},
	{"rbac.authorization.k8s.io", "ClusterRole", "v1beta1", 6, 17, 22, "rbac.authorization.k8s.io/v1", NULL},
	{"rbac.authorization.k8s.io", "ClusterRoleBinding", "v1", 8, 0, 0, NULL, NULL},
	{"rbac.authorization.k8s.io", "ClusterRoleBinding", "v1alpha1", 3, 17, 23, "rbac.authorization.k8s.io/v1", NULL},
	{"rbac.authorization.k8s.io", "ClusterRoleBinding", "v1beta1", 6, 17, 22, "rbac.authorization.k8s.io/v1", NULL},
	{"rbac.authorization.k8s.io", "Role", "v1", 8, 0, 0, NULL, NULL},
	{"rbac.authorization.k8s.io", "Role", "v1alpha1", 3, 17, 23, "rbac.authorization.k8s.io/v1", NULL},
	{"rbac.authorization.k8s.io", "Role", "v1beta1", 6, 17, 22, "rbac.authorization.k8s.io/v1", NULL},
	{"rbac.authorization.k8s.io", "RoleBinding", "v1", 8, 0, 0, NULL, NULL},
	{"rbac.authorization.k8s.io", "RoleBinding", "v1alpha1", 3, 17, 23, "rbac.authorization.k8s.io/v1", NULL},
	{"rbac.authorization.k8s.io", "RoleBinding", "v1beta1", 6, 17, 22, "rbac.authorization.k8s.io/v1", NULL},
	{"resource.k8s.io", "DeviceClass", "v1", 34, 0, 0, NULL, NULL},
	{"resource.k8s.io", "DeviceClass", "v1alpha3", 31, 0, 34, "resource.k8s.io/v1beta1", NULL},
	{"resource.k8s.io", "DeviceClass", "v1beta1", 32, 35, 38, "resource.k8s.io/v1", NULL},
	{"resource.k8s.io", "DeviceClass", "v1beta2", 33, 36, 39, "resource.k8s.io/v1", NULL},
	{"resource.k8s.io", "DeviceTaintRule", "v1", 37, 0, 0, NULL, NULL},
	{"resource.k8s.io", "DeviceTaintRule", "v1alpha3", 33, 36, 39, "resource.k8s.io/v1", NULL},
	{"resource.k8s.io", "DeviceTaintRule", "v1beta2", 36, 39, 42, "resource.k8s.io/v1", NULL},
	{"resource.k8s.io", "PodScheduling", "v1alpha1", 26, 0, 27, NULL, NULL},
	{"resource.k8s.io", "PodSchedulingContext", "v1alpha2", 27, 0, 31, "resource.k8s.io/v1alpha3", NULL},
	{"resource.k8s.io", "PodSchedulingContext", "v1alpha3", 31, 0, 32, NULL, NULL},
	{"resource.k8s.io", "ResourceClaim", "v1", 34, 0, 0, NULL, NULL},
	{"resource.k8s.io", "ResourceClaim", "v1alpha1", 26, 0, 27, "resource.k8s.io/v1alpha2", NULL},
	{"resource.k8s.io", "ResourceClaim", "v1alpha2", 27, 0, 31, "resource.k8s.io/v1alpha3", NULL},
	{"resource.k8s.io", "ResourceClaim", "v1alpha3", 31, 0, 34, "resource.k8s.io/v1beta1", NULL},
	{"resource.k8s.io", "ResourceClaim", "v1beta1", 32, 35, 38, "resource.k8s.io/v1",
		"what a request asks for stands below exactly"},
	{"resource.k8s.io", "ResourceClaim", "v1beta2", 33, 36, 39, "resource.k8s.io/v1", NULL},
	{"resource.k8s.io", "ResourceClaimParameters", "v1alpha2", 30, 0, 31, NULL, NULL},
	{"resource.k8s.io", "ResourceClaimTemplate", "v1", 34, 0, 0, NULL, NULL},
	{"resource.k8s.io", "ResourceClaimTemplate", "v1alpha1", 26, 0, 27, "resource.k8s.io/v1alpha2", NULL},
	{"resource.k8s.io", "ResourceClaimTemplate", "v1alpha2", 27, 0, 31, "resource.k8s.io/v1alpha3", NULL},
	{"resource.k8s.io", "ResourceClaimTemplate", "v1alpha3", 31, 0, 34, "resource.k8s.io/v1beta1", NULL},
	{"resource.k8s.io", "ResourceClaimTemplate", "v1beta1", 32, 35, 38, "resource.k8s.io/v1",
		"what a request asks for stands below exactly"},
	{"resource.k8s.io", "ResourceClaimTemplate", "v1beta2", 33, 36, 39, "resource.k8s.io/v1", NULL},
	{"resource.k8s.io", "ResourceClass", "v1alpha1", 26, 0, 27, "resource.k8s.io/v1alpha2", NULL},
	{"resource.k8s.io", "ResourceClass", "v1alpha2", 27, 0, 31, "resource.k8s.io/v1 DeviceClass", NULL},
	{"resource.k8s.io", "ResourceClassParameters", "v1alpha2", 30, 0, 31, NULL, NULL},
	{"resource.k8s.io", "ResourcePoolStatusRequest", "v1alpha3", 36, 39, 42, NULL, NULL},
	{"resource.k8s.io", "ResourceSlice", "v1", 34, 0, 0, NULL, NULL},
	{"resource.k8s.io", "ResourceSlice", "v1alpha2", 30, 0, 31, "resource.k8s.io/v1alpha3", NULL},
	{"resource.k8s.io", "ResourceSlice", "v1alpha3", 31, 0, 34, "resource.k8s.io/v1beta1", NULL},
	{"resource.k8s.io", "ResourceSlice", "v1beta1", 32, 35, 38, "resource.k8s.io/v1",
		"what a device has stands in the device, no longer below basic"},
	{"resource.k8s.io", "ResourceSlice", "v1beta2", 33, 36, 39, "resource.k8s.io/v1", NULL},
	{"scheduling.k8s.io", "CompositePodGroup", "v1alpha3", 37, 0, 0, NULL, NULL},
	{"scheduling.k8s.io", "PodGroup", "v1alpha2", 36, 0, 37, "scheduling.k8s.io/v1beta1", NULL},
	{"scheduling.k8s.io", "PodGroup", "v1alpha3", 37, 0, 0, NULL, NULL},
	{"scheduling.k8s.io", "PodGroup", "v1beta1", 37, 40, 43, NULL, NULL},
	{"scheduling.k8s.io", "PriorityClass", "v1", 14, 0, 0, NULL, NULL},
	{"scheduling.k8s.io", "PriorityClass", "v1alpha1", 8, 14, 23, "scheduling.k8s.io/v1", NULL},
	{"scheduling.k8s.io", "PriorityClass", "v1beta1", 11, 14, 22, "scheduling.k8s.io/v1", NULL},
	{"scheduling.k8s.io", "Workload", "v1alpha1", 35, 0, 36, "scheduling.k8s.io/v1alpha2", NULL},
	{"scheduling.k8s.io", "Workload", "v1alpha2", 36, 0, 37, "scheduling.k8s.io/v1beta1", NULL},
	{"scheduling.k8s.io", "Workload", "v1alpha3", 37, 0, 0, NULL, NULL},
	{"scheduling.k8s.io", "Workload", "v1beta1", 37, 40, 43, NULL, NULL},
	{"settings.k8s.io", "PodPreset", "v1alpha1", 6, 0, 20, NULL,
		"an admission webhook or a MutatingAdmissionPolicy does the like"},
	{"storage.k8s.io", "CSIDriver", "v1", 18, 0, 0, NULL, NULL},
	{"storage.k8s.io", "CSIDriver", "v1beta1", 14, 19, 22, "storage.k8s.io/v1", NULL},
	{"storage.k8s.io", "CSINode", "v1", 17, 0, 0, NULL, NULL},
	{"storage.k8s.io", "CSINode", "v1beta1", 14, 17, 22, "storage.k8s.io/v1", NULL},
	{"storage.k8s.io", "CSIStorageCapacity", "v1", 24, 0, 0, NULL, NULL},
	{"storage.k8s.io", "CSIStorageCapacity", "v1alpha1", 19, 21, 24, "storage.k8s.io/v1beta1", NULL},
	{"storage.k8s.io", "CSIStorageCapacity", "v1beta1", 21, 24, 27, "storage.k8s.io/v1", NULL},
	{"storage.k8s.io", "StorageClass", "v1", 6, 0, 0, NULL, NULL},
	{"storage.k8s.io", "StorageClass", "v1beta1", 4, 19, 22, "storage.k8s.io/v1", NULL},
	{"storage.k8s.io", "VolumeAttachment", "v1", 13, 0, 0, NULL, NULL},
	{"storage.k8s.io", "VolumeAttachment", "v1alpha1", 9, 21, 24, "storage.k8s.io/v1", NULL},
	{"storage.k8s.io", "VolumeAttachment", "v1beta1", 10, 19, 22, "storage.k8s.io/v1", NULL},
	{"storage.k8s.io", "VolumeAttributesClass", "v1", 34, 0, 0, NULL, NULL},
	{"storage.k8s.io", "VolumeAttributesClass", "v1alpha1", 29, 32, 35, "storage.k8s.io/v1", NULL},
	{"storage.k8s.io", "VolumeAttributesClass", "v1beta1", 31, 34, 37, "storage.k8s.io/v1", NULL},
	{"storagemigration.k8s.io", "StorageVersionMigration", "v1", 37, 0, 0, NULL, NULL},
	{"storagemigration.k8s.io", "StorageVersionMigration", "v1alpha1", 30, 33, 35, "storagemigration.k8s.io/v1beta1", NULL},
	{"storagemigration.k8s.io", "StorageVersionMigration", "v1beta1", 35, 37, 40, "storagemigration.k8s.io/v1", NULL},
};

static int compare(const struct hgt_gvk *gvk, const struct hgt_api *api)
{
	size_t len = strlen(api->group), common = len < gvk->group_len ? len : gvk->group_len;
	int order = memcmp(gvk->group, api->group, common);

	if (!order)
		order = gvk->group_len < len ? -1 : gvk->group_len > len;
	if (!order)
		order = strcmp(gvk->kind, api->kind);
	return order ? order : strcmp(gvk->version, api->version);
}

const struct hgt_api *hgt_api_find(const struct hgt_gvk *gvk)
{
	size_t low = 0, high = sizeof(apis) / sizeof(apis[0]);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(gvk, &apis[middle]);

		if (!order)
			return &apis[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool hgt_api_is_served(const struct hgt_api *api, unsigned kubernetes)
{
	return kubernetes >= api->introduced && (!api->removed || kubernetes < api->removed);
}

/* The row of "group/version" or "group/version Kind"; of the given kind in the first case. */
static const struct hgt_api *find_named(const char *name, const char *kind)
{
	const char *blank = strchr(name, ' '), *slash = strchr(name, '/');
	char version[32];
	struct hgt_gvk gvk = {.group = name, .group_len = slash ? (size_t)(slash - name) : 0, .version = version,
		.kind = blank ? blank + 1 : kind};
	const char *start = slash ? slash + 1 : name;

	snprintf(version, sizeof(version), "%.*s", (int)(blank ? blank - start : (ptrdiff_t)strlen(start)), start);
	return hgt_api_find(&gvk);
}

const char *hgt_api_successor(const struct hgt_api *api, unsigned kubernetes)
{
	while (api->successor) {
		const struct hgt_api *next = find_named(api->successor, api->kind);

		if (!next || !next->removed || kubernetes < next->removed)
			return api->successor;
		api = next;
	}
	return NULL;
}

const struct hgt_api *hgt_api_predecessor(const struct hgt_api *api, unsigned kubernetes)
{
	for (size_t i = 0; i < sizeof(apis) / sizeof(apis[0]); i++) {
		const char *successor = apis[i].successor;

		while (successor && hgt_api_is_served(&apis[i], kubernetes)) {
			const struct hgt_api *next = find_named(successor, apis[i].kind);

			if (next == api)
				return &apis[i];
			successor = next ? next->successor : NULL;
		}
	}
	return NULL;
}

const struct hgt_api *hgt_apis(size_t *n)
{
	*n = sizeof(apis) / sizeof(apis[0]);
	return apis;
}
