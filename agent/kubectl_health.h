/*
 * How an object fares, in the words that users of Argo CD know: by its status, and never from a status that was written before
 * the change.
 *
 * The rules are our own, to the same ends as those of `kubectl rollout status`
 * (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go) and of github.com/argoproj/gitops-engine/pkg/health; of custom
 * resources the conditions count that sigs.k8s.io/cli-utils/pkg/kstatus describes (Ready, Reconciling, Stalled).
 */
#ifndef HEADGATE_AGENT_KUBECTL_HEALTH_H
#define HEADGATE_AGENT_KUBECTL_HEALTH_H

#include "agent/kubectl_object.h"

/* From best to worst. */
enum kubectl_health {
	KUBECTL_HEALTHY,
	KUBECTL_SUSPENDED,
	KUBECTL_PROGRESSING,
	KUBECTL_MISSING,
	KUBECTL_DEGRADED,
	KUBECTL_HEALTH_UNKNOWN,
};

/* The word of the report. */
const char *kubectl_health_word(enum kubectl_health health);

/* Whether objects of the kind have a health beyond being there: all others need not be read. */
bool kubectl_health_matters(const struct kubectl_object *object);

/* The health of an object as `kubectl get -o json` has it; why, where it is not healthy, is appended to message. */
enum kubectl_health kubectl_health_of(const struct hgt_node *root, const struct kubectl_object *object, struct hgt_buf *message);

#endif
