/* Annotations of pods and templates that say what a field says, or ought to. */
#include "k8s/pod.h"

static const char rule[] = "k8s/pod", security_rule[] = "k8s/security-context";

#define APPARMOR "container.apparmor.security.beta.kubernetes.io/"
#define SECCOMP "container.seccomp.security.alpha.kubernetes.io/"
#define SECCOMP_OF_POD "seccomp.security.alpha.kubernetes.io/pod"
#define LOCAL "localhost/"

static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers"};

/* What comes behind a prefix, or NULL. */
static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

/* A null is "" to the server; NULL for what cannot be judged. */
static const char *value_of(const struct hgt_field *annotation)
{
	return annotation->node ? hgt_field_string(annotation) : "";
}

/* A number of 32 bits as it is written by machines: no +, no leading zeros. */
static bool is_cost(const char *text)
{
	const char *digits = text + (*text == '-');
	size_t n = strspn(digits, "0123456789");
	int64_t number = 0;

	if (!n || digits[n] || (*text == '0' && n > 1))
		return false;
	for (size_t i = 0; i < n && number <= INT32_MAX; i++)
		number = number * 10 + (digits[i] - '0');
	return number <= INT32_MAX + (int64_t)(*text == '-');
}

static void check_cost(struct hgt_pod *pod, const struct hgt_field *annotations)
{
	struct hgt_field cost = hgt_field_get(annotations, "controller.kubernetes.io/pod-deletion-cost");
	const char *text = cost.key ? value_of(&cost) : NULL;

	if (text && !is_cost(text))
		hgt_tell_field(pod->subject, rule, &cost, NULL, "%s is no whole number from %d to %d without leading zeros", hgt_quote(text),
			INT32_MIN, INT32_MAX);
}

static bool is_profile(const char *text, bool apparmor)
{
	const char *path = after(text, LOCAL);

	if (strcmp(text, "runtime/default") == 0 || strcmp(text, "unconfined") == 0)
		return true;
	if (apparmor)
		return !*text || path;
	return path ? hgt_is_local_path(path, strlen(path)) : strcmp(text, "docker/default") == 0;
}

/* Whether a container may be called so. */
static bool has_container(const struct hgt_pod *pod, const char *name)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct hgt_field containers = hgt_field_get(&pod->spec, lists[i]);

		HGT_EACH_ITEM(&containers, container) {
			struct hgt_field field = hgt_field_get(&container, "name");
			const char *text = hgt_field_text(&field, "");

			if (!text || strcmp(text, name) == 0)
				return true;
		}
	}
	return false;
}

static void check_profiles(struct hgt_pod *pod, const struct hgt_field *annotations)
{
	HGT_EACH_MEMBER(annotations, annotation) {
		const char *key = annotation.key->text, *name = after(key, APPARMOR), *text = value_of(&annotation);
		bool seccomp = strcmp(key, SECCOMP_OF_POD) == 0 || after(key, SECCOMP);

		if (hgt_k8s_has_placeholder(key))
			continue;
		if (name && !has_container(pod, name))
			hgt_tell_key(pod->subject, security_rule, &annotation, "the key ends with the name of a container of the pod",
				"there is no container %s", hgt_quote(name));
		if ((name || seccomp) && text && !is_profile(text, name))
			hgt_tell_field(pod->subject, security_rule, &annotation, "runtime/default, unconfined, or localhost/ and its name",
				"%s is no profile", hgt_quote(text));
	}
}

/* Whether an annotation says what the field says; NULL, or what of the field it is that differs. */
static const char *difference(const char *annotation, const struct hgt_field *profile, bool apparmor)
{
	struct hgt_field type = hgt_field_get(profile, "type"), local = hgt_field_get(profile, "localhostProfile");
	const char *word = hgt_field_string(&type), *name = hgt_field_string(&local), *path = after(annotation, LOCAL);

	if (!word)
		return NULL;
	if (strcmp(word, "Unconfined") == 0)
		return strcmp(annotation, "unconfined") == 0 ? NULL : "type";
	if (strcmp(word, "RuntimeDefault") == 0)
		return strcmp(annotation, "runtime/default") == 0 || (!apparmor && strcmp(annotation, "docker/default") == 0) ? NULL : "type";
	if (strcmp(word, "Localhost") != 0)
		return NULL;
	return !path ? "type" : name && strcmp(path, name) != 0 ? "localhostProfile" : NULL;
}

static void check_same(struct hgt_pod *pod, const struct hgt_field *annotations, const char *key, const struct hgt_field *profile,
	bool apparmor)
{
	struct hgt_field annotation = hgt_field_get(annotations, key);
	const char *text = annotation.key ? value_of(&annotation) : NULL, *name;
	struct hgt_field field;

	if (!text || !profile->node || !(name = difference(text, profile, apparmor)))
		return;
	field = hgt_field_get(profile, name);
	hgt_tell_field(pod->subject, security_rule, &field, "remove the annotation, which the field has taken the place of",
		"the annotation %s says %s", hgt_quote(key), hgt_quote(text));
}

static void check_container(struct hgt_pod *pod, const struct hgt_field *annotations, const struct hgt_field *container,
	const struct hgt_field *pod_context)
{
	struct hgt_field name = hgt_field_get(container, "name"), context = hgt_field_get(container, "securityContext");
	struct hgt_field apparmor = hgt_field_get(&context, "appArmorProfile"), seccomp = hgt_field_get(&context, "seccompProfile");
	const char *text = hgt_field_string(&name);
	struct hgt_buf key = HGT_BUF_INIT;

	if (!apparmor.node)
		apparmor = hgt_field_get(pod_context, "appArmorProfile");
	if (!text || (!apparmor.node && !seccomp.node))
		return;
	hgt_buf_addf(&key, SECCOMP "%s", text);
	if (hgt_is_built(pod->subject, &key))
		check_same(pod, annotations, key.data, &seccomp, false);
	hgt_buf_reset(&key);
	hgt_buf_addf(&key, APPARMOR "%s", text);
	if (hgt_is_built(pod->subject, &key))
		check_same(pod, annotations, key.data, &apparmor, true);
	hgt_buf_release(&key);
}

void hgt_check_pod_annotations(struct hgt_pod *pod)
{
	struct hgt_field annotations = hgt_field_get(&pod->metadata, "annotations");
	struct hgt_field context = hgt_field_get(&pod->spec, "securityContext"), seccomp = hgt_field_get(&context, "seccompProfile");

	if (hgt_field_is_empty(&annotations))
		return;
	check_cost(pod, &annotations);
	check_profiles(pod, &annotations);
	check_same(pod, &annotations, SECCOMP_OF_POD, &seccomp, false);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct hgt_field containers = hgt_field_get(&pod->spec, lists[i]);

		HGT_EACH_ITEM(&containers, container)
			check_container(pod, &annotations, &container, &context);
	}
}
