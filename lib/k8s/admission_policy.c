/* k8s/admission-policy: ValidatingAdmissionPolicy, MutatingAdmissionPolicy, and their bindings. */
#include <ctype.h>

#include "k8s/admission.h"
#include "k8s/kind_checks.h"

static const char rule[] = "k8s/admission-policy";

/* A rule of a policy may name resources too. */
static void check_resource_rules(struct hgt_subject *s, const struct hgt_field *resources, const char *key, bool mutating)
{
	struct hgt_field rules = hgt_field_get(resources, key);

	HGT_EACH_ITEM(&rules, item) {
		struct hgt_field names = hgt_field_get(&item, "resourceNames"), operations = hgt_field_get(&item, "operations");

		hgt_check_match_rule(s, rule, &item);
		hgt_check_unique(s, rule, &names);
		HGT_EACH_ITEM(&operations, operation)
			if (mutating && hgt_field_equals(&operation, "DELETE"))
				hgt_tell_field(s, rule, &operation, "CREATE, UPDATE or CONNECT", "is nothing that can be mutated");
	}
}

static void check_match_resources(struct hgt_subject *s, const struct hgt_field *resources, bool mutating)
{
	struct hgt_field namespaces = hgt_field_get(resources, "namespaceSelector"), objects = hgt_field_get(resources, "objectSelector");

	hgt_check_label_selector(s, &namespaces);
	hgt_check_label_selector(s, &objects);
	check_resource_rules(s, resources, "resourceRules", mutating);
	check_resource_rules(s, resources, "excludeResourceRules", false);
}

/* A name that an expression can have for a variable. */
static bool is_identifier(const char *name)
{
	static const char *const reserved[] = {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for",
		"function",
		"if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while", NULL};

	return hgt_is_c_identifier(name, strlen(name)) && !hgt_is_one_of(name, reserved);
}

/* Each may use those before it. */
static void check_variables(struct hgt_subject *s, const struct hgt_field *spec, const struct hgt_scope *scope, struct hgt_seen *known)
{
	struct hgt_field variables = hgt_field_get(spec, "variables");

	HGT_EACH_ITEM(&variables, variable) {
		struct hgt_field name = hgt_field_get(&variable, "name"), expression = hgt_field_get(&variable, "expression");
		const char *text = hgt_field_text(&name, NULL);

		if (text && !is_identifier(text))
			hgt_tell_field(s, rule, &name, "letters, digits and \"_\", no digit first, no word of the language",
				"%s is not a name that an expression can use", hgt_quote(text));
		hgt_check_expression(s, rule, &expression, scope, HGT_WANT_ANY);
		if (text)
			hgt_seen_before(s, known, name.node, "%s", text);
	}
}

/* A DNS-1035 label, but capitals are taken. */
static bool is_kind(const char *text)
{
	size_t len = strlen(text);

	return len <= 63 && isalpha((unsigned char)text[0]) && text[len - 1] != '-' &&
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == len;
}

static void check_param_kind(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field kind = hgt_field_get(spec, "paramKind"), api = hgt_field_get(&kind, "apiVersion");
	struct hgt_field name = hgt_field_get(&kind, "kind");
	const char *text = hgt_field_text(&api, NULL), *slash = text ? strchr(text, '/') : NULL;
	const char *version = slash ? slash + 1 : text;

	if (!hgt_field_is_map(&kind))
		return;
	hgt_check_required(s, rule, &api, "for example rules.example.com/v1");
	if (hgt_check_required(s, rule, &name, NULL) && hgt_field_text(&name, NULL) && !is_kind(hgt_field_text(&name, NULL)))
		hgt_tell_field(s, rule, &name, "for example ReplicaLimit", "%s is not the name of a kind", hgt_quote(name.node->text));
	if (text && (!hgt_is_dns_1035_label(version, strlen(version)) || (slash && slash != text && !hgt_is_long_name(text,
		(size_t)(slash - text)))))
		hgt_tell_field(s, rule, &api, "for example rules.example.com/v1", "%s is not of the form version or group/version",
			hgt_quote(text));
}

/* What policies have in common; *scope and *variables: what their expressions may name. */
static void check_constraints(struct hgt_subject *s, const struct hgt_field *spec, bool mutating, struct hgt_scope *scope,
	struct hgt_seen *variables)
{
	struct hgt_field params = hgt_field_get(spec, "paramKind");
	struct hgt_field constraints = hgt_field_get(spec, "matchConstraints"), rules = hgt_field_get(&constraints, "resourceRules");
	struct hgt_field conditions = hgt_field_get(spec, "matchConditions");

	if (!constraints.node)
		hgt_tell_field(s, rule, &constraints, "say which resources it is about", "is missing");
	else if (hgt_field_is_map(&constraints))
		hgt_check_required_list(s, rule, &rules, "say which resources it is about");
	check_match_resources(s, &constraints, mutating);
	*scope = (struct hgt_scope){.at = mutating ? HGT_AT_MUTATION : HGT_AT_POLICY, .has_params = params.node != NULL};
	hgt_check_match_conditions(s, rule, &conditions, scope);
	check_param_kind(s, spec);
	scope->variables = variables;
	check_variables(s, spec, scope, variables);
}

static void check_validation(struct hgt_subject *s, const struct hgt_field *validation, const struct hgt_scope *scope)
{
	struct hgt_field expression = hgt_field_get(validation, "expression"), message = hgt_field_get(validation, "message");
	struct hgt_field said_by = hgt_field_get(validation, "messageExpression");
	const char *text = hgt_field_text(&message, NULL);
	size_t start, line;

	hgt_check_expression(s, rule, &expression, scope, HGT_WANT_BOOL);
	hgt_check_blank(s, rule, &message);
	hgt_check_expression(s, rule, &said_by, scope, HGT_WANT_TEXT);
	if (!text)
		return;
	start = strspn(text, " \t\r\n\v\f");
	line = strcspn(text + start, "\r\n");
	if (text[start + line + strspn(text + start + line, " \t\r\n\v\f")])
		hgt_tell_field(s, rule, &message, "put it on one line", "must not have line breaks");
}

static void check_annotations(struct hgt_subject *s, const struct hgt_field *spec, const struct hgt_scope *scope)
{
	struct hgt_field annotations = hgt_field_get(spec, "auditAnnotations"), metadata = hgt_field_get(spec->up, "metadata");
	struct hgt_field policy = hgt_field_get(&metadata, "name");
	const char *policy_name = hgt_field_text(&policy, NULL);
	struct hgt_seen seen = HGT_SEEN_INIT;
	struct hgt_buf full = HGT_BUF_INIT;

	HGT_EACH_ITEM(&annotations, annotation) {
		struct hgt_field key = hgt_field_get(&annotation, "key"), expression = hgt_field_get(&annotation, "valueExpression");
		const char *text = hgt_field_text(&key, NULL);
		const struct hgt_node *first = text ? hgt_seen_before(s, &seen, key.node, "%s", text) : NULL;

		if (first)
			hgt_tell_again(s, rule, &key, first);
		hgt_check_expression(s, rule, &expression, scope, HGT_WANT_TEXT_OR_NULL);
		if (!text || !policy_name)
			continue;
		hgt_buf_reset(&full);
		hgt_buf_addf(&full, "%s/%s", policy_name, text);
		if (hgt_is_built(s, &full) && !hgt_is_label_key(full.data, full.len))
			hgt_tell_field(s, rule, &key, "letters, digits, \"-\", \"_\" and \".\", at most 63",
				"%s cannot stand behind the policy's name and a slash",
				hgt_quote(text));
	}
	hgt_buf_release(&full);
	hgt_seen_release(&seen);
}

void hgt_check_k8s_validating_policy(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field validations = hgt_field_get(&spec, "validations"), annotations = hgt_field_get(&spec, "auditAnnotations");
	struct hgt_seen variables = HGT_SEEN_INIT;
	struct hgt_scope scope;

	if (spec.node && !hgt_field_is_map(&spec))
		return;
	check_constraints(s, &spec, false, &scope, &variables);
	if (hgt_field_is_empty(&validations) && hgt_field_is_empty(&annotations))
		hgt_tell_field(s, rule, &validations, NULL, "is missing, and so is auditAnnotations: the policy would do nothing");
	HGT_EACH_ITEM(&validations, validation)
		check_validation(s, &validation, &scope);
	check_annotations(s, &spec, &scope);
	hgt_seen_release(&variables);
}

static void check_mutation(struct hgt_subject *s, const struct hgt_field *mutation, const struct hgt_scope *scope)
{
	static const char *const types[][2] = {{"JSONPatch", "jsonPatch"}, {"ApplyConfiguration", "applyConfiguration"}};
	struct hgt_field type = hgt_field_get(mutation, "patchType");

	for (size_t i = 0; i < 2; i++) {
		struct hgt_field own = hgt_field_get(mutation, types[i][1]), other = hgt_field_get(mutation, types[1 - i][1]);
		struct hgt_field expression = hgt_field_get(&own, "expression");

		if (!hgt_field_equals(&type, types[i][0]))
			continue;
		if (!own.node)
			hgt_tell_field(s, rule, &own, NULL, "is missing, as patchType is %s", types[i][0]);
		else if (hgt_field_is_map(&own) && hgt_check_required(s, rule, &expression, NULL))
			hgt_check_expression(s, rule, &expression, scope, HGT_WANT_ANY);
		if (other.node)
			hgt_tell_key(s, rule, &other, "remove it", "does not go with patchType %s", types[i][0]);
	}
}

void hgt_check_k8s_mutating_policy(struct hgt_subject *s)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec"), mutations = hgt_field_get(&spec, "mutations");
	struct hgt_field again = hgt_field_get(&spec, "reinvocationPolicy");
	struct hgt_seen variables = HGT_SEEN_INIT;
	struct hgt_scope scope;

	if (spec.node && !hgt_field_is_map(&spec))
		return;
	check_constraints(s, &spec, true, &scope, &variables);
	hgt_check_required_list(s, rule, &mutations, "the policy would do nothing");
	HGT_EACH_ITEM(&mutations, mutation)
		check_mutation(s, &mutation, &scope);
	hgt_seen_release(&variables);
	hgt_check_required(s, rule, &again, "Never or IfNeeded");
}

static void check_param_ref(struct hgt_subject *s, const struct hgt_field *spec)
{
	struct hgt_field ref = hgt_field_get(spec, "paramRef"), name = hgt_field_get(&ref, "name");
	struct hgt_field selector = hgt_field_get(&ref, "selector"), action = hgt_field_get(&ref, "parameterNotFoundAction");

	if (!hgt_field_is_map(&ref))
		return;
	if (!hgt_field_is_empty(&name) && selector.node)
		hgt_tell_key(s, rule, &name, "remove one of the two", "does not go with selector");
	else if (hgt_field_is_empty(&name) && !selector.node)
		hgt_tell_field(s, rule, &ref, NULL, "must have name or selector");
	hgt_check_label_selector(s, &selector);
	hgt_check_required(s, rule, &action, "Allow or Deny");
}

static void check_binding(struct hgt_subject *s, bool mutating)
{
	struct hgt_field object = hgt_field_root(s), spec = hgt_field_get(&object, "spec");
	struct hgt_field actions = hgt_field_get(&spec, "validationActions"), resources = hgt_field_get(&spec, "matchResources");
	struct hgt_field policy = hgt_field_get(&spec, "policyName");

	if (spec.node && !hgt_field_is_map(&spec))
		return;
	if (mutating)
		hgt_check_required(s, rule, &policy, "name the policy that it binds");
	check_param_ref(s, &spec);
	check_match_resources(s, &resources, mutating);
	hgt_check_unique(s, rule, &actions);
	if (hgt_field_has(&actions, "Deny") && hgt_field_has(&actions, "Warn"))
		hgt_tell_field(s, rule, &actions, "remove Warn", "has both Deny and Warn, which say the same twice");
}

void hgt_check_k8s_validating_binding(struct hgt_subject *s)
{
	check_binding(s, false);
}

void hgt_check_k8s_mutating_binding(struct hgt_subject *s)
{
	check_binding(s, true);
}
