/* The checks of what makes pods and scales them, rows of the table in kinds.c; and of what objects of all kinds have. */
#ifndef HEADGATE_K8S_WORKLOAD_CHECKS_H
#define HEADGATE_K8S_WORKLOAD_CHECKS_H

struct hgt_subject;

/* metadata.c, of objects of all kinds */
void hgt_check_k8s_metadata(struct hgt_subject *subject);

/* pod.c, workload.c, job.c */
void hgt_check_k8s_pod(struct hgt_subject *subject);
void hgt_check_k8s_pod_template(struct hgt_subject *subject);
void hgt_check_k8s_deployment(struct hgt_subject *subject);
void hgt_check_k8s_stateful_set(struct hgt_subject *subject);
void hgt_check_k8s_daemon_set(struct hgt_subject *subject);
void hgt_check_k8s_replica_set(struct hgt_subject *subject);
void hgt_check_k8s_replication_controller(struct hgt_subject *subject);
void hgt_check_k8s_job(struct hgt_subject *subject);
void hgt_check_k8s_cron_job(struct hgt_subject *subject);

/* autoscaling.c */
void hgt_check_k8s_horizontal_pod_autoscaler(struct hgt_subject *subject);
void hgt_check_k8s_pod_disruption_budget(struct hgt_subject *subject);

#endif
