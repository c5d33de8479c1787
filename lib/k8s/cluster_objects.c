/* k8s/cluster: objects of the cluster itself, each with few rules. */
#include "base/base64.h"
#include "k8s/kind_checks.h"
#include "k8s/pod.h"

static const char rule[] = "k8s/cluster";

/* latest, or v1. and a number. */
static bool is_version(const char *text)
{
	return strcmp(text, "latest") == 0 ||
		(strncmp(text, "v1.", 3) == 0 && text[3] && text[3 + strspn(text + 3, "0123456789")] == '\0' && (text[3] != '0' || !text[4]));
}

/* Labels by which Kubernetes' own admission controller is told what pods may do. */
static void check_pod_security(struct hgt_subject *s, const struct hgt_field *object)
{
	static const char prefix[] = "pod-security.kubernetes.io/";
	static const char *const modes[] = {"enforce", "audit", "warn"}, *const levels[] = {"privileged", "baseline", "restricted", NULL};
	struct hgt_field metadata = hgt_field_get(object, "metadata"), labels = hgt_field_get(&metadata, "labels");

	for (size_t i = 0; i < 3; i++) {
		char key[64], version_key[64];
		struct hgt_field level, version;
		const char *text;

		snprintf(key, sizeof(key), "%s%s", prefix, modes[i]);
		snprintf(version_key, sizeof(version_key), "%s%s-version", prefix, modes[i]);
		level = hgt_field_get(&labels, key);
		version = hgt_field_get(&labels, version_key);
		text = hgt_field_string(&version);
		hgt_check_enum(s, rule, &level, levels);
		if (text && !is_version(text))
			hgt_tell_field(s, rule, &version, "latest, or a version like v1.37", "%s is not a version of Kubernetes", hgt_quote(text));
	}
}

void hgt_check_k8s_namespace(struct hgt_subject *s)
{
	static const char *const standard[] = {"kubernetes", "orphan", "foregroundDeletion", NULL};
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field finalizers = hgt_field_get(&spec, "finalizers");

	check_pod_security(s, &object);
	HGT_EACH_ITEM(&finalizers, finalizer) {
		const char *text = hgt_field_string(&finalizer);

		if (text && (!hgt_is_label_key(text, strlen(text)) || (!strchr(text, '/') && !hgt_is_one_of(text, standard))))
			hgt_tell_field(s, rule, &finalizer, "kubernetes, or a DNS name, a slash and a name", "%s is not a finalizer's name",
				hgt_quote(text));
	}
}

void hgt_check_k8s_priority_class(struct hgt_subject *s)
{
	static const char reserved[] = "system-";
	static const struct {
		const char *name;
		int64_t value;
	} known[] = {{"system-cluster-critical", 2000000000}, {"system-node-critical", 2000001000}};
	struct hgt_field object = hgt_field_root(s), metadata = hgt_field_get(&object, "metadata");
	struct hgt_field name = hgt_field_get(&metadata, "name"), value = hgt_field_get(&object, "value");
	const char *text = hgt_field_text(&name, NULL);
	int64_t n = 0;

	if (!text || (value.node && !hgt_field_int(&value, &n)))
		return;
	if (strncmp(text, reserved, strlen(reserved)) != 0) {
		if (n > 1000000000)
			hgt_tell_field(s, rule, &value, "1000000000 is the most", "must not be greater than 1000000000, is %" PRId64, n);
		return;
	}
	for (size_t i = 0; i < 2; i++)
		if (strcmp(text, known[i].name) == 0 && n == known[i].value)
			return;
	hgt_tell_field(s, rule, &name, "take another name", "names that begin with system- are Kubernetes' own");
}

void hgt_check_k8s_runtime_class(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), scheduling = hgt_field_get(&object, "scheduling");
	struct hgt_field tolerations = hgt_field_get(&scheduling, "tolerations"), selector = hgt_field_get(&scheduling, "nodeSelector");
	struct hgt_field overhead = hgt_field_get(&object, "overhead"), fixed = hgt_field_get(&overhead, "podFixed");
	struct hgt_seen seen = HGT_SEEN_INIT;

	HGT_EACH_MEMBER(&fixed, member)
		if (!hgt_is_container_resource(member.name, strlen(member.name)) && !hgt_k8s_has_placeholder(member.name))
			hgt_tell_key(s, rule, &member, "cpu, memory, ephemeral-storage, hugepages-SIZE, or a name with a domain: example.com/gpu",
				"is not a resource that containers have");
	hgt_check_label_map(s, rule, &selector);
	HGT_EACH_ITEM(&tolerations, toleration) {
		static const char *const keys[] = {"key", "operator", "value", "effect"};
		const char *texts[4];
		bool known = hgt_field_is_map(&toleration);
		const struct hgt_node *first;

		for (size_t i = 0; i < 4; i++) {
			struct hgt_field field = hgt_field_get(&toleration, keys[i]);

			texts[i] = hgt_field_text(&field, "");
			known &= texts[i] != NULL;
		}
		first = known ? hgt_seen_before(s, &seen, toleration.node, "%s\n%s\n%s\n%s", texts[0], texts[1], texts[2], texts[3]) : NULL;
		if (first)
			hgt_tell_again(s, rule, &toleration, first);
	}
	hgt_seen_release(&seen);
}

static bool is_same_text(const struct hgt_field *a, const struct hgt_field *b)
{
	const char *left = hgt_field_string(a), *right = hgt_field_string(b);

	return left && right && strcmp(left, right) == 0;
}

void hgt_check_k8s_node(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), taints = hgt_field_get(&spec, "taints");
	struct hgt_field cidrs = hgt_field_get(&spec, "podCIDRs"), only = hgt_field_get(&spec, "podCIDR");
	struct hgt_field head = hgt_field_first_item(&cidrs);
	struct hgt_block blocks[2];
	struct hgt_seen seen = HGT_SEEN_INIT;
	size_t known = 0;

	HGT_EACH_ITEM(&taints, taint) {
		struct hgt_field key = hgt_field_get(&taint, "key"), effect = hgt_field_get(&taint, "effect");
		const char *text = hgt_field_string(&key), *word = hgt_field_string(&effect);
		const struct hgt_node *first = text && word ? hgt_seen_before(s, &seen, taint.node, "%s\n%s", text, word) : NULL;

		if (first)
			hgt_tell_again(s, rule, &taint, first);
	}
	hgt_seen_release(&seen);
	/* The server drops a list that does not begin with podCIDR. */
	if (only.node && head.up && !is_same_text(&only, &head))
		cidrs.node = NULL;
	HGT_EACH_ITEM(&cidrs, cidr)
		known += hgt_check_block(s, rule, &cidr, &blocks[known < 2 ? known : 1]);
	if (hgt_field_count(&cidrs) > 2 || (known == 2 && blocks[0].ip.v4 == blocks[1].ip.v4))
		hgt_tell_field(s, rule, &cidrs, "one of each IP family", "may have one block of each IP family");
}

void hgt_check_k8s_lease(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), strategy = hgt_field_get(&spec, "strategy");
	struct hgt_field holder = hgt_field_get(&spec, "preferredHolder");
	const char *text = hgt_field_text(&strategy, NULL);

	if (text && strcmp(text, "OldestEmulationVersion") != 0 && (!strchr(text, '/') || !hgt_is_label_key(text, strlen(text))))
		hgt_tell_field(s, rule, &strategy, "OldestEmulationVersion, or one of your own: example.com/strategy", "%s is not supported",
			hgt_quote(text));
	if (!hgt_field_is_empty(&holder) && hgt_field_is_empty(&strategy))
		hgt_check_forbidden(s, rule, &holder, "there is a strategy");
}

/* An event is in the namespace of what it is about; one about something in none is in default. */
static void check_event_namespace(struct hgt_subject *s, const struct hgt_field *object, const struct hgt_field *about, bool timed)
{
	struct hgt_field metadata = hgt_field_get(object, "metadata"), own = hgt_field_get(&metadata, "namespace");
	struct hgt_field other = hgt_field_get(about, "namespace");
	const char *is = hgt_field_text(&own, NULL), *of = hgt_field_text(&other, "");

	if (!is || !of || (timed && *of))
		return;
	if (*of ? strcmp(is, of) != 0 : strcmp(is, "default") != 0 && !(timed && strcmp(is, "kube-system") == 0))
		hgt_tell_field(s, rule, &other, NULL, "must be the event's namespace, %s", hgt_quote(is));
}

static void check_length(struct hgt_subject *s, const struct hgt_field *field, size_t most)
{
	if (hgt_field_string(field) && field->node->len > most)
		hgt_tell_field(s, rule, field, NULL, "has %zu bytes, and %zu are the most", field->node->len, most);
}

static void check_event(struct hgt_subject *s, const char *about_name, const char *controller_name, const char *message_name)
{
	struct hgt_field object = hgt_field_root(s), time = hgt_field_get(&object, "eventTime"), about = hgt_field_get(&object,
		about_name);
	struct hgt_field controller = hgt_field_get(&object, controller_name), instance = hgt_field_get(&object, "reportingInstance");
	struct hgt_field action = hgt_field_get(&object, "action"), reason = hgt_field_get(&object, "reason");
	struct hgt_field message = hgt_field_get(&object, message_name);
	const struct hgt_field *const wanted[] = {&controller, &instance, &action, &reason};

	if (!about.node || hgt_field_is_map(&about))
		check_event_namespace(s, &object, &about, time.node);
	if (!time.node)
		return;
	for (size_t i = 0; i < 4; i++) {
		if (hgt_check_required(s, rule, wanted[i], "an event with an eventTime says so") && i)
			check_length(s, wanted[i], 128);
	}
	check_length(s, &message, 1024);
}

void hgt_check_k8s_event(struct hgt_subject *s)
{
	check_event(s, "involvedObject", "reportingComponent", "message");
}

void hgt_check_k8s_new_event(struct hgt_subject *s)
{
	static const char *const types[] = {"Normal", "Warning", NULL};
	static const char *const old[] = {"deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount"};
	struct hgt_field object = hgt_field_root(s), type = hgt_field_get(&object, "type");

	check_event(s, "regarding", "reportingController", "note");
	if (hgt_check_required(s, rule, &type, "Normal or Warning"))
		hgt_check_enum(s, rule, &type, types);
	for (size_t i = 0; i < 3; i++) {
		struct hgt_field field = hgt_field_get(&object, old[i]);
		int64_t n;

		if (field.node && !(hgt_field_int(&field, &n) && n == 0))
			hgt_tell_key(s, rule, &field, "remove it", "must not be set in events.k8s.io/v1");
	}
}

/* Two DNS names and a slash between them. */
static bool is_signer_name(const char *name)
{
	const char *slash = strchr(name, '/'), *dot = strchr(name, '.');

	if (!slash || strchr(slash + 1, '/') || !dot || dot > slash || !hgt_is_long_name(name, (size_t)(slash - name)))
		return false;
	for (const char *label = name; label < slash; label += strcspn(label, "./") + 1)
		if (strcspn(label, "./") > 63)
			return false;
	return hgt_is_long_name(slash + 1, strlen(slash + 1)) || strlen(slash + 1) > 253;
}

static void check_request(struct hgt_subject *s, const struct hgt_field *request)
{
	static const char start[] = "-----BEGIN CERTIFICATE REQUEST-----";
	const char *text = hgt_field_text(request, NULL);
	struct hgt_buf pem = HGT_BUF_INIT;
	size_t bad;

	if (text && hgt_base64_decode(&pem, text, strlen(text), &bad) && hgt_is_built(s, &pem) && !strstr(pem.data, start))
		hgt_tell_field(s, rule, request, "openssl req -new makes one; base64 of the file goes here",
			"is not the base64 of a certificate request in PEM");
	hgt_buf_release(&pem);
}

void hgt_check_k8s_certificate_request(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), usages = hgt_field_get(&spec, "usages");
	struct hgt_field signer = hgt_field_get(&spec, "signerName"), request = hgt_field_get(&spec, "request");
	const char *text = hgt_field_text(&signer, NULL);

	if (spec.node && !hgt_field_is_map(&spec))
		return;
	hgt_check_required_list(s, rule, &usages, "for example [client auth]");
	hgt_check_unique(s, rule, &usages);
	if (text && strcmp(text, "kubernetes.io/legacy-unknown") == 0)
		hgt_tell_field(s, rule, &signer, "kubernetes.io/kube-apiserver-client, or a signer of your own", "is not taken any more");
	else if (text && !is_signer_name(text))
		hgt_tell_field(s, rule, &signer, "for example example.com/signer", "%s is not a DNS name with a dot, a slash and a name",
			hgt_quote(text));
	check_request(s, &request);
}

/* A bundle for a signer is named after it. */
static void check_bundle_name(struct hgt_subject *s, const struct hgt_field *name, const char *signer)
{
	const char *text = hgt_field_text(name, NULL);
	struct hgt_buf prefix = HGT_BUF_INIT;

	if (!text)
		return;
	for (const char *c = signer; *c; c++)
		hgt_buf_addc(&prefix, *c == '/' ? ':' : *c);
	hgt_buf_addc(&prefix, ':');
	if (!*signer && strchr(text, ':'))
		hgt_tell_field(s, rule, name, "set spec.signerName", "may have \":\" only for the bundle of a signer");
	else if (*signer && hgt_is_built(s, &prefix) && strncmp(text, prefix.data, prefix.len) != 0)
		hgt_tell_field(s, rule, name, NULL, "must begin with %s, as spec.signerName says", hgt_quote(prefix.data));
	hgt_buf_release(&prefix);
}

void hgt_check_k8s_trust_bundle(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), signer = hgt_field_get(&spec, "signerName");
	struct hgt_field metadata = hgt_field_get(&object, "metadata"), name = hgt_field_get(&metadata, "name");
	struct hgt_field bundle = hgt_field_get(&spec, "trustBundle");
	const char *text = hgt_field_text(&signer, ""), *pem = hgt_field_text(&bundle, NULL);

	if (text && *text && !is_signer_name(text))
		hgt_tell_field(s, rule, &signer, "for example example.com/signer", "%s is not a DNS name with a dot, a slash and a name",
			hgt_quote(text));
	else if (text)
		check_bundle_name(s, &name, text);
	if (pem && !strstr(pem, "-----BEGIN CERTIFICATE-----"))
		hgt_tell_field(s, rule, &bundle, "certificates in PEM, one after the other", "has no certificate in PEM");
}
