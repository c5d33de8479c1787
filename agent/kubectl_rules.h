/*
 * Rules about places in objects: what of a difference is not to count (`ignore`), and what no diff may show (`redact`). A place
 * is a JSON pointer (RFC 6901) in which * stands for any one key or index; all below it belongs to it.
 */
#ifndef HEADGATE_AGENT_KUBECTL_RULES_H
#define HEADGATE_AGENT_KUBECTL_RULES_H

#include "agent/kubectl_object.h"
#include "config/config.h"

struct kubectl_rules {
	const struct hgt_kubectl_rule *ignore, *redact;	/* borrowed */
	size_t n_ignore, n_redact;
	uint64_t *hits;		/* of each ignore rule */
};

/* HGT_ENOMEM alone. */
int kubectl_rules_init(struct kubectl_rules *rules, const struct hgt_agent_target *target, struct hgt_error *err) HGT_MUST_CHECK;
void kubectl_rules_release(struct kubectl_rules *rules);

/* Whether pointer, as hgt_pointer_add makes it, is the place itself. */
bool kubectl_pointer_is(const char *place, const char *pointer);

/* Which ignore rule takes in this place of the object; -1 for none. */
int kubectl_rules_ignores(const struct kubectl_rules *rules, const struct kubectl_object *object, const char *pointer);

/* What each apply changes by itself: resourceVersion, generation, managedFields and the like. */
bool kubectl_rules_is_noise(const char *pointer);

/* Values below this place are not to be shown: a redact rule's, or in a Secret. */
bool kubectl_rules_redacts(const struct kubectl_rules *rules, const struct kubectl_object *object, const char *pointer);

/* Append "Deployment shop/web*: /spec/replicas", as a report names the rule. */
void kubectl_rule_write(const struct hgt_kubectl_rule *rule, struct hgt_buf *out);

#endif
