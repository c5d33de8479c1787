/* schema/...: objects held against the schema of their kind. */
#include "k8s/schemas.h"

#include "check/nearest.h"
#include "k8s/api_versions.h"
#include "k8s/k8s.h"

/* What a keyword's findings are told as. */
static const char *rule_of(const char *keyword)
{
	static const struct {
		const char *keyword, *rule;
	} rules[] = {
		{"additionalProperties", "schema/unknown-field"}, {"const", "schema/enum"}, {"enum", "schema/enum"},
		{"exclusiveMaximum", "schema/range"}, {"exclusiveMinimum", "schema/range"}, {"false", "schema/unknown-field"},
		{"format", "schema/format"}, {"maxItems", "schema/length"}, {"maxLength", "schema/length"},
		{"maxProperties", "schema/length"}, {"maximum", "schema/range"}, {"minItems", "schema/length"},
		{"minLength", "schema/length"}, {"minProperties", "schema/length"}, {"minimum", "schema/range"},
		{"multipleOf", "schema/range"}, {"pattern", "schema/pattern"}, {"required", "schema/required"},
		{"dependentRequired", "schema/required"}, {"type", "schema/type"},
		{"unevaluatedProperties", "schema/unknown-field"}, {"uniqueItems", "schema/duplicate-item"},
		{"x-kubernetes-list-map-keys", "schema/duplicate-item"},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strcmp(rules[i].keyword, keyword) == 0)
			return rules[i].rule;
	/* anyOf, oneOf, not, x-headgate-one-of and the like: which of several shapes. */
	return "schema/shape";
}

/* The holding of one object. */
struct holding {
	struct hgt_subject *subject;
	const struct hgt_image *image;
	struct hgt_buf path, hint;
};

/* Decode one token of a JSON pointer, whose '/' *p stands at; *p moves behind it. */
static void next_token(const char **p, struct hgt_buf *token)
{
	hgt_buf_reset(token);
	for (++*p; **p && **p != '/'; ++*p) {
		bool escape = **p == '~' && ((*p)[1] == '0' || (*p)[1] == '1');

		hgt_buf_addc(token, escape ? (*p)[1] == '0' ? '~' : '/' : **p);
		*p += escape;
	}
}

/* A pointer as the field's path, as deep as the object goes: each field on the stack until the whole is known. */
static void spell_path(const struct hgt_field *field, const char *p, struct hgt_buf *out)
{
	struct hgt_buf token = HGT_BUF_INIT;
	struct hgt_field inner;

	if (!*p) {
		hgt_field_path(field, out);
		return;
	}
	next_token(&p, &token);
	if (token.failed) {
		out->failed = true;
	} else {
		if (field->node && field->node->type == HGT_NODE_SEQ)
			inner = (struct hgt_field){.up = field, .index = strtoul(token.data, NULL, 10)};
		else
			inner = hgt_field_get(field, token.data);
		if (!inner.name && inner.index < hgt_field_count(field))
			inner = hgt_field_item(field, inner.index);
		spell_path(&inner, p, out);
	}
	hgt_buf_release(&token);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The known name that a field's was meant to be, or what there is when that is little. */
static void hint_at_names(struct holding *h, const struct hgt_schema_finding *f)
{
	enum { LISTED = 8 };
	const char *name, *names[LISTED];
	size_t len, n = 0;

	for (uint32_t pos = 0; (name = hgt_schema_next_name(h->image, f->schema, &pos, &len)); n++) {
		if (hgt_is_near(f->key->text, name)) {
			hgt_buf_addf(&h->hint, "write it %s", hgt_word(name));
			return;
		}
		if (n < LISTED)
			names[n] = name;
	}
	if (!n || n > LISTED)
		return;
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++)
		hgt_buf_addf(&h->hint, "%s%s", i ? ", " : "known here: ", hgt_word(names[i]));
}

static void hint_at_values(struct holding *h, const struct hgt_schema_finding *f)
{
	const char *value;
	size_t len;

	for (uint32_t pos = 0; (value = hgt_schema_next_value(h->image, f->schema, &pos, &len));)
		if (hgt_is_near(f->node->text, value)) {
			hgt_buf_addf(&h->hint, "write it %s", hgt_word(value));
			return;
		}
}

/* A scalar that would be of the type that is wanted with quotes, or without. */
static void hint_at_quotes(struct holding *h, const struct hgt_schema_finding *f)
{
	const struct hgt_node *node = f->node;
	bool wants_string = strstr(f->message, "expected string") != NULL;

	if (wants_string && node->type == HGT_NODE_BOOL)
		hgt_buf_addf(&h->hint, "YAML reads %s as a boolean: put it in quotes", hgt_word(node->text));
	else if (wants_string && (node->type == HGT_NODE_INT || node->type == HGT_NODE_FLOAT))
		hgt_buf_adds(&h->hint, "put it in quotes");
	else if (node->type == HGT_NODE_STRING && node->quoted && node->len && !hgt_yaml_plain_is_string(node->text, node->len))
		hgt_buf_adds(&h->hint, "remove the quotes");
	else if (node->type == HGT_NODE_STRING && strstr(f->message, "expected array"))
		hgt_buf_adds(&h->hint, "a list has a \"- \" before each item");
}

static void add_hint(struct holding *h, const struct hgt_schema_finding *f, const char *rule)
{
	hgt_buf_reset(&h->hint);
	if (f->missing && f->node->type == HGT_NODE_NULL)
		hgt_buf_adds(&h->hint, "take the empty item out, or write something there");
	else if (f->key && strcmp(rule, "schema/unknown-field") == 0)
		hint_at_names(h, f);
	else if (strcmp(f->keyword, "enum") == 0 && f->node->type == HGT_NODE_STRING)
		hint_at_values(h, f);
	else if (strcmp(f->keyword, "type") == 0)
		hint_at_quotes(h, f);
	else if (strcmp(f->keyword, "x-headgate-one-of") == 0)
		hgt_buf_adds(&h->hint, "keep the one that is meant");
}

/* Whether a patch need not be so: it lacks most of its object, and has directives. */
static bool is_patch_matter(const struct hgt_schema_finding *f, const char *rule)
{
	return strcmp(rule, "schema/required") == 0 || strcmp(rule, "schema/shape") == 0 || strncmp(f->keyword, "min", 3) == 0 ||
		(f->key && f->key->text[0] == '$');
}

/* What somebody else fills in before the server sees it, and what SOPS adds, cannot be judged. */
static bool is_exempt(const struct hgt_subject *s, const struct hgt_schema_finding *f, const char *rule)
{
	if (s->cls == HGT_CLASS_KUSTOMIZE_PATCH && is_patch_matter(f, rule))
		return true;
	if (s->role == HGT_KUSTOMIZE_LABELLED && f->missing && strcmp(f->missing, "selector") == 0)
		return true;
	if (f->node->type == HGT_NODE_STRING && hgt_k8s_has_placeholder(f->node->text))
		return true;
	return s->cls == HGT_CLASS_SOPS && strncmp(f->pointer, "/sops", 5) == 0 && (!f->pointer[5] || f->pointer[5] == '/');
}

static void tell(void *user, const struct hgt_schema_finding *f)
{
	struct holding *h = user;
	struct hgt_subject *s = h->subject;
	struct hgt_field object = hgt_field_root(s);
	const char *rule = rule_of(f->keyword);

	if (is_exempt(s, f, rule))
		return;
	if (s->role != HGT_KUSTOMIZE_NONE && strcmp(rule, "schema/required") == 0)
		rule = "schema/incomplete";
	hgt_buf_reset(&h->path);
	/* Of an unknown field the message names it: the path is that of the object around it, as the server has it. */
	spell_path(&object, f->pointer, &h->path);
	if (h->path.len)
		hgt_buf_adds(&h->path, ": ");
	add_hint(h, f, rule);
	if (h->path.failed || h->hint.failed)
		hgt_engine_fail(s->engine);
	else
		hgt_tell(s, rule, hgt_span_of(f->key ? f->key : f->node), f->pointer, h->hint.len ? h->hint.data : NULL, "%s%s",
			h->path.data, f->message);
}

/* A version of a custom resource that its definition calls deprecated. */
static void tell_deprecated(struct hgt_subject *s, const struct hgt_gvk *gvk)
{
	struct hgt_field object = hgt_field_root(s), api_version = hgt_field_get(&object, "apiVersion");

	hgt_tell_field(s, "k8s/deprecated-api", &api_version, "move to another version that the definition serves",
		"the definition of %s says that the version %s is deprecated", hgt_word(gvk->kind), hgt_quote(gvk->version));
}

void hgt_check_k8s_schema(struct hgt_subject *s)
{
	struct holding h = {.subject = s, .path = HGT_BUF_INIT, .hint = HGT_BUF_INIT};
	struct hgt_catalog_hit hit;
	struct hgt_error err = {0};
	struct hgt_gvk gvk;
	const char *key;
	int code;

	if (!s->schemas || !hgt_k8s_gvk(s->object, &gvk) || hgt_k8s_has_placeholder(gvk.group) ||
		hgt_k8s_has_placeholder(gvk.kind))
		return;
	code = hgt_schemas_find(s->schemas, hgt_node_get_string(s->object, "apiVersion"), gvk.kind, &hit, &err);
	if (code == HGT_ENOENT) {
		const struct hgt_api *api = hgt_api_find(&gvk);

		/* The items of a list are held against theirs. Of a version that is not served enough has been said. */
		if (!hgt_k8s_items(s->object, &key) && s->cls != HGT_CLASS_KUSTOMIZE_PATCH &&
			(!api || hgt_api_is_served(api, s->kubernetes)))
			hgt_tell_unknown_kind(s, &gvk);
		return;
	}
	if (code == 0 && hit.flags & HGT_KIND_DEPRECATED)
		tell_deprecated(s, &gvk);
	h.image = hit.image;
	if (code == 0)
		code = hgt_schemas_evaluate(s->schemas, &hit, s->object, tell, &h, &err);
	if (code == HGT_ENOMEM)
		hgt_engine_fail(s->engine);
	else if (code < 0)
		hgt_tell(s, "gate/schema", hgt_span_of(s->object), "", "have the server's administrator see to its schemas "
			"(headgate schema verify), or make the object smaller", "%s could not be held against its schema: %s",
			hgt_word(gvk.kind), err.message);
	hgt_buf_release(&h.path);
	hgt_buf_release(&h.hint);
}
