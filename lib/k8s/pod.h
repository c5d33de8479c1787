/*
 * The checks of pods and of the templates that they are made from, a file a subject; what several fields say together, while
 * contrib/schemas/constraints/pods.yaml has what each field may be by itself.
 */
#ifndef HEADGATE_K8S_POD_H
#define HEADGATE_K8S_POD_H

#include "k8s/parts.h"

/* Items of a list by their name. */
struct hgt_names {
	struct hgt_seen seen;
	bool open;	/* some name cannot be judged, so what is not here may be there after all */
};

struct hgt_pod {
	struct hgt_subject *subject;
	struct hgt_field spec;
	struct hgt_field metadata;	/* the pod's or the template's; its labels and annotations are those of pods */
	bool is_template;
	bool is_named_elsewhere;	/* a StatefulSet gives its pods their names, whatever the template says */
	bool has_host_network;
	struct hgt_field restart_policy, grace_period;
	struct hgt_names volumes;
	struct hgt_names claims;	/* volumeClaimTemplates: volumes that come before those of the same name */
	struct hgt_names devices;	/* spec.resourceClaims */
};

/* pod.c: what stands below `template` of a workload; claims are a StatefulSet's volumeClaimTemplates, or
 * NULL. */
void hgt_check_pod_template(struct hgt_subject *subject, const struct hgt_field *template, const struct hgt_field *claims);

/* Note the `name` of each item of a list, told of when it comes twice. */
void hgt_names_gather(struct hgt_subject *subject, struct hgt_names *names, const struct hgt_field *list);
void hgt_names_release(struct hgt_names *names);

/* The item of that name, or NULL. */
const struct hgt_node *hgt_names_get(const struct hgt_names *names, const char *name);

/* The members of a mapping by their names, for a mapping that is asked about often. The map is the caller's to release. */
void hgt_index_members(struct hgt_subject *subject, const struct hgt_field *map, struct hgt_map *index);
struct hgt_field hgt_index_get(const struct hgt_map *index, const struct hgt_field *map, const char *name);

/* scheduling.c: a NodeSelector, of pods, volumes and slices of devices. */
void hgt_check_node_selector(struct hgt_subject *subject, const struct hgt_field *selector);

/* metadata.c: labels, annotations of any object's or template's metadata. */
void hgt_check_labels(struct hgt_subject *subject, const struct hgt_field *metadata);

/* volumes.c, volume_paths.c, volume_mounts.c */
void hgt_check_volumes(struct hgt_pod *pod, const struct hgt_field *claims);
void hgt_check_volume_paths(struct hgt_pod *pod, const struct hgt_field *volume);
void hgt_check_volume_mounts(struct hgt_pod *pod, const struct hgt_field *container);

/* container.c: all containers; env.c: what one container's environment refers to. */
void hgt_check_containers(struct hgt_pod *pod);
void hgt_check_env(struct hgt_pod *pod, const struct hgt_field *container);
void hgt_check_field_ref(struct hgt_pod *pod, const struct hgt_field *ref, bool in_volume);
void hgt_check_resource_field_ref(struct hgt_pod *pod, const struct hgt_field *ref, bool in_volume);

/* probes.c: of a container that runs beside the others; of one that does not. */
void hgt_check_probes(struct hgt_pod *pod, const struct hgt_field *container);
void hgt_check_no_probes(struct hgt_pod *pod, const struct hgt_field *container);

/* resources.c: of a container, of the pod as a whole. */
void hgt_check_resources(struct hgt_pod *pod, const struct hgt_field *resources);
void hgt_check_pod_resources(struct hgt_pod *pod);

/* Whether a container can ask for a resource of this name. */
bool hgt_is_container_resource(const char *name, size_t len);

/* pod_annotations.c: those that say what a field says. */
void hgt_check_pod_annotations(struct hgt_pod *pod);

/* scheduling.c: where the pod may run. */
void hgt_check_scheduling(struct hgt_pod *pod);

/* security.c: the security contexts, and what the pod shares with its host. */
void hgt_check_security(struct hgt_pod *pod);

/* selector.c: whether a selector of a kind that has a template matches the template's labels; _fits lets it select everything. */
void hgt_check_selector_fits(struct hgt_subject *subject, const struct hgt_field *selector, const struct hgt_field *template);
void hgt_check_selector(struct hgt_subject *subject, const struct hgt_field *selector, const struct hgt_field *template);
void hgt_check_selector_map(struct hgt_subject *subject, const struct hgt_field *selector, const struct hgt_field *template);

/* An int-or-string that is a number or a percentage: its number. False when it is neither. */
bool hgt_field_portion(const struct hgt_field *field, int64_t *out);

#endif
