/* lib/k8s/crd: names, versions, conversion, schemas. */
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

static void checks_names(void **state)
{
	static const struct kind_case cases[] = {
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n",
			"", 0},
		{"metadata: {name: gate.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n",
			"metadata.name: must be \"gates.example.com\", as spec.names.plural and spec.group say", 0},
		{"metadata: {name: gates.example}\nspec: {group: example, scope: Namespaced, names: {plural: gates, kind: Gate}, "
			"versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n",
			"spec.group: \"example\" is not a DNS name with a dot in it", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate, listKind: Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: "
			"object}}}]}\n",
			"spec.names.listKind: may not be the same as kind", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate, listKind: GateList}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: "
			"object}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"My_Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n",
			"spec.names.kind: \"My_Gate\" cannot be a kind", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates}, "
			"versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n",
			"spec.names.kind: is missing", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {kind: Gate}, "
			"versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n",
			"spec.names.plural: is missing", 0},
		{"metadata: {name: \"${NAME}\"}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n",
			"", 0},
		{"metadata: {name: gates.x.k8s.io}\nspec: {group: x.k8s.io, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n",
			"metadata.annotations[\"api-approved.kubernetes.io\"]: is missing, and \"x.k8s.io\" is a group of Kubernetes", 0},
		{"metadata: {name: gates.x.k8s.io, annotations: {api-approved.kubernetes.io: \"unapproved, a test\"}}\nspec: "
			"{group: x.k8s.io, scope: Namespaced, names: {plural: gates, kind: Gate}, versions: [{name: v1, served: true, "
			"storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n",
			"", 0},
		{"metadata: {name: gates.x.k8s.io, annotations: {api-approved.kubernetes.io: \"https://a/1\"}}\nspec: {group: "
			"x.k8s.io, scope: Namespaced, names: {plural: gates, kind: Gate}, versions: [{name: v1, served: true, storage: "
			"true, schema: {openAPIV3Schema: {type: object}}}]}\n",
			"", 0},
		{"metadata: {name: gates.x.k8s.io, annotations: {api-approved.kubernetes.io: \"yes\"}}\nspec: {group: x.k8s.io, "
			"scope: Namespaced, names: {plural: gates, kind: Gate}, versions: [{name: v1, served: true, storage: true, "
			"schema: {openAPIV3Schema: {type: object}}}]}\n",
			"metadata.annotations[\"api-approved.kubernetes.io\"]: \"yes\" is neither an address nor \"unapproved\"", 0},
		{"metadata: {name: gates.notk8s.io}\nspec: {group: notk8s.io, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}], "
			"preserveUnknownFields: true}\n",
			"spec.preserveUnknownFields: may not be true", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}], "
			"preserveUnknownFields: false}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: Gate}, "
			"versions: [{name: v1, served: true, storage: true, selectableFields: [{jsonPath: .a}, {jsonPath: .b}, {jsonPath: .a}], schema: "
			"{openAPIV3Schema: {type: object, properties: {a: {type: string}, b: {type: string}}}}}]}\n",
			"spec.versions[0].selectableFields[2].jsonPath: duplicate \".a\"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: Gate}, "
			"versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {c: {type: array, "
			"items: x}, d: {type: object, additionalProperties: x}, e: {type: object, additionalProperties: true}, f: {type: array, "
			"items: {type: 1}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.c.items: must be a schema, a mapping\n"
			"spec.versions[0].schema.openAPIV3Schema.properties.d.additionalProperties: must be a schema, a mapping\n"
			"spec.versions[0].schema.openAPIV3Schema.properties.f.items.type: must be text", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n", cases, "k8s/crd");
}

static void checks_versions(void **state)
{
	static const struct kind_case cases[] = {
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: false, schema: {openAPIV3Schema: {type: object}}}]}\n",
			"spec.versions: must have one version that is stored", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}, {name: "
			"v2, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n",
			"spec.versions: has 2 versions that are stored, and one is", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}, {name: "
			"v1, served: true, storage: false, schema: {openAPIV3Schema: {type: object}}}]}\n",
			"spec.versions[1].name: duplicate \"v1\"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true}]}\n",
			"spec.versions[0].schema.openAPIV3Schema: is missing", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}, "
			"deprecated: true, deprecationWarning: gone}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}, "
			"deprecationWarning: gone}]}\n",
			"spec.versions[0].deprecationWarning: may only be set for a deprecated version", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}, "
			"deprecated: true, deprecationWarning: \"\"}]}\n",
			"spec.versions[0].deprecationWarning: must have from 1 to 256 bytes", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}, "
			"subresources: {scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas, "
			"labelSelectorPath: .status.selector}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}, "
			"subresources: {scale: {specReplicasPath: spec.replicas, statusReplicasPath: .spec.replicas, labelSelectorPath: "
			".metadata.x}}}]}\n",
			"spec.versions[0].subresources.scale.specReplicasPath: must begin with a "
			"dot\nspec.versions[0].subresources.scale.statusReplicasPath: must be below "
			".status\nspec.versions[0].subresources.scale.labelSelectorPath: must be below .spec or .status", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}, "
			"additionalPrinterColumns: [{name: A, type: string, jsonPath: .spec.a}, {name: B, type: string, jsonPath: "
			"\"{.spec.a}\"}]}]}\n",
			"spec.versions[0].additionalPrinterColumns[1].jsonPath: must begin with a dot", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, "
			"minProperties: 1}}, subresources: {status: {}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema: may not have minProperties at its root, as there is a status "
			"subresource", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, "
			"minProperties: 1}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, nullable: "
			"true}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.nullable: may not be true at the root", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n", cases, "k8s/crd");
}

static void checks_conversion(void **state)
{
	static const struct kind_case cases[] = {
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}], "
			"conversion: {strategy: None}}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}], "
			"conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {service: {namespace: "
			"a, name: b}}}}}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}], "
			"conversion: {strategy: Webhook}}\n",
			"spec.conversion.webhook: is missing, as strategy is Webhook", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}], "
			"conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1]}}}\n",
			"spec.conversion.webhook.clientConfig: is missing, as strategy is Webhook", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}], "
			"conversion: {strategy: None, webhook: {conversionReviewVersions: [v1], clientConfig: {service: {namespace: a, "
			"name: b}}}}}\n",
			"spec.conversion.webhook: may only be set when strategy is Webhook", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}], "
			"conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v2], clientConfig: {}}}}\n",
			"spec.conversion.webhook.conversionReviewVersions: must have v1 or "
			"v1beta1\nspec.conversion.webhook.clientConfig: must have either url or service", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n", cases, "k8s/crd");
}

static void checks_types(void **state)
{
	static const struct kind_case cases[] = {
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: string}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.type: is missing for a field", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: int}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.type: \"int\" is not supported", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: string}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.type: must be object at the root", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {properties: {a: {type: "
			"string}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.type: is missing at the root", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.items: is missing, as type is array", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, items: {}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.items.type: is missing for items of a list", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, items: {type: string}}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, items: [{type: string}]}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.items: must be one schema, not a list of them", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {x-kubernetes-preserve-unknown-fields: true}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {x-kubernetes-int-or-string: true}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, additionalProperties: {}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.additionalProperties.type: is missing for a field", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, additionalProperties: {type: string}}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, additionalProperties: true}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, "
			"additionalProperties: {type: string}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.additionalProperties: may not stand at the root", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, properties: {b: {type: string}}, additionalProperties: false}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.additionalProperties: does not go with properties", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, properties: {b: {type: string}}, additionalProperties: true}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: string, $ref: \"#/x\"}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.$ref: is not supported in schemas of custom resources", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, definitions: "
			"{a: {type: string}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.definitions: is not supported in schemas of custom resources", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, uniqueItems: true, items: {type: string}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.uniqueItems: may not be true, for it costs too much", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, x-kubernetes-preserve-unknown-fields: false}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-preserve-unknown-fields\"]: may only be true", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n", cases, "k8s/crd");
}

static void checks_metadata(void **state)
{
	static const struct kind_case cases[] = {
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{apiVersion: {type: string}, kind: {type: string}, metadata: {type: object}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{apiVersion: {type: integer}, metadata: {}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.apiVersion.type: must be "
			"string\nspec.versions[0].schema.openAPIV3Schema.properties.metadata.type: must be object", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{metadata: {type: object, properties: {name: {type: string, maxLength: 9}}}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{metadata: {type: object, properties: {labels: {type: object}}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.metadata: may restrict name and generateName, and nothing "
			"else", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.type: must be object, as x-kubernetes-embedded-resource is "
			"true", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, x-kubernetes-embedded-resource: true}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.properties: is missing, as x-kubernetes-embedded-resource "
			"is true", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, x-kubernetes-embedded-resource: true, additionalProperties: true, properties: {spec: {type: "
			"object}}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.additionalProperties: does not go with "
			"x-kubernetes-embedded-resource", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {x-kubernetes-int-or-string: true, x-kubernetes-preserve-unknown-fields: true}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-preserve-unknown-fields\"]: does not go "
			"with x-kubernetes-int-or-string", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n", cases, "k8s/crd");
}

static void checks_junctors(void **state)
{
	static const struct kind_case cases[] = {
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {x-kubernetes-int-or-string: true, anyOf: [{type: string}, {type: integer}]}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.anyOf[0].type: may not stand within allOf, anyOf, oneOf or "
			"not\nspec.versions[0].schema.openAPIV3Schema.properties.a.anyOf[1].type: may not stand within allOf, anyOf, "
			"oneOf or not", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {x-kubernetes-int-or-string: true, allOf: [{anyOf: [{type: integer}, {type: string}]}, {pattern: "
			"a}]}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: string, anyOf: [{pattern: a}, {type: string}]}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.anyOf[1].type: may not stand within allOf, anyOf, oneOf or "
			"not", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, properties: {b: {type: string}}, oneOf: [{required: [b]}, {properties: {b: {pattern: "
			"a}}}]}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, properties: {b: {type: string}}, oneOf: [{properties: {c: {pattern: a}}}]}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.properties.c: is missing: allOf, anyOf, oneOf or not "
			"speaks of it on line 4", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, items: {type: string}, not: {items: {pattern: a}}}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, not: {items: {pattern: a}}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.items: is missing: allOf, anyOf, oneOf or not speaks of "
			"items on line 4", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: string, allOf: [{description: a, default: b, nullable: true}]}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.allOf[0].description: may not stand within allOf, anyOf, "
			"oneOf or not\nspec.versions[0].schema.openAPIV3Schema.properties.a.allOf[0].default: may not stand within "
			"allOf, anyOf, oneOf or not\nspec.versions[0].schema.openAPIV3Schema.properties.a.allOf[0].nullable: may not "
			"stand within allOf, anyOf, oneOf or not", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: string, allOf: [{nullable: false}]}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, allOf: [{properties: {metadata: {}}}]}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.properties.metadata: is missing: allOf, anyOf, oneOf or "
			"not speaks of it on line 4\nspec.versions[0].schema.openAPIV3Schema.properties.a.allOf[0].properties.metadata: "
			"may not be restricted here", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, anyOf: [{additionalProperties: {type: string}}]}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.anyOf[0].additionalProperties: may not stand within allOf, "
			"anyOf, oneOf or not", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n", cases, "k8s/crd");
}

static void checks_lists(void **state)
{
	static const struct kind_case cases[] = {
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, x-kubernetes-list-type: set, items: {type: string}}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, x-kubernetes-list-type: set}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.type: must be array, as there is x-kubernetes-list-type", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, x-kubernetes-list-type: bag, items: {type: string}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-list-type\"]: \"bag\" is not supported", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: string, x-kubernetes-map-type: atomic}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.type: must be object, as there is x-kubernetes-map-type", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, x-kubernetes-map-type: loose}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-map-type\"]: \"loose\" is not supported", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, x-kubernetes-list-type: set, items: {type: object}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.items[\"x-kubernetes-map-type\"]: must be atomic, as the "
			"list is a set", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, x-kubernetes-list-type: set, items: {type: object, x-kubernetes-map-type: atomic}}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, x-kubernetes-list-type: set, items: {type: array, x-kubernetes-list-type: set, items: {type: "
			"string}}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.items[\"x-kubernetes-list-type\"]: must be atomic, as the "
			"list is a set", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, x-kubernetes-list-type: set, items: {type: string, nullable: true}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.items.nullable: may not be true, as the list is a set", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id], items: {type: object, "
			"required: [id], properties: {id: {type: string}}}}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id], items: {type: object, "
			"properties: {id: {type: string}}}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.items.properties.id.default: is missing: a key of the list "
			"must be required or have a default", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id], items: {type: object, "
			"properties: {id: {type: string, default: x}}}}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, x-kubernetes-list-type: map, items: {type: object, properties: {id: {type: string}}}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-list-map-keys\"]: is missing", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id, id, no_id], items: {type: "
			"object, required: [id], properties: {id: {type: object, nullable: true}}}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-list-map-keys\"]: \"no_id\" is no field of "
			"the items\nspec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-list-map-keys\"][1]: duplicate "
			"\"id\"\nspec.versions[0].schema.openAPIV3Schema.properties.a.items.properties.id.type: must be a scalar, as the "
			"field is a key of the list\nspec.versions[0].schema.openAPIV3Schema.properties.a.items.properties.id.nullable: "
			"may not be true, as the field is a key of the list", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id], items: {type: string}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.items.type: must be object, as the list is a map", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, x-kubernetes-list-type: set, x-kubernetes-list-map-keys: [id], items: {type: string}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-list-type\"]: must be map, as there are "
			"x-kubernetes-list-map-keys", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, x-kubernetes-list-map-keys: [id], items: {type: string}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-list-type\"]: must be map, as there are "
			"x-kubernetes-list-map-keys", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n", cases, "k8s/crd");
}

static void checks_defaults(void **state)
{
	static const struct kind_case cases[] = {
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: boolean, default: true}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: boolean, default: \"yes\"}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.default: must be of type boolean, is string", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: number, default: 1}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: integer, default: 1.0}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: integer, default: 1.5}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.default: must be of type integer, is number", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, default: {b: 1}, properties: {b: {type: string}}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.default.b: must be of type string, is integer", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, default: {c: 1}, properties: {b: {type: string}}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.default.c: is a field that the schema does not have", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, default: {c: x}, additionalProperties: {type: string}}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: array, default: [1, a], items: {type: integer}}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.default[1]: must be of type integer, is string", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {x-kubernetes-int-or-string: true, default: 80%}}}}}]}\n",
			"", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n", cases, "k8s/crd");
}

static void checks_rules(void **state)
{
	static const struct kind_case cases[] = {
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: integer, x-kubernetes-validations: [{rule: \"self > 1\"}]}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: integer, x-kubernetes-validations: [{rule: \" \"}]}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-validations\"][0].rule: must not be blank", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: integer, x-kubernetes-validations: [{rule: \"self\\n> 1\"}]}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-validations\"][0].message: is missing, and "
			"the rule has several lines", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: integer, x-kubernetes-validations: [{rule: \"self\\n> 1\", message: more}]}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: integer, x-kubernetes-validations: [{rule: \"self > 1\", message: \"a\\nb\"}, {rule: \"self > 2\", "
			"message: \" \"}, {rule: \"self > 3\", messageExpression: \" \", fieldPath: \" \", reason: Bad}]}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-validations\"][0].message: must not have "
			"line breaks\nspec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-validations\"][1].message: "
			"must not be blank\nspec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-validations\"][2].messag"
			"eExpression: must not be blank\nspec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-validations"
			"\"][2].fieldPath: must be a path on one line\nspec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernet"
			"es-validations\"][2].reason: \"Bad\" is not supported", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, properties: {b: {type: string}, c-d: {type: string}}, x-kubernetes-validations: [{rule: "
			"self.b == 'x' && self.c__dash__d.size() > 0 && self.e == oldSelf.f}]}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-validations\"][0].rule: the schema has no "
			"field \"e\" here\nspec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-validations\"][0].rule: "
			"the schema has no field \"f\" here", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, properties: {b: {type: string}}, x-kubernetes-validations: [{rule: self.metadata.name == "
			"'x', messageExpression: \"'x' +\"}]}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-validations\"][0].rule: the schema has no "
			"field \"metadata\" here\nspec.versions[0].schema.openAPIV3Schema.properties.a[\"x-kubernetes-validations\"][0]."
			"messageExpression: is no expression: it ends too early", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{spec: {type: object}}, x-kubernetes-validations: [{rule: self.metadata.name == self.kind}]}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: object, additionalProperties: {type: string}, x-kubernetes-validations: [{rule: self.x == "
			"'y'}]}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: string, pattern: \"^(?!x)\"}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.pattern: \"(?!\" is not supported in regular expressions "
			"here", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: string, pattern: \"^[A-Z\"}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.pattern: is no regular expression: it has \"[\" without "
			"\"]\"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: string, pattern: \"[]a][^]b][[:alpha:]]\\\\[\\\\(\"}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: string, pattern: \"a(b\"}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.pattern: is no regular expression: it has \"(\" without "
			"\")\"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: string, pattern: \"a)b\"}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.pattern: is no regular expression: it has \")\" without "
			"\"(\"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: string, pattern: \"a\\\\\"}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.pattern: is no regular expression: it ends with a backslash", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: string, pattern: \"^\\\\\\\\(?:x)$\"}}}}}]}\n",
			"", 0},
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: "
			"{a: {type: string, pattern: \"\\\\\\\\(?=\"}}}}}]}\n",
			"spec.versions[0].schema.openAPIV3Schema.properties.a.pattern: is no regular expression: it has \"(\" without "
			"\")\"", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n", cases, "k8s/crd", "k8s/expression");
}

/* As v1.37's server judges them. */
static void checks_expressions(void **state)
{
#define AT "spec.versions[0].schema.openAPIV3Schema.properties.spec[\"x-kubernetes-validations\"]"
	static const struct kind_case cases[] = {
		{"[{rule: self.i > 1}, {rule: self.b}, {rule: '!self.b'}, {rule: self == oldSelf}, {rule: self.d == "
			"duration('1h')}]\n", "", 0},
		{"[{rule: self.i}, {rule: self.s}, {rule: self.l}, {rule: self.o}, {rule: ' self.o.p '}]\n",
			AT "[0].rule: must come to true or false, and comes to a number\n" AT "[1].rule: must come to true or false, and "
				"comes to text\n"
			AT "[2].rule: must come to true or false, and comes to a list\n" AT "[3].rule: must come to true or false, and "
				"comes to an object\n"
			AT "[4].rule: must come to true or false, and comes to a number", 0},
		{"[{rule: self.d}, {rule: self.io}, {rule: 'self.l[0]'}, {rule: self.o.q}, {rule: self}]\n", "", 0},
		{"[{rule: self.b, messageExpression: self.s}, {rule: self.b, messageExpression: \"'a' + string(self.i)\"}]\n", "", 0},
		{"[{rule: self.b, messageExpression: self.i}, {rule: self.b, messageExpression: self.b}]\n",
			AT "[0].messageExpression: must come to text, and comes to a number\n"
			AT "[1].messageExpression: must come to text, and comes to true or false", 0},
		{"[{rule: slef.i > 1}, {rule: object.i > 1}, {rule: self.s.startWith('a')}, {rule: 'self.l.exists_one(x, x > 1)'}]\n",
			AT "[0].rule: nothing is called \"slef\" here\n" AT "[1].rule: nothing is called \"object\" here\n"
			AT "[2].rule: there is no function \"startWith\"", 0},
	};
#undef AT

	(void)state;
	KIND_TABLE("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: gates.example.com}\n"
		"spec:\n  group: example.com\n  scope: Namespaced\n  names: {plural: gates, kind: Gate}\n"
		"  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: "
		"object\n        properties:\n"
		"          spec:\n            type: object\n            properties: {i: {type: integer}, s: {type: string}, d: {type: "
		"string, format: duration}, b: {type: boolean}, "
		"l: {type: array, items: {type: integer}}, io: {x-kubernetes-int-or-string: true}, o: {type: object, properties: {p: "
		"{type: number}}}}\n            x-kubernetes-validations: ", cases, "k8s/expression");
}

static void leaves_the_old_version(void **state)
{
	static const struct kind_case cases[] = {
		{"metadata: {name: gates.example.com}\nspec: {group: example.com, scope: Namespaced, names: {plural: gates, kind: "
			"Gate}, version: v1}\n",
			"", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\n", cases, NULL);
}

static void checks_api_services(void **state)
{
	static const struct kind_case cases[] = {
		{"metadata: {name: v1.a.b}\nspec: {group: a.b, version: v1, groupPriorityMinimum: 1, versionPriority: 1, service: "
			"{name: a, namespace: b}}\n",
			"", 0},
		{"metadata: {name: v2.a.b}\nspec: {group: a.b, version: v1, groupPriorityMinimum: 1, versionPriority: 1}\n",
			"metadata.name: must be \"v1.a.b\", as spec.version and spec.group say", 0},
		{"metadata: {name: v1.}\nspec: {version: v1, groupPriorityMinimum: 1, versionPriority: 1}\n", "", 0},
		{"metadata: {name: v2.}\nspec: {version: v2, groupPriorityMinimum: 1, versionPriority: 1}\n",
			"spec.group: is missing", 0},
		{"metadata: {name: a.b}\nspec: {group: a.b, groupPriorityMinimum: 1, versionPriority: 1}\n",
			"spec.version: is missing", 0},
		{"metadata: {name: v1.a.b}\nspec: {group: a.b, version: v1, caBundle: eA==, insecureSkipTLSVerify: true, "
			"groupPriorityMinimum: 1, versionPriority: 1}\n",
			"spec.caBundle: may only be set when there is a service\nspec.insecureSkipTLSVerify: may only be set when there "
			"is a service", 0},
		{"metadata: {name: v1.a.b}\nspec: {group: a.b, version: v1, caBundle: eA==, insecureSkipTLSVerify: true, "
			"groupPriorityMinimum: 1, versionPriority: 1, service: {}}\n",
			"spec.insecureSkipTLSVerify: does not go with caBundle\nspec.service.name: is missing\nspec.service.namespace: "
			"is missing", 0},
	};

	(void)state;
	KIND_TABLE("apiVersion: apiregistration.k8s.io/v1\nkind: APIService\n", cases, "k8s/crd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_names),
		cmocka_unit_test(checks_versions),
		cmocka_unit_test(checks_conversion),
		cmocka_unit_test(checks_types),
		cmocka_unit_test(checks_metadata),
		cmocka_unit_test(checks_junctors),
		cmocka_unit_test(checks_lists),
		cmocka_unit_test(checks_defaults),
		cmocka_unit_test(checks_rules),
		cmocka_unit_test(checks_expressions),
		cmocka_unit_test(leaves_the_old_version),
		cmocka_unit_test(checks_api_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
