/*
 * What holds for one ref of one repository: who may move it how, and what is checked in the change.
 *
 *	const struct hgt_config_policy *p = hgt_policy_for(config, "infra/prod", "refs/heads/main", default_branch);
 *	if (p) { hgt_policy_judge(...); for each path: hgt_policy_class(p, path, &strict) }
 *
 * The first policy of the config whose `repos` and `refs` both match holds. With no policies at all a built-in one
 * holds: the default branch of every repository takes no force push and no deletion, and what is pushed to it is checked by
 * class. What no policy names passes unchecked, but for refs/replace/, which is closed then. refs/headgate/ is Headgate's own, and always
 * closed.
 */
#ifndef HEADGATE_POLICY_POLICY_H
#define HEADGATE_POLICY_POLICY_H

#include "config/config.h"
#include "git/update.h"

/* default_branch: the ref HEAD points at, NULL when it is detached. NULL: nothing holds. The result lives with config. */
const struct hgt_config_policy *hgt_policy_for(const struct hgt_config *config, const char *repo, const char *ref,
	const char *default_branch);

/*
 * Judge the movement of the ref itself; findings policy/not-allowed, policy/force-push, policy/delete are added with
 * path = the ref's name and no line. `forced`: the new tip does not descend from the old one.
 */
int hgt_policy_judge(const struct hgt_config *config, const struct hgt_config_policy *policy, const struct hgt_update *update,
	const char *actor, bool forced, struct hgt_findings *out, struct hgt_error *err) HGT_MUST_CHECK;

/* The class to check a path as (HGT_CLASS_AUTO: by name and content; HGT_CLASS_OTHER: not at all), and whether strictly. */
enum hgt_class hgt_policy_class(const struct hgt_config_policy *policy, const char *path, bool *strict);

#endif
