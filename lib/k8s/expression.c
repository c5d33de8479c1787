/* k8s/expression: whether expressions can be read, what they name is there, and they come to what is asked for. */
#include "k8s/admission.h"
#include "k8s/cel.h"
#include "k8s/pod.h"

static const char own_rule[] = "k8s/expression";

bool hgt_check_blank(struct hgt_subject *s, const char *rule, const struct hgt_field *field)
{
	const char *text = hgt_field_text(field, NULL);

	if (!text || text[strspn(text, " \t\r\n\v\f")])
		return false;
	hgt_tell_field(s, rule, field, NULL, "must not be blank");
	return true;
}

struct judged {
	struct hgt_subject *s;
	const struct hgt_field *field;
	const struct hgt_scope *scope;
	unsigned told;
};

/* Of what more an expression names that is not there nothing is said: each finding looks for its column in a long text. */
enum { MOST_TOLD = 10 };

/* Where it is told, one more time. */
static const struct hgt_field *counted(struct judged *judged)
{
	judged->told++;
	return judged->field;
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(text, word, len) == 0;
}

/* A copy of a name, to be asked about and quoted; false when it is longer than any. */
struct name {
	char text[256];
};

static bool copy_name(struct name *name, const char *text, size_t len)
{
	if (len >= sizeof(name->text))
		return false;
	memcpy(name->text, text, len);
	name->text[len] = '\0';
	return true;
}

/* A field of the schema by the name that expressions have for it; what is escaped there ("__dash__") is not looked for. */
static bool has_field(const struct hgt_scope *scope, const char *name)
{
	static const char *const of_objects[] = {"apiVersion", "kind", "metadata", NULL};
	struct hgt_field field = hgt_index_get(&scope->index, scope->fields, name);

	return field.key || strstr(name, "__") || (scope->is_object && hgt_is_one_of(name, of_objects));
}

static void judge_member(void *ctx, const char *owner, size_t owner_len, const char *text, size_t len, size_t at)
{
	struct judged *judged = ctx;
	const struct hgt_scope *scope = judged->scope;
	struct name name;

	if (!copy_name(&name, text, len) || judged->told == MOST_TOLD)
		return;
	if (scope->variables && is_word(owner, owner_len, "variables") && !hgt_seen_has(scope->variables, name.text))
		hgt_tell_field_at(judged->s, own_rule, counted(judged), at, "state it under variables, before what uses it",
			"there is no variable %s", hgt_quote(name.text));
	if (scope->fields && (is_word(owner, owner_len, "self") || is_word(owner, owner_len, "oldSelf")) && !has_field(scope, name.text))
		hgt_tell_field_at(judged->s, own_rule, counted(judged), at, NULL, "the schema has no field %s here", hgt_quote(name.text));
}

/* What values begin with, by where the expression stands. */
static const char *const roots[][8] = {
	[HGT_AT_WEBHOOK] = {"object", "oldObject", "request", "authorizer", "namespaceObject"},
	[HGT_AT_POLICY] = {"object", "oldObject", "request", "authorizer", "namespaceObject", "params", "variables"},
	[HGT_AT_MUTATION] = {"object", "oldObject", "request", "authorizer", "namespaceObject", "params", "variables"},
	[HGT_AT_DEFINITION] = {"self", "oldSelf"},
	[HGT_AT_DEVICE] = {"device"},
};

static const char *const root_hints[] = {
	[HGT_AT_WEBHOOK] = "object, oldObject, request, authorizer",
	[HGT_AT_POLICY] = "object, oldObject, request, params, namespaceObject, variables, authorizer",
	[HGT_AT_MUTATION] = "object, oldObject, request, params, namespaceObject, variables, authorizer",
	[HGT_AT_DEFINITION] = "self, the value that the schema is of, and oldSelf",
	[HGT_AT_DEVICE] = "device",
};

/* Types, and what stands before the functions of extensions. */
static bool is_common_root(const char *name)
{
	static const char *const common[] = {"base64", "bool", "bytes", "cel", "double", "dyn", "format", "google", "int", "ip", "kubernetes",
		"jsonpatch", "list", "lists", "map", "math", "net", "null_type", "optional", "optional_type", "regex", "sets", "string",
		"strings", "type", "uint", NULL};

	return hgt_is_one_of(name, common);
}

static void judge_root(void *ctx, const char *text, size_t len, size_t at)
{
	struct judged *judged = ctx;
	const struct hgt_scope *scope = judged->scope;
	struct name name;

	if (judged->told == MOST_TOLD || !copy_name(&name, text, len) || is_common_root(name.text))
		return;
	if (scope->at == HGT_AT_MUTATION && (strcmp(name.text, "Object") == 0 || strcmp(name.text, "JSONPatch") == 0))
		return;
	if (!hgt_is_one_of(name.text, roots[scope->at]))
		hgt_tell_field_at(judged->s, own_rule, counted(judged), at, root_hints[scope->at], "nothing is called %s here",
			hgt_quote(name.text));
	else if (strcmp(name.text, "variables") == 0 && !scope->variables)
		hgt_tell_field_at(judged->s, own_rule, counted(judged), at, "write out what the variable stands for",
			"match conditions have no variables");
	else if (strcmp(name.text, "params") == 0 && !scope->has_params)
		hgt_tell_field_at(judged->s, own_rule, counted(judged), at, "state paramKind", "there are no params: the policy has no paramKind");
}

static void judge_function(void *ctx, const char *text, size_t len, size_t at)
{
	struct judged *judged = ctx;
	enum hgt_cel_kind kind;
	struct hgt_buf hint = HGT_BUF_INIT;
	const char *near;
	struct name name;

	if (judged->told == MOST_TOLD || hgt_cel_function(text, len, &kind) || !copy_name(&name, text, len))
		return;
	near = hgt_cel_nearest_function(name.text);
	if (near)
		hgt_buf_addf(&hint, "did you mean %s?", near);
	hgt_tell_field_at(judged->s, own_rule, counted(judged), at, near && !hint.failed ? hint.data : NULL, "there is no function %s",
		hgt_quote(name.text));
	hgt_buf_release(&hint);
}

static enum hgt_cel_kind kind_of_schema(const struct hgt_field *schema)
{
	static const struct {
		const char *type;
		enum hgt_cel_kind kind;
	} kinds[] = {
		{"boolean", HGT_CEL_BOOL}, {"integer", HGT_CEL_NUMBER}, {"number", HGT_CEL_NUMBER}, {"string", HGT_CEL_STRING},
		{"array", HGT_CEL_LIST}, {"object", HGT_CEL_OBJECT},
	};
	struct hgt_field type = hgt_field_get(schema, "type"), format = hgt_field_get(schema, "format");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (hgt_field_equals(&type, kinds[i].type))
			return kinds[i].kind == HGT_CEL_STRING && format.node ? HGT_CEL_ANY : kinds[i].kind;
	return HGT_CEL_ANY;
}

/* Of self.a.b, which is the whole expression, by the schema. */
static enum hgt_cel_kind kind_of_self(const struct hgt_scope *scope, const char *path)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	enum { MOST_FIELDS = 1000 };	/* in the fields of a field it is looked for one by one */
	struct hgt_field fields[8];
	size_t n = 0;

	for (const char *c = path; n < 6; n += 2) {
		size_t len = *c == '.' ? strspn(c + 1, letters) : 0;
		struct name name;

		if (!len || !copy_name(&name, c + 1, len))
			return HGT_CEL_ANY;
		if (n && hgt_field_members(&fields[n - 1]) > MOST_FIELDS)
			return HGT_CEL_ANY;
		fields[n] = n ? hgt_field_get(&fields[n - 1], name.text) : hgt_index_get(&scope->index, scope->fields, name.text);
		c += 1 + len;
		if (!c[strspn(c, " \t\r\n")])
			return kind_of_schema(&fields[n]);
		fields[n + 1] = hgt_field_get(&fields[n], "properties");
	}
	return HGT_CEL_ANY;
}

/* What is told of the kind; NULL when it is not known. */
static const char *name_of_kind(const struct hgt_scope *scope, const char *text, const struct hgt_cel *cel, enum hgt_cel_kind *kind)
{
	static const char *const names[] = {
		[HGT_CEL_BOOL] = "true or false", [HGT_CEL_NUMBER] = "a number", [HGT_CEL_STRING] = "text", [HGT_CEL_LIST] = "a list",
		[HGT_CEL_OBJECT] = "an object", [HGT_CEL_NULL] = "null", [HGT_CEL_SUM] = "what arithmetic yields", [HGT_CEL_PATH] = NULL,
	};
	static const char *const untyped[] = {"object", "oldObject", "params"};

	*kind = cel->kind;
	if (*kind != HGT_CEL_PATH)
		return names[*kind];
	text += cel->path;
	if (scope->at != HGT_AT_DEFINITION && scope->at != HGT_AT_DEVICE)
		for (size_t i = 0; i < sizeof(untyped) / sizeof(untyped[0]); i++)
			if (is_word(text, strspn(text, "abcdefghijklmnopqrstuvwxyzO"), untyped[i]))
				return "a value of a type that is not known before";
	if (scope->at == HGT_AT_DEVICE && strncmp(text, "device.driver", 13) == 0 && !text[13 + strspn(text + 13, " \t\r\n")])
		*kind = HGT_CEL_STRING;
	else if (scope->fields && strncmp(text, "self.", 5) == 0)
		*kind = kind_of_self(scope, text + 4);
	return names[*kind];
}

static void judge_kind(const struct judged *judged, const char *text, const struct hgt_cel *cel, enum hgt_wanted wanted)
{
	enum hgt_cel_kind kind;
	const char *is = name_of_kind(judged->scope, text, cel, &kind);

	if (!is || wanted == HGT_WANT_ANY)
		return;
	if (wanted == HGT_WANT_BOOL && kind != HGT_CEL_BOOL)
		hgt_tell_field(judged->s, own_rule, judged->field, "compare it with something", "must come to true or false, and comes to %s",
			is);
	else if (wanted != HGT_WANT_BOOL && kind != HGT_CEL_STRING && kind != HGT_CEL_SUM &&
		(kind != HGT_CEL_NULL || wanted == HGT_WANT_TEXT))
		hgt_tell_field(judged->s, own_rule, judged->field, "string(...) makes text of it", "must come to text, and comes to %s", is);
}

void hgt_check_expression(struct hgt_subject *s, const char *rule, const struct hgt_field *expression, const struct hgt_scope *scope,
	enum hgt_wanted wanted)
{
	const char *text = hgt_field_text(expression, NULL);
	struct judged judged = {s, expression, scope, 0};
	const struct hgt_cel_names names = {judge_member, judge_root, judge_function, &judged};
	struct hgt_cel cel;
	size_t len;

	if (!text || hgt_check_blank(s, rule, expression))
		return;
	len = expression->node->len;
	if (hgt_cel_check(text, len, NULL, &cel)) {
		hgt_cel_check(text, len, &names, &cel);
		judge_kind(&judged, text, &cel, wanted);
		return;
	}
	hgt_tell_field_at(s, own_rule, expression, cel.at, NULL, "is no expression: %s%s%s", cel.wrong, cel.at < len ? ": " : "",
		cel.at < len ? hgt_quote_text(text + cel.at, len - cel.at).text : "");
}
