/* The table of rules: what `headgate explain` tells. */
#include "check/engine.h"

/*
 * A group of rules is a file in rules/, sorted by id as the groups are. A `why` says why it matters, shows a bad and a good example,
 * and the way out. Lines that begin with a blank are shown as they are; the others are paragraphs, filled to the width of the terminal.
 */
static const struct hgt_rule rules[] = {
#include "check/rules/gate.inc"
#include "check/rules/git.inc"
#include "check/rules/json.inc"
#include "check/rules/k8s.inc"
#include "check/rules/policy.inc"
#include "check/rules/schema.inc"
#include "check/rules/transition.inc"
#include "check/rules/yaml.inc"
};

const struct hgt_rule *hgt_rules(size_t *n)
{
	*n = sizeof(rules) / sizeof(rules[0]);
	return rules;
}

static int compare_id(const void *id, const void *rule)
{
	return strcmp(id, ((const struct hgt_rule *)rule)->id);
}

const struct hgt_rule *hgt_rule_find(const char *id)
{
	return bsearch(id, rules, sizeof(rules) / sizeof(rules[0]), sizeof(rules[0]), compare_id);
}
