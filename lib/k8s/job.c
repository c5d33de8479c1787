/* k8s/job: Jobs, and those that a CronJob makes. */
#include "k8s/pod.h"
#include "k8s/workload_checks.h"

static const char rule[] = "k8s/job", restart_rule[] = "k8s/restart-policy";

enum {
	INDEXES_MAX = 100000,		/* of an Indexed Job: parallelism, maxFailedIndexes */
	INDEXES_MAX_OF_MANY = 10000,	/* the same where completions are above INDEXES_MAX */
};

static bool is_indexed(const struct hgt_field *spec)
{
	struct hgt_field mode = hgt_field_get(spec, "completionMode");

	return hgt_field_equals(&mode, "Indexed");
}

/* What has the value of a mode that cannot be judged, or of none that there is, is left alone. */
static bool is_unindexed(const struct hgt_field *spec)
{
	struct hgt_field mode = hgt_field_get(spec, "completionMode");

	return hgt_field_is_empty(&mode) || hgt_field_equals(&mode, "NonIndexed");
}

static void check_most(struct hgt_subject *s, const struct hgt_field *field, int64_t most, const char *why)
{
	int64_t n;

	if (hgt_field_int(field, &n) && n > most)
		hgt_tell_field(s, rule, field, NULL, "has to be %" PRId64 " or less %s, is %" PRId64, most, why, n);
}

/* A Job gets completions and parallelism of 1 where it has neither; what a CronJob has for its Jobs does not. */
static void check_indexed(struct hgt_subject *s, const struct hgt_field *spec, bool of_cron_job)
{
	struct hgt_field completions = hgt_field_get(spec, "completions"), parallelism = hgt_field_get(spec, "parallelism");
	struct hgt_field failed = hgt_field_get(spec, "maxFailedIndexes"), backoff = hgt_field_get(spec, "backoffLimitPerIndex");
	int64_t n, m;

	if (!completions.node && (parallelism.node || of_cron_job))
		hgt_tell_field(s, rule, &completions, "say how many indexes there are", "is missing, and completionMode Indexed needs it");
	check_most(s, &parallelism, INDEXES_MAX, "when completionMode is Indexed");
	check_most(s, &failed, INDEXES_MAX, "when completionMode is Indexed");
	if (!hgt_field_int(&completions, &n))
		return;
	if (hgt_field_int(&failed, &m) && m > n)
		hgt_tell_field(s, rule, &failed, NULL, "has to be completions (%" PRId64 ") or less, is %" PRId64, n, m);
	if (n <= INDEXES_MAX || !backoff.node)
		return;
	if (!failed.node)
		hgt_tell_field(s, rule, &failed, NULL, "is missing, and completions above %d need it", INDEXES_MAX);
	check_most(s, &parallelism, INDEXES_MAX_OF_MANY, "when completions are above 100000");
	check_most(s, &failed, INDEXES_MAX_OF_MANY, "when completions are above 100000");
}

static void check_index_fields(struct hgt_subject *s, const struct hgt_field *spec, bool of_cron_job)
{
	static const char *const names[] = {"backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"};
	struct hgt_field failed = hgt_field_get(spec, "maxFailedIndexes"), backoff = hgt_field_get(spec, "backoffLimitPerIndex");

	if (failed.node && !backoff.node)
		hgt_tell_field(s, rule, &backoff, NULL, "is missing, and maxFailedIndexes needs it");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && is_unindexed(spec); i++) {
		struct hgt_field field = hgt_field_get(spec, names[i]);

		if (field.node)
			hgt_tell_key(s, rule, &field, "set completionMode: Indexed", "may only be set when completionMode is Indexed");
	}
	if (is_indexed(spec))
		check_indexed(s, spec, of_cron_job);
}

/* A number as Go reads one, up to max. */
static bool read_index(const char **text, int64_t max, int64_t *out)
{
	const char *start = *text += **text == '+';

	for (*out = 0; **text >= '0' && **text <= '9' && *out <= max; ++*text)
		*out = *out * 10 + (**text - '0');
	return *text > start && *out < max;
}

/* "0-2,5": the number of indexes below completions, in rising order; -1 when it is not of that form. */
static int64_t count_indexes(const char *text, int64_t completions)
{
	int64_t last = -1, total = 0, first, second;

	if (!*text)
		return 0;
	for (;; text++) {
		if (!read_index(&text, completions, &first) || first <= last)
			return -1;
		second = first;
		if (*text == '-') {
			text++;
			if (!read_index(&text, completions, &second) || second <= first)
				return -1;
		}
		total += second - first + 1;
		last = second;
		if (!*text)
			return total;
		if (*text != ',')
			return -1;
	}
}

static void check_success_rule(struct hgt_subject *s, const struct hgt_field *success, int64_t completions)
{
	struct hgt_field indexes = hgt_field_get(success, "succeededIndexes"), count = hgt_field_get(success, "succeededCount");
	const char *text = hgt_field_string(&indexes);
	int64_t total = text ? count_indexes(text, completions) : completions, n;

	if (!indexes.node && !count.node && (!success->node || hgt_field_is_map(success)))
		hgt_tell_field(s, rule, success, NULL, "one of succeededIndexes and succeededCount has to be there");
	if (total < 0)
		hgt_tell_field(s, rule, &indexes, "numbers and ranges in rising order, below completions: 0-2,5",
			"%s is no list of indexes of %" PRId64, hgt_quote(text), completions);
	else if (hgt_field_int(&count, &n) && n > total)
		hgt_tell_field(s, rule, &count, NULL, "has to be %" PRId64 " or less, the number of %s, is %" PRId64, total,
			text ? "succeededIndexes" : "completions", n);
}

static void check_success(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field policy = hgt_field_get(spec, "successPolicy"), rules = hgt_field_get(&policy, "rules");
	struct hgt_field completions = hgt_field_get(spec, "completions");
	int64_t n;

	if (!is_indexed(spec) || !hgt_field_int(&completions, &n) || n < 0)
		return;
	HGT_EACH_ITEM(&rules, success)
		check_success_rule(s, &success, n);
}

/* Exit codes are listed in rising order, each once; 0 is no failure. */
static void check_exit_codes(struct hgt_subject *s, const struct hgt_field *codes, const struct hgt_names *containers)
{
	struct hgt_field name = hgt_field_get(codes, "containerName"), operator = hgt_field_get(codes, "operator");
	struct hgt_field values = hgt_field_get(codes, "values");
	const char *text = hgt_field_string(&name);
	int64_t last = INT64_MIN, n;

	if (text && !containers->open && !hgt_names_get(containers, text))
		hgt_tell_field(s, rule, &name, NULL, "the template has no container %s", hgt_quote(text));
	HGT_EACH_ITEM(&values, value) {
		if (!hgt_field_int(&value, &n))
			continue;
		if (!n && hgt_field_equals(&operator, "In"))
			hgt_tell_field(s, rule, &value, "0 is no failure", "cannot be 0 for In");
		if (n <= last)
			hgt_tell_field(s, rule, &value, "list the codes in rising order", n == last ? "%" PRId64 " comes twice" :
				"%" PRId64 " comes too late", n);
		last = n > last ? n : last;
	}
}

static void check_failure_rule(struct hgt_subject *s, const struct hgt_field *spec, const struct hgt_field *failure,
	const struct hgt_names *containers)
{
	struct hgt_field codes = hgt_field_get(failure, "onExitCodes"), conditions = hgt_field_get(failure, "onPodConditions");
	struct hgt_field action = hgt_field_get(failure, "action"), backoff = hgt_field_get(spec, "backoffLimitPerIndex");
	bool has_conditions = !hgt_field_is_empty(&conditions);

	if (hgt_field_equals(&action, "FailIndex") && !backoff.node)
		hgt_tell_field(s, rule, &action, "set backoffLimitPerIndex", "FailIndex can only be where backoffLimitPerIndex is set");
	if (hgt_field_is_map(failure) && (codes.node != NULL) == has_conditions)
		hgt_tell_field(s, rule, failure, NULL, has_conditions ? "onExitCodes and onPodConditions cannot both be there" :
			"one of onExitCodes and onPodConditions has to be there");
	check_exit_codes(s, &codes, containers);
}

static void check_failure(struct hgt_subject *s, const struct hgt_field *spec, const struct hgt_field *pod_spec)
{
	struct hgt_field policy = hgt_field_get(spec, "podFailurePolicy"), rules = hgt_field_get(&policy, "rules");
	struct hgt_field replacement = hgt_field_get(spec, "podReplacementPolicy");
	static const char *const lists[] = {"containers", "initContainers"};
	struct hgt_names containers = {0};

	if (!policy.node)
		return;
	if (hgt_field_equals(&replacement, "TerminatingOrFailed"))
		hgt_tell_field(s, rule, &replacement, "Failed", "has to be Failed when podFailurePolicy is set");
	/* Names that come twice are told with the pod. */
	for (size_t i = 0; i < 2; i++) {
		struct hgt_field list = hgt_field_get(pod_spec, lists[i]);

		containers.open = containers.open || (list.node && list.node->type != HGT_NODE_SEQ);
		HGT_EACH_ITEM(&list, container) {
			struct hgt_field name = hgt_field_get(&container, "name");
			const char *text = hgt_field_string(&name);

			if (text)
				hgt_seen_before(s, &containers.seen, container.node, "%s", text);
			containers.open = containers.open || (name.node && !text);
		}
	}
	HGT_EACH_ITEM(&rules, failure)
		check_failure_rule(s, spec, &failure, &containers);
	hgt_names_release(&containers);
}

/* Pods of a Job end. */
static void check_restart(struct hgt_subject *s, const struct hgt_field *spec, const struct hgt_field *pod_spec)
{
	struct hgt_field policy = hgt_field_get(pod_spec, "restartPolicy"), failure = hgt_field_get(spec, "podFailurePolicy");

	if (!hgt_field_is_map(pod_spec))
		return;
	if (hgt_field_is_empty(&policy))
		hgt_tell_field(s, restart_rule, &policy, "OnFailure or Never", "is missing; it is Always by default, which a Job cannot have");
	else if (hgt_field_equals(&policy, "Always"))
		hgt_tell_field(s, restart_rule, &policy, "OnFailure or Never", "a Job's pods cannot have Always");
	else if (failure.node && hgt_field_equals(&policy, "OnFailure"))
		hgt_tell_field(s, restart_rule, &policy, "Never", "has to be Never when podFailurePolicy is set");
}

static void check_job_spec(struct hgt_subject *s, const struct hgt_field *spec, bool of_cron_job)
{
	struct hgt_field template = hgt_field_get(spec, "template"), pod_spec = hgt_field_get(&template, "spec");

	if (!hgt_field_is_map(spec))
		return;
	check_index_fields(s, spec, of_cron_job);
	check_success(s, spec);
	check_failure(s, spec, &pod_spec);
	check_restart(s, spec, &pod_spec);
	hgt_check_pod_template(s, &template, NULL);
}

/* The selector is made by the server. What a file says there has to be what it would have made, as far as that can be known. */
static void check_job_selector(struct hgt_subject *s, const struct hgt_field *object, const struct hgt_field *spec)
{
	static const char *const made[] = {"job-name", "batch.kubernetes.io/job-name"};
	static const char *const unknown[] = {"controller-uid", "batch.kubernetes.io/controller-uid", NULL};
	struct hgt_field metadata = hgt_field_get(object, "metadata"), name = hgt_field_get(&metadata, "name");
	struct hgt_field selector = hgt_field_get(spec, "selector"), labels = hgt_field_get(&selector, "matchLabels");
	struct hgt_field manual = hgt_field_get(spec, "manualSelector"), template = hgt_field_get(spec, "template");
	const char *text = hgt_field_string(&name);

	if (hgt_field_is_true(&manual)) {
		if (selector.node)
			hgt_check_selector_fits(s, &selector, &template);
		else
			hgt_check_required(s, "k8s/selector", &selector, "remove manualSelector, and the server makes one");
		return;
	}
	hgt_check_label_selector(s, &selector);
	HGT_EACH_MEMBER(&labels, label) {
		bool own = strcmp(label.key->text, made[0]) == 0 || strcmp(label.key->text, made[1]) == 0;

		if (hgt_is_one_of(label.key->text, unknown) || hgt_k8s_has_placeholder(label.key->text) ||
			(own && (!text || hgt_field_equals(&label, text))))
			continue;
		hgt_tell_key(s, "k8s/selector", &label, "remove the selector, which the server makes; or set manualSelector: true",
			"the selector of a Job is made by the server");
	}
}

/* Pods of an Indexed Job are called by its name and their index. */
static void check_job_name(struct hgt_subject *s, const struct hgt_field *object, const struct hgt_field *spec)
{
	struct hgt_field metadata = hgt_field_get(object, "metadata"), name = hgt_field_get(&metadata, "name");
	struct hgt_field completions = hgt_field_get(spec, "completions");
	const char *text = hgt_field_string(&name);
	struct hgt_buf host = HGT_BUF_INIT;
	int64_t n;

	if (!text || !*text || !is_indexed(spec) || !hgt_field_int(&completions, &n) || n < 1)
		return;
	hgt_buf_addf(&host, "%s-%" PRId64, text, n - 1);
	if (host.failed)
		hgt_engine_fail(s->engine);
	else if (!hgt_is_short_name(host.data, host.len) && hgt_is_long_name(text, name.node->len))
		hgt_tell_field(s, "k8s/name", &name, "a shorter name without dots", "its last pod would be called %s, which is no DNS label",
			hgt_quote(host.data));
	hgt_buf_release(&host);
}

void hgt_check_k8s_job(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");

	check_job_spec(s, &spec, false);
	check_job_selector(s, &object, &spec);
	check_job_name(s, &object, &spec);
}

void hgt_check_k8s_cron_job(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field template = hgt_field_get(&spec, "jobTemplate"), job = hgt_field_get(&template, "spec");
	struct hgt_field selector = hgt_field_get(&job, "selector"), manual = hgt_field_get(&job, "manualSelector");

	check_job_spec(s, &job, true);
	if (selector.node)
		hgt_tell_key(s, "k8s/selector", &selector, "remove it", "the selector of a CronJob's Jobs is made by the server");
	if (hgt_field_is_true(&manual))
		hgt_tell_key(s, "k8s/selector", &manual, "remove it", "the selector of a CronJob's Jobs is made by the server");
}
