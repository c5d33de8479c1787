/* k8s/unknown-kind, schema/unknown-kind: kinds that there is no schema of. */
#include "k8s/k8s.h"
#include "k8s/schemas.h"

enum { SERVED_MAX = 3 };

/* Kinds that OpenShift 3 had in the core group, and tools still take. */
static bool is_legacy_openshift(const struct hgt_gvk *gvk)
{
	static const char *const kinds[] = {"BuildConfig", "DeploymentConfig", "ImageStream", "Project", "Route", "Template"};

	for (size_t i = 0; !gvk->group_len && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(gvk->kind, kinds[i]) == 0)
			return true;
	return false;
}

/* Whether all kinds of the group are known: nobody can add any to a group of Kubernetes' own, but a newer Kubernetes. */
static bool is_closed(const struct hgt_subject *s, const struct hgt_gvk *gvk)
{
	return s->kubernetes <= HGT_KUBERNETES_NEWEST && hgt_schemas_own_group(s->schemas, gvk->group, gvk->group_len) &&
		!is_legacy_openshift(gvk);
}

/* Whether it is a kind of Kubernetes' own, of a group that can be none: those of custom resources have a dot ("app/v1 Deployment"). */
static bool is_mistyped(const struct hgt_subject *s, const struct hgt_gvk *gvk, const char *served)
{
	size_t len = strcspn(served, "/,");

	return *served && s->kubernetes <= HGT_KUBERNETES_NEWEST && gvk->group_len && !memchr(gvk->group, '.', gvk->group_len) &&
		hgt_schemas_own_group(s->schemas, served, served[len] == '/' ? len : 0);
}

/* k8s/type-meta has said that it has to begin with a capital. */
static bool is_told(const struct hgt_gvk *gvk)
{
	return *gvk->kind >= 'a' && *gvk->kind <= 'z' && hgt_k8s_group_is_native(gvk);
}

/* What is known instead, in words; the way out for what may be there all the same. */
static void add_hint(struct hgt_buf *hint, const struct hgt_gvk *gvk, const char *nearest, const char *served, bool closed)
{
	if (nearest)
		hgt_buf_addf(hint, closed ? "write it %s" : "perhaps %s is meant; ", hgt_word(nearest));
	else if (*served)
		hgt_buf_addf(hint, closed ? "%s is a kind of %s" : "known here is %s of %s; ", hgt_word(gvk->kind), served);
	if (!closed)
		hgt_buf_adds(hint, "give the gate its CustomResourceDefinition: headgate schema import --name NAME FILE");
}

static void tell(struct hgt_subject *s, const struct hgt_gvk *gvk, const char *hint, bool closed)
{
	struct hgt_field object = hgt_field_root(s), kind = hgt_field_get(&object, "kind");
	const char *api_version = hgt_node_get_string(s->object, "apiVersion");
	int first = closed ? 1 : hgt_schemas_note_unknown(s->schemas, api_version, gvk->kind);

	if (first < 0)
		hgt_engine_fail(s->engine);
	else if (closed)
		hgt_tell_field(s, "k8s/unknown-kind", &kind, *hint ? hint : NULL, "Kubernetes 1.%u has no kind %s of %s", s->kubernetes,
			hgt_word(gvk->kind), hgt_quote(api_version));
	else if (first)
		hgt_tell_field(s, "schema/unknown-kind", &kind, hint, "no schema is known for %s of %s: it was not held against one",
			hgt_word(gvk->kind), hgt_quote(api_version));
}

void hgt_tell_unknown_kind(struct hgt_subject *s, const struct hgt_gvk *gvk)
{
	const char *nearest = hgt_schemas_nearest(s->schemas, hgt_node_get_string(s->object, "apiVersion"), gvk->kind);
	struct hgt_buf served = HGT_BUF_INIT, hint = HGT_BUF_INIT;
	bool closed = is_closed(s, gvk);

	if (is_told(gvk))
		return;
	if (hgt_schemas_served(s->schemas, gvk->kind, SERVED_MAX, &served) < 0)
		served.failed = true;
	closed = closed || is_mistyped(s, gvk, served.len ? served.data : "");
	add_hint(&hint, gvk, nearest, served.len ? served.data : "", closed);
	if (served.failed || hint.failed)
		hgt_engine_fail(s->engine);
	else
		tell(s, gvk, hint.len ? hint.data : "", closed);
	hgt_buf_release(&served);
	hgt_buf_release(&hint);
}
