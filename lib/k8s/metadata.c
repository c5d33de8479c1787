/* Labels, annotations, owners and finalizers, which objects of all kinds have. */
#include "k8s/pod.h"
#include "k8s/workload_checks.h"

static const char labels_rule[] = "k8s/labels", metadata_rule[] = "k8s/metadata";

static void check_annotations(struct hgt_subject *s, const struct hgt_field *annotations)
{
	const size_t most = 256 << 10;
	size_t total = 0;

	HGT_EACH_MEMBER(annotations, annotation) {
		const char *key = annotation.key->text;

		if (!hgt_is_annotation_key(key, annotation.key->len) && !hgt_k8s_has_placeholder(key))
			hgt_tell_key(s, labels_rule, &annotation, "letters, digits, \"-\", \"_\" and \".\", at most 63; a DNS name and a slash may go before",
				"is not an annotation's key");
		total += annotation.key->len + (annotation.node ? annotation.node->len : 0);
	}
	/* What is encrypted is longer than it will be. */
	if (total > most && s->cls != HGT_CLASS_SOPS)
		hgt_tell_field(s, labels_rule, annotations, "put what is large into a ConfigMap", "together they have %zu bytes, and %zu are the most",
			total, most);
}

void hgt_check_labels(struct hgt_subject *s, const struct hgt_field *metadata)
{
	struct hgt_field labels = hgt_field_get(metadata, "labels"), annotations = hgt_field_get(metadata, "annotations");

	hgt_check_label_map(s, labels_rule, &labels);
	check_annotations(s, &annotations);
}

/* "v1", "apps/v1" */
static bool is_api_version(const char *text)
{
	const char *slash = strchr(text, '/');

	return slash ? !strchr(slash + 1, '/') && slash[1] : *text;
}

static void check_owners(struct hgt_subject *s, const struct hgt_field *owners)
{
	const struct hgt_node *first = NULL;

	HGT_EACH_ITEM(owners, owner) {
		static const char *const required[] = {"apiVersion", "kind", "name", "uid"};
		struct hgt_field version = hgt_field_get(&owner, "apiVersion"), controller = hgt_field_get(&owner, "controller");
		const char *text = hgt_field_string(&version);

		for (size_t i = 0; i < sizeof(required) / sizeof(required[0]) && (!owner.node || hgt_field_is_map(&owner)); i++) {
			struct hgt_field field = hgt_field_get(&owner, required[i]);

			hgt_check_required(s, metadata_rule, &field, "an owner is told by its apiVersion, kind, name and uid");
		}

		if (text && *text && !is_api_version(text))
			hgt_tell_field(s, metadata_rule, &version, "for example apps/v1", "%s is not of the form version or group/version",
				hgt_quote(text));
		if (!hgt_field_is_true(&controller))
			continue;
		if (first)
			hgt_tell_field(s, metadata_rule, &controller, "only one owner can be the controller", "there is a controller already");
		first = controller.node;
	}
}

/* The kinds of these groups take only a few finalizers without a domain. */
static bool is_strict(const struct hgt_subject *s)
{
	struct hgt_gvk gvk;

	return hgt_k8s_gvk(s->object, &gvk) && (hgt_k8s_group_is(&gvk, "") || hgt_k8s_group_is(&gvk, "apps") ||
		hgt_k8s_group_is(&gvk, "batch") || hgt_k8s_group_is(&gvk, "autoscaling"));
}

static void check_finalizers(struct hgt_subject *s, const struct hgt_field *finalizers)
{
	static const char *const standard[] = {"kubernetes", "orphan", "foregroundDeletion", NULL};
	bool strict = is_strict(s);

	HGT_EACH_ITEM(finalizers, finalizer) {
		const char *text = hgt_field_string(&finalizer);

		if (!text)
			continue;
		if (!hgt_is_label_key(text, finalizer.node->len))
			hgt_tell_field(s, metadata_rule, &finalizer, "for example example.com/backup", "%s is not a finalizer's name", hgt_quote(text));
		else if (strict && !strchr(text, '/') && !hgt_is_one_of(text, standard))
			hgt_tell_field(s, metadata_rule, &finalizer, "for example example.com/backup",
				"%s is no finalizer of Kubernetes, and one of somebody else has a domain", hgt_quote(text));
	}
	if (hgt_field_has(finalizers, "orphan") && hgt_field_has(finalizers, "foregroundDeletion"))
		hgt_tell_field(s, metadata_rule, finalizers, "keep one of the two", "orphan and foregroundDeletion cannot both be there");
}

void hgt_check_k8s_metadata(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), metadata = hgt_field_get(&object, "metadata");
	struct hgt_field owners = hgt_field_get(&metadata, "ownerReferences"), finalizers = hgt_field_get(&metadata, "finalizers");
	struct hgt_gvk gvk;

	if (!hgt_k8s_gvk(s->object, &gvk))
		return;
	hgt_check_labels(s, &metadata);
	check_owners(s, &owners);
	check_finalizers(s, &finalizers);
}
