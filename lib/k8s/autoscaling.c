/* HorizontalPodAutoscaler, PodDisruptionBudget: how many pods of a workload there may be, and how few. */
#include "k8s/pod.h"
#include "k8s/workload_checks.h"

static const char rule[] = "k8s/autoscaling", budget_rule[] = "k8s/disruption-budget";

/* A metric's `type` and the member that says the rest. */
static const struct {
	const char *type, *member;
} sources[] = {
	{"Object", "object"}, {"External", "external"}, {"Pods", "pods"}, {"Resource", "resource"},
	{"ContainerResource", "containerResource"},
};

enum { SOURCES = sizeof(sources) / sizeof(sources[0]) };

static void check_positive(struct hgt_subject *s, const struct hgt_field *target, const char *name)
{
	struct hgt_field field = hgt_field_get(target, name);
	struct hgt_quantity quantity;

	if (hgt_field_quantity(&field, &quantity) && (quantity.negative || hgt_quantity_is_zero(&quantity)))
		hgt_tell_field(s, rule, &field, NULL, "must be more than 0, is %s", hgt_quote(field.node->text));
}

/* What a metric is held to: which of the three depends on the metric. */
static void check_target(struct hgt_subject *s, const struct hgt_field *source, const char *type)
{
	struct hgt_field target = hgt_field_get(source, "target"), value = hgt_field_get(&target, "value");
	struct hgt_field average = hgt_field_get(&target, "averageValue"), utilization = hgt_field_get(&target, "averageUtilization");
	bool of_resource = strstr(type, "Resource"), of_pods = strcmp(type, "Pods") == 0;
	const struct hgt_field *other = of_resource ? &utilization : &value;

	if (!hgt_field_is_map(&target))
		return;
	check_positive(s, &target, "value");
	check_positive(s, &target, "averageValue");
	if (of_pods && !average.node)
		hgt_tell_field(s, rule, &average, NULL, "is missing, and a metric of type Pods needs it");
	else if (!average.node && !other->node)
		hgt_tell_field(s, rule, of_resource ? other : &average, NULL, "is missing, and so is %s; a metric of type %s needs one of them",
			of_resource ? "averageValue" : "value", type);
	else if (average.node && other->node && (of_resource || strcmp(type, "External") == 0))
		hgt_tell_key(s, rule, of_resource ? &average : &value, "keep one of the two", "cannot be set together with %s",
			of_resource ? "averageUtilization" : "averageValue");
}

static void check_container_resource(struct hgt_subject *s, const struct hgt_field *source)
{
	struct hgt_field name = hgt_field_get(source, "name");
	const char *text = hgt_field_string(&name);

	if (text && *text && !hgt_is_container_resource(text, name.node->len))
		hgt_tell_field(s, rule, &name, "cpu or memory", "%s is no resource that a container can ask for", hgt_quote(text));
}

static void check_described(struct hgt_subject *s, const struct hgt_field *source)
{
	struct hgt_field object = hgt_field_get(source, "describedObject"), version = hgt_field_get(&object, "apiVersion");
	const char *text = hgt_field_string(&version), *slash = text ? strchr(text, '/') : NULL;

	if (slash && strchr(slash + 1, '/'))
		hgt_tell_field(s, rule, &version, "for example apps/v1", "%s is not of the form version or group/version", hgt_quote(text));
}

static void check_metric(struct hgt_subject *s, const struct hgt_field *metric)
{
	struct hgt_field type = hgt_field_get(metric, "type");
	const char *word = hgt_field_string(&type);

	for (size_t i = 0; i < SOURCES; i++) {
		struct hgt_field source = hgt_field_get(metric, sources[i].member);
		bool meant = word && strcmp(word, sources[i].type) == 0;

		if (meant && !source.node)
			hgt_tell_field(s, rule, &source, NULL, "is missing, and a metric of type %s needs it", word);
		else if (!meant && word && source.node)
			hgt_tell_key(s, rule, &source, "a metric has what its type says", "cannot be set for a metric of type %s", hgt_word(word));
		if (!meant || !hgt_field_is_map(&source))
			continue;
		check_target(s, &source, word);
		if (strcmp(word, "ContainerResource") == 0)
			check_container_resource(s, &source);
		else if (strcmp(word, "Object") == 0)
			check_described(s, &source);
	}
}

/* Only a metric that is there without pods can start the first. */
static void check_zero(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field least = hgt_field_get(spec, "minReplicas"), metrics = hgt_field_get(spec, "metrics");
	struct hgt_field metadata = hgt_field_get(spec->up, "metadata"), annotations = hgt_field_get(&metadata, "annotations");
	/* Where v1 has its metrics. */
	struct hgt_field elsewhere = hgt_field_get(&annotations, "autoscaling.alpha.kubernetes.io/metrics");
	int64_t n;

	if (!hgt_field_int(&least, &n) || n != 0)
		return;
	if (s->kubernetes < 37) {
		hgt_tell_field(s, rule, &least, "1", "must be 1 or more, is 0");
		return;
	}
	HGT_EACH_ITEM(&metrics, metric) {
		struct hgt_field type = hgt_field_get(&metric, "type");

		if (hgt_field_equals(&type, "Object") || hgt_field_equals(&type, "External") || (type.node && !hgt_field_string(&type)))
			return;
	}
	if (!elsewhere.node && (!metrics.node || metrics.node->type == HGT_NODE_SEQ))
		hgt_tell_field(s, rule, &metrics, "minReplicas: 1, or a metric that is there without pods",
			"one of type Object or External has to be there when minReplicas is 0");
}

/* The API of what is scaled has a group, but that of the one kind of the core group that can be. */
static void check_scaled(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field target = hgt_field_get(spec, "scaleTargetRef"), version = hgt_field_get(&target, "apiVersion");
	struct hgt_field kind = hgt_field_get(&target, "kind");
	const char *text = hgt_field_text(&version, ""), *slash = text ? strchr(text, '/') : NULL;

	if (!text || !hgt_field_is_map(&target))
		return;
	if (slash ? strchr(slash + 1, '/') || slash == text : !hgt_field_equals(&kind, "ReplicationController") && hgt_field_string(&kind))
		hgt_tell_field(s, rule, &version, "for example apps/v1", *text ? "%s names no group" : "is missing", hgt_quote(text));
}

static void check_tolerance(struct hgt_subject *s, const struct hgt_field *behavior, const char *name)
{
	struct hgt_field rules = hgt_field_get(behavior, name), tolerance = hgt_field_get(&rules, "tolerance");
	struct hgt_quantity quantity;

	if (hgt_field_quantity(&tolerance, &quantity) && quantity.negative)
		hgt_tell_field(s, rule, &tolerance, NULL, "must be 0 or more, is %s", hgt_quote(tolerance.node->text));
}

void hgt_check_k8s_horizontal_pod_autoscaler(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field least = hgt_field_get(&spec, "minReplicas"), most = hgt_field_get(&spec, "maxReplicas");
	struct hgt_field metrics = hgt_field_get(&spec, "metrics"), behavior = hgt_field_get(&spec, "behavior");
	int64_t n, m;

	if (hgt_field_int(&least, &n) && hgt_field_int(&most, &m) && m < n)
		hgt_tell_field(s, rule, &most, NULL, "must be minReplicas (%" PRId64 ") or more, is %" PRId64, n, m);
	check_scaled(s, &spec);
	check_tolerance(s, &behavior, "scaleUp");
	check_tolerance(s, &behavior, "scaleDown");
	HGT_EACH_ITEM(&metrics, metric)
		check_metric(s, &metric);
	check_zero(s, &spec);
}

void hgt_check_k8s_pod_disruption_budget(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), selector = hgt_field_get(&spec, "selector");
	struct hgt_field available = hgt_field_get(&spec, "minAvailable"), unavailable = hgt_field_get(&spec, "maxUnavailable");

	if (available.node && unavailable.node)
		hgt_tell_field(s, budget_rule, &spec, "keep one of the two", "minAvailable and maxUnavailable cannot both be there");
	hgt_check_label_selector(s, &selector);
}
