/*
 * What is in the inventory and no longer in the tree. An object goes only when the inventory has it and it carries the target's
 * label; a Namespace or CustomResourceDefinition only when the config allows it; one that is annotated headgate.io/prune: never
 * does not.
 */
#ifndef HEADGATE_AGENT_KUBECTL_PRUNE_H
#define HEADGATE_AGENT_KUBECTL_PRUNE_H

#include "agent/kubectl_look.h"

enum kubectl_fate {
	KUBECTL_TO_GO,		/* it is to be deleted */
	KUBECTL_GOING,		/* it is being deleted */
	KUBECTL_STAYS,		/* it is kept on purpose */
	KUBECTL_NOT_OURS,	/* someone has taken our label from it: it is theirs now */
};

enum kubectl_fate kubectl_fate_of(const struct kubectl *k, const struct kubectl_live *live);

/* The objects of the inventory that the manifests do not have. */
int kubectl_extras(const struct kubectl_set *inventory, const struct kubectl_manifests *m, struct kubectl_set *out,
	struct hgt_error *err)
	HGT_MUST_CHECK;

/* Delete those of the extras that are to go; result->removed counts. The end of an object is not waited for. One that the tree
 * has by another group's name (an Ingress of extensions and of networking.k8s.io is the same object) is left alone, and none of
 * the extras any more. */
int kubectl_prune(struct kubectl *k, struct kubectl_set *extras, const struct kubectl_manifests *m, struct hgt_error *err)
	HGT_MUST_CHECK;

#endif
