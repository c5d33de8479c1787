/* Transitions of ConfigMaps, Secrets, Services, definitions of kinds. */
#include "k8s/transition_kinds.h"

static const char rule[] = "transition/immutable";
static const char sealed_hint[] = "give it a new name and use that one, as kustomize's generators do; or delete it first";

/* A string without anything to be filled in later, else "". */
static const char *text_at(const struct hgt_node *object, const char *path)
{
	const struct hgt_node *node = hgt_transition_at(object, path);

	return node && node->type == HGT_NODE_STRING && !hgt_k8s_has_placeholder(node->text) ? node->text : "";
}

static bool is_true(const struct hgt_node *object, const char *path)
{
	const struct hgt_node *node = hgt_transition_at(object, path);

	return node && node->type == HGT_NODE_BOOL && node->v.boolean;
}

/* Whether it was sealed; that it no longer would be is told. */
static bool was_sealed(struct hgt_transition *t)
{
	struct hgt_transition_path path;
	struct hgt_field *now = hgt_transition_field(t, "immutable", &path);

	if (!is_true(t->before, "immutable"))
		return false;
	if (!is_true(t->subject->object, "immutable"))
		hgt_transition_tell(t, rule, now, "put immutable: true back; or delete the object and create it anew",
			"cannot be taken back once it is true");
	return true;
}

void hgt_transition_config_map(struct hgt_transition *t)
{
	if (!was_sealed(t))
		return;
	hgt_transition_fixed_at(t, "data", sealed_hint);
	hgt_transition_fixed_at(t, "binaryData", sealed_hint);
}

/* Base64 may be broken into lines anywhere. */
static bool is_same_base64(const struct hgt_node *a, const struct hgt_node *b)
{
	static const char blanks[] = " \t\r\n";
	const char *c = a->text, *d = b->text;

	if (hgt_k8s_has_placeholder(c) || hgt_k8s_has_placeholder(d))
		return true;
	for (;; c++, d++) {
		c += strspn(c, blanks);
		d += strspn(d, blanks);
		if (*c != *d || !*c)
			return *c == *d;
	}
}

static size_t keys_of(const struct hgt_node *map)
{
	return map && map->type == HGT_NODE_MAP ? map->v.map.n : 0;
}

/*
 * What is in stringData goes over what is in data, as it is; of one that has moved between the two nothing is said. Taking a key
 * out of stringData takes nothing out of the stored object.
 */
static void check_sealed_values(struct hgt_transition *t, const char *in, const char *other, bool base64)
{
	const struct hgt_node *before = hgt_node_get(t->before, in), *before_other = hgt_node_get(t->before, other);
	struct hgt_field root = hgt_field_root(t->subject), now = hgt_field_get(&root, in), now_other = hgt_field_get(&root, other);
	size_t size = keys_of(before) + keys_of(before_other) + hgt_field_members(&now) + hgt_field_members(&now_other);

	for (size_t i = 0; i < hgt_field_members(&now) && hgt_transition_spend(t, size); i++) {
		struct hgt_field member = hgt_field_member(&now, i);
		const struct hgt_node *old = hgt_node_get(before, member.name);

		if (!member.key || hgt_node_get(before_other, member.name) || hgt_node_get(now_other.node, member.name))
			continue;
		if (base64 && old && member.node && is_same_base64(old, member.node))
			continue;
		hgt_transition_fixed(t, old, &member, sealed_hint);
	}
	for (size_t i = 0; base64 && i < keys_of(before) && hgt_transition_spend(t, size); i++) {
		const char *key = before->v.map.pairs[i].key->text;
		struct hgt_field member = hgt_field_get(&now, key);

		if (!member.key && !hgt_node_get(now_other.node, key))
			hgt_transition_fixed(t, before->v.map.pairs[i].value, &member, sealed_hint);
	}
}

void hgt_transition_secret(struct hgt_transition *t)
{
	if (!was_sealed(t))
		return;
	check_sealed_values(t, "data", "stringData", true);
	check_sealed_values(t, "stringData", "data", false);
}

/* The i-th item's text, "" when there is none. */
static const char *item_text(const struct hgt_node *seq, size_t i)
{
	return seq && seq->type == HGT_NODE_SEQ && i < seq->v.seq.n && seq->v.seq.items[i]->type == HGT_NODE_STRING ?
		seq->v.seq.items[i]->text : "";
}

static const char *cluster_ip(const struct hgt_node *object)
{
	const char *ip = text_at(object, "spec.clusterIP");

	return *ip ? ip : item_text(hgt_transition_at(object, "spec.clusterIPs"), 0);
}

/* An address that is not named is given by the cluster when there is none yet, and kept when there is. */
static void check_cluster_ip(struct hgt_transition *t, const char *before, const char *now)
{
	static const char hint[] = "leave the address out to keep it; or delete the Service and create it anew (kubectl replace --force)";
	struct hgt_transition_path path;
	struct hgt_field *field = hgt_transition_field(t, "spec.clusterIP", &path);
	bool headless = strcmp(now, "None") == 0;

	if (!hgt_field_is_set(field))
		field = hgt_transition_field(t, "spec.clusterIPs", &path);
	if (!*now || (*before ? strcmp(before, now) == 0 : !headless))
		return;
	if (*before)
		hgt_transition_tell(t, rule, field, hint, "cannot change from %s to %s in an existing Service", hgt_quote(before),
			hgt_quote(now));
	else
		hgt_transition_tell(t, rule, field, hint, "cannot change to \"None\" in an existing Service, which has an address");
}

static void check_families(struct hgt_transition *t)
{
	const struct hgt_node *before = hgt_transition_at(t->before, "spec.ipFamilies");
	struct hgt_transition_path path;
	struct hgt_field *now = hgt_transition_field(t, "spec.ipFamilies", &path);

	for (size_t i = 0; i < hgt_field_count(now); i++) {
		struct hgt_field item = hgt_field_item(now, i);
		const char *old = item_text(before, i), *new = hgt_field_string(&item);

		/* The second may come and go. */
		if (!*old || !new || strcmp(old, new) == 0)
			continue;
		hgt_transition_tell(t, rule, &item, "put the old family back; or delete the Service and create it anew",
			"cannot change from %s to %s in an existing Service", hgt_quote(old), hgt_quote(new));
		return;
	}
}

void hgt_transition_service(struct hgt_transition *t)
{
	const struct hgt_node *now = t->subject->object;
	const char *old_type = text_at(t->before, "spec.type"), *new_type = text_at(now, "spec.type");
	const char *old_ip = cluster_ip(t->before), *new_ip = cluster_ip(now);
	bool balanced = strcmp(old_type, "LoadBalancer") == 0 && strcmp(new_type, "LoadBalancer") == 0;

	if (strcmp(old_type, "ExternalName") == 0 || strcmp(new_type, "ExternalName") == 0)
		return;
	check_cluster_ip(t, old_ip, new_ip);
	if (strcmp(old_ip, "None") != 0 && strcmp(new_ip, "None") != 0)
		check_families(t);
	/* A controller may have filled in the class. */
	if (balanced && *text_at(t->before, "spec.loadBalancerClass"))
		hgt_transition_fixed_at(t, "spec.loadBalancerClass", NULL);
	if (balanced && strcmp(text_at(t->before, "spec.externalTrafficPolicy"), "Local") == 0 &&
		strcmp(text_at(now, "spec.externalTrafficPolicy"), "Local") == 0 &&
		hgt_transition_at(t->before, "spec.healthCheckNodePort") && hgt_transition_at(now, "spec.healthCheckNodePort"))
		hgt_transition_fixed_at(t, "spec.healthCheckNodePort", NULL);
}

/* One block may become two: a second of the other family. */
void hgt_transition_service_cidr(struct hgt_transition *t)
{
	const struct hgt_node *before = hgt_transition_at(t->before, "spec.cidrs");
	struct hgt_transition_path path;
	struct hgt_field *now = hgt_transition_field(t, "spec.cidrs", &path);

	if (before && before->type == HGT_NODE_SEQ && before->v.seq.n == 1 && hgt_field_count(now) == 2) {
		struct hgt_field first = hgt_field_item(now, 0);

		hgt_transition_fixed(t, before->v.seq.items[0], &first, NULL);
	} else {
		hgt_transition_fixed(t, before, now, NULL);
	}
}

void hgt_transition_same_version(struct hgt_transition *t)
{
	if (strcmp(text_at(t->before, "apiVersion"), text_at(t->subject->object, "apiVersion")) == 0)
		hgt_transition_fixed_at(t, "spec", NULL);
}

static bool has_version(const struct hgt_node *object, const char *name)
{
	const struct hgt_node *versions = hgt_transition_at(object, "spec.versions");

	/* As the first version of definitions had it. */
	if (!versions || versions->type != HGT_NODE_SEQ)
		return strcmp(text_at(object, "spec.version"), name) == 0;
	for (size_t i = 0; i < versions->v.seq.n; i++)
		if (strcmp(text_at(versions->v.seq.items[i], "name"), name) == 0)
			return true;
	return false;
}

static void check_stored(struct hgt_transition *t, const char *version)
{
	struct hgt_transition_path path;

	const struct hgt_node *versions = hgt_transition_at(t->subject->object, "spec.versions");
	size_t n = versions && versions->type == HGT_NODE_SEQ ? versions->v.seq.n : 0;

	if (!*version || !hgt_transition_spend(t, n) || has_version(t->subject->object, version))
		return;
	hgt_transition_tell(t, "transition/stored-version", hgt_transition_field(t, "spec.versions", &path),
		"keep it with served: false and storage: false until its objects are stored in another one and status.storedVersions does not "
		"list it", "version %s is gone, and objects are stored in it", hgt_quote(version));
}

void hgt_transition_definition(struct hgt_transition *t)
{
	const struct hgt_node *versions = hgt_transition_at(t->before, "spec.versions");
	const struct hgt_node *stored = hgt_transition_at(t->before, "status.storedVersions");
	const char *storage = versions ? "" : text_at(t->before, "spec.version");

	for (size_t i = 0; versions && versions->type == HGT_NODE_SEQ && i < versions->v.seq.n; i++)
		if (is_true(versions->v.seq.items[i], "storage"))
			storage = text_at(versions->v.seq.items[i], "name");
	check_stored(t, storage);
	for (size_t i = 0; stored && stored->type == HGT_NODE_SEQ && i < stored->v.seq.n; i++)
		if (strcmp(item_text(stored, i), storage) != 0)
			check_stored(t, item_text(stored, i));
}
