/* lib/pack: what comes in as OpenAPI, CustomResourceDefinitions or JSON Schemas becomes the kinds that it is. */
#include "pack/import.h"

#include "base/io.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/pack_rig.h"
#include "tests/unit/unit.h"

static const char swagger[] =
	"{\"swagger\": \"2.0\", \"paths\": {"
	"\"/api/v1/namespaces/{namespace}/things\": {\"get\": {}, \"post\": {\"x-kubernetes-group-version-kind\": "
	"{\"group\": \"\", \"version\": \"v1\", \"kind\": \"Thing\"}}},"
	"\"/apis/g.io/v1/wholes\": {\"post\": {\"x-kubernetes-group-version-kind\": "
	"{\"group\": \"g.io\", \"version\": \"v1\", \"kind\": \"Whole\"}}},"
	"\"/apis/g.io/v1/wholes/{name}/part\": {\"post\": {\"x-kubernetes-group-version-kind\": "
	"{\"group\": \"g.io\", \"version\": \"v1\", \"kind\": \"Part\"}}}},"
	"\"definitions\": {"
	"\"io.k8s.api.core.v1.Thing\": {\"type\": \"object\", \"description\": \"text\", \"required\": [\"spec\"], \"properties\": {"
	"\"apiVersion\": {\"type\": \"string\"}, \"kind\": {\"type\": \"string\"}, \"metadata\": {\"type\": \"object\"},"
	"\"spec\": {\"$ref\": \"#/definitions/io.k8s.api.core.v1.ThingSpec\", \"description\": \"text\"}},"
	"\"x-kubernetes-group-version-kind\": [{\"group\": \"\", \"version\": \"v1\", \"kind\": \"Thing\"}]},"
	"\"io.k8s.api.core.v1.ThingSpec\": {\"type\": \"object\", \"properties\": {"
	"\"size\": {\"$ref\": \"#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity\"},"
	"\"port\": {\"$ref\": \"#/definitions/io.k8s.apimachinery.pkg.util.intstr.IntOrString\"},"
	"\"count\": {\"type\": \"integer\", \"format\": \"int32\"}, \"mode\": {\"type\": \"string\"},"
	"\"description\": {\"type\": \"integer\"}}},"
	"\"io.k8s.apimachinery.pkg.api.resource.Quantity\": {\"type\": \"string\"},"
	"\"io.k8s.apimachinery.pkg.util.intstr.IntOrString\": {\"type\": \"string\", \"format\": \"int-or-string\"},"
	"\"io.g.v1.Whole\": {\"type\": \"object\", \"properties\": {\"metadata\": {\"$ref\": \"#/definitions/io.k8s.Meta\"}, "
	"\"spec\": {\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\", \"nullable\": true}}}},"
	"\"x-kubernetes-group-version-kind\": [{\"group\": \"g.io\", \"version\": \"v1\", \"kind\": \"Whole\"}]},"
	"\"io.g.v1.Part\": {\"type\": \"object\", "
	"\"x-kubernetes-group-version-kind\": [{\"group\": \"g.io\", \"version\": \"v1\", \"kind\": \"Part\"}]},"
	"\"io.k8s.Options\": {\"type\": \"object\", \"x-kubernetes-group-version-kind\": ["
	"{\"group\": \"\", \"version\": \"v1\", \"kind\": \"Options\"}, {\"group\": \"g.io\", \"version\": \"v1\", \"kind\": \"Options\"}]}"
	"}}";

static const char openapi[] =
	"{\"openapi\": \"3.0.0\", \"paths\": {\"/apis/apps/v1/namespaces/{namespace}/sets\": {\"post\": "
	"{\"x-kubernetes-group-version-kind\": {\"group\": \"apps\", \"version\": \"v1\", \"kind\": \"Set\"}}}},"
	"\"components\": {\"schemas\": {\"io.k8s.api.apps.v1.Set\": {\"type\": \"object\", \"properties\": {"
	"\"apiVersion\": {\"type\": \"string\"}, \"kind\": {\"type\": \"string\"}, \"spec\": {\"allOf\": "
	"[{\"$ref\": \"#/components/schemas/io.k8s.api.apps.v1.SetSpec\"}], \"default\": {}}},"
	"\"x-kubernetes-group-version-kind\": [{\"group\": \"apps\", \"version\": \"v1\", \"kind\": \"Set\"}]},"
	"\"io.k8s.api.apps.v1.SetSpec\": {\"type\": \"object\", \"properties\": {\"port\": {\"format\": \"int-or-string\", "
	"\"oneOf\": [{\"type\": \"integer\"}, {\"type\": \"string\"}]}}}}}}";

static const char crd[] =
	"apiVersion: apiextensions.k8s.io/v1\n"
	"kind: CustomResourceDefinition\n"
	"metadata: {name: gates.example.org}\n"
	"spec:\n"
	"  group: example.org\n"
	"  scope: Cluster\n"
	"  names: {kind: Gate, plural: gates}\n"
	"  versions:\n"
	"  - name: v1\n"
	"    served: true\n"
	"    storage: true\n"
	"    subresources: {status: {}}\n"
	"    schema:\n"
	"      openAPIV3Schema:\n"
	"        type: object\n"
	"        required: [spec]\n"
	"        properties:\n"
	"          spec:\n"
	"            type: object\n"
	"            description: text\n"
	"            properties:\n"
	"              name: {type: string, pattern: '^[a-z]+$'}\n"
	"              port: {x-kubernetes-int-or-string: true}\n"
	"              any:\n"
	"              some: {type: string, anyOf: null, items: null, required: null}\n"
	"              free: {type: object, x-kubernetes-preserve-unknown-fields: true}\n"
	"              list: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k], items: {type: object,\n"
	"                properties: {k: {type: string}}}}\n"
	"          status:\n"
	"            type: object\n"
	"            required: [phase]\n"
	"            properties: {phase: {type: string}}\n"
	"  - name: v1beta1\n"
	"    served: true\n"
	"    deprecated: true\n"
	"    schema: {openAPIV3Schema: {type: object}}\n"
	"  - name: v1alpha1\n"
	"    served: false\n"
	"    schema: {openAPIV3Schema: {type: object}}\n"
	"  - name: v2\n"
	"    served: true\n";

static void expect(const struct hgt_buf *image, const char *entry, const char *document, const char *findings)
{
	char *told = pack_rig_judge(image, entry, document);

	assert_string_equal(told, findings);
	free(told);
}

static void expect_entries(const struct hgt_buf *image, const char *entries)
{
	char *told = pack_rig_entries(image);

	assert_string_equal(told, entries);
	free(told);
}

static void import_one(const char *where, const char *text, struct hgt_buf *image)
{
	const char *const texts[][2] = {{where, text}};
	struct hgt_error err = {0};

	if (pack_rig_import(NULL, texts, 1, image, &err))
		fail_msg("%s", err.message);
}

static void test_openapi_v2(void **state)
{
	struct hgt_buf image = HGT_BUF_INIT;

	(void)state;
	import_one("swagger.json", swagger, &image);
	expect_entries(&image, "g.io/v1/Whole 2\nv1/Thing 1\n");
	expect(&image, "v1/Thing", "{apiVersion: v1, kind: Thing, spec: {size: 500m, port: http, count: 3, description: 1}}", "");
	expect(&image, "v1/Thing", "{spec: {size: 1.5, port: 80}}", "");
	expect(&image, "v1/Thing", "{spec: {size: true}}", "/spec/size type\n");
	expect(&image, "v1/Thing", "{spec: {port: []}}", "/spec/port type\n");
	expect(&image, "v1/Thing", "{spec: {other: 1}}", "/spec/other additionalProperties\n");
	expect(&image, "v1/Thing", "{}", " required\n");
	/* A custom resource's definition has its metadata implied, and says itself what may be null. */
	expect(&image, "g.io/v1/Whole", "{apiVersion: g.io/v1, kind: Whole, metadata: {name: a}, spec: {a: null}}", "");
	expect(&image, "g.io/v1/Whole", "{apiVersion: g.io/v1, kind: Whole, metadata: {name: 1}}", "/metadata/name type\n");
	hgt_buf_release(&image);
}

static void test_openapi_v3(void **state)
{
	struct hgt_buf image = HGT_BUF_INIT;

	(void)state;
	import_one("v3.json", openapi, &image);
	expect_entries(&image, "apps/v1/Set 1\n");
	expect(&image, "apps/v1/Set", "{spec: {port: 1}}", "");
	expect(&image, "apps/v1/Set", "{spec: {port: 1.5}}", "/spec/port type\n");
	expect(&image, "apps/v1/Set", "{spec: {ports: 1}}", "/spec/ports additionalProperties\n");
	hgt_buf_release(&image);
}

static void test_crd(void **state)
{
	struct hgt_buf image = HGT_BUF_INIT;

	(void)state;
	import_one("crd.yaml", crd, &image);
	expect_entries(&image, "example.org/v1/Gate 2\nexample.org/v1beta1/Gate 6\nexample.org/v2/Gate 2\n");
	expect(&image, "example.org/v1/Gate", "{apiVersion: example.org/v1, kind: Gate, metadata: {name: a}, spec: {name: abc, port: 1, "
		"any: [1], some: a, free: {a: 1}, list: [{k: a}, {k: b}]}}", "");
	expect(&image, "example.org/v1/Gate", "{apiVersion: a, kind: Gate, spec: {name: ABC, port: 1.5}}",
		"/spec/name pattern\n/spec/port type\n");
	expect(&image, "example.org/v1/Gate", "{apiVersion: a, kind: Gate, spec: {nam: abc}}", "/spec/nam additionalProperties\n");
	expect(&image, "example.org/v1/Gate", "{apiVersion: a, kind: Gate, spec: {list: [{k: a}, {k: a}]}}",
		"/spec/list/1 x-kubernetes-list-map-keys\n");
	/* The server drops the status of a manifest unread, since it has a subresource for it. */
	expect(&image, "example.org/v1/Gate", "{apiVersion: a, kind: Gate, spec: {}, status: {x: 1}}", "");
	/* No schema: the kind is known, and takes anything. */
	expect(&image, "example.org/v2/Gate", "{apiVersion: a, kind: Gate, what: ever}", "");
	hgt_buf_release(&image);
}

static void test_old_crd(void **state)
{
	static const char text[] =
		"apiVersion: apiextensions.k8s.io/v1beta1\n"
		"kind: CustomResourceDefinition\n"
		"spec: {group: example.org, version: v1, scope: Namespaced, names: {kind: Old}, validation: {openAPIV3Schema: {\n"
		"  type: object, properties: {spec: {type: object, properties: {n: {type: integer}}}}}}}\n"
		"---\n"
		"apiVersion: apiextensions.k8s.io/v1beta1\n"
		"kind: CustomResourceDefinition\n"
		"spec: {group: example.org, preserveUnknownFields: false, names: {kind: Strict}, versions: [{name: v1}], validation: {\n"
		"  openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {n: {type: integer}}}}}}}\n";
	struct hgt_buf image = HGT_BUF_INIT;

	(void)state;
	import_one("old.yaml", text, &image);
	expect_entries(&image, "example.org/v1/Old 1\nexample.org/v1/Strict 1\n");
	/* Unknown fields are kept unless it says otherwise. */
	expect(&image, "example.org/v1/Old", "{apiVersion: a, kind: Old, spec: {n: 1, m: 1}}", "");
	expect(&image, "example.org/v1/Old", "{apiVersion: a, kind: Old, spec: {n: a}}", "/spec/n type\n");
	expect(&image, "example.org/v1/Strict", "{apiVersion: a, kind: Strict, spec: {n: 1, m: 1}}", "/spec/m additionalProperties\n");
	hgt_buf_release(&image);
}

/* The server fills in defaults before it looks at alternatives. */
static void test_defaults(void **state)
{
	static const char text[] =
		"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
		"spec: {group: a.io, scope: Namespaced, names: {kind: A}, versions: [{name: v1, schema: {openAPIV3Schema: {type: object,\n"
		"  properties: {spec: {type: object, properties: {\n"
		"    addresses: {type: array, items: {type: object, properties: {type: {type: string, default: IP}, value: {type: string}},\n"
		"      oneOf: [{properties: {type: {enum: [IP]}, value: {pattern: '^[0-9.]+$'}}},\n"
		"              {properties: {type: {not: {enum: [IP]}}}}]}},\n"
		"    mode: {type: string, default: fast}, size: {type: integer},\n"
		"    deep: {type: object, properties: {kind: {type: string, default: x}}}},\n"
		"    anyOf: [{required: [mode, size]}, {required: [deep], properties: {deep: {properties: {kind: {enum: [z]}}}}}],\n"
		"    not: {properties: {mode: {enum: [slow]}, size: {maximum: 0}}, required: [size, mode]}}}}}}]}\n";
	static const char *const good[] = {
		"{addresses: [{value: 1.2.3.4}, {type: IP, value: 1.2.3.4}, {type: Name, value: web}], size: 1}", "{size: 1}",
		"{deep: {kind: z}}", "{size: 0}", "{size: 1, mode: slow}",
	};
	static const struct {
		const char *spec, *findings;
	} bad[] = {
		{"{size: 1, addresses: [{value: web}]}", "/spec/addresses/0/value pattern\n"},
		{"{deep: {}}", "/spec anyOf\n"}, {"{deep: {kind: x}}", "/spec anyOf\n"}, {"{mode: fast}", "/spec anyOf\n"},
		{"{size: 0, mode: slow}", "/spec not\n"},
	};
	struct hgt_buf image = HGT_BUF_INIT, document = HGT_BUF_INIT;

	(void)state;
	import_one("a.yaml", text, &image);
	for (size_t i = 0; i < N_OF(good); i++) {
		hgt_buf_reset(&document);
		hgt_buf_addf(&document, "{apiVersion: a, kind: A, spec: %s}", good[i]);
		expect(&image, "a.io/v1/A", document.data, "");
	}
	for (size_t i = 0; i < N_OF(bad); i++) {
		char *told;

		hgt_buf_reset(&document);
		hgt_buf_addf(&document, "{apiVersion: a, kind: A, spec: %s}", bad[i].spec);
		told = pack_rig_judge(&image, "a.io/v1/A", document.data);
		if (!*told || (i && strcmp(told, bad[i].findings) != 0))
			fail_msg("%s: %s", bad[i].spec, told);
		free(told);
	}
	hgt_buf_release(&document);
	hgt_buf_release(&image);
}

static void test_streams_and_lists(void **state)
{
	static const char stream[] =
		"apiVersion: v1\nkind: ConfigMap\n---\n"
		"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
		"spec: {group: a.io, scope: Namespaced, names: {kind: A}, versions: [{name: v1, served: true}]}\n---\n# nothing\n";
	static const char list[] =
		"{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"kind\": \"Pod\"}, "
		"{\"apiVersion\": \"apiextensions.k8s.io/v1\", \"kind\": \"CustomResourceDefinition\", \"spec\": {\"group\": \"b.io\", "
		"\"scope\": \"Cluster\", \"names\": {\"kind\": \"B\"}, \"versions\": [{\"name\": \"v1\", \"served\": true}]}}]}";
	const char *const texts[][2] = {{"a.yaml", stream}, {"b.json", list}, {"c.yaml", "just: text"}};
	struct hgt_buf image = HGT_BUF_INIT;

	(void)state;
	assert_int_equal(pack_rig_import(NULL, texts, 3, &image, NULL), 0);
	expect_entries(&image, "a.io/v1/A 1\nb.io/v1/B 2\n");
	hgt_buf_release(&image);
}

static void test_json_schema(void **state)
{
	static const struct {
		const char *where, *text, *kind, *entries;
	} cases[] = {
		{"a.json", "{\"type\": \"object\", \"x-kubernetes-group-version-kind\": [{\"group\": \"apps\", \"kind\": \"Deployment\", "
			"\"version\": \"v1\"}]}", NULL, "apps/v1/Deployment 0\n"},
		{"a.json", "{\"properties\": {\"apiVersion\": {\"enum\": [\"apps/v1\"]}, \"kind\": {\"const\": \"Set\"}}}", NULL,
			"apps/v1/Set 0\n"},
		{"a.json", "{\"properties\": {}}", "v1/Mine", "v1/Mine 0\n"},
		{"x/cert-manager.io/certificate_v1.json", "{\"properties\": {}}", NULL, "cert-manager.io/v1/certificate 0\n"},
		{"x/a.io/b_c_v1beta2.json", "{\"properties\": {}}", NULL, NULL},
		{"x/a.io/thing_v1alpha1.json", "{\"$schema\": \"http://json-schema.org/schema#\", \"type\": \"object\"}", NULL,
			"a.io/v1alpha1/thing 0\n"},
		{"x/a.io/thing_one.json", "{\"properties\": {}}", NULL, NULL},
		{"thing.json", "{\"properties\": {}}", NULL, NULL},
		{"thing.json", "{\"some\": \"json\"}", "v1/Mine", NULL},
		{"thing.json", "{\"kind\": \"Pod\", \"type\": \"x\"}", "v1/Mine", NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const char *const texts[][2] = {{cases[i].where, cases[i].text}};
		struct hgt_import_options options = {.kind = cases[i].kind};
		struct hgt_buf image = HGT_BUF_INIT;
		int code = pack_rig_import(&options, texts, 1, &image, NULL);

		assert_int_equal(code, cases[i].entries ? 0 : HGT_EPARSE);
		if (cases[i].entries)
			expect_entries(&image, cases[i].entries);
		hgt_buf_release(&image);
	}
}

/* What is no dialect of Kubernetes' is read as it is: nothing is closed that does not say so, bounds are those of its draft. */
static void test_json_schema_as_it_is(void **state)
{
	static const char text[] =
		"{\"type\": \"object\", \"properties\": {\"n\": {\"type\": [\"integer\", \"null\"], \"minimum\": 1, \"exclusiveMinimum\": true},"
		"\"description\": {\"type\": \"string\"}, \"d\": {\"$ref\": \"#/definitions/d\"}}, "
		"\"patternProperties\": {\"^x-\": {\"type\": \"integer\"}, \"(\": false}, \"definitions\": {\"d\": {\"enum\": [1]}}}";
	struct hgt_buf warned = HGT_BUF_INIT, image = HGT_BUF_INIT;
	struct hgt_import_options options = {.kind = "v1/Mine", .warn = pack_rig_warn, .user = &warned};
	const char *const texts[][2] = {{"a.json", text}};

	(void)state;
	assert_int_equal(pack_rig_import(&options, texts, 1, &image, NULL), 0);
	expect(&image, "v1/Mine", "{n: null, other: 1, x-a: 1, d: 1}", "");
	expect(&image, "v1/Mine", "{n: 1, x-a: a, d: 2, description: 1}",
		"/n exclusiveMinimum\n/x-a type\n/d enum\n/description type\n");
	assert_non_null(strstr(warned.data, "the pattern ( is left out"));
	hgt_buf_release(&warned);
	hgt_buf_release(&image);
}

static void test_facts_and_constraints(void **state)
{
	static const char facts[] =
		"x-headgate-source: somewhere v1\n"
		"definitions:\n"
		"  a.Thing:\n"
		"    type: object\n"
		"    required: [spec]\n"
		"    x-headgate-scope: Cluster\n"
		"    x-kubernetes-group-version-kind: [{group: a.io, version: v1, kind: Thing}]\n"
		"    properties:\n"
		"      port: {type: integer, format: int32}\n"
		"      spec: {'$ref': '#/definitions/a.Spec'}\n"
		"      list: {type: array, items: {type: object, properties: {a: {type: string}}}}\n"
		"  a.Spec: {type: object, properties: {name: {type: string}}}\n"
		"  a.Part:\n"
		"    x-kubernetes-group-version-kind: [{group: a.io, version: v1, kind: Part}]\n";
	static const char constraints[] =
		"definitions:\n"
		"  a.Thing:\n"
		"    required: null\n"
		"    properties:\n"
		"      port: {minimum: 1, maximum: 65535}\n"
		"      gone: {minimum: 1}\n"
		"      list: {items: {required: [a]}}\n"
		"  a.Spec: {required: [name], properties: {name: {enum: [x]}}}\n"
		"  a.Gone: {required: [name]}\n";
	struct hgt_buf image = HGT_BUF_INIT;
	struct hgt_importer *importer;
	struct hgt_doc_set set;

	(void)state;
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_yaml_parse(constraints, sizeof(constraints) - 1, &hgt_doc_default_limits, &set, NULL), 0);
	assert_int_equal(hgt_importer_new(NULL, &importer, NULL), 0);
	assert_int_equal(hgt_importer_constrain(importer, "c.yaml", set.docs[0].root, NULL), 0);
	hgt_doc_set_release(&set);
	assert_int_equal(hgt_importer_add_text(importer, "facts.yaml", facts, sizeof(facts) - 1, NULL), 1);
	assert_int_equal(hgt_importer_kinds(importer), 1);
	assert_string_equal(hgt_importer_source(importer), "somewhere v1");
	assert_int_equal(hgt_importer_finish(importer, &image, NULL), 0);
	hgt_importer_free(importer);
	expect_entries(&image, "a.io/v1/Thing 2\n");
	expect(&image, "a.io/v1/Thing", "{port: 80}", "");
	expect(&image, "a.io/v1/Thing", "{port: 0, spec: {name: z}, list: [{}]}", "/port minimum\n/spec/name enum\n/list/0 required\n");
	expect(&image, "a.io/v1/Thing", "{gone: 1, spec: {}}", "/gone additionalProperties\n/spec required\n");
	hgt_buf_release(&image);
}

static void test_bad_constraints(void **state)
{
	static const char *const cases[] = {"[]", "{}", "definitions: []", "definitions: {a: 1}", "definitions: {a: null}"};
	struct hgt_importer *importer;
	struct hgt_doc_set set;

	(void)state;
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_importer_new(NULL, &importer, NULL), 0);
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_error err = {0};

		assert_int_equal(hgt_yaml_parse(cases[i], strlen(cases[i]), &hgt_doc_default_limits, &set, NULL), 0);
		assert_int_equal(hgt_importer_constrain(importer, "c.yaml", set.docs[0].root, &err), HGT_EPARSE);
		assert_int_equal(strncmp(err.message, "c.yaml:1:", 9), 0);
	}
	hgt_importer_free(importer);
	hgt_doc_set_release(&set);
}

/* What cannot be used is left out and told, whatever the rest is. */
static void test_left_out(void **state)
{
	static const char bad[] =
		"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
		"spec: {group: a.io, scope: Namespaced, names: {kind: Bad}, versions: [{name: v1, schema: {openAPIV3Schema: {type: thing}}}]}\n"
		"---\n"
		"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
		"spec: {group: a.io, scope: Namespaced, names: {kind: Good}, versions: [{name: v1, schema: {openAPIV3Schema: {type: object,\n"
		"  properties: {a: {type: string, pattern: '('}}}}}]}\n";
	struct hgt_buf warned = HGT_BUF_INIT, image = HGT_BUF_INIT;
	struct hgt_import_options options = {.warn = pack_rig_warn, .user = &warned};
	const char *const texts[][2] = {{"a.yaml", bad}, {"b.yaml", bad}};

	(void)state;
	assert_int_equal(pack_rig_import(&options, texts, 2, &image, NULL), 0);
	expect_entries(&image, "a.io/v1/Good 1\n");
	expect(&image, "a.io/v1/Good", "{apiVersion: a, kind: b, a: '('}", "");
	assert_non_null(strstr(warned.data, "a.yaml:8:43: the pattern ( is left out: "));
	assert_non_null(strstr(warned.data, "b.yaml: a.io/v1/Good is in a.yaml already, that one counts\n"));
	assert_non_null(strstr(warned.data, "a.yaml: a.io/v1/Bad is left out: k8s:a.io/v1/Bad:3:"));
	hgt_buf_release(&warned);
	hgt_buf_release(&image);
}

static void test_refused(void **state)
{
#define CRD "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
	static const struct {
		const char *where, *text;
		int code;
		const char *message;
	} cases[] = {
		{"a.yaml", "", HGT_EPARSE, "there is no schema of a kind in it"},
		{"a.yaml", "a: [", HGT_EPARSE, "a.yaml:"},
		{"a.json", "{\"a\": }", HGT_EPARSE, "a.json:1:7: "},
		{"a.yaml", CRD, HGT_EPARSE, "a.yaml:1:1: the CustomResourceDefinition has no spec"},
		{"a.yaml", CRD "spec: {group: a.io, names: {kind: A}, versions: 1}", HGT_EPARSE, "a.yaml:3:49: "},
		{"a.yaml", CRD "spec: {group: A/b, names: {kind: A}, versions: [{name: v1}]}", HGT_EPARSE, "a.yaml:1:1: the kind"},
		{"a.yaml", CRD "spec: {group: a.io, names: {kind: a/b}, versions: [{name: v1}]}", HGT_EPARSE, "a.yaml:1:1: the kind"},
		{"a.yaml", CRD "spec: {group: a.io, names: {kind: A}, versions: [{}]}", HGT_EPARSE, "a.yaml:1:1: the kind"},
		{"a.yaml", CRD "spec: {group: a.io, names: {kind: A}, versions: [{name: v1, schema: {openAPIV3Schema: {properties: {a: 1}}}}]}",
			HGT_EPARSE, "a.yaml:3:104: a schema has to be"},
		{"a.yaml", CRD "spec: {group: a.io, names: {kind: A}, versions: [{name: v1, schema: {openAPIV3Schema: {$ref: 'http://x/y'}}}]}",
			HGT_EUNSUPPORTED, "a.yaml:3:94: a reference"},
		{"a.yaml", CRD "spec: {group: a.io, names: {kind: A}, versions: [{name: v1, schema: {openAPIV3Schema: {type: 3}}}]}",
			HGT_EPARSE, "k8s:a.io/v1/A:3:"},
		{"a.json", "{\"openapi\": \"3.0.0\", \"components\": {\"schemas\": {\"a\": {\"$ref\": \"#/definitions/b\"}}}}",
			HGT_EUNSUPPORTED, "a.json:1:63: a reference has to begin with #/components/schemas/"},
		{"g.io/a_v1.json", "{\"$ref\": \"_definitions.json#/definitions/x\"}", HGT_EUNSUPPORTED, "g.io/a_v1.json:1:10: "},
		{"g.io/a_v1.json", "{\"$ref\": \"#/definitions/x\"}", HGT_ENOENT, "k8s:g.io/v1/a"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const char *const texts[][2] = {{cases[i].where, cases[i].text}};
		struct hgt_buf image = HGT_BUF_INIT;
		struct hgt_error err = {0};

		assert_int_equal(pack_rig_import(NULL, texts, 1, &image, &err), cases[i].code);
		if (strncmp(err.message, cases[i].message, strlen(cases[i].message)) != 0)
			fail_msg("%zu: %s", i, err.message);
		assert_int_equal(image.len, 0);
		hgt_buf_release(&image);
	}
#undef CRD
}

/* The image does not depend on the order in which its parts came. */
static void test_same(void **state)
{
	const char *const there[][2] = {{"s.json", swagger}, {"v3.json", openapi}, {"c.yaml", crd}};
	const char *const back[][2] = {{"c.yaml", crd}, {"s.json", swagger}, {"v3.json", openapi}};
	struct hgt_buf a = HGT_BUF_INIT, b = HGT_BUF_INIT;

	(void)state;
	assert_int_equal(pack_rig_import(NULL, there, 3, &a, NULL), 0);
	assert_int_equal(pack_rig_import(NULL, back, 3, &b, NULL), 0);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	hgt_buf_release(&a);
	hgt_buf_release(&b);
}

static void test_one_crd(void **state)
{
	struct hgt_buf image = HGT_BUF_INIT;
	struct hgt_error err = {0};
	struct hgt_doc_set set;

	(void)state;
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_yaml_parse(crd, sizeof(crd) - 1, &hgt_doc_default_limits, &set, NULL), 0);
	assert_int_equal(hgt_import_crd(set.docs[0].root, &image, &err), 0);
	expect_entries(&image, "example.org/v1/Gate 2\nexample.org/v1beta1/Gate 6\nexample.org/v2/Gate 2\n");
	hgt_buf_release(&image);
	assert_int_equal(hgt_yaml_parse("{spec: {versions: []}}", 22, &hgt_doc_default_limits, &set, NULL), 0);
	assert_int_equal(hgt_import_crd(set.docs[0].root, &image, &err), HGT_ENOENT);
	assert_int_equal(hgt_yaml_parse("{spec: 1}", 9, &hgt_doc_default_limits, &set, NULL), 0);
	assert_int_equal(hgt_import_crd(set.docs[0].root, &image, NULL), HGT_EPARSE);
	hgt_doc_set_release(&set);
}

static void write_text(const char *folder, const char *name, const char *text)
{
	char *path = unit_path(folder, name), *slash = strrchr(path, '/');

	*slash = '\0';
	assert_int_equal(hgt_make_folders(path, 0755, NULL), 0);
	*slash = '/';
	assert_int_equal(hgt_write_file(path, text, strlen(text), 0644, NULL), 0);
	free(path);
}

static void test_folder(void **state)
{
	static const char deployment[] = "{\"type\": \"object\", \"properties\": {\"spec\": {\"type\": [\"object\", \"null\"]}}, "
		"\"x-kubernetes-group-version-kind\": [{\"group\": \"apps\", \"kind\": \"Deployment\", \"version\": \"v1\"}]}";
	struct hgt_buf warned = HGT_BUF_INIT, image = HGT_BUF_INIT;
	struct hgt_import_options options = {.warn = pack_rig_warn, .user = &warned};
	struct hgt_importer *importer;

	write_text(*state, "k/v1.30.0-standalone-strict/deployment-apps-v1.json", deployment);
	write_text(*state, "k/v1.30.0-standalone-strict/affinity-v1.json", "{\"type\": \"object\", \"properties\": {}}");
	write_text(*state, "k/v1.30.0-standalone-strict/_definitions.json", "{\"definitions\": {\"a\": {\"$ref\": \"x\"}}}");
	write_text(*state, "k/v1.30.0-standalone-strict/all.json", "{\"oneOf\": [{\"$ref\": \"_definitions.json\"}]}");
	write_text(*state, "c/cert-manager.io/certificate_v1.json", "{\"type\": \"object\", \"properties\": {}}");
	write_text(*state, "c/crds/gate.yaml", crd);
	write_text(*state, "c/crds/template.yaml", "{{ if .Values.crds }}\nkind: CustomResourceDefinition\n{{ end }}\n");
	write_text(*state, "c/README.md", "# No schema\n");
	write_text(*state, "c/.git/config.yaml", crd);
	assert_int_equal(hgt_importer_new(&options, &importer, NULL), 0);
	assert_int_equal(hgt_importer_add_path(importer, *state, NULL), 1);
	assert_int_equal(hgt_importer_finish(importer, &image, NULL), 0);
	hgt_importer_free(importer);
	expect_entries(&image, "apps/v1/Deployment 0\ncert-manager.io/v1/certificate 0\nexample.org/v1/Gate 2\n"
		"example.org/v1beta1/Gate 6\nexample.org/v2/Gate 2\n");
	assert_non_null(strstr(warned.data, "/c/crds/template.yaml: left out: "));
	assert_null(strchr(strchr(warned.data, '\n') + 1, '\n'));
	hgt_buf_release(&warned);
	hgt_buf_release(&image);
}

static void test_paths(void **state)
{
	struct hgt_importer *importer;
	char *path;

	assert_int_equal(hgt_importer_new(NULL, &importer, NULL), 0);
	path = unit_path(*state, "missing");
	assert_int_equal(hgt_importer_add_path(importer, path, NULL), HGT_ENOENT);
	free(path);
	assert_int_equal(hgt_importer_add_path(importer, *state, NULL), 0);
	assert_int_equal(hgt_importer_add_path(importer, "/dev/null", NULL), HGT_EINVAL);
	path = unit_path(*state, "missing");
	assert_int_equal(hgt_importer_constrain_folder(importer, path, NULL), HGT_ENOENT);
	free(path);
	write_text(*state, "c/a.yaml", "definitions: {a: {type: string}}\n---\ndefinitions: {a: {minLength: 1}, b: {}}\n");
	path = unit_path(*state, "c");
	assert_int_equal(hgt_importer_constrain_folder(importer, path, NULL), 0);
	/* Here two equal keys are a mistake. */
	write_text(*state, "c/b.yaml", "definitions: {a: {type: string}, a: {}}\n");
	assert_int_equal(hgt_importer_constrain_folder(importer, path, NULL), HGT_EPARSE);
	free(path);
	hgt_importer_free(importer);
}

static void test_allocations(void **state)
{
	const char *const texts[][2] = {{"s.json", swagger}, {"v3.json", openapi}, {"c.yaml", crd},
		{"a.io/b_v1.json", "{\"properties\": {\"a\": {\"pattern\": \"a\"}}}"}};
	long n;

	(void)state;
	for (n = 1;; n++) {
		struct hgt_buf image = HGT_BUF_INIT;
		struct hgt_error err = {0};
		int code;

		fail_alloc_at(n);
		code = pack_rig_import(NULL, texts, N_OF(texts), &image, &err);
		hgt_buf_release(&image);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
	}
	assert_true(n > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openapi_v2),
		cmocka_unit_test(test_openapi_v3),
		cmocka_unit_test(test_crd),
		cmocka_unit_test(test_old_crd),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_streams_and_lists),
		cmocka_unit_test(test_json_schema),
		cmocka_unit_test(test_json_schema_as_it_is),
		cmocka_unit_test(test_facts_and_constraints),
		cmocka_unit_test(test_bad_constraints),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_one_crd),
		cmocka_unit_test_setup_teardown(test_folder, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(test_paths, unit_folder_make, unit_folder_remove),
		cmocka_unit_test(test_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
