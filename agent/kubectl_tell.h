/* What a look at a cluster comes to, in a driver's result. */
#ifndef HEADGATE_AGENT_KUBECTL_TELL_H
#define HEADGATE_AGENT_KUBECTL_TELL_H

#include "agent/kubectl_prune.h"

/*
 * Put into the result what the manifests' sync and health and the live extras are: differing, resources with the worst first,
 * coverage, health. Negative when some could not be compared: then nothing may be called in sync.
 */
int kubectl_tell(struct kubectl *k, const struct kubectl_manifests *m, const struct kubectl_lives *extras, struct hgt_error *err)
	HGT_MUST_CHECK;

/* The worst health of all. */
int kubectl_worst(const struct kubectl_manifests *m);

#endif
