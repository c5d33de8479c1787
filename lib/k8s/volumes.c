/* A pod's volumes. */
#include "k8s/pod.h"

static const char rule[] = "k8s/volume";

static void check_iscsi(struct hgt_pod *pod, const struct hgt_field *volume, const struct hgt_field *source)
{
	enum { MOST = 64 };
	struct hgt_field discovery = hgt_field_get(source, "chapAuthDiscovery"), session = hgt_field_get(source, "chapAuthSession");
	struct hgt_field secret = hgt_field_get(source, "secretRef"), initiator = hgt_field_get(source, "initiatorName");
	struct hgt_field portal = hgt_field_get(source, "targetPortal"), name = hgt_field_get(volume, "name");
	const char *portal_text = hgt_field_string(&portal), *name_text = hgt_field_string(&name);

	if (!secret.node && (hgt_field_is_true(&discovery) || hgt_field_is_true(&session)))
		hgt_tell_field(pod->subject, rule, &secret, "name the Secret with the CHAP credentials", "is missing, and CHAP needs it");
	if (initiator.node && portal_text && name_text && name.node->len + 1 + portal.node->len > MOST)
		hgt_tell_field(pod->subject, rule, &name, "give the volume a shorter name",
			"with targetPortal it has %zu characters, and %d are the most when initiatorName is set",
			name.node->len + 1 + portal.node->len, MOST);
}

static void check_fc(struct hgt_pod *pod, const struct hgt_field *source)
{
	struct hgt_field targets = hgt_field_get(source, "targetWWNs"), ids = hgt_field_get(source, "wwids"),
		lun = hgt_field_get(source, "lun");
	bool has_targets = !hgt_field_is_empty(&targets), has_ids = !hgt_field_is_empty(&ids);
	int64_t n;

	if (has_targets == has_ids)
		hgt_tell_field(pod->subject, rule, &targets, "set one of the two", has_ids ? "cannot be set together with wwids" :
			"is missing, and so is wwids");
	if (has_targets && !lun.node)
		hgt_tell_field(pod->subject, rule, &lun, NULL, "is missing, and targetWWNs needs it");
	else if (has_targets && hgt_field_int(&lun, &n) && (n < 0 || n > 255))
		hgt_tell_field(pod->subject, rule, &lun, NULL, "must be between 0 and 255, is %" PRId64, n);
}

static void check_azure_disk(struct hgt_pod *pod, const struct hgt_field *source)
{
	struct hgt_field kind = hgt_field_get(source, "kind"), uri = hgt_field_get(source, "diskURI");
	const char *kind_text = hgt_field_string(&kind), *text = hgt_field_string(&uri);
	bool managed = kind_text && strcmp(kind_text, "Managed") == 0;
	const char *prefix = managed ? "/subscriptions/" : "https://";

	if (kind_text && text && strncmp(text, prefix, strlen(prefix)) != 0)
		hgt_tell_field(pod->subject, rule, &uri, NULL, "%s does not begin with %s, as that of %s disk does", hgt_quote(text), prefix,
			managed ? "a managed" : "a shared or dedicated");
}

static void check_flex(struct hgt_pod *pod, const struct hgt_field *source)
{
	struct hgt_field options = hgt_field_get(source, "options");

	HGT_EACH_MEMBER(&options, option) {
		static const char *const reserved[] = {"kubernetes.io", "k8s.io"};
		const char *key = option.key->text;
		size_t len = strcspn(key, "/");

		for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
			size_t n = strlen(reserved[i]);

			if (len >= n && strncasecmp(key + len - n, reserved[i], n) == 0 && (len == n || key[len - n - 1] == '.'))
				hgt_tell_key(pod->subject, rule, &option, "use a domain of your own", "%s is Kubernetes' own", reserved[i]);
		}
	}
}

static void check_downward_api(struct hgt_pod *pod, const struct hgt_field *source)
{
	struct hgt_field items = hgt_field_get(source, "items");

	HGT_EACH_ITEM(&items, item) {
		struct hgt_field field = hgt_field_get(&item, "fieldRef"), resource = hgt_field_get(&item, "resourceFieldRef");

		if (field.node)
			hgt_check_field_ref(pod, &field, true);
		else if (resource.node)
			hgt_check_resource_field_ref(pod, &resource, true);
	}
}

/* A path in a projected volume: two sources cannot both put something there. */
static void note_path(struct hgt_pod *pod, struct hgt_seen *paths, const struct hgt_field *in, const char *name)
{
	struct hgt_field path = hgt_field_get(in, name);
	const char *text = hgt_field_string(&path);
	const struct hgt_node *first = text && *text ? hgt_seen_before(pod->subject, paths, path.node, "%s", text) : NULL;

	if (first)
		hgt_tell_again(pod->subject, "k8s/duplicate-name", &path, first);
}

static void note_items(struct hgt_pod *pod, struct hgt_seen *paths, const struct hgt_field *source)
{
	struct hgt_field items = hgt_field_get(source, "items");

	HGT_EACH_ITEM(&items, item)
		note_path(pod, paths, &item, "path");
}

static void check_trust_bundle(struct hgt_pod *pod, const struct hgt_field *source)
{
	struct hgt_field name = hgt_field_get(source, "name"), selector = hgt_field_get(source, "labelSelector");

	if (name.node && selector.node)
		hgt_tell_key(pod->subject, rule, &selector, "it goes with signerName", "cannot be set together with name");
	hgt_check_label_selector(pod->subject, &selector);
}

static void check_certificate(struct hgt_pod *pod, const struct hgt_field *source)
{
	struct hgt_field bundle = hgt_field_get(source, "credentialBundlePath"), key = hgt_field_get(source, "keyPath");
	struct hgt_field chain = hgt_field_get(source, "certificateChainPath");

	if (hgt_field_is_empty(&bundle) && hgt_field_is_empty(&key) && hgt_field_is_empty(&chain))
		hgt_tell_field(pod->subject, rule, source, NULL,
			"one of credentialBundlePath, keyPath and certificateChainPath has to be there");
}

static void check_projected(struct hgt_pod *pod, const struct hgt_field *source)
{
	struct hgt_field sources = hgt_field_get(source, "sources");
	struct hgt_seen paths = HGT_SEEN_INIT;

	HGT_EACH_ITEM(&sources, one) {
		struct hgt_field secret = hgt_field_get(&one, "secret"), config = hgt_field_get(&one, "configMap");
		struct hgt_field downward = hgt_field_get(&one, "downwardAPI"), bundle = hgt_field_get(&one, "clusterTrustBundle");
		struct hgt_field certificate = hgt_field_get(&one, "podCertificate");

		if (!one.node || (one.node->type == HGT_NODE_MAP && !one.node->v.map.n))
			hgt_tell_field(pod->subject, "k8s/doubtful", &one, "remove it", "brings nothing into the volume");
		note_items(pod, &paths, &secret);
		note_items(pod, &paths, &config);
		note_items(pod, &paths, &downward);
		check_downward_api(pod, &downward);
		if (bundle.node) {
			note_path(pod, &paths, &bundle, "path");
			check_trust_bundle(pod, &bundle);
		}
		if (certificate.node) {
			note_path(pod, &paths, &certificate, "credentialBundlePath");
			note_path(pod, &paths, &certificate, "keyPath");
			note_path(pod, &paths, &certificate, "certificateChainPath");
			check_certificate(pod, &certificate);
		}
	}
	hgt_seen_release(&paths);
}

/* A claim that is made for an ephemeral volume gets the pod's name and the volume's, and nobody else may name it. */
static void check_claim(struct hgt_pod *pod, const struct hgt_field *source)
{
	struct hgt_field name = hgt_field_get(source, "claimName"), pod_name = hgt_field_get(&pod->metadata, "name");
	const char *text = hgt_field_string(&name), *prefix = pod->is_template ? NULL : hgt_field_string(&pod_name);
	size_t len = prefix ? pod_name.node->len : 0;
	const struct hgt_node *volume;

	if (!text || !len || strncmp(text, prefix, len) != 0 || text[len] != '-')
		return;
	volume = hgt_names_get(&pod->volumes, text + len + 1);
	if (volume && hgt_node_get(volume, "ephemeral"))
		hgt_tell_field(pod->subject, rule, &name, "mount the ephemeral volume itself",
			"%s is the claim that is made for the ephemeral volume %s", hgt_quote(text), hgt_quote(text + len + 1));
}

/* The claim that is made has the pod's name in its own, and is the pod's: only labels and annotations can be given to it. */
static void check_ephemeral(struct hgt_pod *pod, const struct hgt_field *source)
{
	struct hgt_field template = hgt_field_get(source, "volumeClaimTemplate"), metadata = hgt_field_get(&template, "metadata");
	struct hgt_field spec = hgt_field_get(&template, "spec");

	if (!hgt_field_is_map(&template))
		return;
	hgt_check_labels(pod->subject, &metadata);
	HGT_EACH_MEMBER(&metadata, member)
		if (strcmp(member.key->text, "labels") != 0 && strcmp(member.key->text, "annotations") != 0 && !hgt_field_is_empty(&member))
			hgt_tell_key(pod->subject, rule, &member, "remove it", "cannot be set; a template has labels and annotations");
	hgt_check_claim_spec(pod->subject, &spec);
}

/* References that may be empty in a template were, before 1.37. */
static void check_image(struct hgt_pod *pod, const struct hgt_field *source)
{
	struct hgt_field reference = hgt_field_get(source, "reference");

	if (hgt_field_is_map(source) && hgt_field_is_empty(&reference) && (!pod->is_template || pod->subject->kubernetes >= 37))
		hgt_tell_field(pod->subject, rule, &reference, "name the image", "is missing");
}

static void check_empty_dir(struct hgt_pod *pod, const struct hgt_field *source)
{
	struct hgt_field limit = hgt_field_get(source, "sizeLimit");
	struct hgt_quantity quantity;

	if (hgt_field_quantity(&limit, &quantity) && quantity.negative)
		hgt_tell_field(pod->subject, rule, &limit, NULL, "must be 0 or more, is %s", hgt_quote(limit.node->text));
}

/* A Secret that is named has a name. */
static void check_secret_ref(struct hgt_pod *pod, const struct hgt_field *source, const char *name)
{
	struct hgt_field reference = hgt_field_get(source, name), secret = hgt_field_get(&reference, "name");
	const char *text = hgt_field_string(&secret);

	if (!hgt_field_is_map(&reference) || !hgt_check_required(pod->subject, rule, &secret, "name the Secret"))
		return;
	if (text && strcmp(name, "nodePublishSecretRef") == 0 && !hgt_is_long_name(text, secret.node->len))
		hgt_tell_field(pod->subject, rule, &secret, NULL, "%s is no name that a Secret can have", hgt_quote(text));
}

static void check_volume(struct hgt_pod *pod, const struct hgt_field *volume)
{
	struct hgt_field iscsi = hgt_field_get(volume, "iscsi"), fc = hgt_field_get(volume, "fc");
	struct hgt_field azure = hgt_field_get(volume, "azureDisk"), flex = hgt_field_get(volume, "flexVolume");
	struct hgt_field downward = hgt_field_get(volume, "downwardAPI"), projected = hgt_field_get(volume, "projected");
	struct hgt_field claim = hgt_field_get(volume, "persistentVolumeClaim"), image = hgt_field_get(volume, "image");
	struct hgt_field empty = hgt_field_get(volume, "emptyDir"), csi = hgt_field_get(volume, "csi");
	struct hgt_field ephemeral = hgt_field_get(volume, "ephemeral");
	struct hgt_field cinder = hgt_field_get(volume, "cinder"), storageos = hgt_field_get(volume, "storageos");

	if (hgt_field_is_map(&iscsi))
		check_iscsi(pod, volume, &iscsi);
	if (hgt_field_is_map(&fc))
		check_fc(pod, &fc);
	check_azure_disk(pod, &azure);
	check_flex(pod, &flex);
	check_downward_api(pod, &downward);
	check_projected(pod, &projected);
	check_claim(pod, &claim);
	hgt_check_volume_paths(pod, volume);
	check_image(pod, &image);
	check_empty_dir(pod, &empty);
	check_ephemeral(pod, &ephemeral);
	check_secret_ref(pod, &csi, "nodePublishSecretRef");
	check_secret_ref(pod, &cinder, "secretRef");
	check_secret_ref(pod, &storageos, "secretRef");
}

/* A claim's name is that of its metadata. Two of one name are taken for one. */
static void gather_claims(struct hgt_pod *pod, const struct hgt_field *claims)
{
	pod->claims.open = claims->node && claims->node->type != HGT_NODE_SEQ;
	HGT_EACH_ITEM(claims, claim) {
		struct hgt_field metadata = hgt_field_get(&claim, "metadata"), name = hgt_field_get(&metadata, "name");
		const char *text = hgt_field_text(&name, "");

		if (!text)
			pod->claims.open = true;
		else if (*text)
			hgt_seen_before(pod->subject, &pod->claims.seen, claim.node, "%s", text);
	}
}

void hgt_check_volumes(struct hgt_pod *pod, const struct hgt_field *claims)
{
	struct hgt_field volumes = hgt_field_get(&pod->spec, "volumes");

	if (claims)
		gather_claims(pod, claims);
	hgt_names_gather(pod->subject, &pod->volumes, &volumes);
	HGT_EACH_ITEM(&volumes, volume)
		check_volume(pod, &volume);
}
