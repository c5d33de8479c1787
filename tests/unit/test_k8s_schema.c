/* lib/k8s/schema, definitions: objects held against schemas, each rule with what triggers it and what nearly does. */
#include "pack/catalog.h"
#include "pack/import.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

/* What the cluster of these tests knows natively. */
static const char facts[] =
	"x-headgate-source: tests\n"
	"definitions:\n"
	"  Crd: {type: object, x-headgate-scope: Cluster, x-kubernetes-group-version-kind: [{group: apiextensions.k8s.io, version: v1, "
	"kind: CustomResourceDefinition}]}\n"
	"  Meta: {type: object, properties: {name: {type: string}, labels: {type: object, additionalProperties: {type: string}}}}\n"
	"  Boat:\n"
	"    type: object\n"
	"    x-headgate-scope: Namespaced\n"
	"    x-kubernetes-group-version-kind: [{group: sea, version: v1, kind: Boat}]\n"
	"    properties:\n"
	"      apiVersion: {type: string}\n"
	"      kind: {type: string}\n"
	"      metadata: {$ref: '#/definitions/Meta'}\n"
	"      spec:\n"
	"        type: object\n"
	"        required: [hull]\n"
	"        properties:\n"
	"          hull: {type: string, enum: [Wood, Steel]}\n"
	"          masts: {type: integer, format: int32, minimum: 1, maximum: 5}\n"
	"          name: {type: string, minLength: 3, pattern: '^[a-z]+$'}\n"
	"          crew: {type: array, uniqueItems: true, items: {type: string}}\n"
	"          built: {type: string, format: date}\n"
	"          sail: {type: string}\n"
	"          motor: {type: string}\n"
	"          holds: {type: array, items: {type: object, required: [size], properties: {size: {type: integer}}}}\n"
	"        x-headgate-one-of: {fields: [sail, motor]}\n";

#define CRD(kind, plural, schema) \
	"apiVersion: apiextensions.k8s.io/v1\n" \
	"kind: CustomResourceDefinition\n" \
	"metadata: {name: " plural ".sea.example.org}\n" \
	"spec:\n" \
	"  group: sea.example.org\n" \
	"  names: {kind: " kind ", plural: " plural "}\n" \
	"  scope: Namespaced\n" \
	"  versions:\n" \
	"    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: " schema "}}\n"
#define FISH CRD("Fish", "fishes", "{type: object, properties: {spec: {type: object, properties: {fins: {type: integer}}}}}")
#define A_FISH(spec) "apiVersion: sea.example.org/v1\nkind: Fish\nmetadata: {name: cod}\nspec: {" spec "}\n"
#define A_BOAT(spec) "apiVersion: sea/v1\nkind: Boat\nmetadata: {name: a}\nspec: {" spec "}\n"

static struct hgt_catalog *catalog;

static int make_catalog(void **state)
{
	struct hgt_importer *importer;
	struct hgt_buf image = HGT_BUF_INIT;

	(void)state;
	assert_int_equal(hgt_importer_new(NULL, &importer, NULL), 0);
	assert_int_equal(hgt_importer_add_text(importer, "facts", facts, sizeof(facts) - 1, NULL), 1);
	assert_int_equal(hgt_importer_finish(importer, &image, NULL), 0);
	hgt_importer_free(importer);
	assert_int_equal(hgt_catalog_new(&catalog, NULL), 0);
	assert_int_equal(hgt_catalog_add_image(catalog, "kubernetes-facts", &image, NULL), 0);
	return 0;
}

static int free_catalog(void **state)
{
	(void)state;
	hgt_catalog_free(catalog);
	return 0;
}

struct one {
	const char *text, *expect, *message, *hint;
};

static void judge_with(const struct hgt_engine_options *options, const char *path, const struct one *one)
{
	struct hgt_engine *engine = rig_engine(options);
	const struct hgt_findings *list = hgt_engine_findings(engine);
	struct hgt_buf told = HGT_BUF_INIT;

	rig_judge(engine, path, one->text, strlen(one->text), HGT_CLASS_AUTO);
	assert_int_equal(hgt_engine_finish(engine, NULL), 0);
	rig_describe(engine, &told);
	if (strcmp(told.data, one->expect) != 0)
		fail_msg("%s\nexpected: %s\nfound: %s\n%s", one->text, one->expect, told.data, list->n ? list->items[0].message : "");
	if (one->message)
		assert_string_equal(list->items[0].message, one->message);
	if (one->hint)
		assert_string_equal(list->items[0].hint, one->hint);
	hgt_buf_release(&told);
	hgt_engine_free(engine);
}

static void holds_objects_against_schemas(void **state)
{
	static const struct one cases[] = {
		{A_BOAT("hull: Wood"), "", NULL, NULL},
		{A_BOAT("hull: wood"), "4:14-18 schema/enum /spec/hull", "spec.hull: must be one of \"Wood\", \"Steel\", got string \"wood\"",
			"write it Wood"},
		{A_BOAT("hull: ''"), "4:7 schema/required /spec", "spec: missing field \"hull\"", NULL},
		{A_BOAT("hull: \"${HULL}\""), "", NULL, NULL},
		{A_BOAT("hull: Wood, masts: 6"), "4:27-28 schema/range /spec/masts", "spec.masts: must be at most 5, got 6", NULL},
		{A_BOAT("hull: Wood, masts: 5"), "", NULL, NULL},
		{A_BOAT("hull: Wood, masts: '3'"), "4:27-30 schema/type /spec/masts",
			"spec.masts: expected integer, got string \"3\"", "remove the quotes"},
		{A_BOAT("hull: Wood, masts: three"), "4:27-32 schema/type /spec/masts", NULL, NULL},
		{A_BOAT("hull: Wood, masts: \"${MASTS}\""), "", NULL, NULL},
		{A_BOAT("hull: Wood, name: abc"), "", NULL, NULL},
		{A_BOAT("hull: Wood, name: ab"), "4:26-28 schema/length /spec/name",
			"spec.name: must have at least 3 characters, has 2", NULL},
		{A_BOAT("hull: Wood, name: Abcd"), "4:26-30 schema/pattern /spec/name", NULL, NULL},
		{A_BOAT("hull: Wood, name: 1234"), "4:26-30 schema/type /spec/name", NULL, "put it in quotes"},
		{A_BOAT("hull: Wood, name: yes"), "4:26-29 schema/type /spec/name", NULL,
			"YAML reads yes as a boolean: put it in quotes"},
		{A_BOAT("hull: Wood, crew: [a, b]"), "", NULL, NULL},
		{A_BOAT("hull: Wood, crew: [a, b, a]"), "4:33-34 schema/duplicate-item /spec/crew/2",
			"spec.crew[2]: items 0 and 2 are equal: string \"a\"", NULL},
		{A_BOAT("hull: Wood, crew: a"), "4:26-27 schema/type /spec/crew", NULL, "a list has a \"- \" before each item"},
		{A_BOAT("hull: Wood, built: 1912-04-31"), "4:27-37 schema/format /spec/built", NULL, NULL},
		{A_BOAT("hull: Wood, built: 1912-04-30"), "", NULL, NULL},
		{A_BOAT("hull: Wood, sail: main, motor: none"), "4:7 schema/shape /spec", NULL, "keep the one that is meant"},
		{A_BOAT("hull: Wood, sail: main, motor: null"), "", NULL, NULL},
		{A_BOAT("hull: Wood, hulls: 2"), "4:20-25 schema/unknown-field /spec/hulls",
			"spec.hulls: unknown field \"hulls\"", "write it hull"},
		{A_BOAT("hull: Wood, x/y: 2"), "4:20-23 schema/unknown-field /spec/x~1y", "spec[\"x/y\"]: unknown field \"x/y\"", NULL},
		{"apiVersion: sea/v1\nkind: Boat\nmetadata: {name: a, labels: {a/b: 1}}\n", "3:35-36 schema/type /metadata/labels/a~1b",
			"metadata.labels[\"a/b\"]: expected string, got integer 1", "put it in quotes"},
		{A_BOAT("hull: Wood, holds: [{size: 1}, null]"), "4:39-43 schema/required /spec/holds/1",
			"spec.holds[1]: missing field \"size\"", "take the empty item out, or write something there"},
		{A_BOAT("hull: Wood, holds: [{size: 1}], sail: null"), "", NULL, NULL},
		/* Items of a list, each against its own; the list itself is none. */
		{"apiVersion: v1\nkind: List\nitems:\n  - apiVersion: sea/v1\n    kind: Boat\n    metadata: {name: a}\n"
			"    spec: {hull: Tin}\n", "7:18-21 schema/enum /items/0/spec/hull", NULL, NULL},
		/* What SOPS has encrypted, and its own field. */
		{A_BOAT("hull: 'ENC[AES256_GCM,data:xx]'") "sops: {mac: 'ENC[x]', version: 3.7.3, lastmodified: '2024-01-01T00:00:00Z'}\n", "",
			NULL, NULL},
		/* A patch says only what differs, but what it says is held against the schema. */
		{A_BOAT("$patch: replace, masts: 9"), "4:32-33 schema/range /spec/masts", NULL, NULL},
		{A_BOAT("$patch: replace, masts: 2"), "", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		judge_with(&(struct hgt_engine_options){.catalog = catalog}, "a.yaml", &cases[i]);
}

static void knows_unknown_kinds(void **state)
{
	static const struct one cases[] = {
		{"apiVersion: lake/v1\nkind: Raft\nmetadata: {name: a}\n", "2:7-11 schema/unknown-kind /kind",
			"kind: no schema is known for Raft of \"lake/v1\": it was not held against one", NULL},
		/* Once for each kind. */
		{"apiVersion: lake/v1\nkind: Raft\nmetadata: {name: a}\n---\napiVersion: lake/v1\nkind: Raft\nmetadata: {name: b}\n"
			"---\napiVersion: lake/v2\nkind: Raft\nmetadata: {name: c}\n",
			"2:7-11 schema/unknown-kind /kind\n10:7-11 schema/unknown-kind /kind", NULL, NULL},
		{"apiVersion: sea/v1\nkind: \"${KIND}\"\nmetadata: {name: a}\n", "", NULL, NULL},
		{"a: 1\n", "", NULL, NULL},
		/* That it is no longer served says enough. */
		{"apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: a}\n", "1:13-27 k8s/removed-api /apiVersion", NULL, NULL},
		/* A group of Kubernetes' own has all its kinds. */
		{"apiVersion: sea/v1\nkind: Bot\nmetadata: {name: a}\n", "2:7-10 k8s/unknown-kind /kind",
			"kind: Kubernetes 1.37 has no kind Bot of \"sea/v1\"", "write it Boat"},
		{"apiVersion: sea/v2\nkind: Boat\nmetadata: {name: a}\n", "2:7-11 k8s/unknown-kind /kind", NULL,
			"Boat is a kind of sea/v1"},
		/* Nor can a group without a dot be anybody else's. */
		{"apiVersion: see/v1\nkind: Boat\nmetadata: {name: a}\n", "2:7-11 k8s/unknown-kind /kind",
			"kind: Kubernetes 1.37 has no kind Boat of \"see/v1\"", "Boat is a kind of sea/v1"},
		{"apiVersion: see/v1\nkind: Bot\nmetadata: {name: a}\n", "2:7-10 schema/unknown-kind /kind", NULL, NULL},
		{"apiVersion: sea/v1\nkind: Submarine\nmetadata: {name: a}\n", "2:7-16 k8s/unknown-kind /kind", NULL, NULL},
		{"apiVersion: v1\nkind: Route\nmetadata: {name: a}\n", "2:7-12 schema/unknown-kind /kind", NULL, NULL},
		{"apiVersion: apps/v1\nkind: deployment\nmetadata: {name: a}\n", "2:7-17 k8s/type-meta /kind", NULL, NULL},
		/* In a group that anybody may add to. */
		{"apiVersion: sea.org/v1\nkind: Boat\nmetadata: {name: a}\n", "2:7-11 schema/unknown-kind /kind", NULL,
			"known here is Boat of sea/v1; give the gate its CustomResourceDefinition: headgate schema import --name NAME FILE"},
		{FISH "---\napiVersion: sea.example.org/v1\nkind: Fihs\nmetadata: {name: a}\n", "12:7-11 schema/unknown-kind /kind", NULL,
			"perhaps Fish is meant; give the gate its CustomResourceDefinition: headgate schema import --name NAME FILE"},
		/* Not one of another's, though it begins alike. */
		{"apiVersion: sea.example.org/v1\nkind: Submarine\nmetadata: {name: a}\n", "2:7-16 schema/unknown-kind /kind", NULL,
			NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		judge_with(&(struct hgt_engine_options){.catalog = catalog}, "a.yaml", &cases[i]);
	/* What a newer Kubernetes has nobody here knows. */
	judge_with(&(struct hgt_engine_options){.catalog = catalog, .kubernetes = HGT_KUBERNETES_NEWEST + 1}, "a.yaml",
		&(struct one){"apiVersion: sea/v2\nkind: Boat\nmetadata: {name: a}\n", "2:7-11 schema/unknown-kind /kind", NULL, NULL});
	/* Nothing to hold against is no reason to complain. */
	judge_with(&(struct hgt_engine_options){0}, "a.yaml",
		&(struct one){"apiVersion: lake/v1\nkind: Raft\nmetadata: {name: a}\n", "", NULL, NULL});
}

static void takes_definitions_on_the_way(void **state)
{
	static const struct one cases[] = {
		{FISH "---\n" A_FISH("fins: 7"), "", NULL, NULL},
		{FISH "---\n" A_FISH("fin: 7"), "14:8-11 schema/unknown-field /spec/fin", NULL, "write it fins"},
		/* It may come after. */
		{A_FISH("fins: many") "---\n" FISH, "4:14-18 schema/type /spec/fins", NULL, NULL},
		{"apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: sea.example.org/v1, kind: Fish, metadata: {name: cod}, spec: {fins: 1}}\n",
			"4:44-48 schema/unknown-kind /items/0/kind", NULL, NULL},
		{"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: fishes.sea.example.org}\n"
			"spec:\n  group: sea.example.org\n  names: {kind: Fish, plural: fishes}\n  scope: Namespaced\n  versions:\n"
			"    - {name: v1, served: true, storage: true, deprecated: true, schema: {openAPIV3Schema: {type: object}}}\n"
			"---\napiVersion: sea.example.org/v1\nkind: Fish\nmetadata: {name: cod}\n", "11:13-31 k8s/deprecated-api /apiVersion",
			"apiVersion: the definition of Fish says that the version \"v1\" is deprecated", NULL},
		{CRD("Fish", "fishes", "{type: objekt}"), "5:3 schema/definition /spec\n"
			"9:80-86 k8s/crd /spec/versions/0/schema/openAPIV3Schema/type\n"
			"9:80-86 k8s/crd /spec/versions/0/schema/openAPIV3Schema/type", NULL, NULL},
	};
	struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){.catalog = catalog});
	struct hgt_buf told = HGT_BUF_INIT;

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		judge_with(&(struct hgt_engine_options){.catalog = catalog}, "a.yaml", &cases[i]);
	/* In another file, which comes later; what was put off is judged as strictly as it would have been. */
	hgt_engine_set_strict(engine, true);
	rig_judge(engine, "a.yaml", A_FISH("fins: x"), strlen(A_FISH("fins: x")), HGT_CLASS_AUTO);
	rig_judge(engine, "b.yaml", "apiVersion: lake/v1\nkind: Raft\nmetadata: {name: a}\n", 50, HGT_CLASS_AUTO);
	hgt_engine_set_strict(engine, false);
	rig_judge(engine, "c.yaml", FISH, sizeof(FISH) - 1, HGT_CLASS_AUTO);
	assert_int_equal(hgt_engine_findings(engine)->n, 0);
	assert_int_equal(hgt_engine_finish(engine, NULL), 0);
	rig_describe(engine, &told);
	assert_string_equal(told.data, "4:14-15 schema/type /spec/fins\n2:7-11 schema/unknown-kind /kind");
	assert_int_equal(hgt_engine_findings(engine)->errors, 2);
	assert_int_equal(hgt_engine_files(engine), 3);
	assert_int_equal(hgt_engine_documents(engine), 3);
	hgt_buf_release(&told);
	hgt_engine_free(engine);
}

/* A tree in memory: path, text. */
struct file {
	const char *path, *text;
};

static int load(const struct hgt_tree_file *file, struct hgt_buf *out, struct hgt_error *err)
{
	hgt_buf_reset(out);
	hgt_buf_adds(out, ((const struct file *)file->ctx)->text);
	return hgt_buf_check(out, err);
}

static int walk(void *ctx, hgt_tree_file_cb each, void *each_ctx, struct hgt_error *err)
{
	int code = 0;

	(void)err;
	for (const struct file *f = ctx; f->path && code == 0; f++) {
		struct hgt_tree_file file = {.path = f->path, .size = strlen(f->text), .load = load, .ctx = (void *)f};

		code = each(each_ctx, &file);
	}
	return code < 0 ? code : 0;
}

static int read_file(void *ctx, const char *path, size_t limit, struct hgt_buf *out, struct hgt_error *err)
{
	(void)limit;
	for (const struct file *f = ctx; f->path; f++)
		if (strcmp(f->path, path) == 0) {
			hgt_buf_adds(out, f->text);
			return hgt_buf_check(out, err);
		}
	return HGT_ENOENT;
}

static void looks_for_definitions_in_the_tree(void **state)
{
	static struct file tree[] = {
		{"crds/broken.yaml", "CustomResourceDefinition: [\n"},
		{"crds/fish.yaml", FISH},
		{"crds/other.yaml", CRD("Whale", "whales", "{type: object}")},
		{NULL, NULL},
	};
	const struct hgt_engine_options options = {.catalog = catalog, .definitions = walk, .tree_ctx = tree};

	(void)state;
	judge_with(&options, "a.yaml", &(struct one){A_FISH("fin: 1"), "4:8-11 schema/unknown-field /spec/fin", NULL, NULL});
	judge_with(&options, "a.yaml", &(struct one){A_FISH("fins: 1"), "", NULL, NULL});
	/* What the change says of a kind counts. */
	judge_with(&options, "a.yaml", &(struct one){CRD("Fish", "fishes", "{type: object}") "---\n" A_FISH("fins: 1"),
		"14:1-5 schema/unknown-field /spec", NULL, NULL});
}

static void asks_kustomizations(void **state)
{
	static struct file tree[] = {
		{"base/kustomization.yaml", "resources: [boat.yaml]\n"},
		{"labelled/kustomization.yaml", "labels: [{pairs: {a: b}, includeSelectors: true}]\nresources: [./boat.yaml]\n"},
		{"over/kustomization.yaml", "resources: [../base]\npatches:\n  - path: boat.yaml\n  - path: sub/masts.yaml\n"
			"patchesStrategicMerge:\n  - 'apiVersion: sea/v1'\n  - old.yaml\ntransformers: [tool.yaml]\n"},
		{"odd/kustomization.yml", "resources: 7\npatches: [a, {path: [b]}]\n"},
		{"broken/kustomization.yaml", "resources: [\n"},
		{NULL, NULL},
	};
	static const struct {
		const char *path;
		struct one one;
	} cases[] = {
		{"base/boat.yaml", {A_BOAT("masts: 2"), "4:7 schema/incomplete /spec", NULL, NULL}},
		{"base/boat.yaml", {A_BOAT("masts: 9, hull: Wood"), "4:15-16 schema/range /spec/masts", NULL, NULL}},
		{"base/unnamed.yaml", {A_BOAT("masts: 2"), "4:7 schema/required /spec", NULL, NULL}},
		{"labelled/boat.yaml", {A_BOAT("masts: 2"), "4:7 schema/incomplete /spec", NULL, NULL}},
		{"over/boat.yaml", {A_BOAT("masts: 2"), "", NULL, NULL}},
		{"over/old.yaml", {A_BOAT("masts: 2"), "", NULL, NULL}},
		{"over/sub/masts.yaml", {A_BOAT("masts: 2"), "", NULL, NULL}},
		{"over/sub/masts.yaml", {A_BOAT("masts: many"), "4:15-19 schema/type /spec/masts", NULL, NULL}},
		{"over/sub/other.yaml", {A_BOAT("masts: 2"), "4:7 schema/required /spec", NULL, NULL}},
		{"over/tool.yaml", {A_BOAT("masts: many"), "", NULL, NULL}},
		{"odd/boat.yaml", {A_BOAT("masts: 2"), "4:7 schema/required /spec", NULL, NULL}},
		{"broken/boat.yaml", {A_BOAT("masts: 2"), "4:7 schema/required /spec", NULL, NULL}},
	};
	const struct hgt_engine_options options = {.catalog = catalog, .read = read_file, .tree_ctx = tree};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		judge_with(&options, cases[i].path, &cases[i].one);
}

static void survives_want_of_memory(void **state)
{
	static struct file tree[] = {
		{"kustomization.yaml", "resources: [a.yaml]\npatches: [{path: b.yaml}]\n"},
		{"crds/fish.yaml", FISH},
		{NULL, NULL},
	};
	static const char text[] = A_BOAT("hul: Wood, masts: 9, crew: [a, a]") "---\n" A_FISH("fin: 1") "---\n"
		"apiVersion: lake/v1\nkind: Raft\nmetadata: {name: a}\n";

	(void)state;
	for (long n = 1;; n++) {
		struct hgt_engine *engine = NULL;
		int code;

		fail_alloc_at(n);
		code = hgt_engine_new(&(struct hgt_engine_options){.catalog = catalog, .definitions = walk, .read = read_file,
			.tree_ctx = tree}, &engine, NULL);
		if (code == 0)
			code = hgt_engine_file(engine, "a.yaml", text, sizeof(text) - 1, HGT_CLASS_AUTO, NULL);
		if (code == 0)
			code = hgt_engine_finish(engine, NULL);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			assert_int_equal(hgt_engine_findings(engine)->n, 6);
			hgt_engine_free(engine);
			break;
		}
		/* A quotation that there is no room for is left empty. */
		assert_true(code == HGT_ENOMEM || (code == 0 && hgt_engine_findings(engine)->n == 6));
		hgt_engine_free(engine);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_objects_against_schemas),
		cmocka_unit_test(knows_unknown_kinds),
		cmocka_unit_test(takes_definitions_on_the_way),
		cmocka_unit_test(looks_for_definitions_in_the_tree),
		cmocka_unit_test(asks_kustomizations),
		cmocka_unit_test(survives_want_of_memory),
	};

	return cmocka_run_group_tests(tests, make_catalog, free_catalog);
}
