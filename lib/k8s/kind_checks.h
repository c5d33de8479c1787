/* The checks of single kinds, rows of the table in kinds.c. */
#ifndef HEADGATE_K8S_KIND_CHECKS_H
#define HEADGATE_K8S_KIND_CHECKS_H

struct hgt_subject;

/* service.c, endpoints.c */
void hgt_check_k8s_service(struct hgt_subject *subject);
void hgt_check_k8s_endpoints(struct hgt_subject *subject);
void hgt_check_k8s_endpoint_slice(struct hgt_subject *subject);

/* config_data.c */
void hgt_check_k8s_config_map(struct hgt_subject *subject);
void hgt_check_k8s_secret(struct hgt_subject *subject);

/* ingress.c, network_policy.c */
void hgt_check_k8s_ingress(struct hgt_subject *subject);
void hgt_check_k8s_ingress_class(struct hgt_subject *subject);
void hgt_check_k8s_network_policy(struct hgt_subject *subject);
void hgt_check_k8s_ip_address(struct hgt_subject *subject);
void hgt_check_k8s_service_cidr(struct hgt_subject *subject);

/* rbac.c */
void hgt_check_k8s_role(struct hgt_subject *subject);
void hgt_check_k8s_cluster_role(struct hgt_subject *subject);
void hgt_check_k8s_role_binding(struct hgt_subject *subject);
void hgt_check_k8s_cluster_role_binding(struct hgt_subject *subject);

/* storage.c, storage_class.c */
void hgt_check_k8s_volume(struct hgt_subject *subject);
void hgt_check_k8s_claim(struct hgt_subject *subject);
void hgt_check_k8s_storage_class(struct hgt_subject *subject);
void hgt_check_k8s_volume_attributes_class(struct hgt_subject *subject);
void hgt_check_k8s_volume_attachment(struct hgt_subject *subject);
void hgt_check_k8s_csi_driver(struct hgt_subject *subject);
void hgt_check_k8s_csi_node(struct hgt_subject *subject);
void hgt_check_k8s_csi_capacity(struct hgt_subject *subject);

/* quota.c */
void hgt_check_k8s_resource_quota(struct hgt_subject *subject);
void hgt_check_k8s_limit_range(struct hgt_subject *subject);

/* webhook.c, admission_policy.c, crd.c */
void hgt_check_k8s_webhook(struct hgt_subject *subject);
void hgt_check_k8s_validating_policy(struct hgt_subject *subject);
void hgt_check_k8s_validating_binding(struct hgt_subject *subject);
void hgt_check_k8s_mutating_policy(struct hgt_subject *subject);
void hgt_check_k8s_mutating_binding(struct hgt_subject *subject);
void hgt_check_k8s_crd(struct hgt_subject *subject);
void hgt_check_k8s_api_service(struct hgt_subject *subject);

/* flow_control.c, cluster_objects.c, device.c */
void hgt_check_k8s_flow_schema(struct hgt_subject *subject);
void hgt_check_k8s_priority_level(struct hgt_subject *subject);
void hgt_check_k8s_namespace(struct hgt_subject *subject);
void hgt_check_k8s_priority_class(struct hgt_subject *subject);
void hgt_check_k8s_runtime_class(struct hgt_subject *subject);
void hgt_check_k8s_node(struct hgt_subject *subject);
void hgt_check_k8s_lease(struct hgt_subject *subject);
void hgt_check_k8s_event(struct hgt_subject *subject);
void hgt_check_k8s_new_event(struct hgt_subject *subject);
void hgt_check_k8s_certificate_request(struct hgt_subject *subject);
void hgt_check_k8s_trust_bundle(struct hgt_subject *subject);
void hgt_check_k8s_resource_claim(struct hgt_subject *subject);
void hgt_check_k8s_resource_claim_template(struct hgt_subject *subject);
void hgt_check_k8s_device_class(struct hgt_subject *subject);
void hgt_check_k8s_resource_slice(struct hgt_subject *subject);

#endif
