/* The health of Kubernetes objects. */
#include "agent/kubectl_health.h"

#include <inttypes.h>

#include "doc/doc.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct look {
	const struct hgt_node *root, *metadata, *spec, *status;
	struct hgt_buf *message;
};

const char *kubectl_health_word(enum kubectl_health health)
{
	static const char *const words[] = {"Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown"};

	return words[health];
}

static int64_t number(const struct hgt_node *map, const char *key, int64_t without)
{
	int64_t value;

	return hgt_node_get_int(map, key, &value) ? value : without;
}

static bool is_true(const struct hgt_node *map, const char *key)
{
	bool value;

	return hgt_node_get_bool(map, key, &value) && value;
}

static bool says(const struct hgt_node *map, const char *key, const char *word)
{
	const char *text = hgt_node_get_string(map, key);

	return text && strcmp(text, word) == 0;
}

static size_t length(const struct hgt_node *node)
{
	return node && node->type == HGT_NODE_SEQ ? node->v.seq.n : 0;
}

/* The text of a status, which may be anyone's, up to a length that a report has room for. */
static enum kubectl_health because(const struct look *l, enum kubectl_health health, const char *text)
{
	enum { MOST = 300 };
	size_t len = text ? strlen(text) : 0;

	hgt_buf_add(l->message, text ? text : "", len < MOST ? len : MOST);
	return health;
}

static const struct hgt_node *condition(const struct look *l, const char *type)
{
	const struct hgt_node *conditions = hgt_node_get(l->status, "conditions");

	for (size_t i = 0; i < length(conditions); i++)
		if (says(conditions->v.seq.items[i], "type", type))
			return conditions->v.seq.items[i];
	return NULL;
}

static bool holds(const struct hgt_node *condition)
{
	return says(condition, "status", "True");
}

/* What a condition says of itself. */
static enum kubectl_health as_told(const struct look *l, enum kubectl_health health, const struct hgt_node *cond)
{
	const char *message = hgt_node_get_string(cond, "message"), *reason = hgt_node_get_string(cond, "reason");

	return because(l, health, message && *message ? message : reason && *reason ? reason : hgt_node_get_string(cond, "type"));
}

/* The status is of an older spec: whatever it says is about that. */
static bool is_outdated(const struct look *l)
{
	return number(l->status, "observedGeneration", 0) < number(l->metadata, "generation", 0);
}

static enum kubectl_health waits(const struct look *l, int64_t have, int64_t want, const char *what)
{
	hgt_buf_addf(l->message, "%" PRId64 " of %" PRId64 " %s", have, want, what);
	return KUBECTL_PROGRESSING;
}

static enum kubectl_health deployment(const struct look *l)
{
	const struct hgt_node *progressing = condition(l, "Progressing"), *failure = condition(l, "ReplicaFailure");
	int64_t replicas = number(l->spec, "replicas", 1), updated = number(l->status, "updatedReplicas", 0);
	int64_t all = number(l->status, "replicas", 0), available = number(l->status, "availableReplicas", 0);

	if (is_true(l->spec, "paused"))
		return because(l, KUBECTL_SUSPENDED, "paused");
	if (is_outdated(l))
		return because(l, KUBECTL_PROGRESSING, "its controller has not seen the change yet");
	if (says(progressing, "reason", "ProgressDeadlineExceeded"))
		return as_told(l, KUBECTL_DEGRADED, progressing);
	if (holds(failure))
		return as_told(l, KUBECTL_DEGRADED, failure);
	if (updated < replicas)
		return waits(l, updated, replicas, "replicas are updated");
	if (all > updated)
		return waits(l, all - updated, all, "replicas are old and about to end");
	if (available < updated)
		return waits(l, available, updated, "updated replicas are available");
	return KUBECTL_HEALTHY;
}

static enum kubectl_health replica_set(const struct look *l)
{
	const struct hgt_node *failure = condition(l, "ReplicaFailure");
	int64_t replicas = number(l->spec, "replicas", 1), available = number(l->status, "availableReplicas", 0);

	if (is_outdated(l))
		return because(l, KUBECTL_PROGRESSING, "its controller has not seen the change yet");
	if (holds(failure))
		return as_told(l, KUBECTL_DEGRADED, failure);
	return available < replicas ? waits(l, available, replicas, "replicas are available") : KUBECTL_HEALTHY;
}

static enum kubectl_health stateful_set(const struct look *l)
{
	const struct hgt_node *strategy = hgt_node_get(l->spec, "updateStrategy");
	int64_t replicas = number(l->spec, "replicas", 1), ready = number(l->status, "readyReplicas", 0);
	int64_t partition = number(hgt_node_get(strategy, "rollingUpdate"), "partition", 0);
	int64_t updated = number(l->status, "updatedReplicas", 0);
	const char *current = hgt_node_get_string(l->status, "currentRevision");
	const char *update = hgt_node_get_string(l->status, "updateRevision");

	if (is_outdated(l))
		return because(l, KUBECTL_PROGRESSING, "its controller has not seen the change yet");
	if (ready < replicas)
		return waits(l, ready, replicas, "replicas are ready");
	if (says(strategy, "type", "OnDelete"))
		return KUBECTL_HEALTHY;
	if (partition > 0)
		return updated < replicas - partition ? waits(l, updated, replicas - partition, "replicas of the partition are updated") :
			KUBECTL_HEALTHY;
	if (current && update && strcmp(current, update) != 0)
		return waits(l, updated, replicas, "replicas are updated");
	return KUBECTL_HEALTHY;
}

static enum kubectl_health daemon_set(const struct look *l)
{
	int64_t wanted = number(l->status, "desiredNumberScheduled", 0), updated = number(l->status, "updatedNumberScheduled", 0);
	int64_t available = number(l->status, "numberAvailable", 0);

	if (is_outdated(l))
		return because(l, KUBECTL_PROGRESSING, "its controller has not seen the change yet");
	if (!says(hgt_node_get(l->spec, "updateStrategy"), "type", "OnDelete") && updated < wanted)
		return waits(l, updated, wanted, "pods are updated");
	return available < wanted ? waits(l, available, wanted, "pods are available") : KUBECTL_HEALTHY;
}

static enum kubectl_health job(const struct look *l)
{
	const struct hgt_node *failed = condition(l, "Failed"), *suspended = condition(l, "Suspended");

	if (holds(failed))
		return as_told(l, KUBECTL_DEGRADED, failed);
	if (holds(condition(l, "Complete")))
		return KUBECTL_HEALTHY;
	if (holds(suspended) || is_true(l->spec, "suspend"))
		return because(l, KUBECTL_SUSPENDED, "suspended");
	return waits(l, number(l->status, "succeeded", 0), number(l->spec, "completions", 1), "completions");
}

static enum kubectl_health cron_job(const struct look *l)
{
	return is_true(l->spec, "suspend") ? because(l, KUBECTL_SUSPENDED, "suspended") : KUBECTL_HEALTHY;
}

/* Why a container of these cannot run, as the kubelet has it: "CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", ... */
static bool container_fails(const struct look *l, const char *statuses)
{
	const struct hgt_node *list = hgt_node_get(l->status, statuses);

	for (size_t i = 0; i < length(list); i++) {
		const struct hgt_node *waiting = hgt_node_get(hgt_node_get(list->v.seq.items[i], "state"), "waiting");
		const char *reason = hgt_node_get_string(waiting, "reason"), *name = hgt_node_get_string(list->v.seq.items[i], "name");
		size_t len = reason ? strlen(reason) : 0;

		if ((len >= 3 && memcmp(reason, "Err", 3) == 0) || (len >= 5 && memcmp(reason + len - 5, "Error", 5) == 0) ||
			(len >= 7 && memcmp(reason + len - 7, "BackOff", 7) == 0)) {
			hgt_buf_addf(l->message, "container %.253s: %.100s", name ? name : "", reason);
			return true;
		}
	}
	return false;
}

static enum kubectl_health pod(const struct look *l)
{
	bool stays = says(l->spec, "restartPolicy", "Always") || !hgt_node_get(l->spec, "restartPolicy");
	const char *message = hgt_node_get_string(l->status, "message"), *reason = hgt_node_get_string(l->status, "reason");
	const char *phase = hgt_node_get_string(l->status, "phase");

	if (phase && strcmp(phase, "Failed") == 0)
		return because(l, KUBECTL_DEGRADED, message && *message ? message : reason && *reason ? reason : "failed");
	if (phase && strcmp(phase, "Succeeded") == 0)
		return KUBECTL_HEALTHY;
	if (container_fails(l, "initContainerStatuses") || container_fails(l, "containerStatuses"))
		return KUBECTL_DEGRADED;
	if (phase && strcmp(phase, "Unknown") == 0)
		return because(l, KUBECTL_HEALTH_UNKNOWN, "its node does not answer");
	if (phase && strcmp(phase, "Running") == 0 && stays && holds(condition(l, "Ready")))
		return KUBECTL_HEALTHY;
	return because(l, KUBECTL_PROGRESSING, message && *message ? message : phase && *phase ? phase : "Pending");
}

static enum kubectl_health claim(const struct look *l)
{
	if (says(l->status, "phase", "Bound"))
		return KUBECTL_HEALTHY;
	if (says(l->status, "phase", "Lost"))
		return because(l, KUBECTL_DEGRADED, "its volume is lost");
	return because(l, KUBECTL_PROGRESSING, "not bound yet");
}

static enum kubectl_health service(const struct look *l)
{
	if (!says(l->spec, "type", "LoadBalancer") || length(hgt_node_get(hgt_node_get(l->status, "loadBalancer"), "ingress")) > 0)
		return KUBECTL_HEALTHY;
	return because(l, KUBECTL_PROGRESSING, "no load balancer yet");
}

static enum kubectl_health autoscaler(const struct look *l)
{
	static const char *const needed[] = {"AbleToScale", "ScalingActive"};

	for (size_t i = 0; i < COUNT(needed); i++) {
		const struct hgt_node *cond = condition(l, needed[i]);

		/* Scaled to nothing it has nothing to do, which is no harm. */
		if (cond && !holds(cond) && !says(cond, "reason", "ScalingDisabled"))
			return as_told(l, KUBECTL_DEGRADED, cond);
	}
	return condition(l, needed[0]) ? KUBECTL_HEALTHY : because(l, KUBECTL_PROGRESSING, "not looked at by its controller yet");
}

static enum kubectl_health api_service(const struct look *l)
{
	const struct hgt_node *available = condition(l, "Available");

	if (!available)
		return because(l, KUBECTL_PROGRESSING, "not looked at yet");
	return holds(available) ? KUBECTL_HEALTHY : as_told(l, KUBECTL_DEGRADED, available);
}

static enum kubectl_health definition(const struct look *l)
{
	const struct hgt_node *names = condition(l, "NamesAccepted");

	if (names && !holds(names))
		return as_told(l, KUBECTL_DEGRADED, names);
	return holds(condition(l, "Established")) ? KUBECTL_HEALTHY : because(l, KUBECTL_PROGRESSING, "not established yet");
}

static enum kubectl_health namespace(const struct look *l)
{
	return says(l->status, "phase", "Terminating") ? because(l, KUBECTL_PROGRESSING, "about to end") : KUBECTL_HEALTHY;
}

static enum kubectl_health volume(const struct look *l)
{
	return says(l->status, "phase", "Failed") ? because(l, KUBECTL_DEGRADED, "failed") : KUBECTL_HEALTHY;
}

static enum kubectl_health disruption_budget(const struct look *l)
{
	return is_outdated(l) ? because(l, KUBECTL_PROGRESSING, "its controller has not seen the change yet") : KUBECTL_HEALTHY;
}

/* Anyone's kind: the conditions that many controllers write. Without any there is nothing to go by, and being there is all. */
static enum kubectl_health custom(const struct look *l)
{
	static const char *const good[] = {"Ready", "Available", "Healthy", "Established", "Accepted", "Synced"};
	static const char *const bad[] = {"Stalled", "Degraded", "Failed"};
	static const char *const moving[] = {"Reconciling", "Progressing", "Issuing"};

	if (hgt_node_get(l->status, "observedGeneration") && is_outdated(l))
		return because(l, KUBECTL_PROGRESSING, "its controller has not seen the change yet");
	for (size_t i = 0; i < COUNT(bad); i++)
		if (holds(condition(l, bad[i])))
			return as_told(l, KUBECTL_DEGRADED, condition(l, bad[i]));
	if (is_true(l->spec, "suspend") || is_true(l->spec, "paused"))
		return because(l, KUBECTL_SUSPENDED, "suspended");
	for (size_t i = 0; i < COUNT(moving); i++)
		if (holds(condition(l, moving[i])))
			return as_told(l, KUBECTL_PROGRESSING, condition(l, moving[i]));
	for (size_t i = 0; i < COUNT(good); i++) {
		const struct hgt_node *cond = condition(l, good[i]);

		if (!cond)
			continue;
		if (holds(cond))
			return KUBECTL_HEALTHY;
		return as_told(l, says(cond, "status", "False") ? KUBECTL_DEGRADED : KUBECTL_PROGRESSING, cond);
	}
	return KUBECTL_HEALTHY;
}

struct rule {
	const char *group, *kind;
	enum kubectl_health (*judge)(const struct look *look);
};

static const struct rule rules[] = {
	{"apps", "Deployment", deployment}, {"apps", "StatefulSet", stateful_set}, {"apps", "DaemonSet", daemon_set},
	{"apps", "ReplicaSet", replica_set}, {"batch", "Job", job}, {"batch", "CronJob", cron_job}, {"", "Pod", pod},
	{"", "PersistentVolumeClaim", claim}, {"", "PersistentVolume", volume}, {"", "Service", service}, {"", "Namespace", namespace},
	{"autoscaling", "HorizontalPodAutoscaler", autoscaler}, {"apiregistration.k8s.io", "APIService", api_service},
	{"apiextensions.k8s.io", "CustomResourceDefinition", definition}, {"policy", "PodDisruptionBudget", disruption_budget},
};

static const struct rule *find(const struct kubectl_object *o)
{
	for (size_t i = 0; i < COUNT(rules); i++)
		if (strcmp(rules[i].group, o->group) == 0 && strcmp(rules[i].kind, o->kind) == 0)
			return &rules[i];
	return NULL;
}

/* Groups of Kubernetes itself have no dot (apps, batch) or end so. */
static bool is_kubernetes(const char *group)
{
	static const char end[] = ".k8s.io";
	size_t len = strlen(group), n = sizeof(end) - 1;

	if (!strchr(group, '.'))
		return true;
	if (len < n || strcmp(group + len - n, end) != 0)
		return false;
	/* sigs' own, such as gateway.networking.k8s.io and snapshot.storage.k8s.io, are custom resources. */
	return strcmp(group, "gateway.networking.k8s.io") != 0 && strcmp(group, "snapshot.storage.k8s.io") != 0 &&
		strcmp(group, "metrics.k8s.io") != 0;
}

bool kubectl_health_matters(const struct kubectl_object *object)
{
	return find(object) || !is_kubernetes(object->group);
}

enum kubectl_health kubectl_health_of(const struct hgt_node *root, const struct kubectl_object *object, struct hgt_buf *message)
{
	struct look l = {.root = root, .metadata = hgt_node_get(root, "metadata"), .spec = hgt_node_get(root, "spec"),
		.status = hgt_node_get(root, "status"), .message = message};
	const struct rule *rule = find(object);

	if (hgt_node_get(l.metadata, "deletionTimestamp"))
		return because(&l, KUBECTL_PROGRESSING, "about to be deleted");
	if (rule)
		return rule->judge(&l);
	return is_kubernetes(object->group) ? KUBECTL_HEALTHY : custom(&l);
}
