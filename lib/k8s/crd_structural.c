/* k8s/crd: that a schema is structural. The fields of an object and their types are stated once, outside of allOf, anyOf, oneOf and
 * not; what stands in those narrows them, and speaks of no field that is not stated. */
#include "k8s/crd.h"

enum level { ROOT, ITEM, FIELD };

/* Objects with more fields than that are not looked at field by field where each would be searched for. */
enum { MOST_FIELDS = 1000 };

static const char *const junctors[] = {"allOf", "anyOf", "oneOf"};

static bool is_on(const struct hgt_field *schema, const char *keyword)
{
	struct hgt_field field = hgt_field_get(schema, keyword);

	return hgt_field_is_true(&field);
}

/* anyOf: [{type: integer}, {type: string}], which may stand as it is where a field is an int-or-string. */
static bool is_int_or_string(const struct hgt_field *any_of)
{
	static const char *const types[] = {"integer", "string"};

	if (hgt_field_count(any_of) != 2)
		return false;
	HGT_EACH_ITEM(any_of, item) {
		struct hgt_field type = hgt_field_get(&item, "type");

		if (hgt_field_members(&item) != 1 || !hgt_field_equals(&type, types[item.index]))
			return false;
	}
	return true;
}

static void check_nested(struct hgt_subject *s, const struct hgt_field *nested, const struct hgt_field *stated, bool skip_any_of);

/* The schemas within a junctor of `schema`, each against what is stated at its place. */
static void check_junctors(struct hgt_subject *s, const struct hgt_field *schema, const struct hgt_field *stated,
	bool is_structural)
{
	struct hgt_field not = hgt_field_get(schema, "not");

	for (size_t i = 0; i < 3; i++) {
		struct hgt_field list = hgt_field_get(schema, junctors[i]);

		if (is_structural && i == 1 && is_int_or_string(&list))
			continue;
		HGT_EACH_ITEM(&list, item) {
			struct hgt_field any_of = hgt_field_get(&item, "anyOf");

			check_nested(s, &item, stated, is_structural && i == 0 && item.index == 0 && is_int_or_string(&any_of));
		}
	}
	check_nested(s, &not, stated, false);
}

/* What only the statement of a field may have. */
static void check_forbidden(struct hgt_subject *s, const struct hgt_field *nested)
{
	static const char *const keywords[] = {"type", "additionalProperties", "default", "title", "description", "nullable",
		"x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string",
		"x-kubernetes-list-map-keys", "x-kubernetes-list-type", "x-kubernetes-map-type", "x-kubernetes-validations"};

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		struct hgt_field field = hgt_field_get(nested, keywords[i]);
		bool value;

		if (hgt_field_is_empty(&field) || (hgt_field_bool(&field, &value) && !value && strcmp(keywords[i], "default") != 0))
			continue;
		hgt_tell_key(s, CRD_RULE, &field, "state it where the field itself is stated",
			"may not stand within allOf, anyOf, oneOf or not");
	}
}

/* A field that is spoken of must be stated. */
static void check_stated(struct hgt_subject *s, const struct hgt_field *property, const struct hgt_field *stated)
{
	struct hgt_field properties = hgt_field_get(stated, "properties"), same = hgt_field_get(&properties, property->name);

	if (strcmp(property->name, "metadata") == 0)
		hgt_tell_key(s, CRD_RULE, property, NULL, "may not be restricted here");
	if (!same.key && stated->node)
		hgt_tell_field(s, CRD_RULE, &same, "state its type there", "is missing: allOf, anyOf, oneOf or not speaks of it on line %" PRIu32,
			property->key->line);
	check_nested(s, property, &same, false);
}

/* stated: the schema outside of the junctors at the same place; without a node when there is none, which has been told of. */
static void check_nested(struct hgt_subject *s, const struct hgt_field *nested, const struct hgt_field *stated, bool skip_any_of)
{
	struct hgt_field items = hgt_field_get(nested, "items"), properties = hgt_field_get(nested, "properties");
	struct hgt_field stated_items = hgt_field_get(stated, "items"), stated_properties = hgt_field_get(stated, "properties");

	if (!hgt_field_is_map(nested))
		return;
	check_forbidden(s, nested);
	if (!skip_any_of || hgt_field_members(nested) > 1)
		check_junctors(s, nested, stated, skip_any_of);
	if (hgt_field_is_map(&items) && !stated_items.node && stated->node)
		hgt_tell_field(s, CRD_RULE, &stated_items, "state their type there",
			"is missing: allOf, anyOf, oneOf or not speaks of items on line %" PRIu32, items.key->line);
	check_nested(s, &items, &stated_items, false);
	if (hgt_field_members(&stated_properties) > MOST_FIELDS)
		return;
	HGT_EACH_MEMBER(&properties, property)
		check_stated(s, &property, stated);
}

static void check_type(struct hgt_subject *s, const struct hgt_field *schema, enum level level)
{
	static const char *const where[] = {"at the root", "for items of a list", "for a field"};
	struct hgt_field type = hgt_field_get(schema, "type"), items = hgt_field_get(schema, "items");
	const char *is = hgt_field_text(&type, "");

	if (!is)
		return;
	if (is_on(schema, "x-kubernetes-embedded-resource") && strcmp(is, "object") != 0)
		hgt_tell_field(s, CRD_RULE, &type, "type: object", "must be object, as x-kubernetes-embedded-resource is true");
	else if (!*is && !is_on(schema, "x-kubernetes-int-or-string") && !is_on(schema, "x-kubernetes-preserve-unknown-fields"))
		hgt_tell_field(s, CRD_RULE, &type, "string, integer, number, boolean, object or array", "is missing %s", where[level]);
	if (level == ROOT && *is && strcmp(is, "object") != 0)
		hgt_tell_field(s, CRD_RULE, &type, "type: object", "must be object at the root");
	if (strcmp(is, "array") == 0 && !items.node)
		hgt_tell_field(s, CRD_RULE, &items, "say what the list is of", "is missing, as type is array");
}

/* metadata is stated by Kubernetes; a schema may narrow two of its names. */
static void check_metadata(struct hgt_subject *s, const struct hgt_field *schema, enum level level)
{
	struct hgt_field properties = hgt_field_get(schema, "properties"), metadata = hgt_field_get(&properties, "metadata");
	struct hgt_field type = hgt_field_get(&metadata, "type"), below = hgt_field_get(&metadata, "properties");
	static const char *const words[] = {"kind", "apiVersion"};

	for (size_t i = 0; i < 2; i++) {
		struct hgt_field field = hgt_field_get(&properties, words[i]), is = hgt_field_get(&field, "type");

		if (hgt_field_is_map(&field) && !hgt_field_equals(&is, "string"))
			hgt_tell_field(s, CRD_RULE, &is, "type: string", "must be string");
	}
	if (!hgt_field_is_map(&metadata))
		return;
	if (!hgt_field_equals(&type, "object"))
		hgt_tell_field(s, CRD_RULE, &type, "type: object", "must be object");
	if (level != ROOT)
		return;
	HGT_EACH_MEMBER(&below, member) {
		if (strcmp(member.name, "name") == 0 || strcmp(member.name, "generateName") == 0)
			continue;
		hgt_tell_key(s, CRD_RULE, &metadata, "write metadata: {type: object}", "may restrict name and generateName, and nothing else");
		return;
	}
}

static void check_extensions(struct hgt_subject *s, const struct hgt_field *schema)
{
	struct hgt_field keep = hgt_field_get(schema, "x-kubernetes-preserve-unknown-fields");
	struct hgt_field embedded = hgt_field_get(schema, "x-kubernetes-embedded-resource");
	struct hgt_field additional = hgt_field_get(schema, "additionalProperties"), properties = hgt_field_get(schema, "properties");

	if (is_on(schema, "x-kubernetes-int-or-string") && hgt_field_is_true(&keep))
		hgt_tell_field(s, CRD_RULE, &keep, NULL, "does not go with x-kubernetes-int-or-string");
	if (!hgt_field_is_true(&embedded))
		return;
	if (is_on(schema, "x-kubernetes-int-or-string"))
		hgt_tell_field(s, CRD_RULE, &embedded, NULL, "does not go with x-kubernetes-int-or-string");
	if (additional.node)
		hgt_tell_key(s, CRD_RULE, &additional, NULL, "does not go with x-kubernetes-embedded-resource");
	if (!hgt_field_is_true(&keep) && hgt_field_is_empty(&properties))
		hgt_tell_field(s, CRD_RULE, &properties, "or set x-kubernetes-preserve-unknown-fields: true",
			"is missing, as x-kubernetes-embedded-resource is true");
}

static bool is_of_type(const struct hgt_node *node, const char *type)
{
	switch (node->type) {
	case HGT_NODE_BOOL:
		return strcmp(type, "boolean") == 0;
	case HGT_NODE_INT:
		return strcmp(type, "integer") == 0 || strcmp(type, "number") == 0;
	case HGT_NODE_FLOAT:
		return strcmp(type, "number") == 0 || (strcmp(type, "integer") == 0 && node->v.number == (double)(int64_t)node->v.number);
	case HGT_NODE_STRING:
		return strcmp(type, "string") == 0;
	case HGT_NODE_SEQ:
		return strcmp(type, "array") == 0;
	case HGT_NODE_MAP:
		return strcmp(type, "object") == 0;
	case HGT_NODE_NULL:
		break;
	}
	return true;
}

/* A default is of the type that it is for, down to its fields; what it has that is not stated would be dropped. */
static void check_default(struct hgt_subject *s, const struct hgt_field *schema, const struct hgt_field *value)
{
	struct hgt_field type = hgt_field_get(schema, "type"), properties = hgt_field_get(schema, "properties");
	struct hgt_field items = hgt_field_get(schema, "items"), additional = hgt_field_get(schema, "additionalProperties");
	const char *is = hgt_field_text(&type, NULL);

	if (!value->node || !hgt_field_is_map(schema))
		return;
	if (is && !is_of_type(value->node, is)) {
		hgt_tell_field(s, CRD_RULE, value, NULL, "must be of type %s, is %s", hgt_word(is), hgt_node_type_name(value->node->type));
		return;
	}
	HGT_EACH_ITEM(value, item)
		check_default(s, &items, &item);
	if (is_on(schema, "x-kubernetes-preserve-unknown-fields") || additional.node || !hgt_field_is_map(&properties) ||
		hgt_field_members(&properties) > MOST_FIELDS)
		return;
	HGT_EACH_MEMBER(value, member) {
		struct hgt_field stated = hgt_field_get(&properties, member.name);

		if (!stated.key)
			hgt_tell_key(s, CRD_RULE, &member, NULL, "is a field that the schema does not have");
		check_default(s, &stated, &member);
	}
}

static void check_level(struct hgt_subject *s, const struct hgt_field *schema, enum level level)
{
	struct hgt_field items = hgt_field_get(schema, "items"), properties = hgt_field_get(schema, "properties");
	struct hgt_field additional = hgt_field_get(schema, "additionalProperties"), preset = hgt_field_get(schema, "default");

	if (!hgt_field_is_map(schema))
		return;
	check_type(s, schema, level);
	check_extensions(s, schema);
	if (level == ROOT || is_on(schema, "x-kubernetes-embedded-resource"))
		check_metadata(s, schema, level);
	if (level == ROOT && additional.node)
		hgt_tell_key(s, CRD_RULE, &additional, NULL, "may not stand at the root");
	check_junctors(s, schema, schema, true);
	check_default(s, schema, &preset);
	check_level(s, &items, ITEM);
	check_level(s, &additional, FIELD);
	HGT_EACH_MEMBER(&properties, property) {
		bool implied = level == ROOT && strcmp(property.name, "metadata") == 0;

		if (!implied)
			check_level(s, &property, FIELD);
	}
}

void crd_check_structural(struct hgt_subject *s, const struct hgt_field *schema)
{
	check_level(s, schema, ROOT);
}
