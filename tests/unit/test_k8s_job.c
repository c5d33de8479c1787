/* lib/k8s/job: Jobs, and those that a CronJob makes. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

#define JOB "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n"
#define CRON "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j}\nspec:\n  schedule: \"@daily\"\n  jobTemplate:\n   spec:\n"
#define PODS(policy) "    template: {spec: {" policy ", containers: [{name: a, image: a}], initContainers: [{name: i, image: a}]}}\n"
#define BODY PODS("restartPolicy: Never")
#define INDEXED(more) BODY "    completionMode: Indexed\n" more

static void checks_indexes(void **state)
{
	static const struct kind_case cases[] = {
		{INDEXED("    completions: 5\n    parallelism: 100000\n    backoffLimitPerIndex: 1\n    maxFailedIndexes: 5\n"), "", 0},
		{BODY "    backoffLimitPerIndex: 1\n    maxFailedIndexes: 1\n    successPolicy: {rules: [{succeededCount: 1}]}\n",
			"spec.backoffLimitPerIndex: may only be set when completionMode is Indexed\n"
			"spec.maxFailedIndexes: may only be set when completionMode is Indexed\n"
			"spec.successPolicy: may only be set when completionMode is Indexed", 0},
		{BODY "    completionMode: \"${MODE}\"\n    backoffLimitPerIndex: 1\n", "", 0},
		{INDEXED("    completions: 5\n    maxFailedIndexes: 5\n"),
			"spec.backoffLimitPerIndex: is missing, and maxFailedIndexes needs it", 0},
		{INDEXED("    completions: 5\n    backoffLimitPerIndex: 1\n    maxFailedIndexes: 6\n"),
			"spec.maxFailedIndexes: has to be completions (5) or less, is 6", 0},
		{INDEXED("    parallelism: 5\n"), "spec.completions: is missing, and completionMode Indexed needs it", 0},
		{INDEXED(""), "", 0},
		{INDEXED("    completions: 5\n    parallelism: 100001\n"),
			"spec.parallelism: has to be 100000 or less when completionMode is Indexed, is 100001", 0},
		{INDEXED("    completions: 100000\n    backoffLimitPerIndex: 1\n"), "", 0},
		{INDEXED("    completions: 100001\n    backoffLimitPerIndex: 1\n"),
			"spec.maxFailedIndexes: is missing, and completions above 100000 need it", 0},
		{INDEXED("    completions: 100001\n    backoffLimitPerIndex: 1\n    maxFailedIndexes: 10001\n    parallelism: 10001\n"),
			"spec.maxFailedIndexes: has to be 10000 or less when completions are above 100000, is 10001\n"
			"spec.parallelism: has to be 10000 or less when completions are above 100000, is 10001", 0},
	};
	static const struct kind_case of_cron_jobs[] = {
		{INDEXED(""), "spec.jobTemplate.spec.completions: is missing, and completionMode Indexed needs it", 0},
		{INDEXED("    completions: 5\n"), "", 0},
	};

	(void)state;
	KIND_TABLE(JOB, cases, "k8s/job");
	KIND_TABLE(CRON, of_cron_jobs, "k8s/job");
}

#define SUCCESS(rule) INDEXED("    completions: 10\n    successPolicy: {rules: [{" rule "}]}\n")

static void checks_success(void **state)
{
	static const struct kind_case cases[] = {
		{SUCCESS("succeededIndexes: \"0-2,5,+7-9\", succeededCount: 7"), "", 0},
		{SUCCESS("succeededIndexes: \"0-2,5\", succeededCount: 5"),
			"spec.successPolicy.rules[0].succeededCount: has to be 4 or less, the number of succeededIndexes, is 5", 0},
		{SUCCESS("succeededCount: 10"), "", 0},
		{SUCCESS("succeededCount: 11"),
			"spec.successPolicy.rules[0].succeededCount: has to be 10 or less, the number of completions, is 11", 0},
		{SUCCESS("succeededIndexes: \"\""), "", 0},
		{SUCCESS(""), "spec.successPolicy.rules[0]: one of succeededIndexes and succeededCount has to be there", 0},
		{INDEXED("    completions: 10\n    successPolicy: {rules: [null]}\n"),
			"spec.successPolicy.rules[0]: one of succeededIndexes and succeededCount has to be there", 0},
#define BAD(text) {SUCCESS("succeededIndexes: \"" text "\""), \
	"spec.successPolicy.rules[0].succeededIndexes: \"" text "\" is no list of indexes of 10", 0}
		BAD("5-2"), BAD("2-2"), BAD("3,2"), BAD("1,1"), BAD("0-3,3"), BAD("10"), BAD("0-10"), BAD("1-2-3"), BAD("a"), BAD("1,"), BAD(","),
		BAD("-1"), BAD("1 2"), BAD("99999999999999999999"),
	};

	(void)state;
	KIND_TABLE(JOB, cases, "k8s/job");
}

#define FAILURE(rule) BODY "    podFailurePolicy: {rules: [{action: FailJob, " rule "}]}\n"
#define CODES(codes) FAILURE("onExitCodes: {" codes "}")
#define AT "spec.podFailurePolicy.rules[0]"

static void checks_failure(void **state)
{
	static const struct kind_case cases[] = {
		{CODES("containerName: a, operator: In, values: [1, 3, 42]"), "", 0},
		{CODES("containerName: i, operator: NotIn, values: [0, 1]"), "", 0},
		{CODES("containerName: b, operator: In, values: [1]"),
			AT ".onExitCodes.containerName: the template has no container \"b\"", 0},
		{CODES("operator: In, values: [0]"), AT ".onExitCodes.values[0]: cannot be 0 for In", 0},
		{CODES("operator: In, values: [1, 1]"), AT ".onExitCodes.values[1]: 1 comes twice", 0},
		{CODES("operator: In, values: [2, 1, 3]"), AT ".onExitCodes.values[1]: 1 comes too late", 0},
		{FAILURE("onPodConditions: [{type: DisruptionTarget}]"), "", 0},
		{FAILURE("onPodConditions: []"), AT ": one of onExitCodes and onPodConditions has to be there", 0},
		{FAILURE("onPodConditions: [{type: DisruptionTarget}], onExitCodes: {operator: In, values: [1]}"),
			AT ": onExitCodes and onPodConditions cannot both be there", 0},
		{BODY "    podFailurePolicy: {rules: [{action: FailIndex, onPodConditions: [{type: A}]}]}\n",
			AT ".action: FailIndex can only be where backoffLimitPerIndex is set", 0},
		{INDEXED("    completions: 2\n    backoffLimitPerIndex: 1\n    podFailurePolicy: {rules: [{action: FailIndex, onPodConditions: "
			"[{type: A}]}]}\n"), "", 0},
		{FAILURE("onPodConditions: [{type: A}]") "    podReplacementPolicy: Failed\n", "", 0},
		{FAILURE("onPodConditions: [{type: A}]") "    podReplacementPolicy: TerminatingOrFailed\n",
			"spec.podReplacementPolicy: has to be Failed when podFailurePolicy is set", 0},
		{BODY "    podReplacementPolicy: TerminatingOrFailed\n", "", 0},
	};

	(void)state;
	KIND_TABLE(JOB, cases, "k8s/job");
}

static void checks_restarts(void **state)
{
	static const struct kind_case cases[] = {
		{PODS("restartPolicy: Never"), "", 0},
		{PODS("restartPolicy: OnFailure"), "", 0},
		{PODS("activeDeadlineSeconds: 5, restartPolicy: \"${P}\""), "", 0},
		{PODS("restartPolicy: Always"), "spec.template.spec.restartPolicy: a Job's pods cannot have Always", 0},
		{PODS("activeDeadlineSeconds: 5"),
			"spec.template.spec.restartPolicy: is missing; it is Always by default, which a Job cannot have", 0},
		{PODS("restartPolicy: OnFailure") "    podFailurePolicy: {rules: []}\n",
			"spec.template.spec.restartPolicy: has to be Never when podFailurePolicy is set", 0},
	};
	static const struct kind_case of_cron_jobs[] = {
		{PODS("restartPolicy: OnFailure"), "", 0},
		{PODS("restartPolicy: Always"), "spec.jobTemplate.spec.template.spec.restartPolicy: a Job's pods cannot have Always", 0},
	};

	(void)state;
	KIND_TABLE(JOB, cases, "k8s/restart-policy");
	KIND_TABLE(CRON, of_cron_jobs, "k8s/restart-policy");
}

#define LABELLED "    template: {metadata: {labels: {app: a}}, spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}\n"

static void checks_selectors(void **state)
{
	static const struct kind_case cases[] = {
		{LABELLED "    selector: {}\n", "", 0},
		{LABELLED "    selector: {matchLabels: {job-name: j, controller-uid: 1-2}}\n", "", 0},
		{LABELLED "    selector: {matchLabels: {batch.kubernetes.io/job-name: k}}\n",
			"spec.selector.matchLabels[\"batch.kubernetes.io/job-name\"]: the selector of a Job is made by the server", 0},
		{LABELLED "    selector: {matchLabels: {app: a}}\n",
			"spec.selector.matchLabels.app: the selector of a Job is made by the server", 0},
		{LABELLED "    manualSelector: true\n    selector: {matchLabels: {app: a}}\n", "", 0},
		{LABELLED "    manualSelector: true\n    selector: {matchLabels: {app: b}}\n",
			"spec.template.metadata.labels.app: should be \"b\" for the selector to match", 0},
		{LABELLED "    manualSelector: true\n", "spec.selector: is missing", 0},
		{LABELLED "    manualSelector: true\n    selector: {}\n", "", 0},
		{LABELLED "    manualSelector: true\n    selector: {matchExpressions: [{key: app, operator: DoesNotExist}]}\n",
			"spec.template.metadata.labels.app: should be left out for the selector to match", 0},
		{LABELLED "    selector: {matchExpressions: [{key: a, operator: Exists}]}\n", "", 0},
		{LABELLED "    selector: {matchExpressions: [{key: a, operator: In}]}\n",
			"spec.selector.matchExpressions[0].values: is missing", 0},
		{LABELLED "    manualSelector: false\n", "", 0},
	};
	static const struct kind_case of_cron_jobs[] = {
		{LABELLED "    manualSelector: false\n", "", 0},
		{LABELLED "    selector: {}\n",
			"spec.jobTemplate.spec.selector: the selector of a CronJob's Jobs is made by the server", 0},
		{LABELLED "    manualSelector: true\n",
			"spec.jobTemplate.spec.manualSelector: the selector of a CronJob's Jobs is made by the server", 0},
	};

	(void)state;
	KIND_TABLE(JOB, cases, "k8s/selector");
	KIND_TABLE(CRON, of_cron_jobs, "k8s/selector");
}

static void checks_names(void **state)
{
	static const struct kind_case cases[] = {
		{"a012345678901234567890123456789012345678901234567890123456789}\nspec:\n" INDEXED("    completions: 10\n"), "", 0},
		{"a012345678901234567890123456789012345678901234567890123456789}\nspec:\n" INDEXED("    completions: 11\n"),
			"metadata.name: its last pod would be called \"a012345678901234567890123456789012345678901234567890123456789-10\", which is "
			"no DNS label", 0},
		{"a012345678901234567890123456789012345678901234567890123456789}\nspec:\n" BODY "    completions: 11\n", "", 0},
		{"a.b}\nspec:\n" INDEXED("    completions: 1\n"),
			"metadata.name: its last pod would be called \"a.b-0\", which is no DNS label", 0},
		{"a.b}\nspec:\n" BODY, "", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: batch/v1\nkind: Job\nmetadata: {name: ", cases, "k8s/name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_indexes), cmocka_unit_test(checks_success), cmocka_unit_test(checks_failure),
		cmocka_unit_test(checks_restarts), cmocka_unit_test(checks_selectors), cmocka_unit_test(checks_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
