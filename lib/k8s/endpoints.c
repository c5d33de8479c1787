/* k8s/service: Endpoints and EndpointSlice, which say where a Service leads. */
#include "k8s/kind_checks.h"
#include "k8s/parts.h"

static const char rule[] = "k8s/service";

static void check_address(struct hgt_subject *s, const struct hgt_field *field)
{
	struct hgt_ip ip;
	const char *wrong;

	if (hgt_check_ip(s, rule, field, &ip) && (wrong = hgt_ip_not_reachable(&ip)))
		hgt_tell_field(s, rule, field, "an address that other nodes can reach", "%s %s", hgt_quote(field->node->text), wrong);
}

static void check_subset(struct hgt_subject *s, const struct hgt_field *subset)
{
	static const char *const lists[] = {"addresses", "notReadyAddresses"};
	struct hgt_field ports = hgt_field_get(subset, "ports");
	bool some = false;

	for (size_t i = 0; i < 2; i++) {
		struct hgt_field list = hgt_field_get(subset, lists[i]);

		some |= !hgt_field_is_empty(&list);
		HGT_EACH_ITEM(&list, address) {
			struct hgt_field ip = hgt_field_get(&address, "ip");

			check_address(s, &ip);
		}
	}
	if (!some)
		hgt_tell_field(s, rule, subset, NULL, "must have addresses or notReadyAddresses");
	HGT_EACH_ITEM(&ports, port) {
		struct hgt_field name = hgt_field_get(&port, "name");

		if (hgt_field_count(&ports) > 1)
			hgt_check_required(s, rule, &name, "several ports are told apart by name");
	}
}

void hgt_check_k8s_endpoints(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), subsets = hgt_field_get(&object, "subsets");

	HGT_EACH_ITEM(&subsets, subset)
		if (hgt_field_is_map(&subset))
			check_subset(s, &subset);
}

/* Names of which at least one dot separates labels of 63 characters at most; a dot may end it. */
static bool is_qualified_domain(const char *name, size_t len)
{
	if (len && name[len - 1] == '.')
		len--;
	for (size_t at = 0; at < len;) {
		const char *dot = memchr(name + at, '.', len - at);
		size_t label = dot ? (size_t)(dot - name) - at : len - at;

		if (!hgt_is_short_name(name + at, label))
			return false;
		at += label + 1;
	}
	return len && len <= 253 && memchr(name, '.', len);
}

static void check_typed_address(struct hgt_subject *s, const struct hgt_field *field, const char *type)
{
	const char *text = hgt_field_string(field);
	struct hgt_ip ip;
	bool read;

	if (!text)
		return;
	if (strcmp(type, "FQDN") == 0) {
		if (!is_qualified_domain(text, field->node->len))
			hgt_tell_field(s, rule, field, "a host name with a dot in it", "%s is not a full DNS name", hgt_quote(text));
		return;
	}
	read = hgt_ip_parse(text, field->node->len, &ip);
	if (strcmp(type, "IPv4") == 0 && read && !ip.v4) {
		hgt_tell_field(s, rule, field, NULL, "%s is not an IPv4 address, and addressType says so", hgt_quote(text));
	} else if (strcmp(type, "IPv6") == 0 && read && (ip.v4 || !hgt_is_canonical_ip(text, field->node->len))) {
		hgt_tell_field(s, rule, field, ip.v4 ? NULL : "small letters, no leading zeros, the longest run of zeros as ::",
			ip.v4 ? "%s is not an IPv6 address, and addressType says so" : "%s is not in its canonical form", hgt_quote(text));
	} else {
		check_address(s, field);
	}
}

static void check_endpoint(struct hgt_subject *s, const struct hgt_field *endpoint, const char *type)
{
	static const char *const hints_for[] = {"forZones", "forNodes"};
	struct hgt_field addresses = hgt_field_get(endpoint, "addresses"), hints = hgt_field_get(endpoint, "hints");

	HGT_EACH_ITEM(&addresses, address)
		check_typed_address(s, &address, type);
	for (size_t i = 0; i < 2; i++) {
		struct hgt_field list = hgt_field_get(&hints, hints_for[i]);
		struct hgt_seen seen = HGT_SEEN_INIT;

		HGT_EACH_ITEM(&list, item) {
			struct hgt_field name = hgt_field_get(&item, "name");
			const char *text = hgt_field_string(&name);
			const struct hgt_node *first = text ? hgt_seen_before(s, &seen, name.node, "%s", text) : NULL;

			if (first)
				hgt_tell_again(s, rule, &name, first);
		}
		hgt_seen_release(&seen);
	}
}

void hgt_check_k8s_endpoint_slice(struct hgt_subject *s)
{
	static const char *const types[] = {"IPv4", "IPv6", "FQDN", NULL};
	struct hgt_field object = hgt_field_root(s), ports = hgt_field_get(&object, "ports");
	struct hgt_field endpoints = hgt_field_get(&object, "endpoints"), type = hgt_field_get(&object, "addressType");
	const char *word = hgt_field_text(&type, NULL);
	struct hgt_seen seen = HGT_SEEN_INIT;

	HGT_EACH_ITEM(&ports, port) {
		struct hgt_field name = hgt_field_get(&port, "name");
		const char *text = hgt_field_text(&name, "");
		const struct hgt_node *first = text ? hgt_seen_before(s, &seen, port.node ? port.node : ports.node, "%s", text) : NULL;

		if (first && text && !*text)
			hgt_tell_field(s, rule, &name, "one port may be without", "is missing, as it is of another port");
		else if (first)
			hgt_tell_again(s, rule, &name, first);
	}
	hgt_seen_release(&seen);
	if (!word || !hgt_is_one_of(word, types))
		return;
	HGT_EACH_ITEM(&endpoints, endpoint)
		check_endpoint(s, &endpoint, word);
}
