/* transition/immutable: whether two values of a field are the same to the API server, and where they first differ. */
#include "base/escape.h"
#include "k8s/transition.h"
#include "schema/format_kubernetes.h"

/* Keys compared in one push: only maps of many thousands of keys in another order come near it. */
enum { WORK_MAX = 50 * 1000 * 1000 };

bool hgt_transition_spend(struct hgt_transition *t, size_t keys)
{
	if (*t->work > WORK_MAX)
		return false;
	*t->work += keys;
	return true;
}

/* What a value, or the names in a map, are. */
enum context {
	OWN,		/* a field that the kind's row names: it may have a default that is the kind's */
	FIELDS,		/* of a type: a missing one has its default */
	FREE,		/* of whoever wrote them: labels, data */
	QUANTITIES,	/* of resources; the values are quantities */
};

static int compare_name(const void *name, const void *row)
{
	return strcmp(name, *(const char *const *)row);
}

#define FIND(name, rows) bsearch(name, rows, sizeof(rows) / sizeof((rows)[0]), sizeof((rows)[0]), compare_name)

/* What the server fills in where it is missing, sorted; of numbers in decimal. */
struct field_default {
	const char *name, *value;
};

/* Of fields that rows of transition_kinds.c name, and of a Pod's spec. */
static const struct field_default own_defaults[] = {
	{"attachRequired", "true"},
	{"completionMode", "NonIndexed"},
	{"completions", "1"},
	{"dnsPolicy", "ClusterFirst"},
	{"enableServiceLinks", "true"},
	{"podManagementPolicy", "OrderedReady"},
	{"preemptionPolicy", "PreemptLowerPriority"},
	{"reclaimPolicy", "Delete"},
	{"restartPolicy", "Always"},
	{"schedulerName", "default-scheduler"},
	{"serviceAccountName", "default"},
	{"terminationGracePeriodSeconds", "30"},
	{"type", "Opaque"},
	{"volumeBindingMode", "Immediate"},
	{"volumeLifecycleModes", "Persistent"},
	{"volumeMode", "Filesystem"},
};

/* Of fields wherever they are. */
static const struct field_default defaults[] = {
	{"allocationMode", "ExactCount"},
	{"apiGroup", "rbac.authorization.k8s.io"},
	{"apiVersion", "v1"},
	{"count", "1"},
	{"defaultMode", "420"},
	{"dnsPolicy", "ClusterFirst"},
	{"expirationSeconds", "3600"},
	{"failureThreshold", "3"},
	{"kind", "PersistentVolumeClaim"},
	{"path", "/"},
	{"periodSeconds", "10"},
	{"procMount", "Default"},
	{"protocol", "TCP"},
	{"schedulerName", "default-scheduler"},
	{"scheme", "HTTP"},
	{"successThreshold", "1"},
	{"terminationGracePeriodSeconds", "30"},
	{"terminationMessagePath", "/dev/termination-log"},
	{"terminationMessagePolicy", "File"},
	{"timeoutSeconds", "1"},
	{"volumeMode", "Filesystem"},
};

/* Fields for which false or 0 is not the same as nothing, sorted. */
static const char *const three_valued[] = {"activeDeadlineSeconds", "adminAccess", "allowMultipleAllocations",
	"allowPrivilegeEscalation", "automountServiceAccountToken", "backoffLimitPerIndex", "enableServiceLinks", "fsGroup",
	"hostProcess", "hostUsers", "maxFailedIndexes", "minDomains", "mode", "optional", "privileged", "readOnlyRootFilesystem",
	"runAsGroup", "runAsNonRoot", "runAsUser", "setHostnameAsFQDN", "shareProcessNamespace", "tolerationSeconds"};

/* Maps whose keys are not fields, sorted. */
static const char *const free_maps[] = {"annotations", "binaryData", "data", "labels", "matchLabels", "nodeSelector", "options",
	"parameters", "stringData", "volumeAttributes"};

static const char *const quantity_maps[] = {"capacity", "limits", "overhead", "requests"};

static bool is_scalar(const struct hgt_node *node)
{
	return node->type != HGT_NODE_MAP && node->type != HGT_NODE_SEQ;
}

static const struct field_default *default_of(enum context in, const char *name)
{
	if (in == OWN)
		return FIND(name, own_defaults);
	return in == FIELDS ? FIND(name, defaults) : NULL;
}

static bool is_value(const struct hgt_node *node, const char *value)
{
	if (node->type == HGT_NODE_SEQ)
		return node->v.seq.n == 1 && is_scalar(node->v.seq.items[0]) && is_value(node->v.seq.items[0], value);
	if (node->type == HGT_NODE_INT)
		return !node->is_unsigned && node->v.integer == strtoll(value, NULL, 10);
	if (node->type == HGT_NODE_BOOL)
		return node->v.boolean == (strcmp(value, "true") == 0);
	return strcmp(node->text, value) == 0;
}

/* Whether a field with this value is as good as missing. */
static bool is_nothing(enum context in, const char *name, const struct hgt_node *node)
{
	const struct field_default *filled_in = default_of(in, name);

	if (!node || node->type == HGT_NODE_NULL)
		return true;
	if (in == FREE)
		return false;
	if (filled_in && node->type != HGT_NODE_MAP)
		return is_value(node, filled_in->value);
	switch (node->type) {
	case HGT_NODE_MAP:
		return !node->v.map.n;
	case HGT_NODE_SEQ:
		return !node->v.seq.n;
	case HGT_NODE_STRING:
		return !node->len;
	case HGT_NODE_BOOL:
		return !node->v.boolean && !FIND(name, three_valued);
	case HGT_NODE_INT:
		return in != QUANTITIES && !node->is_unsigned && !node->v.integer && !FIND(name, three_valued);
	default:
		return false;
	}
}

static enum context below(enum context in, const char *name)
{
	if (in == FREE || FIND(name, free_maps))
		return FREE;
	return FIND(name, quantity_maps) ? QUANTITIES : FIELDS;
}

static bool is_quantity(enum context in, const char *name)
{
	return in == QUANTITIES || (in == FIELDS && (strcmp(name, "sizeLimit") == 0 || strcmp(name, "divisor") == 0));
}

static bool same_scalar(enum context in, const char *name, const struct hgt_node *a, const struct hgt_node *b)
{
	struct hgt_quantity x, y;

	if (hgt_k8s_has_placeholder(a->text) || hgt_k8s_has_placeholder(b->text))
		return true;
	if (is_quantity(in, name) && hgt_quantity_parse(a->text, a->len, &x) && hgt_quantity_parse(b->text, b->len, &y))
		return hgt_quantity_compare(&x, &y) == 0;
	if (a->type == HGT_NODE_BOOL && b->type == HGT_NODE_BOOL)
		return a->v.boolean == b->v.boolean;
	if (a->type == HGT_NODE_INT && b->type == HGT_NODE_INT)
		return a->is_unsigned == b->is_unsigned && a->v.uinteger == b->v.uinteger;
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static bool same(struct hgt_transition *t, enum context in, const char *name, const struct hgt_node *a, const struct hgt_node *b);

/* What a pod's container does not request is what it is limited to; a template's stays as it is. */
static const struct hgt_node *request_of(const struct hgt_node *resources, const char *key)
{
	const struct hgt_node *node = hgt_node_get(hgt_node_get(resources, "requests"), key);

	return node && node->type != HGT_NODE_NULL ? node : hgt_node_get(hgt_node_get(resources, "limits"), key);
}

static bool same_requests(struct hgt_transition *t, const struct hgt_node *a, const struct hgt_node *b)
{
	const struct hgt_node *maps[] = {hgt_node_get(a, "requests"), hgt_node_get(a, "limits"), hgt_node_get(b, "requests"),
		hgt_node_get(b, "limits")};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		for (size_t j = 0; maps[i] && maps[i]->type == HGT_NODE_MAP && j < maps[i]->v.map.n; j++) {
			const char *key = maps[i]->v.map.pairs[j].key->text;

			if (!same(t, QUANTITIES, key, request_of(a, key), request_of(b, key)))
				return false;
		}
	return true;
}

/* Whether a member of what is called `name` is not to be compared by itself: another name of serviceAccountName, what a server has
 * written, what depends on the image, and the requests of a pod's container. */
static bool is_passed_over(enum context in, const char *name, const char *key)
{
	return below(in, name) == FIELDS && (strcmp(key, "serviceAccount") == 0 || strcmp(key, "status") == 0 ||
		strcmp(key, "imagePullPolicy") == 0 || (in == OWN && strcmp(name, "resources") == 0 && strcmp(key, "requests") == 0));
}

/* What is under the key of the i-th pair of one map in the other. They are mostly in the same order, off by *shift. Once the
 * work is spent the two are the same. */
static const struct hgt_node *partner(struct hgt_transition *t, const struct hgt_node *map, const struct hgt_pair *pair, size_t i,
	size_t *shift)
{
	size_t at = i + *shift;
	const struct hgt_pair *other = at < map->v.map.n ? &map->v.map.pairs[at] : NULL;

	if (other && !other->merged && !other->overridden && other->key->len == pair->key->len &&
		memcmp(other->key->text, pair->key->text, pair->key->len) == 0)
		return other->value;
	if (!hgt_transition_spend(t, map->v.map.n))
		return pair->value;
	other = hgt_node_find(map, pair->key->text, pair->key->len);
	if (other)
		*shift = (size_t)(other - map->v.map.pairs) - i;
	return other ? other->value : NULL;
}

/* What the server makes of a container without it depends on the image. */
static const char *pull_policy(const struct hgt_node *container)
{
	const char *policy = hgt_node_get_string(container, "imagePullPolicy"), *image = hgt_node_get_string(container, "image");
	const char *slash = image ? strrchr(image, '/') : NULL, *tag = image ? strrchr(slash ? slash : image, ':') : NULL;

	if (policy && *policy)
		return policy;
	return image && !strchr(image, '@') && (!tag || strcmp(tag, ":latest") == 0) ? "Always" : "IfNotPresent";
}

bool hgt_transition_same_pull_policy(const struct hgt_node *a, const struct hgt_node *b)
{
	const char *policy_a = pull_policy(a), *policy_b = pull_policy(b);
	bool stated = hgt_node_get(a, "imagePullPolicy") || hgt_node_get(b, "imagePullPolicy");

	return !stated || hgt_k8s_has_placeholder(policy_a) || hgt_k8s_has_placeholder(policy_b) || strcmp(policy_a, policy_b) == 0;
}

/* `in` is what holds the two, `name` what they are called there. */
static bool same_map(struct hgt_transition *t, enum context in, const char *name, const struct hgt_node *a,
	const struct hgt_node *b)
{
	enum context inner = below(in, name);
	size_t shift = 0;

	for (size_t i = 0; i < b->v.map.n; i++) {
		const struct hgt_pair *pair = &b->v.map.pairs[i];

		if (!pair->overridden && !is_passed_over(in, name, pair->key->text) &&
			!same(t, inner, pair->key->text, partner(t, a, pair, i, &shift), pair->value))
			return false;
	}
	shift = 0;
	for (size_t i = 0; i < a->v.map.n; i++) {
		const struct hgt_pair *pair = &a->v.map.pairs[i];

		if (!pair->overridden && !is_passed_over(in, name, pair->key->text) &&
			!partner(t, b, pair, i, &shift) && !same(t, inner, pair->key->text, pair->value, NULL))
			return false;
	}
	if (inner != FIELDS)
		return true;
	return hgt_transition_same_pull_policy(a, b) && (in != OWN || strcmp(name, "resources") != 0 || same_requests(t, a, b));
}

/* `in` is what holds the value, `name` its name there, "" for an item. */
static bool same(struct hgt_transition *t, enum context in, const char *name, const struct hgt_node *a, const struct hgt_node *b)
{
	bool has_a = a && a->type != HGT_NODE_NULL, has_b = b && b->type != HGT_NODE_NULL;

	if (!has_a || !has_b)
		return is_nothing(in, name, has_a ? a : b);
	if (is_scalar(a) && is_scalar(b))
		return same_scalar(in, name, a, b);
	if (a->type != b->type)
		return false;
	if (a->type == HGT_NODE_MAP)
		return same_map(t, in, name, a, b);
	if (a->v.seq.n != b->v.seq.n)
		return false;
	for (size_t i = 0; i < a->v.seq.n; i++)
		if (!same(t, below(in, name), "", a->v.seq.items[i], b->v.seq.items[i]))
			return false;
	return true;
}

/* The value in one line, in YAML's flow style: {app: web, tier: [a, b]}. */
static void add_flow(struct hgt_buf *out, const struct hgt_node *node)
{
	enum { SHOWN = 80 };	/* bytes, about */
	const char *between = "";

	if (out->len > SHOWN)
		return;
	if (is_scalar(node)) {
		if (node->type == HGT_NODE_STRING)
			hgt_buf_adds(out, hgt_quote_text(node->text, node->len).text);
		else
			hgt_escape_text(out, node->text, node->len < SHOWN ? node->len : SHOWN);
	} else if (node->type == HGT_NODE_MAP) {
		hgt_buf_addc(out, '{');
		for (size_t i = 0; i < node->v.map.n && out->len <= SHOWN; i++) {
			if (node->v.map.pairs[i].overridden)
				continue;
			hgt_buf_adds(out, between);
			hgt_escape_text(out, node->v.map.pairs[i].key->text, node->v.map.pairs[i].key->len);
			hgt_buf_adds(out, ": ");
			add_flow(out, node->v.map.pairs[i].value);
			between = ", ";
		}
		hgt_buf_adds(out, out->len > SHOWN ? "..." : "}");
	} else {
		hgt_buf_addc(out, '[');
		for (size_t i = 0; i < node->v.seq.n && out->len <= SHOWN; i++) {
			hgt_buf_adds(out, between);
			add_flow(out, node->v.seq.items[i]);
			between = ", ";
		}
		hgt_buf_adds(out, out->len > SHOWN ? "..." : "]");
	}
}

/* Whether the value is of those that are not to be shown: all below data and stringData. */
static bool is_secret(const struct hgt_transition *t, const struct hgt_field *field)
{
	while (field->up && field->up->up)
		field = field->up;
	return t->kind->secret && field->name && strstr(field->name, "ata");
}

static void tell_fixed(struct hgt_transition *t, const struct hgt_node *before, const struct hgt_field *now, const char *hint)
{
	static const char rule[] = "transition/immutable";
	const char *kind = t->kind->kind;
	struct hgt_buf old = HGT_BUF_INIT, new = HGT_BUF_INIT;
	bool had = before && before->type != HGT_NODE_NULL;

	if (had)
		add_flow(&old, before);
	if (now->node)
		add_flow(&new, now->node);
	if (old.failed || new.failed)
		hgt_engine_fail(t->subject->engine);
	else if (is_secret(t, now))
		hgt_transition_tell(t, rule, now, hint, "cannot change in an existing %s; the value is not shown here", kind);
	else if (had && now->node)
		hgt_transition_tell(t, rule, now, hint, "cannot change from %s to %s in an existing %s", old.data, new.data, kind);
	else if (had)
		hgt_transition_tell(t, rule, now, hint, "cannot be taken out of an existing %s; it was %s", kind, old.data);
	else
		hgt_transition_tell(t, rule, now, hint, "cannot be added to an existing %s; it is %s, and was not set", kind, new.data);
	hgt_buf_release(&old);
	hgt_buf_release(&new);
}

static void find_fixed(struct hgt_transition *t, enum context in, const struct hgt_node *before, const struct hgt_field *now,
	const char *hint);

/* A member that is not told by what is in it. */
static bool find_in_member(struct hgt_transition *t, enum context in, const char *key, const struct hgt_node *before,
	const struct hgt_field *now, const char *hint)
{
	const struct hgt_node *old = hgt_node_get(before, key);
	struct hgt_field member = hgt_field_get(now, key);

	if (same(t, in, key, old, member.node))
		return false;
	find_fixed(t, in, old, &member, hint);
	return true;
}

/* Whether the first difference of two maps is in a member; then it has been told. */
static bool find_in_map(struct hgt_transition *t, enum context in, const char *name, const struct hgt_node *before,
	const struct hgt_field *now, const char *hint)
{
	enum context inner = below(in, name);
	size_t shift = 0;

	for (size_t i = 0; i < hgt_field_members(now); i++) {
		struct hgt_field member = hgt_field_member(now, i);
		const struct hgt_node *old;

		if (!member.key || is_passed_over(in, name, member.name))
			continue;
		old = partner(t, before, &now->node->v.map.pairs[i], i, &shift);
		if (same(t, inner, member.name, old, member.node))
			continue;
		find_fixed(t, inner, old, &member, hint);
		return true;
	}
	shift = 0;
	for (size_t i = 0; i < before->v.map.n; i++) {
		const struct hgt_pair *pair = &before->v.map.pairs[i];

		if (pair->overridden || is_passed_over(in, name, pair->key->text) || partner(t, now->node, pair, i, &shift))
			continue;
		if (find_in_member(t, inner, pair->key->text, before, now, hint))
			return true;
	}
	return (is_passed_over(in, name, "requests") && find_in_member(t, QUANTITIES, "requests", before, now, hint)) ||
		(is_passed_over(in, name, "imagePullPolicy") && find_in_member(t, FIELDS, "imagePullPolicy", before, now, hint));
}

static bool find_in_seq(struct hgt_transition *t, enum context in, const struct hgt_node *before, const struct hgt_field *now,
	const char *hint)
{
	for (size_t i = 0; i < before->v.seq.n && before->v.seq.n == hgt_field_count(now); i++) {
		struct hgt_field item = hgt_field_item(now, i);

		if (same(t, in, "", before->v.seq.items[i], item.node))
			continue;
		find_fixed(t, in, before->v.seq.items[i], &item, hint);
		return true;
	}
	return false;
}

/* Tell of the first place that is not the same, as deep as there is something on both sides. */
static void find_fixed(struct hgt_transition *t, enum context in, const struct hgt_node *before, const struct hgt_field *now,
	const char *hint)
{
	const char *name = now->name ? now->name : "";
	bool found = false;

	if (before && now->node && before->type == now->node->type) {
		if (before->type == HGT_NODE_MAP)
			found = find_in_map(t, in, name, before, now, hint);
		else if (before->type == HGT_NODE_SEQ)
			found = find_in_seq(t, below(in, name), before, now, hint);
	}
	if (!found)
		tell_fixed(t, before, now, hint);
}

void hgt_transition_fixed(struct hgt_transition *t, const struct hgt_node *before, const struct hgt_field *now, const char *hint)
{
	enum context in = OWN;

	/* Keys of a Secret's data are no fields. */
	for (const struct hgt_field *up = now->up; up; up = up->up)
		if (up->name && below(OWN, up->name) == FREE)
			in = FREE;
	if (!same(t, in, now->name ? now->name : "", before, now->node))
		find_fixed(t, in, before, now, hint ? hint : t->kind->hint);
}
