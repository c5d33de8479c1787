/* agent/kubectl_health: how objects fare, by their status. */
#include "agent/kubectl_health.h"

#include "doc/doc.h"
#include "tests/unit/unit.h"

static const struct {
	const char *api_version, *kind, *rest, *word, *message;
} cases[] = {
	{"apps/v1", "Deployment", "\"spec\":{\"replicas\":2}", "Progressing", "0 of 2 replicas are updated"},
	{"apps/v1", "Deployment", "\"spec\":{\"replicas\":2},\"status\":{\"observedGeneration\":3,\"updatedReplicas\":2,\"replicas\":2,"
		"\"availableReplicas\":2}", "Healthy", ""},
	{"apps/v1", "Deployment", "\"spec\":{\"replicas\":2},\"status\":{\"observedGeneration\":2,\"updatedReplicas\":2,\"replicas\":2,"
		"\"availableReplicas\":2}", "Progressing", "its controller has not seen the change yet"},
	{"apps/v1", "Deployment", "\"status\":{\"observedGeneration\":3,\"updatedReplicas\":1,\"replicas\":3,\"availableReplicas\":1}",
		"Progressing", "2 of 3 replicas are old and about to end"},
	{"apps/v1", "Deployment", "\"spec\":{\"replicas\":2},\"status\":{\"observedGeneration\":3,\"updatedReplicas\":2,\"replicas\":2,"
		"\"availableReplicas\":1}", "Progressing", "1 of 2 updated replicas are available"},
	{"apps/v1", "Deployment", "\"spec\":{\"paused\":true},\"status\":{}", "Suspended", "paused"},
	{"apps/v1", "Deployment", "\"spec\":{\"replicas\":0},\"status\":{\"observedGeneration\":3}", "Healthy", ""},
	{"apps/v1", "Deployment", "\"status\":{\"observedGeneration\":3,\"conditions\":[{\"type\":\"Available\",\"status\":\"True\"},"
		"{\"type\":\"Progressing\",\"status\":\"False\",\"reason\":\"ProgressDeadlineExceeded\",\"message\":\"too slow\"}]}",
		"Degraded", "too slow"},
	{"apps/v1", "Deployment", "\"status\":{\"observedGeneration\":3,\"conditions\":[{\"type\":\"ReplicaFailure\",\"status\":\"True\","
		"\"reason\":\"FailedCreate\",\"message\":\"\"}]}", "Degraded", "FailedCreate"},
	{"apps/v1", "StatefulSet", "\"spec\":{\"replicas\":3},\"status\":{\"observedGeneration\":3,\"readyReplicas\":1}", "Progressing",
		"1 of 3 replicas are ready"},
	{"apps/v1", "StatefulSet", "\"spec\":{\"replicas\":1},\"status\":{\"observedGeneration\":3,\"readyReplicas\":1,\"currentRevision\":\"a\","
		"\"updateRevision\":\"b\"}", "Progressing", "0 of 1 replicas are updated"},
	{"apps/v1", "StatefulSet", "\"spec\":{\"replicas\":3,\"updateStrategy\":{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"partition\":2}}},"
		"\"status\":{\"observedGeneration\":3,\"readyReplicas\":3,\"updatedReplicas\":1,\"currentRevision\":\"a\",\"updateRevision\":\"b\"}",
		"Healthy", ""},
	{"apps/v1", "StatefulSet", "\"spec\":{\"updateStrategy\":{\"type\":\"OnDelete\"}},\"status\":{\"observedGeneration\":3,"
		"\"readyReplicas\":1,\"currentRevision\":\"a\",\"updateRevision\":\"b\"}", "Healthy", ""},
	{"apps/v1", "DaemonSet", "\"status\":{\"observedGeneration\":3,\"desiredNumberScheduled\":2,\"updatedNumberScheduled\":1}",
		"Progressing",
		"1 of 2 pods are updated"},
	{"apps/v1", "DaemonSet", "\"status\":{\"observedGeneration\":3,\"desiredNumberScheduled\":2,\"updatedNumberScheduled\":2,"
		"\"numberAvailable\":1}", "Progressing", "1 of 2 pods are available"},
	{"apps/v1", "DaemonSet", "\"status\":{\"observedGeneration\":3}", "Healthy", ""},
	{"batch/v1", "Job", "\"spec\":{\"completions\":2},\"status\":{\"succeeded\":1}", "Progressing", "1 of 2 completions"},
	{"batch/v1", "Job", "\"status\":{\"conditions\":[{\"type\":\"Complete\",\"status\":\"True\"}]}", "Healthy", ""},
	{"batch/v1", "Job", "\"status\":{\"conditions\":[{\"type\":\"Failed\",\"status\":\"True\",\"message\":\"backoff limit\"}]}",
		"Degraded",
		"backoff limit"},
	{"batch/v1", "Job", "\"status\":{\"conditions\":[{\"type\":\"Failed\",\"status\":\"False\"}]}", "Progressing",
		"0 of 1 completions"},
	{"batch/v1", "Job", "\"spec\":{\"suspend\":true}", "Suspended", "suspended"},
	{"batch/v1", "CronJob", "\"spec\":{\"suspend\":true}", "Suspended", "suspended"},
	{"batch/v1", "CronJob", "\"spec\":{}", "Healthy", ""},
	{"v1", "Pod", "\"spec\":{\"restartPolicy\":\"Always\"},\"status\":{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\","
		"\"status\":\"True\"}]}", "Healthy", ""},
	{"v1", "Pod", "\"status\":{\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"c\",\"state\":{\"waiting\":{\"reason\":"
		"\"CrashLoopBackOff\"}}}]}", "Degraded", "container c: CrashLoopBackOff"},
	{"v1", "Pod", "\"status\":{\"phase\":\"Pending\",\"initContainerStatuses\":[{\"name\":\"i\",\"state\":{\"waiting\":{\"reason\":"
		"\"ErrImagePull\"}}}]}", "Degraded", "container i: ErrImagePull"},
	{"v1", "Pod", "\"status\":{\"phase\":\"Pending\",\"containerStatuses\":[{\"name\":\"c\",\"state\":{\"waiting\":{\"reason\":"
		"\"ContainerCreating\"}}}]}", "Progressing", "Pending"},
	{"v1", "Pod", "\"status\":{\"phase\":\"Failed\",\"message\":\"evicted\"}", "Degraded", "evicted"},
	{"v1", "Pod", "\"spec\":{\"restartPolicy\":\"Never\"},\"status\":{\"phase\":\"Succeeded\"}", "Healthy", ""},
	{"v1", "Pod", "\"spec\":{\"restartPolicy\":\"Never\"},\"status\":{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\","
		"\"status\":\"True\"}]}", "Progressing", "Running"},
	{"v1", "PersistentVolumeClaim", "\"status\":{\"phase\":\"Pending\"}", "Progressing", "not bound yet"},
	{"v1", "PersistentVolumeClaim", "\"status\":{\"phase\":\"Bound\"}", "Healthy", ""},
	{"v1", "PersistentVolumeClaim", "\"status\":{\"phase\":\"Lost\"}", "Degraded", "its volume is lost"},
	{"v1", "Service", "\"spec\":{\"type\":\"ClusterIP\"},\"status\":{\"loadBalancer\":{}}", "Healthy", ""},
	{"v1", "Service", "\"spec\":{\"type\":\"LoadBalancer\"},\"status\":{\"loadBalancer\":{}}", "Progressing", "no load balancer yet"},
	{"v1", "Service", "\"spec\":{\"type\":\"LoadBalancer\"},\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"192.0.2.1\"}]}}",
		"Healthy", ""},
	{"v1", "Namespace", "\"status\":{\"phase\":\"Active\"}", "Healthy", ""},
	{"v1", "ConfigMap", "\"data\":{}", "Healthy", ""},
	{"networking.k8s.io/v1", "Ingress", "\"status\":{\"loadBalancer\":{}}", "Healthy", ""},
	{"autoscaling/v2", "HorizontalPodAutoscaler", "\"status\":{\"conditions\":[{\"type\":\"AbleToScale\",\"status\":\"True\"},"
		"{\"type\":\"ScalingActive\",\"status\":\"False\",\"reason\":\"FailedGetResourceMetric\",\"message\":\"no metrics\"}]}",
			"Degraded",
		"no metrics"},
	{"autoscaling/v2", "HorizontalPodAutoscaler", "\"status\":{\"conditions\":[{\"type\":\"AbleToScale\",\"status\":\"True\"},"
		"{\"type\":\"ScalingActive\",\"status\":\"False\",\"reason\":\"ScalingDisabled\"}]}", "Healthy", ""},
	{"apiregistration.k8s.io/v1", "APIService", "\"status\":{\"conditions\":[{\"type\":\"Available\",\"status\":\"False\",\"reason\":"
		"\"MissingEndpoints\"}]}", "Degraded", "MissingEndpoints"},
	{"apiextensions.k8s.io/v1", "CustomResourceDefinition", "\"status\":{\"conditions\":[{\"type\":\"NamesAccepted\",\"status\":\"True\"},"
		"{\"type\":\"Established\",\"status\":\"True\"}]}", "Healthy", ""},
	{"apiextensions.k8s.io/v1", "CustomResourceDefinition", "\"status\":{\"conditions\":[{\"type\":\"NamesAccepted\",\"status\":\"False\","
		"\"message\":\"taken\"}]}", "Degraded", "taken"},
	{"cert-manager.io/v1", "Certificate", "\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}", "Healthy", ""},
	{"cert-manager.io/v1", "Certificate", "\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"message\":\"no issuer\"}]}",
		"Degraded", "no issuer"},
	{"cert-manager.io/v1", "Certificate", "\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"message\":\"x\"},"
		"{\"type\":\"Issuing\",\"status\":\"True\",\"message\":\"issuing\"}]}", "Progressing", "issuing"},
	{"kustomize.toolkit.fluxcd.io/v1", "Kustomization", "\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"Unknown\",\"message\":"
		"\"building\"}]}", "Progressing", "building"},
	{"example.org/v1", "Thing", "\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"},{\"type\":\"Stalled\",\"status\":\"True\","
		"\"message\":\"stuck\"}]}", "Degraded", "stuck"},
	{"example.org/v1", "Thing", "\"status\":{\"observedGeneration\":2,\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}",
		"Progressing", "its controller has not seen the change yet"},
	{"example.org/v1", "Thing", "\"spec\":{\"suspend\":true}", "Suspended", "suspended"},
	{"example.org/v1", "Thing", "\"spec\":{}", "Healthy", ""},
	{"example.org/v1", "Thing", "\"status\":{\"conditions\":\"none\"}", "Healthy", ""},
	{"gateway.networking.k8s.io/v1", "Gateway", "\"status\":{\"conditions\":[{\"type\":\"Accepted\",\"status\":\"False\",\"reason\":"
		"\"Invalid\"}]}", "Degraded", "Invalid"},
};

static void fares_as_its_status_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_arena arena = HGT_ARENA_INIT;
		struct hgt_buf message = HGT_BUF_INIT;
		struct kubectl_object object;
		struct hgt_doc_set set;
		char text[1500];

		snprintf(text, sizeof(text), "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"x\",\"generation\":3},%s}",
			cases[i].api_version, cases[i].kind, cases[i].rest);
		/* Deployments without a status say nothing of their generation. */
		if (i == 0)
			memcpy(strstr(text, "\"generation\":3"), "\"generation\":0", 14);
		hgt_doc_set_init(&set);
		assert_int_equal(hgt_json_parse_message(text, strlen(text), &set, NULL), 0);
		assert_int_equal(kubectl_object_read(set.docs[0].root, &arena, &object, NULL), 0);
		assert_string_equal(kubectl_health_word(kubectl_health_of(set.docs[0].root, &object, &message)), cases[i].word);
		assert_string_equal(message.data, cases[i].message);
		/* What has another health than being there is asked for it. */
		assert_true(kubectl_health_matters(&object) || strcmp(cases[i].word, "Healthy") == 0);
		hgt_buf_release(&message);
		hgt_doc_set_release(&set);
		hgt_arena_release(&arena);
	}
}

static void what_is_about_to_go_is_not_well(void **state)
{
	static const char text[] = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"x\",\"deletionTimestamp\":\"t\"}}";
	struct hgt_arena arena = HGT_ARENA_INIT;
	struct hgt_buf message = HGT_BUF_INIT;
	struct kubectl_object object;
	struct hgt_doc_set set;

	(void)state;
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_json_parse_message(text, sizeof(text) - 1, &set, NULL), 0);
	assert_int_equal(kubectl_object_read(set.docs[0].root, &arena, &object, NULL), 0);
	assert_int_equal(kubectl_health_of(set.docs[0].root, &object, &message), KUBECTL_PROGRESSING);
	assert_string_equal(message.data, "about to be deleted");
	hgt_buf_release(&message);
	hgt_doc_set_release(&set);
	hgt_arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fares_as_its_status_says),
		cmocka_unit_test(what_is_about_to_go_is_not_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
