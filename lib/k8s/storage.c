/* k8s/storage: volumes and claims, beyond their single fields. */
#include "k8s/kind_checks.h"
#include "k8s/parts.h"
#include "k8s/pod.h"

static const char rule[] = "k8s/storage";

/* ReadWriteOncePod excludes the others. */
static void check_access_modes(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field modes = hgt_field_get(spec, "accessModes");
	bool other = false;

	if (!hgt_check_required_list(s, rule, &modes, "for example [ReadWriteOnce]"))
		return;
	HGT_EACH_ITEM(&modes, mode)
		other |= hgt_field_string(&mode) && !hgt_field_equals(&mode, "ReadWriteOncePod");
	if (other && hgt_field_has(&modes, "ReadWriteOncePod"))
		hgt_tell_field(s, rule, &modes, "remove the others", "ReadWriteOncePod does not go with other access modes");
}

static void check_positive(struct hgt_subject *s, const struct hgt_field *field)
{
	struct hgt_quantity quantity;

	if (hgt_field_quantity(field, &quantity) && (quantity.negative || hgt_quantity_is_zero(&quantity)))
		hgt_tell_field(s, rule, field, NULL, "must be greater than zero");
}

/* No part of a path leads back up. */
static void check_path(struct hgt_subject *s, const struct hgt_field *source)
{
	struct hgt_field path = hgt_field_get(source, "path");
	const char *text = hgt_field_string(&path);

	for (size_t len = 0; text; text += len + 1) {
		len = strcspn(text, "/");
		if (len == 2 && memcmp(text, "..", 2) == 0) {
			hgt_tell_field(s, rule, &path, NULL, "must not have \"..\" in it");
			return;
		}
		if (!text[len])
			return;
	}
}

static bool is_alnum(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || ((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'z')))
			return false;
	return true;
}

/* iqn.2001-04.com.example:storage, eui. and 16 letters or digits, naa. and 32. */
static bool is_iscsi_name(const char *name)
{
	size_t len = strlen(name), digits;
	const char *colon;

	if (strncmp(name, "eui", 3) == 0)
		return len == 20 && is_alnum(name + 4, 16);
	if (strncmp(name, "naa", 3) == 0)
		return len == 36 && is_alnum(name + 4, 32);
	if (strncmp(name, "iqn.", 4) != 0)
		return false;
	name += 4;
	digits = strspn(name, "0123456789");
	if (digits != 4 || name[4] != '-' || strspn(name + 5, "0123456789") != 2 || name[7] != '.')
		return false;
	colon = strchr(name + 8, ':');
	return colon && colon != name + 8 && colon[1] && colon[1 + strcspn(colon + 1, ",;*&$| \t\n\v\f\r")] == '\0';
}

static void check_iscsi(struct hgt_subject *s, const struct hgt_field *iscsi)
{
	static const char *const names[] = {"iqn", "initiatorName"}, *const auth[] = {"chapAuthDiscovery", "chapAuthSession"};
	struct hgt_field secret = hgt_field_get(iscsi, "secretRef"), name = hgt_field_get(&secret, "name");

	for (size_t i = 0; i < 2; i++) {
		struct hgt_field field = hgt_field_get(iscsi, names[i]);
		const char *text = hgt_field_text(&field, NULL);

		if (text && !is_iscsi_name(text))
			hgt_tell_field(s, rule, &field, "for example iqn.2001-04.com.example:storage", "%s is not a name of iSCSI", hgt_quote(text));
	}
	for (size_t i = 0; i < 2; i++) {
		struct hgt_field on = hgt_field_get(iscsi, auth[i]);

		if (!hgt_field_is_true(&on) || secret.node)
			continue;
		hgt_tell_field(s, rule, &secret, NULL, "is missing, and %s is on", auth[i]);
		break;
	}
	if (hgt_field_is_map(&secret))
		hgt_check_required(s, rule, &name, NULL);
}

static void check_fibre(struct hgt_subject *s, const struct hgt_field *fc)
{
	struct hgt_field names = hgt_field_get(fc, "targetWWNs"), ids = hgt_field_get(fc, "wwids"), lun = hgt_field_get(fc, "lun");

	if (hgt_field_is_empty(&names) == hgt_field_is_empty(&ids))
		hgt_tell_field(s, rule, &names, NULL, "either targetWWNs or wwids must be set, and not both");
	if (!hgt_field_is_empty(&names) && !lun.node)
		hgt_tell_field(s, rule, &lun, NULL, "is missing, and targetWWNs is there");
}

static void check_secret_ref(struct hgt_subject *s, const struct hgt_field *source, const char *key)
{
	struct hgt_field ref = hgt_field_get(source, key), name = hgt_field_get(&ref, "name");
	struct hgt_field namespace = hgt_field_get(&ref, "namespace");

	if (!hgt_field_is_map(&ref))
		return;
	hgt_check_required(s, rule, &name, NULL);
	hgt_check_required(s, rule, &namespace, "a volume is in no namespace, so its secrets are named with theirs");
}

static void check_csi(struct hgt_subject *s, const struct hgt_field *csi)
{
	static const char *const refs[] = {"controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef",
		"nodeExpandSecretRef"};

	for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++)
		check_secret_ref(s, csi, refs[i]);
}

static void check_nfs(struct hgt_subject *s, const struct hgt_field *nfs)
{
	struct hgt_field path = hgt_field_get(nfs, "path");
	const char *text = hgt_field_text(&path, NULL);

	if (text && text[0] != '/')
		hgt_tell_field(s, rule, &path, "begin it with a slash", "%s is not an absolute path", hgt_quote(text));
}

static void check_azure_disk(struct hgt_subject *s, const struct hgt_field *disk)
{
	struct hgt_field kind = hgt_field_get(disk, "kind"), uri = hgt_field_get(disk, "diskURI");
	const char *word = hgt_field_text(&kind, "Shared"), *text = hgt_field_text(&uri, NULL);
	const char *prefix;

	if (!word || !text)
		return;
	prefix = strcmp(word, "Managed") == 0 ? "/subscriptions/" : "https://";
	if (strncmp(text, prefix, strlen(prefix)) != 0)
		hgt_tell_field(s, rule, &uri, NULL, "must begin with %s, as kind is %s", hgt_quote(prefix), hgt_word(word));
}

static void check_flocker(struct hgt_subject *s, const struct hgt_field *flocker)
{
	struct hgt_field name = hgt_field_get(flocker, "datasetName"), id = hgt_field_get(flocker, "datasetUUID");

	if (hgt_field_is_empty(&name) == hgt_field_is_empty(&id))
		hgt_tell_field(s, rule, flocker, NULL, "either datasetName or datasetUUID must be set, and not both");
}

static void check_cinder(struct hgt_subject *s, const struct hgt_field *cinder)
{
	check_secret_ref(s, cinder, "secretRef");
}

/* In the order in which the server looks. */
static const struct {
	const char *name;
	void (*check)(struct hgt_subject *s, const struct hgt_field *source);
} sources[] = {
	{"hostPath", check_path}, {"gcePersistentDisk", NULL}, {"awsElasticBlockStore", NULL}, {"glusterfs", NULL},
	{"flocker", check_flocker}, {"nfs", check_nfs}, {"rbd", NULL}, {"quobyte", NULL}, {"cephfs", NULL}, {"iscsi", check_iscsi},
	{"cinder", check_cinder}, {"fc", check_fibre}, {"flexVolume", NULL}, {"azureFile", NULL}, {"vsphereVolume", NULL},
	{"photonPersistentDisk", NULL}, {"portworxVolume", NULL}, {"azureDisk", check_azure_disk}, {"scaleIO", NULL},
	{"local", check_path}, {"storageos", check_cinder}, {"csi", check_csi},
};

static void check_sources(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field affinity = hgt_field_get(spec, "nodeAffinity"), required = hgt_field_get(&affinity, "required");
	const char *first = NULL;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		struct hgt_field source = hgt_field_get(spec, sources[i].name);

		if (!source.node)
			continue;
		if (first) {
			hgt_tell_key(s, rule, &source, "remove one of the two", "a volume is of one sort, and this one has %s too", first);
			continue;
		}
		first = sources[i].name;
		if (sources[i].check && hgt_field_is_map(&source))
			sources[i].check(s, &source);
	}
	if (!first)
		hgt_tell_field(s, rule, spec, "csi, nfs, local, hostPath...", "does not say of which sort the volume is");
	hgt_check_node_selector(s, &required);
	if (affinity.node && hgt_field_is_map(&affinity) && !required.node)
		hgt_tell_field(s, rule, &required, NULL, "is missing");
	else if (first && strcmp(first, "local") == 0 && !affinity.node)
		hgt_tell_field(s, rule, &affinity, "say on which node it is", "is missing, and a local volume is on one node");
}

static void check_capacity(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field capacity = hgt_field_get(spec, "capacity"), storage = hgt_field_get(&capacity, "storage");

	if (!hgt_check_required(s, rule, &capacity, "capacity: {storage: 10Gi}") || !hgt_field_is_map(&capacity))
		return;
	if (!storage.node || hgt_field_members(&capacity) != 1)
		hgt_tell_field(s, rule, &capacity, "capacity: {storage: 10Gi}", "must have storage, and nothing else");
	check_positive(s, &storage);
}

/* Whether a path is / however it is spelled. */
static bool is_root(const char *path)
{
	return path && path[0] == '/' && path[strspn(path, "/.")] == '\0';
}

void hgt_check_k8s_volume(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field policy = hgt_field_get(&spec, "persistentVolumeReclaimPolicy"), host = hgt_field_get(&spec, "hostPath");
	struct hgt_field path = hgt_field_get(&host, "path"), class = hgt_field_get(&spec, "volumeAttributesClassName");
	struct hgt_field csi = hgt_field_get(&spec, "csi");

	if (spec.node && !hgt_field_is_map(&spec))
		return;
	check_access_modes(s, &spec);
	check_capacity(s, &spec);
	check_sources(s, &spec);
	if (hgt_field_equals(&policy, "Recycle") && is_root(hgt_field_string(&path)))
		hgt_tell_field(s, rule, &policy, "set it to Retain", "Recycle would empty the whole host: hostPath is /");
	if (class.node && !csi.node)
		hgt_tell_field(s, rule, &csi, NULL, "is missing, and volumeAttributesClassName is there");
}

/* A source of data of the core group is another claim. */
static void check_data_source(struct hgt_subject *s, const struct hgt_field *source)
{
	struct hgt_field group = hgt_field_get(source, "apiGroup"), kind = hgt_field_get(source, "kind");
	const char *text = hgt_field_text(&group, ""), *word = hgt_field_text(&kind, NULL);

	if (hgt_field_is_map(source) && text && !*text && word && strcmp(word, "PersistentVolumeClaim") != 0)
		hgt_tell_field(s, rule, source, "add apiGroup: snapshot.storage.k8s.io, or the group that the kind has",
			"%s is not of the core group, which is meant without apiGroup", hgt_quote(word));
}

static bool is_same(const struct hgt_field *a, const struct hgt_field *b, const char *name)
{
	struct hgt_field x = hgt_field_get(a, name), y = hgt_field_get(b, name);
	const char *text = hgt_field_text(&x, ""), *other = hgt_field_text(&y, "");

	return !text || !other || strcmp(text, other) == 0;
}

/* Of dataSource the server keeps what it knows, a claim or a snapshot, and drops the rest without a word. */
static bool is_kept(const struct hgt_field *source)
{
	struct hgt_field group = hgt_field_get(source, "apiGroup"), kind = hgt_field_get(source, "kind");
	const char *text = hgt_field_text(&group, "");

	return text && ((!*text && hgt_field_equals(&kind, "PersistentVolumeClaim")) ||
		(strcmp(text, "snapshot.storage.k8s.io") == 0 && hgt_field_equals(&kind, "VolumeSnapshot")));
}

static void check_data_sources(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field source = hgt_field_get(spec, "dataSource"), ref = hgt_field_get(spec, "dataSourceRef");
	struct hgt_field namespace = hgt_field_get(&ref, "namespace"), name = hgt_field_get(&source, "name");

	check_data_source(s, &ref);
	if (!is_kept(&source))
		return;
	hgt_check_required(s, rule, &name, NULL);
	if (!hgt_field_is_map(&ref))
		return;
	if (!hgt_field_is_empty(&namespace))
		hgt_tell_field(s, rule, spec, "remove dataSource", "dataSource may not be set when dataSourceRef has a namespace");
	else if (!is_same(&source, &ref, "apiGroup") || !is_same(&source, &ref, "kind") || !is_same(&source, &ref, "name"))
		hgt_tell_field(s, rule, spec, "remove dataSource", "dataSource and dataSourceRef must be the same");
}

void hgt_check_claim_spec(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field resources = hgt_field_get(spec, "resources"), requests = hgt_field_get(&resources, "requests");
	struct hgt_field storage = hgt_field_get(&requests, "storage"), selector = hgt_field_get(spec, "selector");

	if (spec->node && !hgt_field_is_map(spec))
		return;
	check_access_modes(s, spec);
	hgt_check_label_selector(s, &selector);
	if (!storage.node)
		hgt_tell_field(s, rule, &storage, "resources: {requests: {storage: 10Gi}}", "is missing, and a claim says how much it wants");
	else
		check_positive(s, &storage);
	check_data_sources(s, spec);
}

void hgt_check_k8s_claim(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");

	hgt_check_claim_spec(s, &spec);
}
