/* k8s/probe: probes and lifecycle handlers of a container. */
#include "k8s/pod.h"

static const char rule[] = "k8s/probe";

/* Zero is taken for the default, which is 1. */
static void check_success(struct hgt_pod *pod, const struct hgt_field *probe)
{
	struct hgt_field threshold = hgt_field_get(probe, "successThreshold");
	int64_t n;

	if (hgt_field_int(&threshold, &n) && n > 1)
		hgt_tell_field(pod->subject, rule, &threshold, "leave it out", "has to be 1 here, is %" PRId64, n);
}

static void check_sleep(struct hgt_pod *pod, const struct hgt_field *lifecycle, const char *name)
{
	struct hgt_field handler = hgt_field_get(lifecycle, name), sleep = hgt_field_get(&handler, "sleep");
	struct hgt_field seconds = hgt_field_get(&sleep, "seconds");
	int64_t n, most = 30;

	if (!hgt_field_int(&seconds, &n) || (!hgt_field_int(&pod->grace_period, &most) && pod->grace_period.node))
		return;
	if (most < 0)
		most = 1;
	if (n > most)
		hgt_tell_field(pod->subject, rule, &seconds, "raise terminationGracePeriodSeconds, or sleep less",
			"sleeps %" PRId64 " seconds, and the pod has %" PRId64 " to end (terminationGracePeriodSeconds)", n, most);
}

void hgt_check_probes(struct hgt_pod *pod, const struct hgt_field *container)
{
	struct hgt_field liveness = hgt_field_get(container, "livenessProbe"), startup = hgt_field_get(container, "startupProbe");
	struct hgt_field readiness = hgt_field_get(container, "readinessProbe"), lifecycle = hgt_field_get(container, "lifecycle");
	struct hgt_field grace = hgt_field_get(&readiness, "terminationGracePeriodSeconds");

	check_success(pod, &liveness);
	check_success(pod, &startup);
	if (grace.node)
		hgt_tell_key(pod->subject, rule, &grace, "remove it", "cannot be set for a readiness probe, which ends nothing");
	check_sleep(pod, &lifecycle, "postStart");
	check_sleep(pod, &lifecycle, "preStop");
}

void hgt_check_no_probes(struct hgt_pod *pod, const struct hgt_field *container)
{
	static const char *const names[] = {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct hgt_field field = hgt_field_get(container, names[i]);

		if (field.node)
			hgt_tell_key(pod->subject, rule, &field, "remove it; a sidecar has restartPolicy: Always",
				"cannot be set for an init container that is no sidecar");
	}
}
