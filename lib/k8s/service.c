/* k8s/service: Service, beyond its single fields. */
#include "k8s/kind_checks.h"
#include "k8s/parts.h"

static const char rule[] = "k8s/service";

/* Of a Service, what most of its checks ask. */
struct service {
	struct hgt_subject *s;
	struct hgt_field spec;
	const char *type;	/* NULL when it cannot be judged */
	bool headless;		/* clusterIP: None */
};

static bool is_type(const struct service *service, const char *type)
{
	return service->type && strcmp(service->type, type) == 0;
}

/* Whether its type is known, and another. */
static bool is_not_type(const struct service *service, const char *type)
{
	return service->type && strcmp(service->type, type) != 0;
}

/* A number from 1 to 65535 or a port's name; 0 and "" stand for the port. */
static void check_target_port(struct hgt_subject *s, const struct hgt_field *port)
{
	struct hgt_field target = hgt_field_get(port, "targetPort");
	const char *name = hgt_field_text(&target, NULL);
	int64_t n;

	if (hgt_field_int(&target, &n) && (n < 0 || n > 65535))
		hgt_tell_field(s, rule, &target, NULL, "must be from 1 to 65535, is %" PRId64, n);
	if (!name || hgt_is_port_name(name, strlen(name)))
		return;
	if (name[strspn(name, "0123456789")] == '\0')
		hgt_tell_field(s, rule, &target, "write the number without quotes", "%s is neither a number nor a port's name",
			hgt_quote(name));
	else
		hgt_tell_field(s, rule, &target, "the name of a container's port: a-z, 0-9 and \"-\", at most 15 characters",
			"%s is not a port's name", hgt_quote(name));
}

/* Ports of nodes are handed out from a range that is the cluster's choice; this one nobody changes without need. */
static void check_node_port(const struct service *service, const struct hgt_field *port)
{
	struct hgt_field node_port = hgt_field_get(port, "nodePort");
	int64_t n;

	if (!hgt_field_is_number(&node_port) || !hgt_field_int(&node_port, &n))
		return;
	if (is_type(service, "ClusterIP"))
		hgt_tell_key(service->s, rule, &node_port, "remove it, or set type: NodePort", "may not be used when type is ClusterIP");
	else if (n < 30000 || n > 32767)
		hgt_tell_field(service->s, "k8s/node-port-range", &node_port, "leave it out to be given a free one",
			"must be from 30000 to 32767, is %" PRId64, n);
}

struct ports_seen {
	struct hgt_seen names, ports, node_ports;
};

static void check_port(const struct service *service, const struct hgt_field *port, bool several, struct ports_seen *seen)
{
	struct hgt_field name = hgt_field_get(port, "name"), number = hgt_field_get(port, "port");
	struct hgt_field protocol = hgt_field_get(port, "protocol"), node_port = hgt_field_get(port, "nodePort");
	const char *text = hgt_field_string(&name), *proto = hgt_field_text(&protocol, "TCP");
	const struct hgt_node *first;
	int64_t n;

	if (several && hgt_field_is_empty(&name))
		hgt_tell_field(service->s, rule, &name, "give each port a name, like http or metrics",
			"is missing, and a Service with several ports tells them apart by name");
	if (text && *text && (first = hgt_seen_before(service->s, &seen->names, name.node, "%s", text)))
		hgt_tell_again(service->s, rule, &name, first);
	check_target_port(service->s, port);
	check_node_port(service, port);
	if (!proto)
		return;
	if (hgt_field_int(&number, &n) &&
		(first = hgt_seen_before(service->s, &seen->ports, number.node, "%s %" PRId64, proto, n))) {
		char hint[64];

		snprintf(hint, sizeof(hint), "the first is on line %" PRIu32, first->line);
		hgt_tell_field(service->s, rule, port, hint, "duplicate: port %" PRId64 " of protocol %s stands twice", n, hgt_word(proto));
	}
	if (hgt_field_is_number(&node_port) && hgt_field_int(&node_port, &n) &&
		(first = hgt_seen_before(service->s, &seen->node_ports, node_port.node, "%s %" PRId64, proto, n)))
		hgt_tell_again(service->s, rule, &node_port, first);
}

static void check_ports(const struct service *service)
{
	struct hgt_field ports = hgt_field_get(&service->spec, "ports");
	struct ports_seen seen = {HGT_SEEN_INIT, HGT_SEEN_INIT, HGT_SEEN_INIT};

	if (hgt_field_is_empty(&ports) && !service->headless && is_not_type(service, "ExternalName"))
		hgt_tell_field(service->s, rule, &ports, "name the port it listens on: ports: [{port: 80}]",
			"is missing; only a Service without an address of its own may have no ports");
	HGT_EACH_ITEM(&ports, port)
		if (hgt_field_is_map(&port))
			check_port(service, &port, hgt_field_count(&ports) > 1, &seen);
	hgt_seen_release(&seen.names);
	hgt_seen_release(&seen.ports);
	hgt_seen_release(&seen.node_ports);
}

static void check_external_name(const struct service *service)
{
	static const char *const unset[] = {"clusterIPs", "ipFamilies", "ipFamilyPolicy"};
	struct hgt_field name = hgt_field_get(&service->spec, "externalName"), ip = hgt_field_get(&service->spec, "clusterIP");
	const char *text = hgt_field_text(&name, "");
	size_t len = text ? strlen(text) : 0;

	for (size_t i = 0; i < sizeof(unset) / sizeof(unset[0]); i++) {
		struct hgt_field field = hgt_field_get(&service->spec, unset[i]);

		if (!hgt_field_is_empty(&field))
			hgt_tell_key(service->s, rule, &field, "remove it", "may not be set when type is ExternalName");
	}
	if (!hgt_field_is_empty(&ip))
		hgt_tell_key(service->s, rule, &ip, "remove it", "may not be set when type is ExternalName");
	if (!text)
		return;
	if (len && text[len - 1] == '.')
		len--;
	if (!len)
		hgt_tell_field(service->s, rule, &name, "name the host that it stands for",
			"is missing, and a Service of type ExternalName is nothing else");
	else if (!hgt_is_long_name(text, len))
		hgt_tell_field(service->s, rule, &name, "a host name: a-z, 0-9, \"-\" and \".\"", "%s is not a DNS name", hgt_quote(text));
}

/* What only some types may have. */
static void check_by_type(const struct service *service)
{
	static const char *const of_balancers[] = {"allocateLoadBalancerNodePorts", "loadBalancerClass"};
	struct hgt_field policy = hgt_field_get(&service->spec, "externalTrafficPolicy");
	struct hgt_field health = hgt_field_get(&service->spec, "healthCheckNodePort");
	struct hgt_field external = hgt_field_get(&service->spec, "externalIPs");
	const char *word = hgt_field_text(&policy, "");
	bool outside;

	if (!service->type)
		return;
	outside = is_type(service, "LoadBalancer") || is_type(service, "NodePort") ||
		(is_type(service, "ClusterIP") && !hgt_field_is_empty(&external));
	for (size_t i = 0; i < sizeof(of_balancers) / sizeof(of_balancers[0]); i++) {
		struct hgt_field field = hgt_field_get(&service->spec, of_balancers[i]);

		if (!is_type(service, "LoadBalancer"))
			hgt_check_forbidden(service->s, rule, &field, "type is LoadBalancer");
	}
	if (!outside && !hgt_field_is_empty(&policy))
		hgt_check_forbidden(service->s, rule, &policy, "traffic comes from outside: type NodePort or LoadBalancer, or externalIPs");
	if (word && hgt_field_is_number(&health) && (!is_type(service, "LoadBalancer") || strcmp(word, "Local") != 0))
		hgt_check_forbidden(service->s, rule, &health, "type is LoadBalancer and externalTrafficPolicy is Local");
}

static void check_affinity(const struct service *service)
{
	struct hgt_field affinity = hgt_field_get(&service->spec, "sessionAffinity");
	struct hgt_field config = hgt_field_get(&service->spec, "sessionAffinityConfig");
	struct hgt_field client = hgt_field_get(&config, "clientIP"), seconds = hgt_field_get(&client, "timeoutSeconds");
	int64_t n;

	if (hgt_field_equals(&affinity, "ClientIP") && hgt_field_int(&seconds, &n) && (n < 1 || n > 86400))
		hgt_tell_field(service->s, rule, &seconds, "a day is the most", "must be from 1 to 86400, is %" PRId64, n);
}

/* The first of clusterIPs is clusterIP, and None stands alone. */
static void check_first_ip(const struct service *service, const struct hgt_field *ips)
{
	struct hgt_field ip = hgt_field_get(&service->spec, "clusterIP"), first = hgt_field_first_item(ips);
	const char *text = hgt_field_text(&ip, ""), *same = first.up ? hgt_field_string(&first) : NULL;

	if (!text || !first.up)
		return;
	if (!*text)
		hgt_tell_field(service->s, rule, ips, "write its first as clusterIP too", "must be empty when clusterIP is not set");
	else if (same && strcmp(text, same) != 0)
		hgt_tell_field(service->s, rule, ips, "make the two alike", "its first, %s, is not clusterIP, %s", hgt_quote(same),
			hgt_quote(text));
	if (same && strcmp(same, "None") == 0 && hgt_field_count(ips) > 1)
		hgt_tell_field(service->s, rule, ips, "remove the others", "\"None\" must be the only one");
}

static const char *family_of(const struct hgt_ip *ip)
{
	return ip->v4 ? "IPv4" : "IPv6";
}

/* An address is of the family that stands at its place in ipFamilies. */
static void check_family(const struct service *service, const struct hgt_field *field, const struct hgt_ip *ip, size_t i)
{
	struct hgt_field families = hgt_field_get(&service->spec, "ipFamilies");
	struct hgt_field at = i < hgt_field_count(&families) ? hgt_field_item(&families, i) : (struct hgt_field){0};
	const char *family = hgt_field_string(&at);

	if (!family)
		return;
	if ((strcmp(family, "IPv4") == 0 || strcmp(family, "IPv6") == 0) && strcmp(family, family_of(ip)) != 0)
		hgt_tell_field(service->s, rule, field, "put ipFamilies into the order of the addresses",
			"is an %s address, and ipFamilies[%zu] says %s", family_of(ip), i, family);
}

static void check_cluster_ips(const struct service *service)
{
	struct hgt_field ips = hgt_field_get(&service->spec, "clusterIPs"), ip = hgt_field_get(&service->spec, "clusterIP");
	struct hgt_ip parsed[3] = {{{0}, false, false, false}};
	bool good = true;

	check_first_ip(service, &ips);
	if (!hgt_field_count(&ips) && !hgt_field_is_empty(&ip) && !service->headless) {
		if (hgt_check_ip(service->s, rule, &ip, &parsed[0]))
			check_family(service, &ip, &parsed[0], 0);
		return;
	}
	HGT_EACH_ITEM(&ips, item) {
		if (item.index == 0 && hgt_field_equals(&item, "None"))
			return;
		good &= hgt_check_ip(service->s, rule, &item, &parsed[item.index < 2 ? item.index : 2]);
	}
	if (hgt_field_count(&ips) > 2)
		hgt_tell_field(service->s, rule, &ips, "one of each IP family", "may have two addresses at most");
	if (!good)
		return;
	if (hgt_field_count(&ips) == 2 && parsed[0].v4 == parsed[1].v4)
		hgt_tell_field(service->s, rule, &ips, "remove one of the two", "has two addresses of one family, %s", family_of(&parsed[0]));
	HGT_EACH_ITEM(&ips, item)
		if (item.index < 2)
			check_family(service, &item, &parsed[item.index], item.index);
}

static void check_families(const struct service *service)
{
	struct hgt_field families = hgt_field_get(&service->spec, "ipFamilies");
	struct hgt_field ips = hgt_field_get(&service->spec, "clusterIPs");
	struct hgt_field policy = hgt_field_get(&service->spec, "ipFamilyPolicy");
	struct hgt_field selector = hgt_field_get(&service->spec, "selector");
	bool two_families = hgt_field_count(&families) == 2, two_ips = hgt_field_count(&ips) == 2;
	const char *word = hgt_field_text(&policy, "SingleStack");

	hgt_check_unique(service->s, rule, &families);
	if (!policy.node && service->headless && hgt_field_is_empty(&selector))
		return;
	if (word && strcmp(word, "SingleStack") == 0 && (two_families || two_ips))
		hgt_tell_field(service->s, rule, &policy, "set it to PreferDualStack or RequireDualStack",
			"%s, and %s has two", policy.node ? "is SingleStack" : "is SingleStack when it is not set",
			two_families ? "ipFamilies" : "clusterIPs");
}

static void check_external_ips(const struct service *service)
{
	struct hgt_field ips = hgt_field_get(&service->spec, "externalIPs");

	HGT_EACH_ITEM(&ips, item) {
		struct hgt_ip ip;
		const char *wrong;

		if (!hgt_check_ip(service->s, rule, &item, &ip) || !(wrong = hgt_ip_not_reachable(&ip)))
			continue;
		hgt_tell_field(service->s, rule, &item, "an address of a node that others can reach", "%s %s",
			hgt_quote(item.node->text), wrong);
	}
}

/* One block, which may have blanks around it. */
static void check_source_range(const struct service *service, const struct hgt_field *field, const char *text, size_t len)
{
	static const char blanks[] = " \t\r\n\v\f";
	struct hgt_block block;

	while (len && strchr(blanks, text[0])) {
		text++;
		len--;
	}
	while (len && strchr(blanks, text[len - 1]))
		len--;
	hgt_check_block_text(service->s, rule, field, text, len, &block);
}

/* The field, or where there is none the annotation that was there before it. */
static void check_source_ranges(const struct service *service)
{
	static const char key[] = "service.beta.kubernetes.io/load-balancer-source-ranges";
	struct hgt_field ranges = hgt_field_get(&service->spec, "loadBalancerSourceRanges");
	struct hgt_field metadata = hgt_field_get(service->spec.up, "metadata");
	struct hgt_field annotations = hgt_field_get(&metadata, "annotations"), annotation = hgt_field_get(&annotations, key);
	bool listed = !hgt_field_is_empty(&ranges);
	const struct hgt_field *given = listed ? &ranges : &annotation;
	const char *text = hgt_field_text(&annotation, NULL);

	if (is_not_type(service, "LoadBalancer"))
		hgt_check_forbidden(service->s, rule, given, "type is LoadBalancer");
	HGT_EACH_ITEM(&ranges, item)
		if (hgt_field_string(&item))
			check_source_range(service, &item, item.node->text, item.node->len);
	if (listed || !text || text[strspn(text, " \t\r\n")] == '\0')
		return;
	for (size_t len = strcspn(text, ","); ; text += len + 1, len = strcspn(text, ",")) {
		check_source_range(service, &annotation, text, len);
		if (!text[len])
			break;
	}
}

static void check_topology(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), metadata = hgt_field_get(&object, "metadata");
	struct hgt_field annotations = hgt_field_get(&metadata, "annotations");
	struct hgt_field mode = hgt_field_get(&annotations, "service.kubernetes.io/topology-mode");
	struct hgt_field hints = hgt_field_get(&annotations, "service.kubernetes.io/topology-aware-hints");
	const char *is = hgt_field_string(&mode), *was = hgt_field_string(&hints);

	if (is && was && strcmp(is, was) != 0)
		hgt_tell_field(s, rule, &mode, "remove the older annotation",
			"must match the annotation \"service.kubernetes.io/topology-aware-hints\" when both are there");
}

void hgt_check_k8s_service(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s);
	struct service service = {.s = s, .spec = hgt_field_get(&object, "spec")};
	struct hgt_field type = hgt_field_get(&service.spec, "type"), ip = hgt_field_get(&service.spec, "clusterIP");
	struct hgt_field selector = hgt_field_get(&service.spec, "selector");

	service.type = hgt_field_text(&type, "ClusterIP");
	if (!service.spec.node)
		check_ports(&service);
	if (!hgt_field_is_map(&service.spec))
		return;
	service.headless = hgt_field_equals(&ip, "None");
	check_topology(s);
	check_ports(&service);
	hgt_check_label_map(s, rule, &selector);
	check_by_type(&service);
	check_affinity(&service);
	check_external_ips(&service);
	check_source_ranges(&service);
	if (is_type(&service, "ExternalName")) {
		check_external_name(&service);
		return;
	}
	if (service.headless && (is_type(&service, "NodePort") || is_type(&service, "LoadBalancer")))
		hgt_tell_field(s, rule, &ip, "leave clusterIP out", "may not be \"None\" when type is %s", service.type);
	check_cluster_ips(&service);
	check_families(&service);
}
