/* k8s/crd: keywords that schemas of custom resources may not have, and those that go together. */
#include "k8s/admission.h"
#include "k8s/crd.h"
#include "k8s/pod.h"

static void tell_unsupported(struct hgt_subject *s, const struct hgt_field *schema)
{
	static const char *const keywords[] = {"id", "$schema", "$ref", "additionalItems", "patternProperties", "definitions",
		"dependencies"};

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		struct hgt_field field = hgt_field_get(schema, keywords[i]);

		if (!hgt_field_is_empty(&field))
			hgt_tell_key(s, CRD_RULE, &field, "write out what is meant", "is not supported in schemas of custom resources");
	}
}

/* Whether it says something that a mapping with fields of its own names cannot say too. */
static bool is_closed_or_typed(const struct hgt_field *additional)
{
	bool open;

	return additional->node && (!hgt_field_bool(additional, &open) || !open);
}

static void check_additional(struct hgt_subject *s, const struct hgt_field *schema)
{
	struct hgt_field properties = hgt_field_get(schema, "properties"), additional = hgt_field_get(schema, "additionalProperties");
	struct hgt_field unique = hgt_field_get(schema, "uniqueItems"), keep = hgt_field_get(schema,
		"x-kubernetes-preserve-unknown-fields");
	bool value;

	if (!hgt_field_is_empty(&properties) && is_closed_or_typed(&additional))
		hgt_tell_key(s, CRD_RULE, &additional, "unknown fields are dropped anyway", "does not go with properties");
	if (hgt_field_is_true(&unique))
		hgt_tell_key(s, CRD_RULE, &unique, "x-kubernetes-list-type: set does the same", "may not be true, for it costs too much");
	if (hgt_field_bool(&keep, &value) && !value)
		hgt_tell_field(s, CRD_RULE, &keep, "leave it out", "may only be true");
}

/* A keyword of maps or lists where the type is another. */
static void check_type_for(struct hgt_subject *s, const struct hgt_field *schema, const char *keyword, const char *wanted)
{
	struct hgt_field field = hgt_field_get(schema, keyword), type = hgt_field_get(schema, "type");
	const char *is = hgt_field_text(&type, "");

	if (field.node && is && strcmp(is, wanted) != 0)
		hgt_tell_field(s, CRD_RULE, &type, NULL, "must be %s, as there is %s", wanted, keyword);
}

/* Items of a set are compared as a whole, so they must be atomic. */
static void check_set(struct hgt_subject *s, const struct hgt_field *items)
{
	struct hgt_field type = hgt_field_get(items, "type"), list = hgt_field_get(items, "x-kubernetes-list-type");
	struct hgt_field map = hgt_field_get(items, "x-kubernetes-map-type");

	if (hgt_field_equals(&type, "array") && list.node && !hgt_field_equals(&list, "atomic"))
		hgt_tell_field(s, CRD_RULE, &list, NULL, "must be atomic, as the list is a set");
	if (hgt_field_equals(&type, "object") && !hgt_field_equals(&map, "atomic"))
		hgt_tell_field(s, CRD_RULE, &map, "x-kubernetes-map-type: atomic", "must be atomic, as the list is a set");
}

/* Items of a map are told apart by these of their fields. */
static void check_map_keys(struct hgt_subject *s, const struct hgt_field *keys, const struct hgt_field *items)
{
	enum { MOST_KEYS = 64 };	/* those after them are not looked for */
	struct hgt_field properties = hgt_field_get(items, "properties"), required = hgt_field_get(items, "required");

	hgt_check_unique(s, CRD_RULE, keys);
	HGT_EACH_ITEM(keys, key) {
		const char *name = hgt_field_string(&key);
		struct hgt_field property = name ? hgt_field_get(&properties, name) : (struct hgt_field){0};
		struct hgt_field type = hgt_field_get(&property, "type"), preset = hgt_field_get(&property, "default");
		struct hgt_field nullable = hgt_field_get(&property, "nullable");

		if (key.index == MOST_KEYS)
			break;
		if (!name)
			continue;
		if (!property.key) {
			hgt_tell_field(s, CRD_RULE, keys, NULL, "%s is no field of the items", hgt_quote(name));
			continue;
		}
		if (hgt_field_equals(&type, "array") || hgt_field_equals(&type, "object"))
			hgt_tell_field(s, CRD_RULE, &type, NULL, "must be a scalar, as the field is a key of the list");
		if (!hgt_field_has(&required, name) && !preset.node)
			hgt_tell_field(s, CRD_RULE, &preset, "add the field to required, or give it a default",
				"is missing: a key of the list must be required or have a default");
		if (hgt_field_is_true(&nullable))
			hgt_tell_field(s, CRD_RULE, &nullable, NULL, "may not be true, as the field is a key of the list");
	}
}

static void check_list_map(struct hgt_subject *s, const struct hgt_field *schema, const struct hgt_field *keys)
{
	struct hgt_field items = hgt_field_get(schema, "items"), type = hgt_field_get(&items, "type");
	const char *is = hgt_field_text(&type, "");

	hgt_check_required(s, CRD_RULE, keys, "name the fields by which items are told apart");
	if (!hgt_field_is_map(&items))
		return;
	if (is && strcmp(is, "object") != 0)
		hgt_tell_field(s, CRD_RULE, &type, NULL, "must be object, as the list is a map");
	else if (is)
		check_map_keys(s, keys, &items);
}

static void check_list_type(struct hgt_subject *s, const struct hgt_field *schema)
{
	static const char *const list_types[] = {"atomic", "set", "map", NULL}, *const map_types[] = {"atomic", "granular", NULL};
	struct hgt_field list = hgt_field_get(schema, "x-kubernetes-list-type"), map = hgt_field_get(schema, "x-kubernetes-map-type");
	struct hgt_field keys = hgt_field_get(schema, "x-kubernetes-list-map-keys"), items = hgt_field_get(schema, "items");
	struct hgt_field nullable = hgt_field_get(&items, "nullable");
	const char *is = hgt_field_text(&list, "");

	check_type_for(s, schema, "x-kubernetes-map-type", "object");
	check_type_for(s, schema, "x-kubernetes-list-type", "array");
	hgt_check_enum(s, CRD_RULE, &list, list_types);
	hgt_check_enum(s, CRD_RULE, &map, map_types);
	if (!is)
		return;
	if (!hgt_field_is_empty(&keys) && strcmp(is, "map") != 0)
		hgt_tell_field(s, CRD_RULE, &list, "x-kubernetes-list-type: map", "must be map, as there are x-kubernetes-list-map-keys");
	if (strcmp(is, "map") == 0)
		check_list_map(s, schema, &keys);
	if (strcmp(is, "set") == 0)
		check_set(s, &items);
	if ((strcmp(is, "map") == 0 || strcmp(is, "set") == 0) && hgt_field_is_true(&nullable))
		hgt_tell_field(s, CRD_RULE, &nullable, NULL, "may not be true, as the list is a %s", is);
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n\v\f")] == '\0';
}

/* Whether there is a line break but at the ends. */
static bool has_break(const char *text)
{
	const char *start = text + strspn(text, " \t\r\n\v\f"), *line = strpbrk(start, "\r\n");

	return line && !is_blank(line);
}

static void check_validation(struct hgt_subject *s, const struct hgt_field *item, const struct hgt_scope *scope)
{
	static const char *const reasons[] = {"FieldValueRequired", "FieldValueForbidden", "FieldValueInvalid",
		"FieldValueDuplicate", NULL};
	struct hgt_field rule = hgt_field_get(item, "rule"), message = hgt_field_get(item, "message");
	struct hgt_field expression = hgt_field_get(item, "messageExpression"), reason = hgt_field_get(item, "reason");
	struct hgt_field path = hgt_field_get(item, "fieldPath");
	const char *text = hgt_field_text(&rule, NULL), *said = hgt_field_text(&message, "");
	const char *at = hgt_field_text(&path, NULL);

	hgt_check_expression(s, CRD_RULE, &rule, scope, HGT_WANT_BOOL);
	hgt_check_expression(s, CRD_RULE, &expression, scope, HGT_WANT_TEXT);
	if (said && *said && is_blank(said))
		hgt_tell_field(s, CRD_RULE, &message, NULL, "must not be blank");
	else if (said && has_break(said))
		hgt_tell_field(s, CRD_RULE, &message, "put it on one line", "must not have line breaks");
	else if (text && said && !*said && has_break(text))
		hgt_tell_field(s, CRD_RULE, &message, "say in a line what the rule asks", "is missing, and the rule has several lines");
	hgt_check_enum(s, CRD_RULE, &reason, reasons);
	if (at && (is_blank(at) || strpbrk(at, "\r\n")))
		hgt_tell_field(s, CRD_RULE, &path, NULL, "must be a path on one line");
}

/* Past a class of characters that begins at its bracket; NULL when it does not end. The first character is never its end. */
static const char *end_of_class(const char *c)
{
	c += c[1] == '^' ? 2 : 1;
	for (bool first = true; *c; first = false, c++) {
		if (*c == '\\' && c[1])
			c++;
		else if (c[0] == '[' && c[1] == ':' && strstr(c, ":]"))
			c = strstr(c, ":]") + 1;
		else if (*c == ']' && !first)
			return c;
	}
	return NULL;
}

/* What is wrong with a regular expression's brackets, or NULL; *at: where. */
static const char *wrong_brackets(const char *text, size_t *at)
{
	size_t depth = 0;

	for (const char *c = text; *c; c++) {
		*at = (size_t)(c - text);
		if (*c == '\\') {
			if (!*++c)
				return "ends with a backslash";
		} else if (*c == '[') {
			c = end_of_class(c);
			if (!c)
				return "has \"[\" without \"]\"";
		} else if (*c == '(') {
			depth++;
		} else if (*c == ')' && !depth--) {
			return "has \")\" without \"(\"";
		}
	}
	return depth ? "has \"(\" without \")\"" : NULL;
}

/* What Go's regular expressions do not have. */
static void check_pattern(struct hgt_subject *s, const struct hgt_field *schema)
{
	static const char *const constructs[] = {"(?=", "(?!", "(?<=", "(?<!", "(?>"};
	struct hgt_field pattern = hgt_field_get(schema, "pattern");
	const char *text = hgt_field_string(&pattern), *wrong;
	size_t at = 0;

	/* \Q begins a stretch in which nothing has a meaning; what has one is left to the server. */
	if (!text || strstr(text, "\\Q"))
		return;
	wrong = wrong_brackets(text, &at);
	if (wrong) {
		hgt_tell_field_at(s, CRD_RULE, &pattern, at, NULL, "is no regular expression: it %s", wrong);
		return;
	}
	for (size_t i = 0; i < sizeof(constructs) / sizeof(constructs[0]); i++) {
		const char *found = strstr(text, constructs[i]);
		size_t slashes = 0;

		while (found && found - slashes > text && found[-1 - (ptrdiff_t)slashes] == '\\')
			slashes++;
		if (!found || slashes % 2)
			continue;
		hgt_tell_field_at(s, CRD_RULE, &pattern, (size_t)(found - text), "say it with several patterns under allOf",
			"%s is not supported in regular expressions here", hgt_quote(constructs[i]));
		return;
	}
}

static void check_one(struct hgt_subject *s, const struct hgt_field *schema, bool is_root)
{
	static const char *const types[] = {"string", "number", "integer", "boolean", "array", "object", NULL};
	struct hgt_field type = hgt_field_get(schema, "type"), validations = hgt_field_get(schema, "x-kubernetes-validations");
	struct hgt_field properties = hgt_field_get(schema, "properties"), additional = hgt_field_get(schema, "additionalProperties");
	struct hgt_field keep = hgt_field_get(schema, "x-kubernetes-preserve-unknown-fields");
	struct hgt_field embedded = hgt_field_get(schema, "x-kubernetes-embedded-resource");
	struct hgt_scope scope = {.at = HGT_AT_DEFINITION, .fields = &properties, .is_object = is_root || hgt_field_is_true(&embedded)};

	hgt_check_enum(s, CRD_RULE, &type, types);
	if (type.node && type.node->type != HGT_NODE_STRING)
		hgt_tell_field(s, CRD_RULE, &type, "for example string", "must be text");
	tell_unsupported(s, schema);
	check_additional(s, schema);
	check_list_type(s, schema);
	check_pattern(s, schema);
	if (!hgt_field_is_map(&properties) || additional.node || hgt_field_is_true(&keep))
		scope.fields = NULL;
	else if (!hgt_field_is_empty(&validations))
		hgt_index_members(s, &properties, &scope.index);
	HGT_EACH_ITEM(&validations, validation)
		check_validation(s, &validation, &scope);
	hgt_map_release(&scope.index);
}

/* What stands for a schema and is none: true and false are, and lists have been told of. */
static void check_form(struct hgt_subject *s, const struct hgt_field *schema)
{
	if (schema->node && schema->node->type != HGT_NODE_BOOL && schema->node->type != HGT_NODE_SEQ)
		hgt_tell_field(s, CRD_RULE, schema, "for example {type: string}", "must be a schema, a mapping");
}

static void check_schema(struct hgt_subject *s, const struct hgt_field *schema, bool is_root)
{
	static const char *const single[] = {"items", "additionalProperties", "not"}, *const lists[] = {"allOf", "anyOf", "oneOf"};
	struct hgt_field properties = hgt_field_get(schema, "properties");

	if (!hgt_field_is_map(schema)) {
		check_form(s, schema);
		return;
	}
	check_one(s, schema, is_root);
	for (size_t i = 0; i < 3; i++) {
		struct hgt_field below = hgt_field_get(schema, single[i]), list = hgt_field_get(schema, lists[i]);

		if (i == 0 && below.node && below.node->type == HGT_NODE_SEQ)
			hgt_tell_field(s, CRD_RULE, &below, NULL, "must be one schema, not a list of them");
		check_schema(s, &below, false);
		HGT_EACH_ITEM(&list, item)
			check_schema(s, &item, false);
	}
	HGT_EACH_MEMBER(&properties, property)
		check_schema(s, &property, false);
}

void crd_check_schema(struct hgt_subject *s, const struct hgt_field *schema)
{
	check_schema(s, schema, true);
}
