/* Inside lib/k8s: the functions of the table in transition_kinds.c, one a kind, and how they reach their fields. */
#ifndef HEADGATE_K8S_TRANSITION_KINDS_H
#define HEADGATE_K8S_TRANSITION_KINDS_H

#include "k8s/transition.h"

enum { HGT_TRANSITION_DEPTH = 5, HGT_TRANSITION_NAME = 48 };

/* The fields down to one, which borrow the names. */
struct hgt_transition_path {
	char names[HGT_TRANSITION_DEPTH][HGT_TRANSITION_NAME];
	struct hgt_field steps[HGT_TRANSITION_DEPTH + 1];
};

/* The field at a path of names with dots between, of the object as it is. */
struct hgt_field *hgt_transition_field(const struct hgt_transition *t, const char *path, struct hgt_transition_path *out);

/* hgt_transition_fixed for the field at a path. */
void hgt_transition_fixed_at(struct hgt_transition *t, const char *path, const char *hint);

/* transition_core.c */
void hgt_transition_config_map(struct hgt_transition *t);
void hgt_transition_secret(struct hgt_transition *t);
void hgt_transition_service(struct hgt_transition *t);
void hgt_transition_service_cidr(struct hgt_transition *t);
void hgt_transition_definition(struct hgt_transition *t);
void hgt_transition_same_version(struct hgt_transition *t);	/* spec is fixed, and has another shape in another version */

/* transition_storage.c */
void hgt_transition_volume(struct hgt_transition *t);
void hgt_transition_claim(struct hgt_transition *t);

/* transition_pod.c */
void hgt_transition_pod(struct hgt_transition *t);
void hgt_transition_job(struct hgt_transition *t);

#endif
