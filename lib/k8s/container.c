/* The containers of a pod. */
#include "k8s/pod.h"

static const char port_rule[] = "k8s/port", restart_rule[] = "k8s/restart-policy", overlap_rule[] = "k8s/overlap";
static const char doubtful_rule[] = "k8s/doubtful";

/* The port of the host that a container's port takes; 0 for none. A pod that has the host's network gets those that it lacks. */
static int64_t host_port(const struct hgt_pod *pod, const struct hgt_field *port)
{
	struct hgt_field host = hgt_field_get(port, "hostPort"), own = hgt_field_get(port, "containerPort");
	int64_t n = 0;

	if (!hgt_field_int(&host, &n) && host.node)
		return 0;
	if (!n && !pod->is_template && pod->has_host_network)
		hgt_field_int(&own, &n);
	return n;
}

static void check_host_port(struct hgt_pod *pod, const struct hgt_field *port, struct hgt_seen *taken)
{
	struct hgt_field host = hgt_field_get(port, "hostPort"), protocol = hgt_field_get(port, "protocol");
	struct hgt_field address = hgt_field_get(port, "hostIP");
	const char *protocol_text = hgt_field_text(&protocol, "TCP"), *address_text = hgt_field_text(&address, "");
	int64_t n = host_port(pod, port);
	const struct hgt_node *first;
	char hint[64];

	if (!n && !host.node && address_text && *address_text)
		hgt_tell_field(pod->subject, doubtful_rule, &address, "add hostPort, or remove it", "says nothing without hostPort");
	if (!n || !protocol_text || !address_text)
		return;
	first = hgt_seen_before(pod->subject, taken, port->node, "%s/%s/%" PRId64, protocol_text, address_text, n);
	if (!first)
		return;
	snprintf(hint, sizeof(hint), "the first is on line %" PRIu32, first->line);
	hgt_tell_field(pod->subject, port_rule, &host, hint, "duplicate %s port %" PRId64 " of the host", hgt_word(protocol_text), n);
}

/* Where the pod has the host's network there is nothing to map. */
static void check_mapping(struct hgt_pod *pod, const struct hgt_field *port)
{
	struct hgt_field host = hgt_field_get(port, "hostPort"), own = hgt_field_get(port, "containerPort");
	int64_t n, m;

	if (pod->has_host_network && hgt_field_int(&host, &n) && n && hgt_field_int(&own, &m) && n != m)
		hgt_tell_field(pod->subject, port_rule, &host, "leave it out",
			"has to be the same as containerPort (%" PRId64 ") when hostNetwork is true, is %" PRId64, m, n);
}

struct port_names {
	struct hgt_seen container, pod;	/* in this container; in all */
	struct hgt_seen numbers;
};

/* Within a container the server refuses; over the pod's containers it warns. */
static void check_port(struct hgt_pod *pod, const struct hgt_field *port, struct port_names *seen)
{
	struct hgt_field name = hgt_field_get(port, "name"), number = hgt_field_get(port, "containerPort");
	struct hgt_field protocol = hgt_field_get(port, "protocol");
	const char *text = hgt_field_string(&name), *protocol_text = hgt_field_text(&protocol, "TCP");
	const struct hgt_node *first;
	int64_t n;

	if (text && hgt_is_port_name(text, name.node->len)) {
		first = hgt_seen_before(pod->subject, &seen->container, name.node, "%s", text);
		if (first)
			hgt_tell_again(pod->subject, "k8s/duplicate-name", &name, first);
		else if ((first = hgt_seen_before(pod->subject, &seen->pod, name.node, "%s", text)))
			hgt_tell_again(pod->subject, overlap_rule, &name, first);
	}
	/* One of the host that comes twice is told as such. */
	if (!protocol_text || host_port(pod, port) || !hgt_field_int(&number, &n))
		return;
	first = hgt_seen_before(pod->subject, &seen->numbers, number.node, "%s/%" PRId64, protocol_text, n);
	if (first)
		hgt_tell_again(pod->subject, overlap_rule, &number, first);
}

static void check_ports(struct hgt_pod *pod, const struct hgt_field *container, struct port_names *seen, struct hgt_seen *taken)
{
	struct hgt_field ports = hgt_field_get(container, "ports");

	HGT_EACH_ITEM(&ports, port) {
		check_port(pod, &port, seen);
		check_host_port(pod, &port, taken);
	}
	hgt_seen_release(&seen->container);
	seen->container = (struct hgt_seen)HGT_SEEN_INIT;
}

static void check_restart(struct hgt_pod *pod, const struct hgt_field *container)
{
	struct hgt_field policy = hgt_field_get(container, "restartPolicy"), rules = hgt_field_get(container, "restartPolicyRules");

	if (!policy.node && !hgt_field_is_empty(&rules))
		hgt_tell_field(pod->subject, restart_rule, &policy, "say Always, OnFailure or Never",
			"is missing, and restartPolicyRules needs it");
}

static void check_resize(struct hgt_pod *pod, const struct hgt_field *container, bool is_init)
{
	struct hgt_field policies = hgt_field_get(container, "resizePolicy");

	HGT_EACH_ITEM(&policies, policy) {
		struct hgt_field restart = hgt_field_get(&policy, "restartPolicy");

		if (!hgt_field_equals(&restart, "RestartContainer"))
			continue;
		if (hgt_field_equals(&pod->restart_policy, "Never"))
			hgt_tell_field(pod->subject, restart_rule, &restart, "NotRequired",
				"RestartContainer cannot be when the pod's restartPolicy is Never");
		else if (is_init && pod->subject->kubernetes >= 36)
			hgt_tell_field(pod->subject, restart_rule, &restart, "NotRequired",
				"RestartContainer cannot be for an init container that is no sidecar");
	}
}

static bool is_sidecar(const struct hgt_field *container)
{
	struct hgt_field policy = hgt_field_get(container, "restartPolicy");

	return hgt_field_equals(&policy, "Always");
}

/* Common to all that run once the pod does, or before. */
static void check_container(struct hgt_pod *pod, const struct hgt_field *container, bool is_init)
{
	struct hgt_field resources = hgt_field_get(container, "resources");

	hgt_check_env(pod, container);
	hgt_check_volume_mounts(pod, container);
	hgt_check_resources(pod, &resources);
	check_restart(pod, container);
	check_resize(pod, container, is_init && !is_sidecar(container));
	if (!is_init || is_sidecar(container))
		hgt_check_probes(pod, container);
	else
		hgt_check_no_probes(pod, container);
}

void hgt_check_containers(struct hgt_pod *pod)
{
	struct hgt_field containers = hgt_field_get(&pod->spec, "containers"), inits = hgt_field_get(&pod->spec, "initContainers");
	struct port_names seen = {HGT_SEEN_INIT, HGT_SEEN_INIT, HGT_SEEN_INIT};
	struct hgt_seen taken = HGT_SEEN_INIT;
	struct hgt_names names = {0};

	hgt_names_gather(pod->subject, &names, &containers);
	hgt_names_gather(pod->subject, &names, &inits);
	HGT_EACH_ITEM(&containers, container) {
		struct hgt_field ports = hgt_field_get(&container, "ports");

		check_container(pod, &container, false);
		check_ports(pod, &container, &seen, &taken);
		HGT_EACH_ITEM(&ports, port)
			check_mapping(pod, &port);
	}
	hgt_seen_release(&taken);
	/* They run one after the other. */
	HGT_EACH_ITEM(&inits, container) {
		taken = (struct hgt_seen)HGT_SEEN_INIT;
		check_container(pod, &container, true);
		check_ports(pod, &container, &seen, &taken);
		hgt_seen_release(&taken);
	}
	hgt_seen_release(&seen.container);
	hgt_seen_release(&seen.pod);
	hgt_seen_release(&seen.numbers);
	hgt_names_release(&names);
}
