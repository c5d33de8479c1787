/* lib/k8s/admission_policy: policies and their bindings. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

static void checks_validating_policies(void **state)
{
	static const struct kind_case cases[] = {
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, validations: [{expression: "
			"\"true\"}]}\n",
			"", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {validations: [{expression: \"true\"}]}\n",
			"spec.matchConstraints: is missing", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {}, validations: [{expression: "
			"\"true\"}]}\n",
			"spec.matchConstraints.resourceRules: is missing", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}}\n",
			"spec.validations: is missing, and so is auditAnnotations: the policy would do nothing", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, auditAnnotations: [{key: a, "
			"valueExpression: \"'x'\"}]}\n",
			"", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, auditAnnotations: [{key: a, "
			"valueExpression: \"'x'\"}, {key: a, valueExpression: \" \"}, {key: a/b, valueExpression: \"'x'\"}]}\n",
			"spec.auditAnnotations[1].key: duplicate \"a\"\nspec.auditAnnotations[1].valueExpression: must not be "
			"blank\nspec.auditAnnotations[2].key: \"a/b\" cannot stand behind the policy's name and a slash", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, validations: [{expression: \" "
			"\"}]}\n",
			"spec.validations[0].expression: must not be blank", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, validations: [{expression: "
			"\"true\", message: \"a\\nb\"}]}\n",
			"spec.validations[0].message: must not have line breaks", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, validations: [{expression: "
			"\"true\", message: \"a\\n\"}]}\n",
			"", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, validations: [{expression: "
			"\"true\", message: \" \"}]}\n",
			"spec.validations[0].message: must not be blank", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, variables: [{name: a_1, "
			"expression: \"1\"}], validations: [{expression: \"true\"}]}\n",
			"", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, variables: [{name: a-1, "
			"expression: \"1\"}, {name: for, expression: \"1\"}, {name: b, expression: \" \"}], validations: [{expression: "
			"\"true\"}]}\n",
			"spec.variables[0].name: \"a-1\" is not a name that an expression can use\nspec.variables[1].name: \"for\" is "
			"not a name that an expression can use\nspec.variables[2].expression: must not be blank", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, paramKind: {apiVersion: "
			"rules.example.com/v1, kind: Limit}, validations: [{expression: \"true\"}]}\n",
			"", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, paramKind: {apiVersion: "
			"rules.example.com/v1}, validations: [{expression: \"true\"}]}\n",
			"spec.paramKind.kind: is missing", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, paramKind: {apiVersion: V1, kind: "
			"A}, validations: [{expression: \"true\"}]}\n",
			"spec.paramKind.apiVersion: \"V1\" is not of the form version or group/version", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, paramKind: {apiVersion: a/b/c, "
			"kind: A}, validations: [{expression: \"true\"}]}\n",
			"spec.paramKind.apiVersion: \"a/b/c\" is not of the form version or group/version", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE, \"*\"], resources: [deployments], resourceNames: [a, a]}]}, "
			"validations: [{expression: \"true\"}]}\n",
			"spec.matchConstraints.resourceRules[0].operations: has \"*\", which is all, and "
			"others\nspec.matchConstraints.resourceRules[0].resourceNames[1]: duplicate \"a\"", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, matchConditions: [{name: a, "
			"expression: \" \"}], validations: [{expression: \"true\"}]}\n",
			"spec.matchConditions[0].expression: must not be blank", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, variables: [{name: a, expression: "
			"\"1\"}, {name: b, expression: variables.a + variables.c}], validations: [{expression: variables.b > "
			"variables.d, messageExpression: \"'x' +\"}]}\n",
			"spec.variables[1].expression: there is no variable \"c\"\nspec.validations[0].expression: there is no variable "
			"\"d\"\nspec.validations[0].messageExpression: is no expression: it ends too early", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, validations: [{expression: "
			"object.spec.replicas <=}]}\n",
			"spec.validations[0].expression: is no expression: it ends too early", 0},
		{"kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec: {paramKind: {apiVersion: v1, kind: Abc_d}, matchConstraints: "
			"{resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, "
			"validations: [{expression: 'true'}]}\n",
			"spec.paramKind.kind: \"Abc_d\" is not the name of a kind", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: admissionregistration.k8s.io/v1\n", cases, "k8s/admission-policy", "k8s/expression");
}

/* As v1.37's server judges them. */
static void checks_expressions(void **state)
{
	static const struct kind_case cases[] = {
		{"  validations: [{expression: object.spec.paused}]\n",
			"spec.validations[0].expression: must come to true or false, and comes to a value of a type that is not known "
			"before", 0},
		{"  validations: [{expression: object.spec.paused == true}, {expression: '!object.spec.paused'}, {expression: "
			"has(object.a)}]\n", "", 0},
		{"  validations: [{expression: object.a + 'x'}, {expression: object.a + object.b}, {expression: \"null\"}, {expression: "
			"'[true]'}]\n",
			"spec.validations[0].expression: must come to true or false, and comes to text\n"
			"spec.validations[1].expression: must come to true or false, and comes to what arithmetic yields\n"
			"spec.validations[2].expression: must come to true or false, and comes to null\n"
			"spec.validations[3].expression: must come to true or false, and comes to a list", 0},
		{"  validations: [{expression: size(object.a) + 1}, {expression: '{}'}, {expression: request.dryRun}, {expression: "
			"variables.a}]\n"
			"  variables: [{name: a, expression: object.a}]\n",
			"spec.validations[0].expression: must come to true or false, and comes to a number\n"
			"spec.validations[1].expression: must come to true or false, and comes to an object", 0},
		{"  validations: [{expression: object.a == 1, messageExpression: object.a}, {expression: object.a == 1, messageExpression: "
			"size(object.a)}, {expression: object.a == 1, messageExpression: \"null\"}, {expression: object.a == 1, "
			"messageExpression: object.a == 1}]\n",
			"spec.validations[0].messageExpression: must come to text, and comes to a value of a type that is not known before\n"
			"spec.validations[1].messageExpression: must come to text, and comes to a number\n"
			"spec.validations[2].messageExpression: must come to text, and comes to null\n"
			"spec.validations[3].messageExpression: must come to text, and comes to true or false", 0},
		{"  validations: [{expression: object.a == 1, messageExpression: string(object.a)}, {expression: object.a == 1, "
			"messageExpression: "
			"\"'a' + object.a\"}, {expression: object.a == 1, messageExpression: request.name}]\n", "", 0},
		{"  auditAnnotations: [{key: a, valueExpression: \"null\"}, {key: b, valueExpression: '1'}]\n",
			"spec.auditAnnotations[1].valueExpression: must come to text, and comes to a number", 0},
		{"  validations: [{expression: objct.a == 1}, {expression: self.a == 1}, {expression: device.a == 1}, {expression: "
			"params.a == 1}]\n",
			"spec.validations[0].expression: nothing is called \"objct\" here\n"
			"spec.validations[1].expression: nothing is called \"self\" here\n"
			"spec.validations[2].expression: nothing is called \"device\" here\n"
			"spec.validations[3].expression: there are no params: the policy has no paramKind", 0},
		{"  paramKind: {apiVersion: v1, kind: ConfigMap}\n  validations: [{expression: params.a == 1}, {expression: "
			"'object.l.all(o, o > 1)'}, "
			"{expression: 'object.m.all(k, v, k != v)'}, {expression: type(object.a) == string}, {expression: "
			"'sets.contains(object.a, [1])'}]\n",
			"", 0},
		{"  validations: [{expression: 'object.l.all(o, p > 1)'}, {expression: object.a.startWith('b')}, {expression: "
			"lenght(object.a) > 1}]\n",
			"spec.validations[0].expression: nothing is called \"p\" here\n"
			"spec.validations[1].expression: there is no function \"startWith\"\n"
			"spec.validations[2].expression: there is no function \"lenght\"", 0},
		{"  variables: [{name: a, expression: 'true'}]\n  matchConditions: [{name: a, expression: variables.a}, {name: b, "
			"expression: object.a}]\n"
			"  validations: [{expression: variables.a}]\n",
			"spec.matchConditions[0].expression: match conditions have no variables\n"
			"spec.matchConditions[1].expression: must come to true or false, and comes to a value of a type that is not known "
			"before", 0},
		{"  validations: [{expression: a + b + c + d + e + f + g + h + i + j + k == 1}]\n",
			"spec.validations[0].expression: nothing is called \"a\" here\nspec.validations[0].expression: nothing is called \"b\" here\n"
			"spec.validations[0].expression: nothing is called \"c\" here\nspec.validations[0].expression: nothing is called \"d\" here\n"
			"spec.validations[0].expression: nothing is called \"e\" here\nspec.validations[0].expression: nothing is called \"f\" here\n"
			"spec.validations[0].expression: nothing is called \"g\" here\nspec.validations[0].expression: nothing is called \"h\" here\n"
			"spec.validations[0].expression: nothing is called \"i\" here\nspec.validations[0].expression: nothing is called \"j\" here", 0},
		{"  validations: [{expression: 'Object{} == object'}]\n", "spec.validations[0].expression: nothing is called \"Object\" "
			"here", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec:\n  "
		"matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], "
		"resources: [deployments]}]}\n", cases, "k8s/expression");
}

static void checks_mutating_policies(void **state)
{
	static const struct kind_case cases[] = {
		{"kind: MutatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, reinvocationPolicy: Never, "
			"mutations: [{patchType: JSONPatch, jsonPatch: {expression: \"[]\"}}]}\n",
			"", 0},
		{"kind: MutatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, reinvocationPolicy: Never}\n",
			"spec.mutations: is missing", 0},
		{"kind: MutatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, mutations: [{patchType: "
			"JSONPatch, jsonPatch: {expression: \"[]\"}}]}\n",
			"spec.reinvocationPolicy: is missing", 0},
		{"kind: MutatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, reinvocationPolicy: Never, "
			"mutations: [{patchType: JSONPatch}]}\n",
			"spec.mutations[0].jsonPatch: is missing, as patchType is JSONPatch", 0},
		{"kind: MutatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, reinvocationPolicy: Never, "
			"mutations: [{patchType: ApplyConfiguration, jsonPatch: {expression: \"[]\"}, applyConfiguration: {expression: "
			"\" \"}}]}\n",
			"spec.mutations[0].jsonPatch: does not go with patchType "
			"ApplyConfiguration\nspec.mutations[0].applyConfiguration.expression: must not be blank", 0},
		{"kind: MutatingAdmissionPolicy\nmetadata: {name: a}\nspec: {matchConstraints: {resourceRules: [{apiGroups: "
			"[apps], apiVersions: [v1], operations: [CREATE, DELETE], resources: [deployments]}]}, reinvocationPolicy: "
			"Never, mutations: [{patchType: JSONPatch, jsonPatch: {expression: \"[]\"}}]}\n",
			"spec.matchConstraints.resourceRules[0].operations[1]: is nothing that can be mutated", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: admissionregistration.k8s.io/v1\n", cases, "k8s/admission-policy");
}

static void checks_bindings(void **state)
{
	static const struct kind_case cases[] = {
		{"kind: ValidatingAdmissionPolicyBinding\nmetadata: {name: a}\nspec: {policyName: a, validationActions: [Deny]}\n",
			"", 0},
		{"kind: ValidatingAdmissionPolicyBinding\nmetadata: {name: a}\nspec: {policyName: a, validationActions: [Deny, "
			"Warn]}\n",
			"spec.validationActions: has both Deny and Warn, which say the same twice", 0},
		{"kind: ValidatingAdmissionPolicyBinding\nmetadata: {name: a}\nspec: {policyName: a, validationActions: [Audit, "
			"Warn]}\n",
			"", 0},
		{"kind: ValidatingAdmissionPolicyBinding\nmetadata: {name: a}\nspec: {policyName: a, validationActions: [Deny, "
			"Deny]}\n",
			"spec.validationActions[1]: duplicate \"Deny\"", 0},
		{"kind: ValidatingAdmissionPolicyBinding\nmetadata: {name: a}\nspec: {policyName: a, validationActions: [Deny], "
			"paramRef: {name: a, parameterNotFoundAction: Deny}}\n",
			"", 0},
		{"kind: ValidatingAdmissionPolicyBinding\nmetadata: {name: a}\nspec: {policyName: a, validationActions: [Deny], "
			"paramRef: {name: a}}\n",
			"spec.paramRef.parameterNotFoundAction: is missing", 0},
		{"kind: ValidatingAdmissionPolicyBinding\nmetadata: {name: a}\nspec: {policyName: a, validationActions: [Deny], "
			"paramRef: {parameterNotFoundAction: Deny}}\n",
			"spec.paramRef: must have name or selector", 0},
		{"kind: ValidatingAdmissionPolicyBinding\nmetadata: {name: a}\nspec: {policyName: a, validationActions: [Deny], "
			"paramRef: {name: a, selector: {}, parameterNotFoundAction: Deny}}\n",
			"spec.paramRef.name: does not go with selector", 0},
		{"kind: ValidatingAdmissionPolicyBinding\nmetadata: {name: a}\nspec: {policyName: a, validationActions: [Deny], "
			"paramRef: {selector: {}, parameterNotFoundAction: Deny}}\n",
			"", 0},
		{"kind: MutatingAdmissionPolicyBinding\nmetadata: {name: a}\nspec: {}\n", "spec.policyName: is missing", 0},
		{"kind: MutatingAdmissionPolicyBinding\nmetadata: {name: a}\nspec: {policyName: a}\n", "", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: admissionregistration.k8s.io/v1\n", cases, "k8s/admission-policy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_validating_policies),
		cmocka_unit_test(checks_expressions),
		cmocka_unit_test(checks_mutating_policies),
		cmocka_unit_test(checks_bindings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
