/*
 * Which kinds the API server has, and which of them live in namespaces: from `kubectl api-resources`, and from definitions that
 * are about to be applied.
 */
#ifndef HEADGATE_AGENT_KUBECTL_KINDS_H
#define HEADGATE_AGENT_KUBECTL_KINDS_H

#include "agent/kubectl_object.h"
#include "base/map.h"

struct kubectl_kinds {
	struct hgt_arena arena;
	struct hgt_map by_name;		/* "Deployment.apps" */
};

#define KUBECTL_KINDS_INIT {HGT_ARENA_INIT, HGT_MAP_INIT}

enum kubectl_place { KUBECTL_UNKNOWN_KIND, KUBECTL_IN_NAMESPACE, KUBECTL_IN_CLUSTER };

void kubectl_kinds_release(struct kubectl_kinds *kinds);

/* Add what `kubectl api-resources --no-headers` has printed. A line that is no kind is passed over. */
int kubectl_kinds_parse(struct kubectl_kinds *kinds, const char *text, size_t len, struct hgt_error *err) HGT_MUST_CHECK;

/* Add the kind that a CustomResourceDefinition defines; one that defines none adds none. */
int kubectl_kinds_define(struct kubectl_kinds *kinds, const struct hgt_node *crd, struct hgt_error *err) HGT_MUST_CHECK;

enum kubectl_place kubectl_kinds_find(const struct kubectl_kinds *kinds, const struct kubectl_object *object);

#endif
