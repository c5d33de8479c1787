/* k8s/network-policy: NetworkPolicy, beyond its single fields; and the addresses that Services get: ServiceCIDR, IPAddress. */
#include "k8s/kind_checks.h"
#include "k8s/parts.h"

static const char rule[] = "k8s/network-policy";

static void check_port(struct hgt_subject *s, const struct hgt_field *item)
{
	struct hgt_field port = hgt_field_get(item, "port"), end = hgt_field_get(item, "endPort");
	const char *name = hgt_field_string(&port);
	int64_t first, last;

	if (hgt_field_int(&port, &first)) {
		if (first < 1 || first > 65535)
			hgt_tell_field(s, rule, &port, NULL, "must be from 1 to 65535, is %" PRId64, first);
		if (hgt_field_int(&end, &last) && (last < first || last < 1 || last > 65535))
			hgt_tell_field(s, rule, &end, NULL, "must be from port, %" PRId64 ", to 65535, is %" PRId64, first, last);
		return;
	}
	if (end.node && (!port.node || name))
		hgt_tell_key(s, rule, &end, port.node ? "give port as a number" : "add port", "may only be set when port is a number");
	if (name && !hgt_is_port_name(name, port.node->len))
		hgt_tell_field(s, rule, &port, name[strspn(name, "0123456789")] || !*name ? "a-z, 0-9 and \"-\", at most 15 characters" :
			"write the number without quotes", "%s is neither a number nor a port's name", hgt_quote(name));
}

static void check_ip_block(struct hgt_subject *s, const struct hgt_field *ip_block)
{
	struct hgt_field cidr = hgt_field_get(ip_block, "cidr"), except = hgt_field_get(ip_block, "except");
	struct hgt_block all, part;
	bool known;

	if (hgt_field_is_empty(&cidr))
		return;
	known = hgt_check_block(s, rule, &cidr, &all);
	HGT_EACH_ITEM(&except, item)
		if (hgt_check_block(s, rule, &item, &part) && known && !hgt_block_is_within(&part, &all))
			hgt_tell_field(s, rule, &item, NULL, "%s is not a part of %s", hgt_quote(item.node->text), hgt_quote(cidr.node->text));
}

static void check_peer(struct hgt_subject *s, const struct hgt_field *peer)
{
	struct hgt_field pods = hgt_field_get(peer, "podSelector"), namespaces = hgt_field_get(peer, "namespaceSelector");
	struct hgt_field block = hgt_field_get(peer, "ipBlock");

	if (peer->node && !hgt_field_is_map(peer))
		return;
	hgt_check_label_selector(s, &pods);
	hgt_check_label_selector(s, &namespaces);
	check_ip_block(s, &block);
	if (!pods.node && !namespaces.node && !block.node)
		hgt_tell_field(s, rule, peer, "a selector of {} takes all", "must have podSelector, namespaceSelector or ipBlock");
	else if (block.node && (pods.node || namespaces.node))
		hgt_tell_field(s, rule, peer, "make two peers of it", "may not have both ipBlock and a selector");
}

static void check_direction(struct hgt_subject *s, const struct hgt_field *spec, const char *name, const char *peers_name)
{
	struct hgt_field rules = hgt_field_get(spec, name);

	HGT_EACH_ITEM(&rules, item) {
		struct hgt_field ports = hgt_field_get(&item, "ports"), peers = hgt_field_get(&item, peers_name);

		HGT_EACH_ITEM(&ports, port)
			if (hgt_field_is_map(&port))
				check_port(s, &port);
		HGT_EACH_ITEM(&peers, peer)
			check_peer(s, &peer);
	}
}

void hgt_check_k8s_network_policy(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field pods = hgt_field_get(&spec, "podSelector");

	hgt_check_label_selector(s, &pods);
	check_direction(s, &spec, "ingress", "from");
	check_direction(s, &spec, "egress", "to");
}

void hgt_check_k8s_ip_address(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), metadata = hgt_field_get(&object, "metadata");
	struct hgt_field name = hgt_field_get(&metadata, "name");
	struct hgt_field spec = hgt_field_get(&object, "spec"), parent = hgt_field_get(&spec, "parentRef");
	const char *text = hgt_field_text(&name, NULL);

	if (!spec.node)
		hgt_tell_field(s, rule, &parent, "say what has the address", "is missing");
	if (text && !hgt_is_canonical_ip(text, strlen(text)))
		hgt_tell_field(s, rule, &name, "an IPAddress is named as the address it stands for",
			"%s is not an IP address in its canonical form",
			hgt_quote(text));
}

void hgt_check_k8s_service_cidr(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), cidrs = hgt_field_get(&spec, "cidrs");
	struct hgt_ip ips[2];
	unsigned bits;
	size_t known = 0;

	if (!hgt_check_required_list(s, rule, &cidrs, "for example [10.96.0.0/12]"))
		return;
	if (hgt_field_count(&cidrs) > 2) {
		hgt_tell_field(s, rule, &cidrs, "one of each IP family", "may have two blocks at most");
		return;
	}
	HGT_EACH_ITEM(&cidrs, item) {
		const char *text = hgt_field_string(&item);

		if (!text)
			return;
		if (!hgt_is_canonical_cidr(text, item.node->len))
			hgt_tell_field(s, rule, &item, "for example 10.96.0.0/12", "%s is not a block of IP addresses in its canonical form",
				hgt_quote(text));
		else if (hgt_cidr_parse(text, item.node->len, &ips[known], &bits))
			known++;
	}
	if (known == 2 && ips[0].v4 == ips[1].v4)
		hgt_tell_field(s, rule, &cidrs, "one of each IP family", "has two blocks of one family");
}
