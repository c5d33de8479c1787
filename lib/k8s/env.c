/* k8s/env: the environment of a container, and what it and volumes read of the pod. */
#include "k8s/pod.h"

static const char rule[] = "k8s/env";

/* Whether the text is "metadata.labels['key']"; the key in *key. */
static bool has_subscript(const char *text, const char *path, const char **key, size_t *len)
{
	size_t n = strlen(path), all = strlen(text);

	if (strncmp(text, path, n) != 0 || strncmp(text + n, "['", 2) != 0 || all < n + 4 || strcmp(text + all - 2, "']") != 0)
		return false;
	*key = text + n + 2;
	*len = all - n - 4;
	return true;
}

/* NULL when the field can be read there; else what to write. */
static const char *wrong_path(const char *path, bool in_volume)
{
	static const char *const everywhere[] = {"metadata.name", "metadata.namespace", "metadata.uid", NULL};
	static const char *const in_volumes[] = {"metadata.labels", "metadata.annotations", NULL};
	static const char *const in_env[] = {"spec.nodeName", "spec.host", "spec.serviceAccountName", "status.hostIP", "status.hostIPs",
		"status.podIP", "status.podIPs", NULL};
	const char *key;
	size_t len;

	if (has_subscript(path, "metadata.labels", &key, &len))
		return hgt_is_label_key(key, len) ? NULL : "a label's key stands in the brackets: metadata.labels['app']";
	if (has_subscript(path, "metadata.annotations", &key, &len))
		return hgt_is_annotation_key(key, len) ? NULL : "an annotation's key stands in the brackets: metadata.annotations['a']";
	if (hgt_is_one_of(path, everywhere) || hgt_is_one_of(path, in_volume ? in_volumes : in_env))
		return NULL;
	return in_volume ? "one of: metadata.name, metadata.namespace, metadata.uid, metadata.labels, metadata.annotations, "
		"metadata.labels['KEY'], metadata.annotations['KEY']" :
		"one of: metadata.name, metadata.namespace, metadata.uid, metadata.labels['KEY'], metadata.annotations['KEY'], spec.nodeName, "
		"spec.serviceAccountName, status.hostIP, status.hostIPs, status.podIP, status.podIPs";
}

void hgt_check_field_ref(struct hgt_pod *pod, const struct hgt_field *ref, bool in_volume)
{
	struct hgt_field version = hgt_field_get(ref, "apiVersion"), path = hgt_field_get(ref, "fieldPath");
	const char *version_text = hgt_field_text(&version, "v1"), *text = hgt_field_string(&path);
	const char *hint = text && *text ? wrong_path(text, in_volume) : NULL;

	if (version_text && strcmp(version_text, "v1") != 0)
		hgt_tell_field(pod->subject, rule, &version, "v1", "a pod's fields are those of v1, not of %s", hgt_quote(version_text));
	else if (hint)
		hgt_tell_field(pod->subject, rule, &path, hint, "%s is no field that %s can have", hgt_quote(text),
			in_volume ? "a file" : "a variable");
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool is_huge_page(const char *resource)
{
	return begins(resource, "limits.hugepages-") || begins(resource, "requests.hugepages-");
}

/* A divisor is one unit: 1, 1m for CPUs; 1, 1k to 1E, 1Ki to 1Ei for bytes. */
static bool is_divisor(const struct hgt_field *divisor, const char *resource)
{
	static const char *const of_cpu[] = {"1", "1m", NULL};
	static const char *const of_bytes[] = {"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei", NULL};
	const char *const *units = begins(strchr(resource, '.') + 1, "cpu") ? of_cpu : of_bytes;
	struct hgt_quantity quantity, unit;

	if (!hgt_field_quantity(divisor, &quantity) || hgt_quantity_is_zero(&quantity))
		return true;
	for (; *units; units++)
		if (hgt_quantity_parse(*units, strlen(*units), &unit) && hgt_quantity_compare(&unit, &quantity) == 0)
			return true;
	return false;
}

void hgt_check_resource_field_ref(struct hgt_pod *pod, const struct hgt_field *ref, bool in_volume)
{
	static const char *const resources[] = {"limits.cpu", "limits.memory", "limits.ephemeral-storage", "requests.cpu",
		"requests.memory", "requests.ephemeral-storage", NULL};
	struct hgt_field resource = hgt_field_get(ref, "resource"), divisor = hgt_field_get(ref, "divisor");
	struct hgt_field container = hgt_field_get(ref, "containerName");
	const char *text = hgt_field_string(&resource);

	if (in_volume)
		hgt_check_required(pod->subject, rule, &container, "name the container whose resources the file tells");
	if (!text || !*text)
		return;
	if (!hgt_is_one_of(text, resources) && !is_huge_page(text))
		hgt_tell_field(pod->subject, rule, &resource, "one of: limits.cpu, limits.memory, limits.ephemeral-storage, limits.hugepages-SIZE, "
			"and the same with requests", "%s is no resource", hgt_quote(text));
	else if (!is_divisor(&divisor, text))
		hgt_tell_field(pod->subject, rule, &divisor, begins(strchr(text, '.') + 1, "cpu") ? "1 or 1m" :
			"1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi or 1Ei", "is no unit that %s can be told in", text);
}

/* A file with variables is made by an init container, and lies in an emptyDir. */
static void check_file_ref(struct hgt_pod *pod, const struct hgt_field *ref)
{
	struct hgt_field name = hgt_field_get(ref, "volumeName");
	const char *text = hgt_field_string(&name);
	const struct hgt_node *volume = text && *text ? hgt_names_get(&pod->volumes, text) : NULL;

	if (!text || !*text || (!volume && pod->volumes.open))
		return;
	if (!volume)
		hgt_tell_field(pod->subject, rule, &name, "add it to volumes", "the pod has no volume %s", hgt_quote(text));
	else if (!hgt_node_get(volume, "emptyDir") && volume->v.map.n > 1)
		hgt_tell_field(pod->subject, rule, &name, NULL, "the volume %s is no emptyDir", hgt_quote(text));
}

static void check_value(struct hgt_pod *pod, const struct hgt_field *variable)
{
	struct hgt_field value = hgt_field_get(variable, "value"), from = hgt_field_get(variable, "valueFrom");
	struct hgt_field field = hgt_field_get(&from, "fieldRef"), resource = hgt_field_get(&from, "resourceFieldRef");
	struct hgt_field file = hgt_field_get(&from, "fileKeyRef");

	if (!hgt_field_is_empty(&value) && hgt_field_members(&from))
		hgt_tell_key(pod->subject, rule, &from, "keep value or valueFrom", "cannot be set when value is not empty");
	if (field.node)
		hgt_check_field_ref(pod, &field, false);
	if (resource.node)
		hgt_check_resource_field_ref(pod, &resource, false);
	if (file.node)
		check_file_ref(pod, &file);
}

/* Whether a variable that is stated again builds on what it was: X="$(X):more". */
static bool builds_on(const struct hgt_field *variable, const char *name)
{
	struct hgt_field value = hgt_field_get(variable, "value"), from = hgt_field_get(variable, "valueFrom");
	const char *text = value.node ? value.node->text : "";
	size_t len = strlen(name);

	if (from.node)
		return false;
	for (const char *at = text; (at = strstr(at, "$(")); at += 2)
		if (strncmp(at + 2, name, len) == 0 && at[2 + len] == ')')
			return at != text || at[3 + len];
	return false;
}

void hgt_check_env(struct hgt_pod *pod, const struct hgt_field *container)
{
	struct hgt_field variables = hgt_field_get(container, "env");
	struct hgt_seen seen = HGT_SEEN_INIT;

	HGT_EACH_ITEM(&variables, variable) {
		struct hgt_field name = hgt_field_get(&variable, "name");
		const char *text = hgt_field_string(&name);
		const struct hgt_node *first = text && *text ? hgt_seen_before(pod->subject, &seen, name.node, "%s", text) : NULL;

		if (first && !builds_on(&variable, text))
			hgt_tell_again(pod->subject, "k8s/overlap", &name, first);
		check_value(pod, &variable);
	}
	hgt_seen_release(&seen);
}
