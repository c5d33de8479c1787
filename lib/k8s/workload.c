/* Workloads that keep pods running: Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController. */
#include "k8s/pod.h"
#include "k8s/workload_checks.h"

static const char rule[] = "k8s/strategy";

bool hgt_field_portion(const struct hgt_field *field, int64_t *out)
{
	const char *text;
	int64_t n = 0;

	if (hgt_field_int(field, out))
		return true;
	text = hgt_field_string(field);
	if (!text || !hgt_is_percent(text, field->node->len))
		return false;
	for (; *text != '%' && n < INT32_MAX; text++)
		n = n * 10 + (*text - '0');
	*out = n;
	return true;
}

/* The number, or what it is when it is not said; -1 when it cannot be judged. */
static int64_t portion(const struct hgt_field *field, int64_t otherwise)
{
	int64_t n;

	if (!field->node)
		return otherwise;
	return hgt_field_portion(field, &n) ? n : -1;
}

/* What the server looks at only where it is used, so that the schema cannot say it. */
static void check_portion(struct hgt_subject *s, const struct hgt_field *field, int64_t least)
{
	bool is_text = field->node && field->node->type == HGT_NODE_STRING;
	int64_t n;

	if (!hgt_field_portion(field, &n)) {
		if (is_text && field->node->len && hgt_field_string(field))
			hgt_tell_field(s, rule, field, "a number or a percentage: 1, 25%", "%s is no percentage", hgt_quote(field->node->text));
	} else if (n < least) {
		hgt_tell_field(s, rule, field, NULL, "must be %" PRId64 " or more", least);
	} else if (is_text && n > 100) {
		hgt_tell_field(s, rule, field, NULL, "must not be more than 100%%");
	}
}

/* What these kinds do not let their pods do: they start them again, for ever. */
static void check_lasting(struct hgt_subject *s, const struct hgt_field *template)
{
	struct hgt_field spec = hgt_field_get(template, "spec"), policy = hgt_field_get(&spec, "restartPolicy");
	struct hgt_field deadline = hgt_field_get(&spec, "activeDeadlineSeconds");
	const char *word = hgt_field_text(&policy, "Always");

	if (word && (strcmp(word, "OnFailure") == 0 || strcmp(word, "Never") == 0))
		hgt_tell_field(s, "k8s/restart-policy", &policy, "what ends is a Job", "has to be Always here, is %s", word);
	if (deadline.node)
		hgt_tell_key(s, "k8s/restart-policy", &deadline, "what ends is a Job", "cannot be set here");
}

static void check_template(struct hgt_subject *s, const struct hgt_field *spec, const struct hgt_field *claims)
{
	struct hgt_field template = hgt_field_get(spec, "template"), selector = hgt_field_get(spec, "selector");

	hgt_check_selector(s, &selector, &template);
	hgt_check_pod_template(s, &template, claims);
	check_lasting(s, &template);
}

/* A strategy's `rollingUpdate` goes with the type of that name, which is the default. */
static bool rolls(struct hgt_subject *s, const struct hgt_field *strategy, struct hgt_field *rolling)
{
	struct hgt_field type = hgt_field_get(strategy, "type");
	const char *word = hgt_field_text(&type, "RollingUpdate");

	*rolling = hgt_field_get(strategy, "rollingUpdate");
	if (!word || strcmp(word, "RollingUpdate") == 0)
		return word && rolling->node;
	if (rolling->node && (strcmp(word, "Recreate") == 0 || strcmp(word, "OnDelete") == 0))
		hgt_tell_key(s, rule, rolling, "remove it, or use type: RollingUpdate", "cannot be set when type is %s", word);
	return false;
}

static void check_deadline(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field deadline = hgt_field_get(spec, "progressDeadlineSeconds"), ready = hgt_field_get(spec, "minReadySeconds");
	int64_t most = 600, least = 0;

	if ((!hgt_field_int(&deadline, &most) && deadline.node) || (!hgt_field_int(&ready, &least) && ready.node))
		return;
	if (most <= least)
		hgt_tell_field(s, rule, &deadline, NULL, "has to be more than minReadySeconds (%" PRId64 "), is %" PRId64 "%s", least, most,
			deadline.node ? "" : " by default");
}

void hgt_check_k8s_deployment(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field strategy = hgt_field_get(&spec, "strategy"), rolling;

	check_template(s, &spec, NULL);
	check_deadline(s, &spec);
	if (rolls(s, &strategy, &rolling)) {
		struct hgt_field surge = hgt_field_get(&rolling, "maxSurge"), unavailable = hgt_field_get(&rolling, "maxUnavailable");

		if (portion(&surge, 25) == 0 && portion(&unavailable, 25) == 0)
			hgt_tell_field(s, rule, &unavailable, "one of the two has to be more, or nothing can be replaced",
				"cannot be 0 when maxSurge is 0");
	}
}

void hgt_check_k8s_daemon_set(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field strategy = hgt_field_get(&spec, "updateStrategy"), type = hgt_field_get(&strategy, "type"), rolling, surge, unavailable;

	check_template(s, &spec, NULL);
	if (hgt_field_equals(&type, "OnDelete") || !rolls(s, &strategy, &rolling))
		return;
	surge = hgt_field_get(&rolling, "maxSurge");
	unavailable = hgt_field_get(&rolling, "maxUnavailable");
	check_portion(s, &surge, 0);
	check_portion(s, &unavailable, 0);
	if (portion(&surge, 0) == 0 && portion(&unavailable, 1) == 0)
		hgt_tell_field(s, rule, &unavailable, "one of the two has to be more, or nothing can be replaced",
			"cannot be 0 when maxSurge is 0");
	if (portion(&surge, 0) > 0 && portion(&unavailable, 1) > 0)
		hgt_tell_field(s, rule, &surge, "set maxUnavailable: 0", "cannot be set when maxUnavailable is not 0%s",
			unavailable.node ? "" : ", which is 1 by default");
}

/* Pods get a volume of the claim's name. */
static void check_claim_name(struct hgt_subject *s, const struct hgt_field *claim)
{
	struct hgt_field metadata = hgt_field_get(claim, "metadata"), name = hgt_field_get(&metadata, "name");
	const char *text = hgt_field_text(&name, "");

	if (text && !*text)
		hgt_check_required(s, "k8s/volume", &name, "containers mount the claim by its name");
	else if (text && !hgt_is_short_name(text, name.node->len))
		hgt_tell_field(s, "k8s/volume", &name, "small letters, digits and \"-\", 63 at the most, no dots", "%s is no DNS label, "
			"and pods get a volume of that name", hgt_quote(text));
}

void hgt_check_k8s_stateful_set(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field strategy = hgt_field_get(&spec, "updateStrategy"), claims = hgt_field_get(&spec, "volumeClaimTemplates"), rolling;

	check_template(s, &spec, &claims);
	HGT_EACH_ITEM(&claims, claim) {
		struct hgt_field claim_spec = hgt_field_get(&claim, "spec");

		check_claim_name(s, &claim);
		if (claim.node)
			hgt_check_claim_spec(s, &claim_spec);
	}
	if (rolls(s, &strategy, &rolling)) {
		struct hgt_field unavailable = hgt_field_get(&rolling, "maxUnavailable");


		/* Before 1.37 the field is dropped by servers that are not told otherwise. */
		if (s->kubernetes >= 37)
			check_portion(s, &unavailable, 1);
	}
}

void hgt_check_k8s_replica_set(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");

	check_template(s, &spec, NULL);
}

void hgt_check_k8s_replication_controller(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field selector = hgt_field_get(&spec, "selector"), template = hgt_field_get(&spec, "template");

	if (!hgt_field_is_empty(&selector) && !hgt_field_is_map(&selector))
		return;
	hgt_check_selector_map(s, &selector, &template);
	hgt_check_pod_template(s, &template, NULL);
	check_lasting(s, &template);
}
