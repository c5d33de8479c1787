/* Pods and templates: what belongs to the pod as a whole. */
#include "k8s/pod.h"
#include "k8s/workload_checks.h"

static const char rule[] = "k8s/pod", overlap_rule[] = "k8s/overlap", doubtful_rule[] = "k8s/doubtful";

void hgt_names_gather(struct hgt_subject *s, struct hgt_names *names, const struct hgt_field *list)
{
	if (list->node && list->node->type != HGT_NODE_SEQ)
		names->open = true;
	HGT_EACH_ITEM(list, item) {
		struct hgt_field name = hgt_field_get(&item, "name");
		const char *text = hgt_field_text(&name, "");
		const struct hgt_node *first;

		if (!text) {
			names->open = true;
			continue;
		}
		if (!*text || !(first = hgt_seen_before(s, &names->seen, item.node, "%s", text)))
			continue;
		hgt_tell_again(s, "k8s/duplicate-name", &name, first);
	}
}

void hgt_names_release(struct hgt_names *names)
{
	hgt_seen_release(&names->seen);
}

const struct hgt_node *hgt_names_get(const struct hgt_names *names, const char *name)
{
	return hgt_seen_get(&names->seen, name, strlen(name));
}

void hgt_index_members(struct hgt_subject *s, const struct hgt_field *map, struct hgt_map *index)
{
	HGT_EACH_MEMBER(map, member)
		if (hgt_map_put(index, member.key->text, member.key->len, &map->node->v.map.pairs[member.index], NULL) < 0)
			hgt_engine_fail(s->engine);
}

struct hgt_field hgt_index_get(const struct hgt_map *index, const struct hgt_field *map, const char *name)
{
	const struct hgt_pair *pair = hgt_map_get(index, name, strlen(name));
	bool set = pair && pair->value->type != HGT_NODE_NULL;

	return (struct hgt_field){.up = map, .name = name, .key = pair ? pair->key : NULL, .node = set ? pair->value : NULL};
}

/* glibc's limits: what is beyond them would be cut. */
static void check_dns(struct hgt_pod *pod)
{
	enum { SEARCH_MAX = 2048 };
	struct hgt_field policy = hgt_field_get(&pod->spec, "dnsPolicy"), config = hgt_field_get(&pod->spec, "dnsConfig");
	struct hgt_field servers = hgt_field_get(&config, "nameservers"), searches = hgt_field_get(&config, "searches");
	size_t total = 0;
	struct hgt_ip ip;

	if (hgt_field_equals(&policy, "None") && (!config.node || hgt_field_is_empty(&servers)))
		hgt_tell_field(pod->subject, rule, config.node ? &servers : &config, "list the name servers, or leave dnsPolicy out",
			"dnsPolicy None needs name servers, and there are none");
	HGT_EACH_ITEM(&servers, server)
		hgt_check_ip(pod->subject, rule, &server, &ip);
	HGT_EACH_ITEM(&searches, search)
		total += search.node && search.node->type == HGT_NODE_STRING ? search.node->len + (search.index > 0) : 0;
	if (total > SEARCH_MAX)
		hgt_tell_field(pod->subject, rule, &searches, NULL, "the search path has %zu characters, and %d are the most", total, SEARCH_MAX);
}

static void check_host_aliases(struct hgt_pod *pod)
{
	struct hgt_field aliases = hgt_field_get(&pod->spec, "hostAliases");
	struct hgt_seen seen = HGT_SEEN_INIT;
	struct hgt_ip ip;

	HGT_EACH_ITEM(&aliases, alias) {
		struct hgt_field address = hgt_field_get(&alias, "ip");
		const struct hgt_node *first = NULL;

		if (hgt_check_ip(pod->subject, rule, &address, &ip))
			first = hgt_seen_before(pod->subject, &seen, address.node, "%s", address.node->text);
		if (first)
			hgt_tell_again(pod->subject, overlap_rule, &address, first);
	}
	hgt_seen_release(&seen);
}

static void check_pull_secrets(struct hgt_pod *pod)
{
	struct hgt_field secrets = hgt_field_get(&pod->spec, "imagePullSecrets");
	struct hgt_seen seen = HGT_SEEN_INIT;

	HGT_EACH_ITEM(&secrets, secret) {
		struct hgt_field name = hgt_field_get(&secret, "name");
		const char *text = hgt_field_text(&name, "");
		const struct hgt_node *first = text && *text ? hgt_seen_before(pod->subject, &seen, name.node, "%s", text) : NULL;

		if (first)
			hgt_tell_again(pod->subject, overlap_rule, &name, first);
		else if (text && !*text)
			hgt_tell_field(pod->subject, doubtful_rule, &name, "name the Secret, or remove the item", "is missing");
	}
	hgt_seen_release(&seen);
}

static void check_grace_period(struct hgt_pod *pod)
{
	int64_t n;

	if (hgt_field_int(&pod->grace_period, &n) && n < 0)
		hgt_tell_field(pod->subject, doubtful_rule, &pod->grace_period, "0 or more", "is %" PRId64 ", which is taken for 1", n);
}

static void check_label(struct hgt_pod *pod, const char *name)
{
	struct hgt_field field = hgt_field_get(&pod->spec, name);
	const char *text = hgt_field_string(&field);

	if (text && *text && !hgt_is_short_name(text, field.node->len))
		hgt_tell_field(pod->subject, rule, &field, "small letters, digits and \"-\", 63 at the most, no dots",
			"%s is no DNS label", hgt_quote(text));
}

static void check_host_name(struct hgt_pod *pod)
{
	struct hgt_field name = hgt_field_get(&pod->spec, "hostnameOverride");
	struct hgt_field fqdn = hgt_field_get(&pod->spec, "setHostnameAsFQDN");

	if (!pod->is_named_elsewhere) {
		check_label(pod, "hostname");
		check_label(pod, "subdomain");
	}
	if (name.node && hgt_field_is_true(&fqdn))
		hgt_tell_key(pod->subject, rule, &name, "remove one of the two", "cannot be set when setHostnameAsFQDN is true");
	if (name.node && pod->has_host_network)
		hgt_tell_key(pod->subject, rule, &name, "a pod with hostNetwork has the node's name", "cannot be set when hostNetwork is true");
}

static void check_resource_claims(struct hgt_pod *pod)
{
	struct hgt_field claims = hgt_field_get(&pod->spec, "resourceClaims");

	hgt_names_gather(pod->subject, &pod->devices, &claims);
}

/* serviceAccount is what serviceAccountName was called once, and counts where that is not there. */
static void check_account(struct hgt_pod *pod)
{
	struct hgt_field name = hgt_field_get(&pod->spec, "serviceAccountName"), old = hgt_field_get(&pod->spec, "serviceAccount");
	const char *text = hgt_field_string(&old);

	if (text && *text && hgt_field_is_empty(&name) && !hgt_is_long_name(text, old.node->len))
		hgt_tell_field(pod->subject, rule, &old, NULL, "%s is no name that a ServiceAccount can have", hgt_quote(text));
}

/* What only comes about while a pod is there. */
static void check_birth(struct hgt_pod *pod)
{
	struct hgt_field debug = hgt_field_get(&pod->spec, "ephemeralContainers");
	struct hgt_field node = hgt_field_get(&pod->spec, "nodeName"), gates = hgt_field_get(&pod->spec, "schedulingGates");
	struct hgt_field group = hgt_field_get(&pod->spec, "schedulingGroup"), responders = hgt_field_get(&pod->spec, "evictionResponders");

	if (!hgt_field_is_empty(&debug))
		hgt_tell_key(pod->subject, rule, &debug, "kubectl debug adds them to a pod that runs; in a manifest use containers",
			"ephemeral containers cannot be part of %s", pod->is_template ? "a template" : "a pod that is created");
	if (!pod->is_template && !hgt_field_is_empty(&node) && !hgt_field_is_empty(&gates))
		hgt_tell_field(pod->subject, rule, &node, "leave one of the two out", "a pod with schedulingGates cannot have a node yet");
	if (group.node && !hgt_field_is_empty(&responders))
		hgt_tell_key(pod->subject, rule, &group, "leave one of the two out", "cannot be set together with evictionResponders");
}

static void check_image_blanks(struct hgt_pod *pod, const char *list)
{
	struct hgt_field containers = hgt_field_get(&pod->spec, list);

	HGT_EACH_ITEM(&containers, container) {
		struct hgt_field image = hgt_field_get(&container, "image");
		const char *text = hgt_field_string(&image);
		size_t len = text ? image.node->len : 0;

		if (len && (strchr(" \t\n\v\f\r", text[0]) || strchr(" \t\n\v\f\r", text[len - 1])))
			hgt_tell_field(pod->subject, rule, &image, "remove the blanks", "%s begins or ends with a blank", hgt_quote(text));
	}
}

static void check_pod(struct hgt_subject *s, const struct hgt_field *metadata, const struct hgt_field *spec, bool is_template,
	const struct hgt_field *claims)
{
	struct hgt_pod pod = {.subject = s, .spec = *spec, .metadata = *metadata, .is_template = is_template};
	struct hgt_field network = hgt_field_get(spec, "hostNetwork");

	if (!hgt_field_is_map(spec))
		return;
	pod.is_named_elsewhere = claims != NULL;
	pod.has_host_network = hgt_field_is_true(&network);
	pod.restart_policy = hgt_field_get(spec, "restartPolicy");
	pod.grace_period = hgt_field_get(spec, "terminationGracePeriodSeconds");
	check_resource_claims(&pod);
	hgt_check_volumes(&pod, claims);
	hgt_check_containers(&pod);
	if (!is_template) {
		check_image_blanks(&pod, "containers");
		check_image_blanks(&pod, "initContainers");
	}
	hgt_check_pod_resources(&pod);
	hgt_check_scheduling(&pod);
	hgt_check_security(&pod);
	hgt_check_pod_annotations(&pod);
	check_dns(&pod);
	check_host_aliases(&pod);
	check_host_name(&pod);
	check_account(&pod);
	check_pull_secrets(&pod);
	check_grace_period(&pod);
	check_birth(&pod);
	hgt_names_release(&pod.volumes);
	hgt_names_release(&pod.claims);
	hgt_names_release(&pod.devices);
}

void hgt_check_pod_template(struct hgt_subject *s, const struct hgt_field *template, const struct hgt_field *claims)
{
	struct hgt_field metadata = hgt_field_get(template, "metadata"), spec = hgt_field_get(template, "spec");

	hgt_check_labels(s, &metadata);
	check_pod(s, &metadata, &spec, true, claims);
}

void hgt_check_k8s_pod(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s);
	struct hgt_field metadata = hgt_field_get(&object, "metadata"), spec = hgt_field_get(&object, "spec");

	check_pod(s, &metadata, &spec, false, NULL);
}

void hgt_check_k8s_pod_template(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), template = hgt_field_get(&object, "template");

	hgt_check_pod_template(s, &template, NULL);
}
