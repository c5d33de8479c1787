/* Runs of kubectl about objects that are named in its call. */
#ifndef HEADGATE_AGENT_KUBECTL_NAMES_H
#define HEADGATE_AGENT_KUBECTL_NAMES_H

#include "agent/kubectl_object.h"
#include "agent/kubectl_run.h"

#define KUBECTL_NAMES_MAX 100	/* of one run */
#define KUBECTL_VERB_MAX 8	/* words */

/* kubectl_run with the verb's words (NULL at the end), then objects from..to of the set: at most KUBECTL_NAMES_MAX, of one namespace. */
int kubectl_run_named(struct kubectl *k, struct kubectl_run *run, const char *const *verb, const struct kubectl_set *set, size_t from,
	size_t to, struct hgt_error *err) HGT_MUST_CHECK;

#endif
