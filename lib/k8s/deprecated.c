/* k8s/removed-api, k8s/deprecated-api, k8s/not-yet-served: versions of APIs that a cluster no longer, hardly or not yet serves. */
#include "k8s/api_versions.h"

/* "networking.k8s.io/v1 Ingress" as a hint begins with it; what is different there behind it. */
static void add_successor(const struct hgt_api *api, unsigned kubernetes, struct hgt_buf *out)
{
	const char *successor = hgt_api_successor(api, kubernetes);

	if (successor)
		hgt_buf_addf(out, "use %s", successor);
	if (api->note)
		hgt_buf_addf(out, "%s%s", successor ? "; " : "there is no successor: ", api->note);
	else if (!successor)
		hgt_buf_adds(out, "there is no successor: take it out");
}

static void tell_removed(struct hgt_subject *s, const struct hgt_api *api, const struct hgt_field *field)
{
	struct hgt_buf hint = HGT_BUF_INIT;

	add_successor(api, s->kubernetes, &hint);
	if (hint.failed)
		hgt_engine_fail(s->engine);
	else
		hgt_tell_field(s, "k8s/removed-api", field, hint.data, "%s %s is no longer served since Kubernetes 1.%u",
			field->node->text, api->kind, api->removed);
	hgt_buf_release(&hint);
}

static void tell_deprecated(struct hgt_subject *s, const struct hgt_api *api, const struct hgt_field *field)
{
	struct hgt_buf hint = HGT_BUF_INIT, end = HGT_BUF_INIT;

	add_successor(api, s->kubernetes, &hint);
	if (api->removed)
		hgt_buf_addf(&end, " and no longer served from 1.%u on", api->removed);
	if (hint.failed || end.failed)
		hgt_engine_fail(s->engine);
	else
		hgt_tell_field(s, "k8s/deprecated-api", field, hint.data, "%s %s is deprecated since Kubernetes 1.%u%s",
			field->node->text, api->kind, api->deprecated, end.data);
	hgt_buf_release(&hint);
	hgt_buf_release(&end);
}

static void tell_early(struct hgt_subject *s, const struct hgt_api *api, const struct hgt_field *field)
{
	const struct hgt_api *before = hgt_api_predecessor(api, s->kubernetes);
	struct hgt_buf hint = HGT_BUF_INIT;

	if (before)
		hgt_buf_addf(&hint, "use %s%s%s until then, or have the objects checked for a newer version", before->group,
			*before->group ? "/" : "", before->version);
	else
		hgt_buf_adds(&hint, "have the objects checked for the version that the cluster has");
	if (hint.failed)
		hgt_engine_fail(s->engine);
	else
		hgt_tell_field(s, "k8s/not-yet-served", field, hint.data, "%s %s is served since Kubernetes 1.%u, and this is for 1.%u",
			field->node->text, api->kind, api->introduced, s->kubernetes);
	hgt_buf_release(&hint);
}

void hgt_check_k8s_api(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), field = hgt_field_get(&object, "apiVersion");
	const struct hgt_api *api;
	struct hgt_gvk gvk;

	if (!hgt_k8s_gvk(s->object, &gvk))
		return;
	api = hgt_api_find(&gvk);
	if (!api)
		return;
	if (api->removed && s->kubernetes >= api->removed)
		tell_removed(s, api, &field);
	else if (s->kubernetes < api->introduced)
		tell_early(s, api, &field);
	else if (api->deprecated && s->kubernetes >= api->deprecated)
		tell_deprecated(s, api, &field);
}
