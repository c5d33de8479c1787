/* transition/immutable: whether two values of a field are the same to the API server, and where they first differ. */
#include "base/escape.h"
#include "k8s/transition.h"
#include "schema/format_kubernetes.h"

/* What the names in a map are. */
enum context {
	FIELDS,		/* of a type: a missing one has its default */
	FREE,		/* of whoever wrote them: labels, data */
	QUANTITIES,	/* of resources; the values are quantities */
};

static int compare_name(const void *name, const void *row)
{
	return strcmp(name, *(const char *const *)row);
}

#define FIND(name, rows) bsearch(name, rows, sizeof(rows) / sizeof((rows)[0]), sizeof((rows)[0]), compare_name)

/* Fields that the server fills in where they are missing, sorted. */
struct field_default {
	const char *name, *values[2];
};

static const struct field_default defaults[] = {
	{"apiGroup", {"rbac.authorization.k8s.io", NULL}},
	{"apiVersion", {"v1", NULL}},
	{"attachRequired", {"true", NULL}},
	{"completionMode", {"NonIndexed", NULL}},
	{"completions", {"1", NULL}},
	{"defaultMode", {"420", NULL}},
	{"dnsPolicy", {"ClusterFirst", NULL}},
	{"enableServiceLinks", {"true", NULL}},
	{"expirationSeconds", {"3600", NULL}},
	{"failureThreshold", {"3", NULL}},
	{"imagePullPolicy", {"IfNotPresent", "Always"}},
	{"kind", {"PersistentVolumeClaim", NULL}},
	{"path", {"/", NULL}},
	{"periodSeconds", {"10", NULL}},
	{"podManagementPolicy", {"OrderedReady", NULL}},
	{"preemptionPolicy", {"PreemptLowerPriority", NULL}},
	{"procMount", {"Default", NULL}},
	{"protocol", {"TCP", NULL}},
	{"reclaimPolicy", {"Delete", NULL}},
	{"restartPolicy", {"Always", NULL}},
	{"schedulerName", {"default-scheduler", NULL}},
	{"scheme", {"HTTP", NULL}},
	{"serviceAccountName", {"default", NULL}},
	{"successThreshold", {"1", NULL}},
	{"terminationGracePeriodSeconds", {"30", NULL}},
	{"terminationMessagePath", {"/dev/termination-log", NULL}},
	{"terminationMessagePolicy", {"File", NULL}},
	{"timeoutSeconds", {"1", NULL}},
	{"type", {"Opaque", NULL}},
	{"volumeBindingMode", {"Immediate", NULL}},
	{"volumeMode", {"Filesystem", NULL}},
};

/* Booleans for which false is not the same as nothing, sorted. */
static const char *const three_valued[] = {"allowPrivilegeEscalation", "automountServiceAccountToken", "hostUsers",
	"privileged", "readOnlyRootFilesystem", "runAsNonRoot", "setHostnameAsFQDN", "shareProcessNamespace"};

/* Maps whose keys are not fields, sorted. */
static const char *const free_maps[] = {"annotations", "binaryData", "data", "labels", "matchLabels", "nodeSelector", "options",
	"parameters", "stringData", "volumeAttributes"};

static const char *const quantity_maps[] = {"capacity", "limits", "overhead", "requests"};

static bool is_default(const char *name, const struct hgt_node *node)
{
	const struct field_default *row = FIND(name, defaults);

	return row && (strcmp(node->text, row->values[0]) == 0 || (row->values[1] && strcmp(node->text, row->values[1]) == 0));
}

static bool is_scalar(const struct hgt_node *node)
{
	return node->type != HGT_NODE_MAP && node->type != HGT_NODE_SEQ;
}

/* Whether a field with this value is as good as missing. */
static bool is_nothing(enum context in, const char *name, const struct hgt_node *node)
{
	if (!node || node->type == HGT_NODE_NULL)
		return true;
	if (in == FREE)
		return false;
	if (!is_scalar(node))
		return node->type == HGT_NODE_MAP ? !node->v.map.n : !node->v.seq.n;
	if (in == FIELDS && is_default(name, node))
		return true;
	switch (node->type) {
	case HGT_NODE_STRING:
		return !node->len;
	case HGT_NODE_BOOL:
		return !node->v.boolean && !FIND(name, three_valued) && !FIND(name, defaults);
	case HGT_NODE_INT:
		return in == FIELDS && !node->is_unsigned && !node->v.integer && !FIND(name, defaults);
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

static bool same_scalar(enum context in, const char *name, const struct hgt_node *a, const struct hgt_node *b)
{
	struct hgt_quantity x, y;

	if (hgt_k8s_has_placeholder(a->text) || hgt_k8s_has_placeholder(b->text))
		return true;
	if ((in == QUANTITIES || (in == FIELDS && (strcmp(name, "sizeLimit") == 0 || strcmp(name, "divisor") == 0))) &&
		hgt_quantity_parse(a->text, a->len, &x) && hgt_quantity_parse(b->text, b->len, &y))
		return hgt_quantity_compare(&x, &y) == 0;
	if (a->type == HGT_NODE_BOOL && b->type == HGT_NODE_BOOL)
		return a->v.boolean == b->v.boolean;
	if (a->type == HGT_NODE_INT && b->type == HGT_NODE_INT)
		return a->is_unsigned == b->is_unsigned && a->v.uinteger == b->v.uinteger;
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static bool same(enum context in, const char *name, const struct hgt_node *a, const struct hgt_node *b);

/* Container resources: what is not requested is what it is limited to. */
static const struct hgt_node *member_of(const struct hgt_node *map, const struct hgt_node *limits, const char *key)
{
	const struct hgt_node *node = hgt_node_get(map, key);

	return node && node->type != HGT_NODE_NULL ? node : hgt_node_get(limits, key);
}

static bool same_requests(const struct hgt_node *a, const struct hgt_node *b)
{
	const struct hgt_node *nodes[2][2] = {{hgt_node_get(a, "requests"), hgt_node_get(a, "limits")},
		{hgt_node_get(b, "requests"), hgt_node_get(b, "limits")}};

	for (size_t i = 0; i < 4; i++) {
		const struct hgt_node *map = nodes[i / 2][i % 2];

		for (size_t j = 0; map && map->type == HGT_NODE_MAP && j < map->v.map.n; j++) {
			const char *key = map->v.map.pairs[j].key->text;

			if (!same(QUANTITIES, key, member_of(nodes[0][0], nodes[0][1], key), member_of(nodes[1][0], nodes[1][1], key)))
				return false;
		}
	}
	return true;
}

/* Whether a member is not to be compared by itself. */
static bool is_passed_over(enum context in, const char *name, const char *key)
{
	/* Another name of serviceAccountName; of what was written by a server. */
	return in == FIELDS && (strcmp(key, "serviceAccount") == 0 || strcmp(key, "status") == 0 ||
		(strcmp(name, "resources") == 0 && strcmp(key, "requests") == 0));
}

static bool same_map(enum context in, const char *name, const struct hgt_node *a, const struct hgt_node *b)
{
	for (size_t i = 0; i < b->v.map.n; i++) {
		const struct hgt_pair *pair = &b->v.map.pairs[i];

		if (!pair->overridden && !is_passed_over(in, name, pair->key->text) &&
			!same(in, pair->key->text, hgt_node_get(a, pair->key->text), pair->value))
			return false;
	}
	for (size_t i = 0; i < a->v.map.n; i++) {
		const struct hgt_pair *pair = &a->v.map.pairs[i];

		if (!pair->overridden && !is_passed_over(in, name, pair->key->text) && !hgt_node_get(b, pair->key->text) &&
			!same(in, pair->key->text, pair->value, NULL))
			return false;
	}
	return in != FIELDS || strcmp(name, "resources") != 0 || same_requests(a, b);
}

/* `in` is what holds the value, `name` its name there, "" for an item. */
static bool same(enum context in, const char *name, const struct hgt_node *a, const struct hgt_node *b)
{
	bool has_a = a && a->type != HGT_NODE_NULL, has_b = b && b->type != HGT_NODE_NULL;

	if (!has_a || !has_b)
		return is_nothing(in, name, has_a ? a : b);
	if (is_scalar(a) && is_scalar(b))
		return same_scalar(in, name, a, b);
	if (a->type != b->type)
		return false;
	if (a->type == HGT_NODE_MAP)
		return same_map(below(in, name), name, a, b);
	if (a->v.seq.n != b->v.seq.n)
		return false;
	for (size_t i = 0; i < a->v.seq.n; i++)
		if (!same(below(in, name), "", a->v.seq.items[i], b->v.seq.items[i]))
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

/* Whether the first difference of two maps is in a member; then it has been told. */
static bool find_in_map(struct hgt_transition *t, enum context in, const char *name, const struct hgt_node *before,
	const struct hgt_field *now, const char *hint)
{
	struct hgt_field requests = hgt_field_get(now, "requests");

	for (size_t i = 0; i < hgt_field_members(now); i++) {
		struct hgt_field member = hgt_field_member(now, i);
		const struct hgt_node *old = hgt_node_get(before, member.name);

		if (!member.key || is_passed_over(in, name, member.name) || same(in, member.name, old, member.node))
			continue;
		find_fixed(t, in, old, &member, hint);
		return true;
	}
	for (size_t i = 0; i < before->v.map.n; i++) {
		const struct hgt_pair *pair = &before->v.map.pairs[i];
		struct hgt_field member = hgt_field_get(now, pair->key->text);

		if (pair->overridden || member.key || is_passed_over(in, name, pair->key->text) ||
			same(in, pair->key->text, pair->value, NULL))
			continue;
		find_fixed(t, in, pair->value, &member, hint);
		return true;
	}
	/* Of resources, nothing else is left. */
	if (!is_passed_over(in, name, "requests") || same(in, "requests", hgt_node_get(before, "requests"), requests.node))
		return false;
	find_fixed(t, in, hgt_node_get(before, "requests"), &requests, hint);
	return true;
}

static bool find_in_seq(struct hgt_transition *t, enum context in, const struct hgt_node *before, const struct hgt_field *now,
	const char *hint)
{
	for (size_t i = 0; i < before->v.seq.n && before->v.seq.n == hgt_field_count(now); i++) {
		struct hgt_field item = hgt_field_item(now, i);

		if (same(in, "", before->v.seq.items[i], item.node))
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
			found = find_in_map(t, below(in, name), name, before, now, hint);
		else if (before->type == HGT_NODE_SEQ)
			found = find_in_seq(t, below(in, name), before, now, hint);
	}
	if (!found)
		tell_fixed(t, before, now, hint);
}

void hgt_transition_fixed(struct hgt_transition *t, const struct hgt_node *before, const struct hgt_field *now, const char *hint)
{
	enum context in = FIELDS;

	/* Keys of a Secret's data are no fields. */
	for (const struct hgt_field *up = now->up; up; up = up->up)
		if (up->name)
			in = below(in, up->name);
	if (!same(in, now->name ? now->name : "", before, now->node))
		find_fixed(t, in, before, now, hint ? hint : t->kind->hint);
}

bool hgt_transition_same(const char *name, const struct hgt_node *before, const struct hgt_node *now)
{
	return same(FIELDS, name, before, now);
}
