/* k8s/storage: classes of storage, and what drivers say of themselves. */
#include "k8s/kind_checks.h"
#include "k8s/parts.h"

static const char rule[] = "k8s/storage";

/* A name like a label's key, but capitals are taken. */
static void check_driver_name(struct hgt_subject *s, const struct hgt_field *field)
{
	const char *text = hgt_field_text(field, NULL);
	struct hgt_buf lower = HGT_BUF_INIT;

	if (!text)
		return;
	for (const char *c = text; *c; c++)
		hgt_buf_addc(&lower, (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c));
	if (hgt_is_built(s, &lower) && !hgt_is_label_key(lower.data, lower.len))
		hgt_tell_field(s, rule, field, "for example ebs.csi.aws.com", "%s is not the name of a driver", hgt_quote(text));
	hgt_buf_release(&lower);
}

static void check_parameters(struct hgt_subject *s, const struct hgt_field *parameters)
{
	enum { MOST = 512, MOST_BYTES = 256 << 10 };
	size_t bytes = 0;

	if (hgt_field_members(parameters) > MOST) {
		hgt_tell_field(s, rule, parameters, NULL, "has %zu entries, and %d are the most", hgt_field_members(parameters), MOST);
		return;
	}
	HGT_EACH_MEMBER(parameters, member) {
		if (!member.key->len)
			hgt_tell_key(s, rule, &member, NULL, "a parameter's name must not be empty");
		bytes += member.key->len + (member.node && member.node->type == HGT_NODE_STRING ? member.node->len : 0);
	}
	if (bytes > MOST_BYTES)
		hgt_tell_field(s, rule, parameters, NULL, "has %zu bytes, and %d are the most", bytes, MOST_BYTES);
}

static void check_topology(struct hgt_subject *s, const struct hgt_field *term)
{
	struct hgt_field expressions = hgt_field_get(term, "matchLabelExpressions");
	struct hgt_seen seen = HGT_SEEN_INIT;

	HGT_EACH_ITEM(&expressions, expression) {
		struct hgt_field key = hgt_field_get(&expression, "key"), values = hgt_field_get(&expression, "values");
		const char *text = hgt_field_string(&key);
		const struct hgt_node *first = text ? hgt_seen_before(s, &seen, key.node, "%s", text) : NULL;

		if (first)
			hgt_tell_again(s, rule, &key, first);
		hgt_check_unique(s, rule, &values);
	}
	hgt_seen_release(&seen);
}

void hgt_check_k8s_storage_class(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), provisioner = hgt_field_get(&object, "provisioner");
	struct hgt_field parameters = hgt_field_get(&object, "parameters"), topologies = hgt_field_get(&object, "allowedTopologies");

	check_driver_name(s, &provisioner);
	check_parameters(s, &parameters);
	HGT_EACH_ITEM(&topologies, term)
		check_topology(s, &term);
}

void hgt_check_k8s_volume_attributes_class(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), driver = hgt_field_get(&object, "driverName");
	struct hgt_field parameters = hgt_field_get(&object, "parameters");

	check_driver_name(s, &driver);
	if (hgt_check_required(s, rule, &parameters, "a class is nothing but its parameters"))
		check_parameters(s, &parameters);
}

/* Tokens are told apart by their audience; one of them may have none. */
static void check_tokens(struct hgt_subject *s, const struct hgt_field *tokens)
{
	struct hgt_seen seen = HGT_SEEN_INIT;

	HGT_EACH_ITEM(tokens, token) {
		struct hgt_field audience = hgt_field_get(&token, "audience"), seconds = hgt_field_get(&token, "expirationSeconds");
		const char *text = hgt_field_text(&audience, "");
		const struct hgt_node *first = text && token.node ? hgt_seen_before(s, &seen, token.node, "%s", text) : NULL;
		int64_t n;

		if (first)
			hgt_tell_again(s, rule, &audience, first);
		else if (hgt_field_int(&seconds, &n) && (n < 600 || n > INT64_C(1) << 32))
			hgt_tell_field(s, rule, &seconds, "ten minutes is the least", "must be from 600 to 4294967296, is %" PRId64, n);
	}
	hgt_seen_release(&seen);
}

void hgt_check_k8s_csi_driver(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field tokens = hgt_field_get(&spec, "tokenRequests");
	struct hgt_field in_secrets = hgt_field_get(&spec, "serviceAccountTokenInSecrets");

	check_tokens(s, &tokens);
	if (in_secrets.node && hgt_field_is_empty(&tokens))
		hgt_check_forbidden(s, rule, &in_secrets, "there are tokenRequests");
}

void hgt_check_k8s_csi_node(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), drivers = hgt_field_get(&spec, "drivers");
	struct hgt_seen seen = HGT_SEEN_INIT;

	HGT_EACH_ITEM(&drivers, driver) {
		struct hgt_field name = hgt_field_get(&driver, "name"), keys = hgt_field_get(&driver, "topologyKeys");
		const char *text = hgt_field_string(&name);
		const struct hgt_node *first = text ? hgt_seen_before(s, &seen, name.node, "%s", text) : NULL;

		if (first)
			hgt_tell_again(s, rule, &name, first);
		hgt_check_unique(s, rule, &keys);
	}
	hgt_seen_release(&seen);
}

void hgt_check_k8s_csi_capacity(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), topology = hgt_field_get(&object, "nodeTopology");
	struct hgt_field capacity = hgt_field_get(&object, "capacity");
	struct hgt_quantity quantity;

	hgt_check_label_selector(s, &topology);
	if (hgt_field_quantity(&capacity, &quantity) && quantity.negative)
		hgt_tell_field(s, rule, &capacity, NULL, "must not be negative");
}

void hgt_check_k8s_volume_attachment(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), source = hgt_field_get(&spec, "source");
	struct hgt_field inline_spec = hgt_field_get(&source, "inlineVolumeSpec"), name = hgt_field_get(&source, "persistentVolumeName");

	if (hgt_field_is_map(&source) && !inline_spec.node == !name.node)
		hgt_tell_field(s, rule, &source, NULL, "must have either inlineVolumeSpec or persistentVolumeName");
}
