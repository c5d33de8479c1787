/* schema/unknown-kind, k8s/no-such-api: kinds that there is no schema of. */
#include "k8s/schemas.h"

#include "check/engine.h"
#include "k8s/k8s.h"

enum { LISTED = 3 };

/*
 * Groups of custom resources have a dot in them, and so have all of Kubernetes but the oldest. So nobody else can have added
 * anything to a group without one, except a newer Kubernetes.
 */
static bool is_closed(const struct hgt_subject *s, const char *group)
{
	return !strchr(group, '.') && s->kubernetes <= HGT_KUBERNETES_NEWEST;
}

/* Whether these are of Kubernetes itself: "apps/v1", "networking.k8s.io/v1". */
static bool is_native(const char *api_version)
{
	size_t len = strcspn(api_version, "/,");
	const char *dot = memchr(api_version, '.', len);

	return !dot || (len > 7 && memcmp(api_version + len - 7, ".k8s.io", 7) == 0);
}

/* The kind is known, but not of this apiVersion; or the apiVersion, but not a kind that is called quite so. */
static void tell_missing(struct hgt_subject *s, const char *api_version, const char *kind, const char *served, const char *near)
{
	struct hgt_field object = hgt_field_root(s), field = hgt_field_get(&object, near ? "kind" : "apiVersion");
	struct hgt_buf hint = HGT_BUF_INIT;

	if (near)
		hgt_buf_addf(&hint, "write it %s", hgt_word(near));
	else
		hgt_buf_addf(&hint, "it is served as %s", served);
	if (hint.failed)
		hgt_engine_fail(s->engine);
	else
		hgt_tell_field(s, "k8s/no-such-api", &field, hint.data, "%s has no %s", hgt_quote(api_version), hgt_word(kind));
	hgt_buf_release(&hint);
}

/* Told once for each kind. */
static void tell_unknown(struct hgt_subject *s, const char *api_version, const char *kind, const char *served, const char *near)
{
	struct hgt_field object = hgt_field_root(s), field = hgt_field_get(&object, "kind");
	struct hgt_buf hint = HGT_BUF_INIT;
	int first = hgt_schemas_note_unknown(s->schemas, api_version, kind);

	if (near)
		hgt_buf_addf(&hint, "perhaps %s is meant; else ", hgt_word(near));
	else if (*served)
		hgt_buf_addf(&hint, "known here is that of %s; ", served);
	hgt_buf_adds(&hint, "give the gate its CustomResourceDefinition: headgate schema import --name NAME FILE");
	if (first < 0 || hint.failed)
		hgt_engine_fail(s->engine);
	else if (first)
		hgt_tell_field(s, "schema/unknown-kind", &field, hint.data, "no schema is known for %s of %s: it was not held against one",
			hgt_word(kind), hgt_quote(api_version));
	hgt_buf_release(&hint);
}

/* k8s/type-meta has said that it has to begin with a capital. */
static bool is_told(const struct hgt_gvk *gvk)
{
	return *gvk->kind >= 'a' && *gvk->kind <= 'z' && hgt_k8s_group_is_native(gvk);
}

void hgt_tell_unknown_kind(struct hgt_subject *s, const struct hgt_gvk *gvk)
{
	const char *api_version = hgt_node_get_string(s->object, "apiVersion");
	const char *near = hgt_schemas_near_kind(s->schemas, api_version, gvk->kind);
	struct hgt_buf served = HGT_BUF_INIT;
	int n;

	if (is_told(gvk))
		return;
	n = hgt_schemas_served(s->schemas, api_version, gvk->kind, LISTED, &served, NULL);
	if (n < 0 || served.failed)
		hgt_engine_fail(s->engine);
	else if (n && is_native(served.data) && is_closed(s, gvk->group))
		tell_missing(s, api_version, gvk->kind, served.data, NULL);
	else if (near && is_closed(s, gvk->group))
		tell_missing(s, api_version, gvk->kind, NULL, near);
	else
		tell_unknown(s, api_version, gvk->kind, n ? served.data : "", near);
	hgt_buf_release(&served);
}
