/* k8s/config-data, k8s/secret-data: what ConfigMaps and Secrets hold. */
#include "base/base64.h"
#include "k8s/kind_checks.h"
#include "k8s/parts.h"

enum { MOST = 1 << 20 };	/* bytes of data in one object */

static const char config_rule[] = "k8s/config-data";
static const char secret_rule[] = "k8s/secret-data";

static void check_key(struct hgt_subject *s, const char *rule, const struct hgt_field *member)
{
	if (hgt_is_config_key(member->key->text, member->key->len) || hgt_k8s_has_placeholder(member->key->text))
		return;
	hgt_tell_key(s, rule, member, "letters, digits, \"-\", \"_\" and \".\", at most 253 of them", "is not a key that data can have");
}

/* Add what the base64 of a member stands for; told of when it is none. False then, and when it cannot be judged. */
static bool decode(struct hgt_subject *s, const char *rule, const struct hgt_field *member, const char *hint, struct hgt_buf *out)
{
	const char *text = hgt_field_string(member);
	size_t bad;

	if (!text)
		return false;
	if (hgt_base64_decode(out, text, member->node->len, &bad))
		return hgt_is_built(s, out);
	if (bad < member->node->len)
		hgt_tell_field_at(s, rule, member, bad, hint, "is not base64: %s at offset %zu",
			hgt_quote_text(text + bad, 1).text, bad);
	else
		hgt_tell_field(s, rule, member, hint, "is not base64: it ends too early");
	return false;
}

static void check_size(struct hgt_subject *s, const char *rule, const struct hgt_field *data, size_t size)
{
	if (size > MOST)
		hgt_tell_field(s, rule, data, "split it, or keep it in a volume", "has %zu bytes of data, and %d are the most", size, MOST);
}

void hgt_check_k8s_config_map(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), data = hgt_field_get(&object, "data");
	struct hgt_field binary = hgt_field_get(&object, "binaryData");
	struct hgt_buf bytes = HGT_BUF_INIT;
	struct hgt_seen in_binary = HGT_SEEN_INIT;
	size_t size = 0;

	hgt_seen_keys(s, &in_binary, &binary);
	HGT_EACH_MEMBER(&data, member) {
		check_key(s, config_rule, &member);
		if (hgt_seen_has(&in_binary, member.name))
			hgt_tell_key(s, config_rule, &member, "remove one of the two", "the key stands in binaryData too");
		if (member.node && member.node->type == HGT_NODE_STRING)
			size += member.node->len;
	}
	HGT_EACH_MEMBER(&binary, member) {
		check_key(s, config_rule, &member);
		hgt_buf_reset(&bytes);
		if (decode(s, config_rule, &member, "put text under data, as it is", &bytes))
			size += bytes.len;
	}
	hgt_seen_release(&in_binary);
	hgt_buf_release(&bytes);
	check_size(s, config_rule, data.node ? &data : &binary, size);
}

/* What a type of Secret cannot do without. */
struct secret {
	struct hgt_subject *s;
	struct hgt_field data, plain;	/* data, stringData: what both have counts as the latter says */
};

static bool has_key(const struct secret *secret, const char *key)
{
	return hgt_node_pair(secret->data.node, key) || hgt_node_pair(secret->plain.node, key);
}

static void tell_missing(const struct secret *secret, const char *key, const char *type)
{
	struct hgt_field field = hgt_field_get(&secret->data, key);

	hgt_tell_field(secret->s, secret_rule, &field, "put it under data as base64, or under stringData as it is",
		"is missing, and a Secret of type %s has it", hgt_quote(type));
}

/* The value under key has to be the text of a JSON object. */
static void check_json(const struct secret *secret, const char *key, const char *type)
{
	struct hgt_field plain = hgt_field_get(&secret->plain, key), coded = hgt_field_get(&secret->data, key);
	const struct hgt_field *field = plain.key ? &plain : &coded;
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_doc_set set;
	size_t bad;
	bool known;

	if (!has_key(secret, key)) {
		tell_missing(secret, key, type);
		return;
	}
	known = hgt_field_string(field) != NULL;
	if (known && field == &plain)
		hgt_buf_add(&text, plain.node->text, plain.node->len);
	else if (known)
		known = hgt_base64_decode(&text, coded.node->text, coded.node->len, &bad);
	hgt_doc_set_init(&set);
	if (text.failed || (known && hgt_json_parse(text.data, text.len, &hgt_doc_default_limits, &set, NULL) < 0)) {
		hgt_engine_fail(secret->s->engine);
	} else if (known) {
		const struct hgt_node *root = set.n_docs ? set.docs[0].root : NULL;
		bool broken = set.n_problems && set.problems[0].kind == HGT_PROBLEM_SYNTAX;

		if (broken || !root || (root->type != HGT_NODE_MAP && root->type != HGT_NODE_NULL))
			hgt_tell_field(secret->s, secret_rule, field, "kubectl create secret docker-registry makes one",
				"is not the text of a JSON object, as a Secret of type %s has it", hgt_quote(type));
	}
	hgt_doc_set_release(&set);
	hgt_buf_release(&text);
}

static void check_ssh_key(const struct secret *secret, const char *type)
{
	struct hgt_field plain = hgt_field_get(&secret->plain, "ssh-privatekey");
	struct hgt_field coded = hgt_field_get(&secret->data, "ssh-privatekey");

	if (hgt_field_is_empty(plain.key ? &plain : &coded))
		tell_missing(secret, "ssh-privatekey", type);
}

static void check_type(const struct secret *secret, const struct hgt_field *metadata, const char *type)
{
	if (strcmp(type, "kubernetes.io/tls") == 0) {
		if (!has_key(secret, "tls.crt"))
			tell_missing(secret, "tls.crt", type);
		if (!has_key(secret, "tls.key"))
			tell_missing(secret, "tls.key", type);
	} else if (strcmp(type, "kubernetes.io/dockerconfigjson") == 0) {
		check_json(secret, ".dockerconfigjson", type);
	} else if (strcmp(type, "kubernetes.io/dockercfg") == 0) {
		check_json(secret, ".dockercfg", type);
	} else if (strcmp(type, "kubernetes.io/ssh-auth") == 0) {
		check_ssh_key(secret, type);
	} else if (strcmp(type, "kubernetes.io/basic-auth") == 0) {
		if (!has_key(secret, "username") && !has_key(secret, "password"))
			tell_missing(secret, "username", type);
	} else if (strcmp(type, "kubernetes.io/service-account-token") == 0) {
		struct hgt_field annotations = hgt_field_get(metadata, "annotations");
		struct hgt_field account = hgt_field_get(&annotations, "kubernetes.io/service-account.name");

		hgt_check_required(secret->s, secret_rule, &account, "name the service account that the token is for");
	}
}

void hgt_check_k8s_secret(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), type = hgt_field_get(&object, "type"), metadata = hgt_field_get(&object, "metadata");
	struct secret secret = {s, hgt_field_get(&object, "data"), hgt_field_get(&object, "stringData")};
	const char *text = hgt_field_text(&type, "Opaque");
	struct hgt_seen in_plain = HGT_SEEN_INIT;
	struct hgt_buf bytes = HGT_BUF_INIT;
	size_t size = 0;

	hgt_seen_keys(s, &in_plain, &secret.plain);
	HGT_EACH_MEMBER(&secret.data, member) {
		check_key(s, secret_rule, &member);
		hgt_buf_reset(&bytes);
		if (decode(s, secret_rule, &member, "put it under stringData as it is, or encode it with base64", &bytes) &&
			!hgt_seen_has(&in_plain, member.name))
			size += bytes.len;
	}
	HGT_EACH_MEMBER(&secret.plain, member) {
		check_key(s, secret_rule, &member);
		if (member.node && member.node->type == HGT_NODE_STRING)
			size += member.node->len;
	}
	hgt_seen_release(&in_plain);
	hgt_buf_release(&bytes);
	check_size(s, secret_rule, secret.data.node ? &secret.data : &secret.plain, size);
	if (text)
		check_type(&secret, &metadata, text);
}
