/* k8s/quota: ResourceQuota and LimitRange. */
#include "k8s/kind_checks.h"
#include "k8s/parts.h"
#include "k8s/pod.h"

static const char rule[] = "k8s/quota";

/* Names without a slash that mean something. Those of counts are whole numbers. */
enum { COUNT = 1, CONTAINER = 2, QUOTA = 4 };

static const struct {
	const char *name;
	unsigned flags;
} standard[] = {
	{"cpu", CONTAINER | QUOTA}, {"memory", CONTAINER | QUOTA}, {"ephemeral-storage", CONTAINER | QUOTA}, {"storage", 0},
	{"requests.cpu", QUOTA}, {"requests.memory", QUOTA}, {"requests.storage", QUOTA}, {"requests.ephemeral-storage", QUOTA},
	{"limits.cpu", QUOTA}, {"limits.memory", QUOTA}, {"limits.ephemeral-storage", QUOTA}, {"pods", COUNT | QUOTA},
	{"resourcequotas", COUNT | QUOTA}, {"services", COUNT | QUOTA}, {"replicationcontrollers", COUNT | QUOTA},
	{"secrets", COUNT | QUOTA}, {"configmaps", COUNT | QUOTA}, {"persistentvolumeclaims", COUNT | QUOTA},
	{"services.nodeports", COUNT | QUOTA}, {"services.loadbalancers", COUNT | QUOTA},
};

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Its flags, or -1. */
static int standard_flags(const char *name)
{
	if (has_prefix(name, "hugepages-"))
		return CONTAINER | QUOTA;
	if (has_prefix(name, "requests.hugepages-"))
		return QUOTA;
	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++)
		if (strcmp(name, standard[i].name) == 0)
			return (int)standard[i].flags;
	return -1;
}

/* A resource of no Kubernetes' own name: example.com/gpu. */
static bool is_extended(const char *name)
{
	return strchr(name, '/') && !strstr(name, "kubernetes.io/") && !has_prefix(name, "requests.");
}

/* flags: what a name without a slash has to be. */
static void check_resource(struct hgt_subject *s, const struct hgt_field *member, unsigned flags)
{
	const char *name = member->key->text;
	int is = standard_flags(name);

	if (hgt_k8s_has_placeholder(name))
		return;
	if (!hgt_is_label_key(name, member->key->len))
		hgt_tell_key(s, rule, member, "cpu, memory, pods, requests.storage, count/deployments.apps, requests.example.com/gpu...",
			"is not the name of a resource");
	else if (!strchr(name, '/') && (is < 0 || (flags && !((unsigned)is & flags))))
		hgt_tell_key(s, rule, member, is < 0 && flags & QUOTA ? "other kinds are counted as count/deployments.apps" : NULL,
			flags & CONTAINER ? "is not a resource that containers have" : flags & QUOTA ? "is not a resource that a quota can limit" :
			"is not the name of a resource");
	else if (flags & CONTAINER && strchr(name, '/') && has_prefix(name, "requests."))
		hgt_tell_key(s, rule, member, NULL, "is not a resource that containers have");
}

static void check_amount(struct hgt_subject *s, const struct hgt_field *member)
{
	struct hgt_quantity quantity;
	int flags = standard_flags(member->name);

	if (!hgt_field_quantity(member, &quantity))
		return;
	if (quantity.negative)
		hgt_tell_field(s, rule, member, NULL, "must not be negative");
	else if (quantity.nanos && ((flags > 0 && flags & COUNT) || is_extended(member->name)))
		hgt_tell_field(s, rule, member, NULL, "must be a whole number");
}

/* Which resources a scope is about: pods alone, pods and what they use, claims. */
static bool is_scope_for(const char *scope, const char *resource)
{
	static const char *const of_pods[] = {"pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu",
		"requests.memory", NULL};
	static const char *const of_claims[] = {"persistentvolumeclaims", "requests.storage", NULL};
	static const char *const all[] = {"Terminating", "NotTerminating", "NotBestEffort", "PriorityClass",
		"CrossNamespacePodAffinity", NULL};

	if (standard_flags(resource) < 0 || !(standard_flags(resource) & QUOTA))
		return true;
	if (strcmp(scope, "BestEffort") == 0)
		return strcmp(resource, "pods") == 0;
	if (strcmp(scope, "VolumeAttributesClass") == 0)
		return hgt_is_one_of(resource, of_claims);
	return !hgt_is_one_of(scope, all) || hgt_is_one_of(resource, of_pods);
}

static void check_scope(struct hgt_subject *s, const struct hgt_field *at, const char *scope, const struct hgt_field *hard)
{
	static const char *const known[] = {"BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "PriorityClass",
		"CrossNamespacePodAffinity", "VolumeAttributesClass", NULL};

	if (!hgt_is_one_of(scope, known))
		return;
	HGT_EACH_MEMBER(hard, member) {
		if (is_scope_for(scope, member.name))
			continue;
		hgt_tell_field(s, rule, at, "make two quotas of it", "scope %s is not about %s, which hard has", hgt_word(scope),
			hgt_quote(member.name));
		return;
	}
}

/* Two scopes that no pod is in. */
static void check_pairs(struct hgt_subject *s, const struct hgt_field *at, const struct hgt_field *list, const char *key)
{
	static const char *const pairs[][2] = {{"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"}};

	for (size_t i = 0; i < 2; i++) {
		bool has[2] = {false, false};

		HGT_EACH_ITEM(list, item) {
			struct hgt_field name = key ? hgt_field_get(&item, key) : item;

			for (size_t j = 0; j < 2; j++)
				has[j] |= hgt_field_equals(&name, pairs[i][j]);
		}
		if (has[0] && has[1])
			hgt_tell_field(s, rule, at, "remove one of the two", "no pod is of both scopes %s and %s", pairs[i][0], pairs[i][1]);
	}
}

static void check_expression(struct hgt_subject *s, const struct hgt_field *expression, const struct hgt_field *hard,
	struct hgt_seen *seen)
{
	static const char *const plain[] = {"BestEffort", "NotBestEffort", "Terminating", "NotTerminating",
		"CrossNamespacePodAffinity", NULL};
	struct hgt_field scope = hgt_field_get(expression, "scopeName"), operator = hgt_field_get(expression, "operator");
	struct hgt_field values = hgt_field_get(expression, "values");
	const char *name = hgt_field_string(&scope), *word = hgt_field_string(&operator);

	if (name && !hgt_seen_before(s, seen, scope.node, "%s", name))
		check_scope(s, expression, name, hard);
	if (!word)
		return;
	if (name && hgt_is_one_of(name, plain) && strcmp(word, "Exists") != 0)
		hgt_tell_field(s, rule, &operator, NULL, "must be Exists with scope %s", name);
	if (strcmp(word, "In") == 0 || strcmp(word, "NotIn") == 0)
		hgt_check_required_list(s, rule, &values, "list what it may be");
	else if ((strcmp(word, "Exists") == 0 || strcmp(word, "DoesNotExist") == 0) && !hgt_field_is_empty(&values))
		hgt_check_forbidden(s, rule, &values, "operator is In or NotIn");
}

void hgt_check_k8s_resource_quota(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), hard = hgt_field_get(&spec, "hard");
	struct hgt_field scopes = hgt_field_get(&spec, "scopes"), selector = hgt_field_get(&spec, "scopeSelector");
	struct hgt_field expressions = hgt_field_get(&selector, "matchExpressions");
	struct hgt_seen seen = HGT_SEEN_INIT;	/* scopes: each is told of once */

	HGT_EACH_MEMBER(&hard, member) {
		check_resource(s, &member, QUOTA);
		check_amount(s, &member);
	}
	HGT_EACH_ITEM(&scopes, scope)
		if (hgt_field_string(&scope) && !hgt_seen_before(s, &seen, scope.node, "%s", scope.node->text))
			check_scope(s, &scope, scope.node->text, &hard);
	check_pairs(s, &scopes, &scopes, NULL);
	HGT_EACH_ITEM(&expressions, expression)
		check_expression(s, &expression, &hard, &seen);
	hgt_seen_release(&seen);
	check_pairs(s, &expressions, &expressions, "scopeName");
}

/* What a LimitRange says of one resource, from the least to the most. */
enum bound { MIN, DEFAULT_REQUEST, DEFAULT, MAX, RATIO, N_BOUNDS };

static const char *const bound_names[N_BOUNDS] = {"min", "defaultRequest", "default", "max", "maxLimitRequestRatio"};

struct bounds {
	struct hgt_field maps[N_BOUNDS];
	struct hgt_map indexes[N_BOUNDS];	/* of the maps' members */
};

static struct hgt_field bound_of(const struct bounds *bounds, enum bound bound, const char *resource)
{
	return hgt_index_get(&bounds->indexes[bound], &bounds->maps[bound], resource);
}

/* Tell of the greater one unless it is max, as the server does; of min only against max. */
static void check_order(struct hgt_subject *s, const struct bounds *bounds, const char *resource)
{
	static const struct {
		enum bound less, more, at;
	} pairs[] = {
		{MIN, MAX, MIN}, {MIN, DEFAULT_REQUEST, DEFAULT_REQUEST}, {DEFAULT_REQUEST, MAX, DEFAULT_REQUEST},
		{DEFAULT_REQUEST, DEFAULT, DEFAULT_REQUEST}, {MIN, DEFAULT, DEFAULT}, {DEFAULT, MAX, DEFAULT},
	};
	struct hgt_field less, more;
	struct hgt_quantity a, b;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		less = bound_of(bounds, pairs[i].less, resource);
		more = bound_of(bounds, pairs[i].more, resource);
		if (!hgt_field_quantity(&less, &a) || !hgt_field_quantity(&more, &b) || hgt_quantity_compare(&a, &b) <= 0)
			continue;
		hgt_tell_field(s, rule, pairs[i].at == pairs[i].less ? &less : &more, "min <= defaultRequest <= default <= max",
			"%s, %s, is greater than %s, %s", bound_names[pairs[i].less], hgt_quote(less.node->text), bound_names[pairs[i].more],
			hgt_quote(more.node->text));
	}
}

static double number_of(const struct hgt_quantity *quantity)
{
	return ((double)quantity->whole + quantity->nanos / 1e9) * (quantity->negative ? -1 : 1);
}

static void check_ratio(struct hgt_subject *s, const struct bounds *bounds, const char *resource)
{
	struct hgt_field ratio = bound_of(bounds, RATIO, resource), min = bound_of(bounds, MIN, resource);
	struct hgt_field max = bound_of(bounds, MAX, resource);
	struct hgt_quantity a, b, most;

	if (!hgt_field_quantity(&ratio, &a))
		return;
	if (number_of(&a) < 1)
		hgt_tell_field(s, rule, &ratio, NULL, "must be 1 or more");
	if (hgt_field_quantity(&min, &b) && hgt_field_quantity(&max, &most) && number_of(&b) > 0 &&
		number_of(&a) > number_of(&most) / number_of(&b))
		hgt_tell_field(s, rule, &ratio, NULL, "is greater than max divided by min");
}

/* What cannot be shared is asked for as it is limited. */
static void check_not_shared(struct hgt_subject *s, const struct bounds *bounds, const char *resource)
{
	struct hgt_field request = bound_of(bounds, DEFAULT_REQUEST, resource), limit = bound_of(bounds, DEFAULT, resource);
	bool shared = (!strchr(resource, '/') || strstr(resource, "kubernetes.io/")) && !has_prefix(resource, "hugepages-");
	struct hgt_quantity a, b;

	if (!shared && hgt_field_quantity(&request, &a) && hgt_field_quantity(&limit, &b) && hgt_quantity_compare(&a, &b) != 0)
		hgt_tell_field(s, rule, &request, "make them alike", "must be the same as default, since the resource cannot be shared");
}

/* A default and a request by default are none of a Pod's. */
static void find_bounds(struct hgt_subject *s, const struct hgt_field *item, const char *type, struct bounds *bounds)
{
	for (int b = 0; b < N_BOUNDS; b++) {
		bounds->maps[b] = hgt_field_get(item, bound_names[b]);
		if (strcmp(type, "Pod") == 0 && (b == DEFAULT || b == DEFAULT_REQUEST)) {
			if (!hgt_field_is_empty(&bounds->maps[b]))
				hgt_check_forbidden(s, rule, &bounds->maps[b], "type is not Pod");
			bounds->maps[b].node = NULL;
		}
		hgt_index_members(s, &bounds->maps[b], &bounds->indexes[b]);
	}
}

/* flags: of what the resources have to be. */
static void check_bounds(struct hgt_subject *s, const struct bounds *bounds, unsigned flags)
{
	struct hgt_seen seen = HGT_SEEN_INIT;

	for (int b = 0; b < N_BOUNDS; b++) {
		HGT_EACH_MEMBER(&bounds->maps[b], member) {
			check_resource(s, &member, flags);
			if (hgt_seen_before(s, &seen, member.key, "%s", member.name))
				continue;
			check_order(s, bounds, member.name);
			check_ratio(s, bounds, member.name);
			check_not_shared(s, bounds, member.name);
		}
	}
	hgt_seen_release(&seen);
}

static void check_limit(struct hgt_subject *s, const struct hgt_field *item)
{
	static const char *const types[] = {"Pod", "Container", "PersistentVolumeClaim", NULL};
	struct hgt_field type = hgt_field_get(item, "type");
	const char *word = hgt_field_string(&type);
	struct bounds bounds = {.indexes = {HGT_MAP_INIT}};

	if (!word)
		return;
	if (!hgt_is_label_key(word, strlen(word)) || (!strchr(word, '/') && !hgt_is_one_of(word, types)))
		hgt_tell_field(s, rule, &type, "Container, Pod or PersistentVolumeClaim", "%s is not supported", hgt_quote(word));
	find_bounds(s, item, word, &bounds);
	check_bounds(s, &bounds, strcmp(word, "Pod") == 0 || strcmp(word, "Container") == 0 ? CONTAINER : 0);
	if (strcmp(word, "PersistentVolumeClaim") == 0 && !bound_of(&bounds, MIN, "storage").node &&
		!bound_of(&bounds, MAX, "storage").node)
		hgt_tell_field(s, rule, item, NULL, "must have min or max of storage");
	for (int b = 0; b < N_BOUNDS; b++)
		hgt_map_release(&bounds.indexes[b]);
}

void hgt_check_k8s_limit_range(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), limits = hgt_field_get(&spec, "limits");
	struct hgt_seen seen = HGT_SEEN_INIT;

	HGT_EACH_ITEM(&limits, item) {
		struct hgt_field type = hgt_field_get(&item, "type");
		const char *text = hgt_field_string(&type);
		const struct hgt_node *first = text ? hgt_seen_before(s, &seen, type.node, "%s", text) : NULL;

		if (first)
			hgt_tell_again(s, rule, &type, first);
		check_limit(s, &item);
	}
	hgt_seen_release(&seen);
}
