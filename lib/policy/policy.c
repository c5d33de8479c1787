/* What holds for one ref: the policy that names it, and what that says of a push. */
#include "policy/policy.h"

#include "base/escape.h"
#include "base/glob.h"

/* The policy of a config that states none; its refs are the default branch. */
static const struct hgt_config_policy built_in = {
	.push = {.force = HGT_PUSH_NEVER, .delete = HGT_PUSH_NEVER},
	.limits = {.seconds = 5, .blob = 10 * 1024 * 1024, .findings = 50},
};

/* Closed unless a policy of the config names it: git reads what such a ref names in place of the object that was judged. */
static const struct hgt_config_policy replacements = {
	.push = {.restricted = true, .force = HGT_PUSH_NEVER, .delete = HGT_PUSH_NEVER},
	.limits = {.seconds = 5, .blob = 10 * 1024 * 1024, .findings = 50},
};

/* Closed whatever the config says. */
static const struct hgt_config_policy own = {
	.push = {.restricted = true, .force = HGT_PUSH_NEVER, .delete = HGT_PUSH_NEVER},
	.limits = {.seconds = 5, .blob = 10 * 1024 * 1024, .findings = 50},
};

static const struct hgt_config_policy *policy_for_rest(const char *ref)
{
	return strncmp(ref, "refs/replace/", strlen("refs/replace/")) == 0 ? &replacements : NULL;
}

static bool names_ref(const struct hgt_config_policy *policy, const char *ref, const char *default_branch)
{
	bool is_default = default_branch && strcmp(ref, default_branch) == 0;

	for (size_t i = 0; i < policy->refs.n; i++) {
		const char *pattern = policy->refs.items[i];

		if (strcmp(pattern, "HEAD") == 0 ? is_default : hgt_glob_match(pattern, ref))
			return true;
	}
	return false;
}

const struct hgt_config_policy *hgt_policy_for(const struct hgt_config *config, const char *repo, const char *ref,
	const char *default_branch)
{
	if (hgt_ref_is_own(ref))
		return &own;
	if (config->n_policies == 0)
		return default_branch && strcmp(ref, default_branch) == 0 ? &built_in : policy_for_rest(ref);
	for (size_t i = 0; i < config->n_policies; i++) {
		const struct hgt_config_policy *policy = &config->policies[i];

		if (hgt_glob_match_any(policy->repos.items, policy->repos.n, repo) && names_ref(policy, ref, default_branch))
			return policy;
	}
	return policy_for_rest(ref);
}

static bool has_member(const struct hgt_config *config, const char *group, const char *actor)
{
	for (size_t i = 0; i < config->n_groups; i++) {
		const struct hgt_strings *members = &config->groups[i].members;

		for (size_t m = 0; strcmp(config->groups[i].name, group) == 0 && m < members->n; m++) {
			if (strcmp(members->items[m], actor) == 0)
				return true;
		}
	}
	return false;
}

static bool may_push(const struct hgt_config *config, const struct hgt_config_policy *policy, const char *actor)
{
	for (size_t i = 0; i < policy->push.allow.n; i++) {
		const char *allowed = policy->push.allow.items[i];

		if (*allowed == '@' ? has_member(config, allowed + 1, actor) : strcmp(allowed, actor) == 0)
			return true;
	}
	return !policy->push.restricted;
}

static int tell(struct hgt_findings *out, const struct hgt_update *update, const char *rule, const char *message,
	const char *hint, struct hgt_error *err)
{
	const struct hgt_finding finding = {
		.severity = HGT_SEVERITY_ERROR,
		.rule = rule,
		.path = update->ref,
		.pointer = "",
		.message = message,
		.hint = hint,
	};

	return hgt_findings_add(out, &finding, err);
}

static int tell_not_allowed(struct hgt_findings *out, const struct hgt_config_policy *policy, const struct hgt_update *update,
	const char *actor, struct hgt_error *err)
{
	struct hgt_buf message = HGT_BUF_INIT, hint = HGT_BUF_INIT;
	int code;

	hgt_escape_str(&message, actor);
	hgt_buf_adds(&message, " may not push to this ref");
	hgt_buf_adds(&hint, policy->push.allow.n ? "those who may: " : policy == &replacements ?
		"it would have git show other content than was judged; a policy that names refs/replace/** opens it" :
		policy == &own ? HGT_OWN_REFS " is where Headgate keeps what mirrors have fetched and replaced; use another name" :
		"nobody may: it is closed");
	for (size_t i = 0; i < policy->push.allow.n; i++) {
		hgt_buf_adds(&hint, i ? ", " : "");
		hgt_escape_str(&hint, policy->push.allow.items[i]);
	}
	code = hgt_buf_check(&message, err);
	if (code == 0)
		code = hgt_buf_check(&hint, err);
	if (code == 0)
		code = tell(out, update, "policy/not-allowed", message.data, hint.data, err);
	hgt_buf_release(&hint);
	hgt_buf_release(&message);
	return code;
}

int hgt_policy_judge(const struct hgt_config *config, const struct hgt_config_policy *policy, const struct hgt_update *update,
	const char *actor, bool forced, struct hgt_findings *out, struct hgt_error *err)
{
	enum hgt_change change = hgt_update_change(update);
	int code = 0;

	if (!may_push(config, policy, actor))
		code = tell_not_allowed(out, policy, update, actor, err);
	if (code == 0 && change == HGT_CHANGE_DELETE && policy->push.delete == HGT_PUSH_NEVER)
		code = tell(out, update, "policy/delete", "this ref may not be deleted", NULL, err);
	if (code == 0 && change == HGT_CHANGE_UPDATE && forced && policy->push.force == HGT_PUSH_NEVER)
		code = tell(out, update, "policy/force-push",
			"history may not be rewritten here, and what this ref points at now is not part of what was pushed",
			"fetch, rebase or merge, and push without force; to undo a commit, revert it", err);
	return code;
}

enum hgt_class hgt_policy_class(const struct hgt_config_policy *policy, const char *path, bool *strict)
{
	*strict = false;
	for (size_t i = 0; i < policy->n_checks; i++) {
		const struct hgt_config_check *check = &policy->checks[i];

		if (hgt_glob_match_any(check->paths.items, check->paths.n, path)) {
			*strict = check->strict;
			return check->as;
		}
	}
	return policy->n_checks ? HGT_CLASS_OTHER : HGT_CLASS_AUTO;
}
