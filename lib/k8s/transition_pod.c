/* Transitions of Pods and Jobs. */
#include "k8s/transition_kinds.h"

static const char job_hint[] = "put the old value back; or delete the Job and create it anew (kubectl replace --force), or give it "
	"a new name";

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* All members of an object but those that may change. */
static void check_members(struct hgt_transition *t, const struct hgt_node *before, const struct hgt_field *now,
	const char *const *free, size_t n_free)
{
	size_t n_before = before && before->type == HGT_NODE_MAP ? before->v.map.n : 0;

	for (size_t i = 0; i < hgt_field_members(now) && hgt_transition_spend(t, n_before); i++) {
		struct hgt_field member = hgt_field_member(now, i);

		if (member.key && !is_one_of(member.name, free, n_free))
			hgt_transition_fixed(t, hgt_node_get(before, member.name), &member, NULL);
	}
	for (size_t i = 0; i < n_before && hgt_transition_spend(t, hgt_field_members(now)); i++) {
		const struct hgt_pair *pair = &before->v.map.pairs[i];
		struct hgt_field member = hgt_field_get(now, pair->key->text);

		if (!pair->overridden && !member.key && !is_one_of(pair->key->text, free, n_free))
			hgt_transition_fixed(t, pair->value, &member, NULL);
	}
}

/* The image of a container may change, nothing else. */
static void check_containers(struct hgt_transition *t, const char *path)
{
	static const char *const free[] = {"image", "imagePullPolicy"};
	const struct hgt_node *before = hgt_transition_at(t->before, path);
	struct hgt_transition_path steps;
	struct hgt_field *now = hgt_transition_field(t, path, &steps);

	if (!before || before->type != HGT_NODE_SEQ || before->v.seq.n != hgt_field_count(now)) {
		hgt_transition_fixed(t, before, now, NULL);
		return;
	}
	for (size_t i = 0; i < hgt_field_count(now); i++) {
		struct hgt_field item = hgt_field_item(now, i), policy = hgt_field_get(&item, "imagePullPolicy");
		const struct hgt_node *old = before->v.seq.items[i];

		check_members(t, old, &item, free, N_OF(free));
		if (!hgt_transition_same_pull_policy(old, item.node))
			hgt_transition_fixed(t, hgt_node_get(old, policy.name), &policy, NULL);
	}
}

/* The deadline of a pod may be set, and come nearer. */
static void check_deadline(struct hgt_transition *t)
{
	static const char path[] = "spec.activeDeadlineSeconds";
	const struct hgt_node *before = hgt_transition_at(t->before, path);
	struct hgt_transition_path steps;
	struct hgt_field *now = hgt_transition_field(t, path, &steps);
	int64_t new;

	if (!before || before->type != HGT_NODE_INT || before->is_unsigned)
		return;
	if (!hgt_field_is_set(now) || (hgt_field_int(now, &new) && new > before->v.integer))
		hgt_transition_fixed(t, before, now, "put the old deadline back or a nearer one; or delete the Pod and create it anew");
}

void hgt_transition_pod(struct hgt_transition *t)
{
	/* Tolerations may be added, gates taken away; the scheduler names the node. */
	static const char *const free[] = {"activeDeadlineSeconds", "containers", "initContainers", "ephemeralContainers", "nodeName",
		"priority", "schedulingGates", "serviceAccount", "tolerations"};
	/* Before a pod is let to the scheduler, these may be narrowed. */
	static const char *const gated[] = {"affinity", "nodeSelector"};
	const char *may_change[N_OF(free) + N_OF(gated)];
	size_t n = N_OF(free);
	struct hgt_transition_path path;
	struct hgt_field *spec = hgt_transition_field(t, "spec", &path);

	memcpy(may_change, free, sizeof(free));
	if (hgt_transition_at(t->before, "spec.schedulingGates"))
		for (size_t i = 0; i < N_OF(gated); i++)
			may_change[n++] = gated[i];
	check_members(t, hgt_transition_at(t->before, "spec"), spec, may_change, n);
	check_containers(t, "spec.containers");
	check_containers(t, "spec.initContainers");
	check_deadline(t);
}

/* A fixed number of completions stays; an indexed Job grows and shrinks with its parallelism. */
static void check_completions(struct hgt_transition *t)
{
	struct hgt_transition_path path, other;
	struct hgt_field *mode = hgt_transition_field(t, "spec.completionMode", &other);
	bool indexed = hgt_field_equals(mode, "Indexed");
	struct hgt_field *now = hgt_transition_field(t, "spec.completions", &path);
	struct hgt_field *parallel = hgt_transition_field(t, "spec.parallelism", &other);
	int64_t completions, parallelism = 1;

	if (indexed && hgt_field_int(now, &completions) &&
		(!hgt_field_is_set(parallel) || hgt_field_int(parallel, &parallelism)) && completions == parallelism)
		return;
	hgt_transition_fixed(t, hgt_transition_at(t->before, "spec.completions"), now,
		indexed ? "change parallelism to the same number with it" : job_hint);
}

void hgt_transition_job(struct hgt_transition *t)
{
	static const char *const fixed[] = {"spec.completionMode", "spec.podFailurePolicy", "spec.successPolicy",
		"spec.backoffLimitPerIndex", "spec.managedBy"};
	const struct hgt_node *suspend = hgt_transition_at(t->before, "spec.suspend");

	/* It may be gone by now, so that the next one is new. */
	if (hgt_transition_at(t->before, "spec.ttlSecondsAfterFinished"))
		return;
	for (size_t i = 0; i < N_OF(fixed); i++)
		hgt_transition_fixed_at(t, fixed[i], job_hint);
	check_completions(t);
	/* The server makes one up where there is none. */
	if (hgt_transition_at(t->before, "spec.selector") && hgt_transition_at(t->subject->object, "spec.selector"))
		hgt_transition_fixed_at(t, "spec.selector", job_hint);
	/* While a Job waits, most of what its pods are is open. */
	if (!suspend || suspend->type != HGT_NODE_BOOL || !suspend->v.boolean)
		hgt_transition_fixed_at(t, "spec.template", job_hint);
}
