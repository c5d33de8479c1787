/* Transitions of volumes and claims. */
#include "k8s/transition_kinds.h"

#include "schema/format_kubernetes.h"

static const char claim_hint[] = "put the old value back; or make a new claim and copy the data";

/* "" is a class too: none at all. What was not named has been filled in with the cluster's default, which is not known here. */
static void check_class(struct hgt_transition *t)
{
	const struct hgt_node *before = hgt_transition_at(t->before, "spec.storageClassName");
	struct hgt_transition_path path;
	struct hgt_field *now = hgt_transition_field(t, "spec.storageClassName", &path);
	const char *new = hgt_field_string(now);

	if (!before || before->type != HGT_NODE_STRING || hgt_k8s_has_placeholder(before->text))
		return;
	if (new && strcmp(new, before->text) != 0)
		hgt_transition_tell(t, "transition/immutable", now, claim_hint, "cannot change from %s to %s in an existing %s",
			hgt_quote(before->text), hgt_quote(new), t->kind->kind);
	else if (!hgt_field_is_set(now) && *before->text)
		hgt_transition_tell(t, "transition/immutable", now, claim_hint, "cannot be taken out of an existing %s; it was %s",
			t->kind->kind, hgt_quote(before->text));
}

/* A claim's volume grows, and never shrinks. */
static void check_size(struct hgt_transition *t)
{
	static const char path[] = "spec.resources.requests.storage";
	const struct hgt_node *before = hgt_transition_at(t->before, path);
	struct hgt_transition_path steps;
	struct hgt_field *now = hgt_transition_field(t, path, &steps);
	struct hgt_quantity old, new;

	if (!before || !hgt_field_is_set(now) || !hgt_quantity_parse(before->text, before->len, &old) ||
		!hgt_quantity_parse(now->node->text, now->node->len, &new) || hgt_quantity_compare(&new, &old) >= 0)
		return;
	hgt_transition_tell(t, "transition/shrink", now,
		"put the old size back; or make a new, smaller claim and copy the data: volumes grow, and do not shrink",
		"cannot shrink from %s to %s", hgt_quote_text(before->text, before->len).text,
		hgt_quote_text(now->node->text, now->node->len).text);
}

void hgt_transition_claim(struct hgt_transition *t)
{
	static const char *const fixed[] = {"spec.accessModes", "spec.selector", "spec.volumeMode", "spec.resources.limits"};
	static const char *const once[] = {"spec.volumeName", "spec.dataSource", "spec.dataSourceRef"};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		hgt_transition_fixed_at(t, fixed[i], claim_hint);
	/* The server fills these in where they are missing. */
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		if (hgt_transition_at(t->before, once[i]) && (i == 0 || hgt_transition_at(t->subject->object, once[i])))
			hgt_transition_fixed_at(t, once[i], claim_hint);
	check_class(t);
	check_size(t);
}

/* Whether a member of a volume's spec says something other than where the volume is. */
static bool is_no_source(const char *name)
{
	static const char *const names[] = {"accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity",
		"persistentVolumeReclaimPolicy", "storageClassName", "volumeAttributesClassName", "volumeMode"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* One member of the source; a secret for growing the volume may be named later. */
static void check_source(struct hgt_transition *t, const struct hgt_node *before, const struct hgt_field *now, const char *hint)
{
	bool csi = strcmp(now->name, "csi") == 0 && before && before->type == HGT_NODE_MAP;

	if (!csi || hgt_node_get(before, "controllerExpandSecretRef")) {
		hgt_transition_fixed(t, before, now, hint);
		return;
	}
	for (size_t i = 0; i < hgt_field_members(now) && hgt_transition_spend(t, before->v.map.n); i++) {
		struct hgt_field member = hgt_field_member(now, i);

		if (member.key && strcmp(member.name, "controllerExpandSecretRef") != 0)
			hgt_transition_fixed(t, hgt_node_get(before, member.name), &member, hint);
	}
	for (size_t i = 0; i < before->v.map.n && hgt_transition_spend(t, hgt_field_members(now)); i++) {
		struct hgt_field member = hgt_field_get(now, before->v.map.pairs[i].key->text);

		if (!member.key)
			hgt_transition_fixed(t, before->v.map.pairs[i].value, &member, hint);
	}
}

void hgt_transition_volume(struct hgt_transition *t)
{
	static const char hint[] = "put the old value back; or delete the volume and create it anew (its data stays when the reclaim "
		"policy is Retain)";
	const struct hgt_node *before = hgt_transition_at(t->before, "spec");
	struct hgt_transition_path path;
	struct hgt_field *spec = hgt_transition_field(t, "spec", &path);

	for (size_t i = 0; before && before->type == HGT_NODE_MAP && i < before->v.map.n &&
		hgt_transition_spend(t, hgt_field_members(spec)); i++) {
		const struct hgt_pair *pair = &before->v.map.pairs[i];
		struct hgt_field member = hgt_field_get(spec, pair->key->text);

		if (!pair->overridden && !is_no_source(pair->key->text))
			check_source(t, pair->value, &member, hint);
	}
	if (hgt_transition_at(t->before, "spec.nodeAffinity"))
		hgt_transition_fixed_at(t, "spec.nodeAffinity", hint);
}
