/* k8s/crd: CustomResourceDefinition and APIService, beyond their single fields. */
#include "k8s/admission.h"
#include "k8s/crd.h"
#include "k8s/kind_checks.h"

/* Lower-case letters of a kind make a DNS label. */
static void check_kind(struct hgt_subject *s, const struct hgt_field *names, const char *key)
{
	struct hgt_field field = hgt_field_get(names, key);
	const char *text = hgt_field_text(&field, NULL);
	char lower[64] = "";
	size_t n = 0;

	if (!text)
		return;
	for (; text[n] && n + 1 < sizeof(lower); n++)
		lower[n] = (char)(text[n] >= 'A' && text[n] <= 'Z' ? text[n] | 0x20 : text[n]);
	if (text[n] || !hgt_is_dns_1035_label(lower, n))
		hgt_tell_field(s, CRD_RULE, &field, "letters, digits and \"-\", a letter first, at most 63 of them", "%s cannot be a kind",
			hgt_quote(text));
}

static void check_names(struct hgt_subject *s, const struct hgt_field *object, const struct hgt_field *spec)
{
	struct hgt_field metadata = hgt_field_get(object, "metadata"), name = hgt_field_get(&metadata, "name");
	struct hgt_field group = hgt_field_get(spec, "group"), names = hgt_field_get(spec, "names");
	struct hgt_field plural = hgt_field_get(&names, "plural"), kind = hgt_field_get(&names, "kind");
	struct hgt_field list_kind = hgt_field_get(&names, "listKind");
	const char *is = hgt_field_text(&name, NULL), *of = hgt_field_text(&group, NULL), *many = hgt_field_text(&plural, NULL);
	const char *one = hgt_field_text(&kind, NULL), *list = hgt_field_text(&list_kind, NULL);
	struct hgt_buf wanted = HGT_BUF_INIT;

	if (hgt_field_is_map(&names)) {
		hgt_check_required(s, CRD_RULE, &plural, "what it is called in addresses: small letters");
		hgt_check_required(s, CRD_RULE, &kind, NULL);
	}
	check_kind(s, &names, "kind");
	check_kind(s, &names, "listKind");
	if (one && list && strcmp(one, list) == 0)
		hgt_tell_field(s, CRD_RULE, &list_kind, NULL, "may not be the same as kind");
	if (of && hgt_is_long_name(of, strlen(of)) && !strchr(of, '.'))
		hgt_tell_field(s, CRD_RULE, &group, "for example stable.example.com", "%s is not a DNS name with a dot in it", hgt_quote(of));
	if (!is || !of || !many)
		return;
	hgt_buf_addf(&wanted, "%s.%s", many, of);
	if (hgt_is_built(s, &wanted) && strcmp(is, wanted.data) != 0)
		hgt_tell_field(s, CRD_RULE, &name, "the plural, a dot, the group", "must be %s, as spec.names.plural and spec.group say",
			hgt_quote(wanted.data));
	hgt_buf_release(&wanted);
}

static void check_jsonpath(struct hgt_subject *s, const struct hgt_field *field, const char *const *roots)
{
	const char *text = hgt_field_text(field, NULL);

	if (!text)
		return;
	if (text[0] != '.') {
		hgt_tell_field(s, CRD_RULE, field, "for example .spec.replicas", "must begin with a dot");
		return;
	}
	for (size_t i = 0; roots && roots[i]; i++)
		if (strncmp(text, roots[i], strlen(roots[i])) == 0)
			return;
	if (roots)
		hgt_tell_field(s, CRD_RULE, field, NULL, roots[1] ? "must be below .spec or .status" : "must be below %s",
			strcmp(roots[0], ".spec.") == 0 ? ".spec" : ".status");
}

static void check_subresources(struct hgt_subject *s, const struct hgt_field *version)
{
	static const char *const below_spec[] = {".spec.", NULL}, *const below_status[] = {".status.", NULL};
	static const char *const below_both[] = {".spec.", ".status.", NULL};
	struct hgt_field subresources = hgt_field_get(version, "subresources"), scale = hgt_field_get(&subresources, "scale");
	struct hgt_field wanted = hgt_field_get(&scale, "specReplicasPath"), have = hgt_field_get(&scale, "statusReplicasPath");
	struct hgt_field selector = hgt_field_get(&scale, "labelSelectorPath");

	check_jsonpath(s, &wanted, below_spec);
	check_jsonpath(s, &have, below_status);
	check_jsonpath(s, &selector, below_both);
}

/* With a status of its own, the root says only what holds for each part. */
static void check_root(struct hgt_subject *s, const struct hgt_field *version, const struct hgt_field *schema)
{
	static const char *const whole[] = {"allOf", "anyOf", "oneOf", "not", "enum", "additionalProperties", "default", "minProperties",
		"maxProperties", "x-kubernetes-map-type", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string"};
	struct hgt_field subresources = hgt_field_get(version, "subresources"), status = hgt_field_get(&subresources, "status");
	struct hgt_field nullable = hgt_field_get(schema, "nullable");

	if (hgt_field_is_true(&nullable))
		hgt_tell_field(s, CRD_RULE, &nullable, NULL, "may not be true at the root");
	for (size_t i = 0; status.node && i < sizeof(whole) / sizeof(whole[0]); i++) {
		struct hgt_field field = hgt_field_get(schema, whole[i]);

		if (!hgt_field_is_empty(&field))
			hgt_tell_field(s, CRD_RULE, schema, "state it below spec", "may not have %s at its root, as there is a status subresource",
				whole[i]);
	}
}

static void check_deprecation(struct hgt_subject *s, const struct hgt_field *version)
{
	struct hgt_field deprecated = hgt_field_get(version, "deprecated"), warning = hgt_field_get(version, "deprecationWarning");

	if (!warning.node || warning.node->type != HGT_NODE_STRING)
		return;
	if (!hgt_field_is_true(&deprecated))
		hgt_tell_key(s, CRD_RULE, &warning, "add deprecated: true", "may only be set for a deprecated version");
	else if (!warning.node->len || warning.node->len > 256)
		hgt_tell_field(s, CRD_RULE, &warning, NULL, "must have from 1 to 256 bytes");
}

/* What objects can be selected by. */
static void check_selectable(struct hgt_subject *s, const struct hgt_field *fields)
{
	enum { MOST = 8 };
	struct hgt_seen seen = HGT_SEEN_INIT;

	if (hgt_field_count(fields) > MOST)
		hgt_tell_field(s, CRD_RULE, fields, NULL, "has %zu fields, and %d are the most", hgt_field_count(fields), MOST);
	HGT_EACH_ITEM(fields, field) {
		struct hgt_field path = hgt_field_get(&field, "jsonPath");
		const char *text = hgt_field_string(&path);
		const struct hgt_node *first = text ? hgt_seen_before(s, &seen, path.node, "%s", text) : NULL;

		if (first)
			hgt_tell_again(s, CRD_RULE, &path, first);
	}
	hgt_seen_release(&seen);
}

static void check_version(struct hgt_subject *s, const struct hgt_field *version)
{
	struct hgt_field holder = hgt_field_get(version, "schema"), schema = hgt_field_get(&holder, "openAPIV3Schema");
	struct hgt_field columns = hgt_field_get(version, "additionalPrinterColumns");
	struct hgt_field selectable = hgt_field_get(version, "selectableFields");

	check_deprecation(s, version);
	if (!holder.node || hgt_field_is_map(&holder)) {
		if (!schema.node)
			hgt_tell_field(s, CRD_RULE, &schema, "at least {type: object, x-kubernetes-preserve-unknown-fields: true}", "is missing");
		crd_check_schema(s, &schema);
		crd_check_structural(s, &schema);
		check_root(s, version, &schema);
	}
	check_subresources(s, version);
	check_selectable(s, &selectable);
	HGT_EACH_ITEM(&columns, column) {
		struct hgt_field path = hgt_field_get(&column, "jsonPath");

		check_jsonpath(s, &path, NULL);
	}
}

static void check_versions(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field versions = hgt_field_get(spec, "versions");
	struct hgt_seen seen = HGT_SEEN_INIT;
	size_t stored = 0;

	HGT_EACH_ITEM(&versions, version) {
		struct hgt_field name = hgt_field_get(&version, "name"), storage = hgt_field_get(&version, "storage");
		const char *text = hgt_field_string(&name);
		const struct hgt_node *first = text ? hgt_seen_before(s, &seen, name.node, "%s", text) : NULL;

		if (!hgt_field_is_map(&version))
			continue;
		if (first)
			hgt_tell_again(s, CRD_RULE, &name, first);
		stored += hgt_field_is_true(&storage);
		check_version(s, &version);
	}
	hgt_seen_release(&seen);
	if (versions.node && versions.node->type == HGT_NODE_SEQ && stored != 1)
		hgt_tell_field(s, CRD_RULE, &versions, "storage: true in one of them",
			stored ? "has %zu versions that are stored, and one is" : "must have one version that is stored", stored);
}

static void check_conversion(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field conversion = hgt_field_get(spec, "conversion"), strategy = hgt_field_get(&conversion, "strategy");
	struct hgt_field webhook = hgt_field_get(&conversion, "webhook"), client = hgt_field_get(&webhook, "clientConfig");
	struct hgt_field versions = hgt_field_get(&webhook, "conversionReviewVersions");

	if (hgt_field_equals(&strategy, "None") && webhook.node)
		hgt_check_forbidden(s, CRD_RULE, &webhook, "strategy is Webhook");
	if (!hgt_field_equals(&strategy, "Webhook") || (webhook.node && !hgt_field_is_map(&webhook)))
		return;
	if (!webhook.node || !client.node) {
		hgt_tell_field(s, CRD_RULE, webhook.node ? &client : &webhook, "say which service converts",
			"is missing, as strategy is Webhook");
		return;
	}
	hgt_check_client_config(s, CRD_RULE, &client);
	hgt_check_review_versions(s, CRD_RULE, &versions);
}

/* Groups of Kubernetes' own are not for everyone. */
static void check_approval(struct hgt_subject *s, const struct hgt_field *object, const struct hgt_field *spec)
{
	static const char key[] = "api-approved.kubernetes.io";
	static const char *const ends[] = {"k8s.io", "kubernetes.io"};
	struct hgt_field metadata = hgt_field_get(object, "metadata"), annotations = hgt_field_get(&metadata, "annotations");
	struct hgt_field approval = hgt_field_get(&annotations, key), group = hgt_field_get(spec, "group");
	const char *of = hgt_field_text(&group, NULL), *text = hgt_field_text(&approval, "");
	bool guarded = false;

	for (size_t i = 0; of && i < 2; i++) {
		size_t len = strlen(of), n = strlen(ends[i]);

		guarded |= len >= n && strcmp(of + len - n, ends[i]) == 0 && (len == n || of[len - n - 1] == '.');
	}
	if (!guarded || !text || strncmp(text, "unapproved", 10) == 0)
		return;
	if (!*text)
		hgt_tell_field(s, CRD_RULE, &approval, "the address of the approval, or \"unapproved, ...\"; or use a group of your own",
			"is missing, and %s is a group of Kubernetes", hgt_quote(of));
	else if (!strstr(text, "://"))
		hgt_tell_field(s, CRD_RULE, &approval, "the address of the approval, or \"unapproved, ...\"",
			"%s is neither an address nor \"unapproved\"",
			hgt_quote(text));
}

void hgt_check_k8s_crd(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field keep = hgt_field_get(&spec, "preserveUnknownFields");
	struct hgt_gvk gvk;

	/* v1beta1 was another shape, and is gone. */
	if (!hgt_field_is_map(&spec) || !hgt_k8s_gvk(s->object, &gvk) || strcmp(gvk.version, "v1") != 0)
		return;
	check_names(s, &object, &spec);
	check_versions(s, &spec);
	check_conversion(s, &spec);
	check_approval(s, &object, &spec);
	if (hgt_field_is_true(&keep))
		hgt_tell_field(s, CRD_RULE, &keep, "x-kubernetes-preserve-unknown-fields: true in the schema does it", "may not be true");
}

static void check_local(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field bundle = hgt_field_get(spec, "caBundle"), insecure = hgt_field_get(spec, "insecureSkipTLSVerify");

	if (!hgt_field_is_empty(&bundle))
		hgt_check_forbidden(s, CRD_RULE, &bundle, "there is a service");
	if (hgt_field_is_true(&insecure))
		hgt_check_forbidden(s, CRD_RULE, &insecure, "there is a service");
}

void hgt_check_k8s_api_service(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), metadata = hgt_field_get(&object, "metadata");
	struct hgt_field name = hgt_field_get(&metadata, "name"), group = hgt_field_get(&spec, "group");
	struct hgt_field version = hgt_field_get(&spec, "version"), service = hgt_field_get(&spec, "service");
	struct hgt_field bundle = hgt_field_get(&spec, "caBundle"), insecure = hgt_field_get(&spec, "insecureSkipTLSVerify");
	const char *is = hgt_field_text(&name, NULL), *of = hgt_field_text(&group, ""), *at = hgt_field_text(&version, "");
	struct hgt_buf wanted = HGT_BUF_INIT;

	if (!of || !at)
		return;
	hgt_buf_addf(&wanted, "%s.%s", at, of);
	if (!*at)
		hgt_check_required(s, CRD_RULE, &version, "for example v1beta1");
	else if (is && hgt_is_built(s, &wanted) && strcmp(is, wanted.data) != 0)
		hgt_tell_field(s, CRD_RULE, &name, "the version, a dot, the group", "must be %s, as spec.version and spec.group say",
			hgt_quote(wanted.data));
	hgt_buf_release(&wanted);
	if (!*of && strcmp(at, "v1") != 0)
		hgt_check_required(s, CRD_RULE, &group, "only v1 is of the core group");
	if (!service.node) {
		check_local(s, &spec);
	} else if (hgt_field_is_map(&service)) {
		struct hgt_field service_name = hgt_field_get(&service, "name"), namespace = hgt_field_get(&service, "namespace");

		hgt_check_required(s, CRD_RULE, &service_name, NULL);
		hgt_check_required(s, CRD_RULE, &namespace, NULL);
		if (hgt_field_is_true(&insecure) && !hgt_field_is_empty(&bundle))
			hgt_tell_field(s, CRD_RULE, &insecure, "remove one of the two", "does not go with caBundle");
	}
}
