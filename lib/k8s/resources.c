/* k8s/resources: what containers and pods ask for, and what they are held to. */
#include "k8s/pod.h"

static const char rule[] = "k8s/resources", doubtful_rule[] = "k8s/doubtful";

static bool begins(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

static bool is_huge_page(const char *name)
{
	return begins(name, "hugepages-");
}

static bool is_extended(const char *name)
{
	return strchr(name, '/') && !strstr(name, "kubernetes.io/");
}

bool hgt_is_container_resource(const char *name, size_t len)
{
	static const char *const standard[] = {"cpu", "memory", "ephemeral-storage", NULL};

	if (!hgt_is_label_key(name, len))
		return false;
	if (!strchr(name, '/'))
		return hgt_is_one_of(name, standard) || is_huge_page(name);
	return !is_extended(name) || hgt_is_extended_resource_name(name, len);
}

static bool is_pod_resource(const char *name, size_t len)
{
	return hgt_is_label_key(name, len) && (strcmp(name, "cpu") == 0 || strcmp(name, "memory") == 0 || is_huge_page(name));
}

/* The server keeps thousandths, and rounds up to them. */
static bool read_quantity(const struct hgt_field *field, struct hgt_quantity *out)
{
	uint32_t milli;

	if (!hgt_field_quantity(field, out))
		return false;
	milli = (out->nanos + 999999) / 1000000;
	out->nanos = milli % 1000 * 1000000;
	if (milli == 1000 && out->whole < UINT64_MAX)
		out->whole++;
	return true;
}

static bool is_multiple(const struct hgt_quantity *quantity, const char *page)
{
	struct hgt_quantity size;

	if (!hgt_quantity_parse(page, strlen(page), &size) || size.negative || size.nanos || !size.whole)
		return false;
	return (quantity->whole + (quantity->nanos > 0)) % size.whole == 0;
}

/* What a quantity of this resource may be by itself. */
static void check_quantity(struct hgt_pod *pod, const struct hgt_field *member)
{
	const char *name = member->key->text;
	struct hgt_quantity quantity;

	if (!read_quantity(member, &quantity))
		return;
	if (quantity.negative)
		hgt_tell_field(pod->subject, rule, member, NULL, "must be 0 or more, is %s", hgt_quote(member->node->text));
	else if (is_extended(name) && quantity.nanos)
		hgt_tell_field(pod->subject, rule, member, "a whole number", "%s is no whole number, and %s comes in whole ones only",
			hgt_quote(member->node->text), hgt_quote(name));
	else if (quantity.nanos && (strcmp(name, "memory") == 0 || strcmp(name, "ephemeral-storage") == 0))
		hgt_tell_field(pod->subject, doubtful_rule, member, "m is a thousandth; M is a million, Mi is 2 to the power of 20",
			"%s is no whole number of bytes", hgt_quote(member->node->text));
	else if (is_huge_page(name) && !is_multiple(&quantity, name + strlen("hugepages-")))
		hgt_tell_field(pod->subject, rule, member, NULL, "%s is no multiple of the page's size", hgt_quote(member->node->text));
}

struct kinds_seen {
	bool huge_pages, cpu_or_memory;
};

static void check_list(struct hgt_pod *pod, const struct hgt_field *list, bool of_pod, struct kinds_seen *seen)
{
	HGT_EACH_MEMBER(list, member) {
		const char *name = member.key->text;
		size_t len = member.key->len;

		if (hgt_k8s_has_placeholder(name)) {
			seen->cpu_or_memory = true;
			continue;
		}
		if (of_pod ? !is_pod_resource(name, len) : !hgt_is_container_resource(name, len))
			hgt_tell_key(pod->subject, rule, &member, of_pod ? "cpu, memory or hugepages-SIZE" :
				"cpu, memory, ephemeral-storage, hugepages-SIZE, or a name with a domain: example.com/gpu",
				"is no resource that a %s can ask for", of_pod ? "pod" : "container");
		check_quantity(pod, &member);
		seen->huge_pages = seen->huge_pages || is_huge_page(name);
		seen->cpu_or_memory = seen->cpu_or_memory || strcmp(name, "cpu") == 0 || strcmp(name, "memory") == 0;
	}
}

/* A request and the limit of the same name. What cannot be shared has to be asked for as a whole. */
static void check_pair(struct hgt_pod *pod, const struct hgt_field *request, const struct hgt_field *limits,
	const struct hgt_map *index)
{
	const char *name = request->key->text;
	bool shared = !is_huge_page(name) && !is_extended(name);
	struct hgt_field limit = hgt_index_get(index, limits, name);
	struct hgt_quantity asked, most = {0};
	bool is_null = limit.key && !limit.node;
	int order;

	if (!limit.node && !is_null && !shared && (!limits->node || limits->node->type == HGT_NODE_MAP))
		hgt_tell_field(pod->subject, rule, &limit, "give it the same limit", "is missing, and %s needs a limit where it is requested",
			hgt_quote(name));
	if (!read_quantity(request, &asked) || (!is_null && !read_quantity(&limit, &most)))
		return;
	order = hgt_quantity_compare(&asked, &most);
	if (is_null && order > 0)
		hgt_tell_field(pod->subject, rule, request, "give it a limit, or remove that one", "is %s, and the limit is null, which is 0",
			hgt_quote(request->node->text));
	else if (order && !shared)
		hgt_tell_field(pod->subject, rule, request, NULL, "has to be equal to the limit of %s, is %s", hgt_quote(limit.node->text),
			hgt_quote(request->node->text));
	else if (order > 0)
		hgt_tell_field(pod->subject, rule, request, "raise the limit, or request less", "is %s, more than the limit of %s",
			hgt_quote(request->node->text), hgt_quote(limit.node->text));
}

static void check_requirements(struct hgt_pod *pod, const struct hgt_field *resources, bool of_pod)
{
	struct hgt_field limits = hgt_field_get(resources, "limits"), requests = hgt_field_get(resources, "requests");
	struct hgt_map index = HGT_MAP_INIT;
	struct kinds_seen seen = {0};

	hgt_index_members(pod->subject, &limits, &index);
	check_list(pod, &limits, of_pod, &seen);
	check_list(pod, &requests, of_pod, &seen);
	HGT_EACH_MEMBER(&requests, request)
		if (!hgt_k8s_has_placeholder(request.key->text))
			check_pair(pod, &request, &limits, &index);
	hgt_map_release(&index);
	/* A pod's own get those that its containers request. */
	if (seen.huge_pages && !seen.cpu_or_memory && (!of_pod || pod->is_template))
		hgt_tell_field(pod->subject, rule, resources, "add cpu or memory", "huge pages cannot be asked for without cpu or memory");
}

/* A claim as a whole, or single requests of it. */
static void check_claims(struct hgt_pod *pod, const struct hgt_field *claims)
{
	struct hgt_seen whole = HGT_SEEN_INIT, parts = HGT_SEEN_INIT, with_parts = HGT_SEEN_INIT;

	HGT_EACH_ITEM(claims, claim) {
		struct hgt_field name = hgt_field_get(&claim, "name"), request = hgt_field_get(&claim, "request");
		const char *text = hgt_field_string(&name), *part = hgt_field_text(&request, "");
		const struct hgt_node *first;

		if (!text || !*text || !part)
			continue;
		if (!hgt_names_get(&pod->devices, text) && !pod->devices.open)
			hgt_tell_field(pod->subject, rule, &name, "resourceClaims of the pod names those that there are",
				"the pod has no resource claim %s", hgt_quote(text));
		first = hgt_seen_get(&whole, text, strlen(text));
		if (!first && *part)
			first = hgt_seen_before(pod->subject, &parts, claim.node, "%s/%s", text, part);
		else if (!first && !(first = hgt_seen_get(&with_parts, text, strlen(text))))
			hgt_seen_before(pod->subject, &whole, claim.node, "%s", text);
		if (first)
			hgt_tell_again(pod->subject, rule, &name, first);
		else if (*part)
			hgt_seen_before(pod->subject, &with_parts, claim.node, "%s", text);
	}
	hgt_seen_release(&whole);
	hgt_seen_release(&parts);
	hgt_seen_release(&with_parts);
}

void hgt_check_resources(struct hgt_pod *pod, const struct hgt_field *resources)
{
	struct hgt_field claims = hgt_field_get(resources, "claims");

	check_requirements(pod, resources, false);
	check_claims(pod, &claims);
}

/* What the containers request of a resource together. */
static struct hgt_quantity sum_of(const struct hgt_field *containers, const char *name)
{
	struct hgt_quantity sum = {0}, one;

	HGT_EACH_ITEM(containers, container) {
		struct hgt_field resources = hgt_field_get(&container, "resources"), requests = hgt_field_get(&resources, "requests");
		struct hgt_field request = hgt_field_get(&requests, name);

		if (!read_quantity(&request, &one) || one.negative)
			continue;
		sum.nanos += one.nanos;
		sum.whole = one.whole > UINT64_MAX - 1 - sum.whole ? UINT64_MAX - 1 : sum.whole + one.whole;
		if (sum.nanos >= 1000000000) {
			sum.nanos -= 1000000000;
			sum.whole++;
		}
	}
	return sum;
}

static void check_sums(struct hgt_pod *pod, const struct hgt_field *requests, const struct hgt_field *containers)
{
	enum { PAGE_SIZES = 64 };	/* more than there are */
	struct hgt_quantity most, sum;

	if (hgt_field_members(requests) > PAGE_SIZES)
		return;
	HGT_EACH_MEMBER(requests, request) {
		if (!is_pod_resource(request.key->text, request.key->len) || !read_quantity(&request, &most))
			continue;
		sum = sum_of(containers, request.key->text);
		if (hgt_quantity_compare(&sum, &most) > 0)
			hgt_tell_field(pod->subject, rule, &request, "raise it, or let the containers request less",
				"is %s, less than the containers request together", hgt_quote(request.node->text));
	}
}

static void check_limits(struct hgt_pod *pod, const struct hgt_field *limits, const struct hgt_field *containers)
{
	struct hgt_map index = HGT_MAP_INIT;
	struct hgt_quantity most, one;

	hgt_index_members(pod->subject, limits, &index);
	HGT_EACH_ITEM(containers, container) {
		struct hgt_field resources = hgt_field_get(&container, "resources"), own = hgt_field_get(&resources, "limits");

		HGT_EACH_MEMBER(&own, limit) {
			struct hgt_field whole = hgt_index_get(&index, limits, limit.key->text);

			if (read_quantity(&limit, &one) && read_quantity(&whole, &most) && hgt_quantity_compare(&one, &most) > 0)
				hgt_tell_field(pod->subject, rule, &limit, NULL, "is %s, more than the pod's limit of %s",
					hgt_quote(limit.node->text), hgt_quote(whole.node->text));
		}
	}
	hgt_map_release(&index);
}

/* The pod's own resources hold for its containers together. */
void hgt_check_pod_resources(struct hgt_pod *pod)
{
	struct hgt_field overhead = hgt_field_get(&pod->spec, "overhead"), resources = hgt_field_get(&pod->spec, "resources");
	struct hgt_field claims = hgt_field_get(&resources, "claims");
	struct hgt_field requests = hgt_field_get(&resources, "requests"), limits = hgt_field_get(&resources, "limits");
	struct hgt_field containers = hgt_field_get(&pod->spec, "containers");

	check_list(pod, &overhead, false, &(struct kinds_seen){0});
	if (!hgt_field_is_map(&resources))
		return;
	if (claims.node)
		hgt_tell_key(pod->subject, rule, &claims, "containers have them", "cannot be set for the pod as a whole");
	check_requirements(pod, &resources, true);
	check_sums(pod, &requests, &containers);
	check_limits(pod, &limits, &containers);
}
